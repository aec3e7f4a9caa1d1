"""Models that were stored while our classes lived in other modules: they load as the present ones."""

from __future__ import annotations

import importlib
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.downstream.fitting import FittedModel, fit_model, predict
from dge_assets.core.downstream.model_files import (
    TRUSTED_TYPES,
    dump_pipeline,
    load_pipeline,
)
from dge_assets.core.downstream.targets import Target
from dge_assets.core.errors import StorageError

FORMER = {
    "dge_assets.core.downstream.xgboost_classifier": "dge_assets.core.boosted",
    "dge_assets.core.downstream.matrix_svc": "dge_assets.core.kernel_machine",
    "dge_assets.core.downstream.network_classifier": "dge_assets.core.network_classifier",
    "dge_assets.core.downstream.preprocessing": "dge_assets.core.preprocessing",
}
"""Where each module of stored classes was before it came into its room."""


def _rewritten(data: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A stored model after `change` of each part that names a type."""

    def look(part: dict[str, Any]) -> dict[str, Any]:
        if "__module__" in part:
            change(part)
        return part

    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "schema.json":
                content = json.dumps(json.loads(content, object_hook=look)).encode()
            target.writestr(name, content)
    return buffer.getvalue()


def _move_back(part: dict[str, Any]) -> None:
    part["__module__"] = FORMER.get(part["__module__"], part["__module__"])


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": rng.normal(size=80),
            "kind": rng.choice(["a", "b"], 80),
            "when": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(rng.integers(0, 900, 80), unit="D"),
            "target": rng.integers(0, 2, 80),
        }
    )


def _fitted(rows: pd.DataFrame, model: str) -> FittedModel:
    return fit_model(rows, Target("target", "binary", (0, 1)), model, seed=0, name="rows")


@pytest.mark.parametrize("model", ["lr", "mlp", "svm", "sklearn.naive_bayes:GaussianNB"])
def test_a_model_of_former_names_predicts_as_it_did(rows: pd.DataFrame, model: str) -> None:
    before = _fitted(rows, model)
    former = _rewritten(dump_pipeline(before.pipeline), _move_back)
    assert b"core.preprocessing" in zipfile.ZipFile(io.BytesIO(former)).read("schema.json")
    after = FittedModel(load_pipeline(former, model=model), model, 0, before.task, before.classes)
    np.testing.assert_array_equal(predict(after, rows), predict(before, rows))


def test_each_of_our_classes_is_found_under_its_former_name(rows: pd.DataFrame) -> None:
    """Those of `TRUSTED_TYPES`, whatever is installed here: each is told by the name it has now."""
    ours = [name for name in TRUSTED_TYPES if name.startswith("dge_assets.")]
    data = dump_pipeline(_fitted(rows, "lr").pipeline)
    assert {name.rpartition(".")[0] for name in ours} == set(FORMER)
    for name in ours:
        module, _, kind = name.rpartition(".")
        assert isinstance(getattr(importlib.import_module(module), kind), type)

        def become(part: dict[str, Any], module: str = module, kind: str = kind) -> None:
            if part["__class__"] == "NumberReader":
                part |= {"__module__": FORMER[module], "__class__": kind}

        loaded = load_pipeline(_rewritten(data, become), model="lr")
        assert any(type(each).__name__ == kind for each in _steps(loaded)), name


def _steps(pipeline: Any) -> list[Any]:
    readers = [each for _, each, _ in pipeline.named_steps["prepare"].transformers_]
    return [step for reader in readers for step in dict(getattr(reader, "steps", [])).values()]


def test_nothing_else_of_a_former_module_is_made(rows: pd.DataFrame) -> None:
    """Only the classes that models were stored with have former names; others stay untrusted."""
    data = dump_pipeline(_fitted(rows, "lr").pipeline)

    def other(part: dict[str, Any]) -> None:
        if part["__class__"] == "NumberReader":
            part |= {
                "__module__": "dge_assets.core.preprocessing",
                "__class__": "build_preprocessing",
            }

    with pytest.raises(
        StorageError, match=r"not trusted.*core\.preprocessing\.build_preprocessing"
    ):
        load_pipeline(_rewritten(data, other), model="lr")
