"""Are members of this project as good as those of the `ctgan` package? Writes
`docs/same-outcome.md`: `make same-outcome`.

Seeds 0 to 19 are trained by both on the same real rows. Each member's dataset of at most 5,000 rows
gets four scores: the AUC on unseen real rows of a logistic regression and of boosted trees that
were fitted on it, and its marginal and pairwise fidelity to the real rows that the generators saw.
What is compared is the mean over seeds. Where one of these means is lower for ours on Adult, fresh
seeds tell whether that was luck: see `REPEATED`.

The package takes the likeliest level of a TVAE, and ours draws it. So our members are compared like
for like, with `decode: largest`, which tells of the training; and drawn, which is what a user gets.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from benchmarks.both_sides import (
    DECODINGS,
    LARGEST,
    OURS,
    THEIRS,
    Case,
    real_table,
    train_ours,
    train_package,
)
from benchmarks.fidelity import marginal_fidelity, pairwise_fidelity
from benchmarks.members import contract_of
from benchmarks.training_speed import TIMED
from dge_assets.core.downstream.fitting import fit_model, predict
from dge_assets.core.downstream.targets import encode_target, resolve_target
from dge_assets.core.scores.metrics import score_encoded
from dge_assets.core.threads import one_thread

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = (
    ROOT / "benchmarks" / "results" / "same_outcome.json",
    ROOT / "docs" / "same-outcome.md",
)
ADULT_ROWS, UNSEEN_ROWS, CRASH_TEST_SHARE = 2_000, 10_000, 0.2
EPOCHS = {"adult": 300, "crash": 30}
"""1,200 steps of training on either; crash has ten times the rows.

A TVAE of a third as many steps knows one class only.
"""
REPEATED = {"adult tvae": (20, 40), "adult ctgan": (20, 20)}
"""First seed and number of further members, for cases in which ours had a lower mean AUC with the
first 20 seeds.
"""
DOWNSTREAM = ("lr", "gbdt")
Scores = dict[str, list[float]]
Results = dict[str, dict[str, Scores]]
"""Case -> side -> score -> a value per seed."""
LIKE, LATER, DRAWN = "like for like", "later seeds", "drawn"
"""What an interval tells of: the training, with the first seeds and with others, or what the
package does otherwise.
"""


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
    target = resolve_target({"train": case.train}, case.target, contract.task)
    y = encode_target(unseen, target, name="unseen rows")
    names = [*(f"AUC of {model}" for model in DOWNSTREAM), "marginal", "pairwise"]
    found: Scores = {name: [] for name in names}
    for seed, rows in enumerate(datasets):
        for model in DOWNSTREAM:
            fitted = fit_model(
                rows,
                target,
                model,
                seed=seed,
                name=f"dataset {seed}",
            )
            table = predict(fitted, unseen)
            found[f"AUC of {model}"].append(
                score_encoded(["auc"], y, table, task=target.task).values["auc"]
            )
        found["marginal"].append(marginal_fidelity(case.train, rows))
        found["pairwise"].append(pairwise_fidelity(case.train, rows))
    return found


def difference(ours: npt.ArrayLike, theirs: npt.ArrayLike) -> tuple[float, float, float]:
    """Mean of ours minus mean of theirs, and its 95 % interval (Welch's t: seeds are not paired
    across programs).
    """
    one, other = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    low, high = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    return float(one.mean() - other.mean()), float(low), float(high)


@dataclass(frozen=True)
class _Comparison:
    """One side of ours against the package, on one case."""

    table: str
    family: str
    first: int
    side: str
    ours: Scores
    theirs: Scores

    @property
    def levels(self) -> str:
        """How ours comes to its levels."""
        return "largest" if self.side == LARGEST else "drawn"

    @property
    def subject(self) -> str:
        """LIKE, LATER or DRAWN."""
        if self.family == "tvae" and self.side == OURS:
            return DRAWN
        return LATER if self.first else LIKE

    def rows(self) -> list[tuple[str, str]]:
        """A row of the page's table for each score, and its verdict."""
        found = []
        for score, ours in self.ours.items():
            theirs = self.theirs[score]
            apart, low, high = difference(ours, theirs)
            verdict = (
                "ours is worse"
                if high < 0
                else "ours is better"
                if low > 0
                else "no difference shown"
            )
            seeds = f"{self.first} to {self.first + len(ours) - 1}"
            cells = [
                self.table,
                self.family,
                self.levels,
                seeds,
                score,
                _with_spread(ours),
                _with_spread(theirs),
            ]
            cells += [f"{apart:+.4f}", f"{low:+.4f} to {high:+.4f}", verdict]
            found.append(("| " + " | ".join(cells) + " |", verdict))
        return found


def _comparisons(results: Results) -> tuple[list[_Comparison], list[str]]:
    """What can be compared of `results`, and what is not there yet."""
    found, missing = (
        [],
        [f"{t} {f}" for t in EPOCHS for f in DECODINGS if f"{t} {f}" not in results],
    )
    for key, sides in results.items():
        table, family, *later = key.split()
        for side in reversed(DECODINGS[family]):
            if side in sides and THEIRS in sides:
                first = int(later[-1]) if later else 0
                found.append(_Comparison(table, family, first, side, sides[side], sides[THEIRS]))
            else:
                missing.append(f"{key}: {side}")
    return found, missing


def page(results: Results, members: int) -> str:
    """The page: a row per table, family and score."""
    lines = [
        "# The same outcome as the package",
        "",
        f"Written by `make same-outcome` from `benchmarks/results/same_outcome.json`. {members} seeds each by this project's",
        f"trainer and by `ctgan`, in one run. Adult: {ADULT_ROWS:,} rows, {EPOCHS['adult']} epochs; crash: all its training",
        f"rows, {EPOCHS['crash']} epochs, which are as many steps. Each score is better the higher it is.",
        "",
        "| table | family | our levels | seeds | score | ours | package | difference | 95 % interval | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    verdicts: dict[str, list[str]] = {LIKE: [], LATER: [], DRAWN: []}
    comparisons, missing = _comparisons(results)
    for comparison in comparisons:
        for row, verdict in comparison.rows():
            lines.append(row)
            verdicts[comparison.subject].append(verdict)
    if missing:
        lines += ["", f"Not run yet: {'; '.join(missing)}."]
    count = len(verdicts[LIKE])
    lines += [
        "",
        f"Like for like, which is TVAE with its largest levels and CTGAN, {count} intervals of the first {members} seeds:",
        f"{_counted(verdicts[LIKE])}. Of so many, were both programs the same, {0.025 * count:.1f} would be expected",
        "to lie wholly below zero by chance.",
        "",
    ]
    if verdicts[LATER]:
        lines += [
            f"Seeds from {members} on were trained afterwards, because a mean AUC of ours was lower with the first. Of theirs:",
            f"{_counted(verdicts[LATER])}. They are a sample of their own, in which the first seeds have no part.",
            "",
        ]
    if verdicts[DRAWN]:
        lines += [
            "With drawn levels, which is our default and has no part in the package, TVAE against the package's:",
            f"{_counted(verdicts[DRAWN])} ([decision 29](decisions/0029-levels-are-drawn.md)).",
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


def _missing_sides(case: Case, kept: dict[str, Scores], unseen: pd.DataFrame) -> dict[str, Scores]:
    """The scores of the sides that are not kept."""
    datasets: dict[str, list[pd.DataFrame]] = {}
    if not kept.keys() >= DECODINGS[case.family].keys():
        print(f"{case.folder.name}: ours ...", flush=True)
        datasets |= train_ours(case)
    if THEIRS not in kept:
        print(f"{case.folder.name}: the package's ...", flush=True)
        datasets[THEIRS] = train_package(
            case, timed=TIMED if case.table == "adult" and not case.first else 0
        )
    with one_thread():
        return {side: scores_of(rows, case, unseen) for side, rows in datasets.items()}


def main() -> None:
    """Train what is missing, score it, keep the scores, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--adult",
        help="CSV file of the Adult census table; without it only the crash table is compared",
    )
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument(
        "--only", default="", help="cases whose name begins so, such as 'crash tvae'"
    )
    parser.add_argument(
        "--again", action="store_true", help="score our members anew, after a change of ours"
    )
    given = parser.parse_args()
    kept: Results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for path in ([given.adult] if given.adult else []) + [None]:
        name, frame, target = real_table(path)
        train, unseen = split(name, frame)
        for key, case in _cases(name, train, target, given.members).items():
            if not key.startswith(given.only):
                continue
            sides = {
                side: scores
                for side, scores in kept.get(key, {}).items()
                if side == THEIRS or not given.again
            }
            kept[key] = {**sides, **_missing_sides(case, sides, unseen)}
            RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
    PAGE.write_text(page(kept, given.members))
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
