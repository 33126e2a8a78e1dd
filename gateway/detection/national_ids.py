"""Identifiers with a fixed form or check digits, tested as columns.

Sources of the formulas: ``fi_hetu``, ``ua_rntrc``, ``iban`` and the Luhn sum come from python-stdnum (which cites the
Finnish Digital and Population Data Services Agency, the Ukrainian tax service, ISO 13616 and ISO/IEC 7812-1);
``hu_tax_id``, ``hu_taj`` and ``hu_personal_number`` are written here after the annexes of the Hungarian Act XX of 1996
on identification methods; ``gb_nino`` after HMRC's National Insurance Manual NIM39110; ``gb_nhs`` after the NHS Data
Dictionary (modulo 11); ``se_personnummer`` after the Swedish Tax Agency (Luhn sum over ten digits; 60 is added to the
day of a samordningsnummer); ``de_tax_id`` (IdNr, ISO 7064 modulo 11,10) from python-stdnum after the Federal Central
Tax Office; ``ua_unzr`` and ``de_id_card`` (identity cards and passports) with the check digit of ICAO Doc 9303, part 3
(weights 7, 3, 1; letters count from 10), as the State Migration Service of Ukraine says of the former (specimen
19910824-00026) and the annexes of the PAuswV of the latter (specimen L01X00T47 with 1); ``imei`` after 3GPP TS 23.003
(Luhn). Numbers of further countries: ``abroad``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from stdnum import iban, luhn
from stdnum.de import idnr
from stdnum.fi import hetu

Digits = npt.NDArray[np.int64]  # shape (n, width)
Mask = npt.NDArray[np.bool_]


def _hu_tax_id(digits: Digits) -> Mask:
    """Adóazonosító jel: starts with 8; the sum of digit x place over nine, modulo 11, is the tenth digit."""
    mask: Mask = (digits[:, 0] == 8) & (digits[:, :9] @ np.arange(1, 10) % 11 == digits[:, 9])  # noqa: PLR2004 -- the law's
    return mask


def _hu_taj(digits: Digits) -> Mask:
    """TAJ (social security): weights 3 and 7 in turn over eight digits, modulo 10, is the ninth."""
    mask: Mask = digits[:, :8] @ np.array([3, 7] * 4) % 10 == digits[:, 8]
    return mask & (digits.any(axis=1))


def _hu_personal_number(digits: Digits) -> Mask:
    """Személyi szám: sex and century, birth date, serial; weights 1 to 10, or 10 to 1 for those born after 1996."""
    sex, year = digits[:, 0], digits[:, 1] * 10 + digits[:, 2]
    month, day = digits[:, 3] * 10 + digits[:, 4], digits[:, 5] * 10 + digits[:, 6]
    dated = np.isin(sex, np.arange(1, 9)) & np.isin(month, np.arange(1, 13)) & np.isin(day, np.arange(1, 32))
    late = np.isin(sex, (3, 4)) | (np.isin(sex, (1, 2)) & (year >= 97))  # noqa: PLR2004 -- the year of the change
    rising = digits[:, :10] @ np.arange(1, 11) % 11
    falling = digits[:, :10] @ np.arange(10, 0, -1) % 11
    mask: Mask = dated & (np.where(late, falling, rising) == digits[:, 10])
    return mask


def _ua_rntrc(digits: Digits) -> Mask:
    """РНОКПП: weights -1, 5, 7, 9, 4, 6, 10, 5, 7; the sum modulo 11, modulo 10, is the tenth digit."""
    mask: Mask = digits[:, :9] @ np.array([-1, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10 == digits[:, 9]
    return mask


def _gb_nhs(digits: Digits) -> Mask:
    """NHS number: weights 10 to 2; eleven less the sum modulo 11 is the tenth digit, ten is never issued."""
    mask: Mask = -(digits[:, :9] @ np.arange(10, 1, -1)) % 11 == digits[:, 9]
    return mask & digits.any(axis=1)


def _luhn(digits: Digits) -> Mask:
    """The Luhn sum: every second digit from the right but the last doubled, the digits of the products added."""
    doubled = digits[:, -2::-2] * 2
    total = digits[:, ::-2].sum(axis=1) + (doubled // 10 + doubled % 10).sum(axis=1)
    mask: Mask = total % 10 == 0
    return mask


def _icao(values: pa.Array) -> Mask:
    """ICAO Doc 9303: digits and letters (A is 10), weights 7, 3, 1 in turn, modulo 10, is the last character."""
    digits = np.frombuffer("".join(values.to_pylist()).encode("ascii"), np.uint8).reshape(len(values), -1).astype(int)
    worth = np.where(digits <= ord("9"), digits - ord("0"), digits - ord("A") + 10)
    weights = np.resize([7, 3, 1], worth.shape[1] - 1)
    mask: Mask = worth[:, :-1] @ weights % 10 == worth[:, -1]
    return mask


def _ua_unzr(values: pa.Array) -> Mask:
    return _icao(pc.replace_substring(values, "-", ""))


def _se_personnummer(values: pa.Array) -> Mask:
    """The Luhn sum over the last ten digits, whether the century is written or not."""
    return _on_digits(_luhn)(pc.utf8_slice_codeunits(pc.replace_substring_regex(values, r"\D", ""), -10, None))


def _each(check: Callable[[str], bool]) -> Callable[[pa.Array], Mask]:
    """Lift a test of one value to a column; it runs on values of the right form only, which are few."""

    def test(values: pa.Array) -> Mask:
        return np.fromiter((check(value) for value in values.to_pylist()), np.bool_, len(values))

    return test


def _on_digits(check: Callable[[Digits], Mask]) -> Callable[[pa.Array], Mask]:
    def test(values: pa.Array) -> Mask:
        joined = "".join(values.to_pylist()).encode("ascii")
        return check(np.frombuffer(joined, np.uint8).reshape(len(values), -1).astype(np.int64) - ord("0"))

    return test


def _hetu(value: str) -> bool:
    return bool(hetu.is_valid(value, allow_temporary=True))


def _card(value: str) -> bool:
    return len(set(value)) > 1 and bool(luhn.is_valid(value))


ONE_PER_CENT = 0.01


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of identifier. ``chance`` is the share of random values of the same length that pass by luck."""

    form: str  # RE2, on upper case without spaces, dots, hyphens and slashes (``separators``)
    test: Callable[[pa.Array], Mask] | None
    chance: float
    separators: str = r"[\s\-./]"
    national: bool = True
    slow: bool = False  # tested value by value

    @property
    def lucky(self) -> bool:
        """Tell whether luck passes one value in a hundred or more, so that only a column can decide."""
        return self.chance >= ONE_PER_CENT


# Issuer prefixes and lengths of the card schemes in use in Europe (ISO/IEC 7812-1; EMVCo, schemes' public BIN tables).
_CARD = (
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}"  # American Express, Diners Club, JCB
    r"|(?:5[06-9]|6\d)\d{10,17}"  # Maestro, Discover, UnionPay
)
# Prefixes that HMRC never issues, and D, F, I, Q, U, V in either letter (O in the second).
_NINO = r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]"
_MONTH_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_NINO_NEVER = frozenset({"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"})

KINDS: dict[str, Kind] = {
    "fi_hetu": Kind(r"[0-3]\d[01]\d{3}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", _each(_hetu), 0.003, r"\s", slow=True),
    "hu_tax_id": Kind(r"8\d{9}", _on_digits(_hu_tax_id), 0.10),
    "hu_taj": Kind(r"\d{9}", _on_digits(_hu_taj), 0.10),
    "hu_personal_number": Kind(r"[1-8]\d{10}", _on_digits(_hu_personal_number), 0.004),
    "ua_rntrc": Kind(r"\d{10}", _on_digits(_ua_rntrc), 0.10),
    "ua_unzr": Kind(rf"(?:19|20)\d\d{_MONTH_DAY}-\d{{5}}", _ua_unzr, 0.001, r"\s"),
    "gb_nhs": Kind(r"\d{10}", _on_digits(_gb_nhs), 0.09),
    "se_personnummer": Kind(
        r"(?:18|19|20)?\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]|6[1-9]|[78]\d|9[01])[-+]?\d{4}",
        _se_personnummer,
        0.004,
        r"\s",
    ),
    "de_tax_id": Kind(r"[1-9]\d{10}", _each(idnr.is_valid), 0.004, slow=True),
    "de_id_card": Kind(r"[CFGHJKLMNPRTVWXY][CFGHJKLMNPRTVWXYZ0-9]{8}\d", _icao, 0.10),
    "imei": Kind(r"(?:0[01]|1[03]|3[35]|4[459]|5[0-4]|8[46]|9[1289])\d{13}", _on_digits(_luhn), 0.10, national=False),
    "gb_nino": Kind(_NINO, _each(lambda value: value[:2] not in _NINO_NEVER), 0.01, slow=True),
    "iban": Kind(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", _each(iban.is_valid), 0.0, national=False, slow=True),
    "card": Kind(_CARD, _each(_card), 0.05, national=False, slow=True),
}
NATIONAL = frozenset(name for name, kind in KINDS.items() if kind.national)


def normalised(kind: str, values: pa.Array) -> pa.Array:
    """Return ``values`` in upper case without the separators that people write in this kind."""
    return pc.utf8_upper(pc.replace_substring_regex(values, KINDS[kind].separators, ""))


def valid(kind: str, values: pa.Array) -> pa.BooleanArray:
    """Tell for each text whether it is a well-formed ``kind`` with right check digits; null is not.

    Raises ``KeyError`` for an unknown kind.
    """
    rule = KINDS[kind]
    tidy = normalised(kind, values)
    formed = pc.fill_null(pc.match_substring_regex(tidy, f"^(?:{rule.form})$"), fill_value=False)
    places = np.flatnonzero(np.asarray(formed))
    if len(places) and rule.test is not None:
        passed = rule.test(tidy.take(pa.array(places)))
        mask = np.zeros(len(tidy), np.bool_)
        mask[places[passed]] = True
        return pa.array(mask)
    return formed


def is_valid(kind: str, value: str) -> bool:
    """Tell it of a single candidate, for spans found in a text; the form is asked before any column is made."""
    rule = KINDS[kind]
    tidy = re.sub(rule.separators, "", value, flags=re.ASCII).upper()
    if not tidy.isascii() or not re.fullmatch(rule.form, tidy):
        return False
    return rule.test is None or bool(rule.test(pa.array([tidy]))[0])
