"""Which clusters a worker is told to have, in Python, by the environment and on the command line."""

from __future__ import annotations

import socket

import pytest

from mainspring import Engine, Workflow, task
from mainspring.errors import HandlerInvalidError, SettingInvalidError
from mainspring.runtime.cluster import ClusterAwayError
from mainspring.runtime.clusters import opening
from mainspring.runtime.clusters.opening import VARIABLE, open_clusters
from mainspring.runtime.clusters.ray import RayCluster
from tests.patience import PATIENCE_S
from tests.runtime import crunch

NOWHERE = "tcp://127.0.0.1:9"


def test_clusters_are_named_by_kind_and_address():
    assert [cluster.kind for cluster in open_clusters({"dask": NOWHERE}, is_worker=True)] == ["dask"]
    assert [cluster.kind for cluster in open_clusters(f" dask={NOWHERE},", is_worker=False)] == ["dask"]
    assert open_clusters("", is_worker=True) == []


def test_the_environment_counts_where_nothing_was_said_and_something_runs(monkeypatch):
    monkeypatch.setenv(VARIABLE, f"dask={NOWHERE}")
    assert [cluster.kind for cluster in open_clusters(None, is_worker=True)] == ["dask"]
    assert open_clusters(None, is_worker=False) == []
    assert open_clusters({}, is_worker=True) == []
    assert len(open_clusters({"dask": NOWHERE}, is_worker=False)) == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"dusk": NOWHERE}, "there are clusters of dask and ray, not of 'dusk'"),
        ({"dask": ""}, "the dask cluster has no address"),
        ({"dask": None}, "the dask cluster has no address"),
        ([NOWHERE], "clusters must be a dict"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(given, words):
    with pytest.raises(SettingInvalidError, match=words):
        open_clusters(given, is_worker=True)


@pytest.mark.parametrize(("kind", "library"), [("dask", "distributed"), ("ray", "ray")])
def test_a_library_that_is_not_installed_is_named_with_its_extra(kind, library, monkeypatch):
    monkeypatch.setattr(opening, "find_spec", lambda name: None)
    with pytest.raises(SettingInvalidError, match=rf"needs '{library}': pip install 'mainspring\[{kind}\]'"):
        Engine("sqlite://", clusters={kind: NOWHERE})


@pytest.mark.parametrize("address", ["ray://head:10001", "head:6379", "127.0.0.1:6379", "[::1]:6379"])
def test_an_address_of_a_cluster_of_ray(address, monkeypatch):
    monkeypatch.setattr(opening, "find_spec", lambda name: name)  # what it needs comes with the first connection
    assert [cluster.kind for cluster in open_clusters(f"ray={address}", is_worker=True)] == ["ray"]


@pytest.mark.parametrize("address", ["auto", "local", "head", "ray://head", "head:port", NOWHERE, 8])
def test_what_is_no_address_of_a_cluster_of_ray(address, monkeypatch):
    monkeypatch.setattr(opening, "find_spec", lambda name: name)
    with pytest.raises(SettingInvalidError, match=rf"named by its address, as ray://head:10001, .* not '?{address}"):
        open_clusters({"ray": address}, is_worker=True)


def test_a_cluster_of_ray_where_nobody_listens_is_away_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = "127.0.0.1:{1}".format(*server.getsockname())
    with pytest.raises(ClusterAwayError, match=f"{address} does not answer: .*refused"):
        RayCluster(address).connect(print)


@pytest.mark.parametrize("text", ["dask", "dask=", "tcp://host:1"])
def test_a_text_that_names_no_cluster(text, monkeypatch):
    with pytest.raises(SettingInvalidError, match="clusters names a cluster by kind=address"):
        open_clusters(text, is_worker=True)
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(SettingInvalidError, match=rf"\${VARIABLE} names a cluster by kind=address"):
        open_clusters(None, is_worker=True)


def test_slots_of_a_cluster_are_at_least_one():
    with pytest.raises(SettingInvalidError, match="cluster_slots must be a whole number from 1, not 0"):
        Engine("sqlite://", clusters={"dask": NOWHERE}, cluster_slots=0)


# --- Executors of tasks -------------------------------------------------------------------------


def plain() -> int:
    return 1


def test_an_executor_is_one_that_there_is():
    with pytest.raises(SettingInvalidError, match=r"executor must be 'dask'.*not 'dusk'"):
        task(executor="dusk")(plain)  # type: ignore[call-overload]
    workflow = Workflow("odd")
    workflow.add(plain, executor="dusk")
    (problem,) = workflow.check()
    assert "executor must be 'dask' or 'ray', or none, not 'dusk'" in problem.message


def test_a_handler_for_a_cluster_can_be_imported_and_belongs_to_no_process_here():
    with pytest.raises(HandlerInvalidError, match="cannot run on dask, which must be able to import it"):
        task(executor="dask")(lambda: 1)
    with pytest.raises(HandlerInvalidError, match='choose one of isolation="process" and executor'):
        task(executor="dask", isolation="process")(plain)


def test_a_worker_without_the_cluster_does_not_take_its_tasks_and_why_says_so():
    with Engine("sqlite://", slots=1) as engine:
        there = engine.submit(crunch.double, 1)
        assert engine.submit(plain).result(timeout_s=PATIENCE_S) == 1, "it is in nobody's way"
        (waiting,) = engine.why(there.id)
        (mismatch,) = waiting.workers
        assert mismatch.lacks == ("has no dask cluster",)


def test_a_worker_whose_cluster_is_away_does_not_either():
    with Engine("sqlite://", slots=1, clusters={"dask": NOWHERE}, cluster_slots=7) as engine:
        there = engine.submit(crunch.double, 1)
        assert engine.submit(plain).result(timeout_s=PATIENCE_S) == 1
        (worker,) = engine.workers()
        assert worker.slots == 8
        (waiting,) = engine.why(there.id)
        ((lack,),) = (mismatch.lacks for mismatch in waiting.workers)
        assert lack.startswith("its dask cluster is away: ")
