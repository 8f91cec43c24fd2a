from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from amalimart.api.language import Language
from amalimart.web.assets import STATIC
from amalimart.web.vega_bundle import VegaBundle
from amalimart.web.wording import wording
from tests.web.asgi_client import TestClient


def test_scripts_and_styles_are_kept_for_ever_under_an_address_that_changes(admin: TestClient) -> None:
    page = admin.get("/dashboards/admin").text
    addresses = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
    assert len(addresses) >= 20
    for address in addresses:
        response = admin.get(address)
        assert response.status_code == 200, address
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.headers["content-encoding"] == "gzip"
        name = re.sub(r"^/static/[0-9a-f]{16}/", "", address)
        if name == "texts/en.js":
            assert response.content == wording(Language.ENGLISH).module()
        else:
            assert response.content == (STATIC / name).read_bytes()
    plain = admin.get(next(iter(addresses)), headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    "path", ["x/js/dom.js", "{}/js/none.js", "{}/../templates/base.html", "{}/%2e%2e/site.py"]
)
def test_nothing_else_is_served(admin: TestClient, path: str) -> None:
    version = re.findall(r"/static/([0-9a-f]{16})/", admin.get("/sign-in").text)[0]
    assert admin.get(f"/static/{path.format(version)}").status_code == 404
    assert admin.get("/vega/1.js").status_code == 404


def test_every_import_of_a_script_is_there() -> None:
    for path in STATIC.rglob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"', path.read_text(encoding="utf-8")):
            assert (path.parent / name).is_file(), (path.name, name)


def test_nothing_on_a_page_asks_for_what_the_policy_forbids(admin: TestClient) -> None:
    for page in (admin.get("/dashboards/admin").text, admin.get("/sign-in").text):
        assert not re.findall(r"\sstyle=|\son[a-z]+=|javascript:|https?://", page)
        scripts = re.findall(r"<script([^>]*)>([^<]*)", page)
        assert all(not text.strip() or "application/json" in attributes for attributes, text in scripts)
    for path in STATIC.rglob("*.*"):
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http" not in text.replace("https?", ""), path.name
        assert not re.findall(
            r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write", text
        )


def test_the_chart_library_is_made_once_and_survives_a_damaged_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def bundle(snippet: str) -> str:
        made.append(snippet)
        return f"/* library */ {snippet}"

    monkeypatch.setattr("vl_convert.javascript_bundle", bundle)
    first = VegaBundle(tmp_path)
    assert gzip.decompress(first.gzipped()) == b"/* library */ export { vegaEmbed };"
    assert VegaBundle(tmp_path).gzipped() == first.gzipped()
    assert len(made) == 1
    (kept,) = tmp_path.iterdir()
    assert first.version in kept.name
    kept.write_bytes(first.gzipped()[:-9])
    assert VegaBundle(tmp_path).gzipped() == first.gzipped()
    assert len(made) == 2
