"""Blanks around names and texts: `strip: true` takes them away.

Here: what a table without these blanks would have been read as. Not here: other spellings
(`spelling`).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from dge_resources.sources.columns import blank_cells
from dge_resources.sources.context import SourceContext
from dge_resources.sources.spelling import MISSING_WORDS, is_declared_text, missing_words

_PLAIN_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d*)?(?:[eE][+-]?\d+)?")


def strip_blanks(context: SourceContext[Any], frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` (n rows) as if no name and no text had blanks around it; an empty text is missing.

    In a CSV file what is then a mark of missing values is one, and a column of numbers holds
    numbers.
    """
    read = {name: _stripped(context, frame[name], name) for name in frame.columns}
    stripped = pd.DataFrame(read, index=frame.index)
    return stripped.rename(columns=lambda name: name.strip() if isinstance(name, str) else name)


def _stripped(context: SourceContext[Any], values: pd.Series, name: str) -> pd.Series:
    if values.dtype != object or not blank_cells(values):
        return values
    bare = values.map(
        lambda value: value.strip() if isinstance(value, str) else value, na_action="ignore"
    )
    bare = bare.where(bare != "", np.nan)
    return _retyped(context, bare, name) if context.source.type == "csv" else bare


def _retyped(context: SourceContext[Any], values: pd.Series, name: str) -> pd.Series:
    stated, options = context.declared(name), context.source.options
    marks = missing_words(options.get("na_values"), name)
    if options.get("keep_default_na", True):
        marks |= MISSING_WORDS - {str(level) for level in stated.categories or ()}
    values = values.where(~values.isin(marks), np.nan)
    present = values.dropna()
    is_plain = len(present) and all(
        isinstance(text, str) and _PLAIN_NUMBER.fullmatch(text) for text in present
    )
    return pd.to_numeric(values) if is_plain and not is_declared_text(stated) else values
