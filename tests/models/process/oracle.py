"""What moving tokens in every order shows of a small flow: a search that shares nothing with the checker."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

KINDS = ("task", "exclusiveGateway", "parallelGateway", "inclusiveGateway")
MARKINGS_MAX = 20_000

Flow = tuple[str, str]
Marking = frozenset[Flow]


class Flows(NamedTuple):
    """A flow from `s` to `e`: the kinds of its nodes, and its flows in their order."""

    kinds: dict[str, str]
    flows: list[Flow]

    def into(self, node: str) -> list[Flow]:
        return [flow for flow in self.flows if flow[1] == node]

    def out_of(self, node: str) -> list[Flow]:
        return [flow for flow in self.flows if flow[0] == node]


class Verdict(NamedTuple):
    is_stuck: bool
    """In some order a token waits for ever, or meets another where nothing joins them."""
    never: frozenset[str]
    """Nodes that no token ever comes to."""


def random_flows(seed: int) -> Flows:
    """Of a few nodes, each on some way from `s` to `e`; with circles now and then, and seldom sound."""
    chance = random.Random(seed)
    count = chance.randint(3, 6)
    inner = [f"n{number}" for number in range(count)]
    kinds = {"s": "startEvent", **{node: chance.choice(KINDS) for node in inner}, "e": "endEvent"}
    order, flows = ["s", *inner, "e"], set()
    for place, node in enumerate(inner, 1):
        flows.add((chance.choice(order[:place]), node))
        flows.add((node, chance.choice(order[place + 1 :])))
    for _ in range(chance.randint(0, 2)):
        one, other = chance.sample(inner, 2)
        if chance.random() < 0.7 and order.index(one) > order.index(other):
            one, other = other, one
        flows.add((one, other))
    if not any(source == "s" for source, _ in flows):
        flows.add(("s", inner[0]))
    return Flows(kinds, sorted(flows))


def verdict(flow: Flows) -> Verdict | None:
    """None: there is too much to look at."""
    start = _produced(frozenset(), flow.out_of("s"))
    assert start is not None, "nothing has moved yet"
    seen, waiting, visited, is_stuck = {start}, [start], {"s"}, False
    while waiting:
        marking = waiting.pop()
        steps = list(_steps(flow, marking))
        is_stuck = is_stuck or (bool(marking) and not steps)
        for node, rest, given in steps:
            visited.add(node)
            following = _produced(rest, given)
            if following is None:
                is_stuck = True
            elif following not in seen:
                seen.add(following)
                waiting.append(following)
        if len(seen) > MARKINGS_MAX:
            return None
    return Verdict(is_stuck, frozenset(flow.kinds.keys() - visited))


def _produced(rest: Marking, given: list[Flow]) -> Marking | None:
    """None: a flow would hold two tokens."""
    return None if rest & set(given) else rest | set(given)


def _steps(flow: Flows, marking: Marking) -> Iterator[tuple[str, Marking, list[Flow]]]:
    """Every node that can take tokens now, what is left then, and what it may give."""
    for node in flow.kinds:
        for taken in _takes(flow, marking, node):
            for given in _gives(flow, node):
                yield node, marking - taken, given


def _takes(flow: Flows, marking: Marking, node: str) -> Iterator[frozenset[Flow]]:
    into = frozenset(flow.into(node))
    here = into & marking
    kind = flow.kinds[node]
    if not here:
        return
    if kind == "parallelGateway":
        if here == into:
            yield into
    elif kind == "inclusiveGateway" and len(into) > 1:
        if not any(_could_come(flow, node, token, here, into - here) for token in marking - into):
            yield here
    else:
        yield from (frozenset({token}) for token in here)


def _could_come(flow: Flows, gateway: str, token: Flow, here: frozenset[Flow], empty: frozenset[Flow]) -> bool:
    """Whether a token can reach an empty flow of the gateway without passing it, and none that holds one (13.4.3)."""
    reached, waiting = set(), [token[1]]
    while waiting:
        node = waiting.pop()
        if node not in reached and node != gateway:
            reached.add(node)
            waiting += [target for _, target in flow.out_of(node)]
    ends = {each for each in flow.into(gateway) if each[0] in reached}
    return bool(ends & empty) and not ends & here


def _gives(flow: Flows, node: str) -> Iterator[list[Flow]]:
    out, kind = flow.out_of(node), flow.kinds[node]
    if kind == "exclusiveGateway":
        yield from ([each] for each in out)
    elif kind == "inclusiveGateway" and len(out) > 1:
        yield from (list(some) for count in range(1, len(out) + 1) for some in combinations(out, count))
    else:
        yield out
