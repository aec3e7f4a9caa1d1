"""What the pages of the evaluation tables show besides numbers: pictures, and the recommendation of
K.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd

from dge_assets.assets.line import contract_of
from dge_assets.assets.metadata import notes_metadata, png_metadata
from dge_assets.core.lineage.fingerprint import frame_sha256
from dge_resources.records import Recorded

Figure = tuple[str, str, bytes]
MOST_KEPT = 16
"""Tables whose pictures are kept for the report: some megabytes."""
_DRAWN: dict[tuple[str, str, str], list[Figure]] = {}


def page_pictures(
    name: str, frames: Mapping[str, pd.DataFrame], real_test: Recorded
) -> dict[str, Any]:
    """Metadata for the page of the evaluation table `name`, of all that are in `frames`; of many
    maps the first few.
    """
    frame = frames[name]
    if frame.empty:
        return {}
    if name == "k_curve":
        return _ensemble_size(frame, frames["k_recommendation"])
    drawn = _drawn(name, frame)
    if drawn is not None:
        return {"chart": drawn}
    shown = frame if name != "prediction_map" else frame[frame["model"] == frame["model"].iloc[0]]
    figures = drawn_once(name, shown, real_test)
    return {
        f"chart {title}": png_metadata(png, f"{title}. {caption}")
        for title, caption, png in figures
    }


def drawn_once(name: str, frame: pd.DataFrame, real_test: Recorded) -> list[Figure]:
    """The pictures of one evaluation table as (title, caption, PNG).

    In a run that makes the tables and then the report both show the same ones; drawing them takes
    seconds.
    """
    from dge_assets.core.reporting.pictures.uncertainty_figures import uncertainty_figures

    key = (name, frame_sha256(frame), real_test.record.record_id)
    if key not in _DRAWN:
        while len(_DRAWN) >= MOST_KEPT:
            _DRAWN.pop(next(iter(_DRAWN)))
        _DRAWN[key] = uncertainty_figures(
            name, frame, contract_of(real_test.record), real_test.frame
        )
    return _DRAWN[key]


def _ensemble_size(curve: pd.DataFrame, recommended: pd.DataFrame) -> dict[str, Any]:
    from dge_assets.core.reporting.page.ensemble_size import (
        recommendation_sentences,
        squared_error_in,
    )
    from dge_assets.core.reporting.pictures import charts

    metric = squared_error_in(curve)
    chart = charts.k_curve_chart(curve, metric, recommended=recommended)
    sentences = recommendation_sentences(recommended)
    return {
        "chart": png_metadata(chart, f"k_curve, {metric}"),
        "recommendation": notes_metadata(sentences),
    }


def _drawn(name: str, frame: pd.DataFrame) -> dg.MarkdownMetadataValue | None:
    from dge_assets.core.reporting.page.group_section import group_gap_chart
    from dge_assets.core.reporting.pictures import charts
    from dge_assets.core.reporting.pictures.correlation_charts import error_correlation_heatmap

    if name == "error_correlation":
        return png_metadata(error_correlation_heatmap(frame, "deviation"), f"{name}, deviation")
    charts_by_name = {
        "training_scores": charts.approach_comparison,
        "evaluation_scores": charts.evaluation_comparison,
        "group_gaps": group_gap_chart,
    }
    if name not in charts_by_name:
        return None
    metric = "auc" if "auc" in set(frame["metric"]) else "rmse"
    return png_metadata(charts_by_name[name](frame, metric), f"{name}, {metric}")
