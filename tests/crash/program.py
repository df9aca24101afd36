"""The program that things are done to: a worker on one store, whose handlers write down that they ran."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from mainspring import Context, Engine, Workflow, context, task
from mainspring.errors import UnavailableError
from tests.crash.machine import Machine
from tests.patience import PATIENCE_S, wait_until

ITEMS = 6
SLOTS = 6


def write_down(word: str = "begin") -> None:
    """One line: word, process, instance, key, attempt, when.  Lines of several processes do not mix."""
    it = context()
    line = f"{word}\t{os.getpid()}\t{it.instance}\t{it.key}\t{it.attempt}\t{time.monotonic()}\n"
    file = os.open(os.environ["DIARY"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line.encode())
    os.close(file)


# --- Workflows --------------------------------------------------------------------------------


@task
async def step(value: int) -> int:
    write_down()
    await asyncio.sleep(0.003)
    return value + 1


@task
def measure(value: int) -> int:
    write_down()
    return value * value


@task
async def total(values: list[int], last: int) -> int:
    write_down()
    return sum(values) + last


def workflow() -> Workflow:
    """A chain, a map, a join."""
    made = Workflow("storm")
    value = made.input("value", int)
    for number in range(4):
        value = made.add(step, value, key=f"step{number}")
    items = made.map(measure, list(range(ITEMS)), concurrency=3, after=[value])
    made.output(made.add(total, items, value))
    return made


def expected(value: int) -> int:
    return sum(item * item for item in range(ITEMS)) + value + 4


# --- Tasks of queues --------------------------------------------------------------------------


@task(queue="narrow")
async def narrow(number: int) -> int:
    write_down()
    await asyncio.sleep(0.01)
    write_down("end")
    return number


@task(queue="shared")
def shared(number: int) -> int:
    write_down()
    time.sleep(0.01)
    write_down("end")
    return number


@task(queue="metered")
async def metered(number: int) -> int:
    write_down()
    return number


@task(queue="narrow")
async def narrow_held(folder: str) -> None:
    await held(folder)


@task(queue="shared")
async def shared_held(folder: str) -> None:
    await held(folder)


async def held(folder: str) -> None:
    """Keep a place of a queue until told otherwise."""
    write_down()
    while not Path(folder, "let go").exists():
        await asyncio.sleep(0.01)
    write_down("end")


@task
async def beat() -> None:
    write_down()


# --- Single tasks -----------------------------------------------------------------------------


@task
def linger(folder: str, context: Context) -> str:
    """The first attempt waits for a sign; later ones do not."""
    write_down()
    if context.attempt == 1:
        Path(folder, "lingering").touch()
        wait_for(Path(folder, "go"))
    return f"attempt {context.attempt}"


@task
def hog(seconds: int) -> str:
    """Holds the interpreter: no other thread of the process runs meanwhile, not even the one that renews its lease."""
    write_down()
    ctypes.PyDLL(None).sleep(seconds)
    return f"attempt {context().attempt}"


@task
def now() -> float:
    return time.time()


def whoami() -> int:
    write_down()
    return os.getpid()


def wait_for(path: Path) -> None:
    wait_until(path.exists, f"{path} is there")


def opened(url: str, lease_s: float) -> Engine:
    """As whoever looks after a worker would: started again while the store is not there."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return Engine(url, slots=SLOTS, lease_s=lease_s)
        except UnavailableError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


class Job(NamedTuple):
    """What a process is to work on."""

    url: str
    diary: Path
    complaints: Path
    """What it says to whoever looks after it."""
    lease_s: float
    name: str
    machine: Machine | None


def work(job: Job, line: Connection) -> None:
    """Work on what there is, until the other end of the line is closed; says when it is ready."""
    os.dup2(os.open(job.complaints, os.O_WRONLY | os.O_APPEND | os.O_CREAT), 2)
    os.environ["DIARY"] = str(job.diary)
    if job.machine is not None:
        job.machine.carry_me()
    with opened(job.url, job.lease_s) as engine:
        engine.register(whoami, f"whoami-{job.name}")
        until_told(line)


def until_told(line: Connection) -> None:
    """Say that the work begins, and return when the other end of the line is closed."""
    line.send("ready")
    with contextlib.suppress(EOFError, ConnectionResetError):
        line.recv()
