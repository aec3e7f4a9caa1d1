"""The UI as a person meets it: the webserver on the shipped workspace, in headless Chromium.

Screenshots are kept in `.screenshots/`, which git ignores. Skipped, and said so, where Debian's
chromium is missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from dge_resources.home import project_root
from tests.support.ports import free_port

CHROMIUM = shutil.which("chromium")
PICTURES = project_root() / ".screenshots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed"),
]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A root in which the demo ran for the moons table."""
    home = tmp_path_factory.mktemp("home")
    found = {
        **os.environ,
        "DGE_HOME": str(home),
        "DGE_PROFILE": "smoke",
        "DAGSTER_HOME": str(home / "dagster"),
    }
    demo = subprocess.run(
        [sys.executable, "-m", "dge_assets.demo", "moons"],
        env=found,
        capture_output=True,
        text=True,
        check=False,
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    for said in (
        "auc",
        "brier",
        "oracle",
        "naive_single",
        "dge_2",
        "report",
        "warehouse",
        "release",
    ):
        assert said in demo.stdout
    assert "members done" in demo.stdout
    return found


@pytest.fixture(scope="module")
def address(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The webserver's address, once it answers."""
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("dagster-webserver")),
        "-w",
        "workspace.yaml",
        "-p",
        str(port),
    ]
    log = tmp_path_factory.mktemp("log") / "webserver.txt"
    with log.open("w") as output:
        server = subprocess.Popen(
            command, env=environment, cwd=project_root(), stdout=output, stderr=output
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/server_info", server, log)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"the webserver did not answer: {log.read_text()}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page whose last state is kept as a picture."""
    opened = browser.new_page(viewport={"width": 1600, "height": 1000})
    opened.set_default_timeout(60_000)
    yield opened
    PICTURES.mkdir(exist_ok=True)
    opened.screenshot(path=PICTURES / f"{request.node.name}.png")
    opened.close()


def test_the_asset_graph_shows_the_line(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 3400, "height": 4200})  # the graph draws only what is in sight
    page.goto(f"{address}/locations/dge_assets/asset-groups/moons/lineage")
    for name in ("origin", "source", "real_train", "real_test"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible(timeout=60_000)
    for stage in ("generator", "synthetic", "downstream"):
        expect(page.get_by_text(stage, exact=True)).to_have_count(3)
    expect(page.get_by_text("100% filled").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("3 / 3 Passed").first).to_be_visible()
    expect(page.get_by_text("Materialize all").first).to_be_visible()
    assert page.get_by_text("Join the Dagster community").count() == 0, "no sign-up dialog"


def test_the_groups_list_names_every_asset_of_the_line(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1600, "height": 3200})  # the list has only what is in sight
    page.goto(f"{address}/locations/dge_assets/asset-groups/moons/list")
    for name in ("source", "training_scores", "evaluation_scores", "report", "release"):
        expect(page.get_by_text(name).first).to_be_visible(timeout=60_000)


def test_an_assets_page_tells_what_it_is_and_shows_its_table(page: Page, address: str) -> None:
    page.goto(f"{address}/assets/moons/training_scores")
    expect(
        page.get_by_text("does a model trained on synthetic data do well on real_test?")
    ).to_be_visible(timeout=60_000)
    for name in ("Row count", "data-custodians", "dge/record_id", "moons_evaluate"):
        expect(page.get_by_text(name).first).to_be_visible()
    expect(page.get_by_role("cell", name="naive_single").first).to_be_visible()


def test_a_members_page_shows_its_loss_curves(page: Page, address: str) -> None:
    page.goto(f"{address}/assets/moons/ctgan/generator")
    expect(page.get_by_text("loss_curves")).to_be_visible(timeout=60_000)
    page.get_by_role("row", name="loss_curves").get_by_text("Show Markdown").click()
    picture = page.get_by_alt_text("losses by epoch")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 200


def test_a_checks_page_shows_the_contract_passed(page: Page, address: str) -> None:
    page.goto(f"{address}/assets/moons/source?view=checks")
    expect(page.get_by_text("expectations hold on").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Passed").first).to_be_visible()
    expect(page.get_by_text("data_docs").first).to_be_visible()


def test_the_team_downstream_hangs_on_the_release_of_the_other_location(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/locations/downstream_team/asset-groups/downstream_team/lineage")
    expect(page.get_by_text("seatbelt_effect", exact=True).first).to_be_visible(timeout=60_000)
