"""Are members of this project as good as those of the `ctgan` package? Writes `docs/same-outcome.md`: `make same-outcome`.

Seeds 0 to 19 are trained by both on the same real rows. Each member's dataset of at most 5,000 rows gets four
scores: the AUC on unseen real rows of a logistic regression and of boosted trees that were fitted on it, and its marginal and
pairwise fidelity to the real rows that the generators saw. What is compared is the mean over seeds. Where one of these
means is lower for ours on Adult, fresh seeds tell whether that was luck: see `REPEATED`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from benchmarks.both_sides import OURS, THEIRS, Case, real_table, train_ours, train_package
from benchmarks.fidelity import marginal_fidelity, pairwise_fidelity
from benchmarks.members import contract_of
from benchmarks.training_speed import TIMED
from dge_assets.core.fitting import fit_model, predict
from dge_assets.core.metrics import score_encoded
from dge_assets.core.targets import classes_of, encode_target
from dge_assets.core.threads import one_thread

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "benchmarks" / "results" / "same_outcome.json", ROOT / "docs" / "same-outcome.md"
ADULT_ROWS, UNSEEN_ROWS, CRASH_TEST_SHARE = 2_000, 10_000, 0.2
EPOCHS = {"adult": 300, "crash": 30}
"""1,200 steps of training on either; crash has ten times the rows. A TVAE of a third as many steps knows one class only."""
REPEATED = {"adult tvae": (20, 40), "adult ctgan": (20, 20)}
"""First seed and number of further members, for cases in which ours had a lower mean AUC with the first 20 seeds."""
DOWNSTREAM = ("lr", "gbdt")
Scores = dict[str, list[float]]


def split(name: str, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to train on and unseen rows."""
    if name == "adult":
        train = frame.sample(ADULT_ROWS, random_state=0)
        unseen = frame.drop(train.index).sample(UNSEEN_ROWS, random_state=0)
    else:
        unseen = frame.sample(frac=CRASH_TEST_SHARE, random_state=0)
        train = frame.drop(unseen.index)
    return train.reset_index(drop=True), unseen.reset_index(drop=True)


def scores_of(datasets: Sequence[pd.DataFrame], case: Case, unseen: pd.DataFrame) -> Scores:
    """Score -> one value per dataset."""
    contract = contract_of(case.train, case.target)
    task, classes = contract.task, classes_of({"train": case.train}, case.target)
    assert task is not None
    y = encode_target(unseen, case.target, task=task, classes=classes, name="unseen rows")
    names = [*(f"AUC of {model}" for model in DOWNSTREAM), "marginal", "pairwise"]
    found: Scores = {name: [] for name in names}
    for seed, rows in enumerate(datasets):
        for model in DOWNSTREAM:
            fitted = fit_model(rows, case.target, model, task=task, classes=classes, seed=seed, name=f"dataset {seed}")
            table = predict(fitted, unseen)
            found[f"AUC of {model}"].append(score_encoded(["auc"], y, table, task=task).values["auc"])
        found["marginal"].append(marginal_fidelity(case.train, rows))
        found["pairwise"].append(pairwise_fidelity(case.train, rows))
    return found


def difference(ours: npt.ArrayLike, theirs: npt.ArrayLike) -> tuple[float, float, float]:
    """Mean of ours minus mean of theirs, and its 95 % interval (Welch's t: seeds are not paired across programs)."""
    one, other = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    low, high = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    return float(one.mean() - other.mean()), float(low), float(high)


def page(results: dict[str, dict[str, Scores]], members: int) -> str:
    """The page: a row per table, family and score."""
    lines = [
        "# The same outcome as the package",
        "",
        f"Written by `make same-outcome` from `benchmarks/results/same_outcome.json`. {members} seeds each by this project's",
        f"trainer and by `ctgan`, in one run. Adult: {ADULT_ROWS:,} rows, {EPOCHS['adult']} epochs; crash: all its training",
        f"rows, {EPOCHS['crash']} epochs, which are as many steps. Each score is better the higher it is.",
        "",
        "| table | family | seeds | score | ours | package | difference | 95 % interval | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    verdicts: dict[bool, list[str]] = {False: [], True: []}
    for key, sides in results.items():
        table, family, *later = key.split()
        first = int(later[-1]) if later else 0
        for score, ours in sides[OURS].items():
            theirs = sides[THEIRS][score]
            apart, low, high = difference(ours, theirs)
            verdict = "ours is worse" if high < 0 else "ours is better" if low > 0 else "no difference shown"
            verdicts[bool(later)].append(verdict)
            seeds = f"{first} to {first + len(ours) - 1}"
            cells = [table, family, seeds, score, _with_spread(ours), _with_spread(theirs), f"{apart:+.4f}"]
            lines.append("| " + " | ".join([*cells, f"{low:+.4f} to {high:+.4f}", verdict]) + " |")
    missing = [
        f"{table} {family}" for table in EPOCHS for family in ("tvae", "ctgan") if f"{table} {family}" not in results
    ]
    if missing:
        lines += ["", f"Not run yet: {', '.join(missing)}."]
    lines += [
        "",
        f"Of the {len(verdicts[False])} intervals of the first {members} seeds: {_counted(verdicts[False])}. Of so many,",
        f"were both programs the same, {0.025 * len(verdicts[False]):.1f} would be expected to lie wholly below zero by chance.",
        "",
    ]
    if verdicts[True]:
        lines += [
            f"Seeds from {members} on were trained afterwards, because a mean AUC of ours was lower with the first. Of theirs:",
            f"{_counted(verdicts[True])}. They are a sample of their own, in which the first seeds have no part.",
            "",
        ]
    lines += [
        "After a value stands the standard deviation over seeds. AUC: of a model fitted on the member's dataset, on unseen real",
        "rows. Marginal: mean over columns of 1 - Kolmogorov-Smirnov (numbers) or 1 - total variation (categories).",
        "Pairwise: mean over pairs of columns of 1 - total variation of the joint table, numbers cut at the real deciles. Both",
        "against the real rows that were trained on. What each program makes of the numbers that it drew (rounding, ranges) is",
        "part of what is compared, since it is part of what a user gets.",
        "",
    ]
    return "\n".join(lines)


def _counted(verdicts: Sequence[str]) -> str:
    return ", ".join(f"{verdict}: {verdicts.count(verdict)}" for verdict in dict.fromkeys(verdicts))


def _with_spread(values: Sequence[float]) -> str:
    return f"{np.mean(values):.4f} ({np.std(values, ddof=1):.4f})"


def _cases(name: str, train: pd.DataFrame, target: str, members: int) -> dict[str, Case]:
    """What is compared on one table, by the name under which its scores are kept."""
    found = {}
    for family in ("tvae", "ctgan"):
        key = f"{name} {family}"
        found[key] = Case(name, family, EPOCHS[name], train, target, members)
        if key in REPEATED:
            first, further = REPEATED[key]
            found[f"{key} from {first}"] = replace(found[key], members=further, first=first)
    return found


def main() -> None:
    """Train what is missing, score it, keep the scores, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--adult", help="CSV file of the Adult census table; without it only the crash table is compared"
    )
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--only", default="", help="cases whose name begins so, such as 'crash tvae'")
    given = parser.parse_args()
    kept: dict[str, dict[str, Scores]] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for path in ([given.adult] if given.adult else []) + [None]:
        name, frame, target = real_table(path)
        train, unseen = split(name, frame)
        for key, case in _cases(name, train, target, given.members).items():
            if not key.startswith(given.only) or key in kept:
                continue
            print(f"{key} ...", flush=True)
            timed = TIMED if name == "adult" and not case.first else 0
            datasets = {OURS: train_ours(case), THEIRS: train_package(case, timed=timed)}
            with one_thread():
                kept[key] = {side: scores_of(rows, case, unseen) for side, rows in datasets.items()}
            RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
    PAGE.write_text(page(kept, given.members))
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
