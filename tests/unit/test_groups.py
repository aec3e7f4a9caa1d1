"""Groups: who is in them, and that their scores are those of the restricted rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.errors import EvaluationError
from dge_assets.core.groups import find_groups, group_scores
from dge_assets.core.metrics import metric_names
from dge_assets.core.scoring import TrainingPredictions


def people(n: int = 1000) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "income": np.arange(n, dtype=float),
            "children": np.r_[np.zeros(n // 2, dtype=int), np.ones(n - n // 2, dtype=int)],
            "city": pd.Categorical(["big"] * (n - 153) + ["small"] * 100 + ["tiny"] * 50 + ["lone"] * 3),
            "even": pd.Categorical(["l", "r"] * (n // 2)),
            "rare": pd.array([True] * 40 + [False] * (n - 41) + [None], dtype="boolean"),
            "born": pd.Timestamp("2000-01-01"),
            "nothing": np.nan,
            "t": np.arange(n) % 2,
        }
    )


def predictions(n: int = 1000, members: int = 4) -> TrainingPredictions:
    rng = np.random.default_rng(0)
    p = rng.random((members + 2, n))
    tables = [np.column_stack([1 - row, row]) for row in p]
    return TrainingPredictions((tables[0],), (tables[2],), tables[1], tuple(tables[2:]))


def test_groups_are_the_rarest_sizeable_level_and_the_top_decile() -> None:
    """'lone' (0.3 %) is too small to score, 'l' and 'r' and the half with children are no minority."""
    groups = {group.column: group for group in find_groups(people(), "t")}
    assert set(groups) == {"income", "city", "rare"}
    assert groups["income"].label == "income >= 899.1"
    assert groups["income"].share == pytest.approx(0.1)
    assert groups["city"].label == "city = tiny"
    assert groups["city"].share == pytest.approx(0.05)
    assert groups["rare"].label == "rare = True"
    assert groups["rare"].share == pytest.approx(0.04)


def test_scores_are_those_of_the_groups_rows() -> None:
    frame, made = people(), predictions()
    y = frame["t"].to_numpy()
    table = group_scores(frame, frame, "t", y, made, task="binary")
    columns = ["group", "share", "n", "approach", "metric", "value", "std"]
    assert list(table.columns) == columns
    assert set(table["approach"]) == {"oracle", "naive_single", "dge_4"}
    assert len(table) == 3 * 3 * len(metric_names("binary"))
    brier = table[(table["group"] == "city = tiny") & (table["metric"] == "brier")].set_index("approach")
    rows = (frame["city"] == "tiny").to_numpy()
    singles = [np.mean((member[rows, 1] - y[rows]) ** 2) for member in made.members]
    together = np.mean([member[rows, 1] for member in made.members], axis=0)
    assert brier["n"].unique() == [50]
    assert brier["value"]["naive_single"] == pytest.approx(singles[0])
    assert brier["std"]["naive_single"] == pytest.approx(np.std(singles, ddof=1))
    assert brier["value"]["dge_4"] == pytest.approx(np.mean((together - y[rows]) ** 2))
    assert np.isnan(brier["std"]["dge_4"])


def test_a_group_without_test_rows_or_with_one_class_is_nan_with_a_reason() -> None:
    train = people()
    test = train[train["city"] != "tiny"].assign(t=1)
    rows = (train["city"] != "tiny").to_numpy()
    made = predictions()
    kept = TrainingPredictions(
        (made.oracle[0][rows],),
        (made.naive_ensemble[0][rows],),
        made.naive_concat[rows],
        tuple(m[rows] for m in made.members),
    )
    table = group_scores(train, test, "t", test["t"].to_numpy(), kept, task="binary", K=2, metrics=["auc", "brier"])
    values = table.set_index(["group", "approach", "metric"])["value"]
    reasons = table.attrs["reasons"]
    assert np.isnan(values["city = tiny", "dge_2", "brier"])
    assert reasons["city = tiny/dge_2/brier"] == "there are no rows"
    assert np.isnan(values["income >= 899.1", "oracle", "auc"])
    assert "positive class" in reasons["income >= 899.1/oracle/auc"]
    assert not np.isnan(values["income >= 899.1", "oracle", "brier"])


def test_a_table_without_groups_gives_no_rows_but_the_columns() -> None:
    frame = people()[["even", "t"]]
    table = group_scores(frame, frame, "t", frame["t"].to_numpy(), predictions(), task="binary")
    assert len(table) == 0
    assert list(table.columns) == ["group", "share", "n", "approach", "metric", "value", "std"]


def test_a_column_that_the_test_rows_lack_is_named() -> None:
    frame = people()
    with pytest.raises(EvaluationError, match="real_test: no column 'income'"):
        group_scores(frame, frame.drop(columns="income"), "t", frame["t"].to_numpy(), predictions(), task="binary")
