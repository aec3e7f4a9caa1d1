"""A small odd table, its line run for real, and helpers that run parts of it.

Everything is real: trainings (few epochs), files, DuckDB, Dagster in process. Only the sizes are
small.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from dge_assets.assets.line import LAKE, Line
from dge_assets.automation import range_tags
from dge_assets.component import table_definitions
from dge_assets.core.declaration.profiles import Profile
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.demo import reason_of
from dge_resources.compute import Compute
from dge_resources.io_manager import LakeIOManager
from dge_resources.storage import Storage

ODD_NAME = 'spent "€"'


def visits_frame(rows: int = 240, seed: int = 0) -> pd.DataFrame:
    """One row per visit, with all that real tables bring: ids, gaps, dates, flags, many levels, odd
    names.
    """
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, rows)
    spent = rng.gamma(2.0, 20.0, rows).round(2)
    risk = 1 / (1 + np.exp(-(age - 55) / 8))
    return pd.DataFrame(
        {
            "visit": [f"v{index:05d}" for index in range(rows)],
            "age": age,
            ODD_NAME: np.where(rng.random(rows) < 0.1, np.nan, spent),
            "children": pd.array(
                np.where(rng.random(rows) < 0.2, None, rng.integers(0, 4, rows)), dtype="Int64"
            ),
            "day of visit": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(rng.integers(0, 300, rows), unit="D"),
            "insured": rng.random(rows) < 0.7,
            "Ort": rng.choice(["Köln", "Łódź", "O'Brien", None], rows, p=[0.5, 0.3, 0.15, 0.05]),
            "street": [f"street {index % 40}" for index in range(rows)],
            "country": "DE",
            "readmitted": np.where(rng.random(rows) < risk, "yes", "no"),
        }
    )


def visits_attributes(**changes: Any) -> dict[str, Any]:
    """A declaration over `visits.csv` beside it."""
    return {
        "table": "visits",
        "source": {"type": "csv", "path": "visits.csv"},
        "contract": {
            "target": "readmitted",
            "columns": {
                "visit": {"kind": "id"},
                "age": {"kind": "integer", "minimum": 0, "maximum": 120},
            },
        },
        "families": {
            "ctgan": {"epochs": 1, "batch_size": 100},
            "tvae": {"epochs": 3, "batch_size": 100},
        },
        "seeds": 3,
        "models": ["lr"],
        "augmentation": {"models": ["lr"], "real_rows": [40], "repeats": 2},
        "max_levels": 20,
        "disclosure": {"fewest": 3},
        **changes,
    }


@dataclass(frozen=True)
class Workshop:
    """A declaration, a root to keep things under, and one Dagster instance."""

    folder: Path
    instance: dg.DagsterInstance
    attributes: dict[str, Any] = field(default_factory=visits_attributes)
    root: str = ""
    profile: Profile = "full"

    def declare(self, **changes: Any) -> Workshop:
        """The same root under a changed declaration."""
        return replace(self, attributes={**self.attributes, **changes})

    @property
    def home(self) -> str:
        return self.root or str(self.folder / "home")

    @property
    def storage(self) -> Storage:
        return Storage(home=self.home)

    @property
    def declaration(self) -> TableDeclaration:
        return TableDeclaration.model_validate(self.attributes)

    @property
    def line(self) -> Line:
        return Line(self.declaration.plan(self.profile), str(self.folder))

    @property
    def definitions(self) -> dg.Definitions:
        resources = {
            LAKE: LakeIOManager(home=self.home),
            "storage": self.storage,
            "compute": Compute(processes=2),
        }
        tables = table_definitions(self.declaration, str(self.folder), self.profile)
        return dg.Definitions.merge(
            tables, dg.Definitions(resources=resources, executor=dg.in_process_executor)
        )

    def run(
        self, job: str = "line", *, seeds: range | None = None, config: Any = None
    ) -> dg.ExecuteInProcessResult:
        """Run a job of the table, over all seeds or some; the result tells whether it succeeded."""
        tags = range_tags(self.line)
        if seeds is not None:
            tags = {
                "dagster/asset_partition_range_start": f"{seeds[0]:03d}",
                "dagster/asset_partition_range_end": f"{seeds[-1]:03d}",
            }
        found = self.definitions.resolve_job_def(f"{self.declaration.table}_{job}")
        partitioned = job in ("line", "train")
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}, **(config or {})}
        return found.execute_in_process(
            instance=self.instance,
            tags=tags if partitioned else {},
            run_config=quiet,
            raise_on_error=False,
        )

    def materialize(self, *assets: str) -> dg.ExecuteInProcessResult:
        """Materialize unpartitioned assets of the table by themselves."""
        keys = {self.line.key(name) for name in assets}
        job = self.definitions.resolve_implicit_global_asset_job_def().get_subset(
            asset_selection=keys
        )
        return job.execute_in_process(instance=self.instance, raise_on_error=False)


def make_workshop(folder: Path, instance: dg.DagsterInstance, **changes: Any) -> Workshop:
    """A workshop with the visits table written to disk."""
    visits_frame().to_csv(folder / "visits.csv", index=False)
    return Workshop(folder, instance, visits_attributes(**changes))


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """A fresh root with the visits table declared and nothing made yet."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield make_workshop(tmp_path, instance)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A root in which the whole line ran once; tests that use it only look."""
    with dg.DagsterInstance.ephemeral() as instance:
        shop = make_workshop(tmp_path_factory.mktemp("finished"), instance)
        result = shop.run()
        assert result.success, reason_of(result)
        yield shop


@pytest.fixture
def copied(finished: Workshop, tmp_path: Path) -> Iterator[Workshop]:
    """The finished root as a copy of one's own, for tests that change what is kept without training
    anything.
    """
    shutil.copytree(finished.folder, tmp_path / "copied")
    with dg.DagsterInstance.ephemeral() as instance:
        yield Workshop(tmp_path / "copied", instance, finished.attributes)
