"""Machines from the configuration of an XState machine (version 5), as `JSON.stringify(machine.config)` gives it.

JSON holds names in place of guards, actions and actors; whoever imports says what they mean (`xstate_names`).  What has
no counterpart here is refused by its name and path, never dropped.  The differences in meaning are settled as follows:

- ids are unique here: a state is called by its `id`, else by its key, else (two have that key) by its path;
- `a` takes `a.b` as well in SCXML, and not there: these machines are `exact`;
- a transition to the state itself, or into it, does not leave it, unless `reenter` says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from msgspec import structs

from mainspring.errors import Problem
from mainspring.models.machine.document import (
    FINAL,
    HISTORIES,
    PARALLEL,
    STATE,
    After,
    Datum,
    Document,
    Done,
    State,
    Transition,
    Value,
    transitions_after,
)
from mainspring.models.machine.xstate_names import Meaning, Names, invoke_id, json_path
from mainspring.models.machine.xstate_tree import Node, Tree
from mainspring.models.yaml_text import Path, Text

_STATE_KEYS = (
    "id", "type", "initial", "states", "on", "always", "after", "entry", "exit", "invoke", "onDone", "output",
    "history", "target", "tags", "meta", "description",
)  # fmt: skip
_ROOT_KEYS = (
    *(key for key in _STATE_KEYS if key not in ("history", "target", "onDone")),
    "context",
    "version",
    "types",
)
_TRANSITION_KEYS = ("target", "guard", "actions", "reenter", "description", "meta")
_OLD = {
    "cond": "version 5 calls it `guard`",
    "internal": "version 5 says `reenter`",
    "in": "version 5 has the guard stateIn; give a named guard",
    "activities": "version 5 has `invoke`",
    "data": "version 5 calls it `output`",
    "predictableActionArguments": "it is of version 4; take it out",
    "schema": "version 5 calls it `types`",
}
_SYSTEM_EVENTS = {"xstate.done.actor.": "done.invoke.", "xstate.error.actor.": "error.invoke."}


def read_xstate(text: Text, meaning: Meaning) -> tuple[Document, Names, list[Problem], dict[str, str]]:
    """The machine, what its names stand for, what is wrong with it, and the places of its parts."""
    reader = _Reader(text, meaning)
    document = reader.document()
    return document, reader.names, [*text.problems, *reader.problems], reader.places


class _Reader:
    def __init__(self, text: Text, meaning: Meaning) -> None:
        self.text = text
        self.problems: list[Problem] = []
        self.places: dict[str, str] = {}
        self.names = Names(meaning, self.report)
        self.tree = Tree(text.value, self.report)
        self.root = self.tree.root

    def report(self, message: str, path: Path) -> None:
        self.problems.append(Problem(message, self.at(path)))

    def at(self, path: Path) -> str:
        return f"{self.text.place(path)}, {json_path(path)}" if self.text.file else json_path(path)

    # --- Structure ----------------------------------------------------------------------------

    def document(self) -> Document:
        root, value = self.root, self.root.value
        if not root.inner:
            self.report("a machine is an object with `states`", ())
        self.check_keys(value, _ROOT_KEYS, ())
        states = {inner.id: self.state(inner) for inner in root.inner.values()}
        initial: tuple[str, ...] = ()
        if root.kind == PARALLEL or any(key in value for key in _ROOT_HAS):
            states = self.wrapped(states)
        elif root.inner:
            initial = self.initial(root)[0]
            states = self.with_output(states)
        context = value.get("context", {})
        if not isinstance(context, dict):
            self.report("`context` is an object of names with their first values", ("context",))
            context = {}
        extra = {key: value[key] for key in ("version", "meta") if key in value}
        return Document(
            machine=root.key,
            states=states,
            initial=initial,
            data=tuple(Datum(name, Value(constant=part)) for name, part in context.items()),
            strict=False,
            exact=True,
            description=str(value.get("description", "")),
            meta=extra or None,
        )

    def with_output(self, states: dict[str, State]) -> dict[str, State]:
        """What the machine has as its output is said by its final states here."""
        if "output" not in self.root.value:
            return states
        done = Done(content=Value(constant=self.root.value["output"]))
        return {id: structs.replace(each, done=done) if each.kind == FINAL else each for id, each in states.items()}

    def wrapped(self, states: dict[str, State]) -> dict[str, State]:
        """A machine has no transitions of its own here, so a state around all others has them."""
        root = self.root
        whole = self.state(root, states)
        ends = [
            node for node in root.all() if node.kind == FINAL and len(node.keys) <= (2 if root.kind == PARALLEL else 1)
        ]
        if not ends:
            return {root.id: whole}
        end = f"{root.id}.done"
        output = root.value.get("output")
        done = Done(content=Value(expression="_event.data") if output is None else Value(constant=output))
        over = Transition(event=f"done.state.{root.id}", target=end)
        return {root.id: structs.replace(whole, on=(*whole.on, over)), end: State(kind=FINAL, done=done)}

    def state(self, node: Node, states: dict[str, State] | None = None) -> State:
        value, path, place = node.value, node.path, f"state {node.id}"
        self.places[place] = self.at(path)
        if node.above is not None:
            self.check_keys(value, _STATE_KEYS, path)
        if states is None:
            states = {inner.id: self.state(inner) for inner in node.inner.values()}
        if node.kind in HISTORIES:
            return self.history(node)
        first, actions = self.initial(node) if node.inner and node.kind == STATE else ((), ())
        ways = list(self.ways(node))
        for number, (_, where) in enumerate(ways, 1):
            self.places[f"{place}, transition {number}"] = self.at(where)
        tags = value.get("tags", ())
        return State(
            kind=node.kind,
            initial=first,
            initial_actions=actions,
            states=states,
            on=tuple(way for way, _ in ways),
            enter=self.names.actions(value.get("entry"), (*path, "entry")),
            exit=self.names.actions(value.get("exit"), (*path, "exit")),
            after=self.after(node),
            invoke=tuple(
                self.names.invoke(invoke_id(self.tree.full_id(node), each, number), each, where)
                for number, (each, where) in enumerate(self.invocations(node))
            ),
            done=Done(content=Value(constant=value["output"])) if node.kind == FINAL and "output" in value else None,
            description=str(value.get("description", "")),
            tags=(tags,) if isinstance(tags, str) else tuple(map(str, tags)),
            meta=value.get("meta"),
        )

    def history(self, node: Node) -> State:
        """Without a target it leads to where the state around it begins."""
        assert node.above is not None
        if "target" in node.value:
            targets = tuple(each.id for each in self.targets(node, node.value["target"], (*node.path, "target")))
        else:
            regions = [inner.id for inner in node.above.inner.values() if inner.kind not in HISTORIES]
            targets = tuple(regions) if node.above.kind == PARALLEL else self.initial(node.above)[0]
        description, meta = str(node.value.get("description", "")), node.value.get("meta")
        return State(kind=node.kind, on=(Transition(target=targets),), description=description, meta=meta)

    def initial(self, node: Node) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        """Where a state begins, and what is done on the way."""
        value, path = node.value.get("initial"), (*node.path, "initial")
        actions: tuple[Any, ...] = ()
        if isinstance(value, dict):
            self.check_keys(value, ("target", "actions"), path)
            actions, value = self.names.actions(value.get("actions"), (*path, "actions")), value.get("target")
        if not isinstance(value, str):
            self.report(f"state {node.key!r} needs `initial`: the key of the state where it begins", path)
            return (), actions
        dotted = value if value.startswith("#") else f".{value.removeprefix('.')}"
        return tuple(each.id for each in self.targets(node, dotted, path)), actions

    # --- Transitions --------------------------------------------------------------------------

    def ways(self, node: Node) -> Iterator[tuple[Transition, Path]]:
        """All transitions of a state but those after a delay, in the order in which they are asked.

        Exact names come before patterns, longer patterns before shorter ones.
        """
        on = node.value.get("on", {})
        if not isinstance(on, dict):
            self.report("`on` is an object from events to transitions", (*node.path, "on"))
            on = {}
        patterns = sorted((event for event in on if event.endswith("*")), key=len, reverse=True)
        yield from self.listed(node, node.value.get("always"), (*node.path, "always"), "")
        for event in on:
            if event not in patterns:
                yield from self.on(node, event)
        yield from self.ends(node)
        for event in patterns:
            yield from self.on(node, event)

    def on(self, node: Node, event: str) -> Iterator[tuple[Transition, Path]]:
        path = (*node.path, "on", event)
        yield from self.listed(node, node.value["on"][event], path, self.event(event, path))

    def ends(self, node: Node) -> Iterator[tuple[Transition, Path]]:
        """What follows from the end of what is inside, and of what is invoked."""
        yield from self.listed(node, node.value.get("onDone"), (*node.path, "onDone"), f"done.state.{node.id}")
        for number, (value, path) in enumerate(self.invocations(node)):
            id = invoke_id(self.tree.full_id(node), value, number)
            for key, event in (("onDone", "done.invoke."), ("onError", "error.invoke.")):
                yield from self.listed(node, value.get(key), (*path, key), f"{event}{id}")

    def event(self, name: str, path: Path) -> str:
        if not name:
            self.report("'' is of version 4; version 5 calls it `always`", path)
        if any(letter.isspace() for letter in name) or "*" in name.removesuffix("*") or name.endswith(("..*", ".")):
            self.report(f"{name!r} is no name of an event, nor a pattern such as '*' or 'pay.*'", path)
        for theirs, ours in _SYSTEM_EVENTS.items():
            if name.startswith(theirs):
                return ours + name.removeprefix(theirs)
        if name.startswith("xstate.done.state."):
            done = self.tree.ids.get(name.removeprefix("xstate.done.state."))
            if done is not None:
                return f"done.state.{done.id}"
        if name.startswith("xstate."):
            self.report(f"event {name!r} of XState has no counterpart", path)
        return name

    def listed(self, node: Node, value: Any, path: Path, event: str) -> Iterator[tuple[Transition, Path]]:
        """A target, a transition, or a list of such."""
        if value is None and path[-1] in node.value.get("on", ()):
            yield Transition(event=event), path  # a forbidden event: it is taken, and nothing is done
            return
        if value is None:
            return
        parts = value if isinstance(value, list) else [value]
        for number, part in enumerate(parts):
            where = (*path, number) if isinstance(value, list) else path
            yield structs.replace(self.transition(node, part, where), event=event), where

    def transition(self, node: Node, value: Any, path: Path) -> Transition:
        if isinstance(value, str):
            value = {"target": value}
        if not isinstance(value, dict):
            self.report(f"a transition is a target or an object, not {value!r:.40}", path)
            return Transition()
        self.check_keys(value, _TRANSITION_KEYS, path)
        targets = self.targets(node, value.get("target"), (*path, "target"))
        actions = self.names.actions(value.get("actions"), (*path, "actions"))
        stays = value.get("reenter") is not True and all(each is node or each.is_inside(node) for each in targets)
        if stays and targets and node.kind == PARALLEL:
            self.report("a parallel state cannot go into itself without being left; say `reenter: true`", path)
        self.check_regions(node, targets, path, stays=stays)
        internal = stays and bool(targets) and bool(node.inner)
        ids = [each.id for each in targets if each is not node or not stays]
        if internal and node in targets and node.kind == STATE:
            first, started = self.initial(node)
            ids, actions = [*ids, *first], (*actions, *started)
        return Transition(
            target=tuple(ids),
            when=self.names.guard(value.get("guard"), (*path, "guard")),
            actions=actions,
            internal=internal,
            description=str(value.get("description", "")),
            meta=value.get("meta"),
        )

    def check_regions(self, node: Node, targets: list[Node], path: Path, *, stays: bool) -> None:
        """From region to region XState stays in the parallel state; SCXML leaves it, which shows in what it does."""
        above = node.above
        while above is not None and not all(each.is_inside(above) for each in targets):
            above = above.above
        if not targets or stays or above is None or above.kind != PARALLEL:
            return
        does = [key for key in ("entry", "exit", "after", "invoke") if key in above.value]
        if does:
            self.report(f"from region to region the parallel state {above.key!r} is left, with its {does[0]!r}", path)

    def targets(self, node: Node, value: Any, path: Path) -> list[Node]:
        names = value if isinstance(value, list) else [] if value is None else [value]
        found = []
        for name in names:
            target = self.tree.target(node, name) if isinstance(name, str) else None
            if target is None:
                close = get_close_matches(str(name).lstrip(".#"), [each.key for each in self.root.all()], 1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                self.report(f"target {name!r} leads to no state: write 'sibling', '.child' or '#id'{hint}", path)
            else:
                found.append(target)
        return found

    def after(self, node: Node) -> dict[str, After]:
        found: dict[str, After] = {}
        after = node.value.get("after", {})
        if not isinstance(after, dict):
            self.report("`after` is an object from delays to transitions", (*node.path, "after"))
            return found
        for key, value in after.items():
            path = (*node.path, "after", key)
            delay = self.names.delay(key, path)
            ways = tuple(way for way, _ in self.listed(node, value, path, ""))
            self.places[f"state {node.id}, after {delay}"] = self.at(path)
            found[delay] = (*transitions_after(found.get(delay, ())), *ways)
        return found

    def invocations(self, node: Node) -> list[tuple[dict[str, Any], Path]]:
        value = node.value.get("invoke")
        parts = value if isinstance(value, list) else [] if value is None else [value]
        path = (*node.path, "invoke")
        found = [(part, (*path, number) if isinstance(value, list) else path) for number, part in enumerate(parts)]
        return [(part if isinstance(part, dict) else {"src": part}, where) for part, where in found]

    def check_keys(self, value: Mapping[str, Any], known: tuple[str, ...], path: Path) -> None:
        for key in value:
            if key not in known:
                close = get_close_matches(key, known, 1)
                hint = _OLD.get(key) or (f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}")
                self.report(f"{key!r} has no counterpart; {hint}", (*path, key))


_ROOT_HAS = ("on", "always", "after", "entry", "exit", "invoke", "tags")
"""What only a state can have here."""
