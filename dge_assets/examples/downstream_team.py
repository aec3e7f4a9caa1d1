"""An example team downstream: a code location of its own that reads releases, and nothing else of
the custodian's.

It knows the folder of releases (`DGE_RELEASES`), not the custodian's lake, warehouse or artifacts.
Its asset asks a question of each dataset, averages the answers and reports the spread between
generators as their uncertainty.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from dge_assets.declarations import shows_examples
from dge_resources.home import Store, home_url, project_root

if TYPE_CHECKING:  # imported where they are used, so that the location loads fast
    import pandas as pd

    from dge_resources.releases import Releases

CRASH_RELEASE = dg.AssetSpec(
    ["crash", "release"],
    group_name="crash",
    description="The custodian's release of the crash table: made in another code location, read from its folder.",
)


class ReleaseFolder(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where the custodian's releases are, and where this team keeps its own results."""

    releases: str
    results: str

    def reader(self) -> "Releases":
        """The releases, as a consumer sees them."""
        from dge_resources.releases import Releases

        return Releases(Store(self.releases))


def seatbelt_effect(datasets: "dict[tuple[str, int], pd.DataFrame]") -> "pd.DataFrame":
    """How much likelier an occupant without a belt dies, per family: one row with the ensemble's
    mean and spread.

    `risk_difference` is the mean over generators of P(dead | no belt) - P(dead | belt), in shares
    (0..1); `generator_std` its standard deviation between them (ddof 1): what one dataset alone
    would hide.
    """
    import pandas as pd

    rows = [(family, seed, _risk_difference(frame)) for (family, seed), frame in datasets.items()]
    answers = pd.DataFrame(rows, columns=["family", "seed", "risk_difference"])
    grouped = answers.groupby("family")["risk_difference"]
    return pd.DataFrame(
        {
            "K": grouped.size(),
            "risk_difference": grouped.mean(),
            "generator_std": grouped.std(ddof=1),
            "lowest": grouped.min(),
            "highest": grouped.max(),
        }
    ).reset_index()


def _risk_difference(frame: "pd.DataFrame") -> float:
    died = (frame["dead"].astype(str) == "dead").groupby(frame["seatbelt"].astype(str)).mean()
    return float(died.get("none", float("nan")) - died.get("belted", float("nan")))


@dg.asset(
    key=["downstream_team", "seatbelt_effect"],
    deps=[CRASH_RELEASE],
    group_name="downstream_team",
    owners=["team:road-safety"],
    kinds={"python"},
    automation_condition=dg.AutomationCondition.eager(),
    description="One row per family: the seat belt's effect on dying in a crash, estimated on each synthetic dataset of "
    "the latest release, with the uncertainty that the generators add.",
)
def seatbelt_effect_asset(folder: ReleaseFolder) -> dg.MaterializeResult[None]:
    """Answer the question from the latest release and keep the answer."""
    reader = folder.reader()
    release = reader.open("crash")
    answer = seatbelt_effect(reader.datasets(release))
    target = Path(folder.results) / "seatbelt_effect.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    answer.to_csv(target, index=False)
    shown = answer.round(4).to_dict(orient="records")
    return dg.MaterializeResult(
        metadata={
            "release": release.version,
            "answer": dg.MetadataValue.table([dg.TableRecord(row) for row in shown]),
            "path": dg.MetadataValue.path(str(target)),
        }
    )


defs = dg.Definitions(
    # Without the example tables there is no release of `crash` to read, and a custodian's catalog
    # shows their own tables.
    assets=[CRASH_RELEASE, seatbelt_effect_asset] if shows_examples() else [],
    resources={
        "folder": ReleaseFolder(
            releases=os.environ.get("DGE_RELEASES") or f"{home_url().rstrip('/')}/releases",
            results=os.environ.get("DGE_TEAM_HOME") or str(project_root() / ".dge-team"),
        )
    },
    executor=dg.in_process_executor,
)
