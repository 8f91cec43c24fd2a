"""A mapping is refused where it is wrong, and lands exactly the columns it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from amalimart.core.errors import ConfigError, SourceMismatch
from amalimart.mapping.catalog_check import check_catalog
from amalimart.mapping.source_mapping import SourceMapping, find_mapping, load_mapping

BASE = """\
mapping: shop
description: a shop
time_zone: Africa/Accra
tables:
  people: {cursor: {column: changed, key: [id]}, secret: [password], ignored: {nick: unused}}
  old_people: {unmapped: replaced}
entities:
  users:
    table: people
    where: {kind: [buyer]}
    columns:
      user_id: id
      gender: {from: sex, values: {w: FEMALE, m: MALE}}
      birth_date: {from: dob, optional: true}
      customer_kind: {constant: PRIVATE}
"""
CATALOG = {
    "people": {
        "id": "bigint",
        "changed": "timestamptz",
        "kind": "text",
        "sex": "text",
        "dob": "date",
        "nick": "text",
    }
}


def load(tmp_path: Path, text: str) -> SourceMapping:
    path = tmp_path / "shop.yml"
    path.write_text(text)
    return load_mapping(path)


def test_only_named_columns_are_landed(tmp_path: Path) -> None:
    mapping = load(tmp_path, BASE)
    assert mapping.landed == {"people": ("id", "sex", "dob", "kind", "changed")}
    assert mapping.optional == {("people", "dob")}


def test_what_the_source_can_fill_is_known_down_to_the_enum_value(tmp_path: Path) -> None:
    mapping = load(tmp_path, BASE)
    assert mapping.provides("users", "gender")
    assert mapping.provides("users", "gender", "FEMALE")
    assert not mapping.provides("users", "gender", "OTHER")
    assert mapping.provides("users", "customer_kind", "PRIVATE")
    assert not mapping.provides("users", "customer_kind", "BUSINESS")
    assert not mapping.provides("users", "email")
    assert not mapping.provides("orders", "order_id")


@pytest.mark.parametrize(
    ("change", "line", "what", "near"),
    [
        (("users:", "usres:"), 8, "no canonical entity", "users"),
        (("user_id: id", "user_id: id\n      emial: mail"), 13, "no canonical column 'emial'", "email"),
        (("m: MALE", "m: MALES"), 13, "no value 'MALES'", "MALE"),
        (("table: people", "table: peple"), 9, "does not list", "people"),
        (("table: people", "table: old_people"), 9, "does not list as mapped", None),
        (("user_id: id", "email: mail"), 11, "lacks its required column 'user_id'", None),
        (("user_id: id", "user_id: id\n      full_name: password"), 13, "secret", None),
        (("user_id: id", "user_id: id\n      full_name: api_key"), 13, "named like a secret", None),
        (("Africa/Accra", "Accra"), 3, "unknown time zone", None),
        (
            ("{constant: PRIVATE}", "{constant: PRIVATE, from: kind}"),
            15,
            "one of `from`, `join`, `sql` or `constant`",
            None,
        ),
        (("user_id: id", "user_id: {from: id, default: x}"), 12, "not an enum", None),
    ],
)
def test_a_wrong_mapping_names_the_line_and_the_nearest_name(
    tmp_path: Path, change: tuple[str, str], line: int, what: str, near: str | None
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, BASE.replace(*change))
    assert what in caught.value.what
    assert caught.value.where == f"{tmp_path / 'shop.yml'}:{line}"
    if near:
        assert caught.value.nearest == near


def test_the_source_is_held_against_the_mapping(tmp_path: Path) -> None:
    mapping = load(tmp_path, BASE)
    report = check_catalog(mapping, {**CATALOG, "surprise": {"x": "text"}})
    assert report.unlisted_tables == ("surprise",)
    assert report.unclassified_columns == ()
    without_dob = {"people": {k: v for k, v in CATALOG["people"].items() if k != "dob"} | {"card": "text"}}
    report = check_catalog(mapping, without_dob)
    assert report.absent_optional == ("people.dob",)
    assert report.unclassified_columns == ("people.card",)


@pytest.mark.parametrize(
    ("catalog", "what", "near"),
    [
        ({"poeple": CATALOG["people"]}, "no table 'people'", "poeple"),
        ({"people": {**CATALOG["people"], "sx": "text"} | {}}, "", None),
        (
            {"people": {("sexe" if k == "sex" else k): v for k, v in CATALOG["people"].items()}},
            "no column people.sex",
            "sexe",
        ),
        (
            {"people": {**CATALOG["people"], "dob": "boolean"}},
            "boolean, which does not fit users.birth_date",
            None,
        ),
        ({"people": {**CATALOG["people"], "id": "jsonb"}}, "jsonb, which does not fit users.user_id", None),
    ],
)
def test_a_source_that_does_not_fit_is_told_apart(
    tmp_path: Path, catalog: dict[str, dict[str, str]], what: str, near: str | None
) -> None:
    mapping = load(tmp_path, BASE)
    if not what:
        assert check_catalog(mapping, catalog).unclassified_columns == ("people.sx",)
        return
    with pytest.raises(SourceMismatch) as caught:
        check_catalog(mapping, catalog)
    assert what in caught.value.what
    assert caught.value.nearest == near


def test_an_unknown_mapping_lists_where_it_looked(tmp_path: Path) -> None:
    (tmp_path / "myshop.yml").write_text(BASE)
    assert find_mapping("myshop", (tmp_path,)) == tmp_path / "myshop.yml"
    with pytest.raises(ConfigError) as caught:
        find_mapping("mysop", (tmp_path,))
    assert caught.value.nearest == "myshop"
    with pytest.raises(ConfigError):
        find_mapping("../../etc/passwd", (tmp_path,))


HOSTILE = "{{ env_var('HOME') }}"


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("values: {w: FEMALE, m: MALE}", f'values: {{w: FEMALE, "{HOSTILE}": MALE}}'),
        ("values: {w: FEMALE, m: MALE}", 'values: {w: FEMALE, "{# m": MALE}'),
        ("{from: dob, optional: true}", f'{{from: dob, format: "{HOSTILE}"}}'),
        ("{from: dob, optional: true}", '{from: dob, format: "{% raw %}"}'),
        ("{from: dob, optional: true}", '{from: "{{dob}}"}'),
        ("{from: dob, optional: true}", '{from: "dob}"}'),
        ("{from: dob, optional: true}", '{from: "dob\\n-- x"}'),
        ("{kind: [buyer]}", f'{{kind: ["{HOSTILE}"]}}'),
        ("{kind: [buyer]}", '{"ki{{nd": [buyer]}'),
        ("{kind: [buyer]}", '{kind: ["a\\0b"]}'),
        ("{column: changed, key: [id]}", '{column: "{{changed}}", key: [id]}'),
        ("{column: changed, key: [id]}", '{column: changed, key: ["{%id"]}'),
        ("people", '"peo\'ple"'),
        ("people", '"peo\\"ple"'),
        ("people", '"people\\\\"'),
        ("people", '"{{people}}"'),
        ("people", '"peo\\nple"'),
        ("people", "\"x') }} {{ source('bronze\""),
    ],
)
def test_a_text_that_a_template_could_read_is_refused(tmp_path: Path, written: str, instead: str) -> None:
    """The texts of a mapping are written into models, which are templates."""
    assert written in BASE
    with pytest.raises(ConfigError, match="holds") as caught:
        load(tmp_path, BASE.replace(written, instead))
    assert caught.value.where
    assert caught.value.next_step


def test_texts_of_every_language_may_be_mapped(tmp_path: Path) -> None:
    text = BASE.replace("w: FEMALE", '"f\xe9minin d\'ici -- 100 % {x}": FEMALE')
    text = text.replace("sex", "\"s\xe9x 'n'\"").replace("old_people", "old")
    mapping = load(tmp_path, text.replace("people", '"Pers\xf6nen & Co-1"'))
    assert mapping.landed["Pers\xf6nen & Co-1"][1] == "s\xe9x 'n'"


@pytest.mark.parametrize(
    "column",
    ["passphrase", "cardNo", "account_no", "card_cvc", "otp", "login_otp", "credentials", "pin_salt"],
)
def test_a_column_named_like_a_secret_is_refused(tmp_path: Path, column: str) -> None:
    with pytest.raises(ConfigError, match="named like a secret"):
        load(tmp_path, BASE.replace("{from: sex,", f"{{from: {column},"))
    load(tmp_path, BASE.replace("{from: sex,", "{from: account_note,"))
