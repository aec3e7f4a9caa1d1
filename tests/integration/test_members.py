"""Members one by one: resumed, added, made stale, refused.

Only what is missing is made, and nothing old is touched.
"""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from dge_assets.core.evaluation.catalogue import CATALOGUE
from dge_assets.core.lineage.provenance import Provenance
from dge_assets.demo import reason_of
from dge_resources.lake import Address
from tests.integration.conftest import Workshop, visits_frame
from tests.integration.demo import release_version, start_demo, write_declaration

ONE_FAMILY: dict[str, Any] = {"families": {"tvae": {"epochs": 30, "batch_size": 100}}, "seeds": 2}


def member_files(shop: Workshop, seeds: range) -> dict[str, tuple[int, bytes]]:
    """Modification time and bytes of all files that belong to `seeds`."""
    found = {}
    for path in sorted(Path(shop.home).rglob("*")):
        belongs = any(
            f"seed={seed:03d}" in str(path) or f"/{seed:03d}/" in str(path) for seed in seeds
        )
        if path.is_file() and belongs and "releases" not in path.parts:
            found[str(path.relative_to(shop.home))] = (path.stat().st_mtime_ns, path.read_bytes())
    return found


def test_raising_k_and_backfilling_the_new_members_touches_no_old_one(workshop: Workshop) -> None:
    small = workshop.declare(**ONE_FAMILY)
    assert small.run().success
    first = small.storage.releases.versions("visits")
    before = member_files(small, range(2))
    assert len(before) > 6
    larger = small.declare(seeds=4)
    assert larger.run("train", seeds=range(2, 4)).success
    assert member_files(larger, range(2)) == before
    stale = reason_of(larger.run("release"))
    assert "training_scores is stored, but was made from something else" in stale, (
        "scores of other members"
    )
    assert "visits_evaluate" in stale
    retuned = {"tvae": {**ONE_FAMILY["families"]["tvae"], "embedding_dim": 64}}
    assert "visits/tvae/generator[000] is stored, but was made" in reason_of(
        larger.declare(families=retuned).run("release")
    )
    assert larger.run("evaluate").success
    released = larger.run("release")
    assert released.success, reason_of(released)
    assert member_files(larger, range(2)) == before
    release = larger.storage.releases.open("visits")
    assert [member["seed"] for member in release.manifest["members"]] == [0, 1, 2, 3]
    assert set(first) < set(larger.storage.releases.versions("visits")), "the older release stays"
    scores = larger.storage.lake.read(Address("visits", "training_scores")).frame
    assert "dge_4" in set(scores["approach"])
    lowered(larger.declare(seeds=2))


def lowered(shop: Workshop) -> None:
    """What is shown, counted and queried belongs to the present K; the members beyond it stay
    stored and are listed.
    """
    assert shop.run("evaluate").success
    report = (Path(shop.home) / "reports" / "visits" / "report.html").read_text()
    assert re.search(r"All \d+ checks passed\.", report)
    assert "members tvae/002, tvae/003; 4 verdicts of checks" in report
    assert "<td>tvae/001</td>" in report
    assert "<td>tvae/003</td>" not in report
    with duckdb.connect(shop.storage.warehouse.url, read_only=True) as warehouse:
        seeds = "select distinct seed from visits.{} order by 1"
        assert warehouse.sql(seeds.format("synthetic")).fetchall() == [(0,), (1,)]
        assert warehouse.sql(seeds.format("synthetic_unused")).fetchall() == [(2,), (3,)]


def test_evaluation_fails_when_a_member_is_missing(workshop: Workshop) -> None:
    shop = workshop.declare(**ONE_FAMILY)
    assert shop.run("train", seeds=range(1)).success
    result = shop.run("evaluate")
    assert not result.success
    assert "members ['001'] of 2 are missing" in reason_of(result)
    assert shop.storage.lake.record(Address("visits", "training_scores")) is None


def test_a_changed_hyperparameter_makes_its_own_family_stale_and_is_refused_downstream(
    workshop: Workshop,
) -> None:
    families = {
        "tvae": {"epochs": 1, "batch_size": 100},
        "small": {"algorithm": "tvae", "epochs": 1, "batch_size": 100},
    }
    shop = workshop.declare(families=families, seeds=1)
    assert shop.run("train").success
    changed = shop.declare(
        families={**families, "small": {**families["small"], "embedding_dim": 64}}
    )

    def code_versions(of: Workshop) -> dict[str, str | None]:
        graph = of.definitions.resolve_asset_graph()
        keys = {family: of.line.key("generator", family) for family in families}
        return {family: graph.get(key).code_version for family, key in keys.items()}

    old, new = code_versions(shop), code_versions(changed)
    assert old["tvae"] == new["tvae"]
    assert old["small"] != new["small"]
    result = changed.run("evaluate")
    message = reason_of(result)
    assert not result.success
    for part in (
        "visits/small/generator[000]",
        "stored",
        "expected",
        "embedding_dim",
        "dg launch --assets visits/small",
    ):
        assert part in message
    kept = member_files(shop, range(1))
    assert changed.run("train").success
    untouched = [name for name in kept if "/tvae/" in name or "family=tvae" in name]
    assert untouched
    assert all(member_files(changed, range(1))[name] == kept[name] for name in untouched)


def test_models_made_again_are_the_same_ones_and_leave_the_evaluation_as_it_is(
    copied: Workshop,
) -> None:
    def models() -> dict[str, Provenance]:
        return {
            record.place: record
            for record in copied.storage.artifacts.survey().records
            if "downstream" in record.place
        }

    def evaluation() -> dict[str, bytes]:
        lake = copied.storage.lake
        return {
            name: Path(lake.url(Address("visits", name))).read_bytes() for name in CATALOGUE.names
        }

    before, tables = models(), evaluation()
    again = {
        f"visits__{family}__downstream": {"config": {"retrain": True}}
        for family in copied.line.families
    }
    result = copied.run("train", config={"ops": again})
    assert result.success, reason_of(result)
    after = models()
    assert {name: record.record_id for name, record in after.items()} == {
        name: record.record_id for name, record in before.items()
    }
    assert all(after[name].run_id != before[name].run_id for name in before), "they were made again"
    assert copied.run("evaluate").success
    assert evaluation() == tables, "nothing was computed again"


def test_a_new_table_version_retrains_and_older_members_are_refused(workshop: Workshop) -> None:
    shop = workshop.declare(**ONE_FAMILY)
    assert shop.run("train").success
    visits_frame(seed=1).to_csv(shop.folder / "visits.csv", index=False)
    assert shop.materialize("source", "real_train", "real_test").success
    result = shop.run("evaluate")
    assert not result.success
    assert "table_fingerprint: stored" in reason_of(result)
    assert shop.run("train").success
    assert shop.run("evaluate").success


def test_a_killed_demo_goes_on_where_it_was_and_ends_in_a_release(tmp_path: Path) -> None:
    """That it is the same release as an unbroken run's is shown below, at nine moments."""
    tables = write_declaration(tmp_path)
    broken, log = tmp_path / "broken", tmp_path / "log.txt"
    demo = start_demo(tables, broken, log)
    kept = broken / "artifacts" / "visits" / "tvae"
    deadline = time.monotonic() + 120
    while (
        not list(kept.glob("*/generator.json"))
        and demo.poll() is None
        and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    os.kill(demo.pid, signal.SIGKILL)
    demo.wait(timeout=10)
    survivors = {path: path.stat().st_mtime_ns for path in kept.glob("*/generator.json")}
    assert survivors
    assert len(survivors) < 4, "killed too late to show anything"
    text = log.read_text()
    assert start_demo(tables, broken, log).wait(timeout=300) == 0, log.read_text()
    said = log.read_text()[len(text) :]
    assert "was left behind by a dead process: marked as failed" in said
    assert f"{len(survivors)} of 4 members are stored and current" in said
    assert {path: path.stat().st_mtime_ns for path in survivors} == survivors
    assert release_version(broken)
    with dg.DagsterInstance.from_config(str(broken / "dagster")) as instance:
        origins = [run.remote_job_origin for run in instance.get_runs()]
    locations = [origin.location_name for origin in origins if origin]
    assert locations == ["dge_assets"] * 2, "the UI's timeline shows runs of a code location alone"


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, float]:
    """Tables folder, root and seconds of a demo that nobody killed."""
    folder = tmp_path_factory.mktemp("unbroken")
    tables = write_declaration(folder)
    started = time.monotonic()
    assert start_demo(tables, folder / "home", folder / "log.txt").wait(timeout=600) == 0
    return tables, folder / "home", time.monotonic() - started


@pytest.mark.long
@pytest.mark.parametrize("share", [0.05, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9, 0.97])
def test_killing_the_demo_at_any_moment_changes_nothing(
    share: float, unbroken: tuple[Path, Path, float], tmp_path: Path
) -> None:
    """The whole process group is killed at a share of the time that an unbroken run takes."""
    tables, whole, seconds = unbroken
    home, log = tmp_path / "home", tmp_path / "log.txt"
    demo = start_demo(tables, home, log)
    time.sleep(seconds * share)
    os.killpg(demo.pid, signal.SIGKILL)
    demo.wait(timeout=10)
    assert start_demo(tables, home, log).wait(timeout=600) == 0, log.read_text()
    assert release_version(home) == release_version(whole)
