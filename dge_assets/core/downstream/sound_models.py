"""Are a loaded model's arrays such that its compiled code stays within them.

scikit-learn's trees, neighbours and support vectors follow indices that they read from arrays
without looking where they lead, as they made them themselves. A file that somebody else made may
lead them anywhere, and the process dies. Here: what must hold before each is built or asked. Not
here: bytes and types (`model_files`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse
from sklearn.ensemble._forest import BaseForest
from sklearn.ensemble._gb import BaseGradientBoosting
from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting
from sklearn.ensemble._hist_gradient_boosting.predictor import PREDICTOR_RECORD_DTYPE, TreePredictor
from sklearn.neighbors import KDTree
from sklearn.neighbors._base import NeighborsBase
from sklearn.svm._base import BaseLibSVM
from sklearn.tree import BaseDecisionTree
from skops.io._audit import Node
from skops.io._sklearn import TreeNode

_MOST_OUTPUTS = 2**16
Indices = npt.NDArray[np.integer[Any]]


def require_sound_parts(parts: Node) -> None:
    """Look at what will be built by compiled code, before it is; ValueError for what that code
    would go wrong on.
    """
    for part in _parts(parts):
        if isinstance(part, TreeNode):
            features, classes, outputs = part.args.construct()
            state = part.attrs.construct()
            classes = np.asarray(classes)
            _require(_is_whole(features) and 0 < features < 2**31, "a tree of no columns")
            _require(_is_whole(outputs) and 0 < outputs <= _MOST_OUTPUTS, "a tree of no outputs")
            _require(
                classes.dtype.kind == "i" and classes.shape == (outputs,),
                "a tree whose classes are none",
            )
            _require(
                bool((classes > 0).all() and (classes < 2**31).all()),
                "a tree whose classes are none",
            )
            nodes = np.asarray(state["nodes"])
            _require(
                nodes.ndim == 1 and _is_whole(state["node_count"]), "a tree whose nodes are no row"
            )
            _require(
                0 < state["node_count"] == len(nodes),
                "a tree with another number of nodes than it says",
            )
            _require(
                _is_whole(state["max_depth"]) and 0 <= state["max_depth"] <= len(nodes),
                "a tree without depth",
            )


def _parts(part: Node) -> Iterator[Node]:
    """A part of a file and all that it is made of, each once."""
    seen, waiting = set[int](), [part]
    while waiting:
        found = waiting.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, Node):
            yield found
            waiting += found.children.values()
        elif isinstance(found, (list, tuple)):
            waiting += found
        elif isinstance(found, dict):
            waiting += found.values()


def require_sound(model: Any) -> None:
    """Look at all of a loaded model; ValueError for arrays that its compiled code would leave."""
    for found in _objects(model):
        for kind, look in _LOOKS:
            if isinstance(found, kind):
                look(found)


def _objects(model: Any) -> Iterator[Any]:
    """A model and all that it holds, each once."""
    seen, kept, waiting = set[int](), list[Any](), [model]
    while waiting:
        found = waiting.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        kept.append(found)  # an id is one's own only while the object lives
        yield found
        if isinstance(found, dict):
            waiting += [*found.keys(), *found.values()]
        elif isinstance(found, (list, tuple, set, frozenset)):
            waiting += found
        elif isinstance(found, np.ndarray):
            waiting += found.ravel().tolist() if found.dtype == object else []
        elif hasattr(found, "__dict__") and not isinstance(found, type):
            waiting += vars(found).values()


def _decision_tree(model: BaseDecisionTree) -> None:
    tree = getattr(model, "tree_", None)
    if tree is None:
        return
    _require(tree.node_count == tree.capacity, "a tree with another number of nodes than it says")
    _require(tree.n_features == model.n_features_in_, "a tree of other columns than its model's")
    nodes = tree.__getstate__()["nodes"]
    inner = nodes["left_child"] != -1
    _children(nodes["left_child"], nodes["right_child"], inner)
    _within(
        nodes["feature"][inner], tree.n_features, "a tree that asks for a column that is not there"
    )


def _children(left: Indices, right: Indices, inner: npt.NDArray[np.bool_]) -> None:
    """Children come after their parents, as every builder adds them: then no way through the tree
    is endless.
    """
    places = np.arange(len(left))
    for child in (left.astype(np.int64), right.astype(np.int64)):
        _require(bool((child[inner] > places[inner]).all()), "a tree that leads back")
        _within(child[inner], len(left), "a tree that leads to a node that is not there")


def _forest(model: BaseForest | BaseGradientBoosting) -> None:
    for member in np.ravel(np.asarray(getattr(model, "estimators_", []), dtype=object)):
        _require(isinstance(member, BaseDecisionTree), "a forest of something other than trees")
        _require(
            member.n_features_in_ == model.n_features_in_,
            "a tree of other columns than its forest's",
        )
    if isinstance(model, BaseGradientBoosting) and hasattr(model, "estimators_"):
        _require(
            model.estimators_.shape[1] == model.n_trees_per_iteration_,
            "rounds of another number of trees",
        )


def _boosted(model: BaseHistGradientBoosting) -> None:
    categorical = getattr(model, "is_categorical_", None)
    for predictor in _flat(getattr(model, "_predictors", [])):
        _require(
            isinstance(predictor, TreePredictor), "a boosted model of something other than trees"
        )
        nodes = predictor.nodes
        _require(
            isinstance(nodes, np.ndarray) and nodes.dtype == PREDICTOR_RECORD_DTYPE,
            "nodes of another form",
        )
        _require(nodes.ndim == 1 and len(nodes) > 0, "a tree without nodes")
        inner = nodes["is_leaf"] == 0
        _children(nodes["left"], nodes["right"], inner)
        columns = nodes["feature_idx"][inner]
        _within(columns, model.n_features_in_, "a tree that asks for a column that is not there")
        by_level = inner & (nodes["is_categorical"] != 0)
        if by_level.any():
            known = (
                categorical is not None
                and np.asarray(categorical, dtype=bool)[nodes["feature_idx"][by_level]].all()
            )
            _require(bool(known), "a tree that asks for levels of a column that has none")
            bits = predictor.raw_left_cat_bitsets
            _require(
                bits.dtype == np.uint32 and bits.ndim == 2 and bits.shape[1] == 8,
                "levels of another form",
            )
            _within(
                nodes["bitset_idx"][by_level],
                len(bits),
                "a tree that asks for levels that are not there",
            )


def _flat(predictors: Any) -> Iterator[Any]:
    for round_ in predictors:
        yield from round_


def _neighbours(model: NeighborsBase) -> None:
    rows = getattr(model, "_fit_X", None)
    if rows is None:
        return
    _require(
        isinstance(rows, np.ndarray) and rows.dtype == np.float64 and rows.ndim == 2,
        "neighbours that are no table",
    )
    _require(
        rows.shape == (model.n_samples_fit_, model.n_features_in_),
        "neighbours of another shape than they say",
    )
    targets = np.asarray(getattr(model, "_y", np.empty(len(rows))))
    _require(len(targets) == len(rows), "neighbours without a target")
    if hasattr(model, "classes_"):
        _require(targets.ndim == 1 and targets.dtype.kind == "i", "neighbours without a class")
        _within(targets, len(model.classes_), "neighbours of a class that is not there")
    if model._tree is not None:
        _require(
            isinstance(model._tree, KDTree) and model._fit_method == "kd_tree",
            "a tree of another kind",
        )
        # The same rows give the same tree: made anew, its indices need no looking at.
        model._tree = KDTree(
            rows, model.leaf_size, metric=model.effective_metric_, **model.effective_metric_params_
        )


def _support_vectors(model: BaseLibSVM) -> None:
    vectors = getattr(model, "support_vectors_", None)
    if vectors is None:
        return
    count = len(vectors)
    counts = np.asarray(model._n_support)
    pairs = max(len(counts) - 1, 1)
    _require(
        not model._sparse and isinstance(vectors, np.ndarray), "support vectors that are no table"
    )
    _require(
        vectors.dtype == np.float64 and vectors.shape == (count, model.n_features_in_),
        "vectors of another shape",
    )
    _require(
        counts.dtype.kind == "i" and counts.ndim == 1 and bool((counts >= 0).all()),
        "counts of no vectors",
    )
    by_class = counts.sum() if hasattr(model, "classes_") else counts[0]
    _require(int(by_class) == count, "another number of vectors than it says")
    rows = pairs if hasattr(model, "classes_") else 1
    for coefficients in (model._dual_coef_, model.dual_coef_):
        _require(np.asarray(coefficients).shape == (rows, count), "coefficients of another shape")
    classes = len(model.classes_) if hasattr(model, "classes_") else 2
    _require(
        not hasattr(model, "classes_") or len(counts) == classes,
        "another number of classes than it says",
    )
    _require(
        np.asarray(model._intercept_).shape == (classes * (classes - 1) // 2,),
        "intercepts of another number",
    )
    _require(np.asarray(model.support_).shape == (count,), "places of other vectors")


def _sparse(matrix: Any) -> None:
    if hasattr(matrix, "check_format"):
        matrix.check_format(full_check=True)


_LOOKS: tuple[tuple[Any, Callable[[Any], None]], ...] = (
    (BaseDecisionTree, _decision_tree),
    ((BaseForest, BaseGradientBoosting), _forest),
    (BaseHistGradientBoosting, _boosted),
    (NeighborsBase, _neighbours),
    (BaseLibSVM, _support_vectors),
    ((scipy.sparse.spmatrix, scipy.sparse.sparray), _sparse),
)


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _within(indices: Indices, count: int, what: str) -> None:
    _require(indices.dtype.kind in "iu" and bool(((indices >= 0) & (indices < count)).all()), what)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"its arrays do not fit together: {what}")
