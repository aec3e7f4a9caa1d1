"""The loop that all member stages share: make what is missing, keep each member at once, tell
Dagster as it goes.

A member that is stored and was made by exactly the wanted recipe is left alone, so a run that is
started again makes only what is missing, and raising K touches no old member.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from dge_assets.assets.line import Line
from dge_assets.assets.metadata import record_metadata, tell
from dge_assets.core.lineage.fingerprint import document_sha256
from dge_assets.core.lineage.provenance import Provenance, Recipe
from dge_resources.compute import Compute, Finished, Work
from dge_resources.progress import ProgressBoard, duration

NO_MEMBER = "none: the declaration gives this family fewer seeds than another one"
"""What is told of a partition beyond a family's K, which Dagster counts as made with the run."""


class MemberConfig(dg.Config):
    """Run configuration of a member stage."""

    retrain: bool = False
    """Make members anew even where what is stored is still what is wanted."""


@dataclass(frozen=True, kw_only=True)
class MemberStage:
    """One member stage of one family, as the loop needs it."""

    title: str
    wanted: Mapping[int, Recipe]
    is_current: Callable[[Recipe], bool]
    stored: Callable[[Recipe], Provenance]
    """The record of a member that is current."""
    work: Work[Any, Any]
    task: Callable[[tuple[int, ...]], Any]
    """The work on some members; on one unless `stack` says otherwise."""
    keep: Callable[[int, Recipe, Finished[Any]], Provenance]
    """Keep the member `seed` of what its task gave, and tell its record."""
    describe: Callable[[Provenance], dict[str, Any]]
    """Metadata of a kept member, besides its record."""
    processes: int | None = None
    device: str = "cpu"
    stack: int = 1
    """Members that one task works on at once."""
    unit: str = "steps"
    """What a member's steps are, in the plural."""
    shorten: str = ""
    """How a person makes long work shorter."""


def run_members(
    context: dg.AssetExecutionContext,
    stage: MemberStage,
    compute: Compute,
    *,
    retrain: bool = False,
) -> dict[int, Provenance]:
    """Make and keep the members of `stage.wanted`; returns their records by seed."""
    reused = (
        {}
        if retrain
        else {s: stage.stored(r) for s, r in stage.wanted.items() if stage.is_current(r)}
    )
    missing = stacks_of([seed for seed in stage.wanted if seed not in reused], stage.stack)
    if reused:
        tell(
            context,
            f"{stage.title}: {len(reused)} of {len(stage.wanted)} members are stored and current",
        )
    records = dict(reused)
    described = {seed: _metadata(stage, record, reused=True) for seed, record in reused.items()}
    board = ProgressBoard(
        stage.title,
        list(missing),
        lambda line: tell(context, line),
        unit=stage.unit,
        shorten=stage.shorten,
    )
    tasks = {key: stage.task(seeds) for key, seeds in missing.items()}
    work = compute.map(
        stage.work, tasks, processes=stage.processes, device=stage.device, on_step=board.step
    )
    for done in work:
        for seed in missing[done.key]:
            records[seed] = stage.keep(seed, stage.wanted[seed], done)
            described[seed] = _metadata(stage, records[seed], reused=False)
            _announce(context, f"{seed:03d}", records[seed], described[seed])
            context.log.info(f"{records[seed].place} kept after {duration(done.seconds)}")
        board.finish(done.key)
    _conclude(context, records, described)
    return records


def stacks_of(seeds: list[int], size: int) -> dict[str, tuple[int, ...]]:
    """The members of each task by the task's name: `003`, or `000-019` for a stack of several."""
    groups = [tuple(seeds[start : start + size]) for start in range(0, len(seeds), size)]
    return {
        f"{group[0]:03d}" + (f"-{group[-1]:03d}" if len(group) > 1 else ""): group
        for group in groups
    }


def partition_seeds(context: dg.AssetExecutionContext, line: Line, family: str) -> list[int]:
    """The seeds that this run was asked for, in order, as far as the family has them.

    One job asks all of its families for the same seeds, whatever their K.
    """
    return [int(key) for key in context.partition_keys if int(key) in line.seeds(family)]


def _metadata(stage: MemberStage, record: Provenance, *, reused: bool) -> dict[str, Any]:
    return {**stage.describe(record), **record_metadata(record), "reused": reused}


def _announce(
    context: dg.AssetExecutionContext, key: str, record: Provenance, metadata: dict[str, Any]
) -> None:
    """An event of the member's own, now: a run that is killed later keeps it."""
    tags = {"dagster/data_version": record.content_sha256}
    context.log_event(
        dg.AssetMaterialization(
            asset_key=context.asset_key, partition=key, metadata=metadata, tags=tags
        )
    )


def _conclude(
    context: dg.AssetExecutionContext,
    records: dict[int, Provenance],
    described: dict[int, dict[str, Any]],
) -> None:
    """At the end of the step Dagster writes its own event per partition, which hides ours: repeat
    the metadata.

    Its data version is one for the whole step; the members' own are in their records.
    """
    for key in context.partition_keys:
        metadata = described.get(int(key), {"member": NO_MEMBER})
        context.add_asset_metadata(metadata, partition_key=key)
    versions = document_sha256(
        {str(seed): record.content_sha256 for seed, record in sorted(records.items())}
    )
    context.set_data_version(context.asset_key, dg.DataVersion(versions))
