"""The section on groups: what stands first, what is said of many looks, and that any name can be
shown.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.errors import EvaluationError
from dge_assets.core.reporting.page.group_section import (
    gap_views,
    group_gap_chart,
    group_sentences,
    mean_gaps,
)

EXCESS = {"rare = yes": 0.10, "tail >= 3": 0.02, "dense": -0.03}


def gaps(
    excess: dict[str, float] = EXCESS, p: float = 0.5, families: tuple[str, ...] = ("tvae",)
) -> pd.DataFrame:
    """Two models; `mlp` falls 0.02 shorter than `lr`, and the largest excess alone has the p-value
    `p`.
    """
    largest = max(excess, key=lambda name: excess[name])
    rows = [
        {
            "family": family,
            "model": model,
            "group": group,
            "kind": "level",
            "share": 0.1,
            "n": 90,
            "positives": 12,
            "approach": approach,
            "metric": "auc",
            "gap": 0.2 + beyond + lift,
            "low": 0.15 + beyond + lift,
            "high": 0.25 + beyond + lift,
            "excess": beyond,
            "excess_low": beyond - 0.05,
            "excess_high": beyond + 0.05,
            "p": p if group == largest else 0.5,
            "p_adjusted": p if group == largest and model == "lr" else 1.0,
            "groups": len(excess),
            "over": "test rows",
            "reason": "",
        }
        for family, (model, lift), (group, beyond), approach in product(
            families, (("lr", 0.0), ("mlp", 0.02)), excess.items(), ("naive_single", "dge_5")
        )
    ]
    return pd.DataFrame(rows)


def test_means_are_over_models_and_the_largest_excess_comes_first() -> None:
    table = mean_gaps(gaps(p=0.01), "auc")
    assert table["group"].tolist() == [name for name in EXCESS for _ in range(2)]
    first = table.iloc[0]
    assert (first["gap"], first["low"]) == (pytest.approx(0.31), pytest.approx(0.26))
    assert (first["worse"], first["tested"]) == (1, 2)


def test_a_group_that_a_model_has_no_value_for_has_no_mean() -> None:
    frame = gaps()
    missing = (frame["group"] == "dense") & (frame["model"] == "lr")
    frame.loc[missing, ["gap", "excess", "p_adjusted"]] = np.nan
    table = mean_gaps(frame, "auc").set_index(["group", "approach"])
    assert np.isnan(table["gap"]["dense", "dge_5"])
    assert table["tested"]["dense", "dge_5"] == 1
    assert table["gap"]["tail >= 3", "dge_5"] == pytest.approx(0.23)


def test_sentences_say_how_many_groups_were_looked_at_and_which_stand_out() -> None:
    none = group_sentences(gaps(), ["auc", "brier"])
    assert none[0].startswith("3 groups were looked at.")
    assert "Holm" in none[0]
    assert "dge_5 of tvae in no group." in none[1]
    assert len(none) == 3, "brier was not scored, so nothing is said of it"
    some = group_sentences(gaps(p=0.01, families=("ctgan", "tvae")), ["auc"])
    assert (
        "dge_5 of ctgan in 1 group (rare = yes); dge_5 of tvae in 1 group (rare = yes)." in some[1]
    )
    assert group_sentences(pd.DataFrame(), ["auc"]) == []


def test_many_findings_are_counted_rather_than_listed() -> None:
    frame = gaps({f"g{index}": 0.1 for index in range(9)})
    frame["p_adjusted"] = 0.001
    assert "in 9 groups (g0, g1, g2, g3, g4 and 4 more)" in group_sentences(frame, ["auc"])[1]


def test_the_table_shows_the_largest_dge_and_says_when_it_is_cut() -> None:
    view = gap_views(gaps(), ["auc"])[0]
    assert view.caption.startswith("dge_5: auc")
    assert [row[1].text for row in view.rows] == list(EXCESS)
    assert [cell.text for cell in view.rows[0]][2:] == [
        *("90", "12", "0.3100", "0.2600 to 0.3600"),
        *("0.1000", "0.0500 to 0.1500", "0 of 2"),
    ]
    assert view.note == ""
    long = gap_views(gaps({f"g{index}": 0.01 * index for index in range(30)}), ["auc"])[0]
    assert len(long.rows) == 20
    assert long.note.startswith("The first 20 of 30 rows")
    assert gap_views(pd.DataFrame(), ["auc"]) == []


def test_missing_ends_and_positives_are_dashes_with_a_title() -> None:
    frame = gaps().assign(positives=pd.array([pd.NA] * 12, dtype="Int64"), low=np.nan)
    row = gap_views(frame, ["auc"])[0].rows[0]
    assert (row[3].text, row[3].hint) == ("—", "no positive class")
    assert (row[5].text, row[5].hint) == ("—", "no interval")


def test_the_picture_is_drawn_for_any_names_and_follows_the_numbers() -> None:
    odd = {"$x_1$ = 日付": 0.1, "a" * 90: 0.0, "<b>": np.nan}
    drawn = group_gap_chart(gaps(odd, families=("ctgan", "tvae")), "auc")
    assert drawn.startswith(b"\x89PNG")
    assert len(drawn) < 60_000
    assert group_gap_chart(gaps(), "auc") == group_gap_chart(gaps(), "auc")
    assert group_gap_chart(gaps(p=0.01), "auc") != group_gap_chart(gaps(), "auc"), (
        "a finding gets its star"
    )


def test_one_group_alone_is_drawn() -> None:
    assert group_gap_chart(gaps({"rare = yes": 0.1}), "auc").startswith(b"\x89PNG")


def test_nothing_to_draw_is_said_and_a_frame_without_its_columns_is_refused() -> None:
    assert group_gap_chart(pd.DataFrame(), "auc").startswith(b"\x89PNG")
    assert group_gap_chart(gaps().assign(gap=np.nan), "auc").startswith(b"\x89PNG")
    with pytest.raises(EvaluationError, match=r"group gaps: columns \['excess'\] are missing"):
        mean_gaps(gaps().drop(columns="excess"), "auc")
