"""What the report says of the ensemble's size: the recommended K, what an error consists of,
whether members err alike.

Not here: computing any of it (`k_recommendation`, `variance_components`, `error_correlation`),
drawing it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from dge_assets.core.reporting.page.cells import TableView, frame_view, interval_of, with_intervals
from dge_assets.core.reporting.texts import is_missing, short_number

_UNITS = {"brier": "of the Brier score", "mse_share": "of the target's variance"}


def squared_error_in(k_curve: pd.DataFrame) -> str:
    """The metric of a K curve that is a squared error, for which alone the prediction holds."""
    return "brier" if "brier" in set(k_curve["metric"]) else "mse"


def recommendation_sentences(recommendation: pd.DataFrame) -> list[str]:
    """One sentence per family: the K of each model, and for the largest what it costs and what the
    next would gain.
    """
    if recommendation.empty:
        return []
    return [
        _sentence(str(family), rows)
        for family, rows in recommendation.groupby("family", sort=False)
    ]


def _sentence(family: str, rows: pd.DataFrame) -> str:
    known = rows[rows["K"].notna()]
    if known.empty:
        return f"{family}: no K can be recommended ({rows['note'].iloc[0]})."
    largest = known.loc[known["K"].astype(int).idxmax()]
    each = ", ".join(f"{row.K}{_range(row)} for {row.model}" for row in known.itertuples())
    worth = f"{largest['gain_per_second']:.3g} per second of CPU time"
    is_worth = largest["gain_of_next"] >= largest["gain_per_second"] * largest["seconds_per_member"]
    enough = (
        f"still no less than the declared {worth}: no more are recommended"
        if is_worth
        else f"less than the declared {worth}"
    )
    is_foretold = largest["members"] < largest["K"]
    beyond = (
        f" That is predicted from {largest['members']} members, not measured."
        if is_foretold
        else ""
    )
    return (
        f"{family}: recommended K is {each} (in brackets: with other members and test rows, at 95 %; ? where not known). With "
        f"K = {largest['K']}, which takes about {_duration(largest['seconds'])} of one core, the next member would gain "
        f"{_gain(largest)} {_UNITS[largest['metric']]} for {_duration(largest['seconds_per_member'])}, {enough}.{beyond}"
    )


def _range(row: Any) -> str:
    """The K of the ends of the gain's interval."""
    return " (?)" if is_missing(row.K_low) else f" ({row.K_low} to {row.K_high})"


def _gain(row: pd.Series) -> str:
    gain = float(row["gain_of_next"])
    return f"{gain:.1e}" if 0 < gain < 1e-4 else short_number(gain)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{short_number(seconds)} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def component_views(components: pd.DataFrame) -> list[TableView]:
    """A row per (family, model): the squared error of one member, and its parts."""
    if components.empty:
        return []
    keys = ["family", "model", "metric"]
    heads = {
        "error": "one member",
        "model": "by model seed",
        "dataset": "by dataset",
        "model_and_dataset": "both, falls as 1/K",
        "floor": "floor",
    }
    wide = components.pivot(index=keys, columns="component", values="value")[list(heads)].set_axis(
        heads.values(), axis=1
    )
    wide = wide.reindex(pd.MultiIndex.from_frame(components[keys].drop_duplicates())).reset_index()
    notes = [str(note) for note in components["note"].unique() if note]
    view = frame_view(
        wide, "What the squared error of one member consists of (Räisä and Honkela)", headers=2
    )
    places = pd.MultiIndex.from_frame(wide[keys])
    intervals = {
        head: components[components["component"] == name].set_index(keys).reindex(places)
        for name, head in heads.items()
    }
    return [with_intervals(replace(view, note=_as_note(notes)), intervals)]


def effective_views(effective: pd.DataFrame) -> list[TableView]:
    """A row per (model, pair of families): rho and effective number of both kinds."""
    if effective.empty:
        return []
    rows, places = [], []
    for (model, one, other), found in effective.groupby(
        ["model", "family_a", "family_b"], sort=False
    ):
        places.append((model, one, other))
        row = {
            "model": model,
            "members of": one if one == other else f"{one} and {other}",
            "K": int(found["K"].iloc[0]),
        }
        for item in found.itertuples(index=False):
            row |= {f"ρ of {item.kind}s": item.rho, f"effective by {item.kind}": item.effective}
        rows.append(row)
    notes = [str(note) for note in effective["note"].unique() if not is_missing(note) and note]
    table = pd.DataFrame(rows)
    view = frame_view(table, "Correlation of members' errors on real test rows", headers=2)
    intervals = {}
    for kind in effective["kind"].unique():
        # Each kind has the same pairs in the same order, but `deviation` none where there is no
        # oracle.
        of_kind = effective[effective["kind"] == kind].set_index(["model", "family_a", "family_b"])
        found = of_kind.reindex(pd.MultiIndex.from_tuples(places))
        for head, name in ((f"ρ of {kind}s", "rho"), (f"effective by {kind}", "effective")):
            intervals[head] = interval_of(_of_others(found), name)
    return [with_intervals(replace(view, note=_as_note(notes)), intervals)]


def _of_others(effective: pd.DataFrame) -> pd.DataFrame:
    """The intervals of what other members would show in the place of those of these members."""
    wide = {
        name: effective[f"expected_{name}"] for name in effective if f"expected_{name}" in effective
    }
    return effective.assign(**wide)


def _as_note(notes: Sequence[str]) -> str:
    return f"Where there is a dash: {'; '.join(notes)}." if notes else ""
