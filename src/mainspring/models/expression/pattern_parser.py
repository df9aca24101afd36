"""Regular expressions of XPath to a small program (XPath Functions 3.1, section 5.6; XML Schema, appendix G).

The program is a list of instructions for `pattern.py`: test a character, fork, jump, remember a place, compare. A
repetition with counts is written out, so its size is limited.
"""

from __future__ import annotations

from mainspring.models.expression import charsets
from mainspring.models.expression.charsets import CLASSES, CharacterSet
from mainspring.models.expression.errors import Fault

ONE, FORK, JUMP, SAVE, MOVED, START, END, SAME, DONE = range(9)
"""Instructions: one character of a set; go on at either of two places, the first preferred; go on elsewhere; note the
place; go on elsewhere unless the place has moved since; be at a start, at an end; repeat what a group has matched;
succeed."""

INSTRUCTIONS_MAX = 5_000
"""Instructions of a program; `{1000}` of five characters."""
PATTERN_MAX = 10_000
"""Characters of a pattern."""
NESTED_MAX = 50
"""Groups in groups."""
ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
QUANTIFIERS: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
LITERAL_ESCAPES = frozenset("\\|.-^?*+{}()[]$")
SPECIAL = frozenset("\\?*+{}()[]|")
SPACES = frozenset("\t\n\r ")

Instruction = tuple[int, int, int, CharacterSet | None]
Program = list[Instruction]


class PatternParser:
    """Reads one pattern and writes its program, in one pass."""

    def __init__(self, pattern: str, flags: frozenset[str]) -> None:
        if len(pattern) > PATTERN_MAX:
            raise Fault(f"the pattern has more than {PATTERN_MAX} characters")
        self.pattern = _without_spaces(pattern) if "x" in flags and "q" not in flags else pattern
        self.flags = flags
        self.any_case = "i" in flags
        self.place = 0
        self.groups = 0
        self.closed: set[int] = set()
        self.has_references = False
        self.loops = 0
        self.nested = 0

    def program(self) -> Program:
        """The program of the whole pattern."""
        if "q" in self.flags:
            program = [self._single(character) for character in self.pattern]
        else:
            program = self._alternatives()
            if self.place < len(self.pattern):
                raise self._wrong("an unmatched ')'")
        return [*program, (DONE, 0, 0, None)]

    def _sees(self, text: str) -> bool:
        return self.pattern.startswith(text, self.place)

    def _accept(self, text: str) -> bool:
        if self._sees(text):
            self.place += len(text)
            return True
        return False

    def _next(self) -> str:
        """The next character, moved past; nothing at the end."""
        self.place += 1
        return self.pattern[self.place - 1 : self.place]

    def _wrong(self, what: str) -> Fault:
        return Fault(f"the pattern has {what} at its character {min(self.place, len(self.pattern))}")

    def _checked(self, program: Program) -> Program:
        if len(program) > INSTRUCTIONS_MAX:
            raise Fault("the pattern is too large once its repetitions are written out")
        return program

    # --- Structure. Programs are relative: a fork or jump says how far to go from where it stands.

    def _alternatives(self) -> Program:
        """`a|b`: a fork before each alternative but the last, a jump behind it."""
        branches = [self._sequence()]
        while self._accept("|"):
            branches.append(self._sequence())
        program = branches.pop()
        for branch in reversed(branches):
            program = [
                (FORK, 1, len(branch) + 2, None),
                *branch,
                (JUMP, len(program) + 1, 0, None),
                *program,
            ]
            self._checked(program)
        return program

    def _sequence(self) -> Program:
        program: Program = []
        while self.place < len(self.pattern) and not self._sees("|") and not self._sees(")"):
            program += self._repeated(self._atom())
            self._checked(program)
        return program

    def _repeated(self, atom: Program) -> Program:
        """An atom with its quantifier."""
        least, most = self._quantifier()
        if (least, most) == (1, 1):
            return atom
        greedy = not self._accept("?")
        if self._sees("?") or self._sees("*") or self._sees("+"):
            raise self._wrong("a quantifier behind a quantifier")
        if max(least, most or 0) * len(atom) > INSTRUCTIONS_MAX:
            self._checked([*atom] * (max(least, most or 0)))
        program = atom * least
        if most is None:
            return [*program, *self._loop(atom, greedy=greedy)]
        optional: Program = []
        for _each in range(most - least):
            optional = [_fork(1, len(atom) + len(optional) + 1, greedy=greedy), *atom, *optional]
        return program + optional

    def _loop(self, atom: Program, *, greedy: bool) -> Program:
        """An atom again and again; a pass that moves nothing is the last one."""
        if len(atom) > 1:
            self.loops += 1
            atom = [(SAVE, -self.loops, 0, None), *atom, (MOVED, -self.loops, 2, None)]
        return [_fork(1, len(atom) + 2, greedy=greedy), *atom, (JUMP, -len(atom) - 1, 0, None)]

    def _quantifier(self) -> tuple[int, int | None]:
        for sign, fixed in QUANTIFIERS.items():
            if self._accept(sign):
                return fixed
        if not self._accept("{"):
            return 1, 1
        text, has_end, _ = self.pattern[self.place :].partition("}")
        least, has_comma, most = text.partition(",")
        if not has_end or not _is_count(least) or (most and not _is_count(most)):
            raise self._wrong("a repetition other than {2}, {2,} or {2,5}")
        self.place += len(text) + 1
        counts = int(least), (int(most) if most else None) if has_comma else int(least)
        if counts[1] is not None and counts[1] < counts[0]:
            raise self._wrong("a repetition whose end is less than its start")
        return counts

    def _atom(self) -> Program:
        character = self._next()
        if character == "(":
            return self._group()
        if character == "[":
            return [(ONE, 0, 0, self._class())]
        if character == "\\":
            return self._escape()
        if character in SPECIAL:
            raise self._wrong(f"an unexpected '{character}'")
        if character in "^$":
            return [(START if character == "^" else END, "m" in self.flags, 0, None)]
        if character == ".":
            return [(ONE, 0, 0, _anything if "s" in self.flags else _in_line)]
        return [self._single(character)]

    def _single(self, character: str) -> Instruction:
        return ONE, 0, 0, charsets.single(character, any_case=self.any_case)

    def _group(self) -> Program:
        """`(…)` or `(?:…)`; its closing parenthesis must follow."""
        self.nested += 1
        if self.nested > NESTED_MAX:
            raise Fault(f"the pattern has groups more than {NESTED_MAX} deep")
        group = 0
        if not self._accept("?:"):
            self.groups += 1
            group = self.groups
        program = self._alternatives()
        if not self._accept(")"):
            raise self._wrong("a group that is not closed")
        self.nested -= 1
        if not group:
            return program
        self.closed.add(group)
        return [(SAVE, 2 * group, 0, None), *program, (SAVE, 2 * group + 1, 0, None)]

    # --- Characters

    def _escape(self) -> Program:
        """A backslash outside of a class: a set of characters, or a group again."""
        following = self.pattern[self.place : self.place + 1]
        if not following.isdigit() or not following.isascii():
            return [(ONE, 0, 0, self._escaped_set())]
        self.place += 1
        group = int(following)
        while self.pattern[self.place : self.place + 1] in set("0123456789"):
            longer = group * 10 + int(self.pattern[self.place])
            if longer > self.groups:
                break
            group = longer
            self.place += 1
        if group not in self.closed:
            raise self._wrong(f"a reference to group {group}, which does not end before it")
        self.has_references = True
        return [(SAME, group, 0, None)]

    def _escaped_set(self) -> CharacterSet:
        """The set that a backslash and what follows stand for."""
        letter = self._next()
        if letter in ("p", "P"):
            name, has_end, _ = self.pattern[self.place :].partition("}")
            if not name.startswith("{") or not has_end:
                raise self._wrong(f"a '\\{letter}' without a name in braces")
            self.place += len(name) + 1
            found = charsets.named(name[1:])
            return charsets.none_of(found) if letter == "P" else found
        if letter and letter.lower() in CLASSES:
            return CLASSES[letter] if letter in CLASSES else charsets.none_of(CLASSES[letter.lower()])
        return charsets.single(self._escaped(letter), any_case=self.any_case)

    def _escaped(self, letter: str) -> str:
        if letter in ESCAPED:
            return ESCAPED[letter]
        if letter and letter in LITERAL_ESCAPES:
            return letter
        raise self._wrong(f"'\\{letter}', which has no meaning,")

    def _class(self) -> CharacterSet:
        """`[…]`, after its opening bracket; a subtraction comes last."""
        self.nested += 1
        if self.nested > NESTED_MAX:
            raise Fault(f"the pattern has classes more than {NESTED_MAX} deep")
        negated = self._accept("^")
        sets: list[CharacterSet] = []
        excluded: CharacterSet | None = None
        while not self._accept("]"):
            if self._accept("-["):
                excluded = self._class()
                if not self._sees("]"):
                    raise self._wrong("something behind the subtraction of a class")
                continue
            sets.append(self._class_item())
        if not sets:
            raise self._wrong("an empty class")
        self.nested -= 1
        found = charsets.any_of(sets)
        found = charsets.none_of(found) if negated else found
        return found if excluded is None else charsets.without(found, excluded)

    def _class_item(self) -> CharacterSet:
        """A character, a range or an escape inside a class."""
        character = self._next()
        if not character or character == "[":
            raise self._wrong("a class that is not closed" if not character else "an unexpected '['")
        if character == "\\":
            if self.pattern[self.place : self.place + 1] not in ESCAPED.keys() | LITERAL_ESCAPES:
                return self._escaped_set()
            character = self._escaped(self._next())
        if not self._sees("-") or self._sees("-]") or self._sees("-["):
            return charsets.single(character, any_case=self.any_case)
        self.place += 1
        last = self._next()
        if last == "\\":
            last = self._escaped(self._next())
        if not last or last < character:
            raise self._wrong("a range that ends before it starts")
        return charsets.of_range(character, last, any_case=self.any_case)


def _fork(onward: int, away: int, *, greedy: bool) -> Instruction:
    return (FORK, onward, away, None) if greedy else (FORK, away, onward, None)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4


def _anything(_: str) -> bool:
    return True


def _in_line(character: str) -> bool:
    return character not in "\n\r"


def _without_spaces(pattern: str) -> str:
    """The pattern as the flag x reads it: no white space outside of classes."""
    kept: list[str] = []
    depth, escaped = 0, False
    for character in pattern:
        if character in SPACES and not depth:
            continue
        kept.append(character)
        if not escaped and character in "[]":
            depth = max(0, depth + (1 if character == "[" else -1))
        escaped = character == "\\" and not escaped
    return "".join(kept)


def absolute(program: Program, place_count: int) -> Program:
    """The program with places instead of distances, which the machine would have to add up at every step.

    The places that loops note have negative numbers, which count from the end of all the places that are noted.
    """
    return [_absolute(instruction, here, place_count) for here, instruction in enumerate(program)]


def _absolute(instruction: Instruction, here: int, place_count: int) -> Instruction:
    code, first, second, test = instruction
    if code in (FORK, JUMP):
        return code, here + first, here + second, test
    if code in (SAVE, MOVED):
        return code, first % place_count, here + second, test
    return instruction
