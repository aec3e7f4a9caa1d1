"""Data quality against the real engine: what the contract asks, what is found, and the page that
shows it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dge_assets.assets.check_cards import SOURCE_CONTRACT, SYNTHETIC_CONTRACT
from dge_assets.checks import tolerance_of
from dge_assets.core.contract.completion import complete_contract
from dge_assets.core.contract.conform import conform
from dge_assets.core.contract.contract import (
    Column,
    ColumnDeclaration,
    Constraint,
    Contract,
    ContractDeclaration,
)
from dge_assets.core.declaration.table import TableDeclaration
from dge_resources.quality import (
    Expectation,
    ExpectationResult,
    Tolerance,
    ValidationOutcome,
    contract_suite,
    plain,
    validate,
)
from dge_resources.quality.docs import render_page

STRICT = Tolerance(constraint_share=0.0)


def contract(
    *columns: Column,
    target: str = "y",
    task: str = "binary",
    constraints: tuple[Constraint, ...] = (),
):  # type: ignore[no-untyped-def]
    y = Column(name="y", kind="categorical", nullable=False, categories=(0, 1))
    every = columns if any(column.name == target for column in columns) else (*columns, y)
    return Contract(target=target, task=task, columns=every, constraints=constraints)


def with_target(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(y=pd.Categorical(np.arange(len(frame)) % 2))


def check(
    frame: pd.DataFrame, *columns: Column, constraints: tuple[Constraint, ...] = (), **options
):  # type: ignore[no-untyped-def]
    suite = contract_suite(
        contract(*columns, constraints=constraints), subject="synthetic", **options
    )
    return validate(with_target(frame), suite, name="synthetic")


def found(
    outcome: ValidationOutcome, engine_type: str, place: str | None = None
) -> ExpectationResult:
    """The one result of `engine_type` (and of `place`)."""
    (result,) = (
        result
        for result in outcome.results
        if result.expectation.type == engine_type and place in (None, result.expectation.place)
    )
    return result


AGE = Column(name="age", kind="integer", nullable=False, minimum=0, maximum=99)
BETWEEN = "expect_column_values_to_be_between"
PAIR_GREATER = "expect_column_pair_values_a_to_be_greater_than_b"


def test_range_failure_names_column_expectation_and_rows() -> None:
    values = [*range(97), 120, -3, 120]
    outcome = check(pd.DataFrame({"age": values}), AGE)
    assert not outcome.passed
    assert outcome.summary == (
        "column 'age': expect values between 0 and 99: 3 of 100 rows are not, such as rows 98, 99 and 100"
    )
    result = found(outcome, BETWEEN)
    assert (result.unexpected_count, result.checked_count, result.observed) == (3, 100, 0.03)
    assert result.rows == (97, 98, 99)
    assert "120" not in json.dumps(outcome.document), "no cell is quoted"


def test_tolerance_is_the_share_of_rows_that_may_break_a_range() -> None:
    frame = pd.DataFrame({"age": [*range(97), 120, -3, 120]})
    assert check(frame, AGE, tolerance=Tolerance(range_share=0.03)).passed
    outcome = check(frame, AGE, tolerance=Tolerance(range_share=0.029))
    assert "expect values between 0 and 99 in at least 0.971 of rows" in outcome.summary


def test_a_tolerance_of_all_rows_lets_all_pass_and_says_so() -> None:
    frame = pd.DataFrame({"age": [-1, -2]})
    everything = Tolerance(range_share=1, category_share=1, missing_share=1, constraint_share=1)
    assert check(frame, AGE, tolerance=everything).passed
    missing = pd.DataFrame({"age": pd.array([None, 5], dtype="Int64")})
    assert check(missing, AGE, tolerance=everything).passed


@pytest.mark.parametrize("share", [-0.1, 2.0])
def test_a_tolerance_of_less_than_nothing_or_more_than_all_is_refused(share: float) -> None:
    with pytest.raises(ValidationError, match="constraint_share"):
        Tolerance(constraint_share=share)


def test_a_source_tolerates_nothing_unless_somebody_said_so() -> None:
    suite = contract_suite(contract(AGE), subject="source")
    assert not any("mostly" in expectation.kwargs for expectation in suite)
    tolerant = contract_suite(contract(AGE), subject="source", tolerance=Tolerance(range_share=0.1))
    assert [e.kwargs["mostly"] for e in tolerant if "mostly" in e.kwargs] == [0.9]
    assert {expectation.severity for expectation in tolerant} == {"critical"}


@pytest.mark.parametrize(
    ("declared", "source", "synthetic"),
    [
        ({}, (0.0, 0.0), (0.0, 0.05)),
        ({"constraint_share": 0.01}, (0.0, 0.01), (0.0, 0.01)),
        ({"range_share": 1}, (1.0, 0.0), (1.0, 0.05)),
    ],
)
def test_thresholds_hold_for_the_real_table_where_they_are_declared(
    declared: dict[str, float], source: tuple[float, float], synthetic: tuple[float, float]
) -> None:
    declaration = {
        "table": "t",
        "source": {"type": "csv", "path": "t.csv"},
        "contract": {"target": "y"},
        "families": {"tvae": {}},
        "thresholds": declared,
    }
    plan = TableDeclaration.model_validate(declaration).plan("full")
    for card, expected in ((SOURCE_CONTRACT, source), (SYNTHETIC_CONTRACT, synthetic)):
        tolerance = tolerance_of(plan, card)
        assert (tolerance.range_share, tolerance.constraint_share) == expected


def test_suite_of_each_kind() -> None:
    """A golden list: it cannot tell whether the engine takes the expectations; the other tests do."""
    columns = (
        Column(name="row", kind="id", nullable=False),
        Column(name="x", kind="continuous", nullable=True, minimum=0.5, maximum=2.5),
        Column(name="n", kind="integer", nullable=False, minimum=1.0, maximum=3.0),
        Column(name="flag", kind="boolean", nullable=False, categories=(False, True)),
        Column(
            name="when", kind="datetime", nullable=True, minimum="2020-01-01", maximum="2021-01-01"
        ),
    )
    both = contract(*columns, constraints=(Constraint(left="x", operator="<=", right="n"),) * 2)
    source = [
        (e.type.removeprefix("expect_"), e.place) for e in contract_suite(both, subject="source")
    ]
    assert source == [
        ("table_row_count_to_be_between", "table"),
        ("table_columns_to_match_ordered_list", "table"),
        ("column_values_to_not_be_null", "column 'row'"),
        ("column_values_to_be_unique", "column 'row'"),
        ("column_values_to_be_of_type", "column 'x'"),
        ("column_values_to_be_between", "column 'x'"),
        ("column_values_to_be_of_type", "column 'n'"),
        ("column_values_to_not_be_null", "column 'n'"),
        ("column_values_to_be_between", "column 'n'"),
        ("column_values_to_be_of_type", "column 'flag'"),
        ("column_values_to_not_be_null", "column 'flag'"),
        ("column_values_to_be_of_type", "column 'when'"),
        ("column_values_to_be_between", "column 'when'"),
        ("column_values_to_be_of_type", "column 'y'"),
        ("column_values_to_not_be_null", "column 'y'"),
        ("column_values_to_be_in_set", "column 'y'"),
        ("column_distinct_values_to_contain_set", "column 'y'"),
        ("column_pair_values_a_to_be_greater_than_b", "columns 'x' and 'n'"),
    ]
    synthetic = contract_suite(both, subject="synthetic", tolerance=STRICT)
    assert not any(
        "row" in e.columns or "row" in e.kwargs.get("column_list", ()) for e in synthetic
    )
    assert synthetic[-1].severity == "warning"
    json.dumps([dict(e.kwargs) for e in synthetic])


def test_constraint_on_an_id_binds_the_source_only() -> None:
    row = Column(name="row", kind="id", nullable=False)
    both = contract(row, AGE, constraints=(Constraint(left="row", operator=">", right="age"),))
    assert contract_suite(both, subject="source")[-1].pair == ("row", "age")
    assert contract_suite(both, subject="synthetic")[-1].pair is None


def test_a_range_on_a_kind_without_one_is_left_alone() -> None:
    column = Column(
        name="c", kind="categorical", nullable=False, minimum=0, maximum=1, categories=(0, 1)
    )
    assert check(pd.DataFrame({"c": pd.Categorical([0, 1])}), column).passed


@pytest.mark.parametrize(
    ("operator", "holds", "breaks"),
    [
        ("<", (1, 2), [(2, 2), (3, 2)]),
        ("<=", (2, 2), [(3, 2)]),
        (">", (3, 2), [(2, 2), (1, 2)]),
        (">=", (2, 2), [(1, 2)]),
        ("==", (2, 2), [(1, 2)]),
    ],
)
@pytest.mark.parametrize("kind", ["continuous", "integer", "datetime", "categorical"])
def test_constraint_of_each_operator_and_kind(operator, holds, breaks, kind) -> None:  # type: ignore[no-untyped-def]
    """Rows with a missing side are not judged."""
    rows = pd.DataFrame([holds, *breaks, (None, 2), (2, None)], columns=["a b", "é"]).astype(
        "Int64"
    )
    convert = {
        "continuous": lambda values: values.astype("float64"),
        "integer": lambda values: values,
        "datetime": lambda values: pd.to_datetime(values.astype("float64"), unit="D"),
        "categorical": lambda values: pd.Series(
            pd.Categorical(values.astype(object).where(values.notna(), None))
        ),
    }[kind]
    levels = {"categories": (1, 2, 3)} if kind == "categorical" else {}
    columns = [Column(name=name, kind=kind, nullable=True, **levels) for name in rows.columns]
    constraint = Constraint(left="a b", operator=operator, right="é")
    outcome = check(rows.apply(convert), *columns, constraints=(constraint,), tolerance=STRICT)
    (result,) = outcome.failures
    assert result.expectation.place == "columns 'a b' and 'é'"
    assert f"'a b' {operator} 'é'" in result.sentence
    assert (result.unexpected_count, result.checked_count) == (len(breaks), len(breaks) + 1)
    assert list(result.rows) == list(range(1, len(breaks) + 1))


def test_two_relations_of_one_pair_are_both_checked() -> None:
    """The engine's own way to build a suite lets the second replace the first."""
    columns = [Column(name=name, kind="integer", nullable=False) for name in ("a", "b")]
    relations = tuple(Constraint(left="a", operator=op, right="b") for op in ("<", "<="))
    outcome = check(
        pd.DataFrame({"a": [1, 2], "b": [1, 2]}), *columns, constraints=relations, tolerance=STRICT
    )
    assert [result.expectation.kwargs["or_equal"] for result in outcome.failures] == [False]


def test_constraint_share_is_tolerated_in_synthetic_data() -> None:
    columns = [Column(name=name, kind="integer", nullable=False) for name in ("a", "b")]
    relation = (Constraint(left="a", operator="<", right="b"),)
    frame = pd.DataFrame({"a": [0] * 95 + [2] * 5, "b": [1] * 100})
    assert check(frame, *columns, constraints=relation).passed
    frame.loc[0, "a"] = 2
    (failure,) = check(frame, *columns, constraints=relation).failures
    assert failure.expectation.severity == "warning"


@pytest.mark.parametrize(
    ("kind", "values", "dtype", "shown"),
    [
        ("continuous", [1, 2], "int64", "int64"),
        ("integer", [1.5, 2.0], "float64", "float64"),
        ("boolean", [True, False], "object", "object"),
        ("categorical", ["a", "b"], "object", "object"),
        ("datetime", ["2020", "2021"], "object", "object"),
        ("continuous", ["a", "b"], "category", "category"),
    ],
)
def test_wrong_dtype_is_found(kind: str, values: list[object], dtype: str, shown: str) -> None:
    frame = pd.DataFrame({"v": pd.Series(values, dtype=dtype)})
    outcome = check(frame, Column(name="v", kind=kind, nullable=False))
    result = found(outcome, "expect_column_values_to_be_of_type", "column 'v'")
    assert not result.passed
    assert result.observed == shown


@pytest.mark.parametrize(
    ("kind", "series"),
    [
        ("integer", pd.Series([1, None, 3], dtype="Int64")),
        ("integer", pd.Series([1, 2, 3], dtype="int64")),
        ("boolean", pd.Series([True, None, False], dtype="boolean")),
        ("boolean", pd.Series([True, True, False])),
        ("continuous", pd.Series([1.5, np.nan, 3.0])),
        ("categorical", pd.Series(["x", None, "y"], dtype="category")),
        ("datetime", pd.Series(pd.to_datetime(["2020-01-01", None, "2021-01-01"]))),
    ],
)
def test_canonical_columns_pass_with_and_without_missing_cells(
    kind: str, series: pd.Series
) -> None:
    every: dict[str, dict[str, Any]] = {
        "integer": {"minimum": 1, "maximum": 3},
        "continuous": {"minimum": 1.5, "maximum": 3.0},
        "datetime": {"minimum": "2020-01-01T00:00:00", "maximum": "2021-01-01T00:00:00"},
        "categorical": {"categories": ("x", "y")},
    }
    ranges = every.get(kind, {})
    frame = pd.DataFrame({"v": series})
    assert check(frame, Column(name="v", kind=kind, nullable=True, **ranges)).passed
    outcome = check(frame, Column(name="v", kind=kind, nullable=False, **ranges))
    assert outcome.passed == series.notna().all()
    if not outcome.passed:
        assert (
            outcome.summary
            == "column 'v': expect no missing value: 1 of 3 rows are missing, such as row 2"
        )


def test_datetime_range_and_infinity() -> None:
    moments = Column(
        name="t",
        kind="datetime",
        nullable=True,
        minimum="2020-01-01",
        maximum="2020-12-31T00:00:00Z",
    )
    late = pd.DataFrame({"t": pd.to_datetime(["2020-05-01", "2021-01-01", None])})
    assert "1 of 2 rows are not, such as row 2" in check(late, moments).summary
    unbounded = Column(
        name="x", kind="continuous", nullable=False, minimum=0.0, maximum=float("inf")
    )
    outcome = check(pd.DataFrame({"x": [1.0, np.inf]}), unbounded)
    assert "1 of 2 rows are not, such as row 2" in outcome.summary
    json.dumps(outcome.document, allow_nan=False)


def test_unknown_level_is_told_by_its_row() -> None:
    column = Column(name="c", kind="categorical", nullable=True, categories=("a", "b"))
    frame = pd.DataFrame({"c": pd.Categorical(["a", "zz", None, "b"])})
    assert (
        check(frame, column).summary
        == "column 'c': expect one of ['a', 'b']: 1 of 3 rows are not, such as row 2"
    )


@pytest.mark.parametrize(
    ("kind", "levels", "values"),
    [
        ("categorical", (0, 1), pd.Categorical([1, 1])),
        ("categorical", ("no", "yes"), pd.Categorical(["yes", "yes"])),
        ("boolean", (False, True), [True, True]),
    ],
)
def test_class_that_does_not_occur_is_named(kind, levels, values) -> None:  # type: ignore[no-untyped-def]
    target = Column(name="t", kind=kind, nullable=False, categories=levels)
    suite = contract_suite(contract(target, target="t"), subject="synthetic")
    outcome = validate(pd.DataFrame({"t": values}), suite, name="synthetic")
    assert (
        outcome.summary
        == f"column 't': expect every class of {list(levels)} to occur: [{levels[0]!r}] do not occur"
    )
    assert outcome.failures[0].details == {"absent": [levels[0]]}


def test_regression_target_has_no_classes() -> None:
    target = Column(name="y", kind="continuous", nullable=False, minimum=0.0, maximum=2.0)
    suite = contract_suite(contract(target, task="regression"), subject="synthetic")
    assert not any("contain_set" in expectation.type for expectation in suite)
    assert validate(pd.DataFrame({"y": [0.0, 2.0]}), suite, name="synthetic").passed


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.array([1, 2]), [1, 2]),
        (np.array([[1.5, np.nan]]), [[1.5, None]]),
        ([np.array([]), pd.NA], [[], None]),
        (pd.Series([1, None], dtype="Int64"), [1, None]),
        ({"a": np.array([pd.NaT])}, {"a": [None]}),
        ({2, 1}, [1, 2]),
        (np.datetime64("NaT"), None),
        (Decimal("sNaN"), "sNaN"),
        (pd.Interval(0, 1), "(0, 1]"),
        (b"a", "b'a'"),
    ],
)
def test_any_value_is_made_plain(value: Any, expected: Any) -> None:
    assert plain(value) == expected
    json.dumps(plain(value), allow_nan=False)


def test_id_is_unique_in_the_source() -> None:
    row = Column(name="row", kind="id", nullable=False)
    suite = contract_suite(contract(row), subject="source")
    assert validate(with_target(pd.DataFrame({"row": ["a", "b"]})), suite, name="source").passed
    outcome = validate(with_target(pd.DataFrame({"row": ["a", "b", "a"]})), suite, name="source")
    assert (
        outcome.summary
        == "column 'row': expect no value twice: 2 of 3 rows are repeated, such as rows 1 and 3"
    )


def test_absent_added_and_reordered_columns_are_told_apart() -> None:
    suite = contract_suite(contract(AGE), subject="synthetic")
    place = "expect_table_columns_to_match_ordered_list"
    good = with_target(pd.DataFrame({"age": [1, 2]}))
    absent = validate(good.drop(columns="age"), suite, name="n")
    assert found(absent, place).sentence.endswith("absent: ['age']")
    assert found(absent, BETWEEN).error == "there is no column 'age'"
    assert (
        found(validate(good.assign(z=1), suite, name="n"), place).found
        == "not in the contract: ['z']"
    )
    assert (
        found(validate(good[["y", "age"]], suite, name="n"), place).found
        == "in another order: ['y', 'age']"
    )
    twice = validate(pd.concat([good, good[["age"]]], axis=1), suite, name="n")
    assert found(twice, BETWEEN).error == "2 columns are called 'age'"
    assert not found(twice, place).passed


def test_empty_frame_fails_on_its_row_count() -> None:
    frame = with_target(pd.DataFrame({"age": pd.Series([], dtype="int64")}))
    failed = [result.expectation.type for result in check(frame, AGE).failures]
    assert "expect_table_row_count_to_be_between" in failed


def test_exception_inside_one_expectation_is_its_failed_result() -> None:
    """One that the engine refuses to build, one that breaks while it runs, one that does not exist."""
    expectations = [
        Expectation(
            "expect_column_values_to_be_between",
            {"min_value": 3, "max_value": 1},
            "nonsense",
            column="a",
        ),
        Expectation(PAIR_GREATER, {"column_A": "a", "column_B": "s"}, "'a' > 's'", pair=("a", "s")),
        Expectation("expect_the_moon", {}, "the moon", column="a"),
        Expectation("expect_column_values_to_not_be_null", {}, "no missing value", column="a"),
    ]
    outcome = validate(pd.DataFrame({"a": [1, 2], "s": ["x", "y"]}), expectations, name="broken")
    assert [result.expectation for result in outcome.results] == expectations
    assert [result.passed for result in outcome.results] == [False, False, False, True]
    errors = [result.error for result in outcome.results]
    assert "min_value" in str(errors[0])
    assert "not supported between instances" in str(errors[1])
    assert "expect_the_moon" in str(errors[2])
    assert errors[3] is None
    assert "could not be checked" in outcome.summary
    assert "\n" not in outcome.summary


def test_like_expectations_each_get_a_result() -> None:
    same = Expectation("expect_column_values_to_not_be_null", {}, "no missing value", column="a")
    outcome = validate(pd.DataFrame({"a": [1]}), [same, same], name="twice")
    assert len(outcome.results) == 2
    assert outcome.passed


def test_summary_shows_three_failures_critical_first_and_counts_the_rest() -> None:
    def result(name: str, severity: str) -> ExpectationResult:
        return ExpectationResult(
            Expectation("t", {}, "it", column=name, severity=severity), passed=False, observed=0
        )  # type: ignore[arg-type]

    results = [result("w", "warning"), *(result(name, "critical") for name in "abc")]
    outcome = ValidationOutcome("n", 1, tuple(results), "2026-01-01T00:00:00+00:00", 0.1, "1")
    assert [failure.expectation.column for failure in outcome.failures] == ["a", "b", "c", "w"]
    assert outcome.summary.endswith("column 'c': expect it: found 0; and 1 more")


ODD_NAMES = [
    "",
    " ",
    "a.b",
    'it\'s "so"',
    "é ü 日本",
    "$column",
    "${x}",
    "column",
    "<b>&amp;</b>",
    "{{ 7*7 }}",
    "new\nline",
]


def odd_frame() -> pd.DataFrame:
    return with_target(pd.DataFrame({name: [float(i), 99.0] for i, name in enumerate(ODD_NAMES)}))


def test_odd_names_are_checked_and_named_as_they_are() -> None:
    columns = [
        Column(name=name, kind="continuous", nullable=False, minimum=0, maximum=50)
        for name in ODD_NAMES
    ]
    suite = contract_suite(contract(*columns), subject="synthetic")
    outcome = validate(odd_frame(), suite, name="odd")
    assert [result.expectation.column for result in outcome.failures] == ODD_NAMES
    assert all(result.rows == (1,) for result in outcome.failures)
    assert found(outcome, "expect_table_columns_to_match_ordered_list").observed == [
        *ODD_NAMES,
        "y",
    ]


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.data(),
    names=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
        min_size=3,
        max_size=3,
        unique=True,
    ),
)
def test_a_frame_satisfies_the_contract_inferred_from_it(data, names) -> None:  # type: ignore[no-untyped-def]
    """What is inferred from a frame must hold on it, whatever the names and wherever cells are
    missing.
    """
    rows = data.draw(st.integers(2, 12))
    floats = st.none() | st.floats(-1e9, 1e9, width=32)
    levels = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    frame = pd.DataFrame(
        {
            f"{names[0]}0": pd.Series([data.draw(floats) for _ in range(rows)], dtype="float64"),
            f"{names[1]}1": pd.Series([data.draw(levels) for _ in range(rows)], dtype=object),
            f"{names[2]}2": pd.array(
                [data.draw(st.none() | st.integers(-9, 9)) for _ in range(rows)], dtype="Int64"
            ),
            "target y": np.arange(rows) % 2,
        }
    )
    complete = complete_contract(ContractDeclaration(target="target y"), frame, table="t").contract
    suite = contract_suite(complete, subject="source")
    outcome = validate(conform(frame, complete, table="t"), suite, name="t")
    assert outcome.passed, outcome.summary
    json.dumps(outcome.document, allow_nan=False)


def test_document_is_plain_json_and_whole() -> None:
    outcome = check(pd.DataFrame({"age": np.array([5, 500], dtype="int64")}), AGE)
    document = json.loads(json.dumps(outcome.document, allow_nan=False))
    assert document == outcome.document, "nothing in it changes on the way through JSON"
    assert (document["name"], document["rows"], document["passed"]) == ("synthetic", 2, False)
    assert len(document["results"]) == len(outcome.results)
    assert document["seconds"] > 0


class Page(HTMLParser):
    """What a browser would fetch, run and show."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_page_is_one_file_that_reaches_for_nothing() -> None:
    page = Page(
        html := render_page(check(pd.DataFrame({"age": [5, 500]}), AGE), title="crash: synthetic")
    )
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.tags}
    assert all((attributes.get("href") or "#").startswith("#") for _, attributes in page.tags)
    assert not re.search(r"https?:|url\(|@import", html)
    anchors = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    assert anchors <= {f"#{attributes['id']}" for _, attributes in page.tags if "id" in attributes}
    assert len(html) < 100_000


def test_page_tells_what_was_found() -> None:
    text = " ".join(
        Page(render_page(check(pd.DataFrame({"age": [5, 500]}), AGE), title="crash")).text.split()
    )
    assert "Failed: not every expectation holds" in text
    assert "age holds expected found yes type int64" in text
    assert "no values between 0 and 99 1 of 2 rows are not, such as row 2" in text


def test_page_of_a_passed_validation_and_of_its_stored_document() -> None:
    outcome = check(pd.DataFrame({"age": [5, 50]}), AGE)
    page = render_page(outcome, title="crash")
    assert "Passed: every expectation holds" in page
    assert render_page(json.loads(json.dumps(outcome.document)), title="crash") == page


def test_page_shows_odd_names_and_values_as_text() -> None:
    evil = "<script>alert('$1 ${x} {{ 7*7 }}')</script>"
    names = [*ODD_NAMES[2:], evil]
    columns = [
        Column(name=name, kind="categorical", nullable=False, categories=("ok", evil[::-1]))
        for name in names
    ]
    frame = pd.DataFrame({name: pd.Categorical(["ok", evil]) for name in names})
    relation = (
        Constraint(left=evil, operator="==", right="a.b"),
        Constraint(left="column", operator=">", right=evil),
    )
    html = render_page(check(frame, *columns, constraints=relation), title=evil)
    page = Page(html)
    assert "script" not in {tag for tag, _ in page.tags}
    assert all(name.replace("\n", " ") in " ".join(page.text.split()) for name in names)
    assert evil in page.text
    assert "{{ 7*7 }}" in page.text


def test_page_shows_every_way_to_fail() -> None:
    """Whole-column findings, absent columns and errors have no table of values, and still say what
    was found.
    """
    outcome = validate(
        pd.DataFrame({"y": pd.Categorical([1, 1])}),
        contract_suite(contract(AGE, Column(name="", kind="id", nullable=True)), subject="source"),
        name="",
    )
    text = " ".join(Page(render_page(outcome, title="")).text.split())
    for told in (
        "absent: ['age', '']",
        "there is no column 'age'",
        "[0] do not occur",
        "(no name)",
    ):
        assert told in text


def test_page_keeps_the_order_of_columns_and_cuts_long_lists() -> None:
    levels = tuple(f"level {i}" for i in range(500))
    columns = [
        Column(name=name, kind="categorical", nullable=True, categories=levels)
        for name in ("zebra", "ant")
    ]
    outcome = check(pd.DataFrame({"zebra": pd.Categorical(["level 1", "x"])}), *columns)
    page = Page(render_page(outcome, title="t"))
    assert page.text.index("zebra", page.text.index("failed only")) < page.text.index("ant\n")
    assert "... 500 in all]" in page.text
    assert "level 499" not in page.text


def test_declaration_to_page_on_real_kinds() -> None:
    generator = np.random.default_rng(0)
    raw = pd.DataFrame(
        {
            "name": [f"p{i}" for i in range(100)],
            "age": [*generator.integers(0, 99, size=99), None],
            "flag": generator.random(100) < 0.5,
            "start": pd.date_range("2020-01-01", periods=100).astype(str),
            "dead": generator.choice(["alive", "dead"], size=100),
        }
    )
    declared = ContractDeclaration(
        target="dead", columns={"age": ColumnDeclaration(minimum=0, maximum=120)}
    )
    complete = complete_contract(declared, raw, table="t").contract
    outcome = validate(
        conform(raw, complete, table="t"), contract_suite(complete, subject="source"), name="t"
    )
    assert outcome.passed, outcome.summary
    assert outcome.summary == f"t: all {len(outcome.results)} expectations hold on 100 rows"


def test_neither_import_loads_the_engine() -> None:
    code = "import sys, dge_resources.quality.docs; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_validation_and_page_open_no_connection() -> None:
    """An audit hook sees every connection that the process makes, the engine's usage reports among
    them.
    """
    code = """
import sys
opened = []
sys.addaudithook(lambda event, details: opened.append(details) if event == 'socket.connect' else None)
import pandas as pd
from dge_resources.quality import Expectation, validate
from dge_resources.quality.docs import render_page
rows = Expectation('expect_table_row_count_to_be_between', {'min_value': 1}, 'at least 1 row')
page = render_page(validate(pd.DataFrame({'x': [1]}), [rows], name='t'), title='t')
assert 'every expectation holds' in page
sys.exit(repr(opened) if opened else 0)
"""
    finished = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == "", "no progress bars and no warnings either"
