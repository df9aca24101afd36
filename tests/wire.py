"""A wire to the PostgreSQL server of a test run, which can be cut."""

from __future__ import annotations

import contextlib
import socket
import threading

from tests.postgres import server


class Wire:
    """Stands between a store and its server, and cuts the connection when a word goes over it, in either direction."""

    def __init__(self) -> None:
        self.word: bytes | None = None
        self.cut_count = 0
        self.is_dead_when_cut = False
        """Whether it takes no further connection once it has cut one."""
        self.is_dead = False
        self.refused_count = 0
        self._lock = threading.Lock()
        """Held while a connection is made, so that none slips through when they are cut."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        for one in self._sockets:
            one.close()

    def part(self) -> None:
        """The server is away: what is connected is cut, and nothing else gets through until `is_dead` is false."""
        with self._lock:
            self.is_dead = True
            for one in self._sockets[1:]:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self.is_dead:
                    self.refused_count += 1
                    client.close()
                    continue
                upstream = socket.create_connection(("127.0.0.1", server().port))
                self._sockets += [client, upstream]
            threading.Thread(target=self._pass, args=(client, upstream), daemon=True).start()
            threading.Thread(target=self._pass, args=(upstream, client), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if self.word is not None and self.word in data:
                    self.is_dead = self.is_dead_when_cut
                    self.word, self.cut_count = None, self.cut_count + 1
                    break
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
