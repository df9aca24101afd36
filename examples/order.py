"""An order: payment with retries and a time-out, shipping beside invoicing, and returns for two weeks.

python examples/order.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from mainspring import Engine, Invoke, Retry, State, StateMachine, task


class BankClosedError(Exception):
    """It opens again; worth another try."""


class CardRefusedError(Exception):
    """No retry helps; the customer must choose another card."""


BANK = Retry(max=5, delay_s=2, on=BankClosedError)
"""How often the bank is asked again, and after which failures."""


@task(retries=BANK, timeout_s=30)
def charge(order: str, amount: int, card: str) -> str:
    """Ask the bank; what it returns is the receipt."""
    if card == "stolen":
        raise CardRefusedError("the bank keeps this card")
    return f"receipt for {order}: {amount}"


@task(retries=BANK, timeout_s=30)
def refund(receipt: str, amount: int) -> str:
    return f"{amount} back for {receipt}"


@task
def invoice(order: str, amount: int) -> str:
    """Write the invoice; what it returns is its number."""
    return f"invoice {order}/{amount}"


def keep(name: str, value: str) -> dict[str, object]:
    """An action: give `name` a new value."""
    return {"do": "assign", "location": name, "value": {"expression": value}}


class Order(StateMachine):
    """From the basket to the end of the time in which it may come back."""

    order: str = ""
    amount: int = 0
    card: str = ""
    receipt: str | None = None
    bill: str | None = None
    problem: str | None = None

    basket = State(initial=True, after={"30d": "abandoned"})
    paying = State(invoke=Invoke(charge, "order", "amount", "card"), after={"15m": "abandoned"})

    packing = State(after={"2d": "late"})
    late = State(description="somebody should look at it")
    shipped = State(final=True)
    shipping = State(inside=[packing, late, shipped])
    writing, billed = State(invoke=Invoke(invoice, "order", "amount")), State(final=True)
    invoicing = State(inside=[writing, billed])
    filling = State(parallel=True, inside=[shipping, invoicing])

    delivered = State(after={"14d": "kept"})
    coming_back = State(after={"30d": "kept"}, description="announced, but not here yet")
    refunding = State(invoke=Invoke(refund, "receipt", "amount"))
    kept, returned, abandoned = State(final=True, done="bill"), State(final=True), State(final=True)

    checkout = basket.to(paying, when="amount > 0", do=keep("card", "_event.data.card"))
    paying.to(filling, event="done.invoke.charge", do=keep("receipt", "_event.data"))
    paying.to(basket, event="error.invoke.charge", do=keep("problem", "_event.data.message"))
    drop = (basket | paying).to(abandoned)

    ship = (packing | late).to(shipped)
    writing.to(billed, event="done.invoke.invoice", do=keep("bill", "_event.data"))
    filling.to(delivered, event="done.state.filling")

    give_back = delivered.to(coming_back)
    arrive = coming_back.to(refunding)
    refunding.to(returned, event="done.invoke.refund")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Engine(f"sqlite:///{Path(folder) / 'orders.db'}") as engine:
        order = engine.start(Order, {"order": "A-1", "amount": 30}, id="A-1")
        order.send("checkout", card="stolen")
        order.wait("basket", timeout_s=10)
        order.send("checkout", card="golden")
        order.wait("billed", timeout_s=10)
        print(f"{order.id} is in {order.state}; possible now: {', '.join(order.available())}")
        order.send("ship", event_id="parcel-7")
        order.send("ship", event_id="parcel-7")  # a repeated scan is taken once
        print(f"{order.id} is in {order.state}; possible now: {', '.join(order.available())}")
        order.send("give_back")
        order.send("arrive")
        print(f"{order.id} has {order.wait(timeout_s=10)} as {order.state}")


if __name__ == "__main__":
    sys.exit(main())
