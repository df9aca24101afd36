"""What must not be shown: passwords in the URLs of stores, wherever they are told of."""

from __future__ import annotations

import re

HIDDEN = "***"
_OF_URLS = re.compile(r"(://[^/@\s:]*:)(?:[^/?#\s]*(?=@)|\S*(?=@))")
"""Up to the last @ before the path; or, where somebody forgot to write a / in it as %2F, up to the last of all."""
_WITHOUT_SLASHES = re.compile(r"(?<=:)[^:@/\s]+(?=@)")
_BY_NAME = re.compile(r"(?i)(password=)[^&\s'\"]+")


def masked(text: str) -> str:
    """A URL, or a text with some in it, without their passwords."""
    text = _WITHOUT_SLASHES.sub(HIDDEN, _OF_URLS.sub(rf"\1{HIDDEN}", text))
    return _BY_NAME.sub(rf"\1{HIDDEN}", text)
