"""The instances that this process holds in memory: loaded by folding the journal, dropped when they are too many."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from mainspring.kernel.definitions import Definition, Definitions
from mainspring.kernel.public_id import number_of
from mainspring.kernel.store import EntryRow, InstanceRow, Store
from mainspring.models.contract import EVENTS, Event, Model

WEIGHT_MAX = 64_000_000
"""Bytes of state, roughly, that are kept in memory besides the instances of the present turn."""
TAIL_BYTES_MIN = 65_536
"""A journal's tail up to this length is folded in a few milliseconds, so no snapshot is worth its write."""


class Live(Struct, gc=False, eq=False):
    """An instance in memory: the fold of its journal up to `seq`.

    There are many of these and no cycle runs through them, so the collector need not look at them.
    """

    id: int
    public_id: str
    status: str
    parent: int | None
    parent_key: str | None
    priority: int
    definition: Definition
    model: Model
    plan: Any
    state: Any
    group: str | None = None
    hosted: bool = True
    """Whether the code of the definition is here."""
    seq: int = 0
    """Of the last entry folded."""
    tail_bytes: int = 0
    """Length of the journal since the last snapshot."""
    snapshot_bytes: int = 0
    turn: int = 0
    """In which it was last touched."""
    detached: bool = False
    """It stands on its own; its parent is only told of its end."""

    @staticmethod
    def of(row: InstanceRow, definition: Definition, turn: int) -> Live:
        model, plan = definition.model, definition.plan
        hosted = not definition.missing
        state = model.initial(plan, row.public_id) if hosted else None
        return Live(
            row.id, row.public_id, row.status, row.parent, row.parent_key, row.priority, definition, model, plan, state,
            row.group, hosted, 0, 0, 0, turn, row.detached,
        )  # fmt: skip

    def fold(self, entry: EntryRow) -> None:
        """Record one entry of the journal; what was decided is never asked again."""
        event, decisions = decode_entry(self.model.decision_type, entry)
        for decision in decisions:
            self.model.evolve(self.plan, self.state, event, decision, entry.at)
        self.seq = entry.seq
        self.tail_bytes += len(entry.event) + len(entry.decisions)

    @property
    def wants_snapshot(self) -> bool:
        """Twice the last snapshot's length: loading stays proportional to the state, and so does all writing."""
        return self.tail_bytes > TAIL_BYTES_MIN and self.tail_bytes > 2 * self.snapshot_bytes


class Instances:
    """The cache of live instances, least recently touched first."""

    def __init__(self) -> None:
        self._lives: dict[int, Live] = {}
        self._weight = 0
        self.find = self._lives.get
        """The instance of a number, or None; asked several times for each outcome, so it is the dict's own."""

    def find_ids(self, public_ids: Iterable[str], found: dict[str, int]) -> list[str]:
        """Add the numbers of those that are here under ids that the store gave; the rest is the answer."""
        lives, unknown = self._lives, []
        for public_id in public_ids:
            number = number_of(public_id)
            live = None if number is None else lives.get(number)
            if live is not None and live.public_id == public_id:
                found[public_id] = live.id
            else:
                unknown.append(public_id)
        return unknown

    def add(self, live: Live) -> None:
        self._lives[live.id] = live
        self._weight += live.definition.weight

    def drop(self, id: int) -> None:
        live = self._lives.pop(id, None)
        if live is not None:
            self._weight -= live.definition.weight

    def clear(self) -> None:
        self._lives.clear()
        self._weight = 0

    def drop_unhosted(self) -> None:
        for id in [id for id, live in self._lives.items() if not live.hosted]:
            self.drop(id)

    def trim(self, touched: Iterable[Live], turn: int) -> None:
        """Drop the least recently touched, but none of this turn, until the rest is light enough."""
        lives = self._lives
        if self._weight < WEIGHT_MAX // 2:
            return
        for live in touched:
            if lives.pop(live.id, None) is not None:
                lives[live.id] = live
        for id in list(lives) if self._weight > WEIGHT_MAX else ():
            if self._weight <= WEIGHT_MAX or lives[id].turn == turn:
                return
            self.drop(id)

    def load(self, store: Store, definitions: Definitions, ids: Iterable[int], turn: int) -> None:
        """Bring instances into memory: row, snapshot and the journal's tail, one statement each for all of them."""
        rows = store.load_instances(ids)
        loaded = {row.id: Live.of(row, definitions.get(store, row.definition), turn) for row in rows}
        self._restore(store, loaded)
        for live in loaded.values():
            self.add(live)

    def _restore(self, store: Store, lives: dict[int, Live]) -> None:
        for id, (seq, state) in store.load_snapshots(lives).items():
            live = lives[id]
            if live.hosted:
                live.state = live.model.load(live.plan, state.encode())
                live.seq, live.snapshot_bytes, live.tail_bytes = seq, len(state), 0
        for entry in store.load_tails([(live.id, live.seq) for live in lives.values() if live.hosted]):
            lives[entry.instance].fold(entry)

    def refresh(self, store: Store, lives: Iterable[Live], turn: int) -> None:
        """Read what other processes have journaled meanwhile, and fold it.

        What a snapshot covers may have been forgotten, but never its own entry: a tail that does not follow is a gap.
        """
        stale = {live.id: live for live in lives}
        gaps: set[int] = set()
        for entry in store.load_tails([(live.id, live.seq) for live in stale.values() if live.hosted]):
            live = stale[entry.instance]
            if entry.seq == live.seq + 1:
                live.fold(entry)
            else:
                gaps.add(live.id)
        if gaps:
            self._restore(store, {id: stale[id] for id in gaps})
        for row in store.load_instances(stale):
            stale[row.id].status = row.status
            stale[row.id].turn = turn


@cache
def _event_decoder(kind: str) -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(EVENTS[kind])


@cache
def _decision_decoder(decision_type: Any) -> msgspec.json.Decoder[list[Any]]:
    return msgspec.json.Decoder(list[decision_type])


def decode_entry(decision_type: Any, entry: EntryRow) -> tuple[Event, list[Any]]:
    """The event and the decisions of a journal entry."""
    return (
        _event_decoder(entry.kind).decode(entry.event),
        _decision_decoder(decision_type).decode(entry.decisions),
    )


def decode_event(kind: str, data: str) -> Event:
    return _event_decoder(kind).decode(data)
