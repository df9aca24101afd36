"""What people see of an instance: each node, where it stands, and how far its map has come."""

from __future__ import annotations

from mainspring.models.contract import NodeView
from mainspring.models.workflow.plan import NodePlan, Plan
from mainspring.models.workflow.state import NODE_STATUSES, State


def nodes(plan: Plan, state: State) -> list[NodeView]:
    """All nodes, in the order of the definition."""
    return [_view(plan, state, index, node) for index, node in enumerate(plan.nodes)]


def _view(plan: Plan, state: State, index: int, node: NodePlan) -> NodeView:
    total, completed, failed = _items(state, index, node)
    return NodeView(
        key=node.key,
        kind="map" if node.over is not None else node.kind,
        status=NODE_STATUSES[state.statuses[index]],
        parents=tuple([plan.keys[parent] for parent in plan.parents[index]]),
        total=total,
        completed=completed,
        failed=failed,
        failure=state.failures.get(index),
    )


def _items(state: State, index: int, node: NodePlan) -> tuple[int, int, int]:
    """Total, completed and failed items of a map; a map that has completed is remembered by its count only."""
    of_map = state.maps.get(index)
    if of_map is not None:
        return of_map.count, of_map.completed, len(of_map.failures)
    count = state.counts.get(index, 0) if node.over is not None else 0
    return count, count, 0
