"""Files cut off, with a flipped bit, a lost page or something else in their place: refused by the
reader, or harmless.

Short: one of everything, made by hand. Long: the root of a line that ran, `DGE_DAMAGES` times
(300), and the line run again over `DGE_DAMAGED_LINES` damaged roots (4).
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dge_resources.home import Store
from dge_resources.warehouse import FILE, Warehouse
from tests.integration.demo import start_demo, write_declaration
from tests.support.readings import DAMAGES, REFUSED, Reader, read_all, readers
from tests.support.stores import FORMER, TABLE, states, write_all
from tests.support.writes import tree

MANY = int(os.environ.get("DGE_DAMAGES", "300"))
LINES = int(os.environ.get("DGE_DAMAGED_LINES", "4"))
SEED = int(os.environ.get("DGE_FAULT_SEED", "0"))
FOR_EYES = (".html", ".md")
"""What people look at and nothing reads: no reader can find it damaged."""


def damaged_files(root: Path) -> list[Path]:
    """What is damaged: all that a reader reads."""
    found = [path for path in sorted(root.rglob("*")) if path.is_file()]
    places = ("lake", "artifacts", "reports", "releases", FILE)
    return [path for path in found if part_of(path, root) in places and path.suffix not in FOR_EYES]


def part_of(path: Path, root: Path) -> str:
    """The folder or file directly below the root."""
    return path.relative_to(root).parts[0]


class Damaged:
    """A root whose files are damaged one at a time, and what its readers gave before."""

    def __init__(self, root: Path, table: str, draw: random.Random) -> None:
        self.root, self.draw = root, draw
        self.readers: dict[str, Reader] = readers(root, table)
        self.whole = read_all(self.readers)
        assert [name for name, found in self.whole.items() if found.startswith(REFUSED)] == []
        self.refused = self.harmless = 0

    def damage(self, path: Path) -> None:
        """Damage one file and read what is kept in its part of the root; then put it back."""
        data, kind = path.read_bytes(), self.draw.choice(DAMAGES)
        place = path.relative_to(self.root)
        path.chmod(0o644)
        path.write_bytes(kind(data, self.draw))
        try:
            found = read_all(
                {name: read for name, read in self.readers.items() if _is_part(name, place)}
            )
        finally:
            path.write_bytes(data)
        refused = {name for name, given in found.items() if given.startswith(REFUSED)}
        wrong = {name for name, given in found.items() if given != self.whole[name]} - refused
        assert wrong == set(), (
            f"{place}, {kind.__name__}: another thing was read, and no error raised"
        )
        self.refused += bool(refused)
        self.harmless += not refused


def _is_part(reader: str, place: Path) -> bool:
    return reader.startswith(place.parts[0])


def test_one_of_everything_damaged_is_refused_or_harmless(tmp_path: Path) -> None:
    write_all(tmp_path, FORMER)
    damaged = Damaged(tmp_path, TABLE, random.Random(SEED))
    files = damaged_files(tmp_path)
    assert {part_of(path, tmp_path) for path in files} == {
        "lake",
        "artifacts",
        "reports",
        "releases",
        FILE,
    }
    for path in files * 4:
        damaged.damage(path)
    assert damaged.refused > damaged.harmless


def test_what_was_damaged_is_mended_by_making_it_again(tmp_path: Path) -> None:
    write_all(tmp_path, FORMER)
    release, draw = tree(tmp_path / "releases"), random.Random(SEED)
    for path in damaged_files(tmp_path):
        data = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(draw.choice(DAMAGES)(data, draw))
    write_all(tmp_path, FORMER)
    assert set(states(tmp_path)) == {FORMER}
    assert tree(tmp_path / "releases") == release


@pytest.mark.long
def test_a_lines_root_damaged_anywhere_is_refused_or_harmless(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    draw, tables, log = (
        random.Random(SEED),
        write_declaration(tmp_path, epochs=2, seeds=2),
        tmp_path / "log.txt",
    )
    home = tmp_path / "home"
    assert start_demo(tables, home, log).wait(timeout=900) == 0, log.read_text()
    damaged, files = Damaged(home, "visits", draw), damaged_files(home)
    parts = sorted({part_of(path, home) for path in files})
    for number in range(MANY):
        damaged.damage(
            draw.choice(
                [path for path in files if part_of(path, home) == parts[number % len(parts)]]
            )
        )
    record_property("damages", MANY)
    record_property("refused", damaged.refused)
    record_property("harmless", damaged.harmless)
    assert damaged.refused > damaged.harmless


@pytest.mark.long
def test_a_line_over_damaged_files_ends_in_the_same_release_or_says_what_is_damaged(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    draw, tables, log = (
        random.Random(SEED),
        write_declaration(tmp_path, epochs=2, seeds=2),
        tmp_path / "log.txt",
    )
    whole = tmp_path / "whole"
    assert start_demo(tables, whole, log).wait(timeout=900) == 0, log.read_text()
    release, mended, refused = tree(whole / "releases"), 0, 0
    for number in range(LINES):
        home = tmp_path / f"home-{number}"
        shutil.copytree(whole, home)
        hit = draw.sample(damaged_files(home), 3)
        for path in hit:
            path.chmod(0o644)
            path.write_bytes(draw.choice(DAMAGES)(path.read_bytes(), draw))
        log = tmp_path / f"log-{number}.txt"
        ended = start_demo(tables, home, log).wait(timeout=900)
        told = f"{[str(path.relative_to(home)) for path in hit]}: {log.read_text()[-2000:]}"
        assert "Traceback" not in log.read_text(), told
        mended += ended == 0
        refused += ended != 0
        if ended == 0:
            assert tree(home / "releases") == release, told
        else:
            assert any(str(path.relative_to(home)) in log.read_text() for path in hit), told
        shutil.rmtree(home)
    for name, count in (
        ("damaged roots", LINES),
        ("made again", mended),
        ("refused by name", refused),
    ):
        record_property(name, count)


def test_a_foreign_file_takes_nothing_away_and_is_told(tmp_path: Path) -> None:
    write_all(tmp_path, FORMER)
    before = read_all(readers(tmp_path, TABLE))
    foreign = [
        f"lake/{TABLE}/notes.txt",
        f"lake/{TABLE}/copy/data.parquet",
        "artifacts/a.json",
        "releases/notes.txt",
    ]
    for name in foreign:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"PAR1 somebody's own PAR1")
    built = Warehouse(Store(str(tmp_path))).build()
    assert [problem.place for problem in built.problems] == [
        str(tmp_path / f"lake/{TABLE}/copy/data.parquet")
    ]
    assert read_all(readers(tmp_path, TABLE)) == before
