"""What one report shows, as one record. Not here: how it is shown (`report`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from dge_assets.core.reporting.page.headline import headline_table


def _empty() -> pd.DataFrame:
    return pd.DataFrame()


@dataclass(frozen=True, eq=False, kw_only=True)
class ReportInput:
    """What one report shows; every frame may be empty, and then its section says so.

    `notice` says what every reader must know before the numbers, as that less was trained than
    declared. `facts` and `lineage` are (label, value) pairs; `figures` are (title, caption, PNG
    bytes); `notes` says what does not hold and what was not run. `headline` is made from
    `training_scores` when empty; `model` picks the downstream model of headline, verdict and group
    table (None: the mean over models). `checks` has columns `asset, check, member, passed,
    severity, summary`; scores are canonical frames.
    """

    table: str
    title: str
    description: str = ""
    notice: str = ""
    facts: Sequence[tuple[str, Any]] = ()
    model: str | None = None
    headline: pd.DataFrame = field(default_factory=_empty)
    training_scores: pd.DataFrame = field(default_factory=_empty)
    evaluation_scores: pd.DataFrame = field(default_factory=_empty)
    claim_errors: pd.DataFrame = field(default_factory=_empty)
    approach_differences: pd.DataFrame = field(default_factory=_empty)
    selection: pd.DataFrame = field(default_factory=_empty)
    group_scores: pd.DataFrame = field(default_factory=_empty)
    group_gaps: pd.DataFrame = field(default_factory=_empty)
    k_curve: pd.DataFrame = field(default_factory=_empty)
    selection_quality: pd.DataFrame = field(default_factory=_empty)
    uncertainty: pd.DataFrame = field(default_factory=_empty)
    k_recommendation: pd.DataFrame = field(default_factory=_empty)
    variance_components: pd.DataFrame = field(default_factory=_empty)
    effective_members: pd.DataFrame = field(default_factory=_empty)
    statistics: pd.DataFrame = field(default_factory=_empty)
    evaluation_intervals: pd.DataFrame = field(default_factory=_empty)
    augmentation: pd.DataFrame = field(default_factory=_empty)
    figures: Sequence[tuple[str, str, bytes]] = ()
    checks: pd.DataFrame = field(default_factory=_empty)
    members: pd.DataFrame = field(default_factory=_empty)
    notes: Sequence[str] = ()
    lineage: Sequence[tuple[str, Any]] = ()


def headline_of(report: ReportInput) -> pd.DataFrame:
    """The headline as given, or made from the training scores."""
    given = report.headline
    return (
        headline_table(report.training_scores, model=report.model)
        if given.empty
        else given.reset_index(drop=True)
    )
