"""Groups: their scores are those of the restricted rows, and claims about them allow for how many
were looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from dge_assets.core.contract.contract import Task
from dge_assets.core.groups.scores import (
    GAP_COLUMNS,
    GROUP_COLUMNS,
    TestGroup,
    group_scores,
    groups_of_test,
)
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.scores.metrics import metric_names
from dge_assets.core.scores.predictions import TrainingPredictions
from dge_assets.core.scores.scored import Scored
from dge_assets.core.scores.tables import score_training
from tests.support.tables import people

ROWS = 1000
RESAMPLES = Resamples(ROWS, np.random.SeedSequence(0), 200)
Y = np.arange(ROWS) % 2
Y.flags.writeable = False


def predictions(n: int = ROWS, members: int = 4) -> TrainingPredictions:
    rng = np.random.default_rng(0)
    p = rng.random((members + 2, n))
    tables = [np.column_stack([1 - row, row]) for row in p]
    return TrainingPredictions((tables[0],), (tables[2],), tables[1], tuple(tables[2:]))


def scored(
    made: TrainingPredictions,
    y: np.ndarray = Y,
    *,
    task: Task = "binary",
    metrics: Sequence[str] | None = None,
    resamples: Resamples = RESAMPLES,
) -> Scored:
    return Scored(y, made, (len(made.members),), task, resamples, metrics)


def group(rows: np.ndarray, label: str = "some") -> TestGroup:
    return TestGroup(label, "level", 0.1, rows)


def first(count: int, n: int = ROWS) -> np.ndarray:
    return np.arange(n) < count


def test_scores_are_those_of_the_groups_rows() -> None:
    made, rows = predictions(), np.arange(ROWS) % 20 < 3
    tables = group_scores([group(rows)], scored(made))
    assert list(tables.scores.columns) == GROUP_COLUMNS
    assert list(tables.gaps.columns) == GAP_COLUMNS
    assert set(tables.scores["approach"]) == {"oracle", "naive_single", "dge_4"}
    assert set(tables.gaps["approach"]) == {"naive_single", "dge_4"}
    assert len(tables.scores) == 3 * len(metric_names("binary"))
    brier = tables.scores[tables.scores["metric"] == "brier"].set_index("approach")
    singles = [np.mean((member[rows, 1] - Y[rows]) ** 2) for member in made.members]
    together = np.mean([member[rows, 1] for member in made.members], axis=0)
    assert brier["n"].unique() == [150]
    assert brier["positives"].unique() == [int(Y[rows].sum())]
    assert brier["value"]["naive_single"] == pytest.approx(singles[0])
    assert brier["std"]["naive_single"] == pytest.approx(np.std(singles, ddof=1))
    assert brier["value"]["dge_4"] == pytest.approx(np.mean((together - Y[rows]) ** 2))
    assert np.isnan(brier["std"]["dge_4"])
    assert (brier["over"] == "test rows").all()
    gap = tables.gaps[
        (tables.gaps["metric"] == "brier") & (tables.gaps["approach"] == "dge_4")
    ].iloc[0]
    assert gap["gap"] == pytest.approx(brier["value"]["dge_4"] - brier["value"]["oracle"]), (
        "less brier is better"
    )
    assert gap["low"] < gap["gap"] < gap["high"]


def test_a_group_of_all_rows_has_the_scores_of_all_rows_and_no_excess() -> None:
    made = predictions()
    tables = group_scores([group(first(ROWS))], scored(made))
    overall = score_training(scored(made)).set_index(["approach", "metric"])
    found = tables.scores.set_index(["approach", "metric"])
    for place in found.index:
        assert found["value"][place] == overall["value"][place]
    assert tables.gaps["gap"].notna().all()
    assert tables.gaps["excess"].eq(0.0).all()
    assert tables.gaps["p"].isna().all(), "a group of all rows cannot be worse than all rows"


def test_the_order_of_rows_does_not_count_for_values() -> None:
    frame, made = people(), predictions()
    turned = np.random.default_rng(3).permutation(ROWS)
    moved = TrainingPredictions(
        (made.oracle[0][turned],),
        (made.naive_ensemble[0][turned],),
        made.naive_concat[turned],
        tuple(member[turned] for member in made.members),
    )
    straight = groups_of_test(frame, frame, "t")
    shuffled = groups_of_test(
        frame.sample(frac=1, random_state=0), frame.iloc[turned].reset_index(drop=True), "t"
    )
    assert [(one.label, one.share) for one in straight] == [
        (one.label, one.share) for one in shuffled
    ]
    tables = [
        group_scores(groups, scored(given, y, metrics=["auc", "brier"]))
        for groups, y, given in ((straight, Y, made), (shuffled, Y[turned], moved))
    ]
    columns = ["group", "share", "n", "positives", "approach", "metric"]
    pd.testing.assert_frame_equal(tables[0].scores[columns], tables[1].scores[columns])
    np.testing.assert_allclose(tables[0].scores["value"], tables[1].scores["value"], atol=1e-12)
    np.testing.assert_allclose(tables[0].gaps["excess"], tables[1].gaps["excess"], atol=1e-12)


def test_a_group_without_rows_or_with_one_class_stays_with_a_reason() -> None:
    ones = first(50) & (Y == 1)
    tables = group_scores(
        [group(first(0), "empty"), group(ones, "ones")], scored(predictions()), K=2
    )
    found = tables.scores.set_index(["group", "approach", "metric"])
    assert np.isnan(found["value"]["empty", "dge_2", "brier"])
    assert found["reason"]["empty", "dge_2", "brier"] == "there are no rows"
    assert found["n"]["empty", "dge_2", "brier"] == 0
    assert np.isnan(found["value"]["ones", "oracle", "auc"])
    assert "positive class" in found["reason"]["ones", "oracle", "auc"]
    assert found["positives"]["ones", "oracle", "auc"] == 25
    assert not np.isnan(found["value"]["ones", "oracle", "brier"])
    gaps = tables.gaps.set_index(["group", "approach", "metric"])
    assert np.isnan(gaps["gap"]["ones", "dge_2", "auc"])
    assert np.isnan(gaps["p_adjusted"]["ones", "dge_2", "auc"])
    assert "positive class" in gaps["reason"]["ones", "dge_2", "auc"]
    assert (
        gaps["reason"]["ones", "dge_2", "brier"] == "not tested: 25 test rows, and 30 are the least"
    )
    assert gaps["groups"]["ones", "dge_2", "brier"] == 0, (
        "what cannot be tested is not counted as looked at"
    )


@pytest.mark.parametrize(
    ("positives", "reason"), [(9, "9 test rows of the rarer class, and 10 are the least"), (10, "")]
)
def test_a_group_of_few_positives_is_shown_and_not_tested(positives: int, reason: str) -> None:
    chosen = first(0)
    chosen[np.flatnonzero(Y == 1)[:positives]] = chosen[np.flatnonzero(Y == 0)[:60]] = True
    gaps = group_scores([group(chosen)], scored(predictions(), metrics=["brier"])).gaps
    assert gaps["gap"].notna().all()
    assert gaps["p"].isna().all() == bool(reason)
    assert all(reason in text for text in gaps["reason"])


def test_p_is_student_s_with_the_rarer_rows_as_its_degrees_of_freedom() -> None:
    gaps = group_scores([group(first(80))], scored(predictions(), metrics=["brier"])).gaps
    rarer = min(int(Y[first(80)].sum()), 80 - int(Y[first(80)].sum()))
    row = gaps.iloc[0]
    # The interval is of percentiles; its half width is about 1.96 standard errors.
    error = (row["excess_high"] - row["excess_low"]) / 3.92
    assert row["p"] == pytest.approx(t.sf(row["excess"] / error, rarer - 1), abs=0.03)


def test_no_groups_give_no_rows_but_the_columns() -> None:
    tables = group_scores([], scored(predictions()))
    assert list(tables.scores.columns) == GROUP_COLUMNS
    assert list(tables.gaps.columns) == GAP_COLUMNS
    assert not len(tables.scores)
    assert not len(tables.gaps)


def test_other_tasks_have_no_positives() -> None:
    values = np.random.default_rng(0).normal(size=(5, ROWS))
    made = TrainingPredictions((values[0],), (values[2],), values[1], tuple(values[2:]))
    tables = group_scores([group(first(80))], scored(made, values[0] + 1, task="regression"))
    assert tables.scores["positives"].isna().all()
    assert set(tables.scores["metric"]) == {"rmse", "mae", "r2", "crps"}
    assert tables.gaps["gap"].notna().all()


def flawed(
    rng: np.random.Generator, groups: int, n: int, shift: float
) -> tuple[np.ndarray, TrainingPredictions]:
    """An oracle that is right on average, and members with an error of their own, shifted in the
    last group.
    """
    risk = rng.beta(2, 4, n)
    y = (rng.random(n) < risk).astype(int)
    noise = rng.normal(0, 0.15, n) + shift * (np.arange(n) % groups == groups - 1)
    tables = [np.column_stack([1 - p, p]) for p in (risk, np.clip(risk + noise, 0, 1))]
    return y, TrainingPredictions((tables[0],), (tables[1],), tables[1], (tables[1],))


def found_worse(seed: int, *, shift: float, groups: int = 5, n: int = 1000) -> set[str]:
    y, made = flawed(np.random.default_rng(seed), groups, n, shift)
    parts = [group(np.arange(n) % groups == index, str(index)) for index in range(groups)]
    resamples = Resamples(n, np.random.SeedSequence(seed), 100)
    gaps = group_scores(parts, scored(made, y, metrics=["brier"], resamples=resamples)).gaps
    return set(gaps.loc[(gaps["approach"] == "dge_1") & (gaps["p_adjusted"] < 0.05), "group"])


def test_groups_that_are_no_worse_are_rarely_called_worse_and_a_worse_one_is_found() -> None:
    """Known truth: the error is the same in all groups, or larger in the last one alone.

    Any false finding among five groups may happen in 5 of 100 tables; three binomial errors of 40
    are 10.3.
    """
    false = sum(bool(found_worse(seed, shift=0.0)) for seed in range(40))
    assert false / 40 <= 0.05 + 0.105
    assert [found_worse(seed, shift=0.45) for seed in range(5)] == [{"4"}] * 5
