"""Names of downstream models: the known ones, import paths, and help for the rest."""

from __future__ import annotations

import pytest

from dge_assets.core.catalog import MODEL_NAMES, require_model_name


@pytest.mark.parametrize("name", [*MODEL_NAMES, "sklearn.tree:DecisionTreeClassifier", "my_team.models:Ours_2"])
def test_known_names_and_import_paths_pass(name: str) -> None:
    assert require_model_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "LR", "lr ", "lr\n", "a:b:c", "a.b", ":b", "a:", "1a:b", "a:b()", "a:b\n", "os;x:y"]
)
def test_other_names_are_refused_with_the_allowed_ones(name: str) -> None:
    with pytest.raises(ValueError, match="unknown downstream model") as caught:
        require_model_name(name)
    assert all(known in str(caught.value) for known in (*MODEL_NAMES, repr(name), "package.module:Class"))


def test_a_near_name_is_suggested() -> None:
    with pytest.raises(ValueError, match="did you mean 'gbdt'"):
        require_model_name("gbtd")
