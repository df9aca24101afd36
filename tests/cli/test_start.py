"""`mainspring start` of a single task."""

from __future__ import annotations

import pytest

from tests.cli.conftest import end_of

TASKS = """
from mainspring import task

@task(priority=7)
def named(version: str, count: int) -> str:
    return f"{version} {count}"

def plain(count: int) -> int:
    return count
"""


@pytest.fixture
def module(place):
    """Of a name of its own, for modules stay imported from one test to the next."""
    name = f"tasks_{place.folder.name.replace('-', '_')}"
    (place.folder / f"{name}.py").write_text(TASKS)
    return name


@pytest.mark.parametrize("suffix", ["", ".py"])
def test_a_task_is_submitted_by_its_name_and_runs_in_a_worker(place, module, suffix):
    words = (f"{module}{suffix}:named", "version=1.0", "count=3", "--id", "one", "--attribute", "from=here")
    assert "one has started" in place("start", *words).out
    assert "one was there already" in place("start", *words).out
    told = place("show", "one", "--json").json
    assert (told["model"], told["priority"], told["attributes"]) == ("task", 7, {"from": "here"})
    worker = place.spawn("worker", words[0], "--until-idle")
    end_of(worker)
    assert worker.returncode == 0
    assert place("show", "one", "--json").json["output"] == "1.0 3"


def test_what_is_said_wins_over_what_the_task_says(place, module):
    place("start", f"{module}:named", "--input", '{"version": "2", "count": 1}', "--priority", "0", "--id", "one")
    assert place("show", "one", "--json").json["priority"] == 0


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("named", ["cuont=3"], "cuont"),
        ("named", ["version=1", "count=many"], "count"),
        ("named", ["version=1", "count=1", "--key", "k"], "--key is for processes"),
        ("plain", ["count=1"], "plain is a plain function; with @task before it, it is a task to start"),
        ("nmaed", [], "did you mean 'named'?"),
    ],
)
def test_what_makes_no_sense_is_refused(place, module, name, arguments, words):
    answer = place("start", f"{module}:{name}", *arguments)
    assert answer.code == (3 if name == "nmaed" else 2)
    assert words in answer.err
    assert not (place.folder / "mainspring.db").exists() or place("list", "--json").json["instances"] == []


@pytest.mark.parametrize("command", ["run", "graph", "deploy", "check"])
def test_who_wants_a_definition_says_what_takes_a_task(place, module, command):
    answer = place(command, f"{module}:named")
    assert answer.code == 2
    assert f"{module}:named is a task, and no workflow; `mainspring start {module}:named` submits it" in answer.err
