"""Writes the house into the documents: `python docs/make_house.py`.

Two pictures in docs/figures, of the ways through the house, whose steps name the modules that take
them; and the table of the core's rooms in docs/architecture.md, from what the rooms say of
themselves. A test asks that every module exists and that all is what this script writes.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from html import escape
from pathlib import Path

DOCS = Path(__file__).resolve().parent
FIGURES, PAGE = DOCS / "figures", DOCS / "architecture.md"
CORE = DOCS.parent / "dge_assets" / "core"
BEGIN, END = "<!-- rooms: begin (written by docs/make_house.py) -->", "<!-- rooms: end -->"
WIDTH, BOX, HEIGHT, GAP, MARGIN = 860, 250, 74, 30, 16
PER_ROW = 3


@dataclass(frozen=True)
class Step:
    """One stop of a way: where it is, and what is done there."""

    module: str
    """From the project's root, without `.py`."""
    does: str


WAYS: dict[str, tuple[Step, ...]] = {
    "row": (
        Step("dge_resources/sources/readers", "reads the source as it is"),
        Step("dge_assets/core/rows/intake", "formats, contract, types: the real table"),
        Step("dge_assets/core/rows/split", "real_train and real_test"),
        Step("dge_assets/core/privacy/disclosure", "what few rows share is not told"),
        Step("dge_assets/core/generators/encoding/codec", "gaps and levels: the modelling frame"),
        Step("dge_assets/core/generators/encoding/table_encoder", "numbers and codes for networks"),
        Step("dge_assets/core/generators/members", "a family learns, draws, decodes"),
        Step("dge_resources/datasets", "the member's dataset, part by part"),
        Step("dge_assets/assets/release", "what passed its checks is released"),
    ),
    "prediction": (
        Step("dge_assets/core/downstream/fitting", "a model of a dataset meets test rows"),
        Step("dge_assets/core/evaluation/family_model", "all predictions of a family and model"),
        Step("dge_assets/core/scores/scored", "combined, scored, resampled once"),
        Step("dge_assets/core/scores/intervals", "scores, differences, their intervals"),
        Step("dge_assets/core/evaluation/catalogue", "the tables' cards: columns, place"),
        Step("dge_assets/assets/evaluation_tables", "one asset a table, kept in the lake"),
        Step("dge_resources/warehouse", "a relation that SQL reads"),
        Step("dge_assets/core/reporting/page/report", "a cell of the custodian's report"),
        Step("dge_assets/core/release/card", "a line of the release's card"),
    ),
}


def picture(name: str) -> str:
    """The way `name` as SVG: boxes in reading order, an arrow from each to the next."""
    steps = WAYS[name]
    rows = -(-len(steps) // PER_ROW)
    height = 2 * MARGIN + rows * HEIGHT + (rows - 1) * GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="system-ui, sans-serif">',
        f"<title>The way of a {escape(name)}</title>",
        '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="#59636e"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for index, step in enumerate(steps):
        parts += _box(index, step)
        if index:
            parts.append(_arrow(index - 1, index))
    return "\n".join([*parts, "</svg>", ""])


def _place(index: int) -> tuple[int, int]:
    row, column = divmod(index, PER_ROW)
    across = (WIDTH - 2 * MARGIN - BOX) // (PER_ROW - 1)
    return MARGIN + column * across, MARGIN + row * (HEIGHT + GAP)


def _box(index: int, step: Step) -> list[str]:
    x, y = _place(index)
    folder, _, module = step.module.rpartition("/")
    room = folder.removeprefix("dge_assets/").removeprefix("core/")
    lines = (
        (22, 11, "#59636e", 400, room),
        (40, 14, "#0b5cad", 600, module),
        (60, 12, "#1b1f24", 400, step.does),
    )
    return [
        f'<rect x="{x}" y="{y}" width="{BOX}" height="{HEIGHT}" rx="6" fill="#f5f7f9" stroke="#c5ced6"/>',
        *(
            f'<text x="{x + 12}" y="{y + down}" font-size="{size}" font-weight="{weight}" '
            f'fill="{ink}">{escape(text)}</text>'
            for down, size, ink, weight, text in lines
        ),
    ]


def _arrow(start: int, end: int) -> str:
    (x, y), (to_x, to_y) = _place(start), _place(end)
    middle = y + HEIGHT // 2
    if to_y == y:
        path = f"M{x + BOX} {middle}L{to_x - 2} {middle}"
    else:
        between, centre = y + HEIGHT + GAP // 2, to_x + BOX // 2
        path = f"M{x + BOX // 2} {y + HEIGHT}V{between}H{centre}V{to_y - 2}"
    return f'<path d="{path}" fill="none" stroke="#59636e" stroke-width="1.5" marker-end="url(#head)"/>'


def rooms() -> list[Path]:
    """Folders of the core that hold modules, each before the rooms within it."""
    return sorted(path.parent for path in CORE.rglob("__init__.py") if path.parent != CORE)


def rooms_table() -> str:
    """One line for each room: what belongs there and what does not, as its `__init__` says."""
    lines = ["| room | what belongs there, and what does not |", "| --- | --- |"]
    for room in rooms():
        text = (
            ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
        )
        said = [" ".join(part.split()) for part in text.split("\n\n")]
        lines.append(f"| `{room.relative_to(CORE)}` | {' '.join(said[:2])} |")
    return "\n".join(lines)


def page() -> str:
    """docs/architecture.md with the present table of rooms."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{rooms_table()}\n\n{END}{after}"


def main() -> None:
    """Write pictures and table."""
    for name in WAYS:
        (FIGURES / f"way-of-a-{name}.svg").write_text(picture(name), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
