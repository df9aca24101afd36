"""Activities begin: tasks, calls and sub-processes, with their loops and their boundary events (13.3.2, 13.3.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from mainspring.models.process.document import (
    AD_HOC,
    CALL,
    MANUAL,
    RECEIVE,
    RULE,
    SCRIPT,
    SEND,
    SERVICE,
    SUB_PROCESS,
    TASK,
    TRANSACTION,
    USER,
)
from mainspring.models.process.expression import NoValueError, plain
from mainspring.models.process.game.flow import chosen, take
from mainspring.models.process.game.incidents import stick
from mainspring.models.process.game.scopes import begin_scope
from mainspring.models.process.game.session import Session
from mainspring.models.process.game.tasks import (
    call_other,
    do_nothing,
    do_receive,
    do_script,
    do_send,
    do_user,
    do_work,
    script_values,
)
from mainspring.models.process.game.waiting import subscribe
from mainspring.models.process.plan import Arc, Vertex
from mainspring.models.process.state import BODY, Token

GATHERED = "*"
"""Stands for all flows where an activity needs several tokens to begin."""


def enter_activity(session: Session, vertex: Vertex, scope: int, arc: Arc | None) -> None:  # noqa: ARG001
    """An activity begins when enough tokens have come (`startQuantity`, 13.3.2)."""
    quantity = vertex.node.start_quantity
    if quantity > 1:
        waiting = session.waiting_at(scope, vertex.id).get(GATHERED, 0) + 1
        if waiting < quantity:
            session.set_waiting(scope, vertex.id, {GATHERED: waiting})
            return
        session.set_waiting(scope, vertex.id, {})
        session.consume(scope, quantity - 1)
    session.trail.append(vertex.id)
    if vertex.loop is not None:
        begin_body(session, vertex, scope)
    elif vertex.is_plain_script:
        # Most scripts stand between two flows: their token never comes to rest.
        values = script_values(session, vertex, scope)
        session.assign_all(scope, values)
        take(session, chosen(session, vertex, scope), scope)
    else:
        begin(session, vertex, scope)


def begin_body(session: Session, vertex: Vertex, scope: int) -> None:
    """A loop begins; what comes first in it is decided when it is looked at."""
    body = session.add(Token(session.next_id(), vertex.id, scope, BODY))
    session.counts[body.id] = 0
    try:
        for boundary in vertex.boundaries:
            subscribe(session, boundary, body)
    except NoValueError as error:
        stick(session, body, error, {})
        return
    session.queue.append((None, body.id, None))


def begin(
    session: Session,
    vertex: Vertex,
    scope: int,
    *,
    loop: int = 0,
    undoes: int = 0,
    values: Mapping[str, Any] | None = None,
) -> None:
    """One instance of an activity begins: inputs first, then what may happen meanwhile, then the work itself."""
    token = session.add(Token(session.next_id(), vertex.id, scope, loop=loop, undoes=undoes))
    try:
        for name, value in (values or {}).items():
            session.set(token.id, name, value)
        for evaluate, path in vertex.inputs:
            session.set(token.id, path[0], plain(evaluate(session.sight(token.id))))
        if not loop:
            for boundary in vertex.boundaries:
                subscribe(session, boundary, token)
        DO[vertex.kind](session, vertex, token)
    except NoValueError as error:
        stick(session, session.token(token.id), error, values or {})


def do_sub_process(session: Session, vertex: Vertex, token: Token) -> None:
    """What is inside begins (13.3.4); of a transaction likewise, for only its end differs."""
    assert vertex.body is not None
    begin_scope(session, token, vertex.body)


def do_call(session: Session, vertex: Vertex, token: Token) -> None:
    """What is called begins (13.3.3): inside of this instance if it is in the same file, or as another instance.

    What is called sees only what it is given.
    """
    call = vertex.node.call
    name = None if vertex.call is None else vertex.call(session.sight(token.id))
    if call is None or not isinstance(name, str) or not name:
        raise NoValueError(f"what it calls is {name!r:.60}; expected the id of a process")
    values = session.visible(token.id) if call.gives_all else session.local(token.id)
    area = session.plan.areas.get(name)
    if area is None:
        call_other(session, vertex, token, name, values)
        return
    for key, value in values.items():
        session.set(token.id, key, value)
    begin_scope(session, session.change(replace(token, called=name)), area)


DO: dict[str, Callable[[Session, Vertex, Token], None]] = {
    TASK: do_nothing,
    MANUAL: do_nothing,
    SCRIPT: do_script,
    SERVICE: do_work,
    RULE: do_work,
    SEND: do_send,
    RECEIVE: do_receive,
    USER: do_user,
    CALL: do_call,
    SUB_PROCESS: do_sub_process,
    TRANSACTION: do_sub_process,
    AD_HOC: do_sub_process,
}
"""What each kind of activity does when it begins."""
