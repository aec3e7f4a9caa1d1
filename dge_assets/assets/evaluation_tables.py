"""From what each (family, model) pair gave to the evaluation tables; and the tables that no single
pair can give.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dge_assets.assets.ensemble import Ensemble
from dge_assets.assets.line import (
    EVALUATION_INDEX,
    EVALUATION_TABLES,
    JOINT_TABLES,
    Line,
    contract_of,
)
from dge_resources.records import Recorded

DESCRIPTIONS = {
    EVALUATION_INDEX: "One row per evaluation table: how many rows it has and what one of them is. The evaluation as one "
    "asset: all tables come from one step over all members.",
    "training_scores": "One row per (family, model, approach, metric): does a model trained on synthetic data do well on "
    "real_test? Approaches: oracle, naive_single, naive_ensemble, naive_concat, dge_K. low, high: these members on other test "
    "rows; expected_low, expected_high: other members on other test rows.",
    "evaluation_scores": "One row per (family, model, approach, metric): does a score computed on synthetic data tell the "
    "real score? Approaches: oracle (the truth), naive (own test part), dge_K (other generators' datasets).",
    "claim_errors": "One row per (family, model, approach, metric): how far scores claimed from synthetic rows are from those on "
    "real_test (error, mean over members), to which side (optimism), above which error they are not to be believed (limit), and "
    "by how much the claim of dge_K is nearer than the naive one (gain), with its interval over members and test rows.",
    "approach_differences": "One row per (family, model, approach, against, metric): score of one approach minus that of "
    "another on the same rows of real_test, paired, with two intervals: these members on other test rows (low, high), and other "
    "members on other test rows (expected_low, expected_high).",
    "selection": "One row per (family, model, approach, metric): how each approach ranks the model classes; right where "
    "its ranks are the oracle's.",
    "cross_scores": "One row per (family, model, train seed, test seed, metric): each member's model on each member's "
    "dataset.",
    "group_scores": "One row per (group, family, model, approach, metric): minority categories, top deciles, their "
    "intersections and deciles of density, found on real_train, scored on real_test.",
    "group_gaps": "One row per (group, family, model, approach, metric): how far an approach falls short of the oracle in a "
    "group, and more than overall; p is adjusted for the number of groups (Holm).",
    "k_curve": "One row per (family, model, K, metric): measured score and CPU seconds for each K, and the squared error "
    "predicted from K=1 and K=2 (Räisä and Honkela, arXiv 2402.03985).",
    "selection_quality": "One row per (family, approach, metric): rank correlation of the approach's ranking of model classes "
    "with the oracle's, and the true score lost by its first choice (mean over tied choices), with intervals over which members "
    "are scored. NaN for one model class.",
    "uncertainty": "One row per (family, model, approach, quantity): mean uncertainty on real_test and its parts (nats; "
    "variances for a regression), error rate, areas of the risk-coverage curves (aurc_*), calibration errors; with its interval, "
    "over disjoint sets of members or over test rows.",
    "calibration": "One row per (family, model, approach, curve, bin): confidence and how often it came true, in bins of "
    "equal width and of equal count, and above thresholds; the interval is of the accuracy, over the bin's rows. No rows for a "
    "regression.",
    "selective": "One row per (family, model, approach, ranking, coverage): risk of the rows kept when the least sure are left, "
    "with its interval.",
    "prediction_map": "One row per (family, model, approach, grid point): mean prediction and spread over the plane of the "
    "two features. No rows unless the table has exactly two, both numbers without gaps.",
    "k_recommendation": "One row per (family, model): the smallest K whose next member gains less than the declared "
    "`gain_per_second` of CPU time, and what it costs; K_low, K_high: with other members and test rows. May be above the members "
    "that there are; then it is foretold.",
    "variance_components": "One row per (family, model, component): how much of a member's squared error comes from the "
    "model's seed and from the dataset, and the floor that no K goes below (Räisä and Honkela, arXiv 2402.03985); intervals of "
    "value and share over test rows.",
    "error_correlation": "One row per (model, kind, pair of members, of any families): correlation of their errors on "
    "real_test (`error`: against the outcome; `deviation`: against the oracle's prediction), with its interval over test rows.",
    "effective_members": "One row per (model, kind, pair of families): mean correlation rho, and the number of independent "
    "members that would average as much away, with intervals over test rows.",
    "statistics": "One row per (family, statistic, column, level, rule): estimate and 95 % interval from the K datasets by "
    "each combining rule, beside the estimate on real_train.",
    "evaluation_intervals": "One row per (family, model, approach, metric, over): 95 % intervals of what the first K datasets "
    "claim, for the K models made from them (`models`) and for a model of one more member (`members`). Approach first_K: unlike "
    "dge_K in evaluation_scores it has the models of those K members alone. Errors that all generators share are not in them.",
    "augmentation": "One row per (family, model, real_rows, approach, weight, metric): a few real rows alone, with one dataset, "
    "with the ensemble, with copies of their own; gain over real only, and a verdict by p_adjusted: Holm's, over the "
    "`comparisons` (sizes, approaches, weights) of one family, model and metric. Only for the models that the declaration's "
    "`augmentation` names.",
    "evaluation_notes": "One row per (family, model, note): what a reader of the tables must know, as that models did not "
    "converge or that datasets have one class. No rows where there is nothing to tell.",
}


def combine_tables(
    scores: Mapping[str, Mapping[str, pd.DataFrame]], by_member: Mapping[str, Any] | None = None
) -> dict[str, pd.DataFrame]:
    """The tables of all (family, model) pairs, keyed `family/model`, as one each, with those
    columns first.

    `selection` and `selection_quality` are made here, since a rank needs all models of a family;
    by_member, keyed alike: the pair's scores by member, for the intervals of the latter.
    """
    from dge_assets.core.scores.selection_quality import selection_quality
    from dge_assets.core.scores.tables import selection

    frames: dict[str, list[pd.DataFrame]] = {
        name: [] for name in EVALUATION_TABLES if name not in JOINT_TABLES
    }
    by_family: dict[str, dict[str, pd.DataFrame]] = {}
    for key, tables in scores.items():
        family, model = key.split("/", 1)
        for name, frame in tables.items():
            frames[name].append(_labelled(frame, family=family, model=model))
        by_family.setdefault(family, {})[model] = tables.get(
            "evaluation_scores", tables["training_scores"]
        )
    for family, tables_of in by_family.items():
        ranked = selection(tables_of)
        members = {model: (by_member or {}).get(f"{family}/{model}", {}) for model in tables_of}
        for name, table in (
            ("selection", ranked),
            ("selection_quality", selection_quality(ranked, members)),
        ):
            frames[name].append(_labelled(table, family=family))
    return {name: _stacked(name, parts) for name, parts in frames.items()}


def _labelled(frame: pd.DataFrame, **labels: str) -> pd.DataFrame:
    """`frame` with one column more per label, in front of its own."""
    labelled = frame.copy()
    for position, (name, value) in enumerate(labels.items()):
        labelled.insert(position, name, value)
    return labelled


def across_families(
    line: Line, ensemble: Ensemble, scores: Mapping[str, Any], oracles: Mapping[str, Any]
) -> dict[str, pd.DataFrame]:
    """The tables that compare members of all families, model by model."""
    from dge_assets.core.evaluation.family_model import compare_members, resamples_of_real_test

    contract, real_test = contract_of(ensemble.real_train.record), modelled(ensemble.real_test)
    resamples = resamples_of_real_test(line.table, len(real_test))
    parts: dict[str, list[pd.DataFrame]] = {}
    for model in line.plan.declaration.models:
        on_real = {family: scores[f"{family}/{model}"].on_real for family in line.families}
        for name, frame in compare_members(
            on_real, oracles[model], real_test, contract, resamples
        ).items():
            frame.insert(0, "model", model)
            parts.setdefault(name, []).append(frame)
    return {name: _stacked(name, frames) for name, frames in parts.items()}


def index_of(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per table: name, number of rows, and what one of them is."""
    rows = [(name, len(frame), DESCRIPTIONS[name]) for name, frame in sorted(frames.items())]
    return pd.DataFrame(rows, columns=["evaluation_table", "row_count", "description"])


def notes_table(notes: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """One row per note, `family, model, note`; notes are keyed `family/model`."""
    rows = [(*key.split("/", 1), note) for key in sorted(notes) for note in notes[key]]
    return pd.DataFrame(rows, columns=["family", "model", "note"], dtype="string")


def statistics_of(line: Line, ensemble: Ensemble) -> pd.DataFrame:
    """The declared statistics of each family's datasets, beside those of real_train."""
    from dge_assets.core.declaration.statistics import default_statistics
    from dge_assets.core.statistics.table import statistics_table

    contract, real_train = contract_of(ensemble.real_train.record), modelled(ensemble.real_train)
    stated = line.plan.declaration.statistics
    wanted = default_statistics(contract) if stated is None else stated
    parts = []
    for family in line.families:
        datasets = [item.frame for _, item in sorted(ensemble.datasets[family].items())]
        frame = statistics_table(real_train, datasets, wanted, contract)
        frame.insert(0, "family", family)
        parts.append(frame)
    return _stacked("statistics", parts)


_PAIR = {"family": "string", "model": "string"}
_SCORED = {"approach": "string", "metric": "string"}
_EMPTY_TYPES = {
    "evaluation_scores": {
        **_PAIR,
        **_SCORED,
        **dict.fromkeys(("value", "std", "low", "high"), "float64"),
        **{"over": "string", "reason": "string"},
    },
    "claim_errors": {
        **_PAIR,
        **_SCORED,
        **dict.fromkeys(("truth", "error", "optimism", "limit", "gain", "low", "high"), "float64"),
        **{"over": "string", "reason": "string"},
    },
    "cross_scores": {
        **_PAIR,
        **{"train_seed": "int64", "test_seed": "int64", "metric": "string", "value": "float64"},
    },
    "evaluation_intervals": {
        **_PAIR,
        **_SCORED,
        **{"over": "string"},
        **dict.fromkeys(("value", "standard_error", "low", "high"), "float64"),
        **{"reason": "string"},
    },
}
"""Tables that a single member cannot fill still have their columns, of the types that filled ones
are stored with.
"""


def _stacked(name: str, parts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    if filled:
        # Column by column: pandas warns about all-missing columns when it stacks whole frames.
        columns = filled[0].columns
        return pd.DataFrame(
            {
                column: pd.concat([part[column] for part in filled], ignore_index=True)
                for column in columns
            }
        )
    if not parts:
        from dge_assets.core.rows.tables import no_rows

        return no_rows(_EMPTY_TYPES[name])
    return parts[0].astype(
        {column: "string" for column in ("family", "model") if column in parts[0]}
    )


def modelled(item: Recorded) -> pd.DataFrame:
    """Real rows as synthetic datasets have them: without ids and positions."""
    return item.frame[[column.name for column in contract_of(item.record).modelled]]
