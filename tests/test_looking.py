"""Looking into a store from outside."""

from __future__ import annotations

import pytest

from mainspring import Engine
from mainspring.errors import InstanceNotFoundError, RefusedError, StoreInvalidError, StoreNotFoundError
from mainspring.looking import Looking
from tests.patience import PATIENCE_S


def double(number: int) -> int:
    return 2 * number


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path / 'some.db'}"
    with Engine(url) as engine:
        engine.submit(double, 21, id="answer").result(timeout_s=PATIENCE_S)
    return url


def test_what_an_engine_did_can_be_seen_without_one(url):
    with Looking(url) as looking:
        assert [info.id for info in looking.list()] == ["answer"]
        assert looking.get("answer").info().output == 42
        assert looking.health().problems == ()


def test_an_unknown_instance_is_not_found(url):
    with Looking(url) as looking, pytest.raises(InstanceNotFoundError):
        looking.get("question")


def test_nothing_can_be_changed(url):
    with Looking(url) as looking, pytest.raises(RefusedError, match="only being looked at"):
        looking.get("answer").cancel()


def test_a_store_that_is_not_there_is_not_created(tmp_path):
    with pytest.raises(StoreNotFoundError, match="there is no store at"):
        Looking(f"sqlite:///{tmp_path / 'none.db'}")
    assert not list(tmp_path.iterdir())


def test_there_is_nothing_to_look_at_in_memory():
    with pytest.raises(StoreNotFoundError, match="memory"):
        Looking("sqlite://")


def test_a_file_that_is_no_store_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database, but longer than a hundred bytes " * 4)
    with pytest.raises(StoreInvalidError):
        Looking(f"sqlite:///{tmp_path / 'notes.txt'}")
