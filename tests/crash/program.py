"""The program that is killed: a worker on one store, whose handlers write down that they ran.

python -m tests.crash.program work STORE DIARY [lease_s]     work on what there is, until killed
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import time
from pathlib import Path

from mainspring import Context, Engine, Workflow, context, task
from mainspring.errors import UnavailableError

CASES = 80
ITEMS = 6
PATIENCE_S = 60.0


def write_down() -> None:
    """One line for each attempt: instance, key, attempt, when.  Lines of several processes do not mix."""
    it = context()
    line = f"{it.instance}\t{it.key}\t{it.attempt}\t{time.time()}\n"
    file = os.open(os.environ["DIARY"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line.encode())
    os.close(file)


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


def wait_for(path: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while not path.exists():
        if time.monotonic() > until:
            raise TimeoutError(path)
        time.sleep(0.01)


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


def main() -> None:
    verb, store, diary, *rest = sys.argv[1:]
    assert verb == "work"
    os.environ["DIARY"] = diary
    lease_s = float(rest[0]) if rest else 30.0
    with Engine(f"sqlite:///{store}", slots=6, lease_s=lease_s) as engine:
        try:
            ids = [f"case-{number}" for number in range(CASES)] if lease_s == 30.0 else []
            engine.start_many(workflow(), [{"value": number} for number in range(len(ids))], ids=ids)
        except UnavailableError as error:
            print(error, file=sys.stderr)
        print("ready", flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main()
