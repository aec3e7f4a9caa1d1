"""What is told of a column: levels and bounds that enough rows share, and nothing that one row
sets.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.contract.completion import complete_contract
from dge_assets.core.contract.contract import Contract, ContractDeclaration
from dge_assets.core.contract.disclosure import ColumnDisclosure, DisclosureDeclaration
from dge_assets.core.errors import ContractError
from dge_assets.core.privacy.disclosure import (
    LevelLimits,
    disclosure_notes,
    protected_contract,
    protected_rows,
    sensitive_text,
)
from dge_assets.core.privacy.shared_bounds import shared_bounds
from tests.support.tables import column, contract

TARGET = column("target", "categorical", categories=("no", "yes"))


def table(values: Any, dtype: Any = None) -> pd.DataFrame:
    """`values` as a column beside a target."""
    return pd.DataFrame(
        {
            "value": pd.Series(values, dtype=dtype),
            "target": pd.Series(pd.Categorical((["no", "yes"] * len(values))[: len(values)])),
        }
    )


def levels(**rows: int) -> pd.DataFrame:
    """A category with so many rows of each level."""
    return table(pd.Categorical([level for level, count in rows.items() for _ in range(count)]))


def protect(
    frame: pd.DataFrame,
    agreed: Contract | None = None,
    *,
    most: int = 100,
    more: Any = "pool",
    **rules: Any,
) -> Contract:
    if agreed is None:
        kind = "categorical" if isinstance(frame["value"].dtype, pd.CategoricalDtype) else "integer"
        agreed = contract("target", column("value", kind), TARGET)
    declared = DisclosureDeclaration(**rules)
    return protected_contract(
        agreed, frame, declared, limits=LevelLimits(most, more), table="people"
    )


def told(frame: pd.DataFrame, agreed: Contract) -> dict[Any, int]:
    """Rows by level of what real rows become."""
    return dict(protected_rows(frame, agreed)["value"].value_counts())


def test_rare_levels_become_one_that_names_nobody() -> None:
    frame = levels(red=40, blue=30, ann=1, bob=9, eve=3)
    agreed = protect(frame)
    assert agreed.column("value").categories == ("blue", "red", "(other)")
    assert told(frame, agreed) == {"red": 40, "blue": 30, "(other)": 13}
    assert disclosure_notes(agreed) == [
        "column 'value': 3 levels are in fewer than 10 rows or too many to be told apart, and told as '(other)'"
    ]


def test_too_few_rare_rows_for_a_level_of_their_own_take_the_most_frequent_one() -> None:
    frame = levels(red=40, blue=30, ann=1, bob=8)
    agreed = protect(frame)
    assert agreed.column("value").categories == ("blue", "red")
    assert told(frame, agreed) == {"red": 49, "blue": 30}
    assert disclosure_notes(agreed) == [
        "column 'value': 2 levels are in fewer than 10 rows or too many to be told apart, and told as the most frequent level"
    ]


def test_a_level_that_only_real_test_has_is_rare() -> None:
    train, test = levels(red=40, blue=30, ann=12), levels(red=3, zoe=2)
    agreed = protect(train)
    assert told(test, agreed) == {"red": 5, "blue": 0, "ann": 0}
    pooled = protect(levels(red=40, bob=6, eve=6))
    assert told(test, pooled) == {"red": 3, "(other)": 2}
    assert list(protected_rows(test, pooled)["value"].cat.categories) == ["red", "(other)"]


def test_the_name_of_the_pool_is_no_real_level() -> None:
    assert (
        protect(levels(**{"(other)": 20, "red": 20, "ann": 5, "bob": 5})).column("value").others
        == "(other 2)"
    )


def test_levels_that_are_numbers_become_text_beside_the_pool() -> None:
    frame = table(pd.Categorical([1] * 20 + [2] * 20 + [3] * 6 + [4] * 6))
    agreed = protect(frame)
    assert agreed.column("value").categories == ("1", "2", "(other)")
    assert told(frame, agreed) == {"1": 20, "2": 20, "(other)": 12}
    once = protected_rows(frame, agreed)
    pd.testing.assert_frame_equal(protected_rows(once, agreed), once)


def test_gaps_stay_gaps_and_truth_values_stay_truth_values() -> None:
    frame = table([True] * 3 + [False] * 30 + [None] * 4, "boolean")
    agreed = protect(
        frame, contract("target", column("value", "boolean", categories=(False, True)), TARGET)
    )
    shown = protected_rows(frame, agreed)["value"]
    assert shown.dtype == "boolean"
    assert shown.tolist() == [False] * 33 + [pd.NA] * 4


def test_declared_levels_bind_as_they_are_but_rare_ones_are_not_told_apart() -> None:
    declared = column("value", "categorical", categories=("red", "blue", "green"))
    frame = levels(blue=20, red=20, green=2)
    agreed = protect(frame, contract("target", declared, TARGET))
    assert agreed.column("value").categories == ("red", "blue"), "in the declared order"


def test_of_many_levels_the_most_frequent_stay_and_the_pool_is_one_level() -> None:
    frame = levels(a=50, b=40, c=30, d=20, e=20)
    agreed = protect(frame, most=3)
    assert told(frame, agreed) == {"a": 50, "b": 40, "(other)": 70}
    with pytest.raises(
        ContractError, match=r"column 'value': 5 levels, more than max_levels=3; raise max_levels"
    ):
        protect(frame, most=3, more="error")


def test_rare_levels_are_an_error_where_so_declared_and_it_names_none() -> None:
    frame = levels(red=40, ann=1, bob=2)
    with pytest.raises(
        ContractError, match="2 of 3 levels are in fewer than 10 rows of real_train"
    ) as raised:
        protect(frame, rare_levels="error")
    assert "ann" not in str(raised.value)
    by_column = {"value": ColumnDisclosure(rare_levels="pool")}
    assert protect(frame, rare_levels="error", columns=by_column).column("value").categories == (
        "red",
    )


def test_a_rare_class_of_the_target_is_an_error_that_names_none_until_it_is_declared() -> None:
    frame = levels(red=40).assign(target=pd.Categorical(["no"] * 35 + ["leper"] * 5))
    agreed = contract("target", column("value", "categorical"), column("target", "categorical"))
    with pytest.raises(
        ContractError, match=r"1 of the target's 2 classes .*columns: \{target: \{fewest: 5\}\}"
    ) as raised:
        protect(frame, agreed)
    assert "leper" not in str(raised.value)
    kept = protect(frame, agreed, columns={"target": ColumnDisclosure(fewest=5)})
    assert kept.column("target").categories == ("leper", "no")


def test_a_sensitive_column_needs_twice_the_rows_and_a_columns_own_number_wins() -> None:
    frame = levels(red=40, blue=15)
    agreed = contract("target", column("value", "categorical"), TARGET)
    sensitive = agreed.model_copy(update={"sensitive": ("value",)})
    assert protect(frame, agreed).column("value").categories == ("blue", "red")
    assert protect(frame, sensitive).column("value").categories == ("red",)
    assert disclosure_notes(protect(frame, sensitive))[0].startswith(
        "sensitive column 'value': 1 level is in fewer than 20"
    )
    assert (
        sensitive_text(protect(frame, sensitive)) == "value: levels and bounds of at least 20 rows"
    )
    own = {"value": ColumnDisclosure(fewest=15)}
    assert protect(frame, sensitive, columns=own).column("value").categories == ("blue", "red")


@pytest.mark.parametrize(
    "frame", [levels(a=5, b=5, c=2), table([1, 2, 3], "int64"), table([True] * 4, "bool")]
)
def test_a_column_in_which_too_few_rows_share_anything_is_left_out_and_says_why(
    frame: pd.DataFrame,
) -> None:
    agreed = protect(frame, columns={"target": ColumnDisclosure(fewest=1)})
    assert [found.name for found in agreed.modelled] == ["target"]
    assert "10 rows" in agreed.left_out["value"]
    assert agreed.column("value").categories is None
    assert agreed.column("value").minimum is None


# ----------------------------------------------------------------------------------------------
# bounds


def test_no_single_row_moves_a_bound_far() -> None:
    """Whatever one row holds, both bounds stay between ranks that the other rows set."""
    rng = np.random.default_rng(0)
    values = rng.lognormal(10, 0.5, 1500)
    others = np.sort(values[1:])
    for extreme in (values[0], 1e9, 1e300, -1e300):
        low, high = shared_bounds(np.array([extreme, *values[1:]]), fewest=10)
        step = (high - low) / 100
        assert others[8] - step <= low <= others[19] + step
        assert others[-20] - step <= high <= others[-9] + step


def test_an_extreme_that_enough_rows_have_is_told_as_it_is() -> None:
    values = np.array([0.0] * 10 + [0.123456789] * 10 + list(np.linspace(0.2, 0.9, 50)))
    assert shared_bounds(values, fewest=10)[0] == 0.0
    assert shared_bounds(values, fewest=11)[0] == 0.13, (
        "else the mean of 10 values, at a thousandth of the range"
    )


def test_bounds_are_told_on_the_columns_own_grid() -> None:
    rng = np.random.default_rng(1)
    assert all(
        isinstance(bound, int) for bound in shared_bounds(rng.integers(0, 100, 500), fewest=10)
    )
    cents = np.round(rng.uniform(0, 1, 500), 2)
    cents[0] = 0.123456789
    assert all(round(bound, 2) == bound for bound in shared_bounds(cents, fewest=10)), (
        "one finer row sets no grid"
    )
    whole_days = (
        (np.datetime64("2020-01-01") + rng.integers(0, 30, 500))
        .astype("datetime64[ns]")
        .astype("int64")
    )
    assert all(
        bound % 86_400_000_000_000 == 0
        for bound in shared_bounds(whole_days, fewest=10, moments=True)
    )


@pytest.mark.parametrize("n", [10, 19, 20, 39, 40, 41])
@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1.0, 1e15, 1e300])
def test_bounds_of_any_size_and_scale_are_in_order(n: int, scale: float) -> None:
    values = np.random.default_rng(n).normal(0, scale, n)
    low, high = shared_bounds(values, fewest=10)
    assert np.isfinite([low, high]).all()
    assert low <= high


def test_integers_at_the_ends_of_64_bits_keep_their_bounds_exact() -> None:
    values = np.array([-(2**63)] * 12 + [2**63 - 1] * 12)
    assert shared_bounds(values, fewest=10) == (-(2**63), 2**63 - 1)


def test_a_column_that_is_constant_but_for_few_rows_is_constant() -> None:
    frame = table([7] * 60 + [1, 900], "int64")
    found = protect(frame).column("value")
    assert (found.minimum, found.maximum) == (7, 7)


def test_a_declared_range_does_not_show_the_few_rows_of_a_constant_column() -> None:
    declared = column("value", "continuous", minimum=0, maximum=10).model_copy(
        update={"minimum_by": "declared", "maximum_by": "declared"}
    )
    frame = table([0.0] * 60 + [7.31], "float64")
    found = protect(frame, contract("target", declared, TARGET)).column("value")
    assert (found.minimum, found.maximum, found.maximum_by) == (0.0, 0.0, "common")


def test_declared_bounds_bind_as_they_are_and_the_other_one_gives_way() -> None:
    frame = table(list(range(100)), "int64")
    at_least = column("value", "integer", minimum=-5).model_copy(update={"minimum_by": "declared"})
    found = protect(frame, contract("target", at_least, TARGET)).column("value")
    assert (found.minimum, found.minimum_by, found.maximum, found.maximum_by) == (
        -5,
        "declared",
        86,
        "common",
    )
    above = at_least.model_copy(update={"minimum": 95})
    found = protect(frame, contract("target", above, TARGET)).column("value")
    assert (found.minimum, found.maximum) == (95, 95)


def test_bounds_of_moments_are_iso_text() -> None:
    days = pd.Series(pd.date_range("2020-01-01", periods=400)).astype("datetime64[ns]")
    found = protect(table(days), contract("target", column("value", "datetime"), TARGET)).column(
        "value"
    )
    assert (found.minimum, found.maximum) == ("2020-01-15T00:00:00", "2021-01-21T00:00:00")


# ----------------------------------------------------------------------------------------------
# what records and releases hold


def test_what_the_source_records_holds_no_level_and_no_bound_that_nobody_declared() -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {
            "city": rng.choice(["Rome", "Oslo"], 200),
            "income": [987654.25, *rng.normal(5, 1, 199)],
            "age": rng.integers(0, 90, 200),
            "y": rng.choice(["no", "yes"], 200),
        }
    )
    declared = ContractDeclaration(target="y", columns={"age": {"minimum": 0}})  # type: ignore[dict-item]
    complete = complete_contract(declared, frame, table="people").contract
    recorded = complete.as_declared().model_dump_json()
    assert "Rome" not in recorded
    assert "987654" not in recorded
    assert complete.as_declared().column("age").minimum == 0
    assert complete.as_declared().column("age").maximum is None
    assert complete.as_declared().classes == ("no", "yes")
    released = protect(
        frame.astype({"city": "category", "y": "category"}), complete.as_declared()
    ).for_release()
    assert released.column("city").categories == ("Oslo", "Rome")
    assert "987654" not in released.model_dump_json()
    assert released.column("income").maximum_by == "common"


@pytest.mark.parametrize("scale", [1e-19, 1e-300, 1e30])
def test_bounds_of_any_scale_leave_the_column_its_values(scale: float) -> None:
    """At 15 decimals a column of charges in coulomb would be bound to zeros."""
    values = np.random.default_rng(0).normal(5, 1, 400) * scale
    low, high = shared_bounds(values, fewest=10)
    assert values.min() < low < np.quantile(values, 0.1)
    assert np.quantile(values, 0.9) < high < values.max()


def test_bounds_of_a_tiny_value_that_nearly_all_rows_have_are_that_value() -> None:
    values = np.r_[np.full(400, 1.7e-19), 9e-20, 2e-19]
    assert shared_bounds(values, fewest=10) == pytest.approx((1.7e-19, 1.7e-19))
