"""A child's ends of the pipes to its parent, and whether they still are what they were.

A handler can close any file descriptor, and open others under the same numbers.  Invariant: nothing of ours is written
to a descriptor that is not a pipe of ours any more, for it may be a file of the handler's.
"""

from __future__ import annotations

import os
from typing import BinaryIO

DISCONNECTED_EXIT_CODE = 113
"""Of a child that finds its connection broken: it has no other way left to say so."""


class Connection:
    """The pipe of requests, that of answers, and the descriptor to which handlers print."""

    def __init__(self, requests: int, answers: int, output: int) -> None:
        self.requests: BinaryIO = os.fdopen(requests, "rb")
        self.answers: BinaryIO = os.fdopen(answers, "wb")
        self.output = output
        self._identities = {number: identity(number) for number in (requests, answers, output)}

    def is_whole(self) -> bool:
        return all(identity(number) == known for number, known in self._identities.items())

    def let_go(self) -> None:
        """Neither hear nor answer any more; what is printed still arrives."""
        for number, known in self._identities.items():
            if number != self.output and identity(number) == known:
                os.close(number)


def identity(number: int) -> tuple[int, int] | None:
    """What a file descriptor leads to; None: it is closed."""
    try:
        status = os.fstat(number)
    except OSError:
        return None
    return status.st_dev, status.st_ino
