"""`make bench`: how long the work takes, beside the peers and the bare linear algebra.

Each pair is timed in turn, several times, in one sitting. The figure is the median over the
pairs; beside it stand their range and what was to be reached. Printed as a table, and kept as
JSON in data/bench.
"""

from __future__ import annotations

import argparse
import os

_early = argparse.ArgumentParser(add_help=False)
_early.add_argument("--threads", type=int, default=2, help="on both sides (default 2)")
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = str(_early.parse_known_args()[0].threads)  # before NumPy is imported

import json  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from contextlib import ExitStack  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import workbench as wb  # noqa: E402
from tests.benchmarks import fitting, judging, predicting, serving, tables  # noqa: E402
from tests.benchmarks.measuring import LEAST, Row, busy, machine  # noqa: E402
from tests.benchmarks.peers.environment import PeersMissingError  # noqa: E402
from tests.benchmarks.peers.process import Peer  # noqa: E402
from tests.benchmarks.worlds import WORLDS, World  # noqa: E402
from workbench.artifact import library_versions  # noqa: E402
from workbench.errors import WorkbenchError  # noqa: E402
from workbench.settings import home  # noqa: E402

MEASURES: dict[str, Callable[..., list[Row]]] = {
    "ease": fitting.ease_bare,
    "ease-lenskit": fitting.ease_lenskit,
    "item-knn": fitting.item_knn,
    "als": fitting.als,
    "top": serving.top,
    "metrics": judging.metrics,
    "ratings": predicting.ratings,
    "rules": predicting.rules,
    "engine": serving.engine_edit,
}
ONLY_IN = {"ratings": ("100k",)}
"""Worlds of those that cannot be measured in all: Surprise would train for an hour on the other."""
DIFFER = "DIFFER"
"""In a note: the results are not the peer's ("WEIGHTS DIFFER", "SUPPORT DIFFERS")."""
APART = ("ease-lenskit", "metrics")
"""Those whose peers live in an environment of their own."""


def main() -> int:
    """Measure, print, keep; or print what was kept. 1 where results differ from a peer's.

    A target of speed that is missed is only told: machines are noisy, results are not.
    """
    asked = arguments()
    folder = home() / "bench"
    if asked.markdown:
        print(tables.markdown([read(folder, world) for world in WORLDS]))
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    world = World.load(asked.world)
    print(f"{world}; {asked.turns} pairs each", flush=True)
    if busy():
        print("Other programs keep this machine busy: the ranges will be wide.", flush=True)
    with ExitStack() as stack:
        rows, versions = [], library_versions()
        names = [n for n in asked.only or MEASURES if world.name in ONLY_IN.get(n, WORLDS)]
        for row, peer in measured(names, world, asked.turns, stack):
            rows.append(row)
            versions |= peer
            print(f"  {tables.line(row)}", flush=True)
    when = datetime.now(UTC)
    kept = {
        "when": when.isoformat(timespec="seconds"),
        "world": world.name,
        "data": str(world),
        "fingerprint": world.split.fingerprint,
        "turns": asked.turns,
        "machine": machine(),
        "versions": {"workbench": wb.__version__, **versions},
        "rows": [row.as_dict() for row in rows],
    }
    path = folder / f"{world.name}-{when:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    tables.show(kept)
    print(f"Kept in {path}")
    differing = [row.work for row in rows if DIFFER in row.note]
    for work in differing:
        print(f"Not what the peer finds: {work}", file=sys.stderr)
    return int(bool(differing))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__, parents=[_early])
    parser.add_argument("--world", default="100k", choices=WORLDS, help="what is measured on")
    parser.add_argument("--turns", type=int, default=7, help=f"pairs of each, at least {LEAST}")
    parser.add_argument("--only", nargs="+", choices=MEASURES, help="some of the measurements")
    parser.add_argument(
        "--markdown", action="store_true", help="print the table of the newest results, and stop"
    )
    asked = parser.parse_args()
    if asked.turns < LEAST:
        parser.error(f"--turns must be at least {LEAST}, not {asked.turns}")
    return asked


def measured(
    names: list[str], world: World, turns: int, stack: ExitStack
) -> Iterator[tuple[Row, dict[str, str]]]:
    """Row after row; one that cannot be measured says why, and the rest goes on."""
    peer: Peer | None = None
    versions: dict[str, str] = {}
    for name in names:
        try:
            if name in APART and peer is None:
                peer = stack.enter_context(Peer())
                versions = {f"peer {k}": v for k, v in peer.ask("versions").items()}
            extra = [peer] if name in APART else []
            for row in MEASURES[name](world, turns, *extra):
                yield row, versions
        except (PeersMissingError, WorkbenchError) as error:
            yield Row(name, note=f"not measured: {error}"), versions


def read(folder: Path, world: str) -> dict[str, Any] | None:
    """The newest results of a world; the newest of each row, where only some were asked for."""
    found = [json.loads(p.read_text("utf-8")) for p in sorted(folder.glob(f"{world}-*.json"))]
    return tables.merged(found) if found else None


if __name__ == "__main__":
    sys.exit(main())
