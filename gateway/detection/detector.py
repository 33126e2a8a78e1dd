"""The room's one face: columns classified, a batch checked against its contract, free texts redacted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from gateway.detection.categories import CATEGORIES, Fields, kind_of
from gateway.detection.classification import DECISIVE, Hits, Verdict, weigh
from gateway.detection.contradictions import contradict
from gateway.detection.headers import read_header
from gateway.detection.headless import is_header
from gateway.detection.names import KnownNames
from gateway.detection.redaction import RedactionResult, Redactor
from gateway.detection.sampling import draw
from gateway.detection.siblings import about_people, constant_beside, hashed_beside, names_in_emails, numbered_people
from gateway.detection.spans import Finding
from gateway.detection.special import SPECIAL
from gateway.detection.values import read_values
from gateway.vocabulary.batches import RawBatch
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.contracts import SourceContract
from gateway.vocabulary.findings import ColumnFinding, Findings
from gateway.vocabulary.names import FieldId

REGIONS = ("FI", "HU", "UA", "GB", "SE", "DE")  # numbering plans asked for numbers without a country code


class Detector:
    """Finds personal data in columns and in texts, with the fields of one catalogue in mind.

    ``seed`` fixes which rows are looked at. Nothing here keeps a value, and nothing calls out.
    """

    def __init__(self, catalogue: Catalogue, *, seed: int = 0) -> None:
        self._fields = Fields.of(catalogue)
        self._seed = seed
        self._redactor = Redactor()

    def classify(self, table: pa.Table, *, context: str | None = None) -> Mapping[str, ColumnFinding]:
        """Tell for each text column what it seems to hold; ``context`` may say in a word what the rows are.

        Raises ``ValueError`` where two columns have one name.
        """
        if len(set(table.column_names)) < table.num_columns:
            msg = "the columns of a table to be classified need names of their own"
            raise ValueError(msg)
        return self._classify(table, *_evidence(table, self._seed), context)

    def names_columns(self, cells: Sequence[str], below: pa.Table) -> bool:
        """Tell whether a file's first row names the columns ``below``, or is a row of values itself."""
        return is_header(cells, below)

    def category_of(self, name: str) -> str:
        """Return the category that a catalogue field or a header means; ``name`` itself where it is one or none."""
        if name in CATEGORIES:
            return name
        if name in self._fields.catalogue.fields:
            return self._fields.expected(FieldId(name))
        hit = read_header(name)
        return hit.category if hit is not None and hit.score == 1 else name

    def check(self, raw: RawBatch, contract: SourceContract) -> Findings:
        """Classify a batch; name the columns that nobody declared and those whose values contradict their field."""
        table = raw.table
        evidence, constant = _evidence(table, self._seed)
        declared = set(contract.columns) | {contract.time}
        found = [contradict(name, contract, self._fields, *evidence[name]) for name in table.column_names]
        return Findings(
            columns=self._classify(table, evidence, constant),
            undeclared=tuple(name for name in table.column_names if name not in declared),
            contradictions=tuple(one for one in found if one is not None),
        )

    def redact(
        self,
        texts: pa.Array,
        own: Mapping[str, pa.Array],
        languages: pa.Array | None = None,
        names: KnownNames | None = None,
    ) -> RedactionResult:
        """Replace what identifies a person in each text by ``[CATEGORY]``; see :class:`Redactor`."""
        return self._redactor.redact(texts, own, languages, names)

    def find(
        self,
        texts: pa.Array,
        own: Mapping[str, pa.Array],
        languages: pa.Array | None = None,
        names: KnownNames | None = None,
    ) -> list[tuple[Finding, ...]]:
        """Return where in each text a person is identified, with category and confidence; see :class:`Redactor`."""
        return self._redactor.find(texts, own, languages, names)

    def _classify(
        self, table: pa.Table, evidence: Mapping[str, tuple[Hits, int]], constant: set[str], context: str | None = None
    ) -> Mapping[str, ColumnFinding]:
        people = about_people(table.column_names, context)
        verdicts = {
            name: weigh(read_header(name), *evidence[name], about_people=people)
            for name in dict.fromkeys(table.column_names)
        }
        verdicts.update(names_in_emails(table, verdicts, self._seed))
        verdicts.update(hashed_beside(table, verdicts, {name: hits for name, (hits, _) in evidence.items()}))
        verdicts.update(numbered_people(verdicts, evidence, people=people))
        verdicts.update(
            constant_beside(verdicts, {name: distinct for name, (_, distinct) in evidence.items()}, constant)
        )
        return {name: self._finding(name, verdict) for name, verdict in verdicts.items()}

    def _finding(self, name: str, verdict: Verdict) -> ColumnFinding:
        field = self._fields.best(name, verdict.category)
        known = self._fields.catalogue.fields.get(field) if field is not None else None
        kind = kind_of(verdict.category) or (known.kind if known is not None else None)
        special = SPECIAL.get(verdict.category)
        article, reveals = (special.article, special.reveals) if special is not None else (None, ())
        said = (*verdict.evidence, special.words) if special is not None else verdict.evidence
        return ColumnFinding(name, verdict.category, kind, field, verdict.confidence, said, article, reveals)


def _evidence(table: pa.Table, seed: int) -> tuple[dict[str, tuple[Hits, int]], set[str]]:
    """Return each column's forms and distinct values, and the columns that are the same in all of many rows."""
    found: dict[str, tuple[Hits, int]] = {}
    constant = set()
    for name in table.column_names:
        sample = draw(table.column(name), seed)
        found[name] = (read_values(sample, REGIONS), len(sample))
        if len(sample) == 1 and sample.drawn >= DECISIVE:
            constant.add(name)
    return found, constant
