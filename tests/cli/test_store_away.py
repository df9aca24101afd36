"""What goes on when the server of a store is away for a while, and what can be stopped meanwhile."""

from __future__ import annotations

import subprocess
from signal import SIGINT, SIGTERM
from urllib.parse import urlsplit

import pytest

from mainspring import Engine
from tests.cli.conftest import Place, end_of, heard_until
from tests.postgres import new_schema, server
from tests.wire import Wire

SHOP = """
import time
from pathlib import Path

from mainspring import task

@task
def held() -> int:
    Path("began").touch()
    while Path("hold").exists():
        time.sleep(0.01)
    return 7
"""
AWAY = "this goes on when it is back"
"""What is said of a look in vain."""


@pytest.fixture
def wire():
    made = Wire()
    yield made
    made.close()


@pytest.fixture
def url(wire):
    """A store that is there as long as the wire is."""
    tcp = urlsplit(server().url(tcp=True))
    schema = new_schema().rpartition("schema=")[2]
    return f"postgresql://{tcp.username}:{tcp.password}@127.0.0.1:{wire.port}/postgres?schema={schema}"


@pytest.fixture
def shop(place):
    (place.folder / "shop.py").write_text(SHOP)
    (place.folder / "flow.yaml").write_text('workflow: flow\nnodes:\n  held: {task: "shop:held"}\noutput: $held\n')
    (place.folder / "hold").touch()
    return place


@pytest.fixture
def submitted(url):
    with Engine(url, slots=0) as engine:
        engine.submit("shop:held", id="one")


@pytest.mark.usefixtures("submitted")
def test_a_worker_goes_on_by_itself(shop, wire, url):
    worker = shop.spawn("worker", "shop.py", "--store", url, "--until-idle")
    shop.wait_until(lambda: (shop.folder / "began").exists() or worker.poll() is not None)
    goes_on(shop, wire, url, worker)


@pytest.mark.usefixtures("submitted")
@pytest.mark.parametrize("signal", [SIGTERM, pytest.param(SIGINT, marks=pytest.mark.slow)])
def test_a_worker_stops_in_good_order_meanwhile(shop, wire, url, signal):
    worker = shop.spawn("worker", "shop.py", "--store", url)
    shop.wait_until(lambda: (shop.folder / "began").exists() or worker.poll() is not None)
    wire.part()
    shop.wait_until(lambda: wire.refused_count)
    worker.send_signal(signal)
    said = heard_until(worker, "waiting up to 30 s for what runs")
    (shop.folder / "hold").unlink()
    said += end_of(worker)
    assert worker.returncode == (0 if signal == SIGTERM else 130), said
    assert "Traceback" not in said
    assert "stopped; nothing is lost" in said


@pytest.mark.slow
def test_so_does_who_watches(shop, wire, url):
    run = shop.spawn("run", "flow.yaml", "--id", "one", "--store", url)
    heard_until(run, "held running")
    goes_on(shop, wire, url, run)


def goes_on(shop: Place, wire: Wire, url: str, process: subprocess.Popen[str]) -> None:
    """Its store goes away, and comes back after a look in vain; then the task ends, and so does the process."""
    wire.part()
    heard_until(process, AWAY)
    wire.is_dead = False
    (shop.folder / "hold").unlink()
    said = end_of(process)
    assert process.returncode == 0, said
    with Engine(url, slots=0) as engine:
        assert engine.get("one").info().status == "completed"
