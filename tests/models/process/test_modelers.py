"""Files as modelers save them: what is only drawn lacks what an engine needs, and is no reason to refuse the rest."""

from __future__ import annotations

import pytest

from mainspring.errors import DefinitionInvalidError
from mainspring.models.process.definition import Definition
from mainspring.models.process.graph import flowchart_of

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
HEAD = f'<definitions xmlns="{MODEL}" xmlns:xsi="{XSI}" targetNamespace="http://example.com/claims"'
SHOP = """<process id="shop" isExecutable="true"><startEvent id="s"><outgoing>f1</outgoing></startEvent>
<sequenceFlow id="f1" sourceRef="s" targetRef="u"/>
<userTask id="u"><incoming>f1</incoming><outgoing>f2</outgoing></userTask>
<sequenceFlow id="f2" sourceRef="u" targetRef="e"/><endEvent id="e"><incoming>f2</incoming></endEvent></process>"""
CUSTOMER = """<process id="customer" isExecutable="false"><startEvent id="c"><timerEventDefinition><timeDate/>
</timerEventDefinition></startEvent>
<sequenceFlow id="g1" sourceRef="c" targetRef="order"/>
<sendTask id="order"><multiInstanceLoopCharacteristics/></sendTask>
<sequenceFlow id="g2" sourceRef="order" targetRef="ask"/>
<callActivity id="ask"/><sequenceFlow id="g3" sourceRef="ask" targetRef="if"/>
<exclusiveGateway id="if"/><sequenceFlow id="g4" sourceRef="if" targetRef="told" name="yes">
<conditionExpression>if the goods are there</conditionExpression></sequenceFlow>
<sequenceFlow id="g5" sourceRef="if" targetRef="told"/>
<scriptTask id="told" scriptFormat="text/x-groovy"><script>mail.send()</script></scriptTask>
<sequenceFlow id="g6" sourceRef="told" targetRef="done"/>
<intermediateCatchEvent id="done"><conditionalEventDefinition><condition/></conditionalEventDefinition>
</intermediateCatchEvent></process>"""
"""A process as people draw it who only want to be understood."""
TALK = """<collaboration id="k"><participant id="p1" processRef="shop"/><participant id="p2" processRef="customer"/>
<messageFlow id="m1" sourceRef="order" targetRef="s"/><messageFlow id="m2" sourceRef="e" targetRef="p2"/>
</collaboration>"""


def read(*parts: str, more: str = "") -> Definition:
    return Definition.of_bpmn(f"{HEAD} {more}>\n{''.join(parts)}\n</definitions>", file="claim.bpmn")


def problems(*parts: str, more: str = "") -> str:
    with pytest.raises(DefinitionInvalidError) as caught:
        read(*parts, more=more).deployable()
    return str(caught.value)


def test_what_is_only_drawn_beside_a_process_is_not_asked_to_run():
    definition = read(TALK, SHOP, CUSTOMER, more='exporter="Camunda Modeler"')

    assert definition.deployable().children == ()
    pools = flowchart_of(definition.document).figures
    assert {"u", "told", "done"} <= {figure.id for pool in pools for figure in pool.inside}
    warned = "\n".join(map(str, definition.warnings))
    assert "<startEvent> 's' is the target of <messageFlow> 'm1', but catches no message (BPMN 2.0.2, 9.4)" in warned


def test_the_same_is_refused_in_a_file_that_says_everything():
    assert "'s' is the target of <messageFlow> 'm1', but catches no message" in problems(TALK, SHOP, CUSTOMER)


def test_a_process_that_is_only_drawn_tells_all_that_it_lacks_when_it_is_to_run():
    told = problems(CUSTOMER)

    for words in (
        "<timeDate> is empty", "'order': the multi-instance has neither", "'ask' does not say what it calls",
        "a script in text/x-groovy", "has no condition",
    ):  # fmt: skip
        assert words in told


def test_what_a_process_calls_runs_though_it_is_marked_as_drawn():
    calling = SHOP.replace("<userTask", '<callActivity calledElement="customer"').replace("userTask>", "callActivity>")

    assert "'ask' does not say what it calls" in problems(TALK, calling, CUSTOMER)


def test_files_of_an_engine_are_warned_about_what_others_are_refused_for():
    jbpm = 'xmlns:d="http://www.jboss.org/drools" exporter="jBPM Process Modeler"'
    items = "<itemDefinition id='i1' structureRef='String'/><itemDefinition id='i2' structureRef='Object'/>"
    data = (
        "<userTask id='u'><ioSpecification><dataInput id='in' itemSubjectRef='i2'/><inputSet><dataInputRefs>in"
        "</dataInputRefs></inputSet><outputSet/></ioSpecification><dataInputAssociation><sourceRef>claim</sourceRef>"
        "<targetRef>in</targetRef></dataInputAssociation>"
    )
    shop = SHOP.replace('<userTask id="u">', data)
    shop = shop.replace('isExecutable="true">', "isExecutable='true'><property id='claim' itemSubjectRef='i1'/>")

    assert "passes on <itemDefinition> 'i1' as <itemDefinition> 'i2'" in problems(items, shop)
    warned = read(items, shop.replace("<process ", '<process d:version="1.0" '), more=jbpm)
    assert warned.deployable().name == "shop"
    assert any("passes on" in str(each) for each in warned.warnings)


def test_no_engine_is_told_which_operation_of_a_web_service_a_message_belongs_to():
    waits = SHOP.replace('<userTask id="u">', '<intermediateCatchEvent id="u">').replace(
        "</userTask>", '<messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
    )
    parts = ('<message id="m" name="paid"/>', waits)
    assert "no operationRef" in problems(*parts)
    assert (
        read(*parts, more=' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" exporter="Camunda Modeler"').warnings
        == ()
    )


def test_a_value_that_an_attribute_cannot_have_is_refused_and_an_unknown_one_told():
    boundary = '<boundaryEvent id="b" attachedToRef="u" {}><messageEventDefinition messageRef="m"/></boundaryEvent>'
    boundary += '<message id="m"/><sequenceFlow id="x" sourceRef="b" targetRef="e"/></process>'

    assert "has cancelActivity='no'; it can be 0, 1, false, true" in problems(
        SHOP.replace("</process>", boundary.format('cancelActivity="no"'))
    )
    plain = SHOP.replace("<incoming>f1</incoming><outgoing>f2</outgoing>", "").replace("<incoming>f2</incoming>", "")
    plain = plain.replace("<outgoing>f1</outgoing>", "").replace("<startEvent", '<startEvent isInterupting="true"')
    assert any("an attribute 'isInterupting'" in str(each) for each in read(plain).warnings)


def test_what_would_stop_at_once_is_refused_where_it_is_meant_to_run():
    waits = SHOP.replace("<userTask", "<receiveTask").replace("userTask>", "receiveTask>")

    assert "'u' does not say which message it waits for" in problems(waits)
    assert "'u' does not say which message" in str(read(waits.replace('isExecutable="true"', "")).warnings[0])


def test_a_call_of_what_the_file_has_not_is_told():
    calling = SHOP.replace("<userTask", '<callActivity calledElement="stock"').replace("userTask>", "callActivity>")

    assert any("'u' calls 'stock', which is not in this file" in str(each) for each in read(calling).warnings)
    known = Definition.of_bpmn(f"{HEAD}>{SHOP.replace('shop', 'stock')}</definitions>")
    assert Definition.of_bpmn(f"{HEAD}>{calling}</definitions>", uses=(known,)).warnings == ()
