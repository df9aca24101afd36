"""Which store a command works on; what only looks does not load the engine."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from shutil import which

from mainspring.cli.commands import UsageError
from mainspring.cli.parser import Options
from mainspring.looking import Looking
from mainspring.masking import masked

ALMOST_URLS = ("postgresql:", "postgres:", "sqlite:")
"""Not the name of a file, but a URL without its slashes, which is told so."""
CHECKOUT = Path(__file__).parents[3]


def store_of(options: Options) -> str | None:
    """The URL that was given; a plain file name is one as well."""
    given: str | None = options.store
    if given is not None and not given.strip():
        raise UsageError("--store is empty; name a file or a URL, or leave it out for $MAINSPRING_URL or mainspring.db")
    if given is None or "://" in given or given.startswith(ALMOST_URLS):
        return given
    return f"sqlite:///{given}"


def look(options: Options) -> Looking:
    """The store to look into; raises `StoreNotFoundError` where there is none."""
    return Looking(store_of(options))


def is_worked_on(looking: Looking) -> bool:
    """Whether another process is there that runs tasks."""
    me = f"{os.getpid()}@"
    return any(not worker.process.startswith(me) for worker in looking.living())


def hint(options: Options, *words: str) -> str:
    """A command line to type next, for the same store; a password is for whoever types it to fill in."""
    store = ["--store", masked(options.store)] if options.store else []
    return shlex.join([own_name(), *words, *store])


def own_name() -> str:
    """How mainspring is called here: by its name where the shell finds it, else by its launcher or its path."""
    me, found = Path(sys.argv[0]), which("mainspring")
    if found is not None and me.exists() and Path(found).samefile(me):
        return "mainspring"
    launcher = CHECKOUT / "mainspring"
    if launcher.is_file() and CHECKOUT in me.absolute().parents:
        return "./mainspring" if Path.cwd() == CHECKOUT else str(launcher)
    # A script of an environment that is not on the path is called as it was now.
    return sys.argv[0] if me.name == "mainspring" and me.is_absolute() and me.exists() else "mainspring"
