"""One command from its arguments to its exit code, whatever goes wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from mainspring.cli import INTERRUPTED, completion, pages
from mainspring.cli.commands import COMMANDS, find_command
from mainspring.cli.failures import exit_code_of, tell
from mainspring.cli.output import Output, OutputLostError
from mainspring.cli.parser import Parser, split_command


def run(arguments: Sequence[str]) -> int:
    """Runs the command that these arguments say."""
    output = Output.of(arguments)
    try:
        code = _perform(arguments, output)
        output.close()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has seen enough (`mainspring journal ID | head`); nothing may complain at exit either.
        _drop_output()
        return 0
    except Exception as error:
        if "--debug" in arguments:
            raise
        if isinstance(error, OutputLostError):
            _drop_output()
        tell(error, output)
        return exit_code_of(error)
    return code


def _drop_output() -> None:
    """What could not be written is tried again when Python ends; let that go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _perform(arguments: Sequence[str], output: Output) -> int:
    name, rest = split_command(arguments)
    match name:
        case "":
            output.line(pages.main_page(output))
            return 0
        case "help":
            return _perform([*rest[:1], "--help"], output)
        case "--version":
            output.line(import_module("importlib.metadata").version("mainspring"))
            return 0
        case "--complete":
            return completion.complete(rest)
        case "--install-completion":
            return completion.install(rest, output)
        case "test":
            return int(import_module(COMMANDS["test"].module).perform(list(rest), output))
    command = find_command(name)
    module = import_module(command.module)
    parser = Parser(command)
    module.arguments(parser)
    options = parser.read(rest, output)
    return 0 if options is None else int(module.perform(options, output) or 0)
