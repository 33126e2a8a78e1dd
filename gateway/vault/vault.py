"""The vault: the only place that knows who a subject reference is."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from gateway.foundation.arrays import BLOCK, Blocks, from_blocks, to_blocks
from gateway.foundation.errors import Conflict
from gateway.vault import known_names, lifecycle, records
from gateway.vault import tags as tagging
from gateway.vault.aes import BlockCmac
from gateway.vault.borne import BorneNames
from gateway.vault.checks import doctor
from gateway.vault.chunk import read
from gateway.vault.columns import lookup, random_blocks
from gateway.vault.errors import BatchOpen, SubjectUnknown, VaultDamaged
from gateway.vault.files import HELD, SYSTEM_KEYS, StoredPerson, VaultFiles, names, people, persons
from gateway.vault.holding import drop_held
from gateway.vault.kek import KekProvider
from gateway.vault.keystore import KeyStore
from gateway.vault.schema import KEYS, KEYS_DDL, VAULT, VAULT_DDL, make
from gateway.vault.session import VaultSession
from gateway.vault.text import scatter
from gateway.vault.warrants import DoctorFinding, ReidentificationWarrant, ShreddingReceipt
from gateway.vocabulary.names import BatchId, EntryId, PurposeId, RecipientId, ScopeId, SubjectReference

_DEK = 32


class Vault:
    """Identifiers in, references out; references and a scope in, pseudonyms out. One lock around each operation."""

    def __init__(self, files: VaultFiles) -> None:
        self._files = files
        self._lock = files.lock

    def __repr__(self) -> str:
        """Say where it is, and no more."""
        return f"Vault({self._files.directory})"

    @classmethod
    def create(cls, directory: Path, kek: KekProvider) -> Vault:
        """Make both files and the system keys in ``directory``; raises ``Conflict`` where there is a vault already."""
        if (directory / VAULT).exists() or (directory / KEYS).exists():
            msg = f"{directory} holds a vault already: nothing was changed"
            raise Conflict(msg)
        kek.key(kek.current_epoch)  # a key that cannot be had must not leave files behind
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        pair = secrets.token_bytes(16)
        make(directory / KEYS, KEYS_DDL, pair)
        keys = KeyStore(directory, kek)
        for name in SYSTEM_KEYS:
            keys.system_key(name)
        keys.close()
        make(directory / VAULT, VAULT_DDL, pair)
        return cls.open(directory, kek)

    @classmethod
    def open(cls, directory: Path, kek: KekProvider) -> Vault:
        """Open the vault in ``directory``.

        Raises ``KekUnavailable`` (no usable key), ``VaultDamaged`` (the key does not open this key store). Keys of a
        batch whose records a crash kept from being committed are destroyed here.
        """
        for name in (VAULT, KEYS):
            if not (directory / name).exists():
                msg = f"{directory / name} is missing: restore both files from one backup"
                raise VaultDamaged(msg)
        files = VaultFiles.open(directory, kek)
        lifecycle.drop_stray_keys(files)
        return cls(files)

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            self._files.close()

    # -- a batch

    def write(self, batch: BatchId) -> VaultSession:
        """Begin a batch; ``BatchOpen`` while another is being written or is neither settled nor undone."""
        with self._lock:
            other = self._files.writing or lifecycle.unsettled(self._files)
            if other is not None:
                msg = f"batch {other} is open: settle or undo it first (a restart does)"
                raise BatchOpen(msg)
            return VaultSession(self._files, batch)

    def unsettled(self) -> BatchId | None:
        """The batch that was committed and neither settled nor undone."""
        with self._lock:
            return lifecycle.unsettled(self._files)

    def settle(self, batch: BatchId) -> None:
        """After the commit point: drop superseded versions. Idempotent."""
        with self._lock:
            lifecycle.settle(self._files, batch)

    def undo(self, batch: BatchId) -> None:
        """After a crash before the commit point: remove everything that came with the batch. Idempotent."""
        with self._lock:
            lifecycle.undo(self._files, batch)

    # -- one person

    def find(self, kind: str, value: str, region: str | None = None) -> SubjectReference | None:
        """The person with an identifier; ``region`` (ISO 3166) reads a national telephone number."""
        column = pa.array([value], pa.string())
        regions = None if region is None else pa.array([region], pa.string())
        with self._lock:
            ids = read({kind: column}, regions, self._files.index)
            _, found = lookup(self._files.reader, "blind_index.blind", ids.blinds, "t.subject")
            return SubjectReference(self._files.store.of(random_blocks(found[0], 16)).tobytes()) if found else None

    def exists(self, ref: SubjectReference) -> bool:
        """Whether the reference is of a person who is in the vault."""
        with self._lock:
            return self._person(ref) is not None

    def identifiers(self, ref: SubjectReference, warrant: ReidentificationWarrant) -> dict[str, Any]:
        """The person's sealed fields by field id (dates as ISO 8601 text)."""
        with self._lock:
            stored, dek = self._opened(ref, warrant)
            fields: dict[str, Any] = records.unseal(dek, stored.subject, stored.sealed)["f"]
            return fields

    def held(self, ref: SubjectReference, warrant: ReidentificationWarrant) -> dict[str, Any]:
        """The person's cells of columns that nobody has decided on, by column name."""
        with self._lock:
            stored, dek = self._opened(ref, warrant)
            return {} if stored.held is None else records.unseal(dek, stored.subject, stored.held, held=True)

    def drop_held(self, columns: Collection[str]) -> int:
        """Remove everybody's cells of columns whose time is over; the number of people touched."""
        with self._lock:
            return drop_held(self._files, columns)

    def shred(self, ref: SubjectReference, *, suppress: bool, at: dt.datetime) -> ShreddingReceipt:
        """Destroy the person's key and everything it opened; with ``suppress`` a later import refuses them.

        Raises ``SubjectUnknown`` and, while a batch is being written, ``BatchOpen``.
        """
        with self._lock:
            return lifecycle.shred(self._files, self._known(ref), suppress=suppress, at=at)

    def wrapped_keys(self, ref: SubjectReference) -> bytes:
        """The person's wrapped key: useless without the KEK, and the thing to look for after a shredding."""
        with self._lock:
            wrapped = self._files.keys.wrapped(self._known(ref))
            return b"" if wrapped is None else wrapped[1]

    def held_columns(self) -> dict[str, int]:
        """How many people something is held of, by column name."""
        with self._lock:
            reader = self._files.reader
            names_by_id = {number: name for name, number in names(reader, HELD).items()}
            newest = "CASE WHEN p.person IS NULL THEN r.held_columns ELSE p.held_columns END"
            sql = f"SELECT {newest} AS bits, count(*) FROM records r LEFT JOIN pending p USING (person) GROUP BY bits"
            counts: dict[str, int] = {}
            for bits, people_ in reader.execute(sql).fetchall():
                for number in records.bits_to_ids(bits or b""):
                    counts[names_by_id[number]] = counts.get(names_by_id[number], 0) + people_
            return counts

    def known_names(self) -> BorneNames:
        """The names that people in the vault bear, for texts that may mention them; they go to nobody else."""
        with self._lock:
            return known_names.load(self._files)

    # -- audit tags

    def tags(self, refs: pa.Array, entry_id: EntryId) -> pa.Array:
        """Audit tags of people for one entry; null for a reference of nobody."""
        with self._lock:
            return tagging.tags(self._files, lambda: self._files.reader, refs, entry_id)

    def tags_of(self, ref: SubjectReference, entry_ids: Sequence[EntryId]) -> bytes:
        """One person's tags for many entries, 16 bytes each."""
        with self._lock:
            keys = self._files.keys.people(np.array([self._known(ref)], np.int64))
            return tagging.tags_of(keys[0, _DEK:].tobytes(), entry_ids)

    def audit_key(self, ref: SubjectReference, warrant: object) -> bytes:
        """The person's own tag key (32 bytes), for the person: it finds their entries in the log and opens nothing."""
        if not isinstance(warrant, ReidentificationWarrant):
            msg = "a person's audit key is given against a warrant only"
            raise TypeError(msg)
        with self._lock:
            keys = self._files.keys.people(np.array([self._known(ref)], np.int64))
            return keys[0, _DEK:].tobytes()

    # -- scopes

    def open_scope(self, recipient: RecipientId, purpose: PurposeId, label: str) -> ScopeId:
        """Begin a pseudonymisation scope with a key of its own; the open one of these three if there is one."""
        with self._lock:
            return self._files.keys.open_scope(recipient, purpose, label)

    def scope(self, recipient: RecipientId, purpose: PurposeId, label: str) -> ScopeId | None:
        """The open scope of these three."""
        with self._lock:
            return self._files.keys.scope(recipient, purpose, label)

    def close_scope(self, scope: ScopeId) -> bool:
        """Destroy a scope's key: its pseudonyms point at nobody from now on. Whether it was open."""
        with self._lock:
            return self._files.keys.close_scope(scope)

    def pseudonyms(self, scope: ScopeId, refs: pa.Array) -> pa.Array:
        """Pseudonyms of people (no nulls) in one scope; raises ``ScopeUnknown``."""
        with self._lock:
            key = self._files.keys.scope_key(scope)
        return from_blocks(BlockCmac(key).of(self._files.store.inverse(to_blocks(refs))))

    def references(self, scope: ScopeId, pseudonyms: pa.Array) -> pa.Array:
        """The people of pseudonyms; null where there is no such person (any more)."""
        column = pseudonyms.combine_chunks() if isinstance(pseudonyms, pa.ChunkedArray) else pseudonyms
        there = column.is_valid().to_numpy(zero_copy_only=False)
        with self._lock:
            cmac = BlockCmac(self._files.keys.scope_key(scope))
            subjects: Blocks = cmac.inverse(to_blocks(column.drop_null().cast(BLOCK)))
            known = np.zeros(len(subjects), bool)
            known[persons(self._files.reader, subjects)[0]] = True
            there[there] = known
            return scatter(self._files.store.of(subjects[known]), there)

    # -- other keys

    def batch_key(self, batch: BatchId, expires_at: dt.datetime) -> bytes:
        """The key of a batch's quarantine, made at the first call."""
        with self._lock:
            return self._files.keys.batch_key(batch, expires_at)

    def destroy_batch_key(self, batch: BatchId) -> bool:
        """Destroy it: what it sealed cannot be read any more. Whether there was one."""
        with self._lock:
            return self._files.keys.destroy_batch_key(batch)

    def expired_batch_keys(self, now: dt.datetime) -> list[BatchId]:
        """Batches whose quarantine is over."""
        with self._lock:
            return self._files.keys.expired_batch_keys(now)

    def signing_seed(self, name: str) -> bytes:
        """32 random bytes for an Ed25519 key, made at the first call for ``name``."""
        with self._lock:
            return self._files.keys.system_key(f"signing|{name}")

    def doctor(self) -> list[DoctorFinding]:
        """What is not as it should be."""
        with self._lock:
            return doctor(self._files)

    def _person(self, ref: SubjectReference) -> int | None:
        subject = self._files.store.inverse(random_blocks(ref, 16))
        _, found = persons(self._files.reader, subject)
        return int(found[0]) if len(found) else None

    def _known(self, ref: SubjectReference) -> int:
        person = self._person(ref)
        if person is None:
            msg = "no such data subject, or an erased one"
            raise SubjectUnknown(msg)
        return person

    def _opened(self, ref: SubjectReference, warrant: object) -> tuple[StoredPerson, bytes]:
        if not isinstance(warrant, ReidentificationWarrant):
            msg = "identifiers are opened against a warrant only"
            raise TypeError(msg)
        person = np.array([self._known(ref)], np.int64)
        dek = self._files.keys.people(person)[0, :_DEK].tobytes()
        return people(self._files.reader, person)[0], dek
