"""Trigger rules: what a node does, given how its parents ended.

Counted are the parents that succeeded (s), failed (f; failed or cancelled), were skipped (k), and still wait (w), of p
in all.  A node decides as soon as the outcome is certain, whatever the parents that wait may yet do; so the order in
which parents end never changes what becomes of a node.

| rule                      | run when      | cancel when   | skip when      |
|---------------------------|---------------|---------------|----------------|
| all_succeeded (default)   | s = p         | f > 0         | w = 0, k > 0   |
| all_done                  | w = 0         |               |                |
| all_failed                | f = p         |               | s + k > 0      |
| all_skipped               | k = p         |               | s + f > 0      |
| any_done                  | s + f > 0     |               | w = 0          |
| any_failed                | f > 0         |               | w = 0, f = 0   |
| any_succeeded             | s > 0         | w = s = 0 < f | w = s = f = 0  |
| none_failed               | w = 0, f = 0  | f > 0         |                |
| none_failed_any_succeeded | w = f = 0 < s | f > 0         | w = f = s = 0  |
| none_skipped              | w = 0, k = 0  |               | k > 0          |

A node that is cancelled counts as failed for those below it, one that is skipped as skipped: both travel downstream.
The rules that react to failure (`all_failed`, `any_failed`) handle it: see `ending.py`.
"""

# ruff: noqa: ARG005 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Callable

WAIT, RUN, SKIP, CANCEL = range(4)

Row = Callable[[int, int, int, int], int]
"""(succeeded, failed, skipped, waiting) → verdict."""

DEFAULT_RULE = "all_succeeded"

RULES: dict[str, Row] = {
    "all_succeeded": lambda s, f, k, w: CANCEL if f else WAIT if w else SKIP if k else RUN,
    "all_done": lambda s, f, k, w: WAIT if w else RUN,
    "all_failed": lambda s, f, k, w: SKIP if s or k else WAIT if w else RUN,
    "all_skipped": lambda s, f, k, w: SKIP if s or f else WAIT if w else RUN,
    "any_done": lambda s, f, k, w: RUN if s or f else WAIT if w else SKIP,
    "any_failed": lambda s, f, k, w: RUN if f else WAIT if w else SKIP,
    "any_succeeded": lambda s, f, k, w: RUN if s else WAIT if w else CANCEL if f else SKIP,
    "none_failed": lambda s, f, k, w: CANCEL if f else WAIT if w else RUN,
    "none_failed_any_succeeded": lambda s, f, k, w: CANCEL if f else WAIT if w else RUN if s else SKIP,
    "none_skipped": lambda s, f, k, w: SKIP if k else WAIT if w else RUN,
}

REACTS_TO_FAILURE = frozenset({"all_failed", "any_failed"})

NEEDS_PARENTS = frozenset({"all_failed", "all_skipped", "any_done", "any_failed", "any_succeeded"})
"""Rules that say nothing of a node without parents."""

IS_EARLY = frozenset({"any_done", "any_failed", "any_succeeded"})
"""Rules under which a node may run while parents of it still do; what these will return reads as null."""
