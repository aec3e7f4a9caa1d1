"""Write docs/licences.md: the licence of each direct dependency, as its installed package states
it.

    .venv/bin/python docs/make_licences.py

A dependency that is not installed here keeps the line that the page has. A licence that is not on
the list below stops the command: somebody has to read it first.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/licences.md"

PERMISSIVE = "keep its notice"
ACCEPTED = {
    **dict.fromkeys(
        ("0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0"),
        PERMISSIVE,
    ),
    **dict.fromkeys(
        ("MIT", "MIT-CMU", "PSF-2.0", "Zlib", "Apache-2.0 WITH LLVM-exception"), PERMISSIVE
    ),
    "LGPL-3.0-only": "used unchanged, as a library that can be replaced",
    "MPL-2.0": "used unchanged",
    "GPL-3.0": "**copyleft**: an optional source of example tables; the product runs without it",
    "BUSL-1.1": "**not open source**: reads members back and is compared with; nothing of it makes a dataset",
}
"""Licences that a dependency may have, and what they ask of who uses this product."""
CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0",
    "MIT License": "MIT",
    "Python Software Foundation License": "PSF-2.0",
}
STATED_IN_A_FILE_ONLY = {"skops": "MIT"}
HEAD = """# Licences of direct dependencies

Written by `python docs/make_licences.py` from what the installed packages state; a test holds it to `pyproject.toml`. The
product itself is Apache-2.0. What these packages need in turn is not listed; `make audit` looks at all of them for known
weaknesses.

| package | needed for | licence | what it asks |
| --- | --- | --- | --- |
"""


def main() -> None:
    """Write the page; exit status 1 with the packages whose licences nobody has accepted yet."""
    lines = page_lines(PAGE.read_text(encoding="utf-8") if PAGE.exists() else "")
    PAGE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}: {len(lines)} packages")


def page_lines(former: str) -> list[str]:
    """One line of the table per direct dependency; lines of the `former` page for packages that are
    not installed.
    """
    kept = {
        line.split(" | ")[0].removeprefix("| "): line
        for line in former.splitlines()
        if line.startswith("| ")
    }
    lines, unknown = [], []
    for name, use in dependencies().items():
        licence = stated_licence(name)
        if licence is None and name in kept:
            lines.append(kept[name])
        elif asks := asked(licence):
            lines.append(f"| {name} | {use} | {licence} | {asks} |")
        else:
            unknown.append(f"{name}: {licence or 'not installed, and not on the page'}")
    if unknown:
        sys.exit(
            "licences that are not in ACCEPTED of docs/make_licences.py:\n" + "\n".join(unknown)
        )
    return lines


def dependencies() -> dict[str, str]:
    """Each direct dependency with what needs it: the product, or the names of extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"the product": project["dependencies"], **project["optional-dependencies"]}
    uses: dict[str, list[str]] = {}
    for group, requirements in groups.items():
        for requirement in requirements:
            name = re.match(r"[\w.-]+", requirement)
            if name is not None and name[0] != project["name"]:
                uses.setdefault(name[0].lower(), []).append(
                    group if group == "the product" else f"`{group}`"
                )
    return {name: ", ".join(groups_of) for name, groups_of in uses.items()}


def stated_licence(name: str) -> str | None:
    """The licence as an SPDX expression where the package states one, else by its classifiers; None
    if not installed.
    """
    try:
        stated = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    classified = [
        line.split(" :: ")[-1]
        for line in stated.get_all("Classifier") or []
        if line.startswith("License ::")
    ]
    known = [CLASSIFIERS[word] for word in classified if word in CLASSIFIERS]
    short = (stated.get("License") or "").strip()
    return (
        stated.get("License-Expression")
        or STATED_IN_A_FILE_ONLY.get(name)
        or " AND ".join(known)
        or short
        or "none stated"
    )


def asked(licence: str | None) -> str:
    """What a licence asks, the most demanding part of it first; empty where a part is not accepted."""
    parts = re.split(r" AND ", licence or "")
    if not all(part in ACCEPTED for part in parts):
        return ""
    return next((ACCEPTED[part] for part in parts if ACCEPTED[part] != PERMISSIVE), PERMISSIVE)


if __name__ == "__main__":
    main()
