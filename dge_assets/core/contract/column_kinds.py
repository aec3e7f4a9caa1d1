"""The kind that a column most likely has, from its values alone.

Here: `infer_kind` and what it asks of the values. Not here: what a declaration says of the column
(`contract.completion`), which texts are categories (`text_kinds.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from dge_assets.core.contract.conform import convert_column
from dge_assets.core.contract.contract import Kind
from dge_assets.core.contract.disclosure import FEWEST
from dge_assets.core.contract.formats.dates import is_iso_date
from dge_assets.core.contract.text_kinds import ID_ROWS, text_kind
from dge_assets.core.contract.values import INTEGER_END, LARGEST_EXACT
from dge_assets.core.errors import ContractError


def are_truth_values(levels: Iterable[object]) -> bool:
    """Whether there are levels and all are boolean: 0 and 1 are not, although Python calls them
    equal.
    """
    found = {type(level) for level in levels}
    return bool(found) and found <= {bool, np.bool_}


def infer_kind(values: pd.Series, *, is_target: bool = False, fewest: int = FEWEST) -> Kind:
    """The kind that `values` (one column) most likely has.

    Whole numbers are integer even where missing cells made pandas store floats; two distinct whole
    numbers are categorical (a 0/1 flag keeps its numbers); text that is all ISO dates is a
    datetime, unless those cannot be kept (see `moments`); consecutive numbers are an id. What other
    texts are is in `text_kinds`; a target's are always classes.
    """
    present = values.dropna()
    if pd.api.types.is_bool_dtype(values.dtype) or are_truth_values(present):
        return "boolean"
    if look_like_dates(present) and not trouble_with_dates(present):
        return "datetime"
    if pd.api.types.is_numeric_dtype(values.dtype):
        return _infer_numeric_kind(present, is_target)
    return "categorical" if is_target else text_kind(present, fewest=fewest)


def look_like_dates(present: pd.Series) -> bool:
    """Whether all present values are moments, or texts as ISO 8601 writes them."""
    if pd.api.types.is_datetime64_any_dtype(present.dtype):
        return True
    return bool(len(present)) and all(
        isinstance(value, str) and is_iso_date(value) for value in present
    )


def trouble_with_dates(present: pd.Series) -> str:
    """What stands against taking `present` for moments; empty when nothing does."""
    try:
        convert_column(present, "datetime", place="")
    except ContractError as error:
        return (
            str(error)
            .removeprefix(": declared datetime, but ")
            .removesuffix("; mend the data, or declare another kind")
        )
    return ""


def _infer_numeric_kind(present: pd.Series, is_target: bool) -> Kind:
    numbers = present.to_numpy(dtype=float)
    if not len(numbers) or not np.all(np.isfinite(numbers)) or np.any(numbers != np.round(numbers)):
        return "continuous"
    exact = pd.api.types.is_integer_dtype(present.dtype)
    if np.any(np.abs(numbers) > LARGEST_EXACT) and (not exact or int(present.max()) >= INTEGER_END):
        return "continuous"
    if present.nunique() <= 2:
        return "categorical"
    consecutive = len(numbers) >= ID_ROWS and not is_target and bool(np.all(np.diff(numbers) == 1))
    return "id" if consecutive else "integer"
