"""An order: payment with a time-out, shipping and invoicing side by side, and returns for two weeks.

python examples/order.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from mainspring import Engine, State, StateMachine, task


@task
def charge(order: str, amount: int) -> str:
    """Ask the bank; what it returns is the receipt."""
    return f"receipt for {order}: {amount}"


@task
def refund(order: str, amount: int) -> str:
    return f"{amount} back for {order}"


class Order(StateMachine):
    """From the basket to the end of the time in which it may come back."""

    values = {"receipt": None}

    basket = State(initial=True)
    paying = State(
        invoke={"type": "task", "id": "charge", "source": "order:charge", "names": ["order", "amount"]},
        after={"15m": "abandoned"},
    )

    packing = State(after={"2d": "late"})
    late = State(description="somebody should look at it")
    shipped = State(final=True)
    shipping = State(inside=[packing, late, shipped])
    unbilled, billed = State(), State(final=True)
    invoicing = State(inside=[unbilled, billed])
    filling = State(parallel=True, inside=[shipping, invoicing])

    delivered = State(after={"14d": "kept"})
    refunding = State(invoke={"type": "task", "id": "refund", "source": "order:refund", "names": ["order", "amount"]})
    kept, returned, abandoned = State(final=True, done="receipt"), State(final=True), State(final=True)

    checkout = basket.to(paying, when="amount > 0")
    paying.to(
        filling,
        event="done.invoke.charge",
        do={"do": "assign", "location": "receipt", "value": {"expression": "_event.data"}},
    )
    paying.to(basket, event="error.invoke.charge")
    ship = (packing | late).to(shipped)
    bill = unbilled.to(billed)
    filling.to(delivered, event="done.state.filling")
    give_back = delivered.to(refunding)
    refunding.to(returned, event="done.invoke.refund")
    drop = (basket | paying).to(abandoned)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Engine(f"sqlite:///{Path(folder) / 'orders.db'}") as engine:
        engine.register(charge, "order:charge")
        engine.register(refund, "order:refund")
        order = engine.start(Order, {"order": "A-1", "amount": 30}, id="A-1")
        order.send("checkout")
        order.wait("filling", timeout_s=10)
        order.send("ship", event_id="parcel-7")
        order.send("bill")
        print(f"{order.id} is {order.state}; possible now: {', '.join(order.available())}")
        order.send("give_back")
        print(f"{order.id} has {order.wait(10)} as {order.state}")


if __name__ == "__main__":
    sys.exit(main())
