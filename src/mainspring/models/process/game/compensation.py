"""Compensation and transactions: what has completed is undone, the last first (13.5.5, 13.3.4)."""

from __future__ import annotations

from msgspec.structs import replace

from mainspring.models.process.document import BOUNDARY, CANCEL, TRANSACTION
from mainspring.models.process.game.activities import begin
from mainspring.models.process.game.ending import clear, go_on
from mainspring.models.process.game.scopes import area_of, begin_scope, start_of
from mainspring.models.process.game.session import Session
from mainspring.models.process.plan import Vertex
from mainspring.models.process.state import ROOT, SCOPE, UNDO, Done, Token

LEAVE, CANCELLED, NOTHING = "leave", "cancel", ""
"""What a token that compensates does when all is undone."""


def throw_compensation(session: Session, vertex: Vertex, scope: int, activity: str, wait: bool) -> None:
    """An event compensates one activity, or all that has completed around it (13.5.5).

    What is thrown in an event sub-process is about the scope that it belongs to.  The event goes on when all is undone,
    unless it is not to wait.
    """
    home = home_of(session, scope)
    undone = _to_undo(session, home, activity)
    if not wait:
        session.spawn(scope)
    runner = session.add(Token(session.next_id(), vertex.id, scope, UNDO, then=LEAVE if wait else NOTHING))
    _begin_undoing(session, runner, home, undone)
    if not wait:
        go_on_after_throwing(session, vertex, scope)


def go_on_after_throwing(session: Session, vertex: Vertex, scope: int) -> None:
    """The event that does not wait leaves as if nothing had happened."""
    token = session.add(Token(session.next_id(), vertex.id, scope))
    go_on(session, vertex, token)


def home_of(session: Session, scope: int) -> int:
    """The scope whose activities an event in a scope is about: that around its event sub-processes."""
    token = session.token(scope)
    while token.id != ROOT and not token.called and session.vertex(token).node.by_event:
        token = session.token(token.scope)
    return token.id


def _to_undo(session: Session, home: int, activity: str) -> list[tuple[int, Done]]:
    """With the scope that each completed in; one that is named may be further out."""
    while True:
        found = [(home, done) for done in session.completed(home) if activity in ("", done.node)]
        token = session.token(home)
        if found or not activity or token.id == ROOT or activity in _inside(session, token):
            return found
        home = token.scope


def _inside(session: Session, token: Token) -> frozenset[str]:
    area = area_of(session, token)
    return frozenset() if area is None else frozenset(area.vertices)


def _begin_undoing(session: Session, runner: Token, home: int, undone: list[tuple[int, Done]]) -> None:
    for scope, done in undone:
        session.forget_done(scope, done.id)
    session.undo[runner.id] = tuple(done for _, done in undone)
    if undone:
        home = undone[0][0]
    session.change(replace(session.token(runner.id), arc=str(home)))
    session.queue.append((None, runner.id, None))


def look_at_runner(session: Session, runner: Token) -> None:
    """The next activity is undone, the last completed first; when none is left, the token goes on."""
    left = session.undo.get(runner.id, session.state.undo.get(runner.id, ()))
    if not left:
        _finish(session, runner)
        return
    session.undo[runner.id] = left[:-1]
    _undo(session, runner, left[-1], int(runner.arc))


def _undo(session: Session, runner: Token, done: Done, home: int) -> None:
    """By its handler; or, of a sub-process, by its own event sub-process, or by undoing all that is inside (13.5.5)."""
    vertex = session.plan.vertices[done.node]
    session.spawn(home)
    if vertex.compensator is not None:
        session.trail.append(vertex.compensator.id)
        begin(session, vertex.compensator, home, undoes=runner.id)
        return
    token = session.add(
        Token(session.next_id(), done.node, home, SCOPE, undoes=runner.id, called=done.called, interrupted=True)
    )
    session.counts[token.id] = 0
    for name, value in done.values.items():
        session.set(token.id, name, value)
    for inner in done.inside:
        session.remember(token.id, inner)
    session.spawn(token.id)
    sub = None if vertex.body is None else vertex.body.compensation
    if sub is not None and sub.body is not None:
        inside = session.add(Token(session.next_id(), sub.id, token.id))
        session.trail.append(sub.id)
        begin_scope(session, inside, sub.body, start_of(sub))
        return
    again = session.add(Token(session.next_id(), done.node, token.id, UNDO))
    _begin_undoing(session, again, token.id, [(token.id, inner) for inner in done.inside])


def _finish(session: Session, runner: Token) -> None:
    if runner.then == LEAVE:
        go_on(session, session.vertex(runner), runner)
    elif runner.then == CANCELLED:
        _leave_transaction(session, runner)
    else:
        session.take_away(runner)
        session.consume(runner.scope)


# --- Transactions -----------------------------------------------------------------------------


def cancel_transaction(session: Session, vertex: Vertex, scope: int) -> None:
    """All that is under way in the transaction is cancelled, all that has completed is compensated, and then it is left
    by its cancel event (10.3.5, 13.3.4)."""
    around = session.token(scope)
    while around.id != ROOT and not around.called and session.vertex(around).kind != TRANSACTION:
        around = session.token(around.scope)
    clear(session, around)
    session.spawn(around.id)
    runner = session.add(Token(session.next_id(), vertex.id, around.id, UNDO, then=CANCELLED))
    _begin_undoing(session, runner, around.id, [(around.id, done) for done in session.completed(around.id)])


def _leave_transaction(session: Session, runner: Token) -> None:
    around = session.token(runner.scope)
    session.take_away(runner)
    session.consume(around.id)
    if around.id == ROOT or around.called:
        return
    boundary = next(
        (each for each in session.vertex(around).boundaries if any(event.kind == CANCEL for event in each.events)), None
    )
    if boundary is None:
        return  # it is empty now, and completes
    assert boundary.kind == BOUNDARY
    session.counts[around.id] = 1  # it is left by its event, not by being empty
    scope = around.scope
    session.take_away(around)
    session.send(boundary, scope)
