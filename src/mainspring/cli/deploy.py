"""`mainspring deploy`: store a definition, so that it can be started by its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from warnings import catch_warnings, simplefilter

from mainspring import Process
from mainspring.cli.load import load_definition
from mainspring.cli.output import Output, sign
from mainspring.cli.parser import Options, Parser
from mainspring.cli.stores import hint, store_of
from mainspring.engine import Engine
from mainspring.errors import DefinitionOddWarning


def arguments(parser: Parser) -> None:
    parser.add_argument("target", metavar="FILE|module:name", help="claim.bpmn, report.py, order.scxml, package:name")
    parser.note = "The same again is the same version; what has changed is a new one, and what runs keeps its own."
    parser.examples = [("mainspring deploy claim.bpmn", "with all processes in the file")]


def perform(options: Options, output: Output) -> int:
    definition = load_definition(options.target)
    with oddities() as odd, Engine(store_of(options), slots=0) as engine:
        version = engine.deploy(definition)
    warnings = [str(each) for each in definition.warnings] if isinstance(definition, Process) else []
    if output.is_json:
        told = {"definition": definition.name, "version": version}
        output.json({**told, "warnings": warnings, "oddities": odd})
        return 0
    output.line(f"{sign('completed', output)} {definition.name}, version {version}")
    for word, texts in (("warning", warnings), ("odd", odd)):
        for each in texts:
            output.line(f"  {word}: {each}")
    output.table(["", "", ""], [(" ", (hint(options, "start", definition.name), "name"), "begins one")])
    return 0


@contextmanager
def oddities() -> Iterator[list[str]]:
    """What is odd about the definitions that are deployed inside, known at the end of it."""
    odd: list[str] = []
    with catch_warnings(record=True, category=DefinitionOddWarning) as caught:
        simplefilter("always", DefinitionOddWarning)
        yield odd
    odd += [str(each.message) for each in caught]
