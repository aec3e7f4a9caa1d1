"""Tables of intervals: signs turned so that more is better, ends in order, reasons beside what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.reporting.interval_tables import difference_views, interval_views, reason_views


def differences(metric: str, low: float, high: float) -> pd.DataFrame:
    columns = ["family", "model", "approach", "against", "metric", "difference", "low", "high", "over", "reason"]
    rows = [
        ("tvae", model, approach, "naive_single", metric, (low + high) / 2, low, high, "test rows", "")
        for model in ("lr", "mlp")
        for approach in ("naive_concat", "dge_5", "dge_10")
    ]
    return pd.DataFrame(rows, columns=columns)


@pytest.mark.parametrize(("metric", "low", "high"), [("auc", 0.1, 0.3), ("brier", -0.3, -0.1)])
def test_a_gain_is_positive_where_the_dge_is_better_whatever_the_metric_s_goal(
    metric: str, low: float, high: float
) -> None:
    row = difference_views(differences(metric, low, high), [metric])[0].rows[0]
    assert [cell.text for cell in row] == [
        *("tvae", metric, "dge_10", "naive_single (dataset 0)", "0.2000", "0.1000 to 0.3000", "2 of 2"),
    ]
    worse = difference_views(differences(metric, -high, -low), [metric])[0].rows[0]
    assert [cell.text for cell in worse[4:]] == ["−0.2000", "−0.3000 to −0.1000", "0 of 2"]


def test_an_interval_that_a_model_lacks_is_a_dash_with_its_reason() -> None:
    frame = differences("auc", 0.1, 0.3)
    frame.loc[frame["model"] == "lr", ["low", "high"]] = np.nan
    frame.loc[frame["model"] == "lr", "reason"] = "biased"
    row = difference_views(frame, ["auc"])[0].rows[0]
    assert (row[5].text, row[5].hint, row[6].text) == ("—", "biased", "1 of 2")
    assert difference_views(frame, ["auc"], "mlp")[0].rows[0][5].text == "0.1000 to 0.3000"
    assert difference_views(pd.DataFrame(), ["auc"]) == []


def scores() -> pd.DataFrame:
    rows = [
        ("tvae", "lr", "oracle", "auc", 0.9, np.nan, 0.85, 0.95, "test rows", ""),
        ("tvae", "lr", "dge_5", "auc", np.nan, np.nan, np.nan, np.nan, "test rows", "one class only"),
        ("tvae", "lr", "dge_5", "brier", 0.1, np.nan, np.nan, np.nan, "test rows", "biased"),
    ]
    columns = ["family", "model", "approach", "metric", "value", "std", "low", "high", "over", "reason"]
    return pd.DataFrame(rows, columns=columns)


def test_each_score_stands_beside_its_interval_and_what_it_is_over() -> None:
    view = interval_views(scores(), ["auc"])[0]
    assert [cell.text for cell in view.rows[0]] == ["tvae", "lr", "oracle", "0.9000", "0.8500 to 0.9500", "test rows"]
    assert view.rows[1][4].hint == "one class only"
    assert interval_views(scores().drop(columns="over"), ["auc"]) == []


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
