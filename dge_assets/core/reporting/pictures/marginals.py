"""Marginal distributions of real and synthetic columns, drawn beside each other: frames in, PNG
bytes out.

Not here: what all pictures share (`drawing`), pictures of scores and losses (`charts`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, MaxNLocator

from dge_assets.core.reporting.frames import require_columns
from dge_assets.core.reporting.pictures.drawing import (
    INK,
    MUTED,
    PALETTE,
    REAL_FILL,
    TEXT,
    grid_of_panels,
    picture_of_nothing,
    plain_axes,
    png_of,
    put_panel_title,
    put_row_names,
    put_seed_legend,
    sequence_colours,
)

TOP_LEVELS = 8
NUMERIC_BINS = 30
_Members = Mapping[int, pd.Series]
_Colours = Mapping[int, Any]


def marginals(
    real: pd.DataFrame,
    synthetic: Mapping[int, pd.DataFrame],
    columns: Sequence[tuple[str, str]],
    *,
    limit: int = 12,
    title: str = "Marginal distributions, real and synthetic",
) -> bytes:
    """Draw each column's distribution in the real table and in every member's dataset.

    `columns` lists (name, kind) in the order to draw; ids are left out, and at most `limit` columns
    are drawn. Heights are shares of the rows that have a value; the share that has none stands
    under the panel's title. Numbers and dates: the real ones filled, one thin line per seed. Other
    kinds: the bar of the members is their mean, its whisker their minimum and maximum; beyond the 8
    most frequent real levels all are 'other'.
    """
    wanted = [(name, kind) for name, kind in columns if kind != "id"]
    for place, frame in [
        ("real", real),
        *((f"synthetic, seed {s}", f) for s, f in synthetic.items()),
    ]:
        require_columns(frame, [name for name, _ in wanted[:limit]], place)
    if not wanted[:limit]:
        return picture_of_nothing(title, "No column can be drawn.")
    left_out = len(wanted) - limit
    note = f" (first {limit} of {len(wanted)} columns)" if left_out > 0 else ""
    figure, axes = grid_of_panels(
        len(wanted[:limit]), columns=4, panel=(2.75, 2.15), title=title + note
    )
    colours = dict(zip(sorted(synthetic), sequence_colours(len(synthetic)), strict=True))
    for axis, (name, kind) in zip(axes, wanted, strict=False):
        draw = _MARGINALS.get(kind, _categorical_marginal)
        members = {seed: synthetic[seed][name] for seed in colours}
        beyond = draw(axis, real[name], members, colours)
        put_panel_title(
            axis,
            name,
            subtitle="; ".join(filter(None, [_missing_note(real[name], members), beyond])),
        )
    put_seed_legend(figure, colours, real=True)
    return png_of(figure)


def _numeric_marginal(axis: Axes, real: pd.Series, members: _Members, colours: _Colours) -> str:
    """Draw step histograms of shares on common bins; return the note on values beyond the axis."""
    values = {seed: _numbers(series) for seed, series in members.items()}
    real_values = _numbers(real)
    edges = _bin_edges([real_values, *values.values()])
    if edges is None:
        _no_values(axis)
        return ""
    axis.stairs(_shares(real_values, edges), edges, fill=True, color=REAL_FILL, zorder=1)
    for seed, member in values.items():
        axis.stairs(_shares(member, edges), edges, color=colours[seed], linewidth=0.8, zorder=2)
    axis.set_ylim(bottom=0)
    plain_axes(axis)
    whole = bool(edges[0] % 1 == 0.5 and edges[-1] % 1 == 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(4, integer=whole))
    if max(abs(edges[0]), abs(edges[-1])) >= 10_000:
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
    axis.yaxis.set_major_locator(
        MaxNLocator(3)
    )  # each label costs time twice, in the layout and in the drawing
    axis.yaxis.set_major_formatter(_percent_tick)
    return _beyond_note(edges, real_values, np.concatenate([np.empty(0), *values.values()]))


def _datetime_marginal(axis: Axes, real: pd.Series, members: _Members, colours: _Colours) -> str:
    """Draw dates as days since 1970; matplotlib's own date ticks warn for some ranges, these
    cannot.
    """
    days = {seed: _days(series) for seed, series in members.items()}
    note = _numeric_marginal(axis, _days(real), days, colours)
    low, high = axis.get_xlim()
    form = "%Y-%m" if high - low > 1000 else "%Y-%m-%d" if high - low > 4 else "%d. %H:%M"
    axis.xaxis.set_major_locator(MaxNLocator(3))
    axis.xaxis.set_major_formatter(lambda day, _position: _date_text(day, form))
    return note


def _date_text(day: float, form: str) -> str:
    moment = pd.to_datetime(day, unit="D", errors="coerce")
    return "" if pd.isna(moment) else str(moment.strftime(form))


def _categorical_marginal(
    axis: Axes, real: pd.Series, members: _Members, _colours: _Colours
) -> str:
    """Draw bars of shares per level, the members as mean with minimum and maximum; return no note."""
    shares = {seed: _level_shares(series) for seed, series in members.items()}
    real_shares = _level_shares(real)
    table = pd.DataFrame({-1: real_shares, **shares}).fillna(0.0)
    if table.empty:
        _no_values(axis)
        return ""
    table = table.loc[
        sorted(
            table.index, key=lambda level: (-table.loc[level, -1], -table.loc[level].sum(), level)
        )
    ]
    if len(table) > TOP_LEVELS + 1:
        others = table.iloc[TOP_LEVELS:]
        table = pd.concat(
            [
                table.iloc[:TOP_LEVELS],
                pd.DataFrame({f"other ({len(others)} levels)": others.sum()}).T,
            ]
        )
    height, across = np.arange(len(table)), table.drop(columns=-1)
    axis.barh(height - 0.2, table[-1], height=0.38, color=REAL_FILL)
    if len(across.columns):
        mean = across.mean(axis=1)
        reach = np.vstack([mean - across.min(axis=1), across.max(axis=1) - mean]).clip(min=0)
        whisker = {"ecolor": INK, "elinewidth": 0.8, "capsize": 1.5}
        axis.barh(height + 0.2, mean, height=0.38, color=PALETTE[0], xerr=reach, error_kw=whisker)
    axis.set_xlim(left=0)
    axis.xaxis.set_major_locator(MaxNLocator(4))
    axis.xaxis.set_major_formatter(_percent_tick)
    plain_axes(axis, grid="x")
    put_row_names(axis, list(table.index), length=17)
    return ""


def _no_values(axis: Axes) -> None:
    centre: dict[str, Any] = {"ha": "center", "va": "center", "transform": axis.transAxes}
    axis.text(0.5, 0.5, "no values", fontsize=TEXT, color=MUTED, **centre)
    axis.set_axis_off()


_Marginal = Callable[[Axes, pd.Series, _Members, _Colours], str]


_MARGINALS: dict[str, _Marginal] = {
    "continuous": _numeric_marginal,
    "integer": _numeric_marginal,
    "datetime": _datetime_marginal,
    "categorical": _categorical_marginal,
    "boolean": _categorical_marginal,
}


def _numbers(series: pd.Series) -> np.ndarray:
    values: np.ndarray = pd.to_numeric(series, errors="coerce").to_numpy(
        dtype=float, na_value=np.nan
    )
    finite: np.ndarray = values[np.isfinite(values)]
    return finite


def _days(series: pd.Series) -> pd.Series:
    return (pd.to_datetime(series) - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)


def _bin_edges(datasets: Sequence[np.ndarray]) -> np.ndarray | None:
    """Common edges over all values; where far values would flatten the picture, over each dataset's
    middle 99 %.
    """
    filled = [values for values in datasets if len(values)]
    if not filled:
        return None
    ends = np.array([np.quantile(values, [0.0, 0.005, 0.995, 1.0]) for values in filled])
    low, high = float(ends[:, 0].min()), float(ends[:, 3].max())
    middle = float(ends[:, 1].min()), float(ends[:, 2].max())
    if high - low > 1.5 * (middle[1] - middle[0]) > 0:
        low, high = middle
    if all(np.array_equal(values, np.round(values)) for values in filled):
        low, high = np.floor(low), np.ceil(high)
        step = max(1, int(np.ceil((high - low + 1) / NUMERIC_BINS)))
        edges: np.ndarray = np.arange(low, high + step + 0.5, step) - 0.5
        return edges
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, NUMERIC_BINS + 1)


def _shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    counts, _ = np.histogram(values, bins=edges)
    shares: np.ndarray = counts / max(len(values), 1)  # by all values, also those beyond the axis
    return shares


def _level_shares(series: pd.Series) -> pd.Series:
    return series.dropna().astype(str).value_counts(normalize=True)


def _beyond_note(edges: np.ndarray, real: np.ndarray, synthetic: np.ndarray) -> str:
    shares = [
        float(np.mean((v < edges[0]) | (v > edges[-1]))) if len(v) else 0.0
        for v in (real, synthetic)
    ]
    return (
        f"beyond the axis: real {_percent(shares[0])}, synth. {_percent(shares[1])}"
        if max(shares) > 0
        else ""
    )


def _missing_note(real: pd.Series, members: _Members) -> str:
    shares = [float(series.isna().mean()) for series in members.values()] or [0.0]
    real_share = float(real.isna().mean())
    if real_share == 0 and max(shares) == 0:
        return "none missing"
    low, high = _percent(min(shares)), _percent(max(shares))
    return f"missing: real {_percent(real_share)}, synth. {low if low == high else f'{low[:-2]}–{high}'}"


def _percent_tick(share: float, _position: float) -> str:
    return f"{100 * share:.3g} %"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
