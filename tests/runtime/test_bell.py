"""What wakes a thread: a ring, or something in a file descriptor."""

from __future__ import annotations

import os
import threading

from mainspring.runtime.bell import Bell

LONG_S = 60.0


def test_a_ring_before_the_wait_ends_it_at_once():
    bell = Bell()
    for socket in (None, os.pipe()[0]):
        bell.set()
        bell.wait(LONG_S, socket)
        bell.clear()
    bell.close()
    bell.set()


def test_a_ring_ends_a_wait_for_a_descriptor():
    bell, (reading, writing) = Bell(), os.pipe()
    woken = threading.Event()

    def wait() -> None:
        bell.wait(LONG_S, reading)
        woken.set()

    for wake in (bell.set, lambda: os.write(writing, b"!")):
        woken.clear()
        thread = threading.Thread(target=wait)
        thread.start()
        wake()
        assert woken.wait(LONG_S)
        thread.join()
        bell.clear()
    bell.close()
    os.close(reading)
    os.close(writing)
