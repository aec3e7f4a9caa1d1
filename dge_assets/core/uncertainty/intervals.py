"""Intervals of what is measured of one approach's uncertainty: its quantities, and its risk at each
coverage.

Here: from what was measured on the test rows, or from the same of further sets of members, to
intervals. Not here: what is measured (`uncertainty.tables`), how an interval is made
(`intervals.interval`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from dge_assets.core.arrays import Array, Replicates
from dge_assets.core.contract.contract import Task
from dge_assets.core.intervals.interval import (
    BIASED,
    TEST_ROWS,
    Interval,
    no_interval,
    over_sets,
    over_test_rows,
)
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.scores.approach import Approach
from dge_assets.core.scores.predictions import spread
from dge_assets.core.scores.replicates import replicate_means
from dge_assets.core.uncertainty.replicated_risk import replicate_risks
from dge_assets.core.uncertainty.selective_prediction import Selective, rows_kept

MEANS = ("total", "aleatoric", "generator")


@dataclass(frozen=True)
class Measured:
    """One approach on the test rows.

    values: quantity -> value; reasons: of those that are NaN. parts: `MEANS` by row. rankings: how
    unsure each row is, by ranking, and curves what keeping the surest gives. reliability: the
    `calibration.reliability_curves`, none for a regression.
    """

    values: dict[str, float]
    reasons: dict[str, str]
    parts: dict[str, Array]
    losses: Array
    rankings: dict[str, Array]
    curves: dict[str, Selective]
    reliability: dict[str, pd.DataFrame]


@dataclass
class MeasuredIntervals:
    """Intervals by quantity, and by ranking those of the curve's risks."""

    quantities: dict[str, Interval] = field(default_factory=dict)
    risks: dict[str, list[Interval]] = field(default_factory=dict)


def intervals_over_sets(
    sets: Sequence[Measured], *, over: str, task: Task, classes: int
) -> MeasuredIntervals:
    """Where one more set of members would lie. classes: of the target; bounds the entropies."""
    found = MeasuredIntervals()
    for name in sets[0].values:
        values = [item.values[name] for item in sets]
        bounds = _bounds(name, task, classes)
        found.quantities[name] = over_sets(
            float(np.mean(values)), spread(values), len(sets), over=over, bounds=bounds
        )
    bounds = _bounds("risk", task, classes)
    for ranking in sets[0].curves:
        risks = np.stack([item.curves[ranking].curve["risk"] for item in sets])
        ends = zip(risks.mean(axis=0), risks.std(axis=0, ddof=1), strict=True)
        found.risks[ranking] = [
            over_sets(mean, std, len(sets), over=over, bounds=bounds) for mean, std in ends
        ]
    return found


def _bounds(name: str, task: Task, classes: int) -> tuple[float, float]:
    if name == "generator_share":
        return 0.0, 1.0
    if task == "regression":
        return 0.0, np.inf
    return 0.0, float(np.log(classes)) if name in MEANS else 1.0


def intervals_over_rows(measured: Measured, resamples: Resamples) -> MeasuredIntervals:
    """Percentile bootstrap of the test rows; none for calibration errors (`intervals.BIASED`)."""
    replicates = _means(measured, resamples)
    found = MeasuredIntervals()
    risks: dict[str, npt.NDArray[np.float64]] = {}
    best, _ = replicate_risks(measured.losses, measured.losses, resamples, ())
    for ranking in measured.rankings:
        alike = _same_curve(measured, ranking, list(risks))
        if alike:
            areas, risks[ranking] = replicates[f"aurc_{alike}"], risks[alike]
        else:
            kept = rows_kept(resamples.rows)
            areas, risks[ranking] = replicate_risks(
                measured.losses, measured.rankings[ranking], resamples, kept
            )
        replicates[f"aurc_{ranking}"] = areas
        replicates[f"excess_aurc_{ranking}"] = np.maximum(areas - best, 0)
    for name, value in measured.values.items():
        if name in BIASED:
            found.quantities[name] = no_interval(BIASED[name], over=TEST_ROWS)
        else:
            found.quantities[name] = over_test_rows(value, replicates[name])
    for ranking, drawn in risks.items():
        values = measured.curves[ranking].curve["risk"]
        found.risks[ranking] = [
            over_test_rows(value, one) for value, one in zip(values, drawn, strict=True)
        ]
    return found


def _means(measured: Measured, resamples: Resamples) -> dict[str, Replicates]:
    names = [name for name in MEANS if np.isfinite(measured.values[name])]
    rows = [*(measured.parts[name] for name in names), measured.losses]
    found = dict(zip([*names, "risk"], replicate_means(rows, resamples), strict=True))
    undefined = np.full(resamples.replicates, np.nan)
    found = {name: found.get(name, undefined) for name in (*MEANS, "risk")}
    total = found["total"]
    found["generator_share"] = np.divide(
        found["generator"], total, out=undefined.copy(), where=total > 0
    )
    return found


def _same_curve(measured: Measured, ranking: str, done: Sequence[str]) -> str:
    """One of `done` that keeps the rows in the same order, as confidence and total do for two
    classes; else nothing.
    """
    own = measured.curves[ranking]
    for other in done:
        of_other = measured.curves[other]
        if np.isclose(own.aurc, of_other.aurc, rtol=1e-12) and np.allclose(
            own.curve, of_other.curve, rtol=1e-12
        ):
            return other
    return ""


def reasons_by_place(measured: Mapping[Approach, Measured]) -> dict[str, str]:
    """Why values are NaN, by "approach/quantity"."""
    return {
        f"{approach}/{name}": reason
        for approach, item in measured.items()
        for name, reason in item.reasons.items()
    }
