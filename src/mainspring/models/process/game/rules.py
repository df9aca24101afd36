"""What a token does at each kind of element, and how one step runs until no token moves: the token game (13)."""

from __future__ import annotations

from collections.abc import Callable

from mainspring.models.process.document import (
    ACTIVITIES,
    BOUNDARY,
    CATCH,
    COMPLEX,
    END,
    EVENT_BASED,
    EXCLUSIVE,
    INCLUSIVE,
    PARALLEL,
    START,
    THROW,
)
from mainspring.models.process.expression import NoValueError
from mainspring.models.process.game.activities import enter_activity
from mainspring.models.process.game.compensation import look_at_runner
from mainspring.models.process.game.events import (
    enter_catch,
    enter_end,
    enter_throw,
    look_at_conditions,
    pass_through,
)
from mainspring.models.process.game.gateways import (
    enter_complex,
    enter_event_based,
    enter_exclusive,
    enter_inclusive,
    enter_parallel,
    look_at_joins,
)
from mainspring.models.process.game.incidents import END as AT_THE_END
from mainspring.models.process.game.incidents import find_incident, report, stick_on_the_way
from mainspring.models.process.game.loops import look_at_body
from mainspring.models.process.game.scopes import scope_emptied
from mainspring.models.process.game.session import STEPS_MAX, EndlessError, Session
from mainspring.models.process.plan import Arc, Vertex
from mainspring.models.process.state import BODY, SCOPE, UNDO, Token

ENTER: dict[str, Callable[[Session, Vertex, int, Arc | None], None]] = {
    **dict.fromkeys(ACTIVITIES, enter_activity),
    EXCLUSIVE: enter_exclusive,
    PARALLEL: enter_parallel,
    INCLUSIVE: enter_inclusive,
    COMPLEX: enter_complex,
    EVENT_BASED: enter_event_based,
    START: pass_through,
    BOUNDARY: pass_through,
    CATCH: enter_catch,
    THROW: enter_throw,
    END: enter_end,
}
"""What a token does when it comes to an element; it has a scope, and a flow by which it came."""

LOOK: dict[str, Callable[[Session, Token], None]] = {
    SCOPE: scope_emptied,
    BODY: look_at_body,
    UNDO: look_at_runner,
}
"""What becomes of a token that holds others when something in it has ended."""


def pass_entry(session: Session, vertex: Vertex, scope: int, arc: Arc | None) -> None:
    """What a process was begun by has come already (13.2)."""
    session.entry = None
    pass_through(session, vertex, scope, arc)


def run(session: Session) -> None:
    """Move tokens until all are at rest.

    Joins that look at what could still come, and conditions, are looked at when no token moves.  What has no value
    stops its token with an incident, and no other.  Raises `EndlessError`.
    """
    while not session.is_over:
        _move(session)
        if session.has_new_values and _conditions_have_come(session):
            continue
        if not look_at_joins(session):
            return


def _move(session: Session) -> None:
    """Until no token moves."""
    while session.queue:
        vertex, scope, arc = session.queue.popleft()
        session.steps += 1
        if session.steps > STEPS_MAX:
            last = session.trail[-1] if session.trail else ""
            raise EndlessError(f"{STEPS_MAX:,} elements were passed without a wait; the last is {last!r}")
        if vertex is None:
            _look(session, scope)
        elif session.find(scope) is not None:
            session.touched.add(scope)
            enter = ENTER[vertex.kind] if vertex is not session.entry else pass_entry
            try:
                enter(session, vertex, scope, arc)
            except NoValueError as error:
                stick_on_the_way(session, vertex.id, scope, arc, error)


def _conditions_have_come(session: Session) -> bool:
    """Whether variables have changed so that something that was waited for holds; then there is more to move."""
    session.has_new_values = False
    if look_at_conditions(session):
        session.has_new_values = True
    return session.has_new_values or bool(session.queue)


def _look(session: Session, scope: int) -> None:
    token = session.find(scope)
    if token is None or (token.role == SCOPE and find_incident(session, token.id) is not None):
        return
    try:
        LOOK[token.role](session, token)
    except NoValueError as error:
        report(session, session.token(scope), AT_THE_END, str(error))
