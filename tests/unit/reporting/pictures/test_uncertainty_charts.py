"""Pictures and tables of uncertainty: small, equal twice, complete, and clear where there is
nothing to show.

That a picture is readable was judged by eye; these tests cannot see a label that covers another.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dge_assets.core.contract.contract import Contract, Task
from dge_assets.core.downstream.targets import Target
from dge_assets.core.errors import EvaluationError
from dge_assets.core.evaluation.catalogue import CATALOGUE
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.reporting.page.report import render_report
from dge_assets.core.reporting.page.report_input import ReportInput
from dge_assets.core.reporting.page.uncertainty_views import (
    selection_quality_views,
    uncertainty_views,
)
from dge_assets.core.reporting.pictures.drawing import MAXIMUM_BYTES
from dge_assets.core.reporting.pictures.figure import Figure, Pictured, figures_of
from dge_assets.core.reporting.pictures.maps import prediction_maps
from dge_assets.core.reporting.pictures.uncertainty_charts import (
    confidence_chart,
    reliability_chart,
    selective_chart,
    uncertainty_chart,
)
from dge_assets.core.scores.predictions import TrainingPredictions
from dge_assets.core.scores.scored import Scored
from dge_assets.core.scores.selection_quality import SELECTION_QUALITY_COLUMNS
from dge_assets.core.uncertainty.prediction_map import map_grid, prediction_map
from dge_assets.core.uncertainty.tables import uncertainty_tables
from tests.support.tables import column, contract, tiny, tiny_contract

ROWS = 120


def members(task: Task, rng: np.random.Generator, y: np.ndarray) -> TrainingPredictions:
    """Predictions that know something of y, each with an error of its own."""

    def drawn() -> np.ndarray:
        score = 2 * y - 1 + rng.normal(0, 1.2, ROWS)
        p = 1 / (1 + np.exp(-2 * score))
        return score if task == "regression" else np.column_stack([1 - p, p])

    full = tuple(drawn() for _ in range(5))
    return TrainingPredictions((drawn(),), (drawn(), drawn()), drawn(), full)


@cache
def tables(task: Task = "binary") -> dict[str, pd.DataFrame]:
    """The evaluation tables of two families."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, ROWS)
    drawn = Resamples(ROWS, np.random.SeedSequence(0), 50)
    parts: dict[str, list[pd.DataFrame]] = {}
    for family, model in (("ctgan", "lr"), ("tvae", "lr")):
        scored = Scored(y, members(task, rng, y), [2, 5], task, drawn)
        for name, table in uncertainty_tables(scored).items():
            parts.setdefault(name, []).append(table.assign(family=family, model=model))
    return {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}


@cache
def plane(task: Task = "binary", classes: int = 2) -> Contract:
    levels = tuple(range(classes))
    target = (
        column("target", "continuous")
        if task == "regression"
        else column("target", "categorical", categories=levels)
    )
    return contract(
        "target", column("x", "continuous"), column("y $^", "integer"), target, task=task
    )


def points(task: Task = "binary", classes: int = 2, rows: int = 700) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    label = rng.normal(size=rows) if task == "regression" else rng.integers(0, classes, rows)
    return pd.DataFrame(
        {"x": rng.normal(size=rows), "y $^": rng.integers(0, 9, rows), "target": label}
    )


def mapped(task: Task = "binary", classes: int = 2) -> pd.DataFrame:
    """Members whose boundary turns from one to the next."""
    grid = map_grid(plane(task, classes), points(task, classes))
    assert grid is not None

    def member(turn: float) -> np.ndarray:
        side = np.column_stack(
            [grid["x"] * k + turn * grid["y $^"] * (k - 1) for k in range(classes)]
        )
        odds = np.exp(side - side.max(axis=1, keepdims=True))
        return side[:, 1] if task == "regression" else odds / odds.sum(axis=1, keepdims=True)

    ensembles = {
        "oracle": [member(0)],
        "naive_ensemble": [member(0.3)],
        "dge_3": [member(t) for t in (0.1, 0.3, 0.6)],
    }
    levels = () if task == "regression" else tuple(range(classes))
    return prediction_map(grid, ensembles, Target("target", task, levels))


def draw_map(task: Task = "binary", classes: int = 2, rows: int = 700) -> bytes:
    levels = () if task == "regression" else tuple(range(classes))
    shown = points(task, classes, rows)
    return prediction_maps(
        mapped(task, classes), shown, target="target", classes=levels, title="a map"
    )


DRAWINGS: dict[str, Callable[[], bytes]] = {
    "uncertainty": lambda: uncertainty_chart(tables()["uncertainty"], title="u"),
    "uncertainty of a regression": lambda: uncertainty_chart(
        tables("regression")["uncertainty"], title="u"
    ),
    "reliability": lambda: reliability_chart(tables()["calibration"], title="r"),
    "reliability, equal count": lambda: reliability_chart(
        tables()["calibration"], curve="equal_count", title="r"
    ),
    "no reliability": lambda: reliability_chart(tables()["calibration"].iloc[:0], title="r"),
    "confidence": lambda: confidence_chart(tables()["calibration"], title="c"),
    "selective": lambda: selective_chart(tables()["selective"], title="s"),
    "selective of a regression": lambda: selective_chart(
        tables("regression")["selective"], title="s"
    ),
    "map": draw_map,
    "map of three classes": lambda: draw_map("multiclass", 3),
    "map of a regression": lambda: draw_map("regression"),
    "map without points": lambda: draw_map(rows=0),
}


@cache
def drawn(name: str) -> bytes:
    """Each picture once, for the tests that look at it."""
    return DRAWINGS[name]()


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_picture_is_a_small_png(name: str) -> None:
    png = drawn(name)
    assert len(png) <= MAXIMUM_BYTES
    with Image.open(BytesIO(png)) as image:
        assert image.format == "PNG"
        assert image.info == {}
        assert min(image.size) > 100


def test_pictures_are_the_same_twice() -> None:
    assert drawn("map") == DRAWINGS["map"]()
    assert drawn("reliability") == DRAWINGS["reliability"]()


def test_a_map_without_any_spread_has_one_row_of_panels() -> None:
    single = mapped().assign(spread=np.nan, fits=1)
    png = prediction_maps(single, points(), target="target", classes=(0, 1), title="a map")
    with Image.open(BytesIO(png)) as image, Image.open(BytesIO(drawn("map"))) as both:
        assert image.height < 0.7 * both.height
        assert image.width == both.width


def test_a_missing_column_is_named() -> None:
    for draw in (uncertainty_chart, reliability_chart, confidence_chart, selective_chart):
        with pytest.raises(EvaluationError, match="approach"):
            draw(pd.DataFrame({"family": ["ctgan"]}), title="t")


def pictures(
    name: str, table: pd.DataFrame, contract: Contract, real_test: pd.DataFrame
) -> list[Figure]:
    """Those that the table's card names."""
    about = Pictured(contract=contract, real_test=real_test, tables={})
    return figures_of(CATALOGUE[name], table, about)


def test_each_table_has_its_pictures_and_other_tables_have_none() -> None:
    real = tiny(50)
    made = {name: pictures(name, table, tiny_contract(), real) for name, table in tables().items()}
    assert {name: len(figures) for name, figures in made.items()} == {
        "uncertainty": 1,
        "calibration": 2,
        "selective": 1,
    }
    assert all(
        title and caption.endswith(".") and png
        for figures in made.values()
        for title, caption, png in figures
    )
    assert pictures("selection", tables()["uncertainty"], tiny_contract(), real) == []


def test_a_table_of_two_features_has_a_map_per_family_and_model_and_others_none() -> None:
    labelled = [mapped().assign(family=family, model="lr") for family in ("ctgan", "tvae")]
    table = pd.concat(labelled, ignore_index=True)
    titles = [title for title, _, _ in pictures("prediction_map", table, plane(), points())]
    assert titles == ["Map, ctgan, lr", "Map, tvae, lr"]
    assert pictures("prediction_map", table.iloc[:0], plane(), points()) == []
    assert pictures("prediction_map", table, tiny_contract(), tiny(50)) == []


def test_the_page_shows_quality_of_selection_and_uncertainty() -> None:
    ends, none = [0.8, 1.0, 0.7, 1.0, 0.0, 0.1], [np.nan] * 6
    quality = pd.DataFrame(
        [
            ("tvae", "dge_5", "auc", 1.0, 1.0, 0.0, *ends, "members", ""),
            ("tvae", "naive", "auc", -1.0, np.nan, 0.25, *none, "members", "too few"),
            ("tvae", "naive", "f1", 0, 0, 0, *none, "members", "too few"),
        ],
        columns=["family", *SELECTION_QUALITY_COLUMNS],
    )
    (view,) = selection_quality_views(quality, ["auc"])
    assert [[cell.text for cell in row][2:] for row in view.rows] == [
        ["naive", "−1.000", "—", "0.2500"],
        ["dge_5", "1.000", "1.000", "0.0000"],
    ]
    assert [cell.hint for cell in view.rows[0][3:]] == ["too few"] * 3
    assert [cell.interval for cell in view.rows[1][3:]] == [
        "0.800 to 1.000",
        "0.700 to 1.000",
        "0.0000 to 0.1000",
    ]
    assert view.note == "Below a value: its 95 % interval, over members."
    views = uncertainty_views(tables()["uncertainty"])
    assert [view.caption.split(":")[0] for view in views] == ["ctgan", "tvae"]
    assert [cell.text for cell in views[0].rows[0]][:2] == ["lr", "oracle"]
    row = dict(zip([head.text for head in views[0].heads], views[0].rows[0], strict=True))
    assert row["total"].hint == "95 % over test rows"
    assert re.fullmatch(r"0\.\d+ to 0\.\d+", row["total"].interval)
    assert "biased upwards" in row["ece"].hint
    page = render_report(
        ReportInput(
            table="t",
            title="t",
            tables={"selection_quality": quality, "uncertainty": tables()["uncertainty"]},
        )
    )
    assert "Agreement with the oracle" not in page, (
        "no headline metric was scored, so none is shown"
    )
    assert "excess_aurc_total" in page
