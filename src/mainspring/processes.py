"""Business processes as users hold them: read from a file, or built in Python."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mainspring.errors import DefinitionInvalidError, HandlerUnknownError, Problem
from mainspring.models.process.builder import Process as Built
from mainspring.models.process.definition import Startable
from mainspring.models.process.document import FEEL
from mainspring.runtime.handlers import find_object

Functions = Mapping[str, Callable[..., Any]]


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
        try:
            text = Path(path).read_bytes()
        except OSError as error:
            raise DefinitionInvalidError(file, [Problem(f"cannot be read: {error.strerror}", file)]) from None
        made = cls.of_bpmn(text, id=id, file=file, handlers=handlers, scripts=scripts, language=language, uses=uses)
        assert isinstance(made, Process), "of_bpmn makes one of its own class"
        return made

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
