from pathlib import Path

import pytest

from gateway.foundation.errors import Conflict
from gateway.vault import FileKek, Vault
from gateway.vault.errors import KekUnavailable, VaultDamaged
from tests.rooms.vault.kit import make


def test_a_created_key_is_32_bytes_that_only_the_owner_reads(tmp_path: Path) -> None:
    kek = FileKek.create(tmp_path / "kek")
    assert (tmp_path / "kek").stat().st_mode & 0o777 == 0o400
    assert len(kek.key(kek.current_epoch)) == 32
    with pytest.raises(KekUnavailable, match="exists already"):
        FileKek.create(tmp_path / "kek")


def test_a_key_file_that_cannot_be_trusted_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    with pytest.raises(KekUnavailable, match="cannot read"):
        FileKek(path).key(1)
    for size in (0, 31, 33):
        path.write_bytes(b"\1" * size)
        path.chmod(0o600)
        with pytest.raises(KekUnavailable, match="32 bytes"):
            FileKek(path).key(1)
        path.unlink()
    path.write_bytes(b"\1" * 32)
    for mode in (0o440, 0o404, 0o620):
        path.chmod(mode)
        with pytest.raises(KekUnavailable, match="group or others"):
            FileKek(path).key(1)
    path.chmod(0o400)
    assert FileKek(path).key(1) == b"\1" * 32
    with pytest.raises(KekUnavailable, match="epoch 2"):
        FileKek(path).key(2)


def test_another_key_does_not_open_the_vault(tmp_path: Path) -> None:
    make(tmp_path).close()
    with pytest.raises(VaultDamaged, match="wrong key file"):
        Vault.open(tmp_path / "home", FileKek.create(tmp_path / "other"))


def test_the_two_files_belong_together(tmp_path: Path) -> None:
    make(tmp_path / "one").close()
    kek = FileKek(tmp_path / "one" / "kek")
    Vault.create(tmp_path / "two", kek).close()
    (tmp_path / "two" / "keys.sqlite").replace(tmp_path / "one" / "home" / "keys.sqlite")
    with pytest.raises(VaultDamaged, match="not of one vault"):
        Vault.open(tmp_path / "one" / "home", kek)
    with pytest.raises(VaultDamaged, match="missing"):
        Vault.open(tmp_path / "two", kek)


def test_a_vault_is_created_once_and_never_without_a_key(tmp_path: Path) -> None:
    make(tmp_path).close()
    with pytest.raises(Conflict):
        Vault.create(tmp_path / "home", FileKek(tmp_path / "kek"))
    with pytest.raises(KekUnavailable):
        Vault.create(tmp_path / "new", FileKek(tmp_path / "none"))
    assert not (tmp_path / "new").exists()
