"""The demo from the command line, with a few zones."""

from __future__ import annotations

import pytest

from mainspring.cli import run
from mainspring.cli.session import Session

ZONES = [
    "Africa/Casablanca",
    "America/Mexico_City",
    "America/New_York",
    "Asia/Tokyo",
    "Europe/Berlin",
    "Europe/Lisbon",
    "UTC",
]


@pytest.fixture
def few_zones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mainspring.demo.tasks.zone_names", lambda: ZONES)
    monkeypatch.setattr("sys.argv", ["mainspring"])
    return tmp_path


def test_the_demo_measures_retries_branches_and_reports(few_zones, capsys):
    assert run(["demo", "--years", "1"]) == 0
    seen = capsys.readouterr().out
    assert "ask_observatory attempt 2: ConnectionError: no answer (staged), again in" in seen
    assert "measure completed 7 of 7" in seen
    assert "tell_calm skipped" in seen
    assert "The report is in mainspring-demo/report.html" in seen
    page = (few_zones / "mainspring-demo" / "report.html").read_text()
    assert page.count("<svg") == 3
    assert "Europe/Berlin" in page

    assert run(["show", "demo-1", "--store", "mainspring-demo/demo.db"]) == 0
    assert "✓ measure" in capsys.readouterr().out


def test_a_demo_that_is_under_way_goes_on(few_zones, capsys):
    from mainspring.demo.workflow import demo_workflow
    from mainspring.engine import Engine

    (few_zones / "mainspring-demo").mkdir()
    with Engine("sqlite:///mainspring-demo/demo.db", slots=0) as engine:
        engine.start(demo_workflow(), {"folder": "mainspring-demo", "years": 1}, id="demo-1")
    assert run(["demo", "--years", "1", "--json"]) == 0
    assert '"id": "demo-1"' in capsys.readouterr().out
    with Engine("sqlite:///mainspring-demo/demo.db", slots=0) as engine:
        assert [info.id for info in engine.list()] == ["demo-1"]


def test_an_interrupted_demo_says_the_command_that_goes_on_with_it(few_zones, capsys, monkeypatch):
    class Interrupted(Session):
        def watch(self, instance, *, title, go_on):
            self._signals = 1
            return super().watch(instance, title=title, go_on=go_on)

    monkeypatch.setattr("mainspring.cli.demo.Session", Interrupted)
    options = ["--years", "3", "--folder", "my demo", "--store", "d2.db"]
    assert run(["demo", *options]) == 130
    assert "go on with  mainspring demo --years 3 --folder 'my demo' --store d2.db\n" in capsys.readouterr().out
    assert run(["demo"]) == 130
    assert "go on with  mainspring demo\n" in capsys.readouterr().out


def test_the_program_is_called_as_it_was(few_zones, capsys, monkeypatch):
    script = few_zones / "some where" / "mainspring"
    script.parent.mkdir()
    script.touch()
    monkeypatch.setattr("sys.argv", [str(script)])
    run(["demo", "--years", "1"])
    assert f"'{script}' demo --years 1 starts another one" in capsys.readouterr().out


def test_the_page_of_the_demo_tells_where_its_store_is(few_zones, capsys):
    run(["demo", "--help"])
    page = " ".join(capsys.readouterr().out.split())
    assert "--store URL the store; default demo.db in the folder, ./mainspring-demo/demo.db" in page
    assert "MAINSPRING_URL" not in page


def test_years_that_make_no_sense_are_refused(few_zones, capsys):
    assert run(["demo", "--years", "0"]) == 2
    assert "--years must be 1 to 100" in capsys.readouterr().err
    assert not list(few_zones.iterdir())


def test_a_folder_that_cannot_be_had_is_told_with_a_way_out(few_zones, capsys, monkeypatch):
    (few_zones / "occupied").write_text("a file")
    for folder, why in (("occupied", "File exists"), ("occupied/inside", "Not a directory")):
        assert run(["demo", "--folder", folder]) == 4
        told = capsys.readouterr().err
        assert f"cannot make the folder {few_zones / folder} ({why})" in told
        assert "mainspring demo --folder PATH" in told
    monkeypatch.setattr("os.access", lambda *_: False)  # for root may write everywhere
    assert run(["demo", "--folder", "locked"]) == 4
    assert f"the folder {few_zones / 'locked'} may not be written" in capsys.readouterr().err
