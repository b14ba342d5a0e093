"""The figures: one style and one function each, drawn at printed size.

Every function takes tidy frames and a `note` (measure, price basis, region, years, vintage),
which it prints as the figure's footer, and returns a matplotlib Figure.
"""

import textwrap

import matplotlib as mpl
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

WIDTHS_MM = {"single": 85, "double": 180}
MM = 1 / 25.4

RECIPIENTS = {
    "KAZ": "Kazakhstan",
    "KGZ": "Kyrgyzstan",
    "TJK": "Tajikistan",
    "TKM": "Turkmenistan",
    "UZB": "Uzbekistan",
}
# Okabe and Ito's colours, with a marker each so that grey prints tell them apart.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"]
MARKERS = ["o", "s", "^", "D", "v"]
STYLES = {r: (c, m) for r, c, m in zip(RECIPIENTS, COLOURS, MARKERS, strict=True)}
# The footer is set in 5.5 pt: so many characters fit on a millimetre, so high is a line.
FOOTER_CHARACTERS_PER_MM, FOOTER_LINE_MM = 0.92, 2.4
INK, QUIET, BAND = "#1a1a1a", "#595959", "#ececec"

STYLE = {
    "font.family": "DejaVu Sans",
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
    "figure.dpi": 110,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "oda-eras",
}


def new_figure(width: str, height_mm: float, note: str, rows: int = 1, columns: int = 1, **options):
    """Open a figure of a preset width with its footer; returns (figure, axes).

    Raises ValueError for a width that is not a preset.
    """
    if width not in WIDTHS_MM:
        raise ValueError(f"width {width!r}: expected one of {', '.join(WIDTHS_MM)}")
    mpl.rcParams.update(STYLE)
    width_mm = WIDTHS_MM[width]
    figure, axes = plt.subplots(
        rows, columns, figsize=(width_mm * MM, height_mm * MM), layout="constrained", **options
    )
    footer = textwrap.fill(note, int(width_mm * FOOTER_CHARACTERS_PER_MM))
    footer_mm = 2 + FOOTER_LINE_MM * (footer.count("\n") + 1)
    figure.get_layout_engine().set(rect=(0, footer_mm / height_mm, 1, 1 - footer_mm / height_mm))
    figure.text(0.008, 0.8 / height_mm, footer, fontsize=5.5, color=QUIET, va="bottom")
    return figure, axes


def date_position(dates: pd.Series) -> pd.Series:
    """Place dates on an axis where a calendar year is centred on its number."""
    dates = pd.to_datetime(dates)
    return dates.dt.year + (dates.dt.dayofyear - 1) / 365.25 - 0.5


def era_bands(ax, eras: pd.DataFrame, *, first: int, last: int, labels: bool) -> None:
    """Shade every other era, hatch the years that no era names, and label on request.

    `eras` is one scheme of data/eras.csv with dates; the axis runs over calendar years.
    """
    left, right = first - 0.5, last + 0.5
    opens = date_position(eras.opens).clip(left, right)
    closes = date_position(eras.closes).fillna(right).clip(left, right)
    reached = left
    for number, (start, end, label) in enumerate(zip(opens, closes, eras.label, strict=True)):
        if start > reached:
            ax.axvspan(reached, start, facecolor="none", edgecolor="#b0b0b0", hatch="////", lw=0)
        if number % 2:
            ax.axvspan(max(start, reached), end, color=BAND, lw=0, zorder=0)
        if labels:
            middle = (max(start, reached) + end) / 2
            ax.text(
                middle,
                1.02,
                label,
                transform=ax.get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize=5.5,
                color=QUIET,
            )
        reached = max(reached, end)
    ax.set_xlim(left, right)


def flows_by_recipient(flows: pd.DataFrame, eras: pd.DataFrame, note: str) -> Figure:
    """Bars of yearly flows, a panel for each recipient and one for their sum (f01).

    `flows` has columns recipient, year, usd_million, and recipient "ALL" for the sum.
    """
    figure, axes = new_figure("double", 120, note, rows=3, columns=2, sharex=True)
    first, last = int(flows.year.min()), int(flows.year.max())
    names = {**RECIPIENTS, "ALL": "All five"}
    for number, (ax, (code, name)) in enumerate(zip(axes.flat, names.items(), strict=True)):
        series = flows[flows.recipient == code]
        era_bands(ax, eras, first=first, last=last, labels=number < 2)
        colour = STYLES[code][0] if code in STYLES else INK
        ax.bar(series.year, series.usd_million, width=0.72, color=colour, zorder=2)
        ax.axhline(0, color=INK, lw=0.6, zorder=3)
        title = ax.set_title(name, loc="left", pad=9 if number < 2 else 3, fontweight="bold")
        title.set_fontsize(7)
        ax.yaxis.set_major_locator(MaxNLocator(4))
        ax.set_ylabel("US$ million")
    return figure


def total_with_and_without(totals: pd.DataFrame, note: str) -> Figure:
    """Lines of the five recipients' total with and without Uzbekistan (f05).

    `totals` has columns year, with_uzbekistan, without_uzbekistan (US$ million).
    """
    figure, ax = new_figure("single", 65, note)
    lines = [
        ("with_uzbekistan", "all five", COLOURS[0], "-", "o"),
        ("without_uzbekistan", "without Uzbekistan", COLOURS[1], "--", "s"),
    ]
    for column, label, colour, dash, marker in lines:
        ax.plot(totals.year, totals[column], dash, color=colour, marker=marker, label=label)
    ax.axhline(0, color=INK, lw=0.6, zorder=0)
    ax.set_ylabel("US$ million")
    ax.legend(frameon=False, loc="upper left")
    ax.margins(x=0.02)
    return figure


def years_by_era(flows: pd.DataFrame, eras: pd.DataFrame, note: str) -> Figure:
    """Every year as a dot in its era, with the era's median as a bar (f06).

    `flows` has columns year, era, usd_million; `eras` gives order and labels.
    """
    figure, ax = new_figure("double", 75, note)
    for position, era in enumerate(eras.era):
        years = flows[flows.era == era].sort_values("year")
        step = min(0.24, 0.84 / max(len(years), 1))
        places = [position + step * (i - (len(years) - 1) / 2) for i in range(len(years))]
        ax.hlines(
            years.usd_million.median(),
            position - 0.44,
            position + 0.44,
            color="#bdbdbd",
            lw=2,
            zorder=1,
        )
        ax.plot(places, years.usd_million, "o", color=COLOURS[0], markersize=3.4)
        for x, year, value in zip(places, years.year, years.usd_million, strict=True):
            ax.annotate(
                f"{year % 100:02d}",
                (x, value),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                fontsize=5.5,
                color=QUIET,
            )
    counts = flows.era.value_counts()
    names = eras.label + "\nn = " + eras.era.map(counts).fillna(0).astype(int).astype(str)
    ax.set_xticks(range(len(eras)), names)
    ax.axhline(0, color=INK, lw=0.6, zorder=0)
    ax.set_ylabel("US$ million")
    return figure


def f_path(path: pd.Series, label: str, note: str) -> Figure:
    """The F statistic of a mean shift at every admissible year.

    `path` holds F by the last year of the old level.
    """
    figure, ax = new_figure("single", 60, note)
    ax.plot(path.index, path.values, "-o", color=COLOURS[0])
    top = path.idxmax()
    ax.annotate(f"{top}", (top, path[top]), xytext=(0, 4), textcoords="offset points", ha="center")
    ax.set_xlabel("last year of the old level")
    ax.set_ylabel(label)
    ax.set_ylim(0, path.max() * 1.15)
    return figure


def share_by_recipient(shares: pd.DataFrame, note: str) -> Figure:
    """One donor's share of all donors' flows, a line for each recipient.

    `shares` has columns recipient, year, share_percent; a missing share breaks the line.
    """
    figure, axes = new_figure("double", 52, note, columns=5, sharey=True, sharex=True)
    for ax, (code, name) in zip(axes, RECIPIENTS.items(), strict=True):
        series = shares[shares.recipient == code].sort_values("year")
        colour, marker = STYLES[code]
        ax.plot(series.year, series.share_percent, color=colour, marker=marker, markersize=2.2)
        ax.axhline(0, color=INK, lw=0.6, zorder=0)
        ax.set_title(name, loc="left", fontweight="bold")
        ax.set_xticks([1992, 2007, 2022])
    axes[0].set_ylabel("share, %")
    return figure
