"""Rules of BPMN 2.0 at deploy: what is refused, all at once and where; and files of usual modelers, which are not."""

from __future__ import annotations

import pytest

from mainspring.errors import DefinitionInvalidError
from mainspring.models.process.definition import Definition

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
HEAD = f'<definitions xmlns="{MODEL}" xmlns:xsi="{XSI}" targetNamespace="http://example.com/claims">'

CAMUNDA_8 = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
  xmlns:modeler="http://camunda.org/schema/modeler/1.0" id="Definitions_0fr9mxs"
  targetNamespace="http://bpmn.io/schema/bpmn" exporter="Camunda Modeler" exporterVersion="5.16.0"
  modeler:executionPlatform="Camunda Cloud" modeler:executionPlatformVersion="8.3.0">
  <bpmn:process id="claim" isExecutable="true">
    <bpmn:startEvent id="started"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:sequenceFlow id="f1" sourceRef="started" targetRef="check" />
    <bpmn:serviceTask id="check">
      <bpmn:extensionElements><zeebe:taskDefinition type="check-claim" retries="3" /></bpmn:extensionElements>
      <bpmn:incoming>f1</bpmn:incoming><bpmn:outgoing>f2</bpmn:outgoing>
      <bpmn:multiInstanceLoopCharacteristics>
        <bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=items" /></bpmn:extensionElements>
      </bpmn:multiInstanceLoopCharacteristics>
    </bpmn:serviceTask>
    <bpmn:sequenceFlow id="f2" sourceRef="check" targetRef="paid" />
    <bpmn:intermediateCatchEvent id="paid">
      <bpmn:incoming>f2</bpmn:incoming><bpmn:outgoing>f3</bpmn:outgoing>
      <bpmn:messageEventDefinition id="m1" messageRef="Message_1" />
    </bpmn:intermediateCatchEvent>
    <bpmn:sequenceFlow id="f3" sourceRef="paid" targetRef="ended" />
    <bpmn:endEvent id="ended"><bpmn:incoming>f3</bpmn:incoming></bpmn:endEvent>
    <bpmn:boundaryEvent id="late" attachedToRef="check">
      <bpmn:outgoing>f4</bpmn:outgoing>
      <bpmn:timerEventDefinition id="t1">
        <bpmn:timeDuration xsi:type="bpmn:tFormalExpression">=patience</bpmn:timeDuration>
      </bpmn:timerEventDefinition>
    </bpmn:boundaryEvent>
    <bpmn:sequenceFlow id="f4" sourceRef="late" targetRef="told" />
    <bpmn:userTask id="told"><bpmn:incoming>f4</bpmn:incoming></bpmn:userTask>
  </bpmn:process>
  <bpmn:message id="Message_1" name="paid">
    <bpmn:extensionElements><zeebe:subscription correlationKey="=id" /></bpmn:extensionElements>
  </bpmn:message>
</bpmn:definitions>"""
CAMUNDA_7 = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  id="Definitions_1" targetNamespace="http://bpmn.io/schema/bpmn" exporter="Camunda Modeler" exporterVersion="4.12.0">
  <bpmn:process id="claim" isExecutable="true" camunda:historyTimeToLive="180">
    <bpmn:startEvent id="started"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:sequenceFlow id="f1" sourceRef="started" targetRef="big" />
    <bpmn:exclusiveGateway id="big" default="f3">
      <bpmn:incoming>f1</bpmn:incoming><bpmn:outgoing>f2</bpmn:outgoing><bpmn:outgoing>f3</bpmn:outgoing>
    </bpmn:exclusiveGateway>
    <bpmn:sequenceFlow id="f2" sourceRef="big" targetRef="approve">
      <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">${amount &gt; 100}</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="f3" sourceRef="big" targetRef="ended" />
    <bpmn:userTask id="approve" camunda:assignee="ann" camunda:candidateGroups="bosses">
      <bpmn:incoming>f2</bpmn:incoming><bpmn:outgoing>f4</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:sequenceFlow id="f4" sourceRef="approve" targetRef="pay" />
    <bpmn:serviceTask id="pay" camunda:type="external" camunda:topic="pay">
      <bpmn:incoming>f4</bpmn:incoming><bpmn:outgoing>f5</bpmn:outgoing>
    </bpmn:serviceTask>
    <bpmn:sequenceFlow id="f5" sourceRef="pay" targetRef="ended" />
    <bpmn:endEvent id="ended"><bpmn:incoming>f3</bpmn:incoming><bpmn:incoming>f5</bpmn:incoming></bpmn:endEvent>
    <bpmn:boundaryEvent id="undo" attachedToRef="pay"><bpmn:compensateEventDefinition id="c1" /></bpmn:boundaryEvent>
    <bpmn:serviceTask id="refund" isForCompensation="true" camunda:type="external" camunda:topic="refund" />
    <bpmn:association id="a1" associationDirection="One" sourceRef="undo" targetRef="refund" />
  </bpmn:process>
</bpmn:definitions>"""
BPMN_IO = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="Definitions_1"
  targetNamespace="http://bpmn.io/schema/bpmn" exporter="bpmn-js (https://demo.bpmn.io)" exporterVersion="17.0.2">
  <bpmn:collaboration id="talk">
    <bpmn:participant id="us" name="Us" processRef="claim" />
    <bpmn:participant id="them" name="Them" />
    <bpmn:messageFlow id="m" sourceRef="them" targetRef="started" />
  </bpmn:collaboration>
  <bpmn:process id="claim" isExecutable="false">
    <bpmn:laneSet id="lanes"><bpmn:lane id="l"><bpmn:flowNodeRef>started</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>
    <bpmn:startEvent id="started">
      <bpmn:outgoing>f1</bpmn:outgoing><bpmn:messageEventDefinition id="d1" />
    </bpmn:startEvent>
    <bpmn:sequenceFlow id="f1" sourceRef="started" targetRef="work" />
    <bpmn:task id="work"><bpmn:incoming>f1</bpmn:incoming></bpmn:task>
    <bpmn:textAnnotation id="note"><bpmn:text>As it was</bpmn:text></bpmn:textAnnotation>
    <bpmn:association id="a" sourceRef="work" targetRef="note" />
  </bpmn:process>
</bpmn:definitions>"""


def told(text: str) -> str:
    """All that a file is refused for."""
    with pytest.raises(DefinitionInvalidError) as caught:
        Definition.of_bpmn(text, file="claim.bpmn").deployable()
    return str(caught.value)


def broken(inside: str) -> str:
    """What is wrong with a process that some elements are in, besides a way from start to end."""
    return told(
        f"{HEAD}\n<process id='p' isExecutable='true'>\n<startEvent id='s'/><endEvent id='e'/>"
        f"<sequenceFlow id='f' sourceRef='s' targetRef='e'/>\n{inside}\n</process>\n</definitions>"
    )


@pytest.mark.parametrize("text", [CAMUNDA_8, CAMUNDA_7, BPMN_IO], ids=["Camunda 8", "Camunda 7", "bpmn.io"])
def test_files_of_usual_modelers_are_taken(text):
    assert Definition.of_bpmn(text).deployable().name == "claim"


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<task id='t'/><sequenceFlow id='g' sourceRef='e' targetRef='t'/>", "<endEvent> 'e' has the outgoing"),
        ("<task id='t'/><sequenceFlow id='g' sourceRef='t' targetRef='s'/>", "<startEvent> 's' has the incoming"),
        ("<parallelGateway id='g'/>", "no sequence flows at all"),
        ("<endEvent id='x'><timerEventDefinition/></endEvent>", "of timer, which an end event cannot have"),
        ("<endEvent id='x'><cancelEventDefinition/></endEvent>", "only a transaction has"),
        ("<intermediateThrowEvent id='x'><linkEventDefinition name='l'/></intermediateThrowEvent>", "no target"),
        ("<subProcess id='x' triggeredByEvent='true'/>", "exactly one start event; it has 0"),
        ("<adHocSubProcess id='x'/>", "has no activity in it"),
        ("<choreographyTask id='x'/>", "cannot stand in <process> 'p'"),
        (
            (
                "<task id='x'><standardLoopCharacteristics/><multiInstanceLoopCharacteristics><loopCardinality>2"
                "</loopCardinality></multiInstanceLoopCharacteristics></task>"
            ),
            "2 loop characteristics",
        ),
        ("<task id='x' default='s'/>", "refers by default to <startEvent> 's'; expected <sequenceFlow>"),
        (
            (
                "<intermediateCatchEvent id='x'><timerEventDefinition><timeDuration>soon</timeDuration>"
                "</timerEventDefinition></intermediateCatchEvent>"
            ),
            "'soon' is no duration",
        ),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_section(inside, words):
    problem = next(line for line in broken(inside).splitlines() if words in line)

    assert "claim.bpmn:" in problem
    assert "(BPMN 2.0.2, " in problem


def test_all_problems_are_told_at_once_with_their_lines():
    text = broken("<parallelGateway id='g'/>\n<subProcess id='x' triggeredByEvent='true'/>\n<adHocSubProcess id='a'/>")

    assert [f"claim.bpmn:{line}: <" in text for line in (4, 5, 6)] == [True, True, True]


def test_a_reference_that_leads_nowhere_is_told_once():
    text = broken("<sequenceFlow id='g' sourceRef='s' targetRef='gone'/>\n<message id='m' itemRef='lost'/>")

    assert text.count("'gone'") == 1
    assert text.count("'lost'") == 1


def test_what_a_file_written_by_hand_leaves_out_is_no_problem():
    body = (
        "<startEvent id='s'/><sequenceFlow id='a' sourceRef='s' targetRef='w'/><intermediateCatchEvent id='w'>"
        "<timerEventDefinition><timeDuration>PT5M</timeDuration></timerEventDefinition></intermediateCatchEvent>"
    )

    text = f"{HEAD}<process id='p' isExecutable='true'>{body}</process></definitions>"

    assert Definition.of_bpmn(text).deployable().name == "p"
