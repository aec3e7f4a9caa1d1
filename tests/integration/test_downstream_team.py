"""The example team: it reads the release alone, from a root that holds nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
import yaml

from dge_assets.core.errors import ReleaseError
from dge_assets.examples import downstream_team, team_deployment
from dge_assets.examples.downstream_team import (
    ReleaseFolder,
    seatbelt_effect,
    seatbelt_effect_asset,
)
from dge_resources.home import Store, project_root
from dge_resources.manifest import dataset_file
from dge_resources.releases import Releases
from tests.support.releases import released


def crash_like(dead_without_belt: int) -> pd.DataFrame:
    """100 occupants with a belt of whom 2 died, 100 without of whom `dead_without_belt` died."""
    return pd.DataFrame(
        {
            "seatbelt": ["belted"] * 100 + ["none"] * 100,
            "dead": ["dead"] * 2
            + ["alive"] * 98
            + ["dead"] * dead_without_belt
            + ["alive"] * (100 - dead_without_belt),
        }
    )


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """A folder with one release of three members, and nothing of the custodian's."""
    frames = {seed: crash_like(10 + 2 * seed) for seed in range(3)}
    files, members = released({("ctgan", seed): frame for seed, frame in frames.items()})
    Releases(Store(str(tmp_path / "releases"))).publish("crash", files, members=members, note={})
    return tmp_path / "releases"


def test_the_team_answers_from_the_release_with_the_ensembles_uncertainty(
    releases: Path, tmp_path: Path
) -> None:
    folder = ReleaseFolder(releases=str(releases), results=str(tmp_path / "team"))
    result = dg.materialize(
        [downstream_team.CRASH_RELEASE, seatbelt_effect_asset], resources={"folder": folder}
    )
    assert result.success
    (answer,) = pd.read_csv(tmp_path / "team" / "seatbelt_effect.csv").to_dict(orient="records")
    assert answer["K"] == 3
    assert answer["risk_difference"] == pytest.approx(0.10)
    assert answer["generator_std"] == pytest.approx(0.02)


def test_without_a_release_the_team_is_told_who_makes_one(tmp_path: Path) -> None:
    folder = ReleaseFolder(releases=str(tmp_path), results=str(tmp_path / "team"))
    result = dg.materialize(
        [downstream_team.CRASH_RELEASE, seatbelt_effect_asset],
        resources={"folder": folder},
        raise_on_error=False,
    )
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    error = failure.step_failure_data.error
    assert error is not None
    assert error.cause is not None
    assert "crash_release" in error.cause.message


def test_a_changed_dataset_is_refused(releases: Path) -> None:
    reader = Releases(Store(str(releases)))
    folder = Path(reader.url(reader.open("crash")))
    (folder / dataset_file("ctgan", 1)).write_bytes(
        (folder / dataset_file("ctgan", 0)).read_bytes()
    )
    with pytest.raises(Exception, match=r"was changed after the release|lost or changed"):
        reader.datasets(reader.open("crash"))


def test_the_team_knows_nothing_of_the_custodian() -> None:
    """Its module imports the release reader and no lake, warehouse, artifacts or storage."""
    source = Path(downstream_team.__file__).read_text()
    for custodian in ("lake", "warehouse", "artifacts", "storage", "dge_assets.assets"):
        assert f"import {custodian}" not in source
        assert f"dge_resources.{custodian}" not in source
    assert seatbelt_effect({("f", 0): crash_like(2)})["risk_difference"].iloc[0] == pytest.approx(
        0.0
    )


def look(
    instance: dg.DagsterInstance, folder: ReleaseFolder, cursor: str | None
) -> dg.SensorResult | dg.SkipReason:
    context = dg.build_sensor_context(
        instance=instance, cursor=cursor, resources={"folder": folder}
    )
    found = team_deployment.crash_release_sensor(context)
    assert isinstance(found, dg.SensorResult | dg.SkipReason)
    return found


def test_in_a_deployment_of_its_own_the_team_follows_the_folder_of_releases(
    releases: Path, tmp_path: Path
) -> None:
    folder = ReleaseFolder(releases=str(releases), results=str(tmp_path / "team"))
    with dg.DagsterInstance.ephemeral() as instance:
        first = look(instance, folder, None)
        assert isinstance(first, dg.SensorResult)
        assert len(first.run_requests or []) == 1
        (seen,) = first.asset_events
        assert seen.asset_key == downstream_team.CRASH_RELEASE.key
        assert isinstance(look(instance, folder, first.cursor), dg.SkipReason), "no new one"
        empty = ReleaseFolder(releases=str(tmp_path / "none"), results=str(tmp_path / "team"))
        assert isinstance(look(instance, empty, None), dg.SkipReason)
        (releases / "crash" / "latest.json").write_text("damaged")
        with pytest.raises(ReleaseError):
            look(instance, folder, first.cursor)


def test_the_teams_deployment_needs_nothing_of_the_custodians(
    releases: Path, tmp_path: Path
) -> None:
    """It answers in a Dagster home of its own, while the custodian's folder is not even a folder."""
    custodian = tmp_path / "custodian"
    custodian.write_text("not for the team")
    environment = {
        **os.environ,
        "DGE_HOME": str(custodian),
        "DGE_RELEASES": str(releases),
        "DGE_TEAM_HOME": str(tmp_path / "team"),
    }
    environment.pop("DAGSTER_HOME", None)

    def run(*command: str) -> str:
        found = subprocess.run(
            [sys.executable, "-m", *command],
            env=environment,
            cwd=project_root(),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout.strip()

    environment["DAGSTER_HOME"] = run("dge_assets.examples.team_deployment")
    assert Path(environment["DAGSTER_HOME"]).is_relative_to(tmp_path / "team")
    module = ["-m", "dge_assets.examples.team_deployment"]
    run("dagster", "asset", "materialize", "--select", "downstream_team/seatbelt_effect", *module)
    assert (tmp_path / "team" / "seatbelt_effect.csv").exists()
    workspace = yaml.safe_load(
        (Path(team_deployment.__file__).with_name("workspace.yaml")).read_text()
    )
    assert [entry["python_module"]["module_name"] for entry in workspace["load_from"]] == [
        module[1]
    ]
