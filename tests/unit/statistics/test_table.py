"""The table of statistics: every rule, the real rows beside, reasons kept; and coverage where
theory gives it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError

from dge_assets.core.declaration.statistics import (
    LogisticDeclaration,
    MeanDeclaration,
    ProportionDeclaration,
    StatisticDeclaration,
    default_statistics,
    require_statistics_fit,
)
from dge_assets.core.errors import DeclarationError, EvaluationError
from dge_assets.core.statistics.combining_rules import RULES
from dge_assets.core.statistics.table import STATISTIC_COLUMNS, statistics_table
from tests.support.tables import every_kind, every_kind_contract, tiny, tiny_contract

ADAPTER: TypeAdapter[StatisticDeclaration] = TypeAdapter(StatisticDeclaration)
WANTED: list[dict[str, object]] = [
    {"type": "mean", "column": "x"},
    {"type": "proportion", "column": "group", "level": "u"},
    {"type": "quantile", "column": "x", "probability": 0.9},
    {"type": "linear", "column": "x", "features": ["group"]},
    {"type": "logistic", "column": "target", "level": "yes", "features": ["x", "group"]},
]


def declared(*entries: dict[str, object]) -> tuple[StatisticDeclaration, ...]:
    return tuple(ADAPTER.validate_python(entry) for entry in entries)


def of(table: pd.DataFrame, statistic: str, level: str, rule: str) -> pd.Series:
    rows = table[
        (table["statistic"] == statistic) & (table["level"] == level) & (table["rule"] == rule)
    ]
    assert len(rows) == 1
    return rows.iloc[0]


def test_each_statistic_has_each_rule_and_the_real_value() -> None:
    real, datasets = tiny(400, seed=9), [tiny(400, seed=seed) for seed in range(5)]
    table = statistics_table(real, datasets, declared(*WANTED), tiny_contract())
    assert list(table.columns) == STATISTIC_COLUMNS
    assert len(table) == (1 + 1 + 1 + 3 + 4) * len(RULES)
    assert (table["K"] == np.where(table["rule"] == "naive_single", 1, 5)).all()
    mean = of(table, "mean", "", "rubin_1987")
    assert mean["truth"] == pytest.approx(real["x"].mean())
    assert mean["truth_low"] < mean["truth"] < mean["truth_high"]
    assert mean["estimate"] == pytest.approx(np.mean([frame["x"].mean() for frame in datasets]))
    slope = of(table, "logistic", "x", "rubin_1987")
    assert slope["low"] < slope["truth"] < slope["high"]
    assert slope["low"] > 0


def test_without_real_rows_there_is_no_truth_but_the_intervals_are_the_same() -> None:
    """What a consumer computes from a release is what the custodian sees."""
    datasets = [tiny(100, seed=seed) for seed in range(3)]
    ours = statistics_table(tiny(80, seed=9), datasets, declared(*WANTED), tiny_contract())
    theirs = statistics_table(None, datasets, declared(*WANTED), tiny_contract(), n_real=80)
    assert theirs[["truth", "truth_low", "truth_high"]].isna().all(axis=None)
    shared = [name for name in STATISTIC_COLUMNS if not name.startswith("truth")]
    pd.testing.assert_frame_equal(ours[shared], theirs[shared])


def test_one_dataset_gives_what_one_can_and_says_so() -> None:
    table = statistics_table(
        tiny(100, seed=9), [tiny(100, seed=0)], declared(WANTED[0]), tiny_contract()
    )
    row = of(table, "mean", "", "raghunathan_2003")
    assert np.isnan(row["low"])
    assert "K = 1" in row["note"]
    assert np.isfinite(of(table, "mean", "", "naive_single")["low"])


def test_a_reason_in_one_dataset_reaches_the_table() -> None:
    """The third dataset lacks a level: its coefficient has no estimate by any rule that reads that
    dataset.
    """
    datasets = [tiny(100, seed=seed) for seed in range(3)]
    datasets[2] = datasets[2][datasets[2]["group"] != "w"]
    table = statistics_table(tiny(100, seed=9), datasets, declared(WANTED[3]), tiny_contract())
    row = of(table, "linear", "group=w", "rubin_1987")
    assert np.isnan(row["estimate"])
    assert row["note"].startswith("dataset 2: group=w has the same value in all rows")
    assert row["note"].endswith("(1 of 3 datasets give none)")
    assert np.isfinite(of(table, "linear", "group=w", "naive_single")["low"]), (
        "it reads dataset 0 alone"
    )
    others = table[(table["level"] != "group=w") & (table["rule"] != "naive_single")]
    assert len(others) == (len(set(table["level"])) - 1) * (len(RULES) - 1)
    assert np.isfinite(others[["estimate", "low", "high"]]).all(axis=None)
    assert (others["K"] == 3).all()


def test_intervals_of_proportions_stay_within_0_to_1() -> None:
    """A level that 1 of 100 rows has; the real rows, which lack it, have an interval with a width
    as well.
    """
    datasets = [
        tiny(100, seed=seed).assign(group=["w"] * (seed % 2) + ["u"] * (100 - seed % 2))
        for seed in range(4)
    ]
    real = tiny(100, seed=9).assign(group="u")
    rare = {"type": "proportion", "column": "group", "level": "w"}
    table = statistics_table(real, datasets, declared(rare), tiny_contract())
    assert (table["low"] >= 0).all()
    assert (table["high"] < 1).all()
    assert (table["low"] <= table["estimate"]).all()
    assert set(table["truth"]) == {0.0}
    assert table["truth_high"].between(0.01, 0.1).all()


def test_the_default_is_means_and_the_targets_share() -> None:
    found = default_statistics(every_kind_contract())
    assert ProportionDeclaration(type="proportion", column="target", level="yes") in found
    means = {item.column for item in found if isinstance(item, MeanDeclaration)}
    assert {"integer", "gappy float", "constant", "empty"} <= means
    assert "id" not in means
    real, datasets = every_kind(seed=9), [every_kind(seed=seed) for seed in range(2)]
    table = statistics_table(real, datasets, found, every_kind_contract()).set_index(
        ["column", "rule"]
    )
    assert table.loc[("constant", "rubin_1987"), ["low", "high"]].tolist() == [7.0, 7.0]
    assert np.isnan(table.loc[("empty", "rubin_1987"), "estimate"])
    assert "0 present values" in str(table.loc[("empty", "rubin_1987"), "note"])


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"type": "mean", "column": "y"},
            r"statistics.0 \(mean\): no modelled column 'y'; allowed: \['x'",
        ),
        (
            {"type": "mean", "column": "group"},
            "column 'group' is categorical, needed is continuous or integer",
        ),
        (
            {"type": "proportion", "column": "group", "level": "q"},
            "'group' has no level 'q'; allowed: ",
        ),
        ({"type": "linear", "column": "x", "features": ["nope"]}, "no modelled column 'nope'"),
    ],
)
def test_statistics_that_do_not_fit_the_table_are_refused(
    entry: dict[str, object], message: str
) -> None:
    with pytest.raises(DeclarationError, match=message):
        require_statistics_fit(declared(entry), tiny_contract())


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"type": "median", "column": "x"},
            "'mean', 'proportion', 'quantile', 'linear', 'logistic'",
        ),
        ({"type": "quantile", "column": "x", "probability": 1.5}, "less than 1"),
        ({"type": "mean", "colum": "x"}, "did you mean 'column'"),
        (
            {"type": "linear", "column": "x", "features": ["x"]},
            "the outcome and cannot be among the features",
        ),
        ({"type": "linear", "column": "x", "features": ["y", "y"]}, "name a column twice"),
        ({"type": "linear", "column": "x", "features": []}, "at least 1 item"),
    ],
)
def test_mistakes_in_a_declared_statistic_are_told(entry: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        declared(entry)


def test_no_datasets_and_unknown_rows_are_refused() -> None:
    with pytest.raises(EvaluationError, match="datasets is empty"):
        statistics_table(tiny(), [], declared(WANTED[0]), tiny_contract())
    with pytest.raises(EvaluationError, match="pass real_train, or n_real"):
        statistics_table(None, [tiny()], declared(WANTED[0]), tiny_contract())


def test_a_separated_outcome_in_one_dataset_is_told() -> None:
    split = tiny(100, seed=1).assign(target=lambda rows: np.where(rows["x"] > 0, "yes", "no"))
    statistic = LogisticDeclaration(type="logistic", column="target", level="yes", features=("x",))
    table = statistics_table(
        tiny(100, seed=9), [tiny(100, seed=0), split], [statistic], tiny_contract()
    )
    assert table["estimate"].isna().sum() == 2 * (len(RULES) - 1), (
        "naive_single reads dataset 0 alone"
    )
    assert (
        "dataset 1: the features separate the outcome"
        in of(table, "logistic", "x", "raab_2016")["note"]
    )
