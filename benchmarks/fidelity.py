"""How alike two tables are, column by column and pair by pair: 1 is equal distributions, 0 is
nothing in common.

Total variation and Kolmogorov-Smirnov complements, as synthetic data is commonly judged (Patki,
Wedge and Veeramachaneni, "The Synthetic Data Vault", DSAA 2016, and its library's column and pair
scores).
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

PAIR_BINS = 10


def marginal_fidelity(real: pd.DataFrame, synthetic: pd.DataFrame) -> float:
    """Mean over columns: 1 - Kolmogorov-Smirnov distance of numbers, 1 - total variation distance
    of categories.
    """
    return float(np.mean([_column(real[name], synthetic[name]) for name in real]))


def _column(real: pd.Series, synthetic: pd.Series) -> float:
    if pd.api.types.is_numeric_dtype(real):
        return 1 - float(ks_2samp(real, synthetic).statistic)
    return 1 - _total_variation(real.astype(str), synthetic.astype(str))


def pairwise_fidelity(real: pd.DataFrame, synthetic: pd.DataFrame) -> float:
    """Mean over pairs of columns: 1 - total variation distance of their joint table, numbers cut at
    real deciles.
    """
    cut_real, cut_synthetic = _cut(real, real), _cut(real, synthetic)
    found = []
    for one, other in itertools.combinations(real.columns, 2):
        pairs = [frame[one] + "\0" + frame[other] for frame in (cut_real, cut_synthetic)]
        found.append(1 - _total_variation(*pairs))
    return float(np.mean(found))


def _cut(real: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    cut = {}
    for name in real:
        if pd.api.types.is_numeric_dtype(real[name]):
            edges = np.unique(np.quantile(real[name], np.arange(1, PAIR_BINS) / PAIR_BINS))
            cut[name] = pd.Series(
                np.searchsorted(edges, frame[name].to_numpy(), side="right")
            ).astype(str)
        else:
            cut[name] = frame[name].astype(str).reset_index(drop=True)
    return pd.DataFrame(cut)


def _total_variation(one: pd.Series, other: pd.Series) -> float:
    shares = [column.value_counts(normalize=True) for column in (one, other)]
    return float(shares[0].sub(shares[1], fill_value=0).abs().sum() / 2)
