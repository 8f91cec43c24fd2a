"""Scripts and styles: read once, kept compressed in memory, served at an address that changes with them."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from amalimart.api.language import Language
from amalimart.core.errors import NotFound
from amalimart.web.vega_bundle import VegaBundle
from amalimart.web.wording import wording

STATIC = Path(__file__).parent / "static"
_CLASSIC = frozenset({"js/early.js"})  # runs before the first paint, so it is no module
_OF_DASHBOARDS = re.compile(r"js/[^/]+\.js").fullmatch
_FOREVER = "public, max-age=31536000, immutable"
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    gzipped: bytes
    media_type: str


class Assets:
    """All files of the pages under one version, which is the hash of their contents."""

    def __init__(self, vega: VegaBundle, folder: Path = STATIC) -> None:
        self.vega = vega
        self._files, self.version = _packed(folder)

    def url(self, name: str) -> str:
        """The address of a file. Raises KeyError for a file that does not exist."""
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"

    @property
    def modules(self) -> list[str]:
        """The addresses of the script modules of dashboards, to be fetched early.

        Those that other pages alone use have folders of their own.
        """
        return [self.url(name) for name in self._files if _OF_DASHBOARDS(name) and name not in _CLASSIC]

    @property
    def vega_url(self) -> str:
        """The address of the chart library."""
        return f"/vega/{self.vega.version}.js"

    def routes(self) -> list[Route]:
        """The routes of the files; they need no sign-in and tell nothing about anyone.

        A browser that has kept nothing asks for dozens of them: what is in memory goes out without a thread.
        """

        async def static_file(request: Request) -> Response:
            version, name = request.path_params["version"], request.path_params["name"]
            if version != self.version or name not in self._files:
                raise NotFound("There is nothing at this address.", where=request.url.path)
            asset = self._files[name]
            return _compressed(asset.gzipped, asset.media_type, request)

        def chart_library(request: Request) -> Response:
            if request.path_params["version"] != self.vega.version:
                raise NotFound("There is nothing at this address.", where=request.url.path)
            return _compressed(self.vega.gzipped(), _TYPES[".js"], request)

        return [
            Route("/static/{version}/{name:path}", static_file),
            Route("/vega/{version}.js", chart_library),
        ]


@cache
def _packed(folder: Path) -> tuple[Mapping[str, Asset], str]:
    """What is served of a folder, and its version: read and compressed once, it comes with the program."""
    files: dict[str, Asset] = {}
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        digest.update(name.encode() + b"\0" + content)
        guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
        files[name] = Asset(
            gzip.compress(content, compresslevel=9, mtime=0), _TYPES.get(path.suffix, guessed)
        )
    for language in Language:
        name, content = f"texts/{language.value}.js", wording(language).module()
        digest.update(name.encode() + b"\0" + content)
        files[name] = Asset(gzip.compress(content, compresslevel=9, mtime=0), _TYPES[".js"])
    return files, digest.hexdigest()[:16]


def _compressed(gzipped: bytes, media_type: str, request: Request) -> Response:
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(gzipped, media_type=media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(gzip.decompress(gzipped), media_type=media_type, headers=headers)
