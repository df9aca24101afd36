"""Sets of characters of a pattern: single ones, ranges, classes, what remains when one is taken from another."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from unicodedata import category

from mainspring.models.expression.blocks import blocks
from mainspring.models.expression.errors import Fault

CharacterSet = Callable[[str], bool]

CATEGORIES = frozenset(
    (
        *("L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe"),
        *("Pi", "Pf", "Po", "Z", "Zs", "Zl", "Zp", "S", "Sm", "Sc", "Sk", "So", "C", "Cc", "Cf", "Co", "Cn"),
    )
)
# Letters whose other case is written by more than one character; Python's own methods find only one of them.
_VARIANTS = ("kK\u212a", "sS\u017f", "\xe5\xc5\u212b", "\u03c9\u03a9\u2126", "\u03bc\u039c\xb5", "\u03c3\u03a3\u03c2",
             "\u03b8\u0398\u03d1\u03f4", "\u03b2\u0392\u03d0", "\u03b5\u0395\u03f5", "\u03ba\u039a\u03f0",
             "\u03c0\u03a0\u03d6", "\u03c1\u03a1\u03f1", "\u03c6\u03a6\u03d5")  # fmt: skip
_MORE_VARIANTS = {character: group for group in _VARIANTS for character in group}

# NameStartChar and the further NameChar of XML 1.0: each pair is the first character of a range and the first after it.
_NAME_START = (
    *(0x3A, 0x3B, 0x41, 0x5B, 0x5F, 0x60, 0x61, 0x7B, 0xC0, 0xD7, 0xD8, 0xF7, 0xF8, 0x300, 0x370, 0x37E),
    *(0x37F, 0x2000, 0x200C, 0x200E, 0x2070, 0x2190, 0x2C00, 0x2FF0, 0x3001, 0xD800, 0xF900, 0xFDD0),
    *(0xFDF0, 0xFFFE, 0x10000, 0xF0000),
)
_NAME_MORE = (0x2D, 0x2F, 0x30, 0x3A, 0xB7, 0xB8, 0x300, 0x370, 0x203F, 0x2041)


def _in(ranges: tuple[int, ...], character: str) -> bool:
    return bisect_right(ranges, ord(character)) % 2 == 1


def single(wanted: str, *, any_case: bool) -> CharacterSet:
    """One character, in either case if wanted."""
    return of_range(wanted, wanted, any_case=any_case)


def of_range(first: str, last: str, *, any_case: bool) -> CharacterSet:
    """The characters from one to another."""
    if any_case:
        return lambda character: any(first <= variant <= last for variant in variants(character))
    return lambda character: first <= character <= last


def variants(character: str) -> set[str]:
    """A character in all its cases."""
    found = {character, *_MORE_VARIANTS.get(character, "")}
    return found | {form for form in (character.lower(), character.upper(), character.title()) if len(form) == 1}


def any_of(sets: list[CharacterSet]) -> CharacterSet:
    """What is in one of the sets."""
    return sets[0] if len(sets) == 1 else lambda character: any(each(character) for each in sets)


def none_of(excluded: CharacterSet) -> CharacterSet:
    """What is not in the set."""
    return lambda character: not excluded(character)


def without(included: CharacterSet, excluded: CharacterSet) -> CharacterSet:
    """What is in the first set and not in the second."""
    return lambda character: included(character) and not excluded(character)


def named(name: str) -> CharacterSet:
    """A general category, or a block after `Is`."""
    if name in CATEGORIES:
        return lambda character: category(character).startswith(name)
    block = blocks().get(name.removeprefix("Is")) if name.startswith("Is") else None
    if block is None:
        raise Fault(f"the pattern names {name[:40]!r}, which is neither a category nor a block of characters")
    return of_range(*block, any_case=False)


CLASSES: dict[str, CharacterSet] = {
    "s": lambda character: character in " \t\n\r",
    "d": lambda character: category(character) == "Nd",
    "w": lambda character: category(character)[0] not in "PZC",
    "i": lambda character: _in(_NAME_START, character),
    "c": lambda character: _in(_NAME_START, character) or _in(_NAME_MORE, character),
}
"""What the letters after a backslash stand for; their capitals stand for all else."""
