"""The Dagster Component: one `defs.yaml` makes one table's group of assets, checks, jobs, schedule
and sensor.

Here: from a checked declaration to Dagster definitions. Not here: the schema (`core.declaration`),
what the assets do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import BaseModel

from dge_assets.assets.downstream import downstream_asset
from dge_assets.assets.encoder import encoder_asset
from dge_assets.assets.evaluation import evaluation_assets
from dge_assets.assets.generator import generator_asset
from dge_assets.assets.line import Line
from dge_assets.assets.release import release_asset
from dge_assets.assets.report import report_asset
from dge_assets.assets.source import source_assets
from dge_assets.assets.synthetic import synthetic_asset
from dge_assets.automation import origin_asset, source_sensor, table_jobs, table_schedule
from dge_assets.checks import table_checks
from dge_assets.core.declaration.profiles import read_profile
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.declarations import profile_in_use, require_cron_line, require_usable_model


@dataclass
class TableComponent(dg.Component):
    """A real table that becomes a data product: generators, datasets, evaluation, report, release."""

    declaration: TableDeclaration
    folder: Path

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The schema that Dagster checks a `defs.yaml`'s attributes against."""
        return TableDeclaration

    @classmethod
    def load(cls, attributes: Any, context: dg.ComponentLoadContext) -> TableComponent:
        """The component that a checked declaration makes; relative paths start at its folder.

        Dagster checks a declaration without the checks that take more than its text, so they are
        asked here.
        """
        if attributes.schedule is not None:
            require_cron_line(attributes.schedule.cron)
        for model in (*attributes.models, *attributes.augmentation.models):
            require_usable_model(model)
        folder = context.path if context.path.is_dir() else context.path.parent
        return cls(declaration=attributes, folder=folder)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002
        """All definitions of the table under the profile that `DGE_PROFILE` names."""
        return table_definitions(self.declaration, str(self.folder), profile_in_use())


def table_definitions(declaration: TableDeclaration, folder: str, profile: str) -> dg.Definitions:
    """Assets, checks, jobs, schedule and sensor of one table; the resources are the code
    location's.
    """
    line = Line(declaration.plan(read_profile(profile)), folder)
    members = [
        make(line, family)
        for family in line.families
        for make in (generator_asset, synthetic_asset, downstream_asset)
    ]
    jobs = table_jobs(line)
    schedule = table_schedule(line, jobs["line"])
    sensor = source_sensor(line, jobs["line"])
    return dg.Definitions(
        assets=[
            origin_asset(line),
            *source_assets(line),
            encoder_asset(line),
            *members,
            evaluation_assets(line),
            report_asset(line),
            release_asset(line),
        ],
        asset_checks=table_checks(line),
        jobs=list(jobs.values()),
        schedules=[schedule] if schedule else [],
        sensors=[sensor] if sensor else [],
    )
