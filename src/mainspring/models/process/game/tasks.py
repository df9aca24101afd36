"""Tasks: what a handler, a person or the process itself does (10.3.3, 13.3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from msgspec.structs import replace

from mainspring.models.process.decisions import Asked, Called, Thrown
from mainspring.models.process.expression import NoValueError, encode
from mainspring.models.process.game.ending import complete
from mainspring.models.process.game.session import Session
from mainspring.models.process.game.waiting import correlation, subscribe
from mainspring.models.process.plan import Vertex
from mainspring.models.process.state import CHILD, USER, WAIT, WORK, Todo, Token

PROCESS = "process"
CALLABLE = (PROCESS, "workflow", "machine", "task")
"""Models of what a call activity may call."""
OFFERED = "?"
"""The payload's name for what a handler may take of, by the names of its parameters."""


def do_nothing(session: Session, vertex: Vertex, token: Token) -> None:  # noqa: ARG001 - one signature
    """A task without a kind, and one that people do without the process (10.3.3), complete at once."""
    complete(session, token)


# --- Scripts ----------------------------------------------------------------------------------


def do_script(session: Session, vertex: Vertex, token: Token) -> None:
    """A script is evaluated here, or by a handler that knows its language."""
    if vertex.node.work is not None:
        do_work(session, vertex, token)
    else:
        complete(session, token, script_values(session, vertex, token.id))


def script_values(session: Session, vertex: Vertex, scope: int) -> dict[str, Any]:
    """What a script gives: one value under a name, or the entries of a context."""
    if vertex.code is None:
        return {}
    value = vertex.code(session.sight(scope))
    script = vertex.node.script
    name = "" if script is None else script.result
    if name:
        return {name: value}
    if isinstance(value, dict):
        return value
    if value is None:
        return {}
    raise NoValueError(f"the script gives {value!r:.60}; name the variable that takes it, or give a context")


# --- Handlers ---------------------------------------------------------------------------------


def do_work(session: Session, vertex: Vertex, token: Token) -> None:
    """A handler is asked, as a task that any capable worker may take."""
    if vertex.node.work is None:
        complete(session, token)
        return
    ask(session, vertex, token)


def ask(session: Session, vertex: Vertex, token: Token) -> Token:
    """Begin the task of a token, or begin it anew under another key."""
    key = _next_key(vertex, token)
    session.tasks[key] = Asked(key, vertex.id, _payload(session, vertex, token.id))
    return session.change(replace(token, role=WORK, task=key, attempts=0))


def _next_key(vertex: Vertex, token: Token) -> str:
    """Of what a token has done for it: another one each time it is begun anew."""
    if not token.task:
        return f"{vertex.id}#{token.id}"
    _, _, number = token.task.rpartition("#")[2].partition(".")
    return f"{vertex.id}#{token.id}.{int(number or 1) + 1}"


def _payload(session: Session, vertex: Vertex, scope: int) -> str:
    """The arguments of a handler whose parameters are known; or all variables in sight, of which it takes what it has
    parameters for."""
    work, takes = vertex.node.work, vertex.takes
    headers = {} if work is None or not work.headers else {"headers": work.headers, **work.headers}
    if takes is None:
        return encode({OFFERED: {**session.visible(scope), **headers}}).decode()
    if not takes:
        return "{}"
    wanted = {**_wanted(session, takes, scope), **{name: headers[name] for name in takes if name in headers}}
    return encode(wanted).decode()


def _wanted(session: Session, names: tuple[str, ...], scope: int) -> dict[str, Any]:
    """Of the variables in sight those that a handler takes; one over thousands of items is not given them all."""
    found = {}
    for name in names:
        try:
            found[name] = session.value(scope, name)
        except KeyError:
            continue
    return found


def result_of(vertex: Vertex, value: Any) -> dict[str, Any]:
    """What a handler returned, as variables: the entries of an object, or one value under the name that takes it."""
    work = vertex.node.work
    name = "" if work is None else work.result
    if name:
        return {name: value}
    if isinstance(value, dict):
        return value
    return {} if value is None else {vertex.id: value}


# --- Messages ---------------------------------------------------------------------------------


def do_send(session: Session, vertex: Vertex, token: Token) -> None:
    """A message goes out; by a handler, if one is named."""
    if vertex.node.work is not None:
        ask(session, vertex, token)
        return
    sight = session.sight(token.id)
    values = session.local(token.id) or session.visible(token.id)
    for trigger in vertex.events:
        session.thrown.append(Thrown(trigger.kind, trigger.name, correlation(session, trigger, sight), values))
    complete(session, token)


def do_receive(session: Session, vertex: Vertex, token: Token) -> None:
    """A message is waited for."""
    if not vertex.events:
        raise NoValueError("it does not say which message it waits for")
    token = session.change(replace(token, role=WAIT))
    subscribe(session, vertex, token)


# --- People -----------------------------------------------------------------------------------


def do_user(session: Session, vertex: Vertex, token: Token) -> None:
    """Somebody has to do it (10.3.4)."""
    sight = session.sight(token.id)
    people = vertex.people
    given = {field: evaluate(sight) for field, evaluate in people.items()}
    node = vertex.node
    token = session.change(replace(token, role=USER))
    session.todos[token.id] = Todo(
        token=token.id,
        node=vertex.id,
        name=node.name,
        assignee=_text(given.get("assignee"), "assignee"),
        users=_names(given.get("users"), "candidate users"),
        groups=_names(given.get("groups"), "candidate groups"),
        due_at=_moment(session, given.get("due"), "due date"),
        follow_up_at=_moment(session, given.get("follow_up"), "follow-up date"),
        priority=_number(given.get("priority")),
        form="" if node.people is None else node.people.form,
        created_at=session.at,
    )


def _text(value: Any, what: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NoValueError(f"the {what} is {value!r:.60}; expected a text")
    return value


def _names(value: Any, what: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return tuple(value)
    raise NoValueError(f"the {what} are {value!r:.60}; expected a list of texts, or one with commas")


def _number(value: Any) -> int:
    if value is None:
        return 50
    try:
        return int(value)
    except (TypeError, ValueError):
        raise NoValueError(f"the priority is {value!r:.60}; expected a whole number") from None


def _moment(session: Session, value: Any, what: str) -> float | None:
    """A date, or a duration from now."""
    if value is None:
        return None
    # Calendars take as long to load as all the rest.
    times = import_module("mainspring.models.process.times")
    try:
        kind = "duration" if isinstance(value, str) and value.startswith("P") else "date"
        return float(times.alarm_of(kind, value, session.at).ready_at)
    except NoValueError:
        raise NoValueError(f"the {what} is {value!r:.60}; expected a date, or a duration such as P3D") from None


# --- Calls ------------------------------------------------------------------------------------


def call_other(session: Session, vertex: Vertex, token: Token, name: str, values: Mapping[str, Any]) -> None:
    """A definition that is not in this file is started as an instance of its own: a process, or `workflow:name`."""
    key = _next_key(vertex, token)
    business = session.key if vertex.call_key is None else str(vertex.call_key(session.sight(token.id)))
    session.called[key] = Called(key, *called(name), dict(values), business)
    session.change(replace(token, role=CHILD, task=key))


def called(name: str) -> tuple[str, str]:
    """Model and name of the definition that is meant: `workflow:report`, or a process."""
    model, colon, other = name.partition(":")
    return (model, other) if colon and model in CALLABLE else (PROCESS, name)
