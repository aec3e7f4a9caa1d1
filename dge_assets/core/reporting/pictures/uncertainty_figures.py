"""The pictures of the tables of uncertainty and of cross scores, each with the sentence that tells
how to read it.

Each function is named by a table's card. Not here: drawing (`uncertainty_charts`, `maps`,
`cross_score_charts`).
"""

from __future__ import annotations

import pandas as pd

from dge_assets.core.reporting.pictures.cross_score_charts import cross_score_heatmap
from dge_assets.core.reporting.pictures.figure import Figure, Pictured
from dge_assets.core.reporting.pictures.maps import prediction_maps
from dge_assets.core.reporting.pictures.uncertainty_charts import (
    confidence_chart,
    reliability_chart,
    selective_chart,
    uncertainty_chart,
)
from dge_assets.core.uncertainty.prediction_map import map_features


def uncertainty(table: pd.DataFrame, about: Pictured) -> list[Figure]:
    """Uncertainty by approach, in its two parts."""
    unit = (
        "nats" if about.contract.task != "regression" else "variance, squared units of the target"
    )
    title = f"Uncertainty of a prediction ({unit}), mean over real test rows"
    caption = (
        "A bar's first part is what the models themselves report (aleatoric), its second the disagreement between them. One "
        "model has none; naive_ensemble shows what model seeds alone add, so what dge_K has beyond it comes from the "
        "generators."
    )
    return [Figure("Uncertainty by approach", caption, uncertainty_chart(table, title=title))]


def calibration(table: pd.DataFrame, _about: Pictured) -> list[Figure]:
    """Confidence against how often it came true."""
    reliability = (
        "Points below the dashed line are overconfident, points above it underconfident; the area of a "
        "point is its share of the rows, so small ones may be chance. The other approaches are in the warehouse's table."
    )
    thresholds = (
        "Accuracy of the rows whose predicted class has at least this confidence. It should rise, and stay above the "
        "dashed line: where it falls below, the model is overconfident. At high thresholds few rows are left; the "
        "table gives their number, n."
    )
    return [
        Figure(
            "Reliability",
            reliability,
            reliability_chart(table, title="Reliability on real test rows"),
        ),
        Figure(
            "Accuracy against confidence",
            thresholds,
            confidence_chart(table, title="Accuracy of the rows with at least this confidence"),
        ),
    ]


def selective(table: pd.DataFrame, about: Pictured) -> list[Figure]:
    """Risk against coverage."""
    risk = "error rate" if about.contract.task != "regression" else "mean squared error"
    ranking = (
        "total uncertainty"
        if about.contract.task != "regression"
        else "disagreement between the members"
    )
    caption = (
        f"Rows are kept in order of {ranking}, the most certain first; the line is the {risk} of those kept. The "
        "lower the line on the left, the better the approach knows where it errs; a flat line means that it does not "
        "know, and one that rises to the left that it is most confident where it is wrong. The generators' part "
        "alone does not see errors that come from noise in the data itself."
    )
    title = f"Risk ({risk}) of the rows kept, the most certain first"
    return [Figure("Risk against coverage", caption, selective_chart(table, title=title))]


def maps(table: pd.DataFrame, about: Pictured) -> list[Figure]:
    """Predictions over the plane of the two features, for each family and model."""
    features = map_features(about.contract)
    if features is None:
        return []
    caption = (
        "Above, the mean prediction of each approach with its decision boundary and real test rows; below, how much its "
        "fits differ. Where dge_K's fits differ, the generators disagree about the real data."
    )
    points = about.real_test[[*features, about.contract.target]]
    classes = about.contract.classes or ()
    figures = []
    for (family, model), rows in table.groupby(["family", "model"], sort=False):
        title = f"{family}, {model}: predictions over the two features"
        png = prediction_maps(
            rows, points, target=about.contract.target, classes=classes, title=title
        )
        figures.append(Figure(f"Map, {family}, {model}", caption, png))
    return figures


def cross_scores(table: pd.DataFrame, _about: Pictured) -> list[Figure]:
    """One model's: an odd generator is odd for every model, and a picture for each would fill the
    page.
    """
    models, metrics = list(table["model"].unique()), set(table["metric"])
    metric = "auc" if "auc" in metrics else "rmse"
    title = f"{models[0]} trained on one dataset, scored on another: {metric}"
    png = cross_score_heatmap(table[table["model"] == models[0]], metric, title=title)
    others = " The other models' are in the warehouse." if len(models) > 1 else ""
    caption = (
        f"{models[0]} trained on part of one member's dataset, scored on the whole dataset of each other member. "
        "Outlined: scored on held-out rows of its own dataset, which is the naive evaluation; where these cells are "
        "better than the others, it claims too much. A column that stands out is a dataset, a row a model, that is "
        f"unlike the others. All rows are synthetic: what all generators get wrong does not show here.{others}"
    )
    return [Figure(f"Members scored on each other's datasets, {metric}", caption, png)]
