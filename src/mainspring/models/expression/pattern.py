"""Regular expressions that cannot hang: a machine that never comes to the same place in the same way twice.

Python's `re` tries all ways to divide a text among nested repetitions, and while it does, nothing can stop it: `(a+)+$`
on thirty letters takes minutes. This machine tries them in the same order, but a fork that has once failed at a place
of the text is not tried there again; so a search takes at most (size of the pattern) x (length of the text) steps.
Where a pattern refers back to its groups that is not so, and the steps of the evaluation are the limit
(docs/adr/0302-patterns.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mainspring.models.expression.charsets import variants
from mainspring.models.expression.errors import Fault
from mainspring.models.expression.limits import Budget
from mainspring.models.expression.pattern_parser import (
    DONE,
    END,
    FORK,
    JUMP,
    MOVED,
    ONE,
    SAME,
    SAVE,
    START,
    PatternParser,
    Program,
    absolute,
)

FLAGS = frozenset("smixq")
PATTERNS_KEPT = 256
"""Compiled patterns to keep: an expression uses the same ones again and again."""

Places = tuple[int, ...]


class Pattern:
    """A compiled pattern."""

    __slots__ = ("any_case", "groups", "has_references", "literal", "place_count", "program")

    def __init__(self, pattern: str, flags: frozenset[str]) -> None:
        parser = PatternParser(pattern, flags)
        program = parser.program()
        self.groups = parser.groups
        self.place_count = 2 * parser.groups + 2 + parser.loops
        self.program: Program = absolute(program, self.place_count)
        self.has_references = parser.has_references
        self.any_case = "i" in flags
        self.literal = "q" in flags


class Match:
    """Where a pattern matches, and where its groups do."""

    __slots__ = ("places",)

    def __init__(self, places: Places) -> None:
        self.places = places

    @property
    def start(self) -> int:
        """The place of the first character."""
        return self.places[0]

    @property
    def end(self) -> int:
        """The place behind the last character."""
        return self.places[1]

    def group(self, number: int, text: str) -> str:
        """What a group has matched; nothing if it has not."""
        start, end = self.places[2 * number], self.places[2 * number + 1]
        return text[start:end] if 0 <= start <= end else ""


@lru_cache(maxsize=PATTERNS_KEPT)
def compile_pattern(pattern: str, flags: str) -> Pattern:
    """Compile a pattern; raises Fault when it or its flags are wrong."""
    if not FLAGS.issuperset(flags):
        raise Fault(f"the flags {flags[:20]!r} must be letters of 'smixq'")
    return Pattern(pattern, frozenset(flags))


def find_all(pattern: Pattern, text: str, budget: Budget) -> Iterator[Match]:
    """The matches from left to right, none of which overlap."""
    machine = _Machine(pattern, text, budget)
    place = 0
    while place <= len(text):
        found = machine.search(place)
        if found is None:
            return
        yield found
        place = max(found.end, found.start + 1)


class _Machine:
    """One search through one text."""

    __slots__ = ("budget", "pattern", "seen", "text")

    def __init__(self, pattern: Pattern, text: str, budget: Budget) -> None:
        self.pattern = pattern
        self.text = text
        self.budget = budget
        self.seen: set[object] = set()

    def search(self, start: int) -> Match | None:
        """The first match that starts at this place or behind it."""
        self.seen = set()
        unset = (-1,) * self.pattern.place_count
        for place in range(start, len(self.text) + 1):
            places = self._attempt(place, unset)
            if places is not None:
                return Match((place, *places[1:]))
        return None

    def _attempt(self, start: int, unset: Places) -> Places | None:
        """Try to match from one place; forks that wait are on a stack of our own, so no text is too long for it."""
        waiting: list[tuple[int, int, Places]] = [(0, start, unset)]
        while waiting:
            found = self._follow(*waiting.pop(), waiting)
            if found is not None:
                return found
        return None

    def _follow(self, here: int, place: int, places: Places, waiting: list[tuple[int, int, Places]]) -> Places | None:
        """Follow one way until it succeeds or fails; the other side of each fork waits."""
        program, text, steps = self.pattern.program, self.text, 1
        while True:
            code, first, second, test = program[here]
            steps += 1
            if code == ONE:
                assert test is not None
                if place == len(text) or not test(text[place]):
                    break
                place += 1
                here += 1
            elif code == FORK:
                if self._seen_before(here, place, places):
                    break
                waiting.append((second, place, places))
                here = first
            elif code == JUMP:
                here = first
            elif code == MOVED:
                here = second if places[first] == place else here + 1
            elif code == DONE:
                return (places[0], place, *places[2:])
            else:
                place, places = self._special(code, first, place, places)
                if place < 0:
                    break
                here += 1
        self.budget.spend(steps)
        return None

    def _seen_before(self, here: int, place: int, places: Places) -> bool:
        key = (here, place, places) if self.pattern.has_references else here * (len(self.text) + 1) + place
        if key in self.seen:
            return True
        self.seen.add(key)
        return False

    def _special(self, code: int, operand: int, place: int, places: Places) -> tuple[int, Places]:
        """The instructions that are rare; the place is negative when one fails."""
        if code == SAVE:
            return place, (*places[:operand], place, *places[operand + 1 :])
        if code == SAME:
            return self._repeat(operand, place, places), places
        assert code in (START, END)
        at_edge = _at_start if code == START else _at_end
        return place if at_edge(self.text, place, by_line=bool(operand)) else -1, places

    def _repeat(self, group: int, place: int, places: Places) -> int:
        start, end = places[2 * group], places[2 * group + 1]
        wanted = self.text[start:end] if 0 <= start <= end else ""
        found = self.text[place : place + len(wanted)]
        self.budget.spend(len(wanted) // 16 + 1)
        same = found == wanted or (
            self.pattern.any_case
            and len(found) == len(wanted)
            and all(a in variants(b) for a, b in zip(found, wanted, strict=True))
        )
        return place + len(wanted) if same else -1


def _at_start(text: str, place: int, *, by_line: bool) -> bool:
    """A line starts behind a line feed, unless the text ends there."""
    return place == 0 or (by_line and text[place - 1] == "\n" and place < len(text))


def _at_end(text: str, place: int, *, by_line: bool) -> bool:
    return place == len(text) or (by_line and text[place] == "\n")


def matches_nothing(pattern: Pattern, budget: Budget) -> bool:
    """Whether the pattern matches the empty text; such a pattern can neither replace nor split."""
    return next(find_all(pattern, "", budget), None) is not None


def expand(pattern: Pattern, match: Match, text: str, replacement: str) -> str:
    """A replacement with `$1` for what a group has matched, `\\$` and `\\\\` for the signs themselves."""
    if pattern.literal or not ("$" in replacement or "\\" in replacement):
        return replacement
    pieces: list[str] = []
    place = 0
    while place < len(replacement):
        sign, following = replacement[place], replacement[place + 1 : place + 2]
        if sign == "\\":
            if following not in ("\\", "$"):
                raise Fault("in a replacement, a backslash must stand before a backslash or a $")
            pieces.append(following)
            place += 2
        elif sign == "$":
            group, place = _group_number(replacement, place + 1, pattern.groups)
            pieces.append(match.group(group, text) if group <= pattern.groups else "")
        else:
            pieces.append(sign)
            place += 1
    return "".join(pieces)


def _group_number(replacement: str, place: int, groups: int) -> tuple[int, int]:
    """The longest number that is one of a group, and the place behind it."""
    digits = set("0123456789")
    if replacement[place : place + 1] not in digits:
        raise Fault("in a replacement, a $ must stand before the number of a group")
    number = int(replacement[place])
    place += 1
    while replacement[place : place + 1] in digits and number * 10 + int(replacement[place]) <= groups:
        number = number * 10 + int(replacement[place])
        place += 1
    return number, place
