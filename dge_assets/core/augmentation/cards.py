"""The card of the table of augmentation.

Not here: how it is made (`augmentation.scores`).
"""

from __future__ import annotations

from dge_assets.core.cards.columns import METRIC, PAIR, VALUE, count, ends, number, text
from dge_assets.core.cards.table_card import Shown, TableCard

SHOWN = "dge_assets.core.reporting.page.shown"
AUGMENTATION = TableCard(
    name="augmentation",
    description="One row per (family, model, real_rows, approach, weight, metric): a few real rows alone, with one dataset, "
    "with the ensemble, with copies of their own; gain over real only, and a verdict by p_adjusted: Holm's, over the "
    "`comparisons` (sizes, approaches, weights) of one family, model and metric. Only for the models that the declaration's "
    "`augmentation` names.",
    keys=("family", "model", "real_rows", "approach", "weight", "metric"),
    columns=(
        *PAIR,
        count("real_rows", "how many real rows a sample has"),
        text("approach", "what the sample is fitted with: real_only, real_naive, real_dge_K, ..."),
        number("weight", "weight of a synthetic row beside a real one"),
        text(
            "weighting",
            "how the weight is given: sample_weight, or by rows drawn; empty where there is none",
        ),
        *(METRIC, VALUE),
        number("std", "standard deviation over the samples"),
        *ends(),
        number("gain", "how much better than real_only on the same samples; above zero is better"),
        *ends("the gain", "gain_"),
        number("p", "two-sided p-value for the hypothesis of no gain"),
        number("p_adjusted", "the same, adjusted for the number of comparisons (Holm)"),
        count("comparisons", "how many comparisons it is adjusted for"),
        text("verdict", "pays, does harm, not shown to pay; reference for real_only"),
    ),
    per="augmented",
    made_by="dge_assets.core.augmentation.scores:augment",
    shown=(
        Shown(
            section="augmentation",
            views=f"{SHOWN}:augmentation",
            nothing="Augmentation was not asked for; the field augmentation of a declaration names "
            "the models to try.",
        ),
    ),
    pictures="dge_assets.core.reporting.page.score_figures:augmentation",
)
CARDS = (AUGMENTATION,)
