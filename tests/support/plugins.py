"""Packages that add families: one installed as its author would, others written down as installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

CARD = """
from dge_assets.core.generators.card import Abilities, FamilyCard
from dge_assets.core.generators.effort import EffortUnit
from dge_assets.core.generators.parameters import FamilyParameters


class Trees(FamilyParameters):
    trees: int = 30


class Required(FamilyParameters):
    trees: int


class Taken(FamilyParameters):
    seeds: int = 3


class Unlimited(FamilyParameters):
    trees: str = "many"


class Half:
    def fit(self, training, progress): ...


GOOD = {
    "name": "forest", "parameters": FamilyParameters, "implementation": "dge_forest:HALF", "learns": "modelled",
    "licence": "MIT", "source": "Nobody (2026)",
}
HALF = Half()


def card(**changes):
    return FamilyCard(**{**GOOD, **changes})

"""
"""The start of a package's module: `card(**changes)` gives a good card."""
MARGINALS = Path(__file__).parents[1] / "plugins" / "dge_family_marginals"


def install(source: Path, folder: Path) -> Path:
    """Build and install a package into a folder of its own, without a network."""
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    copied = folder / "source"
    shutil.copytree(source, copied)  # building leaves its traces beside the source
    target = folder / "installed"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", *offline, "--target", target, copied],
        check=True,
    )
    return target


def write_installed(folder: Path, package: str, point: str, code: str) -> None:
    """What an installation of `package` leaves: its module, and an entry point of families.

    point: `name = module:NAME`.
    """
    folder.mkdir(exist_ok=True)
    module = package.replace("-", "_")
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    information = folder / f"{module}-0.3.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.3\n")
    (information / "entry_points.txt").write_text(f"[dge.families]\n{point}\n")
