"""States inside states: nothing overlaps, and every arrow ends where it should."""

from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.drawing import statechart_dot, statechart_mermaid, statechart_svg
from mainspring.drawing.nesting import Drawing, Sizes, Spot, nest
from mainspring.drawing.statechart import Arrow, State, Statechart

SIZES = Sizes(statechart_svg.size_of, statechart_svg.heading_of, statechart_svg.label_size)
NEAR = 0.01


@st.composite
def charts(draw, depth=3):
    count = 0

    def state(left: int) -> State:
        nonlocal count
        count += 1
        id = f"s{count}"
        kind = draw(st.sampled_from(["state", "state", "parallel", "final", "deep"]))
        inner = draw(st.integers(1, 3)) if left and kind in ("state", "parallel") else 0
        states = tuple(state(left - 1) for _ in range(inner))
        return State(id, kind="state" if kind == "parallel" and not states else kind, states=states)

    states = tuple(state(depth - 1) for _ in range(draw(st.integers(1, 3))))
    ids = [each.id for each, _ in Statechart(states).all_states()]
    ends = st.sampled_from(ids)
    pairs = draw(st.lists(st.tuples(ends, ends), unique=True, max_size=8))
    labels = st.sampled_from([(), ("go",), ("approve [amount < limit or boss] / tell()", "skip")])
    return Statechart(states, tuple(Arrow(source, target, draw(labels)) for source, target in pairs))


def is_within(inner: Spot, outer: Spot) -> bool:
    return (
        outer.x - NEAR <= inner.x
        and inner.x + inner.width <= outer.x + outer.width + NEAR
        and outer.y - NEAR <= inner.y
        and inner.y + inner.height <= outer.y + outer.height + NEAR
    )


def is_apart(one: Spot, other: Spot) -> bool:
    beside = one.x + one.width <= other.x + NEAR or other.x + other.width <= one.x + NEAR
    above = one.y + one.height <= other.y + NEAR or other.y + other.height <= one.y + NEAR
    return beside or above


def is_at_border(point: tuple[float, float], spot: Spot) -> bool:
    """On an edge of a box; or, where an arrow begins within a state itself, below its heading."""
    x, y = point
    across = spot.x - NEAR <= x <= spot.x + spot.width + NEAR
    along = spot.y - NEAR <= y <= spot.y + spot.height + NEAR
    edges = [abs(y - spot.y), abs(y - spot.y - spot.height), abs(y - spot.y - spot.heading)]
    return across and along and min(*edges, abs(x - spot.x - spot.width)) < NEAR


def drawn(chart: Statechart) -> Drawing:
    return nest(chart, SIZES)


@settings(max_examples=150, deadline=None)
@given(charts())
def test_states_lie_inside_the_one_around_them_and_beside_all_others(chart):
    spots = drawn(chart).spots
    around = {state.id: outer for state, outer in chart.all_states()}
    for id, outer in around.items():
        assert not outer or is_within(spots[id], spots[outer]), (id, outer)
    for one, other in combinations(around, 2):
        if around[one] == around[other]:
            assert is_apart(spots[one], spots[other]), (one, other)


@settings(max_examples=150, deadline=None)
@given(charts())
def test_arrows_begin_and_end_at_the_borders_of_their_states(chart):
    drawing = drawn(chart)
    regions = {inner.id for state, _ in chart.all_states() if state.kind == "parallel" for inner in state.states}
    for arrow, way in zip(chart.arrows, drawing.ways, strict=True):
        for point, id in ((way.points[0], arrow.source), (way.points[-1], arrow.target)):
            spot = drawing.spots[id]
            in_region = id in regions and is_within(Spot(*point, 0, 0), spot)  # a region has no border of its own
            assert in_region or is_at_border(point, spot), (id, way)
        assert len(way.points) % 2 == 0


@settings(max_examples=50, deadline=None)
@given(charts())
def test_every_picture_has_all_states_and_arrows(chart):
    picture = ElementTree.fromstring(statechart_svg.draw(chart, title="<machine>"))
    assert len([each for each in picture.iter() if each.get("class", "").startswith("way")]) == len(chart.arrows)
    count = len(list(chart.all_states()))
    assert statechart_mermaid.draw(chart).count(" as s") == count
    assert statechart_dot.draw(chart).count(" -> ") == len(chart.arrows)


def test_an_arrow_passes_beside_the_heading_of_the_state_that_it_enters():
    deep = State("a state with a long name", states=(State("inner"),))
    chart = Statechart((State("first"), deep), (Arrow("first", "inner"),))

    drawing = drawn(chart)

    spot = drawing.spots[deep.id]
    text = statechart_svg.heading_of(deep)[0]
    [way] = drawing.ways
    crossing = next(x for x, y in way.points[::-1] if y <= spot.y + spot.heading)
    assert crossing >= spot.x + text or (spot.mirrored and crossing <= spot.x + spot.width - text)


def test_what_is_active_is_highlighted_and_told():
    chart = Statechart((State("a", status="running"), State("b")), (Arrow("a", "b", ("go",)),))
    picture = statechart_svg.draw(chart)
    assert "f-running-tint s-running" in picture
    assert "2 states and 1 arrow; active: a." in picture
