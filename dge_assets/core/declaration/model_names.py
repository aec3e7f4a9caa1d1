"""Names that a declaration may use, kept light so that loading definitions imports no scikit-learn
and no torch.

A downstream model is told by one text wherever it occurs (tables, files, arguments): a name of
`MODEL_NAMES`, the import path of a scikit-learn estimator, `package.module:Class`, or that with
parameters, `package.module:Class(depth=3)`. In a declaration the parameters are written as YAML, `-
package.module:Class: {depth: 3}`.
"""

from __future__ import annotations

import ast
import difflib
import importlib.util
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from dge_assets.core.contract.masking import found_words, mask_secrets
from dge_assets.core.errors import DeclarationError

MODEL_NAMES = ("lr", "mlp", "deepish_mlp", "deep_mlp", "rf", "knn", "svm", "gbdt", "xgboost")
"""Downstream models by name; `models` has their factories, and a test holds the two together."""
EXTRAS = {"xgboost": ("xgboost", "pip install 'dge[xgboost]'")}
"""Model name -> the package that it needs besides the product's own, and how to get it."""

USUAL_MODULES = ("sklearn", "xgboost", "imblearn", "dge_assets")
"""Packages whose estimators a declaration may name by import path without more ado."""
MODULES_SETTING = "DGE_MODEL_MODULES"
"""The environment variable that names further ones; read where declarations are loaded."""

_IMPORT_PATH = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_WITH_PARAMETERS = re.compile(rf"({_IMPORT_PATH.pattern})\((.+)\)", re.DOTALL)


def require_model_name(given: object) -> str:
    """The text of a downstream model as declared; ValueError with the allowed forms otherwise.

    given: a text as described above, or a mapping of one import path to its parameters.
    """
    if isinstance(given, Mapping):
        return _named_with_parameters(given)
    if isinstance(given, str) and (given in MODEL_NAMES or _IMPORT_PATH.fullmatch(given)):
        return given
    if isinstance(given, str) and _WITH_PARAMETERS.fullmatch(given):
        return model_text(*split_model_name(given))
    near = difflib.get_close_matches(str(given), MODEL_NAMES, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(
        f"unknown downstream model {mask_secrets(repr(given))}; {hint}allowed: {', '.join(MODEL_NAMES)}, or the import path of a "
        f"scikit-learn estimator as 'package.module:Class', with parameters as 'package.module:Class: {{name: value}}'"
    )


def require_installed(name: str) -> None:
    """ValueError with the command that mends it when the model `name` needs a package that is not
    installed.
    """
    package, command = EXTRAS.get(name, ("", ""))
    if package and importlib.util.find_spec(package) is None:
        raise ValueError(
            f"downstream model {name!r} needs the package {package!r}, which is not installed: {command}"
        )


def require_allowed_module(name: str, modules: Sequence[str]) -> None:
    """DeclarationError unless the class of the import path `name` lies in one of `modules` or below
    it.
    """
    path = split_model_name(name)[0]
    module = path.partition(":")[0]
    if not any(module == allowed or module.startswith(f"{allowed}.") for allowed in modules):
        raise DeclarationError(
            f"downstream model {path!r}: module {module!r} may not be imported; allowed are {', '.join(modules)} and what "
            f"is below them. Importing runs its code, so whoever runs Dagster allows it: {MODULES_SETTING}={module}"
        )


def split_model_name(name: str) -> tuple[str, dict[str, Any]]:
    """Import path (or name) and parameters of a model's text; ValueError for parameters that are no
    plain values.

    >>> split_model_name("sklearn.tree:DecisionTreeClassifier(max_depth=3)")
    ('sklearn.tree:DecisionTreeClassifier', {'max_depth': 3})
    """
    found = _WITH_PARAMETERS.fullmatch(name)
    if found is None:
        return name, {}
    path, inside = found.groups()
    try:
        call = ast.parse(f"made({inside})", mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
            raise ValueError("not a list of name=value")
        return path, {_keyword(word): ast.literal_eval(word.value) for word in call.keywords}
    except (SyntaxError, ValueError) as error:
        raise ValueError(
            f"downstream model {name!r}: parameters must be name=value with plain values (numbers, text, True, False, "
            f"None, lists), found ({inside})"
        ) from error


def _keyword(word: ast.keyword) -> str:
    if word.arg is None:
        raise ValueError("** has no name")
    return word.arg


def model_text(path: str, parameters: Mapping[str, Any]) -> str:
    """The one text of an import path with parameters, whatever order these were given in."""
    return (
        f"{path}({', '.join(f'{key}={parameters[key]!r}' for key in sorted(parameters))})"
        if parameters
        else path
    )


def _named_with_parameters(given: Mapping[Any, Any]) -> str:
    if len(given) != 1:
        raise ValueError(
            f"a downstream model with parameters is one 'package.module:Class: {{...}}', found {found_words(given)}"
        )
    path, parameters = next(iter(given.items()))
    if path in MODEL_NAMES:
        raise ValueError(
            f"{path!r} takes no parameters: give the import path of its class, with parameters, instead"
        )
    if not isinstance(path, str) or not _IMPORT_PATH.fullmatch(path):
        return require_model_name(path)
    if not isinstance(parameters, Mapping | None):
        raise ValueError(  # noqa: TRY004 (pydantic wants ValueError)
            f"{path}: parameters are a mapping such as {{n_estimators: 50}}, found {found_words(parameters)}"
        )
    stated = dict(parameters or {})
    for key, value in stated.items():
        if not (isinstance(key, str) and key.isidentifier()):
            raise ValueError(f"{path}: {key!r} is not the name of a parameter")
        if not _is_plain(value):
            raise ValueError(
                f"{path}: parameter {key!r} must be a number, text, true, false, null or a list of these"
            )
    return model_text(path, stated)


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, float):
        return math.isfinite(value)  # other floats have no literal
    return value is None or isinstance(value, bool | int | str)
