"""Records of things made now: identity from frame and recipe, circumstances beside it."""

from __future__ import annotations

from datetime import UTC, datetime

from dge_assets.core.lineage.fingerprint import frame_sha256
from dge_assets.core.lineage.provenance import Provenance
from dge_resources.records import LIBRARIES, library_versions, record_of, recorded
from tests.support.tables import recipe, tiny


def test_a_recorded_frame_knows_its_content_run_time_and_libraries() -> None:
    frame = tiny(20)
    item = recorded(frame, recipe("synthetic", "ctgan", 3), run_id="run-1", seconds=2.5)
    assert item.frame is frame
    assert item.record.content_sha256 == frame_sha256(frame)
    assert (item.record.run_id, item.record.seconds, item.record.place) == (
        "run-1",
        2.5,
        "crash/ctgan/synthetic[003]",
    )
    age = datetime.now(UTC) - datetime.fromisoformat(item.record.created_at)
    assert 0 <= age.total_seconds() < 60
    assert set(item.record.library_versions) == set(LIBRARIES)
    assert all(item.record.library_versions.values())
    assert Provenance.from_document(item.record.to_document()) == item.record


def test_the_same_work_in_another_run_has_the_same_id() -> None:
    wanted = recipe("generator", "ctgan", 0)
    first = record_of(wanted, content_sha256="a" * 64, run_id="1", device="cpu")
    second = record_of(wanted, content_sha256="a" * 64, run_id="2", device="cuda", seconds=1.0)
    assert first.record_id == second.record_id
    assert first != second
    assert library_versions() is library_versions(), "looked up once per process"
