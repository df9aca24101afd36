"""The practice cases as their users write them, where they are at hand: `../shared`, or `$MAINSPRING_ACCEPTANCE`."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgres import new_schema

ROOT = Path(__file__).parents[1]
FOLDER = Path(os.environ.get("MAINSPRING_ACCEPTANCE") or ROOT.parent / "shared" / "acceptance")
CASES = FOLDER / "test_practice_cases.py"

SECTIONS = {
    "workflow engine": (
        "test_workflow_runs_in_dependency_order",
        "test_independent_tasks_run_side_by_side",
        "test_failed_task_fails_the_workflow_and_cancels_what_depends_on_it",
        "test_mistakes_are_refused_with_the_reason",
    ),
    "distributed scheduler": ("test_tasks_go_to_workers_that_have_the_capability",),
    "task scheduler": ("test_scheduler_one_off_priority_recurring_and_statistics",),
    "process engine": ("test_process_follows_its_conditions", "test_process_mistakes_are_refused_with_the_reason"),
    "state machine": ("test_state_machine_guards_actions_handlers_and_history",),
}
"""The sections whose classes are there, with their cases."""

TRIES = {"task scheduler": 5}
"""Sections whose cases count what happens in some seconds: a busy machine gets more tries, a fault fails them all."""

WITHOUT_A_STORE = ("state machine",)
"""Sections whose cases run once, for nothing of them is kept."""


TIMES = {"test_process_follows_its_conditions": 3}
"""Cases that are run with several inputs."""


@pytest.mark.skipif(not CASES.exists(), reason=f"the practice cases are not here: there is no {CASES}")
@pytest.mark.parametrize("section", SECTIONS)
def test_the_practice_cases_pass_as_they_are(section, tmp_path):
    cases = [f"{CASES}::{name}" for name in SECTIONS[section]]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--rootdir={tmp_path}",
        "-c",
        os.devnull,
    ]

    def run() -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            [*command, *cases], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    done = run()
    for _ in range(TRIES.get(section, 1) - 1):
        done = run() if done.returncode else done

    assert done.returncode == 0, done.stdout + done.stderr
    inputs = sum(TIMES.get(name, 1) for name in SECTIONS[section])
    runs = inputs if section in WITHOUT_A_STORE else 2 * inputs
    assert f"{runs} passed" in done.stdout, "each in memory and on a file"


@pytest.mark.filterwarnings("ignore::mainspring.errors.DefinitionOddWarning")  # their definitions are their own
@pytest.mark.skipif(not CASES.exists(), reason=f"the practice cases are not here: there is no {CASES}")
@pytest.mark.parametrize(
    "case", [name for section, names in SECTIONS.items() if section not in WITHOUT_A_STORE for name in names]
)
def test_the_practice_cases_pass_on_postgresql_too(case):
    """The cases choose their stores themselves; here they are called with another one."""
    spec = importlib.util.spec_from_file_location("practice_cases", CASES)
    assert spec is not None
    assert spec.loader is not None
    cases = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cases)
    inputs = [mark.args[1] for mark in getattr(getattr(cases, case), "pytestmark", ()) if mark.name == "parametrize"]
    tries = next(TRIES.get(section, 1) for section, names in SECTIONS.items() if case in names)
    for rest in inputs[0] if inputs else [()]:
        for number in range(1, tries + 1):
            try:
                getattr(cases, case)(new_schema(), *rest)
                break
            except AssertionError:
                if number == tries:
                    raise
