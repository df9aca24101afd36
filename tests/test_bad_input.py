"""What makes no sense is refused at once, with the field and the reason, on either store; and leaves nothing behind."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mainspring import Engine, Workflow, task
from mainspring.cli import run
from mainspring.errors import InstanceFailedError, InvalidError
from tests.patience import PATIENCE_S, wait_until
from tests.postgres import new_schema

NOW = datetime.now(UTC)
NAIVE = datetime(2030, 1, 1)  # noqa: DTZ001 - that is what is refused


@task
def work(number: int = 1) -> int:
    return number


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request, tmp_path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path}/store.db" if request.param == "sqlite" else new_schema()
    with Engine(url) as made:
        yield made


# --- Refused at once ------------------------------------------------------------------------------


def scheduled(**rule: Any) -> Callable[[Engine], Any]:
    return lambda engine: engine.schedule("wrong", work, **rule)


def submitted(**terms: Any) -> Callable[[Engine], Any]:
    return lambda engine: engine.submit(work, **terms)


def requiring(requires: str) -> Callable[[Engine], Any]:
    return lambda engine: engine.submit(task(requires=requires)(work.function))


def node_requiring(engine: Engine) -> Any:
    workflow = Workflow("wrong")
    workflow.add(work, requires="gpu >")
    return engine.start(workflow)


REFUSED: dict[str, tuple[Callable[[Engine], Any], str]] = {
    "cron: a field": (scheduled(cron="61 9 * * *"), "cron: '61 9 * * *': field minute: '61' makes no sense"),
    "cron: a name": (scheduled(cron="0 9 * * MOO"), "field day-of-week: 'MOO'"),
    "cron: words": (scheduled(cron="now and then"), "has 3 fields; write five"),
    "cron: no day": (scheduled(cron="0 0 30 2 *"), "field day-of-month: none of its months has that day"),
    "rrule: a value": (scheduled(rrule="FREQ=MONTLY"), "rrule: 'FREQ=MONTLY': FREQ must be one of"),
    "rrule: a range": (scheduled(rrule="FREQ=DAILY;BYHOUR=25"), "BYHOUR: 25 is not 0 to 23"),
    "rrule: words": (scheduled(rrule="nonsense"), "is not of the form NAME=value"),
    "a zone": (scheduled(cron="@daily", tz="Asia/Shanghaii"), "tz: 'Asia/Shanghaii' is no time zone"),
    "an interval of zero": (scheduled(every=0), "every: 0 must be 0.01 seconds or more"),
    "an interval of zero in words": (scheduled(every="0s"), "every: '0s' must be 0.01 seconds or more"),
    "an interval below": (scheduled(every=-5), "every: -5 must be"),
    "an interval that is none": (scheduled(every="soon"), "every: 'soon' is no interval"),
    "an end before the start": (
        scheduled(every=5, starts_at=NOW, ends_at=NOW - timedelta(1)),
        "ends_at lies before starts_at",
    ),
    "no rule": (scheduled(), "a schedule needs a rule"),
    "a policy": (scheduled(every=5, overlap="perhaps"), "overlap must be one of allow, skip"),
    "naive: at": (submitted(at=NAIVE), "has no time zone; write datetime(…, tzinfo=ZoneInfo('Europe/Berlin'))"),
    "at: words": (submitted(at="tomorrow"), "at must be a datetime with a zone, not 'tomorrow'"),
    "at: a day": (submitted(at=NOW.date()), "at must be a datetime with a zone, not datetime.date("),
    "at: a number": (submitted(at=1_800_000_000), "at must be a datetime with a zone, not 1800000000"),
    "naive: starts_at": (scheduled(every=5, starts_at=NAIVE), "starts_at=datetime.datetime(2030, 1, 1, 0, 0) has no"),
    "naive: ends_at": (scheduled(every=5, ends_at=NAIVE), "has no time zone"),
    "naive: exclude": (scheduled(cron="@daily", exclude=[NAIVE]), "exclude=datetime.datetime(2030, 1, 1, 0, 0) has no"),
    "a requirement": (requiring("gpu and ("), "requires: expected an expression, found the end of the text"),
    "a requirement of a node": (node_requiring, "node 'work': requires: expected an expression"),
    "an expiry": (submitted(expires_s=-1), "expires_s must be seconds above 0, not -1"),
    "an expiry in words": (submitted(expires_s="5"), "expires_s must be seconds above 0, not '5'"),
    "a window in words": (submitted(unique="u", unique_s="5"), "unique_s must be seconds above 0, not '5'"),
    "a pause in words": (submitted(unique="u", debounce_s="5"), "debounce_s must be seconds above 0, not '5'"),
    "an argument": (submitted(number="x"), "Expected `int`, got `str` - at `$.number`"),
    "an argument too many": (submitted(other=1), "unknown argument 'other'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_makes_no_sense_is_refused_at_once(engine, what):
    ask, words = REFUSED[what]
    with pytest.raises(InvalidError) as refused:
        ask(engine)
    assert words in str(refused.value)
    assert (list(engine.list()), list(engine.schedules(status=None))) == ([], [])


@pytest.mark.parametrize("labels", [{"a b": 1}, {"": 1}, {"gpu": object()}])
def test_labels_that_none_could_ask_for(tmp_path, labels):
    with pytest.raises(InvalidError, match="label"):
        Engine(f"sqlite:///{tmp_path}/store.db", labels=labels)


@pytest.mark.parametrize(
    "rule",
    [
        {"every": 60, "starts_at": NOW - timedelta(days=9), "ends_at": NOW - timedelta(days=8)},
        {"at": NOW - timedelta(days=2)},
        {"rrule": "FREQ=DAILY;UNTIL=20200101T000000Z", "starts_at": datetime(2019, 12, 1, tzinfo=UTC)},
    ],
    ids=["every", "at", "rrule"],
)
def test_what_never_fires_again_is_a_warning(engine, rule, caplog):
    with caplog.at_level(logging.WARNING):
        schedule = engine.schedule("over", work, **rule)
    assert "schedule 'over' never fires again" in caplog.text
    assert schedule.status == "completed"


# --- Work that nobody can do ----------------------------------------------------------------------


def test_a_task_that_no_worker_can_take_waits_and_is_told_of(engine, capsys, monkeypatch):
    monkeypatch.setattr("mainspring.cli.doctor.WAITED_LONG_S", 0.0)
    stranger = engine.submit("elsewhere:work", number=1)
    picky = engine.submit(task(requires="gpu and memory_gb >= 16", name="picky")(work.function))
    wait_until(
        lambda: all(engine.why(one.id) and engine.why(one.id)[0].workers for one in (stranger, picky)),
        "the worker has told what it offers",
    )
    assert engine.why(stranger.id)[0].workers[0].lacks == ("has not the handler elsewhere:work",)
    assert "gpu (no gpu)" in engine.why(picky.id)[0].workers[0].lacks
    assert {info.status for info in engine.list()} == {"running"}
    assert run(["doctor", "--store", engine.url]) == 1
    told = capsys.readouterr().out
    assert "elsewhere:work" in told
    assert "picky" in told
    assert run(["why", stranger.id, "--store", engine.url]) == 0
    assert "has not the handler elsewhere:work" in capsys.readouterr().out


def test_it_fails_when_it_is_not_wanted_any_more(engine):
    instance = engine.submit("elsewhere:work", number=1, expires_s=0.1)
    with pytest.raises(InstanceFailedError, match=r"0\.1 s"):
        instance.result(timeout_s=PATIENCE_S)


def test_arguments_that_a_handler_elsewhere_does_not_take(engine):
    """Whoever submits knows nothing of it; its worker does, and says what is wrong, once."""
    with Engine(engine.url, slots=0) as ignorant:
        instance = ignorant.submit("double", number="four")
        engine.register(lambda_of_numbers, "double")
        with pytest.raises(InstanceFailedError, match="PayloadInvalidError: input of handler 'double': Expected `int`"):
            instance.result(timeout_s=PATIENCE_S)
        assert [entry.kind for entry in instance.journal()].count("TaskFailed") == 1


def lambda_of_numbers(number: int) -> int:
    return 2 * number
