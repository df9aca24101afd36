"""A connection to PostgreSQL: opened, brought up to date; and what the server says, in one clear sentence."""

from __future__ import annotations

import re
from typing import Any

import psycopg
from psycopg import errors
from psycopg.rows import tuple_row

from mainspring.errors import (
    BrokenError,
    MainspringError,
    SchemaNewerError,
    StoreDeniedError,
    StoreInvalidError,
    StoreLostError,
    StoreNotFoundError,
    StoreUnavailableError,
)
from mainspring.kernel.contention import Contended
from mainspring.masking import masked
from mainspring.stores.postgres_url import PostgresUrl
from mainspring.stores.sql import postgres as sql
from mainspring.stores.sql import postgres_schema as schema
from mainspring.stores.sql import postgres_spans as spans

VERSION_MIN = 140_000
"""The oldest server that is known to work; older ones get no repairs any more."""
UNLOGGED_SEQUENCES = 150_000
LOCK_TIMEOUT = "60s"
"""A turn that waits longer for an instance is begun again."""
IDLE_TIMEOUT = "30s"
"""The server ends a transaction that its process has forgotten or was stopped in, so that others need not wait."""
MIGRATION_LOCK = 0x4D53_5052
"""'MSPR': the first of two numbers of our advisory locks."""

Connection = psycopg.Connection[tuple[Any, ...]]

# --- Opening ----------------------------------------------------------------------------------


def connect(url: PostgresUrl, *, write: bool) -> Connection:
    """A connection with mainspring's settings; raises the family that tells whose fault it is."""
    wanted = "read-write" if write else "any"
    try:
        connection = psycopg.connect(
            url.conninfo, autocommit=True, prepare_threshold=0, target_session_attrs=wanted, client_encoding="utf8"
        )
    except psycopg.Error as error:
        raise told_of_connecting(error, url) from None  # libpq's own may tell the whole address
    try:
        check_server(connection, url)
        connection.execute(sql.SESSION, (f"{url.schema},pg_catalog", LOCK_TIMEOUT, IDLE_TIMEOUT))
    except psycopg.Error as error:
        connection.close()
        raise told(error, url) from error
    except BaseException:
        connection.close()
        raise
    return connection


def check_server(connection: Connection, url: PostgresUrl) -> None:
    version = connection.info.server_version
    if version < VERSION_MIN:
        raise StoreInvalidError(
            f"{url.shown} is PostgreSQL {version // 10_000}; mainspring needs {VERSION_MIN // 10_000} or newer"
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StoreInvalidError(f"the database {url.shown} has the encoding {encoding}; create one with UTF8")


def migrate(connection: Connection, url: PostgresUrl) -> None:
    """Bring the schema up to date, under a lock so that several processes may start at once."""
    if find_version(connection, url) == len(schema.MIGRATIONS):
        return
    named, lock = f'"{url.schema}"', (MIGRATION_LOCK, lock_number(url.schema))
    # Before the transaction begins: what it knows of the catalogue by then is what others have left.
    connection.execute(sql.SEIZE, lock)
    with connection.transaction():
        version = find_version(connection, url)
        if not version:
            connection.execute(schema.CREATE_SCHEMA.format(schema=named))
            connection.execute(schema.VERSION_TABLE.format(schema=named))
        for number, migration in enumerate(schema.MIGRATIONS[version:], version + 1):
            connection.execute(migration, prepare=False)
            connection.execute(schema.ADD_VERSION.format(schema=named), (number,))
        connection.execute(schema.CREATE_PULSE[connection.info.server_version >= UNLOGGED_SEQUENCES])
        cover(connection, url, 1, ahead=True)
    connection.execute(sql.LET_GO, lock)


def find_version(connection: Connection, url: PostgresUrl) -> int:
    """Of the schema; 0: it is not there yet.  Raises `SchemaNewerError`."""
    named = f'"{url.schema}"'
    if not _one(connection.execute(schema.FIND_VERSION_TABLE, (f"{named}.version",)).fetchone())[0]:
        return 0
    version = int(_one(connection.execute(schema.FIND_VERSION.format(schema=named)).fetchone())[0])
    if version > len(schema.MIGRATIONS):
        raise SchemaNewerError(
            f"{url.shown} was written by a newer mainspring (schema {version}, this one knows"
            f" {len(schema.MIGRATIONS)}); upgrade with `pip install -U mainspring`"
        )
    return version


def cover(connection: Connection, url: PostgresUrl, wanted: int, *, ahead: bool) -> int:
    """Have spans of the history for all instances below that number; returns from which number on to ask again.

    In a transaction.  `ahead`: a span whose time is over is closed, and the next one made before it is needed.
    """
    execute = connection.cursor(row_factory=tuple_row).execute  # it may be a connection of a user
    lock = (MIGRATION_LOCK + 1, lock_number(url.schema))
    return int(_one(execute(spans.COVER, (wanted, ahead, *spans.WIDTHS, spans.SPAN_S, *lock)).fetchone())[0])


def lock_number(name: str) -> int:
    """For a name, the same in every process."""
    number = 0
    for byte in name.encode():
        number = (number * 31 + byte) & 0x7FFF_FFFF
    return number


def _one(row: tuple[Any, ...] | None) -> tuple[Any, ...]:
    if row is None:
        raise BrokenError("a statement that always answers did not")
    return row


# --- Errors -----------------------------------------------------------------------------------

CONTENDED = (
    errors.UniqueViolation,
    errors.CheckViolation,  # the one that there is: an instance has a number of a span that was dropped
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
)
"""Another process was in the way; the same turn will do when it is taken again."""

FAMILIES: tuple[tuple[str, type[MainspringError], str], ...] = (
    # (SQLSTATE, or its first letters; the family; what is said)
    ("28", StoreDeniedError, "{shown} refuses this user or password ({error})"),
    (
        "42501",
        StoreDeniedError,
        (
            "this user may not do in {shown} what mainspring needs ({error}); let it make schema {schema}, or grant it"
            " all rights there"
        ),
    ),
    ("3D", StoreLostError, "the database of {shown} was removed while it was open ({error})"),
    ("3F", StoreLostError, "the schema of {shown} was removed while it was open ({error})"),
    ("42P01", StoreLostError, "a table of {shown} was removed while it was open ({error})"),
    ("53100", StoreUnavailableError, "no space left for {shown}; nothing of the turn was written"),
    ("53", StoreUnavailableError, "{shown} has no room for more at the moment ({error})"),
    ("57014", StoreUnavailableError, "{shown} cancelled a statement ({error})"),
    ("25006", StoreUnavailableError, "{shown} may only be read at the moment, as in a fail-over ({error})"),
    ("57", StoreUnavailableError, "{shown} ended the connection ({error})"),
    ("08", StoreUnavailableError, "{shown} cannot be reached ({error})"),
    ("25P03", StoreUnavailableError, "{shown} ended a transaction that was idle for {idle}"),
    ("25P04", StoreUnavailableError, "{shown} ended a transaction that took too long ({error})"),
    (
        "55P03",
        StoreUnavailableError,
        "others hold the tables of {shown} ({error}); `select * from pg_locks` shows them",
    ),
    ("40", StoreUnavailableError, "others were in the way in {shown} ({error}); try again"),
    (
        "26",
        StoreInvalidError,
        "{shown} forgets what was prepared ({error}); connect directly, or have the pool keep sessions",
    ),
    (
        "42P05",
        StoreInvalidError,
        "{shown} is shared by others ({error}); connect directly, or have the pool keep sessions",
    ),
    ("F0", StoreUnavailableError, "{shown} is not set up as it should be ({error}); see the server's log"),
    ("58", StoreUnavailableError, "the disk of {shown} does not answer as it should ({error})"),
    ("XX", StoreUnavailableError, "{shown} has an error within ({error}); see the server's log"),
)

REFUSALS: tuple[tuple[str, type[MainspringError], str], ...] = (
    # (a SQLSTATE, which libpq seldom passes on, or what it says when it cannot connect; the family; what is said)
    (
        r"^28|password authentication failed|no password supplied|no pg_hba.conf entry|authentication failed",
        StoreDeniedError,
        "{shown} refuses this user or password ({error})",
    ),
    (r"role .* does not exist|not permitted to log in", StoreDeniedError, "{shown} does not know this user ({error})"),
    (r"^42501|permission denied for database", StoreDeniedError, "this user may not connect to {shown} ({error})"),
    (
        r"^3D|database .* does not exist",
        StoreNotFoundError,
        "there is no database {shown}; make it with `createdb`, or name another one",
    ),
    (r"invalid (connection option|port|integer|URI|value)|invalid \w+ value", StoreInvalidError, "{shown}: {error}"),
    (
        r"not support SSL|certificate (verify failed|required|file)|certificate .* not match|private key|unknown ca",
        StoreDeniedError,
        "no safe connection to {shown} ({error}); see to sslmode, sslrootcert and the certificates on both sides",
    ),
    (
        r"^53|too many (clients|connections)|remaining connection slots",
        StoreUnavailableError,
        "{shown} has no connection left for this process ({error}); end others, or have more allowed (max_connections)",
    ),
    (
        r"^57P03|the database system is|not yet accepting connections",
        StoreUnavailableError,
        "{shown} is just starting, stopping or recovering ({error}); try again in a moment",
    ),
    (
        r"^25006|session is read-only|in hot standby mode",
        StoreUnavailableError,
        "{shown} may only be read, as a standby or in a fail-over ({error}); name the primary, or all hosts of both",
    ),
    (
        r"failed to resolve host|could not translate host name",
        StoreUnavailableError,
        "the host of {shown} is not known here ({error}); is its name right, and does the name service answer?",
    ),
    (
        r"failed: [^\s:]+:  ",  # as libpq shows what a server says, in whatever language
        StoreUnavailableError,
        "{shown} refuses the connection ({error}); are user, password and database right? see the server's log",
    ),
    ("", StoreUnavailableError, "{shown} cannot be reached ({error}); is the server running?"),
)
"""The first that fits."""


def told(error: psycopg.Error, url: PostgresUrl) -> Exception:
    """What is raised in place of an error of the server."""
    state = error.sqlstate or ""
    for start, family, sentence in FAMILIES:
        if state.startswith(start):
            values = {"shown": url.shown, "schema": url.schema, "error": _short(error), "idle": IDLE_TIMEOUT}
            return family(sentence.format(**values))
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and not state:
        return StoreUnavailableError(f"the connection to {url.shown} is lost ({_short(error)})")
    return error


def told_in_turn(error: psycopg.Error, url: PostgresUrl) -> Exception:
    """The same within a turn, which is taken again if others were in the way."""
    return Contended(_short(error)) if isinstance(error, CONTENDED) else told(error, url)


def told_of_connecting(error: psycopg.Error, url: PostgresUrl) -> MainspringError:
    text = f"{error.sqlstate or ''} {error}"
    family, sentence = next((family, sentence) for pattern, family, sentence in REFUSALS if re.search(pattern, text))
    return family(sentence.format(shown=url.shown, error=_short(error)))


def _short(error: psycopg.Error) -> str:
    """The last line that says something; libpq tells of every address that it has tried."""
    said = error.diag.message_primary or str(error)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL" in line or "failed" in line]
    return masked((fatal or lines or ["no reason given"])[0])
