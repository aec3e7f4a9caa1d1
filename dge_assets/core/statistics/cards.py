"""The card of the table of statistics.

Not here: how it is made (`statistics.table`).
"""

from __future__ import annotations

from dge_assets.core.cards.columns import FAMILY, NOTE, count, ends, number, text
from dge_assets.core.cards.table_card import Shown, TableCard

WIDER_TABLES = "dge_assets.core.evaluation.wider_tables"
SHOWN = "dge_assets.core.reporting.page.shown"
STATISTICS = TableCard(
    name="statistics",
    description="One row per (family, statistic, column, level, rule): estimate and 95 % interval from the K datasets by "
    "each combining rule, beside the estimate on real_train.",
    keys=("family", "statistic", "column", "level", "rule"),
    columns=(
        *(FAMILY, text("statistic", "mean, proportion, quantile, ...")),
        text("column", "the column, or the outcome of a regression"),
        text("level", "the level, the probability of a quantile, or the coefficient"),
        text("rule", "the combining rule"),
        *(count("K", "datasets that the rule reads"), number("estimate", "from synthetic rows")),
        *ends("the estimate"),
        number("degrees", "degrees of freedom of the interval"),
        number("truth", "the estimate on real_train"),
        *ends("the truth", "truth_"),
        NOTE,
    ),
    per="family",
    made_by=f"{WIDER_TABLES}:statistics",
    shown=(
        Shown(
            section="statistics",
            views=f"{SHOWN}:statistics",
            nothing="No statistics were recorded.",
        ),
    ),
)
CARDS = (STATISTICS,)
