"""What evaluation costs beside its fits: `make bench-evaluation`, or with a table of one's own:

    python -m benchmarks.evaluation_cost --adult adult.csv.gz --target income

One family of K members is evaluated as the line does it, one model class after the other in one
process: the members' downstream models (fitted once on all rows and once on the train part), the
oracle, the naive baselines, and every table. Seconds are those of the product's own functions, by a
stopwatch around each; what several tables ask of the same predictions is counted for the first of
them. The page it writes is docs/evaluation-cost.md.

What the way from predictions to tables costs is printed as `tables`. To compare it with another
revision, run the same command in a checkout of each, in turn:

    python -m benchmarks.evaluation_cost --models lr --members 5 --rows 16779 --test-rows 4195 --no-page
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.members import silent
from dge_assets.core.contract.completion import complete_contract
from dge_assets.core.contract.contract import Contract, ContractDeclaration
from dge_assets.core.downstream.fitting import BATCH_ROWS, FittedModel
from dge_assets.core.downstream.member_models import (
    DownstreamRequest,
    fit_downstream,
    from_files,
    to_files,
)
from dge_assets.core.evaluation.catalogue import CATALOGUE
from dge_assets.core.evaluation.family_model import (
    find_test_groups,
    predict_oracle,
    score_family_model,
)
from dge_assets.core.evaluation.requests import FamilyModelRequest, GroupRequest, OracleRequest
from dge_assets.core.groups.scores import TestGroup
from dge_assets.core.threads import one_thread

PAGE = Path(__file__).resolve().parents[1] / "docs" / "evaluation-cost.md"
MODELS = ("lr", "mlp", "deepish_mlp", "deep_mlp", "rf", "knn", "svm", "gbdt")
PARTS = {
    "fit_model": "fits",
    "predict": "predicting",
    "training_with_intervals": "training scores",
    "approach_differences": "training scores",
    "score_members": "evaluation scores",
    "cross_scores": "cross scores",
    "group_scores": "groups",
    "find_test_groups": "groups",
    "k_curve": "K curve",
    "ensemble_intervals": "K curve",
    "uncertainty_tables": "uncertainty",
    "from_files": "loading stored models",
    "to_files": "storing models",
}
"""Function of the product -> what its time is called."""
BARE = "estimators alone"
"""Seconds of the predicting that are the estimators' own."""
TEST_SHARE, MAX_LEVELS = 0.2, 100


def mixed_table(rows: int, *, seed: int) -> pd.DataFrame:
    """Six numbers, a flag, a date, six categories (2 to 40 levels) and a binary target that depends
    on some of them.
    """
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, 6)) * 10.0 ** np.arange(6), columns=list("abcdef"))
    frame["flag"] = rng.random(rows) < 0.3
    frame["when"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(
        rng.integers(0, 1500, rows), unit="D"
    )
    for levels in (2, 4, 7, 12, 20, 40):
        frame[f"of {levels}"] = pd.Categorical(
            [f"level {code}" for code in rng.integers(0, levels, rows)]
        )
    score = (
        frame["a"]
        + frame["b"] / 10
        + frame["flag"]
        - (frame["of 4"].cat.codes == 2)
        + rng.normal(size=rows)
    )
    return frame.assign(
        target=pd.Categorical(np.where(score > 0.5, "yes", "no"), categories=["no", "yes"])
    )


def drawn_tables(
    rows: int, test_rows: int, members: int
) -> tuple[pd.DataFrame, pd.DataFrame, dict[int, pd.DataFrame]]:
    """real_train, real_test and the datasets, all drawn from the same distribution."""
    datasets = {seed: mixed_table(rows, seed=100 + seed) for seed in range(members)}
    return mixed_table(rows, seed=1), mixed_table(test_rows, seed=2), datasets


def resampled_tables(
    path: Path, rows: int, test_rows: int, members: int
) -> tuple[pd.DataFrame, pd.DataFrame, dict[int, pd.DataFrame]]:
    """The same from a real table; datasets are draws with replacement from its training rows, which
    cost what others cost.
    """
    whole = pd.read_csv(path).dropna().sample(frac=1, random_state=0, ignore_index=True)
    for name in whole.select_dtypes("object"):
        whole[name] = whole[name].astype("category")
    train, test = whole[:rows], whole[rows : rows + test_rows].reset_index(drop=True)
    datasets = {
        seed: train.sample(rows, replace=True, random_state=seed, ignore_index=True)
        for seed in range(members)
    }
    return train, test, datasets


class Clock:
    """Processor seconds spent in the product's functions of `PARTS`, each call counted for the
    outermost of them alone.
    """

    def __init__(self) -> None:
        self._is_running = False
        self.start()

    def start(self) -> None:
        """Count anew."""
        self.seconds, self.rows_predicted = dict.fromkeys(PARTS.values(), 0.0), 0

    def watch(self) -> None:
        """Put a stopwatch around each function, wherever a module of the core has it under its
        name.
        """
        modules = [
            module for name, module in sys.modules.items() if name.startswith("dge_assets.core")
        ]
        for module in [*modules, sys.modules["__main__"]]:
            for name, part in PARTS.items():
                if callable(getattr(module, name, None)):
                    setattr(module, name, self._timed(getattr(module, name), part))

    def _timed(self, function: Callable[..., Any], part: str) -> Callable[..., Any]:
        def timed(*given: Any, **options: Any) -> Any:
            if self._is_running:
                return function(*given, **options)
            self._is_running, start = True, time.process_time()
            if part == PARTS["predict"]:
                self.rows_predicted += len(given[1])
            try:
                return function(*given, **options)
            finally:
                self.seconds[part] += time.process_time() - start
                self._is_running = False

        return timed


def measure(
    clock: Clock,
    model: str,
    contract: Contract,
    tables: tuple[pd.DataFrame, pd.DataFrame, dict[int, pd.DataFrame]],
    groups: tuple[TestGroup, ...],
) -> dict[str, float]:
    """Seconds by part, and of all together, for one model class."""
    clock.start()
    start = time.process_time()
    stored = _evaluate(model, contract, *tables, groups)
    total = time.process_time() - start
    found = {**clock.seconds, "other": total - sum(clock.seconds.values()), "all": total}
    fitted = from_files(stored[0], model, place="the benchmark").full
    return {**found, BARE: clock.rows_predicted * _bare_seconds(fitted, tables[1])}


def _bare_seconds(fitted: FittedModel, rows: pd.DataFrame) -> float:
    """Seconds a row that the estimator alone takes, for rows that are prepared already."""
    prepared, estimator = fitted.pipeline[:-1].transform(rows), fitted.pipeline[-1]
    start = time.process_time()
    for first in range(0, len(rows), BATCH_ROWS):
        estimator.predict_proba(prepared[first : first + BATCH_ROWS])
    return (time.process_time() - start) / len(rows)


def _evaluate(
    model: str,
    contract: Contract,
    train: pd.DataFrame,
    test: pd.DataFrame,
    datasets: dict[int, pd.DataFrame],
    groups: tuple[TestGroup, ...],
) -> dict[int, dict[str, bytes]]:
    """As the line does it; the members' stored models, by seed."""
    shared: dict[str, Any] = {"table": "bench", "contract": contract, "max_levels": MAX_LEVELS}
    stored = {
        seed: to_files(
            fit_downstream(
                DownstreamRequest(
                    family="f",
                    seed=seed,
                    dataset=frame,
                    models=(model,),
                    test_share=TEST_SHARE,
                    **shared,
                ),
                silent,
            )
        )
        for seed, frame in datasets.items()
    }
    real: dict[str, Any] = {"real_train": train, "real_test": test}
    oracle = predict_oracle(
        OracleRequest(model=model, fits=len(datasets), **real, **shared), silent
    )
    members: dict[str, Any] = {
        "datasets": datasets,
        "stored": stored,
        "seconds": dict.fromkeys(datasets, 1.0),
    }
    ks = tuple(sorted({K for K in (5, 10) if len(datasets) > K} | {len(datasets)}))
    task = FamilyModelRequest(
        cards=CATALOGUE.made_per("pair"),
        family="f",
        model=model,
        oracle=oracle,
        ks=ks,
        test_share=TEST_SHARE,
        groups=groups,
        **real,
        **members,
        **shared,
    )
    score_family_model(task, silent)
    return stored


def _of_tables(seconds: Any) -> Any:
    """What is left of all seconds (by part, or a frame of them) for scores and tables."""
    before = ("fits", "predicting", "loading stored models", "storing models")
    return seconds["all"] - sum(seconds[part] for part in before)


def page(table: pd.DataFrame, *, command: str, what: str) -> str:
    """The page: a row per model, a column per part, and the ratio of the rest to the fits."""
    shown = table.copy()
    rest = shown["all"] - shown["fits"]
    bare = shown.pop(BARE)
    shown["tables / fits"] = _of_tables(shown) / shown["fits"]
    shown[f"{BARE} / fits"] = bare / shown["fits"]
    shown["rest / fits"] = rest / shown["fits"]
    lines = [
        "# What evaluation costs",
        "",
        f"Made by `{command}` on {pd.Timestamp.now(tz='UTC'):%Y-%m-%d}: {what}; {platform.machine()}, one core, Python "
        f"{platform.python_version()}.",
        "",
        "Seconds per downstream model for one family: fits (each member on all rows and on its train part, the oracle, the",
        "naive baselines), and all that comes after. `tables / fits` is what scores and tables cost, `rest / fits` everything",
        "but the fits, with predicting, storing and loading models. A model is fitted once, and predicts each set of rows once;",
        f"every table is made from those predictions. `{BARE} / fits` is what the estimators themselves take to",
        "predict these rows once they are prepared, and the least that `rest / fits` can be with them. Groups are found once for",
        "all models.",
        "",
        "| model | " + " | ".join(shown.columns) + " |",
        "|" + " --- |" * (len(shown.columns) + 1),
    ]
    for model, row in shown.iterrows():
        cells = [f"{value:.1f}" for value in row[:-3]]
        cells += [f"{value:.1%}" if row["fits"] else "" for value in row[-3:]]
        lines.append(f"| {model} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "`knn` learns nothing when fitted: all its work is predicting, so its own ratio says nothing, and its seconds do. `svm`",
        "compares each row with its support vectors, and `rf` walks each row down 100 trees. "
        "With many more test rows than rows of a",
        "dataset, predicting is dear beside fitting, whatever is done with the predictions; fewer test rows make it cheaper in",
        "proportion. Most of the tables' time goes into the bootstrap replicates of each score, on all rows and in each group.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure all models, print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--test-rows", type=int, default=30_000)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument(
        "--adult", type=Path, help="a CSV file to use instead of the table that is made here"
    )
    parser.add_argument("--target", default="target")
    parser.add_argument("--no-page", action="store_true", help="print only")
    given = parser.parse_args()
    size = (given.rows, given.test_rows, given.members)
    tables = resampled_tables(given.adult, *size) if given.adult else drawn_tables(*size)
    contract = complete_contract(
        ContractDeclaration(target=given.target), tables[0], table="bench"
    ).contract
    rows = {}
    clock = Clock()
    clock.watch()
    with one_thread():
        groups = find_test_groups(
            GroupRequest(real_train=tables[0], real_test=tables[1], target=given.target), silent
        )
        # Once for all models: it is no model's own, but belongs to what comes after the fits.
        finding = clock.seconds["groups"]
        for model in given.models:
            rows[model] = measure(clock, model, contract, tables, groups)
            told = {**rows[model], "tables": _of_tables(rows[model])}
            print(model, {name: round(value, 2) for name, value in told.items()}, flush=True)
    table = pd.DataFrame(rows).T
    table.loc["finding groups"] = 0.0
    table.loc["finding groups", ["groups", "all"]] = finding
    table.loc["all models"] = table.sum()
    what = (
        f"K = {given.members} members of {given.rows} rows, {len(tables[1])} test rows, {tables[0].shape[1] - 1} features of "
        f"{given.adult.name if given.adult else 'a made table of mixed columns'}"
    )
    own = " ".join(["python -m benchmarks.evaluation_cost", *sys.argv[1:]])
    command = "make bench-evaluation" if len(sys.argv) == 1 else own
    text = page(table, command=command, what=what)
    print(text)
    if not given.no_page:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
