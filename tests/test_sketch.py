"""Quantiles from counts: right to a twentieth, and merged as if all had been seen by one."""

from __future__ import annotations

import math

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mainspring.sketch import ACCURACY, LEAST, Sketch

values = st.lists(st.floats(LEAST, 1e8), min_size=1, max_size=200)


def sketch_of(seen: list[float]) -> Sketch:
    sketch = Sketch()
    for value in seen:
        sketch.add(value)
    return sketch


@given(values, st.floats(0, 1))
def test_a_quantile_is_near_the_value_of_its_rank(seen, share):
    found = sketch_of(seen).quantile(share)
    exact = sorted(seen)[math.floor(share * (len(seen) - 1))]
    assert found is not None
    assert abs(found - exact) <= exact * ACCURACY * 1.02 + LEAST


@given(values, values)
def test_two_are_merged_as_if_one_had_seen_all(one, other):
    merged = sketch_of(one)
    merged.merge(sketch_of(other))
    assert merged == sketch_of(one + other)
    assert msgspec.json.decode(msgspec.json.encode(merged), type=Sketch) == merged


def test_nothing_has_no_quantile_and_extremes_have_their_bucket():
    assert Sketch().quantile(0.5) is None
    assert sketch_of([0.0, -1.0]).quantile(1.0) == LEAST
    assert sketch_of([1e300]).count == 1
