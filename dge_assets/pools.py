"""Places in Dagster's pools: who holds them, who waits for one, and taking them back from runs that
have ended.

Not here: which runs have ended without saying so (`recovery`), and how long what is waited for will
take.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dagster as dg


@dataclass(frozen=True)
class Waiting:
    """A step that waits for a place in a pool, and the steps that hold its places."""

    run_id: str
    step_key: str
    pool: str
    behind: tuple[tuple[str, str], ...]
    """Run id and step key of each that holds a place."""


def waiting_steps(instance: dg.DagsterInstance) -> list[Waiting]:
    """All steps that wait for a place now."""
    found = []
    for pool, places in _pools(instance).items():
        held = {(place.run_id, place.step_key) for place in places.claimed_slots}
        # A place that is given to a step is not free, though the step takes it only when it looks
        # again.
        held |= {
            (step.run_id, step.step_key) for step in places.pending_steps if step.assigned_timestamp
        }
        if len(held) >= (places.limit or 0):
            waiting = [step for step in places.pending_steps if step.assigned_timestamp is None]
            found += [
                Waiting(step.run_id, step.step_key, pool, tuple(sorted(held))) for step in waiting
            ]
    return found


def waiting_text(instance: dg.DagsterInstance, waiting: Waiting) -> str:
    """One sentence for people: which step waits, for which pool, and behind which steps of which
    runs.
    """
    holders = [f"{_step(step)} of {_run(instance, run_id)}" for run_id, step in waiting.behind]
    return f"{_step(waiting.step_key)} waits for a place in the pool {waiting.pool}, behind {' and '.join(holders)}"


def free_places_of_ended_runs(instance: dg.DagsterInstance) -> list[str]:
    """Take places back from runs that have ended or are not there any more; returns those runs'
    ids.

    A run whose process was killed cannot give its place back, and Dagster leaves it taken: whoever
    comes next would wait for ever.
    """
    pools = _pools(instance).values()
    holders = {
        step.run_id for places in pools for step in (*places.claimed_slots, *places.pending_steps)
    }
    known = (
        {run.run_id: run for run in instance.get_runs(dg.RunsFilter(run_ids=sorted(holders)))}
        if holders
        else {}
    )
    freed = [
        run_id for run_id in sorted(holders) if run_id not in known or known[run_id].is_finished
    ]
    for run_id in freed:
        instance.event_log_storage.free_concurrency_slots_for_run(run_id)
    return freed


def _pools(instance: dg.DagsterInstance) -> Any:
    storage = instance.event_log_storage
    return storage.get_concurrency_infos(sorted(storage.get_concurrency_keys()))


def _run(instance: dg.DagsterInstance, run_id: str) -> str:
    run = instance.get_run_by_id(run_id)
    return f"run {run_id[:8]}" + (f" ({run.job_name})" if run else "")


def _step(key: str) -> str:
    """A step's key as the asset that it makes: `crash/ctgan/generator` for
    `crash__ctgan__generator`.
    """
    return key.replace("__", "/")
