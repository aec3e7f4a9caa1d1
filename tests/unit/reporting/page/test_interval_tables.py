"""Tables of intervals: signs turned so that more is better, ends in order, reasons beside what is
missing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.reporting.page.augmentation import claim_interval_views
from dge_assets.core.reporting.page.interval_tables import difference_views, reason_views
from dge_assets.core.reporting.page.tables import score_views


def differences(metric: str, low: float, high: float) -> pd.DataFrame:
    """The expected interval is wider by 0.05 on either side."""
    columns = [
        "family",
        "model",
        "approach",
        "against",
        "metric",
        "difference",
        "low",
        "high",
        "over",
        "reason",
    ]
    rows = [
        (
            "tvae",
            model,
            approach,
            "naive_single",
            metric,
            (low + high) / 2,
            low,
            high,
            "test rows",
            "",
        )
        for model in ("lr", "mlp")
        for approach in ("naive_concat", "dge_5", "dge_10")
    ]
    expected = {
        "expected_low": low - 0.05,
        "expected_high": high + 0.05,
        "expected_reason": "",
        "remark": "",
    }
    return pd.DataFrame(rows, columns=columns).assign(**expected)


@pytest.mark.parametrize(("metric", "low", "high"), [("auc", 0.1, 0.3), ("brier", -0.3, -0.1)])
def test_a_gain_is_positive_where_the_dge_is_better_whatever_the_metric_s_goal(
    metric: str, low: float, high: float
) -> None:
    row = difference_views(differences(metric, low, high), [metric])[0].rows[0]
    assert [cell.text for cell in row] == [
        *("tvae", metric, "dge_10", "naive_single (dataset 0)"),
        *("0.2000", "0.1000 to 0.3000", "0.0500 to 0.3500", "2 of 2"),
    ]
    worse = difference_views(differences(metric, -high, -low), [metric])[0].rows[0]
    assert [cell.text for cell in worse[4:]] == [
        "−0.2000",
        "−0.3000 to −0.1000",
        "−0.3500 to −0.0500",
        "0 of 2",
    ]


def test_an_interval_that_a_model_lacks_is_a_dash_with_its_reason() -> None:
    frame = differences("auc", 0.1, 0.3)
    frame.loc[frame["model"] == "lr", ["low", "high", "expected_low", "expected_high"]] = np.nan
    frame.loc[frame["model"] == "lr", ["reason", "expected_reason"]] = ["biased", "two members"]
    row = difference_views(frame, ["auc"])[0].rows[0]
    assert [(cell.text, cell.hint) for cell in row[5:7]] == [("—", "biased"), ("—", "two members")]
    assert row[7].text == "1 of 2"
    assert difference_views(frame, ["auc"], "mlp")[0].rows[0][5].text == "0.1000 to 0.3000"
    assert difference_views(pd.DataFrame(), ["auc"]) == []


def test_an_identity_counts_no_models_for_it() -> None:
    row = difference_views(
        differences("brier", -0.3, -0.1).assign(remark="an identity"), ["brier"]
    )[0].rows[0]
    assert (row[7].text, row[7].hint) == ("—", "an identity")


def scores() -> pd.DataFrame:
    rows = [
        ("tvae", "lr", "oracle", "auc", 0.9, np.nan, 0.85, 0.95, "test rows", ""),
        (
            "tvae",
            "lr",
            "dge_5",
            "auc",
            np.nan,
            np.nan,
            np.nan,
            np.nan,
            "test rows",
            "one class only",
        ),
        ("tvae", "lr", "dge_5", "brier", 0.1, np.nan, np.nan, np.nan, "test rows", "biased"),
    ]
    columns = [
        "family",
        "model",
        "approach",
        "metric",
        "value",
        "std",
        "low",
        "high",
        "over",
        "reason",
    ]
    return pd.DataFrame(rows, columns=columns)


def test_below_each_score_stands_its_interval_and_below_the_table_what_it_is_over() -> None:
    (view,) = score_views(scores(), "scores", "best")
    assert [head.text for head in view.heads] == ["model", "approach", "auc ↑", "brier ↓"]
    (oracle, dge) = view.rows
    assert (oracle[2].text, oracle[2].interval, oracle[2].hint) == (
        "0.9000",
        "0.8500 to 0.9500",
        "95 % over test rows",
    )
    assert (dge[2].text, dge[2].interval, dge[2].hint) == ("—", "", "one class only")
    assert (dge[3].text, dge[3].interval, dge[3].hint) == ("0.1000", "", "biased")
    assert view.note == "Below a value: its 95 % interval, over test rows."


def test_a_table_whose_intervals_are_over_different_things_says_which_rows_are_over_what() -> None:
    known = scores().assign(
        low=0.85, high=0.95, reason="", over=["test rows", "sets of members", "sets of members"]
    )
    (view,) = score_views(known, "scores", "best")
    assert (
        view.note
        == "Below a value: its 95 % interval, over test rows (oracle); over sets of members (dge_5)."
    )
    assert view.rows[1][3].hint == "best; 95 % over sets of members"


def test_the_wider_interval_is_shown_where_it_is_known() -> None:
    wide = {"expected_low": [0.8, np.nan, 0.05], "expected_high": [0.99, np.nan, 0.15]}
    told = {"expected_over": "members and test rows", "expected_reason": ["", "", ""]}
    (view,) = score_views(scores().assign(**wide, **told), "scores", "best")
    assert view.rows[0][2].interval == "0.8000 to 0.9900"
    assert view.rows[1][3].interval == "0.0500 to 0.1500"
    assert view.rows[1][2].hint == "one class only"
    assert view.note == "Below a value: its 95 % interval, over members and test rows."


def test_standard_deviations_stand_only_in_tables_without_intervals() -> None:
    known = scores().assign(std=0.02)
    (with_them,), (without,) = (
        score_views(frame, "scores", "best")
        for frame in (known, known.drop(columns=["low", "high", "over", "reason"]))
    )
    assert {cell.spread for row in with_them.rows for cell in row} == {""}
    assert with_them.rows[0][2].spread_width == 0
    assert without.rows[0][2].spread == "± 0.0200"


def test_scores_without_intervals_are_shown_alone() -> None:
    (view,) = score_views(
        scores().drop(columns=["low", "high", "over", "reason"]), "scores", "best"
    )
    assert [cell.interval for row in view.rows for cell in row] == [""] * 8
    assert view.note == ""


def test_reasons_tell_values_from_intervals_and_are_absent_where_all_is_defined() -> None:
    view = reason_views(scores(), ["family", "approach"])[0]
    assert [[cell.text for cell in row] for row in view.rows] == [
        ["auc", "value", "one class only", "1", "tvae dge_5"],
        ["brier", "interval", "biased", "1", "everywhere"],
    ]
    twice = reason_views(pd.concat([scores()] * 2), ["family"])[0].rows[0]
    assert [cell.text for cell in twice[-2:]] == ["2", "tvae"], "told once, and counted"
    assert reason_views(scores().assign(reason=""), ["family"]) == []
    assert reason_views(scores().drop(columns="reason"), ["family"]) == []


def test_what_the_largest_dge_claims_is_told_of_each_family_by_its_own_largest() -> None:
    rows = [("ctgan", "dge_5"), ("ctgan", "dge_10"), ("tvae", "dge_5")]
    told = pd.DataFrame(
        [
            (family, "lr", approach, "auc", "members", 0.8, 0.01, 0.7, 0.9, "")
            for family, approach in rows
        ],
        columns=[
            "family",
            "model",
            "approach",
            "metric",
            "over",
            "value",
            "standard_error",
            "low",
            "high",
            "reason",
        ],
    )
    (view,) = claim_interval_views(told, ["auc"])
    alike = told.assign(low=np.nan, high=np.nan, reason=["", "all alike", ""])
    _, why = claim_interval_views(alike, ["auc"])
    assert [cell.text for cell in why.rows[0]] == [
        "auc",
        "interval",
        "all alike",
        "1",
        "ctgan lr members",
    ]
    assert [(row[0].text, row[2].text) for row in view.rows] == [
        ("ctgan", "dge_10"),
        ("tvae", "dge_5"),
    ]
