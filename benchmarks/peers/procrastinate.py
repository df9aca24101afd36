"""Tasks a second of procrastinate: submitted in bulk, run by one worker with 64 slots."""

from __future__ import annotations

import asyncio
import sys
import time


async def main(url: str, count: int) -> float:
    import procrastinate

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))

    @app.task(name="nothing")
    async def nothing(value: int) -> int:
        return value

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        began = time.perf_counter()
        await nothing.batch_defer_async(*({"value": value} for value in range(count)))
        await app.run_worker_async(wait=False, concurrency=64, install_signal_handlers=False)
        return count / (time.perf_counter() - began)


if __name__ == "__main__":
    sys.path.remove(sys.path[0])  # the folder of this file, which has the name of the library
    print(asyncio.run(main(sys.argv[1], int(sys.argv[2]))))
