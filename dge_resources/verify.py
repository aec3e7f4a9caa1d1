"""Whether all that is kept is what its records say: each file below `DGE_HOME` is read by its own
reader, or named.

Here: going over the stores, what is nobody's, what is lost, and the command that mends it. Not
here: what makes a file good (its reader), the warehouse (`verify_warehouse`). Run as a program
(`python -m dge_resources.verify`, `make verify`) it prints what it found, and exits with status 1
where a file is bad, foreign or lost. Run it while nothing is being made.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator

from dge_assets.core.errors import DgeError, StorageError
from dge_resources.artifacts import ArtifactStore
from dge_resources.checkpoints import survey_checkpoints
from dge_resources.home import Store, home_url
from dge_resources.lake import Address, Lake, address_of
from dge_resources.manifest import is_trial
from dge_resources.plans import Plans
from dge_resources.problems import Finding, Problem
from dge_resources.releases import LATEST, MANIFEST, Releases
from dge_resources.verdicts import Verdicts
from dge_resources.verify_warehouse import is_warehouse, warehouse_findings
from dge_resources.warehouse import SYNTHETIC

STORES = ("lake", "artifacts", "checkpoints", "reports", "releases")
UNVERIFIED = ("cache", "dagster")
"""What others write below the root: downloads, and Dagster's own home."""


def verify(store: Store) -> list[Finding]:
    """Everything below a root that is bad, foreign or lost, each with the command that mends it."""
    findings = [
        *_lake(store),
        *_artifacts(store),
        *(Finding(problem, _remove(problem.place)) for problem in survey_checkpoints(store)),
        *_reports(store),
        *_releases(store),
        *_nobodys(store),
    ]
    known = {finding.problem.place for finding in findings}
    return [
        *findings,
        *(found for found in warehouse_findings(store) if found.problem.place not in known),
    ]


def _lake(store: Store) -> Iterator[Finding]:
    lake = Lake(store)
    records, problems = lake.survey()
    for record in records:
        place = address_of(record)
        problems += _refused(place.table, lake.url(place), lake.read, place)
    known = {lake.path(address_of(record)) for record in records}
    for problem in problems:
        yield Finding(problem, _make_again(problem.table))
    yield from _foreign(store, set(store.files("lake")) - known, problems)


def _artifacts(store: Store) -> Iterator[Finding]:
    artifacts, known = ArtifactStore(store), set[str]()
    records, problems = artifacts.survey()
    for record in records:
        place = address_of(record)
        known.update(artifacts.paths(place))
        problems += _refused(place.table, artifacts.url(place), artifacts.read, place)
    for problem in problems:
        yield Finding(problem, _make_again(problem.table))
    # Of a damaged manifest nobody knows which files are its own.
    unknown = tuple(f"{problem.place.removesuffix('.json')}-" for problem in problems)
    rest = {path for path in store.files("artifacts") if not store.url(path).startswith(unknown)}
    yield from _foreign(store, rest - known, problems)


def _reports(store: Store) -> Iterator[Finding]:
    for table in _tables(store, "reports"):
        for problem in Verdicts(store).survey(table).problems:
            yield Finding(problem, _make_again(table))
        yield from _plan(store, table)
    for path in store.files("reports"):
        match path.split("/")[2:]:
            case ["report.html" | "plan.json"]:
                continue
            case ["quality", name] if name.endswith((".html", ".json")):
                continue
        yield from _foreign(store, [path])


def _plan(store: Store, table: str) -> Iterator[Finding]:
    """The plan is read, and each dataset that it names is there."""
    plans, lake = Plans(store), Lake(store)
    problems = _refused(table, store.url(plans.path(table)), plans.read, table)
    plan = None if problems else plans.read(table)
    for member in plan.members if plan else ():
        family, _, seed = member.partition("/")
        place = Address(table, SYNTHETIC, family, int(seed))
        if not lake.has(place):
            message = f"{place.name} is lost: the present plan names it, and nothing is at {lake.url(place)}"
            problems.append(
                Problem(table=table, asset=SYNTHETIC, place=lake.url(place), message=message)
            )
    for problem in problems:
        yield Finding(problem, _make_again(table))


def _releases(store: Store) -> Iterator[Finding]:
    releases = Releases(Store(store.url("releases")))
    for table in _tables(store, "releases"):
        paths = [path.split("/") for path in store.files(f"releases/{table}")]
        versions = sorted({parts[2] for parts in paths if len(parts) > 3})
        for version in versions:
            yield from _release(store, releases, table, version)
        yield from _latest(store, releases, table, versions)
        yield from _foreign(
            store, ["/".join(parts) for parts in paths if len(parts) == 3 and parts[2] != LATEST]
        )
    yield from _foreign(store, [path for path in store.files("releases") if path.count("/") == 1])


def _latest(store: Store, releases: Releases, table: str, versions: list[str]) -> Iterator[Finding]:
    """The pointer to the newest release that is no trial leads to one of the versions."""
    place = f"releases/{table}/{LATEST}"
    if all(map(is_trial, versions)) and not store.exists(place):
        return
    try:
        version = releases.latest(table)
        why = "" if version in versions else f"it names {version}, there are {versions}"
    except (StorageError, ValueError) as error:
        why = str(error)
    if why:
        message = f"{store.url(place)} does not lead to a release: {why}"
        yield Finding(
            Problem(table=table, place=store.url(place), message=message), _release_again(table)
        )


def _release(store: Store, releases: Releases, table: str, version: str) -> Iterator[Finding]:
    folder = f"releases/{table}/{version}"
    problems = _refused(table, store.url(f"{folder}/{MANIFEST}"), releases.open, table, version)
    if not problems:
        release = releases.open(table, version)
        for name in release.checked.files:
            place = store.url(f"{folder}/{name}")
            problems += _refused(table, place, releases.read_file, release, name)
        known = {f"{folder}/{name}" for name in (*release.checked.files, MANIFEST)}
        yield from _foreign(store, set(store.files(folder)) - known)
    for problem in problems:
        yield Finding(
            problem,
            f"{_release_again(table)}; {_remove(store.url(folder))} where its members are former ones",
        )


def _nobodys(store: Store) -> Iterator[Finding]:
    kept = (*STORES, *UNVERIFIED)
    yield from _foreign(
        store,
        [
            path
            for path in store.files("")
            if path.split("/")[0] not in kept and not is_warehouse(path)
        ],
    )


def _tables(store: Store, folder: str) -> list[str]:
    return sorted({path.split("/")[1] for path in store.files(folder) if path.count("/") > 1})


def _refused(
    table: str, place: str, read: Callable[..., object], *arguments: object
) -> list[Problem]:
    """What the reader says where it refuses."""
    try:
        read(*arguments)
    except DgeError as error:
        return [Problem(table=table, place=place, message=str(error))]
    return []


def _foreign(store: Store, paths: Iterable[str], told: Iterable[Problem] = ()) -> Iterator[Finding]:
    """The files that no record and no manifest names, but those that are told of already."""
    known = {problem.place for problem in told}
    for path in sorted(paths):
        place = store.url(path)
        if place not in known:
            message = f"{place} is foreign: nothing that is kept names it"
            yield Finding(Problem(table="", place=place, message=message), _remove(place))


def _remove(place: str) -> str:
    return f"remove {place}" if "://" in place else f"rm -r {shlex.quote(place)}"


def _make_again(table: str) -> str:
    return f"make demo TABLE={table} (or the job {table}_line), which makes again what is damaged or lost"


def _release_again(table: str) -> str:
    return f"dg launch --job {table}_release"


def main() -> None:
    """Print what is bad, foreign or lost, and what mends it; exit status 1 where there is any."""
    store = Store(home_url())
    if not store.is_folder(""):
        sys.exit(f"there is no folder {store.url('')}: name the root of what is kept with DGE_HOME")
    try:
        findings = verify(store)
    except StorageError as error:
        sys.exit(str(error))
    for problem, command in findings:
        print(f"{problem.message}\n    to mend: {command}")
    files = sum(path.split("/")[0] not in UNVERIFIED for path in store.files(""))
    print(f"{files} files at {store.url('')}: {len(findings) or 'none'} bad, foreign or lost")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
