"""The page of `benchmarks.shared_data`, from what was found: `docs/shared-data.md`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

METRICS = ("accuracy", "auc", "brier")
KEYS = ["dealing", "model", "metric", "approach"]


def summarize(found: pd.DataFrame) -> pd.DataFrame:
    """One row per dealing, model, metric and approach: mean truth, mean bias, its standard error,
    and repeats.
    """
    table = found.groupby(KEYS, sort=False)
    summary = table.agg(
        truth=("truth", "mean"),
        bias=("bias", "mean"),
        spread=("bias", "std"),
        repeats=("bias", "size"),
    )
    return (
        summary.assign(error=summary["spread"] / np.sqrt(summary["repeats"]))
        .drop(columns="spread")
        .reset_index()
    )


def page(kept: Mapping[str, Mapping[str, Any]], *, about: str) -> str:
    """The page as Markdown.

    kept: by generator, what `benchmarks.shared_data` keeps. about: what was done, in words.
    """
    parts = [
        "# Does shared training data leak into the evaluation?",
        "Written by `make shared-data`, of the results kept in `benchmarks/results/shared_data.json`; do not edit by hand.",
        about,
        "`same`: every generator learns from all N rows, as the members of this project do. `bootstrap`: from N rows drawn "
        "with replacement, anew for each. `disjoint`: from N / K rows of its own. `same part`: all from one part of N / K rows; "
        "against it, `disjoint` shows what sharing does, apart from what fewer rows do.",
        "Each cell is the bias, claimed minus true, ± its standard error over the draws; for accuracy and auc above zero is too "
        "good, for brier below zero. In bold: more than three standard errors from zero. Below each table two dealings are "
        "compared draw by draw, since both deal the same rows.",
    ]
    for name, of in kept.items():
        found = pd.DataFrame(of["found"])
        table = summarize(found)
        how = (
            f"N = {of['rows']} real rows, K = {of['members']} generators, datasets of {of['rows']} rows, {of['repeats']} draws "
            f"of the real rows; {of['seconds']:.0f} s in {of['processes']} processes."
        )
        parts += [f"## {name[0].upper()}{name[1:]}", how, _markdown(table), _finding(found)]
    return "\n\n".join(parts) + "\n"


def _cell(row: pd.Series) -> str:
    text = f"{row['bias']:+.4f} ± {row['error']:.4f}".replace("-", "−")
    return f"**{text}**" if abs(row["bias"]) > 3 * row["error"] else text


def _markdown(table: pd.DataFrame) -> str:
    heads = [f"{metric}, {name}" for metric in METRICS for name in table["approach"].unique()]
    lines = [
        "| model | rows dealt | true accuracy | " + " | ".join(heads) + " |",
        "| --- |" + " --- |" * (len(heads) + 2),
    ]
    for (model, dealing), rows in table.groupby(["model", "dealing"], sort=False):
        cells = rows.set_index(["metric", "approach"])
        truth = cells.loc["accuracy"]["truth"].iloc[0]
        shown = [
            _cell(cells.loc[(metric, name)])
            for metric in METRICS
            for name in table["approach"].unique()
        ]
        lines.append(f"| {model} | {dealing} | {truth:.3f} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def _finding(found: pd.DataFrame) -> str:
    """What the numbers say of the accuracy that is claimed on other generators' datasets, in one
    sentence per model.
    """
    sentences = []
    claims = found[(found["metric"] == "accuracy") & (found["approach"] != "naive")]
    for model, rows in claims.groupby("model", sort=False):
        by_dealing = rows.pivot(index="repeat", columns="dealing", values="bias")
        phrases = []
        for shared, other in (("same", "bootstrap"), ("same part", "disjoint")):
            gaps = by_dealing[shared] - by_dealing[other]
            gap, error = float(gaps.mean()), float(gaps.std(ddof=1) / np.sqrt(len(gaps)))
            sure = "beyond chance" if abs(gap) > 3 * error else "within chance"
            phrases.append(
                f"`{shared}` claims {gap:+.4f} ± {error:.4f} against `{other}` ({sure})".replace(
                    "-", "−"
                )
            )
        sentences.append(f"{model}: {'; '.join(phrases)}.")
    return "Accuracy claimed on other generators' datasets. " + " ".join(sentences)
