"""Whatever happens to workers and their store: nothing is lost, done twice, or done beyond a limit."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest

from tests.crash.storm import FAULTS, PLACES, Storm, run_storm

SECONDS = 120
"""Of a long storm, with a kill in each."""
RESTARTS = 5
SHARE = {"kill": 2}
"""Of a short storm: each fault once, these as often."""


def short(kind: str, chance: random.Random) -> list[str]:
    """Each fault that such a store knows, in any order."""
    drawn = [name for name, (_, kinds) in FAULTS.items() if kind in kinds for _ in range(SHARE.get(name, 1))]
    chance.shuffle(drawn)
    return drawn


def long(kind: str, chance: random.Random) -> Iterator[list[str]]:
    """For each second, what happens in it."""
    others = [name for name, (_, kinds) in FAULTS.items() if kind in kinds and name not in ("kill", "restart")]
    restarts = set(range(SECONDS // RESTARTS // 2, SECONDS, SECONDS // RESTARTS))
    for second in range(SECONDS):
        drawn = ["kill"]
        if chance.random() < 0.5:
            drawn.append(chance.choice(others))
        if second in restarts and kind in FAULTS["restart"][1]:
            drawn.append("restart")
        yield drawn


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", PLACES)
def test_a_short_storm(tmp_path, kind):
    def blow(storm: Storm, chance: random.Random) -> None:
        for name in short(kind, chance):
            FAULTS[name][0](storm)
            time.sleep(chance.uniform(0.05, 0.3))  # between two strokes; nothing waits for it
            storm.relieve()

    run_storm(tmp_path, kind, seed=1, blow=blow)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", PLACES)
def test_two_minutes_with_a_kill_in_every_second(tmp_path, kind, seed):
    def blow(storm: Storm, chance: random.Random) -> None:
        began = time.monotonic()
        for second, names in enumerate(long(kind, chance), start=1):
            for name in names:
                FAULTS[name][0](storm)
            while time.monotonic() < began + second:
                storm.relieve()
                time.sleep(0.02)

    run_storm(tmp_path, kind, seed=seed, blow=blow)
