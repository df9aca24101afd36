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
    names = (name for input in inputs if type(input) is Await for name in input.public_ids)
    wanted = {turn.begun[name] for name in names if name in turn.begun}
    if not wanted:
        return
    find, outdated_before = turn.hold.instances.find, turn.hold.outdated_before
    statuses: dict[int, str] = {}
    for id in wanted:
        live = find(id)
        if live is not None and live.turn >= outdated_before:
            statuses[id] = live.status
    if missing := wanted - statuses.keys():
        statuses.update((row.id, row.status) for row in turn.hold.store.load_instances(missing))
    turn.ends.update((id, None) for id, status in statuses.items() if status not in ENDED)
    if ended := statuses.keys() - turn.ends.keys():
        turn.ends.update((row.id, end_of(row)) for row in turn.hold.store.load_ends(ended))


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
