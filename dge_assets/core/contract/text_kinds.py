"""What a column of texts is: a category, an id or free text; and why a column is left out.

The rule: texts that never repeat (in at least 50 rows) are an id. Texts of which more than half of
the different ones are in fewer than `fewest` rows are free text, unless all these rows together are
at most a twentieth: a few odd spellings do not make a category a text. All else is a category.
Nobody models an id or a free text; a declared kind wins. Not here: other spellings of numbers and
dates, which are recognised before (`formats`); what is told of a category (`disclosure.py`).
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

import pandas as pd

from dge_assets.core.contract.contract import Kind
from dge_assets.core.contract.disclosure import PersonalData
from dge_assets.core.contract.personal_data import WORDS, are_card_numbers, personal_data
from dge_assets.core.contract.values import distinct

ID_ROWS = 50
"""Below this many rows, all-distinct values say nothing about being an id."""
ODD_SPELLINGS = 0.05
"""Rare levels that together are in at most this share of the rows leave a category what it is."""


def text_kind(present: pd.Series, *, fewest: int) -> Literal["categorical", "id", "text"]:
    """What the texts `present` (n rows, none missing) are, by the rule above."""
    rows = Counter(map(str, present.tolist()))
    if len(present) >= ID_ROWS and len(rows) == len(present):
        return "id"
    rare = [count for count in rows.values() if count < fewest]
    is_free = len(rare) > len(rows) / 2 and sum(rare) > ODD_SPELLINGS * len(present)
    return "text" if is_free else "categorical"


def found_personal_data(name: str, values: pd.Series, kind: Kind) -> list[PersonalData]:
    """The kinds of personal data that the column `name` (n rows, as read) holds, texts and long
    whole numbers alike.
    """
    if kind == "integer":
        return ["card"] if are_card_numbers(values.dropna().unique()) else []
    if kind in ("continuous", "datetime", "boolean"):
        return []
    return personal_data(name, [text for text in distinct(values) if isinstance(text, str)])


def reason_left_out(
    kind: Kind, found: list[PersonalData], *, fewest: int, is_declared: bool
) -> str:
    """Why a column is not modelled, in words that quote no cell; empty where it is."""
    if found:
        return f"holds {', '.join(WORDS[each] for each in found)}"
    if kind not in ("id", "text"):
        return ""
    if is_declared:
        return f"declared {kind}"
    return (
        "an id: no value occurs twice"
        if kind == "id"
        else f"text: most of its values are in fewer than {fewest} rows"
    )
