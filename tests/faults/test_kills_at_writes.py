"""Killed at every write, before and after it: readers see former or new things, and the next run
ends in the same bytes.

Short: the stores alone, at each of their writes. Long: the whole line as `make demo` starts it,
`DGE_WRITE_KILLS` times (50), each chain of kills at one write of every kind in a root of its own.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dge_resources.home import Store, project_root
from dge_resources.whole_files import clear_unfinished
from tests.integration.demo import start_demo, write_declaration
from tests.support.writes import KINDS, kind_of, places_written, tree, watching

KILLS = int(os.environ.get("DGE_WRITE_KILLS", "50"))
SEED = int(os.environ.get("DGE_FAULT_SEED", "0"))


def test_stores_killed_at_any_write_hold_former_or_new_things_and_end_in_the_same_bytes(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.support.killed_stores", tmp_path],
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = {kind_of(kill["place"]) for kill in found}
    assert kinds == set(KINDS), f"no write of {set(KINDS) - kinds}"
    assert [
        kill
        for kill in found
        if not kill["was_killed"] or kill["seen"] not in ("former", "new", "between")
    ] == []
    assert [kill for kill in found if not kill["ends_the_same"]] == []
    assert {kill["seen"] for kill in found} == {"former", "new", "between"}
    assert clear_unfinished(tmp_path, settled_seconds=0) == [], (
        "what the killed had left was cleared"
    )


def drawn_chains(places: list[str], kills: int, draw: random.Random) -> Iterator[list[str]]:
    """Chains of places in the order of the line, each with one of every kind, `kills` in all."""
    by_kind = {kind: [place for place in places if kind_of(place) == kind] for kind in KINDS}
    while kills > 0:
        kinds = draw.sample(list(by_kind), min(kills, len(by_kind)))
        yield sorted((draw.choice(by_kind[kind]) for kind in kinds), key=places.index)
        kills -= len(kinds)


@pytest.mark.long
def test_the_line_killed_at_any_write_ends_in_the_same_release(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    draw, tables = random.Random(SEED), write_declaration(tmp_path, epochs=2, seeds=2)
    whole, log, writes = tmp_path / "whole", tmp_path / "log.txt", tmp_path / "writes.txt"
    watched = watching(whole, DGE_WRITES_LOG=str(writes))
    assert start_demo(tables, whole, log, **watched).wait(timeout=900) == 0, log.read_text()
    places, release = places_written(writes), tree(whole / "releases")
    killed, late = 0, list[str]()
    for number, chain in enumerate(drawn_chains(places, KILLS, draw)):
        home = tmp_path / f"broken-{number}"
        for place in chain:
            at = watching(home, DGE_KILL_AT=place, DGE_KILL_WHEN=draw.choice(("before", "after")))
            ended = start_demo(tables, home, log, **at).wait(timeout=900)
            assert ended in (0, -signal.SIGKILL), (
                f"chain {number} at {place}: {log.read_text()[-2000:]}"
            )
            killed += ended != 0
            late += [place] if ended == 0 else []
        assert start_demo(tables, home, log).wait(timeout=900) == 0, log.read_text()[-2000:]
        assert tree(home / "releases") == release, f"chain {number}: {chain}"
        assert Store(str(home)).files("checkpoints") == []
        record_property("kills", killed)
    record_property("writes of the line", len(places))
    record_property("not written again", len(late))
    assert killed > 0
