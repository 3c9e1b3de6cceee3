"""All benchmarks or the named ones: `python -m benchmarks [NAME …] [--json]`; the names stand in `--help`.

Exit status 0 when every limit is kept, 1 when one is missed. What stands here judges with limits; the figures of
one machine, with their spread, are in README.md beside this file.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import sys
from dataclasses import asdict

from benchmarks.figures import Figure, table

MEASURED = (
    "serve",
    "load",
    "page",
    "telegram",
    "notices",
    "strangers",
    "pack",
    "console",
    "office_load",
    "planning",
    "season",
)  # hand back figures
TOLD = ("turns", "paper", "diff")  # print their own lines and return a status


def main() -> int:
    """Runs and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join((*MEASURED, *TOLD)))
    parser.add_argument("--json", action="store_true", help="figures as JSON on stdout, the rest on stderr")
    args = parser.parse_args()
    unknown = set(args.names) - {*MEASURED, *TOLD}
    if unknown:
        parser.error(f"no benchmark is called {' '.join(sorted(unknown))}")
    found: dict[str, list[Figure]] = {}
    statuses: dict[str, int] = {}
    for name in args.names or (*MEASURED, *TOLD):
        module = importlib.import_module(f"benchmarks.{name}")
        with contextlib.redirect_stdout(sys.stderr if args.json else sys.stdout):
            print(f"## {name}", flush=True)
            if name in TOLD:
                sys.argv[1:] = []
                statuses[name] = module.main()
            else:
                found[name] = module.figures()
                print(table(found[name]), flush=True)
                statuses[name] = int(not all(figure.met for figure in found[name]))
    if args.json:
        figures = {name: [{**asdict(f), "met": f.met} for f in some] for name, some in found.items()}
        print(json.dumps({"figures": figures, "met": {n: not s for n, s in statuses.items()}}, indent=1))
    return int(any(statuses.values()))


if __name__ == "__main__":
    sys.exit(main())
