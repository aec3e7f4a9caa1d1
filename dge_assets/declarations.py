"""Finding and loading declarations: the shipped examples, the folder that `DGE_TABLES` names, and
the profile asked for.

Every sub-folder with a `defs.yaml` is one table. Both folders are read here, since Dagster's own
loader finds only folders inside an importable package, and its errors do not say what is allowed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from pydantic import ValidationError

from dge_assets.core.contract.masking import found_words
from dge_assets.core.declaration.mistakes import error_lines
from dge_assets.core.declaration.model_names import (
    MODULES_SETTING,
    USUAL_MODULES,
    require_allowed_module,
)
from dge_assets.core.declaration.models import MODEL_CHECK
from dge_assets.core.declaration.profiles import Profile, read_profile
from dge_assets.core.declaration.schedule import CRON_CHECK
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.core.errors import DeclarationError

SHIPPED = Path(__file__).parent / "tables"
EXAMPLE = "crash"
"""The shipped table that the README shows."""
FILE = "defs.yaml"
REFERENCE = "every field, with an example: docs/declaration.md"
COMPONENT = "dge_assets.component.TableComponent"
_QUOTED_WORDS = re.compile(r"""'.{2,}'|".{2,}\"""", re.DOTALL)
"""More than one sign in quotes: names of anchors, tags and directives, as they stand in the file.
"""


def profile_in_use() -> Profile:
    """The profile that `DGE_PROFILE` names, `default` where it names none; DeclarationError for an
    unknown one.
    """
    return read_profile(os.environ.get("DGE_PROFILE") or "default")


def shows_examples() -> bool:
    """Whether the shipped example tables are declared: as `DGE_EXAMPLES` says (0 or 1), else where
    `DGE_TABLES` is unset.
    """
    said = os.environ.get("DGE_EXAMPLES", "")
    if said not in ("", "0", "1"):
        raise DeclarationError(
            f"DGE_EXAMPLES: found {said!r}; allowed: 0 (leave the shipped tables out), 1 (show them)"
        )
    return said == "1" or (not said and not os.environ.get("DGE_TABLES"))


def declaration_folders() -> list[Path]:
    """The shipped folder, where it is wanted, and the user's; DeclarationError when `DGE_TABLES`
    names no folder.
    """
    shipped, added = [SHIPPED] if shows_examples() else [], os.environ.get("DGE_TABLES", "")
    if not added:
        return shipped
    folder = Path(added).expanduser().resolve()
    if not folder.is_dir():
        raise DeclarationError(
            f"DGE_TABLES: {folder} is not a folder; name one that holds <table>/defs.yaml"
        )
    return [*shipped, folder]


def allowed_modules() -> tuple[str, ...]:
    """Where classes of downstream models may be imported from: the usual packages, and those of
    `DGE_MODEL_MODULES`.
    """
    return (*USUAL_MODULES, *re.findall(r"[\w.]+", os.environ.get(MODULES_SETTING, "")))


def require_usable_model(name: str) -> None:
    """DeclarationError when the model `name` cannot be made here, or would be imported from outside
    `allowed_modules`.

    Importing a module runs it, so nothing is imported before its name is found to be allowed. Only
    import paths cost the import of scikit-learn.
    """
    if ":" in name:
        require_allowed_module(name, allowed_modules())
        from dge_assets.core.downstream.models import model_card

        model_card(name)


def require_cron_line(cron: str) -> None:
    """DeclarationError when Dagster would run no schedule by `cron`."""
    try:
        dg.ScheduleDefinition(name="declared", job_name="declared", cron_schedule=cron)
    except dg.DagsterInvalidDefinitionError:
        pass  # its words quote the line, which may be a password in the wrong place
    else:
        return
    raise DeclarationError(
        f"{found_words(cron)} is not a cron line; five fields are needed (minute 0 to 59, hour 0 to 23, day 1 to 31, "
        f"month, weekday), such as '0 3 * * *' or '*/15 8-18 * * mon-fri'"
    )


CHECKS = {MODEL_CHECK: require_usable_model, CRON_CHECK: require_cron_line}
"""The context to validate a declaration with."""


def read_declaration(path: Path) -> TableDeclaration:
    """The declaration in one `defs.yaml`.

    Raises DeclarationError with the file and, for each mistake, the field, what was found and what
    is allowed.
    """
    document = _read_yaml(path)
    if not isinstance(document, dict) or not isinstance(document.get("attributes"), dict):
        raise DeclarationError(
            f"{path}: needs `type: {COMPONENT}` and `attributes:` with the declaration below it"
        )
    if document.get("type") != COMPONENT:
        raise DeclarationError(
            f"{path}: type: found {found_words(document.get('type'))}; allowed: {COMPONENT}"
        )
    try:
        return TableDeclaration.model_validate(document["attributes"], context=CHECKS)
    except ValidationError as error:
        lines = "\n".join(f"  attributes.{line}" for line in error_lines(error))
    # Outside the handler, so that no traceback shows pydantic's error, which quotes what stands in
    # the file.
    raise DeclarationError(f"{path}: the declaration has mistakes:\n{lines}\n{REFERENCE}")


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        reason = _yaml_reason(error)
    except (UnicodeDecodeError, OSError) as error:
        reason = str(error)
    except (
        ValueError,
        RecursionError,
    ) as error:  # an impossible date, for one; its message may quote the value
        reason = f"a value is not what it looks like ({type(error).__name__}); quote it"
    raise DeclarationError(f"{path}: cannot be read as YAML: {reason}")


def _yaml_reason(error: yaml.YAMLError) -> str:
    """Where the text stops being YAML and why, without the line and the words that PyYAML quotes
    from it.
    """
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
    why = str(getattr(error, "problem", None) or "a character that YAML does not allow")
    return place + _QUOTED_WORDS.sub("...", why)


def declared_table(name: str) -> tuple[TableDeclaration, Path]:
    """The table `name` with its folder; DeclarationError with those that there are."""
    tables = declared_tables()
    if name in tables:
        return tables[name]
    places = ", ".join(map(str, declaration_folders())) or "no folder"
    hidden = (
        "" if shows_examples() else "; the shipped examples are left out, DGE_EXAMPLES=1 shows them"
    )
    raise DeclarationError(
        f"no table {name!r} is declared; there are {sorted(tables)} in {places}; DGE_TABLES names a folder that holds "
        f"<table>/{FILE}{hidden}"
    )


def usual_table() -> str:
    """The table that is meant when none is named: the shipped one, or the only one where the
    examples are left out.
    """
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
                raise DeclarationError(
                    f"{path}: table {declaration.table!r} is declared in {first} too; rename one"
                )
            found[declaration.table] = (declaration, path.parent)
    return found
