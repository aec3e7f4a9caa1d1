"""The code location: all declared tables and their resources, assembled in one place."""

from __future__ import annotations

import os
import warnings

import dagster as dg

from dge_assets.assets.line import LAKE
from dge_assets.component import TableComponent
from dge_assets.core.generators.registry import clashes
from dge_assets.declarations import declared_tables
from dge_assets.recovery import recovery_sensor
from dge_resources.compute import Compute
from dge_resources.home import home_url
from dge_resources.io_manager import LakeIOManager
from dge_resources.ray_compute import RayCompute
from dge_resources.storage import Storage

# Data versions and backfill policies are marked beta, partitions of checks preview: known, and
# pinned by constraints.
for category in (dg.BetaWarning, dg.PreviewWarning):
    warnings.filterwarnings("ignore", category=category)


def compute_resource() -> Compute:
    """Processes of this machine; tasks of a Ray cluster where `DGE_RAY_ADDRESS` names one."""
    address = os.environ.get("DGE_RAY_ADDRESS")
    return RayCompute(address=address, processes=None) if address else Compute(processes=None)


def build_definitions(home: str) -> dg.Definitions:
    """All definitions over the root `home`; tests call this with a root of their own."""
    for clash in clashes():
        dg.get_dagster_logger("dge").warning(clash)
    return dg.Definitions.merge(
        *(
            dg.build_defs_for_component(TableComponent(*found))
            for found in declared_tables().values()
        ),
        dg.Definitions(
            sensors=[recovery_sensor],
            resources={
                LAKE: LakeIOManager(home=home),
                "storage": Storage(home=home),
                "compute": compute_resource(),
            },
            executor=dg.in_process_executor,
        ),
    )


defs = build_definitions(home_url())
