"""Text to tokens: words, numbers, strings and signs of FEEL (DMN 1.5, section 10.3.1.2, rules 26 to 66).

A word here is a name without spaces and signs; which words make up one name is for the parser to say, for it knows the
names in scope. Written by hand: `re` alone would cost two thirds of the import time that the package allows itself.
"""

from __future__ import annotations

from bisect import bisect_right

from mainspring.models.expression.errors import ExpressionSyntaxError

SPACES = frozenset(
    "\t\n\v\f\r \x85\xa0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
)
DIGITS = frozenset("0123456789")
HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
WORD_START = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_?")
WORD_PART = WORD_START | DIGITS
SIGNS_OF_TWO = frozenset(("**", "..", "<=", ">=", "!=", "->"))
SIGNS_OF_ONE = frozenset("+-*/()[]{},:.<>='")
LINE_ENDS = frozenset("\n\v\f\r\x85\u2028\u2029")
ESCAPES = {"'": "'", '"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
HINTS = {
    "&": "FEEL writes 'and'",
    "|": "FEEL writes 'or'",
    "!": "FEEL writes 'not(…)'",
    "%": "FEEL writes 'modulo(a, b)'",
    "$": "'${…}' is an expression of the language 'juel'",
    "#": "'#{…}' is an expression of the language 'juel'",
}
"""What people mean who come from other languages."""

# Rules 28 and 29 beyond ASCII: each pair of numbers is the first character of a range and the first after it.
_START = (
    *(0xC0, 0xD7, 0xD8, 0xF7, 0xF8, 0x300, 0x370, 0x37E, 0x37F, 0x2000, 0x200C, 0x200E, 0x2070, 0x2190),
    *(0x2C00, 0x2FF0, 0x3001, 0xD800, 0xF900, 0xFDD0, 0xFDF0, 0xFFFE, 0x10000, 0xF0000),
)
_PART = (*(0xB7, 0xB8, 0x300, 0x370, 0x203F, 0x2041),)

Token = tuple[str, str, int, int]
"""What it is (word, number, string, at, sign or end), what it says, where it starts and where it ends."""


def tokenize(text: str) -> list[Token]:
    """Split a text into tokens, the last of them the end; raises ExpressionSyntaxError."""
    tokens: list[Token] = []
    place, length = 0, len(text)
    while place < length:
        character = text[place]
        if character in SPACES:
            place += 1
        elif character in WORD_START or (character > "\x7f" and _within(_START, character)):
            end = _word_end(text, place + 1)
            tokens.append(("word", text[place:end], place, end))
            place = end
        elif character == "/" and text[place + 1 : place + 2] in ("/", "*"):
            place = _comment_end(text, place)
        else:
            token = _other(text, place)
            tokens.append(token)
            place = token[3]
    tokens.append(("end", "", length, length))
    return tokens


def _other(text: str, place: int) -> Token:
    """The token that starts here and is not a word."""
    character, pair = text[place], text[place : place + 2]
    if character in DIGITS or (character == "." and pair[1:] in DIGITS):
        end = number_end(text, place)
        return "number", text[place:end], place, end
    if pair in SIGNS_OF_TWO:
        return "sign", pair, place, place + 2
    if character in SIGNS_OF_ONE:
        return "sign", character, place, place + 1
    if character == '"':
        value, end = read_string(text, place)
        return "string", value, place, end
    if pair == '@"':
        value, end = read_string(text, place + 1)
        return "at", value, place, end
    hint = HINTS.get(character)
    said = f"the character {character!r} has no meaning here" + (f"; {hint}" if hint else "")
    raise ExpressionSyntaxError(said, text, place)


def is_word(text: str) -> bool:
    """Whether a text is one word."""
    first = text[:1]
    starts = first in WORD_START or (first > "\x7f" and _within(_START, first))
    return bool(first) and starts and _word_end(text, 1) == len(text)


def _within(ranges: tuple[int, ...], character: str) -> bool:
    return bisect_right(ranges, ord(character)) % 2 == 1


def _word_end(text: str, place: int) -> int:
    length = len(text)
    while place < length:
        character = text[place]
        if character not in WORD_PART and (
            character < "\x80" or not (_within(_START, character) or _within(_PART, character))
        ):
            break
        place += 1
    return place


def number_end(text: str, place: int) -> int:
    """A number takes a point only when a digit follows, so that `1..2` is a range."""
    place = _digits_end(text, place)
    if text[place : place + 1] == "." and text[place + 1 : place + 2] in DIGITS:
        place = _digits_end(text, place + 1)
    if text[place : place + 1] in ("e", "E"):
        exponent = place + 2 if text[place + 1 : place + 2] in ("+", "-") else place + 1
        if text[exponent : exponent + 1] in DIGITS:
            place = _digits_end(text, exponent)
    return place


def _digits_end(text: str, place: int) -> int:
    length = len(text)
    while place < length and text[place] in DIGITS:
        place += 1
    return place


def _comment_end(text: str, place: int) -> int:
    if text[place + 1] == "/":
        end = place + 2
        while end < len(text) and text[end] not in LINE_ENDS:
            end += 1
        return end
    end = text.find("*/", place + 2)
    if end < 0:
        raise ExpressionSyntaxError("this comment is not closed; expected '*/'", text, place)
    return end + 2


def read_string(text: str, start: int) -> tuple[str, int]:
    """Read the string literal that starts here: its value, and the place behind it."""
    pieces: list[str] = []
    place = start + 1
    while True:
        end = place
        while end < len(text) and text[end] not in '"\\' and text[end] not in LINE_ENDS:
            end += 1
        pieces.append(text[place:end])
        if end == len(text) or text[end] in LINE_ENDS:
            raise ExpressionSyntaxError("this string is not closed; expected '\"' in the same line", text, start)
        if text[end] == '"':
            return _joined(pieces, text, start), end + 1
        value, place = _escape(text, end)
        pieces.append(value)


def _escape(text: str, place: int) -> tuple[str, int]:
    """One escape sequence; what is none (`\\d` of a pattern) stands for itself."""
    sign = text[place + 1 : place + 2]
    if sign in ("u", "U"):
        end = place + (6 if sign == "u" else 8)
        digits = text[place + 2 : end]
        if len(digits) != end - place - 2 or not HEX_DIGITS.issuperset(digits) or int(digits, 16) > 0x10FFFF:
            raise ExpressionSyntaxError(f"\\{sign} needs {end - place - 2} hexadecimal digits", text, place)
        return chr(int(digits, 16)), end
    if sign in ESCAPES:
        return ESCAPES[sign], place + 2
    return "\\", place + 1


def _joined(pieces: list[str], text: str, start: int) -> str:
    """Put a string together; two escaped halves of a character become one."""
    value = "".join(pieces)
    if not any("\ud800" <= character <= "\udfff" for character in value):
        return value
    try:
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise ExpressionSyntaxError("this string holds half of a character (a lone surrogate)", text, start) from None
