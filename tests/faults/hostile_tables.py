"""Tables that make trouble: columns of every kind at their ends, in every format of file, with
contracts half declared.

Here: the strategy, and putting a table through what the line does with its rows. All of a table
comes from one seed, so that an example is small to tell: seed, rows, columns, format. Not here:
tests.
"""

from __future__ import annotations

import datetime
import decimal
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from pydantic import TypeAdapter

from dge_assets.core.contract.contract import Contract, ContractDeclaration
from dge_assets.core.contract.disclosure import DisclosureDeclaration
from dge_assets.core.declaration.sources import SourceDeclaration
from dge_assets.core.generators.encoding.fitting import fit_encoder
from dge_assets.core.privacy.disclosure import LevelLimits, protected_contract, protected_rows
from dge_assets.core.rows.intake import Intake, take_in
from dge_assets.core.rows.split import split_real
from dge_resources.quality import ValidationOutcome, contract_suite, validate
from dge_resources.sources import read_source

Cells = Callable[[np.random.Generator, int], list[Any]]


def _pick(*values: Any) -> Cells:
    return lambda rng, n: [values[i] for i in rng.integers(len(values), size=n)]


def _numbers(draw: Callable[[np.random.Generator, int], Any]) -> Cells:
    return lambda rng, n: list(draw(rng, n).tolist())


def _with_gaps(cells: Cells, missing: Any = None) -> Cells:
    return lambda rng, n: [
        missing if gap else cell
        for gap, cell in zip(rng.random(n) < 0.3, cells(rng, n), strict=True)
    ]


def _days(low: str, high: str, form: str) -> Cells:
    days = pd.date_range(low, high, freq="D")
    return lambda rng, n: [day.strftime(form) for day in days[rng.integers(len(days), size=n)]]


def _zoned(rng: np.random.Generator, n: int) -> list[Any]:
    return list(
        pd.to_datetime(rng.integers(0, 2 * 10**18, n), utc=True).tz_convert("Europe/Berlin")
    )


CELLS: dict[str, Cells] = {
    "whole": _numbers(lambda rng, n: rng.integers(-50, 50, n)),
    "whole with gaps": _with_gaps(_numbers(lambda rng, n: rng.integers(0, 5, n))),
    "ends of int64": _pick(2**63 - 1, -(2**63), 2**63 - 513, 0),
    "beyond int64": _pick(2**63, 2**64 - 1, 5),
    "beyond any": _pick(2**70, -(2**70), 1),
    "long with gaps": _with_gaps(_numbers(lambda rng, n: 2**53 + rng.integers(0, 10**6, n))),
    "consecutive": lambda _, n: list(range(n)),
    "normal": _numbers(lambda rng, n: rng.normal(size=n)),
    "tiny": _numbers(lambda rng, n: rng.normal(size=n) * 1e-12),
    "denormal": _numbers(lambda rng, n: rng.random(n) * 5e-320),
    "huge": _numbers(lambda rng, n: rng.normal(size=n) * 1e300),
    "one giant": lambda rng, n: [1e30, *rng.normal(size=n - 1).tolist()],
    "infinite": _pick(1.0, float("inf"), -2.5),
    "pareto": _numbers(lambda rng, n: rng.pareto(0.5, n)),
    "spike": _numbers(lambda rng, n: np.where(rng.random(n) < 0.7, 0.0, rng.normal(size=n))),
    "constant": _pick(7),
    "one present": lambda rng, n: [3.5] + [None] * (n - 1),
    "none present": _pick(None),
    "flag": _pick(True, False),
    "flag with gaps": _pick(True, False, None),
    "zero or one": _pick(0, 1),
    "levels": _pick("a", "b", "c"),
    "many levels": lambda rng, n: [f"level {i}" for i in rng.integers(0, max(n // 2, 1), n)],
    "different texts": lambda rng, n: [f"note {i} {rng.integers(10**9)}" for i in range(n)],
    "leading zeros": _pick("00123", "02139", "10001"),
    "missing words": _pick("NA", "null", "None", "a", "nan"),
    "blanks": _pick(" ?", "a ", "\tb", "c", " "),
    "odd texts": _pick(
        "", "\u202e\U0001f600", "line\nbreak", 'quo"te', "com,ma", "semi;colon", "<b>"
    ),
    "zero bytes": _pick("a\x00b", "a\x00c"),
    "numbers and a word": _pick("1", "2.5", "unknown"),
    "decimal commas": _pick("1.723,05", "-0,5", "12"),
    "commas that may be either": _pick("1,234", "12,345"),
    "per cent": _pick("12,5 %", "3 %"),
    "currency": _pick("$1,234.50", "$3"),
    "day first": _days("2001-01-01", "2024-12-31", "%d.%m.%Y"),
    "month first": _days("2001-01-01", "2024-12-31", "%m/%d/%Y"),
    "day or month": _pick("01/02/2023", "03/04/2023"),
    "compact dates": _numbers(lambda rng, n: 20230101 + rng.integers(0, 28, n)),
    "nearly compact dates": _numbers(lambda rng, n: 20230101 + rng.integers(0, 99, n)),
    "iso dates": _days("1700-01-01", "2260-01-01", "%Y-%m-%d"),
    "impossible dates": _pick("2023-02-30", "2023-01-01"),
    "sentinel dates": _pick("9999-12-31", "2023-01-01", "2023-05-01"),
    "old dates": _pick("1066-10-14", "2023-01-01"),
    "offsets": _pick(
        "2023-01-01T00:00:00+01:00", "2023-01-01T00:00:00Z", "2023-07-01 12:00:00.123456789-05:00"
    ),
    "clock": _pick("13:45", "00:00", "23:59:59"),
    "long clock": _pick("26:00:00", "0:00:01.5"),
    "iso spans": _pick("P1DT2H", "PT1.5S"),
    "moments": lambda rng, n: [pd.Timestamp(int(i)) for i in rng.integers(-(2**62), 2**62, n)],
    "zoned moments": _zoned,
    "far moments": _pick(datetime.datetime(9999, 12, 31), datetime.datetime(2023, 1, 1)),
    "days": _pick(datetime.date(2023, 1, 1), datetime.date(1, 1, 1), None),
    "times": _pick(datetime.time(13, 45), datetime.time(0, 0, 0, 1)),
    "spans": _pick(pd.Timedelta("1 days"), pd.Timedelta("-1 ns"), pd.NaT),
    "decimals": _pick(decimal.Decimal("1.50"), decimal.Decimal("1e20"), None),
    "lists": _pick([1, 2], [], None),
    "mappings": _pick({"a": 1}, {"a": None}),
    "bytes": _pick(b"\x00\xff", b"a"),
    "mixed": _pick(1, "a", 2.5, True, None),
}
SHARE_DECLARED = 0.2
NAMES = (
    "x",
    "Straße (€)",
    "no",
    "a b",
    'qu"ote',
    "<script>",
    "select",
    "emoji \U0001f600",
    "%s{}",
    "line\nbreak",
    "X",
)
TARGETS = (
    "zero or one", "zero or one", "levels", "levels", "whole", "normal", "flag", "leading zeros", "decimal commas", "one giant",
    "many levels", "constant",
)  # fmt: skip
FORMATS = ("csv", "csv;", "parquet", "jsonl")
DECLARED = (
    {"kind": "categorical"}, {"kind": "continuous"}, {"kind": "integer"}, {"kind": "boolean"}, {"kind": "datetime"},
    {"kind": "id"}, {"kind": "text"}, {"categories": ["a", "b", "NA"]}, {"categories": [0, 1]}, {"nullable": False},
    {"kind": "continuous", "minimum": 0}, {"kind": "datetime", "maximum": "2020-01-01"}, {"format": "day_first"},
    {"format": "decimal_comma"}, {"kind": "datetime", "format": "%Y-%m-%d"},
)  # fmt: skip


@dataclass(frozen=True)
class HostileTable:
    """One table: which cells under which name, how many rows, in which file, and what is declared
    of it.
    """

    seed: int
    rows: int
    columns: dict[str, str]
    target: str
    file_format: str
    declared: dict[str, dict[str, Any]] = field(default_factory=dict)
    strip: bool = False
    missing_target: str = "drop"

    def frame(self) -> pd.DataFrame:
        """The rows as Python values."""
        rng = np.random.default_rng(self.seed)
        cells = {**self.columns, "y": self.target}
        return pd.DataFrame(
            {
                name: pd.Series(CELLS[kind](rng, self.rows), dtype=object)
                for name, kind in cells.items()
            }
        )

    def write(self, folder: Path) -> dict[str, Any]:
        """Put the table into a file of its format; the source that declares it.

        CSV takes what the others cannot.
        """
        frame, source = self.frame(), {"strip": self.strip}
        if self.file_format == "parquet" and _written_as_parquet(frame, folder / "a.parquet"):
            return {**source, "type": "parquet", "path": "a.parquet"}
        if self.file_format == "jsonl":
            lines = [json.dumps(row, default=_json) for row in frame.to_dict("records")]
            (folder / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
            return {**source, "type": "jsonl", "path": "a.jsonl"}
        separator = ";" if self.file_format == "csv;" else ","
        frame.to_csv(folder / "a.csv", index=False, sep=separator)
        return {**source, "type": "csv", "path": "a.csv", "options": {"sep": separator}}


def _written_as_parquet(frame: pd.DataFrame, path: Path) -> bool:
    import pyarrow as pa

    try:
        frame.infer_objects().to_parquet(path)
    except (
        pa.ArrowException,
        ValueError,
        TypeError,
        OverflowError,
    ):  # cells of several types have no type there
        return False
    return True


def _json(value: Any) -> Any:
    missing = value is None or value is pd.NaT
    return None if missing else value.hex() if isinstance(value, bytes) else str(value)


def drawn_table(seed: int) -> HostileTable:
    """One such table, of 1 to 5 columns beside its target `y`: most of them long enough and
    declared in few words.
    """
    rng = np.random.default_rng(seed)

    def one_of(choices: Sequence[Any]) -> Any:
        return choices[int(rng.integers(len(choices)))]

    names = rng.permutation(list(NAMES))[: rng.integers(1, 6)].tolist()
    return HostileTable(
        seed=seed,
        rows=one_of((1, 19, 20, 60, 120, 120, 120, 240)),
        columns={name: one_of(sorted(CELLS)) for name in names},
        target=one_of(TARGETS),
        file_format=one_of(FORMATS),
        declared={name: one_of(DECLARED) for name in names if rng.random() < SHARE_DECLARED},
        strip=one_of((True, False)),
        missing_target=one_of(("drop", "error")),
    )


hostile_tables = st.integers(0, 2**32 - 1).map(drawn_table)
"""Any such table.

All comes from one number: drawn part by part, most tables would be refused for their first column.
"""


def take_table_in(table: HostileTable, folder: Path) -> Intake:
    """The table written, read and brought into its contract's types."""
    source: SourceDeclaration = TypeAdapter(SourceDeclaration).validate_python(table.write(folder))
    declared = ContractDeclaration.model_validate(
        {
            "target": "y",
            "columns": {name: stated for name, stated in table.declared.items() if stated},
            "missing_target": table.missing_target,
        }
    )
    return take_in(
        read_source(source, base_folder=str(folder), table="hostile", contract=declared),
        declared,
        table="hostile",
    )


def check(taken: Intake) -> ValidationOutcome:
    """The check of the source, whose document must be plain JSON."""
    outcome = validate(
        taken.frame, contract_suite(taken.contract.as_declared(), subject="source"), name="source"
    )
    json.dumps(outcome.document, allow_nan=False)
    return outcome


def split(taken: Intake) -> tuple[pd.DataFrame, Contract]:
    """The rows and contract of real_train, with what few rows share held back."""
    train, _ = split_real(taken.frame, taken.contract, test_share=0.2, table="hostile")
    limits = LevelLimits(most=100, more="pool")
    contract = protected_contract(
        taken.contract, train, DisclosureDeclaration(), limits=limits, table="hostile"
    )
    return protected_rows(train, contract), contract


def encode_and_decode(train: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """What a generator that repeats its rows would give."""
    encoder, encoded = fit_encoder(train, contract, table="hostile")
    return encoder.codec.decode(encoder.decode(encoded.numbers, encoded.codes))
