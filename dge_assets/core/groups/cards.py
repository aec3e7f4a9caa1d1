"""The cards of the tables of groups.

Not here: how they are made (`groups.scores`).
"""

from __future__ import annotations

from dge_assets.core.cards.columns import (
    APPROACH,
    METRIC,
    OVER,
    PAIR,
    REASON,
    VALUE,
    count,
    count_or_none,
    ends,
    interval,
    number,
    text,
)
from dge_assets.core.cards.table_card import Shown, TableCard

PAIR_TABLES = "dge_assets.core.evaluation.pair_tables"
SHOWN = "dge_assets.core.reporting.page.shown"
KEYS = ("group", "family", "model", "approach", "metric")
GROUP = text("group", "the group, as the values of its rows")
KIND = text("kind", "how the group was found: a category, a decile, an intersection, a density")
SHARE = number("share", "share of the rows of real_train, 0 to 1")
ROWS = count("n", "rows of real_test in the group")
POSITIVES = count_or_none("positives", "of these, how many are of the positive class")

GROUP_GAPS = TableCard(
    name="group_gaps",
    description="One row per (group, family, model, approach, metric): how far an approach falls short of the oracle "
    "in a group, and by how much more than overall; p is adjusted for the number of groups (Holm).",
    keys=KEYS,
    columns=(
        *(*PAIR, GROUP, KIND, SHARE, ROWS, POSITIVES, APPROACH, METRIC),
        number("gap", "how far short of the oracle, in the metric's units; above zero is worse"),
        *ends("the gap"),
        number("excess", "the gap less that over all rows"),
        *ends("the excess", "excess_"),
        number("p", "one-sided p-value for the hypothesis of no excess"),
        number("p_adjusted", "the same, adjusted for the number of groups (Holm)"),
        count("groups", "how many groups it is adjusted for"),
        *(OVER, REASON),
    ),
    per="pair",
    made_by=f"{PAIR_TABLES}:group_gaps",
    shown=(Shown(section="groups", views=f"{SHOWN}:gaps", sentences=f"{SHOWN}:gap_sentences"),),
    pictures="dge_assets.core.reporting.page.score_figures:groups",
)
GROUP_SCORES = TableCard(
    name="group_scores",
    description="One row per (group, family, model, approach, metric): minority categories, top deciles, their "
    "intersections and deciles of density, found on real_train, scored on real_test.",
    keys=KEYS,
    columns=(
        *(*PAIR, GROUP, SHARE, ROWS, APPROACH, METRIC, VALUE),
        number("std", "standard deviation over the choice of the single dataset"),
        *(KIND, POSITIVES),
        *interval(),
    ),
    per="pair",
    made_by=f"{PAIR_TABLES}:group_scores",
    shown=(
        Shown(
            section="groups",
            views=f"{SHOWN}:groups",
            nothing="No group scores were recorded.",
            folded="Scores of all groups",
        ),
        Shown(section="groups", views=f"{SHOWN}:group_reasons"),
    ),
)
CARDS = (GROUP_GAPS, GROUP_SCORES)
