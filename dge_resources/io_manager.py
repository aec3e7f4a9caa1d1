"""The IO manager: assets take and return `Recorded` frames, the lake keeps them.

An output of one frame is one `Recorded`; an output of several partitions is a mapping from
partition key to `Recorded`. An unpartitioned asset that reads a partitioned one gets all its
partitions as a mapping, or an error: never "what happens to be there".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import dagster as dg

from dge_assets.core.errors import StorageError
from dge_resources.home import Store
from dge_resources.lake import Address, Lake, address_of
from dge_resources.records import Recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

_TAKES = "one `Recorded`, or a mapping of them by partition"
SYNTHETIC = "synthetic"
"""The asset whose rows carry their record id."""


class LakeIOManager(dg.ConfigurableIOManager):
    """Frames in and out of the lake by asset key and partition."""

    home: str

    @property
    def _lake(self) -> Lake:
        return Lake(Store(self.home))

    def handle_output(
        self, context: dg.OutputContext, obj: Recorded | Mapping[str, Recorded]
    ) -> None:
        """Keep one frame, or one per partition, under the address that its record names; all of
        them or none.
        """
        place = context.asset_key.to_user_string()
        keys = context.asset_partition_keys if context.has_asset_partitions else [""]
        items = {keys[0]: obj} if isinstance(obj, Recorded) and len(keys) == 1 else obj
        if not isinstance(items, Mapping) or not all(
            isinstance(item, Recorded) for item in items.values()
        ):
            raise StorageError(
                f"{place}: the asset gave a {type(obj).__name__} for {len(keys)} frames; return {_TAKES}"
            )
        if set(items) != set(keys):
            raise StorageError(
                f"{place}: partitions {sorted(keys)} were asked for, the asset gave "
                f"{sorted(items)}; return one frame for each of `context.partition_keys`"
            )
        for key in keys:
            expected, found = address_of_key(context.asset_key, key or None), items[key].record
            if address_of(found) != expected:
                raise StorageError(
                    f"{expected.name}: the record says {found.place}; an asset may only write itself"
                )
        for key in keys:
            self._lake.write(items[key], with_record_id=items[key].record.asset == SYNTHETIC)

    def load_input(self, context: dg.InputContext) -> Recorded | dict[str, Recorded]:
        """One frame, or a mapping of all partitions that the reader depends on."""
        if not context.has_asset_partitions:
            return self._read(context.asset_key, None)
        keys: Sequence[str] = context.asset_partition_keys
        wants_one = context.has_partition_key and len(keys) == 1
        if wants_one and context.dagster_type.typing_type is Recorded:
            return self._read(context.asset_key, keys[0])
        absent = [key for key in keys if not self._lake.has(address_of_key(context.asset_key, key))]
        if absent:
            raise StorageError(
                f"{context.asset_key.to_user_string()}: members {absent} of {len(keys)} are missing; nothing is "
                f"computed from part of an ensemble; backfill these partitions first"
            )
        return {key: self._read(context.asset_key, key) for key in keys}

    def _read(self, key: dg.AssetKey, partition: str | None) -> Recorded:
        address = address_of_key(key, partition)
        return self._lake.read(address, remedy=f"materialize {key.to_user_string()} first")


def address_of_key(key: dg.AssetKey, partition: str | None) -> Address:
    """`crash/ctgan/synthetic`, `003` to the lake's address; `crash/real_train` has no family."""
    path = key.path
    if len(path) == 3:
        return Address(path[0], path[2], path[1], None if partition is None else int(partition))
    return Address(path[0], path[1])
