"""What a worker process imports, once: workers are forked from a process that has imported this and
done nothing else.

Importing it sets the process's libraries to one thread, so nothing but a worker (or what workers
fork from) imports it.
"""

from __future__ import annotations

import gc
import importlib
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # read when the libraries load, so it comes before them

for _module in ("dge_assets.core.generators.members", "dge_assets.core.downstream.member_models"):
    importlib.import_module(_module)
for _card in importlib.import_module("dge_assets.core.generators.registry").own_cards().values():
    importlib.import_module(_card.implementation.partition(":")[0])
gc.freeze()  # what the collector does not look through, workers do not write to: its pages stay shared
