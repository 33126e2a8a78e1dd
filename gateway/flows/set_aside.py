"""The rows set aside in quarantine: an erasure takes out a person's, and each batch's go when its time is over."""

from __future__ import annotations

import datetime as dt

from gateway.flows.house import House
from gateway.foundation.errors import IntegrityFailure
from gateway.vault import ReidentificationWarrant
from gateway.vault.normalise import normalised
from gateway.vocabulary.names import BatchId, FieldId, RequestId, SubjectReference

FAR = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)


def clear_set_aside(house: House, subject: SubjectReference, request: RequestId) -> int:
    """Take out the rows set aside that name the person by an identifier; how many there were."""
    warrant = ReidentificationWarrant(reason="erasure request, Art. 17", request=request)
    told = house.vault.identifiers(subject, warrant)
    kinds = {name: str(house.catalogue.fields[FieldId(name)].identifier or "") for name in told}
    texts = {str(told[name]) for name, kind in kinds.items() if kind}
    country = house.catalogue.controller.country
    texts |= {normalised(kind, str(told[name]), country) for name, kind in kinds.items() if kind}
    return sum(_clear_batch(house, batch, sorted(texts)) for batch in house.quarantine.batches())


def destroy_set_aside(house: House, batch: BatchId) -> None:
    """Destroy a batch's key, then its bytes. An entry of the log says so first: of what is done, and why."""
    house.vault.destroy_batch_key(batch)
    house.quarantine.remove(batch)


def count_set_aside(house: House, batch: BatchId, now: dt.datetime) -> int | None:
    """Return how many rows a batch whose time is over still holds; None where nobody can read them any more."""
    if batch not in house.vault.expired_batch_keys(now):  # a crash came between the end of the key and of the bytes
        return None
    try:
        return sum(1 for _ in house.quarantine.rows(batch, house.vault.batch_key(batch, FAR)))
    except IntegrityFailure:
        return None


def _clear_batch(house: House, batch: BatchId, texts: list[str]) -> int:
    try:
        return house.quarantine.forget(batch, house.vault.batch_key(batch, FAR), texts)
    except IntegrityFailure:  # nobody can read what it holds any more, nor say that it is not about the person
        destroy_set_aside(house, batch)
        return 0
