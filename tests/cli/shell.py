"""The command line as a person runs it: a process of its own on a project folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CSV_ORDERS = "id,buyer,placed,total\n1,7,2026-03-01 10:00:00,10.10\n2,8,2026-03-02 10:00:00,20.20\n"
MAPPING = """\
mapping: tiny
description: two columns of a tiny shop
time_zone: Africa/Accra
tables:
  orders: {}
entities:
  orders:
    table: orders
    columns:
      order_id: id
      customer_id: buyer
      order_date: placed
      total_amount: total
      currency: {constant: GHS}
"""


class Shell:
    """The command line on a project folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.drop = folder / "drop"
        self.drop.mkdir()
        self.mapping = folder / "tiny.yml"
        self.mapping.write_text(MAPPING)
        (self.drop / "orders.csv").write_text(CSV_ORDERS)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.told("", *arguments, **environment)

    def told(self, answer: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run with something on standard input."""
        command = [sys.executable, "-c", "from amalimart.cli import main; main()", *arguments]
        return subprocess.run(
            command,
            env={**os.environ, "AMALIMART_HOME": str(self.home), **environment},
            cwd=self.folder,
            input=answer,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def fails(self, code: int, *arguments: str, **environment: str) -> dict[str, Any]:
        """Run with --json and return the one error it must print."""
        ended = self.run(*arguments, "--json", **environment)
        assert ended.returncode == code, (ended.returncode, ended.stdout, ended.stderr)
        assert ended.stdout == ""
        last = ended.stderr.strip().splitlines()[-1]
        return dict(json.loads(last)["error"])

    def ingest(self) -> tuple[str, ...]:
        return ("ingest", "csv", str(self.drop), "--mapping", str(self.mapping))

    def gmv(self) -> str:
        ended = self.run("query", "gmv", "--json")
        assert (ended.returncode, ended.stderr) == (0, "")
        return str(json.loads(ended.stdout)["rows"][0][0])
