"""Exceptions of the running script in retry policies: `__main__` has another name wherever else it is imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.patience import PATIENCE_S

SCRIPT = """
import sys
from mainspring import Engine, Retry, Workflow, context, task


class Busy(Exception):
    pass


class VeryBusy(Busy):
    pass


class Wrong(Exception):
    pass


POLICY = Retry(max=3, delay_s=0, on=(Busy,), not_on=Wrong)


def attempt(error):
    if context().attempt < 3:
        raise error("not yet")
    return context().attempt


@task(isolation="thread", retries=POLICY)
def in_thread(error: str) -> int:
    return attempt(globals()[error])


@task(retries=POLICY)
async def in_loop(error: str) -> int:
    return attempt(globals()[error])


@task(isolation="process", retries=POLICY)
def in_process(error: str) -> int:
    return attempt(globals()[error])


if __name__ == "__main__":
    wf = Workflow("busy")
    error = wf.input("error", str)
    wf.add(globals()[sys.argv[1]], error, key="work")
    with Engine("sqlite://") as engine:
        instance = engine.start(wf, {"error": sys.argv[2]})
        try:
            print(instance.result(timeout_s=100))
        except Exception as failed:
            print(failed)
"""


@pytest.mark.parametrize("handler", ["in_thread", "in_loop", "in_process"])
@pytest.mark.parametrize(
    ("error", "said"), [("VeryBusy", "3"), ("Wrong", "instance 'busy:1' failed: node 'work': Wrong: not yet")]
)
def test_a_script_names_its_own_exceptions(tmp_path, handler, error, said):
    script = tmp_path / "busy_script.py"
    script.write_text(SCRIPT)
    ended = subprocess.run(
        [sys.executable, str(script), handler, error], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert (ended.stdout.strip(), ended.returncode) == (said, 0), ended.stderr
