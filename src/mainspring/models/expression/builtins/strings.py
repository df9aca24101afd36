"""String functions (section 10.3.4.3); a character is a code point, and positions count from 1."""

from __future__ import annotations

from mainspring.models.expression.decimals import Number, integer
from mainspring.models.expression.errors import Fault
from mainspring.models.expression.pattern import Pattern, compile_pattern, expand, find_all, matches_nothing
from mainspring.models.expression.runtime import Run
from mainspring.models.expression.standard import adopt
from mainspring.models.expression.values import describe_kind

PATTERN_STEPS = 20
"""What compiling a pattern costs besides its characters."""


def substring(string: str, position: Number, length: Number | None = None) -> str:
    """So many characters from a position on; a negative position counts from the end."""
    place = integer(position, "the start position")
    if place == 0 or abs(place) > len(string):
        raise Fault(f"the string has {len(string)} characters, so none at {place}")
    start = place - 1 if place > 0 else len(string) + place
    if length is None:
        return string[start:]
    count = integer(length, "the length")
    if count < 1:
        raise Fault("the length must be 1 or more")
    return string[start : start + count]


def before(string: str, match: str) -> str:
    """What stands before the first match; nothing where there is none."""
    return string.partition(match)[0] if match and match in string else ""


def after(string: str, match: str) -> str:
    """What stands behind the first match; nothing where there is none."""
    return string.partition(match)[2] if match else string


def matches(run: Run, input_: str, pattern: str, flags: str | None = None) -> bool:
    """Whether the pattern matches some part of the input."""
    run.spend(_reading_steps(pattern))
    compiled = compile_pattern(pattern, flags or "")
    return next(find_all(compiled, input_, run), None) is not None


def _reading_steps(pattern: str) -> int:
    """What compiling a pattern costs. One that is known already costs as much: what an evaluation may do must not
    depend on what others did before it."""
    return PATTERN_STEPS + 2 * len(pattern)


def replace(run: Run, input_: str, pattern: str, replacement: str, flags: str | None = None) -> str:
    """The input with each match replaced (XQuery and XPath Functions 3.1, section 5.6.4)."""
    compiled = _consuming(pattern, flags or "", run)
    pieces: list[str] = []
    end = length = 0
    for found in find_all(compiled, input_, run):
        pieces += (input_[end : found.start], expand(compiled, found, input_, replacement))
        length += len(pieces[-2]) + len(pieces[-1])
        end = found.end
        if length > run.limits.string_max:
            break
    run.write(length + len(input_) - end)
    return "".join((*pieces, input_[end:]))


def _consuming(pattern: str, flags: str, run: Run) -> Pattern:
    """A compiled pattern that matches at least one character."""
    run.spend(_reading_steps(pattern))
    compiled = compile_pattern(pattern, flags)
    if matches_nothing(compiled, run):
        raise Fault("the pattern also matches nothing at all, so it can neither replace nor split")
    return compiled


def split(run: Run, string: str, delimiter: str) -> list[str]:
    """The parts between the matches of a pattern."""
    parts: list[str] = []
    end = 0
    for found in find_all(_consuming(delimiter, "", run), string, run):
        parts.append(string[end : found.start])
        end = found.end
    return [*parts, string[end:]]


def join(run: Run, items: list[object], delimiter: str | None = None) -> str:
    """The strings of a list one after the other; null is left out."""
    strings: list[str] = []
    length = 0
    for item in map(adopt, items):
        if item is None:
            continue
        if not isinstance(item, str):
            raise Fault(f"only strings can be joined, not {describe_kind(item)}")
        strings.append(item)
        length += len(item) + len(delimiter or "")
    run.write(length)
    return (delimiter or "").join(strings)


FUNCTIONS: Table = {
    "substring": (("string: string, start position: number, length?: number", substring, False),),
    "string length": (("string: string", len, False),),
    "upper case": (("string: string", str.upper, False),),
    "lower case": (("string: string", str.lower, False),),
    "substring before": (("string: string, match: string", before, False),),
    "substring after": (("string: string, match: string", after, False),),
    "contains": (("string: string, match: string", lambda string, match: match in string, False),),
    "starts with": (("string: string, match: string", str.startswith, False),),
    "ends with": (("string: string, match: string", str.endswith, False),),
    "matches": (("input: string, pattern: string, flags?: string?", matches, True),),
    "replace": (("input: string, pattern: string, replacement: string, flags?: string?", replace, True),),
    "split": (("string: string, delimiter: string", split, True),),
    "string join": (("list: list, delimiter?: string?", join, True),),
}


TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from mainspring.models.expression.functions import Table
