"""Telling people how far a run is: Dagster's log, and a terminal where one listens."""

import logging

import dagster as dg

TERMINAL = logging.getLogger("dge.progress")
"""A terminal that wants progress attaches a handler; without one nothing is printed."""


def tell(context: dg.AssetExecutionContext, line: str) -> None:
    """Say one line in the run's log and on the terminal."""
    context.log.info(line)
    TERMINAL.info(line)
