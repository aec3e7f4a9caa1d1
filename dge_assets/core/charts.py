"""Pictures of losses, marginals and scores: frames in, PNG bytes out.

Belongs here: the drawing of one canonical frame as one picture. Not here: computing what is drawn (see
`protocols`, `metrics`), nor deciding where a picture goes (see `report` and the assets).

Three promises hold for every function. The bytes depend only on the arguments (no time stamp, no global
pyplot state). They stay under about 60 kB, because pictures live in Dagster's event log: hence PNG with a
palette, the same bytes for the log and for the report. And nothing is hidden silently: what lies beyond an axis,
what is missing and what was left out is written on the picture.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache
from io import BytesIO
from itertools import product
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.ft2font import FT2Font
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import EngFormatter, MaxNLocator
from PIL import Image

from dge_assets.core.errors import EvaluationError
from dge_assets.core.metrics import metric_goal

DOTS_PER_INCH = 120
MAXIMUM_BYTES = 60_000
# Palette size and scale, best first; the last ones are for pictures of many noisy lines.
_QUALITIES = ((256, 1.0), (96, 1.0), (32, 1.0), (32, 0.7), (16, 0.5))
SMALL, TEXT, TITLE = 7.5, 8.5, 11.0  # the one font size system, in points
INK, MUTED, GRID, REAL_FILL = "#1b1f24", "#59636e", "#d8dee4", "#c3cad1"
# Okabe and Ito (2008): told apart with any of the common colour vision deficiencies.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = ("o", "s", "^", "D", "v", "P")
TOP_LEVELS = 8
NUMERIC_BINS = 30
SEEDS_IN_LEGEND = 6
_DASHED: dict[str, Any] = {"color": MUTED, "linestyle": (0, (4, 3)), "linewidth": 1.0, "zorder": 1}
_WHISKER: dict[str, Any] = {"color": MUTED, "linewidth": 1.1}
_APPROACH_ORDER = ("oracle", "naive", "naive_single", "naive_ensemble", "naive_concat")


def approach_order(approaches: Sequence[str]) -> list[str]:
    """Sort names of approaches: oracle, the naive ones, then dge_K by K, then any others by name."""

    def position(name: str) -> tuple[int, int, str]:
        if name in _APPROACH_ORDER:
            return (0, _APPROACH_ORDER.index(name), name)
        found = re.fullmatch(r"dge_(\d+)", name)
        return (1, int(found[1]), name) if found else (2, 0, name)

    return sorted(dict.fromkeys(str(name) for name in approaches), key=position)


def loss_curves(losses: pd.DataFrame, title: str) -> bytes:
    """Draw training losses: one panel per loss, one line per seed.

    `losses` has one row per (seed, epoch, loss) with columns `seed, epoch, loss, value`; values are in the
    loss's own unit, so each panel has its own scale. Returns PNG bytes; an empty frame gives a picture that says so.
    """
    require_columns(losses, ("seed", "epoch", "loss", "value"), "losses")
    names, seeds = list(losses["loss"].unique()), sorted(losses["seed"].unique())
    if not names:
        return _nothing_to_draw(title, "No losses were recorded.")
    figure, axes = _grid(len(names), columns=3, panel=(3.4, 2.3), title=title, sharex=True)
    colours = dict(zip(seeds, _sequence(len(seeds)), strict=True))
    for axis, name in zip(axes, names, strict=True):
        _panel_title(axis, name)
        for seed, member in losses[losses["loss"] == name].groupby("seed"):
            line = member.sort_values("epoch")
            axis.plot(
                line["epoch"],
                line["value"],
                color=colours[seed],
                linewidth=0.9 if len(seeds) <= SEEDS_IN_LEGEND else 0.5,
            )
        axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        _label(axis.set_xlabel, "epoch")
    _seed_legend(figure, colours)
    return _png(figure)


def marginals(
    real: pd.DataFrame,
    synthetic: Mapping[int, pd.DataFrame],
    columns: Sequence[tuple[str, str]],
    *,
    limit: int = 12,
    title: str = "Marginal distributions, real and synthetic",
) -> bytes:
    """Draw each column's distribution in the real table and in every member's dataset.

    `columns` lists (name, kind) in the order to draw; ids are left out, and at most `limit` columns are drawn.
    Heights are shares of the rows that have a value; the share that has none stands under the panel's title.
    Numbers and dates: the real ones filled, one thin line per seed. Other kinds: the bar of the members is
    their mean, its whisker their minimum and maximum; beyond the 8 most frequent real levels all are 'other'.
    """
    wanted = [(name, kind) for name, kind in columns if kind != "id"]
    for place, frame in [("real", real), *((f"synthetic, seed {s}", f) for s, f in synthetic.items())]:
        require_columns(frame, [name for name, _ in wanted[:limit]], place)
    if not wanted[:limit]:
        return _nothing_to_draw(title, "No column can be drawn.")
    left_out = len(wanted) - limit
    note = f" (first {limit} of {len(wanted)} columns)" if left_out > 0 else ""
    figure, axes = _grid(len(wanted[:limit]), columns=4, panel=(2.75, 2.15), title=title + note)
    colours = dict(zip(sorted(synthetic), _sequence(len(synthetic)), strict=True))
    for axis, (name, kind) in zip(axes, wanted, strict=False):
        draw = _MARGINALS.get(kind, _categorical_marginal)
        members = {seed: synthetic[seed][name] for seed in colours}
        beyond = draw(axis, real[name], members, colours)
        _panel_title(axis, name, subtitle="; ".join(filter(None, [_missing_note(real[name], members), beyond])))
    _seed_legend(figure, colours, real=True)
    return _png(figure)


def approach_comparison(scores: pd.DataFrame, metric: str, *, title: str | None = None) -> bytes:
    """Draw one metric of the training scores: approaches downwards, one panel per model, one colour per family.

    `scores` has columns `family, model, approach, metric, value, std`. Whiskers are one standard deviation each
    way; a point without a whisker has no spread. The dashed line is the oracle, a model trained on real rows.
    """
    chosen = _of_metric(scores, metric, ("family", "model", "approach", "metric", "value", "std"))
    title = title or f"{metric} ({metric_goal(metric)} is better) on real test rows, by training data"
    if chosen.empty:
        return _nothing_to_draw(title, f"No finite {metric} was found.")
    models, families = list(chosen["model"].unique()), list(chosen["family"].unique())
    approaches = approach_order(chosen["approach"])
    height = 0.9 + 0.17 * len(approaches) * max(len(families), 2)
    figure, axes = _grid(len(models), columns=3, panel=(3.4, height), title=title, sharex=True, sharey=True)
    offsets = _dodge(len(families))
    for axis, model in zip(axes, models, strict=True):
        _panel_title(axis, model)
        for index, family in enumerate(families):
            rows = chosen[(chosen["model"] == model) & (chosen["family"] == family)]
            for oracle in rows.loc[rows["approach"] == "oracle", "value"]:
                axis.axvline(oracle, **_DASHED | {"color": _style_of(index)["color"]})
            height_of = rows["approach"].map(approaches.index) + offsets[index]
            _dots(axis, rows["value"], height_of, rows["std"], index)
        _rows_of_names(axis, approaches)
    named = [(family, _style_of(index)) for index, family in enumerate(families)]
    _legend(figure, [*named, ("oracle", _DASHED), ("one standard deviation", _WHISKER)])
    return _png(figure)


def evaluation_comparison(scores: pd.DataFrame, metric: str, *, title: str | None = None) -> bytes:
    """Draw what each way of evaluating claims beside the truth: one panel per family, models downwards.

    `scores` is the frame of evaluation scores (`family, model, approach, metric, value, std`): `oracle` is the
    score on real test rows (black bar, its grey band one standard deviation each way); `naive` and `dge_K` are
    claims made from synthetic rows alone. The nearer a claim to the bar, the more it can be trusted.
    """
    chosen = _of_metric(scores, metric, ("family", "model", "approach", "metric", "value", "std"))
    title = title or f"{metric} as claimed from synthetic rows, and the truth on real rows"
    if chosen.empty:
        return _nothing_to_draw(title, f"No finite {metric} was found.")
    models, families = list(chosen["model"].unique()), list(chosen["family"].unique())
    claims = [name for name in approach_order(chosen["approach"]) if name != "oracle"]
    height = 0.9 + 0.2 * len(models) * max(len(claims), 2)
    figure, axes = _grid(len(families), columns=2, panel=(4.8, height), title=title, sharex=True, sharey=True)
    offsets = _dodge(len(claims))
    for axis, family in zip(axes, families, strict=True):
        _panel_title(axis, family)
        rows = chosen[chosen["family"] == family]
        _truth_bars(axis, rows[rows["approach"] == "oracle"], models)
        for index, claim in enumerate(claims):
            points = rows[rows["approach"] == claim]
            _dots(axis, points["value"], points["model"].map(models.index) + offsets[index], points["std"], index)
        _rows_of_names(axis, models)
    truth: dict[str, Any] = {"color": INK, "marker": "|", "markersize": 11, "markeredgewidth": 2.2, "linestyle": ""}
    _legend(
        figure,
        [
            ("oracle (truth)", truth),
            *((name, _style_of(i)) for i, name in enumerate(claims)),
            ("one standard deviation", _WHISKER),
        ],
    )
    return _png(figure)


def k_curve_chart(frame: pd.DataFrame, metric: str, *, title: str | None = None) -> bytes:
    """Draw what more members buy and cost: the metric over K per model, and below it the cost.

    `frame` has columns `family, model, K, metric, measured, std, predicted, seconds`. Whiskers are one standard
    deviation each way; the dashed line is the prediction. Seconds (of the first K
    members; left out when none are known) start at zero; the metric's axis does not.
    """
    names = ("family", "model", "K", "metric", "measured", "std", "predicted", "seconds")
    chosen = _of_metric(frame, metric, names, value="measured")
    title = title or f"{metric} and cost against the number of members K"
    if chosen.empty:
        return _nothing_to_draw(title, f"No finite {metric} was found.")
    models, families = list(chosen["model"].unique()), list(chosen["family"].unique())
    shown = ["measured", "seconds"] if chosen["seconds"].notna().any() else ["measured"]
    figure = _figure(max(3.1 * len(models) + 0.3, 4.6), 0.7 + 2.0 * len(shown), title)
    panels: Any = figure.subplots(len(shown), len(models), sharex=True, sharey="row", squeeze=False)
    for axis in panels.flat:
        _plain_axes(axis)
    for (row, quantity), (column, model) in product(enumerate(shown), enumerate(models)):
        for index, family in enumerate(families):
            rows = chosen[(chosen["model"] == model) & (chosen["family"] == family)].sort_values("K")
            _k_line(panels[row][column], rows, quantity, _style_of(index) | {"linestyle": "-"})
    for column, model in enumerate(models):
        _panel_title(panels[0][column], model)
        _k_ticks(panels[-1][column], chosen["K"])
    for row, quantity in enumerate(shown):
        _label(panels[row][0].set_ylabel, "seconds" if quantity == "seconds" else metric)
    entries = [(family, _style_of(index) | {"linestyle": "-"}) for index, family in enumerate(families)]
    foretold = [("predicted", _DASHED)] if chosen["predicted"].notna().any() else []
    _legend(figure, [*entries, *foretold, ("one standard deviation", _WHISKER)])
    return _png(figure)


def _k_line(axis: Axes, rows: pd.DataFrame, quantity: str, style: dict[str, Any]) -> None:
    if quantity == "seconds":
        axis.plot(rows["K"], rows["seconds"], **style)
        axis.set_ylim(bottom=0)
    else:
        axis.errorbar(rows["K"], rows["measured"], yerr=rows["std"].fillna(0), **style)
        axis.plot(rows["K"], rows["predicted"], **_DASHED | {"color": style["color"]})


def _k_ticks(axis: Axes, ks: pd.Series) -> None:
    if ks.nunique() <= 8:
        axis.set_xticks(sorted(ks.unique()))
    else:
        axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    _label(axis.set_xlabel, "K (members)")


def cross_score_heatmap(frame: pd.DataFrame, metric: str, *, title: str | None = None) -> bytes:
    """Draw how the model of each generator scores on the dataset of each other: trained downwards, scored across.

    `frame` has columns `train_seed, test_seed, metric, value`, one row per pair of seeds (one family and one
    model). Outlined is the diagonal, a model on its own generator's data: the naive evaluation.
    Raises `EvaluationError` if a pair of seeds occurs twice.
    """
    chosen = _of_metric(frame, metric, ("train_seed", "test_seed", "metric", "value"))
    title = title or f"{metric} of each member's model on each member's dataset"
    if chosen.empty:
        return _nothing_to_draw(title, f"No finite {metric} was found.")
    twice = chosen[chosen.duplicated(["train_seed", "test_seed"])]
    if len(twice):
        pair = tuple(twice.iloc[0][["train_seed", "test_seed"]])
        raise EvaluationError(f"cross scores: seeds {pair} occur twice for {metric}; pass one family and one model")
    grid = chosen.pivot(index="train_seed", columns="test_seed", values="value").sort_index().sort_index(axis=1)
    size = min(2.9 + 0.3 * max(grid.shape), 7.0)
    figure = _figure(size + 1.0, size, title)
    axis: Any = figure.subplots()
    image = axis.imshow(grid.to_numpy(float), cmap="cividis", aspect="equal")
    bar = figure.colorbar(image, ax=axis, shrink=0.85)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL, colors=INK)
    _mark_cells(axis, grid, image)
    for set_ticks, labels in ((axis.set_xticks, grid.columns), (axis.set_yticks, grid.index)):
        step = -(-len(labels) // 20)
        set_ticks(range(0, len(labels), step), labels=[str(label) for label in labels[::step]], fontsize=SMALL)
    _label(axis.set_xlabel, "scored on the dataset of seed")
    _label(axis.set_ylabel, "trained on the dataset of seed")
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    return _png(figure)


# --- marginals ---------------------------------------------------------------------------------------------


_Members = Mapping[int, pd.Series]
_Colours = Mapping[int, Any]


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
    _plain_axes(axis)
    whole = bool(edges[0] % 1 == 0.5 and edges[-1] % 1 == 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(4, integer=whole))
    if max(abs(edges[0]), abs(edges[-1])) >= 10_000:
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
    axis.yaxis.set_major_formatter(_percent_tick)
    return _beyond_note(edges, real_values, np.concatenate([np.empty(0), *values.values()]))


def _datetime_marginal(axis: Axes, real: pd.Series, members: _Members, colours: _Colours) -> str:
    """Draw dates as days since 1970; matplotlib's own date ticks warn for some ranges, these cannot."""
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


def _categorical_marginal(axis: Axes, real: pd.Series, members: _Members, _colours: _Colours) -> str:
    """Draw bars of shares per level, the members as mean with minimum and maximum; return no note."""
    shares = {seed: _level_shares(series) for seed, series in members.items()}
    real_shares = _level_shares(real)
    table = pd.DataFrame({-1: real_shares, **shares}).fillna(0.0)
    if table.empty:
        _no_values(axis)
        return ""
    table = table.loc[sorted(table.index, key=lambda level: (-table.loc[level, -1], -table.loc[level].sum(), level))]
    if len(table) > TOP_LEVELS + 1:
        others = table.iloc[TOP_LEVELS:]
        table = pd.concat([table.iloc[:TOP_LEVELS], pd.DataFrame({f"other ({len(others)} levels)": others.sum()}).T])
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
    _plain_axes(axis, grid="x")
    _rows_of_names(axis, list(table.index), length=17)
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
    values: np.ndarray = pd.to_numeric(series, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    finite: np.ndarray = values[np.isfinite(values)]
    return finite


def _days(series: pd.Series) -> pd.Series:
    return (pd.to_datetime(series) - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)


def _bin_edges(datasets: Sequence[np.ndarray]) -> np.ndarray | None:
    """Common edges over all values; where far values would flatten the picture, over each dataset's middle 99 %."""
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
    shares = [float(np.mean((v < edges[0]) | (v > edges[-1]))) if len(v) else 0.0 for v in (real, synthetic)]
    return f"beyond the axis: real {_percent(shares[0])}, synth. {_percent(shares[1])}" if max(shares) > 0 else ""


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


# --- drawing -----------------------------------------------------------------------------------------------


def require_columns(frame: pd.DataFrame, columns: Sequence[str], place: str) -> None:
    """Raise `EvaluationError` naming `place` and the columns that `frame` lacks."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise EvaluationError(f"{place}: columns {missing} are missing, found {list(frame.columns)}")


def _of_metric(frame: pd.DataFrame, metric: str, columns: Sequence[str], *, value: str = "value") -> pd.DataFrame:
    require_columns(frame, columns, f"{metric} scores")
    return frame[(frame["metric"] == metric) & np.isfinite(frame[value].astype(float))]


def _figure(width: float, height: float, title: str) -> Figure:
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    lines = textwrap.wrap(_drawable(title, length=200), width=int(9.5 * width)) or [""]
    figure.suptitle("\n".join(lines), fontsize=TITLE, color=INK, fontweight="bold", parse_math=False)
    return figure


def _grid(
    count: int, *, columns: int, panel: tuple[float, float], title: str, **share: Any
) -> tuple[Figure, list[Axes]]:
    """Make `count` panels of `panel` inches in rows of at most `columns`."""
    down = -(-count // columns)
    across = -(-count // down)  # four panels stand two by two, not three and one
    figure = _figure(max(across * panel[0], 4.6), down * panel[1] + 0.75, title)
    panels: Any = figure.subplots(down, across, squeeze=False, **share)
    axes = list(panels.flat)
    for axis in axes[:count]:
        _plain_axes(axis)
    for spare in axes[count:]:
        spare.remove()
    for above in axes[max(count - across, 0) : count]:
        above.tick_params(labelbottom=True)  # the lowest panel of each column, even where the last row is short
    return figure, axes[:count]


def _plain_axes(axis: Axes, *, grid: str = "both") -> None:
    axis.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axis.grid(visible=False)
    axis.grid(visible=True, axis=grid, color=GRID, linewidth=0.6)  # type: ignore[arg-type]
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=SMALL, length=0, colors=INK)


def _panel_title(axis: Axes, text: Hashable, *, subtitle: str = "") -> None:
    lift = 1.15 * SMALL * (1 + subtitle.count("; ")) if subtitle else 0.0
    _label(axis.set_title, str(text), size=TEXT, length=30, loc="left", fontweight="bold", pad=4 + 1.2 * lift)
    if subtitle:
        lines = subtitle.replace("; ", "\n")
        place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
        note = axis.annotate(lines, (0, 1), (0, 3), fontsize=SMALL, color=MUTED, **place)
        note.set_in_layout(False)  # the title's padding makes the room; else long notes push columns apart


def _rows_of_names(axis: Axes, names: Sequence[Hashable], *, length: int = 22) -> None:
    """Put one name on each row of the y axis, the first on top, with room for the dodged points."""
    labels = [_drawable(str(name), length=length) for name in names]
    axis.set_yticks(range(len(names)), labels=labels, fontsize=SMALL, parse_math=False)
    axis.set_ylim(len(names) - 0.5, -0.5)


def _dots(axis: Axes, value: pd.Series, height: pd.Series, std: pd.Series, index: int) -> None:
    axis.errorbar(value, height, xerr=std.astype(float).fillna(0.0), **_style_of(index))


def _truth_bars(axis: Axes, truth: pd.DataFrame, models: Sequence[str]) -> None:
    for model, value, std in truth[["model", "value", "std"]].itertuples(index=False):
        low, high = models.index(model) - 0.42, models.index(model) + 0.42
        if np.isfinite(std):
            axis.fill_betweenx([low, high], value - std, value + std, color=REAL_FILL, linewidth=0, zorder=1)
        axis.plot([value, value], [low, high], color=INK, linewidth=2.0, solid_capstyle="butt", zorder=2)


def _mark_cells(axis: Axes, grid: pd.DataFrame, image: Any) -> None:
    write = max(grid.shape) <= 10
    for row, train in enumerate(grid.index):
        for column, test in enumerate(grid.columns):
            value = float(grid.iloc[row, column])
            if train == test:
                box: dict[str, Any] = {"fill": False, "edgecolor": PALETTE[1], "linewidth": 1.6}
                axis.add_patch(Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, **box))
            if write:
                dark = np.isfinite(value) and float(image.norm(value)) < 0.5
                text = f"{value:.3f}" if np.isfinite(value) else "–"
                axis.text(column, row, text, ha="center", va="center", fontsize=6.5, color="white" if dark else INK)


def _style_of(index: int) -> dict[str, Any]:
    """Colour and marker of the index-th series: two signs, so that neither colour alone carries the meaning."""
    kind, turn = index % len(PALETTE), index // len(PALETTE)
    sign = {"marker": MARKERS[(kind + turn) % len(MARKERS)], "markersize": 4.6, "linestyle": ""}
    return {"color": PALETTE[kind], "linewidth": 1.1, "zorder": 3, **sign}


def _sequence(count: int) -> list[Any]:
    """Colours for seeds in order, dark to light, never so light that a thin line is lost on white."""
    return list(matplotlib.colormaps["viridis"](np.linspace(0.05, 0.82, max(count, 1))))[:count]


def _dodge(count: int) -> np.ndarray:
    return (np.arange(count) - (count - 1) / 2) * min(0.22, 0.7 / max(count, 1))


def _seed_legend(figure: Figure, colours: Mapping[Any, Any], *, real: bool = False) -> None:
    """Name every seed when they are few, the first and the last when they are many."""
    seeds = list(colours)
    shown = seeds if len(seeds) <= SEEDS_IN_LEGEND else [seeds[0], seeds[-1]]
    entries = [(f"seed {seed}", {"color": colours[seed], "linewidth": 1.6}) for seed in shown]
    if len(shown) < len(seeds):
        entries.insert(1, (f"… {len(seeds)} seeds …", {"linestyle": ""}))
    if real:
        bars = {"linewidth": 6, "solid_capstyle": "butt"}
        entries.insert(0, ("members' mean, min to max", {"color": PALETTE[0], **bars}))
        entries.insert(0, ("real", {"color": REAL_FILL, **bars}))
    _legend(figure, entries)


def _legend(figure: Figure, entries: Sequence[tuple[str, dict[str, Any]]]) -> None:
    handles = [Line2D([], [], **style) for _, style in entries]
    labels = [" " + _drawable(str(name), length=28) for name, _ in entries]  # matplotlib drops labels like "_x"
    place: dict[str, Any] = {"loc": "outside lower center", "ncols": min(len(entries), 6 if len(entries) > 4 else 4)}
    legend = figure.legend(handles, labels, fontsize=SMALL, labelcolor=INK, frameon=False, **place)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _label(put: Callable[..., Any], text: str, *, size: float = SMALL, length: int = 60, **style: Any) -> None:
    put(_drawable(text, length=length), fontsize=size, color=INK, parse_math=False, **style)


def _drawable(text: str, *, length: int) -> str:
    """Shorten, and replace what the font lacks: a name in any script gives a picture, not a warning."""
    plain = "".join(_drawable_character(character) for character in text)
    return plain if len(plain) <= length else plain[: length - 1] + "…"


def _drawable_character(character: str) -> str:
    if unicodedata.category(character).startswith("C"):
        return " "
    return character if ord(character) in _known_glyphs() else "□"


@cache
def _known_glyphs() -> frozenset[int]:
    return frozenset(FT2Font(findfont("DejaVu Sans")).get_charmap())


def _nothing_to_draw(title: str, message: str) -> bytes:
    figure = _figure(4.6, 1.4, title)
    figure.text(0.5, 0.4, message, ha="center", fontsize=TEXT, color=MUTED)
    return _png(figure)


def _png(figure: Figure) -> bytes:
    """Render to a PNG without metadata, in the best quality that keeps it within `MAXIMUM_BYTES`."""
    canvas: Any = figure.canvas
    canvas.draw()
    image = Image.fromarray(np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3]))
    png = b""
    for colours, scale in _QUALITIES:
        png = _encoded(image, colours, scale)
        if len(png) <= MAXIMUM_BYTES:
            break
    return png


def _encoded(image: Image.Image, colours: int, scale: float) -> bytes:
    if scale < 1:
        size = (round(image.width * scale), round(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS)
    # Of the methods tried, this one kept thin lines and large fills nearest to their colours for the size.
    palette = image.quantize(colors=colours, method=Image.Quantize.MAXCOVERAGE, kmeans=1)
    buffer = BytesIO()
    palette.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
