"""Small tables as evaluation gives them, for what shows them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dge_assets.core.ensemble.error_correlation import EFFECTIVE_COLUMNS
from dge_assets.core.ensemble.k_recommendation import RECOMMENDATION_COLUMNS
from dge_assets.core.ensemble.variance_components import COMPONENT_COLUMNS
from dge_assets.core.intervals.interval import MEMBERS_AND_ROWS as BOTH
from dge_assets.core.statistics.table import STATISTIC_COLUMNS


def ensemble_frames(odd: str) -> dict[str, pd.DataFrame]:
    """What is said of the ensemble's size, of errors and of statistics; one of each cannot be told."""
    recommended = pd.DataFrame(
        [
            (
                odd,
                "lr",
                "brier",
                3,
                2,
                7,
                5,
                0.0004,
                0.0002,
                0.001,
                0.002,
                30.0,
                10.0,
                1e-4,
                "",
                BOTH,
                "",
            ),
            (
                odd,
                "mlp",
                "brier",
                9,
                None,
                None,
                5,
                0.00004,
                *[np.nan] * 2,
                0.002,
                90.0,
                10.0,
                1e-5,
                "foretold",
                BOTH,
                odd,
            ),
        ],
        columns=["family", "model", *RECOMMENDATION_COLUMNS],
    ).astype({"K_low": "Int64", "K_high": "Int64"})
    parts = [
        ("error", 0.2, ""),
        ("model_and_dataset", 0.1, ""),
        ("model", np.nan, odd),
        ("dataset", np.nan, odd),
    ]
    components = pd.DataFrame(
        [
            (
                odd,
                "lr",
                "brier",
                name,
                value,
                value / 0.2,
                note,
                *[0.9 * value, 1.1 * value] * 2,
                "test rows",
                note,
            )
            for name, value, note in [*parts, ("floor", 0.1, "")]
        ],
        columns=["family", "model", *COMPONENT_COLUMNS],
    )
    kinds = ("error", "deviation")
    effective = pd.DataFrame(
        [
            (
                "lr",
                odd,
                odd,
                kind,
                5,
                0.25,
                2.5,
                "",
                0.2,
                0.3,
                2.0,
                3.0,
                "test rows",
                "",
                0.1,
                0.4,
                1.9,
                3.6,
                BOTH,
                "",
            )
            for kind in kinds
        ]
        + [
            (
                "lr",
                odd,
                "b",
                "error",
                2,
                np.nan,
                np.nan,
                odd,
                *([np.nan] * 4 + ["test rows", odd]) * 2,
            )
        ],
        columns=["model", *EFFECTIVE_COLUMNS],
    )
    statistics = pd.DataFrame(
        [
            (odd, "mean", odd, "", "naive_single", 1, 2.0, 1.9, 2.1, 99.0, 2.3, 2.2, 2.4, ""),
            (odd, "mean", odd, "", "rubin_1987", 5, 2.05, 1.5, 2.5, 8.0, 2.3, 2.2, 2.4, ""),
            (
                odd,
                "mean",
                odd,
                "",
                "raghunathan_2003",
                5,
                2.05,
                np.nan,
                np.nan,
                np.nan,
                2.3,
                2.2,
                2.4,
                odd,
            ),
        ],
        columns=["family", *STATISTIC_COLUMNS],
    )
    return {
        "k_recommendation": recommended,
        "variance_components": components,
        "effective_members": effective,
        "statistics": statistics,
    }
