"""Personal data is found by form and checksum, and ordinary texts are not taken for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.contract.completion import complete_contract
from dge_assets.core.contract.contract import Column, ContractDeclaration
from dge_assets.core.contract.disclosure import ColumnDisclosure, DisclosureDeclaration
from dge_assets.core.contract.personal_data import personal_data
from dge_assets.core.errors import ContractError

ROWS = 200


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ann.lee+x@mail.example.org", "email"),
        ("please write to bob@example.com, thanks", "email"),
        ("see https://example.org/people/7", "url"),
        ("WWW.Example.org", "url"),
        ("+49 171 1234567", "phone"),
        ("call +1 (212) 555-0123 after six", "phone"),
        ("(212) 555-0123", "phone"),
        ("212-555-0123", "phone"),
        ("0171 1234567", "phone"),
        ("DE89 3704 0044 0532 0130 00", "iban"),
        ("account GB82WEST12345698765432.", "iban"),
        ("4111 1111 1111 1111", "card"),
        ("378282246310005", "card"),
        ("078-05-1120", "national_id"),
        ("AB 12 34 56 C", "national_id"),
        ("12345678Z", "national_id"),
        ("RSSMRA85T10A562S", "national_id"),
        ("1 84 12 76 451 089 46", "national_id"),
        ("192.168.0.7", "ip"),
        ("seen by Dr. House on Monday", "name"),
    ],
)
def test_each_kind_is_found(text: str, kind: str) -> None:
    assert personal_data("v", [text]) == [kind]


@pytest.mark.parametrize(
    "texts",
    [
        ["red", "blue"],
        ["2020-01-31", "2021-12-01 10:30"],
        ["GB82WEST12345698765433"],
        ["4111 1111 1111 1112"],
        ["12345678A"],
        ["0-9", "10-24", "100-500", "1.5 @ 3"],
        ["3.11.7", "10.2"],
        ["AB-12-7", "part 12-34-567"],
        ["1234567890123456789012"],
        ["5554", "0042"],
        ["10.0.0.1", "none", "other", "unknown"],
        [],
    ],
)
def test_ordinary_texts_are_no_personal_data(texts: list[str]) -> None:
    assert personal_data("v", texts) == []


def test_a_column_called_a_name_holds_names() -> None:
    assert personal_data("Last_Name", ["Lee", "Ng"]) == ["name"]
    assert personal_data("brand name", ["Lee", "Ng"]) == []


def completed(values: Any, declared: dict[str, Any] | None = None, **disclosure: Any) -> Column:
    frame = pd.DataFrame({"v": values, "y": ["no", "yes"] * (ROWS // 2)})
    declaration = ContractDeclaration.model_validate(
        {"target": "y", "columns": {"v": declared or {}}}
    )
    rules = DisclosureDeclaration.model_validate(disclosure)
    return complete_contract(declaration, frame, table="people", disclosure=rules).contract.column(
        "v"
    )


ADDRESSES = ["a@example.org", "b@example.org"] * (ROWS // 2)


def test_one_repeated_address_does_not_make_a_category() -> None:
    column = completed([f"p{i}@example.org" for i in range(ROWS - 1)] + ["p0@example.org"])
    assert (column.kind, column.left_out) == ("text", "holds e-mail addresses")


@pytest.mark.parametrize(
    "declared", [{}, {"kind": "categorical"}, {"categories": ["a@example.org", "b@example.org"]}]
)
def test_personal_data_is_not_modelled_even_where_it_is_a_category(
    declared: dict[str, Any],
) -> None:
    column = completed(ADDRESSES, declared)
    assert not column.is_modelled
    assert column.left_out == "holds e-mail addresses"


def test_it_is_modelled_where_the_declaration_allows_it_by_name() -> None:
    allowed = {"v": ColumnDisclosure(allow=("email",))}
    assert completed(ADDRESSES, columns=allowed).is_modelled
    assert not completed(ADDRESSES, columns={"v": ColumnDisclosure(allow=("url",))}).is_modelled


def test_card_numbers_are_found_as_whole_numbers_too() -> None:
    cards = [4111111111111111, 4012888888881881] * (ROWS // 2)
    assert completed([*cards[:-1], 5555555555554444]).left_out == "holds payment card numbers"
    assert completed(np.random.default_rng(0).integers(10**15, 10**16, ROWS)).left_out == ""


def test_a_target_with_personal_data_is_refused_without_quoting_it() -> None:
    frame = pd.DataFrame({"y": ADDRESSES, "x": range(ROWS)})
    with pytest.raises(
        ContractError, match=r"target 'y' holds e-mail addresses.*allow: \[email\]"
    ) as raised:
        complete_contract(ContractDeclaration(target="y"), frame, table="people")
    assert "example.org" not in str(raised.value)


def test_an_unknown_column_of_the_disclosure_is_named() -> None:
    frame = pd.DataFrame({"y": ["a", "b"] * 10, "mail": range(20)})
    rules = DisclosureDeclaration(columns={"mial": ColumnDisclosure(fewest=3)})
    with pytest.raises(
        ContractError, match=r"disclosure.columns: no column 'mial'; did you mean 'mail'\?"
    ):
        complete_contract(ContractDeclaration(target="y"), frame, table="people", disclosure=rules)


def test_why_a_column_is_left_out() -> None:
    assert completed([f"x{i}" for i in range(ROWS)]).left_out == "an id: no value occurs twice"
    assert completed(range(ROWS)).left_out == "an id: no value occurs twice"
    assert (
        completed([f"x{i // 2}" for i in range(ROWS)]).left_out
        == "text: most of its values are in fewer than 10 rows"
    )
    assert completed([f"x{i // 2}" for i in range(ROWS)], fewest=2).left_out == ""
    assert completed(["a", "b"] * (ROWS // 2), {"kind": "text"}).left_out == "declared text"
