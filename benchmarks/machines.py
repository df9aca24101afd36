"""How fast machines in memory are, beside `transitions` and `python-statemachine` in the same process.

    .venv/bin/pip install -e '.[bench]'; .venv/bin/python benchmarks/machines.py [--json FILE]

A peer that is not installed is left out, and with it its bound.  The three take turns, so that what else the machine
does hits all alike; judged is the median of the ratios.
"""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

from harness import Bound, Row, options_of, plain_row, tell

from mainspring import State, StateMachine

EVENTS = 20_000
INSTANCES = 5_000

Send = Callable[[], Any]


class Toggle(StateMachine):
    """Two states."""

    on, off = State(initial=True), State()
    toggle = on.to(off) | off.to(on)


class Regions(StateMachine):
    """Two regions, both of which take the event."""

    a1, a2, b1, b2 = State(), State(), State(), State()
    a, b = State(inside=[a1, a2]), State(inside=[b1, b2])
    both = State(parallel=True, inside=[a, b])
    go = a1.to(a2) | a2.to(a1) | b1.to(b2) | b2.to(b1)


class Nested(StateMachine):
    """Three levels; the event leaves and enters two of them."""

    x, y = State(), State()
    left, right = State(inside=[x]), State(inside=[y])
    whole = State(inside=[left, right])
    go = x.to(y) | y.to(x)


class Guarded(StateMachine):
    """A condition in FEEL and an action."""

    values = {"count": 0, "limit": 10**9}
    on, off = State(initial=True), State()
    toggle = on.to(off, when="count < limit", do="note") | off.to(on)

    def note(self) -> None:
        self.data["count"] += 1


def ours(made: StateMachine, event: str) -> Send:
    return lambda: made.send(event)


# --- The peers --------------------------------------------------------------------------------


def transitions_peers() -> dict[str, Send]:
    from transitions import Machine
    from transitions.extensions import HierarchicalMachine

    def flat(machine: Any, states: list[Any], ways: list[list[str]], initial: str) -> Send:
        return machine(states=states, transitions=ways, initial=initial, auto_transitions=False).go  # type: ignore[no-any-return]

    regions = [
        {
            "name": "both",
            "parallel": [
                {"name": "a", "children": ["1", "2"], "initial": "1"},
                {"name": "b", "children": ["1", "2"], "initial": "1"},
            ],
        }
    ]
    ways = [["go", f"both_{r}_{s}", f"both_{r}_{t}"] for r in "ab" for s, t in ("12", "21")]
    nested = [
        {
            "name": "w",
            "initial": "l_x",
            "children": [
                {"name": "l", "children": ["x"], "initial": "x"},
                {"name": "r", "children": ["y"], "initial": "y"},
            ],
        }
    ]
    return {
        "flat": flat(Machine, ["on", "off"], [["go", "on", "off"], ["go", "off", "on"]], "on"),
        "parallel": flat(HierarchicalMachine, regions, ways, "both"),
        "nested": flat(HierarchicalMachine, nested, [["go", "w_l_x", "w_r_y"], ["go", "w_r_y", "w_l_x"]], "w"),
    }  # fmt: skip


def statemachine_peers() -> dict[str, Send]:
    from statemachine import State as Peer
    from statemachine import StateChart

    class Flat(StateChart):
        on, off = Peer(initial=True), Peer()
        go = on.to(off) | off.to(on)

    class Parallel(StateChart):
        class both(Peer.Parallel):  # noqa: N801 - its notation
            class a(Peer.Compound):  # noqa: N801
                a1, a2 = Peer(initial=True), Peer()
                go = a1.to(a2) | a2.to(a1)

            class b(Peer.Compound):  # noqa: N801
                b1, b2 = Peer(initial=True), Peer()
                go = b1.to(b2) | b2.to(b1)

    class Deep(StateChart):
        class w(Peer.Compound):  # noqa: N801
            class left(Peer.Compound):  # noqa: N801
                x = Peer(initial=True)

            class right(Peer.Compound):  # noqa: N801
                y = Peer(initial=True)

            go = left.to(right) | right.to(left)

    return {name: made().go for name, made in (("flat", Flat), ("parallel", Parallel), ("nested", Deep))}


PEERS: dict[str, tuple[str, Callable[[], dict[str, Send]]]] = {
    "transitions": ("transitions", transitions_peers),
    "python-statemachine": ("statemachine", statemachine_peers),
}
BOUNDS = {
    ("flat", "transitions"): 1.5,
    ("flat", "python-statemachine"): 20.0,
    **{(case, peer): 5.0 for case in ("parallel", "nested") for peer in PEERS},
}
"""How many times as fast as a peer."""


# --- Measuring --------------------------------------------------------------------------------


def rate(send: Send, count: int) -> float:
    """Events in a second."""
    begin = time.perf_counter()
    for _ in range(count):
        send()
    return count / (time.perf_counter() - begin)


def compare(case: str, send: Send, peers: dict[str, dict[str, Send]], rounds: int, count: int) -> list[Row]:
    figures: dict[str, list[float]] = {}
    for _ in range(rounds):
        figures.setdefault("ours", []).append(rate(send, count))
        for peer, sends in peers.items():
            figures.setdefault(peer, []).append(rate(sends[case], max(10, count // 10)))
    own = figures.pop("ours")
    rows = [plain_row(f"{case}, events/s", "/s", statistics.median(own))]
    for peer, theirs in figures.items():
        ratio, least = statistics.median(a / b for a, b in zip(own, theirs, strict=True)), BOUNDS[case, peer]
        rows.append(
            Row(
                f"{case}, beside {peer}", "×", ratio, statistics.median(theirs), ratio, f"≥ {least:g} ×", ratio >= least
            )
        )
    return rows


def making(rounds: int, count: int) -> Row:
    """Of the processor's time: what else the machine does is no cost of ours."""
    figures = []
    for _ in range(rounds):
        begin = time.process_time()
        for _ in range(count):
            Toggle()
        figures.append((time.process_time() - begin) / count * 1e6)
    return plain_row("making an instance", "µs", statistics.median(figures), Bound(10, "µs"))


def main() -> int:
    options = options_of(__doc__).parse_args()
    count = max(20, round(EVENTS * options.size))
    peers = {name: make() for name, (module, make) in PEERS.items() if importlib.util.find_spec(module)}
    rows: list[Row] = []
    for case, made, event in (("flat", Toggle(), "toggle"), ("parallel", Regions(), "go"), ("nested", Nested(), "go")):
        rows += compare(case, ours(made, event), peers, options.rounds, count)
    rows.append(plain_row("a condition in FEEL and an action, events/s", "/s", rate(ours(Guarded(), "toggle"), count)))
    rows.append(making(options.rounds, max(10, round(INSTANCES * options.size))))
    tell("machines: events in memory", rows, options.json, told=f"peers: {', '.join(peers) or 'none is installed'}")
    return 1 if any(row.holds is False for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
