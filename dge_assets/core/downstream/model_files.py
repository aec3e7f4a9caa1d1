"""Fitted pipelines as bytes and back: skops files, which run no code when loaded, and are alike for
models that are alike.

Here: the bytes, the types that may be made from them, and reading what somebody else may have
written. Not here: what must hold of a model's arrays (`sound_models`), which models there are
(`models`).
"""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from typing import Any

import numpy as np
import skops.io
from sklearn.pipeline import Pipeline
from skops.io._audit import audit_tree, get_tree
from skops.io._persist import read_schema
from skops.io.exceptions import UntrustedTypesFoundException

from dge_assets.core.declaration.model_names import MODEL_NAMES
from dge_assets.core.downstream.imported_models import imported_class
from dge_assets.core.downstream.sound_models import require_sound, require_sound_parts
from dge_assets.core.errors import StorageError

TRUSTED_TYPES: tuple[str, ...] = (
    "dge_assets.core.downstream.xgboost_classifier.CompactClasses",
    "dge_assets.core.downstream.matrix_svc.MatrixSVC",
    "dge_assets.core.downstream.network_classifier.LossStoppedClassifier",
    "dge_assets.core.downstream.preprocessing.LevelIndicators",
    "dge_assets.core.downstream.preprocessing.MomentReader",
    "dge_assets.core.downstream.preprocessing.NumberReader",
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
)
"""Types beyond skops' own list that our pipelines hold; loading anything else is refused.

A Booster is restored by XGBoost's own reader from its binary JSON, which holds trees and settings
and no code.
"""

_FORMER_PLACES = {
    "dge_assets.core.boosted": ("xgboost_classifier", ("CompactClasses",)),
    "dge_assets.core.kernel_machine": ("matrix_svc", ("MatrixSVC",)),
    "dge_assets.core.network_classifier": ("network_classifier", ("LossStoppedClassifier",)),
    "dge_assets.core.preprocessing": (
        "preprocessing",
        ("LevelIndicators", "MomentReader", "NumberReader"),
    ),
}
"""What stored models call our modules that have moved since: its module in this folder, and the
classes that models were stored with."""

_SCHEMA = "schema.json"
_ANY_DAY = (1980, 1, 1, 0, 0, 0)
"""What a zip file has to say of each file's time; the first that it can."""


def dump_pipeline(pipeline: Pipeline) -> bytes:
    """A fitted pipeline as bytes in the skops format; the same bytes for the same pipeline,
    whenever and wherever.
    """
    return _without_circumstances(bytes(skops.io.dumps(pipeline)))


def _without_circumstances(data: bytes) -> bytes:
    """A skops file whose names, ids and times say nothing of the process that wrote it.

    skops names files and ids by addresses in memory. Here files are numbered by their content and
    ids by their place, since whether two equal values are one object depends on the ways that they
    have come, through a worker or not.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        schema = json.loads(source.read(_SCHEMA))
        files: dict[bytes, str] = {}
        _number(schema, source, files, itertools.count())
        buffer = io.BytesIO()
        # Level 1: a forest takes two thirds of the time, and a quarter more room, than at the
        # default of 6.
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
            for content, name in files.items():
                target.writestr(_entry(name), content)
            target.writestr(_entry(_SCHEMA), json.dumps(schema))
    return buffer.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _ANY_DAY)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _number(
    node: Any, source: zipfile.ZipFile, files: dict[bytes, str], places: itertools.count[int]
) -> None:
    """Replace, in place and in order, each file's name and each id by a number."""
    if isinstance(node, list):
        for item in node:
            _number(item, source, files, places)
    elif isinstance(node, dict):
        if isinstance(node.get("file"), str):
            name = node["file"]
            node["file"] = files.setdefault(
                _without_gaps(source.read(name), name), f"{len(files)}.{name.rpartition('.')[2]}"
            )
        if "__id__" in node:
            node["__id__"] = next(places)
        for item in node.values():
            _number(item, source, files, places)


def _without_gaps(content: bytes, name: str) -> bytes:
    """An array's file with zeros in the gaps between the fields of its rows, where there is
    whatever memory held.
    """
    if not name.endswith(".npy"):
        return content
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype.names is None:
        return content
    clean = np.zeros(array.shape, array.dtype)
    for field in array.dtype.names:
        clean[field] = array[field]
    buffer = io.BytesIO()
    np.save(buffer, clean, allow_pickle=False)
    return buffer.getvalue()


def load_pipeline(data: bytes, *, model: str) -> Pipeline:
    """A pipeline from `dump_pipeline`; `model` is the name it was made under.

    For a model given by import path its own module's types are trusted besides `TRUSTED_TYPES`.
    Raises StorageError naming other types when there are any, and for whatever else is no such
    pipeline: nothing of it reaches compiled code before it was looked at.
    """
    try:
        trusted = list(trusted_types(data, model=model))
        with zipfile.ZipFile(io.BytesIO(data)) as source:
            schema, context = read_schema(source)
            _rename_moved(schema)
            parts = get_tree(schema, context, trusted=trusted)
            audit_tree(parts, trusted=trusted)
            require_sound_parts(parts)
            pipeline = parts.construct()
        require_sound(pipeline)
    except UntrustedTypesFoundException as error:
        raise StorageError(
            f"stored model {model!r} holds types that are not trusted: {error}; "
            f"it was not written by this program for this model, so it is not loaded"
        ) from error
    except (
        Exception
    ) as error:  # whatever skops, zipfile and numpy may say of bytes that anybody may have written
        raise StorageError(
            f"stored model {model!r} cannot be loaded: {error or repr(error)}; it was not written by this program for this "
            f"model, or is damaged"
        ) from error
    return pipeline


def _rename_moved(node: Any) -> None:
    """Replace, in place, the former names of our own classes by the present ones.

    Only names in a schema change, before any type is looked up: what is trusted stays the same.
    """
    if isinstance(node, list):
        for item in node:
            _rename_moved(item)
    elif isinstance(node, dict):
        module, classes = _FORMER_PLACES.get(str(node.get("__module__")), ("", ()))
        if node.get("__class__") in classes:
            node["__module__"] = f"{__package__}.{module}"
        for item in node.values():
            _rename_moved(item)


def trusted_types(data: bytes, *, model: str) -> tuple[str, ...]:
    """The types that may be made when loading `data` as `model`."""
    if model in MODEL_NAMES:
        return TRUSTED_TYPES
    defined_in = imported_class(model).__module__ + "."
    own = [name for name in skops.io.get_untrusted_types(data=data) if name.startswith(defined_in)]
    return (*TRUSTED_TYPES, *own)
