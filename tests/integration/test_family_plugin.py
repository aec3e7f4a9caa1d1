"""A family that another package adds: built, installed and released from a `defs.yaml`, in processes
that know of it by its entry point alone.
"""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from dge_resources.home import Store
from dge_resources.plans import Plans
from dge_resources.releases import Releases
from tests.integration.conftest import visits_attributes, visits_frame
from tests.integration.demo import start_demo
from tests.support.plugins import MARGINALS, install


def test_a_package_adds_a_family_that_is_trained_and_released(tmp_path: Path) -> None:
    installed, table = install(MARGINALS, tmp_path), tmp_path / "tables" / "visits"
    table.mkdir(parents=True)
    visits_frame().to_csv(table / "visits.csv", index=False)
    attributes = visits_attributes(families={"marginals": {"share": 0.9}}, seeds=2)
    document = {"type": "dge_assets.component.TableComponent", "attributes": attributes}
    (table / "defs.yaml").write_text(yaml.safe_dump(document, allow_unicode=True))
    home, log = tmp_path / "home", tmp_path / "log.txt"
    found = os.pathsep.join(filter(None, [str(installed), os.environ.get("PYTHONPATH")]))
    demo = start_demo(table.parent, home, log, PYTHONPATH=found)
    assert demo.wait(timeout=400) == 0, log.read_text()
    assert "K = 2 members of each of marginals\n" in log.read_text()

    releases = Releases(Store(str(home / "releases")))
    release = releases.open("visits")
    assert [len(frame) for frame in releases.datasets(release).values()] == [192, 192]
    card = (home / "releases" / "visits" / release.version / "README.md").read_text()
    assert "`marginals`: 2 datasets, generators fitted once each" in card
    plan = Plans(Store(str(home))).read("visits")
    assert plan is not None
    assert plan.efforts == {"marginals": None}
    report = (home / "reports" / "visits" / "report.html").read_text()
    assert "Losses, marginals" not in report
