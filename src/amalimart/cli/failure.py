"""How a failed command ends: one clear message on standard error and a documented exit code."""

from __future__ import annotations

import os
import sys
import traceback

import click

from amalimart.core.errors import AmalimartError
from amalimart.core.wire import dumps

DEFECT = 1
USAGE = 2


def explain(error: Exception, *, as_json: bool) -> int:
    """Print one error and return its exit code. A defect of ours shows where to report it."""
    if isinstance(error, AmalimartError):
        body = dumps({"error": error.as_dict()}) if as_json else f"error: {error}"
        sys.stderr.write(body + "\n")
        return error.exit_code
    if isinstance(error, click.exceptions.Abort):
        return 130
    if isinstance(error, click.ClickException):
        if as_json:
            usage = {"code": "usage", "what": error.format_message(), "next_step": "amalimart --help"}
            sys.stderr.write(dumps({"error": usage}) + "\n")
        else:
            error.show(sys.stderr)
        return USAGE
    if os.environ.get("AMALIMART_TRACEBACK"):
        traceback.print_exc()
    sys.stderr.write(
        f"error: a defect of amalimart: {type(error).__name__}: {error}\n"
        "  next: run the command again with AMALIMART_TRACEBACK=1 and report what it prints\n"
    )
    return DEFECT
