"""The registry: versions never change, steps follow one another, and one version is in force at every instant."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.foundation.database import engine_for
from gateway.foundation.errors import Conflict, GatewayError, IntegrityFailure, InvalidInput, NotFound, NotPermitted
from gateway.versions import PolicyVersion, Step, Taken, Versions, VersionState, read_folder
from gateway.versions.steps import in_force, state_of
from tests.builders import NOW

HOUR = dt.timedelta(hours=1)
FILES = {"pack.yaml": "id: shop\n", "rules/a.yaml": "rules: []\n"}


def version(number: str, older: str | None = None, **changes: object) -> PolicyVersion:
    made = {
        "pack": "shop", "version": number, "digest": number.replace(".", "0").rjust(64, "a"),
        "effective_from": NOW - HOUR, "supersedes": older,
        "drafted_by": "Liisa", "drafted_ref": "cli", "drafted_at": NOW,
    }  # fmt: skip
    return PolicyVersion(**(made | changes))  # type: ignore[arg-type] # made for this


def taken(number: str, step: Step, at: dt.datetime = NOW, **more: object) -> Taken:
    if step in {Step.ACTIVATED, Step.ROLLED_BACK}:
        more = {"starts": at} | more
    return Taken(number, step, **({"by": "Olli", "ref": "cli", "at": at} | more))  # type: ignore[arg-type] # made for this


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "operational.sqlite"


@pytest.fixture
def versions(path: Path) -> Iterator[Versions]:
    engine = engine_for(path)
    found = Versions(engine)
    found.begin(version("1.0.0"), FILES)
    yield found
    engine.dispose()


def approved(versions: Versions, number: str = "1.1.0", older: str = "1.0.0", at: dt.datetime = NOW) -> None:
    versions.submit(version(number, older), FILES)
    versions.record(taken(number, Step.SIMULATED, at), four_eyes=True)
    versions.record(taken(number, Step.APPROVED, at), four_eyes=True)


def activated(versions: Versions, number: str, older: str, at: dt.datetime, starts: dt.datetime | None = None) -> None:
    approved(versions, number, older, at)
    versions.record(taken(number, Step.ACTIVATED, at, starts=starts or at), four_eyes=True)


def stands(versions: Versions, number: str, at: dt.datetime = NOW) -> VersionState:
    return state_of(number, versions.steps(), at)


def refused(reason: str, error: type[GatewayError] = Conflict) -> pytest.RaisesExc[GatewayError]:
    return pytest.RaisesExc(error, check=lambda found: found.reasons == (reason,))


class TestDrafts:
    def test_the_same_texts_again_are_the_same_draft(self, versions: Versions) -> None:
        first = versions.submit(version("1.1.0", "1.0.0"), FILES)
        again = versions.submit(version("1.1.0", "1.0.0", drafted_by="Olli", drafted_at=NOW + HOUR), FILES)
        assert again == first
        assert len(versions.all()) == 2
        assert versions.files("1.1.0") == FILES

    @pytest.mark.parametrize(
        ("draft", "reason"),
        [
            (version("1.0.0", digest="b" * 64), "version_taken"),
            (version("1.1.0", "1.0.0", pack="other"), "another_pack"),
            (version("1.1.0"), "supersedes_none"),
            (version("1.1.0", "0.9.0"), "supersedes_none"),
        ],
    )
    def test_what_does_not_follow_is_refused(self, versions: Versions, draft: PolicyVersion, reason: str) -> None:
        with refused(reason):
            versions.submit(draft, FILES)
        assert len(versions.all()) == 1

    def test_periods_never_overlap(self, versions: Versions) -> None:
        with refused("overlapping_versions", InvalidInput):
            versions.submit(version("1.1.0", "1.0.0", effective_from=NOW - 2 * HOUR), FILES)

    def test_a_pack_is_bounded(self, versions: Versions) -> None:
        with refused("pack_too_large", InvalidInput):
            versions.submit(version("1.1.0", "1.0.0"), {"pack.yaml": "x" * (4 * 1024 * 1024 + 1)})

    @pytest.mark.parametrize("statement", ["UPDATE {} SET {} = 'x'", "DELETE FROM {}"])
    @pytest.mark.parametrize(("table", "column"), [("policy_version", "digest"), ("policy_step", "step")])
    def test_nothing_is_ever_edited(
        self, versions: Versions, path: Path, statement: str, table: str, column: str
    ) -> None:
        approved(versions)
        with closing(sqlite3.connect(path)) as raw, pytest.raises(sqlite3.IntegrityError, match="never"):
            raw.execute(statement.format(table, column))

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE policy_version SET files = x'00'",
            "UPDATE policy_version SET files = substr(files, 1, 10)",
            "UPDATE policy_version SET effective_from = 'zqzq'",
            "UPDATE policy_version SET effective_from = 1e300",
            "UPDATE policy_step SET step = 'zqzq'",
            "UPDATE policy_step SET starts = 'zqzq'",
            "UPDATE policy_step SET version = '9.9.9'",
            "DELETE FROM policy_step",
        ],
    )
    def test_what_cannot_be_read_stops_everything_and_says_what_to_do(
        self, versions: Versions, path: Path, statement: str
    ) -> None:
        with closing(sqlite3.connect(path)) as raw:
            raw.executescript(f"DROP TRIGGER policy_version_no_update; DROP TRIGGER policy_step_no_update;"
                              f"DROP TRIGGER policy_step_no_delete; {statement}")  # fmt: skip
        with pytest.raises(IntegrityFailure, match="restore") as refusal:
            versions.files(versions.in_force(NOW).version)
        assert "zqzq" not in str(refusal.value)

    def test_a_folder_is_bounded_and_utf_8(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match=r"pack\.yaml"):
            read_folder(tmp_path)
        (tmp_path / "pack.yaml").write_bytes(b"\xff")
        with pytest.raises(InvalidInput, match="UTF-8"):
            read_folder(tmp_path)
        (tmp_path / "pack.yaml").write_bytes(b"x" * (4 * 1024 * 1024 + 1))
        with pytest.raises(InvalidInput, match="larger"):
            read_folder(tmp_path)


class TestFourEyes:
    @pytest.mark.parametrize("who", ["Liisa", " LIISA "])
    def test_who_drafted_does_not_approve(self, versions: Versions, who: str) -> None:
        versions.submit(version("1.1.0", "1.0.0"), FILES)
        versions.record(taken("1.1.0", Step.SIMULATED), four_eyes=True)
        with refused("second_person_needed", NotPermitted):
            versions.record(taken("1.1.0", Step.APPROVED, by=who), four_eyes=True)
        versions.record(taken("1.1.0", Step.APPROVED, by=who), four_eyes=False)
        assert stands(versions, "1.1.0") is VersionState.APPROVED

    def test_one_key_under_two_names_is_one_person(self, versions: Versions) -> None:
        versions.submit(version("1.1.0", "1.0.0", drafted_ref="act_one"), FILES)
        versions.record(taken("1.1.0", Step.SIMULATED), four_eyes=True)
        with refused("second_person_needed", NotPermitted):
            versions.record(taken("1.1.0", Step.APPROVED, ref="act_one"), four_eyes=True)


class TestSteps:
    def test_from_draft_to_superseded(self, versions: Versions) -> None:
        versions.submit(version("1.1.0", "1.0.0"), FILES)
        seen = [stands(versions, "1.1.0")]
        for step, more in (
            (Step.SIMULATED, {"report": "ab" * 32}), (Step.APPROVED, {}), (Step.ACTIVATED, {"starts": NOW + HOUR}),
        ):  # fmt: skip
            versions.record(taken("1.1.0", step, **more), four_eyes=True)
            seen.append(stands(versions, "1.1.0"))
        assert seen == [VersionState.DRAFT, VersionState.SIMULATED, VersionState.APPROVED, VersionState.SCHEDULED]
        assert stands(versions, "1.0.0") is VersionState.ACTIVE
        assert versions.in_force(NOW + HOUR - dt.timedelta(microseconds=1)).version == "1.0.0"
        assert versions.in_force(NOW + HOUR).version == "1.1.0"
        assert stands(versions, "1.1.0", NOW + HOUR) is VersionState.ACTIVE
        assert stands(versions, "1.0.0", NOW + HOUR) is VersionState.SUPERSEDED

    @pytest.mark.parametrize(
        ("before", "step", "reason"),
        [
            ((), Step.APPROVED, "not_simulated"),
            ((), Step.ACTIVATED, "not_approved"),
            ((), Step.ROLLED_BACK, "never_in_force"),
            ((Step.SIMULATED,), Step.ACTIVATED, "not_approved"),
            ((Step.SIMULATED, Step.APPROVED), Step.SIMULATED, "not_a_draft"),
            ((Step.SIMULATED, Step.APPROVED, Step.ACTIVATED), Step.WITHDRAWN, "in_force"),
            ((Step.SIMULATED, Step.APPROVED, Step.ACTIVATED), Step.ACTIVATED, "not_approved"),
            ((Step.WITHDRAWN,), Step.SIMULATED, "not_a_draft"),
            ((Step.SIMULATED, Step.APPROVED, Step.WITHDRAWN), Step.ACTIVATED, "not_approved"),
        ],
    )
    def test_no_step_is_left_out(self, versions: Versions, before: tuple[Step, ...], step: Step, reason: str) -> None:
        versions.submit(version("1.1.0", "1.0.0"), FILES)
        for each in before:
            versions.record(taken("1.1.0", each), four_eyes=True)
        steps = versions.steps()
        with refused(reason):
            versions.record(taken("1.1.0", step, note="because"), four_eyes=True)
        assert versions.steps() == steps

    def test_an_unknown_version_has_no_steps(self, versions: Versions) -> None:
        with refused("unknown_version", NotFound):
            versions.record(taken("9.9.9", Step.SIMULATED), four_eyes=True)

    def test_what_others_changed_since_is_not_lost(self, versions: Versions) -> None:
        approved(versions, "1.2.0")
        activated(versions, "1.1.0", "1.0.0", NOW)
        with refused("supersedes_another"):
            versions.record(taken("1.2.0", Step.ACTIVATED), four_eyes=True)

    def test_nothing_starts_in_the_past_or_before_what_is_scheduled(self, versions: Versions) -> None:
        activated(versions, "1.1.0", "1.0.0", NOW, NOW + 2 * HOUR)
        approved(versions, "1.2.0")
        with refused("start_in_the_past", InvalidInput):
            versions.record(taken("1.2.0", Step.ACTIVATED, starts=NOW - HOUR), four_eyes=True)
        with refused("overlapping_versions"):
            versions.record(taken("1.2.0", Step.ACTIVATED, starts=NOW + HOUR), four_eyes=True)

    def test_back_and_forth_with_a_reason_only(self, versions: Versions) -> None:
        activated(versions, "1.1.0", "1.0.0", NOW)
        with refused("reason_needed", InvalidInput):
            versions.record(taken("1.0.0", Step.ROLLED_BACK), four_eyes=True)
        versions.record(taken("1.0.0", Step.ROLLED_BACK, NOW + HOUR, note="too many left"), four_eyes=True)
        assert versions.in_force(NOW + HOUR).version == "1.0.0"
        assert stands(versions, "1.1.0", NOW + HOUR) is VersionState.SUPERSEDED
        versions.record(taken("1.1.0", Step.ROLLED_BACK, NOW + 2 * HOUR, note="it was right"), four_eyes=True)
        assert [versions.in_force(NOW + n * HOUR).version for n in (2, 3)] == ["1.1.0", "1.1.0"]
        assert in_force(versions.steps(), NOW + HOUR) == "1.0.0"

    def test_going_back_calls_off_what_was_to_come(self, versions: Versions) -> None:
        activated(versions, "1.1.0", "1.0.0", NOW)
        activated(versions, "1.2.0", "1.1.0", NOW, NOW + 2 * HOUR)
        versions.record(taken("1.0.0", Step.ROLLED_BACK, NOW + HOUR, note="wrong"), four_eyes=True)
        assert versions.in_force(NOW + 3 * HOUR).version == "1.0.0"
        back = versions.next_start(NOW)
        assert back is not None
        assert (back.version, back.starts) == ("1.0.0", NOW + HOUR)
        assert versions.next_start(NOW + HOUR) is None
        with refused("supersedes_another"):
            versions.record(taken("1.2.0", Step.ACTIVATED, NOW + 3 * HOUR), four_eyes=True)

    def test_a_scheduled_version_is_withdrawn_unless_another_follows_it(self, versions: Versions) -> None:
        activated(versions, "1.1.0", "1.0.0", NOW, NOW + HOUR)
        activated(versions, "1.2.0", "1.1.0", NOW, NOW + 2 * HOUR)
        with refused("others_follow"):
            versions.record(taken("1.1.0", Step.WITHDRAWN), four_eyes=True)
        for number in ("1.2.0", "1.1.0"):
            versions.record(taken(number, Step.WITHDRAWN), four_eyes=True)
        assert versions.in_force(NOW + 3 * HOUR).version == "1.0.0"
        assert stands(versions, "1.1.0", NOW + 3 * HOUR) is VersionState.WITHDRAWN


def test_a_clock_that_was_set_back_revives_no_version(versions: Versions) -> None:
    activated(versions, "1.1.0", "1.0.0", NOW + HOUR)
    assert versions.in_force(NOW).version == "1.1.0"


def test_nor_one_before_what_is_known_to_have_come_into_force(versions: Versions) -> None:
    activated(versions, "1.1.0", "1.0.0", NOW, NOW + 2 * HOUR)
    label = versions.get("1.1.0").label
    assert versions.in_force(versions.not_before(NOW)).version == "1.0.0"
    assert versions.in_force(versions.not_before(NOW, label)).version == "1.1.0"
    assert versions.not_before(NOW, "unknown") == NOW
    assert versions.position == 5


def test_an_empty_registry_puts_nothing_in_force(path: Path) -> None:
    engine = engine_for(path)
    with pytest.raises(IntegrityFailure, match="restore"):
        Versions(engine).in_force(NOW)
    engine.dispose()


def test_a_home_begins_once(versions: Versions) -> None:
    with refused("not_the_first"):
        versions.begin(version("1.0.0"), FILES)


numbers = st.sampled_from(["1.1.0", "1.2.0", "1.3.0"])


@settings(max_examples=40)  # each writes to a disk
@given(st.lists(st.tuples(numbers, st.sampled_from(Step), st.integers(0, 3), st.integers(0, 3), st.booleans())))
def test_whatever_is_tried_only_approved_versions_come_into_force(
    tmp_path_factory: pytest.TempPathFactory, tries: list[tuple[str, Step, int, int, bool]]
) -> None:
    """And what was in force at an instant that has passed stays what was in force then."""
    engine = engine_for(tmp_path_factory.mktemp("law") / "operational.sqlite")
    versions, at = Versions(engine), NOW
    versions.begin(version("1.0.0"), FILES)
    for number in ("1.1.0", "1.2.0", "1.3.0"):
        versions.submit(version(number, "1.0.0"), FILES)
    history: list[tuple[dt.datetime, str]] = []
    for number, step, wait, ahead, second in tries:
        history.append((at, versions.in_force(at).version))
        at += wait * HOUR + dt.timedelta(seconds=1)
        starts = {"starts": at + ahead * HOUR} if step is Step.ACTIVATED else {}
        try:
            by = "Olli" if second else "Liisa"
            versions.record(taken(number, step, at, note="x", by=by, **starts), four_eyes=True)
        except GatewayError:
            continue
    steps = versions.steps()
    approvals = {each.version for each in steps if each.step is Step.APPROVED and each.by == "Olli"} | {"1.0.0"}
    assert {in_force(steps, at + n * HOUR) for n in range(6)} <= approvals
    assert [in_force(steps, then) for then, _ in history] == [number for _, number in history]
    engine.dispose()
