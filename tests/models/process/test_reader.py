"""BPMN files: what is read from them, in which dialect, and what is refused or warned about."""

from __future__ import annotations

from typing import Any

import pytest

from mainspring.errors import DefinitionInvalidError
from mainspring.models.process.bpmn.reader import BpmnFile, read_bpmn
from mainspring.models.process.compiler import compile_process
from mainspring.models.process.document import FEEL, JUEL, TEXT, Code, Mapping, MultiInstance, Node, decode_document

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="t">\n'
)


def read(inside: str, beside: str = "", **options: Any) -> BpmnFile:
    """A file with one process; its first line is the second of the text."""
    text = f'{HEAD}<process id="p" isExecutable="true">\n{inside}\n</process>\n{beside}\n</definitions>'
    return read_bpmn(text, file="claim.bpmn", **options)


def flow(source: str, target: str, inside: str = "") -> str:
    return f"<sequenceFlow id='f' sourceRef='{source}' targetRef='{target}'>{inside}</sequenceFlow>"


def node(inside: str, beside: str = "", **options: Any) -> Node:
    """The first node of a process that is read without problems."""
    file = read(inside, beside, **options)
    assert not file.problems
    document = file.documents["p"]
    assert decode_document(document.encode()) == document
    compile_process(document)
    return document.part.body.nodes[0]


# --- What is no BPMN --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no XML"),
        ("hello", "is no XML"),
        ("{}", "is no XML"),
        ("<a/>", "begins with <a>"),
        ("<definitions/>", "no namespace"),
        ('<definitions xmlns="http://example.com"/>', "http://example.com"),
        (HEAD + "<process id='p'>", "claim.bpmn:2"),
        (HEAD + "</definitions>", "no <process>"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]>" + HEAD + "</definitions>", "document type"),
        (HEAD + "<choreography id='c'/></definitions>", "only a choreography"),
        (HEAD + "<process id='p'>" + "<subProcess>" * 300, "nested deeper"),
        (HEAD + " " * 4_000_001 + "</definitions>", "longer than"),
    ],
)
def test_what_is_no_bpmn_is_refused_with_its_line(text, words):
    with pytest.raises(DefinitionInvalidError, match=words) as caught:
        read_bpmn(text, file="claim.bpmn")
    assert caught.value.problems[0].place.startswith("claim.bpmn:")


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<task id='a'/><task id='a'/>", "id 'a' is given twice"),
        ("<task/>", "<task> has no id"),
        ("<telepathyTask id='a'/>", "<telepathyTask> is not known"),
        ("<scriptTask id='a' scriptFormat='groovy'><script>x = 1</script></scriptTask>", "a script in groovy"),
        ("<task id='a' startQuantity='0'/>", "startQuantity is '0'"),
        ("<task id='a'><standardLoopCharacteristics/></task>", "would never end"),
        (
            "<task id='a'><multiInstanceLoopCharacteristics/></task>",
            "neither a loopCardinality nor a loopDataInputRef or collection",
        ),
        ("<startEvent id='a'><messageEventDefinition messageRef='m'/></startEvent>", "'m', which is not in the file"),
        ("<startEvent id='a'><timerEventDefinition/></startEvent>", "needs one of timeDate"),
        ("<callActivity id='a'/>", "does not say what it calls"),
        ("<serviceTask id='a' camunda:expression='${bean.find(x)}'/>", "calls Java"),
        ("<businessRuleTask id='a' camunda:decisionRef='tariff'/>", "DMN"),
        (flow("a", "a", "<conditionExpression language='javascript'>x</conditionExpression>"), "written in javascript"),
    ],
)
def test_what_cannot_be_run_is_refused_by_name_with_its_line(inside, words):
    (problem,) = read(inside).problems
    assert words in problem.message
    assert problem.place == "claim.bpmn:3"


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        (flow("a", "b") + "<task id='a'/>", "targetRef 'b' is not in the file"),
        ("<task id='a' default='f'/>", "default 'f' is no flow"),
        ("<boundaryEvent id='a' attachedToRef='b'/>", "attached to 'b'"),
        (
            flow("a", "a", "<conditionExpression>x &gt; </conditionExpression>") + "<task id='a'/>",
            "is no expression",
        ),
        (
            flow("a", "b") + "<task id='a'/><subProcess id='s'><task id='b'/></subProcess>",
            "is in another process or sub-process",
        ),
    ],
)
def test_a_plan_needs_references_and_expressions_that_make_sense(inside, words):
    file = read(inside)
    assert not file.problems
    with pytest.raises(DefinitionInvalidError, match=words) as caught:
        compile_process(file.documents["p"], "claim.bpmn")
    assert caught.value.problems[0].place == "claim.bpmn:3"


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("", "utf-8-sig"),
        ("", "utf-16"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?>', "latin-1"),
        ('<?xml version="1.0" encoding="windows-1252"?>', "cp1252"),
    ],
)
def test_files_are_read_in_the_encoding_that_they_are_in(declared, encoding):
    text = f"{declared}{HEAD}<process id='p'><task id='größe'/></process></definitions>"

    (document,) = read_bpmn(text.encode(encoding)).documents.values()

    assert document.part.body.nodes[0].id == "größe"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'<?xml version="1.0" encoding="x-own"?><definitions/>', "an encoding that is not known here"),
        (f"{HEAD}\n<process id='\ud800'/></definitions>", "half of a character"),
        ("<?xml version='1.0'?><!DOCTYPE d [<!ENTITY a 'b'>]><d>&a;</d>", "has a document type"),
        (HEAD + "<subProcess id='x'>" * 300, "nested deeper than 200"),
        (HEAD + " " * 5_000_000, "longer than 4,000,000 characters"),
        (
            HEAD + "".join(f"<process id='p{number}'/>\n" for number in range(200)) + "</definitions>",
            "claim.bpmn:102: has more than 100 processes",
        ),
    ],
    ids=["encoding", "surrogate", "entities", "deep", "long", "many"],
)
def test_hostile_files_are_refused_before_they_cost_anything(text, words):
    with pytest.raises(DefinitionInvalidError, match=words):
        read_bpmn(text, file="claim.bpmn")


def test_what_is_not_done_is_warned_about():
    file = read(
        "<serviceTask id='a' camunda:topic='t'><extensionElements><camunda:executionListener/></extensionElements>"
        "</serviceTask>"
    )
    assert [warning.message for warning in file.warnings] == ["<serviceTask> 'a': execution listeners are not run"]


# --- Plain BPMN -------------------------------------------------------------------------------


def test_flows_are_asked_in_the_order_in_which_their_source_lists_them():
    file = read(
        "<exclusiveGateway id='g'><outgoing>y</outgoing><outgoing>x</outgoing></exclusiveGateway><task id='a'/>"
        "<sequenceFlow id='x' sourceRef='g' targetRef='a'/><sequenceFlow id='y' sourceRef='g' targetRef='a'/>"
    )
    assert [flow.id for flow in file.documents["p"].part.body.flows] == ["y", "x"]


def test_events_know_the_names_of_what_they_refer_to():
    event = node(
        "<intermediateCatchEvent id='a'><messageEventDefinition messageRef='m'/></intermediateCatchEvent>",
        "<message id='m' name='paid'><extensionElements><zeebe:subscription correlationKey='=order.id'/>"
        "</extensionElements></message>",
    ).events[0]
    assert (event.kind, event.name, event.correlation) == ("message", "paid", Code("order.id", FEEL, 5))


def test_each_process_of_a_file_is_a_definition():
    file = read("<task id='a'/>", "<process id='q'/><globalScriptTask id='g'><script>1</script></globalScriptTask>")
    assert list(file.documents) == ["p", "q"]
    assert [part.id for part in file.documents["q"].processes] == ["p", "q", "g"]


def test_the_innermost_lane_is_the_candidate_group():
    file = read(
        "<laneSet><lane name='office'><childLaneSet><lane name='clerks'><flowNodeRef>a</flowNodeRef></lane>"
        "</childLaneSet><flowNodeRef>a</flowNodeRef></lane></laneSet><userTask id='a'/>"
    )
    people = file.documents["p"].part.body.nodes[0].people
    assert people is not None
    assert people.groups is not None
    assert people.groups.text == "clerks"


def test_where_it_is_drawn_is_kept():
    file = read(
        "<task id='a'/>",
        "<bpmndi:BPMNDiagram><bpmndi:BPMNPlane><bpmndi:BPMNShape bpmnElement='a'>"
        "<dc:Bounds x='1' y='2' width='3' height='4'/></bpmndi:BPMNShape><bpmndi:BPMNEdge bpmnElement='f'>"
        "<di:waypoint x='1' y='2'/><di:waypoint x='5' y='2'/></bpmndi:BPMNEdge></bpmndi:BPMNPlane>"
        "</bpmndi:BPMNDiagram>",
    )
    document = file.documents["p"]
    assert (document.shapes[0].element, document.shapes[0].width) == ("a", 3.0)
    assert document.edges[0].points == ((1.0, 2.0), (5.0, 2.0))


# --- Dialects ---------------------------------------------------------------------------------


def test_a_service_task_of_zeebe():
    task = node(
        "<serviceTask id='a'><extensionElements><zeebe:taskDefinition type='charge' retries='5'/>"
        "<zeebe:taskHeaders><zeebe:header key='k' value='v'/></zeebe:taskHeaders><zeebe:ioMapping>"
        "<zeebe:input source='=order.total' target='amount'/><zeebe:output source='=receipt' target='paid.by'/>"
        "</zeebe:ioMapping></extensionElements></serviceTask>"
    )
    assert task.work is not None
    assert (task.work.handler, task.work.retries, task.work.headers) == ("charge", 4, {"k": "v"})
    assert task.inputs == (Mapping(Code("order.total", FEEL, 3), "amount"),)
    assert task.outputs == (Mapping(Code("receipt", FEEL, 3), "paid.by"),)


def test_a_multi_instance_of_zeebe():
    loop = node(
        "<task id='a'><multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics "
        "inputCollection='=items' inputElement='item' outputCollection='results' outputElement='=r'/>"
        "</extensionElements></multiInstanceLoopCharacteristics></task>"
    ).loop
    assert isinstance(loop, MultiInstance)
    assert (loop.collection, loop.item, loop.output_collection) == (Code("items", FEEL, 3), "item", "results")
    assert loop.output_item == Code("r", FEEL, 3)


@pytest.mark.parametrize(
    ("attributes", "handler"),
    [
        ("camunda:type='external' camunda:topic='charge'", "charge"),
        ("camunda:delegateExpression='${charge}'", "charge"),
        ("camunda:class='com.example.Charge'", "com.example.Charge"),
        ("camunda:expression='${charge.execute(execution)}'", "charge"),
        ("implementation='shop:charge'", "shop:charge"),
        ("implementation='##WebService'", "a"),
        ("", "a"),
    ],
)
def test_whose_handler_does_a_service_task(attributes, handler):
    task = node(f"<serviceTask id='a' {attributes}/>")
    assert task.work is not None
    assert task.work.handler == handler


def test_a_user_task_of_camunda_7():
    task = node(
        "<userTask id='a' camunda:assignee='${boss}' camunda:candidateGroups='a,b' camunda:dueDate='P3D'>"
        "<extensionElements><camunda:formData><camunda:formField id='ok' type='boolean'><camunda:validation>"
        "<camunda:constraint name='required'/></camunda:validation></camunda:formField></camunda:formData>"
        "</extensionElements></userTask>"
    )
    people = task.people
    assert people is not None
    assert people.assignee == Code("${boss}", JUEL, 3)
    assert people.groups == Code("a,b", TEXT, 3)
    assert people.form_schema == {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}


def test_parameters_of_camunda_7():
    task = node(
        "<task id='a'><extensionElements><camunda:inputOutput><camunda:inputParameter name='a'>x"
        "</camunda:inputParameter><camunda:inputParameter name='b'>${y}</camunda:inputParameter>"
        "<camunda:inputParameter name='c'><camunda:list><camunda:value>1</camunda:value></camunda:list>"
        "</camunda:inputParameter></camunda:inputOutput></extensionElements></task>"
    )
    assert [mapping.source.text for mapping in task.inputs] == ["x", "${y}", '["1"]']


def test_a_script_in_another_language_goes_to_its_handler():
    task = node(
        "<scriptTask id='a' scriptFormat='javascript'><script>x</script></scriptTask>", scripts={"javascript": "node"}
    )
    assert task.work is not None
    assert (task.work.handler, task.work.headers) == ("node", {"script": "x"})
