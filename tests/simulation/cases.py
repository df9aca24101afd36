"""Business processes among the random work: whatever goes wrong, every plan of theirs completes."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any

from mainspring.errors import ConflictError, InvalidError, NotFoundError
from mainspring.models.process.builder import Process as Built
from mainspring.models.process.definition import Definition
from tests.models.process.blocks import random_process

if TYPE_CHECKING:
    from tests.simulation.chaos import Chaos

CASES_MAX = 3
VERSIONS_MAX = 3
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
        self.versions: list[int] = []
        """How often each version that was to be deployed begins by itself."""

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

    def deploy(self) -> None:
        """A version of a process that begins by the clock, a few times."""
        process = self.chaos.any_process()
        if process is None or len(self.versions) >= VERSIONS_MAX:
            return
        count, every = self.chance.randint(1, 4), self.chance.choice((1, 7, 40))
        self.versions.append(count)
        with self.chaos.facing(process):
            timed = Built("timed").start("begin", every=f"R{count}/PT{every}S")
            self.chaos.simulation.deploy(timed.service("w", work, retries=1_000, retry_delay_s=1).end("e"))

    def hold(self) -> None:
        """A definition is paused or resumed, perhaps with all that runs of it."""
        process = self.chaos.any_process()
        if process is None or not self.versions:
            return
        with self.chaos.facing(process), contextlib.suppress(NotFoundError):  # none was deployed, perhaps
            deployment = self.chaos.simulation.deployment("timed")
            instances = self.chance.random() < 0.5
            if self.chance.random() < 0.5:
                deployment.pause(instances=instances)
            else:
                deployment.resume(instances=instances)

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
        begun = self.chaos.execute(
            "select public_id, status from instance where public_id like 'timed/begin@%'"
        ).fetchall()
        assert len(begun) <= sum(self.versions), f"{len(begun)} were begun by timers of {self.versions}"
        assert all(status == "completed" for _, status in begun), f"begun by timers: {begun}"
        for name in self.started:
            if self.chaos.count("public_id", name):
                info = self.chaos.simulation.get(name).info()
                assert info.status == "completed", f"{name}: {info}"
            else:
                assert self.chaos.is_pruned, f"{name} has vanished"
