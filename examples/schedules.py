"""A shop that works by the clock: `python examples/schedules.py`, and Ctrl-C to stop.

While it runs: `mainspring schedule list --store shop.db`, `mainspring schedule timeline --store shop.db`.
"""

from __future__ import annotations

import sys
import time

from mainspring import OCCURRENCE, Engine, Workflow, task


@task
def count_stock(as_of: str) -> dict[str, int]:
    print(f"counting the stock as of {as_of}")
    return {"nails": 1_200, "screws": 350}


@task(retries=3)
def order(stock: dict[str, int], least: int) -> list[str]:
    return [name for name, count in stock.items() if count < least]


restock = Workflow("restock")
restock.output(
    restock.add(order, restock.add(count_stock, restock.input("as_of", str)), restock.input("least", int, 500))
)


def main(seconds: float) -> None:
    with Engine("sqlite:///shop.db") as engine:
        engine.schedule("restock", restock, {"as_of": OCCURRENCE}, every="2s", overlap="skip")
        engine.schedule("month-end", restock, {"as_of": OCCURRENCE}, cron="0 18 LW * *", tz="Europe/Berlin")
        for schedule in engine.schedules():
            print(f"{schedule.name}: next at {schedule.preview(1)[0]}")
        time.sleep(seconds)
        statistics = engine.get_schedule("restock").statistics()
        print(f"restock: {statistics.completed} completed, {statistics.missed} missed")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 3_600)
