"""Errors as people and scripts see them: one sentence on standard error, and an exit code by family.

| exit code | family                                                             |
|-----------|--------------------------------------------------------------------|
| 0         | all is well                                                        |
| 1         | the instance failed or was cancelled; the doctor found something   |
| 2         | invalid: the input, the definition or the command line is wrong    |
| 3         | not found                                                          |
| 4         | denied                                                             |
| 5         | conflict: it makes no sense in the present state                   |
| 6         | unavailable: try again later                                       |
| 7         | broken: a fault of mainspring                                      |
| 130       | interrupted                                                        |
"""

from __future__ import annotations

import sys
from contextlib import suppress

from mainspring.cli.output import Output, OutputLostError, paint
from mainspring.errors import (
    BrokenError,
    DefinitionInvalidError,
    DeniedError,
    MainspringError,
    NotFoundError,
    UnavailableError,
)


def exit_code_of(error: Exception) -> int:
    """The exit code of an error's family; whatever nobody expected is our fault."""
    match error:
        case MainspringError():
            return error.exit_code
        case PermissionError():
            return DeniedError.exit_code
        case FileNotFoundError():
            return NotFoundError.exit_code
        case OSError(filename=str()) | OSError(filename=bytes()):
            return UnavailableError.exit_code
        case _:
            return BrokenError.exit_code


def tell(error: Exception, output: Output) -> None:
    """Say what went wrong."""
    if output.is_json and not isinstance(error, OutputLostError):
        output.json({"error": _as_json(error)})
    with suppress(OSError):  # nobody can be told; the exit code is left
        for line in _lines(error, output):
            print(line, file=sys.stderr)


def _lines(error: Exception, output: Output) -> list[str]:
    head = paint("mainspring:", "failed", output, error=True)
    match error:
        case DefinitionInvalidError():
            count = "1 problem" if len(error.problems) == 1 else f"{len(error.problems)} problems"
            return [f"{head} {error.name} has {count}", *(f"  {problem}" for problem in error.problems)]
        case MainspringError():
            return [f"{head} {error}"]
        case OSError() if exit_code_of(error) != BrokenError.exit_code:
            return [f"{head} {error.filename or 'a file'}: {error.strerror}"]
        case _:
            return [
                f"{head} {type(error).__name__}: {error}",
                "  This should not have happened; please report it, with what --debug shows.",
            ]


def _as_json(error: Exception) -> dict[str, object]:
    described: dict[str, object] = {
        "type": type(error).__name__,
        "message": str(error),
        "exit_code": exit_code_of(error),
    }
    if isinstance(error, DefinitionInvalidError):
        described["problems"] = [{"place": problem.place, "message": problem.message} for problem in error.problems]
    return described
