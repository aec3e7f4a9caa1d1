"""What the report says of size, errors and statistics, and the pictures of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.errors import EvaluationError
from dge_assets.core.reporting.page.ensemble_size import (
    component_views,
    effective_views,
    recommendation_sentences,
    squared_error_in,
)
from dge_assets.core.reporting.page.statistic_tables import statistic_views
from dge_assets.core.reporting.pictures.charts import k_curve_chart
from dge_assets.core.reporting.pictures.correlation_charts import (
    correlation_matrix,
    error_correlation_heatmap,
)
from dge_assets.core.reporting.pictures.drawing import MAXIMUM_BYTES
from tests.support.results import ensemble_frames


def pairs(members: int = 3, models: int = 2) -> pd.DataFrame:
    """Correlations of two families' members, one of them unknown."""
    every = [(family, seed) for family in ("ctgan", "tvae") for seed in range(members)]
    rows = [
        (
            f"model {model}",
            *one,
            *other,
            "deviation",
            np.nan if (i, j) == (0, 1) else 0.9 - 0.1 * abs(j - i),
        )
        for model in range(models)
        for i, one in enumerate(every)
        for j, other in enumerate(every)
        if i < j
    ]
    return pd.DataFrame(
        rows, columns=["model", "family_a", "seed_a", "family_b", "seed_b", "kind", "value"]
    )


def curve() -> pd.DataFrame:
    rows = [
        (family, model, K, "brier", 0.1 + 0.1 / K, np.nan, 0.1 + 0.1 / K, 9.0 * K)
        for family in ("ctgan", "tvae")
        for model in ("lr", "mlp")
        for K in range(1, 6)
    ]
    return pd.DataFrame(
        rows, columns=["family", "model", "K", "metric", "measured", "std", "predicted", "seconds"]
    )


@pytest.mark.parametrize(("members", "models"), [(1, 1), (3, 2), (2, 5), (20, 3)])
def test_the_heat_map_is_a_small_png_and_the_same_twice(members: int, models: int) -> None:
    png = error_correlation_heatmap(pairs(members, models), "deviation")
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(png) <= MAXIMUM_BYTES
    assert png == error_correlation_heatmap(pairs(members, models), "deviation")


def test_without_pairs_the_heat_map_says_so_and_without_columns_it_fails() -> None:
    assert error_correlation_heatmap(pairs(), "error")[:4] == b"\x89PNG"
    with pytest.raises(EvaluationError, match="error correlation: columns"):
        error_correlation_heatmap(pairs().drop(columns="seed_b"), "deviation")


def test_the_matrix_is_symmetric_with_families_side_by_side() -> None:
    members, matrix = correlation_matrix(pairs(models=1).sample(frac=1, random_state=0))
    assert [member[1] for member in members] == [0, 1, 2, 0, 1, 2]
    assert np.array_equal(matrix, matrix.T, equal_nan=True)
    assert np.diag(matrix).tolist() == [1.0] * 6
    assert np.isnan(matrix).sum() == 2


def test_the_recommended_k_is_on_the_chart_of_the_curve() -> None:
    sizes = pd.DataFrame(
        {"family": ["ctgan", "tvae"], "model": ["lr", "lr"], "K": pd.array([3, 40], dtype="Int64")}
    )
    plain, marked = (
        k_curve_chart(curve(), "brier"),
        k_curve_chart(curve(), "brier", recommended=sizes),
    )
    assert plain != marked
    assert marked != k_curve_chart(
        curve(), "brier", recommended=sizes.assign(K=pd.array([4, 40], dtype="Int64"))
    )
    unknown = sizes.assign(K=pd.array([None, None], dtype="Int64"))
    assert plain == k_curve_chart(curve(), "brier", recommended=unknown)
    assert squared_error_in(curve()) == "brier"


def test_the_recommended_size_is_a_sentence_with_its_cost() -> None:
    (sentence,) = recommendation_sentences(ensemble_frames("tvae")["k_recommendation"])
    assert sentence == (
        "tvae: recommended K is 3 (2 to 7) for lr, 9 (?) for mlp (in brackets: with other members and test rows, at 95 %; ? "
        "where not known). With K = 9, which takes about 90.0 s of one core, the next member would gain 4.0e-05 of the Brier "
        "score for 10.0 s, less than the declared 1e-05 per second of CPU time. That is predicted from 5 members, not measured."
    )
    unknown = ensemble_frames("tvae")["k_recommendation"].assign(K=pd.NA, note="K = 1: too few")
    assert recommendation_sentences(unknown) == ["tvae: no K can be recommended (K = 1: too few)."]


def test_no_interval_is_marked_for_holding_an_estimate_and_a_missing_one_says_why() -> None:
    (view,) = statistic_views(ensemble_frames("tvae")["statistics"])
    row = dict(zip([head.text for head in view.heads], view.rows[0], strict=True))
    assert row["statistic"].text == "mean of tvae"
    assert row["real rows"].text == "2.30 (2.20 to 2.40)"
    assert row["K datasets"].text == "2.05"
    assert {cell.kind for cell in view.rows[0][1:]} == {"number"}
    assert (row["raghunathan_2003"].text, row["raghunathan_2003"].hint) == ("—", "tvae")
    assert view.note == "Where there is a dash: tvae."


def test_components_and_effective_members_give_their_reasons_below() -> None:
    frames = ensemble_frames("why")
    (components,), (effective,) = (
        component_views(frames["variance_components"]),
        effective_views(frames["effective_members"]),
    )
    why = "Where there is a dash: why."
    assert components.note == f"Below a value: its 95 % interval, over test rows. {why}"
    assert effective.note == f"Below a value: its 95 % interval, over members and test rows. {why}"
    assert [cell.text for cell in effective.rows[0]] == [
        "lr",
        "why",
        "5",
        "0.2500",
        "2.500",
        "0.2500",
        "2.500",
    ]
    assert [cell.interval for cell in effective.rows[0][3:]] == [
        "0.1000 to 0.4000",
        "1.900 to 3.600",
    ] * 2
    assert [cell.hint for cell in effective.rows[0][3:]] == ["95 % over members and test rows"] * 4
    assert [cell.hint for cell in effective.rows[1][3:]] == [
        "why",
        "why",
        "not defined",
        "not defined",
    ]
    assert [cell.interval for cell in effective.rows[1]] == [""] * 7
    shown = {
        head.text: cell for head, cell in zip(components.heads, components.rows[0], strict=True)
    }
    assert shown["one member"].interval == "0.1800 to 0.2200"
    assert (shown["by dataset"].interval, shown["by dataset"].hint) == ("", "why")


def test_members_that_would_still_be_worth_it_are_not_said_to_gain_less() -> None:
    found = ensemble_frames("tvae")["k_recommendation"]
    (sentence,) = recommendation_sentences(
        found.assign(gain_of_next=2 * found["gain_per_second"] * found["seconds_per_member"])
    )
    assert "less than the declared" not in sentence.replace("no less than the declared", "")
    assert "no more are recommended" in sentence
