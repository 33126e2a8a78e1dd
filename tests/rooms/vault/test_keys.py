import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from gateway.foundation.arrays import BLOCK
from gateway.foundation.errors import InvalidInput
from gateway.vault import ReidentificationWarrant
from gateway.vault.errors import ScopeUnknown
from gateway.vocabulary.names import BatchId, PurposeId, RecipientId, RequestId
from tests.rooms.vault.kit import AINO, AT, BELA, contents, ingest, make, references, reopen

MAILER, ADS, PURPOSE = RecipientId("mailer"), RecipientId("ads"), PurposeId("direct_marketing")


def test_a_scope_is_one_key_until_it_ends(tmp_path: Path) -> None:
    vault = make(tmp_path)
    enrolment = ingest(vault, "b1", [AINO, BELA])
    assert vault.scope(MAILER, PURPOSE, "1") is None
    scope = vault.open_scope(MAILER, PURPOSE, "1")
    assert vault.open_scope(MAILER, PURPOSE, "1") == vault.scope(MAILER, PURPOSE, "1") == scope
    pseudonyms = vault.pseudonyms(scope, enrolment.refs)
    wrapped = vault._files.keys.reader.execute("SELECT wrapped FROM scopes").fetchone()[0]
    vault.close()
    vault = reopen(tmp_path)
    assert vault.pseudonyms(scope, enrolment.refs).equals(pseudonyms)
    assert vault.close_scope(scope)
    assert not vault.close_scope(scope)
    assert not any(wrapped in data for data in contents(tmp_path).values())
    for question in (vault.pseudonyms, vault.references):
        with pytest.raises(ScopeUnknown):
            question(scope, pseudonyms)
    again = vault.open_scope(MAILER, PURPOSE, "1")
    assert again != scope
    assert not set(vault.pseudonyms(again, enrolment.refs).to_pylist()) & set(pseudonyms.to_pylist())


def test_pseudonyms_come_back_as_people_while_there_are_such_people(tmp_path: Path) -> None:
    vault = make(tmp_path)
    enrolment = ingest(vault, "b1", [AINO, BELA])
    aino, bela = references(enrolment)
    mailer, ads = vault.open_scope(MAILER, PURPOSE, "1"), vault.open_scope(ADS, PURPOSE, "1")
    theirs = vault.pseudonyms(mailer, enrolment.refs)
    assert vault.references(mailer, theirs).equals(enrolment.refs)
    assert vault.references(ads, theirs).null_count == 2
    vault.shred(aino, suppress=False, at=AT)
    mixed = pa.array([None, theirs[0].as_py(), theirs[1].as_py(), b"\0" * 16], BLOCK)
    assert vault.references(mailer, mixed).to_pylist() == [None, None, bela, None]


def test_batch_keys_live_until_they_are_destroyed(tmp_path: Path) -> None:
    vault = make(tmp_path)
    one, two = BatchId("one"), BatchId("two")
    key = vault.batch_key(one, AT)
    assert len(key) == 32
    assert vault.batch_key(one, AT + dt.timedelta(days=9)) == key
    assert vault.batch_key(two, AT + dt.timedelta(days=1)) != key
    assert vault.expired_batch_keys(AT - dt.timedelta(seconds=1)) == []
    assert vault.expired_batch_keys(AT) == [one]
    assert vault.destroy_batch_key(one)
    assert not vault.destroy_batch_key(one)
    assert vault.expired_batch_keys(AT + dt.timedelta(days=1)) == [two]
    assert vault.batch_key(one, AT) != key


def test_signing_seeds_are_made_once(tmp_path: Path) -> None:
    vault = make(tmp_path)
    seed = vault.signing_seed("log")
    assert len(seed) == 32
    assert vault.signing_seed("certificates") != seed
    vault.close()
    assert reopen(tmp_path).signing_seed("log") == seed


def test_no_key_is_in_clear_in_any_file_nor_in_a_repr(tmp_path: Path) -> None:
    vault = make(tmp_path)
    (aino,) = references(ingest(vault, "b1", [AINO]))
    scope = vault.open_scope(MAILER, PURPOSE, "1")
    files = vault._files
    keys = [files.keys.system_key(name) for name in ("index", "store", "suppression")]
    keys += [vault.signing_seed("log"), vault.batch_key(BatchId("b"), AT), files.keys.scope_key(scope)]
    material = files.keys.people(pa.array([vault._known(aino)]).to_numpy())[0].tobytes()
    for secret in (*keys, material[:32], material[32:], b"aino@example.org", b"Aino"):
        assert not any(secret in data for data in contents(tmp_path).values())
    shown = repr((vault, files, files.keys, files.index, files.store))
    assert not any(key.hex() in shown or repr(key) in shown for key in keys)


def test_a_warrant_says_why() -> None:
    with pytest.raises(InvalidInput):
        ReidentificationWarrant(" ", RequestId("req_1"))
    with pytest.raises(InvalidInput):
        ReidentificationWarrant("access", RequestId(""))
