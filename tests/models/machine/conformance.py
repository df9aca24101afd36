"""The `conf:` vocabulary of the W3C's SCXML tests, as our expressions; and a way to run one case in memory."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import structs

from mainspring import Machine
from mainspring.errors import MainspringError
from mainspring.models.machine.chart import Chart
from mainspring.models.machine.plan import compile_machine
from mainspring.models.machine.scxml import SourceDeniedError, read_scxml
from mainspring.models.machine.session import Session
from mainspring.models.machine.world import World
from mainspring.testing import Simulation

SUITES = Path(os.environ.get("MAINSPRING_SUITES", Path(__file__).parents[4] / "shared" / "suites"))
CASES = SUITES / "scxml" / "w3c"
MANIFEST = SUITES / "scxml" / "manifest.xml"

SCXML = "{http://www.w3.org/2005/07/scxml}"
CONF = "{http://www.w3.org/2005/scxml-conformance}"
PROCESSOR = "http://www.w3.org/TR/scxml/#SCXMLEventProcessor"
TIME_MAX_S = 60.0
"""Of model time; no case waits longer."""


def quoted(text: str) -> str:
    return f'"{text}"'


def pair(text: str, sign: str = "=") -> tuple[str, str]:
    left, _, right = text.partition(sign)
    return f"Var{left}", right


def both(text: str, joined: str) -> str:
    return joined.format(*(f"Var{each}" for each in text.split()))


def literal(text: str) -> str:
    return quoted(text[1:-1]) if text.startswith("'") else text


FIELDS = '["name", "type", "sendid", "origin", "origintype", "invokeid", "data"]'

ATTRIBUTES: dict[str, Callable[[str], tuple[str, str]]] = {
    "datamodel": lambda _: ("datamodel", "feel"),
    "targetpass": lambda _: ("target", "pass"),
    "targetfail": lambda _: ("target", "fail"),
    "id": lambda v: ("id", f"Var{v}"),
    "expr": lambda v: ("expr", v),
    "quoteExpr": lambda v: ("expr", quoted(v)),
    "varExpr": lambda v: ("expr", f"Var{v}"),
    "varChildExpr": lambda v: ("expr", f"Var{v}"),
    "illegalExpr": lambda _: ("expr", "nothing is there"),
    "illegalArray": lambda _: ("expr", "7"),
    "invalidSessionID": lambda _: ("expr", quoted("#_scxml_nobody")),
    "systemVarExpr": lambda v: ("expr", v),
    "scxmlEventIOLocation": lambda _: ("expr", "_ioprocessors.scxml.location"),
    "eventField": lambda v: ("expr", f"_event.{v}"),
    "eventName": lambda _: ("expr", "_event.name"),
    "eventType": lambda _: ("expr", "_event.type"),
    "eventSendid": lambda _: ("expr", "_event.sendid"),
    "eventRaw": lambda _: ("expr", "_event"),
    "eventDataFieldValue": lambda v: ("expr", f"_event.data.{v}"),
    "eventDataNamelistValue": lambda v: ("expr", f"_event.data.Var{v}"),
    "eventDataParamValue": lambda v: ("expr", f"_event.data.{v}"),
    "location": lambda v: ("location", f"Var{v}"),
    "invalidLocation": lambda _: ("location", "not a place!"),
    "systemVarLocation": lambda v: ("location", v),
    "idlocation": lambda v: ("idlocation", f"Var{v}"),
    "name": lambda v: ("name", f"Var{v}"),
    "namelist": lambda v: ("namelist", f"Var{v}"),
    "invalidNamelist": lambda _: ("namelist", "nowhere"),
    "item": lambda v: ("item", f"Var{v}"),
    "illegalItem": lambda _: ("item", "'continue'"),
    "index": lambda v: ("index", f"Var{v}"),
    "arrayVar": lambda v: ("array", f"Var{v}"),
    "arrayTextVar": lambda v: ("array", f"Var{v}"),
    "delay": lambda v: ("delay", f"{v}s"),
    "delayFromVar": lambda v: ("delayexpr", f"Var{v}"),
    "eventExpr": lambda v: ("eventexpr", f"Var{v}"),
    "targetExpr": lambda v: ("targetexpr", f"Var{v}"),
    "targetVar": lambda v: ("targetexpr", f"Var{v}"),
    "typeExpr": lambda v: ("typeexpr", f"Var{v}"),
    "srcExpr": lambda v: ("srcexpr", f"Var{v}"),
    "sendIDExpr": lambda v: ("sendidexpr", f"Var{v}"),
    "invalidSendType": lambda _: ("type", "pigeon"),
    "invalidSendTypeExpr": lambda _: ("typeexpr", quoted("pigeon")),
    "illegalTarget": lambda _: ("target", "baz"),
    "unreachableTarget": lambda _: ("target", "#_scxml_nobody"),
    "basicHTTPAccessURITarget": lambda _: ("target", "http://localhost"),
    "scriptBadSrc": lambda _: ("src", "file:nowhere.feel"),
    "true": lambda _: ("cond", "true"),
    "false": lambda _: ("cond", "false"),
    "nonBoolean": lambda _: ("cond", quoted("foo")),
    "idVal": lambda v: ("cond", "{} = {}".format(*pair(v))),
    "namelistIdVal": lambda v: ("cond", "{} = {}".format(*pair(v))),
    "idQuoteVal": lambda v: ("cond", '{} = "{}"'.format(*pair(v))),
    "idSystemVarVal": lambda v: ("cond", "{} = {}".format(*pair(v))),
    "idSomeVal": lambda v: ("cond", f"Var{v} = 123"),
    "compareIDVal": lambda v: ("cond", "Var{} < Var{}".format(*v.split("<"))),
    "VarEqVar": lambda v: ("cond", both(v, "{} = {}")),
    "VarEqVarStruct": lambda v: ("cond", both(v, "{} = {}")),
    "varPrefix": lambda v: ("cond", both(v, "starts with({1}, {0})")),
    "isBound": lambda v: ("cond", f"Var{v} != null"),
    "noValue": lambda v: ("cond", f"Var{v} = null"),
    "unboundVar": lambda v: ("cond", f"Var{v} = null"),
    "systemVarIsBound": lambda v: ("cond", f"{v} != null"),
    "nameVarVal": lambda v: ("cond", f"_name = {quoted(v)}"),
    "inState": lambda v: ("cond", f"In({quoted(v)})"),
    "emptyEventData": lambda _: ("cond", "_event.data = null"),
    "eventdataVal": lambda v: ("cond", f"_event.data = {literal(v)}"),
    "eventdataSomeVal": lambda _: ("cond", "_event.data = 123"),
    "eventvarVal": lambda v: ("cond", "_event.data.{} = {}".format(*pair(v))),
    "eventNameVal": lambda v: ("cond", f"_event.name = {quoted(v)}"),
    "eventFieldHasNoValue": lambda v: ("cond", f"_event.{v} = null"),
    "eventFieldsAreBound": lambda _: (
        "cond",
        f"every field in {FIELDS} satisfies list contains(get entries(_event).key, field)",
    ),
    "originTypeEq": lambda v: ("cond", f"_event.origintype = {quoted(v)}"),
    "eventNamedParamHasValue": lambda v: ("cond", "_event.data.{} = {}".format(*v.split())),
    "eventIdParamHasValue": lambda v: ("cond", "_event.data.Var{} = {}".format(*v.split())),
    "methodIsPost": lambda _: ("cond", "false"),
    "messageBodyEquals": lambda _: ("cond", "false"),
}


def element(name: str, text: str = "", **attributes: str) -> ET.Element:
    made = ET.Element(SCXML + name, attributes)
    made.text = text or None
    return made


ELEMENTS: dict[str, Callable[[Any], ET.Element | str]] = {
    "pass": lambda _: element("final", id="pass"),
    "fail": lambda _: element("final", id="fail"),
    "incrementID": lambda get: element("assign", location=f"Var{get('id')}", expr=f"Var{get('id')} + 1"),
    "sumVars": lambda get: element("assign", location=f"Var{get('id1')}", expr=f"Var{get('id1')} + Var{get('id2')}"),
    "concatVars": lambda get: element("assign", location=f"Var{get('id1')}", expr=f"Var{get('id1')} + Var{get('id2')}"),
    "extendArray": lambda get: element("assign", location=f"Var{get('id')}", expr=f"append(Var{get('id')}, 4)"),
    "sendToSender": lambda get: element(
        "send", event=get("name"), targetexpr="_event.origin", typeexpr="_event.origintype"
    ),
    "script": lambda _: element("script", "{Var1: 1}"),
    "contentFoo": lambda _: element("content", expr=quoted("foo")),
    "array123": lambda _: "[1, 2, 3]",
    "someInlineVal": lambda _: "123",
}


def translate(node: ET.Element) -> None:
    """Replace the vocabulary below an element, in place."""
    for name in [name for name in node.attrib if name.startswith(CONF)]:
        key, value = ATTRIBUTES[name.removeprefix(CONF)](node.attrib.pop(name))
        node.set(key, value)
    for place, child in enumerate(list(node)):
        if not child.tag.startswith(CONF):
            translate(child)
            continue
        made = ELEMENTS[child.tag.removeprefix(CONF)](child.get)
        if isinstance(made, str):
            node.remove(child)
            node.text = made
        else:
            node[place] = made


IN_FEEL: dict[str, dict[str, str]] = {
    "test444": {"++var1==2": "var1 + 1 = 2"},
    "test445": {"var1==undefined": "var1 = null"},
    "test446": {"var1 instanceof Array": "var1 instance of list&lt;Any&gt;",
                "var2 instanceof Array": "count(var2) = 3"},
    "test448": {"var1==1": "var1 = 1", "var2==1": "var2 = 1"},
    "test452": {"new testobject();": "{bar: 0}", "foo.bar == 1": "foo.bar = 1",
                **dict.fromkeys(("<script>", "</script>"), "")},
    "test453": {"function(invar) {return invar + 1;}": "function(invar) invar + 1", "var1(2) == 3": "var1(2) = 3"},
    "test456": {"Var1+=1": "{Var1: Var1 + 1}"},
    "test457": {"Var1==0": "Var1 = 0", "Var6==6": "Var6 = 6"},
    "test459": {"Var4==0 | Var3 != 2": "Var5 = 0 or Var3 != 2"},
    "test460": {"[].concat(Var1, [4])": "append(Var1, 4)", "Var2==3": "Var2 = 3"},
    "test558": {"var1 ==": "var1 =", "var2 ==": "var2 =", "'this is a string'": "&quot;this is a string&quot;"},
    "test560": {"aParam == 1": "aParam = 1"},
    "test562": {"data == 'this is a string'": "data = &quot;this is a string&quot;"},
    "test569": {"_ioprocessors['scxml'].location": "_ioprocessors.scxml.location != null"},
    "test578": {"productName == 'bar'": "productName = &quot;bar&quot;"},
    "test451": {},
    "test465": {"count($foo) = 1 and count($bar) = 1": "foo = 2 and bar = 1"},
    "test467": {"In('s0')": "In(&quot;s0&quot;)"},
    "test469": {'"$copyOfEventData"': '"copyOfEventData"', "$_event/data": "_event.data",
                "$copyOfEventData/data/data[@id='param1'] =1": "copyOfEventData.param1 = 1"},
    "test540": {"$var1 = '123 4 5' and $var2 = '123 4 5'": "var1 = &quot;123 4 5&quot; and var2 = &quot;123 4 5&quot;",
                "$var1": "var1"},
    "test544": {"$_event/data/data[@id='key1'] = 2": "_event.data.key1 = 2"},
    "test546": {"$_event/data = 'some string'": "_event.data = &quot;some string&quot;"},
    "test568": {
        "$_ioprocessors/[@name='http://www.w3.org/TR/scxml/#SCXMLEventProcessor']/location/text()":
            "get value(_ioprocessors, &quot;http://www.w3.org/TR/scxml/#SCXMLEventProcessor&quot;).location != null",
    },
}  # fmt: skip
"""Optional cases of the ECMAScript and XPath data models whose assertion has a meaning in FEEL: each expression there
as ours.  Those of 459 compare the list where its own comment says the flag is meant."""

FOREIGN = re.compile(r'datamodel="(?:ecmascript|xpath)"')
SCRIPT_452 = re.compile(r"function testobject\(\) \{\s*this\.bar = 0;\}")


@cache
def text_of(name: str) -> str:
    """A case as plain SCXML with FEEL."""
    text = (CASES / f"{name}.txml").read_text(encoding="utf-8")
    if name in IN_FEEL:
        text = SCRIPT_452.sub("", FOREIGN.sub('datamodel="feel"', text))
        for old, new in IN_FEEL[name].items():
            text = text.replace(old, new)
    root = ET.fromstring(text)
    translate(root)
    return ET.tostring(root, encoding="unicode")


def read(source: str) -> str:
    path = CASES / Path(source.removeprefix("file:")).name
    if not path.exists():
        raise SourceDeniedError(f"there is no {source}")
    return path.read_text(encoding="utf-8")


def load(source: str) -> Chart:
    """What a case invokes: text, or one of its files."""
    if source.lstrip().startswith("<"):
        return Chart(compile_machine(read_scxml(source), resolve))
    name = source.removeprefix("file:").removesuffix(".scxml")
    if not (CASES / f"{name}.txml").exists():
        raise SourceDeniedError(f"there is no {source}")
    return Chart(compile_machine(read_scxml(text_of(name), read=read), resolve))


def outcome(name: str) -> str:
    """The final state that a case reaches in memory, or why it reaches none."""
    try:
        document = read_scxml(text_of(name), read=read)
        session = Session(Chart(compile_machine(document, resolve)))
    except MainspringError as error:
        return f"refused: {error}"
    world = World(session, resolve, load, lambda label, value: None)
    session.start({})
    world.settle()
    world.pass_time(TIME_MAX_S)
    return ", ".join(session.active_ids())


def durable_outcome(name: str) -> str:
    """The same on an engine with a store, whose time is turned by hand; what a case invokes is deployed before."""
    simulation = Simulation()
    try:
        for path in CASES.glob(f"{name}sub*.txml"):
            inner = read_scxml(text_of(path.stem), read=read)
            simulation.deploy(Machine(structs.replace(inner, machine=f"file:{path.stem}.scxml")))
        instance = simulation.start(Machine(read_scxml(text_of(name), read=read)))
        simulation.advance(TIME_MAX_S)
        return ", ".join(instance.configuration)
    except MainspringError as error:
        return f"refused: {error}"
    finally:
        simulation.close()


def resolve(name: str) -> Callable[..., Any]:
    raise AssertionError(f"no case has Python code, but {name}")


def automatic(conformance: str) -> list[str]:
    """The automatic cases of the manifest; 403 has three files."""
    tests = ET.parse(MANIFEST).getroot().iter("test")
    ids = [
        each.get("id", "") for each in tests if (each.get("conformance"), each.get("manual")) == (conformance, "false")
    ]
    names = [f"test{id}" for id in ids if (CASES / f"test{id}.txml").exists()]
    return names + [f"test403{part}" for part in "abc" if "403" in ids]
