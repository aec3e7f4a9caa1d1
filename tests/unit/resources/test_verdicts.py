"""Verdicts: kept by asset, check and member, the newest in place of the former."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from dge_resources.home import Store
from dge_resources.verdicts import Verdict, Verdicts

ONE = Verdict(
    table="crash", asset="ctgan/synthetic", check="contract", member="ctgan/003", passed=False, severity="WARN",
    summary="3 % of 'größe' out of range", subjects=("a", "b"),
)  # fmt: skip

WHOLE = json.dumps(asdict(ONE)).encode()


@pytest.fixture(params=["folder", "memory"])
def verdicts(request: pytest.FixtureRequest, tmp_path: Path) -> Verdicts:
    return Verdicts(
        Store(str(tmp_path) if request.param == "folder" else f"memory://{uuid.uuid4().hex}")
    )


def test_a_verdict_is_read_as_it_was_written_and_the_newest_counts(verdicts: Verdicts) -> None:
    assert verdicts.survey("crash").verdicts == []
    assert verdicts.write(ONE) == ONE
    assert verdicts.survey("crash").verdicts == [ONE]
    assert verdicts.survey("moons").verdicts == []
    mended = replace(ONE, passed=True, subjects=("c",))
    verdicts.write(mended)
    assert verdicts.survey("crash").verdicts == [mended]


def test_each_asset_check_and_member_has_a_verdict_of_its_own(verdicts: Verdicts) -> None:
    different = [
        ONE, replace(ONE, member="ctgan/004"), replace(ONE, member=""), replace(ONE, check="no_copies"),
        replace(ONE, asset="tvae/synthetic"), replace(ONE, asset="source", member=""),
    ]  # fmt: skip
    for verdict in different:
        verdicts.write(verdict)
    assert {(v.asset, v.check, v.member) for v in verdicts.survey("crash").verdicts} == {
        (v.asset, v.check, v.member) for v in different
    }


def test_a_page_is_kept_beside_it_and_its_place_is_told(verdicts: Verdicts) -> None:
    kept = verdicts.write(ONE, page="<p>ü</p>")
    assert kept.page.endswith("reports/crash/quality/ctgan-synthetic--contract--ctgan-003.html")
    assert verdicts.store.read(verdicts.store.files("reports")[0]).decode() == "<p>ü</p>"
    assert verdicts.survey("crash").verdicts == [kept]


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"null", b"{}", b'{"subjects": []}', b"\xff", WHOLE.replace(b"false", b'"false"'),
             WHOLE.replace(b"contract", b"overlap"), WHOLE.replace(b'"ctgan/003"', b"3")]
)  # fmt: skip
def test_a_damaged_verdict_counts_as_not_given_is_told_with_its_place_and_stops_no_other(
    tmp_path: Path, text: bytes
) -> None:
    verdicts = Verdicts(Store(str(tmp_path)))
    verdicts.write(ONE)
    (path,) = tmp_path.rglob("*.json")
    other = verdicts.write(replace(ONE, member="ctgan/004"))
    assert text != WHOLE
    path.write_bytes(text)
    found, (problem,) = verdicts.survey("crash")
    assert found == [other]
    assert problem.place == str(path)
    for part in (str(path), "counts as not given", "run the check again: crash_train"):
        assert part in problem.message
    verdicts.write(ONE)
    assert verdicts.survey("crash") == ([ONE, other], [])
