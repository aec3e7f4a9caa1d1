"""The example team's own deployment: its location alone, in a Dagster home of its own, with the
folder of releases to read.

The custodian's Dagster keeps metadata of real rows (ranges, levels, quoted cells of failed checks),
and whoever may open its UI may read them. So a team that may not see these has another deployment,
which knows nothing but releases. Here: that deployment's definitions, and its home (run as a
program it prepares and prints the folder for `DAGSTER_HOME`). Not here: what the team makes
(`downstream_team`).
"""

import os
from pathlib import Path

import dagster as dg

from dge_assets.examples import downstream_team
from dge_assets.examples.downstream_team import CRASH_RELEASE, ReleaseFolder, seatbelt_effect_asset
from dge_assets.settings import refresh_settings
from dge_resources.home import Store, project_root
from dge_resources.releases import LATEST

LOOK_SECONDS = 60


@dg.sensor(
    name="crash_release_sensor",
    target=[seatbelt_effect_asset],
    minimum_interval_seconds=LOOK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Notices a new release of the crash table in the folder of releases, and answers from it.",
)
def crash_release_sensor(
    context: dg.SensorEvaluationContext, folder: ReleaseFolder
) -> dg.SensorResult | dg.SkipReason:
    """The custodian's events are in another deployment, so the folder itself is looked at; fails
    where it is damaged.
    """
    if not Store(folder.releases).exists(f"crash/{LATEST}"):
        return dg.SkipReason(f"no release of crash at {folder.releases}")
    version = folder.reader().open("crash").version
    if version == context.cursor:
        return dg.SkipReason(f"the latest release is still {version}")
    seen = dg.AssetMaterialization(CRASH_RELEASE.key, tags={"dagster/data_version": version})
    return dg.SensorResult(asset_events=[seen], run_requests=[dg.RunRequest()], cursor=version)


defs = dg.Definitions.merge(downstream_team.defs, dg.Definitions(sensors=[crash_release_sensor]))


def main() -> None:
    """Prepare the team's Dagster home below `DGE_TEAM_HOME`, and print it."""
    home = (
        Path(os.environ.get("DGE_TEAM_HOME") or project_root() / ".dge-team").absolute() / "dagster"
    )
    home.mkdir(parents=True, exist_ok=True)
    refresh_settings(home)
    print(home)


if __name__ == "__main__":
    main()
