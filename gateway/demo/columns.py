"""What the classifier found in each column, beside what the contract decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.demo.telling import shortened
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.contracts import Column, ConsentColumn, FieldColumn
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.findings import ColumnFinding
from gateway.vocabulary.names import SourceId

SOURCE = SourceId("webshop_customers")


def decided_columns(findings: Mapping[str, ColumnFinding], catalogue: Catalogue) -> Iterator[str]:
    """Yield a heading, then one line for each column: the decision, how sure the classifier was, and why."""
    yield f"{'column':<18}{'decided':<33}{'sure':<6}why"
    columns = catalogue.sources[SOURCE].columns
    for name, finding in findings.items():
        sure = f"{finding.confidence:.2f}"
        yield f"{name:<18}{_decision(columns.get(name), catalogue):<33}{sure:<6}{_why(finding)}"


def _decision(column: Column | None, catalogue: Catalogue) -> str:
    if isinstance(column, ConsentColumn):
        return f"choice, {column.purpose}"
    if not isinstance(column, FieldColumn):
        return "nothing yet: to quarantine"
    field = catalogue.fields[column.field]
    match field.kind:
        case FieldKind.DIRECT_IDENTIFIER:
            return f"{field.id}, sealed"
        case FieldKind.INDIRECT_IDENTIFIER:
            return f"{field.id} → {field.column}"
        case FieldKind.FREE_TEXT:
            return f"{field.id}, redacted"
        case _:
            return f"{field.id}, kept"


def _why(finding: ColumnFinding) -> str:
    """The evidence of the values where there is any, else that of the header."""
    by_values = [each for each in finding.evidence if "values are" in each or "values could" in each]
    evidence = (by_values or [*finding.evidence] or ["nothing tells"])[-1 if finding.category == "unknown" else 0]
    return shortened(evidence.replace("distinct sampled values", "values"), 38)
