"""Retries."""

from __future__ import annotations

import msgspec
import pytest

from mainspring.models.contract import Failure
from mainspring.models.retry import NO_RETRY, Retry, failure_of, retry_delay, retry_of


def delays(policy: Retry, failure: Failure | None = None, key: str = "a") -> list[float | None]:
    failure = failure or failure_of(ValueError("bad"))
    return [retry_delay(policy, failure, retries=used, instance="report:1", key=key) for used in range(policy.max + 1)]


def test_a_number_means_a_short_exponential_back_off_with_jitter():
    assert len(delays(retry_of(3))) == 4
    for delay_s, most_s in zip(delays(retry_of(3)), (1, 2, 4, None), strict=True):
        assert delay_s == most_s or (delay_s and most_s and 0.75 * most_s <= delay_s <= most_s)


def test_nothing_is_retried_unless_asked_for():
    assert delays(retry_of(None)) == delays(retry_of(0)) == delays(NO_RETRY) == [None]


def test_the_delay_grows_to_its_maximum_and_no_further():
    assert delays(Retry(max=4, delay_s=10, backoff=3, delay_s_max=60, jitter=0)) == [10, 30, 60, 60, None]
    assert delays(Retry.fixed(2, 5)) == [5, 5, None]
    assert retry_delay(Retry(max=10_000, jitter=0), Failure("E", ""), retries=9_000, instance="report:1", key="a") == 60


def test_jitter_is_no_chance_but_differs_between_tasks():
    policy = Retry(max=1, delay_s=100, delay_s_max=100, jitter=0.5)
    assert delays(policy) == delays(policy)
    spread = {delays(policy, key=f"node/{item}")[0] for item in range(100)}
    assert len(spread) > 90
    assert all(delay is not None and 50 <= delay <= 100 for delay in spread)


@pytest.mark.parametrize(
    ("policy", "error", "retried"),
    [
        (Retry(on=(ConnectionError,)), ConnectionResetError(), True),
        (Retry(on=(ConnectionError,)), ValueError(), False),
        (Retry(on=ConnectionError), ConnectionError(), True),
        (Retry(on=("ConnectionError",)), ConnectionResetError(), True),
        (Retry(on=("builtins.OSError",)), ConnectionResetError(), True),
        (Retry(on=("somewhere.OSError",)), ConnectionResetError(), False),
        (Retry(not_on=(ValueError,)), UnicodeError(), False),
        (Retry(not_on=(ValueError,)), KeyError(), True),
        (Retry(on=(Exception,), not_on=(ValueError,)), ValueError(), False),
    ],
)
def test_only_the_exceptions_asked_for_are_retried(policy, error, retried):
    assert (delays(policy, failure_of(error))[0] is not None) is retried


def test_a_policy_survives_json():
    policy = Retry(max=5, delay_s=1, backoff=2, on=(ConnectionError, "TimeoutError"))
    assert msgspec.json.decode(msgspec.json.encode(policy), type=Retry) == policy
    assert policy.on == ("builtins.ConnectionError", "TimeoutError")


def test_what_is_no_exception_is_refused():
    with pytest.raises(TypeError, match="expected an exception class"):
        Retry(on=(3,))


@pytest.mark.parametrize(
    ("policy", "word"),
    [
        (Retry(max=-1), "retries"),
        (Retry(delay_s=-1), "delay_s"),
        (Retry(delay_s_max=-1), "delay_s_max"),
        (Retry(backoff=0.5), "backoff"),
        (Retry(jitter=2), "jitter"),
        (Retry(delay_s=float("nan")), "delay_s"),
    ],
)
def test_numbers_that_make_no_sense_are_named(policy, word):
    [problem] = policy.problems()
    assert word in problem


def test_sound_numbers_are_no_problem():
    assert Retry().problems() == []
