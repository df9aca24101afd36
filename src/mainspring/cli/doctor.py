"""`mainspring doctor`: is the store well?"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from mainspring.cli.moments import duration, instant
from mainspring.cli.output import Cell, Output, paint, sign
from mainspring.cli.parser import Options, Parser
from mainspring.cli.stores import hint, look
from mainspring.cli.values import instant_json
from mainspring.cli.waiting import WAITED_LONG_S, Stranger, strangers_in
from mainspring.cli.workers import works
from mainspring.looking import NeedView, StoreHealth, WorkerView
from mainspring.why import lacking

UNITS = ("bytes", "kB", "MB", "GB", "TB")
OLD_S = 60.0
"""After this the store counts a task among those that nobody takes."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person should look at."""

    what: str
    do: str = ""


def arguments(parser: Parser) -> None:
    parser.note = (
        "Reads the whole file to check it, so it takes its time on a big one; nothing is changed. "
        "Exit code 1 if there is something to look at."
    )


def perform(options: Options, output: Output) -> int:
    now = time.time()
    with look(options) as looking:
        health, url = looking.health(), looking.shown_url
        workers = [worker for worker in looking.workers() if works(worker)]
        gone = {worker.id for worker in workers if looking.has_gone(worker)}
        living, needs = looking.living(), looking.needs()
        strangers = strangers_in(looking, now, WAITED_LONG_S if living else 0.0)
    strange = [need for need in needs if living and _is_strange(need, living, now)]
    handlers = {need.handler for need in strange}
    dead = [worker for worker in workers if worker.id in gone or worker.lease_until < now]
    findings = [
        *_damages(health, options),
        *(_of_need(need, living) for need in strange),
        *(
            _of_stranger(stranger, bool(living), options)
            for stranger in _with_old(strangers, health)
            if stranger.handler not in handlers
        ),
        *_of_dead(dead, options),
    ]
    if output.is_json:
        output.json(_as_json(url, health, workers, findings))
    else:
        _show(url, health, workers, findings, output, now)
    return 1 if findings else 0


def _damages(health: StoreHealth, options: Options) -> Iterator[Finding]:
    for problem in health.problems:
        yield Finding(f"the file is damaged: {problem}", "restore it from a backup")
    for instance in health.stuck:
        yield Finding(f"{instance} runs, but waits for nothing that exists", hint(options, "show", instance))


def _with_old(strangers: Sequence[Stranger], health: StoreHealth) -> list[Stranger]:
    """With those that the store itself counts, after a minute, also of instances that nobody looked at."""
    old = dict(health.orphans)
    counted = [replace(stranger, count=max(stranger.count, old.pop(stranger.handler, 0))) for stranger in strangers]
    return [*counted, *(Stranger(handler, count, OLD_S) for handler, count in old.items())]


def _of_stranger(stranger: Stranger, alive: bool, options: Options) -> Finding:
    waits = f"{stranger.tasks} for {stranger.handler}"
    if not alive:
        return Finding(
            f"{waits}, and nobody works on this store", hint(options, "worker") + " where that handler can be imported"
        )
    them = "it" if stranger.count == 1 else "them"
    return Finding(
        f"{waits}, and nobody has taken {them} for {duration(stranger.waited_s)}",
        f"{hint(options, 'why', stranger.instance)} tells what keeps {them}"
        if stranger.instance
        else "start a worker that has it, if all are not just busy",
    )


def _is_strange(need: NeedView, living: Sequence[WorkerView], now: float) -> bool:
    """Whether no worker that is alive can take it; a new one says within seconds what it can."""
    has_waited = now - need.ready_at >= WAITED_LONG_S
    return has_waited and not any(need.capability in worker.offer.capabilities for worker in living)


def _of_need(need: NeedView, living: Sequence[WorkerView]) -> Finding:
    tasks = "1 task waits" if need.count == 1 else f"{need.count:,} tasks wait"
    nearest = {worker.name: [*lacking(need, worker)] for worker in living}
    name, lacks = min(nearest.items(), key=lambda one: len(one[1]))
    requires = f", requiring {need.requires}" if need.requires else ""
    on = f", on {need.executor}" if need.executor else ""
    what = f"{tasks} for {need.handler} in queue {need.queue}{requires}{on}, which no worker can take"
    return Finding(what, f"{name}: {'; '.join(lacks)}")


def _of_dead(dead: Sequence[WorkerView], options: Options) -> Iterator[Finding]:
    for worker in dead:
        if worker.running_count:
            tasks = "1 task" if worker.running_count == 1 else f"{worker.running_count:,} tasks"
            yield Finding(f"{worker.name} has died with {tasks}", hint(options, "worker") + " runs them again")


def _as_json(url: str, health: StoreHealth, workers: Sequence[WorkerView], findings: list[Finding]) -> dict[str, Any]:
    return {
        "url": url,
        "health": msgspec.to_builtins(health),
        "workers": [
            msgspec.to_builtins(worker)
            | {"started_at": instant_json(worker.started_at), "lease_until": instant_json(worker.lease_until)}
            for worker in workers
        ],
        "findings": [{"what": finding.what, "do": finding.do} for finding in findings],
    }


def _show(
    url: str, health: StoreHealth, workers: Sequence[WorkerView], findings: list[Finding], output: Output, now: float
) -> None:
    output.table(["", ""], [((f"{name}", "quiet"), value) for name, value in _facts(url, health)])
    output.line()
    if workers:
        rows: list[list[Cell]] = [
            [worker.name, f"{worker.running_count}", instant(worker.started_at), _lease(worker, now)]
            for worker in workers
        ]
        output.table(["worker", "running", "since", "lease"], rows, right=[1])
        output.line()
    for finding in findings:
        output.line(f"{sign('failed', output)} {finding.what}")
        if finding.do:
            output.line(f"    {paint(finding.do, 'name', output)}")
    if not findings:
        output.line(f"{sign('completed', output)} all is well")


def _lease(worker: WorkerView, now: float) -> str:
    left = worker.lease_until - now
    return f"{duration(left)} left" if left > 0 else "ran out; nothing is lost" if worker.running_count else "idle"


def _facts(url: str, health: StoreHealth) -> list[tuple[str, str]]:
    counts = [f"{count:,} {status}" for status, count in sorted(health.instances.items()) if count]
    known = "" if health.schema == health.schema_known else f" (this mainspring knows {health.schema_known})"
    return [
        ("store", url),
        ("schema", f"{health.schema}{known}, {health.engine}"),
        ("size", _size(health.bytes)),
        ("instances", ", ".join(counts) or "none"),
        ("journal", f"{health.entries_count:,} entries"),
        ("tasks", f"{health.tasks_running:,} running, {health.tasks_waiting:,} waiting"),
        ("events", f"{health.events_waiting:,} waiting for their time"),
    ]


def _size(count: float) -> str:
    for unit in UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} {UNITS[-1]}"
