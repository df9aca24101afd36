"""`mainspring test`: the tests of the checkout."""

from __future__ import annotations

import subprocess
import sys

from mainspring.cli.output import Output
from mainspring.cli.stores import CHECKOUT
from mainspring.errors import NotFoundError


class CheckoutNotFoundError(NotFoundError):
    """This mainspring was installed without its tests."""


def perform(arguments: list[str], output: Output) -> int:  # noqa: ARG001 - the signature of a command
    """All arguments are pytest's."""
    if not (CHECKOUT / "tests").is_dir():
        raise CheckoutNotFoundError("the tests are only in a checkout of mainspring, not in an installed package")
    return subprocess.call([sys.executable, "-m", "pytest", *arguments], cwd=CHECKOUT)
