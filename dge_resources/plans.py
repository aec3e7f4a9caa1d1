"""Plans: which of the stored members a table's present declaration asks for, as its line last found
it.

Members that no declaration asks for any more (K was lowered, a family dropped, the contract or the
table changed) stay stored. The line alone knows which those are, and writes it here for who has no
declaration: the warehouse and the UI's start. Not here: deciding it (`dge_assets.assets.present`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dge_assets.core.errors import StorageError
from dge_assets.core.generators.effort import EPOCHS, Effort
from dge_resources.home import Store
from dge_resources.sealed import sealed, unsealed


@dataclass(frozen=True, kw_only=True)
class StoredPlan:
    """What a table's line last worked on."""

    table: str
    profile: str
    seeds: Mapping[str, int]
    """K by family."""
    efforts: Mapping[str, Effort | None]
    """By family."""
    members: Mapping[str, str]
    """Record id of each present dataset by its member, `ctgan/000`."""


@dataclass(frozen=True)
class Plans:
    """One plan per table, below `reports/<table>/`."""

    store: Store

    def path(self, table: str) -> str:
        """Relative path of a table's plan."""
        return f"reports/{table}/plan.json"

    def write(self, plan: StoredPlan) -> None:
        """Keep the plan of its table in place of an earlier one."""
        self.store.write(self.path(plan.table), sealed(asdict(plan)))

    def read(self, table: str) -> StoredPlan | None:
        """The plan of a table, None where its line has kept none; StorageError for one that is
        damaged.
        """
        path = self.path(table)
        if not self.store.exists(path):
            return None
        try:
            document = unsealed(self.store.read(path))
            efforts = _efforts(document)
            plan = StoredPlan(
                **{**document, "efforts": efforts, "seeds": _seeds(document, efforts)}
            )
            if not isinstance(plan.members, dict):
                raise TypeError("members is no mapping")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StorageError(
                f"{self.store.url(path)} is not a plan ({error!r}); delete it and materialize {table}/report"
            ) from error
        return plan


def _seeds(document: dict[str, Any], families: Iterable[str]) -> dict[str, int]:
    """K by family; plans of former versions tell one number."""
    told = document["seeds"]
    return dict(told) if isinstance(told, dict) else dict.fromkeys(families, int(told))


def _efforts(document: dict[str, Any]) -> dict[str, Effort | None]:
    """The efforts that a plan's document tells, and takes from it those in `epochs` of former
    versions.
    """
    if "epochs" in document:
        return {name: Effort(EPOCHS.name, n) for name, n in document.pop("epochs").items()}
    stated = document["efforts"].items()
    return {name: None if effort is None else Effort(**effort) for name, effort in stated}
