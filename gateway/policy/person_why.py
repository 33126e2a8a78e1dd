"""Why one person's permission for a purpose stands as it does.

No second reading of choices: each cause is put alone to ``permission_masks``, with everything else as good as can be.
A bit is set where no cause closes it.
"""

# ruff: noqa: RUF001 - Ukrainian is written in Cyrillic

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

import pyarrow as pa

from gateway.policy.masks import AGE_UNKNOWN, FURTHER, STANDING, permission_masks
from gateway.policy.pack import Pack
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentEvent, ConsentStatus, ExpressedBy
from gateway.vocabulary.languages import by_language
from gateway.vocabulary.names import PurposeId, SubjectReference
from gateway.vocabulary.purposes import Purpose

_SCHEMA = pa.schema([*STANDING, *FURTHER.items()])
_SENTENCES = {
    "permits": (
        "The person permits the purpose", "Henkilö sallii käyttötarkoituksen", "A személy engedélyezi a célt",
        "Особа дозволяє обробку з цією метою",
    ),
    "not_stored": (
        "Nothing is stored of a person of that identifier", "Tällä tunnisteella ei ole tallennettu kenenkään tietoja",
        "Ezzel az azonosítóval senkiről nem tárolunk adatot", "За цим ідентифікатором нічого не зберігається",
    ),
    "being_erased": (
        "The person is being erased", "Henkilön tietoja poistetaan", "A személy adatainak törlése folyamatban van",
        "Дані особи видаляються",
    ),
    "restricted": (
        "Processing is restricted (Art. 18)", "Käsittelyä on rajoitettu (18 artikla)",
        "Az adatkezelés korlátozott (18. cikk)", "Обробку обмежено (ст. 18)",
    ),
    "unknown": (
        "The person has made no choice, and the purpose needs a consent",
        "Henkilö ei ole tehnyt valintaa, ja käyttötarkoitus edellyttää suostumusta",
        "A személy nem nyilatkozott, a célhoz pedig hozzájárulás kell",
        "Особа не зробила вибору, а мета потребує згоди",
    ),
    "requested": (
        "A consent was asked for and not given", "Suostumusta on pyydetty, mutta sitä ei ole annettu",
        "A hozzájárulást kérték, de a személy nem adta meg", "Згоду запитано, але не надано",
    ),
    "refused": (
        "The person refused", "Henkilö on kieltäytynyt", "A személy elutasította", "Особа відмовила",
    ),
    "withdrawn": (
        "The person withdrew the consent (Art. 7(3))", "Henkilö on peruuttanut suostumuksen (7 artiklan 3 kohta)",
        "A személy visszavonta a hozzájárulást (7. cikk (3) bekezdés)", "Особа відкликала згоду (ст. 7(3))",
    ),
    "invalidated": (
        "The consent does not hold (Art. 7)", "Suostumus ei ole pätevä (7 artikla)",
        "A hozzájárulás nem érvényes (7. cikk)", "Згода недійсна (ст. 7)",
    ),
    "objected": (
        "The person objected (Art. 21)", "Henkilö on vastustanut käsittelyä (21 artikla)",
        "A személy tiltakozott (21. cikk)", "Особа заперечила проти обробки (ст. 21)",
    ),
    "expired": (
        "The consent has run out", "Suostumuksen voimassaolo on päättynyt", "A hozzájárulás lejárt",
        "Строк дії згоди закінчився",
    ),
    "notice_outdated": (
        "The consent was given under a notice that no longer counts",
        "Suostumus on annettu sellaisen selosteen perusteella, joka ei enää kelpaa",
        "A hozzájárulás olyan tájékoztatóra vonatkozik, amely már nem számít",
        "Згоду надано за повідомленням, яке більше не діє",
    ),
    "age_unknown": (
        "Nobody knows whether the person is old enough (Art. 8)",
        "Ei tiedetä, onko henkilö riittävän vanha (8 artikla)",
        "Nem tudni, elég idős-e a személy (8. cikk)", "Невідомо, чи особа досягла потрібного віку (ст. 8)",
    ),
    "under_age": (
        "The person is too young to consent alone (Art. 8)", "Henkilö on liian nuori suostumaan yksin (8 artikla)",
        "A személy túl fiatal ahhoz, hogy egyedül hozzájáruljon (8. cikk)",
        "Особа ще не досягла віку, щоб давати згоду самостійно (ст. 8)",
    ),
    "not_covered": (
        "The data are older than they may be kept for the purpose, or a rule leaves the person out",
        "Tiedot ovat vanhempia kuin niitä saa säilyttää tätä varten, tai jokin sääntö jättää henkilön pois",
        "Az adatok régebbiek a célra megengedettnél, vagy egy szabály kihagyja a személyt",
        "Дані старіші, ніж дозволено для мети, або правило виключає особу",
    ),
    "policy_denies": (
        "The policy opens nothing for the purpose", "Käytäntö ei avaa mitään tähän käyttötarkoitukseen",
        "A szabályzat e célra semmit nem nyit meg", "Політика нічого не відкриває для цієї мети",
    ),
}  # fmt: skip
SENTENCES = by_language(_SENTENCES)


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """What governs one person at an instant. ``of_age_from`` as in ``permission_masks``: None for of age."""

    standing: Mapping[PurposeId, ConsentEvent]  # the governing event per purpose, and under ``*``
    of_age_from: dt.date | None


def closing(purpose: Purpose, person: Person, pack: Pack, at: dt.datetime) -> tuple[str, ...]:
    """Return the codes of what closes a purpose for a person at an instant; none where the person permits it."""
    chosen = person.standing.get(purpose.id)
    everything = person.standing.get(ALL_PURPOSES)
    yes = _best(purpose, chosen, at)
    found = []
    if everything is not None and not _permits(purpose, [everything, yes], None, pack, at):
        found.append("restricted")
    if not _permits(purpose, [chosen] if chosen else [], None, pack, at):
        found.append(_choice(purpose, chosen))
    if not _permits(purpose, [yes], person.of_age_from, pack, at):
        found.append("age_unknown" if person.of_age_from == AGE_UNKNOWN else "under_age")
    return tuple(found)


def _choice(purpose: Purpose, chosen: ConsentEvent | None) -> str:
    if chosen is None:
        return "unknown"
    if chosen.status is not ConsentStatus.GIVEN:
        return chosen.status.value if chosen.status.value in SENTENCES else "unknown"
    return "notice_outdated" if purpose.notices and chosen.notice not in purpose.notices else "expired"


def _best(purpose: Purpose, chosen: ConsentEvent | None, at: dt.datetime) -> ConsentEvent:
    """Return the best yes that there could be, expressed by whoever did express the person's own choice."""
    notice = purpose.notices[0] if purpose.notices else None
    by = chosen.by if chosen else ExpressedBy.SELF
    return ConsentEvent(_SOMEBODY, purpose.id, ConsentStatus.GIVEN, at, at, notice, "", by=by)


_SOMEBODY = SubjectReference(bytes(16))


def _permits(
    purpose: Purpose, events: list[ConsentEvent], of_age_from: dt.date | None, pack: Pack, at: dt.datetime
) -> bool:
    rows = [{"subject": bytes(16), "purpose": e.purpose, "status": e.status.value, "at": e.at, "notice": e.notice,
             "by": e.by.value, "valid_until": e.valid_until} for e in events]  # fmt: skip
    subjects = pa.array([bytes(16)], pa.binary(16))
    standing = pa.Table.from_pylist(rows, _SCHEMA)
    masks = permission_masks(pack, subjects, standing, pa.array([of_age_from], pa.date32()), at)
    return bool(masks.column("permits")[0].as_py() & (1 << purpose.bit))
