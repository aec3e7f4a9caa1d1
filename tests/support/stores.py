"""Everything that a line keeps, made by hand in two states: small files in each of the stores,
written in a line's order.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

from dge_assets.core.generators.effort import Effort
from dge_resources.artifacts import ArtifactStore
from dge_resources.home import Store
from dge_resources.lake import Address, Lake
from dge_resources.plans import Plans, StoredPlan
from dge_resources.records import recorded
from dge_resources.releases import Releases
from dge_resources.verdicts import Verdict, Verdicts
from dge_resources.warehouse import Warehouse
from tests.support.releases import released
from tests.support.tables import recipe, tiny

FORMER, NEW = 1, 2
TABLE = "crash"
ARTIFACTS = (
    Address(TABLE, "encoder"),
    Address(TABLE, "generator", "ctgan", 0),
    Address(TABLE, "downstream", "ctgan", 0),
)
FRAMES = (
    Address(TABLE, "source"),
    Address(TABLE, "training_scores"),
    Address(TABLE, "synthetic", "ctgan", 0),
)
VERDICT = {"table": TABLE, "asset": "source", "check": "contract", "severity": "ERROR"}


def write_all(root: Path, state: int) -> None:
    """Keep one of everything; the state is in all of it, and in the recipes."""
    store, frame = Store(str(root)), tiny(20, seed=state)
    lake = Lake(store)
    for place in ARTIFACTS:
        wanted = recipe(place.asset, place.family, place.seed, parameters={"state": state})
        files = {name: bytes([state]) * size for name, size in (("a.bin", 9), ("b.bin", 7))}
        ArtifactStore(store).write(wanted, files, run_id="r", seconds=1.0)
    for place in FRAMES:
        wanted = recipe(place.asset, place.family, place.seed, parameters={"state": state})
        if place.family:
            lake.write_chunks(wanted, iter([frame.head(10), frame.tail(10)]), run_id="r")
        else:
            lake.write(recorded(frame, wanted, run_id="r"))
    dataset = lake.require_record(FRAMES[-1], remedy="")
    Verdicts(store).write(
        Verdict(**VERDICT, passed=True, summary=str(state), subjects=()), page=str(state)
    )  # type: ignore[arg-type]
    members = {"ctgan/000": dataset.record_id}
    Plans(store).write(
        StoredPlan(
            table=TABLE,
            profile="full",
            seeds={"ctgan": 1},
            efforts={"ctgan": Effort("epochs", state)},
            members=members,
        )
    )
    store.write(f"reports/{TABLE}/report.html", str(state).encode())
    Warehouse(store).build()
    datasets, entries = released({("ctgan", 0): frame})
    Releases(Store(str(root / "releases"))).publish(TABLE, datasets, members=entries, note={})


def states(root: Path) -> list[int]:
    """Which state each thing is in, read by its own reader; raises what the reader raises."""
    store, releases = Store(str(root)), Releases(Store(str(root / "releases")))
    sets = [ArtifactStore(store).read(place).files for place in ARTIFACTS]
    found = [
        int(files["a.bin"][0])
        for files in sets
        if files["a.bin"] == files["b.bin"] + files["b.bin"][:2]
    ]
    frames = [Lake(store).read(place).frame for place in FRAMES]
    with duckdb.connect(Warehouse(store).url, read_only=True) as warehouse:
        frames += [warehouse.sql(f"SELECT * FROM {TABLE}.{place.asset}").df() for place in FRAMES]
    frames += releases.datasets(releases.open(TABLE)).values()
    plan, (verdict,) = Plans(store).read(TABLE), Verdicts(store).survey(TABLE).verdicts
    assert plan is not None
    effort = plan.efforts["ctgan"]
    assert effort is not None
    told = [
        effort.amount,
        int(verdict.summary),
        int(store.read(f"reports/{TABLE}/report.html")),
    ]
    assert len(found) == len(ARTIFACTS)
    return [*found, *map(_state_of, frames), *told]


def _state_of(frame: pd.DataFrame) -> int:
    (found,) = [
        state
        for state in (FORMER, NEW)
        if frame["x"].tolist() == tiny(20, seed=state)["x"].tolist()
    ]
    return found
