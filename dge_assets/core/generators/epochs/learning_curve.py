"""How far a generator in training is from the table, column by column; and when to stop for that
reason.

A loss of a GAN says little about quality, and TVAE's says nothing about rows that are drawn. So
rows are drawn, from a stream of their own that leaves the training as it is, and compared with the
encoded table.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dge_assets.core.generators.encoding.encoded_table import Array, EncodedTable

CURVE = "marginal_distance"
"""Name of the column in a member's losses."""
ROWS = 2_000
"""Rows that are drawn for one point of the curve."""


def marginal_distance(table: EncodedTable, numbers: Array, codes: Array) -> float:
    """Mean distance of drawn rows (n,) from the table over all encoded columns, 0 (none) to 1.

    For a span the total variation distance of its levels' shares; for a number the
    Kolmogorov-Smirnov statistic.
    """
    from scipy.stats import ks_2samp  # 30 MB that a training without a curve need not hold

    spans = [
        0.5
        * float(np.abs(_shares(table.codes[:, span], width) - _shares(codes[:, span], width)).sum())
        for span, width in enumerate(table.layout.span_widths)
    ]
    columns = range(table.numbers.shape[1])
    statistics = [
        float(ks_2samp(table.numbers[:, each], numbers[:, each]).statistic) for each in columns
    ]
    return float(np.mean([*spans, *statistics]))


def _shares(codes: Array, width: int) -> Array:
    return np.bincount(codes, minlength=width) / len(codes)


def has_stopped(curve: Sequence[float], *, patience: int) -> bool:
    """Whether the last `patience` measured points of the curve (NaN where not measured) brought
    nothing smaller.

    >>> has_stopped([0.5, 0.4, 0.41, 0.42], patience=2)
    True
    """
    measured = [value for value in curve if not np.isnan(value)]
    if not patience or len(measured) <= patience:
        return False
    return min(measured[-patience:]) >= min(measured[:-patience])
