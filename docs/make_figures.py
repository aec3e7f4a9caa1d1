"""Writes the README's table and picture of one table from what the last demo kept: `make figures`.

Nothing in that part of the README is typed by hand: it lies between two marks and is replaced as a
whole.
"""

from __future__ import annotations

import platform
import sys
from datetime import datetime
from pathlib import Path

from dge_assets.assets.line import Line
from dge_assets.assets.training_time import full_profile_note
from dge_assets.core.generators.effort import sizes_text
from dge_assets.core.lineage.provenance import Provenance
from dge_assets.core.reporting.markdown import markdown_table
from dge_assets.core.reporting.page.headline import headline_table
from dge_assets.core.reporting.pictures.charts import approach_comparison
from dge_assets.declarations import declared_table, profile_in_use
from dge_resources.compute import available_cores
from dge_resources.home import home_url
from dge_resources.lake import Address
from dge_resources.progress import duration
from dge_resources.storage import Storage

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- figures: begin (written by `make figures`) -->", "<!-- figures: end -->"


def main(table: str) -> None:
    """Replace the figures of the README by those of `table`'s last demo."""
    storage = Storage(home=home_url())
    declaration, folder = declared_table(table)
    line = Line(declaration.plan(profile_in_use()), str(folder))
    scores = storage.lake.read(Address(table, "training_scores"))
    picture = ROOT / "docs" / "figures" / f"{table}-approaches.png"
    picture.parent.mkdir(exist_ok=True)
    picture.write_bytes(
        approach_comparison(scores.frame, "auc", title=f"{table}: AUC on real test rows")
    )
    members = [
        record
        for family, seed in line.members
        if (record := storage.artifacts.record(Address(table, "generator", family, seed)))
        is not None
    ]
    text = "\n".join(
        [
            BEGIN,
            f"Profile `{line.plan.profile}`: {sizes_text(line.plan.members, line.plan.efforts)}; mean over the "
            f"downstream models {', '.join(declaration.models)}; {available_cores()} cores, "
            f"Python {platform.python_version()}. Made by `make demo && make figures`.",
            "",
            markdown_table(headline_table(scores.frame)),
            "",
            f"![{table}: AUC by approach](docs/figures/{picture.name})",
            "",
            full_profile_note(line, members),
            *took(storage, table, members),
            END,
        ]
    )
    readme = ROOT / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
    readme.write_text(before + text + rest.split(END)[1], encoding="utf-8")


def took(storage: Storage, table: str, members: list[Provenance]) -> list[str]:
    """How long the demo took, from the source to the scores; nothing where members came of several
    runs.
    """
    ends = [storage.lake.record(Address(table, name)) for name in ("source", "training_scores")]
    records = [record for record in (*ends, *members) if record is not None]
    if len({record.run_id for record in records}) != 1:
        return []
    moments = sorted(datetime.fromisoformat(record.created_at) for record in records)
    seconds = (moments[-1] - moments[0]).total_seconds()
    return ["", f"From the source to the scores that demo took {duration(seconds)}."]


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "crash")
