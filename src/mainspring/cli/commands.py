"""Every command: its name, the module that performs it, and one line that says what it does.

A module has `arguments(parser)` and `perform(options, output)`; it is imported when its command is called.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from mainspring.errors import InvalidError

GROUPS = {
    "run": "Run",
    "look": "Look",
    "steer": "Steer",
    "care": "Take care",
}
"""The sections of the help page, in its order; commands of no group are not shown."""

EVERYWHERE = {
    "--store URL": "the store: sqlite:///file.db, or just file.db, or postgresql://user@host/database; "
    "default $MAINSPRING_URL, else ./mainspring.db",
    "--json": "JSON on standard output, and nothing else",
    "--debug": "show the Python traceback of an error",
}
"""Options of every command."""


class UsageError(InvalidError):
    """The command line itself is wrong."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command."""

    name: str
    group: str
    module: str
    summary: str


_ALL = (
    Command("demo", "run", "mainspring.cli.demo", "Run a workflow on real data that is worth watching"),
    Command("run", "run", "mainspring.cli.run", "Run a workflow to its end, or go on with it, and watch"),
    Command("start", "run", "mainspring.cli.start", "Start an instance and return at once; a worker runs it"),
    Command("deploy", "run", "mainspring.cli.deploy", "Store a definition, so that it can be started by its name"),
    Command("worker", "run", "mainspring.cli.worker", "Run what waits in the store, until interrupted"),
    Command("list", "look", "mainspring.cli.listing", "Instances, the newest first"),
    Command("show", "look", "mainspring.cli.show", "One instance: its nodes, times and errors, and what to do next"),
    Command("timeline", "look", "mainspring.cli.timeline", "When each task ran, as a Gantt chart"),
    Command("graph", "look", "mainspring.cli.graph", "A picture of a definition or an instance: SVG, Mermaid, DOT"),
    Command("tasks", "look", "mainspring.cli.todo", "What waits for people: open user tasks of processes"),
    Command("incidents", "look", "mainspring.cli.todo", "What has stopped or failed, why, and what to do"),
    Command("logs", "look", "mainspring.cli.logs", "What the tasks of an instance said"),
    Command("journal", "look", "mainspring.cli.journal", "All that happened to an instance, and what was decided"),
    Command("schedule", "steer", "mainspring.cli.schedule", "What is started by the clock: list, preview, pause, …"),
    Command("deployments", "steer", "mainspring.cli.deployments", "Definitions: which there are; pause, resume"),
    Command("workers", "look", "mainspring.cli.workers", "Who works: slots, labels, queues, what they have done"),
    Command("queues", "look", "mainspring.cli.queues", "What waits and runs in queues, and how long; limits"),
    Command("why", "look", "mainspring.cli.why", "Why a task waits, and which workers nearly could take it"),
    Command("send", "steer", "mainspring.cli.send", "Send an event to a state machine"),
    Command("complete", "steer", "mainspring.cli.deed", "Complete a user task of a process"),
    Command("publish", "steer", "mainspring.cli.publish", "Give a message to the process that waits for it"),
    Command("signal", "steer", "mainspring.cli.publish", "Give a signal to all processes that wait for it"),
    Command("resolve", "steer", "mainspring.cli.deed", "Correct variables, and try again what has stopped"),
    Command("move", "steer", "mainspring.cli.deed", "Move tokens of a process to another element"),
    Command("cancel", "steer", "mainspring.cli.steer", "End an instance now"),
    Command("pause", "steer", "mainspring.cli.steer", "Begin nothing more of an instance; what runs goes on"),
    Command("resume", "steer", "mainspring.cli.steer", "Go on after a pause"),
    Command("retry", "steer", "mainspring.cli.steer", "Run again what failed or was cancelled"),
    Command("rerun", "steer", "mainspring.cli.steer", "Run a node again, and all that depends on it"),
    Command("check", "care", "mainspring.cli.check", "All that is wrong with a definition, with its places"),
    Command("feel", "care", "mainspring.cli.feel", "What an expression comes to, with its tree and its warnings"),
    Command("doctor", "care", "mainspring.cli.doctor", "Is the store well? Schema, sizes, workers, what is stuck"),
    Command("prune", "care", "mainspring.cli.prune", "Forget instances that ended long ago"),
    Command("test", "", "mainspring.cli.test", "Run the tests of the checkout"),
)

COMMANDS = {command.name: command for command in _ALL}


def find_command(name: str) -> Command:
    """The command of that name; raises `UsageError` that suggests the nearest."""
    if name in COMMANDS:
        return COMMANDS[name]
    what = f"no option {name}" if name.startswith("-") else f"no command {name!r}"
    raise UsageError(f"{what}{nearest(name, COMMANDS)}; `mainspring --help` shows them all")


def nearest(word: str, words: Iterable[str]) -> str:
    """A suggestion to append to a message; empty if nothing is near."""
    found = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f", did you mean {found[0]!r}?" if found else ""
