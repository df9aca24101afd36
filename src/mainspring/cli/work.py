"""`mainspring work`: run what waits in the store, until interrupted."""

from __future__ import annotations

from mainspring.cli.commands import UsageError
from mainspring.cli.load import load, make_importable
from mainspring.cli.output import Output
from mainspring.cli.parser import Options, Parser
from mainspring.cli.session import Session


def arguments(parser: Parser) -> None:
    parser.add_argument(
        "targets", metavar="FILE|module:name", nargs="*", help="workflows whose handlers this process offers besides"
    )
    parser.add_argument("--slots", metavar="N", type=int, help="attempts at once; default: as the handlers allow")
    parser.add_argument("--until-idle", action="store_true", help="end when every instance has ended or is paused")
    parser.note = (
        "Handlers are imported by their names from the present folder and from the folders of the files; "
        "several workers may share one store."
    )


def perform(options: Options, output: Output) -> int:
    if options.slots is not None and options.slots < 1:
        raise UsageError("--slots must be 1 or more")
    make_importable(".")
    workflows = [load(target) for target in options.targets]
    with Session(options, output) as session:
        for workflow in workflows:
            session.engine.deploy(workflow)
        return session.work(until_idle=options.until_idle)
