"""What is known of a process of this host."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mainspring.kernel.leases import Fate
from mainspring.runtime.identity import fate_of, process_name
from tests.patience import wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="states of processes are read from /proc")


@pytest.fixture
def process():
    made = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield made
    made.kill()
    made.wait()
    assert made.stdin is not None
    made.stdin.close()


def test_a_process_that_runs_is_told_from_one_that_is_stopped_and_one_that_has_ended(process):
    name = process_name(process.pid)
    assert fate_of(name) is Fate.RUNS
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: fate_of(name) is Fate.UNKNOWN, "it is stopped")
    process.send_signal(signal.SIGCONT)
    wait_until(lambda: fate_of(name) is Fate.RUNS, "it runs")
    process.kill()
    wait_until(lambda: fate_of(name) is Fate.GONE, "it has ended")
    process.wait()
    assert fate_of(name) is Fate.GONE


def test_another_process_of_the_same_number_is_not_the_same(process):
    assert fate_of(f"{process.pid}@12345") is Fate.GONE


@pytest.mark.parametrize("name", ["process-1", "", "12@?"])
def test_nothing_is_known_of_what_is_no_process_here(name):
    assert fate_of(name) in (Fate.UNKNOWN, Fate.GONE)
    assert fate_of(name) is not Fate.RUNS
