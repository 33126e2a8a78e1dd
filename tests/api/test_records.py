"""The records over HTTP: three forms by Accept, four languages, for officers."""

from __future__ import annotations

import csv
import io
import itertools

from tests.api.conftest import Caller, is_problem

RECORD, SHEET = "/v1/records/processing", "/v1/records/dpia/direct_marketing"


ASKED = {
    "*/*": "application/json", "application/json": "application/json", "text/csv": "text/csv",
    "text/markdown": "text/markdown", "text/*": "text/markdown", "text/csv;q=0.4,text/markdown": "text/markdown",
}  # fmt: skip


def test_each_form(call: Caller) -> None:
    for path, (accept, media) in itertools.product((RECORD, SHEET), ASKED.items()):
        answer = call.get("officer", path, headers={"Accept": accept}, params={"language": "fi"})
        assert answer.status_code == 200
        assert answer.headers["content-type"].split(";")[0] == media
        assert (answer.headers["vary"], answer.headers["content-language"]) == ("Accept", "fi")
        assert answer.headers["cache-control"] == "no-store"
        assert "Suoramarkkinointi" in answer.text
        if media == "application/json":
            assert answer.json()["language"] == "fi"
        elif media == "text/csv":
            rows = list(csv.reader(io.StringIO(answer.text, newline="")))
            assert rows[0] == ["section", "item", "property", "value"]
        else:
            assert answer.text.startswith("# ")


def test_what_is_not_there(call: Caller) -> None:
    is_problem(call.get("officer", "/v1/records/dpia/unknown"), 404, "not-found")
    is_problem(call.get("officer", RECORD, params={"language": "xx"}), 422, "invalid-input")
    is_problem(call.get("officer", RECORD, headers={"Accept": "application/pdf"}), 406)
    is_problem(call.get("officer", "/v1/records/dpia/No%20Purpose"), 422, "invalid-input")
