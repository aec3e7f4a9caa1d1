"""The page of one validation: one HTML file that needs no network.

Here: what came of each expectation, in its words, by column. Not here: validation and the words (the
package itself). The page names the rows that break an expectation and quotes no cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dge_resources.quality import ValidationOutcome


def render_page(outcome: ValidationOutcome | Mapping[str, Any], *, title: str) -> str:
    """The page of `outcome` (or of its `document`) as one self-contained HTML file.

    Names and values appear as text, whatever characters they hold.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    document = outcome.document if isinstance(outcome, ValidationOutcome) else outcome
    environment = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("validation.html.j2")
    return page.render(document, title=title, sections=_sections(document["results"]))


def _sections(results: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Results under their column's name, in the order of the columns; what is no single column's
    comes first.
    """
    found: dict[str | None, list[dict[str, Any]]] = {None: []}
    for result in results:
        found.setdefault(result["expectation"]["column"], []).append(result)
    others = found.pop(None)
    named = [(name or "(no name)", listed) for name, listed in found.items()]
    return [("the table", others), *named] if others else named
