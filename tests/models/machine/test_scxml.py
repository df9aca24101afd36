"""Machines from SCXML, from data, and what is refused."""

from __future__ import annotations

import time

import pytest

from mainspring import Machine
from mainspring.errors import DefinitionInvalidError
from mainspring.models.machine.live import LiveMachine

DOOR = """
<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" name="door" datamodel="feel">
  <datamodel><data id="opened" expr="0"/></datamodel>
  <state id="shut"><transition event="push" target="open"/></state>
  <state id="open">
    <onentry><assign location="opened" expr="opened + 1"/><send event="slam" delay="5s"/></onentry>
    <transition event="slam" target="shut"/>
  </state>
</scxml>
"""


def refused(text: str | bytes) -> str:
    with pytest.raises(DefinitionInvalidError) as caught:
        _ = Machine.of_scxml(text, file="door.scxml").plan
    return str(caught.value)


def test_a_machine_from_scxml_runs_and_is_the_same_as_json():
    read = Machine.of_scxml(DOOR)
    for definition in (read, Machine.of_text(read.to_json())):
        machine = LiveMachine(definition, {})
        machine.send("push")
        assert machine.state == "open"
        assert machine.data == {"opened": 1}
        machine.pass_time(5)
        assert machine.state == "shut"


def test_a_machine_from_data_is_checked():
    with pytest.raises(DefinitionInvalidError, match="target 'ghost' is no state"):
        _ = Machine.of_data({"machine": "m", "states": {"a": {"on": [{"event": "go", "target": "ghost"}]}}}).plan
    with pytest.raises(DefinitionInvalidError, match="unknown field"):
        Machine.of_data({"machine": "m", "stats": {}})


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ({"h": {"kind": "shallow", "on": [{"target": "a"}]}, "a": {}}, "needs a state around it"),
        ({"a": {"states": {"h": {"kind": "deep"}, "b": {}}}}, "a history has one transition"),
        ({"a": {"initial": "b"}, "b": {}}, "initial state 'b' is not inside"),
        ({"a": {"states": {"b": {}}}, "b": {}}, "two states of this id"),
        ({"a": {"on": [{"target": ["b", "c"]}]}, "b": {}, "c": {}}, "cannot be active together"),
        ({"a": {"kind": "round"}}, "no kind 'round'"),
        ({"a": {"enter": [{"do": "assign", "location": "_event", "value": {}}]}}, "cannot be changed"),
        ({}, "at least one state"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(states, words):
    with pytest.raises(DefinitionInvalidError, match=words):
        _ = Machine.of_data({"machine": "m", "states": states}).plan


LAUGHS = """<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><scxml xmlns="http://www.w3.org/2005/07/scxml">&b;</scxml>"""
OUTSIDE = """<!DOCTYPE l SYSTEM "http://127.0.0.1:9/x.dtd"><scxml xmlns="http://www.w3.org/2005/07/scxml"/>"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LAUGHS, "document type"),
        (OUTSIDE, "document type"),
        ("<scxml", "is no XML"),
        ("<html/>", "is no SCXML document"),
        ("<scxml/>", "at least one state"),
        ('<scxml datamodel="ecmascript"><state/></scxml>', "data model 'ecmascript' is not offered"),
        ("<scxml><state><onentry><dance/></onentry></state></scxml>", "door.scxml:1, <dance>"),
        ('<scxml><script src="http://127.0.0.1:9/x"/><state/></scxml>', "is not fetched"),
    ],
)
def test_bad_files_are_refused_with_the_line(text, words):
    assert words in refused(text)


def test_ten_megabytes_of_nesting_are_refused_quickly():
    before = time.thread_time()  # of the processor, whatever else it has to do
    assert "longer than" in refused("<state>" * 1_500_000)
    assert "nested deeper" in refused('<scxml xmlns="http://www.w3.org/2005/07/scxml">' + "<state>" * 300_000)
    assert time.thread_time() - before < 5


def test_what_is_wrong_with_a_file_is_told_all_at_once_whether_its_words_or_their_meaning_are():
    told = refused("""\
<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="feel" initial="nowhere">
  <state id="a"><transition event="go" target="b"/><onentry><sned event="x"/></onentry></state>
  <state id="a"/>
  <final id="f"><transition event="back" target="a"/></final>
</scxml>""")
    assert "door.scxml:2, <sned>: <sned> is nothing that a machine can do" in told
    assert "door.scxml:3, <state>: there are two states 'a'; give each its own id" in told
    assert "door.scxml:1: initial 'nowhere' is no state" in told
    assert "door.scxml:2, state a, transition 1: target 'b' is no state" in told
    assert "door.scxml:4, state f: a state of kind 'final' has no transitions" in told


def test_what_has_no_effect_in_a_file_or_will_be_an_error_is_odd():
    machine = Machine.of_scxml(
        """\
<scxml xmlns="http://www.w3.org/2005/07/scxml" xmlns:other="urn:other" version="1.0" datamodel="feel" other:x="1">
  <other:part/>
  <state id="a">
    <transition event="go" cnd="ready" target="f"/>
    <onentery><log expr="1"/></onentery>
    <transition event="come" cond="x +" target="f"/>
    <invoke><content><scxml version="1.0"><stat/><final id="x" idd="3"/></scxml></content></invoke>
  </state>
  <final id="f"><donedata><content><any thing="is data"/></content></donedata></final>
</scxml>""",
        file="door.scxml",
    )
    no_effect = "so it has no effect"
    doubt = "'x +' is no expression: expected an expression, found the end of the text (line 1, column 4)"
    assert [f"{place}: {message}" for message, place in machine.oddities()] == [
        f"door.scxml:4, <transition>: SCXML knows no attribute 'cnd' of it, {no_effect}; did you mean 'cond'?",
        f"door.scxml:5, <onentery>: SCXML knows none inside of <state>, {no_effect}",
        f"door.scxml:7, <stat>: SCXML knows none inside of <scxml>, {no_effect}",
        f"door.scxml:7, <final>: SCXML knows no attribute 'idd' of it, {no_effect}; did you mean 'id'?",
        "door.scxml:6, state a, transition 2: " + doubt,
    ]
