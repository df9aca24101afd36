"""Power cuts: the log of a file ends anywhere, or in rubbish."""

from __future__ import annotations

import os
import random
import shutil
import signal
from pathlib import Path

from mainspring import Engine, Instance
from tests.crash.evidence import Story, Victim, asking
from tests.crash.program import expected, workflow
from tests.patience import PATIENCE_S, wait_until

CASES = 80


def run_out(store: Path, diary: Path) -> None:
    """Let it all end in peace."""
    os.environ["DIARY"] = str(diary)
    with Engine(f"sqlite:///{store}") as engine:
        instances = start_all(engine)
        assert engine.gather(instances, timeout_s=PATIENCE_S) == [expected(number) for number in range(CASES)]


def start_all(engine: Engine) -> list[Instance]:
    inputs, ids = [{"value": number} for number in range(CASES)], [f"case-{number}" for number in range(CASES)]
    return engine.start_many(workflow(), inputs, ids=ids)


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def is_over(store: Path) -> bool:
    """Asked often, so without all that a story reads."""
    with asking(store) as rows:
        return rows("select distinct status from instance") == [("completed",)]


def test_a_power_cut_leaves_a_store_that_goes_on(tmp_path):
    """The log is cut or torn anywhere; nothing was copied back into the file yet, so each of these can happen."""
    chance = random.Random(3)
    store, diary = tmp_path / "store.db", tmp_path / "diary"
    with Engine(f"sqlite:///{store}", slots=0) as engine:
        start_all(engine)
    victim = Victim(store, diary)
    victim.wait_until_ready()
    copies = []
    for number in range(6):
        enough = size_of(diary) + 1_500
        wait_until(lambda enough=enough: size_of(diary) >= enough or is_over(store), "work goes on")  # type: ignore[misc]
        victim.stop()
        copy = tmp_path / f"copy-{number}.db"
        shutil.copy(store, copy)
        log = Path(f"{store}-wal").read_bytes()
        victim.signal(signal.SIGCONT)
        cut = chance.randrange(len(log) // 2, len(log))
        torn = log[:cut] if number % 2 else log[:cut] + bytes(chance.randbytes(300)) + log[cut + 300 :]
        Path(f"{copy}-wal").write_bytes(torn)
        copies.append(copy)
    victim.kill()

    for copy in copies:
        Story(copy).check()
    for copy in (copies[0], copies[-1]):
        run_out(copy, tmp_path / "diary of the copy")
        story = Story(copy)
        story.check()
        story.check_ended()
