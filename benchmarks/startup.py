"""How long it takes to begin: `import mainspring`, and `mainspring list` on a small store.

    .venv/bin/python benchmarks/startup.py [--json FILE]

Each in a fresh process, in turns with a Python that only imports what mainspring cannot do without.  Bytecode is made
once, before, as an installation does.  Judged is the fastest of all rounds: what else the machine does only adds to it.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from harness import Bound, Row, in_turns, options_of, plain_row, python, tell

from mainspring import Engine, task

IMPORT = "import time; begin = time.perf_counter(); import {}; print((time.perf_counter() - begin) * 1e3)"
BARE = "apsw, msgspec"
LIST = (
    "import sys; from mainspring.cli import main; sys.argv = ['mainspring', 'list', '--store', {!r}]; sys.exit(main())"
)
INSTANCES = 20


@task
async def step(node: int) -> int:
    return node


class Start:
    """Fresh processes that share one cache of bytecode."""

    def __init__(self, folder: str) -> None:
        self.environment = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(Path(folder) / "bytecode")}
        self.url = f"sqlite:///{Path(folder) / 'small.db'}"
        with Engine(self.url) as engine:
            engine.gather(engine.submit_many(step, [(node,) for node in range(INSTANCES)]), timeout_s=60)
        self.listing()

    def importing(self, modules: str) -> float:
        """Milliseconds of an import."""
        return float(python("-c", IMPORT.format(modules), environment=self.environment))

    def listing(self) -> float:
        """Milliseconds of a whole process, from its start to its end."""
        return self.process(LIST.format(self.url))

    def process(self, code: str) -> float:
        begin = time.perf_counter()
        python("-c", code, environment=self.environment)
        return (time.perf_counter() - begin) * 1e3


def judged(what: str, pairs: list[tuple[float, float]], limit: float) -> Row:
    fastest = min(ours for _, ours in pairs)
    return plain_row(what, "ms", fastest, Bound(limit, "ms"), min(reference for reference, _ in pairs))


def main() -> None:
    options = options_of(__doc__, rounds=9).parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        start = Start(folder)
        imports = list(in_turns(options.rounds, lambda: start.importing(BARE), lambda: start.importing("mainspring")))
        lists = list(in_turns(options.rounds, lambda: start.process(f"import {BARE}"), start.listing))
    rows = [
        judged("`import mainspring`", imports, 150),
        judged(f"`mainspring list`, {INSTANCES} instances", lists, 300),
    ]
    tell("startup", rows, options.json, f"a Python that imports {BARE}", imports=imports, lists=lists)


if __name__ == "__main__":
    main()
