"""Numbers that are written otherwise than a program writes them: decimal commas, grouped thousands,
%, currencies.

Here: which of two conventions a column's texts follow, and reading them. Not here: plain numbers,
which readers know.
"""

from __future__ import annotations

import re
from functools import partial

from dge_assets.core.contract.formats.reading import Doubt, Format, Texts

_SYMBOLS = "%|€|\\$|£|¥|EUR|USD|GBP|CHF"
_AFFIXED = re.compile(rf"({_SYMBOLS})?\s*([+-]?\d[\d.,'’\s]*)(?<!\s)\s*({_SYMBOLS})?")
_BLANKS = "'’ \u00a0\u202f"
"""What stands between groups of three digits in places that use neither point nor comma for it."""
_PLAIN = re.compile(r"[+-]?\d+(\.\d+)?")
_DECIMAL_COMMA = re.compile(rf"[+-]?([1-9]\d{{0,2}}([.{_BLANKS}]\d{{3}})+|\d+)(,\d+)?")
_DECIMAL_POINT = re.compile(rf"[+-]?([1-9]\d{{0,2}}([,{_BLANKS}]\d{{3}})+|\d{{1,3}})(\.\d+)?")
_UNITS = {"%": "per cent"}


def number_format(texts: Texts) -> Format | Doubt | None:
    """The convention that all of `texts` follow, a Doubt where both are possible, None where
    neither is.

    A column of plain numbers, or of digits in groups with no decimals at all (as phone numbers
    have), is None.
    """
    affixes, bodies = _without_affixes(texts)
    if bodies is None:
        return None
    comma = all(_DECIMAL_COMMA.fullmatch(body) for body in bodies)
    point = all(_DECIMAL_POINT.fullmatch(body) for body in bodies)
    unit = _unit(affixes)
    if all(_PLAIN.fullmatch(body) for body in bodies):
        return _form("decimal_point", unit) if unit else None
    if comma and point and any("," in body for body in bodies):
        return Doubt(
            "holds numbers whose comma may stand before decimals or between thousands",
            "declare `format: decimal_comma` or `format: decimal_point`",
        )
    if comma and any("," in body or body.count(".") > 1 for body in bodies):
        return _form("decimal_comma", unit)
    if point and any("," in body or "." in body for body in bodies):
        return _form("decimal_point", unit)
    return None


def declared_number_format(name: str, texts: Texts) -> Format:
    """The format called `name`, decimal_comma or decimal_point, with the unit that all `texts`
    bear.
    """
    affixes, _ = _without_affixes(texts)
    return _form(name, _unit(affixes))


def _without_affixes(texts: Texts) -> tuple[set[tuple[str, str]], list[str] | None]:
    """The symbols before and after the digits, and the digits; None for these where a text is no
    such number.
    """
    found = [_AFFIXED.fullmatch(text.strip()) for text in texts]
    parts = [match.groups(default="") for match in found if match is not None]
    affixes = {(before, after) for before, _, after in parts}
    if len(parts) < len(texts) or len(affixes) != 1:
        return set(), None
    return affixes, [body for _, body, _ in parts]


def _unit(affixes: set[tuple[str, str]]) -> str:
    symbol = "".join(next(iter(affixes))) if affixes else ""
    return _UNITS.get(symbol, symbol)


def _form(name: str, unit: str) -> Format:
    decimal = "," if name == "decimal_comma" else "."
    meaning = (
        "numbers with a decimal comma"
        if decimal == ","
        else "numbers with a decimal point and marked thousands"
    )
    return Format(name, meaning, partial(_parse, decimal=decimal), unit=unit)


def _parse(text: str, *, decimal: str) -> float:
    match = _AFFIXED.fullmatch(text.strip())
    pattern = _DECIMAL_COMMA if decimal == "," else _DECIMAL_POINT
    body = match.group(2) if match else ""
    if decimal == "." and _PLAIN.fullmatch(body):
        return float(body)
    if not pattern.fullmatch(body):
        raise ValueError("not a number of this form")
    whole, _, decimals = body.partition(decimal)
    return float(re.sub(rf"[.,{_BLANKS}]", "", whole) + (f".{decimals}" if decimals else ""))
