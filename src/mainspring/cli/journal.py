"""`mainspring journal`: all that happened to an instance, and what was decided."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import Any

import msgspec

from mainspring.cli.moments import instant
from mainspring.cli.output import Output, cut, paint
from mainspring.cli.parser import Options, Parser
from mainspring.cli.stores import look
from mainspring.history import Entry
from mainspring.instance import Instance

QUIET_FIELDS = ("attempt", "started_at", "finished_at", "ready_at", "worker")
"""Of an event; `timeline` tells these better."""


def arguments(parser: Parser) -> None:
    parser.add_argument("id", metavar="ID", help="of the instance")
    parser.add_argument("--after", metavar="N", type=int, default=0, help="only entries after number N")
    parser.add_argument("--element", metavar="ELEMENT", help="only entries about this node, state or element")
    parser.add_argument("--follow", action="store_true", help="go on until it has ended")
    parser.add_argument("--full", action="store_true", help="whole values, not cut at the width of the terminal")


def perform(options: Options, output: Output) -> int:
    with look(options) as looking:
        instance = looking.get(options.id)
        if output.is_json and not options.follow:
            entries = _about(instance.journal(options.after), options.element)
            output.json({"id": instance.id, "entries": [_as_json(entry) for entry in entries]})
            return 0
        for entries in _pages(instance, options):
            for entry in _about(entries, options.element):
                if output.is_json:
                    output.line(msgspec.json.encode(_as_json(entry)).decode(), flush=True)
                else:
                    _show(entry, options, output)
    return 0


def _pages(instance: Instance, options: Options) -> Any:
    return instance.follow(options.after) if options.follow else [instance.journal(options.after)]


def _about(entries: Iterable[Entry], element: str | None) -> list[Entry]:
    """Those that name it: by itself, as a flow that was taken (`>f`), or before the number of a task (`f/3`, `f#2`)."""
    if element is None:
        return list(entries)
    names = re.compile(f">?{re.escape(element)}([/#].*)?", re.DOTALL)
    return [entry for entry in entries if _names([entry.event, entry.decisions], names)]


def _names(value: Any, names: re.Pattern[str]) -> bool:
    match value:
        case str():
            return names.fullmatch(value) is not None
        case dict():
            return any(_names(each, names) for pair in value.items() for each in pair)
        case list():
            return any(_names(each, names) for each in value)
        case _:
            return False


def _as_json(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "kind": entry.kind,
        "event": entry.event,
        "decisions": entry.decisions,
    }


def _show(entry: Entry, options: Options, output: Output) -> None:
    fields = {name: value for name, value in entry.event.items() if name not in QUIET_FIELDS}
    head = f"{entry.seq:>5}  {instant(entry.at, now=time.time())}  "
    lines = [f"{entry.kind} {_brief(fields)}".rstrip(), *(_decided(decision) for decision in entry.decisions)]
    for place, line in enumerate(lines):
        text = line if options.full else cut(line, max(20, output.width - len(head) - 3))
        if place == 0:
            output.line(f"{paint(head, 'quiet', output)}{paint(text, 'bold', output)}", flush=options.follow)
        else:
            output.line(f"{' ' * len(head)}{paint('→', 'quiet', output)} {text}", flush=options.follow)


def _decided(decision: dict[str, Any]) -> str:
    fields = {name: value for name, value in decision.items() if name != "do"}
    return f"{decision.get('do', '?')} {_brief(fields)}".rstrip()


def _brief(fields: dict[str, Any]) -> str:
    return " ".join(f"{name}={_value(value)}" for name, value in fields.items())


def _value(value: Any) -> str:
    if isinstance(value, str) and value.isprintable() and " " not in value:
        return value
    if isinstance(value, dict) and "type" in value and "message" in value:  # a failure; its traceback is in `show`
        return f"{value['type']}({value['message']!r})"
    return msgspec.json.encode(value).decode()
