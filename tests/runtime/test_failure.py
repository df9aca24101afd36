"""Errors as values: bounded, clean, and without our own frames."""

from __future__ import annotations

import pytest

from mainspring.runtime.failure import MESSAGE_LENGTH_MAX, TRACEBACK_LENGTH_MAX, cut, failure_of


def raised(raise_: object) -> BaseException:
    try:
        raise_()  # type: ignore[operator]
    except BaseException as error:
        return error
    raise AssertionError


def test_type_message_traceback_and_kinds():
    failure = failure_of(raised(lambda: dict[str, int]()["missing"]))
    assert (failure.type, failure.message) == ("KeyError", "'missing'")
    assert failure.traceback.startswith("Traceback (most recent call last):\n")
    assert failure.traceback.endswith("KeyError: 'missing'\n")
    assert failure.kinds == (
        "builtins.KeyError",
        "builtins.LookupError",
        "builtins.Exception",
        "builtins.BaseException",
    )


def test_causes_are_told():
    def chain() -> None:
        try:
            int("x")
        except ValueError as error:
            raise LookupError("outer") from error

    traceback = failure_of(raised(chain)).traceback
    assert "ValueError: invalid literal" in traceback
    assert "direct cause" in traceback


def test_groups_are_told():
    def group() -> None:
        raise ExceptionGroup("several", [ValueError("one"), KeyError("two")])

    traceback = failure_of(raised(group)).traceback
    assert "ValueError: one" in traceback
    assert "KeyError: 'two'" in traceback


def test_a_circular_chain_ends():
    first, second = ValueError("first"), ValueError("second")
    first.__context__, second.__context__ = second, first
    assert failure_of(first, None).type == "ValueError"


def test_a_deep_recursion_is_bounded():
    def down(depth: int) -> int:
        return down(depth + 1) + 1

    failure = failure_of(raised(lambda: down(0)))
    assert failure.type == "RecursionError"
    assert len(failure.traceback) <= TRACEBACK_LENGTH_MAX


def test_a_long_message_is_cut():
    def fail() -> None:
        raise ValueError("x" * 100_000)

    failure = failure_of(raised(fail))
    assert len(failure.message) < MESSAGE_LENGTH_MAX + 50
    assert failure.message.endswith("more characters)")
    assert len(failure.traceback) <= TRACEBACK_LENGTH_MAX


def test_a_long_traceback_keeps_its_beginning_and_its_end():
    lines = [f"line {number}" for number in range(10_000)]
    text = cut("\n".join(lines))
    assert len(text) <= TRACEBACK_LENGTH_MAX
    assert text.startswith("line 0\n")
    assert text.endswith("line 9999")
    assert "characters left out" in text


@pytest.mark.parametrize("text", ["\ud800 lone", "nul \x00 inside"])
def test_text_that_stores_refuse_is_written_out(text):
    def fail() -> None:
        raise ValueError(text)

    failure = failure_of(raised(fail))
    assert "\x00" not in failure.message + failure.traceback
    (failure.message + failure.traceback).encode()


def test_an_error_that_cannot_be_shown_is_still_a_failure():
    class Shy(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    def fail() -> None:
        raise Shy

    failure = failure_of(raised(fail))
    assert failure.type.endswith("Shy")
    assert failure.message == "(cannot be shown: RuntimeError)"
