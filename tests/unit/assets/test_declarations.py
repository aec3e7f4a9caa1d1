"""Finding declarations: the shipped ones, `DGE_TABLES`, and files that are not declarations."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from dge_assets.component import TableComponent
from dge_assets.core.declaration.model_names import USUAL_MODULES, require_allowed_module
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.core.errors import DeclarationError
from dge_assets.declarations import (
    COMPONENT,
    SHIPPED,
    declaration_folders,
    declared_table,
    declared_tables,
    profile_in_use,
    read_declaration,
    usual_table,
)

ATTRIBUTES = {
    "table": "ours",
    "source": {"type": "csv", "path": "a.csv"},
    "contract": {"target": "y"},
    "families": {"ctgan": {}},
}


def write(folder: Path, name: str = "ours", **attributes: object) -> Path:
    """A `defs.yaml` in a folder of its own."""
    path = folder / name / "defs.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump({"type": COMPONENT, "attributes": {**ATTRIBUTES, **attributes}}))
    return path


@pytest.fixture(autouse=True)
def _no_tables_of_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DGE_TABLES", "DGE_EXAMPLES", "DGE_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def test_the_shipped_declarations_are_good() -> None:
    found = declared_tables()
    assert {"crash", "breast_cancer", "moons"} <= set(found)
    for name, (declaration, folder) in found.items():
        assert declaration.table == name == folder.name
        for profile in ("smoke", "default", "full"):
            assert declaration.plan(profile).seeds >= 2, f"{name}: evaluation needs two members"
        assert {"default", "smoke"} <= set(declaration.profiles), (
            f"{name}: a demo must say itself what it cuts"
        )
        assert not declaration.plan("default").is_trial, (
            f"{name}: the demo ends in a release that consumers open"
        )
        assert declaration.plan("smoke").is_trial


def test_the_users_folder_takes_the_place_of_the_examples_unless_both_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path)
    (tmp_path / "notes").mkdir()
    (tmp_path / "README.md").write_text("not a table")
    monkeypatch.setenv("DGE_TABLES", str(tmp_path))
    assert declaration_folders() == [tmp_path]
    assert declared_tables()["ours"][1] == path.parent
    assert set(declared_tables()) == {usual_table()} == {"ours"}
    with pytest.raises(
        DeclarationError,
        match=r"no table 'crash' is declared; there are \['ours'\].*DGE_EXAMPLES=1",
    ):
        declared_table("crash")
    monkeypatch.setenv("DGE_EXAMPLES", "1")
    assert declaration_folders() == [SHIPPED, tmp_path]
    assert {"ours", "crash"} <= set(declared_tables())
    assert usual_table() == "crash"


def test_the_examples_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DGE_EXAMPLES", "0")
    assert declared_tables() == {}
    with pytest.raises(
        DeclarationError, match=r"no table 'crash' is declared; there are \[\] in no folder"
    ):
        declared_table(usual_table())
    monkeypatch.setenv("DGE_EXAMPLES", "no")
    with pytest.raises(DeclarationError, match=r"DGE_EXAMPLES: found 'no'; allowed: 0"):
        declared_tables()


def test_two_tables_and_none_named_is_asked_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a", table="a")
    write(tmp_path, "b", table="b")
    monkeypatch.setenv("DGE_TABLES", str(tmp_path))
    with pytest.raises(DeclarationError, match="name one of the declared tables: a, b"):
        usual_table()


def test_the_profile_is_default_unless_the_environment_names_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert profile_in_use() == "default"
    monkeypatch.setenv("DGE_PROFILE", "")
    assert profile_in_use() == "default"
    monkeypatch.setenv("DGE_PROFILE", "smoke")
    assert profile_in_use() == "smoke"


def test_a_home_relative_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "tables")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DGE_TABLES", "~/tables")
    assert "ours" in declared_tables()


@pytest.mark.parametrize("kind", ["absent", "file"])
def test_dge_tables_that_is_no_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    place = tmp_path / "tables"
    if kind == "file":
        place.write_text("")
    monkeypatch.setenv("DGE_TABLES", str(place))
    with pytest.raises(
        DeclarationError,
        match=r"DGE_TABLES: .*tables is not a folder; name one that holds <table>/defs",
    ):
        declared_tables()


def test_two_tables_of_one_name_are_refused_with_both_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = write(tmp_path, "a"), write(tmp_path, "b")
    monkeypatch.setenv("DGE_TABLES", str(tmp_path))
    with pytest.raises(DeclarationError) as caught:
        declared_tables()
    assert str(caught.value) == f"{second}: table 'ours' is declared in {first} too; rename one"


def test_a_shipped_name_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, table="crash")
    monkeypatch.setenv("DGE_TABLES", str(tmp_path))
    monkeypatch.setenv("DGE_EXAMPLES", "1")
    with pytest.raises(
        DeclarationError, match=r"table 'crash' is declared in .*crash/defs.yaml too"
    ):
        declared_tables()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("type: [unclosed", "cannot be read as YAML"),
        ("a: b: c", "cannot be read as YAML"),
        ("\x00", "cannot be read as YAML"),
        ("", "needs `type: dge_assets.component.TableComponent` and `attributes:`"),
        ("- a\n- b", "needs `type: "),
        ("type: dge_assets.component.TableComponent", "needs `type: "),
        ("type: dge_assets.component.TableComponent\nattributes: 3", "needs `type: "),
        (
            "attributes: {table: x}",
            "type: found None; allowed: dge_assets.component.TableComponent",
        ),
        (
            "type: other.Component\nattributes: {}",
            "type: found 'other.Component'; allowed: dge_assets.component",
        ),
        (f"type: {COMPONENT}\nattributes: {{}}", "attributes.table: Field required"),
        (
            f"type: {COMPONENT}\nattributes: {{table: x, seeds: 0}}",
            "attributes.seeds: Input should be greater than",
        ),
        (
            f"type: {COMPONENT}\nattributes: {{tabel: x}}",
            "attributes.unknown field 'tabel'; did you mean 'table'?",
        ),
    ],
)
def test_a_broken_file_is_refused_with_its_path(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "defs.yaml"
    path.write_text(text)
    with pytest.raises(DeclarationError) as caught:
        read_declaration(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert told in str(caught.value)


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module `stranger_models` on the path, with an estimator in it; the file that it writes when
    it is imported.
    """
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "stranger_models.py").write_text(
        "from pathlib import Path\nfrom sklearn.naive_bayes import GaussianNB\n"
        "Path(__file__).with_name('imported').touch()\nclass Ours(GaussianNB): pass\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    yield folder / "imported"
    sys.modules.pop("stranger_models", None)


@pytest.mark.parametrize("field", ["models", "augmentation"])
def test_a_module_that_is_not_allowed_is_not_imported(
    stranger: Path, tmp_path: Path, field: str
) -> None:
    models = ["lr", "stranger_models:Ours"]
    path = write(tmp_path, **{field: models if field == "models" else {"models": models}})
    with pytest.raises(
        DeclarationError,
        match=r"models\.1: .*module 'stranger_models' may not be imported.*DGE_MODEL_MODU",
    ):
        read_declaration(path)
    component = TableDeclaration.model_validate({**ATTRIBUTES, "models": models})
    with pytest.raises(
        DeclarationError,
        match="may not be imported; allowed are sklearn, xgboost, imblearn, dge_assets",
    ):
        TableComponent.load(component, cast(Any, SimpleNamespace(path=path)))
    assert not stranger.exists()


@pytest.mark.parametrize(
    "setting", ["stranger_models", "my.own, stranger_models", "a:stranger_models"]
)
def test_a_module_that_the_setting_names_is_imported(
    stranger: Path, tmp_path: Path, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DGE_MODEL_MODULES", setting)
    path = write(tmp_path, models=["stranger_models:Ours"])
    assert read_declaration(path).models == ("stranger_models:Ours",)
    assert stranger.exists()


def test_a_name_that_only_starts_like_an_allowed_one_is_refused() -> None:
    for model in ("sklearnish:Class", "os:system", "sklearn_extra.cluster:KMedoids"):
        with pytest.raises(DeclarationError, match="may not be imported"):
            require_allowed_module(model, USUAL_MODULES)
    require_allowed_module("sklearn.tree:DecisionTreeClassifier(max_depth=3)", USUAL_MODULES)


def test_bytes_that_are_no_text_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "defs.yaml"
    with pytest.raises(DeclarationError, match=r"cannot be read as YAML: .*No such file"):
        read_declaration(path)
    path.write_bytes(b"type: \xff\xfe")
    with pytest.raises(DeclarationError, match=r"cannot be read as YAML: .*utf-8"):
        read_declaration(path)
