"""The demo as a process of its own, on the visits table: what `make demo` starts, so that it can be
killed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from tests.integration.conftest import visits_attributes, visits_frame


def write_declaration(folder: Path, *, epochs: int = 400, seeds: int = 4) -> Path:
    """A tables folder with the visits table on disk, for runs in processes of their own."""
    table = folder / "tables" / "visits"
    table.mkdir(parents=True)
    visits_frame().to_csv(table / "visits.csv", index=False)
    attributes = visits_attributes(
        families={"tvae": {"epochs": epochs, "batch_size": 100}},
        seeds=seeds,
        profiles={"full": {"epochs": epochs}},
    )
    document = {"type": "dge_assets.component.TableComponent", "attributes": attributes}
    (table / "defs.yaml").write_text(yaml.safe_dump(document, allow_unicode=True))
    return table.parent


def start_demo(
    tables: Path, home: Path | str, log: Path, **settings: str
) -> subprocess.Popen[bytes]:
    """`python -m dge_assets.demo visits` as `make demo` starts it, in a process group of its own."""
    environment = {
        **os.environ,
        "DGE_TABLES": str(tables),
        "DGE_HOME": str(home),
        "DGE_PROFILE": "full",
    }
    environment.pop("DAGSTER_HOME", None)
    environment |= settings
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "dge_assets.demo", "visits"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def release_version(home: Path) -> str:
    (found,) = [path.name for path in (home / "releases" / "visits").iterdir() if path.is_dir()]
    return found
