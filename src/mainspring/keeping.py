"""Keepers of definitions: what is deployed with a process, so that it can be paused, and begins by its timers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib import import_module

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from mainspring.errors import DefinitionInvalidError, Problem, SettingInvalidError
from mainspring.models.contract import Deployable, Keeper, Signal
from mainspring.models.deployment.model import DEFINITION, DEPLOY, News, Timer
from mainspring.models.process.expression import NoValueError
from mainspring.models.schedule.asking import UPDATE
from mainspring.models.schedule.civil import zones_version
from mainspring.models.schedule.model import DEFINITION as SCHEDULE
from mainspring.models.schedule.model import zones_definition
from mainspring.models.schedule.state import PREFIX

KEPT = "process"
"""The model whose definitions begin by themselves."""


def with_keeper(deployable: Deployable, at: float, *, has_zones: bool) -> Deployable:
    """The same, with a schedule for each time at which it begins; and so what is deployed with it.

    `has_zones`: the store knows by which tz database its schedules go.  Raises `DefinitionInvalidError`.
    """
    children = tuple(with_keeper(child, at, has_zones=has_zones) for child in deployable.children)
    if deployable.model != KEPT:
        return replace(deployable, children=children)
    timers = tuple(_timers(deployable, at)) if deployable.times else ()
    if timers:
        children += (SCHEDULE,) if has_zones else (SCHEDULE, zones_definition(zones_version()))
    news = msgspec.json.encode(News(deployable.model, deployable.name, timers))
    keeper = Keeper(DEFINITION, Signal(DEPLOY, Raw(news)), bool(timers))
    return replace(deployable, children=children, keeper=keeper)


def _timers(deployable: Deployable, at: float) -> Iterator[Timer]:
    # Calendars take as long to load as all the rest, and most processes begin by no time.
    settings_of = import_module("mainspring.timed").settings_of
    problems: list[Problem] = []
    seen = Counter[str]()
    for time in deployable.times:
        seen[time.entry] += 1
        key = time.entry if seen[time.entry] == 1 else f"{time.entry}/{seen[time.entry]}"
        try:
            settings = settings_of(deployable.name, time, at).encode()
        except (NoValueError, SettingInvalidError) as error:
            problems.append(Problem(f"start event {time.entry!r}: {error}"))
        else:
            yield Timer(key, f"{PREFIX}{deployable.name}/{key}", SCHEDULE.digest, Raw(settings), UPDATE)
    if problems:
        raise DefinitionInvalidError(deployable.name, problems)
