"""Plans: kept and read, those of former versions too."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from dge_assets.core.errors import StorageError
from dge_assets.core.generators.effort import Effort
from dge_resources.home import Store
from dge_resources.plans import Plans, StoredPlan
from dge_resources.sealed import sealed

PLAN = StoredPlan(
    table="crash",
    profile="full",
    seeds={"ctgan": 2, "forest": 2, "wood": 3},
    efforts={"ctgan": Effort("epochs", 50), "forest": Effort("trees", 30), "wood": None},
    members={"ctgan/000": "r"},
)


def test_a_plan_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    plans = Plans(Store(str(tmp_path)))
    assert plans.read("crash") is None
    plans.write(PLAN)
    assert plans.read("crash") == PLAN


def test_the_epochs_of_a_former_version_are_efforts(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    former = {**asdict(PLAN), "seeds": 2, "epochs": {"ctgan": 50, "tvae": 100}}
    del former["efforts"]
    store.write("reports/crash/plan.json", sealed(former))
    read = Plans(store).read("crash")
    assert read is not None
    assert read.efforts == {"ctgan": Effort("epochs", 50), "tvae": Effort("epochs", 100)}
    assert read.seeds == {"ctgan": 2, "tvae": 2}
    assert read.members == PLAN.members


@pytest.mark.parametrize(
    "changes",
    [{"efforts": 3}, {"efforts": {"ctgan": {"unit": "epochs"}}}, {"members": 3}, {"other": 1}],
)
def test_what_is_no_plan_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    store = Store(str(tmp_path))
    store.write("reports/crash/plan.json", sealed({**asdict(PLAN), **changes}))
    with pytest.raises(StorageError, match=r"plan\.json is not a plan"):
        Plans(store).read("crash")
