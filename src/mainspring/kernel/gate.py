"""Whether instances of a definition may begin: not while its deployment is paused."""

from __future__ import annotations

from mainspring.kernel.lifecycle import PAUSED
from mainspring.kernel.turn import Turn

SINGLE = "task"
"""Definitions of standalone tasks are made as they are submitted; what is paused of those is their queue."""


def deployment_id(model: str, name: str) -> str:
    """Of the instance that looks after all versions of a definition, if there is one."""
    return f"deployment/{model}/{name}"


def why_closed(turn: Turn, model: str, name: str) -> str:
    """Why no instance may begin now; empty: it may."""
    if model == SINGLE:
        return ""
    number = _number(turn, deployment_id(model, name))
    if number is None:
        return ""
    live = turn.touched.get(number)
    if live is None:
        is_paused = any(row.status == PAUSED for row in turn.hold.store.load_instances([number]))
    else:
        is_paused = live.status == PAUSED
    return closed(model, name) if is_paused else ""


def closed(model: str, name: str) -> str:
    """Why nothing begins while a definition is paused."""
    return f"{model} {name!r} is paused, so no instance of it begins; `mainspring deployments resume {name}` lets them"


def _number(turn: Turn, id: str) -> int | None:
    known = turn.hold.deployments
    if id not in known:
        known[id] = turn.find_id(id)
    return known[id]
