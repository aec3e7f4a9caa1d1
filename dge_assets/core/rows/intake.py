"""From the rows as a source gives them to the real table: formats, rows without a target, contract,
types.

Here: the order of these steps, and all that people should hear of them. Not here: the steps
(`formats`, `contract.completion`, `conform`), nor where rows come from.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from dge_assets.core.contract.completion import complete_contract
from dge_assets.core.contract.conform import conform
from dge_assets.core.contract.contract import Contract, ContractDeclaration
from dge_assets.core.contract.disclosure import DisclosureDeclaration
from dge_assets.core.contract.formats import recognise
from dge_assets.core.errors import ContractError


@dataclass(frozen=True)
class Intake:
    """The real table in its contract's types, and what was inferred or changed."""

    frame: pd.DataFrame
    contract: Contract
    notes: list[str] = field(default_factory=list)


def take_in(
    raw: pd.DataFrame,
    declared: ContractDeclaration,
    *,
    table: str,
    disclosure: DisclosureDeclaration | None = None,
) -> Intake:
    """The real table of `raw` (n rows, as `read_source` gives it) under what is `declared`.

    Raises ContractError naming table and column for all that cannot be kept, and for missing
    targets unless declared.
    """
    recognised = recognise(raw, declared, table=table)
    frame, dropped = _with_targets(recognised.frame, declared, table)
    doubts = {**raw.attrs.get("doubts", {}), **recognised.doubts}
    completed = complete_contract(
        declared, frame, table=table, units=recognised.units, doubts=doubts, disclosure=disclosure
    )
    return Intake(
        conform(frame, completed.contract, table=table),
        completed.contract,
        [*raw.attrs.get("notes", ()), *recognised.notes, *dropped, *completed.notes],
    )


def _with_targets(
    raw: pd.DataFrame, declared: ContractDeclaration, table: str
) -> tuple[pd.DataFrame, list[str]]:
    """Rows without a target teach nothing: an error, or dropped with a note, as declared."""
    if declared.target not in raw.columns:
        return raw, []  # complete_contract says so, with what there is
    absent = int(raw[declared.target].isna().sum())
    if not absent:
        return raw, []
    if declared.missing_target == "error":
        raise ContractError(
            f"table {table!r}, target {declared.target!r}: missing in {absent} of {len(raw)} rows; mend the "
            f"source, or declare contract.missing_target: drop"
        )
    kept = raw[raw[declared.target].notna()].reset_index(drop=True)
    return kept, [f"{absent} rows without target {declared.target!r} dropped"]
