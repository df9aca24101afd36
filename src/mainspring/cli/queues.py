"""`mainspring queues`: what is said of queues, how they stand, and how long tasks took; and to say it."""

from __future__ import annotations

from typing import Any

import msgspec

from mainspring.cli.commands import UsageError
from mainspring.cli.output import Cell, Output
from mainspring.cli.parser import Options, Parser
from mainspring.cli.steering import open_to_steer
from mainspring.cli.stores import look
from mainspring.looking import QueueView, Statistics

VERBS = ("limit", "pause", "resume")
LIMITS = {
    "concurrency": (int, "N", "attempts at once, of all workers together"),
    "group_concurrency": (int, "N", "attempts at once of each group"),
    "rate_per_s": (float, "R", "attempts begun in a second, on average"),
    "burst": (int, "N", "attempts begun at once, at most"),
    "ageing_s": (float, "S", "a wait of so many seconds counts as one point of priority"),
}


def arguments(parser: Parser) -> None:
    parser.add_argument("verb", metavar="limit|pause|resume", nargs="?", help="what to say; default: show all")
    parser.add_argument("name", metavar="NAME", nargs="?", help="of the queue")
    for name, (kind, metavar, text) in LIMITS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, type=kind, help=f"limit: {text}")
    parser.add_argument("--fair", action="store_true", help="limit: groups take turns")
    parser.add_argument(
        "--weight", metavar="GROUP=N", action="append", default=[], help="limit: tasks of a group in one of its turns"
    )
    parser.add_argument("--reason", metavar="TEXT", default="", help="pause: why")
    parser.note = "`limit` takes the place of all that was said before; without options it takes all limits away."


def perform(options: Options, output: Output) -> int:
    if options.verb is None:
        return _show(options, output)
    if options.verb not in VERBS or options.name is None:
        raise UsageError("write `mainspring queues`, or with limit, pause or resume and the name of a queue")
    with open_to_steer(options) as engine:
        queue = engine.queue(options.name)
        if options.verb == "limit":
            limits = {name: getattr(options, name) for name in LIMITS}
            queue.limit(**limits, fair=options.fair, weights=_weights(options.weight))
        elif options.verb == "pause":
            queue.pause(options.reason)
        else:
            queue.resume()
        settings = msgspec.to_builtins(queue.settings)
    if output.is_json:
        output.json({"name": options.name, "settings": settings})
    else:
        output.line(f"queue {options.name}: {_told(settings)}")
    return 0


def _weights(words: list[str]) -> dict[str, int]:
    weights = {}
    for word in words:
        group, _, number = word.rpartition("=")
        if not group or not number.isdigit():
            raise UsageError(f"--weight takes a group and a whole number, GROUP=3, not {word!r}")
        weights[group] = int(number)
    return weights


def _show(options: Options, output: Output) -> int:
    with look(options) as looking:
        queues, statistics = looking.queues(), looking.statistics()
    if output.is_json:
        output.json({
            "queues": [
                {"name": queue.name, "settings": _settings(queue), "waiting": queue.waiting, "running": queue.running}
                for queue in queues
            ],
            "statistics": [msgspec.to_builtins(one) for one in statistics],
        })  # fmt: skip
        return 0
    rows: list[list[Cell]] = [
        [queue.name, f"{queue.waiting:,}", f"{queue.running:,}", _told(_settings(queue))] for queue in queues
    ]
    if rows:
        output.table(["queue", "waiting", "running", "limits"], rows, right=[1, 2])
    else:
        output.line("nothing waits, and nothing was said of a queue")
    if statistics:
        output.line()
        header = ["handler", "queue", "done", "failed", "waited p50", "p99", "ran p50", "p99"]
        output.table(header, [_times(one) for one in statistics], right=[2, 3, 4, 5, 6, 7])
    return 0


def _settings(queue: QueueView) -> dict[str, Any]:
    settings: dict[str, Any] = msgspec.json.decode(queue.settings)
    return settings


def _told(settings: dict[str, Any]) -> str:
    words = []
    if settings.get("paused"):
        reason = settings.get("reason")
        words.append("paused" + (f" ({reason})" if reason else ""))
    words += [f"{name}={settings[name]:g}" for name in LIMITS if settings.get(name) is not None]
    if settings.get("fair"):
        words.append("fair")
    words += [f"{group}:{weight}" for group, weight in settings.get("weights", {}).items()]
    return " ".join(words) or "none"


def _times(one: Statistics) -> list[Cell]:
    quantiles = (one.waiting_s.p50, one.waiting_s.p99, one.running_s.p50, one.running_s.p99)
    return [one.handler, one.queue, f"{one.completed:,}", f"{one.failed:,}", *map(_seconds, quantiles)]


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:,.1f} s"
