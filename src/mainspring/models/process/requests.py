"""What people ask of a running process: work on their tasks, see to incidents, and change its course."""

# ruff: noqa: ARG001 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from mainspring.models.contract import Refusal, Requested
from mainspring.models.process.arrivals import finish
from mainspring.models.process.expression import NoValueError
from mainspring.models.process.forms import form_problems
from mainspring.models.process.game.activities import begin, do_call
from mainspring.models.process.game.ending import cancel, complete_iteration, go_on
from mainspring.models.process.game.events import come
from mainspring.models.process.game.incidents import BEGIN, END, report, resolve
from mainspring.models.process.game.scopes import area_of
from mainspring.models.process.game.session import Session
from mainspring.models.process.game.tasks import ask
from mainspring.models.process.plan import Vertex
from mainspring.models.process.state import BODY, CHILD, ROOT, STUCK, WAIT, WORK, Incident, Todo, Token

Request = Callable[[Session, Requested, Mapping[str, Any]], Refusal | None]


def _number(target: str) -> int:
    """The token that a target names after its element, as in `approve#17`; 0: none."""
    number = target.rpartition("#")[2]
    return int(number) if number.isdigit() and "#" in target else 0


# --- User tasks -------------------------------------------------------------------------------


def _todo(session: Session, target: str) -> Todo | Refusal:
    """The open user task that is meant: by its id, or by its element if there is only one of it."""
    todos = session.state.todos
    found = [todo for todo in todos.values() if target in (todo.node, f"{todo.node}#{todo.token}")]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(f"{todo.node}#{todo.token}" for todo in found)
        return Refusal(f"{target!r} is open {len(found)} times; name one of {ids}")
    name = target.partition("#")[0]
    if name not in session.plan.vertices:
        there = ", ".join(dict.fromkeys(todo.node for todo in todos.values())) or "none"
        return Refusal(f"there is no user task {target!r}; open are: {there}", "missing")
    return Refusal(f"user task {target!r} is not open: it was completed, was cancelled, or has not begun")


def _may(todo: Todo, by: str) -> Refusal | None:
    """Whether somebody may work on a task: its assignee; of one that nobody has, its candidates.

    Groups are for whoever knows who is in them; a person is refused only where candidates are named one by one.
    """
    if todo.assignee:
        if by == todo.assignee:
            return None
        return Refusal(f"user task {todo.node!r} belongs to {todo.assignee!r}, not to {by or 'nobody'!r}", "denied")
    if todo.users and not todo.groups and by not in todo.users:
        return Refusal(f"user task {todo.node!r} is for {', '.join(todo.users)}, not for {by or 'nobody'!r}", "denied")
    return None


def _claim(session: Session, event: Requested, data: Mapping[str, Any]) -> Refusal | None:
    todo = _todo(session, event.target)
    if isinstance(todo, Refusal):
        return todo
    if not event.by:
        return Refusal("a claim needs a name: by", "invalid")
    if todo.assignee and todo.assignee != event.by:
        return Refusal(f"user task {todo.node!r} is claimed by {todo.assignee!r} already")
    refused = _may(todo, event.by)
    if refused is None:
        session.todos[todo.token] = replace(todo, assignee=event.by)
    return refused


def _unclaim(session: Session, event: Requested, data: Mapping[str, Any]) -> Refusal | None:
    todo = _todo(session, event.target)
    if isinstance(todo, Refusal):
        return todo
    refused = _may(todo, event.by)
    if refused is None:
        session.todos[todo.token] = replace(todo, assignee="", owner="")
    return refused


def _assign(session: Session, event: Requested, data: Mapping[str, Any]) -> Refusal | None:
    todo = _todo(session, event.target)
    if isinstance(todo, Refusal):
        return todo
    session.todos[todo.token] = replace(todo, assignee=str(data.get("to") or ""), owner="")
    return None


def _delegate(session: Session, event: Requested, data: Mapping[str, Any]) -> Refusal | None:
    """Somebody else works on it, and then it comes back to its owner."""
    todo = _todo(session, event.target)
    if isinstance(todo, Refusal):
        return todo
    refused = _may(todo, event.by)
    if refused is None:
        session.todos[todo.token] = replace(todo, assignee=str(data.get("to") or ""), owner=todo.owner or event.by)
    return refused


def _complete(session: Session, event: Requested, data: Mapping[str, Any]) -> Refusal | None:
    todo = _todo(session, event.target)
    if isinstance(todo, Refusal):
        return todo
    refused = _may(todo, event.by)
    if refused is not None:
        return refused
    token = session.token(todo.token)
    people = session.vertex(token).node.people
    values = data.get("values") or {}
    problems = [] if people is None or people.form_schema is None else form_problems(people.form_schema, values)
    if problems:
        return Refusal(f"user task {todo.node!r}: {'; '.join(problems)}", "invalid")
    if todo.owner and todo.owner != event.by:
        session.todos[todo.token] = replace(todo, assignee=todo.owner, owner="")
        session.assign_all(token.id, values)
        return None
    finish(session, token, values)
    return None


# --- Incidents --------------------------------------------------------------------------------


def _incident(session: Session, target: str) -> Incident | Refusal:
    incidents = session.state.incidents
    found = [each for each in incidents.values() if target in (each.node, f"{each.node}#{each.token}")]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(f"{each.node}#{each.token}" for each in found)
        return Refusal(f"{target!r} has {len(found)} incidents; name one of {ids}")
    there = ", ".join(f"{each.node}#{each.token}" for each in incidents.values()) or "none"
    return Refusal(f"there is no incident at {target!r}; open are: {there}", "missing")


def _resolve(session: Session, event: Requested, data: Mapping[str, Any]) -> Refusal | None:
    """Variables are corrected, and then what stopped is tried again or skipped."""
    incident = _incident(session, event.target)
    if isinstance(incident, Refusal):
        return incident
    token = session.token(incident.token)
    session.assign_all(token.id, data.get("values") or {})
    if data.get("skip"):
        return _skip(session, token)
    try_again(session, incident, token)
    return None


def retry_all(session: Session) -> None:
    """Whatever has stopped is tried again."""
    for incident in list(session.state.incidents.values()):
        try_again(session, incident, session.token(incident.token))


def try_again(session: Session, incident: Incident, token: Token) -> None:
    resolve(session, token.id)
    vertex = session.plan.vertices.get(token.node)
    if vertex is None or (incident.phase == END and token.role not in (WORK, WAIT)):
        session.queue.append((None, token.id, None))
    elif token.role == STUCK:
        _begin_again(session, token, vertex)
    elif incident.phase == END:
        finish(session, token, incident.values or {})
    else:
        try:
            (do_call if token.role == CHILD else ask)(session, vertex, token)
        except NoValueError as error:
            report(session, token, BEGIN, str(error))


def _begin_again(session: Session, token: Token, vertex: Vertex) -> None:
    """A token that never got into an element comes to it once more."""
    session.take_away(token)
    if token.loop or token.undoes:
        begin(session, vertex, token.scope, loop=token.loop, undoes=token.undoes, values=session.local(token.id))
        return
    arc = next((arc for arc in vertex.incoming if arc.id == token.arc), None)
    session.send(vertex, token.scope, arc)


def _skip(session: Session, token: Token) -> Refusal | None:
    """The element is taken for done, without what it would have given."""
    vertex = session.plan.vertices.get(token.node)
    if vertex is None or not (vertex.is_activity or vertex.kind.endswith("Event")):
        return Refusal(
            f"{token.node!r} is a gateway, which cannot be skipped; correct its variables, or move the token"
        )
    resolve(session, token.id)
    for id in session.children(token.id):
        inner = session.find(id)
        if inner is not None:
            cancel(session, inner)
    if token.task and token.role == WORK:
        session.withdrawn[token.task] = None
    finish_skipped(session, vertex, token)
    return None


def finish_skipped(session: Session, vertex: Vertex, token: Token) -> None:
    around = session.token(token.scope)
    if token.loop and around.role == BODY:
        complete_iteration(session, vertex, token, None)
        return
    try:
        go_on(session, vertex, token)
    except NoValueError as error:
        report(session, token, END, str(error))


# --- Changing its course ----------------------------------------------------------------------


def _set(session: Session, event: Requested, data: Mapping[str, Any]) -> Refusal | None:
    """Variables get other values: of the process, or of the scope that is named."""
    scope = _number(event.target) or ROOT
    if session.find(scope) is None:
        return Refusal(f"there is no token {event.target!r}", "missing")
    for name, value in (data.get("values") or {}).items():
        session.set(scope, name, value)
    return None


def _start(session: Session, event: Requested, data: Mapping[str, Any]) -> Refusal | None:
    """A token more, before an element or after it, in the scope where the element is."""
    vertex = session.plan.vertices.get(event.target)
    if vertex is None:
        return Refusal(f"there is no element {event.target!r}", "missing")
    scopes = [
        token.id for token in session.state.tokens.values() if area_of(session, token) is vertex.area
    ]  # fmt: skip
    if len(scopes) != 1:
        where = "is not active" if not scopes else f"is active {len(scopes)} times"
        return Refusal(f"{event.target!r} cannot be started: {vertex.area.id!r}, in which it is, {where}")
    session.assign_all(scopes[0], data.get("values") or {})
    session.spawn(scopes[0])
    if data.get("after"):
        go_on_from(session, vertex, scopes[0])
    else:
        session.send(vertex, scopes[0])
    return None


def go_on_from(session: Session, vertex: Vertex, scope: int) -> None:
    token = session.add(Token(session.next_id(), vertex.id, scope, STUCK))
    try:
        go_on(session, vertex, token)
    except NoValueError as error:
        report(session, token, BEGIN, str(error))


def _stop(session: Session, event: Requested, data: Mapping[str, Any]) -> Refusal | None:
    """The tokens at an element are taken away, with all that is in them."""
    number = _number(event.target)
    tokens = [
        token
        for token in session.state.tokens.values()
        if token.id != ROOT and (token.id == number or (token.node == event.target and not token.loop))
    ]
    if not tokens:
        return Refusal(f"no token is at {event.target!r}", "missing")
    start = data.get("start")
    if start:
        refused = _start(session, replace(event, target=str(start)), data)
        if refused is not None:
            return refused
    for token in tokens:
        if session.find(token.id) is not None:
            cancel(session, token)
            session.consume(token.scope)
    return None


def _trigger(session: Session, event: Requested, data: Mapping[str, Any]) -> Refusal | None:
    """What an element waits for is taken to have come: a timer before its time, an event that nobody sent."""
    keys = [key for key, wait in session.state.waits.items() if event.target in (wait.node, key)]
    if len(keys) != 1:
        count = "nothing is" if not keys else f"{len(keys)} things are"
        return Refusal(f"{count} waited for at {event.target!r}", "conflict" if keys else "missing")
    wait = session.state.waits[keys[0]]
    try:
        come(session, keys[0], data.get("values") or {})
    except NoValueError as error:
        report(session, session.token(wait.token), END, str(error))
    return None


REQUEST: dict[str, Request] = {
    "claim": _claim,
    "unclaim": _unclaim,
    "assign": _assign,
    "delegate": _delegate,
    "complete": _complete,
    "resolve": _resolve,
    "set": _set,
    "start": _start,
    "stop": _stop,
    "trigger": _trigger,
}
