"""Downstream models: preprocessing of mixed columns, storage without code, and declarations that
cannot be.
"""

from __future__ import annotations

import collections
import importlib.util
import io
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from dge_assets.core.declaration.model_names import EXTRAS
from dge_assets.core.downstream.fitting import FittedModel, fit_model, predict
from dge_assets.core.downstream.matrix_svc import MatrixSVC
from dge_assets.core.downstream.model_files import TRUSTED_TYPES, dump_pipeline, load_pipeline
from dge_assets.core.downstream.models import (
    MODELS,
    build_pipeline,
    model_card,
)
from dge_assets.core.downstream.preprocessing import LevelIndicators, pooled_columns
from dge_assets.core.downstream.targets import Target
from dge_assets.core.errors import DeclarationError, EvaluationError, StorageError

HAS_XGBOOST = importlib.util.find_spec("xgboost") is not None
NAMED = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name in EXTRAS and not HAS_XGBOOST, reason="needs the extra xgboost"
        ),
    )
    for name in MODELS
]
TASKS = ("binary", "multiclass", "regression")
CLASSES = {"binary": ("no", "yes"), "multiclass": (1, 2, 3), "regression": ()}


def mixed_frame(n: int = 240, *, seed: int = 0, task: str = "binary") -> pd.DataFrame:
    """All kinds of columns, with missing cells, a constant and an all-missing column, and a target."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "x": x,
            "whole": pd.array(rng.integers(0, 9, n), dtype="Int64"),
            "flag": rng.random(n) < 0.5,
            "maybe": pd.array(rng.random(n) < 0.5, dtype="boolean"),
            "kind of 'thing' é": pd.Categorical(rng.choice(["a", "b", "c"], n)),
            "code": pd.Categorical(rng.integers(1, 4, n)),
            "text": rng.choice(["p", "q"], n),
            "when": pd.Timestamp("2019-11-02") + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
            "nothing": np.full(n, np.nan),
            "constant": 1.0,
        }
    )
    frame.loc[3, ["whole", "maybe"]] = pd.NA
    frame.loc[5, ["kind of 'thing' é", "text"]] = np.nan
    frame.loc[7, "when"] = pd.NaT
    signal = x + 0.3 * rng.normal(size=n)
    targets = {
        "binary": pd.Categorical(np.where(signal > 0, "yes", "no")),
        "multiclass": np.digitize(signal, [-0.5, 0.5]) + 1,
        "regression": 1000 * signal + 5,
    }
    return frame.assign(target=targets[task])


def fitted(
    model: str, task: str, frame: pd.DataFrame | None = None, *, seed: int = 0
) -> FittedModel:
    rows = mixed_frame(task=task) if frame is None else frame
    return fit_model(rows, Target("target", task, CLASSES[task]), model, seed=seed, name="rows")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("model", NAMED)
def test_each_model_learns_mixed_columns_and_survives_storage(model: str, task: str) -> None:
    """Round trip through skops, trusting the explicit list only; and better than a guess on new
    rows.
    """
    before = fitted(model, task, mixed_frame(480, task=task))  # of 240, a network would stop by 24
    new = mixed_frame(seed=1, task=task)
    data = dump_pipeline(before.pipeline)
    assert set(skops.io.get_untrusted_types(data=data)) <= set(TRUSTED_TYPES)
    loaded = load_pipeline(data, model=model)
    after = FittedModel(loaded, model, before.seed, before.task, before.classes)
    expected = predict(before, new)
    np.testing.assert_array_equal(predict(after, new), expected)
    if task == "regression":
        assert np.mean((expected - new["target"]) ** 2) < 0.75 * np.var(new["target"])
    else:
        hit = np.asarray(CLASSES[task], dtype=object)[expected.argmax(axis=1)] == new[
            "target"
        ].astype(object)
        assert hit.mean() > {"binary": 0.7, "multiclass": 0.5}[task]
        np.testing.assert_allclose(expected.sum(axis=1), 1)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("model", NAMED)
def test_each_model_of_two_numbers_survives_storage(model: str, task: str) -> None:
    """With few features some models are built otherwise inside: neighbours are then kept in a tree."""
    plane = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 2)), columns=["x", "z"])
    before = fitted(model, task, plane.assign(target=mixed_frame(task=task)["target"][:200]))
    loaded = load_pipeline(dump_pipeline(before.pipeline), model=model)
    after = FittedModel(loaded, model, before.seed, before.task, before.classes)
    np.testing.assert_array_equal(predict(after, plane), predict(before, plane))


@pytest.mark.parametrize(
    ("model", "plain"),
    [("lr", LogisticRegression()), ("knn", KNeighborsClassifier())],
)
def test_float_columns_get_the_scaler_and_nothing_else(model: str, plain: object) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 3)) * [1, 10, 100], columns=["a", "b", "c"])
    y = (frame["a"] + frame["b"] / 10 > 0).astype(int)
    ours = fit_model(
        frame.assign(target=y), Target("target", "binary", (0, 1)), model, seed=0, name="rows"
    )
    theirs = make_pipeline(StandardScaler(), plain).fit(frame, y)
    np.testing.assert_array_equal(predict(ours, frame), theirs.predict_proba(frame))


@pytest.mark.parametrize("model", NAMED)
def test_the_stochastic_flag_tells_whether_the_seed_matters(model: str) -> None:
    one, other = (
        predict(fitted(model, "binary", seed=seed), mixed_frame(seed=1)) for seed in (1, 2)
    )
    assert bool(np.any(one != other)) == model_card(model).is_stochastic
    again = predict(fitted(model, "binary", seed=1), mixed_frame(seed=1))
    np.testing.assert_array_equal(one, again)


def test_missing_cells_and_levels_met_only_when_predicting_are_no_error() -> None:
    train = mixed_frame().drop(index=[3, 5, 7])
    model = fitted("lr", "binary", train)
    new = mixed_frame(seed=1).drop(columns="target")
    holes = new.astype({"kind of 'thing' é": object, "code": object})
    holes.loc[:9, ["x", "whole", "maybe", "when", "kind of 'thing' é"]] = np.nan
    holes["code"] = "never seen"
    holes["extra column"] = 1
    found = predict(model, holes)
    assert found.shape == (len(holes), 2)
    assert np.isfinite(found).all()


def _prepared(frame: pd.DataFrame, new: pd.DataFrame, **options: int) -> np.ndarray:
    pipeline = build_pipeline("lr", frame, task="binary", seed=0, **options)
    return pipeline.named_steps["prepare"].fit(frame).transform(new)


def test_a_missing_number_becomes_the_median_and_an_indicator() -> None:
    train = pd.DataFrame({"x": [1.0, 2.0, 6.0, np.nan], "full": [0.0, 1.0, 0.0, 1.0]})
    found = _prepared(train, train)
    assert found.shape == (4, 3)
    assert found[3, 0] == pytest.approx(found[1, 0])
    np.testing.assert_array_equal(found[:, 2] > 0, [False, False, False, True])
    assert _prepared(train.dropna(), train).shape == (4, 2)


def test_a_missing_category_is_a_level_and_an_unknown_one_is_all_zeros() -> None:
    train = pd.DataFrame({"c": pd.Categorical(["a", "b", None])})
    new = pd.DataFrame({"c": ["a", "b", None, "strange"]})
    found = _prepared(train, new)
    assert found.shape == (4, 3)
    np.testing.assert_array_equal(found.sum(axis=1), [1, 1, 1, 0])
    assert len(np.unique(found[:3], axis=0)) == 3


def test_levels_are_the_same_whatever_type_they_come_back_as() -> None:
    """Integer codes with a missing cell come back as floats, or as text."""
    train = pd.DataFrame({"c": pd.Categorical([1, 2, 3])})
    for new in ([1.0, 2.0, 3.0], ["1", "2", "3"]):
        found = _prepared(train, pd.DataFrame({"c": pd.Categorical(new)}))
        np.testing.assert_array_equal(found, np.eye(3))


def test_rare_levels_are_pooled_and_named() -> None:
    levels = ["a"] * 5 + ["b"] * 4 + ["c", "d", None]
    frame = pd.DataFrame({"many": levels, "few": ["x", "y"] * 6, "number": range(12)})
    assert pooled_columns(frame, 3) == {"many": 5}
    assert pooled_columns(frame, 5) == {}
    found = _prepared(frame[["many"]], frame[["many"]], max_levels=3)
    assert found.shape == (12, 3)
    np.testing.assert_array_equal(found[9], found[10])
    np.testing.assert_array_equal(found[9], found[11])


@given(
    seed=st.integers(0, 2**32 - 1),
    most=st.integers(2, 6),
    levels=st.integers(1, 9),
    rows=st.integers(1, 60),
)
def test_indicators_of_levels_are_those_of_scikit_learn(
    seed: int, most: int, levels: int, rows: int
) -> None:
    rng = np.random.default_rng(seed)
    texts = [f"level {number}" for number in range(levels)]
    train = pd.DataFrame({"one": rng.choice(texts, rows), "other": rng.choice(texts[:2], rows)})
    new = pd.DataFrame(
        {"one": rng.choice([*texts, "never met"], 30), "other": rng.choice(["level 0", "new"], 30)}
    )
    theirs = OneHotEncoder(handle_unknown="ignore", max_categories=most, sparse_output=False).fit(
        train
    )
    ours = LevelIndicators(most).fit(train)
    for frame in (train, new, new[:0]):
        expected = (
            theirs.transform(frame) if len(frame) else np.empty((0, ours.transform(new).shape[1]))
        )
        np.testing.assert_array_equal(ours.transform(frame), expected)


def test_datetimes_become_year_month_weekday_and_days() -> None:
    frame = pd.DataFrame(
        {
            "when": pd.to_datetime(
                ["2020-02-29", "2021-03-01", None, "1969-12-31 12:00"], format="ISO8601"
            )
        }
    )
    reader = (
        build_pipeline("lr", frame, task="binary", seed=0).named_steps["prepare"].transformers[0][1]
    )
    found = reader.named_steps["read"].transform(frame)
    expected = [[2020, 2, 5, 18321], [2021, 3, 0, 18687], [np.nan] * 4, [1969, 12, 2, -0.5]]
    np.testing.assert_array_equal(found, expected)
    zoned = frame.assign(when=frame["when"].dt.tz_localize("UTC"))
    np.testing.assert_array_equal(reader.named_steps["read"].transform(zoned), expected)


def test_columns_nobody_can_read_are_named() -> None:
    with pytest.raises(
        EvaluationError, match=r"column 'span' has type timedelta64.*allowed are numbers"
    ):
        build_pipeline("lr", pd.DataFrame({"span": pd.to_timedelta([1, 2])}), task="binary", seed=0)
    with pytest.raises(EvaluationError, match="no feature columns"):
        build_pipeline("lr", pd.DataFrame(index=range(3)), task="binary", seed=0)


def test_not_converging_is_a_value_and_no_warning() -> None:
    """A network stopped after 60 rounds without early stopping (too few rows for it) has not
    converged.
    """
    frame = mixed_frame(120)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        assert fitted("mlp", "binary", frame).converged is False
        assert fitted("lr", "binary", frame).converged is True


@pytest.mark.parametrize("model", NAMED)
def test_tiny_datasets_with_rare_classes_are_fitted(model: str) -> None:
    """Two rows of one class and one of another break stratified splits, neighbours and calibration
    folds.
    """
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=8), "target": [1, 1, 1, 1, 1, 2, 2, 3]})
    found = predict(fitted(model, "multiclass", frame), frame)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    few = predict(fitted(model, "multiclass", frame.iloc[[0, 5]]), frame)
    np.testing.assert_allclose(few.sum(axis=1), 1)


@pytest.mark.parametrize("model", NAMED)
def test_tiny_regressions_are_fitted(model: str) -> None:
    frame = pd.DataFrame({"x": [0.0, 1.0, 2.0], "target": [5.0, 5.0, 5.0]})
    np.testing.assert_allclose(predict(fitted(model, "regression", frame), frame), 5, atol=0.5)


def test_unknown_models_are_refused_with_the_allowed_ones() -> None:
    with pytest.raises(
        DeclarationError,
        match=r"no downstream model 'xgb'; allowed are \['lr', 'mlp', 'deepish_mlp'",
    ):
        model_card("xgb")
    with pytest.raises(DeclarationError, match="cannot be imported"):
        model_card("sklearn.nowhere:Class")
    with pytest.raises(DeclarationError, match="not a scikit-learn estimator class"):
        model_card("collections:OrderedDict")
    with pytest.raises(DeclarationError, match="cannot be made without arguments"):
        model_card("sklearn.ensemble:VotingClassifier")
    with pytest.raises(DeclarationError, match=r"does not fit task=regression"):
        model_card("sklearn.naive_bayes:GaussianNB").factory("regression", 0)
    with pytest.raises(
        DeclarationError,
        match=r"ExtraTreesClassifier has no parameters \['trees'\]; allowed are \['boot",
    ):
        model_card("sklearn.ensemble:ExtraTreesClassifier(trees=50)")
    with pytest.raises(DeclarationError, match="no probabilities"):
        model_card("sklearn.svm:LinearSVC").factory("binary", 0)


@pytest.mark.parametrize(
    ("path", "is_stochastic"),
    [
        ("sklearn.naive_bayes:GaussianNB", False),
        ("sklearn.ensemble:ExtraTreesClassifier", True),
        ("sklearn.ensemble:ExtraTreesClassifier(criterion='entropy', n_estimators=7)", True),
        ("sklearn.ensemble:ExtraTreesClassifier(n_estimators=7, random_state=3)", False),
    ],
)
def test_models_by_import_path_work_like_named_ones(path: str, is_stochastic: bool) -> None:
    assert model_card(path).is_stochastic is is_stochastic
    before = fitted(path, "binary")
    loaded = load_pipeline(dump_pipeline(before.pipeline), model=path)
    after = FittedModel(loaded, path, before.seed, before.task, before.classes)
    new = mixed_frame(seed=1)
    np.testing.assert_array_equal(predict(after, new), predict(before, new))


class StrangerClassifier(LogisticRegression):
    """An estimator of somebody's own module, which skops does not know."""


def test_an_own_class_is_trusted_under_its_own_import_path_only() -> None:
    path = f"{__name__}:StrangerClassifier"
    data = dump_pipeline(fitted(path, "binary").pipeline)
    assert (
        type(load_pipeline(data, model=path).named_steps["model"]).__name__ == "StrangerClassifier"
    )
    with pytest.raises(
        StorageError, match=r"stored model 'lr' holds types that are not trusted.*Stranger"
    ):
        load_pipeline(data, model="lr")
    with pytest.raises(StorageError, match="not trusted"):
        load_pipeline(data, model="sklearn.naive_bayes:GaussianNB")


def test_loading_refuses_types_that_no_model_of_ours_has() -> None:
    pipeline = fitted("lr", "binary").pipeline
    pipeline.smuggled = collections.UserDict(a=1)
    with pytest.raises(StorageError, match="UserDict"):
        load_pipeline(dump_pipeline(pipeline), model="lr")


def test_stored_models_are_compressed_archives_without_pickles() -> None:
    estimator = fitted("gbdt", "binary").pipeline
    assert isinstance(estimator.named_steps["model"], HistGradientBoostingClassifier)
    data = dump_pipeline(estimator)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        assert all(info.compress_type == zipfile.ZIP_DEFLATED for info in archive.infolist())
    assert {name.rsplit(".", 1)[-1] for name in names} <= {"json", "npy"}


def test_parameters_of_an_import_path_reach_the_estimator() -> None:
    path = "sklearn.ensemble:ExtraTreesClassifier(max_depth=2, n_estimators=7)"
    forest = fitted(path, "binary").pipeline.named_steps["model"]
    assert (len(forest.estimators_), forest.max_depth) == (7, 2)


def test_layers_are_what_the_names_say() -> None:
    """The number of hidden layers of a hundred units each; see docs/decisions for the older meaning
    of `mlp`.
    """
    layers = {
        name: model_card(name).factory("binary", 0).hidden_layer_sizes
        for name in MODELS
        if "mlp" in name
    }
    assert layers == {"mlp": (100,), "deepish_mlp": (100, 100), "deep_mlp": (100, 100, 100)}


@pytest.mark.skipif(HAS_XGBOOST, reason="xgboost is installed here")
def test_a_model_of_an_extra_that_is_not_installed_says_what_to_install() -> None:
    with pytest.raises(
        DeclarationError, match=r"'xgboost', which is not installed: pip install 'dge\[xgboost\]'"
    ):
        fitted("xgboost", "binary")


@pytest.mark.skipif(not HAS_XGBOOST, reason="needs the extra xgboost")
def test_xgboost_takes_a_dataset_that_lacks_a_class() -> None:
    """XGBoost itself refuses codes with a gap."""
    frame = mixed_frame(task="multiclass")
    found = predict(fitted("xgboost", "multiclass", frame[frame["target"] != 2]), frame)
    assert (found[:, 1] == 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def test_the_matrix_form_of_svm_is_svm() -> None:
    rng = np.random.default_rng(0)
    X, new = rng.normal(size=(300, 4)), rng.normal(size=(1100, 4))
    for y in ((X[:, 0] * X[:, 1] > 0).astype(int), np.digitize(X[:, 0], [-0.5, 0.5])):
        ours, theirs = MatrixSVC().fit(X, y), SVC().fit(X, y)
        np.testing.assert_allclose(
            ours.decision_function(new), theirs.decision_function(new), atol=1e-10
        )


def test_svm_that_finds_nothing_in_a_few_categories_says_what_scikit_learn_s_says() -> None:
    """All its decisions are nearly -1 then, and calibration would blow noise of single precision up
    to probabilities.
    """
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 6, (2000, 2))
    train = pd.DataFrame(
        {name: pd.Categorical([f"{name}{n}" for n in levels[:, i]]) for i, name in enumerate("ab")}
    )
    train["target"] = np.where(rng.random(2000) < 0.1 + 0.05 * levels[:, 0], "yes", "no")
    ours = fitted("svm", "binary", train)
    prepared, codes = (
        ours.pipeline[:-1].transform(train),
        (train["target"] == "yes").to_numpy(dtype=int),
    )
    theirs = CalibratedClassifierCV(SVC(), ensemble=False, cv=StratifiedKFold(3)).fit(
        prepared, codes
    )
    assert np.ptp(theirs.calibrated_classifiers_[0].estimator.decision_function(prepared)) < 0.01
    np.testing.assert_allclose(predict(ours, train), theirs.predict_proba(prepared), atol=1e-4)
