"""All benchmarks, one after the other, into one file.

    .venv/bin/python benchmarks/run.py [--json FILE] [--size 0.1]

Exits with 1 where a bound is missed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import HERE, machine, options_of, save

NAMES = (
    "startup", "steps", "graph", "disk", "waiting", "machines", "events", "schedules", "processes", "traces",
    "postgres", "clusters",
)  # fmt: skip


def main() -> int:
    parser = options_of(__doc__, rounds=0)
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name in NAMES:
            file = Path(folder) / f"{name}.json"
            command = [sys.executable, str(HERE / f"{name}.py"), f"--json={file}", f"--size={options.size}"]
            command += [f"--rounds={options.rounds}"] if options.rounds else []
            command += [f"--folder={options.folder}"] if options.folder else []
            if subprocess.run(command, check=False).returncode not in (0, 1):  # 1: a bound is missed
                raise SystemExit(f"{name}.py has failed")
            print(flush=True)
            found.append(json.loads(file.read_text(encoding="utf-8")))
            save(options.json, {"machine": machine(), "benchmarks": found})
    missed = [row["what"] for each in found for row in each["rows"] if row["holds"] is False]
    print(f"missed: {', '.join(missed)}" if missed else "every bound is kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
