"""Columns that many evaluation tables share, said once.

Not here: a column that one table alone has (that table's card).
"""

from __future__ import annotations

from dge_assets.core.cards.table_card import ColumnCard


def text(name: str, meaning: str) -> ColumnCard:
    """A column of words."""
    return ColumnCard(name, "string", meaning)


def number(name: str, meaning: str) -> ColumnCard:
    """A column of numbers, which may be missing."""
    return ColumnCard(name, "float64", meaning)


def count(name: str, meaning: str) -> ColumnCard:
    """A column of whole numbers, none of which is missing."""
    return ColumnCard(name, "int64", meaning)


def count_or_none(name: str, meaning: str) -> ColumnCard:
    """A column of whole numbers, some of which may be missing."""
    return ColumnCard(name, "Int64", meaning)


FAMILY = text("family", "the generator family")
MODEL = text("model", "the downstream model")
PAIR = (FAMILY, MODEL)
APPROACH = text("approach", "how synthetic data is used: oracle, naive_..., dge_K")
METRIC = text(
    "metric", "what is scored; the report says for each whether higher or lower is better"
)
VALUE = number("value", "the score")
OVER = text("over", "what the interval is over: what would be different in a repetition")
REASON = text("reason", "why the value or its interval is missing; empty where both are there")
NOTE = text("note", "what a reader must know about this row; empty where there is nothing")


def ends(what: str = "", prefix: str = "") -> tuple[ColumnCard, ColumnCard]:
    """The two ends of a 95 % interval `of what`, named with the prefix."""
    of = f" of {what}" if what else ""
    return (
        number(f"{prefix}low", f"lower end of the 95 % interval{of}"),
        number(f"{prefix}high", f"upper end of the 95 % interval{of}"),
    )


def interval(what: str = "") -> tuple[ColumnCard, ...]:
    """An interval with what it is over and why it is missing: `low, high, over, reason`."""
    return (*ends(what), OVER, REASON)


def expected_interval(what: str = "") -> tuple[ColumnCard, ...]:
    """The interval with other members and other test rows, in columns of its own."""
    return (
        *ends(f"{what or 'the value'}, with other members", "expected_"),
        text("expected_over", "what that interval is over"),
        text("expected_reason", "why that interval is missing; empty where it is not"),
    )
