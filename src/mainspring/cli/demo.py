"""`mainspring demo`: a workflow on real data that is worth watching, killing, and going on with."""

from __future__ import annotations

import os
from pathlib import Path

from mainspring.cli.commands import UsageError
from mainspring.cli.output import Output, paint
from mainspring.cli.parser import Options, Parser
from mainspring.cli.session import Session
from mainspring.cli.stores import hint
from mainspring.demo.tzif import database_version
from mainspring.demo.workflow import NAME, REPORT, YEARS, demo_workflow
from mainspring.engine import Engine
from mainspring.errors import DeniedError

FOLDER = "mainspring-demo"
PAGE = 1_000
ELSEWHERE = "name another one: mainspring demo --folder PATH"


def arguments(parser: Parser) -> None:
    parser.add_argument(
        "--years",
        metavar="N",
        type=int,
        default=YEARS,
        help=f"walked through in each zone; default {YEARS}, more takes longer",
    )
    parser.add_argument(
        "--folder", metavar="FOLDER", default=FOLDER, help=f"for the store and the report; default ./{FOLDER}"
    )
    parser.add_argument("--slots", metavar="N", type=int, help="attempts at once; default: as the handlers allow")
    parser.describe("--store", f"the store; default demo.db in the folder, ./{FOLDER}/demo.db")
    parser.note = (
        "It measures all zones of the tz database: one task for each, joins, a branch, and a task that fails on "
        "purpose and is retried. Kill it half-way, call it again, and it goes on where it was."
    )


def perform(options: Options, output: Output) -> int:
    if not 1 <= options.years <= 100:
        raise UsageError(f"--years must be 1 to 100, not {options.years}")
    folder, go_on = Path(options.folder), _command(options)
    _prepare(folder)
    if options.store is None:
        options.store = str(folder / "demo.db")
    if not output.is_json:
        output.line(f"The time zones of the world, measured from the tz database {database_version()}.")
        output.line(
            paint("Kill it half-way if you like (Ctrl-C, kill -9), and call it again: it goes on.\n", "quiet", output)
        )
    with Session(options, output) as session:
        engine = session.engine
        instance = engine.start(demo_workflow(), {"folder": str(folder), "years": options.years}, id=_next_id(engine))
        code = session.watch(instance, title="demo", go_on=go_on)
    if code == 0 and not output.is_json:
        report = folder / REPORT
        output.line(f"\nThe report is in {paint(str(report), 'bold', output)}: open it in a browser.")
        output.line(f"{paint(go_on, 'name', output)} starts another one; stop it half-way, and go on.")
    return code


def _command(options: Options) -> str:
    """The command line that goes on with this demo: the same options, so the same store."""
    words = ["demo"]
    for name, default in (("years", YEARS), ("folder", FOLDER), ("slots", None)):
        value = getattr(options, name)
        if value != default:
            words += [f"--{name}", str(value)]
    return hint(options, *words)


def _next_id(engine: Engine) -> str:
    """The demo that is under way, if there is one; a new one otherwise."""
    page = engine.list(definition=NAME, limit=PAGE)
    for info in page:
        if info.status in ("created", "running", "paused"):
            return info.id
    return f"demo-{len(page) + 1}"


def _prepare(folder: Path) -> None:
    """Have the folder, or say at once why it cannot be had."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DeniedError(f"cannot make the folder {folder.absolute()} ({error.strerror}); {ELSEWHERE}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DeniedError(f"the folder {folder.absolute()} may not be written by this user; {ELSEWHERE}")
