"""Tasks on a real cluster of Dask, in processes of its own: what runs there, and what survives its death."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mainspring import Engine
from tests.patience import PATIENCE_S, wait_until
from tests.runtime import crunch
from tests.runtime.cluster_tasks import all_kinds_run_there, plain
from tests.runtime.local_dask import LocalDask

ROOT = Path(__file__).parents[1]
CLI = "import sys; from mainspring.cli import main; sys.exit(main())"
PAGE = ROOT / "docs" / "how-to" / "clusters.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whose modules the cluster can import."""
    return tmp_path_factory.mktemp("handlers")


@pytest.fixture(scope="module")
def dask(folder: Path) -> Iterator[LocalDask]:
    cluster = LocalDask(folder)
    cluster.start()
    yield cluster
    cluster.kill()


@pytest.fixture
def engine(dask: LocalDask) -> Iterator[Engine]:
    with Engine("sqlite://", clusters={"dask": dask.address}, lease_s=5.0) as engine:
        yield engine


def pid_in(file: Path) -> int:
    return int(wait_until(lambda: file.exists() and file.read_text(), f"{file.name} is written"))


def test_tasks_of_all_kinds_run_there(engine, tmp_path):
    all_kinds_run_there(engine, "dask", lambda handler: handler, tmp_path)


def test_the_program_of_the_page_runs(dask, folder):
    heavy, shop = re.findall(
        r"^```py\w* file=\S+\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    (folder / "heavy.py").write_text(heavy)
    (folder / "shop.py").write_text(shop.replace("tcp://scheduler:8786", dask.address))
    ended = subprocess.run(
        [sys.executable, "shop.py"], cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert (ended.returncode, ended.stdout.startswith("0.")) == (0, True), ended.stderr


def test_a_worker_from_the_command_line_hands_tasks_to_its_cluster(dask, folder):
    url = f"sqlite:///{folder / 'fleet.db'}"
    with Engine(url, slots=0) as engine:
        there, here = engine.submit(crunch.pid), engine.submit(plain, 1)
        command = ["-c", CLI, "worker", "--store", url, "--cluster", f"dask={dask.address}"]
        worker = subprocess.Popen([sys.executable, *command, "--cluster-slots", "3", "--until-idle"], cwd=ROOT)
        try:
            assert worker.wait(PATIENCE_S) == 0
        finally:
            worker.kill()
        assert here.result(timeout_s=PATIENCE_S) == worker.pid
        assert there.result(timeout_s=PATIENCE_S) not in (worker.pid, os.getpid())


def test_a_worker_of_the_cluster_that_dies_costs_no_task(engine, tmp_path):
    others = engine.submit_many(crunch.double, [(number,) for number in range(50)])
    assert engine.submit(crunch.die_once, str(tmp_path)).result(timeout_s=PATIENCE_S) == "went on"
    assert engine.gather(others, timeout_s=PATIENCE_S) == [2 * number for number in range(50)]


def test_a_cluster_that_dies_as_a_whole_costs_no_task_and_is_used_again_when_it_is_back(dask, engine, tmp_path):
    holding = [engine.submit(crunch.hold, str(tmp_path), name) for name in ("a", "b", "c")]
    pids = {pid_in(wait_until(lambda: [*tmp_path.glob("began-*")], "one has begun")[0])}
    os.kill(pids.pop(), signal.SIGSTOP)  # or it might end in good order
    dask.kill()
    (worker,) = wait_until(
        lambda: [one for one in engine.workers() if one.offer.clusters.get("dask")], "the cluster is away"
    )
    assert worker.slots > 0
    (waiting,) = wait_until(lambda: engine.why(holding[0].id), "it is told why it waits")
    assert waiting.executor == "dask"
    assert any("dask cluster is away" in lack for mismatch in waiting.workers for lack in mismatch.lacks)

    assert engine.submit(plain, 1).result(timeout_s=PATIENCE_S) == os.getpid(), "all else goes on"
    (tmp_path / "go").touch()
    dask.start()
    assert engine.gather(holding, timeout_s=PATIENCE_S) == ["a", "b", "c"]
    assert [[len(time.attempts) for time in each.timeline()] for each in holding] == [[1]] * 3, "uncounted"
