"""Stored models: alike for models that are alike, and refused where somebody's arrays would take
the process with them.
"""

from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from dge_assets.core.downstream.model_files import dump_pipeline, load_pipeline
from dge_assets.core.downstream.models import build_pipeline
from dge_assets.core.errors import StorageError
from tests.support.tables import tiny

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FRAME = tiny(60)[["x", "group"]]
CODES = (tiny(60)["target"] == "yes").to_numpy().astype(int)


@cache
def fitted(model: str) -> Pipeline:
    target = FRAME["x"].to_numpy() if model.endswith("regression") else CODES
    task: Any = "regression" if model.endswith("regression") else "binary"
    return build_pipeline(model.split(maxsplit=1)[0], FRAME, task=task, seed=1).fit(FRAME, target)


MODELS = [
    "lr",
    "mlp",
    "rf",
    "knn",
    "svm",
    "gbdt",
    "rf regression",
    "knn regression",
    "svm regression",
    "gbdt regression",
]


@pytest.mark.parametrize("model", MODELS)
def test_a_model_comes_back_as_it_was_and_its_bytes_are_the_same_wherever_it_has_been(
    model: str,
) -> None:
    before = copy.deepcopy(fitted(model))  # asking neighbours counts in their tree
    data = dump_pipeline(before)
    assert dump_pipeline(pickle.loads(pickle.dumps(before))) == data, "as it comes from a worker"
    assert dump_pipeline(copy.deepcopy(before)) == data
    again = load_pipeline(data, model=model.split(maxsplit=1)[0])
    np.testing.assert_array_equal(again.predict(FRAME), fitted(model).predict(FRAME))


def test_another_process_and_another_day_give_the_same_bytes() -> None:
    program = (
        "import hashlib; from tests.unit.downstream.test_model_files import *; "
        "print(hashlib.sha256(b''.join(dump_pipeline(fitted(m)) for m in ('rf', 'svm'))).hexdigest())"
    )
    command = [sys.executable, "-W", "ignore", "-c", program]
    runs = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)
    ]
    assert runs[0] == runs[1]


def array_changed(data: bytes, change: Callable[[np.ndarray[Any, Any]], bool]) -> bytes:
    """The file with the first array that `change` says it has changed."""
    buffer, done = io.BytesIO(), False
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith(".npy") and not done:
                array = np.load(io.BytesIO(content))
                done = change(array)
                sink = io.BytesIO()
                np.save(sink, array)
                content = sink.getvalue() if done else content
            target.writestr(name, content)
    assert done
    return buffer.getvalue()


def at(field: str, value: int) -> Callable[[np.ndarray[Any, Any]], bool]:
    def change(array: np.ndarray[Any, Any]) -> bool:
        if array.dtype.names and field in array.dtype.names and len(array) > 2:
            array[field][0] = value
            return True
        return False

    return change


@pytest.mark.parametrize(
    ("model", "field", "value", "why"),
    [
        ("rf", "left_child", 10**9, "leads to a node that is not there"),
        ("rf", "right_child", 10**15, "leads to a node that is not there"),
        ("rf", "right_child", -7, "leads back"),
        ("rf", "left_child", 0, "leads back"),
        ("rf", "feature", 10**12, "asks for a column that is not there"),
        ("rf", "feature", -3, "asks for a column that is not there"),
        ("gbdt", "left", 4 * 10**9, "leads to a node that is not there"),
        ("gbdt", "right", 0, "leads back"),
        ("gbdt", "feature_idx", 10**12, "asks for a column that is not there"),
        ("gbdt", "is_categorical", 1, "asks for levels of a column that has none"),
    ],
)
@pytest.mark.parametrize("task", ["", " regression"])
def test_a_tree_that_leads_out_of_its_arrays_is_refused(
    model: str, field: str, value: int, why: str, task: str
) -> None:
    data = array_changed(dump_pipeline(fitted(model + task)), at(field, value))
    with pytest.raises(
        StorageError,
        match=f"stored model '{model}' cannot be loaded: its arrays do not fit .*{why}",
    ):
        load_pipeline(data, model=model)


def text_changed(data: bytes, old: str, new: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "schema.json":
                assert old in content.decode()
                content = content.decode().replace(old, new).encode()
            target.writestr(name, content)
    return buffer.getvalue()


def changed(model: str, change: Callable[[Any], object]) -> bytes:
    """The file of a model whose last step was changed after it was fitted."""
    pipeline = copy.deepcopy(fitted(model))
    change(pipeline.named_steps["model"])
    return dump_pipeline(pipeline)


COUNTS = np.array([900, 0], dtype=np.int32)
CHANGES: dict[str, tuple[str, Callable[[Any], object]]] = {
    "a forest of other columns": ("rf", lambda m: setattr(m, "n_features_in_", 9)),
    "a tree of other columns": ("rf", lambda m: setattr(m.estimators_[0], "n_features_in_", 9)),
    "neighbours of a class that is not there": ("knn", lambda m: m._y.__setitem__(0, 10**6)),
    "neighbours without targets": ("knn", lambda m: setattr(m, "_y", m._y[:5])),
    "fewer rows than said": ("knn", lambda m: setattr(m, "_fit_X", m._fit_X[:5])),
    "rows of other columns": ("knn", lambda m: setattr(m, "_fit_X", m._fit_X[:, :1])),
    "more vectors than there are": (
        "svm regression",
        lambda m: setattr(_svr(m), "_n_support", np.array([900, 0], dtype=np.int32)),
    ),
    "vectors of other columns": (
        "svm regression",
        lambda m: setattr(_svr(m), "support_vectors_", np.zeros((3, 1))),
    ),
    "fewer coefficients": (
        "svm regression",
        lambda m: setattr(_svr(m), "_dual_coef_", np.zeros((1, 1))),
    ),
    "no intercept": ("svm regression", lambda m: setattr(_svr(m), "_intercept_", np.zeros(0))),
}


def _svr(model: Any) -> Any:
    return getattr(model, "regressor_", model)


@pytest.mark.parametrize("change", CHANGES)
def test_a_model_whose_arrays_do_not_fit_together_is_refused(change: str) -> None:
    model, apply = CHANGES[change]
    with pytest.raises(StorageError, match="its arrays do not fit together"):
        load_pipeline(changed(model, apply), model=model.split()[0])


def test_the_tree_of_neighbours_is_made_anew_so_that_nobody_elses_is_followed() -> None:
    def astray(array: np.ndarray[Any, Any]) -> bool:
        is_order = array.dtype == np.int64 and array.shape == (60,) and set(array) == set(range(60))
        if is_order:
            array.fill(10**9)
        return is_order

    found = load_pipeline(array_changed(dump_pipeline(fitted("knn")), astray), model="knn")
    np.testing.assert_array_equal(found.predict(FRAME), fitted("knn").predict(FRAME))


def test_a_tree_of_more_outputs_than_classes_is_never_built() -> None:
    one = '"content": "1", "is_json": true'
    for outputs in ("0", "-1", "7", "99999999999", '\\"1\\"', "null"):
        data = text_changed(dump_pipeline(fitted("rf")), one, one.replace('"1"', f'"{outputs}"'))
        with pytest.raises(StorageError, match="cannot be loaded"):
            load_pipeline(data, model="rf")


@pytest.mark.parametrize("data", [b"", b"PK", b"{}", dump_pipeline(fitted("lr"))[:500]])
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(StorageError, match="stored model 'lr' cannot be loaded"):
        load_pipeline(data, model="lr")


@pytest.mark.parametrize("model", ["lr", "rf", "knn", "svm", "gbdt"])
def test_a_flipped_byte_is_refused_or_leaves_a_model_that_predicts(model: str) -> None:
    data, rng = dump_pipeline(fitted(model)), np.random.default_rng(0)
    for position in rng.choice(len(data), 5, replace=False):
        flipped = data[:position] + bytes([data[position] ^ 0x08]) + data[position + 1 :]
        try:
            load_pipeline(flipped, model=model).predict(FRAME)
        except StorageError:
            continue
