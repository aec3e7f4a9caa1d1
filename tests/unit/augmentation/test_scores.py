"""Real and synthetic rows together: who is fitted on what, weights, pairs, verdicts with a known
truth, bad input.
"""

from __future__ import annotations

import importlib.util
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from dge_assets.core.augmentation.oversampling import (
    oversampled,
    reason_against_smote,
    share_of_rows,
    smote,
    stratified_sample,
)
from dge_assets.core.augmentation.scores import (
    AUGMENTATION_COLUMNS,
    HURTS,
    PAYS,
    REFERENCE,
    UNSURE,
    Augmentation,
    AugmentationRequest,
    _p_of_zero,
    _table,
    augment,
    augmentation_scores,
)
from dge_assets.core.contract.contract import Task
from dge_assets.core.downstream.baselines import Problem
from dge_assets.core.downstream.fitting import fit_model, takes_weights
from dge_assets.core.downstream.targets import Target
from dge_assets.core.errors import EvaluationError
from dge_assets.core.reporting.page.augmentation import augmentation_views
from tests.support.blobs import blobs
from tests.support.tables import tiny, tiny_contract
from tests.unit.downstream.test_fitting import AB

REPEATS = 6
HAS_SMOTE = importlib.util.find_spec("imblearn") is not None


def problem(model: str = "lr", task: Task = "binary") -> Problem:
    classes = {"binary": ("a", "b"), "multiclass": ("a", "b", "c"), "regression": ()}[task]
    return Problem(target=Target("t", task, classes), model=model, seed=0)


@cache
def run(
    model: str = "lr",
    task: Task = "binary",
    *,
    shift: float = 0.0,
    weights: tuple[float, ...] = (1.0,),
    K: int = 3,
) -> Augmentation:
    """40 and 100 of 300 real rows; datasets from the true distribution when `shift` is 0."""
    datasets = [blobs(100 + k, 300, task=task, shift=shift) for k in range(K)]
    real = blobs(1, 300, task=task), blobs(2, 600, task=task)
    return augmentation_scores(
        problem(model, task), *real, datasets, real_rows=(40, 100), repeats=REPEATS, weights=weights
    )


def value(
    table: pd.DataFrame,
    approach: str,
    *,
    metric: str = "nll",
    rows: int = 40,
    column: str = "value",
) -> float:
    chosen = table[
        (table["approach"] == approach) & (table["metric"] == metric) & (table["real_rows"] == rows)
    ]
    assert len(chosen) == 1
    return chosen[column].iloc[0]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_approach_has_its_rows_and_real_only_is_the_reference(task: Task) -> None:
    table = run(task=task).table
    assert list(table.columns) == AUGMENTATION_COLUMNS
    expected = {"real_only", "real_naive", "real_dge_3", "real_oversampled", "real_smotenc"}
    expected -= set() if HAS_SMOTE else {"real_smotenc"}
    expected -= {"real_oversampled", "real_smotenc"} if task == "regression" else set()
    assert set(table["approach"]) == expected
    assert not table.duplicated(["real_rows", "approach", "weight", "metric"]).any()
    alone = table[table["approach"] == "real_only"]
    assert set(alone["verdict"]) == {REFERENCE}
    assert alone["gain"].isna().all()
    assert (alone["low"] <= alone["value"]).all()
    assert (alone["value"] <= alone["high"]).all()


def test_perfect_datasets_pay_and_broken_ones_do_harm() -> None:
    """Known truth: 300 more rows of the true distribution help 40; rows whose target is shifted far
    mislead.
    """
    good, bad = run().table, run(shift=2.5).table
    assert value(good, "real_dge_3", column="verdict") == PAYS
    assert value(bad, "real_dge_3", column="verdict") == HURTS
    assert value(good, "real_dge_3", column="gain") > 0 > value(bad, "real_dge_3", column="gain")
    for table in (good, bad):
        assert set(table["verdict"]) <= {PAYS, HURTS, UNSURE, REFERENCE}


def test_p_is_that_of_the_paired_t_test_and_agrees_with_the_interval() -> None:
    table = run().table
    compared = table[table["approach"] != "real_only"]
    assert (
        (compared["p"] < 0.05) == ((compared["gain_low"] > 0) | (compared["gain_high"] < 0))
    ).all()
    assert table.loc[table["approach"] == "real_only", "p"].isna().all()
    gains = np.array([0.1, 0.3, 0.2, -0.1])
    assert _p_of_zero(gains) == pytest.approx(ttest_1samp(gains, 0.0).pvalue)
    assert _p_of_zero(np.zeros(3)) == 1.0


def test_equal_gains_of_all_repeats_are_no_proof_that_it_pays() -> None:
    """Two repeats that both get one row more of twenty right have a t statistic without end."""
    draws = [
        (10, name, 0.0, {"accuracy": score})
        for name, score in (("real_only", 0.5), ("real_naive", 0.55))
        for _ in "ab"
    ]
    row = _table(draws, ["accuracy"], "").iloc[1]
    assert row["gain"] == pytest.approx(0.05)
    assert row[["p", "gain_low", "gain_high"]].isna().all()
    assert row["verdict"] == "not defined"


def test_gains_that_differ_by_rounding_alone_are_equal_gains() -> None:
    """0.90 - 0.85 and 0.95 - 0.90 are not the same number: their t statistic would be that of a
    certain gain.
    """
    pairs = ((0.85, 0.90), (0.90, 0.95), (0.65, 0.70))
    draws = [
        (10, name, 0.0, {"accuracy": pair[i]})
        for i, name in enumerate(("real_only", "real_naive"))
        for pair in pairs
    ]
    row = _table(draws, ["accuracy"], "").iloc[1]
    assert len({after - before for before, after in pairs}) > 1
    assert row["gain"] == pytest.approx(0.05)
    assert row[["p", "gain_low", "gain_high"]].isna().all()
    assert row["verdict"] == "not defined"


def test_verdicts_are_by_p_over_all_comparisons_of_a_metric() -> None:
    """Sizes times approaches but real_only; a smaller p is needed than for one, and never a larger
    is enough.
    """
    table = run().table
    compared = table[table["approach"] != "real_only"]
    approaches = compared["approach"].nunique()
    assert set(table["comparisons"]) == {2 * approaches}
    expected = np.where(
        compared["p_adjusted"] >= 0.05, UNSURE, np.where(compared["gain"] > 0, PAYS, HURTS)
    )
    assert compared["verdict"].tolist() == expected.tolist()
    assert (compared["p_adjusted"] >= compared["p"]).all()
    smallest = compared.loc[compared.groupby("metric")["p"].idxmin()]
    np.testing.assert_allclose(
        smallest["p_adjusted"], np.minimum(smallest["p"] * 2 * approaches, 1)
    )


def test_one_of_many_gains_of_nothing_is_seldom_found() -> None:
    """Known truth: nine gains that are zero. Alone, each pays or does harm in 5 of 100 tables;
    together in at most 5.

    Unadjusted, 1 - 0.95^9 = 37 of 100 tables would have a verdict. Three binomial errors of 200
    tables are 4.6.
    """
    rng = np.random.default_rng(0)
    adjusted, alone = 0, 0
    for _ in range(200):
        draws = [
            (rows, approach, weight, {"auc": 0.8 + 0.02 * rng.normal()})
            for _ in range(5)
            for rows in (100, 300, 1000)
            for approach, weight in (("real_only", 0.0), ("a", 1.0), ("b", 1.0), ("c", 1.0))
        ]
        table = _table(draws, ["auc"], "rows")
        adjusted += bool(table["verdict"].isin([PAYS, HURTS]).any())
        alone += bool((table["p"] < 0.05).any())
    assert adjusted / 200 <= 0.05 + 0.046
    assert alone / 200 > 0.2


def test_gains_are_paired_differences_signed_so_that_positive_is_better() -> None:
    table = run().table
    for metric, sign in (("nll", -1), ("auc", 1)):
        difference = value(table, "real_naive", metric=metric) - value(
            table, "real_only", metric=metric
        )
        assert value(table, "real_naive", metric=metric, column="gain") == pytest.approx(
            sign * difference, abs=1e-12
        )


def test_an_ensemble_of_one_is_the_naive_way() -> None:
    table = run(K=1).table.set_index(["real_rows", "approach", "metric"])
    naive, single = (
        table.xs(name, level="approach")["value"] for name in ("real_naive", "real_dge_1")
    )
    pd.testing.assert_series_equal(naive, single)


def test_the_same_seed_gives_the_same_table_and_no_global_state_is_used() -> None:
    before = np.random.get_state()[1].copy()
    pd.testing.assert_frame_equal(run.__wrapped__().table, run().table)
    np.testing.assert_array_equal(before, np.random.get_state()[1])


def test_rows_of_little_weight_change_little() -> None:
    table = run(weights=(1e-9, 1.0)).table
    chosen = table[(table["metric"] == "nll") & (table["real_rows"] == 40)].set_index(
        ["approach", "weight"]
    )["value"]
    assert chosen["real_naive", 1e-9] == pytest.approx(chosen["real_only", 0.0], rel=0.05)
    assert chosen["real_naive", 1.0] != pytest.approx(chosen["real_only", 0.0], rel=0.05)


@pytest.mark.parametrize(("model", "how"), [("lr", "sample_weight"), ("knn", "rows")])
def test_weights_are_given_or_drawn_and_the_table_says_which(model: str, how: str) -> None:
    table = run(model, weights=(0.5, 1.0)).table
    assert set(table.loc[table["weight"] == 0.5, "weighting"]) == {how}
    assert set(table.loc[table["weight"] != 0.5, "weighting"]) == {""}


def test_a_weight_of_two_is_every_row_twice() -> None:
    """Known truth: the loss of lr counts a row of weight 2 as two rows; half a weight draws half of
    the rows.
    """
    frame, half = blobs(0, 60), np.r_[np.ones(30), np.full(30, 2.0)]
    weighted = fit_model(frame, AB, "lr", seed=0, name="d", weights=half).pipeline.named_steps[
        "model"
    ]
    assert weighted.coef_.shape[0] == 1
    twice = share_of_rows(frame, 2.0, seed=0)
    assert len(twice) == 120
    assert (twice.value_counts(dropna=False) == 2).all()
    drawn = share_of_rows(frame, 1.5, seed=0)
    assert len(drawn) == 90
    assert len(drawn.drop_duplicates()) == 60
    assert share_of_rows(frame, 0.25, seed=1).merge(frame).drop_duplicates().shape[0] == 15


def test_a_model_that_takes_no_weights_says_so() -> None:
    assert not takes_weights("knn", "binary")
    with pytest.raises(
        EvaluationError, match=r"knn \(seed 0\) on d takes no weights of rows; draw rows"
    ):
        fit_model(blobs(0, 50), AB, "knn", seed=0, name="d", weights=np.ones(50))


def test_samples_keep_the_shares_of_the_classes() -> None:
    frame = pd.DataFrame({"x": np.arange(1000.0), "t": ["a"] * 900 + ["b"] * 100})
    drawn = stratified_sample(frame, "t", 50, task="binary", seed=1)
    assert drawn["t"].value_counts().to_dict() == {"a": 45, "b": 5}
    assert drawn["x"].is_unique
    assert not drawn.equals(stratified_sample(frame, "t", 50, task="binary", seed=2))


def test_copies_balance_the_classes_and_keep_every_row() -> None:
    frame = pd.DataFrame(
        {"x": np.arange(50.0), "t": pd.Categorical(["a"] * 40 + ["b"] * 7 + ["c"] * 3)}
    )
    found = oversampled(frame, "t", seed=0)
    assert found["t"].value_counts().to_dict() == {"a": 40, "b": 40, "c": 40}
    assert set(found["x"]) == set(frame["x"])
    pd.testing.assert_frame_equal(found[:50], frame)


def test_reasons_against_smote() -> None:
    frame = pd.DataFrame({"x": np.arange(20.0), "c": list("uv") * 10, "t": ["a"] * 10 + ["b"] * 10})
    assert reason_against_smote(frame, "t") == ""
    flags = frame[["x", "t"]].assign(flag=[True, False] * 10)
    assert reason_against_smote(flags, "t") == "", (
        "a flag is no number between which others could be made"
    )
    assert "missing cells" in reason_against_smote(
        frame.assign(x=frame["x"].where(frame.index > 2)), "t"
    )
    assert "found ['numeric']" in reason_against_smote(frame[["x", "t"]], "t")
    assert "found 3" in reason_against_smote(frame[:13], "t")


@pytest.mark.skipif(not HAS_SMOTE, reason="needs the extra imbalanced")
def test_smote_makes_rows_of_the_smaller_class_from_its_own() -> None:
    frame = blobs(0, 200)
    frame = pd.concat([frame[frame["t"] == "a"], frame[frame["t"] == "b"][:12]], ignore_index=True)
    found = smote(frame, "t", seed=0)
    counts = found["t"].astype(object).value_counts()
    assert counts["a"] == counts["b"]
    assert list(found.columns) == list(frame.columns)
    assert set(found["c"].astype(object)) <= {"u", "v"}
    made = found[len(frame) :]
    own = frame[frame["t"] == "b"]
    assert made["x"].between(own["x"].min(), own["x"].max()).all()


def test_sizes_that_are_not_there_are_told_and_left_out() -> None:
    datasets = [blobs(100, 50)]
    found = augmentation_scores(
        problem(), blobs(1, 60), blobs(2, 50), datasets, real_rows=(30, 60, 999), repeats=2
    )
    assert set(found.table["real_rows"]) == {30}
    assert [note for note in found.notes if "left out, real_train" in note] == [
        "augmentation with 60 real rows is left out, real_train has 60",
        "augmentation with 999 real rows is left out, real_train has 60",
    ]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"repeats": 1}, "found 1 repeats"),
        ({"weights": (0.0,)}, r"weights \[0.0\]"),
        ({"datasets": []}, "0 datasets"),
        ({"real_rows": (30, 20, 30)}, r"real_rows names a number twice, found \[30, 20, 30\]"),
        ({"weights": (0.5, 0.5)}, r"weights names a number twice, found \[0.5, 0.5\]"),
    ],
)
def test_impossible_requests_are_named(given: dict[str, object], found: str) -> None:
    options = {"real_rows": (30,), "repeats": 2, "datasets": [blobs(3, 50)], **given}
    with pytest.raises(EvaluationError, match=found):
        augmentation_scores(problem(), blobs(1, 60), blobs(2, 50), **options)  # type: ignore[arg-type]


def test_a_declared_tables_frames_are_augmented() -> None:
    task = AugmentationRequest(
        table="crash",
        family="ctgan",
        model="lr",
        contract=tiny_contract(),
        real_train=tiny(150, seed=50),
        real_test=tiny(90, seed=51),
        datasets={seed: tiny(120, seed=seed) for seed in (2, 0)},
        real_rows=(40, 500),
        repeats=2,
        weights=(1.0,),
        max_levels=20,
    )
    seen: list[tuple[int, int]] = []
    found = augment(task, lambda done, of: seen.append((done, of)))
    assert {"real_only", "real_naive", "real_dge_2"} <= set(found.table["approach"])
    assert (
        "ctgan, lr: augmentation with 500 real rows is left out, real_train has 150" in found.notes
    )
    assert seen == [(0, 2), (1, 2)]


def test_the_report_says_over_how_many_comparisons_p_is_adjusted() -> None:
    table = run().table.assign(family="ctgan", model="lr")
    (view,) = augmentation_views(table, ["nll"])
    assert (
        f"p adjusted (Holm) for the {table['comparisons'].iloc[0]} comparisons of a family and model"
        in view.caption
    )
    assert [cell.text for cell in view.heads][-2:] == ["p_adjusted", "verdict"]
    fewer = table.assign(comparisons=2, family="tvae")
    (both,) = augmentation_views(pd.concat([table, fewer]), ["nll"])
    assert f"for the 2 to {table['comparisons'].iloc[0]} comparisons" in both.caption
