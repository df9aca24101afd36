"""Workflows as YAML and JSON text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.errors import DefinitionInvalidError, HandlerUnknownError
from mainspring.handler import Handler, task
from mainspring.models import yaml_text
from mainspring.models.retry import Retry
from mainspring.models.workflow.builder import Workflow
from mainspring.models.workflow.model import WORKFLOW
from mainspring.models.workflow.rules import RULES
from mainspring.models.workflow.text import load, read_workflow, write_workflow
from mainspring.models.yaml_text import plain_scalar, read_text, write_text
from tests.models.driver import Driver
from tests.models.workflow.shop import clean, count, fetch, graph, publish, work
from tests.models.workflow.test_laws import CHILD, documents

HANDLERS: dict[str, Handler[..., Any]] = {
    "fetch": task(name="fetch", retries=2, timeout_s=5)(fetch),
    "clean": Handler.of(clean, "clean"),
    "count": Handler.of(count, "count"),
    "publish": Handler.of(publish, "publish"),
    "work": Handler.of(work, "work"),
}


def find(name: str) -> Handler[..., Any]:
    if name not in HANDLERS:
        raise HandlerUnknownError(name, "there is none")
    return HANDLERS[name]


REPORT = """\
workflow: report
inputs:
  url: str
  factor: {type: int, default: 3}
nodes:
  page:  {task: fetch, arguments: {url: $url}, timeout_s: 9}
  words: {task: clean, arguments: {page: $page.body}}
  parts:
    map: $words
    task: count
    arguments: {word: $item, factor: $factor}
    concurrency: 2
    retries: {max: 5, on: [ConnectionError]}
  nap:   {sleep: 5, after: parts}
  mail:  {task: publish, arguments: {parts: $parts}, after: [nap], requires: [gpu, eu]}
output: $parts
on_failure: work
"""


def read(text: str, **rest: Any):
    return read_workflow(text, file="report.yaml", find=find, **rest)


def told(text: str, **rest: Any) -> list[str]:
    """All problems, whether they are told at once or by the check."""
    try:
        return [str(problem) for problem in read(text, **rest).check(find)]
    except DefinitionInvalidError as error:
        return [str(problem) for problem in error.problems]


def test_a_file_says_what_python_would():
    wf = read(REPORT)
    assert wf.check(find) == []
    nodes = wf.nodes
    assert (nodes["page"].retries, nodes["page"].timeout_s) == (2, 9), "the handler's options, unless the file says so"
    assert nodes["parts"].retries == Retry(max=5, on=("ConnectionError",)), "`on` is no boolean"
    assert nodes["nap"].after == ("parts",)
    assert nodes["mail"].requires == "eu and gpu"
    assert wf.places["words"] == "report.yaml:7"
    driver = Driver(WORKFLOW, wf.deployable(find).document)
    driver.start({"url": "x"})
    driver.complete("page", {"body": {}})
    driver.complete("words", ["a"])
    assert driver.payloads == {"parts/0": {"word": "a", "factor": 3}}


def test_json_is_read_in_the_same_way_with_its_lines():
    text = json.dumps(read_text(REPORT, "").value, indent="\t")
    assert read(text).digest == read(REPORT).digest
    broken = text.replace('"clean"', '"cleen"')
    assert told(broken) == [
        "report.yaml:18, node 'words': handler 'cleen' cannot be found: there is none",
    ]


def test_all_problems_are_told_with_their_lines():
    text = """\
workflow: broken
colour: blue
inputs:
  url: strnig
nodes:
  a: {task: fetch, arguments: {url: $urll}, tiemout_s: 3}
  b: {task: nowhere}
  b: {task: clean}
  c:
    task: work
    timeout_s: soon
  d: 5
  e: {task: work, after: [f]}
  f: {task: work, after: [e]}
  g: {sleep: 3, rule: maybe}
failure_policy: 3
"""
    types = "any, str, int, float, bool, list, dict, null, list[…], dict[str, …] and … | …"
    fields = "workflow, nodes, inputs, output, failure_policy, on_failure, timeout_s, description"
    assert sorted(told(text), key=lambda line: int(line.split(":")[1].split(",")[0])) == [
        f"report.yaml:2: unknown field 'colour', there are {fields}",
        f"report.yaml:4: input 'url': unknown type 'strnig'; there are {types}",
        "report.yaml:6, node 'a': unknown field 'tiemout_s', did you mean 'timeout_s'?",
        "report.yaml:6, node 'a': $urll: there is no node or input 'urll', did you mean 'url'?",
        "report.yaml:7, node 'b': handler 'nowhere' cannot be found: there is none",
        "report.yaml:8: key 'b' is there twice, first in line 7",
        "report.yaml:11, node 'c': Expected `float | null`, got `str` - at `$.timeout_s`",
        "report.yaml:12, node 'd': node 'd' is a mapping with one of the fields task, workflow and sleep",
        "report.yaml:14, node 'f': cycle: f → e → f",
        f"report.yaml:15, node 'g': unknown rule 'maybe', there are {', '.join(RULES)}",
        "report.yaml:16: `failure_policy` is one of the texts finish and stop, not 3",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "report.yaml:1: a workflow is a mapping with the fields `workflow` (its name) and `nodes`"),
        ("[1, 2]", "report.yaml:1: a workflow is a mapping with the fields `workflow` (its name) and `nodes`"),
        (
            "nodes: {}",
            "report.yaml:1: a workflow is a mapping with the fields `workflow` (its name) and `nodes`; this one",
        ),
        ("nodes: {}\nworkflow: 3", "report.yaml:2: `workflow` is the name of the workflow, a text, not 3"),
        ("workflow:", "report.yaml:1: `workflow` is the name of the workflow, a text, not nothing"),
        ("a: [1,\nb: }", "report.yaml:2: it is no YAML: while parsing a flow "),
        ("a: !!python/object/apply:os.system [ls]", "report.yaml:1: tag 'tag:yaml.org,2002:python/object/apply"),
        ("a: &a [*a]", "report.yaml:1: an alias stands inside of what it repeats"),
        ("[" * 100_000, "report.yaml:1: nested more than 60 deep"),
        ("a: 1\n---\nb: 2", "report.yaml:3: there is more than one document in it"),
        ("? [a]\n: 1", "report.yaml:1: a key is a text, not a list or a mapping"),
        ("a: \x07", "report.yaml:1: it is no YAML: "),
        ("<<: 5", "report.yaml:1: << merges mappings only"),
    ],
)
def test_what_is_no_workflow_at_all(text, problem):
    [one] = told(text)
    assert one.startswith(problem)


def test_a_billion_laughs_are_not_laughed(monkeypatch):
    monkeypatch.setattr(yaml_text._Reader, "value", lambda *_: pytest.fail("it is made before it is counted"))
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    [problem] = told("\n".join(lines))
    assert problem == "report.yaml:6: its aliases repeat more than 300,000 values"


def test_anchors_give_defaults():
    wf = read("""\
workflow: anchors
nodes:
  a: &patient {task: work, timeout_s: 9, retries: 3}
  b: {<<: *patient, retries: 1}
""")
    assert (wf.nodes["b"].timeout_s, wf.nodes["b"].retries) == (9, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("12:30:00", "12:30:00"),
        ("2026-11-24", "2026-11-24"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("3", 3),
        ("-017", -17),
        ("0x1f", 31),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("1_000", "1_000"),
        ("nan", "nan"),
    ],
)
def test_scalars_without_quotes(text, value):
    assert plain_scalar(text) == value
    assert type(plain_scalar(text)) is type(value)


def test_emoji_survive_the_escapes_of_json():
    text = json.dumps({"a": "😀", "b": "\\ud83d😀", "c": "\\\\😀"})
    assert read_text(text, "").value == json.loads(text)


SCALARS = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
VALUES = st.recursive(
    SCALARS | WORDS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4)
)


@given(VALUES)
@settings(max_examples=200)
def test_what_is_written_is_read_back(value):
    assert read_text(write_text({"value": value}), "").value == {"value": value}


@given(documents())
@settings(max_examples=50)
def test_every_definition_survives_its_text(document):
    class Child(Workflow):
        digest = CHILD

    wf = read_workflow(write_workflow(document), find=lambda name: None, child=Child)
    assert wf.problems == []
    assert wf.definition() == document
    assert wf.digest == document.digest


# --- Files in files ---------------------------------------------------------------------------

FILES = {
    "flows/top.yaml": "workflow: top\nnodes:\n  a: {workflow: parts/sub.yaml, arguments: {url: x}}\n",
    "flows/parts/sub.yaml": "workflow: sub\ninputs: {url: str}\nnodes:\n  n: {task: fetch, arguments: {url: $url}}\n",
    "ring.yaml": "workflow: ring\nnodes:\n  a: {workflow: gnir.yaml}\n",
    "gnir.yaml": "workflow: gnir\nnodes:\n  a: {workflow: ring.yaml}\n",
    "lost.yaml": "workflow: lost\nnodes:\n  a: {workflow: ghost.yaml}\n",
}


def open_file(name: str) -> str:
    if name not in FILES:
        raise FileNotFoundError(f"no file {name}")
    return FILES[name]


def test_who_is_told_of_failures_gets_what_it_has_parameters_for():
    def tell(failure: dict) -> None: ...
    def work() -> None: ...

    handlers: dict[str, Handler[..., Any]] = {
        "work": Handler(work, name="work"),
        "tell": Handler(tell, name="tell"),
    }
    for written in ("on_failure: tell", "on_failure: {task: tell}"):
        text = f"workflow: a\n{written}\nnodes: {{b: {{task: work}}}}"
        workflow = read_workflow(text, file="report.yaml", find=handlers.get)
        told = workflow.definition().failure_handler
        assert told is not None
        assert told.arguments == {"failure": "$failure"}


def test_each_field_of_the_whole_has_its_sentence():
    fields = ("nodes: nope", "inputs: 4", "timeout_s: soon", "description: 5", "failure_policy: 6", "on_failure: 7")
    assert set(told("\n".join(("workflow: a", *fields)))) >= {
        "report.yaml:2: `nodes` is a mapping from names to nodes, not 'nope'",
        "report.yaml:3: `inputs` is a mapping from names to inputs, not 4",
        "report.yaml:4: `timeout_s` is a number of seconds, not 'soon'",
        "report.yaml:5: `description` is a text, not 5",
        "report.yaml:6: `failure_policy` is one of the texts finish and stop, not 6",
        "report.yaml:7: `on_failure` is a handler or a mapping with the field task, not 7",
    }


def test_a_file_names_others_from_its_folder():
    wf = load("flows/top.yaml", read=open_file, find=find)
    deployable = wf.deployable(find)
    [child] = deployable.children
    assert child.name == "sub"
    assert wf.nodes["a"].workflow == child.digest
    assert wf.nodes["a"].kind == "workflow"


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("ring.yaml", "gnir.yaml: files in a circle: ring.yaml → gnir.yaml → ring.yaml"),
        ("lost.yaml", "lost.yaml:3, node 'a': workflow 'ghost.yaml' cannot be read: no file ghost.yaml"),
    ],
)
def test_files_that_cannot_be_had(file, problem):
    assert problem in [str(one) for one in load(file, read=open_file, find=find).check(find)]


def test_an_unknown_handler_is_told_also_to_who_has_no_way_to_find_it():
    with pytest.raises(DefinitionInvalidError, match="handler 'nowhere' cannot be found: there is none"):
        read("workflow: a\nnodes:\n  b: {task: nowhere}\n").deployable()


def test_a_text_alone_finds_no_other_workflow():
    assert told("workflow: a\nnodes:\n  b: {workflow: c}\n") == [
        "report.yaml:3, node 'b': nobody here can find other workflows"
    ]


def test_python_and_text_say_the_same():
    wf = graph(a="", b="a")
    again = read_workflow(write_workflow(wf.definition()), find=lambda name: None)
    assert again.digest == wf.digest
