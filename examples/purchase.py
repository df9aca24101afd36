"""A purchase that needs an approval, a director who is told when it takes too long, and a buyer who finds suppliers.

python examples/purchase.py

Or for good, from the command line: `mainspring deploy examples/purchase.py`, `mainspring worker examples/purchase.py`,
and `mainspring start purchase what=harp amount=9000`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mainspring import Process
from mainspring.errors import BusinessError
from mainspring.testing import Simulation

SUPPLIERS = {"chair": "Seats & Sons"}


def order(what: str, supplier: str | None = None) -> dict[str, Any]:
    found = supplier or SUPPLIERS.get(what)
    if found is None:
        raise BusinessError("NoSupplier", f"nobody sells {what}")
    return {"supplier": found}


def remind(what: str, amount: int) -> None:
    print(f"the director is told: {what} for {amount} waits for an approval")


purchase = Process.from_bpmn(Path(__file__).with_name("purchase.bpmn"), handlers={"order": order, "remind": remind})


def main() -> None:
    engine = Simulation()  # an engine whose clock is turned by hand; Engine("sqlite:///purchases.db") runs for good

    case = engine.start(purchase, {"what": "harp", "amount": 9_000}, key="P-1")
    engine.advance(3 * 24 * 3600)
    (task,) = engine.user_tasks(group="managers")
    print(f"{task.name}: due {task.due_at:%A}")
    case.claim("approve", by="mia")
    case.complete("approve", by="mia", data={"approved": True})
    engine.advance(1)
    print(f"waits at {case.tasks()[0].name}")
    case.complete("search", by="ben", data={"supplier": "Strings Ltd"})
    print(f"ordered from {case.result()['supplier']}")


if __name__ == "__main__":
    main()
