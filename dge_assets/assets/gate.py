"""The release's gate: the checks that a release stands on, asked of exactly what is to be released.

Here: the verdicts that are wanted, what is wrong with them, and which families may go. Not here:
which checks gate (their cards say, `check_cards`), the checks (`checks`), the release itself
(`release`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dge_assets.assets.line import Line
from dge_assets.assets.present import Member, member_name
from dge_assets.assets.rules import difference, rule_of, still_counts
from dge_assets.core.cards.check_card import CheckCard
from dge_assets.core.errors import ReleaseError
from dge_resources.lake import Address
from dge_resources.records import Recorded
from dge_resources.storage import Storage
from dge_resources.verdicts import Verdict

MOST_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One verdict that a release needs."""

    card: CheckCard
    subjects: frozenset[str]
    """Record ids that it must have looked at."""
    family: str = ""
    """Empty where it is on the real table, and so on every family's release."""
    member: str = ""

    @property
    def place(self) -> str:
        """The asset that it is on."""
        return self.card.place(self.family)

    @property
    def kept_as(self) -> tuple[str, str, str]:
        """What tells its verdict from the others of the table."""
        return self.card.asset, self.card.name, self.member


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
        return f"{self.wanted.card.name} {self.wanted.member or self.wanted.place}: " + (
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
    verdicts = {
        (verdict.asset, verdict.check, verdict.member): verdict for verdict in kept.verdicts
    }
    found = {item: _problem(line, item, verdicts.get(item.kept_as)) for item in wanted}
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
    """A verdict for each card that gates: on the real table, on each family, on each member."""
    known = {"real_train": real_train.record.record_id}
    wanted = []
    for card in line.checks:
        if not card.gates:
            continue
        if card.scope == "table":
            ids = frozenset(
                known.get(name) or _present(line, storage, name) for name in card.subjects
            )
            wanted.append(Wanted(card=card, subjects=ids))
        elif card.scope == "family":
            wanted += [_of_family(card, family, datasets) for family in line.families]
        else:
            wanted += [_of_member(card, member, item) for member, item in datasets.items()]
    return wanted


def _present(line: Line, storage: Storage, asset: str) -> str:
    return storage.lake.read(Address(line.table, asset)).record.record_id


def _of_family(card: CheckCard, family: str, datasets: Mapping[Member, Recorded]) -> Wanted:
    ids = frozenset(item.record.record_id for (name, _), item in datasets.items() if name == family)
    return Wanted(card=card, subjects=ids, family=family, member=family)


def _of_member(card: CheckCard, member: Member, item: Recorded) -> Wanted:
    return Wanted(
        card=card,
        subjects=frozenset({item.record.record_id}),
        family=member[0],
        member=member_name(*member),
    )


def _problem(line: Line, wanted: Wanted, verdict: Verdict | None) -> Problem | None:
    on = f" on {wanted.member}" if wanted.member else ""
    place = f"{line.table}/{wanted.place}: check {wanted.card.name}{on}"
    if verdict is None or not wanted.subjects <= set(verdict.subjects):
        text = (
            f"{place} was not run on what is to be released; materialize the asset with its checks"
        )
        return Problem(wanted=wanted, failed=False, text=text)
    rule = rule_of(line.plan, wanted.card, wanted.family)
    if not still_counts(verdict, wanted.card, rule):
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
    groups: dict[tuple[str, CheckCard], list[str]] = {}
    for problem in problems:
        if problem.failed:
            seed = problem.wanted.member.partition("/")[2]
            groups.setdefault((problem.wanted.family, problem.wanted.card), []).append(seed)
    advice = []
    for (family, card), seeds in groups.items():
        numbers = ", ".join(filter(None, seeds))
        of_seeds = f" seeds {numbers} of {line.plan.members[family]}" if numbers else ""
        place = f"{family}{of_seeds}" if family else f"{line.table}'s real rows"
        advice.append(f"{place}, {card.name}: {card.remedy(line.plan, family)}")
    return advice


def _passing_advice(problems: list[Problem], passing: tuple[str, ...]) -> list[str]:
    common = any(not problem.wanted.family for problem in problems)
    if not passing or common:
        return []
    return [
        f"{', '.join(passing)} passed: `release: {{families: passing}}` releases without the others"
    ]
