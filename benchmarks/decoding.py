"""Are the rows of TVAE's members distributed like real ones, drawn or by their likeliest levels?
Writes `docs/decoding.md`.

`make decoding TABLE=crash` takes the trained members of the table's line (from `make demo`), draws
a dataset from each by both decodings, and sets means, tails, shares of levels and of missing values
beside those of the real rows. Not here: how alike columns and pairs are as a whole (`fidelity`),
and what models make of the rows (the line's own tables).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from dge_assets.assets.line import Line
from dge_assets.core.contract.contract import Column, Contract
from dge_assets.core.generators.effort import sizes_text
from dge_assets.core.generators.members import SamplingRequest, sample_chunks
from dge_assets.core.generators.state_files import from_files
from dge_assets.core.reporting.markdown import markdown_table
from dge_assets.core.threads import one_thread
from dge_assets.declarations import declared_table, profile_in_use
from dge_resources.home import home_url
from dge_resources.lake import Address
from dge_resources.storage import Storage

PAGE = Path(__file__).resolve().parents[1] / "docs" / "decoding.md"
DECODINGS = ("draw", "largest")
QUANTILES = (0.01, 0.5, 0.99)
MOST_LEVELS = 8
"""Levels of a column that are told apart, the commonest; the others are one share."""
OTHERS, MISSING = "(other levels)", "(missing)"
RESAMPLES = 500
ALPHA = 0.05
DAY = pd.Timedelta(days=1)
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MeasuredColumn:
    """One column and what is measured of it: shares of `levels`, or mean and quantiles where it is
    of numbers (None).
    """

    name: str
    levels: tuple[object, ...] | None
    has_gaps: bool

    @classmethod
    def of(cls, column: Column, real: pd.Series) -> MeasuredColumn:
        """The levels are the commonest of `real`."""
        is_levelled = column.kind in ("categorical", "boolean")
        levels = (
            tuple(real.astype(object).value_counts().index[:MOST_LEVELS]) if is_levelled else None
        )
        return cls(column.name, levels, bool(real.isna().any()))

    def values(self, frame: pd.DataFrame) -> Numbers:
        """Numbers (dates: days since 1970) or places in `levels`, its length for any other level;
        NaN where missing (n,).
        """
        given = frame[self.name]
        if self.levels is not None:
            codes = pd.Index(self.levels).get_indexer(given.astype(object))
            return np.where(given.isna(), np.nan, np.where(codes < 0, len(self.levels), codes))
        if pd.api.types.is_datetime64_any_dtype(given):
            given = (given - pd.Timestamp(0)) / DAY
        found: Numbers = given.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
        return found

    def measure(self, values: Numbers) -> dict[str, float]:
        """Statistic -> value; a number's are of the values that are there, shares are of all rows."""
        there = values[~np.isnan(values)]
        found = self._moments(there) if self.levels is None else self._shares(there, len(values))
        return (
            {**found, MISSING: (len(values) - len(there)) / len(values)} if self.has_gaps else found
        )

    def _shares(self, codes: Numbers, rows: int) -> dict[str, float]:
        assert self.levels is not None
        shares = np.bincount(codes.astype(np.int64), minlength=len(self.levels) + 1) / rows
        names = [*map(str, self.levels), *([OTHERS] if len(self.levels) == MOST_LEVELS else [])]
        return dict(zip(names, shares.tolist(), strict=False))

    def _moments(self, numbers: Numbers) -> dict[str, float]:
        quantiles = (
            np.quantile(numbers, QUANTILES) if len(numbers) else np.full(len(QUANTILES), np.nan)
        )
        tails = {
            f"{q:.0%} quantile": float(value) for q, value in zip(QUANTILES, quantiles, strict=True)
        }
        return {"mean": float(numbers.mean()) if len(numbers) else float("nan"), **tails}


def measured_columns(contract: Contract, real: pd.DataFrame) -> list[MeasuredColumn]:
    """What is measured of each modelled column."""
    return [MeasuredColumn.of(column, real[column.name]) for column in contract.modelled]


def measured(frame: pd.DataFrame, columns: Sequence[MeasuredColumn]) -> pd.Series:
    """All statistics of a table, by (column, statistic)."""
    return _measured([column.values(frame) for column in columns], columns)


def _measured(values: Sequence[Numbers], columns: Sequence[MeasuredColumn]) -> pd.Series:
    pairs = zip(columns, values, strict=True)
    return pd.Series(
        {(c.name, name): value for c, of in pairs for name, value in c.measure(of).items()},
        dtype=float,
    )


def chance(
    real: pd.DataFrame, columns: Sequence[MeasuredColumn], *, rows: int, resamples: int = RESAMPLES
) -> pd.Series:
    """How far `rows` fresh rows of the same population are from `real` in all but one of 20 cases,
    by statistic.

    By the bootstrap: two draws with replacement from `real`, of its size and of `rows`, whose
    difference is as wide as that of two samples of the population.
    """
    stream, values = np.random.default_rng(0), [column.values(real) for column in columns]

    def resampled(size: int) -> pd.Series:
        taken = stream.integers(0, len(real), size)
        return _measured([of_column[taken] for of_column in values], columns)

    apart = [(resampled(len(real)) - resampled(rows)).abs() for _ in range(resamples)]
    found: pd.Series = pd.DataFrame(apart).quantile(1 - ALPHA)
    return found


def is_explained(members: pd.DataFrame, real: pd.Series, by_chance: pd.Series) -> pd.Series:
    """Whether the members' mean is as near to `real` as chance allows, by statistic.

    members: a row per member, a column per statistic. Chance is that of the real rows, of the
    datasets' rows and of the training: the standard error over members, with Student's quantile,
    and that of real_train.
    """
    K = len(members)
    # `by_chance` is of a difference of two samples; real_train is one of them, the members' spread
    # holds the other.
    of_real = by_chance / np.sqrt(2)
    of_members = (
        members.std(ddof=1) / np.sqrt(K) * stats.t.ppf(1 - ALPHA / 2, K - 1)
        if K > 1
        else by_chance / np.sqrt(2)
    )
    apart = (members.mean() - real).abs()
    found: pd.Series = apart <= np.sqrt(of_real**2 + of_members**2) + 1e-12
    return found


def datasets_of(
    line: Line, storage: Storage, family: str, rows: int, decode: str
) -> list[pd.DataFrame]:
    """A dataset of each stored member; StorageError or ProvenanceError, with the remedy, where one
    is not there.
    """
    real_train = storage.lake.require_record(
        Address(line.table, "real_train"), remedy=line.remedy("real_train")
    )
    encoder = storage.artifacts.record_expected(
        line.encoder_recipe(real_train), remedy=line.remedy("encoder")
    )
    found = []
    for seed in line.seeds(family):
        expected = line.generator_recipe(family, seed, encoder)
        artifact = storage.artifacts.read_expected(
            expected, remedy=line.remedy("generator", family, seed)
        )
        member = from_files(artifact.files, place=artifact.record.place)
        task = SamplingRequest(
            table=line.table,
            family=family,
            seed=seed,
            state=member.state,
            codec=member.codec,
            rows=rows,
            settings={"decode": decode},
        )
        found.append(pd.concat(list(sample_chunks(task)), ignore_index=True))
    return found


def page(
    line: Line,
    real: Mapping[str, pd.DataFrame],
    contract: Contract,
    datasets: Mapping[str, Mapping[str, Sequence[pd.DataFrame]]],
) -> str:
    """The page.

    real: real_train and real_test. datasets: family -> decoding -> a dataset per member.
    """
    columns = measured_columns(contract, real["real_train"])
    of_real = {name: measured(frame, columns) for name, frame in real.items()}
    size = sizes_text(
        {family: line.plan.members[family] for family in datasets},
        {family: line.plan.effort(family) for family in datasets},
    )
    parts = [
        "# Drawn levels and likeliest levels",
        f"Written by `make decoding TABLE={line.table}` from the members that `make demo TABLE={line.table}` keeps: profile "
        f"{line.plan.profile}, {size}.",
        "A TVAE gives each level a probability. `draw` draws by it and is the default; `largest` takes the likeliest level, as "
        "the `ctgan` package does ([decision 29](decisions/0029-levels-are-drawn.md)). Each dataset has as many rows as "
        "real_train; values are means over members, with the standard deviation over members in brackets.",
        "`chance`: how far as many fresh real rows are from real_train's value in all but 5 % of cases (bootstrap). `within`: "
        "members whose value is no farther than that. In bold: a mean over members that neither this nor the spread over "
        "members explains, at 95 %; of so many statistics 5 % would be bold with perfect generators.",
    ]
    for family, by_decoding in datasets.items():
        rows = len(by_decoding[DECODINGS[0]][0])
        table = _table(
            of_real, chance(real["real_train"], columns, rows=rows), columns, by_decoding
        )
        parts += [f"## {family}", *table]
    return "\n\n".join(parts) + "\n"


def _table(
    of_real: Mapping[str, pd.Series],
    by_chance: pd.Series,
    columns: Sequence[MeasuredColumn],
    by_decoding: Mapping[str, Sequence[pd.DataFrame]],
) -> list[str]:
    real = of_real["real_train"]
    table = pd.DataFrame({name: values.map(_number) for name, values in of_real.items()})
    table["chance"] = [f"± {_number(value)}" for value in by_chance]
    told = []
    for decoding in DECODINGS:
        members = pd.DataFrame([measured(frame, columns) for frame in by_decoding[decoding]])
        explained = is_explained(members, real, by_chance)
        within = members.sub(real).abs().le(by_chance + 1e-12)
        cells = zip(members.mean(), members.std(ddof=1), explained, strict=True)
        table[decoding] = [_cell(*cell) for cell in cells]
        table[f"{decoding}: within"] = [f"{count} of {len(members)}" for count in within.sum()]
        told.append(
            f"`{decoding}`: {within.to_numpy().mean():.0%} of the members' values are within chance, and "
            f"{int(explained.sum())} of {len(explained)} means over members are explained by it."
        )
    table.insert(0, "statistic", [name for _, name in table.index])
    table.insert(0, "column", [column for column, _ in table.index])
    return [markdown_table(table.reset_index(drop=True)), " ".join(told)]


def _cell(mean: float, spread: float, explained: bool) -> str:
    text = _number(mean) if np.isnan(spread) else f"{_number(mean)} ({_number(spread)})"
    return text if explained else f"**{text}**"


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}"


def main() -> None:
    """Draw, measure, write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decoding", description=__doc__)
    parser.add_argument(
        "table", nargs="?", default="crash", help="a declared table whose line has been run"
    )
    given = parser.parse_args()
    declaration, folder = declared_table(given.table)
    line, storage = Line(declaration.plan(profile_in_use()), str(folder)), Storage(home=home_url())
    families = [
        family for family in line.families if "decode" in line.plan.parameters(family).of_sampling()
    ]
    names = ("real_train", "real_test")
    stored = {n: storage.lake.read(Address(line.table, n), remedy=line.remedy(n)) for n in names}
    contract = Contract.model_validate(stored["real_train"].record.parameters["contract"])
    real = {name: item.frame for name, item in stored.items()}
    with one_thread():
        datasets = {
            family: {
                decode: datasets_of(line, storage, family, len(real["real_train"]), decode)
                for decode in DECODINGS
            }
            for family in families
        }
    PAGE.write_text(page(line, real, contract, datasets), encoding="utf-8")
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
