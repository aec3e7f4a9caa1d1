"""Statistics from K synthetic datasets: the declared estimates on each, combined by every rule,
beside the real rows'.

Here: the table `statistics`. Not here: the rules (`statistics.combining_rules`, and
`share_intervals` for proportions), the estimates (`estimates`), models and their scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from dge_assets.core.contract.contract import Contract
from dge_assets.core.declaration.statistics import (
    LinearDeclaration,
    LogisticDeclaration,
    MeanDeclaration,
    ProportionDeclaration,
    QuantileDeclaration,
    StatisticDeclaration,
    require_statistics_fit,
)
from dge_assets.core.errors import EvaluationError
from dge_assets.core.statistics.cards import STATISTICS
from dge_assets.core.statistics.combining_rules import (
    CONFIDENCE,
    RULES,
    CombinedEstimate,
    combine_estimates,
)
from dge_assets.core.statistics.estimates import (
    Estimate,
    Feature,
    estimate_linear,
    estimate_logistic,
    estimate_mean,
    estimate_proportion,
    estimate_quantile,
)
from dge_assets.core.statistics.share_intervals import combine_shares

STATISTIC_COLUMNS = STATISTICS.made_columns


def statistics_table(
    real_train: pd.DataFrame | None,
    datasets: Sequence[pd.DataFrame],
    statistics: Sequence[StatisticDeclaration],
    contract: Contract,
    *,
    n_real: int | None = None,
    confidence: float = CONFIDENCE,
) -> pd.DataFrame:
    """One row per statistic, level and rule, with the columns `STATISTIC_COLUMNS`.

    datasets: whole synthetic datasets in seed order; K is how many of them the rule reads. low,
    high: the rule's interval at `confidence` for the value in the population, of a proportion
    within 0..1. truth, truth_low, truth_high: the estimate on real_train and its own interval, NaN
    without real_train (then n_real, which some rules need, must be given). level: of a proportion,
    the probability of a quantile, the coefficient of a regression. note: why a number is missing,
    or what a rule had to mend.

    A coefficient that one dataset cannot give, since it lacks a level, is NaN by every rule that
    reads that dataset; the note says how many datasets lack it. The other coefficients have their
    intervals. It is not combined over the datasets that have the level: that a generator leaves a
    level out is part of how generators disagree, so these are no sample of them, and a spread
    without the others would say less than there is.

    EvaluationError without datasets or n_real; DeclarationError for a statistic that does not fit
    the contract.
    """
    if not datasets:
        raise EvaluationError("datasets is empty: statistics need at least one synthetic dataset")
    if n_real is None and real_train is None:
        raise EvaluationError(
            "statistics: pass real_train, or n_real, the number of rows that the generators learnt from"
        )
    require_statistics_fit(tuple(statistics), contract)
    rows_learnt = n_real if n_real is not None else len(real_train) if real_train is not None else 0
    rows = []
    for statistic in statistics:
        per_dataset = [estimates_of(frame, statistic, contract) for frame in datasets]
        real = None if real_train is None else estimates_of(real_train, statistic, contract)
        for index in range(len(per_dataset[0])):
            of_term = [estimates[index] for estimates in per_dataset]
            truth = None if real is None else real[index]
            rows += _rows(statistic, of_term, truth, rows_learnt, confidence)
    return pd.DataFrame(rows, columns=STATISTIC_COLUMNS)


def estimates_of(
    frame: pd.DataFrame, statistic: StatisticDeclaration, contract: Contract
) -> list[Estimate]:
    """The estimates of one declared statistic on the rows of `frame`; their terms depend on the
    contract alone.
    """
    match statistic:
        case MeanDeclaration():
            return estimate_mean(frame[statistic.column])
        case ProportionDeclaration():
            return estimate_proportion(frame[statistic.column], statistic.level)
        case QuantileDeclaration():
            return estimate_quantile(frame[statistic.column], statistic.probability)
        case LinearDeclaration():
            return estimate_linear(frame, statistic.column, _features(statistic.features, contract))
        case LogisticDeclaration():
            return estimate_logistic(
                frame, statistic.column, statistic.level, _features(statistic.features, contract)
            )


def _features(names: Sequence[str], contract: Contract) -> list[Feature]:
    features = []
    for name in names:
        column = contract.column(name)
        is_levelled = column.kind in ("categorical", "boolean")
        features.append(
            Feature(name=name, levels=(column.categories or (False, True)) if is_levelled else None)
        )
    return features


def _rows(
    statistic: StatisticDeclaration,
    estimates: Sequence[Estimate],
    truth: Estimate | None,
    n_real: int,
    confidence: float,
) -> list[tuple[object, ...]]:
    """One row per rule. Rows with gaps count as the statistic used them, on either side."""
    combined = combine_shares if isinstance(statistic, ProportionDeclaration) else combine_estimates
    real = _real_interval(truth, combined, confidence)
    rows: list[tuple[object, ...]] = []
    for rule, card in RULES.items():
        used = estimates[: card.reads]
        interval = combined(
            [estimate.value for estimate in used],
            [estimate.variance for estimate in used],
            rule=rule,
            n_real=truth.rows if truth is not None and truth.rows else n_real,
            n_synthetic=max(round(sum(estimate.rows for estimate in used) / len(used)), 1),
            confidence=confidence,
        )
        rows.append(
            (
                *(statistic.type, statistic.column, used[0].term, rule, len(used)),
                *(interval.estimate, interval.low, interval.high, interval.degrees),
                *(real.estimate, real.low, real.high, _note(interval, used, truth)),
            )
        )
    return rows


def _real_interval(
    truth: Estimate | None, combined: Callable[..., CombinedEstimate], confidence: float
) -> CombinedEstimate:
    value, variance, rows = (
        (float("nan"), float("nan"), 1)
        if truth is None
        else (truth.value, truth.variance, truth.rows)
    )
    return combined(
        [value],
        [variance],
        rule="naive_single",
        n_real=1,
        n_synthetic=max(rows, 1),
        confidence=confidence,
    )


def _note(interval: CombinedEstimate, estimates: Sequence[Estimate], truth: Estimate | None) -> str:
    """Reasons before flags; a reason that lies in the rows is told with the first dataset that gave
    it, and how many did.
    """
    without = [(number, one.reason) for number, one in enumerate(estimates) if one.reason]
    parts = [interval.reason, interval.flag]
    if without:
        count = (
            f" ({len(without)} of {len(estimates)} datasets give none)"
            if len(estimates) > 1
            else ""
        )
        parts[0] = f"dataset {without[0][0]}: {without[0][1]}{count}"
    parts.append(f"real_train: {truth.reason}" if truth is not None and truth.reason else "")
    return "; ".join(part for part in parts if part)
