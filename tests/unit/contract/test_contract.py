"""The contract: bad declarations, inference of every kind, conforming, and what the hash binds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dge_assets.core.contract.column_kinds import infer_kind
from dge_assets.core.contract.completion import complete_contract
from dge_assets.core.contract.conform import conform
from dge_assets.core.contract.contract import (
    Column,
    ColumnDeclaration,
    Constraint,
    Contract,
    ContractDeclaration,
    comparable,
    sorted_levels,
)
from dge_assets.core.errors import ContractError

ROWS = 60


def with_target(values: Any, name: str = "v") -> pd.DataFrame:
    column = pd.Series(values)
    return pd.DataFrame(
        {name: column, "y": pd.Series(np.arange(len(column)) % 2, index=column.index)}
    )


def completed(frame: pd.DataFrame, target: str = "y", **declared: Any) -> Contract:
    return complete_contract(
        ContractDeclaration(target=target, **declared), frame, table="crash"
    ).contract


def conformed(frame: pd.DataFrame, **declared: Any) -> pd.DataFrame:
    return conform(frame, completed(frame, **declared), table="crash")


# --- declarations
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"minimum": 5, "maximum": 1}, "upside down: minimum 5.* above maximum 1.*swap them"),
        ({"minimum": "2021-01-01", "maximum": "2020-01-01"}, "upside down"),
        ({"minimum": 5, "maximum": "2020-01-01"}, "different types"),
        ({"kind": "categorical", "minimum": 1}, "categorical column has no minimum or maximum"),
        ({"kind": "boolean", "maximum": 1}, "boolean column has no minimum"),
        ({"kind": "integer", "categories": (1, 2)}, "integer column has no categories"),
        ({"categories": ("a", "b", "a")}, "name a level twice"),
        ({"kind": "float"}, "Input should be 'continuous', 'integer'"),
        ({"minimun": 1}, "minimun.*did you mean 'minimum'"),
    ],
)
def test_bad_column_declarations_are_refused_with_the_remedy(
    declared: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=f"(?s){message}"):
        ColumnDeclaration(**declared)


def test_equal_bounds_are_a_range() -> None:
    assert ColumnDeclaration(minimum=3, maximum=3).maximum == 3


def test_unquoted_yaml_dates_become_iso_text() -> None:
    column = ColumnDeclaration(minimum=pd.Timestamp("2020-01-01").date(), maximum=None)
    assert column.minimum == "2020-01-01"


def test_declarations_and_contracts_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ColumnDeclaration().kind = "integer"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"target": "yy"}, r"table 'crash', contract.target: no column 'yy'; did you mean 'y'\?"),
        (
            {"columns": {"agee": ColumnDeclaration()}},
            r"contract.columns: no column 'agee'; did you mean 'age'\?",
        ),
        (
            {"sensitive": ("race",)},
            r"contract.sensitive: no column 'race'.*The columns are \['age', 'y'\]",
        ),
        (
            {"constraints": (Constraint(left="age", operator="<", right="limit"),)},
            r"table 'crash': constraint 'age < limit': no column 'limit'",
        ),
    ],
)
def test_names_that_are_not_there_are_told_with_the_nearest(
    declared: dict[str, Any], message: str
) -> None:
    with pytest.raises(ContractError, match=f"(?s){message}"):
        completed(with_target([1, 2, 3, 4], "age"), **declared)


@pytest.mark.parametrize("name", ["family", "seed", "record_id", "row_id", "Seed"])
def test_names_of_lineage_columns_are_reserved(name: str) -> None:
    with pytest.raises(ContractError, match=f"'{name}'.*reserved for lineage.*`rename`"):
        completed(with_target([1, 2, 3, 4], name))


def test_unknown_operator_is_refused() -> None:
    with pytest.raises(ValidationError, match="Input should be '<'"):
        Constraint(left="a", operator="!=", right="b")


def test_an_id_is_no_target() -> None:
    with pytest.raises(
        ContractError, match=r"target 'y' is an id column: ids are never synthesized"
    ):
        completed(
            with_target(range(ROWS)), task="binary", columns={"y": ColumnDeclaration(kind="id")}
        )


# --- inference
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0.5, 1.5, np.nan], "continuous"),
        ([1, 2, 3], "integer"),
        ([1.0, np.nan, 3.0, 7.0], "integer"),
        (pd.array([1, None, 3, 7], dtype="Int64"), "integer"),
        ([0, 1, 1], "categorical"),
        ([0.0, 1.0, np.nan], "categorical"),
        ([7, 7, 7], "categorical"),
        ([True, False, True], "boolean"),
        ([True, None, False], "boolean"),
        (pd.array([True, None], dtype="boolean"), "boolean"),
        (["a", "b", None] * 10, "categorical"),
        (["a", "b", None], "text"),
        (pd.Categorical([3, 1, None] * 10), "categorical"),
        (pd.to_datetime(["2020-01-01", None]), "datetime"),
        (["2020-01-01", "2021-12-31"], "datetime"),
        (["2020-01-01 10:00", "2021-12-31T11:00"], "datetime"),
        (["2020-01-01", "soon"] * 10, "categorical"),
        (["2020", "2021"] * 10, "categorical"),
        ([f"p{i}" for i in range(ROWS)], "id"),
        ([f"p{i}" for i in range(ROWS - 11)], "text"),
        (["same", *(f"p{i}" for i in range(ROWS)), "same"], "text"),
        (["yes", "no"] * 100 + ["yess", "Yes", "noo"], "categorical"),
        (["none"] * 100 + [f"note {i}" for i in range(30)], "text"),
        (range(1000, 1000 + ROWS), "id"),
        (range(0, 2 * ROWS, 2), "integer"),
        (range(20), "integer"),
        ([np.inf, 1.0, 2.0], "continuous"),
        ([np.nan, np.nan], "continuous"),
        ([None, None], "categorical"),
        (["1", "2", "3"] * 10, "categorical"),
    ],
)
def test_kind_that_values_most_likely_have(values: Any, kind: str) -> None:
    assert infer_kind(pd.Series(values)) == kind


@pytest.mark.parametrize("values", [range(ROWS), [f"p{i}" for i in range(ROWS)]])
def test_a_target_is_never_taken_for_an_id(values: Any) -> None:
    assert infer_kind(pd.Series(values), is_target=True) != "id"


@pytest.mark.parametrize(
    ("values", "task", "kind", "classes"),
    [
        ([0, 1] * 5, "binary", "categorical", (0, 1)),
        ([0.0, 1.0, 1.0, 0.0], "binary", "categorical", (0, 1)),
        (["no", "yes"] * 5, "binary", "categorical", ("no", "yes")),
        ([True, False] * 5, "binary", "boolean", (False, True)),
        (["c", "a", "b"] * 5, "multiclass", "categorical", ("a", "b", "c")),
        ([3, 1, 2] * 5, "multiclass", "categorical", (1, 2, 3)),
        (range(11), "regression", "integer", None),
        ([0.5, 1.5, 2.5], "regression", "continuous", None),
    ],
)
def test_task_and_classes_follow_from_the_target(
    values: Any, task: str, kind: str, classes: Any
) -> None:
    contract = completed(pd.DataFrame({"x": 1.5, "y": pd.Series(values)}))
    assert (contract.task, contract.column("y").kind, contract.classes) == (task, kind, classes)


@pytest.mark.parametrize(
    ("values", "declared", "message"),
    [
        (
            ["a", "b"],
            {"task": "regression"},
            "regression needs a numeric target, but 'y' is categorical.*declare",
        ),
        (["a", "b", "c"], {"task": "binary"}, r"exactly 2 classes, found 3; declare task: multicl"),
        (["a", "a"], {}, r"at least 2 classes, found 1; nothing can be learned"),
        ([None, "a"], {"task": "binary"}, "at least 2 classes"),
        (["a", "b"] * (ROWS // 2), {"task": "multiclass"}, r"has 2 classes; declare task: binary"),
        (
            list(range(ROWS)),
            {"task": "multiclass"},
            "found 60 classes, more than 50; is it a number",
        ),
        (
            [1, 2, 3],
            {"task": "multiclass", "columns": {"y": ColumnDeclaration(kind="integer")}},
            "needs a categorical or boolean target, but 'y' is declared integer; declare it categorical",
        ),
    ],
)
def test_task_that_does_not_fit_its_target(
    values: Any, declared: dict[str, Any], message: str
) -> None:
    with pytest.raises(ContractError, match=f"table 'crash'.*{message}"):
        completed(pd.DataFrame({"x": 1.5, "y": pd.Series(values)}), **declared)


def test_declared_parts_win_and_the_others_are_inferred() -> None:
    frame = with_target([1, 2, None, 7], "age")
    contract = completed(
        frame, columns={"age": ColumnDeclaration(minimum=0, maximum=99, nullable=False)}
    )
    age = contract.column("age")
    assert (age.kind, age.minimum, age.maximum, age.nullable) == ("integer", 0, 99, False)
    assert (age.minimum_by, age.maximum_by) == ("declared", "declared")
    half = completed(frame, columns={"age": ColumnDeclaration(minimum=0)}).column("age")
    assert (half.minimum, half.maximum, half.nullable) == (0, 7, True)
    assert (half.minimum_by, half.maximum_by) == ("declared", "observed")


def test_notes_tell_what_was_inferred_and_only_that() -> None:
    frame = with_target([1.5, 2.5, 3.5, 4.5], "x")
    full = ColumnDeclaration(kind="continuous", nullable=False, minimum=0, maximum=9)
    notes = complete_contract(
        ContractDeclaration(target="y", columns={"x": full}), frame, table="t"
    ).notes
    assert notes == [
        "task binary inferred from target 'y' (categorical), which has 2 levels",
        "column 'y' (categorical): kind, nullable, categories inferred",
    ]


def test_declared_kind_that_the_data_contradict() -> None:
    with pytest.raises(
        ContractError,
        match=r"table 'crash', column 'v': declared continuous, but rows 1 and 2 do not fit",
    ):
        completed(with_target(["a", "b"]), columns={"v": ColumnDeclaration(kind="continuous")})


ODD_NAMES = ["", " ", "a.b", 'it\'s "so"', "é 日本", "$x", "{x}", "new\nline", "SELECT"]


def test_odd_column_names_are_kept() -> None:
    frame = pd.DataFrame({**{name: [1.5, 2.5] for name in ODD_NAMES}, "y": ["a", "b"]})
    assert list(conformed(frame).columns) == [*ODD_NAMES, "y"]
    assert completed(frame).features == tuple(ODD_NAMES)


# --- the contract itself
# --------------------------------------------------------------------------------------


def mixed_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": [f"p{i}" for i in range(ROWS)],
            "age": range(0, 2 * ROWS, 2),
            "income": np.linspace(0.5, 9.5, ROWS),
            "dead": ["no", "yes"] * (ROWS // 2),
        }
    )


def test_roles_of_columns() -> None:
    contract = completed(mixed_frame(), target="dead")
    assert contract.names == ("name", "age", "income", "dead")
    assert [column.name for column in contract.modelled] == ["age", "income", "dead"]
    assert contract.features == ("age", "income")
    with pytest.raises(StopIteration):
        contract.column("nobody")


def test_hash_ignores_descriptions_and_nothing_else() -> None:
    contract = completed(mixed_frame(), target="dead")
    first, *others = contract.columns

    def changed(**update: Any) -> str:
        return contract.model_copy(
            update={"columns": (first.model_copy(update=update), *others)}
        ).sha256

    assert changed(description="who") == contract.sha256
    altered = {
        changed(nullable=True),
        changed(kind="categorical"),
        changed(name="n"),
        changed(minimum=0.0),
        changed(categories=("a",)),
        changed(minimum_by="declared"),
        contract.model_copy(update={"columns": (*others, first)}).sha256,
        contract.model_copy(update={"sensitive": ("age",)}).sha256,
        contract.model_copy(
            update={"constraints": (Constraint(left="age", operator="<", right="income"),)}
        ).sha256,
    }
    assert len(altered) == 9
    assert contract.sha256 not in altered


def test_hash_survives_json() -> None:
    contract = completed(mixed_frame(), target="dead")
    assert Contract.model_validate_json(contract.model_dump_json()).sha256 == contract.sha256
    assert len(contract.sha256) == 64


def test_release_contract_hides_inferred_extremes_and_ids() -> None:
    relations = tuple(
        Constraint(left="age", operator="<", right=right) for right in ("income", "name")
    )
    contract = completed(
        mixed_frame(),
        target="dead",
        columns={"age": ColumnDeclaration(minimum=0, maximum=150)},
        sensitive=("name", "income"),
        constraints=relations,
    )
    released = contract.for_release()
    assert released.names == ("age", "income", "dead")
    assert (released.column("age").minimum, released.column("age").maximum) == (0, 150)
    assert (released.column("income").minimum, released.column("income").maximum) == (None, None)
    assert released.sensitive == ("income",)
    assert released.constraints == relations[:1]
    assert contract.column("income").maximum == 9.5, "the contract in house stays as it is"


def test_comparable_and_sorted_levels() -> None:
    assert comparable("2020-01-01") == pd.Timestamp("2020-01-01")
    assert comparable(3) == 3.0
    with pytest.raises(ValueError, match="soon"):
        comparable("soon")
    assert sorted_levels(["b", 2, "a", 1]) == (1, 2, "a", "b")


# --- conforming
# -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind", "dtype"),
    [
        ([1, 2, 3], "continuous", "float64"),
        (["1.5", None], "continuous", "float64"),
        ([1.0, 2.0, 3.0], "integer", "int64"),
        ([1.0, None, 3.0], "integer", "Int64"),
        (["1", None], "integer", "Int64"),
        ([0, 1], "boolean", "bool"),
        (["TRUE", " false "], "boolean", "bool"),
        ([1.0, np.nan], "boolean", "boolean"),
        (["a", None], "categorical", "category"),
        ([1.0, np.nan], "categorical", "category"),
        (["2020-01-01", None], "datetime", "datetime64[ns]"),
        (pd.date_range("2020-01-01", periods=2, unit="s"), "datetime", "datetime64[ns]"),
        (["a", "b"], "id", "object"),
        ([1, 2], "id", "int64"),
    ],
)
def test_types_of_each_kind(values: Any, kind: str, dtype: str) -> None:
    frame = conformed(with_target(values), columns={"v": ColumnDeclaration(kind=kind)})
    assert str(frame["v"].dtype) == dtype
    assert list(frame["v"].isna()) == list(pd.Series(values).isna())


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (
            [1.5, 2.0, None],
            "integer",
            r"declared integer, but row 1 does not fit .*mend the data, or declare another kind",
        ),
        (["yes", "no", "true"], "boolean", r"declared boolean, but rows 1 and 2 do not fit"),
    ],
)
def test_values_that_cannot_be_of_their_kind(values: list[Any], kind: str, message: str) -> None:
    with pytest.raises(ContractError, match=f"table 'crash', column 'v': {message}"):
        conformed(with_target(values), columns={"v": ColumnDeclaration(kind=kind)})


@pytest.mark.parametrize("kind", ["continuous", "integer", "datetime"])
def test_new_data_that_no_longer_fit_are_named(kind: str) -> None:
    kinds: dict[str, list[Any]] = {
        "continuous": [1.5, 2.5],
        "integer": [1, 2],
        "datetime": ["2020-01-01", "2020-01-02"],
    }
    old = kinds[kind]
    contract = completed(with_target(old), columns={"v": ColumnDeclaration(kind=kind)})
    with pytest.raises(
        ContractError, match=rf"table 'crash', column 'v': declared {kind}, but row 2 does not fit"
    ):
        conform(with_target([old[0], "oops"]), contract, table="crash")


def test_absent_columns_are_named_and_others_are_left_out() -> None:
    contract = completed(mixed_frame(), target="dead")
    with pytest.raises(
        ContractError, match=r"table 'crash': columns \['age', 'dead'\] of the contract are not"
    ):
        conform(mixed_frame()[["name", "income"]], contract, table="crash")
    shuffled = mixed_frame().assign(extra=1)[["dead", "extra", "income", "age", "name"]]
    assert tuple(conform(shuffled, contract, table="crash").columns) == contract.names


def test_values_outside_the_contract_are_kept_for_the_checks() -> None:
    contract = completed(
        with_target(["a", "b"]), columns={"v": ColumnDeclaration(categories=("a", "b"))}
    )
    frame = conform(with_target(["b", "zz"]), contract, table="crash")
    assert list(frame["v"]) == ["b", "zz"]
    assert list(frame["v"].cat.categories) == ["a", "b", "zz"], (
        "declared levels first, in their order"
    )


@pytest.mark.parametrize(
    ("levels", "values", "kept"),
    [
        (("1", "2"), [1, 2], ["1", "2"]),
        ((1, 2), ["1", "2"], [1, 2]),
        ((1, 2), [1.0, 2.0], [1, 2]),
        ((1.5, 2.5), ["1.5", "2.5"], [1.5, 2.5]),
    ],
)
def test_levels_meet_values_of_another_spelling(levels: Any, values: Any, kept: list[Any]) -> None:
    frame = conformed(with_target(values), columns={"v": ColumnDeclaration(categories=levels)})
    assert list(frame["v"]) == kept
    assert list(frame["v"].cat.categories) == list(levels)


def test_moments_with_a_zone_become_utc_without_one() -> None:
    frame = conformed(with_target(pd.date_range("2020-01-01", periods=2, tz="Europe/Rome")))
    assert list(frame["v"]) == [pd.Timestamp("2019-12-31 23:00"), pd.Timestamp("2020-01-01 23:00")]


def test_conforming_twice_changes_nothing_and_the_index_starts_anew() -> None:
    frame = mixed_frame().iloc[::-1]
    contract = completed(frame, target="dead")
    once = conform(frame, contract, table="crash")
    pd.testing.assert_frame_equal(conform(once, contract, table="crash"), once)
    assert list(once.index) == list(range(ROWS))


# --- nothing is lost
# ------------------------------------------------------------------------------------------

LEVELS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
MOMENTS = st.datetimes(
    pd.Timestamp("1700-01-01").to_pydatetime(), pd.Timestamp("2200-01-01").to_pydatetime()
)
CELLS: dict[str, tuple[st.SearchStrategy[Any], Callable[[list[Any]], pd.Series]]] = {
    "floats": (st.floats(-1e12, 1e12), lambda cells: pd.Series(cells, dtype="float64")),
    "whole floats": (
        st.integers(-(2**53), 2**53).map(float),
        lambda cells: pd.Series(cells, dtype="float64"),
    ),
    "integers": (
        st.integers(-(2**52), 2**52),
        lambda cells: pd.Series(pd.array(cells, dtype="Int64")),
    ),
    "flags": (st.booleans(), lambda cells: pd.Series(pd.array(cells, dtype="boolean"))),
    "objects of flags": (st.booleans(), lambda cells: pd.Series(cells, dtype=object)),
    "text": (LEVELS, lambda cells: pd.Series(cells, dtype=object)),
    "categories": (LEVELS, lambda cells: pd.Series(pd.Categorical(cells))),
    "moments": (MOMENTS, lambda cells: pd.Series(pd.to_datetime(pd.Series(cells, dtype=object)))),
    "days as text": (
        st.dates().map(lambda day: f"20{day:%y-%m-%d}"),
        lambda cells: pd.Series(cells, dtype=object),
    ),
}


def as_written(value: Any) -> Any:
    return (
        pd.Timestamp(value)
        if isinstance(value, str) and value.startswith("20") and len(value) == 10
        else value
    )


@settings(max_examples=20)
@given(data=st.data())
def test_completing_and_conforming_lose_no_value(data: st.DataObject) -> None:
    """Whatever the types and wherever cells are missing, each cell comes out as it went in."""
    rows = data.draw(st.integers(2, 70), label="rows")
    columns = {}
    for name, (strategy, build) in CELLS.items():
        cells = data.draw(st.lists(st.none() | strategy, min_size=rows, max_size=rows), label=name)
        columns[name] = build(cells)
    frame = pd.DataFrame({**columns, "y": np.arange(rows) % 2})
    contract = completed(frame)
    result = conform(frame, contract, table="crash")
    assert tuple(result.columns) == tuple(frame.columns)
    for column in contract.columns:
        before, after = frame[column.name], result[column.name]
        assert list(before.isna()) == list(after.isna()), column
        pairs = zip(before.dropna(), after.dropna(), strict=True)
        assert all(b == a or as_written(b) == a for b, a in pairs), column
        assert column.nullable == bool(before.isna().any())


def test_column_of_a_complete_contract_keeps_what_it_is_given() -> None:
    column = Column(name="x", kind="integer", nullable=False, minimum=1, maximum=2)
    assert Column.model_validate_json(column.model_dump_json()) == column


def test_whole_numbers_taken_for_amounts_are_asked_about() -> None:
    frame = pd.DataFrame({"x": np.arange(300) * 0.5, "y": np.arange(300) % 30})
    contract = complete_contract(ContractDeclaration(target="y"), frame, table="t").contract
    assert contract.task == "regression"
    (doubt,) = contract.doubts
    assert "column 'y' is the target and holds whole numbers, 30 different ones" in doubt
    assert "declare `task: multiclass` if these are classes" in doubt
    for task in ("multiclass", "regression"):
        assert not complete_contract(
            ContractDeclaration(target="y", task=task), frame, table="t"
        ).contract.doubts
    texts = frame.assign(y=[f"{i % 30:02d}" for i in range(300)])
    assert (
        complete_contract(ContractDeclaration(target="y"), texts, table="t").contract.task
        == "multiclass"
    )


def test_a_doubt_and_a_unit_bind_no_data() -> None:
    frame = pd.DataFrame({"x": np.arange(300) * 0.5, "y": ["a", "b"] * 150})
    declared = ContractDeclaration(target="y")
    plain = complete_contract(declared, frame, table="t").contract
    told = complete_contract(
        declared, frame, table="t", units={"x": "seconds"}, doubts={"x": "may be minutes"}
    ).contract
    assert told.doubts == ("column 'x' may be minutes",)
    assert told.column("x").unit == "seconds"
    assert told.sha256 == plain.sha256
