"""Asset checks: the contract through Great Expectations, and what it has no expectation for.

Each verdict is kept with the record ids of what was looked at; the release asks for those. Only the
source's check blocks: a member that fails must not keep the others of its batch from being
finished, it keeps the release back. Not here: what a check is called, by which rule it judges and
whether a release stands on it (`assets.check_cards`).
"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import dagster as dg

from dge_assets.assets.encoder import stored_encoder
from dge_assets.assets.line import Line, contract_of
from dge_assets.assets.metadata import table_metadata
from dge_assets.assets.rules import thresholds_of
from dge_assets.assets.verdicts import (
    check_result,
    judge_each_member,
    keep_outcome,
    keep_verdict,
    outcome_metadata,
    stored_datasets,
)
from dge_assets.core.cards.check_card import CheckCard
from dge_assets.core.cards.table_card import named_function
from dge_assets.core.declaration.table import TablePlan
from dge_resources.lake import Address, address_of
from dge_resources.records import Recorded
from dge_resources.storage import Storage
from dge_resources.verdicts import Verdict

if TYPE_CHECKING:
    from dge_resources.quality import ValidationOutcome
    from dge_resources.quality.suite import Tolerance


def table_checks(line: Line) -> list[dg.AssetChecksDefinition]:
    """All checks of a table's line, as their cards say."""
    checks = []
    for card in line.checks:
        make = named_function(card.made_by)
        if card.scope == "table":
            checks.append(make(line, card))
        else:
            checks += [make(line, card, family) for family in line.families]
    return checks


def _declared(line: Line, card: CheckCard, family: str = "") -> dict[str, Any]:
    """What Dagster's decorator is told of a check."""
    return {
        "asset": line.key(card.asset, family or None),
        "name": card.name,
        "blocking": card.blocking,
        "description": card.description,
    }


def source_contract(line: Line, card: CheckCard) -> dg.AssetChecksDefinition:
    """The real table against its contract."""

    @dg.asset_check(**_declared(line, card))
    def contract(storage: Storage) -> dg.AssetCheckResult:
        source = storage.lake.read(Address(line.table, "source"), remedy=line.remedy("source"))
        outcome = _validate(line, card, source, source, place=f"{line.table}/source")
        verdict = keep_outcome(line, storage, card, outcome, source)
        return check_result(line, card, verdict, outcome_metadata(outcome, verdict))

    return contract


def split_overlap(line: Line, card: CheckCard) -> dg.AssetChecksDefinition:
    """Rows that both parts share."""

    @dg.asset_check(**_declared(line, card), additional_deps=[line.key("real_train")])
    def overlap(storage: Storage) -> dg.AssetCheckResult:
        from dge_assets.core.privacy.copies import split_overlap

        train, test = (
            storage.lake.read(Address(line.table, name)) for name in ("real_train", "real_test")
        )
        found = split_overlap(
            train.frame["row_id"],
            test.frame["row_id"],
            real_train=train.frame,
            real_test=test.frame,
            columns=[column.name for column in contract_of(train.record).columns],
        )
        summary = (
            f"{found.shared_id_count} row ids are in both parts; {found.equal_rows} rows of real_test have an equal row in "
            f"real_train"
        )
        verdict = keep_verdict(line, storage, card, found.passed, summary, [train, test])
        metadata = {"shared_row_ids": found.shared_id_count, "equal_rows": found.equal_rows}
        return check_result(
            line, card, verdict, {**metadata, "examples": list(map(str, found.shared_ids[:5]))}
        )

    return overlap


def round_trip(line: Line, card: CheckCard) -> dg.AssetChecksDefinition:
    """Columns that encoding and decoding change."""

    @dg.asset_check(**_declared(line, card))
    def round_trip(storage: Storage) -> dg.AssetCheckResult:
        import pandas as pd

        from dge_assets.core.generators.encoding.round_trip import TOLERANCE
        from dge_assets.core.generators.state_files import encoder_from_files

        real_train = storage.lake.read(
            Address(line.table, "real_train"), remedy=line.remedy("real_train")
        )
        artifact = storage.artifacts.read(
            address_of(stored_encoder(line, storage, real_train.record))
        )
        trips = encoder_from_files(artifact.files, place=artifact.record.place)[0].codec.round_trips
        lost = [trip.note for trip in trips if not trip.passed]
        summary = (
            "; ".join(lost)
            or f"{len(trips)} columns of numbers come back to within {TOLERANCE:.0%}"
        )
        verdict = keep_verdict(line, storage, card, not lost, summary, [artifact])
        figures = [asdict(trip) | {"error": trip.error} for trip in trips]
        return check_result(
            line,
            card,
            verdict,
            {"columns": table_metadata(pd.DataFrame(figures))} if figures else {},
        )

    return round_trip


def synthetic_contract(line: Line, card: CheckCard, family: str) -> dg.AssetChecksDefinition:
    """Each member's dataset against the contract."""

    @dg.asset_check(**_declared(line, card, family))
    def contract(context: dg.AssetCheckExecutionContext, storage: Storage) -> dg.AssetCheckResult:
        real_train = storage.lake.read(Address(line.table, "real_train"))

        def judge(seed: int, item: Recorded) -> tuple[Verdict, dict[str, Any]]:
            place = f"{line.table}/{family}/synthetic[{seed:03d}]"
            outcome = _validate(line, card, real_train, item, place=place)
            verdict = keep_outcome(
                line, storage, card, outcome, item, member=f"{family}/{seed:03d}"
            )
            return verdict, outcome_metadata(outcome, verdict)

        return judge_each_member(context, line, card, family, storage, judge)

    return contract


def no_copies(line: Line, card: CheckCard, family: str) -> dg.AssetChecksDefinition:
    """Rows of real_train that a member repeats."""

    alpha = thresholds_of(line.plan, card, family)["alpha"]

    @dg.asset_check(**_declared(line, card, family))
    def no_copies(context: dg.AssetCheckExecutionContext, storage: Storage) -> dg.AssetCheckResult:
        from dge_assets.core.privacy.copies import copy_test
        from dge_assets.core.randomness import seed_sequence

        train, test = (
            storage.lake.read(Address(line.table, name)) for name in ("real_train", "real_test")
        )
        columns = [column.name for column in contract_of(train.record).modelled]

        def judge(seed: int, item: Recorded) -> tuple[Verdict, dict[str, Any]]:
            stream = seed_sequence(table=line.table, family=family, seed=seed, purpose="copies")
            found = copy_test(item.frame, train.frame, test.frame, columns=columns, seed=stream)
            passed = not found.beyond_chance(alpha=alpha)
            member = f"{family}/{seed:03d}"
            measured = {"p_value": float(found.p_value)}
            verdict = keep_verdict(
                line,
                storage,
                card,
                passed,
                found.summary,
                [item],
                member=member,
                measured=measured,
            )
            metadata = {
                **measured,
                "copied_rows": found.copied_rows,
                "copied_share": found.copied_share,
            }
            return verdict, metadata

        return judge_each_member(context, line, card, family, storage, judge)

    return no_copies


def members_differ(line: Line, card: CheckCard, family: str) -> dg.AssetChecksDefinition:
    """Members that are the same."""

    @dg.asset_check(**_declared(line, card, family))
    def differ(storage: Storage) -> dg.AssetCheckResult:
        from dge_assets.core.privacy.copies import members_differ

        items = stored_datasets(line, family, storage, list(line.seeds(family)))
        found = members_differ({seed: item.frame for seed, item in items.items()})
        weights = [
            record.content_sha256
            for seed in items
            if (record := storage.artifacts.record(Address(line.table, "generator", family, seed)))
            is not None
        ]
        same_weights = len(weights) - len(set(weights))
        passed = found.passed and same_weights == 0
        summary = (
            f"{len(items)} members: {len(found.identical)} pairs with identical datasets, {same_weights} generators with "
            f"weights of another one"
        )
        verdict = keep_verdict(
            line,
            storage,
            card,
            passed,
            summary,
            items.values(),
            member=family,
        )
        metadata = {
            "pairs": found.compared_pairs,
            "largest_shared_share": found.largest_shared_share,
        }
        return check_result(
            line,
            card,
            verdict,
            {**metadata, "identical": [" = ".join(pair) for pair in found.identical]},
        )

    return differ


def _validate(
    line: Line, card: CheckCard, real: Recorded, item: Recorded, *, place: str
) -> "ValidationOutcome":
    from dge_resources.quality import validate
    from dge_resources.quality.suite import contract_suite

    subject: Any = card.asset
    suite = contract_suite(
        contract_of(real.record), subject=subject, tolerance=tolerance_of(line.plan, card)
    )
    return validate(item.frame, suite, name=place)


def tolerance_of(plan: TablePlan, card: CheckCard) -> "Tolerance":
    """What the contract's check lets pass, as its card's thresholds say."""
    from dge_resources.quality.suite import Tolerance

    return Tolerance(**thresholds_of(plan, card))
