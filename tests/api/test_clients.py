"""Keys: shown once, kept as a digest, ended at once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from gateway.clients import Client, ClientRegister, IdempotencyKeys, Scope
from gateway.foundation.database import engine_for
from gateway.foundation.errors import Conflict, InvalidInput, NotFound
from tests.builders import NOW


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "operational.sqlite"


def add(register: ClientRegister, reference: str, scope: Scope) -> str:
    with register.adding(reference, scope, at=NOW) as new:
        assert register.identify(new.key) is None  # not before the block has ended
    assert register.identify(new.key) == new.client
    assert new.key not in repr(new)
    return new.key


def revoke(register: ClientRegister, reference: str, scope: Scope) -> list[Client]:
    with register.revoking(reference, scope, at=NOW) as ended:
        pass
    return ended


def test_a_key_opens_until_it_is_revoked(path: Path) -> None:
    register = ClientRegister(engine_for(path))
    key = add(register, "mailer", Scope.RECIPIENT)
    assert register.identify(key) == Client("mailer", Scope.RECIPIENT, "mailer")
    assert register.identify(key[:-1]) is None
    with pytest.raises(Conflict):
        add(register, "mailer", Scope.RECIPIENT)
    revoke(register, "mailer", Scope.RECIPIENT)
    assert register.identify(key) is None
    with pytest.raises(NotFound):
        revoke(register, "mailer", Scope.RECIPIENT)
    new = add(register, "mailer", Scope.RECIPIENT)
    assert new != key
    assert sorted(live for _, _, live in register.all()) == [False, True]


@pytest.mark.parametrize("scope", Scope)
def test_where_a_person_may_stand_behind_a_key_the_log_has_a_random_name(path: Path, scope: Scope) -> None:
    register = ClientRegister(engine_for(path))
    client = register.identify(add(register, "aino", scope))
    assert client is not None
    assert (client.actor == "aino") is (scope in {Scope.SOURCE, Scope.RECIPIENT})
    assert (client.actor[:4] == "act_") is (client.actor != "aino")
    revoke(register, "aino", scope)
    assert register.reference_of(client.actor) == "aino"  # who looked is told after the key has gone, too
    again = register.identify(add(register, "aino", scope))
    assert again is not None
    assert (again.actor == client.actor) is (client.actor == "aino")
    assert register.reference_of("act_nobody") is None


def test_no_file_holds_a_key(path: Path) -> None:
    engine = engine_for(path)
    keys = ClientRegister(engine), IdempotencyKeys(engine)
    key = add(keys[0], "mailer", Scope.RECIPIENT)
    keys[1].keep("mailer", "idempotency-key-1", "digest", {"rows": 1}, at=NOW)
    engine.dispose()
    everything = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert key.encode() not in everything
    assert key.removeprefix("gw_").encode() not in everything
    assert b"idempotency-key-1" not in everything


@pytest.mark.parametrize("reference", ["", "A", "1st", "a b", "a\n", "a" * 65, "ä", "-a"])
def test_a_reference_fits_into_the_log(path: Path, reference: str) -> None:
    with pytest.raises(InvalidInput):
        add(ClientRegister(engine_for(path)), reference, Scope.OFFICER)


def test_answers_are_kept_for_a_day(path: Path) -> None:
    answers = IdempotencyKeys(engine_for(path))
    answers.keep("a", "key-1", "digest", {"rows": 1}, at=NOW)
    assert answers.answer("a", "key-1", "digest") == {"rows": 1}
    assert answers.answer("b", "key-1", "digest") is None
    with pytest.raises(InvalidInput, match="another body"):
        answers.answer("a", "key-1", "other")
    answers.keep("a", "key-2", "digest", {"rows": 2}, at=NOW + dt.timedelta(hours=25))
    assert answers.answer("a", "key-1", "digest") is None
