"""Nothing of the `ctgan` package or of rdt runs from a real table to a synthetic one: they are under
a licence that is no open-source licence.
"""

from __future__ import annotations

import subprocess
import sys

WAY_OF_A_MEMBER = """
import sys

class Barred:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("ctgan", "rdt"):
            raise ImportError(f"{name} is imported on the way of a member")

sys.meta_path.insert(0, Barred())

from dge_assets.core.generators.members import SamplingRequest, sample_chunks, train_members
from dge_assets.core.generators.state_files import (
    encoder_files, encoder_from_files, from_files, to_files
)
from tests.support.tables import every_kind, every_kind_contract, with_ranges
from tests.unit.conftest import encoded_of, silent, training_task

table = every_kind()
encoder, encoded = encoded_of(table, with_ranges(every_kind_contract(), table))
stored = encoder_from_files(encoder_files(encoder, encoded), place="kinds/encoder")
for family in ("ctgan", "tvae"):
    (member,) = train_members(training_task(family, 0, table=stored), silent).values()
    member = from_files(to_files(member), place="kinds/generator")
    task = SamplingRequest(
        table="kinds", family=family, seed=0, state=member.state, codec=member.codec, rows=50
    )
    (frame,) = sample_chunks(task)
    assert len(frame) == 50
print("all the way")
"""


def test_a_member_is_trained_and_sampled_where_the_package_cannot_be_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WAY_OF_A_MEMBER], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "all the way", done.stderr[-2000:]


def test_the_bar_holds() -> None:
    barred = WAY_OF_A_MEMBER.partition("from dge_assets")[0] + "import ctgan"
    done = subprocess.run(
        [sys.executable, "-c", barred], capture_output=True, text=True, check=False
    )
    assert "ctgan is imported on the way of a member" in done.stderr
