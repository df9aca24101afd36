"""The pages that `--help` shows."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, Protocol

from mainspring.cli.commands import COMMANDS, EVERYWHERE, GROUPS, Command
from mainspring.cli.output import Output, paint

WIDTH_MAX = 100
"""Longer lines are hard to read, however wide the terminal."""


class Described(Protocol):
    """What a page needs to know of a command's arguments."""

    prog: str
    command: Command
    note: str
    examples: list[tuple[str, str]]

    def groups(self) -> Sequence[tuple[str, list[Any]]]:
        """(title, arguments)"""


def main_page(output: Output) -> str:
    """The page of `mainspring --help`."""
    lines = [
        f"{paint('mainspring', 'bold', output)}: workflows, state machines, schedules, tasks and processes",
        "that survive crashes; in one SQLite file, or on PostgreSQL with many workers",
        "",
        f"  {paint('usage', 'quiet', output)}  mainspring COMMAND …    `mainspring COMMAND --help` tells more",
    ]
    for group, title in GROUPS.items():
        lines += ["", paint(title, "bold", output)]
        rows = [(command.name, command.summary) for command in COMMANDS.values() if command.group == group]
        lines += two_columns(rows, output, first=10)
    lines += ["", paint("Everywhere", "bold", output)]
    lines += two_columns(list(EVERYWHERE.items()), output, first=12)
    lines += ["", paint("Also", "bold", output)]
    lines += two_columns(
        [("--install-completion", "let the shell complete commands, options and ids"), ("--version", "")],
        output,
        first=22,
    )
    return "\n".join(lines)


def command_page(parser: Described, output: Output) -> str:
    """The page of `mainspring COMMAND --help`."""
    lines = [f"{parser.command.summary}.", "", f"  {paint('usage', 'quiet', output)}  {usage(parser)}"]
    if parser.note:
        lines += ["", *textwrap.wrap(parser.note, min(output.width, WIDTH_MAX))]
    for title, actions in parser.groups():
        shown = [action for action in actions if action.help]
        if shown:
            lines += ["", paint(title, "bold", output)]
            lines += two_columns([(name_of(action), action.help or "") for action in shown], output)
    if parser.examples:
        lines += ["", paint("Examples", "bold", output)]
        lines += two_columns(parser.examples, output)
    return "\n".join(lines)


def usage(parser: Described) -> str:
    words = [parser.prog]
    for _, actions in parser.groups()[:1]:
        for action in actions:
            name = str(action.metavar or action.dest)
            words.append({"?": f"[{name}]", "*": f"[{name} …]"}.get(str(action.nargs), name))
    return " ".join([*words, "[OPTIONS]"])


def name_of(action: Any) -> str:
    if not action.option_strings:
        return str(action.metavar or action.dest)
    names = ", ".join(action.option_strings)
    return names if action.nargs == 0 else f"{names} {action.metavar or action.dest.upper()}"


def two_columns(rows: list[tuple[str, str]], output: Output, first: int = 0) -> list[str]:
    """Rows with their second column wrapped under itself."""
    indent = max(first, *(len(name) for name, _ in rows)) + 2
    room = max(min(output.width, WIDTH_MAX) - indent - 2, 24)
    lines: list[str] = []
    for name, text in rows:
        parts = textwrap.wrap(text, room) or [""]
        lines.append(f"  {paint(name.ljust(indent), 'name', output)}{parts[0]}".rstrip())
        lines += [" " * (indent + 2) + part for part in parts[1:]]
    return lines
