"""Reads the arguments of one command.

The standard library's argparse, which costs 8 ms; libraries that read type annotations cost twenty times as much, more
than everything that `mainspring list` does.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from mainspring.cli import pages
from mainspring.cli.commands import EVERYWHERE, Command, UsageError, nearest
from mainspring.cli.output import Output

Options = argparse.Namespace

COMMON_WITH_VALUE = ("--store",)
ALONE = ("--version", "--complete", "--install-completion")
"""Options that are commands of their own."""


def split_command(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The command's name and its arguments; options that all commands have may stand before the name as well."""
    before: list[str] = []
    left = list(arguments)
    while left:
        word = left.pop(0)
        if word in ALONE or not word.startswith("-"):
            return word, before + left
        if word in ("-h", "--help"):
            return "", []
        if word not in ("--json", "--debug") and not word.startswith("--store"):
            return word, left
        before.append(word)
        if word in COMMON_WITH_VALUE and left:
            before.append(left.pop(0))
    return "", before


class Parser(argparse.ArgumentParser):
    """The arguments of one command, with the options that all of them have."""

    def __init__(self, command: Command) -> None:
        super().__init__(prog=f"mainspring {command.name}", add_help=False, allow_abbrev=False)
        self.command = command
        self.examples: list[tuple[str, str]] = []
        """(command line, what it does)"""
        self.note = ""
        """What a reader of the help page should know besides."""
        self.add_argument("--store", metavar="URL", help=EVERYWHERE["--store URL"])
        self.add_argument("--json", action="store_true", help=EVERYWHERE["--json"])
        self.add_argument("--debug", action="store_true", help=EVERYWHERE["--debug"])
        self.add_argument("-h", "--help", action="store_true", help="show this page")
        self._common = list(self._actions)

    def read(self, arguments: Sequence[str], output: Output) -> Options | None:
        """The options; None when help was asked for, and has been printed."""
        if "-h" in arguments or "--help" in arguments:
            output.line(pages.command_page(self, output))
            return None
        options, unknown = self.parse_known_intermixed_args(list(arguments))
        if unknown:
            self._refuse_unknown(unknown[0])
        options.command = self.command.name
        return options

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")

    def options(self) -> list[Any]:
        return [action for action in self._actions if action.option_strings]

    def option_names(self) -> list[str]:
        return [name for action in self.options() for name in action.option_strings]

    def _refuse_unknown(self, word: str) -> NoReturn:
        if word.startswith("-"):
            raise UsageError(f"no option {word}{nearest(word, self.option_names())}; see `{self.prog} --help`")
        raise UsageError(f"{word!r} is one argument too many; see `{self.prog} --help`")

    def describe(self, option: str, text: str) -> None:
        """What an option that all commands have means for this one."""
        self._option_string_actions[option].help = text

    def groups(self) -> list[tuple[str, list[Any]]]:
        """(title, arguments) for the help page."""
        own = [action for action in self._actions if action not in self._common]
        positional = [action for action in own if not action.option_strings]
        options = [action for action in own if action.option_strings]
        return [("Arguments", positional), ("Options", options), ("Everywhere", self._common)]
