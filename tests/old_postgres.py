"""As much of the protocol of PostgreSQL as tells a client that the server is an old one."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

ENCRYPTION_WANTED = (80_877_103, 80_877_104)
"""TLS or GSSAPI, asked for before anything else; https://www.postgresql.org/docs/13/protocol-message-formats.html."""
AUTHENTICATED = b"R" + struct.pack("!II", 8, 0)
READY = b"Z" + struct.pack("!I", 5) + b"I"


class OldPostgres:
    """Lets everybody in, and says that sessions may write."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), client.makefile("rb") as source:
            while _number(first := source.read(4)) and _number(source.read(4)) in ENCRYPTION_WANTED:
                client.sendall(b"N")
            source.read(_number(first) - 8)  # user and database
            told = {"server_version": self._version, "server_encoding": "UTF8", "client_encoding": "UTF8"}
            client.sendall(AUTHENTICATED + b"".join(_message(b"S", *pair) for pair in told.items()) + READY)
            while (kind := source.read(1)) not in (b"", b"X"):
                source.read(_number(source.read(4)) - 4)
                assert kind == b"Q", "nothing is asked but whether sessions may write"
                client.sendall(_answer(b"transaction_read_only", b"off") + READY)


def _number(four: bytes) -> int:
    return int(struct.unpack("!I", four)[0])


def _message(kind: bytes, *texts: str) -> bytes:
    body = b"".join(text.encode() + b"\0" for text in texts)
    return kind + struct.pack("!I", 4 + len(body)) + body


def _answer(column: bytes, value: bytes) -> bytes:
    """One row of one column of text."""
    head = struct.pack("!H", 1) + column + b"\0" + struct.pack("!IHIhiH", 0, 0, 25, -1, -1, 0)
    row = struct.pack("!HI", 1, len(value)) + value
    messages = ((b"T", head), (b"D", row), (b"C", b"SHOW\0"))
    return b"".join(kind + struct.pack("!I", 4 + len(body)) + body for kind, body in messages)
