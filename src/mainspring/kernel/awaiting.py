"""Who waits for the end of an instance: told at once if it has come, else by the turn that sees it.

Nothing is locked for it.  An instance that ends after it was looked at here ends with a commit that is yet to be heard
of, and whatever is heard of is looked into (`Kernel._look`).
"""

from __future__ import annotations

from collections.abc import Sequence

from mainspring.errors import InstanceNotFoundError
from mainspring.kernel.lifecycle import ENDED
from mainspring.kernel.records import Await, Input, end_of
from mainspring.kernel.turn import Turn

WAITING_CHECKED_EVERY = 64
"""Among so many who wait for one instance, those who have given up meanwhile are looked for and forgotten."""


def look_up(turn: Turn, inputs: Sequence[Input]) -> None:
    """How the instances are that inputs await, all at once."""
    begun, ends = turn.begun, turn.ends
    find, outdated_before = turn.hold.instances.find, turn.hold.outdated_before
    ended: list[int] = []
    missing: list[int] = []
    for name in [name for input in inputs if type(input) is Await for name in input.public_ids]:
        id = begun.get(name)
        if id is None:
            continue
        live = find(id)
        if live is None or live.turn < outdated_before:
            missing.append(id)
        elif live.status in ENDED:
            ended.append(id)
        else:
            ends[id] = None
    if missing:
        for row in turn.hold.store.load_instances(missing):
            if row.status in ENDED:
                ended.append(row.id)
            else:
                ends[row.id] = None
    if ended:
        ends.update((row.id, end_of(row)) for row in turn.hold.store.load_ends(ended))


def await_(turn: Turn, input: Await) -> None:
    awaited, reply = turn.hold.awaited, input.reply
    for public_id in input.public_ids:
        id = turn.begun.get(public_id)
        if id is None or (id not in turn.ends and id not in turn.touched):
            turn.replies.append((reply, InstanceNotFoundError(public_id)))
        elif (end := turn.ends.get(id)) is not None:
            turn.replies.append((reply, end))
        elif (waiting := awaited.get(id)) is None:
            awaited[id] = [reply]
        else:
            if len(waiting) % WAITING_CHECKED_EVERY == WAITING_CHECKED_EVERY - 1:
                waiting[:] = [other for other in waiting if not other.done()]
            waiting.append(reply)
