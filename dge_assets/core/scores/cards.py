"""The cards of the score tables.

Not here: how they are made (`scores.tables`, `scores.intervals` and their neighbours).
"""

from __future__ import annotations

from dge_assets.core.cards.columns import (
    APPROACH,
    FAMILY,
    METRIC,
    OVER,
    PAIR,
    REASON,
    VALUE,
    count,
    count_or_none,
    ends,
    expected_interval,
    interval,
    number,
    text,
)
from dge_assets.core.cards.table_card import Shown, TableCard

PAIR_TABLES = "dge_assets.core.evaluation.pair_tables"
WIDER_TABLES = "dge_assets.core.evaluation.wider_tables"
SHOWN = "dge_assets.core.reporting.page.shown"
BY_METRIC = ("family", "model", "approach", "metric")

TRAINING_SCORES = TableCard(
    name="training_scores",
    description="One row per (family, model, approach, metric): does a model trained on synthetic data do well on "
    "real_test? Approaches: oracle, naive_single, naive_ensemble, naive_concat, dge_K. low, high: these members on other test "
    "rows; expected_low, expected_high: other members on other test rows.",
    keys=BY_METRIC,
    columns=(
        *(*PAIR, APPROACH, METRIC, VALUE),
        number("std", "standard deviation over the choice of the single dataset"),
        *interval(),
        *expected_interval(),
    ),
    per="pair",
    made_by=f"{PAIR_TABLES}:training_scores",
    released=True,
    shown=(
        Shown(
            section="verdict",
            views=f"{SHOWN}:headline",
            nothing="No training scores were recorded.",
        ),
        Shown(
            section="verdict",
            views=f"{SHOWN}:gains",
            nothing="No gain can be computed: naive_single and a DGE are needed.",
        ),
        Shown(
            section="training",
            views=f"{SHOWN}:training",
            nothing="No training scores were recorded.",
        ),
    ),
    pictures="dge_assets.core.reporting.page.score_figures:approaches",
)
APPROACH_DIFFERENCES = TableCard(
    name="approach_differences",
    description="One row per (family, model, approach, against, metric): score of one approach minus that of "
    "another on the same rows of real_test, paired, with two intervals: these members on other test rows (low, high), and other "
    "members on other test rows (expected_low, expected_high).",
    keys=("family", "model", "approach", "against", "metric"),
    columns=(
        *(*PAIR, APPROACH, text("against", "the approach that it is compared with"), METRIC),
        number("difference", "score of approach minus score of against"),
        *interval("the difference"),
        *expected_interval("the difference"),
        text("remark", "why the sign of the difference is no finding; empty where it is one"),
    ),
    per="pair",
    made_by=f"{PAIR_TABLES}:approach_differences",
    shown=(Shown(section="verdict", views=f"{SHOWN}:differences"),),
)
CLAIM_ERRORS = TableCard(
    name="claim_errors",
    description="One row per (family, model, approach, metric): how far scores claimed from synthetic rows are from "
    "those on real_test (error, mean over members), in which direction (optimism), above which error they are not to "
    "be believed (limit), and by how much the claim of dge_K is nearer than the naive one (gain), with its interval "
    "over members and test rows.",
    keys=BY_METRIC,
    columns=(
        *(*PAIR, APPROACH, METRIC),
        number("truth", "score of the same models on real_test, mean over members"),
        number("error", "distance of the claim from the truth, mean over members"),
        number("optimism", "the same with its sign: above zero it claims too much"),
        number("limit", "the error above which a claim is not to be believed"),
        number("gain", "error of naive minus this error: above zero it is nearer the truth"),
        *interval("the gain"),
    ),
    per="pair",
    made_by=f"{PAIR_TABLES}:claim_errors",
    shown=(
        Shown(
            section="evaluation",
            views=f"{SHOWN}:claims",
            nothing="No claim can be compared with the truth.",
        ),
    ),
)
EVALUATION_SCORES = TableCard(
    name="evaluation_scores",
    description="One row per (family, model, approach, metric): does a score computed on synthetic data agree with the "
    "real score? Approaches: oracle (the truth), naive (own test part), dge_K (other generators' datasets).",
    keys=BY_METRIC,
    columns=(
        *(*PAIR, APPROACH, METRIC, VALUE),
        number("std", "standard deviation over the members' models"),
        *interval(),
    ),
    per="pair",
    made_by=f"{PAIR_TABLES}:evaluation_scores",
    released=True,
    shown=(
        Shown(
            section="evaluation",
            views=f"{SHOWN}:evaluation",
            nothing="No evaluation scores were recorded.",
        ),
    ),
    pictures="dge_assets.core.reporting.page.score_figures:claims",
)
EVALUATION_INTERVALS = TableCard(
    name="evaluation_intervals",
    description="One row per (family, model, approach, metric, over): 95 % intervals of what the first K datasets "
    "claim, for the K models made from them (`models`) and for a model of one more member (`members`). Approach first_K: unlike "
    "dge_K in evaluation_scores it has the models of those K members alone. Errors that all generators share are not in them.",
    keys=(*BY_METRIC, "over"),
    columns=(
        *PAIR,
        text("approach", "first_K: the models and datasets of the first K members"),
        *(METRIC, OVER, VALUE),
        number("standard_error", "standard error of the value"),
        *ends(),
        REASON,
    ),
    per="pair",
    made_by=f"{PAIR_TABLES}:evaluation_intervals",
    shown=(
        Shown(
            section="evaluation",
            views=f"{SHOWN}:claim_intervals",
            nothing="No intervals can be given: three members are needed.",
        ),
    ),
)
SELECTION = TableCard(
    name="selection",
    description="One row per (family, model, approach, metric): how each approach ranks the model classes; right where "
    "its ranks are the oracle's.",
    keys=BY_METRIC,
    columns=(
        *(*PAIR, APPROACH, METRIC, VALUE),
        count_or_none("rank", "place of the model by this approach and metric; 1 is the best"),
    ),
    per="family",
    made_by=f"{WIDER_TABLES}:selection",
    shown=(
        Shown(
            section="selection", views=f"{SHOWN}:selection", nothing="No selection was recorded."
        ),
    ),
)
SELECTION_QUALITY = TableCard(
    name="selection_quality",
    description="One row per (family, approach, metric): rank correlation of the approach's ranking of model classes "
    "with the oracle's, and the true score lost by its first choice (mean over tied choices), with intervals over which members "
    "are scored. NaN for one model class.",
    keys=("family", "approach", "metric"),
    columns=(
        *(FAMILY, APPROACH, METRIC),
        number("kendall", "Kendall's tau-b of the two rankings, -1 to 1"),
        number("spearman", "Spearman's rank correlation of the two rankings, -1 to 1"),
        number("regret", "true score lost by the first choice, in the metric's units; 0 is best"),
        *ends("kendall", "kendall_"),
        *ends("spearman", "spearman_"),
        *ends("regret", "regret_"),
        *(OVER, REASON),
    ),
    per="family",
    made_by=f"{WIDER_TABLES}:selection_quality",
    shown=(
        Shown(
            section="selection",
            views=f"{SHOWN}:selection_quality",
            nothing="The quality of selection was not measured.",
        ),
    ),
)
CROSS_SCORES = TableCard(
    name="cross_scores",
    description="One row per (family, model, train seed, test seed, metric): each member's model on each member's "
    "dataset.",
    keys=("family", "model", "train_seed", "test_seed", "metric"),
    columns=(
        *PAIR,
        count("train_seed", "the member whose model is scored"),
        count(
            "test_seed",
            "the member on whose dataset it is scored; where both are the same, on its own test part",
        ),
        *(METRIC, VALUE),
    ),
    per="pair",
    made_by=f"{PAIR_TABLES}:cross_scores",
    pictures="dge_assets.core.reporting.pictures.uncertainty_figures:cross_scores",
)
CARDS = (
    TRAINING_SCORES,
    APPROACH_DIFFERENCES,
    CLAIM_ERRORS,
    EVALUATION_SCORES,
    EVALUATION_INTERVALS,
    SELECTION,
    SELECTION_QUALITY,
    CROSS_SCORES,
)
