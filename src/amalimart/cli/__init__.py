"""The command line: a thin client. Data on standard output, everything else on standard error.

Exit codes: 0 done, 1 a defect of ours, 2 configuration or usage, 3 source, 4 lake, 5 warehouse,
6 question, 7 access, 8 processes and ports, 9 monitored checks, 130 interrupted. This module owns them
and standard error; heavy imports happen inside commands, so that --help stays fast.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

INTERRUPTED = 130


def main() -> NoReturn:
    """Run one command and leave with its exit code."""
    from amalimart.cli.application import application
    from amalimart.cli.failure import explain

    os.umask(0o077)  # data, secrets and logs of a project are its owner's alone
    as_json = "--json" in sys.argv
    try:
        # A command that ends with ctx.exit(code) comes back as that code.
        ended = application(prog_name="amalimart", standalone_mode=False)
        code = ended if isinstance(ended, int) else 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe went away; closing quietly is what every Unix tool does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:  # noqa: BLE001 - the one place where an error becomes words and a code
        code = explain(error, as_json=as_json)
    sys.exit(code)
