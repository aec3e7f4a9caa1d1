"""Names that a declaration may use, kept light so that loading definitions imports no scikit-learn and no torch."""

from __future__ import annotations

import difflib
import re

MODEL_NAMES = ("lr", "mlp", "deep_mlp", "gbdt", "rf", "knn", "svm")
"""Downstream models by name; `models` has their factories, and a test holds the two together."""

_IMPORT_PATH = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def require_model_name(name: str) -> str:
    """`name`, when it is a known downstream model or an import path; ValueError with the allowed names otherwise."""
    if name in MODEL_NAMES or _IMPORT_PATH.fullmatch(name):
        return name
    near = difflib.get_close_matches(name, MODEL_NAMES, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(
        f"unknown downstream model {name!r}; {hint}allowed: {', '.join(MODEL_NAMES)}, or the import path of a "
        f"scikit-learn estimator as 'package.module:Class'"
    )
