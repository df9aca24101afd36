"""Business processes as users hold them: read from a file, or built in Python."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from mainspring.errors import DefinitionInvalidError, HandlerUnknownError, Problem
from mainspring.models.contract import Deployable
from mainspring.models.process.builder import Process as Built
from mainspring.models.process.definition import Startable
from mainspring.models.process.document import FEEL, TEXT
from mainspring.models.process.game.tasks import called
from mainspring.models.process.plan import Vertex
from mainspring.runtime.collector import uncollected
from mainspring.runtime.handlers import find_object
from mainspring.runtime.presence import absence_of

Functions = Mapping[str, Callable[..., Any]]
PATH_SHOWN_MAX = 200


class Process(Built):
    """A business process by BPMN 2.0: `Process.from_bpmn("claim.bpmn")`, or `Process("claim").start("s")…`."""

    @classmethod
    def from_bpmn(
        cls,
        path: str | os.PathLike[str],
        *,
        id: str | None = None,
        handlers: Functions | None = None,
        scripts: Functions | None = None,
        language: str = FEEL,
        uses: tuple[Startable, ...] = (),
    ) -> Process:
        """The process of a BPMN 2.0 file; what the arguments mean is told at `of_bpmn`.

        Raises `DefinitionInvalidError` with all that is wrong, and where.
        """
        file = os.fspath(path)
        if str(file).lstrip("\ufeff \r\n\t").startswith("<"):
            raise DefinitionInvalidError("?", [Problem("is the text of a file, not its path; `of_bpmn` takes that")])
        try:
            text = Path(path).read_bytes()
        except (OSError, ValueError) as error:
            shown = f"{file:.{PATH_SHOWN_MAX}}"
            reason = getattr(error, "strerror", None) or str(error)
            raise DefinitionInvalidError(shown, [Problem(f"cannot be read: {reason}", shown)]) from None
        with uncollected():
            made = cls.of_bpmn(text, id=id, file=file, handlers=handlers, scripts=scripts, language=language, uses=uses)
        assert isinstance(made, Process), "of_bpmn makes one of its own class"
        return made

    def deployable(self) -> Deployable:
        with uncollected():
            return super().deployable()

    def absent(self, deployed: Collection[tuple[str, str]]) -> list[Problem]:
        """What it names and is not here: handlers, as far as files tell without importing them, and definitions.

        `deployed`: models and names of those that are.  A worker may have the handler, and a definition may be deployed
        later; so this is told, and no reason to refuse it.
        """
        return [*self._absent_handlers(), *self._absent_calls(deployed)]

    def _absent_handlers(self) -> Iterator[Problem]:
        for vertex in self.plan.vertices.values():
            name = "" if vertex.spec is None else vertex.spec.handler
            missing = absence_of(name) if ":" in name and name not in self.handlers else ""
            if missing:
                yield Problem(f"{vertex.id!r}: handler {name!r}: {missing}; a worker must have it", self._at(vertex))

    def _absent_calls(self, deployed: Collection[tuple[str, str]]) -> Iterator[Problem]:
        beside = {("process", name) for name in (self.name, *self.siblings, *self.plan.areas)}
        for vertex in self.plan.vertices.values():
            call = vertex.node.call
            if call is None or call.element.language != TEXT:
                continue
            model, name = called(call.element.text)
            if (model, name) not in beside and (model, name) not in deployed:
                what = f"{vertex.id!r} calls {model} {name!r}, which has not been deployed"
                yield Problem(f"{what}; until it is, there will be an incident", self._at(vertex))

    def _at(self, vertex: Vertex) -> str:
        return f"{self.file}:{vertex.node.line}" if vertex.node.line else ""

    def missing_handlers(self) -> list[HandlerUnknownError]:
        """Handlers named as `module:function` that cannot be imported here; other names may be known to some worker."""
        names = {vertex.spec.handler for vertex in self.plan.vertices.values() if vertex.spec is not None}
        found = []
        for name in sorted(name for name in names if ":" in name and name not in self.handlers):
            try:
                find_object(name)
            except HandlerUnknownError as error:
                found.append(error)
        return found
