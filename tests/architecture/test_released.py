"""Who may say that personal data may leave: the flows that have just recorded it. And only one module opens it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_makers import makings

ROOT = Path(__file__).parents[2]
GATEWAY, AUDIT = ROOT / "gateway", ROOT / "audit"
RELEASERS = {
    "gateway/accountability/released.py",
    "gateway/flows/access_subject.py",
    "gateway/flows/build_segment.py",
    "gateway/flows/classify_columns.py",
    "gateway/flows/consent_receipts.py",
    "gateway/flows/erase_subject.py",
    "gateway/flows/read_members.py",
    "gateway/flows/release_segment.py",
    "gateway/flows/show_consents.py",
    "gateway/flows/who_saw.py",
    "gateway/flows/why.py",
}
# The writer, its groups, the client of a writer's socket, and what reads the last entries of a closed shard again.
RECEIPT_MAKERS = {"audit/log.py", "audit/grouping.py", "audit/client.py", "audit/trail.py"}
DOOR = "gateway/api/releasing.py"
OF_THE_HOUSE = {"catalogue", "clock", "writing"}  # what a face may ask of the rooms directly: nothing about people


def modules(*folders: Path) -> Iterator[tuple[str, str]]:
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def makers(name: str, *folders: Path) -> set[str]:
    return {path for path, source in modules(*folders) if makings(source, name)}


@pytest.mark.parametrize(
    "source",
    [
        "Released(receipt, value)",
        "flows.Released(None, value)",
        "from gateway.accountability import Released as R\nR(receipt, value)",
        "replace(released, value=more)",
        "copy.copy(self.released)",
        "object.__new__(Released)",
        "Released.__new__(Released)",
        "Released[bytes](receipt, value)",
    ],
)
def test_the_check_sees_each_way_to_make_one(source: str) -> None:
    assert makings(source, "Released")


def test_only_flows_that_record_it_release() -> None:
    assert makers("Released", GATEWAY, AUDIT) == RELEASERS


def test_only_the_log_gives_receipts() -> None:
    made = makers("Receipt", GATEWAY, AUDIT)
    assert made
    assert made <= RECEIPT_MAKERS


def test_only_the_recorder_says_that_an_entry_is_on_its_way() -> None:
    assert makers("PendingReceipt", GATEWAY, AUDIT) == {"gateway/accountability/recorder.py"}


def test_what_is_awaited_below_the_api_is_a_receipt_only() -> None:
    """ADR 4 and ADR 16."""
    found = {
        (path, node.name)
        for path, source in modules(GATEWAY)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.AsyncFunctionDef) and not path.startswith("gateway/api/")
    }
    assert {name for _, name in found} == {"durable"}
    assert {path for path, _ in found} == {"gateway/accountability/pending.py", "gateway/accountability/released.py"}


def test_the_time_of_an_entry_is_that_of_its_writing() -> None:
    """An instant from the beginning of a long journey would look like a clock that was set back."""
    for path, source in modules(GATEWAY / "flows"):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                told = set(names_told_the_time(node))
                for call in recordings(node):
                    (at,) = [ast.unparse(each.value) for each in call.keywords if each.arg == "at"]
                    assert at.endswith("clock.now()") or at in told, f"{path}:{call.lineno}"


def names_told_the_time(function: ast.FunctionDef) -> Iterator[str]:
    """Walk the names to which a function itself gives the instant of now."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and "clock.now()" in ast.unparse(node.value):
            yield from (each.id for each in ast.walk(node.targets[0]) if isinstance(each, ast.Name))


def recordings(function: ast.FunctionDef) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("recorder.record", "recorder.begin")):
            yield node


def test_what_waits_for_its_receipt_is_read_by_its_own_class_only() -> None:
    """Also by name: ``_value`` is what ``value`` gives once the receipt is there."""
    named = {path for path, source in modules(GATEWAY) if "_value" in names_read(source)}
    assert named == {"gateway/accountability/released.py"}


def test_what_a_flow_releases_it_has_recorded() -> None:
    """The receipt is a name or a call of the same function, never one that was kept somewhere."""
    for path, source in modules(GATEWAY / "flows"):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split("[")[0].endswith("Released"):
                given = node.args[0]
                assert isinstance(given, ast.Name | ast.Call), f"{path}:{node.lineno}"


def names_read(source: str) -> set[str]:
    """Return the attributes that a module names, also as text."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


def openings(source: str) -> list[int]:
    """Return the lines that read a ``value`` of anything but ``self``, or take it by name."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr == "value" and ast.unparse(node.value) != "self":
            found.append(node.lineno)
        taken = isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"getattr", "attrgetter"}
        if taken and any(isinstance(each, ast.Constant) and each.value == "value" for each in node.args):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize("source", ["page.value", "gateway.access(who, actor).value.package", "getattr(page, 'value')"])
def test_the_check_sees_what_is_opened(source: str) -> None:
    assert openings(source)


def test_only_the_door_opens_what_is_released() -> None:
    assert {path for path, source in modules(GATEWAY / "api") if openings(source)} == {DOOR}


def test_no_handler_asks_the_rooms_about_people() -> None:
    for path, source in modules(GATEWAY / "api"):
        asked = {
            node.attr
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("house")
        }
        assert asked <= OF_THE_HOUSE, path


def test_every_handler_that_gives_a_released_answer_is_marked() -> None:
    """Unmarked, the framework would try to write down the receipt and the value."""
    marked = set()
    for _, source in modules(GATEWAY / "api"):
        for node in ast.parse(source).body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.decorator_list:
                continue
            names = [ast.unparse(each) for each in node.decorator_list]
            routed = any(name.startswith("router.") for name in names)
            releases = node.returns is not None and "Released[" in ast.unparse(node.returns)
            assert (routed and releases) == ("releases" in names), node.name
            if releases:
                assert names[-1] == "releases", node.name  # the route must see what is opened
                marked.add(node.name)
    assert {"read_members", "read_delta", "query_consents", "answer_request"} <= marked


def test_who_says_that_an_answer_is_about_nobody() -> None:
    said = {
        (path, getattr(node, "name", ""))
        for path, source in modules(GATEWAY)
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and makings(ast.unparse(node), "AboutNobody")
    }
    assert said == {("gateway/api/people.py", "_choose"), (DOOR, "streamed")}
