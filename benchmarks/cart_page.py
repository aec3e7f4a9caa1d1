"""What rows of sequential trees are like, beside the real ones: the page that `benchmarks.cart`
writes.

Here: models, copies, columns and statistics of K datasets of the crash table. Not here: making the datasets, what
they cost (`benchmarks.cart`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.decoding import chance, is_explained, measured, measured_columns
from dge_assets.core.contract.contract import Contract
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.core.downstream.fitting import fit_model, predict
from dge_assets.core.downstream.targets import encode_target, resolve_target
from dge_assets.core.privacy.copies import copy_test
from dge_assets.core.privacy.disclosure import LevelLimits, protected_contract, protected_rows
from dge_assets.core.reporting.markdown import markdown_table
from dge_assets.core.rows.intake import take_in
from dge_assets.core.rows.split import split_real
from dge_assets.core.scores.approach import dge
from dge_assets.core.scores.metrics import score_encoded
from dge_assets.core.statistics.table import statistics_table
from dge_assets.declarations import declared_table
from dge_resources.sources import read_source

MODELS = ("lr", "gbdt")
RULE = "raghunathan_2003"
Datasets = Mapping[str, Sequence[pd.DataFrame]]
"""K datasets by the settings that made them; the defaults come first."""
Predictions = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RealTable:
    """A declared table as its line has it."""

    declaration: TableDeclaration
    train: pd.DataFrame
    test: pd.DataFrame
    contract: Contract

    @property
    def target(self) -> str:
        """Name of the target's column."""
        return self.contract.target

    @classmethod
    def declared(cls, name: str) -> RealTable:
        """Read, typed, split and protected as the assets do it."""
        declaration, folder = declared_table(name)
        raw = read_source(
            declaration.source,
            base_folder=str(folder),
            table=name,
            contract=declaration.contract,
        )
        taken = take_in(raw, declaration.contract, table=name, disclosure=declaration.disclosure)
        contract = taken.contract.as_declared()
        parts = split_real(taken.frame, contract, test_share=declaration.test_share, table=name)
        limits = LevelLimits(most=declaration.max_levels, more=declaration.many_levels)
        contract = protected_contract(
            contract, parts[0], declaration.disclosure, limits=limits, table=name
        )
        train, test = (protected_rows(part, contract).drop(columns="row_id") for part in parts)
        return cls(declaration, train, test, contract)


def predictions(frames: Sequence[pd.DataFrame], table: RealTable, model: str) -> list[Predictions]:
    """What a model of each of `frames` predicts on the test rows (rows, classes)."""
    target = resolve_target({"train": table.train}, table.target, table.contract.task)
    fitted = (fit_model(each, target, model, seed=0, name="dataset") for each in frames)
    return [predict(each, table.test) for each in fitted]


def auc_of(predicted: Predictions, table: RealTable) -> float:
    """AUC on the test rows."""
    target = resolve_target({"train": table.train}, table.target, table.contract.task)
    y = encode_target(table.test, target, name="test rows")
    return float(score_encoded(["auc"], y, predicted, task=target.task).values["auc"])


def model_scores(named: Datasets, table: RealTable) -> pd.DataFrame:
    """AUC by settings and model: of the oracle, of one member on average, and of ensembles."""
    oracle = {model: predictions([table.train], table, model)[0] for model in MODELS}
    rows = []
    for name, datasets in named.items():
        for model in MODELS:
            of_members = predictions(datasets, table, model)
            scores = [auc_of(each, table) for each in of_members]
            rows.append(
                {
                    "settings": name,
                    "model": model,
                    "oracle": auc_of(oracle[model], table),
                    "one member": float(np.mean(scores)),
                    **{
                        str(dge(k)): auc_of(np.mean(of_members[:k], axis=0), table)
                        for k in sorted({min(5, len(datasets)), len(datasets)})
                    },
                }
            )
    return pd.DataFrame(rows)


def copies(named: Datasets, table: RealTable) -> pd.DataFrame:
    """Exact copies by settings, and how many members the check would hold back."""
    rows = []
    for name, datasets in named.items():
        alpha = table.declaration.thresholds.copies_alpha / len(datasets)
        found = [
            copy_test(each, table.train, table.test, columns=list(table.train), seed=0)
            for each in datasets
        ]
        rows.append(
            {
                "settings": name,
                "share of rows that are copies": f"{np.mean([each.copied_share for each in found]):.2%}",
                "members beyond chance": sum(each.beyond_chance(alpha=alpha) for each in found),
            }
        )
    return pd.DataFrame(rows)


def met_by_chance(table: RealTable) -> float:
    """Share of the test rows that occur in real_train."""
    return len(table.test.merge(table.train.drop_duplicates())) / len(table.test)


def marginals(datasets: Sequence[pd.DataFrame], table: RealTable) -> tuple[pd.DataFrame, int]:
    """Statistics of each column, real and over members, and how many chance does not explain."""
    columns = measured_columns(table.contract, table.train)
    real, rows = measured(table.train, columns), len(datasets[0])
    by_chance = chance(table.train, columns, rows=rows)
    members = pd.DataFrame([measured(each, columns) for each in datasets])
    explained = is_explained(members, real, by_chance)
    found = pd.DataFrame(
        {
            "column": [column for column, _ in real.index],
            "statistic": [name for _, name in real.index],
            "real_train": [_number(value) for value in real],
            "real_test": [_number(value) for value in measured(table.test, columns)],
            "chance": [f"± {_number(value)}" for value in by_chance],
            "cart": [
                f"{_number(mean)} ({_number(spread)})" if fine else f"**{_number(mean)} ({_number(spread)})**"
                for mean, spread, fine in zip(members.mean(), members.std(ddof=1), explained, strict=True)
            ],
        }
    )  # fmt: skip
    return found, int((~explained).sum())


def declared_statistics(datasets: Sequence[pd.DataFrame], table: RealTable) -> pd.DataFrame:
    """The declared statistics from K datasets beside those of real_train, each with its interval."""
    declared = table.declaration.statistics or ()
    found = statistics_table(table.train, datasets, declared, table.contract)
    found = found[found["rule"] == RULE]
    ends = {
        "real_train": ("truth", "truth_low", "truth_high"),
        "cart": ("estimate", "low", "high"),
    }
    shown = found[["statistic", "column", "level"]].fillna("").reset_index(drop=True)
    for name, (value, low, high) in ends.items():
        shown[name] = [
            f"{_number(row[value])} ({_number(row[low])} to {_number(row[high])})"
            for _, row in found.iterrows()
        ]
    return shown


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}"


def page(table: RealTable, named: Datasets, costs: Sequence[str]) -> str:
    """The page; `costs` are its lines on time and memory."""
    usual = next(iter(named.values()))
    statistics, unexplained = marginals(usual, table)
    scores = model_scores(named, table)
    parts = [
        "# Sequential trees",
        "Written by `make cart` (`python -m benchmarks.cart`). `cart` is described in [decision "
        "33](decisions/0033-trees-without-epochs.md).",
        "## Cost",
        "\n".join(costs),
        "## Rows of the crash table",
        f"{len(table.train):,} rows to learn from, K = {len(usual)} members, datasets of as many rows.",
        "AUC on real rows that no member saw, of models of synthetic rows:",
        markdown_table(scores.round(4)),
        f"Exact copies of real rows; {met_by_chance(table):.2%} of the test rows occur in real_train by chance. A member is "
        f"beyond chance where the check of a release would hold it back.",
        markdown_table(copies(named, table)),
        "### Columns, by the defaults",
        "Means over members, with the standard deviation over members in brackets. `chance`: how far as many fresh real rows "
        "are from real_train's value in all but 5 % of cases. In bold: what neither that nor the spread over members explains, "
        f"at 95 %; {unexplained} of {len(statistics)}, of which 5 % would be bold with perfect generators.",
        markdown_table(statistics),
        "### The declared statistics, by the defaults",
        f"Estimates from K datasets, combined by the rule `{RULE}`, with 95 % intervals.",
        markdown_table(declared_statistics(usual, table)),
    ]
    return "\n\n".join(parts) + "\n"
