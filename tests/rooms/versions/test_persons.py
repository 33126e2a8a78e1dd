"""Two people are two names, and two keys as soon as anybody came with one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.foundation.errors import InvalidInput
from gateway.versions.persons import Person, check_name, is_another

people = st.builds(
    Person, st.sampled_from(["Liisa", " LIISA ", "Olli", "olli"]), st.sampled_from(["cli", "act_1", "act_2"])
)


@given(people, people)
def test_it_does_not_matter_who_came_first(one: Person, other: Person) -> None:
    assert is_another(one, other) is is_another(other, one)
    assert not is_another(one, one)


@pytest.mark.parametrize(
    ("one", "other", "another"),
    [
        (("Liisa", "cli"), ("Olli", "cli"), True),
        (("Liisa", "cli"), ("  \uff2c\uff29\uff29\uff33\uff21 ", "cli"), False),  # another width is no other name
        (("Liisa  Esimerkki", "cli"), ("liisa esimerkki", "cli"), False),
        (("Anna", "cli"), ("\u0410nn\u0430", "cli"), False),  # two Cyrillic letters
        (("TOM", "cli"), ("\u0422\u041e\u041c", "cli"), False),  # all Cyrillic
        (("Ольга", "cli"), ("Олена", "cli"), True),
        (("Дем\u2019ян", "cli"), ("Дем\u02bcян", "cli"), False),
        (("Olli", "cli"), ("OIli", "cli"), False),  # a capital I
        (("officer-1", "cli"), ("officer l", "cli"), False),
        (("officer-1", "cli"), ("officer-2", "cli"), True),
        (("Erős", "cli"), ("Eros", "cli"), True),
        (("officer-1", "act_1"), ("officer-2", "act_2"), True),
        (("officer-1", "act_1"), ("officer-2", "act_1"), False),
        (("officer-1", "act_1"), ("officer-1", "act_2"), False),
        (("officer-1", "act_1"), ("Olli", "cli"), False),  # a name alone, beside a key
    ],
)
def test_who_is_another(one: tuple[str, str], other: tuple[str, str], *, another: bool) -> None:
    assert is_another(Person(*one), Person(*other)) is another


@pytest.mark.parametrize(
    "name",
    ["Liisa Esimerkki", "officer-1", "Erős Őrs", "Дем\u2019ян", "\uff2c\uff29", "007", "a@example.org"],
)
def test_a_name_of_one_script_is_one(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "\u0410nna",  # a Cyrillic letter, the rest Latin
        "Лiisa",
        "\u0391\u03bdna",  # Greek
        "李",
        "Li\u200bisa",  # nothing to be seen
        "Liisa\ufe0f",
        "q\u0307Liisa",  # a mark that no letter carries
        "\u01c0iisa",  # a click
        "--",
        "",
    ],
)
def test_a_name_that_may_pass_for_another_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_name(name)
    assert refusal.value.reasons == ("unfit_name",)


@given(st.text(max_size=8))
def test_whatever_it_is_it_is_nobody_else_than_itself(name: str) -> None:
    assert not is_another(Person(name, "cli"), Person(f" {name.casefold()}\t", "cli"))
