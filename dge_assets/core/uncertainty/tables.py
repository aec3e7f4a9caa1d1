"""The tables of uncertainty of one model class on one family: how unsure each approach is, and
whether it is right to be.

Here: which approach is measured by what, from predictions on real_test. Not here: the measures
(`uncertainty.decomposition`, `calibration`, `uncertainty.selective_prediction`), predicting,
drawing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dge_assets.core.arrays import Array, Codes
from dge_assets.core.contract.contract import Task
from dge_assets.core.errors import EvaluationError
from dge_assets.core.intervals.interval import (
    FEWEST_SETS,
    INTERVAL_COLUMNS,
    append_intervals,
    over_bin_rows,
    with_intervals,
)
from dge_assets.core.rounding import without_rounding
from dge_assets.core.rows.tables import no_rows
from dge_assets.core.scores.approach import NAIVE_SINGLE, Approach, dge
from dge_assets.core.scores.intervals import over_sets_of
from dge_assets.core.scores.metrics import predicted_class
from dge_assets.core.scores.scored import Scored
from dge_assets.core.uncertainty.calibration import (
    calibration_curves,
    expected_calibration_error,
    reliability_curves,
)
from dge_assets.core.uncertainty.cards import CALIBRATION, SELECTIVE
from dge_assets.core.uncertainty.decomposition import Uncertainty, uncertainty_of
from dge_assets.core.uncertainty.intervals import (
    MEANS,
    Measured,
    MeasuredIntervals,
    intervals_over_rows,
    intervals_over_sets,
    reasons_by_place,
)
from dge_assets.core.uncertainty.selective_prediction import selective

SELECTIVE_COLUMNS = SELECTIVE.made_columns
CALIBRATION_TYPES = CALIBRATION.made_types
_ERROR_OF = {"equal_width": "ece", "equal_count": "ece_equal_count"}
"""Reliability curve -> the quantity that is its calibration error."""
NO_NOISE = "a point prediction carries no noise, and no rows that its models did not see were given to measure it on"


def uncertainty_tables(
    scored: Scored, *, noise_variances: Sequence[float] | None = None
) -> dict[str, pd.DataFrame]:
    """`uncertainty`, `calibration` and `selective` of all approaches of the training protocol, on
    real_test.

    - uncertainty: `approach, quantity, value`. total, aleatoric and generator are means over rows
      (nats; for a regression variances in squared units of the target); generator_share is
      generator / total. risk is the error rate, or the mean squared error; aurc_* and excess_aurc_*
      are its area over coverages, by ranking. ece and ece_equal_count.
    - calibration: `approach, curve, bin, confidence, accuracy, n`
      (`calibration.calibration_curves`); no row for a regression, whose point predictions have no
      confidence.
    - selective: `approach, ranking, coverage, risk`; rows kept in order of confidence, total or
      generator uncertainty. For two classes confidence and total give the same order; for a
      regression only generator gives one, since the noise that is known there is the same in all
      rows.

    Each ends with `low, high, over, reason`, of value, accuracy and risk: over disjoint sets of as
    many members where there are at least three (naive_single and dge_K), else over the test rows; an
    accuracy has Wilson's interval over the rows of its bin. noise_variances (K,):
    of a regression's members, for the aleatoric part of naive_single and dge_K; the other
    approaches have none. What is NaN has its reason in `attrs["reasons"]` of `uncertainty`, by
    "approach/quantity". Raises EvaluationError naming approach, member and rows for predictions
    that are not finite, and for no rows at all.
    """
    if not len(scored.y):
        raise EvaluationError(
            "uncertainty: real_test has no rows; raise test_share or give a larger table"
        )
    noise = None if noise_variances is None else np.asarray(noise_variances)
    measured = {one: _measure_approach(scored, one, noise) for one in scored.approaches}
    intervals: dict[Approach, MeasuredIntervals] = {}
    for approach, item in measured.items():
        # Of the same members as naive_single, so the same.
        intervals[approach] = (
            intervals[NAIVE_SINGLE]
            if approach == dge(1)
            else _intervals(scored, item, approach, noise)
        )
    return {
        "uncertainty": _uncertainty_table(measured, intervals),
        "calibration": _calibration_table(scored, measured),
        "selective": _selective_table(measured, intervals),
    }


def _measure_approach(scored: Scored, approach: Approach, noise: Array | None) -> Measured:
    """Only members have held-out rows of their own, on which their noise is known."""
    own = None if noise is None or not approach.members else noise[: approach.members]
    found = scored.of(approach)
    return _measure(scored, scored.arrays(approach), found.combined, own, str(approach))


def _measure(
    scored: Scored, members: Sequence[Array], combined: Array, noise: Array | None, name: str
) -> Measured:
    y, task = scored.y, scored.task
    variances = None if noise is None else noise.tolist()
    parts = uncertainty_of(members, task=task, noise_variances=variances, name=name)
    losses = _losses(y, combined, task=task)
    rankings = _rankings(combined, parts, task=task)
    curves = {ranking: selective(losses, unsure) for ranking, unsure in rankings.items()}
    per_row = {part: getattr(parts, part) for part in MEANS}
    values = {part: float(rows.mean()) for part, rows in per_row.items()}
    total = values["total"]
    values["generator_share"] = values["generator"] / total if total > 0 else float("nan")
    values["risk"] = float(losses.mean())
    for ranking, kept in curves.items():
        values |= {f"aurc_{ranking}": kept.aurc, f"excess_aurc_{ranking}": kept.excess_aurc}
    reliability = {} if task == "regression" else reliability_curves(y, combined)
    for curve, found in reliability.items():
        values[_ERROR_OF[curve]] = expected_calibration_error(found)
    nothing = "total uncertainty is 0: there is nothing to take a share of"
    why = {
        "generator_share": NO_NOISE if np.isnan(total) else nothing,
        "total": NO_NOISE,
        "aleatoric": NO_NOISE,
    }
    reasons = {quantity: why[quantity] for quantity, value in values.items() if np.isnan(value)}
    return Measured(values, reasons, per_row, losses, rankings, curves, reliability)


def _intervals(
    scored: Scored, measured: Measured, approach: Approach, noise: Array | None
) -> MeasuredIntervals:
    """Over disjoint sets of as many members, of which the first is `measured`, or over rows."""
    K, members = approach.members, scored.predictions.members
    sets = scored.sets_of(K) if K else []
    if len(sets) < FEWEST_SETS:
        return intervals_over_rows(measured, scored.drawn())
    further = []
    for at, one in zip(range(K, scored.size - K + 1, K), sets[1:], strict=True):
        own = None if noise is None else noise[at : at + K]
        name = f"{approach} of the members from {at}"
        further.append(_measure(scored, members[at : at + K], one.combined, own, name))
    classes = 1 if scored.task == "regression" else members[0].shape[1]
    return intervals_over_sets(
        [measured, *further], over=over_sets_of(K), task=scored.task, classes=classes
    )


def _losses(y: Codes, combined: Array, *, task: Task) -> Array:
    if task == "regression":
        return np.asarray((combined.mean(axis=1) - y) ** 2)
    return np.asarray(predicted_class(combined) != y, dtype=np.float64)


def _rankings(combined: Array, parts: Uncertainty, *, task: Task) -> dict[str, Array]:
    """Ranking -> how unsure each row is by it (rows,)."""
    rankings = {"generator": parts.generator}
    if task != "regression":
        rankings = {"confidence": 1 - combined.max(axis=1), "total": parts.total, **rankings}
    return {name: without_rounding(unsure) for name, unsure in rankings.items()}


def _uncertainty_table(
    measured: Mapping[Approach, Measured], intervals: Mapping[Approach, MeasuredIntervals]
) -> pd.DataFrame:
    rows = [
        (str(approach), name, value)
        for approach, item in measured.items()
        for name, value in item.values.items()
    ]
    table = pd.DataFrame(rows, columns=["approach", "quantity", "value"])
    table.attrs["reasons"] = reasons_by_place(measured)
    found = {
        (str(approach), name): intervals[approach].quantities[name]
        for approach, item in measured.items()
        for name in item.values
    }
    return with_intervals(table, found, ["approach", "quantity"])


def _calibration_table(scored: Scored, measured: Mapping[Approach, Measured]) -> pd.DataFrame:
    if scored.task == "regression":
        return no_rows(CALIBRATION_TYPES)
    curves = [
        calibration_curves(scored.y, scored.of(approach).combined, item.reliability).assign(
            approach=str(approach)
        )
        for approach, item in measured.items()
    ]
    table = pd.concat(curves, ignore_index=True)[
        [name for name in CALIBRATION_TYPES if name not in INTERVAL_COLUMNS]
    ]
    pairs = zip(table["accuracy"], table["n"], strict=True)
    return append_intervals(table, [over_bin_rows(accuracy, rows) for accuracy, rows in pairs])


def _selective_table(
    measured: Mapping[Approach, Measured], intervals: Mapping[Approach, MeasuredIntervals]
) -> pd.DataFrame:
    curves = [
        append_intervals(
            found.curve.assign(approach=str(approach), ranking=ranking),
            intervals[approach].risks[ranking],
        )
        for approach, item in measured.items()
        for ranking, found in item.curves.items()
    ]
    return pd.concat(curves, ignore_index=True)[SELECTIVE_COLUMNS]
