"""What a progress display shows of a graph: a row per node where they fit on the screen, else a row per stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mainspring.models.contract import NodeView
from mainspring.watch import Times

PREFIX_LENGTH_MIN = 3
"""Shorter ones say nothing about what a stage does."""


@dataclass(frozen=True, slots=True)
class Row:
    """A node, or several of them."""

    name: str
    status: str
    done: int
    total: int
    """Nodes, or items of a map; 0: not known yet, or one node that is no map."""
    failed: int
    started_at: float | None
    finished_at: float | None


def rows_of(nodes: Sequence[NodeView], times: Times, rows_max: int) -> list[Row]:
    """At most `rows_max` rows."""
    if len(nodes) <= rows_max:
        return [node_row(node, times.get(node.key)) for node in nodes]
    rows = [stage_row(number, stage, times) for number, stage in enumerate(stages_of(nodes), start=1)]
    return rows if len(rows) <= rows_max else _shortened(rows, rows_max)


def node_row(node: NodeView, times: tuple[float, float] | None) -> Row:
    start, end = times or (None, None)
    return Row(node.key, node.status, node.completed, node.total, node.failed, start, end)


def stages_of(nodes: Sequence[NodeView]) -> list[list[NodeView]]:
    """Nodes by the length of the longest way to them; parents need not come before their children."""
    by_key = {node.key: node for node in nodes}
    depth: dict[str, int] = {}
    for node in nodes:
        waiting = [node.key]
        while waiting:
            key = waiting[-1]
            missing = [parent for parent in by_key[key].parents if parent not in depth]
            if missing:
                waiting.extend(missing)
                continue
            depth[key] = 1 + max((depth[parent] for parent in by_key[key].parents), default=-1)
            waiting.pop()
    stages: list[list[NodeView]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for node in nodes:
        stages[depth[node.key]].append(node)
    return stages


def stage_row(number: int, nodes: Sequence[NodeView], times: Times) -> Row:
    statuses = [node.status for node in nodes]
    known = [times[node.key] for node in nodes if node.key in times]
    prefix = common_start([node.key for node in nodes])
    return Row(
        name=f"{number}: {prefix if len(prefix) >= PREFIX_LENGTH_MIN else f'{len(nodes)} nodes'}",
        status=status_of(statuses),
        done=sum(status in ("completed", "skipped") for status in statuses),
        total=len(nodes),
        failed=statuses.count("failed"),
        started_at=min((start for start, _ in known), default=None),
        finished_at=max((end for _, end in known), default=None),
    )


def common_start(keys: Sequence[str]) -> str:
    """What all keys begin with, without the number that follows."""
    first, last = min(keys), max(keys)
    shorter = min(len(first), len(last))
    same = next((place for place in range(shorter) if first[place] != last[place]), shorter)
    return first[:same].rstrip("0123456789_-")


def status_of(statuses: Sequence[str]) -> str:
    """Of several nodes together: what most deserves attention."""
    present = set(statuses)
    if present <= {"completed", "skipped"}:
        return "completed" if "completed" in present else "skipped"
    if "running" in present or ("pending" in present and len(present) > 1):
        return "running"
    return next(status for status in ("pending", "failed", "cancelled") if status in present)


def _shortened(rows: list[Row], rows_max: int) -> list[Row]:
    """What is under way, with what is before and after it each in one row."""
    first = next((place for place, row in enumerate(rows) if row.status != "completed"), len(rows))
    start = max(0, min(first - 1, len(rows) - (rows_max - 2)))
    shown = rows[start : start + rows_max - 2]
    before, after = rows[:start], rows[start + rows_max - 2 :]
    return [*_together(before), *shown, *_together(after)]


def _together(rows: list[Row]) -> list[Row]:
    if not rows:
        return []
    starts = [row.started_at for row in rows if row.started_at is not None]
    ends = [row.finished_at for row in rows if row.finished_at is not None]
    return [
        Row(
            name=f"{len(rows)} stages",
            status=status_of([row.status for row in rows]),
            done=sum(row.done for row in rows),
            total=sum(row.total for row in rows),
            failed=sum(row.failed for row in rows),
            started_at=min(starts, default=None),
            finished_at=max(ends, default=None),
        )
    ]
