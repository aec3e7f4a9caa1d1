"""The card of a release: the README that a consumer finds beside the datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from dge_assets.core.contract.contract import Contract
from dge_assets.core.generators.effort import Effort
from dge_assets.core.reporting.markdown import markdown_cell, markdown_table, markdown_text
from dge_assets.core.reporting.page.headline import headline_table


@dataclass(frozen=True, kw_only=True)
class ReleaseFacts:
    """What a reader must know of how a release came about; empty texts were not declared."""

    profile: str
    cuts: str = ""
    """What the profile made smaller than declared."""
    is_trial: bool = False
    licence: str = ""
    contact: str = ""
    data_date: str = ""
    kept_back: Sequence[str] = ()
    """Families that did not pass their checks."""
    fewest: int = 1
    """So many real rows share each level and each bound that is told."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Columns of the real table that the datasets do not have, and why."""
    doubts: Sequence[str] = ()
    """What nobody has decided about the reading of columns."""


def release_card(
    *,
    table: str,
    description: str,
    contract: Contract,
    members: Sequence[tuple[str, int, int]],
    efforts: Mapping[str, Effort | None],
    training_scores: pd.DataFrame,
    facts: ReleaseFacts,
) -> str:
    """Markdown: what is here, how to use K datasets honestly, what the custodian measured.

    `members` are (family, seed, rows).
    """
    families = list(dict.fromkeys(family for family, _, _ in members))
    trained = "\n".join(
        f"- `{family}`: {sum(name == family for name, _, _ in members)} datasets, generators "
        + (f"trained for {efforts[family]}" if efforts[family] else "fitted once each")
        for family in families
    )
    columns = pd.DataFrame(
        [(column.name, column.kind, column.description) for column in contract.columns],
        columns=["column", "kind", "meaning"],
    )
    return f"""# {table}: {"a trial" if facts.is_trial else "a release"} of synthetic datasets

{markdown_text(description)}
{_trial_note(facts)}
**Every row here is synthetic.** One dataset is one generator's guess: its errors look like data. Use the datasets
together, as an ensemble (van Breugel, Qian, van der Schaar, ICML 2023, arXiv 2305.09235):

1. fit your model or compute your statistic on each dataset of a family, and average;
2. score a model on the datasets of *other* generators, never on its own;
3. report the spread between datasets: it is the uncertainty that the generator adds.

## What is here

{trained}

`datasets/family=F/seed=S/data.parquet` (each row has `record_id`), `contract.json`, `lineage.json` (which generator,
seed, code and real table made each dataset), `scores/` (measured by the custodian on real test rows), `manifest.json`
(SHA-256 of every file). Target: {markdown_cell(contract.target)} ({contract.task}).

{_facts_table(facts)}

{markdown_table(columns)}

## What the custodian measured

Downstream models on real test rows, mean over models; `oracle` was trained on real rows.

{markdown_table(headline_table(training_scores))}
"""


def _trial_note(facts: ReleaseFacts) -> str:
    if not facts.is_trial:
        return ""
    cuts = markdown_cell(facts.cuts)
    return f"\n**This is a trial: the generators were trained less than declared ({cuts}). Draw no conclusion from it.**\n"


def _facts_table(facts: ReleaseFacts) -> str:
    rows = {
        "licence": facts.licence or "not declared: ask before you use or pass on what is here",
        "contact": facts.contact or "not declared",
        "date of the real rows": facts.data_date or "not declared",
        "profile": f"{facts.profile} ({facts.cuts})"
        if facts.cuts
        else f"{facts.profile}: as declared",
    }
    if facts.fewest > 1:
        rows["levels and bounds"] = f"declared, or shared by at least {facts.fewest} real rows"
    if facts.left_out:
        rows["columns left out"] = "; ".join(
            f"{name} ({reason})" for name, reason in facts.left_out.items()
        )
    if facts.doubts:
        rows["columns read with doubt"] = "; ".join(facts.doubts)
    if facts.kept_back:
        rows["kept back by checks"] = ", ".join(facts.kept_back)
    return "\n".join(
        [
            "| fact | |",
            "| --- | --- |",
            *(f"| {name} | {markdown_cell(text)} |" for name, text in rows.items()),
        ]
    )
