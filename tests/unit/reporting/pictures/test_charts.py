"""Charts: what can be said of a picture without looking at it: that it is one, small, equal twice,
and complete.

That a chart is readable was judged by eye; these tests cannot see a label that covers another.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dge_assets.core.errors import EvaluationError
from dge_assets.core.reporting.frames import approach_order
from dge_assets.core.reporting.page.augmentation import augmentation_chart
from dge_assets.core.reporting.pictures import charts, marginals
from dge_assets.core.reporting.pictures.drawing import MAXIMUM_BYTES

APPROACHES = ("oracle", "naive_single", "naive_concat", "dge_5", "dge_20")
COLUMNS = [
    ("age", "integer"),
    ("speed $x^ (mph)", "continuous"),
    ("so_called <b>'quoted'</b>", "categorical"),
    ("dead", "boolean"),
    ("日付", "datetime"),
    ("record", "id"),
    ("constant", "continuous"),
]


def losses(seeds: int = 3) -> pd.DataFrame:
    rows = [
        (seed, epoch, name, 1 / (epoch + 1) + seed)
        for seed in range(seeds)
        for epoch in range(20)
        for name in ("generator", "discriminator")
    ]
    return pd.DataFrame(rows, columns=["seed", "epoch", "loss", "value"])


def real_like(seed: int, rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    levels = [f"level {index}" for index in range(14)]
    frame = pd.DataFrame(
        {
            "age": pd.array(rng.integers(18, 90, rows), dtype="Int64"),
            "speed $x^ (mph)": rng.normal(30, 5, rows),
            "so_called <b>'quoted'</b>": pd.Categorical(rng.choice(levels, rows)),
            "dead": pd.array(rng.random(rows) < 0.05, dtype="boolean"),
            "日付": pd.Timestamp("2001-01-01")
            + pd.to_timedelta(rng.integers(0, 900, rows), unit="D"),
            "record": np.arange(rows),
            "constant": np.zeros(rows),
        }
    )
    frame.loc[rng.random(rows) < 0.1, ["age", "dead", "日付"]] = pd.NA
    return frame


def scores(metric: str = "auc") -> pd.DataFrame:
    rows = [
        (
            family,
            model,
            approach,
            metric,
            0.7 + 0.02 * index,
            np.nan if approach.startswith("dge") else 0.01,
        )
        for family in ("ctgan", "tvae")
        for model in ("lr", "mlp")
        for index, approach in enumerate(APPROACHES)
    ]
    return pd.DataFrame(rows, columns=["family", "model", "approach", "metric", "value", "std"])


def k_curve() -> pd.DataFrame:
    rows = [
        ("ctgan", "lr", K, "auc", 0.8 - 0.1 / K, 0.01, 0.81 - 0.1 / K, 9.0 * K)
        for K in (1, 2, 5, 10)
    ]
    return pd.DataFrame(
        rows, columns=["family", "model", "K", "metric", "measured", "std", "predicted", "seconds"]
    )


def augmented(
    approaches: tuple[str, ...] = ("real_only", "real_naive", "real_dge_5"),
) -> pd.DataFrame:
    rows = [
        (
            "tvae",
            "lr",
            size,
            approach,
            float(index > 0) / 2,
            "auc",
            0.7 + 0.01 * index,
            0.69 if size < 300 else np.nan,
        )
        for size in (100, 300)
        for index, approach in enumerate(approaches)
    ]
    return pd.DataFrame(
        rows,
        columns=["family", "model", "real_rows", "approach", "weight", "metric", "value", "low"],
    )


DRAWINGS: dict[str, Callable[[], bytes]] = {
    "losses": lambda: charts.loss_curves(losses(), "ctgan"),
    "losses of 20 seeds": lambda: charts.loss_curves(losses(20), "ctgan"),
    "no losses": lambda: charts.loss_curves(losses(0), "copula"),
    "marginals": lambda: marginals.marginals(
        real_like(0), {seed: real_like(seed) for seed in (1, 2)}, COLUMNS
    ),
    "marginals without members": lambda: marginals.marginals(real_like(0), {}, COLUMNS),
    "no marginals": lambda: marginals.marginals(real_like(0), {}, [("record", "id")]),
    "approaches": lambda: charts.approach_comparison(scores(), "auc"),
    "evaluation": lambda: charts.evaluation_comparison(scores(), "auc"),
    "no evaluation": lambda: charts.evaluation_comparison(scores(), "brier"),
    "k curve": lambda: charts.k_curve_chart(k_curve(), "auc"),
    "k curve without cost": lambda: charts.k_curve_chart(
        k_curve().assign(seconds=np.nan, predicted=np.nan), "auc"
    ),
    "augmentation": lambda: augmentation_chart(augmented(), "auc"),
    "no augmentation": lambda: augmentation_chart(augmented(()), "auc"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_chart_is_a_small_png_and_the_same_twice(name: str) -> None:
    png = DRAWINGS[name]()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(png) <= MAXIMUM_BYTES
    assert png == DRAWINGS[name]()
    with Image.open(BytesIO(png)) as image:
        assert image.info == {}, "metadata (software, time) would make equal pictures differ"
        assert min(image.size) > 100


def test_the_worst_case_stays_small() -> None:
    columns = [(f"column {index}", "continuous") for index in range(12)]
    rng = np.random.default_rng(0)
    frames = [
        pd.DataFrame(rng.normal(size=(300, 12)), columns=[name for name, _ in columns])
        for _ in range(21)
    ]
    png = marginals.marginals(frames[0], dict(enumerate(frames[1:])), columns)
    assert len(png) <= MAXIMUM_BYTES
    noise = [
        (seed, epoch, name, rng.normal())
        for seed in range(20)
        for epoch in range(300)
        for name in "abcdef"
    ]
    curves = charts.loss_curves(
        pd.DataFrame(noise, columns=["seed", "epoch", "loss", "value"]), "noise"
    )
    assert len(curves) <= MAXIMUM_BYTES


def test_charts_leave_pyplot_alone() -> None:
    before = plt.get_fignums()
    DRAWINGS["losses"]()
    assert plt.get_fignums() == before


@pytest.mark.parametrize(
    ("draw", "columns"),
    [
        (lambda frame: charts.loss_curves(frame, "t"), "epoch"),
        (lambda frame: charts.approach_comparison(frame, "auc"), "approach"),
        (lambda frame: charts.k_curve_chart(frame, "auc"), "predicted"),
    ],
)
def test_a_missing_column_is_named(draw: Callable[[pd.DataFrame], bytes], columns: str) -> None:
    with pytest.raises(EvaluationError, match=columns):
        draw(pd.DataFrame({"seed": [1], "metric": ["auc"]}))


def test_a_member_that_lacks_a_column_is_named() -> None:
    with pytest.raises(EvaluationError, match=r"synthetic, seed 7.*\['age'\]"):
        marginals.marginals(real_like(0), {7: real_like(1).drop(columns="age")}, COLUMNS)


def test_a_changed_value_changes_the_picture() -> None:
    moved = scores()
    moved.loc[1, "value"] += 0.05
    assert charts.approach_comparison(moved, "auc") != charts.approach_comparison(scores(), "auc")
    assert charts.evaluation_comparison(moved, "auc") != charts.evaluation_comparison(
        scores(), "auc"
    )


def test_approaches_are_ordered_by_meaning_not_by_letter() -> None:
    mixed = [
        "dge_20",
        "other",
        "naive_concat",
        "dge_5",
        "oracle",
        "naive_single",
        "naive_ensemble",
        "dge_100",
        "dge_5",
    ]
    assert approach_order(mixed) == [
        *("oracle", "naive_single", "naive_ensemble", "naive_concat"),
        *("dge_5", "dge_20", "dge_100", "other"),
    ]


def test_shares_count_values_beyond_the_axis() -> None:
    # 1,000 small values and 5 huge ones: the axis covers the middle, and the bars must not be
    # scaled up to 1.
    values = np.r_[np.linspace(0, 1, 1000), np.full(5, 1e9)]
    edges = marginals._bin_edges([values])
    assert edges is not None
    assert edges[-1] < 2
    assert marginals._shares(values, edges).sum() == pytest.approx(1000 / 1005, abs=0.012)
    assert "beyond" in marginals._beyond_note(edges, np.full(10, 1e9), values)


def test_whole_numbers_get_bins_around_them() -> None:
    edges = marginals._bin_edges([np.array([2.0, 3.0, 4.0, 5.0])])
    np.testing.assert_array_equal(edges, [1.5, 2.5, 3.5, 4.5, 5.5])


@settings(max_examples=10)
@given(
    name=st.text(max_size=20),
    levels=st.lists(st.text(max_size=12), min_size=1, max_size=12, unique=True),
)
def test_any_name_and_level_can_be_drawn(name: str, levels: list[str]) -> None:
    # No mathtext, no missing-glyph warning (warnings are errors), no label dropped for its first
    # letter.
    frame = pd.DataFrame({name: pd.Categorical(levels)})
    assert marginals.marginals(frame, {0: frame}, [(name, "categorical")]).startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", ["continuous", "integer", "categorical", "boolean", "datetime"])
def test_a_column_without_values_can_be_drawn(kind: str) -> None:
    empty = pd.DataFrame({"x": pd.Series([None, None, None], dtype="object")})
    assert marginals.marginals(empty, {0: empty}, [("x", kind)]).startswith(b"\x89PNG")
