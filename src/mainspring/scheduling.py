"""Scheduling: a rule, and what it starts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Literal

import msgspec

from mainspring import codec
from mainspring.errors import DefinitionNotFoundError, HandlerUnknownError, SettingInvalidError
from mainspring.handler import Handler
from mainspring.instance import Instance
from mainspring.kernel.reader import PAGE_MAX
from mainspring.kernel.records import Begun, Deploy, Start, StartEntry, Tell
from mainspring.models.contract import Deployable, Signal
from mainspring.models.machine.notation import StateMachine
from mainspring.models.registry import MODELS
from mainspring.models.schedule.asking import UPDATE, ZONES
from mainspring.models.schedule.civil import Dst, zones_version
from mainspring.models.schedule.model import DEFINITION, ZONES_NAME, Answer, zones_definition
from mainspring.models.schedule.request import settings_of
from mainspring.models.schedule.settings import Overlap, Target
from mainspring.models.schedule.state import PREFIX
from mainspring.schedule import NAME_LENGTH_MAX, Schedule
from mainspring.starting import Startable, Starting
from mainspring.terms import PRIORITY_MAX, is_whole

logger = logging.getLogger("mainspring.schedule")


class Occurrence:
    """Stands, among the arguments of a schedule, for the time of the occurrence: text in ISO 8601, with its offset."""

    def __repr__(self) -> str:
        return "OCCURRENCE"

    def model_dump(self, **_: Any) -> Any:
        """Asked for as of any model, where it lies so deep that it is not found when the occurrence starts."""
        raise TypeError(
            "OCCURRENCE may only be an argument of a handler, or a field of the input by itself; it cannot be a part of"
            " a list or a dict"
        )


OCCURRENCE = Occurrence()

Several = str | Sequence[str]
Excluded = str | date | datetime | tuple[datetime, datetime] | Iterable[Any]


class Scheduling(Starting):
    """What is started by the clock."""

    def schedule(
        self,
        name: str,
        target: Callable[..., Any] | Startable | type[StateMachine] | Instance | str,
        *args: Any,
        input: Any = None,
        event: str | None = None,
        every: str | float | timedelta | None = None,
        phase_s: float | None = None,
        cron: Several | None = None,
        rrule: Several | None = None,
        at: datetime | Sequence[datetime] | None = None,
        tz: str | tzinfo = "UTC",
        dst: Dst | None = None,
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
        count: int | None = None,
        exclude: Excluded | None = None,
        business_day: bool = False,
        overlap: Overlap = "skip",
        catchup: Literal["none", "latest", "all"] | int | timedelta = "latest",
        jitter_s: float = 0.0,
        pause_on_failure: bool | int = False,
        priority: int = 0,
    ) -> Schedule:
        """Start a target again and again: `engine.schedule("backup", backup, every="10s")`.

        `target`: a handler, a definition, the name of one (its newest version is started), or with `event=` the
        instance to which that event is sent.  `args` and `input` (by name) are what it is called with; `OCCURRENCE`
        as one of them stands for the time of the occurrence.  Several rules are a union.

        The same name again with other settings is an update; with the same settings nothing changes.
        Raises `SettingInvalidError` with the field and the reason.  A schedule that never fires is `completed` at
        once, and a warning is logged.
        """
        _check_name(name)
        if not is_whole(priority) or not -PRIORITY_MAX <= priority <= PRIORITY_MAX:
            raise SettingInvalidError(f"priority must be a whole number, not {priority!r}")
        options = {
            "every": every, "phase_s": phase_s, "cron": cron, "rrule": rrule, "at": at, "tz": tz, "dst": dst,
            "starts_at": starts_at, "ends_at": ends_at, "count": count, "exclude": exclude,
            "business_day": business_day, "overlap": overlap, "catchup": catchup, "jitter_s": jitter_s,
            "pause_on_failure": pause_on_failure,
        }  # fmt: skip
        settings_of(Target(name), options)  # raises what is wrong, before anything is deployed
        made, definition = self._target(target, args, input, event, priority)
        settings = settings_of(made, options).encode()
        schedule = Schedule(self, name)
        if schedule.has(settings):
            return schedule
        if definition is not None:
            self._pump.call(Deploy(definition)).result()
        if self._reader.find_definition(ZONES_NAME) is None:
            self._pump.call(Deploy(zones_definition(zones_version()))).result()
        [begun] = self._pump.call(Start(DEFINITION, [StartEntry(settings, schedule.id)])).result()
        assert isinstance(begun, Begun)
        if begun.existed:
            self._pump.call(Tell(schedule.id, Signal(UPDATE, msgspec.Raw(settings)))).result()
        if schedule.status == "completed":
            logger.warning("schedule %r never fires again; it is completed", name)
        return schedule

    # --- Targets ------------------------------------------------------------------------------

    def _target(
        self, target: Any, args: tuple[Any, ...], input: Any, event: str | None, priority: int
    ) -> tuple[Target, Deployable | None]:
        """What is started, and the definition that must be in the store for it."""
        if event is not None:
            id = target.id if isinstance(target, Instance) else target
            if not isinstance(id, str) or not event:
                raise SettingInvalidError("event= is sent to an instance; give it, or its id, as the target")
            sent = Target(id, event=event, priority=priority)
            return self._filled(sent, _only(args, input), f"data of {event!r}"), None
        if isinstance(target, str):
            row = self._reader.find_definition(target)
            if row is None:
                raise DefinitionNotFoundError(
                    f"no definition {target!r} in this store; deploy it first, or schedule the definition itself"
                )
            made = Target(row.name, model=row.model, priority=priority)
            deployed = Deployable(row.model, row.name, row.digest, row.document)
            return self._started(made, deployed, args, input), None
        if not isinstance(target, type) and not hasattr(target, "deployable"):
            return self._called(self._handlers.add(target), args, input, priority)
        deployable = self._deployable(target)
        made = Target(deployable.name, model=deployable.model, digest=deployable.digest, priority=priority)
        return self._started(made, deployable, args, input), deployable

    def _called(
        self, handler: Handler[..., Any], args: tuple[Any, ...], input: Any, priority: int
    ) -> tuple[Target, Deployable]:
        if input is not None and not isinstance(input, dict):
            raise SettingInvalidError(f"input must be a dict of arguments by name, not {input!r:.80}")
        bound = handler.bind(args, input or {})
        deployable = self._task(handler)
        chosen = priority or handler.options.priority
        made = Target(deployable.name, model="task", digest=deployable.digest, priority=chosen)
        return self._filled(made, bound, handler.where), deployable

    def _started(self, made: Target, deployable: Deployable, args: tuple[Any, ...], input: Any) -> Target:
        """Of a definition: with an input that it would take now."""
        where = f"input of {deployable.model} {deployable.name!r}"
        filled = self._filled(made, _only(args, input), where)
        model = MODELS[deployable.model]
        try:
            plan = model.compile(deployable.document, self._resolve)
        except HandlerUnknownError:
            return filled  # whoever has its code will see
        sample = msgspec.json.decode(filled.input) | dict.fromkeys(filled.occurrence_in, "2000-01-01T00:00:00+00:00")
        model.check_input(plan, codec.encode(sample, where))
        return filled

    def _filled(self, target: Target, values: Any, where: str) -> Target:
        given = {} if values is None else values
        fields: tuple[str, ...] = ()
        if isinstance(given, dict):
            fields = tuple(name for name, value in given.items() if value is OCCURRENCE)
            given = {name: value for name, value in given.items() if value is not OCCURRENCE}
        return msgspec.structs.replace(target, input=msgspec.Raw(codec.encode(given, where)), occurrence_in=fields)

    # --- Zones --------------------------------------------------------------------------------

    def refresh_zones(self) -> list[str]:
        """Look for the next occurrences of all schedules anew, if the tz database is another one than before.

        An engine does so when it opens a store.  Returns the names of schedules whose next occurrence has moved.
        """
        known = self._reader.find_definition(ZONES_NAME)
        wanted = zones_definition(zones_version())
        if known is not None and known.digest == wanted.digest:
            return []
        moved: list[str] = []
        after: str | None = None
        while True:
            page = self.list(model="schedule", status=("running", "paused"), children=True, limit=PAGE_MAX, after=after)
            replies = [(info.id, self._pump.call(Tell(info.id, Signal(ZONES)))) for info in page]
            for id, reply in replies:
                answer = msgspec.json.decode(reply.result(), type=Answer)
                if answer.moved_from is not None:
                    moved.append(id.removeprefix(PREFIX))
                    logger.warning(
                        "schedule %r has moved from %s to %s: the tz database is %s now", moved[-1],
                        _told(answer.moved_from), _told(answer.next), zones_version(),
                    )  # fmt: skip
            after = page.next
            if after is None:
                break
        self._pump.call(Deploy(wanted)).result()
        return moved


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > NAME_LENGTH_MAX or not name.isprintable():
        raise SettingInvalidError(f"name: expected 1 to {NAME_LENGTH_MAX} printable characters, found {name!r:.60}")


def _only(args: tuple[Any, ...], input: Any) -> Any:
    """The one input of what takes one."""
    if len(args) > 1 or (args and input is not None):
        raise SettingInvalidError("a definition takes one input; give it as input={…}")
    return args[0] if args else input


def _told(at: float | None) -> str:
    return "never" if at is None else datetime.fromtimestamp(at).astimezone().isoformat()
