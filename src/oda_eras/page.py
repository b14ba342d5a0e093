"""The page of a figure: its colours and type, size, headline, footer and caption."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial, wraps
from pathlib import Path
from typing import Any, NamedTuple, cast

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.gridspec import SubplotSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedLocator
from matplotlib.transforms import Bbox

from oda_eras.study import RECIPIENTS as THE_FIVE

MM = 1 / 25.4
# "phone": the width of a narrow screen, in the pixels that browsers count by, 96 to the inch
PHONE_PX, PX_PER_INCH = 360, 96
WIDTHS_MM = {"single": 85, "double": 180, "phone": PHONE_PX / PX_PER_INCH / MM}
PRINT_DPI = 300
# Two pixels for each that a browser counts: sharp on a phone, and a notebook stays below 400 MiB.
PHONE_DPI = 2 * PX_PER_INCH

# What a colour means, once for all figures. Recipients have Okabe and Ito's; no two of all these
# look alike, and each has a marker, a dash or a hatch beside it where it meets another.
INK, QUIET, BAND = "#1a1a1a", "#595959", "#ececec"
COLOURS = {
    "KAZ": "#0072B2", "KGZ": "#D55E00", "TJK": "#009E73", "TKM": "#CC79A7", "UZB": "#E69F00",
    # gross is a light shade of net, what comes back of loans a dark one of theirs
    "net": "#332288", "gross": "#8f7fd1", "grants": "#aa3377", "loans": "#56B4E9",
    "repayments": "#123f57", "commitments": "#8a8a2b",
    # the donor studied, and the sums over its recipients
    "donor": "#b3001b", "other donors": "#8c8c8c", "placebo": "#b0b0b0",
    "all": INK, "without UZB": "#a0703c",
    # verdicts
    "holds": "#2e6b2e", "imprecise": "#c2b34a", "fails": "#5c1a10",
}  # fmt: skip
# For what is told apart within one figure only, such as methods, price bases or powers.
SERIES = ["#9c27b0", "#7cb342", "#4a4238", "#e05a5a", "#5b5bd6"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "p", "<", ">", "h", "*"]
# The recipients that figures show, by code and in their order, their colours, markers and hatches.
RECIPIENTS: dict[str, str] = {}
STYLES: dict[str, tuple[str, str]] = {}
HATCHES: dict[str, str] = {}


def show_recipients(names: dict[str, str]) -> None:
    """Have figures show other recipients than the five, given by code with their names.

    Colours come round again after five; markers and hatches tell the recipients apart then.
    """
    colours = [COLOURS[code] for code in THE_FIVE]
    hatches = ["", "////", "....", "xxxx", "", "\\\\\\\\", "oo", "++", "--", "||", "**", "//.."]
    for table in (RECIPIENTS, STYLES, HATCHES):
        table.clear()
    RECIPIENTS.update(names)
    for place, code in enumerate(names):
        STYLES[code] = (colours[place % len(colours)], MARKERS[place])
        HATCHES[code] = hatches[place]


show_recipients(THE_FIVE)
# Decimals of a page's width and height to which axes are placed.
SETTLED = 6
# Distance of what stands outside the panels from the page's edges.
EDGE_MM = 1
# sets small labels off from what lies behind them
HALO = withStroke(linewidth=1.6, foreground="white")

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    # the second for a sign that the first lacks, and for readers of an SVG who lack the first
    "font.sans-serif": ["Open Sans", "DejaVu Sans"],
    "font.size": 7,
    "axes.titlesize": 7,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.1,
    "lines.markersize": 2.8,
    "hatch.linewidth": 0.4,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    # nothing stands above a panel that its title had to be moved from, at every draw
    "axes.titley": 1.0,
    # hinted letters would be wider on screen than in print, and lines broken for print too long
    "text.hinting": "none",
    "figure.dpi": 110,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "oda-eras",
}
# Larger on a phone, where no type is smaller than 10 pixels.
PHONE_STYLE = {
    "font.size": 8, "axes.titlesize": 8.5, "axes.labelsize": 8, "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5, "legend.fontsize": 7.5, "lines.markersize": 3,
}  # fmt: skip


class TypeSizes(NamedTuple):
    """Points of what stands outside the panels, and the least of what stands in them."""

    headline: float
    subtitle: float
    footer: float
    least: float


PRINTED = TypeSizes(headline=9, subtitle=7, footer=5.5, least=5)
ON_PHONE = TypeSizes(headline=11, subtitle=8.5, footer=7.5, least=7.5)
# Millimetres beside the panels of a page that their tick labels and names take, on average.
BESIDE_MM = 20
# How wide names beside the panels of a phone's page may be, and a legend's sign.
NAMES_MM, HANDLE_MM = 28, 11

# Shipped, so that no figure depends on what a system has; small, since every PDF takes its letters
# from it anew.
FONTS = sorted((Path(__file__).parent / "fonts").glob("*.ttf"))


def register_fonts() -> None:
    """Make matplotlib draw with the shipped Open Sans, and not with one of the system's."""
    fonts = font_manager.fontManager
    fonts.ttflist = [font for font in fonts.ttflist if font.name != "Open Sans"]
    for path in FONTS:
        fonts.addfont(path)


register_fonts()
# what a reader's matplotlibrc sets is for other figures
mpl.rcdefaults()


_drawing_for_phone = False


def for_phone() -> bool:
    """Whether figures are being drawn for a phone."""
    return _drawing_for_phone


@contextmanager
def phone() -> Iterator[None]:
    """Have `new_figure` open pages for a phone: one panel below another, in larger type."""
    global _drawing_for_phone
    _drawing_for_phone = True
    try:
        yield
    finally:
        _drawing_for_phone = False


def for_phones(draw: Callable[..., Figure | None]) -> Callable[..., Figure | None]:
    """Let what a function draws be drawn again for a phone: `figure.on_phone()`."""

    @wraps(draw)
    def drawn(*arguments, **options):
        figure = draw(*arguments, **options)
        if figure is not None:
            figure.on_phone = partial(_draw_for_phone, draw, *arguments, **options)
        return figure

    return drawn


def _draw_for_phone(draw: Callable[..., Figure], *arguments, **options) -> Figure:
    with phone():
        figure = draw(*arguments, **options)
    fit_phone(figure)
    return figure


def use_style(on_phone: bool) -> None:
    """Set the style of a page: ticks take it when they are placed, which is as late as saving."""
    mpl.rcParams.update(STYLE | PHONE_STYLE if on_phone else STYLE)


def new_figure(
    width: str, height_mm: float, rows: int = 1, columns: int = 1, unit: str = "row",
    panel_mm: float | None = None, **options,
):  # fmt: skip
    """Open a figure of a preset width; returns (figure, axes).

    On a phone all panels stand below one another, row by row or, where a column is the unit that
    belongs together, column by column; `panel_mm` is how high each is then, on average.

    Raises ValueError for a width that is not a preset.
    """
    if width not in WIDTHS_MM:
        raise ValueError(f"width {width!r}: expected one of {', '.join(WIDTHS_MM)}")
    use_style(_drawing_for_phone)
    if _drawing_for_phone:
        return _phone_figure(height_mm, rows, columns, unit, panel_mm, options)
    size = (WIDTHS_MM[width] * MM, height_mm * MM)
    return plt.subplots(rows, columns, figsize=size, layout="constrained", **options)


def _phone_figure(height_mm, rows, columns, unit, panel_mm, options):
    """`new_figure` on a phone: axes in the shape that was asked for, stacked on the page."""
    ratios = np.array(options.get("height_ratios", [1] * rows), dtype=float)
    if panel_mm is None:
        panel_mm = height_mm / rows if columns == 1 else np.clip(height_mm / rows, 30, 42)
    places = [(row, column) for row in range(rows) for column in range(columns)]
    if unit == "column":
        places.sort(key=lambda place: place[::-1])
    heights = panel_mm * np.array([ratios[row] for row, _ in places]) / ratios.mean()
    figure = plt.figure(figsize=(WIDTHS_MM["phone"] * MM, heights.sum() * MM), layout="constrained")
    grid = figure.add_gridspec(len(places), 1, height_ratios=heights)
    figure.panels = axes = np.empty((rows, columns), dtype=object)
    for cell, (row, column) in zip(grid, places, strict=True):
        first = {True: axes[0, 0], "row": axes[row, 0], "col": axes[0, column]}
        sharing = {key: first.get(options.get(key)) for key in ("sharex", "sharey")}
        axes[row, column] = figure.add_subplot(cell, **sharing)
    if not options.get("squeeze", True):
        return figure, axes
    squeezed = axes.squeeze()
    return figure, squeezed if squeezed.ndim else squeezed.item()


def type_sizes(figure: Figure) -> TypeSizes:
    """The type of the page that a figure stands on."""
    narrow = abs(figure.get_size_inches()[0] / MM - WIDTHS_MM["phone"]) < 0.1
    return ON_PHONE if narrow else PRINTED


def fit_phone(figure: Figure) -> None:
    """Name the axes of each panel, set small type in the size of a phone, break long lines."""
    for line in vars(figure)["panels"]:
        for ax in line[1:]:  # beside the first it stood without a name
            if not ax.get_ylabel():
                ax.set_ylabel(line[0].get_ylabel())
    for text in figure.findobj(Text):
        text.set_fontsize(max(text.get_fontsize(), ON_PHONE.least))
    width_mm, height_mm = figure.get_size_inches() / MM
    for ax in figure.axes:
        title = vars(ax)["_left_title"]  # a panel's title as `loc="left"` sets it
        size = title.get_fontsize()
        weight = title.get_fontweight()
        title.set_text(broken_lines(title.get_text(), width_mm - BESIDE_MM, size, weight))
        beside_mm: float = BESIDE_MM
        if isinstance(ax.yaxis.get_major_locator(), FixedLocator):
            beside_mm += NAMES_MM / 2
            names = [label.get_text() for label in ax.get_yticklabels()]
            broken_names = [broken_lines(name, NAMES_MM, ON_PHONE.least) for name in names]
            ax.set_yticks(ax.get_yticks(), broken_names)
        # a little longer than the axes, which are known only after the layout
        grid = cast(SubplotSpec, ax.get_subplotspec())
        height = grid.get_position(figure).height * 1.05 * height_mm
        rooms = {ax.xaxis.label: width_mm - beside_mm, ax.yaxis.label: height}
        for name, room in rooms.items():
            name.set_text(broken_lines(name.get_text(), room, float(name.get_fontsize())))


def broken_lines(text: str, width_mm: float, size: float, weight: str = "normal") -> str:
    """Text whose lines are no wider than so many millimetres."""
    return "\n".join(
        line for part in text.split("\n") for line in balanced(part, width_mm, size, weight)
    )


def columns_that_fit(labels: list[str], figure: Figure) -> int:
    """How many columns a legend of these labels, column by column, may have on a figure's page."""
    size = mpl.rcParams["legend.fontsize"]
    room = figure.get_size_inches()[0] / MM - 2 * EDGE_MM
    for count in range(len(labels), 1, -1):
        columns = np.array_split(labels, count)  # as matplotlib does
        widths = [max(text_width_mm(label, size) for label in column) for column in columns]
        if sum(widths) + HANDLE_MM * len(columns) <= room:
            return count
    return 1


def levels(spans: list[tuple[float, float]]) -> list[int]:
    """The lowest level, from 0, on which each of some labels lies free of those before it.

    `spans` are where labels start and end, in the order of their starts.
    """
    ends: list[float] = []
    placed = []
    for start, end in spans:
        level = next((at for at, taken in enumerate(ends) if taken < start), len(ends))
        ends[level : level + 1] = [end]
        placed.append(level)
    return placed


def broken(text: str, width_mm: float, size: float, weight: str = "normal") -> list[str]:
    """Break text, set in so many points, into lines that are no wider than so many millimetres."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width_mm(longer, size, weight) > width_mm:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def balanced(text: str, width_mm: float, size: float, weight: str) -> list[str]:
    """Lines as few as `broken` makes them, of about equal length: no last word alone."""
    lines = broken(text, width_mm, size, weight)
    while len(lines) > 1:
        narrower = max(text_width_mm(line, size, weight) for line in lines) - 0.1
        tried = broken(text, narrower, size, weight)
        # as wide as before where the longest line is one word
        if len(tried) > len(lines) or tried == lines:
            break
        lines = tried
    return lines


def text_width_mm(text: str, size: float, weight: str = "normal") -> float:
    """Width of a line of text as it is printed; the shipped fonts do not kern."""
    first, *others = (word_width_mm(word, size, weight) for word in text.split())
    return first + sum(word_width_mm(" ", size, weight) + other for other in others)


@cache
def word_width_mm(word: str, size: float, weight: str) -> float:
    """Width of a word, which `text_width_mm` asks for more than once."""
    font = FontProperties(family=STYLE["font.sans-serif"], size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(word, font, ismath=False)[0] / 72 / MM


def lines_mm(count: int, size: float) -> float:
    """Height of so many lines of text of so many points."""
    return count * size * 1.35 / 72 / MM


def set_footer(figure: Figure, note: str) -> None:
    """Print a note, such as the source line, below all panels, which make room for it."""
    width_mm, height_mm = figure.get_size_inches() / MM
    size = type_sizes(figure).footer
    lines = broken(note, width_mm - 2 * EDGE_MM, size)
    taken_mm = 2 + lines_mm(len(lines), size)
    if type_sizes(figure) is ON_PHONE:  # a page of any length; in print its size is asked for
        height_mm += taken_mm
        figure.set_size_inches(width_mm * MM, height_mm * MM)
    share = taken_mm / height_mm
    layout = cast(ConstrainedLayoutEngine, figure.get_layout_engine())
    layout.set(rect=(0, share, 1, 1 - share))
    figure.text(
        EDGE_MM / width_mm, 0.8 / height_mm, "\n".join(lines), fontsize=size, color=QUIET,
        va="bottom", parse_math=False, gid="footer",
    )  # fmt: skip


def settle(figure: Figure, note: str) -> None:
    """Print the note below the panels and fix where all stands, once for every format.

    Positions are rounded: their last digits differ from process to process, and names in an SVG
    hang on them.
    """
    use_style(type_sizes(figure) is ON_PHONE)
    set_footer(figure, note)
    cast(ConstrainedLayoutEngine, figure.get_layout_engine()).execute(figure)
    figure.set_layout_engine("none")
    for ax in figure.axes:
        ax.set_position(Bbox.from_bounds(*(round(e, SETTLED) for e in ax.get_position().bounds)))


def set_headline(figure: Figure, headline: str, subtitle: str) -> None:
    """Print a headline, and in smaller type a subtitle, above all panels.

    The page grows by their height, all else keeps its size and its place above the page's foot.
    For a figure whose layout is settled: an engine would spread the panels over the new page.
    """
    width_mm, height_mm = figure.get_size_inches() / MM
    line_mm, sizes = width_mm - 2 * EDGE_MM, type_sizes(figure)
    first = balanced(headline, line_mm, sizes.headline, "bold")
    second = broken(subtitle, line_mm, sizes.subtitle)
    # from the edge to the subtitle
    below_mm = EDGE_MM + lines_mm(len(first), sizes.headline) + 0.4
    new_mm = height_mm + below_mm + lines_mm(len(second), sizes.subtitle) + 1
    kept = height_mm / new_mm
    for ax in figure.axes:
        left, bottom, width, height = ax.get_position().bounds
        ax.set_position((left, bottom * kept, width, height * kept))
    for text in figure.texts:
        text.set_y(text.get_position()[1] * kept)
    for legend in figure.legends:
        box = legend.get_bbox_to_anchor().transformed(figure.transFigure.inverted())
        place = (box.x0, box.y0 * kept, box.width, box.height * kept)
        legend.set_bbox_to_anchor(place, figure.transFigure)
    figure.set_size_inches(width_mm * MM, new_mm * MM)
    looks = {"x": EDGE_MM / width_mm, "va": "top", "parse_math": False}
    figure.text(
        y=1 - EDGE_MM / new_mm, s="\n".join(first), fontsize=sizes.headline, fontweight="bold",
        gid="headline", **looks,
    )  # fmt: skip
    figure.text(
        y=1 - below_mm / new_mm, s="\n".join(second), fontsize=sizes.subtitle, color=QUIET,
        gid="subtitle", **looks,
    )  # fmt: skip


class Caption(NamedTuple):
    """What the Markdown file beside a saved figure says, a paragraph each.

    heading is number and question, "Figure 5. Who has it?"; source the source line; data the
    table that is plotted, by its place in the outputs folder. Headline and subtitle stand first;
    a figure has both or neither. keys are those of the sources in sources.bib, none where the
    project computed all.
    """

    heading: str
    caption: str
    source: str
    data: str
    headline: str = ""
    subtitle: str = ""
    keys: tuple[str, ...] = ()

    def to_markdown(self) -> str:
        """The file's text."""
        parts = [self.headline, self.subtitle] if self.headline else []
        parts += [f"**{self.heading}**", self.caption, self.source]
        if self.keys:
            parts.append(f"Keys: {', '.join(self.keys)}.")
        return "\n\n".join([*parts, f"Data: {self.data}."]) + "\n"


def read_caption(path: Path) -> Caption:
    """Read what stands beside a figure. Raises ValueError where `Caption` has not written it."""
    first = r"(?:(?P<headline>.+)\n\n(?P<subtitle>.+)\n\n)?"
    form = (
        rf"{first}\*\*(?P<heading>Figure \d+\. .+)\*\*\n\n(?P<caption>.+)\n\n"
        r"(?P<source>Source: .+)\n\n(?:Keys: (?P<keys>.+)\.\n\n)?Data: (?P<data>\S+)\.\n"
    )
    match = re.fullmatch(form, path.read_text(encoding="utf-8"))
    if not match:
        raise ValueError(f"{path.name}: expected heading, caption, source line and data")
    found = match.groupdict(default="")
    keys = tuple(found.pop("keys").split(", ")) if found["keys"] else ()
    found.pop("keys", None)
    return Caption(**found, keys=keys)
