"""What may be said of signing in, and what is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from amalimart.config.project import SETTINGS_FILE, open_project
from amalimart.core.errors import ConfigError

RIGHT = """\
sign_in:
  passwords: false
  oidc:
    name: Example ID
    issuer: https://id.example.com
    client_id: amalimart
    client_secret: secret:OIDC
    groups_claim: groups
    roles: {sellers: vendor}
    vendor_ids_claim: vendors
"""


def opened(folder: Path, text: str) -> object:
    (folder / SETTINGS_FILE).write_text(text)
    return open_project(folder).settings.sign_in


def test_a_provider_with_groups_is_read(tmp_path: Path) -> None:
    read = opened(tmp_path, RIGHT)
    assert "'sellers': 'vendor'" in repr(read)
    assert "https://id.example.com" in repr(
        opened(tmp_path, RIGHT.replace("example.com", "example.com:8443"))
    ).replace(":8443", "")
    opened(tmp_path, RIGHT.replace("https://id.example.com", "http://127.0.0.1:9400"))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("https://id.", "http://id.", "not an https:// address"),
        ("https://id.", "http://localhost.", "not an https:// address"),
        ("https://id.", "https://user:pass@id.", "not an https:// address"),
        ("id.example.com", "id.example.com?x=1", "not an https:// address"),
        ("secret:OIDC", "hunter2", "secret:NAME"),
        ("vendor}", "service}", "is no role of a person"),
        ("vendor}", "Not a role}", "is no role of a person"),
        ("    groups_claim: groups\n", "", "belong together"),
        ("    roles: {sellers: vendor}\n", "", "belong together"),
        ("groups_claim: groups", "groups_claim: groups\n    role_claim: role", "give `role_claim`, or"),
        ("client_id", "clientid", "client_id"),
        ("name: Example ID", "name: Example ID\n    algorithms: [none]", "algorithms"),
        ("name: Example ID", "name: Example ID\n    algorithms: [HS256]", "algorithms"),
        ("name: Example ID", "name: Example ID\n    scopes: [openid]", "needs `openid` and `email`"),
        ("name: Example ID", "name: Example ID\n    allowed_domains: ['@x.com']", "not a domain"),
        ("name: Example ID", "name: Example ID\n    site_url: https://x.com/deep", "more than the address"),
        ("name: Example ID", "name: Example ID\n    timeout_seconds: 0", "timeout_seconds"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    assert before in RIGHT
    with pytest.raises(ConfigError) as caught:
        opened(tmp_path, RIGHT.replace(before, after))
    told = str(caught.value)
    assert said in told
    assert "hunter2" not in told
    assert SETTINGS_FILE in (caught.value.where or "")


def test_some_way_in_is_left(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nobody could sign in"):
        opened(tmp_path, "sign_in: {passwords: false}\n")
