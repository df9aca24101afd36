"""The command line `mainspring`."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]


def main() -> int:
    """Runs one command; its exit code is returned."""
    match sys.argv[1:]:
        case ["--version"]:
            print(version("mainspring"))
            return 0
        case ["test", *arguments]:
            return subprocess.call([sys.executable, "-m", "pytest", *arguments], cwd=CHECKOUT)
        case _:
            print("usage: mainspring --version | test [pytest arguments]", file=sys.stderr)
            return 2
