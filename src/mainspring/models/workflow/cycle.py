"""Cycles among nodes, found in one pass and told node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

CYCLES_MAX = 10
"""More of them say no more."""


def cycles(parents: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Cycles that cut no node twice, each as its nodes in the order in which they would run: `a → b → a`."""
    found: list[list[str]] = []
    done: set[str] = set()
    for start in parents:
        if start not in done:
            found += _search(start, parents, done)
        if len(found) >= CYCLES_MAX:
            break
    return found[:CYCLES_MAX]


def _search(start: str, parents: Mapping[str, Sequence[str]], done: set[str]) -> list[list[str]]:
    """Follow parents depth first; a parent that is on the way already closes a cycle."""
    found: list[list[str]] = []
    way, place = [start], {start: 0}
    branches = [iter(parents[start])]
    while way:
        parent = next(branches[-1], None)
        if parent is None:
            branches.pop()
            done.add(node := way.pop())
            del place[node]
        elif parent in place:
            ring = way[place[parent] :]
            # The way leads from child to parent, so backwards is the order in which they would run.
            found.append([*reversed(ring), ring[-1]])
        elif parent not in done and parent in parents:
            place[parent] = len(way)
            way.append(parent)
            branches.append(iter(parents[parent]))
    return found
