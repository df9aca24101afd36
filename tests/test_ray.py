"""Tasks on a real cluster of Ray, in processes of its own: what runs there, and what survives its death."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mainspring import Engine, task
from mainspring.errors import InstanceCancelledError
from mainspring.handler import Handler
from mainspring.runtime.cluster import ClusterAwayError
from mainspring.runtime.clusters import ray as ray_keeper
from mainspring.runtime.clusters.ray import RayCluster
from tests.patience import PATIENCE_S, wait_until
from tests.runtime import crunch
from tests.runtime.cluster_tasks import all_kinds_run_there, plain
from tests.runtime.local_ray import ENVIRONMENT, HOST, LocalRay, needs_ray

pytestmark = needs_ray

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "clusters.md"
START_S_MAX = 2 * PATIENCE_S
"""A dozen processes, each of which imports Ray, one after another."""

_MADE: dict[Any, Handler[..., Any]] = {
    each: task(executor="ray", name=f"ray:{each.function.__name__}")(each.function)
    for each in (
        crunch.double, crunch.pid, crunch.tell, crunch.fail, crunch.hold, crunch.until_cancelled, crunch.die_once,
    )
}  # fmt: skip
ON_RAY = _MADE.__getitem__
double, hold, die_once = ON_RAY(crunch.double), ON_RAY(crunch.hold), ON_RAY(crunch.die_once)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whose modules the cluster can import."""
    return tmp_path_factory.mktemp("handlers")


@pytest.fixture(scope="module", autouse=True)
def _let_in() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        yield


@pytest.fixture
def ray(folder: Path) -> Iterator[LocalRay]:
    cluster = LocalRay(folder)
    cluster.start()
    yield cluster
    cluster.remove()


@pytest.fixture
def engine(ray: LocalRay) -> Iterator[Engine]:
    with Engine("sqlite://", clusters={"ray": ray.address}) as engine:
        wait_until(lambda: said_of_the_cluster(engine) == [""], "the cluster is there", START_S_MAX)
        yield engine


def said_of_the_cluster(engine: Engine) -> list[str]:
    """By its worker: nothing where the cluster is there, else why it is away."""
    return [one.offer.clusters["ray"] for one in engine.workers()]


def began(folder: Path) -> list[Path]:
    return [file for file in folder.glob("began*") if file.read_text()]


def test_tasks_run_there_and_the_death_of_the_cluster_costs_none_of_them(ray, engine, tmp_path):
    all_kinds_run_there(engine, "ray", ON_RAY, tmp_path)

    holding = [engine.submit(hold, str(tmp_path), name) for name in ("a", "b", "c")]
    wait_until(lambda: len(began(tmp_path)) == 2, "as many have begun as there are processors")
    (last,) = (each for each, name in zip(holding, "abc", strict=True) if not (tmp_path / f"began-{name}").exists())
    last.cancel()
    with pytest.raises(InstanceCancelledError):
        last.result(timeout_s=PATIENCE_S)

    ray.kill()
    held = next(each for each in holding if each is not last)
    wait_until(lambda: any(said_of_the_cluster(engine)), "the cluster is away")
    (waiting,) = wait_until(lambda: engine.why(held.id), "it is told why it waits")
    assert waiting.executor == "ray"
    assert any("ray cluster is away" in lack for mismatch in waiting.workers for lack in mismatch.lacks)
    assert engine.submit(plain, 1).result(timeout_s=PATIENCE_S) == os.getpid(), "all else goes on"


@pytest.mark.slow
def test_a_process_of_the_cluster_that_dies_costs_no_task(engine, tmp_path):
    others = engine.submit_many(double, [(number,) for number in range(50)])
    assert engine.submit(die_once, str(tmp_path)).result(timeout_s=PATIENCE_S) == "went on"
    assert engine.gather(others, timeout_s=PATIENCE_S) == [2 * number for number in range(50)]


@pytest.mark.slow
def test_a_cluster_that_is_back_is_used_again(ray, engine, tmp_path):
    holding = [engine.submit(hold, str(tmp_path), name) for name in ("a", "b", "c")]
    wait_until(lambda: began(tmp_path), "one has begun")
    ray.kill()
    wait_until(lambda: any(said_of_the_cluster(engine)), "the cluster is away")
    (tmp_path / "go").touch()
    ray.start()
    assert engine.gather(holding, timeout_s=START_S_MAX) == ["a", "b", "c"]
    assert [[len(time.attempts) for time in each.timeline()] for each in holding] == [[1]] * 3, "uncounted"


@pytest.mark.slow
def test_the_program_of_the_page_runs_through_ray_client(folder):
    heavy, shop = (
        program.replace('"dask"', '"ray"')
        for program in re.findall(
            r"^```py\w* file=\S+\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
    )
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
    timeout_s = START_S_MAX
    (folder / "heavy.py").write_text(heavy)
    shop = shop.replace("tcp://scheduler:8786", f"ray://{HOST}:{port}").replace("timeout_s=60", f"{timeout_s=:g}")
    (folder / "shop.py").write_text(shop)
    cluster = LocalRay(folder, port)
    cluster.start()
    try:
        ended = subprocess.run(
            [sys.executable, "shop.py"], cwd=folder, capture_output=True, text=True, timeout=START_S_MAX, check=False
        )
    finally:
        cluster.remove()
    assert (ended.returncode, ended.stdout.startswith("0.")) == (0, True), ended.stderr


def test_a_cluster_that_is_silent_is_away_when_the_time_for_connecting_is_over(monkeypatch):
    monkeypatch.setattr(ray_keeper, "CONNECT_S_MAX", 0.5)
    with (
        socket.create_server((HOST, 0)) as silent,
        pytest.raises(ClusterAwayError, match=r"cannot be used: it let nobody in within 0\.5 s"),
    ):
        RayCluster(f"{HOST}:{silent.getsockname()[1]}").connect(print)


WORKER = """
import sys, threading
from mainspring.runtime.clusters.ray import RayCluster

cluster = RayCluster(sys.argv[1])
threading.Thread(target=cluster.connect, args=(print,), daemon=True).start()
while cluster._driver is None:
    pass
print(cluster._driver.pid, flush=True)
sys.stdin.read()
"""


def test_the_driver_ends_with_its_worker_even_while_it_waits_for_a_cluster_that_is_silent():
    with socket.create_server((HOST, 0)) as silent:
        address = f"{HOST}:{silent.getsockname()[1]}"
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert worker.stdout is not None
        driver = int(worker.stdout.readline())
        assert is_alive(driver)
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        wait_until(lambda: not is_alive(driver), "the driver ends")


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
