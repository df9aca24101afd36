"""What schedules cost: the next occurrence of ten thousand, opening a store with many, and how late what is due begins.

    .venv/bin/python benchmarks/schedules.py [--json FILE]

References: cronsim's own way to the next time of the same expressions; a store without schedules; one task that is due
alone.  Each in turns with ours.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cronsim import CronSim
from harness import Bound, Row, in_turns, once, options_of, plain_row, store, tell

from mainspring import Engine, task
from mainspring.kernel.records import Start, StartEntry
from mainspring.models.schedule.civil import zone_of
from mainspring.models.schedule.model import DEFINITION
from mainspring.models.schedule.request import settings_of
from mainspring.models.schedule.settings import Target
from mainspring.models.schedule.timetable import Timetable

SCHEDULES = 10_000
STORED = 100_000
CHUNK = 5_000
"""Started with one commit."""
DUE = (10_000, 100)
LEAD_S = 2.0
"""Between handing tasks over and the moment when they are due."""
NOW = 1_764_000_000.0
TARGET = Target("report", model="task", digest="0")
ZONES = ("Europe/Berlin", "Asia/Shanghai", "America/New_York", "UTC")

# --- The next occurrence --------------------------------------------------------------------------

Options = dict[str, Any]


def cron_of(chance: random.Random) -> str:
    minute, hour = chance.randint(0, 59), chance.randint(0, 23)
    return chance.choice((
        f"{minute} {hour} * * *", f"{minute} {hour} * * MON-FRI", f"*/{chance.choice((2, 5, 15))} * * * *",
        f"{minute} * * * *",
        f"{minute} {hour} {chance.randint(1, 28)} * *", f"{minute} {hour} L * *", f"{minute} {hour} * * MON#2",
    ))  # fmt: skip


KINDS: dict[str, Callable[[random.Random], Options]] = {
    "intervals": lambda chance: {"every": chance.choice((0.5, 10, 90, 3_600))},
    "cron": lambda chance: {"cron": cron_of(chance), "tz": chance.choice(ZONES)},
    "calendar intervals": lambda chance: {"every": chance.choice(("1d", "2w", "1mo")), "tz": chance.choice(ZONES)},
    "recurrence rules": lambda chance: {
        "rrule": chance.choice(("FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "FREQ=MONTHLY;BYDAY=-1FR")),
        "tz": chance.choice(ZONES),
    },
    "cron, weekends excluded": lambda chance: {"cron": cron_of(chance), "exclude": "weekends", "tz": "Europe/Berlin"},
}
MIXED = (("intervals", 4), ("cron", 4), ("calendar intervals", 1), ("recurrence rules", 1))


def timetables(kind: str, count: int, chance: random.Random) -> list[Timetable]:
    return [Timetable(settings_of(TARGET, KINDS[kind](chance)), NOW) for _ in range(count)]


def next_us(tables: list[Timetable], chance: random.Random) -> float:
    """Process time of the first question to each, as after a change of all of them."""
    after = [NOW + chance.uniform(0, 1e7) for _ in tables]
    begin = time.process_time()
    for table, at in zip(tables, after, strict=True):
        table.next_after(at)
    return (time.process_time() - begin) / len(tables) * 1e6


def cronsim_us(count: int, chance: random.Random) -> float:
    """Of the same expressions; it has no other way than to read the expression each time."""
    asked = [
        (cron_of(chance), datetime.fromtimestamp(NOW + chance.uniform(0, 1e7), zone_of(chance.choice(ZONES))))
        for _ in range(count)
    ]
    begin = time.process_time()
    for text, at in asked:
        next(CronSim(text, at))
    return (time.process_time() - begin) / count * 1e6


def next_rows(count: int, rounds: int) -> list[Row]:
    chance = random.Random(1)
    mixed = [table for kind, share in MIXED for table in timetables(kind, max(1, count * share // 10), chance)]
    chance.shuffle(mixed)
    rows = [plain_row(f"next occurrence, {count:,} of all kinds", "µs", next_us(mixed, chance), Bound(50, "µs"))]
    few = max(20, count // 10)
    for kind in KINDS:
        if kind != "cron":
            rows.append(plain_row(f"… {kind}", "µs", next_us(timetables(kind, few, chance), chance)))
            continue
        pairs = list(
            in_turns(rounds, lambda: cronsim_us(few, chance), lambda: next_us(timetables("cron", few, chance), chance))
        )
        theirs, ours = (statistics.median(each) for each in zip(*pairs, strict=True))
        rows.append(plain_row("… cron, beside cronsim", "µs", ours, reference=theirs))
    return rows


# --- Opening a store ------------------------------------------------------------------------------


def fill(url: str, count: int) -> dict[str, float]:
    """Each fires once a day, at its own second."""
    chance = random.Random(2)
    with Engine(url, slots=0) as engine:
        begin = time.perf_counter()
        for first in range(0, count, CHUNK):
            entries = [
                StartEntry(
                    settings_of(TARGET, {"every": "24h", "phase_s": chance.uniform(0, 86_400)}).encode(),
                    f"schedule/s{n}",
                )
                for n in range(first, min(count, first + CHUNK))
            ]
            engine.call(Start(DEFINITION, entries)).result()
        return {"make_us": (time.perf_counter() - begin) / max(1, count) * 1e6}


def open_apart(url: str, _: int) -> dict[str, float]:
    """Until the engine has answered, with a turn behind it."""
    begin = time.perf_counter()
    with Engine(url, slots=0) as engine:
        engine.prune(1e12)
        return {"open_ms": (time.perf_counter() - begin) * 1e3}


def opening_rows(folder: str | None, count: int, rounds: int) -> list[Row]:
    with store(folder) as full, store(folder) as empty:
        made = once(__file__, f"fill {count} {full}")
        once(__file__, f"fill 1 {empty}")
        pairs = list(
            in_turns(rounds, lambda: once(__file__, f"open 0 {empty}"), lambda: once(__file__, f"open 0 {full}"))
        )
        theirs, ours = (statistics.median(each["open_ms"] for each in side) for side in zip(*pairs, strict=True))
    return [
        plain_row(f"opening a store with {count:,} schedules", "ms", ours, Bound(1_000, "ms"), theirs),
        plain_row("to make one, many with one commit", "µs", made["make_us"]),
    ]


# --- Lateness ---------------------------------------------------------------------------------------

BEGAN: list[float] = []


@task
async def note() -> None:
    BEGAN.append(time.time())


def lateness_apart(url: str, count: int) -> dict[str, float]:
    """Of so many tasks that are all due at one instant, on an engine that is idle until then."""
    with Engine(url) as engine:
        engine.submit(note).result()
        BEGAN.clear()
        due_at = time.time() + LEAD_S + count / 5_000
        instances = engine.submit_many(note, [()] * count, at=datetime.fromtimestamp(due_at, UTC))
        engine.gather(instances)
    late = sorted(began - due_at for began in BEGAN)
    return {"first_ms": late[0] * 1e3, "p99_ms": late[max(0, round(0.99 * len(late)) - 1)] * 1e3}


def lateness(folder: str | None, count: int) -> dict[str, float]:
    with store(folder) as url:
        return once(__file__, f"due {count} {url}")


def lateness_rows(folder: str | None, size: float, rounds: int) -> list[Row]:
    many, few = (max(1, round(count * size)) for count in DUE)
    found: list[tuple[dict[str, float], ...]] = [
        (lateness(folder, 1), lateness(folder, few), lateness(folder, many)) for _ in range(rounds)
    ]

    def median(place: int, name: str) -> float:
        return statistics.median(each[place][name] for each in found)

    alone = median(0, "first_ms")
    return [
        plain_row(f"{many:,} tasks due at once: the first", "ms", median(2, "first_ms"), Bound(10, "ms"), alone),
        plain_row(f"{many:,} tasks due at once: p99", "ms", median(2, "p99_ms"), Bound(500, "ms")),
        plain_row(f"{few:,} tasks due at once: p99", "ms", median(1, "p99_ms"), Bound(15, "ms"), alone),
    ]


APART: dict[str, Callable[[str, int], dict[str, float]]] = {
    "fill": fill,
    "open": open_apart,
    "due": lateness_apart,
}


def main() -> int:
    options = options_of(__doc__).parse_args()
    if options.once:
        what, count, url = options.once.split(" ", 2)
        print(json.dumps(APART[what](url, int(count))))
        return 0
    rows = [
        *next_rows(max(100, round(SCHEDULES * options.size)), options.rounds),
        *opening_rows(options.folder, round(STORED * options.size), options.rounds),
        *lateness_rows(options.folder, options.size, options.rounds),
    ]
    tell("schedules", rows, options.json, told="cronsim, a store with one schedule, a task that is due alone")
    return 1 if any(row.holds is False for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
