"""One step of a process under way: the state as it will be, laid over the state as it is.

Nothing of the state is changed here.  What a step adds, changes and takes away is gathered, and becomes one decision;
so a step costs what it touches, however many tokens there are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mainspring.models.contract import Failure
from mainspring.models.process.decisions import NONE, Asked, Broke, Called, Ran, Thrown
from mainspring.models.process.expression import MOMENT, plain
from mainspring.models.process.plan import Arc, Plan, Vertex
from mainspring.models.process.state import INCIDENT, ROOT, TASK, Done, Incident, ProcessState, Todo, Token, Wait

STEPS_MAX = 1_000_000
"""Elements that one event may lead through; a process that goes in a circle without waiting would never end."""


def _as_it_is(value: Any) -> Any:
    return value


def _without_keys(value: Any) -> Any:
    return tuple(value.values())


_SELDOM: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    *((name, _as_it_is) for name in ("arrived", "waits", "unwaited", "items", "outputs", "undo")),
    *((name, _without_keys) for name in ("todos", "incidents", "called")),
    *((name, tuple) for name in ("resolved", "withdrawn", "recalled", "thrown", "closed")),
)
"""What few sessions gather under the names that a decision has for it, and how it stands there."""


class _Seldom:
    """What few sessions gather, made when it is asked for: to make all of it cost more than most steps."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, session: Session, owner: type | None = None) -> Any:
        session.is_plain = False
        value = session.__dict__[self._name] = self._make()
        return value


_OF_A_TOKEN = ("arrived", "todos", "incidents", "items", "outputs", "undo", "done", "resolved", "counts")
"""What few sessions gather by token, and is gone with it."""


class EndlessError(Exception):
    """The process goes in a circle."""


class Sight:
    """The variables in sight of a scope, as expressions read them."""

    __slots__ = ("_more", "_scope", "_session")

    def __init__(self, session: Session, scope: int, more: Mapping[str, Any] | None = None) -> None:
        self._session = session
        self._scope = scope
        self._more = more

    def __getitem__(self, name: str) -> Any:
        if self._more is not None and name in self._more:
            return self._more[name]
        return self._session.value(self._scope, name)


class Session:
    """The state, and what one step makes of it."""

    counts: dict[int, int] = _Seldom(dict)  # type: ignore[assignment]
    cleared: dict[int, int] = _Seldom(dict)  # type: ignore[assignment]
    arrived: dict[int, dict[str, dict[str, int]]] = _Seldom(dict)  # type: ignore[assignment]
    waits: dict[str, Wait] = _Seldom(dict)  # type: ignore[assignment]
    unwaited: dict[str, str] = _Seldom(dict)  # type: ignore[assignment]
    todos: dict[int, Todo] = _Seldom(dict)  # type: ignore[assignment]
    incidents: dict[int, Incident] = _Seldom(dict)  # type: ignore[assignment]
    resolved: dict[int, None] = _Seldom(dict)  # type: ignore[assignment]
    items: dict[int, list[Any]] = _Seldom(dict)  # type: ignore[assignment]
    outputs: dict[int, dict[int, Any]] = _Seldom(dict)  # type: ignore[assignment]
    done: dict[int, dict[int, Done]] = _Seldom(dict)  # type: ignore[assignment]
    undone: dict[int, dict[int, None]] = _Seldom(dict)  # type: ignore[assignment]
    undo: dict[int, tuple[Done, ...]] = _Seldom(dict)  # type: ignore[assignment]
    withdrawn: dict[str, None] = _Seldom(dict)  # type: ignore[assignment]
    called: dict[str, Called] = _Seldom(dict)  # type: ignore[assignment]
    recalled: dict[str, None] = _Seldom(dict)  # type: ignore[assignment]
    thrown: list[Thrown] = _Seldom(list)  # type: ignore[assignment]
    closed: list[str] = _Seldom(list)  # type: ignore[assignment]
    by = ""
    entry: Vertex | None = None
    """What the process is begun by, and does not wait for any more."""
    steps = 0
    is_over = False
    output: Any = None
    failure: Failure | None = None
    came: tuple[tuple[str, Any], ...] = ()
    """What led to the step, and nobody would send again; known once it has failed."""
    corrected: dict[str, Any] = {}
    """Variables that were corrected for a step that is taken once more."""
    has_new_values = False
    is_plain = True
    """Whether nothing was gathered of what few sessions do."""

    def __init__(self, plan: Plan, state: ProcessState, at: float) -> None:
        MOMENT.set(at)
        self.plan = plan
        self.state = state
        self.at = at
        self.key = state.key
        """By which messages find the instance."""
        self.counter = state.counter
        self.touched: set[int] = set()
        """Scopes in which something moved, for joins to look at."""
        self.queue: deque[tuple[Vertex | None, int, Arc | None]] = deque()
        """Tokens on their way: to an element, in a scope, by a flow.  Without an element: look at the scope."""
        self.trail: list[str] = []
        self.tokens: dict[int, Token] = {}
        self.gone: dict[int, None] = {}
        self.inside: dict[int, dict[int, None]] = {}
        self.values: dict[int, dict[str, Any]] = {}
        self.waits_of: dict[int, list[str]] = {}
        self.tasks: dict[str, Asked] = {}

    # --- Tokens ---------------------------------------------------------------------------------

    def find(self, id: int) -> Token | None:
        """The token, unless it is no more."""
        token = self.tokens.get(id)
        if token is not None:
            return token
        return None if id in self.gone else self.state.tokens.get(id)

    def token(self, id: int) -> Token:
        token = self.find(id)
        assert token is not None, f"token {id} is no more"
        return token

    def vertex(self, token: Token) -> Vertex:
        return self.plan.vertices[token.node]

    def next_id(self) -> int:
        self.counter += 1
        return self.counter

    def add(self, token: Token) -> Token:
        """A token comes to rest; the one that moved has been counted already."""
        self.tokens[token.id] = token
        self.inside.setdefault(token.scope, {})[token.id] = None
        return token

    def change(self, token: Token) -> Token:
        self.tokens[token.id] = token
        return token

    def take_away(self, token: Token) -> None:
        """A token leaves its place, with all that was its own; it is counted until it is consumed."""
        id, scope, state = token.id, token.scope, self.state
        self.touched.add(scope)
        self.drop_waits(id)
        if self.tokens.pop(id, None) is None or id in state.tokens:
            self.gone[id] = None
            if id in state.todos:
                self.closed.append(f"{TASK}/{id}")
            if id in state.incidents and id not in self.resolved:
                self.closed.append(f"{INCIDENT}/{id}")
        if scope in self.inside:
            self.inside[scope].pop(id, None)
        self.values.pop(id, None)
        if not self.is_plain:
            own = self.__dict__
            for name in _OF_A_TOKEN:
                if kept := own.get(name):
                    kept.pop(id, None)

    def children(self, scope: int) -> list[int]:
        """The ids of all tokens in a scope."""
        gone = self.gone
        known = [id for id in self.state.inside.get(scope, ()) if id not in gone] if scope not in gone else []
        return known + [id for id in self.inside.get(scope, ()) if id not in self.state.tokens]

    # --- Counting: an empty scope is done (13.3.4) ----------------------------------------------

    def count(self, scope: int) -> int:
        """Tokens in a scope: at rest, waiting for others, and on their way."""
        count = self.counts.get(scope)
        if count is None:
            count = len(self.state.inside.get(scope, ()))
            count += sum(sum(flows.values()) for flows in self.state.arrived.get(scope, {}).values())
            self.counts[scope] = count
        return count

    def clearings(self, scope: int) -> int:
        """How often a scope was cleared in this step; -1: it is no more.  Who throws asks whether it is still there."""
        return -1 if self.find(scope) is None else self.cleared.get(scope, 0)

    def spawn(self, scope: int, number: int = 1) -> None:
        """There are so many tokens more in a scope."""
        self.counts[scope] = self.count(scope) + number

    def consume(self, scope: int, number: int = 1) -> None:
        """So many are no more; a scope in which none is left is looked at."""
        count = self.count(scope) - number
        self.counts[scope] = count
        if count == 0:
            self.queue.append((None, scope, None))

    def send(self, vertex: Vertex, scope: int, arc: Arc | None = None) -> None:
        """A token that has been counted goes to an element."""
        self.queue.append((vertex, scope, arc))

    # --- Tokens that wait for others ------------------------------------------------------------

    def waiting_at(self, scope: int, node: str) -> dict[str, int]:
        """How many wait at an element, by flow."""
        changed = self.arrived.get(scope)
        if changed is not None and node in changed:
            return changed[node]
        return self.state.arrived.get(scope, {}).get(node, {})

    def set_waiting(self, scope: int, node: str, flows: Mapping[str, int]) -> None:
        self.arrived.setdefault(scope, {})[node] = {flow: count for flow, count in flows.items() if count}

    def all_waiting(self, scope: int) -> dict[str, dict[str, int]]:
        """By element and flow, for a whole scope."""
        return {**self.state.arrived.get(scope, {}), **self.arrived.get(scope, {})}

    # --- Variables ------------------------------------------------------------------------------

    def value(self, scope: int, name: str) -> Any:
        """A variable in sight of a scope; raises `KeyError`."""
        while scope:
            values = self.values.get(scope)
            if values is not None and name in values:
                return values[name]
            values = self.state.values.get(scope)
            if values is not None and name in values:
                return values[name]
            token = self.token(scope)
            scope = 0 if token.called else token.scope
        raise KeyError(name)

    def sight(self, scope: int, more: Mapping[str, Any] | None = None) -> Sight:
        return Sight(self, scope, more)

    def local(self, scope: int) -> dict[str, Any]:
        """The variables of one scope alone."""
        return {**self.state.values.get(scope, {}), **self.values.get(scope, {})}

    def visible(self, scope: int) -> dict[str, Any]:
        """All variables in sight of a scope."""
        found = [self.local(each) for each in self.scopes(scope)]
        return {name: value for values in reversed(found) for name, value in values.items()}

    def scopes(self, scope: int) -> Iterator[int]:
        """A scope and those around it whose variables it sees, innermost first."""
        while scope:
            yield scope
            token = self.token(scope)
            scope = 0 if token.called else token.scope

    def set(self, scope: int, name: str, value: Any) -> None:
        """Give a variable of one scope a value."""
        self.values.setdefault(scope, {})[name] = plain(value)
        self.has_new_values = True

    def assign(self, scope: int, path: tuple[str, ...], value: Any) -> None:
        """Give a variable a value where it is known, or else in the outermost scope; `path` may lead inside."""
        name, home = path[0], scope
        for each in self.scopes(scope):
            home = each
            if name in self.values.get(each, ()) or name in self.state.values.get(each, ()):
                break
        if len(path) > 1:
            try:
                known = self.value(home, name)
            except KeyError:
                known = None
            value = _replaced(known, path[1:], value)
        self.set(home, name, value)

    def assign_all(self, scope: int, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            self.assign(scope, (name,), value)

    # --- Waits ----------------------------------------------------------------------------------

    def wait(self, key: str, wait: Wait) -> None:
        self.unwaited.pop(key, None)
        self.waits[key] = wait
        self.waits_of.setdefault(wait.token, []).append(key)

    def find_wait(self, key: str) -> Wait | None:
        wait = self.waits.get(key)
        if wait is not None:
            return wait
        return None if key in self.unwaited else self.state.waits.get(key)

    def drop_wait(self, key: str) -> None:
        self.waits.pop(key, None)
        known = self.state.waits.get(key)
        if known is not None:
            self.unwaited[key] = known.kind

    def keys_of(self, token: int) -> list[str]:
        """The keys of what a token waits for."""
        keys = [key for key in self.state.waits_of.get(token, ()) if key not in self.unwaited and key not in self.waits]
        return keys + [key for key in self.waits_of.get(token, ()) if key in self.waits]

    def drop_waits(self, token: int) -> None:
        if token in self.waits_of or token in self.state.waits_of:
            for key in self.keys_of(token):
                self.drop_wait(key)

    def condition_keys(self) -> list[str]:
        """The keys of all waits for conditions."""
        known = [key for key in self.state.conditions if key not in self.unwaited and key not in self.waits]
        return known + [key for key, wait in self.waits.items() if wait.kind == "conditional"]

    # --- What could be compensated --------------------------------------------------------------

    def remember(self, scope: int, done: Done) -> None:
        self.done.setdefault(scope, {})[done.id] = done

    def completed(self, scope: int) -> list[Done]:
        """What has completed in a scope and was not compensated, in order."""
        undone = self.undone.get(scope, ())
        known = self.state.done.get(scope, {}) if scope not in self.gone else {}
        return [done for done in [*known.values(), *self.done.get(scope, {}).values()] if done.id not in undone]

    def forget_done(self, scope: int, id: int) -> None:
        if self.done.get(scope, {}).pop(id, None) is None:
            self.undone.setdefault(scope, {})[id] = None

    # --- The outcome ----------------------------------------------------------------------------

    def ran(self, told: str = "") -> Ran:
        """All that has changed, as one decision."""
        changed: dict[str, Any] = {
            "trail": tuple(self.trail),
            "tokens": tuple(self.tokens.values()),
            "gone": tuple(self.gone),
            "values": self.values or NONE,
            "tasks": tuple(self.tasks.values()),
            "counter": self.counter,
            "by": self.by,
            "told": told,
        }
        if not self.is_plain:
            changed |= self._seldom()
        if self.is_over:
            changed |= {"is_over": True, "output": self.output, "failure": self.failure}
        return Ran(**changed) if self.failure is None else self._broke(changed)

    def _seldom(self) -> dict[str, Any]:
        own = self.__dict__
        found = {name: made(value) for name, made in _SELDOM if (value := own.get(name))}
        if done := own.get("done"):
            found["done"] = {scope: tuple(each.values()) for scope, each in done.items() if each}
        if undone := own.get("undone"):
            found["undone"] = {scope: tuple(ids) for scope, ids in undone.items()}
        return found

    def _broke(self, changed: dict[str, Any]) -> Broke:
        """What it would have begun outside is not begun at all."""
        kept = {name: value for name, value in changed.items() if name not in ("tasks", "called")}
        return Broke(**kept, came=self.came, corrected=self.corrected)

    @property
    def root(self) -> Token:
        return self.token(ROOT)


def _replaced(value: Any, path: tuple[str, ...], new: Any) -> Any:
    """A copy of a value with another one at the end of a path."""
    if not path:
        return new
    inside = value if isinstance(value, dict) else {}
    return {**inside, path[0]: _replaced(inside.get(path[0]), path[1:], new)}
