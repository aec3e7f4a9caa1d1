"""The writes of a line by their places, and settings under which a process dies at one of them."""

from __future__ import annotations

import os
import re
from pathlib import Path

HOOK = Path(__file__).parent / "at_writes"
KINDS = {
    "encoder": r"artifacts/[^/]+/encoder.*",
    "generator": r"artifacts/[^/]+/[^/]+/\d+/generator.*",
    "dataset": r"lake/[^/]+/synthetic/.*",
    "models": r"artifacts/[^/]+/[^/]+/\d+/downstream.*",
    "table": r"lake/[^/]+/(?!synthetic/).*",
    "verdict": r"reports/[^/]+/quality/.*",
    "report": r"reports/[^/]+/[^/]+",
    "warehouse": r"warehouse\.duckdb",
    "release": r"releases/[^/]+/[^/]+/.+",
    "latest": r"releases/[^/]+/latest\.json",
}
"""Everything that a line writes, by what it is."""


def watching(home: Path, **settings: str) -> dict[str, str]:
    """Environment of a process whose writes below `home` are watched; see
    `at_writes/sitecustomize.py` for settings.
    """
    path = os.pathsep.join(filter(None, [str(HOOK), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path, "DGE_WATCHED_HOME": str(home), **settings}


def places_written(log: Path) -> list[str]:
    """Patterns of the places in the order of their first write; what names a content is `*`, as it
    may differ.
    """
    lines = log.read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(re.sub(r"(?<=-)[0-9a-f]{12,}", "*", line) for line in lines))


def kind_of(place: str) -> str:
    """What is written at a place."""
    return next(kind for kind, pattern in KINDS.items() if re.fullmatch(pattern, place))


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its relative path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
