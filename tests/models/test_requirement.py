"""Requirements: what holds of a worker's labels, and what is told of those it lacks."""

from __future__ import annotations

import pytest

from mainspring.models.requirement import holds, label_value, lacking, problem_of

GPU = 'gpu and memory_gb >= 16 and region in ["eu", "us"]'


@pytest.mark.parametrize(
    ("requires", "labels", "expected"),
    [
        (GPU, {"gpu": True, "memory_gb": 16, "region": "eu"}, True),
        (GPU, {"gpu": True, "memory_gb": 15.5, "region": "eu"}, False),
        (GPU, {"gpu": True, "memory_gb": 64}, False),
        (GPU, {}, False),
        ("gpu", {"gpu": True}, True),
        ("gpu", {"gpu": False}, False),
        ("gpu", {"gpu": "yes"}, False),
        ("gpu", {}, False),
        ("not(gpu)", {"gpu": False}, True),
        ("not(gpu)", {}, False),
        ("eu-west", {"eu-west": True}, True),
        ("eu-west", {}, False),
        ("gpu or fast", {"fast": True}, True),
        ("gpu and", {"gpu": True}, False),
        ("memory_gb", {"memory_gb": 16}, False),
    ],
)
def test_a_requirement_holds_of_labels_or_does_not(requires, labels, expected):
    assert holds(requires, labels) is expected
    assert (lacking(requires, labels) == []) is expected


def test_what_is_lacking_is_told_part_by_part():
    assert lacking(GPU, {"gpu": True, "memory_gb": 8}) == [
        "memory_gb >= 16 (memory_gb is 8)",
        'region in ["eu", "us"] (no region)',
    ]
    assert lacking('region = "eu" and not(slow)', {"region": "us", "slow": True}) == [
        'region = "eu" (region is "us")',
        "not(slow) (slow is true)",
    ]


def test_a_requirement_that_does_not_parse_says_where():
    assert problem_of(GPU) == ""
    assert "line 1, column 8" in problem_of("gpu and")


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("false", False), ("16", 16), ("0.5", 0.5), ("eu", "eu"), ("1e", "1e")]
)
def test_a_label_on_a_command_line_is_true_a_number_or_a_text(text, value):
    assert label_value(text) == value
    assert type(label_value(text)) is type(value)
