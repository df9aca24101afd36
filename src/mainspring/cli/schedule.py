"""`mainspring schedule`: what is to come, and what has been; steering."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any

from mainspring.cli.commands import UsageError, nearest
from mainspring.cli.files import write
from mainspring.cli.moments import duration, instant, pause_story
from mainspring.cli.output import Cell, Output, cut, paint, sign, status_cell
from mainspring.cli.parser import Options, Parser
from mainspring.cli.steering import open_to_steer
from mainspring.cli.stores import look
from mainspring.drawing import agenda
from mainspring.schedule import BACKFILL_S, Schedule, ScheduleInfo, ScheduleStatistics

COUNT = 10
DAY_S = 86_400


def arguments(parser: Parser) -> None:
    parser.add_argument("action", metavar="ACTION", help=", ".join(ACTIONS))
    parser.add_argument("name", metavar="NAME", nargs="?", help="of the schedule; list and timeline need none")
    parser.add_argument("--all", action="store_true", help="list: also those that never fire again")
    parser.add_argument("--count", metavar="N", type=int, default=COUNT, help=f"preview: so many; default {COUNT}")
    parser.add_argument("--reason", metavar="TEXT", default="", help="pause: is kept, and shown")
    parser.add_argument("--by", metavar="NAME", default="", help="pause: who does it; the same")
    parser.add_argument("--from", metavar="WHEN", dest="start", help="backfill: 2026-11-24 or 2026-11-24T14:00 (local)")
    parser.add_argument("--to", metavar="WHEN", dest="end", help="backfill: the same")
    parser.add_argument(
        "--every", metavar="S", type=float, default=BACKFILL_S,
        help=f"backfill: seconds between two starts; default {BACKFILL_S:g}",
    )  # fmt: skip
    parser.add_argument("--svg", metavar="FILE", help="timeline: write it as a picture; - writes to standard output")
    parser.note = "timeline shows the next day, of one schedule or of all."
    parser.examples = [
        ("mainspring schedule list", "what fires when"),
        ("mainspring schedule preview backup --count 20", "the next occurrences"),
        ("mainspring schedule backfill report --from 2026-11-01 --to 2026-11-08", "what was missed, at a rate"),
        ("mainspring schedule timeline --svg day.svg", "the next day as a picture"),
    ]


def perform(options: Options, output: Output) -> int:
    act = ACTIONS.get(options.action)
    if act is None:
        raise UsageError(
            f"no action {options.action!r}{nearest(options.action, ACTIONS)}; there are {', '.join(ACTIONS)}"
        )
    if options.name is None and options.action not in ("list", "timeline"):
        raise UsageError(f"which schedule? `mainspring schedule {options.action} NAME`")
    act(options, output)
    return 0


# --- Looking ------------------------------------------------------------------------------------


def _list(options: Options, output: Output) -> None:
    with look(options) as looking:
        infos = [each.info() for each in looking.schedules(status=None if options.all else ("running", "paused"))]
    if output.is_json:
        output.json({"schedules": [_info_json(info) for info in infos]})
        return
    if not infos:
        output.line("no schedules; `engine.schedule(name, target, every=…)` makes one")
        return
    output.table(["name", "status", "rule", "next (local time)", "target", ""], [_row(info) for info in infos])


def _row(info: ScheduleInfo) -> list[Cell]:
    return [
        cut(info.name, 32),
        status_cell(info.status),
        cut(info.rule, 40),
        instant(info.next),
        cut(info.target, 40),
        (pause_story(info.reason, info.by, info.paused_at), "quiet"),
    ]


def _show(options: Options, output: Output) -> None:
    with look(options) as looking:
        schedule = looking.get_schedule(options.name)
        info, statistics, preview = schedule.info(), schedule.statistics(), _upcoming(schedule, 3)
    if output.is_json:
        told = asdict(statistics)
        output.json(_info_json(info) | {"statistics": told, "preview": [each.isoformat() for each in preview]})
        return
    output.line(f"{sign(info.status, output)} {paint(info.name, 'bold', output)}  {info.rule}, {info.tz}")
    story = pause_story(info.reason, info.by, info.paused_at)
    output.line(f"  {info.status}{f': {story}' if story else ''} · starts {info.target}")
    if info.moved_from is not None:
        output.line(f"  the tz database has changed: the next was at {info.moved_from.isoformat()} before")
    output.line(f"  next: {', '.join(map(_told, preview)) or 'never'}")
    output.line()
    output.table(["", ""], [[(name, "quiet"), value] for name, value in _facts(statistics)])
    if statistics.last_runs:
        output.line()
        rows: list[list[Cell]] = [
            [
                cut(run.id, 60),
                status_cell(run.outcome),
                instant(run.started_at),
                duration((run.ended_at - run.started_at).total_seconds()) if run.ended_at else "",
            ]
            for run in statistics.last_runs
        ]
        output.table(["last runs", "", "started", "took"], rows)


def _facts(statistics: ScheduleStatistics) -> list[tuple[str, str]]:
    by_hand = [("triggered", statistics.triggered), ("backfilled", statistics.backfilled)]
    facts = [
        ("fired", ", ".join([f"{statistics.fired:,}", *(f"{count:,} {word}" for word, count in by_hand if count)])),
        (
            "ended",
            f"{statistics.completed:,} completed, {statistics.failed:,} failed, {statistics.cancelled:,} cancelled",
        ),
        ("now", f"{statistics.running:,} running, {statistics.waiting:,} waiting for those"),
        ("left out", f"{statistics.skipped:,} skipped, {_missed(statistics)} missed"),
    ]
    if statistics.lateness_p50_s is not None and statistics.lateness_p99_s is not None:
        late = f"{duration(statistics.lateness_p50_s)} (half), {duration(statistics.lateness_p99_s)} (99 %)"
        facts.append(("lateness", late))
    return facts


def _missed(statistics: ScheduleStatistics) -> str:
    return f"{statistics.missed:,}{' or more' if statistics.missed_is_least else ''}"


def _preview(options: Options, output: Output) -> None:
    with look(options) as looking:
        preview = looking.get_schedule(options.name).preview(options.count)
    if output.is_json:
        output.json({"name": options.name, "preview": [each.isoformat() for each in preview]})
        return
    for each in preview:
        output.line(f"{_told(each)}  in {duration(each.timestamp() - time.time())}")
    if not preview:
        output.line(f"{options.name} never fires again")


def _upcoming(schedule: Schedule, count: int) -> list[datetime]:
    return list(islice(schedule.occurrences(), count))


def _timeline(options: Options, output: Output) -> None:
    start = time.time()
    with look(options) as looking:
        chosen = looking.schedules() if options.name is None else [looking.get_schedule(options.name)]
        lines = [_line(each, start) for each in chosen]
    if output.is_json:
        told = [{"name": line.label, "occurrences": [_iso(at) for at in line.instants]} for line in lines]
        output.json({"from": _iso(start), "to": _iso(start + DAY_S), "schedules": told})
        return
    day = agenda.Day(start, start + DAY_S, _clock)
    if options.svg is not None:
        write(options.svg, agenda.draw_svg(lines, day, title="The next day"), output)
    elif lines:
        output.line(agenda.draw_text(lines, day, width=output.width).rstrip())
    else:
        output.line("no schedules; `engine.schedule(name, target, every=…)` makes one")


def _line(schedule: Schedule, start: float) -> agenda.Line:
    info, instants = schedule.info(), []
    for each in islice(schedule.occurrences(), agenda.MARKS_MAX):
        if each.timestamp() > start + DAY_S:
            break
        instants.append(max(start, each.timestamp()))
    note = info.status if info.status != "running" else cut(info.rule, 24)
    return agenda.Line(info.name, tuple(instants), note, is_quiet=info.status != "running")


# --- Steering -----------------------------------------------------------------------------------


def _pause(options: Options, output: Output) -> None:
    _steer(options, output, lambda schedule: schedule.pause(options.reason, by=options.by))


def _resume(options: Options, output: Output) -> None:
    _steer(options, output, lambda schedule: schedule.resume())


def _trigger(options: Options, output: Output) -> None:
    def trigger(schedule: Schedule) -> tuple[str, str]:
        instance = schedule.trigger()
        if instance is not None:
            return instance.id, f"{instance.id} has been started"
        event = schedule.info().settings["target"].get("event")
        return "", f"{event} has been sent" if event else "it waits in the queue until what still runs has ended"

    _steer(options, output, trigger)


def _backfill(options: Options, output: Output) -> None:
    if options.start is None or options.end is None:
        raise UsageError("which range? --from 2026-11-24 --to 2026-11-25T12:00")
    start, end = _moment(options.start), _moment(options.end)
    _steer(options, output, lambda schedule: schedule.backfill(start, end, every_s=options.every))


def _steer(options: Options, output: Output, act: Callable[[Schedule], tuple[str, str] | None]) -> None:
    """`act` gives what it has started, if anything, and a word about it."""
    with open_to_steer(options) as engine:
        schedule = engine.get_schedule(options.name)
        run, story = act(schedule) or ("", "")
        status = schedule.status
    if output.is_json:
        output.json(
            {"name": options.name, "action": options.action, "status": status, "run": run or None, "story": story}
        )
        return
    output.line(f"{sign(status, output)} {options.name} is {status}{f'; {story}' if story else ''}")


# --- Times --------------------------------------------------------------------------------------


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise UsageError(f"{text!r} is no instant; write 2026-11-24 or 2026-11-24T14:03") from None


def _told(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds" if not moment.microsecond else "milliseconds")


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat()


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M")


def _info_json(info: ScheduleInfo) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(info).items()}


ACTIONS: dict[str, Callable[[Options, Output], None]] = {
    "list": _list,
    "show": _show,
    "preview": _preview,
    "timeline": _timeline,
    "pause": _pause,
    "resume": _resume,
    "trigger": _trigger,
    "backfill": _backfill,
}
