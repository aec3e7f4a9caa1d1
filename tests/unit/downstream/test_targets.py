"""Targets: the task that a column suggests, and labels that are equal whatever their type."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.contract.contract import Task
from dge_assets.core.downstream.preprocessing import LevelIndicators
from dge_assets.core.downstream.targets import Target, classes_of, encode_target, infer_task
from dge_assets.core.errors import EvaluationError
from dge_assets.core.groups.feature_groups import find_groups
from dge_assets.core.privacy.copies import split_overlap
from dge_assets.core.statistics.estimates import estimate_proportion


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["x", "y"], "binary"),
        (pd.Categorical([3, 4, 5]), "multiclass"),
        ([True, False], "binary"),
        ([0, 1, 1], "binary"),
        (range(10), "multiclass"),
        (range(11), "regression"),
        ([0.0, 1.0, 1.0], "binary"),
        ([0.5, 1.0, 1.0], "regression"),
        ([0.0, 1.0, 2.0], "regression"),
        (pd.array([0, 1, 2], dtype="Int64"), "multiclass"),
    ],
)
def test_the_task_follows_from_the_target(values: object, task: Task) -> None:
    assert infer_task({"real_train": pd.DataFrame({"t": values})}, "t") == task


def test_labels_are_equal_across_column_types() -> None:
    """A 0/1 target is read as integers, floats, booleans or categories; classes are the same."""
    types = [[0, 1], [0.0, 1.0], pd.Categorical([0, 1]), pd.array([0, 1], dtype="Int64")]
    for values in types:
        frame = pd.DataFrame({"t": values})
        assert classes_of({"frame": frame}, "t") == (0, 1)
        np.testing.assert_array_equal(
            encode_target(frame, Target("t", "binary", (0, 1)), name="f"), [0, 1]
        )
    assert classes_of(
        {"f": pd.DataFrame({"t": pd.array([True, False], dtype="boolean")})}, "t"
    ) == (False, True)


def test_infinite_and_strange_targets_are_named() -> None:
    frame = pd.DataFrame({"t": [1.0, np.inf]})
    with pytest.raises(EvaluationError, match="real_test: target 't' holds infinite values"):
        encode_target(frame, Target("t", "regression"), name="real_test")
    with pytest.raises(EvaluationError, match=r"real_test: labels \['z'\] are none of the classes"):
        encode_target(
            pd.DataFrame({"t": ["a", "z"]}), Target("t", "binary", ("a", "b")), name="real_test"
        )


def test_texts_that_are_equal_up_to_a_nul_are_told_apart() -> None:
    texts = ["a\0b", "a\0c", "a"] * 2
    frame = pd.DataFrame({"t": texts})
    classes = classes_of({"real_train": frame}, "t")
    assert classes == ("a", "a\0b", "a\0c")
    # `astype("category")` would itself take them for one.
    for column in (frame, pd.DataFrame({"t": pd.Categorical(texts, categories=list(classes))})):
        codes = encode_target(column, Target("t", "multiclass", classes), name="real_train")
        assert codes.tolist() == [1, 2, 0, 1, 2, 0]
        assert estimate_proportion(column["t"], "a\0b")[0].value == pytest.approx(1 / 3)
        assert LevelIndicators().fit(column).transform(column).argmax(axis=1).tolist() == [
            1,
            2,
            0,
            1,
            2,
            0,
        ]
    ones, others = frame[frame["t"] == "a\0b"], frame[frame["t"] == "a\0c"]
    assert split_overlap([0], [1], real_train=ones, real_test=others).equal_rows == 0
    rare = pd.DataFrame({"x": ["a\0b"] * 90 + ["a\0c"] * 10, "t": 0})
    assert [group.label for group in find_groups(rare, "t")] == ["x = a\0c"]
