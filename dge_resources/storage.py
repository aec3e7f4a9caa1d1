"""One resource for all that is kept under `DGE_HOME`; assets reach the lake and the artifacts
through it.
"""

from __future__ import annotations

import dagster as dg

from dge_resources.artifacts import ArtifactStore
from dge_resources.home import Store, project_root
from dge_resources.lake import Lake
from dge_resources.plans import Plans
from dge_resources.processes import PROCESS_TAG, current_process
from dge_resources.releases import Releases
from dge_resources.verdicts import Verdicts
from dge_resources.warehouse import Warehouse
from dge_resources.whole_files import WORK


class Storage(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Everything that is kept, by the root's URL."""

    home: str

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Let the run tell which process executes it, so that recovery knows it whatever the clock
        does.
        """
        if context.run is not None and context.instance is not None:
            context.instance.add_run_tags(context.run.run_id, {PROCESS_TAG: str(current_process())})

    @property
    def store(self) -> Store:
        """Bytes by path."""
        return Store(self.home)

    @property
    def cache_folder(self) -> str:
        """A local folder for what a source has to download."""
        return (
            self.store.full("cache")
            if self.store.is_local
            else str(project_root() / ".dge" / "cache")
        )

    @property
    def lake(self) -> Lake:
        """Frames with provenance."""
        return Lake(self.store)

    @property
    def warehouse(self) -> Warehouse:
        """The DuckDB file that people open."""
        return Warehouse(self.store)

    @property
    def verdicts(self) -> Verdicts:
        """What the checks found."""
        return Verdicts(self.store)

    @property
    def plans(self) -> Plans:
        """What each table's line last worked on."""
        return Plans(self.store)

    @property
    def releases(self) -> Releases:
        """What consumers get."""
        # Unfinished files are never below the folder that consumers are given.
        work = self.store.full(WORK) if self.store.is_local else ""
        return Releases(Store(f"{self.home.rstrip('/')}/releases", work))

    @property
    def artifacts(self) -> ArtifactStore:
        """Fitted generators and models with provenance."""
        return ArtifactStore(self.store)
