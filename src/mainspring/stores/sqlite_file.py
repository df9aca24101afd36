"""A SQLite file: opened, looked at, brought up to date; and what SQLite says of it, in one clear sentence."""

from __future__ import annotations

import os
import shutil
import time

import apsw

from mainspring.errors import (
    EngineClosedError,
    SchemaNewerError,
    StoreDeniedError,
    StoreInvalidError,
    StoreUnavailableError,
)
from mainspring.stores.sql.sqlite_schema import APPLICATION_ID, MIGRATIONS

BUSY_TIMEOUT_MS = 30_000
"""A writer waits this long, asleep, for another process's commit; commits take milliseconds."""
ALONE_RETRY_S = 0.005
"""Between tries to have a new file alone."""
CHECKPOINT_PAGES = 4_000
"""16 MB of log between checkpoints: fewer page writes under load, and still a short recovery."""
CACHE_KIB = 8_192
"""Pages of the writer that are kept at most; a big turn would have SQLite's usual two MB written and read again."""
LOG_INDEX_BYTES = 65_536
"""The `-shm` file of a new log, and what a file system needs beside it."""
MEMORY_VFS = "memdb"

# --- Opening ----------------------------------------------------------------------------------


def connect(path: str | None, memory_name: str | None, *, write: bool) -> apsw.Connection:
    """A connection with mainspring's settings; raises apsw's errors."""
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if write else 0)
    if path is None:
        connection = apsw.Connection(memory_name or "/mainspring", flags, vfs=MEMORY_VFS)
    else:
        connection = apsw.Connection(path, flags)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    if write and connection.readonly("main"):
        # SQLite opens what may only be read without a word, and complains with the first write.
        connection.close()
        raise apsw.ReadOnlyError("attempt to write a readonly database")
    if write and path is not None:
        with connection:  # before anything of another program's file is changed
            check_schema(connection, path)
        write_ahead(connection)
        connection.pragma("synchronous", "full")
        connection.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        connection.pragma("cache_size", -CACHE_KIB)
    return connection


def write_ahead(connection: apsw.Connection) -> None:
    """Switch to a write-ahead log.

    That takes the file alone, and SQLite does not wait for it: whoever opens a new file in the same moment is in the
    way for an instant.
    """
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1_000
    while True:
        try:
            connection.pragma("journal_mode", "wal")
            return
        except apsw.BusyError:
            if time.monotonic() >= until:
                raise
            time.sleep(ALONE_RETRY_S)


def migrate(connection: apsw.Connection, path: str | None) -> None:
    """Bring the schema up to date, under the write lock so that several processes may start at once."""
    connection.execute("begin immediate")
    try:
        version = check_schema(connection, path)
        for migration in MIGRATIONS[version:]:
            connection.execute(migration)
        if version < len(MIGRATIONS):
            connection.pragma("application_id", APPLICATION_ID)
            connection.pragma("user_version", len(MIGRATIONS))
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled back by itself
            connection.execute("rollback")
        raise


def check_schema(connection: apsw.Connection, path: str | None) -> int:
    """The version of a file's schema; 0: it is empty.  Raises `StoreInvalidError` or `SchemaNewerError`.

    Asked in a transaction, because another process may be making the schema.
    """
    version, application = int(connection.pragma("user_version")), connection.pragma("application_id")
    foreign = application not in (0, APPLICATION_ID) or (
        application == 0 and connection.execute("select 1 from sqlite_schema").fetchone()
    )
    if foreign:
        raise StoreInvalidError(
            f"{path} is a SQLite database of another program; name a file of its own for mainspring"
        )
    if version > len(MIGRATIONS):
        raise SchemaNewerError(
            f"{path} was written by a newer mainspring (schema {version}, this one knows {len(MIGRATIONS)});"
            " upgrade with `pip install -U mainspring`"
        )
    return version


# --- Errors -----------------------------------------------------------------------------------


class Translated:
    """Turns what SQLite says into one clear sentence of the right family."""

    __slots__ = ("path",)

    def __init__(self, path: str | None) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        if kind is None or not isinstance(error, apsw.Error):
            return
        if kind is apsw.CantOpenError and self.path is not None and _is_place_for_a_file(self.path):
            kind = apsw.ReadOnlyError
        if kind is apsw.IOError and self.path is not None and _is_full(self.path):
            kind = apsw.FullError
        row = SENTENCES.get(kind)
        if row is not None:
            family, sentence = row
            raise family(sentence.format(path=self.path or "the store in memory", error=error)) from error


def _is_place_for_a_file(path: str) -> bool:
    return os.path.isdir(os.path.dirname(path) or ".") and not os.path.isdir(path)


def _is_full(path: str) -> bool:
    """Whether there is no room for the index of a log, of which SQLite tells no more than that it cannot be written."""
    return shutil.disk_usage(os.path.dirname(path) or ".").free < LOG_INDEX_BYTES


SENTENCES: dict[type[BaseException], tuple[type[Exception], str]] = {
    apsw.ConnectionClosedError: (EngineClosedError, "the engine is closed; open another one for {path}"),
    apsw.CantOpenError: (
        StoreInvalidError,
        "cannot open {path}: its folder is missing, or it is no file; create the folder or name another file",
    ),
    apsw.NotADBError: (StoreInvalidError, "{path} is not a SQLite database; name another file"),
    apsw.CorruptError: (StoreInvalidError, "{path} is damaged ({error}); restore it from a backup"),
    apsw.ReadOnlyError: (
        StoreDeniedError,
        "{path} may not be written: the file, its folder or its disk is read-only for this user",
    ),
    apsw.PermissionsError: (StoreDeniedError, "{path} may not be accessed by this user"),
    apsw.AuthError: (StoreDeniedError, "{path} may not be accessed by this user"),
    apsw.FullError: (
        StoreUnavailableError,
        "no space left for {path}; nothing of the turn was written, it goes on when there is space again",
    ),
    apsw.IOError: (StoreUnavailableError, "the disk of {path} does not answer as it should ({error})"),
    apsw.BusyError: (
        StoreUnavailableError,
        "{path} has been held by another process for longer than 30 s; see which one with `fuser {path}`",
    ),
}
