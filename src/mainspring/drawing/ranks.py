"""Ranks: which layer each node of a directed graph stands in, so that edges point down.

Nodes are numbers from 0; an edge is a pair of them.  Loops (an edge from a node to itself) are not expected here.
"""

from __future__ import annotations

from collections.abc import Sequence

TIGHTENING_SWEEPS = 4
"""Each pass over all nodes shortens edges; after the fourth, hardly any is left to shorten."""

Pair = tuple[int, int]


def backward_edges(count: int, edges: Sequence[Pair]) -> list[bool]:
    """For each edge whether it must be turned round to leave no cycle.

    Depth first, from nodes that nothing leads to, else in the given order: what a reader calls the way back.
    """
    outgoing: list[list[int]] = [[] for _ in range(count)]
    has_incoming = [False] * count
    for number, (source, target) in enumerate(edges):
        outgoing[source].append(number)
        has_incoming[target] = True
    backward = [False] * len(edges)
    entered, left = [False] * count, [False] * count
    for root in sorted(range(count), key=has_incoming.__getitem__):
        if entered[root]:
            continue
        entered[root] = True
        path = [(root, iter(outgoing[root]))]
        while path:
            node, rest = path[-1]
            for edge in rest:
                target = edges[edge][1]
                if not entered[target]:
                    entered[target] = True
                    path.append((target, iter(outgoing[target])))
                    break
                backward[edge] = not left[target]
            else:
                left[node] = True
                path.pop()
    return backward


def rank(count: int, edges: Sequence[Pair], spans: Sequence[int]) -> list[int]:
    """The layer of each node, 0 on top; edge `i` of the acyclic graph reaches down at least `spans[i]` layers.

    Longest paths from the top give the fewest layers; the tightening then moves nodes with slack so that the sum of
    all lengths shrinks.
    """
    above: list[list[Pair]] = [[] for _ in range(count)]
    below: list[list[Pair]] = [[] for _ in range(count)]
    for (source, target), span in zip(edges, spans, strict=True):
        below[source].append((target, span))
        above[target].append((source, span))
    order = topological(above, below)
    ranks = [0] * count
    for node in order:
        ranks[node] = max((ranks[other] + span for other, span in above[node]), default=0)
    for _ in range(TIGHTENING_SWEEPS):
        if not tighten(order, ranks, above, below):
            break
    return ranks


def topological(above: Sequence[Sequence[Pair]], below: Sequence[Sequence[Pair]]) -> list[int]:
    missing = [len(edges) for edges in above]
    order = [node for node, edges in enumerate(above) if not edges]
    for node in order:  # grows while it is read
        for other, _ in below[node]:
            missing[other] -= 1
            if not missing[other]:
                order.append(other)
    assert len(order) == len(above), "the graph has a cycle"
    return order


def tighten(
    order: Sequence[int], ranks: list[int], above: Sequence[Sequence[Pair]], below: Sequence[Sequence[Pair]]
) -> bool:
    """Moves each node to the end of its slack where most of its edges pull it; whether any moved."""
    moved = False
    for node in reversed(order):
        pull = len(below[node]) - len(above[node])
        if pull > 0:
            best = min(ranks[other] - span for other, span in below[node])
        elif pull < 0:
            best = max(ranks[other] + span for other, span in above[node])
        else:
            continue
        moved |= best != ranks[node]
        ranks[node] = best
    return moved
