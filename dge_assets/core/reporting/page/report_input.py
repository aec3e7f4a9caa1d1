"""What one report shows, as one record. Not here: how it is shown (`report`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from dge_assets.core.evaluation.catalogue import CATALOGUE, Catalogue
from dge_assets.core.reporting.frames import metrics_in
from dge_assets.core.reporting.page.headline import headline_table


def _empty() -> pd.DataFrame:
    return pd.DataFrame()


@dataclass(frozen=True, eq=False, kw_only=True)
class ReportInput:
    """What one report shows; what is left out is empty, and then its section says so.

    `tables` are the evaluation tables by name, shown where their cards in `catalogue` say. `notice`
    says what every reader must know before the numbers, as that less was trained than declared.
    `facts` and `lineage` are (label, value) pairs; `figures` are (title, caption, PNG bytes);
    `notes` says what does not hold and what was not run. `model` picks the downstream model of
    headline, verdict and group table (None: the mean over models). `checks` has columns `asset,
    check, member, passed, severity, summary`; scores are canonical frames.
    """

    table: str
    title: str
    description: str = ""
    notice: str = ""
    facts: Sequence[tuple[str, Any]] = ()
    model: str | None = None
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    catalogue: Catalogue = CATALOGUE
    figures: Sequence[tuple[str, str, bytes]] = ()
    checks: pd.DataFrame = field(default_factory=_empty)
    members: pd.DataFrame = field(default_factory=_empty)
    notes: Sequence[str] = ()
    lineage: Sequence[tuple[str, Any]] = ()

    def frame(self, name: str) -> pd.DataFrame:
        """The evaluation table `name`, without rows where it was not given."""
        card = self.catalogue[name]
        return self.tables[name] if name in self.tables else card.no_rows()

    @cached_property
    def headline(self) -> pd.DataFrame:
        """One row per family and approach, from the training scores."""
        return headline_table(self.frame("training_scores"), model=self.model)

    @cached_property
    def metrics(self) -> Sequence[str]:
        """The metrics of the headline, which the other tables are cut to."""
        return metrics_in(self.headline)
