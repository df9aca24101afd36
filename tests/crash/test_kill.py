"""`kill -9` again and again on one file, and power cuts."""

from __future__ import annotations

import os
import random
import shutil
import signal
from pathlib import Path

import pytest

from mainspring import Engine
from tests.crash.evidence import Story, Victim, check_diary, read_diary, wait_until
from tests.crash.program import CASES, expected, workflow

KILLS = 32


def storm(folder: Path, kills: int, seed: int) -> tuple[Path, Path]:
    """Kill a working process again and again; in every other round two of them are alive."""
    chance = random.Random(seed)
    store, diary = folder / "store.db", folder / "diary"
    alive = [Victim(store, diary)]
    alive[0].wait_until_ready()
    for number in range(kills):
        if number % 2:
            alive.append(Victim(store, diary))
        for one in alive:
            if one is alive[-1] and number % 2:
                one.wait_until_ready()
        wait_for_progress(store, diary, chance.choice((0, 1, 500, 2_000)))
        victim = alive.pop(chance.randrange(len(alive)))
        victim.kill()
        if not alive:
            alive.append(Victim(store, diary))
            alive[0].wait_until_ready()
    for one in alive:
        one.kill()
    return store, diary


def wait_for_progress(store: Path, diary: Path, more_bytes: int) -> None:
    """Until so much more was written down, or all is done."""
    enough = size_of(diary) + more_bytes
    wait_until(lambda: size_of(diary) >= enough or _over(store), "work goes on")


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _over(store: Path) -> bool:
    return {status for _, status in Story(store).instances.values()} == {"completed"}


def run_out(store: Path, diary: Path) -> None:
    """Let it all end in peace."""
    os.environ["DIARY"] = str(diary)
    with Engine(f"sqlite:///{store}") as engine:
        instances = engine.start_many(
            workflow(),
            [{"value": number} for number in range(CASES)],
            ids=[f"case-{number}" for number in range(CASES)],
        )
        assert engine.gather(instances, timeout_s=60) == [expected(number) for number in range(CASES)]


def check_storm(folder: Path, kills: int, seed: int) -> None:
    # given
    store, diary = storm(folder, kills, seed)
    # then
    Story(store).check()
    # when
    run_out(store, diary)
    # then
    story = Story(store)
    story.check()
    story.check_ended()
    check_diary(story, read_diary(diary))
    assert len(story.instances) == CASES


def test_thirty_kills_in_a_row_lose_nothing_and_do_nothing_twice(tmp_path):
    check_storm(tmp_path, KILLS, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(2, 8))
def test_two_hundred_kills(tmp_path, seed):
    check_storm(tmp_path, 200, seed)


def test_a_power_cut_leaves_a_store_that_goes_on(tmp_path):
    """The log is cut or torn anywhere; nothing was copied back into the file yet, so each of these can happen."""
    chance = random.Random(3)
    store, diary = tmp_path / "store.db", tmp_path / "diary"
    victim = Victim(store, diary)
    victim.wait_until_ready()
    copies = []
    for number in range(6):
        wait_for_progress(store, diary, 1_500)
        victim.signal(signal.SIGSTOP)
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
