"""The custodian's report: the numbers of one table in, one self-contained HTML page out.

Belongs here: which numbers are shown in which order, and the sentences that are computed from them. Not here:
computing scores (`protocols`), drawing (`charts`), the page's markup and style (`templates/report.html.j2`), and
where the page is kept (the assets).

Two rules hold for every sentence: it is chosen by the numbers, so it changes when they change, and it never claims
more than they show (a difference within the spread is said to be within the spread). The page names no time of
making, so equal inputs give an equal page.
"""

from __future__ import annotations

import textwrap
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import floor, isfinite, log10, nan, sqrt
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from dge_assets.core.charts import approach_order, require_columns
from dge_assets.core.errors import EvaluationError
from dge_assets.core.metrics import metric_goal

ROWS_SHOWN = 200
"""Longer tables are cut on the page, and say so."""
NORMAL_95 = 1.96
UNDEFINED, NO_SPREAD = "not defined", "no spread"
_KEYS = ("family", "approach", "models")
_HEADLINE_METRICS = (("auc", "brier"), ("rmse", "crps"))


def _empty() -> pd.DataFrame:
    return pd.DataFrame()


@dataclass(frozen=True, eq=False, kw_only=True)
class ReportInput:
    """What one report shows; every frame may be empty, and then its section says so.

    `facts` and `lineage` are (label, value) pairs; `figures` are (title, caption, PNG bytes); `notes` says what does
    not hold and what was not run. `headline` is made from `training_scores` when empty; `model` picks the
    downstream model of headline, verdict and group table (None: the mean over models).
    `checks` has columns `asset, check, member, passed, severity, summary`; scores are canonical frames.
    """

    table: str
    title: str
    description: str = ""
    facts: Sequence[tuple[str, Any]] = ()
    model: str | None = None
    headline: pd.DataFrame = field(default_factory=_empty)
    training_scores: pd.DataFrame = field(default_factory=_empty)
    evaluation_scores: pd.DataFrame = field(default_factory=_empty)
    selection: pd.DataFrame = field(default_factory=_empty)
    group_scores: pd.DataFrame = field(default_factory=_empty)
    k_curve: pd.DataFrame = field(default_factory=_empty)
    figures: Sequence[tuple[str, str, bytes]] = ()
    checks: pd.DataFrame = field(default_factory=_empty)
    members: pd.DataFrame = field(default_factory=_empty)
    notes: Sequence[str] = ()
    lineage: Sequence[tuple[str, Any]] = ()


# --- numbers behind the headline ---------------------------------------------------------------------------


def headline_table(
    training_scores: pd.DataFrame, *, metrics: Sequence[str] | None = None, model: str | None = None
) -> pd.DataFrame:
    """Give one row per (family, approach): columns `family, approach, models, <metric> ...`.

    `metrics` defaults to auc and brier, for a regression rmse and crps. With `model=None` a value is the mean over
    the models that have a value for every family and approach, so that rows are comparable; `models` names them.
    Raises `EvaluationError` for a model or a metric that was not scored.
    """
    if training_scores.empty:
        return pd.DataFrame(columns=[*_KEYS])
    chosen = _chosen_metrics(training_scores, metrics)
    scores = training_scores if model is None else training_scores[training_scores["model"] == model]
    if scores.empty:
        found = sorted(training_scores["model"].unique())
        raise EvaluationError(f"headline: model {model!r} was not scored; found {found}")
    _one_row_each(scores, ["family", "model", "approach"])
    complete = {metric: _complete_models(scores, metric) for metric in chosen}
    rows = []
    for family in scores["family"].unique():
        for approach in approach_order(scores.loc[scores["family"] == family, "approach"]):
            of_row = scores[(scores["family"] == family) & (scores["approach"] == approach)]
            means = {metric: _mean_over(of_row, metric, complete[metric])[0] for metric in chosen}
            rows.append({"family": family, "approach": approach, "models": _models_text(complete, model), **means})
    return pd.DataFrame(rows)


def _chosen_metrics(scores: pd.DataFrame, metrics: Sequence[str] | None) -> Sequence[str]:
    scored = set(scores["metric"])
    if metrics is None:
        pairs = ([metric for metric in pair if metric in scored] for pair in _HEADLINE_METRICS)
        metrics = next((pair for pair in pairs if pair), sorted(scored)[:2])
    unknown = [metric for metric in metrics if metric not in scored]
    if unknown:
        raise EvaluationError(f"headline: metrics {unknown} were not scored; found {sorted(scored)}")
    return metrics


def _complete_models(scores: pd.DataFrame, metric: str) -> list[str]:
    """The models with a finite value for every (family, approach): a mean over others would compare unlike things."""
    rows = _one_row_each(scores[scores["metric"] == metric], ["family", "model", "approach"])
    table = rows.pivot(index="model", columns=["family", "approach"], values="value")
    pairs = pd.MultiIndex.from_frame(scores[["family", "approach"]].drop_duplicates())
    whole = table.reindex(columns=pairs).notna().all(axis=1)
    return [model for model in scores["model"].unique() if whole.get(model, False)]


def _one_row_each(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    require_columns(rows, [*keys, "metric", "value"], "report: scores")
    twice = rows[rows.duplicated([*keys, "metric"])]
    if len(twice):
        found = {name: twice.iloc[0][name] for name in [*keys, "metric"]}
        raise EvaluationError(f"report: scores have more than one row for {found}; pass one row each")
    return rows


def _mean_over(of_row: pd.DataFrame, metric: str, models: Sequence[str]) -> tuple[float, float]:
    """Mean of value and of std over `models`.

    The mean of the stds is never below the std of the mean, however the models' errors go together.
    """
    rows = of_row[(of_row["metric"] == metric) & of_row["model"].isin(models)]
    return float(rows["value"].mean()), float(rows["std"].mean(skipna=False))


def _models_text(complete: dict[str, list[str]], model: str | None) -> str:
    if model is not None:
        return model
    texts = {metric: f"mean of {', '.join(models)}" if models else "no model" for metric, models in complete.items()}
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return "; ".join(f"{metric}: {text}" for metric, text in texts.items())


@dataclass(frozen=True)
class Gain:
    """What the largest DGE gains over naive_single for one family and metric; positive is better."""

    family: str
    metric: str
    approach: str
    naive: float
    value: float
    gain: float
    reach: float
    """Half the width of the interval, 1.96 · sqrt(std² + std²) of the known stds; NaN if none is known."""
    spread_of: tuple[str, ...]
    """The approaches whose std is known; with one of them alone, the interval is too narrow."""
    oracle: float
    best: str
    best_value: float

    @property
    def decimals(self) -> int:
        """Decimals with which all of this comparison is printed."""
        return _decimals([self.naive, self.value, self.oracle])

    @property
    def verdict(self) -> str:
        """`better`, `worse` or `the same`, by the printed digits."""
        if round(self.gain, self.decimals) == 0:
            return "the same"
        return "better" if self.gain > 0 else "worse"

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end of the 95 % interval of the gain."""
        return self.gain - self.reach, self.gain + self.reach


def training_gains(training_scores: pd.DataFrame, *, metrics: Sequence[str], model: str | None = None) -> list[Gain]:
    """Compare, per family and metric, the DGE of largest K with naive_single; families that lack one are left out."""
    if training_scores.empty:
        return []
    scores = training_scores if model is None else training_scores[training_scores["model"] == model]
    gains = []
    for metric in metrics:
        models = _complete_models(scores, metric)
        for family, of_family in scores.groupby("family", sort=False):
            means = {name: _mean_over(rows, metric, models) for name, rows in of_family.groupby("approach")}
            gains += _gain(str(family), metric, means)
    return gains


def _gain(family: str, metric: str, means: dict[str, tuple[float, float]]) -> list[Gain]:
    largest = _largest_dge(means)
    if largest is None or not isfinite(means.get("naive_single", (nan, nan))[0]):
        return []
    (naive, naive_std), (value, std) = means["naive_single"], means[largest]
    spreads = {"naive_single": naive_std, largest: std}
    known = {name: spread for name, spread in spreads.items() if isfinite(spread)}
    sign = _sign(metric)
    best = max(
        (name for name in approach_order(list(means)) if name != "oracle"), key=lambda name: sign * means[name][0]
    )
    return [
        Gain(
            family=family,
            metric=metric,
            approach=largest,
            naive=naive,
            value=value,
            gain=sign * (value - naive),
            reach=NORMAL_95 * sqrt(sum(spread**2 for spread in known.values())) if known else nan,
            spread_of=tuple(known),
            oracle=means.get("oracle", (nan, nan))[0],
            best=best,
            best_value=means[best][0],
        )
    ]


@dataclass(frozen=True)
class ClaimError:
    """How far claims made from synthetic rows are from the score on real rows, for one family and metric."""

    family: str
    metric: str
    approach: str
    distance: float
    """Mean over models of |claim - oracle|."""
    optimism: float
    """Mean over models of (claim - oracle), signed so that positive claims too much."""


def evaluation_errors(evaluation_scores: pd.DataFrame, *, metrics: Sequence[str]) -> list[ClaimError]:
    """Measure each claim against the oracle, over the models for which every approach has a value."""
    if evaluation_scores.empty:
        return []
    errors = []
    for metric in metrics:
        models = _complete_models(evaluation_scores, metric)
        rows = evaluation_scores[(evaluation_scores["metric"] == metric) & evaluation_scores["model"].isin(models)]
        for family, of_family in rows.groupby("family", sort=False):
            table = of_family.pivot(index="model", columns="approach", values="value")
            for approach in approach_order(list(table.columns)) if "oracle" in table else []:
                off = table[approach] - table["oracle"]
                if approach != "oracle":
                    far = ClaimError(str(family), metric, approach, off.abs().mean(), _sign(metric) * off.mean())
                    errors.append(far)
    return errors


def _largest_dge(approaches: Iterable[str]) -> str | None:
    found = [name for name in approach_order(list(approaches)) if name.startswith("dge_")]
    return found[-1] if found else None


def _sign(metric: str) -> int:
    return 1 if metric_goal(metric) == "higher" else -1


# --- sentences ---------------------------------------------------------------------------------------------


def verdict(report: ReportInput) -> list[str]:
    """Say in a few sentences what the numbers show: gain, distance to real data, honesty of claims, checks."""
    metrics = _metrics_of(_headline(report))
    gains = training_gains(report.training_scores, metrics=metrics, model=report.model)
    errors = evaluation_errors(report.evaluation_scores, metrics=metrics)
    sentences = [*_gain_sentences(gains), *_best_sentences(gains, metrics)]
    return [*sentences, *_claim_sentences(errors), _check_sentence(report.checks)]


def _gain_sentences(gains: Sequence[Gain]) -> list[str]:
    if not gains:
        return ["No DGE was scored beside naive_single, so nothing can be said about what an ensemble gains."]
    sentences = []
    for metric in dict.fromkeys(gain.metric for gain in gains):
        phrases = "; ".join(_gain_phrase(gain) for gain in gains if gain.metric == metric)
        goal = metric_goal(metric)
        sentences.append(
            f"Against a model trained on one synthetic dataset (naive_single), on {metric} ({goal} is better): "
            f"{phrases}."
        )
    lone = dict.fromkeys(gain.spread_of[0] for gain in gains if len(gain.spread_of) == 1)
    if lone:
        sentences.append(
            f"Some intervals rest on the spread of {' or '.join(lone)} alone, so they are likely too narrow."
        )
    return sentences


def _gain_phrase(gain: Gain) -> str:
    show = partial(_number, decimals=gain.decimals)
    ends = f"{show(gain.value)} against {show(gain.naive)}"
    if gain.verdict == "the same":
        return f"for {gain.family}, {gain.approach} is the same to the digits shown ({ends})"
    opening = f"for {gain.family}, {gain.approach} is {gain.verdict} by {show(abs(gain.gain))}"
    if not gain.spread_of:
        return f"{opening} ({ends}; no spread is known, so there is no interval)"
    low, high = gain.interval
    covers = "covers zero, so it may be chance" if low <= 0 <= high else "leaves out zero"
    return f"{opening} ({ends}; the gain's 95 % interval, {show(low)} to {show(high)}, {covers})"


def _best_sentences(gains: Sequence[Gain], metrics: Sequence[str]) -> list[str]:
    """Name the best approach of the first metric and its distance to the oracle of the same family."""
    compared = [gain for gain in gains if gain.metric == metrics[0] and isfinite(gain.oracle)]
    if not compared:
        return []
    best = max(compared, key=lambda gain: _sign(gain.metric) * gain.best_value)
    short = _sign(best.metric) * (best.oracle - best.best_value)
    show = partial(_number, decimals=best.decimals)
    apart = f"{show(abs(short))} {'short of' if short > 0 else 'beyond'}"
    distance = apart if round(short, best.decimals) else "level with"
    return [
        f"The best {best.metric} without real rows is {best.best} of {best.family} with {show(best.best_value)}, "
        f"{distance} a model trained on real rows (oracle, {show(best.oracle)})."
    ]


def _claim_sentences(errors: Sequence[ClaimError]) -> list[str]:
    sentences = []
    for metric in dict.fromkeys(error.metric for error in errors):
        of_metric = [error for error in errors if error.metric == metric]
        phrases = []
        for family in dict.fromkeys(error.family for error in of_metric):
            claims = {error.approach: error for error in of_metric if error.family == family}
            largest = _largest_dge(claims)
            if largest and "naive" in claims:
                phrases.append(_claim_phrase(family, claims["naive"], claims[largest]))
        if phrases:
            opening = f"Scores computed from synthetic rows alone miss the {metric} on real rows"
            sentences.append(f"{opening}, as a mean over models, {'; '.join(phrases)}.")
    return sentences


def _claim_phrase(family: str, naive: ClaimError, dge: ClaimError) -> str:
    both = f"for {family} by {_text(naive.distance)} (naive) and {_text(dge.distance)} ({dge.approach})"
    if _text(naive.distance) == _text(dge.distance):
        return f"{both}, so neither is nearer"
    return f"{both}, so {dge.approach if dge.distance < naive.distance else 'naive'} is nearer the truth"


def _check_sentence(checks: pd.DataFrame) -> str:
    if checks.empty:
        return "No checks are recorded with this report."
    failed = checks[~checks["passed"].astype(bool)]
    if failed.empty:
        return f"All {len(checks)} checks passed."
    kinds = failed["severity"].astype(str).str.lower().value_counts().sort_index()
    parts = ", ".join(f"{count} of severity {kind}" for kind, count in kinds.items())
    return f"{len(failed)} of {len(checks)} checks did not pass ({parts}): see Checks before deciding."


# --- tables ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One cell; `hint` becomes its title, `kind` its CSS classes, `spread` stands behind it."""

    text: str
    hint: str = ""
    kind: str = ""
    spread: str = ""
    spread_width: int = 0


@dataclass(frozen=True)
class TableView:
    """One table ready for the page; the first `headers` columns are row headers, `heads` are (label, hint) pairs."""

    caption: str
    heads: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    headers: int = 1
    note: str = ""


def _frame_view(
    frame: pd.DataFrame, caption: str, *, headers: int = 1, kinds: dict[str, str] | None = None
) -> TableView:
    """Show a frame as it is: floats of a column with the same decimals, what is missing as a dash with a title."""
    shown = frame.head(ROWS_SHOWN)
    columns = [_column_cells(column, (kinds or {}).get(str(name), "")) for name, column in shown.items()]
    note = f"The first {ROWS_SHOWN} of {len(frame)} rows; all are in the warehouse." if len(frame) > ROWS_SHOWN else ""
    numeric = [pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes]
    heads = [
        Cell(_plain(name), kind="number" if is_number else "") for name, is_number in zip(frame, numeric, strict=True)
    ]
    return TableView(caption, heads, list(zip(*columns, strict=True)), headers, note)


def _column_cells(column: pd.Series, kind: str) -> list[Cell]:
    if pd.api.types.is_float_dtype(column):
        decimals = _decimals(column)
        return [_number_cell(value, decimals) for value in column]
    kind = "number" if pd.api.types.is_integer_dtype(column) else kind
    return [Cell("—", UNDEFINED, kind) if _is_missing(value) else Cell(_plain(value), kind=kind) for value in column]


def _number_cell(value: float, decimals: int, *, hint: str = "", kind: str = "") -> Cell:
    if _is_missing(value):
        return Cell("—", UNDEFINED, "number")
    return Cell(_number(float(value), decimals), hint, f"number {kind}".strip())


def _metric_head(metric: Hashable, width: int = 0) -> Cell:
    goal = metric_goal(str(metric))
    return Cell(f"{metric} {'↑' if goal == 'higher' else '↓'}", f"{goal} is better", "number", spread_width=width)


def _headline_view(headline: pd.DataFrame) -> TableView:
    metrics = _metrics_of(headline)
    decimals = {metric: _decimals(headline[metric]) for metric in metrics}
    marked = {metric: _best_rows(headline, metric, ["family"], decimals[metric]) for metric in metrics}
    rows = []
    for index in headline.index:
        family, approach = headline["family"][index], headline["approach"][index]
        kind = _row_kind(approach, index and family != headline["family"][index - 1])
        cells = [Cell(_plain(family), kind=kind), Cell(_plain(approach), kind=f"name {kind}".strip())]
        for metric in metrics:
            hint = "best of its family" if index in marked[metric] else ""
            value = headline[metric][index]
            cells.append(_spread_cell(value, None, decimals=decimals[metric], best=hint, kind=kind))
        rows.append(cells)
    models = "; ".join(dict.fromkeys(headline["models"])) if "models" in headline else "as given"
    heads = [Cell("family"), Cell("approach"), *map(_metric_head, metrics)]
    return TableView(f"Scores on real test rows ({models})", heads, rows, headers=2)


def _row_kind(approach: str, starts_block: object) -> str:
    return f"{'reference' if approach == 'oracle' else ''} {'start' if starts_block else ''}".strip()


def _best_rows(frame: pd.DataFrame, metric: str, groups: list[str], decimals: int) -> set[Hashable]:
    """Index of the best rows of each group, oracle aside; equal to the printed digits is equally good."""
    candidates = frame[frame["approach"] != "oracle"].copy()
    candidates["_score"] = _sign(metric) * candidates[metric].astype(float).round(decimals)
    best = candidates.groupby(groups, sort=False)["_score"].transform("max")
    return set(candidates.index[candidates["_score"] == best])


def _nearest_rows(frame: pd.DataFrame, metric: str, groups: list[str], decimals: int) -> set[Hashable]:
    """Index of the rows of each group whose claim is nearest to the oracle's value."""
    truth = frame[frame["approach"] == "oracle"]
    oracle = dict(zip(truth[groups].itertuples(index=False, name=None), truth[metric], strict=True))
    claims = frame[frame["approach"] != "oracle"].copy()
    claims["_oracle"] = claims[groups].apply(tuple, axis=1).map(oracle)
    claims["_score"] = (claims[metric] - claims["_oracle"]).abs().round(decimals)
    nearest = claims.groupby(groups, sort=False)["_score"].transform("min")
    return set(claims.index[claims["_score"] == nearest])


_Marker = Callable[[pd.DataFrame, str, list[str], int], set[Hashable]]


def _score_views(scores: pd.DataFrame, caption: str, mark: _Marker, hint: str) -> list[TableView]:
    """One table per family: a row per (model, approach), a column per metric, value ± std, the best marked."""
    if scores.empty:
        return []
    return [
        _score_view(of_family, f"{_plain(family)}: {caption}", mark, hint)
        for family, of_family in scores.groupby("family", sort=False)
    ]


def _score_view(scores: pd.DataFrame, caption: str, mark: _Marker, hint: str) -> TableView:
    metrics, models = list(scores["metric"].unique()), list(scores["model"].unique())
    order = [(model, name) for model in models for name in approach_order(scores["approach"])]
    wide = scores.pivot(index=["model", "approach"], columns="metric", values=["value", "std"])
    wide = wide.reindex([pair for pair in order if pair in wide.index])
    values = wide["value"].reset_index().assign(family="")
    decimals = {metric: _decimals(values[metric]) for metric in metrics}
    marked = {metric: mark(values, metric, ["family", "model"], decimals[metric]) for metric in metrics}
    widths = {metric: 0 if wide["std"][metric].isna().all() else decimals[metric] + 5 for metric in metrics}
    rows = []
    for index, (model, approach) in enumerate(wide.index):
        kind = _row_kind(approach, index and model != wide.index[index - 1][0])
        cells = [Cell(_plain(model), kind=kind), Cell(_plain(approach), kind=f"name {kind}".strip())]
        for metric in metrics:
            look: dict[str, Any] = {"decimals": decimals[metric], "width": widths[metric], "kind": kind}
            best = hint if index in marked[metric] else ""
            cells.append(_spread_cell(values[metric][index], wide["std"][metric].iloc[index], best=best, **look))
        rows.append(cells)
    return TableView(
        caption,
        [Cell("model"), Cell("approach"), *(_metric_head(metric, widths[metric]) for metric in metrics)],
        rows,
        headers=2,
    )


def _spread_cell(value: float, spread: float | None, *, decimals: int, best: str, kind: str, width: int = 0) -> Cell:
    """The value, with room for a spread where the column has any; `spread=None` says nothing of spreads."""
    kind = " ".join(filter(None, ["number", "best" if best else "", kind]))
    if _is_missing(value):
        return Cell("—", UNDEFINED, kind, spread_width=width)
    if spread is None:
        return Cell(_number(value, decimals), best, kind)
    if _is_missing(spread):
        return Cell(_number(value, decimals), best or NO_SPREAD, kind, spread_width=width)
    return Cell(_number(value, decimals), best, kind, f"± {_number(spread, decimals)}", width)


def _gain_view(gains: Sequence[Gain]) -> list[TableView]:
    if not gains:
        return []
    heads = [
        "family",
        "metric",
        "DGE",
        "naive_single",
        "of the DGE",
        "gain",
        "95 % interval",
        "oracle",
        "best approach",
    ]
    rows = []
    for gain in gains:
        decimals = gain.decimals
        interval = [_number(end, decimals) for end in gain.interval]
        bounds = Cell(" to ".join(interval), kind="number") if isfinite(gain.reach) else Cell("—", NO_SPREAD, "number")
        numbers = [_number_cell(value, decimals) for value in (gain.naive, gain.value, gain.gain)]
        names = [Cell(_plain(gain.family)), Cell(gain.metric), Cell(gain.approach, kind="name")]
        best = Cell(f"{gain.best} ({_number(gain.best_value, decimals)})", kind="name")
        rows.append([*names, *numbers, bounds, _number_cell(gain.oracle, decimals), best])
    head_cells = [Cell(head, kind="number" if 2 < index < 8 else "") for index, head in enumerate(heads)]
    return [TableView("What the ensemble gains over one synthetic dataset; positive is better", head_cells, rows, 3)]


def _claim_view(errors: Sequence[ClaimError]) -> list[TableView]:
    if not errors:
        return []
    frame = pd.DataFrame(errors)
    frame.columns = ["family", "metric", "approach", "distance", "optimism"]
    caption = "Claims against the truth, mean over models; optimism above zero claims too much"
    return [_frame_view(frame, caption, headers=3, kinds={"approach": "name"})]


def _selection_views(selection: pd.DataFrame, metrics: Sequence[str]) -> list[TableView]:
    """Per family and metric: which downstream model each way of evaluating would choose."""
    if selection.empty:
        return []
    views = []
    for (family, metric), rows in selection.groupby(["family", "metric"], sort=False):
        if metric in metrics:
            approaches, decimals = approach_order(rows["approach"]), _decimals(rows["value"])
            table = rows.set_index(["model", "approach"])
            body = [
                [Cell(_plain(model)), *(_rank_cell(table, (model, name), decimals) for name in approaches)]
                for model in rows["model"].unique()
            ]
            heads = [Cell("model"), *(Cell(name, kind="number") for name in approaches)]
            views.append(TableView(f"{_plain(family)}: {metric} and rank of each model", heads, body))
    return views


def _rank_cell(table: pd.DataFrame, key: tuple[Any, str], decimals: int) -> Cell:
    if key not in table.index or _is_missing(table.loc[key, "value"]):
        return Cell("—", UNDEFINED, "number")
    value, rank = table.loc[key, "value"], table.loc[key, "rank"]
    kind, hint = ("best", "chosen by this approach") if rank == 1 else ("", "")
    return Cell(f"{_number(value, decimals)} (rank {rank:g})", hint, f"number {kind}".strip())


def _group_views(report: ReportInput, metrics: Sequence[str]) -> list[TableView]:
    """Per headline metric: a row per (family, group), a column per approach, mean over models."""
    scores = report.group_scores
    if scores.empty:
        return []
    scores = scores if report.model is None else scores[scores["model"] == report.model]
    views = []
    for metric in metrics:
        rows = scores[scores["metric"] == metric]
        if rows.empty:
            continue
        keys = ["family", "group", *(name for name in ("share", "n") if name in rows)]
        means = rows.groupby([*keys, "approach"], sort=False, dropna=False)["value"].agg(lambda v: v.mean(skipna=False))
        table = means.unstack("approach")
        table = table[approach_order(list(table.columns))].reset_index()
        views.append(_frame_view(table, f"{metric} ({metric_goal(metric)} is better) by group", headers=2))
    return views


def _k_views(k_curve: pd.DataFrame, metrics: Sequence[str]) -> list[TableView]:
    """The headline's metrics, and those that are foretold: the prediction holds for squared errors alone."""
    foretold = set(k_curve.loc[k_curve["predicted"].notna(), "metric"]) if not k_curve.empty else set()
    rows = k_curve[k_curve["metric"].isin({*metrics, *foretold})] if not k_curve.empty else k_curve
    if rows.empty:
        return []
    keys, values = ["family", "metric", "K"], ["measured", "std", "predicted", "seconds"]
    means = rows.groupby(keys, sort=False)[values].agg(lambda column: column.mean(skipna=False)).reset_index()
    return [_frame_view(means, "Score and cost by number of members K, mean over models", headers=3)]


def _check_views(checks: pd.DataFrame) -> list[TableView]:
    """Checks that did not pass come first; the result is a word, so that colour is not needed to read it."""
    if checks.empty:
        return []
    ordered = checks.assign(passed=checks["passed"].astype(bool)).sort_values("passed", kind="stable")
    frame = ordered.drop(columns="passed")
    view = _frame_view(frame, f"{len(checks)} checks", headers=2)
    results = [Cell("passed", kind="passed") if ok else Cell("FAILED", kind="failed") for ok in ordered["passed"]]
    rows = [[*row[:2], result, *row[2:]] for row, result in zip(view.rows, results, strict=False)]
    return [TableView(view.caption, [*view.heads[:2], Cell("result"), *view.heads[2:]], rows, 2, view.note)]


# --- the page ----------------------------------------------------------------------------------------------


def render_report(report: ReportInput) -> str:
    """Render the report as one HTML page that needs nothing else: no network, no script, no other file."""
    headline = _headline(report)
    metrics = _metrics_of(headline)
    gains = training_gains(report.training_scores, metrics=metrics, model=report.model)
    errors = evaluation_errors(report.evaluation_scores, metrics=metrics)
    best, near = "best of the approaches without real rows", "nearest to the oracle"
    environment = Environment(
        loader=PackageLoader("dge_assets.core", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        title=_plain(report.title),
        table=_plain(report.table),
        paragraphs=[_plain(text) for text in report.description.split("\n\n") if text.strip()],
        verdict=verdict(report),
        failed=_worst_failure(report.checks),
        headline=[_headline_view(headline)] if len(headline) else [],
        gains=_gain_view(gains),
        notes=[_plain(note) for note in report.notes],
        facts=_pairs(report.facts),
        training=_score_views(report.training_scores, "trained as named, scored on real test rows", _best_rows, best),
        claims=_claim_view(errors),
        evaluation=_score_views(report.evaluation_scores, "scores as claimed, and the truth", _nearest_rows, near),
        selection=_selection_views(report.selection, metrics),
        groups=_group_views(report, metrics),
        k_curve=_k_views(report.k_curve, metrics),
        figures=[(_plain(t), _plain(c), b64encode(png).decode("ascii")) for t, c, png in report.figures],
        checks=_check_views(report.checks),
        members=[_frame_view(report.members, f"{len(report.members)} members", headers=2)]
        if len(report.members)
        else [],
        lineage=_pairs(report.lineage),
    )


def _headline(report: ReportInput) -> pd.DataFrame:
    given = report.headline
    return headline_table(report.training_scores, model=report.model) if given.empty else given.reset_index(drop=True)


def _metrics_of(headline: pd.DataFrame) -> list[str]:
    return [str(name) for name in headline.columns if name not in _KEYS]


def _worst_failure(checks: pd.DataFrame) -> str:
    failed = checks[~checks["passed"].astype(bool)] if not checks.empty else checks
    if failed.empty:
        return ""
    return "error" if failed["severity"].astype(str).str.lower().eq("error").any() else "warn"


def _pairs(pairs: Sequence[tuple[str, Any]]) -> list[tuple[str, Cell]]:
    cells = [(label, Cell("—", UNDEFINED) if _is_missing(value) else Cell(_plain(value))) for label, value in pairs]
    return [(_plain(label), cell) for label, cell in cells]


# --- the terminal ------------------------------------------------------------------------------------------


def terminal_table(headline: pd.DataFrame, width: int = 80) -> str:
    """Lay the headline out as plain text of at most `width` columns: `*` marks the best of a family.

    Metrics that do not fit beside each other follow in a further block. Widths below 40 are taken as 40.
    """
    if headline.empty:
        return "No scores."
    width, frame = max(width, 40), headline.reset_index(drop=True)
    names = [_text_column("family", frame["family"], width // 4), _text_column("approach", frame["approach"], 16)]
    blocks: list[list[list[str]]] = [[]]
    for column in (_metric_column(frame, metric) for metric in _metrics_of(frame)):
        if blocks[-1] and sum(_cells(part[0]) + 2 for part in [*names, *blocks[-1], column]) - 2 > width:
            blocks.append([])
        blocks[-1].append(column)
    text = "\n\n".join(
        "\n".join("  ".join(row).rstrip() for row in zip(*names, *block, strict=True)) for block in blocks
    )
    models = "; ".join(dict.fromkeys(frame["models"])) if "models" in frame else ""
    legend = "* best of its family, oracle aside; ↑ higher is better, ↓ lower is better; — not defined"
    footer = "\n".join(line for part in (models, legend) for line in textwrap.wrap(part, width))
    return f"{text}\n\n{footer}"


def _text_column(head: str, values: Iterable[Any], limit: int) -> list[str]:
    texts = [head, *(_shortened(_plain(value), limit) for value in values)]
    widest = max(map(_cells, texts))
    padded = [text + " " * (widest - _cells(text)) for text in texts]
    return [padded[0], "-" * widest, *padded[1:]]


def _metric_column(frame: pd.DataFrame, metric: str) -> list[str]:
    decimals = _decimals(frame[metric])
    best = _best_rows(frame, metric, ["family"], decimals)
    values = [
        ("—" if _is_missing(value) else _number(value, decimals)) + ("*" if index in best else " ")
        for index, value in frame[metric].items()
    ]
    texts = [_metric_head(metric).text + " ", *values]
    widest = max(map(_cells, texts))
    padded = [" " * (widest - _cells(text)) + text for text in texts]
    return [padded[0], "-" * widest, *padded[1:]]


def _cells(text: str) -> int:
    """Columns that a terminal needs: East Asian wide characters take two, combining marks none."""
    return sum((unicodedata.east_asian_width(c) in "WF") + 1 for c in text if not unicodedata.combining(c))


def _shortened(text: str, limit: int) -> str:
    if _cells(text) <= limit:
        return text
    while _cells(text) > limit - 1:
        text = text[:-1]
    return text + "…"


# --- texts and numbers -------------------------------------------------------------------------------------


def _plain(value: object) -> str:
    """As text, without control characters: they are invalid in HTML and could move a terminal's cursor."""
    return "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in str(value))


def _is_missing(value: object) -> bool:
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _decimals(values: Iterable[float]) -> int:
    """Decimals that give the largest value four significant digits."""
    sizes = [abs(float(value)) for value in values if not _is_missing(value) and isfinite(value) and value != 0]
    return min(max(3 - floor(log10(max(sizes))), 0), 6) if sizes else 0


def _number(value: float, decimals: int) -> str:
    if not isfinite(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{decimals}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def _text(value: float) -> str:
    """A number inside a sentence: three significant digits, at most six decimals."""
    if not isfinite(value):
        return "—"
    decimals = min(max(2 - floor(log10(abs(value))), 0), 6) if value else 0
    return _number(value, decimals)
