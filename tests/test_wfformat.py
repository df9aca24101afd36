"""Recorded workflows: those of others run as they were recorded, broken ones are refused with all that is wrong."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mainspring import Engine, Instance, Workflow, wfformat
from mainspring.errors import DefinitionInvalidError
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "how-to" / "import-a-recorded-workflow.md"
SUITES = Path(os.environ.get("MAINSPRING_SUITES") or ROOT.parent / "shared" / "suites")
RECORDINGS = sorted((SUITES / "workflows").glob("*.json"))

REPLAY_S = 0.5
"""How long a recording takes when its run times are scaled down."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def tea() -> Any:
    return json.loads(blocks("json")[0])


def parse(recording: Any) -> Workflow:
    return wfformat.parse(json.dumps(recording), name="tea", file="tea.json")


def problems(recording: Any) -> list[str]:
    with pytest.raises(DefinitionInvalidError) as caught:
        parse(recording)
    return [str(problem) for problem in caught.value.problems]


# --- Our own ----------------------------------------------------------------------------------


def test_the_page_runs_as_it_is_and_prints_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tea.json").write_text(blocks("json")[0], encoding="utf-8")
    said, names = io.StringIO(), {"__name__": "page"}

    with contextlib.redirect_stdout(said):
        for block in blocks("python"):
            exec(block, names)

    printed = said.getvalue()
    assert printed.startswith("{'tea': 490}\n")
    assert re.findall(r"^(\w+): \d\.\d\d s$", printed, re.MULTILINE)[-1] == "brew"
    assert printed.endswith(blocks("text")[0])


def test_a_task_waits_for_its_parents_and_as_long_as_its_scale_says(tea):
    with Engine("sqlite://") as engine:
        instance = engine.start(parse(tea), {"scale": 0.001})
        assert instance.result(timeout_s=PATIENCE_S) == {"tea": 490}

        times = {task.key: task for task in instance.timeline()}

    took = {key: (task.finished_at or 0.0) - (task.started_at or 0.0) for key, task in times.items()}
    assert took["boil"] >= 0.18
    assert took["brew"] >= 0.24
    assert (times["brew"].started_at or 0.0) >= (times["boil"].finished_at or 0.0)


def test_an_id_that_cannot_be_a_key_is_kept_as_the_description(tea):
    text = json.dumps(tea).replace('"boil"', '"boil it!"').replace('"pick"', '"boil.it-"').replace('"brew"', '"scale"')

    workflow = wfformat.parse(text, name="tea")

    assert {key: node.description for key, node in workflow.nodes.items()} == {
        "_boil_it_": "boil it!",
        "_boil_it-": "boil.it-",
        "scale-2": "scale",
    }
    workflow.deployable()


def test_a_workflow_is_named_like_its_file(tea, tmp_path):
    (tmp_path / "green-tea.json").write_text(json.dumps(tea), encoding="utf-8")

    assert wfformat.load(tmp_path / "green-tea.json").name == "green-tea"
    assert wfformat.load(tmp_path / "green-tea.json", name="mine").name == "mine"


# --- Refusals ---------------------------------------------------------------------------------

TASKS = "workflow.specification.tasks"


def task(tea: Any, number: int) -> Any:
    return tea["workflow"]["specification"]["tasks"][number]


def test_edges_that_lead_nowhere_are_all_told_with_their_places(tea):
    task(tea, 2)["parents"].append("ghost")
    task(tea, 0)["children"].append("phantom")

    assert problems(tea) == [
        f"tea.json, {TASKS}[0]: task 'boil': unknown child 'phantom'",
        f"tea.json, {TASKS}[2]: task 'brew': unknown parent 'ghost'",
    ]


def test_a_child_that_does_not_name_its_parent_is_told(tea):
    task(tea, 2)["parents"].remove("pick")

    assert problems(tea) == [f"tea.json, {TASKS}[1]: task 'pick': child 'brew' does not have it as a parent"]


def test_a_cycle_is_told_task_by_task(tea):
    task(tea, 0)["parents"].append("brew")

    assert any("cycle: " in problem and "boil → brew" in problem for problem in problems(tea))


def test_missing_fields_are_all_told_with_their_places(tea):
    del task(tea, 0)["parents"]
    del task(tea, 1)["id"]
    del tea["workflow"]["execution"]["tasks"][2]["runtimeInSeconds"]
    del tea["workflow"]["specification"]["files"][0]["sizeInBytes"]

    told = problems(tea)

    assert f"tea.json, {TASKS}[0]: 'parents' is missing" in told
    assert f"tea.json, {TASKS}[1]: 'id' is missing" in told
    assert "tea.json, workflow.execution.tasks[2]: 'runtimeInSeconds' is missing" in told
    assert "tea.json, workflow.specification.files[0]: 'sizeInBytes' is missing" in told


@pytest.mark.parametrize("part", ["workflow", "workflow.specification", "workflow.execution", "schemaVersion"])
def test_a_missing_part_is_named(tea, part):
    holder, _, name = part.rpartition(".")
    del (tea[holder] if holder else tea)[name]

    assert f"{name!r} is missing" in "".join(problems(tea))


def test_run_times_and_tasks_belong_together(tea):
    tea["workflow"]["execution"]["tasks"][0]["id"] = "stranger"

    told = "\n".join(problems(tea))

    assert "task 'boil' has no run time" in told
    assert "task 'stranger' is unknown" in told


def test_files_and_ids_are_declared_once(tea):
    task(tea, 1)["outputFiles"].append("sugar")
    tea["workflow"]["specification"]["tasks"].append(copy.deepcopy(task(tea, 2)))

    told = "\n".join(problems(tea))

    assert "file 'sugar' is unknown" in told
    assert f"there is a task 'brew' already, at {TASKS}[2]" in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "it is not JSON"),
        ("[1, 2]", "expected an object"),
        ('{"schemaVersion": "1.3", "workflow": {}}', "expected '1.5', found '1.3'"),
        ('{"schemaVersion": "1.5", "workflow": {"specification": {}, "execution": {}}}', "'tasks' is missing"),
        ('{"schemaVersion": "1.5", "workflow": 7}', "expected an object, found 7"),
    ],
)
def test_what_is_no_recording_is_refused(text, words):
    with pytest.raises(DefinitionInvalidError, match=re.escape(words)):
        wfformat.parse(text, name="x")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DefinitionInvalidError, match=r"ghost\.json: it cannot be read: No such file"):
        wfformat.load(tmp_path / "ghost.json")


def test_of_very_many_problems_some_are_shown(tea):
    task(tea, 2)["parents"] = [f"ghost-{number}" for number in range(1_000)]

    told = problems(tea)

    assert len(told) == wfformat.PROBLEMS_MAX + 1
    assert told[-1].startswith("and ")


# --- What others recorded ---------------------------------------------------------------------


@pytest.mark.skipif(not RECORDINGS, reason=f"the recorded workflows are not here: there is no {SUITES / 'workflows'}")
@pytest.mark.parametrize("scaled", [False, True], ids=["without waiting", "run times scaled down"])
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_every_recorded_task_runs_once_after_all_its_parents(path, scaled):
    recording = json.loads(path.read_text(encoding="utf-8"))["workflow"]
    parents = {task["id"]: task["parents"] for task in recording["specification"]["tasks"]}
    runtimes = {task["id"]: task["runtimeInSeconds"] for task in recording["execution"]["tasks"]}
    scale = REPLAY_S / longest(parents, runtimes) if scaled else 0.0

    with Engine("sqlite://") as engine:
        instance = engine.start(wfformat.load(path), {"scale": scale})
        assert instance.wait(timeout_s=PATIENCE_S) == "completed"

        runs_once_in_order(instance, parents)
        for task in instance.timeline():
            assert (task.finished_at or 0.0) - (task.started_at or 0.0) >= 0.95 * scale * runtimes[task.key]


def runs_once_in_order(instance: Instance, parents: dict[str, list[str]]) -> None:
    """As the journal tells: each started once, after everything it depends on was done; and each was done once."""
    started, done = Counter[str](), Counter[str]()
    for entry in instance.journal():
        done.update(decision["node"] for decision in entry.decisions if decision["do"] == "done")
        for decision in entry.decisions:
            for node in decision["nodes"] if decision["do"] == "start" else ():
                started[node] += 1
                assert all(done[parent] for parent in parents[node]), f"{node} began too early"
    assert started == done == dict.fromkeys(parents, 1)
    assert all(len(task.attempts) == 1 for task in instance.timeline())


def longest(parents: dict[str, list[str]], runtimes: dict[str, float]) -> float:
    """Seconds of the longest way through the graph."""
    ends: dict[str, float] = {}
    waiting = dict(parents)
    while waiting:
        for task, above in [(task, above) for task, above in waiting.items() if all(one in ends for one in above)]:
            ends[task] = max((ends[one] for one in above), default=0.0) + runtimes[task]
            del waiting[task]
    return max(ends.values())
