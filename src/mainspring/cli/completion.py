"""Completion: the shell asks `mainspring --complete` for what could come next, so that it knows ids as well.

bash and zsh hand over the line and the cursor in COMP_LINE and COMP_POINT; fish gives the words as arguments.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from mainspring.cli.commands import COMMANDS, UsageError, find_command, nearest
from mainspring.cli.output import Output
from mainspring.errors import MainspringError

IDS_MAX = 100
"""Instances offered; a longer list is no help."""

COMPLETE = 'complete -o default -C "mainspring --complete" mainspring'
SCRIPTS = {
    "bash": ("~/.bashrc", COMPLETE),
    "zsh": (
        "~/.zshrc",
        f"autoload -U +X compinit && compinit && autoload -U +X bashcompinit && bashcompinit\n{COMPLETE}",
    ),
    "fish": (
        "~/.config/fish/completions/mainspring.fish",
        "complete -c mainspring -a '(mainspring --complete (commandline -cop) (commandline -ct))'",
    ),
}
"""Per shell: the file that is read at its start, and what must stand in it."""
MARK = "# mainspring completion"
VALUES: dict[tuple[str, str], str | tuple[str, str]] = {
    ("list", "status"): ("mainspring.looking", "STATUSES"),
    ("worker", "queue"): "queues",
    ("queues", "verb"): ("mainspring.cli.queues", "VERBS"),
    ("queues", "name"): "queues",
    ("schedule", "action"): ("mainspring.cli.schedule", "ACTIONS"),
    ("schedule", "name"): "schedules",
}
"""By command and argument: the module and the name of a constant, or what of a store has the names."""


def install(arguments: list[str], output: Output) -> int:
    """Let the user's shell, or the one named, complete from its next start on."""
    shell = arguments[0] if arguments else Path(os.environ.get("SHELL", "")).name
    if shell not in SCRIPTS:
        raise UsageError(
            f"no completion for the shell {shell!r}{nearest(shell, SCRIPTS)}; there are {', '.join(SCRIPTS)}"
        )
    file, script = SCRIPTS[shell]
    path = Path(file).expanduser()
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if MARK in text:
        output.line(f"{file} has it already")
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(f"\n{MARK}\n{script}\n")
    output.line(f"added to {file}; it works in shells started from now on")
    return 0


def complete(arguments: list[str]) -> int:
    """Print what could stand at the cursor, one a line."""
    words, current = _position(arguments)
    try:
        for candidate in sorted(set(_candidates(words, current))):
            if candidate.startswith(current):
                print(candidate)
    except MainspringError:
        pass  # a completion that cannot be had is no reason to disturb whoever types
    return 0


def _position(arguments: list[str]) -> tuple[list[str], str]:
    """The words before the cursor without the program, and what of the present one is there already."""
    line = os.environ.get("COMP_LINE")
    if line is None:
        return arguments[1:-1], arguments[-1] if len(arguments) > 1 else ""
    before = line[: int(os.environ.get("COMP_POINT", len(line)))]
    try:
        words = shlex.split(before)
    except ValueError:  # an open quote
        words = before.split()
    current = "" if before.endswith(" ") or not words else words.pop()
    return words[1:], current


def _candidates(words: list[str], current: str) -> Iterator[str]:
    names = [word for word in words if word in COMMANDS]
    if not names:
        yield from (name for name, command in COMMANDS.items() if command.group)
        yield from ("--help", "--version", "--install-completion")
        return
    parser = import_module("mainspring.cli.parser").Parser(find_command(names[0]))
    module = import_module(parser.command.module)
    if not hasattr(module, "arguments"):
        return
    module.arguments(parser)
    argument = _argument_at(parser, words[words.index(names[0]) + 1 :])
    if current.startswith("-"):
        yield from parser.option_names()
    elif argument is not None:
        yield from _values(names[0], argument, words, current)


def _argument_at(parser: Any, words: list[str]) -> Any:
    """What stands at the cursor, after these words of a command: the value of an option, or an argument; or None."""
    options = {name: action for action in parser.options() for name in action.option_strings}
    place, wanted = 0, None
    for word in words:
        if wanted is not None:
            wanted = None  # this was its value
        elif word.startswith("-"):
            option = options.get(word)
            wanted = option if option is not None and option.nargs != 0 else None
        else:
            place += 1
    positional = parser.groups()[0][1]
    if wanted is not None or not positional:
        return wanted
    last = positional[-1]
    return positional[place] if place < len(positional) else last if last.nargs == "*" else None


def _values(command: str, argument: Any, words: list[str], current: str) -> Iterable[str]:
    known = VALUES.get((command, argument.dest))
    if known is None:
        return _ids(words) if "ID" in str(argument.metavar).split("|") else ()
    if isinstance(known, str):
        with _opened(words) as looking:
            found = [one.name for one in getattr(looking, known)()]
    else:
        found = list(getattr(import_module(known[0]), known[1]))
    before, comma, _ = current.rpartition(",")
    return [f"{before}{comma}{one}" for one in found]


def _ids(words: list[str]) -> Iterable[str]:
    with _opened(words) as looking:
        return [info.id for info in looking.list(limit=IDS_MAX)]


def _opened(words: list[str]) -> Any:
    looking = import_module("mainspring.looking").Looking
    store = words[words.index("--store") + 1] if "--store" in words[:-1] else None
    return looking(f"sqlite:///{store}" if store and "://" not in store else store)
