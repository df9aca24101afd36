"""What tasks do on a cluster, whichever it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainspring import Engine, Workflow
from mainspring.errors import InstanceCancelledError, InstanceFailedError
from mainspring.handler import Handler
from tests.patience import PATIENCE_S, wait_until
from tests.runtime import crunch


def plain(number: int) -> int:
    """Where it runs; of no executor."""
    return os.getpid()


def all_kinds_run_there(
    engine: Engine, executor: str, on: Callable[[Handler[..., Any]], Handler[..., Any]], folder: Path
) -> None:
    """`on`: the handler of that executor which a handler of `crunch` stands for."""
    assert engine.submit(on(crunch.pid)).result(timeout_s=PATIENCE_S) != os.getpid()
    many = engine.submit_many(on(crunch.double), [(number,) for number in range(100)])
    assert engine.gather(many, timeout_s=PATIENCE_S) == [2 * number for number in range(100)]

    told = engine.submit(on(crunch.tell))
    assert told.result(timeout_s=PATIENCE_S) == [told.id, "task", 1, f"{told.id}:task"]
    assert [line.message for line in told.logs()] == ["one", "half-way", "three"]

    failing = engine.submit(on(crunch.fail), "no such thing")
    with pytest.raises(InstanceFailedError, match="LookupError: no such thing"):
        failing.result(timeout_s=PATIENCE_S)
    failure = failing.info().failure
    assert failure is not None
    assert "crunch.py" in failure.traceback

    workflow = Workflow("mixed")
    first = workflow.add(plain, 4, executor=executor)
    workflow.output([first, workflow.add(plain, 4)])
    there, here = engine.start(workflow).result(timeout_s=PATIENCE_S)
    assert (there == os.getpid(), here == os.getpid()) == (False, True)

    running = engine.submit(on(crunch.until_cancelled), str(folder))
    began = folder / "began"
    wait_until(lambda: began.exists() and began.read_text(), "it has begun")
    running.cancel()
    with pytest.raises(InstanceCancelledError):
        running.result(timeout_s=PATIENCE_S)
    ended = folder / "ended"
    assert wait_until(lambda: ended.exists() and ended.read_text(), "it ends") == "cancelled"
    began.unlink()
