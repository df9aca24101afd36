"""Crossings: the order of the nodes within each layer that lets few edges cross.

Barycentre sweeps (Sugiyama, Tagawa, Toda 1981), then exchanges of neighbours; the best order seen is kept.
Every pass is bounded, and equal inputs give equal orders.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise

SWEEPS_MAX = 24
SWEEPS_MIN = 6
SWEEPS_WITHOUT_GAIN_MAX = 4
SWEEP_WORK_MAX = 600_000
"""Nodes and edges visited by all sweeps together: large graphs get fewer sweeps, so that time stays linear."""

EXCHANGE_WORK_MAX = 6_000
"""Nodes and edges up to which neighbours are exchanged one by one, which is slow and removes the last crossings."""

EXCHANGE_PASSES_MAX = 8

Neighbours = Sequence[Sequence[int]]


def uncross(layers: Sequence[Sequence[int]], up: Neighbours, down: Neighbours) -> list[list[int]]:
    """The same layers with their nodes in a better order; `up` and `down` are the neighbours one layer away."""
    order = [list(layer) for layer in layers]
    work = len(up) + sum(map(len, up)) + 1
    best, fewest = order, count_crossings(order, down)
    sweeps = min(SWEEPS_MAX, max(SWEEPS_MIN, SWEEP_WORK_MAX // work))
    without_gain = 0
    for number in range(sweeps):
        if not fewest or without_gain == SWEEPS_WITHOUT_GAIN_MAX:
            break
        order = sweep(order, up, down, number)
        if work <= EXCHANGE_WORK_MAX:
            exchange(order, up, down)
        crossings = count_crossings(order, down)
        without_gain += 1
        if crossings < fewest:
            best, fewest, without_gain = order, crossings, 0
    return best


def count_crossings(layers: Sequence[Sequence[int]], down: Neighbours) -> int:
    """Pairs of edges that cross, over all gaps between two layers."""
    crossings = 0
    for upper, lower in pairwise(layers):
        position = {node: index for index, node in enumerate(lower)}
        seen: list[int] = []
        for node in upper:
            ends = sorted(position[other] for other in down[node])
            for end in ends:
                crossings += len(seen) - bisect_right(seen, end)
            for end in ends:
                insort(seen, end)
    return crossings


def sweep(layers: Sequence[list[int]], up: Neighbours, down: Neighbours, number: int) -> list[list[int]]:
    """One pass: downward when `number` is even, else upward.  Every second pair of passes turns equal nodes round."""
    order = list(layers)
    downward, turn = number % 2 == 0, number % 4 >= 2
    fixed = up if downward else down
    places = range(1, len(order)) if downward else range(len(order) - 2, -1, -1)
    for place in places:
        beside = order[place - 1 if downward else place + 1]
        position = {node: index for index, node in enumerate(beside)}
        order[place] = by_barycentre(order[place], fixed, position, turn)
    return order


def by_barycentre(layer: Sequence[int], fixed: Neighbours, position: dict[int, int], turn: bool) -> list[int]:
    """Nodes without a neighbour keep their place; the others are sorted into the places that are left."""
    centre = {node: sum(position[other] for other in fixed[node]) / len(fixed[node]) for node in layer if fixed[node]}
    moving = [node for node in layer if node in centre]
    if turn:
        moving.reverse()
    moving.sort(key=centre.__getitem__)
    if len(moving) == len(layer):
        return moving
    rest = iter(moving)
    return [next(rest) if node in centre else node for node in layer]


def exchange(layers: list[list[int]], up: Neighbours, down: Neighbours) -> None:
    """Swaps adjacent nodes, in place, as long as that removes crossings."""
    position = {node: index for layer in layers for index, node in enumerate(layer)}
    for _ in range(EXCHANGE_PASSES_MAX):
        gained = False
        for layer in layers:
            for index in range(len(layer) - 1):
                left, right = layer[index], layer[index + 1]
                if gain(left, right, up, position) + gain(left, right, down, position) > 0:
                    layer[index], layer[index + 1] = right, left
                    position[left], position[right] = index + 1, index
                    gained = True
        if not gained:
            break


def gain(left: int, right: int, neighbours: Neighbours, position: dict[int, int]) -> int:
    """How many crossings disappear on one side when `left` and `right` change places."""
    if not neighbours[left] or not neighbours[right]:
        return 0
    lefts = sorted(position[other] for other in neighbours[left])
    rights = sorted(position[other] for other in neighbours[right])
    now = sum(len(lefts) - bisect_right(lefts, end) for end in rights)
    then = sum(len(rights) - bisect_right(rights, end) for end in lefts)
    return now - then
