"""`make claims`: run the lines, compare, keep the results and write `docs/claims.md`.

A run that was broken off goes on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.claims.comparing import Found, compare
from benchmarks.claims.page import APPROACHES, page
from benchmarks.claims.predictions import line_of, predictions, stored_ensemble, test_rows
from benchmarks.claims.tables import FAMILIES, MEMBERS, NAMES, declare, run_line
from dge_assets.assets.ensemble import tables_of
from dge_assets.assets.line import CODE_VERSIONS
from dge_assets.core.scores.approach import NAIVE_CONCAT, NAIVE_SINGLE, SINGLE_MEAN, dge
from dge_assets.core.threads import one_thread
from dge_resources.storage import Storage

ROOT = Path(__file__).resolve().parents[2]
RESULTS, PAGE, HOME = (
    ROOT / "benchmarks/results/claims.json",
    ROOT / "docs/claims.md",
    ROOT / ".dge/claims",
)


def main() -> None:
    """Run what is missing and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.claims", description=__doc__)
    parser.add_argument(
        "tables", nargs="*", choices=[*NAMES, []], default=[], help="all when none is named"
    )
    parser.add_argument(
        "--adult", type=Path, help="CSV file of the Adult census table; from OpenML when left out"
    )
    parser.add_argument(
        "--only", choices=FAMILIES, help="this family alone; what is kept of the other stays"
    )
    parser.add_argument(
        "--home", type=Path, default=HOME, help="where the lines keep what they make"
    )
    given = parser.parse_args()
    names = tuple(given.tables) or NAMES
    home = given.home.resolve()
    declare(home, names, [given.only] if given.only else FAMILIES, given.adult)
    for name in names:
        run_line(home, name)
        kept: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        kept.update(_compared(home, name))
        ordered = {key: kept[key] for table in NAMES for key in kept if key.split()[0] == table}
        RESULTS.write_text(json.dumps(ordered, indent=1) + "\n")
        PAGE.write_text(page(ordered))
        print(f"{name}: written to {PAGE}", flush=True)


def _compared(home: Path, name: str) -> dict[str, Any]:
    """What was found for each family of one table."""
    line, storage = line_of(home, name), Storage(home=str(home))
    ensemble = stored_ensemble(line, storage)
    tables = {
        table: item.frame
        for table, item in tables_of(
            ensemble, line, storage, ("training_scores", "approach_differences")
        ).items()
    }
    rows = test_rows(home, line)
    found = {}
    for family in line.families:
        predicted = predictions(home, line, family, lambda text: print(text, flush=True))
        with one_thread():
            claims = {
                key: item.document() for key, item in compare(line.table, rows, predicted).items()
            }
        of_family = {key: frame[frame["family"] == family] for key, frame in tables.items()}
        claims["training_concat"] = _against_concat(of_family["approach_differences"]).document()
        found[f"{name} {family}"] = {
            "claims": claims,
            "scores": _scores(of_family["training_scores"], of_family["approach_differences"]),
            "code": CODE_VERSIONS,
            "train_rows": len(ensemble.real_train.frame),
            "test_rows": len(rows.y),
            "synthetic_rows": len(ensemble.datasets[family][0].frame),
        }
    return found


def _scores(scores: pd.DataFrame, differences: pd.DataFrame) -> dict[str, float]:
    """Mean AUC over model classes by approach; naive_single as the mean over datasets, from what
    the oracle has over it.
    """
    of_auc = scores[scores["metric"] == "auc"]
    means = of_auc.groupby("approach")["value"].mean()
    apart = differences[
        (differences["metric"] == "auc") & (differences["approach"] == str(dge(MEMBERS)))
    ]
    gain = apart.loc[apart["against"] == str(SINGLE_MEAN), "difference"].mean()
    found = {name: float(means[name]) for name in APPROACHES}
    return {**found, str(NAIVE_SINGLE): float(means[str(dge(MEMBERS))] - gain)}


def _against_concat(differences: pd.DataFrame) -> Found:
    rows = differences[
        (differences["metric"] == "auc")
        & (differences["approach"] == str(dge(MEMBERS)))
        & (differences["against"] == str(NAIVE_CONCAT))
    ]
    ends = [(float(low), float(high)) for low, high in zip(rows["low"], rows["high"], strict=True)]
    return Found.of(
        float(rows["difference"].mean()),
        (float(rows["low"].mean()), float(rows["high"].mean())),
        ends,
    )


if __name__ == "__main__":
    main()
