"""The vault against a naive model of dicts, through any order of batches, undos and shreddings."""

import copy
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.vocabulary.names import BatchId, SubjectReference
from tests.rooms.vault.kit import AT, KINDS, WARRANT, enrol, make, references, reopen

POOL = {
    "customer_number": ["C1", "C2", "C3"],
    "email": ["a@example.org", "b@example.org", "c@example.org"],
    "phone": ["+358405550101", "+36305550102"],
}
ROW = st.fixed_dictionaries(
    {kind: st.sampled_from([None, *values]) for kind, values in POOL.items()},
    optional={
        "given_name": st.sampled_from(["Aino", "Béla", None]),
        "full_name": st.sampled_from(["Aino Béla", "Aino"]),
    },
)


@dataclass
class Model:
    owner: dict[tuple[str, str], int] = field(default_factory=dict)
    fields: dict[int, dict[str, str]] = field(default_factory=dict)
    refs: dict[int, SubjectReference] = field(default_factory=dict)
    suppressed: set[tuple[str, str]] = field(default_factory=set)
    count: int = 0

    def enrol(self, row: dict[str, str | None]) -> int | None:
        """The person of a row, or None."""
        mine = [(kind, row[kind]) for kind in KINDS if row.get(kind)]
        if not mine or self.suppressed & {*mine}:
            return None
        person = self._person(mine)
        for pair in mine:
            self.owner.setdefault(pair, person)
        told = {name: value for name, value in row.items() if value is not None}
        self.fields[person] = {**self.fields.get(person, {}), **told}
        return person

    def _person(self, mine: list[tuple[str, str]]) -> int:
        stronger: list[str] = []
        for pair in mine:
            if pair in self.owner:
                person = self.owner[pair]
                theirs = {kind for (kind, _), who in self.owner.items() if who == person}
                if not theirs & {*stronger}:
                    return person
                break
            stronger.append(pair[0])
        self.count += 1
        return self.count

    def shred(self, person: int, *, suppress: bool) -> None:
        mine = {pair for pair, who in self.owner.items() if who == person}
        self.suppressed |= mine if suppress else set()
        for pair in mine:
            del self.owner[pair]
        del self.fields[person], self.refs[person]


class VaultMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.vault = make(self.folder)
        self.model = Model()
        self.batches = 0

    @rule(
        rows=st.lists(ROW, min_size=1, max_size=4),
        end=st.sampled_from(["settle", "settle", "undo", "roll back", "crash before", "crash after"]),
    )
    def ingest(self, rows: list[dict[str, str | None]], end: str) -> None:
        self.batches += 1
        batch = BatchId(f"b{self.batches}")
        before = copy.deepcopy(self.model)
        session = self.vault.write(batch)
        for row in rows:
            (ref,) = references(enrol(session, [row]))
            person = self.model.enrol(row)
            assert (ref is None) == (person is None)
            if person is not None:
                assert self.model.refs.setdefault(person, ref) == ref
        if end == "roll back":
            session.rollback()
        elif end == "crash before":
            session._wait()
            self.vault.close()
            self.vault = reopen(self.folder)
        else:
            session.commit()
            self.check()
            if end == "crash after":
                self.vault.close()
                self.vault = reopen(self.folder)
            (self.vault.settle if end == "settle" else self.vault.undo)(batch)
        if end != "settle":
            self.model = before

    @rule(data=st.data(), suppress=st.booleans())
    def shred(self, data: st.DataObject, suppress: bool) -> None:  # noqa: FBT001 -- drawn
        if self.model.refs:
            person = data.draw(st.sampled_from(sorted(self.model.refs)))
            self.vault.shred(self.model.refs[person], suppress=suppress, at=AT)
            self.model.shred(person, suppress=suppress)

    @invariant()
    def check(self) -> None:
        for kind, values in POOL.items():
            for value in values:
                person = self.model.owner.get((kind, value))
                assert self.vault.find(kind, value) == (None if person is None else self.model.refs[person])
        for person, ref in self.model.refs.items():
            assert self.vault.identifiers(ref, WARRANT) == self.model.fields[person]

    @invariant()
    def whole(self) -> None:
        assert self.vault.doctor() == []
        assert self.vault._files.reader.execute("SELECT count(*) FROM records").fetchone()[0] == len(self.model.refs)

    @invariant()
    def names(self) -> None:
        fields = self.model.fields.values()
        words = {word for told in fields for name in ("given_name", "full_name") for word in told.get(name, "").split()}
        assert self.vault.known_names().given == {word.lower() for word in words}

    def teardown(self) -> None:
        self.vault.close()
        shutil.rmtree(self.folder)


VaultMachine.TestCase.settings = settings(max_examples=12, stateful_step_count=8, deadline=None)
TestVaultMachine = VaultMachine.TestCase
