"""SQLite files that cannot be used: one clear sentence each, and nothing half-written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import apsw
import pytest

from mainspring.errors import (
    MainspringError,
    SchemaNewerError,
    StoreDeniedError,
    StoreInvalidError,
    StoreNotFoundError,
    StoreUnavailableError,
)
from mainspring.kernel.need import Need
from mainspring.kernel.store import Changes
from mainspring.stores.sql import sqlite as store_sql
from mainspring.stores.sql import sqlite_reader as sql
from mainspring.stores.sqlite import SqliteStore
from mainspring.stores.url import open_existing, open_reader, open_store
from tests.stores.bench import NOW, instance_row


def refused(url: str) -> MainspringError:
    with pytest.raises(MainspringError) as caught:
        open_store(url)
    assert "\n" not in str(caught.value), "one sentence"
    return caught.value


def test_a_missing_folder(tmp_path):
    error = refused(f"sqlite:///{tmp_path}/nowhere/store.db")
    assert isinstance(error, StoreInvalidError)
    assert f"{tmp_path}/nowhere/store.db" in str(error)
    assert "folder is missing" in str(error)
    assert not (tmp_path / "nowhere").exists()


def test_a_path_that_is_a_folder(tmp_path):
    error = refused(f"sqlite:///{tmp_path}")
    assert isinstance(error, StoreInvalidError)
    assert "it is no file" in str(error)


def test_garbage(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, and no database at all\n" * 50)
    before = path.read_bytes()
    error = refused(f"sqlite:///{path}")
    assert isinstance(error, StoreInvalidError)
    assert "not a SQLite database" in str(error)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["notes.txt"]


@pytest.mark.parametrize("length", [15, 16, 99, 100, 511])
def test_a_short_piece_of_garbage(tmp_path, length):
    path = tmp_path / "short"
    path.write_bytes(b"x" * length)
    assert isinstance(refused(f"sqlite:///{path}"), StoreInvalidError)
    assert path.read_bytes() == b"x" * length


def test_an_empty_file_is_a_new_store(tmp_path):
    path = tmp_path / "store.db"
    path.touch()
    open_store(f"sqlite:///{path}").close()
    assert path.stat().st_size > 0


def test_the_database_of_another_program_is_left_as_it_is(tmp_path):
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("create table invoice (id integer)")
    other.commit()
    other.close()
    before = path.read_bytes()
    error = refused(f"sqlite:///{path}")
    assert isinstance(error, StoreInvalidError)
    assert "another program" in str(error)
    assert path.read_bytes() == before, "not even its journal mode is ours to change"
    assert os.listdir(tmp_path) == ["other.db"]


def test_a_newer_schema(tmp_path):
    path = tmp_path / "store.db"
    open_store(f"sqlite:///{path}").close()
    newer = sqlite3.connect(path)
    newer.execute("pragma user_version = 999")
    newer.close()
    error = refused(f"sqlite:///{path}")
    assert isinstance(error, SchemaNewerError)
    assert "schema 999" in str(error)
    assert "upgrade" in str(error)
    with pytest.raises(SchemaNewerError):
        open_existing(f"sqlite:///{path}")


def test_looking_at_nothing(tmp_path):
    with pytest.raises(StoreNotFoundError):
        open_existing(f"sqlite:///{tmp_path}/store.db")
    assert os.listdir(tmp_path) == []
    with pytest.raises(StoreNotFoundError):
        open_existing("sqlite://")


@pytest.mark.parametrize("url", ["mysql://x", "store.db", "sqlite://host/store.db", "sqlite:/store.db"])
def test_urls_that_mean_no_store(url):
    assert isinstance(refused(url), StoreInvalidError)


def test_names_with_blanks_and_marks(tmp_path):
    open_store(f"sqlite:///{tmp_path}/my%20store%3F%23ä.db").close()
    assert (tmp_path / "my store?#ä.db").exists()


# --- Rights and space -------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path):
    """A file system of 2 MB of our own."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True).returncode:
        pytest.skip("this user may not mount a file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def remount(place: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(place)], check=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to this user")
def test_a_file_that_may_not_be_written(tmp_path):
    path = tmp_path / "store.db"
    open_store(f"sqlite:///{path}").close()
    path.chmod(0o400)
    assert isinstance(refused(f"sqlite:///{path}"), StoreDeniedError)


def test_a_disk_that_may_not_be_written(disk):
    path = disk / "store.db"
    open_store(f"sqlite:///{path}").close()
    remount(disk, "ro")
    error = refused(f"sqlite:///{path}")
    assert isinstance(error, StoreDeniedError)
    assert "read-only" in str(error)


def test_a_new_file_on_a_disk_that_may_not_be_written(disk):
    remount(disk, "ro")
    assert isinstance(refused(f"sqlite:///{disk}/store.db"), StoreDeniedError)


def fill(store: SqliteStore, count: int = 1_000) -> None:
    """Write until there is no more space."""
    for id in range(1, count):
        store.begin()
        changes = Changes()
        changes.instances.append(instance_row(id))
        changes.journal.append((id, 1, NOW, "Started", "x" * 50_000, "[]"))
        store.write(changes)
        store.commit()


def test_a_full_disk_and_space_again(disk):
    ballast = disk / "ballast"
    ballast.write_bytes(b"x" * 600_000)
    store = SqliteStore(str(disk / "store.db"))
    with pytest.raises(StoreUnavailableError) as caught:
        fill(store)
    store.rollback()
    assert "no space left" in str(caught.value)
    assert "\n" not in str(caught.value)

    ballast.unlink()
    store.begin()
    written = [row.id for row in store.load_instances(range(1, 1_000))]
    assert written == list(range(1, len(written) + 1))
    assert len(store.load_tails([(id, 0) for id in written])) == len(written), "nothing was half-written"
    changes = Changes()
    changes.instances.append(instance_row(999))
    store.write(changes)
    store.commit()
    assert open_reader(store).health(NOW).problems == ()
    store.close()


@pytest.mark.parametrize("room_bytes", [0, 20_000])
def test_a_disk_that_is_full_from_the_beginning(disk, room_bytes):
    with (disk / "ballast").open("wb", buffering=0) as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - room_bytes)
    error = refused(f"sqlite:///{disk}/store.db")
    assert isinstance(error, StoreUnavailableError)


def full_pages(store: SqliteStore) -> None:
    """No page more than there are: a full disk for those who may not mount one."""
    pages = store._connection.pragma("page_count")
    store._connection.pragma("max_page_count", pages)


def test_no_space_is_told_whatever_was_being_done(tmp_path):
    store = SqliteStore(str(tmp_path / "store.db"))
    full_pages(store)
    deeds = (
        lambda: fill(store),
        lambda: store.add_definition("workflow", "report", "d", b'"' + b"x" * 100_000 + b'"', NOW),
        lambda: store.intern_capability(Need("x" * 100_000, "default", "", "")),
        lambda: store.reserve("x" * 100_000, 1),
    )
    for deed in deeds:
        store.rollback()
        if deed is not deeds[0]:
            store.begin()
        with pytest.raises(StoreUnavailableError):
            deed()
        store.rollback()
    store.close()


def test_a_store_that_is_held_by_another_for_too_long(tmp_path, monkeypatch):
    path = str(tmp_path / "store.db")
    holder = SqliteStore(path)
    holder.begin()
    other = SqliteStore.__new__(SqliteStore)
    monkeypatch.setattr("mainspring.stores.sqlite_file.BUSY_TIMEOUT_MS", 50)
    with pytest.raises(StoreUnavailableError) as caught:
        SqliteStore.__init__(other, path)
    assert "held by another process" in str(caught.value)
    holder.rollback()
    holder.close()


def test_damage_is_told(tmp_path):
    path = tmp_path / "store.db"
    store = SqliteStore(str(path))
    fill(store, 20)
    store.close()
    with path.open("r+b") as file:
        file.seek(4_096 * 3)
        file.write(b"\xff" * 4_096 * 30)
    with pytest.raises(StoreInvalidError, match="damaged"):
        read_all(str(path))


def read_all(path: str) -> None:
    store = SqliteStore(path)
    store.begin()
    store.load_tails([(id, 0) for id in range(1, 20)])
    store.load_instances(range(1, 20))


def test_what_is_committed_is_on_the_disk(tmp_path):
    """A kill does not show it, only a power cut would: the log is written ahead, and synced with every commit."""
    store = SqliteStore(str(tmp_path / "store.db"))
    for connection in (store._connection, store.second()._connection):
        assert connection.pragma("journal_mode") == "wal"
        assert connection.pragma("synchronous") == 2, "FULL"


def test_the_few_that_have_failed_are_found_by_an_index(tmp_path):
    file = tmp_path / "work.db"
    SqliteStore(str(file)).close()
    database = apsw.Connection(str(file))
    conditions = " and ".join(sql.CONDITIONS[name] for name in ("status", "unusual", "parent"))
    statement = sql.LIST_INSTANCES.format(conditions=conditions)
    plan = " ".join(row[3] for row in database.execute(f"explain query plan {statement}", {"status": "[]", "limit": 1}))
    assert "instance_unusual (status=?)" in plan


@pytest.mark.parametrize("statement", [store_sql.FIND_IDS, sql.FIND_END, sql.FIND_ENDS, sql.FIND_INSTANCE])
def test_an_instance_is_found_by_its_number_or_by_the_index_of_chosen_ids(tmp_path, statement):
    file = tmp_path / "work.db"
    SqliteStore(str(file)).close()
    values = {"name": "a", "number": 1, "names": "[]", "numbers": "[]"}
    plan = [row[3] for row in apsw.Connection(str(file)).execute(f"explain query plan {statement}", values)]
    assert any("instance_chosen (public_id=?)" in step for step in plan)
    assert not [step for step in plan if step.startswith("SCAN") and "json_each" not in step]
