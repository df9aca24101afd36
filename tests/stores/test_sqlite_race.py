"""Many processes open a file that does not exist yet in the same moment: one makes the schema, all can use it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mainspring.stores.sqlite import SqliteStore
from tests.patience import PATIENCE_S

PROGRAM = """
import sys
from mainspring.stores.sqlite import SqliteStore
print("ready", flush=True)
sys.stdin.readline()
store = SqliteStore(sys.argv[1])
store.begin()
number = store.reserve("race", 1)
store.commit()
store.close()
print(number)
"""


@pytest.mark.parametrize("count", [2, 8])
def test_all_open_a_new_file_at_once(tmp_path, count):
    path = str(tmp_path / "store.db")
    processes = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, path], stdin=-1, stdout=-1, stderr=-1, text=True)
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    results = [process.communicate(timeout=PATIENCE_S) for process in processes]
    assert [error for _, error in results] == [""] * count
    assert sorted(int(output) for output, _ in results) == list(range(1, count + 1))
    store = SqliteStore(path)
    assert [row[0] for row in store._connection.execute("pragma integrity_check")] == ["ok"]
    store.close()
