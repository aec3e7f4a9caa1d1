"""Fits and predictions: what a member is, which fits are saved, and predictions aligned to the
classes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.downstream import fitting
from dge_assets.core.downstream.baselines import Problem, fit_baselines
from dge_assets.core.downstream.fitting import fit_member, fit_model, predict, stack_rows
from dge_assets.core.downstream.preprocessing import treatment_of
from dge_assets.core.downstream.targets import Target
from dge_assets.core.errors import EvaluationError
from tests.support.blobs import blobs, dataset

AB, ABC = Target("t", "binary", ("a", "b")), Target("t", "multiclass", ("a", "b", "c"))


@pytest.mark.parametrize(("model", "oracle", "ensemble"), [("lr", 1, 1), ("mlp", 3, 3)])
def test_models_that_ignore_their_seed_are_fitted_once(
    model: str, oracle: int, ensemble: int
) -> None:
    real_train, datasets = blobs(1, 150), [dataset(0), dataset(1)]
    problem = Problem(target=AB, model=model, seed=0)
    found = fit_baselines(problem, real_train, datasets, K=3)
    assert (len(found.oracle), len(found.naive_ensemble)) == (oracle, ensemble)
    assert len({fit.seed for fit in found.naive_ensemble}) == ensemble
    first = found.naive_ensemble[0]
    limited = fit_baselines(problem, real_train, datasets, K=3, oracle_fits=2, first_member=first)
    assert len(limited.oracle) == min(oracle, 2)
    assert limited.naive_ensemble[0] is found.naive_ensemble[0]


def test_a_member_has_a_model_of_all_rows_and_one_of_its_train_part() -> None:
    train, test = dataset(0)
    member = fit_member(train, test, AB, "lr", seed=7)
    everything = fit_model(stack_rows([train, test], name="d"), AB, "lr", seed=7, name="d")
    part = fit_model(train, AB, "lr", seed=7, name="d")
    new = blobs(3, 50)
    np.testing.assert_array_equal(predict(member.full, new), predict(everything, new))
    np.testing.assert_array_equal(predict(member.part, new), predict(part, new))
    assert member.full.converged
    assert member.full.fit_seconds > 0


def test_predicting_in_batches_is_predicting(monkeypatch: pytest.MonkeyPatch) -> None:
    model = fit_model(blobs(0, 100), AB, "knn", seed=0, name="d")
    whole = predict(model, blobs(1, 50))
    monkeypatch.setattr(fitting, "BATCH_ROWS", 7)
    np.testing.assert_array_equal(predict(model, blobs(1, 50)), whole)
    assert predict(model, blobs(1, 0)).shape == (0, 2)


def test_a_class_that_a_dataset_lacks_has_probability_zero() -> None:
    frame = blobs(0, 100, task="multiclass")
    frame = frame[frame["t"] != "b"]
    found = predict(
        fit_model(frame, ABC, "lr", seed=0, name="d"),
        frame,
    )
    assert (found[:, 1] == 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)


class BrokenPipeline:
    """A fitted pipeline whose probabilities are NaN in some rows."""

    classes_ = (0, 1)

    def predict_proba(self, features: pd.DataFrame) -> np.ndarray:
        return np.where(np.arange(len(features))[:, None] < 3, np.nan, 0.5) * np.ones((1, 2))


def test_predictions_that_are_no_numbers_name_model_and_seed() -> None:
    fit = fit_model(blobs(0, 50), AB, "lr", seed=42, name="d")
    broken = fitting.FittedModel(BrokenPipeline(), fit.model, fit.seed, fit.task, fit.classes)
    with pytest.raises(
        EvaluationError, match=r"lr \(seed 42\) on real_test predicts no finite number for 3 of 10"
    ):
        predict(broken, blobs(1, 10), name="real_test")


def test_stacking_keeps_rows_in_order_and_mends_types() -> None:
    one = pd.DataFrame({"c": pd.Categorical(["u"]), "n": [1.0], "hole": [np.nan]})
    two = pd.DataFrame(
        {"c": pd.Categorical(["v"]), "n": [2.0], "hole": pd.array([5], dtype="Int64")}
    )
    found = stack_rows([one, two.iloc[:0], two], name="d")
    assert list(found["c"]) == ["u", "v"]
    assert list(found["n"]) == [1.0, 2.0]
    assert found["hole"].isna().tolist() == [True, False]


def test_moments_of_several_time_zones_stay_moments() -> None:
    instants = pd.Series(pd.date_range("2020-01-01", periods=4, freq="h", tz="UTC"))
    zones = [instants, instants.dt.tz_convert("Asia/Tokyo"), instants.dt.tz_localize(None)]
    found = stack_rows([pd.DataFrame({"when": zone}) for zone in zones], name="d")["when"]
    assert found.tolist() == zones[2].tolist() * 3
    assert treatment_of(found) == "datetime"


def test_baselines_without_datasets_are_an_error() -> None:
    with pytest.raises(EvaluationError, match="datasets is empty"):
        fit_baselines(
            Problem(target=AB, model="lr", seed=0),
            blobs(0, 50),
            [],
            K=1,
        )


def test_classes_too_rare_for_a_model_count_as_absent() -> None:
    """svm calibrates on 3 folds: a class of 2 rows gets probability 0, and if no two classes are
    left the model says that it is constant and gives the frequencies of all."""
    frame = pd.DataFrame({"x": np.arange(22.0), "t": ["a"] * 10 + ["b"] * 10 + ["c"] * 2})
    found = fit_model(frame, ABC, "svm", seed=0, name="d")
    assert not found.is_constant
    assert (predict(found, frame)[:, 2] == 0).all()
    constant = fit_model(frame[10:], ABC, "svm", seed=0, name="d")
    assert constant.is_constant
    np.testing.assert_allclose(predict(constant, frame), np.tile([0, 10 / 12, 2 / 12], (22, 1)))
