"""Do the intervals of a DGE evaluation hold the truth when the generator is perfect? `make
perfect-generator`.

A perfect generator draws each member's dataset from the true distribution (two moons), so nothing
but chance parts the score that the datasets claim from the true one, and an interval at 95 % should
hold it in 95 of 100 repeats. Each repeat draws K datasets anew, fits the models and evaluates them
by the product's own functions; the true score of each model is taken on 20,000 rows. The page it
writes is docs/perfect-generator.md.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as student_t
from sklearn.datasets import make_moons

from dge_assets.core.downstream.fitting import fit_model, model_seed, predict, stack_rows
from dge_assets.core.downstream.targets import Target
from dge_assets.core.protocols import evaluation_targets, predict_member
from dge_assets.core.scores.approach import Approach, dge
from dge_assets.core.scores.claim_intervals import evaluation_intervals
from dge_assets.core.scores.metrics import score_encoded
from dge_assets.core.scores.predictions import EvaluationTargets, MemberPredictions
from dge_assets.core.scores.tables import cross_scores, score_evaluation
from dge_assets.core.threads import one_thread

PAGE = Path(__file__).resolve().parents[1] / "docs" / "perfect-generator.md"
MODELS = ("lr", "sklearn.tree:DecisionTreeClassifier(max_depth=4)")
METRICS = ("accuracy", "auc", "brier", "nll")
NOISE, TRUE_ROWS, LEVEL = 0.3, 20_000, 0.95
POINTS_PER_DRAW = 50


def moons(rows: int, stream: np.random.Generator) -> pd.DataFrame:
    """`rows` draws of the true distribution.

    `make_moons` puts its points evenly on the two arcs, both ends included, so that few points lie
    at the ends more often than many do; to be draws of one distribution they are drawn from a far
    longer row of points.
    """
    X, y = make_moons(POINTS_PER_DRAW * rows, noise=NOISE, random_state=int(stream.integers(2**32)))
    drawn = stream.choice(len(y), size=rows, replace=False)
    X, y = X[drawn], y[drawn]
    return pd.DataFrame({"x": X[:, 0], "z": X[:, 1], "target": y})


def one_repeat(
    model: str, ks: tuple[int, ...], rows: int, stream: np.random.Generator, real: pd.DataFrame
) -> pd.DataFrame:
    """Intervals of one ensemble by every rule, with its models' mean true score: one row per K,
    metric and rule.
    """
    whole = [moons(rows, stream) for _ in range(max(ks))]
    cut = rows * 4 // 5
    datasets = [(frame[:cut], frame[cut:].reset_index(drop=True)) for frame in whole]
    target = Target("target", "binary", (0, 1))
    fitted = [
        fit_model(
            train,
            target,
            model,
            seed=model_seed(int(stream.integers(2**32)), i),
            name="train",
        )
        for i, (train, _) in enumerate(datasets)
    ]
    y = real["target"].to_numpy()
    true = pd.DataFrame(
        [score_encoded(METRICS, y, predict(one, real), task="binary").values for one in fitted]
    )
    targets = evaluation_targets(real[:10], datasets, whole, target)
    stacked = stack_rows(whole, name="datasets")
    predictions = [
        predict_member(i, one, real[:10], datasets[i][1], whole, stacked=stacked)
        for i, one in enumerate(fitted)
    ]
    crossed = cross_scores(predictions, targets, task="binary", metrics=METRICS)
    found = evaluation_intervals(crossed, ks, task="binary", level=LEVEL)
    plain = pd.concat([_by_std(predictions[:K], targets, K) for K in ks])
    found = pd.concat([found, plain], ignore_index=True)
    size = [Approach.read(name).K for name in found["approach"]]
    found["true"] = [
        true[metric][:K].mean() for metric, K in zip(found["metric"], size, strict=True)
    ]
    return found


def _by_std(
    predictions: list[MemberPredictions], targets: EvaluationTargets, K: int
) -> pd.DataFrame:
    """The rule that one may think of first: value ± t std / sqrt(K), std over the models, of the
    first K members.
    """
    first = EvaluationTargets(targets.real_test, targets.own_tests[:K], targets.datasets[:K])
    cut = [
        MemberPredictions(p.member, p.real_test, p.own_test, p.datasets[:K]) for p in predictions
    ]
    scores = score_evaluation(cut, first, [K], task="binary", metrics=METRICS)
    table = scores[scores["approach"] == str(dge(K))].copy()
    reach = student_t.ppf((1 + LEVEL) / 2, K - 1) * table["std"] / np.sqrt(K)
    table = table.assign(over="std", standard_error=table["std"] / np.sqrt(K))
    return table.assign(low=table["value"] - reach, high=table["value"] + reach).drop(columns="std")


def coverage(repeats: pd.DataFrame) -> pd.DataFrame:
    """Share of repeats whose interval holds the models' mean true score, and the expected one (its
    mean over repeats).
    """
    expected = repeats.groupby(["approach", "metric"])["true"].transform("mean")
    held = repeats.assign(
        these=(repeats["low"] <= repeats["true"]) & (repeats["true"] <= repeats["high"]),
        any=(repeats["low"] <= expected) & (expected <= repeats["high"]),
        width=repeats["high"] - repeats["low"],
        error=repeats["value"] - repeats["true"],
    )
    groups = held.groupby(["approach", "metric", "over"], sort=False)
    return groups.agg(
        these=("these", "mean"),
        any=("any", "mean"),
        width=("width", "median"),
        bias=("error", "mean"),
    ).reset_index()


def page(
    tables: dict[str, pd.DataFrame], *, command: str, repeats: int, rows: int, seconds: float
) -> str:
    """The page: per model and rule, how often the truth was held."""
    error = np.sqrt(LEVEL * (1 - LEVEL) / repeats)
    lines = [
        "# A perfect generator: do the intervals hold the truth?",
        "",
        f"Made by `{command}` on {pd.Timestamp.now(tz='UTC'):%Y-%m-%d} in {seconds:.0f} s ({platform.machine()}, Python "
        f"{platform.python_version()}).",
        "",
        f"Each of {repeats} repeats draws K datasets of {rows} rows from the true distribution (two moons, noise {NOISE}),",
        "fits a model on the train part of each and scores it on all rows of the others. The truth is taken on",
        f"{TRUE_ROWS} rows. Intervals are at 95 %;",
        f"with {repeats} repeats a rule that holds exactly is seen between {LEVEL - 2 * error:.1%} and {LEVEL + 2 * error:.1%}",
        "(two binomial standard errors).",
        "",
        "- `std`: value ± t · std / √K with the std of `evaluation_scores`, which is over the models. It is *not* an interval",
        "  of the evaluation: all models are scored on the same datasets, and what these happen to say is common to all.",
        "- `models` and `members`: the intervals of `dge_assets/core/scores/claim_intervals.py`.",
        "- *these models*: how often the mean true score of the K models at hand was held, which `models` is made for.",
        "- *any model*: how often the expected score of a model of one more member was held, which `members` is made for.",
        "- bias: mean of value minus these models' mean true score.",
        "",
    ]
    for model, table in tables.items():
        lines += [
            f"## {model}",
            "",
            "| K | metric | rule | these models | any model | median width | bias |",
            "|" + " --- |" * 7,
        ]
        for row in table.itertuples():
            K = Approach.read(row.approach).K
            own = {"models": "these", "members": "any"}.get(row.over)
            shown = [
                f"**{value:.1%}**" if name == own else f"{value:.1%}"
                for name, value in (("these", row.these), ("any", row.any))
            ]
            lines.append(
                f"| {K} | {row.metric} | `{row.over}` | {shown[0]} | {shown[1]} | {row.width:.4f} | {row.bias:+.4f} |"
            )
        lines.append("")
    return "\n".join(lines)


def simulate(model: str, ks: tuple[int, ...], rows: int, repeats: int, seed: int) -> pd.DataFrame:
    """All repeats of one model; repeat r has the r-th stream of `seed`."""
    streams = [
        np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(repeats + 1)
    ]
    real = moons(TRUE_ROWS, streams.pop())
    return pd.concat(
        [one_repeat(model, ks, rows, stream, real) for stream in streams], ignore_index=True
    )


def main() -> None:
    """Simulate, print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=300)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--no-page", action="store_true", help="print only")
    given = parser.parse_args()
    start = time.perf_counter()
    with one_thread():
        tables = {
            model: coverage(simulate(model, (5, 10), given.rows, given.repeats, seed=0))
            for model in MODELS
        }
    plain = " ".join(["python -m benchmarks.perfect_generator", *sys.argv[1:]])
    command = "make perfect-generator" if len(sys.argv) == 1 else plain
    text = page(
        tables,
        command=command,
        repeats=given.repeats,
        rows=given.rows,
        seconds=time.perf_counter() - start,
    )
    print(text)
    if not given.no_page:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
