"""Durable state machines: events for many at once, and timers that many wait for.

    .venv/bin/python benchmarks/events.py [--json FILE] [--case NAME]

Through the public API, on a new SQLite file each time.  Events are measured beside the reference's chains of steps.
Timers: as many machines become due in each second of a minute; how late the last of them were is read from the store.
"""

from __future__ import annotations

import json
import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import apsw
from harness import Bound, Reference, Row, in_turns, once, options_of, plain_row, row, store, tell

from mainspring import Engine, Machine, State, StateMachine

MACHINES, EVENTS = 1_000, 10
WAITING, SECONDS = 100_000, 60
START_US = 250.0
"""Allowed for starting one, before the first is due."""
CHUNK = 5_000
"""Started with one commit."""
TIMEOUT_S = 300.0


class Toggle(StateMachine):
    """Two states."""

    on, off = State(), State()
    flip = on.to(off) | off.to(on)


class Claim(StateMachine):
    """Two states, a condition in FEEL, and data that an action changes."""

    values = {"count": 0, "limit": 1_000_000}
    draft, review = State(), State()
    flip = draft.to(
        review,
        when="count < limit",
        do={"do": "assign", "location": "count", "value": {"expression": "count + 1"}},
    ) | review.to(draft)


def events(url: str, size: float, definition: type[StateMachine] = Toggle) -> dict[str, float]:
    """Events per second, handed over at once, each decided, journaled and answered."""
    machines = max(1, round(MACHINES * size))
    with Engine(url) as engine:
        made = engine.start_many(definition, [{}] * machines)
        warm = engine.start(definition)
        for _ in range(5):
            warm.send("flip")
        begin = time.perf_counter()
        told = [machine.sending("flip", amount=5_000) for _ in range(EVENTS) for machine in made]
        assert all(each.result(TIMEOUT_S) for each in told)
        return {"figure": machines * EVENTS / (time.perf_counter() - begin)}


def guarded(url: str, size: float) -> dict[str, float]:
    return events(url, size, Claim)


# --- Timers -----------------------------------------------------------------------------------


def waiting_machine(name: str, delay_s: float) -> Machine:
    states = {"waiting": {"after": {f"{round(delay_s * 1_000)}ms": "over"}}, "over": {"kind": "final"}}
    return Machine.of_data({"machine": name, "states": states})


def timers(url: str, size: float) -> dict[str, float]:
    """How late the latest was, and what the process took in memory beside an engine with none."""
    count, seconds = max(1, round(WAITING * size)), max(1, round(SECONDS * min(1.0, size)))
    with Engine(url) as engine:
        engine.start(waiting_machine("warm", 0.01)).wait(TIMEOUT_S)
        empty = resident_bytes()
        first_at = time.time() + 1.0 + count * START_US / 1e6
        due = {f"due-{second}": first_at + second for second in range(seconds)}
        for name, at in due.items():
            left = max(1, count // seconds)
            while left:
                some = min(CHUNK, left)
                engine.start_many(waiting_machine(name, at - time.time()), [{}] * some)
                left -= some
        started, started_at = resident_bytes(), time.time()
        time.sleep(max(0.0, max(due.values()) - time.time()))
        until = time.monotonic() + TIMEOUT_S
        while engine.list(status="running", limit=1).items and time.monotonic() < until:
            time.sleep(0.1)
        ended = resident_bytes()
    file = url.removeprefix("sqlite:///")
    late = list(lateness(file, due))
    return {
        "figure": max(late),
        "empty_mb": empty / 1e6,
        "more_mb": (max(started, ended) - empty) / 1e6,
        "in_time": float(started_at < first_at),
    }


def lateness(file: str, due: dict[str, float]) -> list[float]:
    """Of the last machine of each second, when its end was decided."""
    rows: Any = apsw.Connection(file).execute(
        "select definition.name, max(instance.ended_at) from instance"
        " join definition on definition.id = instance.definition where definition.name like 'due-%' group by 1"
    )
    return [ended_at - due[name] for name, ended_at in rows]


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


CASES = {"events": events, "guarded": guarded, "timers": timers}


def main() -> None:
    parser = options_of(__doc__)
    parser.add_argument("--case", action="append", choices=CASES, help="only this one (may be given again)")
    options = parser.parse_args()
    if options.once:
        with store(options.folder) as url:
            print(json.dumps(CASES[options.once](url, options.size)))
        return
    where = [f"--size={options.size}"] + ([f"--folder={options.folder}"] if options.folder else [])
    wanted = options.case or CASES
    reference = Reference(chains=max(1, round(2_000 * options.size)), width=10, folder=options.folder)
    rows: list[Row] = []
    for case, what, bound in (
        ("events", "1,000 machines, 10 events each", Bound(0.4, "×", is_least=True)),
        ("guarded", "… with a condition and an action in FEEL", None),
    ):
        if case in wanted:
            turns = in_turns(options.rounds, reference.figures, partial(once, __file__, case, *where))
            pairs = [(theirs["steps_per_s"], ours["figure"]) for theirs, ours in turns]
            rows.append(row(what, "events/s", pairs, bound))
    if "timers" in wanted:
        found = once(__file__, "timers", *where)
        rows.append(
            plain_row("100,000 machines due over a minute: the latest", "s late", found["figure"], Bound(1.0, "s"))
        )
        rows.append(plain_row("… memory beside an engine with none", "MB", found["more_mb"], Bound(100, "MB")))
    tell("events", rows, options.json, reference.told)


if __name__ == "__main__":
    main()
