"""The definitions that this process knows: stored once by their digest, compiled once, hosted where their code is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from mainspring.errors import BrokenError, DefinitionNotFoundError, HandlerUnknownError
from mainspring.kernel.store import DefinitionRow, Store
from mainspring.models.contract import Deployable, Model, Resolve


class Definition:
    """An immutable, versioned description, compiled where its Python code can be found."""

    __slots__ = ("digest", "id", "missing", "model", "model_name", "name", "plan", "version", "weight", "with_children")

    def __init__(self, row: DefinitionRow) -> None:
        self.id = row.id
        self.model_name = row.model
        self.name = row.name
        self.version = row.version
        self.digest = row.digest
        self.model = cast("Model", None)
        """Never asked where the definition is not hosted; it may not even be there."""
        self.plan: Any = None
        self.weight = 0
        self.with_children = False
        self.missing = ""
        """Why this process does not host it; empty: it does."""


class Definitions:
    """A cache in front of the store's definitions; only ever behind it, so forgetting it is harmless."""

    def __init__(self, models: Mapping[str, Model], resolve: Resolve) -> None:
        self._models = models
        self._resolve = resolve
        self._by_id: dict[int, Definition] = {}
        self._by_digest: dict[str, Definition] = {}
        self.unhosted: list[int] = []
        """Ids of known definitions whose code is not here."""

    def deploy(
        self,
        store: Store,
        deployable: Deployable,
        now: float,
        added: list[tuple[DefinitionRow, Deployable]] | None = None,
    ) -> Definition:
        """The stored definition of this digest, stored now as the next version of its name if it is new.

        `added`: takes in what was new, what it refers to first.
        """
        known = self._by_digest.get(deployable.digest)
        if known is not None:
            return known
        for child in deployable.children:
            self.deploy(store, child, now, added)
        row = store.find_definition(digest=deployable.digest)
        if row is None:
            row = store.add_definition(deployable.model, deployable.name, deployable.digest, deployable.document, now)
            store.put_starts(row, deployable.starts)
            if added is not None:
                added.append((row, deployable))
        return self._compile(row)

    def get(self, store: Store, id: int) -> Definition:
        known = self._by_id.get(id)
        if known is not None:
            return known
        row = store.find_definition(id=id)
        if row is None:
            raise BrokenError(f"an instance refers to definition {id}, which is not in the store")
        return self._compile(row)

    def of_digest(self, store: Store, digest: str) -> Definition:
        known = self._by_digest.get(digest)
        if known is not None:
            return known
        row = store.find_definition(digest=digest)
        if row is None:
            raise DefinitionNotFoundError(f"no definition with digest {digest} has been deployed")
        return self._compile(row)

    def newest(self, store: Store, model: str, name: str) -> Definition:
        """The newest version of a name; always asked of the store, for another process may have deployed one."""
        row = store.find_newest(model, name)
        if row is None:
            raise DefinitionNotFoundError(f"no {model} {name!r} has been deployed in this store")
        return self._by_id.get(row.id) or self._compile(row)

    def forget(self) -> None:
        """Drop all: a turn was rolled back, and with it what it had deployed."""
        self._by_id.clear()
        self._by_digest.clear()
        self.unhosted.clear()

    def forget_unhosted(self) -> None:
        """New handlers may have made them whole."""
        for id in self.unhosted:
            self._by_digest.pop(self._by_id.pop(id).digest)
        self.unhosted.clear()

    def _compile(self, row: DefinitionRow) -> Definition:
        definition = Definition(row)
        try:
            definition.model = model = self._models[row.model]
            definition.plan = plan = model.compile(row.document, self._resolve)
            definition.weight = model.weight(plan)
            definition.with_children = bool(model.children(plan))
        except HandlerUnknownError as error:
            definition.missing = str(error)
        except KeyError:
            definition.missing = f"this mainspring does not have its model {row.model!r}"
        except msgspec.ValidationError as error:
            definition.missing = f"this mainspring does not understand it ({error})"
        if definition.missing:
            self.unhosted.append(row.id)
        self._by_id[row.id] = self._by_digest[row.digest] = definition
        return definition
