"""The README's code is run: its Python blocks on a finished line, its declaration on a table of
one's own.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dge_assets.declarations import read_declaration
from dge_resources.home import project_root
from tests.integration.conftest import Workshop

README = (project_root() / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_python_blocks_run(
    finished: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".dge").symlink_to(finished.home)
    monkeypatch.chdir(tmp_path)
    found = blocks("python")
    assert len(found) == 3
    space: dict[str, object] = {}
    for block in found:
        exec(compile(block.replace("crash", "visits"), "README.md", "exec"), space)
    origin = space["origin"].df()  # type: ignore[attr-defined]
    assert set(origin["asset"]) == {"encoder", "generator", "real_train", "source"}
    assert isinstance(space["estimate"], pd.Series)


def test_the_declaration_of_ones_own_table_makes_its_line(tmp_path: Path) -> None:
    (text,) = blocks("yaml")
    path = tmp_path / "customers" / "defs.yaml"
    path.parent.mkdir()
    path.write_text(text)
    rng = np.random.default_rng(0)
    spent = rng.gamma(2.0, 30.0, 60)
    frame = pd.DataFrame(
        {"spent": spent, "plan": rng.choice(["s", "m"], 60), "churned": spent < 40}
    )
    frame.to_csv(path.parent / "customers.csv", index=False)
    declaration = read_declaration(path)
    assert declaration.table == "customers"
    assert declaration.plan("default").seeds == 5
    assert declaration.plan("default").cuts == ()
    assert len(text.strip().splitlines()) <= 7


def test_the_figures_are_those_that_the_command_writes() -> None:
    """The part between the marks was written by `make figures`: it names the command and shows its
    picture.
    """
    part = README.split("<!-- figures: begin")[1].split("<!-- figures: end")[0]
    for approach in ("oracle", "naive_single", "naive_ensemble", "naive_concat", "dge_5"):
        assert approach in part
    assert "make figures" in part
    (picture,) = re.findall(r"!\[.*?\]\((.*?)\)", part)
    assert (project_root() / picture).read_bytes().startswith(b"\x89PNG")


def test_every_file_that_the_readme_names_is_there() -> None:
    for name in re.findall(r"\]\((?!http)([\w./-]+)\)", README):
        assert (project_root() / name).exists(), name
