"""Data quality: a frame checked against its expectations by Great Expectations, and plain results.

Here: running expectations and what came of each. Not here: what a contract expects (`suite.py`),
the page that shows it (`docs.py`), Dagster's view of it (`dge_assets/checks.py`). The engine sees
pandas frames only: it has no working SQL connection to DuckDB.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from dge_assets.core.contract.quoting import MOST_ROWS, rows_text
from dge_resources.quality.suite import (
    Expectation,
    Severity,
    Subject,
    Tolerance,
    contract_suite,
    shortened,
)

__all__ = [
    "Expectation",
    "ExpectationResult",
    "Severity",
    "Subject",
    "Tolerance",
    "ValidationOutcome",
    "contract_suite",
    "plain",
    "validate",
]

_ENGINE_DTYPES = {"category": "CategoricalDtypeType"}
_WORDS_OF_ENGINE = {"CategoricalDtypeType": "category", "object_": "object"}
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
"""What the engine's own messages put in quotes may be a cell."""
_VERBS = {
    "expect_column_values_to_not_be_null": "are missing",
    "expect_column_values_to_be_unique": "are repeated",
}


@dataclass(frozen=True)
class ExpectationResult:
    """What came of one expectation; all plain JSON.

    `observed` is the engine's figure: a count, a dtype or a list for expectations on whole columns,
    else the share (0..1) of checked rows that break it. `checked_count` leaves out rows with a
    missing value. `rows` holds the positions of the first rows that break it, and no cell of them:
    what is said of a check goes where the table may not. `error` says why it could not be checked
    at all.
    """

    expectation: Expectation
    passed: bool
    observed: Any = None
    checked_count: int | None = None
    unexpected_count: int | None = None
    rows: tuple[int, ...] = ()
    details: Mapping[str, Any] | None = None
    error: str | None = None

    @property
    def sentence(self) -> str:
        """One line: place, what was expected, what was found."""
        return f"{self.expectation.place}: expect {self.expectation.expected}: {self.found}"

    @property
    def found(self) -> str:
        """What was found, in words."""
        if self.error is not None:
            return f"could not be checked: {self.error}"
        if self.unexpected_count is None:
            return _whole_column_found(self)
        verb = _VERBS.get(self.expectation.type, "break it" if self.expectation.pair else "are not")
        found = f"{self.unexpected_count} of {self.checked_count} rows {verb}"
        return f"{found}, such as {rows_text(self.rows[:MOST_ROWS])}" if self.rows else found


@dataclass(frozen=True)
class ValidationOutcome:
    """One frame checked against its expectations, in their order."""

    name: str
    rows: int
    results: tuple[ExpectationResult, ...]
    started_at: str
    """ISO 8601, UTC."""
    seconds: float
    engine_version: str

    @property
    def passed(self) -> bool:
        """Does every expectation hold, whatever its severity."""
        return all(result.passed for result in self.results)

    @property
    def failures(self) -> tuple[ExpectationResult, ...]:
        """The expectations that do not hold, critical ones first."""
        failed = [result for result in self.results if not result.passed]
        return tuple(sorted(failed, key=lambda result: result.expectation.severity != "critical"))

    @property
    def summary(self) -> str:
        """One line that names the first three failures, or says that all is well."""
        failures = self.failures
        if not failures:
            return f"{self.name}: all {len(self.results)} expectations hold on {self.rows} rows"
        named = "; ".join(failure.sentence for failure in failures[:3])
        return named if len(failures) <= 3 else f"{named}; and {len(failures) - 3} more"

    @property
    def document(self) -> dict[str, Any]:
        """Everything as plain JSON; `quality.docs.render_page` takes it.

        It quotes no cell of the frame.
        """
        results = [{**asdict(result), "found": result.found} for result in self.results]
        return {**asdict(self), "passed": self.passed, "results": plain(results)}


def validate(
    frame: pd.DataFrame, expectations: Sequence[Expectation], *, name: str
) -> ValidationOutcome:
    """Check `frame` (n rows) against `expectations`; one result for each, in their order.

    What goes wrong inside one expectation becomes its failed result, with the exception's message.
    """
    engine_version = str(_engine().__version__)  # imported before the clock starts
    started, clock = datetime.now(UTC), time.perf_counter()
    found = {i: _without_engine(frame, expectation) for i, expectation in enumerate(expectations)}
    left = [i for i in found if found[i] is None]
    names = _EngineNames(frame, expectations)
    readable = frame.set_axis([names.safe[name] for name in frame.columns], axis=1).reset_index(
        drop=True
    )
    for part, numbers in (
        (readable, [i for i in left if not expectations[i].pair]),
        (_comparable_frame(readable), [i for i in left if expectations[i].pair]),
    ):
        found |= _run_engine(part, {i: expectations[i] for i in numbers}, names)
    return ValidationOutcome(
        name=name,
        rows=len(frame),
        results=tuple(
            found[i] or _unanswered(expectation) for i, expectation in enumerate(expectations)
        ),
        started_at=started.isoformat(timespec="seconds"),
        seconds=time.perf_counter() - clock,
        engine_version=engine_version,
    )


class _EngineNames:
    """Names that the engine can take for ours, which may be empty or hold anything; and the way
    back.
    """

    def __init__(self, frame: pd.DataFrame, expectations: Sequence[Expectation]) -> None:
        listed = (
            name
            for expectation in expectations
            for name in expectation.kwargs.get("column_list", ())
        )
        self.safe = {
            name: f"column_{i}" for i, name in enumerate(dict.fromkeys([*frame.columns, *listed]))
        }
        self._ours = {safe: name for name, safe in self.safe.items()}

    def kwargs(self, expectation: Expectation) -> dict[str, Any]:
        kwargs = dict(expectation.kwargs)
        if expectation.column is not None:
            kwargs["column"] = expectation.column
        kwargs |= {
            key: self.safe[kwargs[key]]
            for key in ("column", "column_A", "column_B")
            if key in kwargs
        }
        if "column_list" in kwargs:
            kwargs["column_list"] = [self.safe[name] for name in kwargs["column_list"]]
        return kwargs

    def ours(self, names: Sequence[str]) -> list[str]:
        return [str(self._ours[name]) for name in names]


def _without_engine(frame: pd.DataFrame, expectation: Expectation) -> ExpectationResult | None:
    """The result where the engine would answer unclearly or too kindly; None where it should be
    asked.
    """
    for name in expectation.columns:
        occurrences = list(frame.columns).count(name)
        if occurrences != 1:
            error = (
                f"there is no column {name!r}"
                if not occurrences
                else f"{occurrences} columns are called {name!r}"
            )
            return ExpectationResult(expectation, passed=False, error=error)
    if "type_" in expectation.kwargs and frame[expectation.column].dtype == object:
        # The engine looks at each object by itself, so that a column of Python bools passes for
        # dtype bool.
        return ExpectationResult(expectation, passed=False, observed="object")
    return None


def _engine() -> Any:
    """Great Expectations, which would report its use to its makers unless told otherwise before its
    import.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations

    return great_expectations


def _run_engine(
    frame: pd.DataFrame, expectations: Mapping[int, Expectation], names: _EngineNames
) -> dict[int, ExpectationResult]:
    """Results by number.

    The engine puts failed ones first, so each carries its number in its `meta`.
    """
    found: dict[int, ExpectationResult] = {}
    built = []
    for number, expectation in expectations.items():
        try:
            built.append(_engine_expectation(number, expectation, names))
        except (
            Exception
        ) as error:  # whatever the engine objects to belongs to this expectation alone
            found[number] = ExpectationResult(
                expectation, passed=False, error=_one_line(str(error))
            )
    for answer in _engine_answers(frame, built) if built else ():
        number = answer.expectation_config.meta["number"]
        found[number] = _result(expectations[number], answer, names)
    return found


def _unanswered(expectation: Expectation) -> ExpectationResult:
    return ExpectationResult(expectation, passed=False, error="the engine gave no result")


def _engine_answers(frame: pd.DataFrame, built: list[Any]) -> Any:
    engine = _engine()
    context = engine.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
    # A list of expectations, not one added after the other: adding replaces one of like type and
    # columns.
    suite = engine.ExpectationSuite(name="contract", expectations=built)
    return batch.validate(suite, result_format="SUMMARY").results


def _engine_expectation(number: int, expectation: Expectation, names: _EngineNames) -> Any:
    _engine()
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    kwargs = names.kwargs(expectation)
    if "type_" in kwargs:
        kwargs["type_"] = _ENGINE_DTYPES.get(kwargs["type_"], kwargs["type_"])
    if expectation.type == "expect_column_values_to_be_between":
        kwargs |= {
            k: _moment(kwargs[k])
            for k in ("min_value", "max_value")
            if isinstance(kwargs.get(k), str)
        }
    configuration = ExpectationConfiguration(
        type=expectation.type, kwargs=kwargs, meta={"number": number}
    )
    return configuration.to_domain_obj()


def _moment(text: str) -> pd.Timestamp:
    """A bound as frames hold moments: in UTC, without saying so."""
    moment = pd.Timestamp(text)
    return moment if moment.tz is None else moment.tz_convert("UTC").tz_localize(None)


def _comparable_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Categories as their levels: pandas does not order two categorical columns against each other."""
    return frame.astype(
        {name: object for name, dtype in frame.dtypes.items() if dtype.name == "category"}
    )


def _result(expectation: Expectation, answer: Any, names: _EngineNames) -> ExpectationResult:
    error = _error_message(answer.exception_info)
    if error is not None:
        return ExpectationResult(expectation, passed=False, error=error)
    result, passed = answer.result, bool(answer.success)
    if "unexpected_count" in result:
        checked = int(result["element_count"]) - int(result.get("missing_count") or 0)
        return ExpectationResult(
            expectation,
            passed,
            observed=int(result["unexpected_count"]) / checked if checked else 0.0,
            checked_count=checked,
            unexpected_count=int(result["unexpected_count"]),
            rows=_rows(result.get("partial_unexpected_index_list") or ()),
        )
    if "partial_missing_list" in result:
        absent = plain(result["partial_missing_list"])
        return ExpectationResult(
            expectation, passed, observed=len(absent), details={"absent": absent}
        )
    observed = result["observed_value"]
    if "column_list" in expectation.kwargs:
        observed = names.ours(observed)
    return ExpectationResult(
        expectation, passed, observed=plain(_WORDS_OF_ENGINE.get(str(observed), observed))
    )


def _error_message(info: Mapping[str, Any]) -> str | None:
    """The engine reports one exception flat, and several by the metric that raised each."""
    nested = [info] if "raised_exception" in info else list(info.values())
    messages = dict.fromkeys(
        str(each["exception_message"]) for each in nested if each.get("raised_exception")
    )
    return _QUOTED.sub("'...'", _one_line("; ".join(messages))) or None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _rows(found: Sequence[Any]) -> tuple[int, ...]:
    """Positions of the first rows that break an expectation; the engine's frame is numbered from 0."""
    return tuple(sorted(int(position) for position in found))


def _whole_column_found(result: ExpectationResult) -> str:
    details = result.details or {}
    if "absent" in details:
        return f"{shortened(details['absent'])} do not occur" if details["absent"] else "all do"
    if isinstance(result.observed, list):
        return _columns_found(result.expectation.kwargs["column_list"], result.observed)
    return f"found {result.observed}"


def _columns_found(expected: list[str], found: list[str]) -> str:
    absent = [name for name in expected if name not in found]
    others = [name for name in found if name not in expected]
    parts = [f"absent: {shortened(absent)}"] * bool(absent) + [
        f"not in the contract: {shortened(others)}"
    ] * bool(others)
    return "; ".join(parts) or (
        "all, in this order" if expected == found else f"in another order: {shortened(found)}"
    )


def plain(value: Any) -> Any:
    """`value` as plain JSON: arrays as lists, scalars unwrapped, moments as ISO text, missing as
    None, all else as text.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray | pd.Series | pd.Index):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(each) for each in value), key=repr)
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> bool | int | float | str | None:
    # Of what is no scalar, pandas would ask each part whether it is missing.
    if pd.api.types.is_scalar(value) and not isinstance(value, Decimal) and pd.isna(value):
        return None
    if isinstance(value, datetime | np.datetime64):
        return str(pd.Timestamp(value).isoformat())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    # numpy writes whole seconds with nine zeros
    return value if isinstance(value, bool | int | float) else str(value).removesuffix(".000000000")
