"""Waiting for an instance keeps nobody from changing it, and is kept from nothing by those who do; on PostgreSQL."""

from __future__ import annotations

import psycopg
import pytest

from mainspring import Engine, Workflow, task
from mainspring.errors import InstanceNotFoundError
from mainspring.kernel.records import Await
from tests.postgres import database, new_schema

WAIT_S = 60


@task
def double(value: int) -> int:
    return 2 * value


def resting() -> Workflow:
    workflow = Workflow("resting")
    workflow.sleep(3_600)
    return workflow


@pytest.fixture
def url():
    return new_schema()


def test_who_waits_for_an_instance_does_not_wait_for_its_lock(url):
    with Engine(url) as engine, psycopg.connect(database()) as other:
        instance = engine.start(resting())
        # given: somebody has the instance, in the middle of a transaction
        schema = url.rpartition("schema=")[2]
        other.execute(f"select id from {schema}.instance where public_id = %s for update", (instance.id,))
        # when: it is awaited, and so is something else in a later turn
        ending = engine.call(Await((instance.id,)))
        assert engine.submit(double, 4).result(timeout_s=WAIT_S) == 8
        # then: that is done, while the lock is still held
        assert not ending.done()
        other.rollback()
        instance.cancel("enough")
        assert ending.result(timeout=WAIT_S).status == "cancelled"


def test_an_end_that_another_process_brings_about_is_heard_of(url):
    with Engine(url, slots=0) as asking, Engine(url) as working:
        working.register(double)
        instances = asking.submit_many(double, [(value,) for value in range(50)])
        endings = [asking.call(Await((instance.id,))) for instance in instances]
        assert [ending.result(timeout=WAIT_S).status for ending in endings] == ["completed"] * 50


def test_what_ended_long_ago_and_what_never_was_are_told_at_once(url):
    with Engine(url) as engine:
        instance = engine.submit(double, 4)
        instance.result(timeout_s=WAIT_S)
        assert engine.call(Await((instance.id,))).result(timeout=WAIT_S).status == "completed"
        with pytest.raises(InstanceNotFoundError):
            engine.call(Await(("nobody",))).result(timeout=WAIT_S)
