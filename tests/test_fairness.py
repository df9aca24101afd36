"""Turns of a queue where real engines share a real store, each claiming for itself."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainspring import Engine, Instance, context, task
from tests.crash import turns
from tests.crash.evidence import Victim
from tests.crash.ledger import open_ledger, read_ledger
from tests.kernel.test_queues import jain
from tests.patience import PATIENCE_S, wait_until
from tests.postgres import new_schema

begun: list[str] = []
"""The instances, in the order in which their attempts began."""


@task(queue="mail")
async def mail(number: int) -> int:
    begun.append(context().instance)
    return number


@pytest.fixture(params=["file", "postgres"])
def url(request, tmp_path):
    begun.clear()
    return f"sqlite:///{tmp_path}/store.db" if request.param == "file" else new_schema()


def test_a_group_with_a_ninth_of_the_tasks_gets_half_of_the_turns(url):
    with Engine(url, slots=0) as submitter:
        submitter.queue("mail").limit(fair=True, concurrency=2)
        sent = submit(submitter, "big", 90) + submit(submitter, "small", 10)
        with Engine(url, slots=2) as one, Engine(url, slots=2) as other:
            one.register(mail)
            other.register(mail)
            submitter.gather(sent, timeout_s=PATIENCE_S)
    first = list(dict.fromkeys(begun))  # a machine that stands still loses leases
    assert set(first) == {instance.id for instance in sent}
    # While both have some.  The order is that of the claims but for the two that run at a time.
    counts = Counter(id.partition("-")[0] for id in first[:18])
    assert jain([counts["big"], counts["small"]]) >= 0.95, counts


def submit(engine: Engine, group: str, count: int) -> list[Instance]:
    ids = [f"{group}-{number}" for number in range(count)]
    return engine.submit_many(mail, [(number,) for number in range(count)], ids=ids, group=group)


# --- Processes of their own -----------------------------------------------------------------------


def claims(url: str, folder: Path, fill: Callable[[Engine], list[Instance]], **limits: Any) -> list[str]:
    """The instances in the order in which several processes, none of which does all, took them from a full queue."""
    Engine(url, slots=0).close()
    open_ledger(url)
    folder.mkdir()
    workers = [Victim.of(turns.work, url) for _ in range(turns.WORKERS)]
    try:
        with Engine(url, slots=0, lease_s=turns.LEASE_S) as engine:
            engine.queue("mail").limit(concurrency=turns.WORKERS, **limits)
            engine.queue("mail").pause("until it is full")
            sent = fill(engine)
            for worker in workers:
                worker.wait_until_ready()
            engine.queue("mail").resume()
            processes = set(engine.gather(sent, timeout_s=PATIENCE_S))
        for worker in workers:
            worker.close()
    finally:
        for worker in workers:
            worker.kill()
    assert processes == {worker.pid for worker in workers}
    taken = [entry.instance for entry in read_ledger(url) if entry.change > 0]
    assert sorted(taken) == sorted(instance.id for instance in sent)
    return taken


@pytest.mark.slow
def test_groups_take_turns_where_workers_are_processes(url, tmp_path):
    folder = tmp_path / "begun"

    def fill(engine: Engine) -> list[Instance]:
        return [
            instance
            for group, count in (("big", 90), ("small", 10))
            for instance in engine.submit_many(
                turns.deliver,
                [(str(folder),)] * count,
                ids=[f"{group}-{number}" for number in range(count)],
                group=group,
            )
        ]

    counts = Counter(id.partition("-")[0] for id in claims(url, folder, fill, fair=True)[:18])
    assert jain([counts["big"], counts["small"]]) >= 0.95, counts


@pytest.mark.slow
@pytest.mark.parametrize(("ageing_s", "place"), [(0.05, 0), (None, -1)], ids=["ageing", "priority alone"])
def test_who_has_waited_long_is_taken_before_what_is_more_urgent(url, tmp_path, ageing_s, place):
    folder = tmp_path / "begun"

    def fill(engine: Engine) -> list[Instance]:
        lowest = engine.submit(turns.deliver, str(folder), id="lowest", priority=-2)
        until = time.monotonic() + 1.0  # twenty points, of which seven are needed
        wait_until(lambda: time.monotonic() > until, "it has waited")
        ids = [f"high-{number}" for number in range(20)]
        return [lowest, *engine.submit_many(turns.deliver, [(str(folder),)] * 20, ids=ids, priority=3)]

    assert claims(url, folder, fill, ageing_s=ageing_s)[place] == "lowest"
