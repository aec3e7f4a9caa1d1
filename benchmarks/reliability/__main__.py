"""Run the long stages that have no figures yet, or those that are named, and write
`docs/reliability.md`: `make faults`.
"""

from __future__ import annotations

import argparse

from benchmarks.reliability.page import page
from benchmarks.reliability.stages import ROOT, STAGES, keep, kept, run

PAGE = ROOT / "docs/reliability.md"


def main() -> None:
    """Each stage is kept as it ends, so what was stopped goes on with the next one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__)
    parser.add_argument("stages", nargs="*", help=f"to run, kept or not: {', '.join(STAGES)}")
    parser.add_argument(
        "--page", action="store_true", help="run nothing, write the page of what is kept"
    )
    given = parser.parse_args()
    unknown = set(given.stages) - set(STAGES)
    if unknown:
        parser.error(f"no stage {sorted(unknown)}; there are {list(STAGES)}")
    wanted = [] if given.page else given.stages or [name for name in STAGES if name not in kept()]
    for name in wanted:
        print(f"{name}: {STAGES[name].test}", flush=True)
        keep(name, run(name))
        PAGE.write_text(page(kept()), encoding="utf-8")
    PAGE.write_text(page(kept()), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
