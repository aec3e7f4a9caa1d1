"""Families of different numbers of members go through one line side by side."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from dge_assets.assets.members import NO_MEMBER
from dge_assets.demo import reason_of
from dge_resources.lake import Address
from tests.integration.conftest import Workshop, make_workshop

FAMILIES = {"ctgan": {"epochs": 1, "batch_size": 100, "seeds": 2}, "cart": {}}


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    with dg.DagsterInstance.ephemeral() as instance:
        folder = tmp_path_factory.mktemp("uneven")
        shop = make_workshop(folder, instance, families=FAMILIES, seeds=3, augmentation={})
        result = shop.run()
        assert result.success, reason_of(result)
        yield shop


def test_each_family_is_scored_and_released_with_its_own_members(uneven: Workshop) -> None:
    lake = uneven.storage.lake
    scores = lake.read(Address("visits", "training_scores")).frame
    largest = {
        family: sorted({name for name in part["approach"] if name.startswith("dge_")})
        for family, part in scores.groupby("family")
    }
    assert largest == {"cart": ["dge_3"], "ctgan": ["dge_2"]}
    effective = lake.read(Address("visits", "effective_members")).frame
    within = effective[effective["family_a"] == effective["family_b"]]
    assert within.groupby("family_a")["K"].unique().explode().to_dict() == {"cart": 3, "ctgan": 2, "all": 5}  # fmt: skip
    statistics = lake.read(Address("visits", "statistics")).frame
    of_all = statistics[statistics["rule"] == "raghunathan_2003"]
    assert of_all.groupby("family")["K"].max().to_dict() == {"cart": 3, "ctgan": 2}
    releases = uneven.storage.releases
    release = releases.open("visits")
    assert {f: len(releases.datasets(release, family=f)) for f in FAMILIES} == {"ctgan": 2, "cart": 3}  # fmt: skip


def test_a_partition_beyond_a_familys_members_says_that_it_has_none(uneven: Workshop) -> None:
    key = uneven.line.key("synthetic", "ctgan")
    for partition, has_member in (("001", True), ("002", False)):
        (record,) = uneven.instance.fetch_materializations(
            dg.AssetRecordsFilter(key, asset_partitions=[partition]), limit=1
        ).records
        materialization = record.asset_materialization
        assert materialization is not None
        told = materialization.metadata.get("member")
        assert (told is None) == has_member
        assert has_member or told == dg.TextMetadataValue(NO_MEMBER)
        assert (
            uneven.storage.lake.has(Address("visits", "synthetic", "ctgan", int(partition)))
            == has_member
        )


def test_more_members_of_one_family_leave_the_other_as_it_is(uneven: Workshop) -> None:
    more = uneven.declare(families={**FAMILIES, "cart": {"seeds": 4}})
    result = more.run("train", seeds=range(3, 4))
    assert result.success, reason_of(result)
    assert more.storage.lake.has(Address("visits", "synthetic", "cart", 3))
    stored = more.storage.plans.read("visits")
    assert stored is not None
    assert stored.seeds == {"ctgan": 2, "cart": 4}
    assert len(stored.members) == 6
