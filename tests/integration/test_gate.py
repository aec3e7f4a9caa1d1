"""What may become a release: trials are marked and never the latest, families that fail are kept
back or keep all back.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

from dge_assets.assets.present import other_profile, present_records
from dge_assets.core.errors import DgeError
from dge_assets.demo import conclude, opening, reason_of
from dge_resources.verdicts import Verdict
from tests.integration.conftest import Workshop


def fail(shop: Workshop, check: str, *members: str) -> None:
    """Let the kept verdicts of `check` on `members` be bad ones."""
    for verdict in shop.storage.verdicts.survey("visits").verdicts:
        if verdict.check == check and verdict.member in members:
            bad = {**vars(verdict), "passed": False, "summary": "12 of 192 rows are out of range"}
            shop.storage.verdicts.write(Verdict(**bad))


def test_a_trial_is_marked_in_name_manifest_and_card_and_the_latest_stays(copied: Workshop) -> None:
    former = copied.storage.releases.open("visits")
    trial = replace(copied, profile="smoke").declare(
        profiles={"smoke": {"seeds": 2, "epochs": 3}},
        licence="CC-BY-4.0",
        contact="ann@example.org",
        data_date=2024,
    )
    assert (
        opening(trial.line.plan)
        .splitlines()[1]
        .startswith("This is a trial, less than what is declared: seeds 3 ->")
    )
    assert trial.run("evaluate").success
    result = trial.run("release")
    assert result.success, reason_of(result)
    assert trial.storage.releases.open("visits") == former, "the latest stays"
    (version,) = set(trial.storage.releases.versions("visits")) - {former.version}
    assert version.startswith("trial-")
    made = trial.storage.releases.open("visits", version)
    wanted = {
        "trial": True,
        "profile": "smoke",
        "cuts": ["seeds 3 -> 2"],
        "format_version": 2,
        "kept_back": {},
    }
    declared = {"licence": "CC-BY-4.0", "contact": "ann@example.org", "data_date": "2024"}
    assert made.manifest.items() >= {**wanted, **declared}.items()
    card = trial.storage.releases.read_file(made, "README.md").decode()
    shown = html.unescape(card).replace("\\", "")  # as Markdown shows it
    for part in (
        "# visits: a trial of",
        "seeds 3 -> 2 by profile smoke",
        "CC-BY-4.0",
        "ann@example.org",
        "| 2024 |",
    ):
        assert part in shown, part
    report = (Path(trial.home) / "reports" / "visits" / "report.html").read_text()
    assert (
        "This is a trial, less than what is declared: seeds 3 -&gt; 2 by profile smoke." in report
    )


def test_a_refusal_names_seeds_and_what_to_try_and_passing_families_go_alone_where_declared(
    copied: Workshop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DGE_HOME", copied.home)
    fail(copied, "contract", "ctgan/000", "ctgan/002")
    result = copied.materialize("report", "release")
    with pytest.raises(DgeError) as caught:
        conclude(copied.line, result, 1.0)
    refused, said = str(caught.value), capsys.readouterr().out
    assert "dge_3" in said, "the headline is told all the same"
    assert "report     " in said
    report = (Path(copied.home) / "reports" / "visits" / "report.html").read_text()
    assert re.search(r"2 of \d+ checks did not pass", report)
    for part in (
        "check contract on ctgan/000 failed: 12 of 192 rows are out of range",
        "ctgan seeds 000, 002 of 3, contract: more epochs (now 1), another family, or more let pass under `thresholds`",
        "tvae passed: `release: {families: passing}` releases without the others",
    ):
        assert part in refused, refused
    before = copied.storage.releases.open("visits")
    alone = copied.declare(release={"families": "passing"})
    result = alone.run("release")
    assert result.success, reason_of(result)
    reader = alone.storage.releases
    made = reader.open("visits")
    assert made.version != before.version
    assert sorted(reader.datasets(made)) == [("tvae", seed) for seed in range(3)]
    assert made.manifest["kept_back"] == {
        "ctgan": ["contract ctgan/000: failed", "contract ctgan/002: failed"]
    }
    assert "ctgan" not in str(made.manifest["files"])
    card = reader.read_file(made, "README.md").decode()
    assert "| kept back by checks | ctgan |" in card
    assert "| ctgan |" not in card.split("What the custodian measured")[1]
    fail(alone, "contract", "")
    assert "visits's real rows, contract: mend the rows" in reason_of(alone.run("release"))


def test_a_trial_does_not_take_the_place_of_members_that_were_trained_for_longer(
    copied: Workshop,
) -> None:
    trial = replace(copied, profile="smoke")
    refused = reason_of(trial.run("train"))
    assert (
        "visits/tvae/generator[000] is stored and was trained for 3 epochs; a trial (tvae epochs 3 -> 2"
        in refused
    )
    assert "DGE_HOME=/tmp/try" in refused
    assert present_records(copied.line, copied.storage).datasets.keys() == {
        (family, seed) for family in ("ctgan", "tvae") for seed in range(3)
    }


def test_the_ui_is_started_with_a_warning_where_another_profile_is_stored(copied: Workshop) -> None:
    assert other_profile(copied.line, copied.storage) == ""
    default = replace(copied, profile="default")
    assert other_profile(default.line, copied.storage) == "", "it asks for the same numbers"
    smaller = replace(copied, profile="default").declare(profiles={"default": {"seeds": 2}})
    assert other_profile(smaller.line, copied.storage) == (
        "visits: what is stored was made under profile full (K = 3, epochs: ctgan 1, tvae 3), this is profile default "
        "(K = 2, epochs: ctgan 1, tvae 3); DGE_PROFILE=full goes on with what is stored, a run under default makes "
        "members of other sizes in its place"
    )


def test_verdicts_under_looser_thresholds_do_not_count_for_stricter_ones(copied: Workshop) -> None:
    """A release must not go out because its rows were looked at before the declaration asked for
    more.
    """
    for verdict in copied.storage.verdicts.survey("visits").verdicts:
        if verdict.check == "contract" and verdict.member == "tvae/001":
            loose = {**verdict.rule, "constraint_share": 0.99}
            copied.storage.verdicts.write(Verdict(**{**vars(verdict), "rule": loose}))
    strict = copied.declare(thresholds={"constraint_share": 0.0})
    refused = reason_of(strict.run("release"))
    assert (
        "check contract on tvae/001 was run under another rule (constraint_share 0.99, now 0)"
        in refused
    )
    assert "visits_train, which looks again at what is kept" in refused
    looser = copied.declare(thresholds={"constraint_share": 1.0})
    result = looser.run("release")
    assert result.success, reason_of(result)


def test_a_damaged_verdict_is_named_and_stops_only_its_own_members_release(
    copied: Workshop,
) -> None:
    folder = Path(copied.home) / "reports" / "visits" / "quality"
    (damaged,) = folder.glob("*--contract--ctgan-001.json")
    damaged.write_bytes(damaged.read_bytes()[:100])
    (folder / "notes.json").write_text("{}")
    result = copied.materialize("report", "release")
    refused = reason_of(result)
    for part in (
        f"{damaged} is not a verdict and counts as not given",
        f"{folder / 'notes.json'} is not a verdict",
        "check contract on ctgan/001 was not run on what is to be released",
    ):
        assert part in refused, refused
    report = (Path(copied.home) / "reports" / "visits" / "report.html").read_text()
    assert f"{damaged.name} is not a verdict and counts as not given" in report
    alone = copied.declare(release={"families": "passing"})
    result = alone.run("release")
    assert result.success, reason_of(result)
