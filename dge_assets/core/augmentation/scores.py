"""Does adding synthetic rows to a few real rows pay? Real only, with one dataset, with the
ensemble, with copies of real rows.

Here: the fits and their table. Not here: which rows are drawn (`oversampling`), a single fit
(`fitting`).

The setting is the custodian's: the generators were fitted on all of real_train, and the small real
samples are drawn from it. So the synthetic rows bring what the whole table taught the generators,
and a gain says what a reader of the release wins who has a few real rows of his own. It is *not*
what a custodian with 100 rows would win, whose generators would have seen 100 rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import nan

import numpy as np
import pandas as pd
from scipy.stats import t as student_t

from dge_assets.core.arrays import Array
from dge_assets.core.augmentation.cards import AUGMENTATION
from dge_assets.core.augmentation.oversampling import (
    has_smote,
    oversampled,
    reason_against_smote,
    share_of_rows,
    smote,
    stratified_sample,
)
from dge_assets.core.downstream.baselines import Problem
from dge_assets.core.downstream.fitting import (
    fit_model,
    model_seed,
    predict,
    stack_rows,
    takes_weights,
)
from dge_assets.core.downstream.targets import encode_target
from dge_assets.core.errors import EvaluationError
from dge_assets.core.evaluation.requests import EnsembleRequest
from dge_assets.core.intervals.multiplicity import with_adjusted
from dge_assets.core.progress import Progress
from dge_assets.core.rounding import leveled
from dge_assets.core.scores.approach import real_dge
from dge_assets.core.scores.metrics import metric_goal, metric_names, score_encoded
from dge_assets.core.scores.predictions import combine, spread

AUGMENTATION_COLUMNS = AUGMENTATION.made_columns
LEVEL = 0.95
PAYS, HURTS, UNSURE, REFERENCE = "pays", "does harm", "not shown to pay", "reference"


@dataclass(frozen=True, kw_only=True)
class AugmentationRequest(EnsembleRequest):
    """All that augmenting one model class with one family's datasets needs; see
    `augmentation_scores`.
    """

    real_rows: tuple[int, ...]
    repeats: int
    weights: tuple[float, ...]


@dataclass(frozen=True)
class Augmentation:
    """The table without the columns `family` and `model`, and remarks for people."""

    table: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def augment(request: AugmentationRequest, progress: Progress) -> Augmentation:
    """The table of one (family, model) pair: `augmentation_scores` on a declared table's frames."""
    found = augmentation_scores(
        request.problem,
        request.real_train,
        request.real_test,
        [request.datasets[seed] for seed in sorted(request.datasets)],
        real_rows=request.real_rows,
        repeats=request.repeats,
        weights=request.weights,
        progress=progress,
    )
    return Augmentation(
        found.table, [f"{request.family}, {request.model}: {note}" for note in found.notes]
    )


def augmentation_scores(
    problem: Problem,
    real_train: pd.DataFrame,
    real_test: pd.DataFrame,
    datasets: Sequence[pd.DataFrame],
    *,
    real_rows: Sequence[int],
    repeats: int,
    weights: Sequence[float] = (1.0,),
    progress: Progress = lambda _done, _of: None,
) -> Augmentation:
    """One row per size of the real sample, approach, weight and metric, scored on real_test; see
    `AUGMENTATION_COLUMNS`.

    `repeats` stratified samples of each size are drawn from real_train, and each approach is fitted
    on each of them:
    - real_only: the sample alone, the reference;
    - real_oversampled: with draws of its own rows until the classes are equally large (not for
      regression);
    - real_smotenc: the same with made rows, where imbalanced-learn is installed and the table
      allows it;
    - real_naive: the sample and dataset 0, one model; real_dge_K: the mean of K models, each of the
      sample and dataset k.

    weight: weight of a synthetic row, where a real row has weight 1 (0 where there is none); weighting:
    how, by `sample_weight`, or by `rows` drawn in proportion for models that take no weights.
    value, std (ddof 1): over the repeats; low, high: value ± t std / sqrt(repeats), an interval
    over which of real_train's rows one happens to have. gain: mean over repeats of the paired
    difference to real_only, signed so that positive is better, with its own interval at 95 %, each
    for itself; p: of the hypothesis that the gain is zero, from the paired t test of which that
    interval is. p_adjusted (Holm): p over all sizes, approaches and weights of one metric,
    `comparisons` in number; of many gains that are zero some p is below 0.05 by chance alone.
    verdict: `pays` or `does harm` where p_adjusted is below 0.05, else `not shown to pay`, even
    where the interval leaves zero out; `not defined` where all repeats gain the same but zero.
    Sizes that real_train cannot give are left out, which a note says.
    """
    if repeats < 2 or not datasets or min(weights, default=0) <= 0:
        raise EvaluationError(
            f"augmentation needs at least 2 repeats, 1 dataset and positive weights, found {repeats} repeats, "
            f"{len(datasets)} datasets and weights {list(weights)}"
        )
    for named, numbers in (("real_rows", real_rows), ("weights", weights)):
        if len(set(numbers)) < len(numbers):
            # Samples are drawn by size and repeat: a size named twice would count the same fits as
            # further repeats.
            raise EvaluationError(
                f"augmentation: {named} names a number twice, found {list(numbers)}; name each once"
            )
    sizes = [rows for rows in real_rows if rows < len(real_train)]
    notes = [
        f"augmentation with {rows} real rows is left out, real_train has {len(real_train)}"
        for rows in real_rows
        if rows >= len(real_train)
    ]
    y, task = encode_target(real_test, problem.target, name="real_test"), problem.target.task
    names = metric_names(task)
    draws: list[tuple[int, str, float, dict[str, float]]] = []
    for step, (rows, repeat) in enumerate(
        (rows, repeat) for rows in sizes for repeat in range(repeats)
    ):
        progress(step, len(sizes) * repeats)
        draw = _Draw(problem, real_train, real_test, rows, repeat)
        for approach, weight, predictions in draw.predictions(datasets, weights):
            draws.append(
                (
                    rows,
                    approach,
                    weight,
                    score_encoded(names, y, predictions, task=task).values,
                )
            )
        notes += [note for note in draw.notes if note not in notes]
    return Augmentation(_table(draws, names, _weighting(problem)), notes)


def _weighting(problem: Problem) -> str:
    return "sample_weight" if takes_weights(problem.model, problem.target.task) else "rows"


class _Draw:
    """One repeat: a small real sample, and every approach fitted on it."""

    def __init__(
        self,
        problem: Problem,
        real_train: pd.DataFrame,
        real_test: pd.DataFrame,
        rows: int,
        repeat: int,
    ) -> None:
        self.problem, self.real_test, self.notes = problem, real_test, list[str]()
        self.seed = int(np.random.SeedSequence([problem.seed, rows, repeat]).generate_state(1)[0])
        self.sample = stratified_sample(
            real_train, problem.target.name, rows, task=problem.target.task, seed=self.seed
        )

    def predictions(
        self, datasets: Sequence[pd.DataFrame], weights: Sequence[float]
    ) -> Iterator[tuple[str, float, Array]]:
        """(approach, weight, predictions on real_test)."""
        yield "real_only", 0.0, self._predict(self.sample)
        if self.problem.target.task != "regression":
            yield from self._oversampled()
        for weight in weights:
            members = [
                self._with_synthetic(dataset, k, weight) for k, dataset in enumerate(datasets)
            ]
            yield "real_naive", weight, members[0]
            yield (
                str(real_dge(len(members))),
                weight,
                combine(members, task=self.problem.target.task),
            )

    def _oversampled(self) -> Iterator[tuple[str, float, Array]]:
        target = self.problem.target.name
        yield (
            "real_oversampled",
            0.0,
            self._predict(oversampled(self.sample, target, seed=self.seed)),
        )
        if has_smote():
            reason = reason_against_smote(self.sample, target)
            if reason:
                self.notes.append(f"real_smotenc is left out: SMOTENC {reason}")
            else:
                yield "real_smotenc", 0.0, self._predict(smote(self.sample, target, seed=self.seed))

    def _with_synthetic(self, dataset: pd.DataFrame, k: int, weight: float) -> Array:
        if weight == 1:
            return self._predict(
                stack_rows([self.sample, dataset], name="real and synthetic rows"), member=k
            )
        if _weighting(self.problem) == "rows":
            share = share_of_rows(dataset, weight, seed=model_seed(self.seed, k))
            return self._predict(
                stack_rows([self.sample, share], name="real and synthetic rows"), member=k
            )
        both = stack_rows([self.sample, dataset], name="real and synthetic rows")
        weights = np.repeat([1.0, weight], [len(self.sample), len(dataset)])
        return self._predict(both, member=k, weights=weights)

    def _predict(
        self, frame: pd.DataFrame, *, member: int = 0, weights: Array | None = None
    ) -> Array:
        problem = self.problem
        fitted = fit_model(
            frame,
            problem.target,
            problem.model,
            seed=model_seed(self.seed, member),
            name=f"{len(self.sample)} real rows and others",
            max_levels=problem.max_levels,
            weights=weights,
        )
        found = predict(fitted, self.real_test, name="real_test")
        return found[:, None] if found.ndim == 1 else found


def _table(
    draws: Sequence[tuple[int, str, float, dict[str, float]]], names: Sequence[str], weighting: str
) -> pd.DataFrame:
    """Means, spreads and paired gains over the repeats, and verdicts over all comparisons of a
    metric.
    """
    scores: dict[tuple[int, str, float], list[dict[str, float]]] = {}
    for rows, approach, weight, values in draws:
        scores.setdefault((rows, approach, weight), []).append(values)
    lines = []
    for (rows, approach, weight), repeats in scores.items():
        reference = scores[rows, "real_only", 0.0]
        how = weighting if weight not in (0, 1) else ""
        for name in names:
            found = np.array([one[name] for one in repeats])
            before = np.array([one[name] for one in reference])
            size, sign = (
                float(np.max(np.abs([*found, *before]))),
                1 if metric_goal(name) == "higher" else -1,
            )
            # An approach that some samples could not have (SMOTENC) has no pairs.
            is_paired = len(repeats) == len(reference) and approach != "real_only"
            gains = leveled(sign * (found - before), size) if is_paired else np.full(2, np.nan)
            value, low, high = _interval(leveled(found, size))
            scored = (value, spread(found.tolist()), low, high)
            lines.append(
                (rows, approach, weight, how, name, *scored, *_interval(gains), _p_of_zero(gains))
            )
    judged = ("p_adjusted", "comparisons", "verdict")
    table = pd.DataFrame(
        lines, columns=[name for name in AUGMENTATION_COLUMNS if name not in judged]
    )
    adjusted = with_adjusted(table, ["metric"], count="comparisons")
    adjusted["verdict"] = [
        REFERENCE if approach == "real_only" else _verdict(gain, p)
        for approach, gain, p in adjusted[["approach", "gain", "p_adjusted"]].itertuples(
            index=False
        )
    ]
    return adjusted[AUGMENTATION_COLUMNS]


def _interval(values: Array) -> tuple[float, float, float]:
    """Mean and its t interval over (repeats,) values; NaN ends for fewer than two, and where they
    do not vary.
    """
    mean = float(values.mean())
    if len(values) < 2 or not np.ptp(values):
        return mean, float("nan"), float("nan")
    reach = float(student_t.ppf((1 + LEVEL) / 2, len(values) - 1) * _standard_error(values))
    return mean, mean - reach, mean + reach


def _p_of_zero(values: Array) -> float:
    """Two-sided p of the t test that the mean of (repeats,) values is zero.

    1 where all are zero. Where all are another number, as two gains of one row in twenty often are,
    their spread tells nothing of chance: NaN.
    """
    if not np.ptp(values):
        return nan if values[0] else 1.0
    mean, error = float(values.mean()), _standard_error(values)
    return float(2 * student_t.sf(abs(mean) / error, len(values) - 1))


def _standard_error(values: Array) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def _verdict(gain: float, p_adjusted: float) -> str:
    if np.isnan(p_adjusted):
        return "not defined"
    if p_adjusted >= 1 - LEVEL:
        return UNSURE
    return PAYS if gain > 0 else HURTS
