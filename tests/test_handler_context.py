"""What a handler may ask while it runs."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from mainspring.clock import ManualClock
from mainspring.errors import RefusedError, SettingInvalidError
from mainspring.handler_context import LINE_COUNT_MAX, LINE_LENGTH_MAX, REPORT_INTERVAL_S, Context, context, current


class Receiver:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.sent: list[Any] = []
        self.context = Context(
            "order-7", "mail", 2, "shop:mail", lambda _, *sent: self.sent.append(sent), self.clock.now
        )


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def test_it_knows_who_it_is(receiver):
    its = receiver.context
    assert (its.instance, its.key, its.attempt, its.cancelled) == ("order-7", "mail", 2, False)
    assert its.idempotency_key == "order-7:mail"


def test_the_first_progress_is_told_at_once_and_the_next_after_a_while(receiver):
    receiver.context.report_progress(0.1)
    receiver.context.report_progress(0.2)
    receiver.clock.advance(REPORT_INTERVAL_S)
    receiver.context.report_progress(0.3)
    receiver.context.report_progress(1)
    assert [fraction for fraction, _ in receiver.sent] == [0.1, 0.3, 1.0]


def test_what_had_to_wait_is_handed_on_when_the_alarm_rings(receiver):
    receiver.context.report_progress(0.1)
    receiver.context.report_progress(0.2, "soon")
    receiver.context.flush()
    receiver.context.flush()
    assert [(fraction, [line[2] for line in lines]) for fraction, lines in receiver.sent] == [
        (0.1, []),
        (0.2, ["soon"]),
    ]


def test_lines_after_the_end_are_ignored(receiver):
    receiver.context.close()
    receiver.context.logger.info("late")
    assert receiver.context.close() == ()
    assert receiver.sent == []


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_progress_is_a_fraction(receiver, fraction):
    with pytest.raises(SettingInvalidError, match="from 0 to 1"):
        receiver.context.report_progress(fraction)


def test_lines_are_kept_with_progress_and_at_the_end(receiver):
    receiver.context.logger.info("began %s", "well")
    receiver.context.report_progress(0.5, "half-way")
    receiver.context.logger.debug("not kept unless asked for")
    assert [line[1:] for _, lines in receiver.sent for line in lines] == [("INFO", "began well")]
    assert [line[1:] for line in receiver.context.close()] == [("INFO", "half-way")]
    assert receiver.context.close() == ()


def test_lines_are_bounded_and_the_surplus_is_counted(receiver):
    for number in range(LINE_COUNT_MAX + 5):
        receiver.context.keep("INFO", str(number))
    lines = receiver.context.close()
    assert len(lines) == LINE_COUNT_MAX + 1
    assert lines[-1][1:] == ("WARNING", "5 more lines were not kept (at most 1,000 are)")


def test_a_long_line_is_cut(receiver):
    receiver.context.keep("INFO", "x" * (LINE_LENGTH_MAX + 1_234))
    [(_, _, text)] = receiver.context.close()
    assert text.endswith("x… (1,234 more characters)")


def test_the_logger_goes_on_to_the_handlers_of_the_program(receiver, caplog):
    with caplog.at_level(logging.WARNING):
        receiver.context.logger.warning("low on %s", "paper")
        receiver.context.logger.info("kept, but not for the program")
    [record] = caplog.records
    assert (record.getMessage(), record.instance, record.attempt) == ("low on paper", "order-7", 2)
    assert record.filename == "test_handler_context.py"


def test_the_logger_keeps_tracebacks(receiver):
    try:
        raise ValueError("no")
    except ValueError:
        receiver.context.logger.exception("oh")
    [(_, [(_, level, text)])] = receiver.sent
    assert level == "ERROR"
    assert text.startswith("oh\nTraceback")
    assert text.endswith("ValueError: no")


def test_a_wrong_format_does_not_stop_the_handler(receiver):
    receiver.context.logger.info("%d", "seven")
    [(_, [(_, _, text)])] = receiver.sent
    assert text.startswith("%d ('seven',)")


def test_context_is_asked_from_within_a_handler(receiver):
    with pytest.raises(RefusedError, match="no task runs here"):
        context()
    token = current.set(receiver.context)
    assert context() is receiver.context
    current.reset(token)
