"""Metrics: one card each, with its goal, its range and the function that computes it.

Here: how good predictions are on one set of rows. Not here: which model is scored on which rows
(`scores.tables`), spreads over members, drawing.

A metric that has no value on the rows at hand (one class only, nobody predicted positive) is NaN
with a reason; it is never replaced by 0, and no warning is raised. Symbols: n rows, C classes, m
ensemble members; p is the probability of the positive class, which is the last of the classes and
is predicted where p > 0.5, strictly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dge_assets.core.arrays import Array
from dge_assets.core.contract.contract import Level, Task
from dge_assets.core.downstream.targets import encode_labels
from dge_assets.core.errors import EvaluationError
from dge_assets.core.rounding import unit_of

Goal = Literal["higher", "lower"]
Bools = npt.NDArray[np.bool_]

SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)
"""Probabilities are clipped to this and 1 minus this before a logarithm, as scikit-learn does."""
SQUARED_ERROR: dict[Task, str] = {"binary": "brier", "multiclass": "brier", "regression": "mse"}
"""The metric of each task that is a mean squared error, for which alone the prediction holds."""
CALIBRATION_BINS = 15
_EDGE = 1e-9
"""Of a bin's width: what rounding may take from a confidence on the edge above it."""
ROUNDING = 1e-4
"""Probabilities may leave 0 to 1, and sum to one, to rounding alone, for models that compute in
single precision.
"""


class UndefinedMetricError(ValueError):
    """The metric has no value on these rows; its message is the reason."""


@dataclass(frozen=True)
class MetricCard:
    """One metric for one task.

    `function(y, predictions)` takes codes and (n, C) probabilities, or values and an (n, m)
    ensemble for regression, and raises UndefinedMetricError where it has no value.
    """

    name: str
    task: Task
    goal: Goal
    range: tuple[float, float]
    function: Callable[[Any, Array], float]
    is_default: bool = True


@dataclass(frozen=True)
class Scores:
    """Values by metric name and, for each NaN among them, the reason."""

    values: dict[str, float]
    reasons: dict[str, str] = field(default_factory=dict)


# --- classification: one-vs-rest views, so that binary and macro averages share their parts


def class_views(y: Any, probabilities: Array) -> Iterator[tuple[str, Bools, Bools, Array]]:
    """Per scored class: its name in reasons, who has it, who is predicted to have it, its
    probability.
    """
    count = probabilities.shape[1]
    if count == 2:
        positive = probabilities[:, 1]
        yield "the positive class", y == 1, positive > 0.5, positive
        return
    predicted = np.argmax(probabilities, axis=1)
    for code in range(count):
        yield f"class {code} (counted from 0)", y == code, predicted == code, probabilities[:, code]


def _macro(one: Callable[[str, Bools, Bools, Array], float]) -> Callable[[Any, Array], float]:
    """Binary: the metric of the positive class.

    Multiclass: the plain mean over the classes, one against the rest.
    """

    def metric(y: Any, probabilities: Array) -> float:
        return float(np.mean([one(*view) for view in class_views(y, probabilities)]))

    metric.__doc__ = one.__doc__
    return metric


def _auc(label: str, actual: Bools, _predicted: Bools, probability: Array) -> float:
    """Area under the ROC curve: P(p of a positive row > p of a negative row), ties counting half.

    The Mann-Whitney statistic over n1 n0. Counting below each positive row in sorted order takes
    half the time of ranking all.
    """
    ones, others = np.sort(probability[actual]), np.sort(probability[~actual])
    if not len(ones) or not len(others):
        raise UndefinedMetricError(
            f"{label} has {len(ones)} of {len(actual)} rows: auc needs rows with it and without it"
        )
    twice_below = np.searchsorted(others, ones, "left") + np.searchsorted(others, ones, "right")
    return int(twice_below.sum()) / (2 * len(ones) * len(others))


def _precision(label: str, actual: Bools, predicted: Bools, _probability: Array) -> float:
    """Share of the rows predicted to be in the class that are: TP / (TP + FP)."""
    if not predicted.any():
        raise UndefinedMetricError(f"no row is predicted to be in {label}: precision is 0/0")
    return float(actual[predicted].mean())


def _recall(label: str, actual: Bools, predicted: Bools, _probability: Array) -> float:
    """Share of the class's rows that are found: TP / (TP + FN)."""
    if not actual.any():
        raise UndefinedMetricError(f"no row is in {label}: recall is 0/0")
    return float(predicted[actual].mean())


def _f1(label: str, actual: Bools, predicted: Bools, _probability: Array) -> float:
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN)."""
    total = int(actual.sum()) + int(predicted.sum())
    if not total:
        raise UndefinedMetricError(f"no row is in {label} and none is predicted to be: f1 is 0/0")
    return 2 * int((actual & predicted).sum()) / total


def predicted_class(probabilities: Array) -> npt.NDArray[np.int64]:
    """The predicted class (n,) of (n, C) probabilities: p > 0.5 for two classes, else the most
    probable one.
    """
    is_binary = probabilities.shape[1] == 2
    return np.asarray(
        probabilities[:, 1] > 0.5 if is_binary else np.argmax(probabilities, axis=1), dtype=np.int64
    )


def _accuracy(y: Any, probabilities: Array) -> float:
    """Share of rows whose predicted class is right."""
    return float((predicted_class(probabilities) == y).mean())


def _nll(y: Any, probabilities: Array) -> float:
    """Negative log-likelihood in nats per row: -1/n sum_i log p_i(y_i), probabilities clipped (see
    above).
    """
    own = probabilities[np.arange(len(y)), y]
    return float(-np.log(np.clip(own, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)).mean())


def squared_errors(y: Any, probabilities: Array) -> Array:
    """By row (n,), its mean is the Brier score: (p_i - y_i)^2 for two classes, else sum_c (p_ic -
    [y_i = c])^2.
    """
    if probabilities.shape[1] == 2:
        return np.asarray((probabilities[:, 1] - y) ** 2)
    return np.asarray(np.sum((probabilities - np.eye(probabilities.shape[1])[y]) ** 2, axis=1))


def _brier(y: Any, probabilities: Array) -> float:
    """Brier score (Brier 1950): the mean of `squared_errors`."""
    return float(np.mean(squared_errors(y, probabilities)))


def confidence_and_hits(y: Any, probabilities: Array) -> tuple[Array, Bools]:
    """What calibration compares, (n,) each: of two classes the probability of the positive one and
    who has it, of more the probability of the predicted one and whether it is right.
    """
    if probabilities.shape[1] == 2:
        return probabilities[:, 1], y == 1
    return probabilities.max(axis=1), predicted_class(probabilities) == y


def _ece(y: Any, probabilities: Array) -> float:
    """Expected calibration error: sum over bins b of (n_b / n) |mean confidence in b - frequency in
    b|.

    15 bins of equal width over [0, 1] (Guo et al. 2017, equation 3); the frequency is that of hits.
    """
    confidence, hits = confidence_and_hits(y, probabilities)
    gaps = np.bincount(
        calibration_bins(confidence), weights=confidence - hits, minlength=CALIBRATION_BINS
    )
    return float(np.abs(gaps).sum() / len(y))


def calibration_bins(confidence: Array) -> npt.NDArray[np.int64]:
    """The bin 0..14 of each confidence in [0, 1]; one on an edge, as fifths and thirds are, belongs
    to the bin above.
    """
    return np.minimum(
        (confidence * CALIBRATION_BINS + _EDGE).astype(np.int64), CALIBRATION_BINS - 1
    )


# --- regression: (n, m) ensembles; all but crps score the ensemble's mean


def _mse(y: Any, members: Array) -> float:
    """Mean squared error of the ensemble's mean, in squared units of the target."""
    with np.errstate(over="ignore"):
        found = float(np.mean((members.mean(axis=1) - y) ** 2))
    if not np.isfinite(found):
        raise UndefinedMetricError("squared errors are above 1.8e308, the largest number")
    return found


def _rmse(y: Any, members: Array) -> float:
    """Root of the mean squared error, in units of the target."""
    apart = members.mean(axis=1) - y
    unit = unit_of(apart)
    return float(np.sqrt(np.mean((apart / unit) ** 2)) * unit)


def _mae(y: Any, members: Array) -> float:
    """Mean absolute error of the ensemble's mean, in units of the target."""
    return float(np.mean(np.abs(members.mean(axis=1) - y)))


def _r2(y: Any, members: Array) -> float:
    """Share of the variance explained: 1 - sum_i (y_i - f_i)^2 / sum_i (y_i - mean y)^2."""
    if y.min() == y.max():  # not the spread, which rounding of the mean keeps from being exactly 0
        raise UndefinedMetricError("the target has one value only: r2 divides by its variance")
    centred = y - y.mean()
    unit = unit_of(centred)
    spread = float(np.sum((centred / unit) ** 2))
    with np.errstate(over="ignore"):
        return 1 - float(np.sum(((members.mean(axis=1) - y) / unit) ** 2)) / spread


def _crps(y: Any, members: Array) -> float:
    """Continuous ranked probability score of the m predictions as an empirical distribution, in
    target units.

    1/n sum_i [1/m sum_j |x_ij - y_i| - 1/(2 m^2) sum_jk |x_ij - x_ik|] (Gneiting and Raftery 2007,
    equation 21). With one prediction (m = 1) it is the mean absolute error.
    """
    count = members.shape[1]
    ordered = np.sort(members, axis=1)
    weights = 2 * np.arange(count) - count + 1
    spread = ordered @ weights.astype(np.float64) / count**2
    # By row it is never negative; rounding can make it so.
    return float(np.mean(np.maximum(np.abs(members - y[:, None]).mean(axis=1) - spread, 0)))


def _classification_cards(task: Task, brier_range: tuple[float, float]) -> tuple[MetricCard, ...]:
    share, unbounded = (0.0, 1.0), (0.0, float("inf"))
    return (
        MetricCard("auc", task, "higher", share, _macro(_auc)),
        MetricCard("accuracy", task, "higher", share, _accuracy),
        MetricCard("f1", task, "higher", share, _macro(_f1)),
        MetricCard("precision", task, "higher", share, _macro(_precision)),
        MetricCard("recall", task, "higher", share, _macro(_recall)),
        MetricCard("nll", task, "lower", unbounded, _nll),
        MetricCard("brier", task, "lower", brier_range, _brier),
        MetricCard("ece", task, "lower", share, _ece),
    )


_ERROR_RANGE = (0.0, float("inf"))
_ALL_CARDS = (
    *_classification_cards("binary", (0.0, 1.0)),
    *_classification_cards("multiclass", (0.0, 2.0)),
    MetricCard("rmse", "regression", "lower", _ERROR_RANGE, _rmse),
    MetricCard("mae", "regression", "lower", _ERROR_RANGE, _mae),
    MetricCard("r2", "regression", "higher", (float("-inf"), 1.0), _r2),
    MetricCard("crps", "regression", "lower", _ERROR_RANGE, _crps),
    # Only the K curve asks for it: the extrapolation in K holds for the squared error, not for its
    # root.
    MetricCard("mse", "regression", "lower", _ERROR_RANGE, _mse, is_default=False),
)
HEADLINE_METRICS: dict[Task, tuple[str, str]] = {
    "binary": ("auc", "brier"),
    "multiclass": ("auc", "brier"),
    "regression": ("rmse", "mae"),
}
"""What is told first of a task. CRPS is not among them: see `UNLIKE`."""
UNLIKE = {
    "crps": "the predictions of K models are scored as a distribution, one model's as a point: their difference is no gain"
}
"""Metrics by which an ensemble and a single model are not comparable, and why."""
METRICS: dict[Task, dict[str, MetricCard]] = {
    task: {card.name: card for card in _ALL_CARDS if card.task == task}
    for task in ("binary", "multiclass", "regression")
}


def metric_names(task: Task) -> tuple[str, ...]:
    """The metrics that a task is scored with by default, in the order of tables."""
    return tuple(card.name for card in METRICS[task].values() if card.is_default)


def metric_goal(name: str) -> Goal:
    """Whether `name` should be high or low; a name means the same in each task that has it."""
    for card in _ALL_CARDS:
        if card.name == name:
            return card.goal
    raise EvaluationError(
        f"no metric {name!r}; allowed are {sorted({card.name for card in _ALL_CARDS})}"
    )


def metric_card(name: str, task: Task) -> MetricCard:
    """The card of `name` for `task`; EvaluationError naming the allowed ones when there is none."""
    if name not in METRICS[task]:
        raise EvaluationError(
            f"no metric {name!r} for task={task}; allowed are {list(METRICS[task])}"
        )
    return METRICS[task][name]


def score_encoded(metrics: Sequence[str], y: Any, predictions: Array, *, task: Task) -> Scores:
    """Score predictions on rows whose target is encoded already (see `targets.encode_target`).

    y: (n,) codes or values. predictions: (n, C) probabilities; (n,) or (n, m) values for
    regression. Raises EvaluationError where one is not finite: a NaN would be counted as a
    prediction of the first class.
    """
    cards = [metric_card(name, task) for name in metrics]
    table = predictions[:, None] if predictions.ndim == 1 else predictions
    if len(table) != len(y):
        raise EvaluationError(
            f"{len(y)} target values but {len(table)} predictions; they must be of the same rows"
        )
    _require_rows(np.isfinite(table), "predictions are not finite")
    values, reasons = {}, {}
    for card in cards:
        try:
            values[card.name] = _defined(card, y, table)
        except UndefinedMetricError as reason:
            values[card.name] = float("nan")
            reasons[card.name] = str(reason)
    return Scores(values, reasons)


def _require_rows(holds: Bools, problem: str) -> None:
    """holds: (n, columns)."""
    bad = int((~holds.all(axis=1)).sum())
    if bad:
        raise EvaluationError(f"{problem} in {bad} of {len(holds)} rows")


def _defined(card: MetricCard, y: Any, table: Array) -> float:
    if not len(y):
        raise UndefinedMetricError("there are no rows")
    return card.function(y, table)


def score_with_reasons(
    metrics: Sequence[str], y: object, predictions: object, classes: Sequence[Level] = ()
) -> Scores:
    """Score predictions for labels `y` (n,), and say why a metric is NaN.

    classes: the labels in the order of the probability columns; none means regression. predictions:
    (n, C) probabilities, or (n,) of the last class when there are two; (n,) or (n, m) values for
    regression. Raises EvaluationError for predictions or values that are not finite, and
    probabilities outside 0 to 1.
    """
    table = np.asarray(predictions, dtype=np.float64)
    if not len(classes):
        values = np.asarray(y, dtype=np.float64)
        _require_rows(np.isfinite(values)[:, None], "y is not finite")
        return score_encoded(metrics, values, table, task="regression")
    if table.ndim == 1 and len(classes) == 2:
        table = np.column_stack([1 - table, table])
    if table.ndim != 2 or table.shape[1] != len(classes):
        raise EvaluationError(
            f"probabilities must have one column per class, {len(classes)}: found shape {table.shape}"
        )
    outside = (table < -ROUNDING) | (table > 1 + ROUNDING)
    _require_rows(~outside, "probabilities are outside 0 to 1")
    task: Task = "binary" if len(classes) == 2 else "multiclass"
    return score_encoded(metrics, encode_labels(y, classes, name="y"), table, task=task)


def score(
    metrics: Sequence[str], y: object, predictions: object, classes: Sequence[Level] = ()
) -> dict[str, float]:
    """Values by metric name; as `score_with_reasons`, without the reasons.

    >>> score(["accuracy", "brier"], ["no", "yes"], [0.25, 0.75], ["no", "yes"])
    {'accuracy': 1.0, 'brier': 0.0625}
    """
    return score_with_reasons(metrics, y, predictions, classes).values
