"""The command line `mainspring`.

This file is light, so that Ctrl-C is heard from the first moment on; the rest is in `program`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from types import FrameType

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""


def main() -> int:
    """Runs one command; its exit code is returned."""
    signal.signal(signal.SIGINT, _leave)
    _open_streams()
    return run(sys.argv[1:])


def run(arguments: Sequence[str]) -> int:
    """Runs the command that these arguments say."""
    return int(import_module("mainspring.cli.program").run(arguments))


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a signal handler
    """Ctrl-C while nothing runs here that wants an orderly end: what is durable stays."""
    with suppress(OSError, RuntimeError, ValueError):  # nobody reads, or we came in the middle of a write
        sys.stdout.flush()
    os._exit(INTERRUPTED)


def _open_streams() -> None:
    """Whoever closed a standard stream (`mainspring list >&-`) wants silence; and no store may get its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            os.set_inheritable(opened, True)
            setattr(sys, name, os.fdopen(opened, "r" if name == "stdin" else "w", encoding="utf-8"))
