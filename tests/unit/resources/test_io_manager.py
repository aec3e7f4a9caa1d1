"""The IO manager through real assets: partitions out, fan-in as a whole mapping, nothing from part
of an ensemble.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from dge_resources.home import Store
from dge_resources.io_manager import LakeIOManager, address_of_key
from dge_resources.lake import Address, Lake
from dge_resources.records import Recorded, recorded
from tests.support.tables import every_kind, recipe

SEEDS = dg.StaticPartitionsDefinition(["000", "001", "002"])


def member(seed: int) -> Recorded:
    return recorded(every_kind(20, seed=seed), recipe("synthetic", "ctgan", seed), run_id="r")


@dg.asset(
    key=["crash", "ctgan", "synthetic"],
    partitions_def=SEEDS,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def synthetic(context: dg.AssetExecutionContext) -> dict[str, Recorded]:
    return {key: member(int(key)) for key in context.partition_keys}


@dg.asset(
    key=["crash", "ctgan", "copy"],
    partitions_def=SEEDS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    ins={"synthetic": dg.AssetIn(["crash", "ctgan", "synthetic"])},
)
def copy(context: dg.AssetExecutionContext, synthetic: Recorded) -> Recorded:
    """Reads the one partition of the same seed."""
    seed = int(context.partition_key)
    return recorded(
        synthetic.frame,
        recipe("copy", "ctgan", seed, parents=(synthetic.record.record_id,)),
        run_id="r",
    )


@dg.asset(
    key=["crash", "evaluation"], ins={"synthetic": dg.AssetIn(["crash", "ctgan", "synthetic"])}
)
def evaluation(synthetic: Mapping[str, Recorded]) -> Recorded:
    frame = pd.DataFrame(
        {"seed": [int(key) for key in synthetic], "n": [len(i.frame) for i in synthetic.values()]}
    )
    return recorded(frame, recipe("evaluation"), run_id="r")


@dg.asset(key=["crash", "report"], ins={"evaluation": dg.AssetIn(["crash", "evaluation"])})
def report(evaluation: Recorded) -> Recorded:
    return recorded(evaluation.frame.assign(K=3), recipe("report"), run_id="r")


class Place:
    """A lake, an instance and a way to run assets over them."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.lake = Lake(Store(str(folder)))
        self.manager = LakeIOManager(home=str(folder))
        self.instance = instance

    def run(
        self,
        assets: list[Any],
        *selection: Any,
        seeds: tuple[str, str] | None = None,
        **options: Any,
    ) -> Any:
        tags = {} if seeds is None else dict(zip(_RANGE, seeds, strict=True))
        return dg.materialize(
            assets,
            selection=list(selection),
            resources={"io_manager": self.manager},
            instance=self.instance,
            tags=tags,
            **options,
        )

    def message_of_failure(self, *arguments: Any, **options: Any) -> str:
        result = self.run(*arguments, raise_on_error=False, **options)
        assert not result.success
        chain, text = (
            result.filter_events(lambda event: event.is_step_failure)[0].step_failure_data.error,
            "",
        )
        while chain is not None:
            text, chain = text + chain.message, chain.cause
        return str(text)


_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


@pytest.fixture
def place(tmp_path: Path) -> Any:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Place(tmp_path, instance)


def test_three_partitions_written_in_one_run_fan_in_as_the_whole_mapping(place: Place) -> None:
    assert place.run([synthetic], synthetic, seeds=("000", "002")).success
    seen: dict[str, Recorded] = {}

    @dg.asset(
        ins={"synthetic": dg.AssetIn(["crash", "ctgan", "synthetic"])}, key=["crash", "evaluation"]
    )
    def reader(synthetic: dict[str, Recorded]) -> None:
        seen.update(synthetic)

    assert place.run([synthetic, reader], reader).success
    assert list(seen) == ["000", "001", "002"]
    for key, item in seen.items():
        pd.testing.assert_frame_equal(item.frame, member(int(key)).frame, check_exact=True)
        assert item.record.record_id == member(int(key)).record.record_id
        assert item.frame["grade"].cat.categories.tolist() == [1, 2, 3], (
            "categories of ints survive"
        )


def test_single_partitions_and_unpartitioned_assets_go_through_one_by_one(place: Place) -> None:
    for key in ("000", "001", "002"):
        assert place.run([synthetic, copy], synthetic, copy, partition_key=key).success
    for seed in range(3):
        found = place.lake.read(Address("crash", "copy", "ctgan", seed))
        pd.testing.assert_frame_equal(found.frame, member(seed).frame)
        assert found.record.parents == (member(seed).record.record_id,)
    assert place.run([synthetic, evaluation], evaluation).success
    assert place.run([synthetic, evaluation, report], report).success
    assert place.lake.read(Address("crash", "report")).frame["n"].tolist() == [20, 20, 20]


def test_a_missing_member_is_an_error_that_names_it(place: Place) -> None:
    assert place.run([synthetic], synthetic, seeds=("000", "001")).success
    text = place.message_of_failure([synthetic, evaluation], evaluation)
    assert "crash/ctgan/synthetic: members ['002'] of 3 are missing" in text
    assert "nothing is computed from part of an ensemble; backfill these partitions first" in text


def test_a_missing_table_is_an_error_with_the_remedy(place: Place) -> None:
    text = place.message_of_failure([synthetic, evaluation, report], report)
    assert "crash/evaluation is not there" in text
    assert "materialize crash/evaluation first" in text


def test_synthetic_rows_carry_their_record_id_and_other_rows_do_not(place: Place) -> None:
    place.run([synthetic], synthetic, seeds=("000", "002"))
    place.run([synthetic, evaluation], evaluation)
    rows = pd.read_parquet(
        place.lake.url(Address("crash", "synthetic", "ctgan", 1)), partitioning=None
    )
    assert set(rows["record_id"]) == {member(1).record.record_id}
    assert "record_id" not in pd.read_parquet(place.lake.url(Address("crash", "evaluation")))


def test_an_asset_that_gives_other_partitions_than_asked_for_is_refused(place: Place) -> None:
    @dg.asset(
        key=["crash", "ctgan", "synthetic"],
        partitions_def=SEEDS,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def forgetful() -> dict[str, Recorded]:
        return {"000": member(0)}

    text = place.message_of_failure([forgetful], forgetful, seeds=("000", "001"))
    assert "partitions ['000', '001'] were asked for, the asset gave ['000']" in text
    assert place.lake.survey().records == []


@pytest.mark.parametrize("wrong", [recipe("synthetic", "ctgan", 2), recipe("other", "ctgan", 1)])
def test_an_asset_may_only_write_itself_and_nothing_is_written_when_one_member_is_wrong(
    place: Place, wrong: Any
) -> None:
    @dg.asset(
        key=["crash", "ctgan", "synthetic"],
        partitions_def=SEEDS,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def stray() -> dict[str, Recorded]:
        return {"000": member(0), "001": recorded(every_kind(20), wrong, run_id="r")}

    text = place.message_of_failure([stray], stray, seeds=("000", "001"))
    assert (
        f"crash/ctgan/synthetic[001]: the record says {wrong.place}; an asset may only write itself"
        in text
    )
    assert place.lake.survey().records == []


@pytest.mark.parametrize("value", [pd.DataFrame({"x": [1]}), None, 3, {"": 3}])
def test_an_output_without_a_record_is_refused(place: Place, value: object) -> None:
    @dg.asset(key=["crash", "evaluation"])
    def bare() -> Any:
        return value

    text = place.message_of_failure([bare], bare)
    assert (
        f"crash/evaluation: the asset gave a {type(value).__name__} for 1 frames; return one `Recorded`, or a mapping"
        in text
    )


def test_asset_keys_are_addresses() -> None:
    assert address_of_key(dg.AssetKey(["crash", "ctgan", "synthetic"]), "003") == Address(
        "crash", "synthetic", "ctgan", 3
    )
    assert address_of_key(dg.AssetKey(["crash", "real_train"]), None) == Address(
        "crash", "real_train"
    )
