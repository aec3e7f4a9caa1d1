"""What sequential trees cost, and what their rows are like. Writes `docs/cart.md`.

`make cart ADULT=file.csv` grows 20 members of 2,000 rows of Adult, one of a million rows of 15
columns, and 20 of the crash table; with `smoothing` off and smaller leaves besides. Not here: the
page (`cart_page`), what the line's own tables say of a release that has them.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cart_page import RealTable, page
from benchmarks.members import contract_of, sampled, silent
from dge_assets.core.generators.encoding.codec import TableCodec, fit_codec
from dge_assets.core.generators.encoding.fitting import fit_encoder
from dge_assets.core.generators.encoding.modelling_frame import modelling_frame
from dge_assets.core.generators.encoding.table_encoder import TableEncoder
from dge_assets.core.generators.family import Training
from dge_assets.core.generators.members import (
    SamplingRequest,
    sample_chunks,
    train_members,
)
from dge_assets.core.generators.registry import parameters_for
from dge_assets.core.threads import one_thread

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cart.md"
K = 20
ADULT_ROWS = 2_000
MANY_ROWS, NUMBERS, LEVELS = 1_000_000, 8, (2, 2, 5, 10, 16, 42, 100)
MEMBER_SECONDS, MANY_SECONDS, MANY_MEGABYTES = 60, 300, 2_000
"""What 20 members of Adult, and one of a million rows, may take at most."""
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"proper": True},
    {"min_samples_leaf": 5},
    {"min_samples_leaf": 5, "smoothing": False},
)
"""The defaults, and what they are compared with."""


@dataclass(frozen=True)
class Cost:
    """What some work took in a process of its own."""

    cpu_seconds: float
    peak_megabytes: float


def training_on(
    frame: pd.DataFrame, codec: TableCodec, settings: Mapping[str, Any], seeds: tuple[int, ...]
) -> Training:
    """What the trees learn from: the codec alone, without the mixtures that networks need."""
    return Training(
        table="benchmark",
        family="cart",
        seeds=seeds,
        algorithm="cart",
        parameters=parameters_for("cart", dict(settings)),
        encoder=TableEncoder(codec, {"columns": []}),
        modelled=modelling_frame(codec, real_train=frame, table="benchmark"),
    )


def datasets_of(
    frame: pd.DataFrame, codec: TableCodec, settings: Mapping[str, Any]
) -> list[pd.DataFrame]:
    """A dataset of each of K members, as many rows as `frame` has."""
    training = training_on(frame, codec, settings, tuple(range(K)))
    members = train_members(training, silent)
    return [sampled(training, members[seed], seed, len(frame)) for seed in training.seeds]


def many_rows() -> pd.DataFrame:
    """A made table of a million rows: numbers and levels that depend on one another."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=MANY_ROWS)
    table = {f"x{j}": common * j / NUMBERS + rng.normal(size=MANY_ROWS) for j in range(NUMBERS)}
    for place, levels in enumerate(LEVELS):
        middle = levels / 2 + levels / 6 * common + levels / 8 * rng.normal(size=MANY_ROWS)
        codes = np.clip(middle.astype(np.int64), 0, levels - 1)
        names = [f"level {code}" for code in range(levels)]
        table[f"g{place}"] = pd.Categorical.from_codes(codes, categories=names)
    return pd.DataFrame(table)


def cost_of_many_rows() -> Cost:
    """One member of a million rows, trained and sampled; the memory is that of the whole process."""
    frame = many_rows()
    training = training_on(frame, fit_codec(frame, contract_of(frame, "g0")), {}, (0,))
    rows, started = len(frame), time.process_time()
    del frame
    (member,) = train_members(training, silent).values()
    request = SamplingRequest(
        table="benchmark", family="cart", seed=0, state=member.state, codec=member.codec, rows=rows
    )
    for _ in sample_chunks(request):
        pass
    return Cost(time.process_time() - started, _peak_megabytes())


def cost_of_adult(path: str) -> Cost:
    """K members of 2,000 rows of Adult, trained and sampled."""
    frame = pd.read_csv(path, skipinitialspace=True).sample(ADULT_ROWS, random_state=0)
    frame = frame.reset_index(drop=True)
    contract, started = contract_of(frame, "income"), time.process_time()
    datasets_of(frame, fit_codec(frame, contract), {})
    return Cost(time.process_time() - started, _peak_megabytes())


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured_apart(work: Callable[..., Cost], *given: Any) -> Cost:
    """`work` in a fresh process with one thread."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=_one_thread) as pool:
        return pool.submit(work, *given).result()


def _one_thread() -> None:
    one_thread().__enter__()


def _settings_name(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in settings.items()).lower() or "defaults"


def cost_lines(many: Cost, adult: Cost | None) -> list[str]:
    """What members cost, and whether that is within what it may be."""
    lines = [
        f"- One member of {MANY_ROWS:,} rows by {NUMBERS + len(LEVELS)} columns, trained and sampled: "
        f"{many.cpu_seconds:.0f} s of CPU, peak memory of the process {many.peak_megabytes:,.0f} MB with the table in it "
        f"(may be {MANY_SECONDS} s and {MANY_MEGABYTES:,} MB)."
    ]
    if adult is not None:
        lines.append(
            f"- {K} members of {ADULT_ROWS:,} rows of Adult, encoded, trained and sampled: {adult.cpu_seconds:.1f} s of CPU "
            f"(may be {MEMBER_SECONDS} s), peak memory {adult.peak_megabytes:,.0f} MB."
        )
    return lines


def main() -> None:
    """Measure, write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cart", description=__doc__)
    parser.add_argument("--adult", help="CSV file of the Adult census table")
    given = parser.parse_args()
    many = measured_apart(cost_of_many_rows)
    adult = measured_apart(cost_of_adult, given.adult) if given.adult else None
    costs = cost_lines(many, adult)
    print(*costs, sep="\n", flush=True)
    with one_thread():
        table = RealTable.declared("crash")
        # As the line does: a column that the mixtures lose is learnt on another scale by all families.
        codec = fit_encoder(table.train, table.contract, table="crash")[0].codec
        named = {_settings_name(each): datasets_of(table.train, codec, each) for each in SETTINGS}
        PAGE.write_text(page(table, named, costs), encoding="utf-8")
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
