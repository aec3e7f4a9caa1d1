"""Finding and loading declarations: the shipped tables, and the folder that `DGE_TABLES` adds.

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

SHIPPED = Path(__file__).parent / "tables"
FILE = "defs.yaml"
COMPONENT = "dge_assets.component.TableComponent"


def declaration_folders() -> list[Path]:
    """The shipped folder and the user's; DeclarationError when `DGE_TABLES` names no folder."""
    added = os.environ.get("DGE_TABLES", "")
    if not added:
        return [SHIPPED]
    folder = Path(added).expanduser().resolve()
    if not folder.is_dir():
        raise DeclarationError(f"DGE_TABLES: {folder} is not a folder; name one that holds <table>/defs.yaml")
    return [SHIPPED, folder]


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
