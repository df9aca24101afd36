"""Which words and signs make up one name (DMN 1.5, section 10.3.1.3 and rules 25 to 30).

A name may hold spaces, keywords and the signs `. / - ' + *`. Words side by side can only be one name, for nothing else
puts two words next to each other; so `first name` needs no declaration. A name with a keyword or a sign in it
(`profit and loss`, `a-b`) means something else as well, and is taken for a name only where it is known to be one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from mainspring.models.expression.errors import ExpressionSyntaxError
from mainspring.models.expression.lexer import DIGITS, Token, is_word, tokenize

KEYWORDS = frozenset(
    (
        *("and", "between", "else", "every", "false", "for", "function", "if", "in"),
        *("null", "or", "return", "satisfies", "some", "then", "true"),
    )
)
NAME_SIGNS = frozenset(".-/+*'")
CALLED_BY_KEYWORDS = (("date", "and", "time"), ("years", "and", "months", "duration"))
"""Built-in functions whose names hold a keyword: names only where an argument list follows."""

Words = tuple[str, ...]


class Scope:
    """The names with keywords or signs that are known at a place of the text."""

    __slots__ = ("keys", "known")

    def __init__(self, names: tuple[str, ...] = ()) -> None:
        self.known: list[tuple[Words, str]] = []
        self.keys: list[tuple[Words, str]] = []
        """Those of the contexts that are written in the text and closed: from then on names behind a point."""
        for name in names:
            self.declare(name)

    def declare(self, name: str) -> None:
        """Make a name known from here on; a plain one needs nothing."""
        if is_plain(name):
            return
        words = words_of(name)
        if words:
            self.known.append((words, name))

    def find(self, tokens: list[Token], place: int) -> tuple[str, int]:
        """The longest known name that starts here and its count of tokens, or an empty name and 0."""
        return _longest(self.known, tokens, place)

    def find_property(self, tokens: list[Token], place: int) -> tuple[str, int]:
        """The same behind a point, where the keys of contexts are known as well."""
        return _longest((*self.keys, *self.known), tokens, place)


def _longest(known: Sequence[tuple[Words, str]], tokens: list[Token], place: int) -> tuple[str, int]:
    longest, count = "", 0
    for words, name in reversed(known):
        if len(words) > count and says(tokens, place, words):
            longest, count = name, len(words)
    return longest, count


def plain_length(tokens: list[Token], place: int) -> int:
    """How many words from here on make up one plain name."""
    end = place
    while continues(tokens, end, first=end == place):
        end += 1
    for words in CALLED_BY_KEYWORDS:
        if tokens[place][1] == words[0] and says(tokens, place, words) and tokens[place + len(words)][1] == "(":
            return len(words)
    return end - place


def continues(tokens: list[Token], place: int, *, first: bool) -> bool:
    """Whether the token is a word of a plain name, or a whole number after one (`order 66`)."""
    kind, said, _, _ = tokens[place]
    if kind == "word":
        return said not in KEYWORDS and not (said == "instance" and not first and tokens[place + 1][1] == "of")
    return kind == "number" and not first and DIGITS.issuperset(said)


def spell(tokens: list[Token], place: int, end: int) -> str:
    """The name that these tokens spell: as written, with one space for whatever stands between two of them."""
    pieces = [tokens[place][1]]
    for before, token in pairwise(tokens[place:end]):
        pieces.append(token[1] if token[2] == before[3] else f" {token[1]}")
    return "".join(pieces)


def says(tokens: list[Token], place: int, words: Words) -> bool:
    """Whether the tokens from here on say exactly these words."""
    found = tokens[place : place + len(words)]
    return len(found) == len(words) and all(
        token[1] == word and token[0] in ("word", "sign", "number") for token, word in zip(found, words, strict=True)
    )


def is_plain(name: str) -> bool:
    """Whether a name is made of words alone, none of them a keyword, so that it needs no declaration."""
    words = name.split(" ")
    return (
        is_word(words[0])
        and all(is_word(word) or DIGITS.issuperset(word) for word in words)
        and all(words)
        and KEYWORDS.isdisjoint(words)
        and "instance of" not in name
    )


def words_of(name: str) -> Words:
    """The tokens of a name, or none when the text cannot be a name."""
    try:
        tokens = tokenize(name)[:-1]
    except ExpressionSyntaxError:
        return ()
    if not tokens or tokens[0][0] != "word" or " ".join(name.split()) != name:
        return ()
    fits = all(is_name_part(token) for token in tokens)
    return tuple(token[1] for token in tokens) if fits else ()


def is_name_part(token: Token) -> bool:
    """Whether a token may stand in a name where its end is marked, as the key of a context is by its colon."""
    kind, said, _, _ = token
    return kind in ("word", "number") or (kind == "sign" and NAME_SIGNS.issuperset(said))
