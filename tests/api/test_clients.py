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


def test_a_key_opens_until_it_is_revoked(path: Path) -> None:
    register = ClientRegister(engine_for(path))
    key = register.add("mailer", Scope.RECIPIENT, at=NOW)
    assert register.identify(key) == Client("mailer", Scope.RECIPIENT, "mailer")
    assert register.identify(key[:-1]) is None
    with pytest.raises(Conflict):
        register.add("mailer", Scope.RECIPIENT, at=NOW)
    register.revoke("mailer", Scope.RECIPIENT, at=NOW)
    assert register.identify(key) is None
    with pytest.raises(NotFound):
        register.revoke("mailer", Scope.RECIPIENT, at=NOW)
    new = register.add("mailer", Scope.RECIPIENT, at=NOW)
    assert new != key
    assert sorted(live for _, _, live in register.all()) == [False, True]


@pytest.mark.parametrize("scope", Scope)
def test_where_a_person_may_stand_behind_a_key_the_log_has_a_random_name(path: Path, scope: Scope) -> None:
    register = ClientRegister(engine_for(path))
    client = register.identify(register.add("aino", scope, at=NOW))
    assert client is not None
    assert (client.actor == "aino") is (scope in {Scope.SOURCE, Scope.RECIPIENT})
    assert (client.actor[:4] == "act_") is (client.actor != "aino")
    register.revoke("aino", scope, at=NOW)
    assert register.reference_of(client.actor) == "aino"  # who looked is told after the key has gone, too
    again = register.identify(register.add("aino", scope, at=NOW))
    assert again is not None
    assert (again.actor == client.actor) is (client.actor == "aino")
    assert register.reference_of("act_nobody") is None


def test_no_file_holds_a_key(path: Path) -> None:
    engine = engine_for(path)
    keys = ClientRegister(engine), IdempotencyKeys(engine)
    key = keys[0].add("mailer", Scope.RECIPIENT, at=NOW)
    keys[1].keep("mailer", "idempotency-key-1", "digest", {"rows": 1}, at=NOW)
    engine.dispose()
    everything = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert key.encode() not in everything
    assert key.removeprefix("gw_").encode() not in everything
    assert b"idempotency-key-1" not in everything


@pytest.mark.parametrize("reference", ["", "A", "1st", "a b", "a\n", "a" * 65, "ä", "-a"])
def test_a_reference_fits_into_the_log(path: Path, reference: str) -> None:
    with pytest.raises(InvalidInput):
        ClientRegister(engine_for(path)).add(reference, Scope.OFFICER, at=NOW)


def test_answers_are_kept_for_a_day(path: Path) -> None:
    answers = IdempotencyKeys(engine_for(path))
    answers.keep("a", "key-1", "digest", {"rows": 1}, at=NOW)
    assert answers.answer("a", "key-1", "digest") == {"rows": 1}
    assert answers.answer("b", "key-1", "digest") is None
    with pytest.raises(InvalidInput, match="another body"):
        answers.answer("a", "key-1", "other")
    answers.keep("a", "key-2", "digest", {"rows": 2}, at=NOW + dt.timedelta(hours=25))
    assert answers.answer("a", "key-1", "digest") is None
