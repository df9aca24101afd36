"""An order: it is paid, packed and shipped; what cannot be shipped is paid back, and a person looks at odd payments.

python examples/fulfilment.py
"""

from __future__ import annotations

from typing import Any

from mainspring import Process
from mainspring.errors import BusinessError
from mainspring.testing import Simulation

STOCK = {"lamp": 3}


def charge(order: str, amount: int) -> dict[str, Any]:
    return {"receipt": f"{order}: {amount}"}


def refund(receipt: str) -> None:
    print(f"paid back, {receipt}")


def reserve(item: str) -> dict[str, Any]:
    if not STOCK.get(item):
        raise BusinessError("OutOfStock", f"there is no {item} left")
    return {"shelf": "A7"}


def release(shelf: str) -> None:
    print(f"back on the shelf {shelf}")


def tell(order: str) -> None:
    print(f"{order} cannot be shipped; the customer is told")


trade = (
    Process("trade")
    .start("begin")
    .service("charge", charge)
    .undo("charge", "refund", refund)
    .exclusive("odd?")
    .when("amount > 1000")
    .user("look", groups="fraud", schema={"type": "object", "required": ["fine"]})
    .exclusive("fine?")
    .when("not(fine)")
    .end("suspicious", cancel=True)
    .back_to("fine?")
    .otherwise()
    .connect_to("reserve")
    .back_to("odd?")
    .otherwise()
    .service("reserve", reserve)
    .undo("reserve", "release", release)
    .end("reserved")
    .on("none_left", "reserve", error="OutOfStock")
    .end("give_up", cancel=True)
)

fulfilment = (
    Process("fulfilment")
    .start("ordered")
    .sub_process("trade", trade, transaction=True)
    .wait("shipped", message="shipped")
    .end("done")
    .on_cancel("cancelled", "trade")
    .service("tell", tell)
    .end("sorry")
)


def main() -> None:
    engine = Simulation()  # an engine whose clock is turned by hand; Engine("sqlite:///shop.db") runs for good

    good = engine.start(fulfilment, {"order": "A-1", "item": "lamp", "amount": 30}, key="A-1")
    engine.advance(1)
    engine.publish("shipped", {"parcel": 17}, key="A-1")
    print(f"A-1: parcel {good.result()['parcel']}")

    engine.start(fulfilment, {"order": "A-2", "item": "harp", "amount": 90}, key="A-2").result()

    odd = engine.start(fulfilment, {"order": "A-3", "item": "lamp", "amount": 5_000}, key="A-3")
    engine.advance(1)
    odd.complete("look", by="fay", data={"fine": False})
    odd.result()


if __name__ == "__main__":
    main()
