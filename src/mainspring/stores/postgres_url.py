"""A PostgreSQL URL taken apart: what is libpq's, what is ours, and how it may be shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from mainspring.errors import StoreInvalidError
from mainspring.masking import masked

SCHEMES = ("postgresql://", "postgres://")
SCHEMA_DEFAULT = "mainspring"
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

    conninfo: str = field(repr=False)
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
    shown = masked(url)
    if _has_bare_signs(url):
        raise StoreInvalidError(f"{shown}: in a name or password, write / as %2F, @ as %40, # as %23 and ? as %3F")
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError as error:
        raise StoreInvalidError(f"{shown} is not a URL of PostgreSQL ({masked(str(error))})") from None
    schema = options.pop("schema", SCHEMA_DEFAULT)
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,39}", schema) or schema.startswith("pg_"):
        raise StoreInvalidError(
            f"schema={schema!r} in {shown} will not do: use up to 40 lower-case letters, digits and underscores"
        )
    options = {**PATIENCE, **options, "application_name": options.get("application_name", "mainspring")}
    conninfo = urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(options, quote_via=quote), ""))
    return PostgresUrl(conninfo, schema, shown)


def _has_bare_signs(url: str) -> bool:
    """Whether a name or password has one of the signs that end it: what follows would be taken for host or path."""
    whole = url.partition("://")[2]
    place = re.split(r"[/?#]", whole, maxsplit=1)[0]
    if "@" in place:
        return place.count("@") > 1
    after_colon = place.rpartition(":")[2] if ":" in place else ""
    return "@" in whole and not place.startswith("[") and bool(after_colon) and not after_colon.isdigit()
