"""Tables that have no rows: they still have columns, and the columns types, or a query on them
would fail.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd


def no_rows(types: Mapping[str, str]) -> pd.DataFrame:
    """A table without rows, of the columns and pandas types in `types`."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
