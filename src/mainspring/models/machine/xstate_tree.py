"""The states of an XState configuration: what they are called, and what a target means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mainspring.models.machine.document import DEEP, FINAL, PARALLEL, SHALLOW, STATE
from mainspring.models.yaml_text import Path

LEVELS_MAX = 25
"""Of states in states; what is read from a text cannot be deeper anyway."""


class Node:
    """One state of the configuration."""

    def __init__(self, key: str, value: Mapping[str, Any], path: Path, above: Node | None) -> None:
        self.key = key
        self.value = value
        self.path = path
        self.above = above
        self.inner: dict[str, Node] = {}
        self.id = ""

    @property
    def kind(self) -> str:
        if self.value.get("type") == "history" or "history" in self.value:
            return DEEP if self.value.get("history") == "deep" else SHALLOW
        return {"parallel": PARALLEL, "final": FINAL}.get(str(self.value.get("type")), STATE)

    @property
    def keys(self) -> tuple[str, ...]:
        """From the machine down to it."""
        return () if self.above is None else (*self.above.keys, self.key)

    def is_inside(self, other: Node) -> bool:
        return self.above is not None and (self.above is other or self.above.is_inside(other))

    def all(self) -> Iterator[Node]:
        yield self
        for inner in self.inner.values():
            yield from inner.all()

    def part(self, key: str) -> dict[str, Any]:
        """A part that is an object; that it is something else is told where it is read."""
        value = self.value.get(key, {})
        return value if isinstance(value, dict) else {}


class Tree:
    """All states of one machine."""

    def __init__(self, value: Any, report: Callable[[str, Path], None]) -> None:
        self.report = report
        named = isinstance(value, dict) and isinstance(value.get("id"), str)
        self.root = self.node(value["id"] if named else "machine", value, (), None)
        self.ids = self.give_ids()
        """All that `#` may be followed by."""

    def node(self, key: str, value: Any, path: Path, above: Node | None) -> Node:
        if not isinstance(value, Mapping):
            self.report(f"a state is an object, not {value!r:.40}", path)
            value = {}
        node = Node(key, value, path, above)
        if len(path) > 2 * LEVELS_MAX:
            self.report(f"states are nested deeper than {LEVELS_MAX}", path)
            return node
        if not isinstance(value.get("states", {}), Mapping):
            self.report("`states` is an object from keys to states", (*path, "states"))
        for inner, part in node.part("states").items():
            node.inner[inner] = self.node(inner, part, (*path, "states", inner), node)
        return node

    def give_ids(self) -> dict[str, Node]:
        """Gives each state its id here."""
        nodes = list(self.root.all())
        count = Counter(str(node.value.get("id", node.key)) for node in nodes)
        for node in nodes:
            own = str(node.value.get("id", node.key))
            chosen = own if count[own] == 1 or "id" in node.value else ".".join(node.keys)
            node.id = "_".join(chosen.split()) or "_"
        return {self.full_id(node): node for node in nodes} | {
            ".".join((self.root.key, *node.keys)): node for node in nodes
        }

    def full_id(self, node: Node) -> str:
        """What XState calls it."""
        return str(node.value.get("id") or ".".join((self.root.key, *node.keys)))

    def target(self, node: Node, name: str) -> Node | None:
        """`#id`, `#id.child`, `.child`, or `sibling`, each with a path behind it."""
        if name.startswith("#"):
            known = [id for id in self.ids if name[1:] == id or name[1:].startswith(f"{id}.")]
            if not known:
                return None
            id = max(known, key=len)
            return _down(self.ids[id], name[1 + len(id) :].removeprefix("."))
        if name.startswith("."):
            return _down(node, name[1:])
        return None if node.above is None else _down(node.above, name)


def _down(node: Node, path: str) -> Node | None:
    """A state by the keys that lead to it; a key may hold dots itself."""
    if not path:
        return node
    for key, inner in node.inner.items():
        if path == key or path.startswith(f"{key}."):
            found = _down(inner, path[len(key) + 1 :])
            if found is not None:
                return found
    return None
