"""The command line as a whole: help, unknown commands, exit codes, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mainspring.cli import run
from mainspring.cli.commands import COMMANDS

REFERENCE = Path(__file__).parents[2] / "docs/reference/cli.md"


def test_help_names_every_command(capsys):
    assert run([]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name, command in COMMANDS.items() if command.group)
    assert run(["--help"]) == 0
    assert capsys.readouterr().out == shown


def test_help_names_both_stores(capsys):
    for arguments in ([], ["list", "--help"]):
        run(arguments)
        shown = capsys.readouterr().out
        assert "postgresql://user@host/database" in shown
        assert "sqlite:///file.db" in shown


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if command.group])
def test_each_command_explains_itself(name, capsys):
    assert run([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{COMMANDS[name].summary}.")
    assert "%(" not in shown
    assert "--store" in shown


def test_help_is_a_command_too(capsys):
    assert run(["help"]) == 0
    assert "Take care" in capsys.readouterr().out
    assert run(["help", "run"]) == 0
    assert "mainspring run FILE|module:name" in capsys.readouterr().out


def test_the_version_is_told(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip()[0].isdigit()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lst"], "did you mean 'list'?"),
        (["list", "--stats", "failed"], "did you mean '--status'?"),
        (["show"], "the following arguments are required: ID"),
        (["run"], "the following arguments are required: FILE|module:name; see"),
        (["show", "one", "two"], "'two' is one argument too many"),
        (["prune", "--older-than", "soon"], "'soon' is no duration"),
        (["list", "--limit", "many"], "invalid int value: 'many'"),
    ],
)
def test_what_was_typed_wrong_is_said(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_common_options_may_stand_before_the_command(capsys, tmp_path):
    assert run(["--json", "--store", str(tmp_path / "none.db"), "list"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["type"] == "StoreNotFoundError"


LOOKING = [
    ["list"], ["show", "a"], ["timeline", "a"], ["logs", "a"], ["journal", "a"], ["cancel", "a"], ["pause", "a"],
    ["resume", "a"], ["retry", "a"], ["rerun", "a", "b"], ["doctor"], ["prune", "--older-than", "1d"],
    ["graph", "a", "--heat"], ["tasks"], ["incidents"], ["schedule", "list"], ["deployments"], ["workers"], ["queues"],
    ["why", "a"], ["send", "a", "b"], ["complete", "a", "b"], ["publish", "a"], ["signal", "a"], ["resolve", "a", "b"],
    ["move", "a", "b", "c"],
]  # fmt: skip
CREATING = ("run", "start", "deploy", "worker", "demo")
WITHOUT_STORE = ("check", "feel", "test")


@pytest.mark.parametrize("arguments", LOOKING, ids=lambda arguments: arguments[0])
def test_who_only_looks_or_steers_creates_no_store(arguments, capsys, tmp_path):
    assert run([*arguments, "--store", str(tmp_path / "none.db")]) == 3
    assert "there is no store at" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_reference_tells_which_commands_create_a_store():
    assert {*CREATING, *WITHOUT_STORE, *(arguments[0] for arguments in LOOKING)} == set(COMMANDS)
    *most, last = (f"`{name}`" for name in CREATING)
    assert f"\n{', '.join(most)} and {last} create a store" in REFERENCE.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["start", "deploy"])
def test_who_begins_or_deploys_creates_a_store(command, capsys, tmp_path):
    (tmp_path / "small.yaml").write_text("workflow: small\nnodes:\n  a: {task: 'json:dumps', arguments: {obj: 1}}\n")
    assert run([command, str(tmp_path / "small.yaml"), "--store", str(tmp_path / "new.db")]) == 0
    assert (tmp_path / "new.db").exists()


def test_a_fault_of_ours_is_told_in_two_lines(capsys, monkeypatch):
    monkeypatch.setattr("mainspring.cli.doctor.perform", lambda options, output: 1 / 0)
    assert run(["doctor"]) == 7
    assert "ZeroDivisionError: division by zero" in capsys.readouterr().err
    with pytest.raises(ZeroDivisionError):
        run(["doctor", "--debug"])
