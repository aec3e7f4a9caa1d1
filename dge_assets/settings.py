"""Dagster's settings as this project ships them (dagster.yaml beside this module), and the copy in
a Dagster home.

Not here: where that home is, and what else is prepared in it (`deployment`).
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

SETTINGS = "dagster.yaml"
SHIPPED = Path(__file__).with_name(SETTINGS)
"""Not in the project's root, where Dagster would warn that it does not use it."""
AS_SHIPPED = ".dagster.yaml.shipped"
"""Beside the settings in use: the shipped ones that they were copied from."""
_SHIPPED_BEFORE = frozenset({"04ee5eee54a71f332feff41115dfe9a6001587e3c211ff0e7ff6358e8b8e8447"})
"""SHA-256 of settings that were copied before there was `AS_SHIPPED`."""


def refresh_settings(home: Path, shipped: bytes | None = None) -> None:
    """Put the `shipped` settings into Dagster's home; edited ones stay, and that others are shipped
    is said on stderr.
    """
    shipped = SHIPPED.read_bytes() if shipped is None else shipped
    own, former = home / SETTINGS, home / AS_SHIPPED
    used = own.read_bytes() if own.exists() else None
    known = former.read_bytes() if former.exists() else None
    if used in (None, known, shipped) or hashlib.sha256(used or b"").hexdigest() in _SHIPPED_BEFORE:
        for path in (own, former):
            if not path.exists() or path.read_bytes() != shipped:
                path.write_bytes(shipped)
    elif known != shipped:
        print(
            f"{own} was edited, and other settings are shipped now: it is left as it is; compare it with "
            f"{SHIPPED}, or remove it to take the shipped ones",
            file=sys.stderr,
        )
