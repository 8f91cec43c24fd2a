"""A person's words leave texts and JSON; what programs go on by stays."""

from __future__ import annotations

import json

from amalimart.core.forgetting import json_without_words, without_words
from amalimart.core.recent import Recent


def test_of_two_words_that_overlap_the_longer_one_counts() -> None:
    assert without_words("for Ama Serwaa, Ama", ["Ama", "Ama Serwaa"]) == "for erased, erased"


def test_json_is_changed_by_its_values_and_stays_json() -> None:
    text = json.dumps({"Ébène": 'said "Ébène"', "code": "Ébène", "rows": [["Ébène", None, 1.5]]})
    assert json.loads(json_without_words(text, ["Ébène"])) == {
        "Ébène": 'said "erased"',
        "code": "Ébène",
        "rows": [["erased", None, 1.5]],
    }
    assert json_without_words("no json: Ébène", ["Ébène"]) == "no json: erased"


def test_nothing_is_kept_once_everything_is_let_go() -> None:
    kept: Recent[str, int] = Recent(10)
    kept.put("a", 1, 4)
    kept.clear()
    assert kept.get("a") is None
    assert kept.taken == 0
    kept.put("b", 2, 10)
    assert kept.get("b") == 2
