"""Turns of a queue where real engines share a real store, each claiming for itself."""

from __future__ import annotations

from collections import Counter

import pytest

from mainspring import Engine, Instance, context, task
from tests.kernel.test_queues import jain
from tests.patience import PATIENCE_S
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
    assert jain(list(counts.values())) >= 0.95, counts


def submit(engine: Engine, group: str, count: int) -> list[Instance]:
    ids = [f"{group}-{number}" for number in range(count)]
    return engine.submit_many(mail, [(number,) for number in range(count)], ids=ids, group=group)
