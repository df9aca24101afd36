"""Definitions, inputs and stores that are wrong: the right exit code, and one clear sentence, never a traceback."""

from __future__ import annotations

import apsw
import pytest

CYCLE = """
workflow: rounds
nodes:
  a: {task: "json:dumps", arguments: {obj: $b}}
  b: {task: "json:dumps", arguments: {obj: $c}}
  c: {task: "json:dumps", arguments: {obj: $a}}
"""

MANY_PROBLEMS = """
workflow: many
nodes:
  a: {task: "json:dumps", arguments: {obj: $nowhere}}
  b: {task: "nowhere:fetch"}
  c: {task: "json:dumps", arguments: {ob: 1}}
"""


def written(place, name, text):
    (place.folder / name).write_text(text)
    return name


def test_a_cycle_is_shown_node_by_node(place):
    answer = place("check", written(place, "rounds.yaml", CYCLE))
    assert answer.code == 2
    assert "a" in answer.err
    assert "→" in answer.err
    assert "rounds.yaml:" in answer.err


def test_all_problems_are_listed_with_their_places(place):
    answer = place("check", written(place, "many.yaml", MANY_PROBLEMS))
    assert answer.code == 2
    for place_of_problem in ("many.yaml:4", "many.yaml:5", "many.yaml:6"):
        assert place_of_problem in answer.err
    assert "nowhere" in answer.err
    assert len(place("check", "many.yaml", "--json").json["error"]["problems"]) >= 3


def test_a_file_that_is_missing_is_told_where_it_is_named(place):
    answer = place("check", written(place, "top.yaml", "workflow: top\nnodes:\n  a: {workflow: gone.yaml}\n"))
    assert answer.code == 2
    assert "top.yaml:3, node 'a': workflow 'gone.yaml' cannot be read: No such file or directory" in answer.err


def test_a_definition_in_python_has_places_too(place):
    source = """
from mainspring import Workflow, task

@task
def double(number: int) -> int:
    return 2 * number

wf = Workflow("wrong")
wf.add(double, 1, 2)
wf.add(double, key="double")
"""
    answer = place("run", written(place, "wrong_arguments.py", source))
    assert answer.code == 2
    assert "wrong_arguments.py:9" in answer.err
    assert "wrong_arguments.py:10" in answer.err
    assert "Traceback" not in answer.err
    assert not (place.folder / "mainspring.db").exists() or "no instances" in place("list").out


@pytest.mark.parametrize(
    ("name", "text", "code", "words"),
    [
        ("absent.py", None, 3, "there is no file absent.py"),
        ("absent.yaml", None, 3, "there is no file absent.yaml"),
        ("bad_syntax.py", "def f(:\n    pass\n", 2, "bad_syntax.py:1: invalid syntax"),
        ("raises_here.py", "x = 1\ny = 1 / 0\n", 2, "raises_here.py:2: ZeroDivisionError: division by zero"),
        ("needs_more.py", "import no_such_module_anywhere\n", 2, "there is no module 'no_such_module_anywhere'"),
        ("leaves_at_once.py", "raise SystemExit(3)\n", 2, "leaves_at_once.py:1: it ends Python"),
        ("has_none.py", "x = 1\n", 2, "has_none.py has no definition"),
        (
            "has_two.py",
            "from mainspring import Workflow\na = Workflow('a')\nb = Workflow('b')\n",
            2,
            "several workflows; say which one: has_two.py:a, has_two.py:b",
        ),
        ("json.py", "x = 1\n", 2, "another module is called 'json' as well"),
        ("bad.yaml", "workflow: [\n", 2, "bad.yaml:"),
        ("list.yaml", "- 1\n- 2\n", 2, "list.yaml"),
    ],
)
def test_a_target_that_cannot_be_loaded(place, name, text, code, words):
    if text is not None:
        written(place, name, text)
    answer = place("check", name)
    assert answer.code == code
    assert words in answer.err
    assert "Traceback" not in answer.err


def test_a_name_that_is_not_there(place, flow):
    answer = place("check", f"{flow}:sqares")
    assert answer.code == 3
    assert "did you mean 'squares'?" in answer.err
    assert place("check", f"{flow}:total").code == 2
    assert "there is no module 'nothing_here'" in place("check", "nothing_here").err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["count=many"], "count"),
        (["cuont=3"], "cuont"),
        (["3"], "'3' is no input; write name=value"),
        (["--input", "{"], "--input is not JSON"),
        (["--input", "[1]"], "must be a JSON object"),
        (["--slots", "0"], "--slots must be 1 or more"),
        (["--id", ""], "id"),
        (["--id", "squares:77"], "not yours to choose"),
    ],
)
def test_inputs_that_are_wrong(place, flow, arguments, words):
    answer = place("run", flow, *arguments)
    assert answer.code == 2
    assert words in answer.err
    assert "Traceback" not in answer.err


def test_an_input_file_that_is_not_there(place, flow):
    answer = place("run", flow, "--input", "@absent.json")
    assert answer.code == 3
    assert "absent.json cannot be read: No such file" in answer.err


@pytest.mark.parametrize(
    ("store", "code", "words"),
    [
        ("nowhere/folder/x.db", 2, "its folder is missing"),
        ("notes.txt", 2, "notes.txt"),
        ("mysql://there", 2, "no store for 'mysql'"),
    ],
)
def test_a_store_that_cannot_be_used(place, flow, store, code, words):
    (place.folder / "notes.txt").write_text("these are notes, and no database at all\n" * 20)
    answer = place("run", flow, "--store", store)
    assert answer.code == code
    assert words in answer.err
    assert "Traceback" not in answer.err


def test_a_store_of_a_newer_mainspring_is_left_alone(place, flow):
    place("run", flow)
    connection = apsw.Connection("mainspring.db")
    connection.pragma("user_version", 99)
    connection.close()
    for arguments in (["list"], ["run", flow], ["doctor"]):
        answer = place(*arguments)
        assert answer.code == 5
        assert "was written by a newer mainspring (schema 99" in answer.err


def test_a_database_of_another_program_is_left_alone(place, flow):
    connection = apsw.Connection("theirs.db")
    connection.execute("create table customer (name text)")
    connection.close()
    for arguments in (["list"], ["run", flow]):
        answer = place(*arguments, "--store", "theirs.db")
        assert answer.code == 2
        assert "of another program" in answer.err


def test_an_id_that_belongs_to_another_definition(place, flow):
    place("run", flow, "--id", "taken")
    other = 'from mainspring import Workflow, task\nwf = Workflow("other")\nwf.add(task(len), [1])\n'
    answer = place("run", written(place, "another_one.py", other), "--id", "taken")
    assert answer.code == 5
    assert "'taken' exists already" in answer.err


@pytest.mark.parametrize("target", ["nope", "no-such-thing", "nope:7", "3"])
def test_a_picture_of_what_is_not_there(place, target):
    answer = place("graph", target)
    assert answer.code == 3
    assert f"{target!r} is neither a file, a module, nor an instance in the store; `mainspring list" in answer.err


def test_a_picture_of_one_of_several_asks_which(place):
    written(place, "two_of_them.py", "from mainspring import Workflow\na = Workflow('a')\nb = Workflow('b')\n")
    for target in ("two_of_them.py", "two_of_them"):
        answer = place("graph", target)
        assert answer.code == 2
        assert f"say which one: {target}:a, {target}:b" in answer.err


def test_a_picture_that_cannot_be_written(place, flow):
    answer = place("graph", flow, "--output", "no/such/folder.svg")
    assert answer.code == 4
    assert "no/such/folder.svg cannot be written" in answer.err


def test_a_picture_in_a_format_that_there_is_not(place, flow):
    answer = place("graph", flow, "--output", "x.png")
    assert answer.code == 2
    assert "no format for 'x.png'; there are svg, mermaid, dot, scxml, json, yaml: name the file *.svg" in answer.err
    assert not (place.folder / "x.png").exists()
    assert place("graph", flow, "--output", "x.png", "--format", "svg").code == 0


@pytest.mark.parametrize("command", [["list"], ["doctor"], ["run", "FLOW"], ["worker"], ["cancel", "one"]])
@pytest.mark.parametrize("store", ["", " "])
def test_an_empty_store_is_none(place, flow, command, store):
    answer = place(*(flow if word == "FLOW" else word for word in command), "--store", store)
    assert answer.code == 2
    assert "--store is empty" in answer.err
