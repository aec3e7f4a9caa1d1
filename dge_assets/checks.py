"""Asset checks: the contract through Great Expectations, and what it has no expectation for.

Each verdict is kept with the record ids of what was looked at; the release asks for those. Only the
source's check blocks: a member that fails must not keep the others of its batch from being
finished, it keeps the release back.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import dagster as dg

from dge_assets.assets.encoder import stored_encoder
from dge_assets.assets.line import Line, contract_of, table_metadata
from dge_assets.assets.rules import rule_of, shares_let_pass
from dge_assets.assets.verdicts import (
    WARN,
    check_result,
    judge_each_member,
    keep_outcome,
    keep_verdict,
    outcome_metadata,
    stored_datasets,
)
from dge_assets.core.declaration.table import Thresholds
from dge_resources.lake import Address, address_of
from dge_resources.records import Recorded
from dge_resources.storage import Storage
from dge_resources.verdicts import Verdict

if TYPE_CHECKING:
    from dge_resources.quality import ValidationOutcome
    from dge_resources.quality.suite import Tolerance


def table_checks(line: Line) -> list[dg.AssetChecksDefinition]:
    """All checks of a table's line."""
    checks = [_source_contract(line), _split_overlap(line), _round_trip(line)]
    for family in line.families:
        checks += [
            _synthetic_contract(line, family),
            _members_differ(line, family),
            _no_copies(line, family),
        ]
    return checks


def _source_contract(line: Line) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=line.key("source"),
        name="contract",
        blocking=True,
        description="The real table against its contract (Great Expectations): columns, types, ranges, categories, "
        "missing values, ids, classes of the target, constraints. Declared `thresholds` let a share of rows pass. Blocks "
        "everything after it.",
    )
    def contract(storage: Storage) -> dg.AssetCheckResult:
        source = storage.lake.read(Address(line.table, "source"), remedy=line.remedy("source"))
        outcome = _validate(line, source, source, subject="source", place=f"{line.table}/source")
        verdict = keep_outcome(line, storage, outcome, asset="source", item=source)
        return check_result(line, verdict, outcome_metadata(outcome, verdict))

    return contract


def _split_overlap(line: Line) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=line.key("real_test"),
        additional_deps=[line.key("real_train")],
        name="overlap",
        description="No row of real_test is in what trained: row ids are disjoint. Rows of equal content are counted as "
        "information, since real tables have natural duplicates.",
    )
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
        verdict = keep_verdict(
            line, storage, "real_test", "overlap", found.passed, summary, [train, test]
        )
        metadata = {"shared_row_ids": found.shared_id_count, "equal_rows": found.equal_rows}
        return check_result(
            line, verdict, {**metadata, "examples": list(map(str, found.shared_ids[:5]))}
        )

    return overlap


def _round_trip(line: Line) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=line.key("encoder"),
        name="round_trip",
        description="Encoding and decoding alone give each column of numbers back: its quantiles, its mean, its spread and "
        "the shares of rows at its ends. A column that fails is lost to every generator, however good.",
    )
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
        verdict = keep_verdict(
            line, storage, "encoder", "round_trip", not lost, summary, [artifact], severity=WARN
        )
        figures = [asdict(trip) | {"error": trip.error} for trip in trips]
        return check_result(
            line, verdict, {"columns": table_metadata(pd.DataFrame(figures))} if figures else {}
        )

    return round_trip


def _synthetic_contract(line: Line, family: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=line.key("synthetic", family),
        name="contract",
        description="Each member's dataset against the table's contract (Great Expectations): types, ranges, categories, "
        "missing values, all classes of the target, constraints within the declared thresholds.",
    )
    def contract(context: dg.AssetCheckExecutionContext, storage: Storage) -> dg.AssetCheckResult:
        real_train = storage.lake.read(Address(line.table, "real_train"))

        def judge(seed: int, item: Recorded) -> tuple[Verdict, dict[str, Any]]:
            place = f"{line.table}/{family}/synthetic[{seed:03d}]"
            outcome = _validate(line, real_train, item, subject="synthetic", place=place)
            verdict = keep_outcome(
                line, storage, outcome, asset="synthetic", item=item, member=f"{family}/{seed:03d}"
            )
            return verdict, outcome_metadata(outcome, verdict)

        return judge_each_member(context, line, family, storage, "contract", judge)

    return contract


def _no_copies(line: Line, family: str) -> dg.AssetChecksDefinition:
    alpha: float = rule_of(line, "no_copies", "synthetic")["alpha"]

    @dg.asset_check(
        asset=line.key("synthetic", family),
        name="no_copies",
        description="No member repeats rows of real_train beyond chance: distinct rows that match only real_train against "
        "those that match only real_test (exact one-sided test, Bonferroni over members).",
    )
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
                "synthetic",
                "no_copies",
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

        return judge_each_member(context, line, family, storage, "no_copies", judge)

    return no_copies


def _members_differ(line: Line, family: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=line.key("synthetic", family),
        name="members_differ",
        description="No two members gave the same dataset, and no two generators have the same weights.",
    )
    def differ(storage: Storage) -> dg.AssetCheckResult:
        from dge_assets.core.privacy.copies import members_differ

        items = stored_datasets(line, family, storage, list(line.seeds))
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
            "synthetic",
            "members_differ",
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
            line, verdict, {**metadata, "identical": [" = ".join(pair) for pair in found.identical]}
        )

    return differ


def _validate(
    line: Line, real: Recorded, item: Recorded, *, subject: Any, place: str
) -> "ValidationOutcome":
    from dge_resources.quality import validate
    from dge_resources.quality.suite import contract_suite

    tolerance = tolerance_of(line.plan.declaration.thresholds, subject)
    suite = contract_suite(contract_of(real.record), subject=subject, tolerance=tolerance)
    return validate(item.frame, suite, name=place)


def tolerance_of(thresholds: Thresholds, subject: str) -> "Tolerance":
    """What `thresholds` let pass; in a source only what somebody declared, since their defaults are
    meant for datasets.
    """
    from dge_resources.quality.suite import Tolerance

    return Tolerance(**shares_let_pass(thresholds, subject))
