"""Verdicts: kept by asset, check and member, the newest in place of the former."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from dge_assets.core.errors import StorageError
from dge_resources.home import Store
from dge_resources.verdicts import Verdict, Verdicts

ONE = Verdict(
    table="crash", asset="ctgan/synthetic", check="contract", member="ctgan/003", passed=False, severity="WARN",
    summary="3 % of 'größe' out of range", subjects=("a", "b"),
)  # fmt: skip


@pytest.fixture(params=["folder", "memory"])
def verdicts(request: pytest.FixtureRequest, tmp_path: Path) -> Verdicts:
    return Verdicts(Store(str(tmp_path) if request.param == "folder" else f"memory://{uuid.uuid4().hex}"))


def test_a_verdict_is_read_as_it_was_written_and_the_newest_counts(verdicts: Verdicts) -> None:
    assert verdicts.read("crash") == []
    assert verdicts.write(ONE) == ONE
    assert verdicts.read("crash") == [ONE]
    assert verdicts.read("moons") == []
    mended = replace(ONE, passed=True, subjects=("c",))
    verdicts.write(mended)
    assert verdicts.read("crash") == [mended]


def test_each_asset_check_and_member_has_a_verdict_of_its_own(verdicts: Verdicts) -> None:
    different = [
        ONE, replace(ONE, member="ctgan/004"), replace(ONE, member=""), replace(ONE, check="no_copies"),
        replace(ONE, asset="tvae/synthetic"), replace(ONE, asset="source", member=""),
    ]  # fmt: skip
    for verdict in different:
        verdicts.write(verdict)
    assert {(v.asset, v.check, v.member) for v in verdicts.read("crash")} == {
        (v.asset, v.check, v.member) for v in different
    }


def test_a_page_is_kept_beside_it_and_its_place_is_told(verdicts: Verdicts) -> None:
    kept = verdicts.write(ONE, page="<p>ü</p>")
    assert kept.page.endswith("reports/crash/quality/ctgan-synthetic--contract--ctgan-003.html")
    assert verdicts.store.read(verdicts.store.files("reports")[0]).decode() == "<p>ü</p>"
    assert verdicts.read("crash") == [kept]


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"{}", b'{"subjects": []}', b"\xff"])
def test_a_damaged_verdict_is_an_error_with_its_place(tmp_path: Path, text: bytes) -> None:
    verdicts = Verdicts(Store(str(tmp_path)))
    verdicts.write(ONE)
    path = next(tmp_path.rglob("*.json"))
    path.write_bytes(text)
    with pytest.raises(StorageError) as caught:
        verdicts.read("crash")
    assert str(path) in str(caught.value)
    assert "run the check again" in str(caught.value)
