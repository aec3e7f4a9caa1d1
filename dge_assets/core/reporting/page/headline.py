"""The headline: one row per family and approach, as a frame and as plain text for a terminal.

Not here: the tables of the page (`tables`), what an ensemble gains (`comparisons`).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from dge_assets.core.errors import EvaluationError
from dge_assets.core.reporting.frames import (
    KEYS,
    approach_order,
    best_rows,
    complete_models,
    mean_over,
    metric_label,
    metrics_in,
    one_row_each,
)
from dge_assets.core.reporting.texts import (
    decimals_for,
    is_missing,
    number_text,
    plain_text,
    shortened,
    terminal_width,
)
from dge_assets.core.scores.metrics import HEADLINE_METRICS


def headline_table(
    training_scores: pd.DataFrame, *, metrics: Sequence[str] | None = None, model: str | None = None
) -> pd.DataFrame:
    """Give one row per (family, approach): columns `family, approach, models, <metric> ...`.

    `metrics` defaults to auc and brier, for a regression rmse and mae. With `model=None` a value is
    the mean over the models that have a value for every family and approach, so that rows are
    comparable; `models` names them. Raises `EvaluationError` for a model or a metric that was not
    scored.
    """
    if training_scores.empty:
        return pd.DataFrame(columns=[*KEYS])
    chosen = _chosen_metrics(training_scores, metrics)
    scores = (
        training_scores if model is None else training_scores[training_scores["model"] == model]
    )
    if scores.empty:
        found = sorted(training_scores["model"].unique())
        raise EvaluationError(f"headline: model {model!r} was not scored; found {found}")
    one_row_each(scores, ["family", "model", "approach"])
    complete = {metric: complete_models(scores, metric) for metric in chosen}
    rows = []
    for family in scores["family"].unique():
        for approach in approach_order(scores.loc[scores["family"] == family, "approach"]):
            of_row = scores[(scores["family"] == family) & (scores["approach"] == approach)]
            means = {metric: mean_over(of_row, metric, complete[metric]) for metric in chosen}
            rows.append(
                {
                    "family": family,
                    "approach": approach,
                    "models": _models_text(complete, model),
                    **means,
                }
            )
    return pd.DataFrame(rows)


def _chosen_metrics(scores: pd.DataFrame, metrics: Sequence[str] | None) -> Sequence[str]:
    scored = set(scores["metric"])
    if metrics is None:
        pairs = (
            [metric for metric in pair if metric in scored] for pair in HEADLINE_METRICS.values()
        )
        metrics = next((pair for pair in pairs if pair), sorted(scored)[:2])
    unknown = [metric for metric in metrics if metric not in scored]
    if unknown:
        raise EvaluationError(
            f"headline: metrics {unknown} were not scored; found {sorted(scored)}"
        )
    return metrics


def _models_text(complete: dict[str, list[str]], model: str | None) -> str:
    if model is not None:
        return model
    texts = {
        metric: f"mean of {', '.join(models)}" if models else "no model"
        for metric, models in complete.items()
    }
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return "; ".join(f"{metric}: {text}" for metric, text in texts.items())


def terminal_table(headline: pd.DataFrame, width: int = 80) -> str:
    """Lay the headline out as plain text of at most `width` columns: `*` marks the best of a
    family.

    Metrics that do not fit beside each other follow in a further block. Widths below 40 are taken
    as 40.
    """
    if headline.empty:
        return "No scores."
    width, frame = max(width, 40), headline.reset_index(drop=True)
    names = [
        _text_column("family", frame["family"], width // 4),
        _text_column("approach", frame["approach"], 16),
    ]
    blocks: list[list[list[str]]] = [[]]
    for column in (_metric_column(frame, metric) for metric in metrics_in(frame)):
        if (
            blocks[-1]
            and sum(terminal_width(part[0]) + 2 for part in [*names, *blocks[-1], column]) - 2
            > width
        ):
            blocks.append([])
        blocks[-1].append(column)
    text = "\n\n".join(
        "\n".join("  ".join(row).rstrip() for row in zip(*names, *block, strict=True))
        for block in blocks
    )
    models = "; ".join(dict.fromkeys(frame["models"])) if "models" in frame else ""
    legend = "* best of its family on these test rows, oracle aside; ↑ higher is better, ↓ lower is better; — not defined"
    footer = "\n".join(line for part in (models, legend) for line in textwrap.wrap(part, width))
    return f"{text}\n\n{footer}"


def _text_column(head: str, values: Iterable[Any], limit: int) -> list[str]:
    texts = [head, *(shortened(plain_text(value), limit) for value in values)]
    widest = max(map(terminal_width, texts))
    padded = [text + " " * (widest - terminal_width(text)) for text in texts]
    return [padded[0], "-" * widest, *padded[1:]]


def _metric_column(frame: pd.DataFrame, metric: str) -> list[str]:
    decimals = decimals_for(frame[metric])
    best = best_rows(frame, metric, ["family"], decimals)
    values = [
        ("—" if is_missing(value) else number_text(value, decimals))
        + ("*" if index in best else " ")
        for index, value in frame[metric].items()
    ]
    texts = [metric_label(metric) + " ", *values]
    widest = max(map(terminal_width, texts))
    padded = [" " * (widest - terminal_width(text)) + text for text in texts]
    return [padded[0], "-" * widest, *padded[1:]]
