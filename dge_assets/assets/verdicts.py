"""What all asset checks share: keeping a verdict, telling Dagster of it, and judging members one by
one.

Not here: what is checked (`dge_assets/checks.py`), what a check's card says (`check_cards.py`), when
a kept verdict still counts (`rules.py`).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from dge_assets.assets.line import Line
from dge_assets.assets.rules import rule_of
from dge_assets.core.cards.check_card import CheckCard
from dge_resources.lake import Address
from dge_resources.records import Recorded
from dge_resources.storage import Storage
from dge_resources.verdicts import Verdict

if TYPE_CHECKING:
    from dge_resources.artifacts import Artifact
    from dge_resources.quality import ValidationOutcome


def keep_outcome(
    line: Line,
    storage: Storage,
    card: CheckCard,
    outcome: "ValidationOutcome",
    item: Recorded,
    *,
    member: str = "",
) -> Verdict:
    """Keep what came of a frame's validation, with its page."""
    from dge_resources.quality.docs import render_page

    page = render_page(outcome, title=f"{outcome.name}: {card.name}")
    return keep_verdict(
        line, storage, card, outcome.passed, outcome.summary, [item], member=member, page=page
    )


def keep_verdict(
    line: Line,
    storage: Storage,
    card: CheckCard,
    passed: bool,
    summary: str,
    items: "Iterable[Recorded | Artifact]",
    *,
    member: str = "",
    page: str | None = None,
    measured: Mapping[str, float] | None = None,
) -> Verdict:
    """Keep one verdict with the records it looked at and the rule it was given by."""
    verdict = Verdict(
        table=line.table,
        asset=card.asset,
        check=card.name,
        member=member,
        passed=bool(passed),
        severity=card.severity,
        summary=summary,
        subjects=tuple(item.record.record_id for item in items),
        rule=rule_of(line.plan, card, member.partition("/")[0]),
        measured=measured or {},
    )
    return storage.verdicts.write(verdict, page)


def outcome_metadata(outcome: "ValidationOutcome", verdict: Verdict) -> dict[str, Any]:
    """What a person needs to mend a violated contract: the column, the expectation, the rows, the
    page.
    """
    failures = [
        {
            "column": ", ".join(failure.expectation.columns) or "(table)",
            "expectation": failure.expectation.expected,
            "engine_type": failure.expectation.type,
            "found": failure.sentence,
            "rows": [position + 1 for position in failure.rows],
        }
        for failure in outcome.failures
    ]
    return {
        "rows": outcome.rows,
        "expectations": len(outcome.results),
        "failures": dg.MetadataValue.json(failures),
        "data_docs": dg.MetadataValue.path(verdict.page),
    }


def check_result(
    line: Line, card: CheckCard, verdict: Verdict, metadata: dict[str, Any]
) -> dg.AssetCheckResult:
    """The verdict as Dagster's result of an asset check."""
    return dg.AssetCheckResult(
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity(verdict.severity),
        description=_described(line, card, verdict),
        metadata={**metadata},
    )


def _described(line: Line, card: CheckCard, verdict: Verdict) -> str:
    """What was found, and where that is a failure what to try."""
    if verdict.passed:
        return verdict.summary
    family = verdict.member.partition("/")[0]
    return f"{verdict.summary}. What to try: {card.remedy(line.plan, family)}"


def judge_each_member(
    context: dg.AssetCheckExecutionContext,
    line: Line,
    card: CheckCard,
    family: str,
    storage: Storage,
    judge: Callable[[int, Recorded], tuple[Verdict, dict[str, Any]]],
) -> dg.AssetCheckResult:
    """Judge each member of this run (all that are stored, outside a partitioned run); one event for
    each, one in all.

    Dagster evaluates a check once per run, so each member's own evaluation is logged with its
    partition.
    """
    verdicts = []
    for seed, item in stored_datasets(
        line, family, storage, _seeds_of_run(context, line, family)
    ).items():
        verdict, metadata = judge(seed, item)
        verdicts.append(verdict)
        context.op_execution_context.log_event(
            dg.AssetCheckEvaluation(  # type: ignore[arg-type] # accepted, but not in its annotation
                asset_key=line.key(card.asset, family),
                check_name=card.name,
                passed=verdict.passed,
                severity=dg.AssetCheckSeverity(verdict.severity),
                metadata=metadata,
                description=_described(line, card, verdict),
                partition=f"{seed:03d}",
            )
        )
    failed = [verdict for verdict in verdicts if not verdict.passed]
    summary = (
        "; ".join(verdict.summary for verdict in failed[:3]) or f"{len(verdicts)} members: all pass"
    )
    if failed:
        summary += f". What to try: {card.remedy(line.plan, family)}"
    return dg.AssetCheckResult(
        passed=not failed,
        severity=dg.AssetCheckSeverity(card.severity),
        description=summary,
        metadata={
            "members": len(verdicts),
            "failed": len(failed),
            "by_member": dg.MetadataValue.json({v.member: v.summary for v in verdicts}),
        },
    )


def _seeds_of_run(context: dg.AssetCheckExecutionContext, line: Line, family: str) -> list[int]:
    """The members that this run is about, as far as the family has them."""
    asked = _asked_of_run(context)
    return [seed for seed in line.seeds(family) if asked is None or seed in asked]


def _asked_of_run(context: dg.AssetCheckExecutionContext) -> range | None:
    """The seeds of a partitioned run; None outside one."""
    tags = context.op_execution_context.run.tags
    if "dagster/partition" in tags:
        seed = int(tags["dagster/partition"])
        return range(seed, seed + 1)
    if "dagster/asset_partition_range_start" in tags:
        first, last = (
            int(tags[f"dagster/asset_partition_range_{end}"]) for end in ("start", "end")
        )
        return range(first, last + 1)
    return None


def stored_datasets(
    line: Line, family: str, storage: Storage, seeds: list[int]
) -> dict[int, Recorded]:
    """The datasets of `seeds` that there are."""
    addresses = {seed: Address(line.table, "synthetic", family, seed) for seed in seeds}
    return {
        seed: storage.lake.read(place)
        for seed, place in addresses.items()
        if storage.lake.has(place)
    }
