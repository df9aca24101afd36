"""Looking into a store: what there is and how it stands.  Nothing is started, nothing is changed, nobody waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mainspring import codec
from mainspring.clock import Clock, SystemClock
from mainspring.deployment import Deployment
from mainspring.errors import DefinitionNotFoundError, InstanceNotFoundError, RefusedError, SettingInvalidError
from mainspring.instance import Info, Instance, Page, info_of
from mainspring.kernel.leases import Fate
from mainspring.kernel.lifecycle import STATUSES
from mainspring.kernel.reader import PAGE_MAX, Filter, NeedView, QueueView, Reader, StoreHealth, WorkerView
from mainspring.masking import masked
from mainspring.models.contract import Event
from mainspring.models.schedule.state import PREFIX
from mainspring.runtime.identity import fate_of, host_name
from mainspring.statistics import Statistics, statistics_of
from mainspring.stores.url import open_existing, store_url
from mainspring.why import Waiting, waiting_of

if TYPE_CHECKING:
    from concurrent.futures import Future

    from mainspring.schedule import Schedule

__all__ = ["STATUSES", "Looking", "NeedView", "QueueView", "Statistics", "StoreHealth", "Waiting", "WorkerView"]

KEEPERS = ("schedule", "deployment")
"""Models whose instances begin others; they are listed as what they are, by `schedules` and `deployments`."""
INNER = ("task", *KEEPERS)
"""Models of which nobody deploys a definition."""
ATTRIBUTES_MAX = 50
"""Conditions of one question; SQLite itself gives up at a thousand."""
ONLY_LOOKING = "this store is only being looked at; open an Engine to change it"


class Looking:
    """What can be asked of a store; `Engine` adds what can be done.

    Raises `StoreNotFoundError` where there is none, and otherwise as `Engine` does.
    """

    def __init__(self, url: str | None = None, *, clock: Clock | None = None, reader: Reader | None = None) -> None:
        """`reader`: one that is open already."""
        self.url = store_url(url)
        self.clock = clock or SystemClock()
        self._reader = reader or open_existing(self.url)

    @property
    def shown_url(self) -> str:
        """The store's URL without its password."""
        return masked(self.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._reader.close()

    # --- Knowing ------------------------------------------------------------------------------

    def get(self, id: str) -> Instance:
        """The instance of that id; raises `InstanceNotFoundError`."""
        if self._reader.find_instance(id) is None:
            raise InstanceNotFoundError(id)
        return Instance(self, id, True, None)

    def list(
        self,
        *,
        status: str | Sequence[str] | None = None,
        definition: str | None = None,
        model: str | None = None,
        since: datetime | float | None = None,
        attributes: Mapping[str, Any] | None = None,
        children: bool = False,
        limit: int = 50,
        after: str | None = None,
    ) -> Page:
        """A page of instances, newest first; `after` is the `next` of the page before.

        Those that schedules and deployments are come only where `model` asks for them.
        """
        if not 1 <= limit <= PAGE_MAX:
            raise SettingInvalidError(f"limit must be 1 to {PAGE_MAX}, not {limit}")
        statuses = None if status is None else (status,) if isinstance(status, str) else tuple(status)
        for wanted in statuses or ():
            if wanted not in STATUSES:
                raise SettingInvalidError(f"no status {wanted!r}; there are {', '.join(STATUSES)}")
        if since is not None and not isinstance(since, datetime | int | float):
            raise SettingInvalidError(f"since must be a datetime, or seconds since 1970, not {since!r}")
        labels = {} if attributes is None else attributes
        if len(labels) > ATTRIBUTES_MAX:
            raise SettingInvalidError(
                f"at most {ATTRIBUTES_MAX} attributes can be asked for at once, not {len(labels)}"
            )
        chosen = Filter(
            status=statuses,
            definition=definition,
            model=model,
            without=KEEPERS if model is None else (),
            since=since.timestamp() if isinstance(since, datetime) else since,
            attributes=tuple((name, codec.encode(value, name).decode()) for name, value in labels.items()),
            children=children,
        )
        if after is not None and not after.isdigit():
            raise SettingInvalidError(f"after={after!r} is not the `next` of a page")
        rows = self._reader.list_instances(chosen, before=int(after) if after else None, limit=limit)
        infos: tuple[Info, ...] = tuple(info_of(row) for row in rows)
        return Page(infos, str(rows[-1].number) if len(rows) == limit else None)

    def schedules(self, *, status: str | Sequence[str] | None = ("running", "paused")) -> Sequence[Schedule]:
        """The schedules that may fire again, by name; `status`: others too, None for all."""
        from mainspring.schedule import Schedule

        found: Any = []
        after: str | None = None
        while True:
            page = self.list(model="schedule", status=status, children=True, limit=PAGE_MAX, after=after)
            found += [Schedule(self, info.id.removeprefix(PREFIX)) for info in page]
            after = page.next
            if after is None:
                return sorted(found, key=lambda schedule: schedule.name)

    def get_schedule(self, name: str) -> Schedule:
        """The schedule of that name; raises `ScheduleNotFoundError`."""
        from mainspring.schedule import Schedule

        schedule = Schedule(self, name)
        schedule.status  # noqa: B018 - raises where there is none
        return schedule

    def deployment(self, name: str, *, model: str | None = None) -> Deployment:
        """The definition of that name, in all its versions; raises `DefinitionNotFoundError`.

        `model`: where several have one of that name; raises `SettingInvalidError` without it.
        """
        found = [each for each in self.deployments() if each.name == name and model in (None, each.model)]
        if not found:
            raise DefinitionNotFoundError(f"no definition {name!r} in this store; deploy it first")
        if len(found) > 1:
            models = " and a ".join(each.model for each in found)
            raise SettingInvalidError(f"there is a {models} of the name {name!r}; say which by model")
        return found[0]

    def deployments(self) -> Sequence[Deployment]:
        """All definitions that were deployed, by name, without those of standalone tasks."""
        found = self._reader.list_definitions()
        return [Deployment(self, model, name) for model, name in found if model not in INNER]

    def counts(self, *, model: str | None = None, children: bool = False) -> dict[str, int]:
        """How many instances there are, by status; `list` tells which are meant."""
        without = KEEPERS if model is None else ()
        return self._reader.count_instances(Filter(model=model, without=without, children=children))

    def workers(self) -> Sequence[WorkerView]:
        """The processes that work on this store, as they last reported."""
        return self._reader.list_workers()

    def living(self) -> Sequence[WorkerView]:
        """Those of them that take tasks, as far as is known."""
        now = self.clock.now()
        return [one for one in self.workers() if one.takes_tasks and one.lease_until >= now and not self.has_gone(one)]

    def needs(self) -> Sequence[NeedView]:
        """What waits, by handler, queue and requirement; reads all tasks that wait."""
        return self._reader.list_needs()

    def why(self, id: str, key: str | None = None) -> Sequence[Waiting]:
        """Why tasks of an instance wait, or the one of that key; raises `InstanceNotFoundError`."""
        found = self._reader.find_instance(id)
        if found is None:
            raise InstanceNotFoundError(id)
        return waiting_of(self._reader, found.number, key, workers=self.living(), now=self.clock.now())

    def queues(self) -> Sequence[QueueView]:
        """Queues of which something was said, or that have tasks; counts all tasks."""
        return self._reader.list_queues()

    def statistics(self) -> Sequence[Statistics]:
        """Counts and times of attempts by handler and queue; workers tell them every few seconds, and at their end."""
        return statistics_of(self._reader.list_times())

    def has_gone(self, worker: WorkerView) -> bool:
        """Whether a worker of this very host is known to have ended without a word; its tasks will run again."""
        return worker.host == host_name() and fate_of(worker.process) is Fate.GONE

    def health(self) -> StoreHealth:
        """The state of the store, measured now; slow on a big one."""
        return self._reader.health(self.clock.now())

    # --- For instances ------------------------------------------------------------------------

    @property
    def reader(self) -> Reader:
        """The port for looking."""
        return self._reader

    def tell(self, id: str, event: Event) -> bool:  # noqa: ARG002 - `Engine` uses it
        """Deliver an event to an instance and wait until it is durable; raises `RefusedError`."""
        raise RefusedError(f"cannot change instance {id!r}: {ONLY_LOOKING}")

    def call(self, input: Any) -> Future[Any]:
        """Hand an input to the kernel."""
        raise RefusedError(f"cannot hand over {type(input).__name__}: {ONLY_LOOKING}")
