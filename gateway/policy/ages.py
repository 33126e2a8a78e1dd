"""From which age a person's own yes counts, by where they live (Art. 8(1))."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute

from gateway.policy.countries import COUNTRIES
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.purposes import MinimumAge

pc: Any = pyarrow.compute  # its functions are made at import, where no type checker sees them

_DEFAULT = "default"  # the key for countries that are not named


def minimum_age(said: int | Mapping[str, int]) -> MinimumAge:
    """Return what ``minimum_age`` of purposes.yaml says: one age, or one by country beside a ``default``."""
    if isinstance(said, int):
        return MinimumAge(said)
    countries = {country: age for country, age in said.items() if country != _DEFAULT}
    return MinimumAge(said[_DEFAULT], MappingProxyType(countries))


def faults_of(said: int | Mapping[str, int]) -> str | None:
    """Return what is wrong with a ``minimum_age`` beyond its shape, and what to do."""
    if isinstance(said, int):
        return None
    if _DEFAULT not in said:
        return "`default` is missing: the age in countries that are not named"
    return None if said.keys() <= {_DEFAULT, *COUNTRIES} else "a key is no country: write its ISO 3166 code"


def oldest_age(catalogue: Catalogue) -> MinimumAge | None:
    """Return, country by country, the highest age that any purpose asks for; ``None`` where none asks for any."""
    asked = [purpose.minimum_age for purpose in catalogue.purposes.values() if purpose.minimum_age is not None]
    if not asked:
        return None
    countries = {country for each in asked for country in each.countries}
    return MinimumAge(
        max(each.otherwise for each in asked),
        MappingProxyType({country: max(each.of(country) for each in asked) for country in sorted(countries)}),
    )


def ages_in(asked: MinimumAge, countries: pa.Array) -> pa.Array:
    """Return the age that is asked of whoever lives in each of ``countries`` (text), as int32.

    The highest one where nobody knows: null, or a text that is no ISO 3166 code.
    """
    coded = countries.dictionary_encode()
    words = coded.dictionary.to_pylist()
    ages = pa.array([asked.of(word) if word in COUNTRIES else asked.highest for word in words], pa.int32())
    return ages.take(coded.indices).fill_null(asked.highest)
