"""Business processes among the random work: whatever goes wrong, every plan of theirs completes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from mainspring.errors import ConflictError, InvalidError, NotFoundError
from mainspring.models.process.definition import Definition
from tests.models.process.blocks import random_process

if TYPE_CHECKING:
    from tests.simulation.chaos import Chaos

CASES_MAX = 3
ROUNDS_MAX = 2_000
LIVE = ("created", "running", "paused")


def work() -> dict[str, Any]:
    """What every service task of theirs does."""
    return {"worked": True}


class Cases:
    """Instances of random block-structured processes, and the people who see to them."""

    def __init__(self, chaos: Chaos, count_max: int) -> None:
        self.chaos = chaos
        self.count_max = count_max
        self.started: set[str] = set()

    @property
    def chance(self) -> random.Random:
        return self.chaos.chance

    def start(self) -> None:
        process = self.chaos.any_process()
        if process is None or len(self.started) >= self.count_max:
            return
        name = f"process-{len(self.started)}"
        definition = Definition(random_process(random.Random(self.chance.random())), {"work": work})
        facing = self.chaos.facing(process)
        with facing:
            self.chaos.simulation.start(definition, {"x": self.chance.randint(0, 2)}, id=name)
        if facing.is_known(self.chaos.count("public_id", name)):
            self.started.add(name)

    def see_to(self) -> None:
        """Somebody does one thing that a process waits for, or pauses one."""
        process = self.chaos.any_process()
        if process is None or not self.started:
            return
        with self.chaos.facing(process):
            self._see_to(self.chance.choice(sorted(self.started)))

    def _see_to(self, name: str) -> None:
        try:
            case = self.chaos.simulation.get(name)
            deed = self.chance.choice((self._people, self._people, self._operator, self._world, self._pause))
            deed(case)
        except (ConflictError, InvalidError, NotFoundError):
            pass  # somebody was faster, or it is not there any more

    def _people(self, case: Any) -> None:
        for task in case.tasks()[:1]:
            case.complete(task.id, by="ann", data={"x": 1})

    def _operator(self, case: Any) -> None:
        for incident in case.incidents()[:1]:
            case.resolve(incident.id, by="olga")

    def _world(self, case: Any) -> None:
        waits = self.chaos.execute(
            "select subscription.key from subscription join instance on instance.id = subscription.instance"
            " where instance.public_id = ? and kind in ('message', 'signal') order by 1",
            (case.id,),
        ).fetchall()
        if waits:
            case.trigger(self.chance.choice(waits)[0])

    def _pause(self, case: Any) -> None:
        if self.chance.random() < 0.5:
            case.pause()
        else:
            case.resume()

    def finish(self) -> None:
        """People do all that is left to do."""
        simulation = self.chaos.simulation
        for _ in range(ROUNDS_MAX):
            simulation.run_until_idle()
            live = [name for name in sorted(self.started) if self._is_live(name)]
            if not live:
                return
            for name in live:
                case = simulation.get(name)
                for deed in (self._people, self._operator, self._world):
                    try:
                        deed(case)
                    except (ConflictError, NotFoundError):
                        case.resume()
        raise AssertionError(f"these never end: {[name for name in sorted(self.started) if self._is_live(name)]}")

    def _is_live(self, name: str) -> bool:
        return self.chaos.count("public_id", name) > 0 and self.chaos.simulation.get(name).status in LIVE

    def check(self) -> None:
        for name in self.started:
            if self.chaos.count("public_id", name):
                info = self.chaos.simulation.get(name).info()
                assert info.status == "completed", f"{name}: {info}"
            else:
                assert self.chaos.is_pruned, f"{name} has vanished"
