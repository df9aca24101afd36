"""Tests wait with one patience: none has a limit that a busy machine could miss, or a loop of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
WAITING = ("result", "wait", "join", "communicate", "gather", "get", "run")
"""Methods whose time-out ends a wait for something that must happen."""
BRIEF_S, LONG_S = 1.0, 60.0
"""What is meant to run out is shorter, and what is meant not to, longer."""


def limits_in(text: str) -> Iterator[int]:
    """Lines with a limit that may run out or not."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(func=ast.Attribute(attr=name), args=args, keywords=keywords) if name in WAITING:
                named = [each.value for each in keywords if each.arg in ("timeout", "timeout_s")]
                first = args[:1] if name in ("result", "wait", "join", "communicate") else []
                yield from (each.lineno for each in (*named, *first) if is_between(each))


def is_between(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=int() | float() as seconds):
            return BRIEF_S <= seconds < LONG_S
    return False


def test_no_limit_is_one_that_a_busy_machine_could_miss():
    found = [(path, line) for path in TESTS.rglob("*.py") for line in limits_in(path.read_text(encoding="utf-8"))]
    assert not found, "\n".join(f"{path}:{line}: wait with PATIENCE_S of tests/patience.py" for path, line in found)


def test_nobody_waits_by_a_loop_of_his_own():
    words = "\ndef wait_until("
    found = [path for path in TESTS.rglob("*.py") if words in path.read_text(encoding="utf-8")]
    assert found == [TESTS / "patience.py"], "there is one in tests/patience.py"


@pytest.mark.parametrize("text", ["a.result(10)", "a.communicate(timeout=20)", "a.result(timeout_s=30.0)"])
def test_a_limit_that_may_be_missed_is_found(text):
    assert list(limits_in(f"\n{text}")) == [2]


@pytest.mark.parametrize(
    "text", ["a.result(PATIENCE_S)", "a.wait(0.01)", "a.wait('t', after=5)", "a.result(timeout=0)"]
)
def test_others_are_not(text):
    assert list(limits_in(text)) == []
