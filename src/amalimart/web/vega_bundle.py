"""The chart library for the browser, taken from the installed wheel; made once, kept compressed on disk."""

from __future__ import annotations

import gzip
import os
import tempfile
import threading
from importlib.metadata import version
from pathlib import Path

# An ES module. vegaEmbed brings Vega, Vega-Lite and the expression interpreter, which a strict
# Content-Security-Policy needs and which it uses with the option `ast`. (The name `vega` is null here.)
_EXPORTS = "export { vegaEmbed };"
_LAYOUT = 2  # raise when the exports above change


class VegaBundle:
    """The gzipped chart library of one version."""

    def __init__(self, cache_folder: Path) -> None:
        self.version = f"{version('vl-convert-python')}-{_LAYOUT}"
        self._path = cache_folder / f"vega-{self.version}.js.gz"
        self._lock = threading.Lock()
        self._gzipped: bytes | None = None

    def gzipped(self) -> bytes:
        """The module, compressed. The first call on a machine takes about two seconds."""
        with self._lock:
            if self._gzipped is None:
                self._gzipped = self._kept() or self._made()
            return self._gzipped

    def _kept(self) -> bytes | None:
        """The file of an earlier run; None where there is none or it is damaged."""
        try:
            kept = self._path.read_bytes()
            gzip.decompress(kept)
        except (OSError, EOFError, gzip.BadGzipFile):
            return None
        return kept

    def _made(self) -> bytes:
        import vl_convert  # noqa: PLC0415 - brings a script engine along, which a warm cache never needs

        made = gzip.compress(vl_convert.javascript_bundle(_EXPORTS).encode(), compresslevel=9, mtime=0)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".vega-")
        with os.fdopen(handle, "wb") as file:
            file.write(made)
        Path(name).replace(self._path)
        return made
