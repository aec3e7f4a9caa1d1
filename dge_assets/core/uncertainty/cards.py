"""The cards of the tables of uncertainty.

Not here: how they are made (`uncertainty.tables`, `uncertainty.prediction_map`).
"""

from __future__ import annotations

from dge_assets.core.cards.columns import (
    APPROACH,
    PAIR,
    count,
    interval,
    number,
    text,
)
from dge_assets.core.cards.table_card import Shown, TableCard

PAIR_TABLES = "dge_assets.core.evaluation.pair_tables"
SHOWN = "dge_assets.core.reporting.page.shown"

UNCERTAINTY = TableCard(
    name="uncertainty",
    description="One row per (family, model, approach, quantity): mean uncertainty on real_test and its parts (nats; "
    "variances for a regression), error rate, areas of the risk-coverage curves (aurc_*), calibration errors; with its interval, "
    "over disjoint sets of members or over test rows.",
    keys=("family", "model", "approach", "quantity"),
    columns=(
        *(*PAIR, APPROACH, text("quantity", "what is measured")),
        number("value", "the quantity"),
        *interval(),
    ),
    per="pair",
    made_by=f"{PAIR_TABLES}:uncertainty",
    shown=(
        Shown(
            section="uncertainty",
            views=f"{SHOWN}:uncertainty",
            nothing="No uncertainty was measured.",
        ),
    ),
    pictures="dge_assets.core.reporting.pictures.uncertainty_figures:uncertainty",
)
CALIBRATION = TableCard(
    name="calibration",
    description="One row per (family, model, approach, curve, bin): confidence and how often it came true, in bins of "
    "equal width and of equal count, and above thresholds; the interval is of the accuracy, over the bin's rows. No rows for a "
    "regression.",
    keys=("family", "model", "approach", "curve", "bin"),
    columns=(
        *(*PAIR, APPROACH, text("curve", "how rows are put into bins")),
        count("bin", "position of the bin, from 0"),
        number("confidence", "mean confidence of the bin's rows, 0 to 1"),
        number("accuracy", "how often it came true, 0 to 1"),
        count("n", "rows of real_test in the bin"),
        *interval("the accuracy"),
    ),
    per="pair",
    made_by=f"{PAIR_TABLES}:calibration",
    pictures="dge_assets.core.reporting.pictures.uncertainty_figures:calibration",
)
SELECTIVE = TableCard(
    name="selective",
    description="One row per (family, model, approach, ranking, coverage): risk of the rows kept when the least "
    "certain are left out, with its interval.",
    keys=("family", "model", "approach", "ranking", "coverage"),
    columns=(
        *(*PAIR, APPROACH, text("ranking", "by which uncertainty rows are put in order")),
        number("coverage", "share of the rows kept, the most certain first, 0 to 1"),
        number("risk", "error rate of those kept; of a regression, mean squared error"),
        *interval("the risk"),
    ),
    per="pair",
    made_by=f"{PAIR_TABLES}:selective",
    pictures="dge_assets.core.reporting.pictures.uncertainty_figures:selective",
)
PREDICTION_MAP = TableCard(
    name="prediction_map",
    description="One row per (family, model, approach, grid point): mean prediction and spread over the plane of the "
    "two features. No rows unless the table has exactly two, both numbers without gaps.",
    keys=("family", "model", "approach", "x", "y"),
    columns=(
        *(*PAIR, APPROACH),
        *(number("x", "the first feature"), number("y", "the second feature")),
        text("predicted", "the predicted class; empty for a regression"),
        number("mean", "mean prediction: of the predicted class's probability, or of the value"),
        number("spread", "standard deviation of the prediction over the fits"),
        count("fits", "how many models predict"),
    ),
    per="pair",
    made_by=f"{PAIR_TABLES}:prediction_map",
    pictures="dge_assets.core.reporting.pictures.uncertainty_figures:maps",
)
CARDS = (UNCERTAINTY, CALIBRATION, SELECTIVE, PREDICTION_MAP)
