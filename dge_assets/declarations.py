"""Finding and loading declarations: the shipped examples, the folder that `DGE_TABLES` names, and the profile asked for.

Every sub-folder with a `defs.yaml` is one table. Both folders are read here, since Dagster's own loader finds only
folders inside an importable package, and its errors do not say what is allowed.
"""

from __future__ import annotations

import os
from pathlib import Path

import yaml
from pydantic import ValidationError

from dge_assets.core.declaration import TableDeclaration, error_lines
from dge_assets.core.errors import DeclarationError
from dge_assets.core.profiles import Profile, read_profile

SHIPPED = Path(__file__).parent / "tables"
EXAMPLE = "crash"
"""The shipped table that the README shows."""
FILE = "defs.yaml"
COMPONENT = "dge_assets.component.TableComponent"


def profile_in_use() -> Profile:
    """The profile that `DGE_PROFILE` names, `default` where it names none; DeclarationError for an unknown one."""
    return read_profile(os.environ.get("DGE_PROFILE") or "default")


def shows_examples() -> bool:
    """Whether the shipped example tables are declared: as `DGE_EXAMPLES` says (0 or 1), else where `DGE_TABLES` is unset."""
    said = os.environ.get("DGE_EXAMPLES", "")
    if said not in ("", "0", "1"):
        raise DeclarationError(
            f"DGE_EXAMPLES: found {said!r}; allowed: 0 (leave the shipped tables out), 1 (show them)"
        )
    return said == "1" or (not said and not os.environ.get("DGE_TABLES"))


def declaration_folders() -> list[Path]:
    """The shipped folder, where it is wanted, and the user's; DeclarationError when `DGE_TABLES` names no folder."""
    shipped, added = [SHIPPED] if shows_examples() else [], os.environ.get("DGE_TABLES", "")
    if not added:
        return shipped
    folder = Path(added).expanduser().resolve()
    if not folder.is_dir():
        raise DeclarationError(f"DGE_TABLES: {folder} is not a folder; name one that holds <table>/defs.yaml")
    return [*shipped, folder]


def read_declaration(path: Path) -> TableDeclaration:
    """The declaration in one `defs.yaml`.

    Raises DeclarationError with the file and, for each mistake, the field, what was found and what is allowed.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise DeclarationError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("attributes"), dict):
        raise DeclarationError(f"{path}: needs `type: {COMPONENT}` and `attributes:` with the declaration below it")
    if document.get("type") != COMPONENT:
        raise DeclarationError(f"{path}: type: found {document.get('type')!r}; allowed: {COMPONENT}")
    try:
        return TableDeclaration.model_validate(document["attributes"])
    except ValidationError as error:
        lines = "\n".join(f"  attributes.{line}" for line in error_lines(error))
        raise DeclarationError(f"{path}: the declaration has mistakes:\n{lines}") from error


def declared_table(name: str) -> tuple[TableDeclaration, Path]:
    """The table `name` with its folder; DeclarationError with those that there are."""
    tables = declared_tables()
    if name in tables:
        return tables[name]
    places = ", ".join(map(str, declaration_folders())) or "no folder"
    hidden = "" if shows_examples() else "; the shipped examples are left out, DGE_EXAMPLES=1 shows them"
    raise DeclarationError(
        f"no table {name!r} is declared; there are {sorted(tables)} in {places}; DGE_TABLES names a folder that holds "
        f"<table>/{FILE}{hidden}"
    )


def usual_table() -> str:
    """The table that is meant when none is named: the shipped one, or the only one where the examples are left out."""
    tables = sorted(declared_tables())
    if EXAMPLE in tables or not tables:
        return EXAMPLE
    if len(tables) > 1:
        raise DeclarationError(f"name one of the declared tables: {', '.join(tables)}")
    return tables[0]


def declared_tables() -> dict[str, tuple[TableDeclaration, Path]]:
    """All tables by name, each with its folder; DeclarationError for a name that is declared twice."""
    found: dict[str, tuple[TableDeclaration, Path]] = {}
    for folder in declaration_folders():
        for path in sorted(folder.glob(f"*/{FILE}")):
            declaration = read_declaration(path)
            if declaration.table in found:
                first = found[declaration.table][1] / FILE
                raise DeclarationError(f"{path}: table {declaration.table!r} is declared in {first} too; rename one")
            found[declaration.table] = (declaration, path.parent)
    return found
