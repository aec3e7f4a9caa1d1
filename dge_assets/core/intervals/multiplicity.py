"""Many hypotheses at once: p-values adjusted so that a finding among many means what one alone
does.

Here: Holm's adjustment, of an array and within the parts of a table. Not here: the tests that give
p (`groups.scores`, `augmentation.scores`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dge_assets.core.arrays import Array


def with_adjusted(table: pd.DataFrame, by: Sequence[str], *, count: str) -> pd.DataFrame:
    """`table` with `p_adjusted` (Holm 1979), of its column `p`, over the rows of equal `by`.

    The column `count` says how many hypotheses these were; rows whose p is NaN are none.
    """
    adjusted = np.full(len(table), np.nan)
    counts = np.zeros(len(table), dtype=np.int64)
    if len(table):
        for place in table.groupby(list(by), sort=False).indices.values():
            p = table["p"].to_numpy(dtype=np.float64)[place]
            adjusted[place], counts[place] = holm(p), int(np.isfinite(p).sum())
    return table.assign(**{"p_adjusted": adjusted, count: counts})


def holm(p: Array) -> Array:
    """Holm's adjusted p-values (hypotheses,): reject those below a, and any false rejection has at
    most probability a.

    NaN stays NaN and does not count as a hypothesis. Source: Holm, "A simple sequentially rejective
    multiple test procedure", Scandinavian Journal of Statistics 6, 1979. Holds however the
    hypotheses depend on each other.
    """
    adjusted = np.full(len(p), np.nan)
    order = np.argsort(p, kind="stable")
    order = order[np.isfinite(p[order])]
    steps = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * steps), 1.0)
    return adjusted
