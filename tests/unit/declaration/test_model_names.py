"""Names of downstream models: the known ones, import paths, and help for the rest."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dge_assets.core.declaration.model_names import (
    MODEL_NAMES,
    require_model_name,
    split_model_name,
)


@pytest.mark.parametrize(
    "name", [*MODEL_NAMES, "sklearn.tree:DecisionTreeClassifier", "my_team.models:Ours_2"]
)
def test_known_names_and_import_paths_pass(name: str) -> None:
    assert require_model_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "LR", "lr ", "lr\n", "a:b:c", "a.b", ":b", "a:", "1a:b", "a:b()", "a:b\n", "os;x:y"],
)
def test_other_names_are_refused_with_the_allowed_ones(name: str) -> None:
    with pytest.raises(ValueError, match="unknown downstream model") as caught:
        require_model_name(name)
    assert all(
        known in str(caught.value) for known in (*MODEL_NAMES, repr(name), "package.module:Class")
    )


def test_a_near_name_is_suggested() -> None:
    with pytest.raises(ValueError, match="did you mean 'gbdt'"):
        require_model_name("gbtd")


def test_parameters_are_part_of_the_name_in_one_order() -> None:
    declared = {
        "sklearn.ensemble:ExtraTreesClassifier": {"n_estimators": 50, "criterion": "entropy"}
    }
    text = "sklearn.ensemble:ExtraTreesClassifier(criterion='entropy', n_estimators=50)"
    assert require_model_name(declared) == text
    assert (
        require_model_name(
            "sklearn.ensemble:ExtraTreesClassifier(n_estimators=50, criterion='entropy')"
        )
        == text
    )
    assert split_model_name(text)[1] == {"criterion": "entropy", "n_estimators": 50}
    assert require_model_name({"a.b:C": None}) == "a.b:C"


_plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.from_regex(r"[a-z_]{2,8}_x", fullmatch=True), _plain, max_size=3))
def test_what_goes_into_a_name_comes_out_of_it(parameters: dict[str, object]) -> None:
    assert split_model_name(require_model_name({"a.b:C": parameters})) == ("a.b:C", parameters)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a.b:C": {}, "d.e:F": {}}, "one 'package.module:Class: {...}'"),
        ({"lr": {"C": 1}}, "'lr' takes no parameters"),
        ({"rt": {"C": 1}}, "unknown downstream model 'rt'"),
        ({"a.b:C": [1]}, "parameters are a mapping"),
        ({"a.b:C": {"two words": 1}}, "is not the name of a parameter"),
        ({"a.b:C": {"x": float("nan")}}, "parameter 'x' must be a number"),
        ({"a.b:C": {"x": {"y": 1}}}, "parameter 'x' must be a number"),
        ("a.b:C(1)", "must be name=value with plain values"),
        ("a.b:C(x=print())", "must be name=value with plain values"),
        ("a.b:C(**{'x': 1})", "must be name=value with plain values"),
        ("a.b:C(x=1)(y=2)", "must be name=value with plain values"),
        (7, "unknown downstream model 7"),
    ],
)
def test_parameters_that_cannot_be_are_refused(given: object, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        require_model_name(given)
