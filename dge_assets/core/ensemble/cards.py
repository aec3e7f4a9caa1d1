"""The cards of the tables on the ensemble's size and on whether members err alike.

Not here: how they are made (`ensemble.k_curve` and its neighbours).
"""

from __future__ import annotations

from dge_assets.core.cards.columns import (
    METRIC,
    MODEL,
    NOTE,
    OVER,
    PAIR,
    REASON,
    count,
    count_or_none,
    ends,
    interval,
    number,
    text,
)
from dge_assets.core.cards.table_card import Shown, TableCard

PAIR_TABLES = "dge_assets.core.evaluation.pair_tables"
WIDER_TABLES = "dge_assets.core.evaluation.wider_tables"
SHOWN = "dge_assets.core.reporting.page.shown"
KIND = text("kind", "error: against the outcome; deviation: against the oracle's prediction")

K_RECOMMENDATION = TableCard(
    name="k_recommendation",
    description="One row per (family, model): the smallest K whose next member gains less than the declared "
    "`gain_per_second` of CPU time, and what it costs; K_low, K_high: with other members and test rows. It may "
    "exceed the number of members; it is then predicted, not measured.",
    keys=("family", "model"),
    columns=(
        *(*PAIR, text("metric", "the squared error that the gain is of")),
        count_or_none("K", "the recommended number of members"),
        count_or_none("K_low", "lower end of what other members and test rows would recommend"),
        count_or_none("K_high", "upper end of what other members and test rows would recommend"),
        count("members", "how many members there are"),
        number("gain_of_next", "what member K + 1 would take from the squared error"),
        *ends("gain_of_next", "gain_"),
        number("gain_of_all", "what all further members together would take from it"),
        number("seconds", "CPU seconds of K members"),
        number("seconds_per_member", "CPU seconds of one member"),
        number("gain_per_second", "the declared gain that a second of CPU time must bring"),
        *(NOTE, OVER, REASON),
    ),
    per="pair",
    made_by=f"{PAIR_TABLES}:k_recommendation",
    shown=(Shown(section="k-curve", sentences=f"{SHOWN}:recommendation"),),
)
K_CURVE = TableCard(
    name="k_curve",
    description="One row per (family, model, K, metric): measured score and CPU seconds for each K, and the squared error "
    "predicted from K=1 and K=2 (Räisä and Honkela, arXiv 2402.03985).",
    keys=("family", "model", "K", "metric"),
    columns=(
        *(*PAIR, count("K", "number of members"), METRIC),
        number("measured", "score of ensembles of K members, mean over them"),
        number("std", "standard deviation over ensembles of K members"),
        number("predicted", "what K=1 and K=2 predict; of squared errors alone"),
        number("seconds", "CPU seconds of K members"),
        *interval("the measured score"),
    ),
    per="pair",
    made_by=f"{PAIR_TABLES}:k_curve",
    shown=(
        Shown(
            section="k-curve",
            views=f"{SHOWN}:k_curve",
            nothing="No scores by number of members were recorded.",
        ),
    ),
    pictures="dge_assets.core.reporting.page.score_figures:ensemble_size",
)
VARIANCE_COMPONENTS = TableCard(
    name="variance_components",
    description="One row per (family, model, component): how much of a member's squared error comes from the "
    "model's seed and from the dataset, and the floor that no K goes below (Räisä and Honkela, arXiv 2402.03985); intervals of "
    "value and share over test rows.",
    keys=("family", "model", "component"),
    columns=(
        *(*PAIR, text("metric", "the squared error that is taken apart")),
        text("component", "error, model_and_dataset, model, dataset or floor"),
        number("value", "the component"),
        number("share", "its share of one member's error, 0 to 1"),
        NOTE,
        *ends("the value"),
        *ends("the share", "share_"),
        *(OVER, REASON),
    ),
    per="pair",
    made_by=f"{PAIR_TABLES}:variance_components",
    shown=(Shown(section="k-curve", views=f"{SHOWN}:components"),),
)
ERROR_CORRELATION = TableCard(
    name="error_correlation",
    description="One row per (model, kind, pair of members, of any families): correlation of their errors on "
    "real_test (`error`: against the outcome; `deviation`: against the oracle's prediction), with its interval over test rows.",
    keys=("model", "kind", "family_a", "seed_a", "family_b", "seed_b"),
    columns=(
        MODEL,
        *(text("family_a", "family of the one member"), count("seed_a", "its seed")),
        *(text("family_b", "family of the other member"), count("seed_b", "its seed")),
        *(KIND, number("value", "correlation of the two members' errors, -1 to 1")),
        *interval(),
    ),
    per="model",
    made_by=f"{WIDER_TABLES}:error_correlation",
    pictures="dge_assets.core.reporting.page.score_figures:error_correlation",
)
EFFECTIVE_MEMBERS = TableCard(
    name="effective_members",
    description="One row per (model, kind, pair of families): mean correlation rho, and the number of independent "
    "members that would average away as much, with intervals over test rows.",
    keys=("model", "kind", "family_a", "family_b"),
    columns=(
        *(MODEL, text("family_a", "the one family; all: members of all families together")),
        *(text("family_b", "the other family, or the same"), KIND),
        *(count("K", "number of members"), number("rho", "mean correlation of their errors")),
        number("effective", "how many independent members would average away as much"),
        NOTE,
        *ends("rho", "rho_"),
        *ends("effective", "effective_"),
        *(OVER, REASON),
        *ends("rho, with other members", "expected_rho_"),
        *ends("effective, with other members", "expected_effective_"),
        text("expected_over", "what those intervals are over"),
        text("expected_reason", "why those intervals are missing; empty where they are not"),
    ),
    per="model",
    made_by=f"{WIDER_TABLES}:effective_members",
    shown=(
        Shown(
            section="errors",
            views=f"{SHOWN}:effective",
            nothing="No correlation of errors was recorded.",
        ),
    ),
)
CARDS = (K_RECOMMENDATION, K_CURVE, VARIANCE_COMPONENTS, ERROR_CORRELATION, EFFECTIVE_MEMBERS)
