"""An article is cited as the Regulation is in each language, and one form only."""

from __future__ import annotations

import pytest

from gateway.policy.wording import article_in


@pytest.mark.parametrize(
    ("article", "told"),
    [
        ("87", ("Art. 87", "87 artikla", "87. cikk", "ст. 87")),
        ("9(1)", ("Art. 9(1)", "9 artiklan 1 kohta", "9. cikk (1) bekezdés", "ст. 9(1)")),
        (
            "6(1)(a)",
            ("Art. 6(1)(a)", "6 artiklan 1 kohdan a alakohta", "6. cikk (1) bekezdés a) pont", "ст. 6(1)(a)"),
        ),
        ("5(a)", ("Art. 5(a)", "5 artiklan a alakohta", "5. cikk a) pont", "ст. 5(a)")),
    ],
)
def test_an_article_is_cited_as_its_language_does(article: str, told: tuple[str, ...]) -> None:
    assert tuple(article_in(article, language) for language in ("en", "fi", "hu", "uk")) == told
