"""Ray: bundles are its tasks; a process of its own drives it, and this is that process's keeper.

If one of Ray's worker processes dies, Ray runs the bundle again, three times at most.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any
from urllib.parse import urlsplit

from mainspring.errors import SettingInvalidError
from mainspring.runtime.cluster import Answer, ClusterAwayError, Done, Fate, Hear
from mainspring.runtime.clusters.ray_driver import START
from mainspring.runtime.clusters.ray_messages import (
    Away,
    Came,
    Order,
    Send,
    Tell,
    There,
    decode_report,
    encode,
    read,
    write,
)

KNOCK_S_MAX = 5.0
"""For finding out whether anybody listens at the address, before a driver is started for it."""
CONNECT_S_MAX = 120.0
"""For starting the driver and the outpost: some processes that import Ray, one after another, on busy machines."""
CLOSE_S_MAX = 4.0
REMARKS_S_MAX = 1.0
"""For reading what a driver that has ended printed."""
REMARK_LENGTH_MAX = 300

STAMP = re.compile(r"^\[[^\]]*\]\s*(\([^)]*\)\s*)?\S+\.cc:\d+:\s*")
"""What Ray puts before what it says."""


class RayError(Exception):
    """What Ray says of a bundle that it could not run."""


class RayCluster:
    """A connection to a cluster of Ray."""

    kind = "ray"
    package = "ray"

    def __init__(self, where: Any) -> None:
        """`where`: the address, as `ray.init` takes it; raises `SettingInvalidError` for what is none."""
        self._host, self._port = _host_and_port(where)
        self._where = where
        self._driver: subprocess.Popen[bytes] | None = None
        self._problem = ""
        """Why the connection does not hold."""
        self._remark = ""
        """The last thing that Ray itself printed."""
        self._waiting: dict[str, Done] = {}
        self._threads = 1

    @property
    def threads(self) -> int:
        return self._threads

    def connect(self, hear: Hear) -> None:
        self.close()
        self._knock()
        driver, remarks = self._start()
        until = time.monotonic() + CONNECT_S_MAX
        deadline = threading.Timer(CONNECT_S_MAX, driver.kill)
        deadline.daemon = True
        deadline.start()
        self._take(driver, hear)
        deadline.cancel()
        if not self._problem:
            self._thread(self._listen, driver, hear)
            return
        problem = self._problem if time.monotonic() < until else f"it let nobody in within {CONNECT_S_MAX:g} s"
        self.close()
        _out_of(driver).close()
        remarks.join(REMARKS_S_MAX)
        remark = f" ({self._remark})" if self._remark and self._remark not in problem else ""
        raise ClusterAwayError(f"{self._where} cannot be used: {problem}{remark}")

    def _knock(self) -> None:
        """Raises `ClusterAwayError` where nobody listens: at once, and for less than a driver costs."""
        try:
            socket.create_connection((self._host, self._port), KNOCK_S_MAX).close()
        except OSError as error:
            raise ClusterAwayError(f"{self._where} does not answer: {error}") from None

    def _start(self) -> tuple[subprocess.Popen[bytes], threading.Thread]:
        pipe = subprocess.PIPE
        driver = subprocess.Popen(
            [sys.executable, "-c", START, self._where],
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            start_new_session=True,  # Ctrl-C is for the worker, which may still wait for what runs
        )
        self._driver, self._waiting, self._problem, self._remark = driver, {}, "", ""
        return driver, self._thread(self._heed, driver)

    def is_there(self) -> bool:
        return not self._problem

    def send(self, id: str, name: str, bundle: bytes, done: Done) -> None:
        self._waiting[id] = done
        self._write(Send(id, name, bundle))

    def tell(self, words: Mapping[str, Sequence[int]], *, is_end: bool, whole: Sequence[str]) -> None:
        self._write(Tell({id: list(places) for id, places in words.items()}, is_end, list(whole)))

    def close(self) -> None:
        driver, self._driver = self._driver, None
        if driver is None:
            return
        assert driver.stdin is not None
        with suppress(BrokenPipeError):  # it has left by itself
            driver.stdin.close()  # which tells it to leave
        try:
            driver.wait(CLOSE_S_MAX)
        except subprocess.TimeoutExpired:
            driver.kill()
            driver.wait()

    def _write(self, order: Order) -> None:
        if self._problem:
            raise ClusterAwayError(self._problem)
        assert self._driver is not None
        assert self._driver.stdin is not None
        try:
            write(self._driver.stdin, encode(order))
        except OSError as error:
            raise ClusterAwayError(f"the driver of Ray has ended: {error}") from None

    # --- In threads that listen to the driver -------------------------------------------------

    def _thread(self, target: Any, *arguments: Any) -> threading.Thread:
        thread = threading.Thread(target=target, args=arguments, name="mainspring-ray-driver", daemon=True)
        thread.start()
        return thread

    def _heed(self, driver: subprocess.Popen[bytes]) -> None:
        assert driver.stderr is not None
        with driver.stderr as lines:
            for line in lines:
                self._remark = STAMP.sub("", line.decode(errors="replace").strip())[:REMARK_LENGTH_MAX] or self._remark

    def _listen(self, driver: subprocess.Popen[bytes], hear: Hear) -> None:
        with _out_of(driver):
            try:
                while driver is self._driver and not self._problem:
                    self._take(driver, hear)
            finally:
                if driver is self._driver:
                    self._problem = self._problem or "what it said could not be taken"

    def _take(self, driver: subprocess.Popen[bytes], hear: Hear) -> None:
        data = read(_out_of(driver))
        report = Away("its driver has ended") if data is None else decode_report(data)
        if driver is not self._driver:
            return  # it was left meanwhile
        match report:
            case Away(why):
                self._problem = why
                for id, done in tuple(self._waiting.items()):
                    done(id, Fate.AWAY)
            case There(threads, said, came):
                self._threads = threads
                for message in said:
                    hear(message)
                for one in came:
                    self._waiting.pop(one.id)(one.id, _answer(one))


def _out_of(driver: subprocess.Popen[bytes]) -> IO[bytes]:
    assert driver.stdout is not None
    return driver.stdout


def _answer(came: Came) -> Answer:
    if came.error:
        return ImportError(came.error) if came.is_stranger else RayError(came.error)
    return Fate.UNBEGUN if came.answer is None else came.answer


def _host_and_port(where: Any) -> tuple[str, int]:
    """Of `ray://head:10001`, or of `head:6379`; others that Ray knows would let it choose, or start, a cluster."""
    if isinstance(where, str):
        try:
            parts = urlsplit(where if "://" in where else f"//{where}")
            if parts.scheme in ("", "ray") and parts.hostname and parts.port:
                return parts.hostname, parts.port
        except ValueError:
            pass  # of the port
    raise SettingInvalidError(
        "the ray cluster is named by its address, as ray://head:10001, or head:6379 on its own machines, "
        f"not {where!r:.80}"
    )
