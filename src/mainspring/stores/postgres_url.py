"""A PostgreSQL URL taken apart: what is libpq's, what is ours, and how it may be shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from mainspring.errors import StoreInvalidError

SCHEMES = ("postgresql://", "postgres://")
SCHEMA_DEFAULT = "mainspring"
HIDDEN = "***"
PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
"""Seconds (the last one milliseconds) after which a server that has vanished is noticed; the URL may name others."""


@dataclass(frozen=True)
class PostgresUrl:
    """Where a store is."""

    conninfo: str
    """For libpq."""
    schema: str
    shown: str
    """Without its password."""

    @property
    def channel(self) -> str:
        """Of notifications."""
        return f"mainspring_{self.schema}"


def read_url(url: str) -> PostgresUrl:
    """`postgresql://user:password@host:port/database?schema=mainspring`; raises `StoreInvalidError`."""
    shown = without_password(url)
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError as error:
        raise StoreInvalidError(f"{shown} is not a URL of PostgreSQL ({without_password(str(error))})") from None
    schema = options.pop("schema", SCHEMA_DEFAULT)
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,39}", schema) or schema.startswith("pg_"):
        raise StoreInvalidError(
            f"schema={schema!r} in {shown} will not do: use up to 40 lower-case letters, digits and underscores"
        )
    options = {**PATIENCE, **options, "application_name": options.get("application_name", "mainspring")}
    conninfo = urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(options, quote_via=quote), ""))
    return PostgresUrl(conninfo, schema, shown)


def without_password(text: str) -> str:
    """A URL, or a text with one in it, that may be shown."""
    text = re.sub(r"(?<=://)([^/@\s:]*):([^/\s]*)@", rf"\1:{HIDDEN}@", text)
    return re.sub(r"(?i)(password=)[^&\s]+", rf"\1{HIDDEN}", text)


def password_of(url: str) -> str | None:
    """What must never be shown, wherever an error message comes from."""
    found = urlsplit(url).password
    return None if found is None else unquote(found)
