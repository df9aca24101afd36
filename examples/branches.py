"""Branches and joins: an order is checked, paid or refused, and archived whatever became of it.

mainspring run examples/branches.py amount=120
"""

from __future__ import annotations

from mainspring import Workflow, task


@task
def check(amount: int) -> dict[str, int | bool]:
    return {"amount": amount, "is_large": amount > 100}


def is_large(order: dict[str, int | bool]) -> bool:
    return bool(order["is_large"])


def is_small(order: dict[str, int | bool]) -> bool:
    return not order["is_large"]


@task
def ask_manager(order: dict[str, int | bool]) -> str:
    return f"a manager agreed to {order['amount']}"


@task
def approve(order: dict[str, int | bool]) -> str:
    return f"{order['amount']} is small enough"


@task
def pay(asked: str | None, approved: str | None) -> str:
    return f"paid, because {asked or approved}"


@task
def archive(paid: str | None) -> str:
    return f"archived: {paid or 'not paid'}"


wf = Workflow("order")
order = wf.add(check, wf.input("amount", int, 20))
asked = wf.add(ask_manager, order, when=is_large)  # skipped where the condition does not hold
approved = wf.add(approve, order, when=is_small)
paid = wf.add(pay, asked, approved, rule="none_failed_any_succeeded")  # one of both branches is enough
wf.output(wf.add(archive, paid, rule="all_done"))  # whatever happened
