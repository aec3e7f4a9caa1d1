"""The tables of one (family, model) pair: one function each, which the table's card names.

Each takes the pair and gives its table without the columns `family` and `model`; None where there
is nothing to tell. Not here: what the numbers mean (`scores`, `groups`, `ensemble`, `uncertainty`),
the predictions that they share (`pair`).
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from dge_assets.core.arrays import Array
from dge_assets.core.downstream.fitting import FittedModel, predict
from dge_assets.core.ensemble import k_curve as curves
from dge_assets.core.ensemble import k_recommendation as recommending
from dge_assets.core.ensemble import variance_components as components
from dge_assets.core.evaluation.pair import PairEvaluation
from dge_assets.core.scores import claim_errors as claiming
from dge_assets.core.scores import claim_intervals, intervals
from dge_assets.core.scores.approach import NAIVE_ENSEMBLE, ORACLE, dge
from dge_assets.core.uncertainty import prediction_map as mapping


def training_scores(pair: PairEvaluation) -> pd.DataFrame:
    """Scores on real_test of all approaches, with both of their intervals."""
    return intervals.training_with_intervals(pair.scored)


def approach_differences(pair: PairEvaluation) -> pd.DataFrame:
    """How far the approaches are apart on the same rows."""
    return intervals.approach_differences(pair.scored)


def k_curve(pair: PairEvaluation) -> pd.DataFrame:
    """Score and cost of each K."""
    ks = range(1, pair.scored.size + 1)
    curve = curves.k_curve(pair.scored, ks, seconds=pair.seconds)
    return intervals.curve_with_intervals(curve, intervals.ensemble_intervals(pair.scored, ks))


def k_recommendation(pair: PairEvaluation) -> pd.DataFrame:
    """The smallest K whose next member is not worth its time."""
    return recommending.k_recommendation(
        pair.scored, pair.seconds, gain_per_second=pair.request.gain_per_second
    )


def variance_components(pair: PairEvaluation) -> pd.DataFrame:
    """What a member's squared error consists of."""
    reseeded = [pair.scored.predictions.naive_ensemble]
    return components.variance_components(
        pair.scored, reseeded, is_stochastic=pair.request.problem.is_stochastic
    )


def group_scores(pair: PairEvaluation) -> pd.DataFrame:
    """Scores by group."""
    return pair.groups.scores


def group_gaps(pair: PairEvaluation) -> pd.DataFrame:
    """How far short of the oracle, by group."""
    return pair.groups.gaps


def uncertainty(pair: PairEvaluation) -> pd.DataFrame:
    """Mean uncertainty, its parts and whether it is right."""
    return pair.uncertainty["uncertainty"]


def calibration(pair: PairEvaluation) -> pd.DataFrame:
    """Confidence and how often it came true."""
    return pair.uncertainty["calibration"]


def selective(pair: PairEvaluation) -> pd.DataFrame:
    """Risk of the rows kept."""
    return pair.uncertainty["selective"]


def prediction_map(pair: PairEvaluation) -> pd.DataFrame | None:
    """The map of oracle, naive ensemble and the largest DGE; None for a table without a plane."""
    request = pair.request
    grid = mapping.map_grid(request.contract, request.real_train)
    if grid is None:
        return None

    def on_grid(models: Sequence[FittedModel]) -> list[Array]:
        return [predict(model, grid, name="the map") for model in models]

    ensembles = {
        str(ORACLE): request.oracle.on_grid,
        str(NAIVE_ENSEMBLE): on_grid(pair.naive[0]),
        str(dge(len(pair.full))): on_grid(pair.full),
    }
    return mapping.prediction_map(grid, ensembles, pair.target)


def claim_errors(pair: PairEvaluation) -> pd.DataFrame | None:
    """How far claims are from the truth."""
    claims = pair.claims
    if claims is None:
        return None
    crossed = claiming.cross_tables(claims.crossed, tuple(claims.truths))
    return claiming.claim_errors(claims.by_member, crossed, claims.truths, task=pair.task)


def evaluation_scores(pair: PairEvaluation) -> pd.DataFrame | None:
    """What scores computed on synthetic rows claim."""
    if pair.claims is None:
        return None
    summary = pair.claims.summary
    return intervals.evaluation_with_intervals(summary, len(pair.seeds), task=pair.task)


def cross_scores(pair: PairEvaluation) -> pd.DataFrame | None:
    """Each member's model on each member's dataset."""
    return None if pair.claims is None else pair.claims.crossed


def evaluation_intervals(pair: PairEvaluation) -> pd.DataFrame | None:
    """Intervals of what the first K datasets claim."""
    claims = pair.claims
    if claims is None:
        return None
    return claim_intervals.evaluation_intervals(claims.crossed, claims.ks, task=pair.task)
