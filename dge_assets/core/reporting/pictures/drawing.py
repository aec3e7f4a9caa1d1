"""Drawing: figures, panels, legends and labels in one style, and the PNG that comes from them.

Here: what every picture shares. Not here: what a picture shows (`charts`, `marginals`).

Three promises hold for every picture. The bytes depend only on the arguments (no time stamp, no
global pyplot state). They stay under about 60 kB, because pictures live in Dagster's event log:
hence PNG with a palette, the same bytes for the log and for the report. And nothing is hidden
silently: what lies beyond an axis, what is missing and what was left out is written on the picture.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache
from io import BytesIO
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.ft2font import FT2Font
from matplotlib.lines import Line2D
from PIL import Image, ImageColor

DOTS_PER_INCH = 120
MAXIMUM_BYTES = 60_000
# Palette size and scale, best first; the last ones are for pictures of many noisy lines.
_QUALITIES = ((128, 1.0), (36, 1.0), (36, 0.7), (24, 0.5))
SMALL, TEXT, TITLE = 7.5, 8.5, 11.0  # the one font size system, in points
INK, MUTED, GRID, REAL_FILL = "#1b1f24", "#59636e", "#d8dee4", "#c3cad1"
# Okabe and Ito (2008): told apart with any of the common colour vision deficiencies.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_OWN_COLOURS = ("white", INK, MUTED, GRID, REAL_FILL, *PALETTE)
MARKERS = ("o", "s", "^", "D", "v", "P")
SEEDS_IN_LEGEND = 6
DASHED: dict[str, Any] = {"color": MUTED, "linestyle": (0, (4, 3)), "linewidth": 1.0, "zorder": 1}
DOTTED: dict[str, Any] = {"color": MUTED, "linestyle": (0, (1, 2)), "linewidth": 1.4, "zorder": 1}
WHISKER: dict[str, Any] = {"color": MUTED, "linewidth": 1.1}


def new_figure(width: float, height: float, title: str) -> Figure:
    """A figure of `width` by `height` inches with its title; it belongs to no pyplot."""
    figure = Figure(
        figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained", facecolor="white"
    )
    FigureCanvasAgg(figure)
    lines = textwrap.wrap(_drawable(title, length=200), width=int(9.5 * width)) or [""]
    figure.suptitle(
        "\n".join(lines), fontsize=TITLE, color=INK, fontweight="bold", parse_math=False
    )
    return figure


def grid_of_panels(
    count: int, *, columns: int, panel: tuple[float, float], title: str, **share: Any
) -> tuple[Figure, list[Axes]]:
    """Make `count` panels of `panel` inches in rows of at most `columns`."""
    down = -(-count // columns)
    across = -(-count // down)  # four panels stand two by two, not three and one
    figure = new_figure(max(across * panel[0], 4.6), down * panel[1] + 0.75, title)
    axes = put_panels(figure, count, down=down, across=across, **share)
    for axis in axes:
        plain_axes(axis)
    for above in axes[max(count - across, 0) :]:
        above.tick_params(
            labelbottom=True
        )  # the lowest panel of each column, even where the last row is short
    return figure, axes


def put_panels(figure: Figure, count: int, *, down: int, across: int, **share: Any) -> list[Axes]:
    """`count` panels in rows of `across`; the places that the last row leaves empty are taken away."""
    panels: Any = figure.subplots(down, across, squeeze=False, **share)
    axes = list(panels.flat)
    for spare in axes[count:]:
        spare.remove()
    return axes[:count]


def put_colour_bar(
    figure: Figure, image: Any, axes: Sequence[Axes], *, shrink: float, name: str = ""
) -> Any:
    """The colour scale of `image` beside `axes`, `shrink` of their height, with what it shows."""
    bar = figure.colorbar(image, ax=list(axes), shrink=shrink)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL, colors=INK)
    if name:
        put_label(bar.set_label, name)
    return bar


def plain_axes(axis: Axes, *, grid: str = "both") -> None:
    """Take away frame and ticks, and put a faint grid behind what is drawn."""
    axis.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axis.grid(visible=False)
    axis.grid(visible=True, axis=grid, color=GRID, linewidth=0.6)  # type: ignore[arg-type]
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=SMALL, length=0, colors=INK)


def put_panel_title(axis: Axes, text: Hashable, *, subtitle: str = "") -> None:
    """Title one panel, with the parts of `subtitle` (between '; ') in small lines under it."""
    lift = 1.15 * SMALL * (1 + subtitle.count("; ")) if subtitle else 0.0
    put_label(
        axis.set_title,
        str(text),
        size=TEXT,
        length=30,
        loc="left",
        fontweight="bold",
        pad=4 + 1.2 * lift,
    )
    if subtitle:
        lines = subtitle.replace("; ", "\n")
        place: dict[str, Any] = {
            "xycoords": "axes fraction",
            "textcoords": "offset points",
            "va": "bottom",
        }
        note = axis.annotate(lines, (0, 1), (0, 3), fontsize=SMALL, color=MUTED, **place)
        note.set_in_layout(
            False
        )  # the title's padding makes the room; else long notes push columns apart


def put_row_names(axis: Axes, names: Sequence[Hashable], *, length: int = 22) -> None:
    """Put one name on each row of the y axis, the first on top, with room for the dodged points."""
    labels = [_drawable(str(name), length=length) for name in names]
    axis.set_yticks(range(len(names)), labels=labels, fontsize=SMALL, parse_math=False)
    axis.set_ylim(len(names) - 0.5, -0.5)


def style_of(index: int) -> dict[str, Any]:
    """Colour and marker of the index-th series: two signs, so that neither colour alone carries the
    meaning.
    """
    kind, turn = index % len(PALETTE), index // len(PALETTE)
    sign = {"marker": MARKERS[(kind + turn) % len(MARKERS)], "markersize": 4.6, "linestyle": ""}
    return {"color": PALETTE[kind], "linewidth": 1.1, "zorder": 3, **sign}


def sequence_colours(count: int) -> list[Any]:
    """Colours for seeds in order, dark to light, never so light that a thin line is lost on white."""
    return list(matplotlib.colormaps["viridis"](np.linspace(0.05, 0.82, max(count, 1))))[:count]


def dodge_offsets(count: int) -> np.ndarray:
    """Offsets (count,) that keep `count` series on one row apart, centred on zero."""
    return (np.arange(count) - (count - 1) / 2) * min(0.22, 0.7 / max(count, 1))


def put_seed_legend(figure: Figure, colours: Mapping[Any, Any], *, real: bool = False) -> None:
    """Name every seed when they are few, the first and the last when they are many."""
    seeds = list(colours)
    shown = seeds if len(seeds) <= SEEDS_IN_LEGEND else [seeds[0], seeds[-1]]
    entries = [(f"seed {seed}", {"color": colours[seed], "linewidth": 1.6}) for seed in shown]
    if len(shown) < len(seeds):
        entries.insert(1, (f"… {len(seeds)} seeds …", {"linestyle": ""}))
    if real:
        bars = {"linewidth": 6, "solid_capstyle": "butt"}
        entries.insert(0, ("members' mean, min to max", {"color": PALETTE[0], **bars}))
        entries.insert(0, ("real", {"color": REAL_FILL, **bars}))
    put_legend(figure, entries)


def put_legend(figure: Figure, entries: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Put one legend below all panels; an entry is (name, style of its line)."""
    handles = [Line2D([], [], **style) for _, style in entries]
    labels = [
        " " + _drawable(str(name), length=28) for name, _ in entries
    ]  # matplotlib drops labels like "_x"
    place: dict[str, Any] = {
        "loc": "outside lower center",
        "ncols": min(len(entries), 6 if len(entries) > 4 else 4),
    }
    legend = figure.legend(handles, labels, fontsize=SMALL, labelcolor=INK, frameon=False, **place)
    for text in legend.get_texts():
        text.set_parse_math(False)


def put_label(
    put: Callable[..., Any], text: str, *, size: float = SMALL, length: int = 60, **style: Any
) -> None:
    """Hand `text` to a matplotlib setter as plain text that can be drawn: no mathtext, no missing
    glyph.
    """
    put(_drawable(text, length=length), fontsize=size, color=INK, parse_math=False, **style)


def _drawable(text: str, *, length: int) -> str:
    """Shorten, and replace what the font lacks: a name in any script gives a picture, not a
    warning.
    """
    plain = "".join(_drawable_character(character) for character in text)
    return plain if len(plain) <= length else plain[: length - 1] + "…"


def _drawable_character(character: str) -> str:
    if unicodedata.category(character).startswith("C"):
        return " "
    return character if ord(character) in _known_glyphs() else "□"


@cache
def _known_glyphs() -> frozenset[int]:
    return frozenset(FT2Font(findfont("DejaVu Sans")).get_charmap())


def picture_of_nothing(title: str, message: str) -> bytes:
    """A small PNG that says why there is nothing to see."""
    figure = new_figure(4.6, 1.4, title)
    figure.text(0.5, 0.4, message, ha="center", fontsize=TEXT, color=MUTED)
    return png_of(figure)


def png_of(figure: Figure) -> bytes:
    """Render to a PNG without metadata, in the best quality that keeps it within `MAXIMUM_BYTES`."""
    canvas: Any = figure.canvas
    canvas.draw()
    image = Image.fromarray(np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3]))
    png = b""
    for colours, scale in _QUALITIES:
        png = _encoded(image, colours, scale)
        if len(png) <= MAXIMUM_BYTES:
            break
    return png


def _encoded(image: Image.Image, colours: int, scale: float) -> bytes:
    if scale < 1:
        size = (round(image.width * scale), round(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS)
    picture = image.quantize(palette=_palette_of(image, colours), dither=Image.Dither.NONE)
    buffer = BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def _palette_of(image: Image.Image, colours: int) -> Image.Image:
    """The style's own colours, which must not drift, and the best others for a ninth of the pixels.

    Fitting a palette to all pixels of a picture of many noisy lines takes seconds, and looks the
    same.
    """
    own = [channel for colour in _OWN_COLOURS for channel in ImageColor.getrgb(colour)]
    sample = image.resize((-(-image.width // 3), -(-image.height // 3)), Image.Resampling.NEAREST)
    fitted = sample.quantize(
        colours - len(_OWN_COLOURS), method=Image.Quantize.MAXCOVERAGE, kmeans=1
    )
    palette = Image.new("P", (1, 1))
    palette.putpalette(own + (fitted.getpalette() or []))
    return palette
