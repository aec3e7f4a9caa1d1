"""How a CSV file spells its cells, which pandas forgets once it has taken them for numbers or for
missing.

Here: reading declared texts as texts, keeping leading zeros and long whole numbers, telling which
words became missing. Not here: opening files, options and headers (`readers`), spellings of amounts
and dates (`dge_assets.core.contract.formats`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import pandas as pd

from dge_assets.core.contract.contract import ColumnDeclaration
from dge_resources.sources.context import SourceContext

MISSING_WORDS = frozenset(
    {
        "",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
        "<NA>",
        "N/A",
        "NA",
    }
    | {"NULL", "NaN", "None", "n/a", "nan", "null"}
)
"""What pandas takes for a missing value unless told otherwise."""
TEXT_KINDS = frozenset({"categorical", "id", "text"})
NUMBER_KINDS = frozenset({"continuous", "integer"})
TYPING_OPTIONS = frozenset(
    {
        "dtype",
        "na_values",
        "keep_default_na",
        "converters",
        "parse_dates",
        "date_format",
        "true_values",
        "false_values",
    }
    | {"decimal", "thousands", "float_precision", "dayfirst", "dtype_backend"}
)
"""Options that say what cells mean; without them pandas gives the cells as they are written."""
ROWS_AT_A_TIME = 100_000
_ZERO_FIRST = re.compile(r"\s*(?:[+-]?0\d+|\+\d{7,})\s*")
"""A code, not an amount: `00123`, or a telephone number.

Nobody writes amounts so, and as a number the zeros are lost.
"""
_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2}((?:\.\d{3})*)\s*")
"""What a point between thousands looks like; where the comma does not part fields, it may be one.
"""
_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_FLOAT_DIGITS = 15
"""Whole numbers of so many digits are exact as floats."""
_PLAIN_INTEGER = re.compile(r"0|-?[1-9]\d{0,17}")


@dataclass
class _Spelled:
    """What a column's cells look like in the file."""

    zero_first: int = 0
    long_whole: int = 0
    not_whole: int = 0
    parted: int = 0
    """Cells with a point before three digits."""
    not_parted: int = 0
    """Cells in which a point cannot part thousands."""
    missing_words: Counter[str] = field(default_factory=Counter)


def read_typed(
    context: SourceContext[Any], file: IO[bytes], options: Mapping[str, Any], names: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """The rows of a CSV file, and notes; `names` are its columns' names, as far as they are known
    before.

    Columns that the contract declares as categories, ids or in a format come as texts where their
    spelling says more than numbers would, levels that it declares are no missing values, and no
    digit is lost.
    """
    options = {
        **options,
        **_declared_texts(context, options, names),
        **_declared_levels(context, options, names),
    }
    frame = _read(file, options)
    if not isinstance(frame.index, pd.RangeIndex) or not all(
        isinstance(name, str) for name in frame.columns
    ):
        return frame, []  # refused by the caller
    spelled = _survey(file, options, frame)
    zeros = [
        name
        for name, cells in spelled.items()
        if cells.zero_first and _keeps_zeros(context, frame, name)
    ]
    long = [
        name
        for name, cells in spelled.items()
        if cells.long_whole and not cells.not_whole and name not in zeros
    ]
    if zeros or long:
        texts = _read(
            file,
            {
                **options,
                "dtype": {**_by_name(options.get("dtype")), **dict.fromkeys(zeros + long, str)},
            },
        )
        frame = frame.assign(
            **{name: texts[name] for name in zeros}, **{name: _whole(texts[name]) for name in long}
        )
    for name in frame.columns:
        if is_declared_text(context.declared(name)) and frame[name].dtype == object:
            frame[name] = _as_spelled(frame[name])
    frame.attrs["doubts"] = (
        _doubts_on_points(context, spelled, frame) if options.get("sep", ",") != "," else {}
    )
    return frame, [*_notes_on_zeros(zeros, spelled, len(frame)), *_notes_on_words(spelled)]


def _read(file: IO[bytes], options: Mapping[str, Any]) -> pd.DataFrame:
    file.seek(0)
    return pd.read_csv(file, **options)


# ----------------------------------------------------------------------------------------------
# what is declared


def is_declared_text(stated: ColumnDeclaration) -> bool:
    """Whether a declaration makes a column one of texts, whatever they look like."""
    return stated.kind in TEXT_KINDS or stated.categories is not None


def _declared_texts(
    context: SourceContext[Any], options: Mapping[str, Any], names: Sequence[str]
) -> dict[str, Any]:
    """pandas' `dtype` with text for columns whose spelling matters; what the options say of a
    column stands.
    """
    typed = options.get("dtype")
    if typed is not None and not isinstance(typed, dict):
        return {}
    texts = [
        name
        for name in names
        if (is_declared_text(context.declared(name)) or context.declared(name).format is not None)
        and name not in options.get("converters", {})
    ]
    return {"dtype": {**dict.fromkeys(texts, str), **(typed or {})}} if texts else {}


def _declared_levels(
    context: SourceContext[Any], options: Mapping[str, Any], names: Sequence[str]
) -> dict[str, Any]:
    """pandas' marks of missing values without the levels that are declared; nothing where no level
    is such a mark.
    """
    if not options.get("keep_default_na", True) or not options.get("na_filter", True):
        return {}
    levels = {
        name: {str(level) for level in context.declared(name).categories or ()} for name in names
    }
    if not any(declared & MISSING_WORDS for declared in levels.values()):
        return {}
    stated = options.get("na_values")
    return {
        "keep_default_na": False,
        "na_values": {
            name: sorted((MISSING_WORDS - levels[name]) | missing_words(stated, name))
            for name in names
        },
    }


def missing_words(stated: Any, name: str) -> set[str]:
    """The marks that `options: {na_values: ...}` adds for a column."""
    if isinstance(stated, dict):
        stated = stated.get(name)
    if stated is None:
        return set()
    return (
        {str(stated)} if isinstance(stated, str | int | float) else {str(word) for word in stated}
    )


def _by_name(dtype: Any) -> dict[str, Any]:
    return dict(dtype) if isinstance(dtype, dict) else {}


# ----------------------------------------------------------------------------------------------
# what is written


def _survey(
    file: IO[bytes], options: Mapping[str, Any], frame: pd.DataFrame
) -> dict[str, _Spelled]:
    """How the cells of `frame` are written; nothing where the rows cannot be laid beside it."""
    spelled = {name: _Spelled() for name in frame.columns}
    start = 0
    for texts in _as_written(file, options):
        typed = frame.iloc[start : start + len(texts)]
        if len(typed) != len(texts) or list(texts.columns) != list(frame.columns):
            return {}
        for name, cells in spelled.items():
            _look(cells, texts[name], typed[name])
        start += len(texts)
    return spelled


def _as_written(file: IO[bytes], options: Mapping[str, Any]) -> Iterator[pd.DataFrame]:
    plain = {name: value for name, value in options.items() if name not in TYPING_OPTIONS}
    plain |= {"dtype": str, "na_filter": False}
    if "skipfooter" in plain:  # pandas reads such a file only as a whole
        yield _read(file, plain)
        return
    file.seek(0)
    with pd.read_csv(file, **plain, chunksize=ROWS_AT_A_TIME) as pieces:
        yield from pieces


def _look(cells: _Spelled, texts: pd.Series, typed: pd.Series) -> None:
    missing = typed.isna().to_numpy()
    words = Counter(texts[missing].str.strip().tolist())
    cells.missing_words.update({word: count for word, count in words.items() if word})
    if typed.dtype.kind not in "iuf":
        return
    present = texts[~missing]
    cells.zero_first += int(present.str.fullmatch(_ZERO_FIRST.pattern).sum())
    if typed.dtype.kind == "f":
        whole = present.str.fullmatch(_WHOLE.pattern)
        cells.not_whole += int((~whole).sum())
        groups = present.str.extract(f"^{_THOUSANDS.pattern}$", expand=False)
        cells.parted += int((groups.fillna("") != "").sum())
        cells.not_parted += int(groups.isna().sum())
        cells.long_whole += int((whole & (present.str.len() > _FLOAT_DIGITS)).sum())


def _keeps_zeros(context: SourceContext[Any], frame: pd.DataFrame, name: str) -> bool:
    options = getattr(context.source, "options", {})
    stated = name in _by_name(options.get("dtype")) or (
        options.get("dtype") and not _by_name(options.get("dtype"))
    )
    return (
        frame[name].dtype.kind in "iuf"
        and not stated
        and context.declared(name).kind not in NUMBER_KINDS
    )


def _whole(texts: pd.Series) -> pd.Series:
    """Whole numbers beside missing cells with every digit; floats, as pandas makes them, where 64
    bits do not do.
    """
    numbers = [None if pd.isna(text) else int(text) for text in texts]
    try:
        return pd.Series(numbers, dtype=object).astype("Int64")
    except (OverflowError, TypeError, ValueError):
        return pd.Series(numbers, dtype="float64")


def _as_spelled(texts: pd.Series) -> pd.Series:
    """Texts as numbers or truth values where these spell alike, so that a declared flag of 0 and 1
    keeps its numbers.
    """
    found = pd.unique(texts.dropna())
    if len(found) and set(found) <= {"True", "False"}:
        return texts.map({"True": True, "False": False}, na_action="ignore")
    if not len(found) or not all(_PLAIN_INTEGER.fullmatch(text) for text in found):
        return texts
    return texts.map({text: int(text) for text in found}, na_action="ignore").astype(
        "Int64" if texts.isna().any() else "int64"
    )


# ----------------------------------------------------------------------------------------------
# what people hear


def _notes_on_zeros(names: Sequence[str], spelled: Mapping[str, _Spelled], rows: int) -> list[str]:
    return [
        f"column {name!r} has digits after a leading zero or plus sign in {spelled[name].zero_first} of {rows} cells: kept as "
        f"text; declare `kind: integer` where they are amounts"
        for name in names
    ]


def _doubts_on_points(
    context: SourceContext[Any], spelled: Mapping[str, _Spelled], frame: pd.DataFrame
) -> dict[str, str]:
    return {
        name: "has three digits after each point, which was read as decimal; declare `format: decimal_comma` where it separates "
        "thousands, else `format: decimal_point`"
        for name, cells in spelled.items()
        if cells.parted
        and not cells.not_parted
        and frame[name].dtype.kind == "f"
        and context.declared(name).format is None
    }


def _notes_on_words(spelled: Mapping[str, _Spelled]) -> list[str]:
    notes = []
    for name, cells in spelled.items():
        words = {
            word: count for word, count in cells.missing_words.items() if word in MISSING_WORDS
        }
        if words:
            told = ", ".join(f"{word!r} ({count})" for word, count in sorted(words.items()))
            notes.append(
                f"column {name!r} has cells that say {told}: read as missing; declare such a word among `categories` where "
                f"it is a level"
            )
    return notes
