"""The picture of cross scores: small, equal twice, right about the diagonal, and none where there
is one member.

That it is readable was judged by eye; these tests cannot see a label that covers another.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageColor

from dge_assets.assets.evaluation_pictures import page_pictures
from dge_assets.core.errors import EvaluationError
from dge_assets.core.evaluation.catalogue import CATALOGUE
from dge_assets.core.reporting.pictures.cross_score_charts import _means, cross_score_heatmap
from dge_assets.core.reporting.pictures.drawing import MAXIMUM_BYTES, PALETTE
from dge_assets.core.reporting.pictures.figure import Pictured, figures_of
from dge_resources.records import recorded
from tests.support.tables import recipe, tiny, tiny_contract

OWN = np.array(ImageColor.getrgb(PALETTE[1]))


def cross(
    members: int = 4, *, families: int = 2, metric: str = "auc", models: tuple[str, ...] = ("lr",)
) -> pd.DataFrame:
    rows = [
        (
            f"family {family}",
            model,
            i,
            j,
            metric,
            0.8 + 0.01 * family + 0.001 * i - 0.002 * j + 0.05 * (i == j),
        )
        for family in range(families)
        for model in models
        for i in range(members)
        for j in range(members)
    ]
    return pd.DataFrame(
        rows, columns=["family", "model", "train_seed", "test_seed", "metric", "value"]
    )


@pytest.mark.parametrize(("members", "families"), [(2, 1), (5, 2), (8, 3), (20, 2), (50, 4)])
def test_it_is_a_small_png_and_the_same_twice(members: int, families: int) -> None:
    png = cross_score_heatmap(cross(members, families=families), "auc")
    assert len(png) <= MAXIMUM_BYTES
    assert png == cross_score_heatmap(cross(members, families=families), "auc")
    with Image.open(BytesIO(png)) as image:
        assert image.format == "PNG"
        assert image.info == {}


def test_gaps_and_equal_values_can_be_drawn_and_nothing_says_so() -> None:
    table = cross()
    whole = cross_score_heatmap(table, "auc")
    assert cross_score_heatmap(table.assign(value=0.5), "auc") != whole
    gap = table.assign(value=table["value"].where(table["test_seed"] != 2))
    assert cross_score_heatmap(gap, "auc") != whole
    nothing = cross_score_heatmap(table.assign(value=np.nan), "auc", title="t")
    assert nothing == cross_score_heatmap(table.iloc[:0], "auc", title="t")


def test_the_own_datasets_are_outlined_and_no_others() -> None:
    """One outlined square per member and one in the legend: as many runs of its colour down the
    picture's columns.
    """
    with Image.open(BytesIO(cross_score_heatmap(cross(5, families=1), "auc"))) as image:
        is_own = (np.asarray(image.convert("RGB")) == OWN).all(axis=2)
    # The left and right edges of a square are the columns where the colour runs furthest.
    runs = is_own.sum(axis=0)
    edges = np.flatnonzero((runs > 0.6 * runs.max()) & (np.r_[0, runs[:-1]] <= 0.6 * runs.max()))
    assert len(edges) == 2 * 5


def test_the_means_are_of_the_diagonal_and_of_the_rest() -> None:
    grid = np.array([[0.9, 0.5, np.nan], [0.7, 0.8, 0.6], [0.6, 0.6, np.nan]])
    assert _means(grid) == "mean on own held-out rows: 0.850; mean on the other datasets: 0.600"
    assert _means(np.array([[25000.4]])) == "mean on own held-out rows: 25000"


def test_a_pair_twice_and_a_missing_column_are_refused() -> None:
    with pytest.raises(EvaluationError, match="occur twice for auc; pass one model"):
        cross_score_heatmap(cross(models=("lr", "mlp")), "auc")
    with pytest.raises(EvaluationError, match="family"):
        cross_score_heatmap(cross().drop(columns="family"), "auc")


CARD = CATALOGUE["cross_scores"]
REAL_TEST = recorded(
    tiny(50),
    recipe("real_test", parameters={"contract": tiny_contract().model_dump(mode="json")}),
    run_id="r",
)
ABOUT = Pictured(contract=tiny_contract(), real_test=REAL_TEST.frame, tables={})


def on_its_page(table: pd.DataFrame) -> list[str]:
    item = recorded(table, recipe("cross_scores"), run_id="r")
    return list(page_pictures(CARD, {"cross_scores": item}, REAL_TEST))


def test_report_and_page_show_one_picture_of_the_first_model() -> None:
    for metric in ("auc", "rmse"):
        table = cross(models=("lr", "mlp"), metric=metric)
        ((title, caption, png),) = figures_of(CARD, table, ABOUT)
        assert title == f"Members scored on each other's datasets, {metric}"
        assert caption.startswith("lr trained on part of one member's dataset")
        assert caption.endswith("The other models' are in the warehouse.")
        of_first = figures_of(CARD, table[table["model"] == "lr"], ABOUT)
        assert of_first[0].png == png
        assert on_its_page(table) == [f"chart {title}"]


def test_one_member_has_no_picture() -> None:
    assert figures_of(CARD, cross(0), ABOUT) == []
    assert on_its_page(cross(0)) == []
