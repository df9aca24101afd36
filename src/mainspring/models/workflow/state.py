"""Where an instance of a workflow stands: compact lists by node number, and small dictionaries for what is rare.

Invariants:
- `waiting[n]` counts the parents of `n` that have not ended; `failed_above` and `skipped_above` count, sparsely, those
  that failed (or were cancelled) and were skipped.  They follow from `statuses`, so a snapshot leaves them out.
- `open` counts the nodes that have not ended.
- A node that runs anew is in its next round, and so are its keys (`page#2`): no key is used twice.
"""

from __future__ import annotations

from msgspec import Raw

from mainspring.models.contract import Failure
from mainspring.models.workflow.plan import Plan

# --- Statuses: small integers, for they are compared at every step ---

CREATED, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED = range(6)
"""Of an instance."""

INSTANCE_STATUSES = ("created", "running", "paused", "completed", "failed", "cancelled")

ENDED = frozenset({COMPLETED, FAILED, CANCELLED})

PENDING, ACTIVE, DONE, BROKEN, SKIPPED, DROPPED = range(6)
"""Of a node; the last four are final."""

NODE_STATUSES = ("pending", "running", "completed", "failed", "skipped", "cancelled")

FINAL = frozenset({DONE, BROKEN, SKIPPED, DROPPED})

# --- Keys ---

START_TIMER = "/start"
TIMEOUT_TIMER = "/timeout"
DEADLINE = "deadline"


def with_round(base: str, number: int) -> str:
    """The key of a round: the first has none in its name."""
    return base if number == 1 else f"{base}#{number}"


class MapState:
    """A map whose list is known."""

    __slots__ = (
        "child_failed",
        "completed",
        "count",
        "elements",
        "failures",
        "next",
        "redo",
        "results",
        "round",
        "rounds",
        "seen",
    )

    def __init__(self, count: int, round: int) -> None:  # noqa: A002 - the word of `State`
        self.count = count
        self.round = round
        """In which the map began."""
        self.next = 0
        """The first item that has never been started."""
        self.completed = 0
        self.results: list[Raw | None] = [None] * count
        self.failures: dict[int, Failure] = {}
        self.redo: dict[int, None] = {}
        """Items to be started once more, in this order."""
        self.rounds: dict[int, int] = {}
        """Of items that were started once more."""
        self.child_failed: set[int] = set()
        """Items whose child failed, and can be told to retry."""
        self.elements: list[Raw] | None = None
        """The list itself; read again from its reference after a snapshot."""
        self.seen: dict[int, bytes | Raw | None] | None = None
        """What its arguments refer to, where parents that still ran when it began may change that: all items see the
        same.  None: the values of the instance are final."""

    @property
    def running(self) -> int:
        return self.next - self.completed - len(self.failures) - len(self.redo)

    @property
    def is_over(self) -> bool:
        return self.completed + len(self.failures) == self.count

    def is_running(self, item: int) -> bool:
        return (
            0 <= item < self.next and self.results[item] is None and item not in self.failures and item not in self.redo
        )

    def running_items(self) -> list[int]:
        """All of them, in order."""
        return [
            item
            for item, result in enumerate(self.results[: self.next])
            if result is None and item not in self.failures and item not in self.redo
        ]

    def item_round(self, item: int) -> int:
        return self.rounds.get(item, self.round)

    def reset_copy(self) -> MapState:
        """The map as it goes on after it ended badly: what did not complete is to be started once more."""
        copy = MapState(0, self.round)
        copy.count, copy.next, copy.completed, copy.results = self.count, self.next, self.completed, self.results
        copy.redo = dict.fromkeys(item for item, result in enumerate(self.results[: self.next]) if result is None)
        copy.rounds, copy.child_failed, copy.elements = dict(self.rounds), set(self.child_failed), self.elements
        copy.seen = self.seen
        return copy

    def output(self) -> bytes:
        """The results so far, in order, as one JSON list."""
        return b"".join((b"[", b",".join([b"null" if raw is None else raw for raw in self.results]), b"]"))

    def output_with(self, item: int, result: Raw) -> bytes:
        """The output once `item` has completed as well."""
        before, after = self.results[:item], self.results[item + 1 :]
        return b"".join((b"[", b",".join([b"null" if r is None else r for r in (*before, result, *after)]), b"]"))


class State:
    """The fold of an instance's journal."""

    __slots__ = (
        "begun", "calm", "child_failed", "counts", "failed_above", "failure", "failures", "instance", "is_accepted",
        "is_begun", "lost", "maps", "open", "opened", "priority", "reason", "rounds", "skipped_above", "status",
        "statuses", "told", "troubles", "values", "waiting", "withdrawn",
    )  # fmt: skip

    def __init__(self, plan: Plan, instance: str) -> None:
        count = len(plan.keys)
        self.instance = instance
        """The id that people know."""
        self.status = CREATED
        self.is_accepted = False
        """Whether the input was what the definition declares."""
        self.is_begun = False
        """Whether nodes may start; False before `not_before`."""
        self.priority = 0
        self.values: list[bytes | Raw | None] = [None] * plan.slot_count
        """Outputs by node, then inputs: raw JSON."""
        self.statuses = bytearray(count)
        self.waiting = [node.parent_count for node in plan.nodes]
        self.failed_above: dict[int, int] = {}
        self.skipped_above: dict[int, int] = {}
        self.open = count
        self.troubles = 0
        """Nodes that ended otherwise than well."""
        self.calm = False
        """Running, and nothing has gone otherwise than well: only `waiting` need be looked at."""
        self.failures: dict[int, Failure] = {}
        """Of the nodes that failed, in the order in which they did."""
        self.begun = bytearray(count)
        """1: the keys of the node's present round are used."""
        self.rounds: dict[int, int] = {}
        """Of nodes that run anew."""
        self.maps: dict[int, MapState] = {}
        self.counts: dict[int, int] = {}
        """How many items maps had that have completed."""
        self.lost: dict[str, int] = {}
        """By task: attempts whose worker died; they use up no retry."""
        self.child_failed: set[int] = set()
        """Nodes whose child failed, and can be told to retry."""
        self.failure: Failure | None = None
        """The instance is about to fail of this; `on_failure` is being told."""
        self.told = 0
        """How often `on_failure` was."""
        self.opened = 1
        """How often it ran: once, and once more each time it ran again after its end."""
        self.reason = ""
        """Why the instance was cancelled."""
        self.withdrawn: list[tuple[int, str]] = []
        """(node, key) of what ran when the last decision ended it; its commands take them back."""

    # --- Keys ---------------------------------------------------------------------------------

    def node_key(self, plan: Plan, index: int) -> str:
        return with_round(plan.keys[index], self.rounds.get(index, 1)) if self.rounds else plan.keys[index]

    def deadline_key(self, plan: Plan, index: int) -> str:
        return with_round(f"{plan.keys[index]}/{DEADLINE}", self.rounds.get(index, 1))

    def item_key(self, plan: Plan, index: int, item: int) -> str:
        return with_round(f"{plan.keys[index]}/{item}", self.maps[index].item_round(item))

    def telling_key(self) -> str:
        """Of the `on_failure` task that runs, or ran last."""
        return with_round("on_failure", self.told)

    def timeout_key(self) -> str:
        return with_round(TIMEOUT_TIMER, self.opened)

    def locate(self, plan: Plan, key: str) -> tuple[int, int] | None:
        """The node, and the item of a map or -1, that runs under this key; None when nothing does (any more)."""
        base, _, round_text = key.partition("#")
        node, slash, item_text = base.partition("/")
        index = plan.index.get(node)
        if index is None or self.statuses[index] != ACTIVE:
            return None
        number = int(round_text) if round_text else 1
        if not slash:
            return (index, -1) if self.rounds.get(index, 1) == number and index not in self.maps else None
        of_map = self.maps.get(index)
        if of_map is None or not item_text.isdecimal():
            return None
        item = int(item_text)
        return (index, item) if of_map.is_running(item) and of_map.item_round(item) == number else None

    def is_deadline(self, plan: Plan, key: str) -> int | None:
        """The node whose present deadline timer this is."""
        index = plan.index.get(key.partition("/")[0])
        if index is None or self.statuses[index] != ACTIVE or key != self.deadline_key(plan, index):
            return None
        return index

    # --- The instance -------------------------------------------------------------------------

    @property
    def is_telling(self) -> bool:
        """All nodes have ended, and `on_failure` is being told; then the instance fails."""
        return self.failure is not None and self.status in (RUNNING, PAUSED)

    def update_calm(self) -> None:
        self.calm = self.status == RUNNING and self.is_begun and not self.troubles and self.failure is None
