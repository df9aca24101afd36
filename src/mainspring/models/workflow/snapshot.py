"""The state of a workflow as JSON and back; what follows from the rest, such as counters, is left out."""

from __future__ import annotations

from msgspec import Raw, Struct, json

from mainspring.models.contract import Failure
from mainspring.models.workflow.evolve import recount
from mainspring.models.workflow.plan import Plan
from mainspring.models.workflow.state import DONE, FINAL, MapState, State

NODE_LETTERS = "prcfsxPRCFSX"
"""One letter per node: pending, running, completed, failed, skipped, cancelled; capital: its round's keys are used."""


class MapSnapshot(Struct, omit_defaults=True):
    count: int
    round: int
    next: int
    results: list[Raw] = []
    missing: list[int] = []
    """Items without a result; they read null in `results`."""
    failures: dict[int, Failure] = {}
    redo: list[int] = []
    rounds: dict[int, int] = {}
    children: list[int] = []
    elements: list[Raw] | None = None
    seen: dict[int, Raw] | None = None
    """By slot; null is not kept."""


class Snapshot(Struct, omit_defaults=True):
    instance: str
    status: int
    nodes: str
    is_accepted: bool = False
    is_begun: bool = False
    priority: int = 0
    opened: int = 1
    told: int = 0
    reason: str = ""
    failure: Failure | None = None
    values: dict[str, Raw] = {}
    """Outputs and inputs by name."""
    failures: dict[str, Failure] = {}
    rounds: dict[str, int] = {}
    counts: dict[str, int] = {}
    lost: dict[str, int] = {}
    children: list[str] = []
    maps: dict[str, MapSnapshot] = {}


_NULL = Raw(b"null")
_decode = json.Decoder(Snapshot).decode


# --- Out --------------------------------------------------------------------------------------


def dump(plan: Plan, state: State) -> bytes:
    """The state as JSON."""
    names = [*plan.keys, *plan.inputs.names]
    return json.encode(
        Snapshot(
            instance=state.instance,
            status=state.status,
            nodes="".join(NODE_LETTERS[s + 6 * b] for s, b in zip(state.statuses, state.begun, strict=True)),
            is_accepted=state.is_accepted,
            is_begun=state.is_begun,
            priority=state.priority,
            opened=state.opened,
            told=state.told,
            reason=state.reason,
            failure=state.failure,
            values={name: Raw(value) for name, value in zip(names, state.values, strict=True) if value is not None},
            failures={plan.keys[index]: error for index, error in state.failures.items()},
            rounds={plan.keys[index]: number for index, number in state.rounds.items()},
            counts={plan.keys[index]: count for index, count in state.counts.items()},
            lost=state.lost,
            children=[plan.keys[index] for index in sorted(state.child_failed)],
            maps={plan.keys[index]: _dump_map(plan, index, of_map) for index, of_map in state.maps.items()},
        )
    )


def _dump_map(plan: Plan, index: int, of_map: MapState) -> MapSnapshot:
    results = of_map.results[: of_map.next]
    return MapSnapshot(
        count=of_map.count,
        round=of_map.round,
        next=of_map.next,
        results=[_NULL if result is None else result for result in results],
        missing=[item for item, result in enumerate(results) if result is None],
        failures=of_map.failures,
        redo=list(of_map.redo),
        rounds=of_map.rounds,
        children=sorted(of_map.child_failed),
        elements=of_map.elements if plan.nodes[index].is_early else None,
        seen=None if of_map.seen is None else {slot: Raw(value) for slot, value in of_map.seen.items() if value},
    )


# --- In ---------------------------------------------------------------------------------------


def load(plan: Plan, snapshot: bytes) -> State:
    """The state that was dumped."""
    saved = _decode(snapshot)
    state = State(plan, saved.instance)
    state.status, state.is_accepted, state.is_begun = saved.status, saved.is_accepted, saved.is_begun
    state.priority, state.opened, state.told = saved.priority, saved.opened, saved.told
    state.reason, state.failure, state.lost = saved.reason, saved.failure, saved.lost
    letters = [NODE_LETTERS.index(letter) for letter in saved.nodes]
    state.statuses = bytearray(number % 6 for number in letters)
    state.begun = bytearray(number // 6 for number in letters)
    state.values = [saved.values.get(name) for name in (*plan.keys, *plan.inputs.names)]
    state.failures = {plan.index[key]: error for key, error in saved.failures.items()}
    state.rounds = {plan.index[key]: number for key, number in saved.rounds.items()}
    state.counts = {plan.index[key]: count for key, count in saved.counts.items()}
    state.child_failed = {plan.index[key] for key in saved.children}
    state.maps = {
        plan.index[key]: _load_map(of_map, plan.argument_slots(plan.index[key])) for key, of_map in saved.maps.items()
    }
    state.open = sum(status not in FINAL for status in state.statuses)
    state.troubles = sum(status in FINAL and status != DONE for status in state.statuses)
    recount(plan, state, range(len(plan.keys)))
    state.update_calm()
    return state


def _load_map(saved: MapSnapshot, slots: tuple[int, ...]) -> MapState:
    of_map = MapState(saved.count, saved.round)
    of_map.next = saved.next
    of_map.results[: saved.next] = saved.results
    for item in saved.missing:
        of_map.results[item] = None
    of_map.completed = saved.next - len(saved.missing)
    of_map.failures, of_map.rounds = saved.failures, saved.rounds
    of_map.redo = dict.fromkeys(saved.redo)
    of_map.child_failed = set(saved.children)
    of_map.elements = saved.elements
    if saved.seen is not None:
        of_map.seen = {slot: saved.seen.get(slot) for slot in slots}
    return of_map
