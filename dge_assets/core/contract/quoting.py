"""Speaking of cells without quoting them: by their rows.

A message, a log and a check's metadata go where the table itself may not, so they say where a cell
is and never what it holds. Who may read the table finds it there.
"""

from __future__ import annotations

from collections.abc import Iterable

MOST_ROWS = 5


def rows_text(positions: Iterable[int]) -> str:
    """`row 4`, `rows 4, 9 and 12`, or the first five and how many more, of 0-based `positions`;
    rows count from 1.
    """
    numbers = [position + 1 for position in positions]
    shown, left = [str(number) for number in numbers[:MOST_ROWS]], len(numbers) - MOST_ROWS
    if left > 0:
        return f"rows {', '.join(shown)} and {left} more"
    return f"row {shown[0]}" if len(shown) == 1 else f"rows {', '.join(shown[:-1])} and {shown[-1]}"
