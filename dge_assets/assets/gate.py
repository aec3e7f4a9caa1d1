"""The release's gate: the checks that a release stands on, asked of exactly what is to be released.

Here: which verdicts are wanted, what is wrong with them, what to try, and which families may go.
Not here: the checks (`checks`), the release itself (`release`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dge_assets.assets.line import Line
from dge_assets.assets.present import Member, member_name
from dge_assets.assets.remedies import remedy
from dge_assets.assets.rules import difference, rule_of, still_counts
from dge_assets.core.errors import ReleaseError
from dge_resources.lake import Address
from dge_resources.records import Recorded
from dge_resources.storage import Storage
from dge_resources.verdicts import Verdict

SYNTHETIC_CHECKS = ("contract", "no_copies")
MOST_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One verdict that a release needs."""

    check: str
    asset: str
    subjects: frozenset[str]
    """Record ids that it must have looked at."""
    family: str = ""
    """Empty where it is on the real table, and so on every family's release."""
    member: str = ""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A wanted verdict that is not there, or is not good."""

    wanted: Wanted
    failed: bool
    """False: it was not given on what is to be released."""
    text: str

    @property
    def short(self) -> str:
        """Its check and member alone, without anything that was found: for consumers."""
        return f"{self.wanted.check} {self.wanted.member or self.wanted.asset}: " + (
            "failed" if self.failed else "not run"
        )


@dataclass(frozen=True, kw_only=True)
class Passed:
    """What may be released."""

    families: tuple[str, ...]
    checks: int
    kept_back: Mapping[str, list[str]]
    """By family that stays, which checks keep it back."""


def require_passed(
    line: Line, storage: Storage, datasets: Mapping[Member, Recorded], real_train: Recorded
) -> Passed:
    """The families that a release may hold: all, or those that pass where the declaration says so.

    Raises ReleaseError that names each check that failed or was not run on what is released, and
    says what to try.
    """
    wanted = _wanted(line, storage, datasets, real_train)
    kept = storage.verdicts.survey(line.table)
    verdicts = {(verdict.check, verdict.member): verdict for verdict in kept.verdicts}
    found = {item: _problem(line, item, verdicts.get((item.check, item.member))) for item in wanted}
    problems = [problem for problem in found.values() if problem is not None]
    stopped = {problem.wanted.family for problem in problems}
    passing = tuple(family for family in line.families if family not in stopped)
    alone = line.plan.declaration.release.families == "passing" and passing and "" not in stopped
    if problems and not alone:
        raise ReleaseError(
            _refusal(line, problems, passing, [problem.message for problem in kept.problems])
        )
    kept_back = {
        family: [problem.short for problem in problems if problem.wanted.family == family]
        for family in line.families
        if family in stopped
    }
    return Passed(
        families=passing,
        checks=sum(item.family not in kept_back for item in wanted),
        kept_back=kept_back,
    )


def _wanted(
    line: Line, storage: Storage, datasets: Mapping[Member, Recorded], real_train: Recorded
) -> list[Wanted]:
    source = storage.lake.read(Address(line.table, "source")).record.record_id
    train = real_train.record.record_id
    wanted = [
        Wanted(check="contract", asset="source", subjects=frozenset({source})),
        Wanted(check="overlap", asset="real_test", subjects=frozenset({train})),
    ]
    for (family, seed), item in datasets.items():
        subjects = frozenset({item.record.record_id})
        wanted += [
            Wanted(
                check=check,
                asset=f"{family}/synthetic",
                subjects=subjects,
                family=family,
                member=member_name(family, seed),
            )
            for check in SYNTHETIC_CHECKS
        ]
    for family in line.families:
        ids = frozenset(
            item.record.record_id for (name, _), item in datasets.items() if name == family
        )
        wanted.append(
            Wanted(
                check="members_differ",
                asset=f"{family}/synthetic",
                subjects=ids,
                family=family,
                member=family,
            )
        )
    return wanted


def _problem(line: Line, wanted: Wanted, verdict: Verdict | None) -> Problem | None:
    on = f" on {wanted.member}" if wanted.member else ""
    place = f"{line.table}/{wanted.asset}: check {wanted.check}{on}"
    if verdict is None or not wanted.subjects <= set(verdict.subjects):
        text = (
            f"{place} was not run on what is to be released; materialize the asset with its checks"
        )
        return Problem(wanted=wanted, failed=False, text=text)
    rule = rule_of(line, wanted.check, wanted.asset)
    if not still_counts(verdict, rule):
        differs = difference(verdict.rule, rule)
        text = f"{place} was run under another rule ({differs}); run {line.table}_train, which looks again at what is kept"
        return Problem(wanted=wanted, failed=False, text=text)
    if not verdict.passed:
        return Problem(wanted=wanted, failed=True, text=f"{place} failed: {verdict.summary}")
    return None


def _refusal(
    line: Line, problems: list[Problem], passing: tuple[str, ...], damaged: list[str]
) -> str:
    shown = [*_first(damaged), *_first([problem.text for problem in problems])]
    lines = [f"table {line.table!r} cannot be released:", *(f"  {text}" for text in shown)]
    advice = [*_advice(line, problems), *_passing_advice(problems, passing)]
    if line.plan.notice:
        advice.append(line.plan.notice)
    if advice:
        lines += ["what to try:", *(f"  {text}" for text in advice)]
    return "\n".join(lines)


def _first(texts: list[str]) -> list[str]:
    more = len(texts) - MOST_SHOWN
    return [*texts[:MOST_SHOWN], *([f"and {more} more"] if more > 0 else [])]


def _advice(line: Line, problems: list[Problem]) -> list[str]:
    """What to try, for each family and check that failed, with the seeds that it is about."""
    groups: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        if problem.failed:
            seed = problem.wanted.member.partition("/")[2]
            groups.setdefault((problem.wanted.family, problem.wanted.check), []).append(seed)
    advice = []
    for (family, check), seeds in groups.items():
        numbers = ", ".join(filter(None, seeds))
        of_seeds = f" seeds {numbers} of {line.plan.seeds}" if numbers else ""
        place = f"{family}{of_seeds}" if family else f"{line.table}'s real rows"
        advice.append(f"{place}, {check}: {remedy(line, family, check)}")
    return advice


def _passing_advice(problems: list[Problem], passing: tuple[str, ...]) -> list[str]:
    common = any(not problem.wanted.family for problem in problems)
    if not passing or common:
        return []
    return [
        f"{', '.join(passing)} passed: `release: {{families: passing}}` releases without the others"
    ]
