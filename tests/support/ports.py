"""Servers that tests start on the loopback."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_it_answers(url: str, seconds: float = 60) -> None:
    """Wait until something answers at `url`, whatever it says; TimeoutError otherwise."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(f"nothing answers at {url} after {seconds} s")
