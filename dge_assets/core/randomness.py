"""Independent random streams, one per (table, family, seed, purpose).

Nothing in the product reads global random state; each function that draws is given a stream from
here, so that a member's result does not depend on its company, on the order of work or on a resume.
"""

from __future__ import annotations

import hashlib

import numpy as np


def seed_sequence(
    *, table: str, purpose: str, family: str = "", seed: int | None = None
) -> np.random.SeedSequence:
    """The seed sequence of one purpose; different arguments give independent streams.

    `purpose` names what is drawn ("split", "training", "sampling", ...). The entropy is the SHA-256
    of the arguments, so no two members share a stream and adding a purpose changes no other one.
    """
    name = "\x1f".join([table, family, "" if seed is None else str(seed), purpose])
    return np.random.SeedSequence(int.from_bytes(hashlib.sha256(name.encode()).digest(), "big"))


def generator(sequence: np.random.SeedSequence) -> np.random.Generator:
    """A NumPy generator on the stream `sequence`."""
    return np.random.default_rng(sequence)


def legacy_seed(sequence: np.random.SeedSequence) -> int:
    """A 32-bit seed for libraries that take an integer (`random_state`, `torch.manual_seed`)."""
    return int(sequence.generate_state(1, np.uint32)[0])
