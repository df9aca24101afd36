"""Steps a second of DBOS: workflows of ten steps, all started at once by one process and run in its threads."""

from __future__ import annotations

import sys
import time


def main(url: str, count: int) -> float:
    from dbos import DBOS

    @DBOS.step()
    def nothing(value: int) -> int:
        return value

    @DBOS.workflow()
    def chain(value: int) -> int:
        for _ in range(10):
            value = nothing(value)
        return value

    def run(number: int) -> list[int]:
        handles = [DBOS.start_workflow(chain, value) for value in range(number)]
        return [handle.get_result() for handle in handles]

    DBOS(config={"name": "bench", "system_database_url": url, "run_admin_server": False, "log_level": "ERROR"})
    DBOS.launch()
    run(max(1, count // 10))
    began = time.perf_counter()
    assert run(count) == list(range(count))
    rate = 10 * count / (time.perf_counter() - began)
    DBOS.destroy()
    return rate


if __name__ == "__main__":
    sys.path.remove(sys.path[0])  # the folder of this file, which has the name of the library
    print(main(sys.argv[1], int(sys.argv[2])))
