"""The tables of uncertainty of one model class on one family: how unsure each approach is, and whether it is right to be.

Here: which approach is measured by what, from predictions on real_test. Not here: the measures (`uncertainty`,
`calibration`, `selective`), predicting, drawing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from dge_assets.core.calibration import (
    calibration_curves,
    expected_calibration_error,
    predicted_class,
)
from dge_assets.core.contract import Task
from dge_assets.core.errors import EvaluationError
from dge_assets.core.scoring import TrainingPredictions, combine, require_ks, training_ensembles
from dge_assets.core.selective import selective
from dge_assets.core.tabular import no_rows
from dge_assets.core.targets import Array, Codes
from dge_assets.core.uncertainty import Uncertainty, uncertainty_of

UNCERTAINTY_COLUMNS = ["approach", "quantity", "value"]
SELECTIVE_COLUMNS = ["approach", "ranking", "coverage", "risk"]
CALIBRATION_TYPES = {
    **{"approach": "string", "curve": "string", "bin": "int64"},
    **{"confidence": "float64", "accuracy": "float64", "n": "int64"},
}
NO_NOISE = "a point prediction states no noise, and no rows that its models did not see were given to measure it on"


@dataclass
class _Quantities:
    """Values of one approach, and the reasons for those that are NaN."""

    values: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: float, *, reason: str) -> None:
        self.values[name] = value
        if np.isnan(value):
            self.reasons[name] = reason


def uncertainty_tables(
    y: Codes,
    predictions: TrainingPredictions,
    ks: Sequence[int],
    *,
    task: Task,
    noise_variances: Sequence[float] | None = None,
) -> dict[str, pd.DataFrame]:
    """`uncertainty`, `calibration` and `selective` of all approaches of the training protocol, on real_test (y encoded).

    - uncertainty: `approach, quantity, value`. total, aleatoric and generator are means over rows (nats; for a regression
      variances in squared units of the target); generator_share is generator / total. risk is the error rate, or the mean
      squared error; aurc_* and excess_aurc_* are its area over coverages, by ranking. ece and ece_equal_count.
    - calibration: `approach, curve, bin, confidence, accuracy, n` (`calibration.calibration_curves`); no row for a
      regression, whose point predictions have no confidence.
    - selective: `approach, ranking, coverage, risk`; rows kept in order of confidence, total or generator uncertainty. For
      two classes confidence and total give the same order; for a regression only generator gives one, since the noise
      that is known there is the same in all rows.

    noise_variances (K,): of a regression's members, for the aleatoric part of naive_single and dge_K; the other approaches
    have none. What is NaN has its reason in `attrs["reasons"]` of `uncertainty`, by "approach/quantity". Raises
    EvaluationError naming approach, member and rows for predictions that are not finite, and for no rows at all.
    """
    if not len(y):
        raise EvaluationError("uncertainty: real_test has no rows; raise test_share or give a larger table")
    ensembles = training_ensembles(predictions, require_ks(ks, len(predictions.members), fewest=1))
    quantities: dict[str, _Quantities] = {}
    curves: list[pd.DataFrame] = []
    calibrations: list[pd.DataFrame] = []
    for approach, members in ensembles.items():
        noise = _noise_of(approach, noise_variances, len(members))
        parts = uncertainty_of(members, task=task, noise_variances=noise, name=approach)
        combined = combine(members, task=task)
        quantities[approach] = _summary(parts)
        curves += _selective(y, combined, parts, quantities[approach], approach, task=task)
        if task != "regression":
            calibrations.append(_calibration(y, combined, quantities[approach]).assign(approach=approach))
    return {
        "uncertainty": _uncertainty_table(quantities),
        "calibration": _stack(calibrations) if calibrations else no_rows(CALIBRATION_TYPES),
        "selective": _stack(curves)[SELECTIVE_COLUMNS],
    }


def _noise_of(approach: str, variances: Sequence[float] | None, members: int) -> Sequence[float] | None:
    """Only the members have held-out rows of their own datasets."""
    is_of_members = approach == "naive_single" or approach.startswith("dge_")
    return variances[:members] if variances is not None and is_of_members else None


def _summary(parts: Uncertainty) -> _Quantities:
    found = _Quantities()
    for name in ("total", "aleatoric", "generator"):
        found.put(name, float(getattr(parts, name).mean()), reason=NO_NOISE)
    total, generator = found.values["total"], found.values["generator"]
    share = generator / total if total > 0 else float("nan")
    reason = NO_NOISE if np.isnan(total) else "total uncertainty is 0: there is nothing to have a share of"
    found.put("generator_share", share, reason=reason)
    return found


def _selective(
    y: Codes, combined: Array, parts: Uncertainty, found: _Quantities, approach: str, *, task: Task
) -> list[pd.DataFrame]:
    """Curves by ranking; their areas are put into `found`."""
    losses = _losses(y, combined, task=task)
    found.put("risk", float(losses.mean()), reason="there are no rows")
    curves = []
    for ranking, unsure in _rankings(combined, parts, task=task).items():
        result = selective(losses, unsure)
        found.put(f"aurc_{ranking}", result.aurc, reason="")
        found.put(f"excess_aurc_{ranking}", result.excess_aurc, reason="")
        curves.append(result.curve.assign(approach=approach, ranking=ranking))
    return curves


def _losses(y: Codes, combined: Array, *, task: Task) -> Array:
    if task == "regression":
        return np.asarray((combined.mean(axis=1) - y) ** 2)
    return np.asarray(predicted_class(combined) != y, dtype=np.float64)


def _rankings(combined: Array, parts: Uncertainty, *, task: Task) -> dict[str, Array]:
    """Ranking -> how unsure each row is by it (rows,)."""
    if task == "regression":
        return {"generator": parts.generator}
    return {"confidence": 1 - combined.max(axis=1), "total": parts.total, "generator": parts.generator}


def _calibration(y: Codes, combined: Array, found: _Quantities) -> pd.DataFrame:
    table = calibration_curves(y, combined)
    for name, curve in (("ece", "equal_width"), ("ece_equal_count", "equal_count")):
        error = expected_calibration_error(table[table["curve"] == curve])
        found.put(name, error, reason="there are no rows")
    return table


def _uncertainty_table(quantities: Mapping[str, _Quantities]) -> pd.DataFrame:
    rows = [(approach, name, value) for approach, found in quantities.items() for name, value in found.values.items()]
    table = pd.DataFrame(rows, columns=UNCERTAINTY_COLUMNS)
    table.attrs["reasons"] = {
        f"{approach}/{name}": reason for approach, found in quantities.items() for name, reason in found.reasons.items()
    }
    return table


def _stack(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(parts, ignore_index=True)
    return table[["approach", *(name for name in table.columns if name != "approach")]]
