"""The figures: one function each, drawn at printed size or for a phone.

Every function takes tidy frames and returns a matplotlib Figure; the notebook that shows it adds
the source line as its footer.
"""

from collections.abc import Callable, Collection, Iterator
from itertools import product

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import offset_copy

from oda_eras.flows import SURE
from oda_eras.naming import years_in
from oda_eras.page import (
    BAND,
    BESIDE_MM,
    COLOURS,
    HALO,
    HATCHES,
    INK,
    MARKERS,
    MM,
    NAMES_MM,
    QUIET,
    RECIPIENTS,
    SERIES,
    STYLES,
    broken,
    columns_that_fit,
    for_phone,
    for_phones,
    levels,
    new_figure,
    text_width_mm,
    type_sizes,
)  # fmt: skip
from oda_eras.study import LEVEL
from oda_eras.words import equation, formatted

# How specifications tell measures apart.
MEASURE_MARKERS = {"net": "o", "gross": "o", "grants": "s", "commitments": "^"}
# More panels than that stand in two lines.
MOST_IN_LINE = 6
# Agreements of fewer billion yen carry no number.
LEAST_LABELLED = 10
# Where the time line of eras ends, a year.
END_OF_TIME = 2024.0
# More labels than that stand upright below an axis.
MOST_LABELS = 10
# A donor whose aid changed by more than so many times is named; beyond the second number a dot
# stands at the edge, with its value.
FAR, FARTHEST = 6, 64


def date_position(dates: pd.Series) -> pd.Series:
    """Place dates on an axis where a calendar year is centred on its number."""
    dates = pd.to_datetime(dates)
    return dates.dt.year + (dates.dt.day_of_year - 1) / 365.25 - 0.5


def era_bands(
    ax, eras: pd.DataFrame, *, first: int, last: int, labels: bool, beside_mm: float = BESIDE_MM
) -> float:
    """Shade every other era, hatch the years that no era names, and label on request.

    `eras` is one scheme of data/eras.csv with dates; the axis runs over calendar years and leaves
    so many millimetres of the page's width to what stands beside it. Returns how many points the
    labels take above the axes.
    """
    left, right = first - 0.5, last + 0.5
    opens = date_position(eras.opens).clip(left, right)
    closes = date_position(eras.closes).fillna(right).clip(left, right)
    reached, named, gaps, shaded = left, [], [], True
    for start, end, label in zip(opens, closes, eras.label, strict=True):
        # years without an era take a turn, so that an era looks alike in schemes with and without
        shaded ^= start - reached < 1 or reached == left
        if end <= left or start >= right:  # wholly outside the years of the run
            continue
        if start > reached:
            ax.axvspan(reached, start, facecolor="none", edgecolor="#b0b0b0", hatch="////", lw=0)
            gaps.append((start - reached, (reached + start) / 2))
        if shaded:
            ax.axvspan(max(start, reached), end, color=BAND, lw=0, zorder=0)
        named.append(((max(start, reached) + end) / 2, label))
        reached = max(reached, end)
    ax.set_xlim(left, right)
    if not labels or not named:
        return 0
    if gaps and max(gaps)[0] >= 1:  # once is enough
        named = sorted([*named, (max(gaps)[1], "no era")])
    size = max(5.5, type_sizes(ax.figure).least)
    on = levels([span(ax, at, label, size, beside_mm=beside_mm) for at, label in named])
    for (at, label), level in zip(named, on, strict=True):
        ax.annotate(
            label, (at, 1), xycoords=ax.get_xaxis_transform(), ha="center", va="bottom",
            xytext=(0, 1.5 + 1.25 * size * level), textcoords="offset points", fontsize=size,
            color=QUIET, annotation_clip=False,
        )  # fmt: skip
    return 1.25 * size * (max(on) + 1)


def span(
    ax, at: float, label: str, size: float, align: str = "center", beside_mm: float = BESIDE_MM
) -> tuple[float, float]:
    """From where to where a label would reach on the years of an axis as wide as the page lets."""
    left, right = ax.get_xlim()
    place = ax.get_subplotspec()
    of_page = len(place.colspan) / place.get_gridspec().ncols
    axis_mm = of_page * ax.figure.get_size_inches()[0] / MM - beside_mm
    wide = (text_width_mm(label, size) + (2 if for_phone() else 1)) * (right - left) / axis_mm
    start = {"center": at - wide / 2, "left": at, "right": at - wide}[align]
    return start, start + wide


def label_events(ax, events: pd.DataFrame, shift: float = 0) -> None:
    """Draw dates as lines up to their names at the top of the panel, which makes room for these.

    `events` has columns date, event, in the order of dates; names that would meet stand on
    several levels. `shift` is where the axis has a date less where `date_position` has it, years.
    """
    left, right = ax.get_xlim()
    dates = date_position(events.date) + shift
    shown = [
        (at, name) for at, name in zip(dates, events.event, strict=True) if left <= at <= right
    ]
    if not shown:
        return
    size = max(5.5, type_sizes(ax.figure).least)
    spans = []
    for at, name in shown:
        fits = span(ax, at, name, size, "left")[1] <= right
        spans.append((*span(ax, at, name, size, "left" if fits else "right"), at, name, fits))
    spans.sort(key=lambda one: one[0])
    on = levels([one[:2] for one in spans])
    bottom, top = ax.get_ylim()
    height_points = ax.get_subplotspec().get_position(ax.figure).height
    height_points *= ax.figure.get_size_inches()[1] * 72
    taken = 1.3 * size * (max(on) + 1) / height_points
    ax.set_ylim(bottom, bottom + (top - bottom) / (1 - taken))
    for (*_, at, name, fits), level in zip(spans, on, strict=True):
        top = 1 - 1.3 * size * level / height_points
        ax.axvline(at, ymax=top, color=INK, lw=0.5, ls=":", zorder=1)
        ax.annotate(
            name, (at, 1), xycoords=ax.get_xaxis_transform(), va="top",
            ha="left" if fits else "right", xytext=(1.5 if fits else -1.5, -1.3 * size * level),
            textcoords="offset points", fontsize=size, path_effects=[HALO],
        )  # fmt: skip


def mark_years(ax) -> None:
    """Have whole years marked below a panel, and below those that share its axis."""
    ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))


def panels_by_recipient(rows: pd.DataFrame, height: float):
    """Open a figure with a panel for each recipient, two to a row; returns (figure, {code: axes}).

    `rows` has a column recipient; a code that is no recipient's is a sum and comes last.
    """
    present = list(dict.fromkeys(rows.recipient))
    codes = [*(c for c in RECIPIENTS if c in present), *(c for c in present if c not in RECIPIENTS)]
    columns = min(len(codes), 2)
    lines = -(-len(codes) // columns)
    figure, axes = new_figure(
        "double", max(65, 12 + height * lines), rows=lines, columns=columns, sharex=True,
        squeeze=False,
    )  # fmt: skip
    for ax in list(axes.flat)[len(codes) :]:
        ax.remove()
    axes = dict(zip(codes, axes.flat, strict=False))
    mark_years(axes[codes[0]])
    for ax in list(axes.values())[-columns:]:  # above a panel that is left out there are years too
        ax.tick_params(labelbottom=True)
    return figure, axes


def panel_name(code: str, axes: Collection[str]) -> str:
    """Name of a panel: the recipient's, or how many are summed in it."""
    sums = {2: "Both", 3: "All three", 4: "All four", 5: "All five"}
    return RECIPIENTS.get(code) or sums.get(len(axes) - 1, "All")


def legend_above(figure: Figure, axes) -> None:
    """One legend above all panels for the labels that occur in any of them, if there are some."""
    entries: dict[str, Artist] = {}
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    if not entries:
        return
    first = [label for label, handle in entries.items() if isinstance(handle, PathPatch)]
    entries = {label: entries[label] for label in [*first, *entries]}  # bars before what marks them
    figure.legend(
        entries.values(), entries.keys(),
        loc="outside upper left" if for_phone() else "outside upper right",
        ncols=columns_that_fit(list(entries), figure),
        frameon=False, columnspacing=1.2,
    )  # fmt: skip


def name_lines(ax, ends: pd.Series, at: float, least: float, log: bool = False) -> None:
    """Name lines at their right ends (value by name, at one place on the x axis).

    Names stand at least so far apart, in units of the axis or of its decimal logarithm.
    """
    places = 10 ** spread(np.log10(ends), least) if log else spread(ends, least)
    beside = at + 0.05 * np.ptp(ax.get_xlim())
    for name, place in places.items():
        ax.annotate(
            "", (at, ends[name]), xytext=(beside, place), annotation_clip=False,
            arrowprops={"arrowstyle": "-", "lw": 0.4, "shrinkA": 1, "shrinkB": 2},
        )  # fmt: skip
        ax.text(beside, place, name, va="center", fontsize=max(6, type_sizes(ax.figure).least))


@for_phones
def flows_by_recipient(
    flows: pd.DataFrame, eras: pd.DataFrame, events: pd.DataFrame | None = None
) -> Figure:
    """Bars of yearly flows: their sum, above a smaller panel for each recipient (f01).

    `flows` has columns recipient, year, usd_million; a code that is no recipient's is the sum. A
    year without a value is marked as not reported. `events` has date and event, named in the
    large panel.
    """
    present = list(dict.fromkeys(flows.recipient))
    sums = [code for code in present if code not in RECIPIENTS]
    codes = [*sums, *(code for code in RECIPIENTS if code in present)]
    first, last = int(flows.year.min()), int(flows.year.max())
    figure, large, small = one_above_many(len(codes) - 1)
    axes = dict(zip(codes, [large, *small], strict=True))
    for code, ax in axes.items():
        series = flows[flows.recipient == code].set_index("year").usd_million
        series = series.reindex(range(first, last + 1))
        pad = era_bands(ax, eras, first=first, last=last, labels=ax is large)
        colour = STYLES[code][0] if code in STYLES else INK
        bars(ax, series.index, series, width=0.72, facecolor=colour, zorder=2)
        ax.axhline(0, color=INK, lw=0.6, zorder=3)
        mark_blank(ax, series)
        name = panel_name(code, axes)
        if code in RECIPIENTS:
            name = panel_title(code, min(max(len(small), 1), MOST_IN_LINE))
        ax.set_title(name, loc="left", pad=pad + 3, fontweight="bold")
        ax.yaxis.set_major_locator(MaxNLocator(4 if ax is large else 3))
        wide = ax is large or for_phone()
        ax.xaxis.set_major_locator(MaxNLocator(7 if wide else 3, integer=True))
    large.set_ylabel("US$ million")
    for ax in small if for_phone() else small[:1]:
        ax.set_ylabel("US$ million,\nown scale")
    if events is not None:
        label_events(large, events)
    legend_above(figure, axes.values())
    return figure


def one_above_many(count: int):
    """Open a figure with one panel above a row of smaller ones; returns (figure, axes, axes)."""
    if not count:
        figure, ax = new_figure("double", 60)
        return figure, ax, []
    if for_phone():
        ratios = [7, *[3] * count]
        figure, (above, *rest) = new_figure(
            "phone", 0, rows=count + 1, panel_mm=36, height_ratios=ratios
        )
        return figure, above, rest
    lines = -(-count // MOST_IN_LINE)
    figure, axes = new_figure(
        "double", 64 + 40 * lines, rows=1 + lines, columns=-(-count // lines),
        height_ratios=[5, *[3] * lines], squeeze=False,
    )  # fmt: skip
    above, *spare = axes[0]
    for ax in [*spare, *axes[1:].flat[count:]]:
        ax.remove()
    above.set_subplotspec(above.get_gridspec()[0, :])
    return figure, above, list(axes[1:].flat[:count])


def lines_of_panels(width: str, height: float, codes: list[str], **options):
    """Open a figure with a panel for each recipient, in lines; returns (figure, {code: axes})."""
    lines = 1 if for_phone() else -(-len(codes) // MOST_IN_LINE)
    figure, axes = new_figure(
        width, height * lines, rows=lines, columns=-(-len(codes) // lines), sharex=True,
        sharey=True, squeeze=False, **options,
    )  # fmt: skip
    for ax in axes.flat[len(codes) :]:
        ax.remove()
    for ax in axes.flat[len(codes) - axes.shape[1] : len(codes)]:  # above one that is left out too
        ax.tick_params(labelbottom=True)
    return figure, dict(zip(codes, axes.flat, strict=False))


def panel_title(code: str, columns: int) -> str:
    """A recipient's name above one of so many panels in a line: a long one is broken."""
    if for_phone():
        return RECIPIENTS[code]
    return "\n".join(broken(RECIPIENTS[code], 180 / columns - 8, 7, "bold"))


def mark_blank(ax, series: pd.Series) -> None:
    """Mark the years (index) without a value, which bars would show as zero."""
    blank = series.index[series.isna()]
    if len(blank):
        ax.plot(
            blank, [0] * len(blank), "x", color=INK, markersize=2.6, markeredgewidth=0.6,
            zorder=4, label="not reported",
            transform=offset_copy(ax.transData, ax.figure, y=3, units="points"),
        )  # fmt: skip


@for_phones
def what_is_reported(flows: pd.DataFrame, first: int, last: int) -> Figure:
    """A tile for each recipient and year that a measure reports, hollow where negative (f17).

    `flows` has columns recipient, year, measure (net, grants, gross), usd_million; the axis runs
    from `first` to `last`.
    """
    codes = [code for code in RECIPIENTS if code in set(flows.recipient)]
    names = {"net": "Net", "grants": "Grants", "gross": "Gross"}
    if "commitments" in set(flows.measure):
        names["commitments"] = "Commitments"
    figure, axes = new_figure(
        "double",
        max(19, 10 + 3 * len(codes)) * len(names),
        rows=len(names),
        sharex=True,
        panel_mm=14 + 4 * len(codes),
    )
    for ax, (measure, name), colour in zip(
        axes, names.items(), (COLOURS[name] for name in names), strict=True
    ):
        own = flows[flows.measure == measure]
        for negative, fill in ((False, colour), (True, "white")):
            some = own[(own.usd_million < 0) == negative]
            bars(
                ax, some.year, 0.72, bottom=some.recipient.map(codes.index) - 0.36, width=0.76,
                facecolor=fill, edgecolor=colour, lw=0.6,
            )  # fmt: skip
        cells = len(codes) * (last - first + 1)
        reported = own.drop_duplicates(["recipient", "year"])
        title = f"{name}: {len(reported)} of {cells} recipient-years"
        below = (reported.usd_million < 0).sum()
        title += f", {below} below zero (hollow)" if below else ""
        ax.set_title(title, loc="left", fontweight="bold")
        ax.set_yticks(range(len(codes)), [RECIPIENTS[code] for code in codes])
        ax.set_ylim(len(codes) - 0.4, -0.6)
        ax.tick_params(left=False)
        ax.spines["left"].set_visible(False)
    axes[-1].set_xlim(first - 0.6, last + 0.6)
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


@for_phones
def total_with_and_without(totals: pd.DataFrame, whole: str = "all recipients") -> Figure:
    """Lines of the recipients' total with and without Uzbekistan (f05).

    `totals` has columns year, with_uzbekistan, without_uzbekistan (US$ million); the second is
    empty where there is no other recipient. `whole` names the recipients together.
    """
    figure, ax = new_figure("single", 65)
    mark_years(ax)
    lines = [
        ("with_uzbekistan", whole.replace(" ", "\n"), COLOURS["all"], "-", "o"),
        ("without_uzbekistan", "without\nUzbekistan", COLOURS["without UZB"], "--", "s"),
    ]
    ends = {}
    for column, label, colour, dash, marker in lines:
        known = totals.dropna(subset=column)
        if len(known):
            ax.plot(totals.year, totals[column], dash, color=colour, marker=marker)
            ends[label] = known[column].iloc[-1]
    ax.axhline(0, color=INK, lw=0.6, zorder=0)
    ax.set_ylabel("US$ million")
    name_lines(ax, pd.Series(ends), totals.year.max(), 0.14 * np.ptp(ax.get_ylim()))
    ax.margins(x=0.02)
    return figure


@for_phones
def years_by_era(flows: pd.DataFrame, eras: pd.DataFrame) -> Figure:
    """Every year as a dot in its era, with the era's median as a bar (f06).

    `flows` has columns year, era, usd_million; `eras` gives order and labels.
    """
    figure, ax = new_figure("double", 75)
    room = 0.11 * np.ptp(flows.usd_million)
    for position, era in enumerate(eras.era):
        years = flows[flows.era == era].sort_values("year")
        step = min(0.24, 0.84 / max(len(years), 1))
        places = [position + step * (i - (len(years) - 1) / 2) for i in range(len(years))]
        if len(years) > 2:  # a median over one or two years describes nothing else
            ends = [position - 0.44, position + 0.44]
            median = years.usd_million.median()
            ax.hlines(median, *ends, color="#bdbdbd", lw=2, zorder=1)
        ax.plot(places, years.usd_million, "o", color=COLOURS["all"], markersize=3.4)
        ends = [years.usd_million.min(), years.usd_million.max()]
        for x, year, value in zip(places, years.year, years.usd_million, strict=True):
            if for_phone() and value not in ends:  # no room for all
                continue
            # beside its dot where the median's bar would meet it; on a phone the least is below
            place = {"xytext": (0, 3), "ha": "center", "va": "bottom"}
            if for_phone() and value == ends[0] > room / 2:
                place = {"xytext": (0, -2), "ha": "center", "va": "top"}
            elif not for_phone() and room / 3 < years.usd_million.median() - value < room:
                place = {"xytext": (3, 0), "ha": "left", "va": "center"}
            ax.annotate(
                f"{year % 100:02d}", (x, value), color=QUIET, textcoords="offset points",
                fontsize=5.5, **place,
            )  # fmt: skip
    held = flows.groupby("era").year.agg(["min", "max", "size"])
    held = held.reindex(eras.era, fill_value=0)
    upright = len(eras) > MOST_LABELS or for_phone()
    names = []
    for label, (_, of) in zip(eras.label, held.iterrows(), strict=True):
        years = years_in(of[["min", "max"]].astype(int)) if of["size"] > 0 and not upright else ""
        names.append("\n".join(filter(None, [label, years, f"n = {of['size']:.0f}"])))
    ax.set_xticks(range(len(eras)), names, rotation=90 if upright else 0)
    ax.axhline(0, color=INK, lw=0.6, zorder=0)
    ax.set_ylabel("US$ million")
    return figure


def within(name: str) -> str:
    """A name of a sum of recipients as it stands within a line: "without Uzbekistan"."""
    return name[:1].lower() + name[1:]


@for_phones
def placebo_recipients(rows: pd.DataFrame, named: Callable[[str], str]) -> Figure:
    """Changes of a donor's aid to placebo groups, and that to the studied ones (f29).

    A row of panels for each group, a panel for each transition; `rows` is a result of
    `oda_eras.placebo_recipients.histogram`, `named` gives transitions and groups their names.
    """
    groups, steps = (list(dict.fromkeys(rows[key])) for key in ("group", "transition"))
    figure, axes = new_figure(
        "double", 18 + 27 * len(groups), rows=len(groups), columns=len(steps), squeeze=False,
        sharex=True, sharey="row", unit="column",
    )  # fmt: skip
    for group, line in zip(groups, axes, strict=True):
        for step, ax in zip(steps, line, strict=True):
            some = rows[(rows.group == group) & (rows.transition == step)].sort_values("lower")
            bins = some[some.percent.notna()]
            edges = [*bins.lower, bins.upper.iloc[-1]]
            ax.stairs(bins.percent, edges, fill=True, color=COLOURS["placebo"])
            own = some[some.percent.isna()].iloc[0]
            ax.axvline(own.lower, color=COLOURS["donor"], lw=1.6)
            right = own.lower < 0
            ax.annotate(
                equation(own.p_adjusted), (own.lower, 1), xycoords=("data", "axes fraction"),
                xytext=(3 if right else -3, 0), textcoords="offset points", va="top",
                ha="left" if right else "right", color=INK,
            )  # fmt: skip
            if for_phone():
                ax.set_title(f"{named(step)}, {within(named(group))}", loc="left")
            elif ax in axes[0]:
                ax.set_title(named(step), loc="left", fontweight="bold")
            if ax in axes[-1]:
                ax.set_xlabel("change of √share")
        of = "" if for_phone() else f"{named(group)}\n"  # on a phone the titles say of whom
        line[0].set_ylabel(f"{of}% of placebo groups")
        # room for p above the bars
        line[0].set_ylim(
            top=(1.5 if for_phone() else 1.25) * rows[rows.group == group].percent.max()
        )
    return figure


@for_phones
def eras_by_share(
    rows: pd.DataFrame, eras: pd.DataFrame, named: Callable[[str], str], wholes: dict[str, str]
) -> Figure:
    """Shares of a donor's aid by year as dots, and pooled by era as bars (f30).

    A panel for each measure; `rows` has columns measure, group, year, share_percent, era,
    era_share_percent, `eras` is one scheme, `named` gives groups their names, `wholes` says what
    a measure's shares are of.
    """
    measures = list(dict.fromkeys(rows.measure))
    first, last = int(rows.year.min()), int(rows.year.max())
    figure, axes = new_figure(
        "double", 25 + 34 * len(measures), rows=len(measures), sharex=True, squeeze=False
    )
    mark_years(axes[0, 0])
    # bands of whole years, as the bars are
    held = rows.groupby("era").year.agg(["min", "max"]).astype(int)
    eras = eras[eras.era.isin(held.index)]
    opens, closes = eras.era.map(held["min"]), eras.era.map(held["max"]) + 1
    eras = eras.assign(opens=opens.astype(str) + "-01-01", closes=closes.astype(str) + "-01-01")
    looks = [(COLOURS["all"], "o"), (COLOURS["without UZB"], "s")]
    for ax, measure in zip(axes[:, 0], measures, strict=True):
        era_bands(ax, eras, first=first, last=last, labels=ax is axes[0, 0])
        own = rows[rows.measure == measure]
        for (colour, marker), (group, some) in zip(
            looks, own.groupby("group", sort=False), strict=False
        ):
            ax.plot(some.year, some.share_percent, marker, color=colour, label=named(group))
            pooled = some.dropna(subset="era_share_percent")
            width = 2.6 if colour == COLOURS["all"] else 1.1  # both are seen where they are equal
            for _, years in pooled.groupby("era", sort=False):
                ends = [years.year.min() - 0.45, years.year.max() + 0.45]
                ax.plot(ends, [years.era_share_percent.iloc[0]] * 2, color=colour, lw=width)
        ax.axhline(0, color=INK, lw=0.6, zorder=0)
        ax.set_ylabel(f"share of\n{wholes[measure]}, %")
    last = rows[rows.measure == measures[0]].dropna(subset="era_share_percent")
    bars = last.groupby("group", sort=False).last().rename(named).era_share_percent
    if for_phone():
        legend_above(figure, axes[:, 0])
    else:
        name_lines(axes[0, 0], bars, last.year.max() + 0.5, 0.1 * np.ptp(axes[0, 0].get_ylim()))
    figure.align_ylabels(axes[:, 0])
    return figure


@for_phones
def share_by_recipient(shares: pd.DataFrame) -> Figure:
    """One donor's share of all donors' flows, a line for each recipient (f21).

    `shares` has columns recipient, year, share_percent; a missing share breaks the line.
    """
    recipients = [r for r in RECIPIENTS if r in set(shares.recipient)]
    width = "double" if len(recipients) > 1 else "single"
    figure, axes = lines_of_panels(width, 52, recipients)
    for code, ax in axes.items():
        series = shares[shares.recipient == code].sort_values("year")
        colour, marker = STYLES[code]
        ax.plot(series.year, series.share_percent, color=colour, marker=marker, markersize=2.2)
        ax.axhline(0, color=INK, lw=0.6, zorder=0)
        title = panel_title(code, min(len(recipients), MOST_IN_LINE))
        ax.set_title(title, loc="left", fontweight="bold")
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes[recipients[0]].set_ylabel("share, %")
    return figure


def by_fill(rows: pd.DataFrame, colour: str) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Cells by how sure they are: a label, the fill of their markers, and the rows.

    `rows` has a column label, a status of `oda_eras.flows`; a group without rows is left out.
    """
    for fill, statuses in ((colour, SURE), ("white", ["inferred", "extrapolated"])):
        some = rows[rows.label.isin(statuses)]
        if len(some):
            yield " or ".join(statuses), fill, some


@for_phones
def implied_repayments(rows: pd.DataFrame, currency: str) -> Figure:
    """What was repaid, gross less net, with the levels that repeat as labelled lines (f13).

    `rows` is a result of `oda_eras.measures.repayments`. Bars run from low to high.
    """
    recipients = [r for r in RECIPIENTS if r in set(rows.recipient)]
    figure, axes = new_figure("double", 62, columns=len(recipients), sharex=True, squeeze=False)
    for ax, code in zip(axes[0], recipients, strict=True):
        series = rows[rows.recipient == code]
        colour, marker = STYLES[code]
        ax.plot(
            [series.year] * 2, [series.low, series.high], color=colour, alpha=0.35, lw=2,
            solid_capstyle="butt",
        )  # fmt: skip
        for _, fill, some in by_fill(series, colour):
            ax.plot(
                some.year, some.lcu_million, marker, color=colour, markerfacecolor=fill,
                markersize=2.6, markeredgewidth=0.6,
            )  # fmt: skip
        ax.axhline(0, color=INK, lw=0.6, zorder=0)
        ax.set_ylim(top=series.high.max() * 1.15)
        ax.set_title(RECIPIENTS[code], loc="left", fontweight="bold")
        most = series.high.max()
        level = series[series.level > 0.1 * most]
        runs = [run for _, run in level.groupby((level.level != level.level.shift()).cumsum())]
        before = 0.0
        for run, following in zip(runs, [*runs[1:], None], strict=False):
            height, middle = run.level.iloc[0], run.year.mean()
            ends = [run.year.min() - 0.5, run.year.max() + 0.5]
            ax.plot(ends, [height] * 2, color=INK, lw=0.7, zorder=0)
            # above a rise, but below where the next level is close above
            close = following is not None and 0 < following.level.iloc[0] - height < 0.12 * most
            up = height > before and not close
            ax.annotate(
                f"{height:,.0f}", (middle, height), xytext=(-6, 4) if up else (5, -5),
                textcoords="offset points", ha="center", va="bottom" if up else "top",
                fontsize=5.5, color=QUIET,
            )  # fmt: skip
            before = height
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        ax.yaxis.set_major_formatter("{x:,.0f}")
        ax.margins(x=0.04)
    axes[0, 0].set_ylabel(f"million {currency},\nown scales")
    for label, fill, _ in by_fill(rows, INK):  # of no recipient's colour and marker
        axes[0, 0].plot([], [], "o", color=INK, markerfacecolor=fill, markersize=3, label=label)
    axes[0, 0].plot([], [], color=COLOURS["other donors"], lw=2, label="bounds")
    axes[0, 0].plot([], [], color=INK, lw=0.7, label="a level that repeats")
    legend_above(figure, axes[0])
    return figure


@for_phones
def price_bases(totals: pd.DataFrame) -> Figure:
    """One flow in current prices, constant prices and at a fixed exchange rate (f04).

    `totals` has columns year, price_basis, index (mean of the years with all
    bases = 100). The lower panel divides each index by the one in current prices, the first basis.
    """
    figure, (above, below) = new_figure("single", 92, rows=2, sharex=True, height_ratios=[3, 2])
    mark_years(above)
    wide = totals.pivot(index="year", columns="price_basis", values="index")
    first, *others = totals.price_basis.unique()
    for basis, colour, marker, dash in zip(
        (first, *others), SERIES, MARKERS, ["-", "--", ":"], strict=False
    ):
        above.plot(wide.index, wide[basis], dash, color=colour, marker=marker, label=basis)
        if basis != first:
            below.plot(wide.index, wide[basis] / wide[first], dash, color=colour, marker=marker)
    above.axhline(0, color=INK, lw=0.6, zorder=0)
    above.set_ylabel("index, mean = 100")
    legend_above(figure, [above])
    below.axhline(1, color=INK, lw=0.6, zorder=0)
    below.set_ylabel("ratio to current US$")
    above.margins(x=0.02)
    figure.align_ylabels([above, below])
    return figure


def unit_of(rows: pd.DataFrame) -> tuple[float, str]:
    """How many million the axes of `made_of` count by, and that unit's name, for its words too."""
    most = rows[["grants", "loans_drawn", "loans_net"]].max().max()
    return (1e3, "billion") if most >= 1e4 else (1, "million")


@for_phones
def made_of(rows: pd.DataFrame, currency: str) -> Figure:
    """Grants and loans drawn as stacked bars, repayments as bars below zero (f02).

    `rows` is a result of `oda_eras.patterns.made_of`; a code that is no recipient's is the sum.
    Where loans drawn are missing, net loans stand for them, and a line below zero spans what may
    have been repaid.
    """
    figure, axes = panels_by_recipient(rows, 34)
    scale, unit = unit_of(rows)
    for code, ax in axes.items():
        series = rows[rows.recipient == code]
        bars(ax, series.year, series.grants, facecolor=COLOURS["grants"], label="grants")
        bars(
            ax, series.year, series.loans_drawn, bottom=series.grants, facecolor=COLOURS["loans"],
            hatch="////", edgecolor="white", label="loans drawn",
        )  # fmt: skip
        bars(
            ax, series.year, -series.repayments, facecolor=COLOURS["repayments"],
            label="repayments",
        )  # fmt: skip
        some = series[series.loans_drawn.isna()]
        if len(some):
            base = some.grants.where(some.loans_net > 0, 0)
            bars(
                ax, some.year, some.loans_net, bottom=base, facecolor=COLOURS["loans"],
                hatch="xxxxxx", edgecolor="white", label="loans drawn less repayments",
            )  # fmt: skip
            spans(
                ax, some.year, -some.repayments_high, -some.repayments_low,
                label="repayments, bounds",
            )  # fmt: skip
        ax.axhline(0, color=INK, lw=0.6)
        ax.set_title(panel_name(code, axes), loc="left", fontweight="bold")
        ax.yaxis.set_major_locator(MaxNLocator(4))
        ax.yaxis.set_major_formatter(lambda value, _: f"{value / scale:,g}")
        ax.set_ylabel(f"{unit} {currency}")
    legend_above(figure, axes.values())
    return figure


def spans(ax, years: pd.Series, low: pd.Series, high: pd.Series, label: str) -> None:
    """Thin lines between the bounds of years in which they differ."""
    wide = high > low
    if wide.any():
        ends = pd.DataFrame({"low": low[wide], "high": high[wide], "gap": float("nan")})
        ax.plot(years[wide].repeat(3), ends.to_numpy().ravel(), "-", color=INK, lw=0.7, label=label)


@for_phones
def three_measures(rows: pd.DataFrame) -> Figure:
    """Net flows and grants as lines, gross flows as markers, by recipient and in all (f03).

    `rows` is a result of `oda_eras.patterns.three_measures`; a code that is no recipient's is the
    sum. Gross is filled where it is known or converted, open where it is inferred or
    extrapolated, and a thin line spans its bounds where it is neither known nor converted. A year
    that is not known breaks a line.
    """
    figure, axes = panels_by_recipient(rows, 34)
    years = range(int(rows.year.min()), int(rows.year.max()) + 1)
    fills = [
        (["known", "converted"], COLOURS["gross"], "gross"),
        (["inferred", "extrapolated"], "white", "gross, inferred or extrapolated"),
    ]
    for code, ax in axes.items():
        own = rows[rows.recipient == code]
        for measure, dash in (("net", "-"), ("grants", "--")):
            flow = own[own.measure == measure].set_index("year").usd_million.reindex(years)
            # a known year between two that are not would be a line without length
            alone = flow[flow.notna() & flow.shift().isna() & flow.shift(-1).isna()]
            ax.plot(years, flow, dash, color=COLOURS[measure], label=measure)
            ax.plot(alone.index, alone, ".", color=COLOURS[measure], markersize=2.4)
        gross = own[own.measure == "gross"]
        unsure = gross[~gross.status.isin(fills[0][0])]
        spans(ax, unsure.year, unsure.low, unsure.high, label="gross, bounds")
        for statuses, fill, label in fills:
            some = gross[gross.status.isin(statuses)]
            if len(some):
                ax.plot(
                    some.year, some.usd_million, "o", color=COLOURS["gross"],
                    markerfacecolor=fill, markersize=2.6, markeredgewidth=0.6, label=label,
                )  # fmt: skip
        ax.axhline(0, color=INK, lw=0.6, zorder=0)
        ax.set_title(panel_name(code, axes), loc="left", fontweight="bold")
        ax.yaxis.set_major_locator(MaxNLocator(4))
        ax.set_ylabel("US$ million")
    legend_above(figure, axes.values())
    return figure


def bars(ax, places, heights, bottom=0, width: float = 0.75, lw: float = 0, **look) -> None:
    """Bars as one shape, which is drawn several times as fast as a shape for each, as `ax.bar`'s.

    A missing height has no bar.
    """
    left, low, height = (
        np.asarray(some, dtype=float) for some in np.broadcast_arrays(places, bottom, heights)
    )
    known = np.isfinite(height)
    left, low = left[known] - width / 2, low[known]
    right, high = left + width, low + height[known]
    corners = [(left, low), (right, low), (right, high), (left, high), (left, low)]
    outline = np.array(corners).transpose(2, 0, 1).reshape(-1, 2)
    steps = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    shape = PathPatch(Path(outline, steps * len(left)), lw=lw, **look)
    shape.sticky_edges.y.extend(low)  # as of `ax.bar`: no margin below what stands on a line
    ax.add_patch(shape)
    ax.autoscale_view()


def stack_recipients(ax, cells: pd.DataFrame, **options) -> None:
    """Bars by year (index), recipients (columns) on one another, the last, Uzbekistan, at the base.

    A missing cell has no height.
    """
    base = pd.Series(0.0, index=cells.index)
    for code in [code for code in reversed(RECIPIENTS) if code in cells]:
        height = cells[code].fillna(0)
        bars(
            ax, cells.index, height, bottom=base, facecolor=STYLES[code][0], hatch=HATCHES[code],
            edgecolor="white", label=RECIPIENTS[code], **options,
        )  # fmt: skip
        base = base + height


@for_phones
def concentration(rows: pd.DataFrame) -> Figure | None:
    """Each recipient's share of the sum by year, stacked, a panel for each measure (f15).

    `rows` has columns measure, recipient, year, share_percent. None without rows.
    """
    if rows.empty:
        return None
    measures = list(dict.fromkeys(rows.measure))
    figure, axes = new_figure(
        "double", 62, columns=len(measures), sharex=True, sharey=True, squeeze=False
    )
    years = range(int(rows.year.min()), int(rows.year.max()) + 1)
    shares = rows.pivot(index="year", columns=["measure", "recipient"], values="share_percent")
    for ax, measure in zip(axes[0], measures, strict=True):
        stack_recipients(ax, shares[measure].reindex(years), width=0.8)
        ax.set_title(measure, loc="left", fontweight="bold")
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes[0, 0].set_ylim(0, 100)
    axes[0, 0].set_ylabel("share of the recipients, %")
    if for_phone():
        legend_above(figure, [axes[0, 0]])
    else:
        last = shares[measures[-1]].dropna().iloc[-1]
        last = last[[code for code in reversed(RECIPIENTS) if code in last]]
        middles = (last.cumsum() - last / 2).rename(RECIPIENTS)
        name_lines(axes[0, -1], middles, years[-1] + 0.4, 7)
    return figure


@for_phones
def ranks_among_donors(rows: pd.DataFrame) -> Figure:
    """One donor's rank among all donors by year, a panel for each recipient (f16).

    `rows` has columns recipient, year, rank, donors, share_percent.
    """
    codes = [code for code in RECIPIENTS if code in set(rows.recipient)]
    years = range(int(rows.year.min()), int(rows.year.max()) + 1)
    figure, axes = lines_of_panels("double", 58, codes)
    for code, ax in axes.items():
        series = rows[rows.recipient == code].sort_values("year")
        colour, marker = STYLES[code]
        # without a share the net flow is negative: more is repaid than given, and the rank is low
        for repaid, fill in ((False, colour), (True, "white")):
            some = series[series.share_percent.isna() == repaid]
            ax.plot(
                some.year, some["rank"], marker, color=colour, markersize=2.4,
                markerfacecolor=fill, markeredgewidth=0.6,
            )  # fmt: skip
        bars(ax, series.year, series.donors + 0.5, width=1.0, facecolor=BAND, zorder=0)
        title = panel_title(code, min(len(codes), MOST_IN_LINE))
        ax.set_title(title, loc="left", fontweight="bold")
        ax.set_xticks(years[:: (len(years) - 1) // 2])
    most, first = int(rows.donors.max()), axes[codes[0]]
    first.set_ylim(most + 1, 0)
    first.set_yticks([1, *range(10, most + 1, 10)])
    first.set_ylabel("rank\n(grey: donors ranked)")
    if rows.share_percent.isna().any():
        first.plot(
            [], [], "o", color=INK, markerfacecolor="white", markersize=3, markeredgewidth=0.6,
            label="net flow negative: more repaid than given",
        )  # fmt: skip
    legend_above(figure, [first])
    return figure


@for_phones
def side_by_side(rows: pd.DataFrame, whose: str) -> Figure | None:
    """A donor's disbursements above China's commitments, each with an axis of its own (f20).

    `rows` is a result of `oda_eras.patterns.beside_china`; China's classes are stacked. `whose`
    names the donor, "Japan's". None where there are no rows.
    """
    if rows.empty:
        return None
    figure, axes = new_figure("double", 95, rows=2, sharex=True)
    mark_years(axes[0])
    years = range(int(rows.year.min()), int(rows.year.max()) + 1)
    classes = [(SERIES[2], ""), (SERIES[3], "////"), (SERIES[1], "....")]
    looks = [[(COLOURS["net"], "")], classes]
    titles = {"current": f"{whose} net disbursements", "constant 2021": "China's commitments"}
    for ax, (basis, title), look in zip(axes, titles.items(), looks, strict=True):
        base = pd.Series(0.0, index=years)
        ax.axhline(0, color=INK, lw=0.6)
        own = rows[rows.price_basis == basis].groupby("series", sort=False)
        for (series, flow), (colour, hatch) in zip(own, look, strict=False):
            flow = flow.set_index("year").usd_million.reindex(years)
            if basis == "current":  # commitments: without a row, none is recorded
                mark_blank(ax, flow)
            values = flow.fillna(0)
            bars(
                ax, years, values, bottom=base, facecolor=colour, hatch=hatch, edgecolor="white",
                label=series,
            )  # fmt: skip
            base = base + values
        ax.set_title(title, loc="left", fontweight="bold")
        ax.set_ylabel(f"{basis} US$ million")
        ax.yaxis.set_major_formatter("{x:,.0f}")
    legend_above(figure, axes[1:])
    figure.align_ylabels(axes)
    return figure


@for_phones
def agreements(
    occasions: pd.DataFrame, eras: pd.DataFrame, events: pd.DataFrame, *, first: int, last: int
) -> Figure | None:
    """Loan agreements by recipient: a stem a day of signing, one scale for all panels (f23).

    `occasions` is a result of `oda_eras.decisions.occasions`. A date known only within a range is
    a bar that wide; an upper bound is hollow; a loan in dollars, without an amount in yen, is a
    cross. `events` are named in the last panel. None without agreements.
    """
    codes = [code for code in RECIPIENTS if code in set(occasions.recipient)]
    if not codes:
        return None
    start, end = date_position(occasions.signed_from), date_position(occasions.signed_to)
    billion = occasions.assign(
        amount=occasions.amount_yen_million / 1000, start=start, end=end, middle=(start + end) / 2
    )
    tops = [max(billion[billion.recipient == code].amount.max(), 40) * 1.22 for code in codes]
    figure, axes = new_figure(
        "double",
        120,
        rows=len(codes),
        sharex=True,
        height_ratios=tops,
        squeeze=False,
        panel_mm=48,
    )
    mark_years(axes[0, 0])
    for number, (ax, code, top) in enumerate(zip(axes[:, 0], codes, tops, strict=True)):
        colour, marker = STYLES[code]
        pad = era_bands(ax, eras, first=first, last=last, labels=number == 0)
        own = billion[billion.recipient == code]
        for row in own.itertuples():
            middle, bound = row.middle, row.kind == "upper bound"
            if row.kind == "in dollars":
                ax.plot(middle, top * 0.03, "x", color=INK, markersize=4)
                ax.annotate(
                    "US$", (middle, top * 0.03), xytext=(3.5, 0), textcoords="offset points",
                    va="center", fontsize=5.5, path_effects=[HALO],
                )  # fmt: skip
                continue
            line = {"color": colour, "lw": 0.8 if bound else 1.4, "ls": ":" if bound else "-"}
            ax.vlines(middle, 0, row.amount, zorder=2, **line)
            ax.plot([row.start, row.end], [row.amount] * 2, color=colour, lw=0.8, zorder=2)
            ax.plot(
                middle, row.amount, marker, color=colour, markersize=4, zorder=3,
                markerfacecolor="white" if bound else colour,
            )  # fmt: skip
            if row.amount >= LEAST_LABELLED:
                # beside its mark where a higher stem passes
                reach = 1.6 if for_phone() else 1
                near = own[own.middle.between(middle - reach, middle + reach)]
                near = near[near.amount > row.amount]
                side = {"xytext": (0, 3.5), "ha": "center"}
                if len(near):
                    right = near.middle.max() < middle
                    side = {"xytext": (4 if right else -4, 3), "ha": "left" if right else "right"}
                ax.annotate(
                    f"{row.amount:,.0f}", (middle, row.amount), textcoords="offset points",
                    fontsize=5.5, path_effects=[HALO], **side,
                )  # fmt: skip
        for date in date_position(events.date) if ax is not axes[-1, 0] else []:
            ax.axvline(date, color=INK, lw=0.5, ls=":", zorder=1)
        ax.set_ylim(0, top)
        ax.set_title(RECIPIENTS[code], loc="left", pad=pad + 3, fontweight="bold")
        ax.yaxis.set_major_locator(MaxNLocator(4 if top > 100 else 2))
    label_events(ax, events)
    # one scale for all, with the room that the names of the events take
    ax.get_gridspec().set_height_ratios([panel.get_ylim()[1] for panel in axes[:, 0]])
    for one in axes[:, 0] if for_phone() else [ax]:
        one.set_ylabel("billion yen")
    keys = {
        "upper bound": ("s", "white", ":", billion.kind == "upper bound"),
        "signed within these days": ("", "none", "-", end > start),
        "in US dollars": ("x", INK, "", billion.kind == "in dollars"),
    }
    for label, (marker, fill, dash, some) in keys.items():
        if some.any():
            ax.plot(
                [], [], marker=marker, ls=dash, color=INK, markerfacecolor=fill, markersize=4,
                lw=0.8, label=label,
            )  # fmt: skip
    legend_above(figure, [ax])
    return figure


@for_phones
def commitments(rows: pd.DataFrame, eras: pd.DataFrame) -> Figure | None:
    """Commitments by recipient, stacked, above their share of all that a donor commits (f24).

    `rows` is a result of `oda_eras.decisions.commitment_shares`. None without rows.
    """
    if rows.empty:
        return None
    figure, (above, below) = new_figure("double", 105, rows=2, sharex=True, height_ratios=[3, 2])
    mark_years(above)
    first, last = int(rows.year.min()), int(rows.year.max())
    years = pd.RangeIndex(first, last + 1)
    for ax in (above, below):
        era_bands(ax, eras, first=first, last=last, labels=ax is above)
    cells = rows.pivot(index="year", columns="recipient", values="usd_million").reindex(years)
    stack_recipients(above, cells, zorder=2)
    own = [code for code in rows.recipient.unique() if code in RECIPIENTS]
    sums = [code for code in rows.recipient.unique() if code not in RECIPIENTS] or own
    looks = [
        ("-", "o", panel_name(sums[0], [*own, "sum"]), COLOURS["all"]),
        ("--", "s", "Without Uzbekistan", COLOURS["without UZB"]),
    ]
    ends = {}
    for code, (dash, marker, label, colour) in zip(sums, looks, strict=False):
        share = rows[rows.recipient == code].set_index("year").share_percent.reindex(years)
        below.plot(years, share, dash, marker=marker, color=colour, markersize=2.4, label=label)
        ends[label] = share.dropna().iloc[-1]
    bounded = rows[rows.status == "bounded"].year
    if len(bounded):
        for ax in (above, below):
            ax.axvline(bounded.max() + 0.5, color=INK, lw=0.5, ls=":")
        below.annotate(
            "before: without\ntechnical cooperation", (bounded.max() + 0.5, 1), va="top",
            ha="right",
            xycoords=below.get_xaxis_transform(), xytext=(-2, -1), textcoords="offset points",
            fontsize=5.5, color=QUIET, path_effects=[HALO],
        )  # fmt: skip
    above.set_ylabel("constant 2016 US$ million")
    below.set_ylabel("share of all\ncommitments, %")
    below.set_ylim(bottom=0)
    if not for_phone():
        name_lines(below, pd.Series(ends), last, 0.12 * np.ptp(below.get_ylim()))
    legend_above(figure, [above, below] if for_phone() else [above])
    figure.align_ylabels([above, below])
    return figure


@for_phones
def signed_and_drawn(rows: pd.DataFrame) -> Figure | None:
    """Loans signed and drawn, cumulative, as bands from low to high, by recipient (f25).

    `rows` is a result of `oda_eras.decisions.signed_and_drawn`. None without rows.
    """
    if rows.empty:
        return None
    figure, axes = panels_by_recipient(rows, 46)
    for code, ax in axes.items():
        own = rows[rows.recipient == code].set_index("year")
        billion = own.drop(columns="recipient") / 1000
        colour = STYLES[code][0]
        ends = {}
        for name, (edge, fill) in {"signed": (INK, "#c4c4c4"), "drawn": (colour, colour)}.items():
            low, high = billion[f"{name}_low"], billion[f"{name}_high"]
            ax.fill_between(own.index, low, high, color=fill, alpha=0.45, lw=0)
            wide = high > low
            apart = high.where(
                wide | wide.shift(1, fill_value=False) | wide.shift(-1, fill_value=False)
            )
            for bound in (low, apart):
                ax.plot(own.index, bound, color=edge, lw=1.1, ls="-" if name == "drawn" else "--")
            ends[name] = high.iloc[-1]
        ax.set_title(RECIPIENTS[code], loc="left", fontweight="bold")
        ax.set_ylim(bottom=0)
        ax.margins(y=0.12)
        ax.set_xlim(own.index.min() - 0.5, own.index.max() + 0.5)
        name_lines(ax, pd.Series(ends), own.index.max(), 0.12 * np.ptp(ax.get_ylim()))
        ax.set_ylabel("billion yen,\nown scales")
        ax.yaxis.set_major_locator(MaxNLocator(4))
    return figure


@for_phones
def commitments_beside(rows: pd.DataFrame, names: dict[str, str]) -> Figure | None:
    """Commitments of a donor, of others and of banks, a panel each; China's apart (f26).

    `rows` is a result of `oda_eras.decisions.beside_others`: those in the first row's price basis
    share one scale; other bases have their own and are hatched. None without rows.
    """
    if rows.empty:
        return None
    providers = list(dict.fromkeys(rows.provider))
    figure, axes = new_figure(
        "double", 95, rows=2, columns=-(-len(providers) // 2), sharex=True, squeeze=False
    )
    basis = rows.price_basis.iloc[0]
    top = rows[rows.price_basis == basis].usd_million.max() * 1.05
    for ax in axes.flat[len(providers) :]:
        ax.remove()
    for number, (ax, provider) in enumerate(zip(axes.flat, providers, strict=False)):
        own = rows[rows.provider == provider]
        same = own.price_basis.iloc[0] == basis
        rest = COLOURS["other donors"] if same else SERIES[2]
        colour = COLOURS["donor"] if number == 0 else rest
        bars(
            ax, own.year, own.usd_million, facecolor=colour, hatch="" if same else "////",
            edgecolor="white",
        )  # fmt: skip
        name = names.get(provider, provider).replace(" Development ", "\nDevelopment ")
        ax.set_title(
            name if same else f"{name}: ODA-like, own scale", loc="left", fontweight="bold"
        )
        if same:
            ax.set_ylim(0, top)
        if number % axes.shape[1] == 0 or not same:
            ax.set_ylabel(f"{own.price_basis.iloc[0]} US$ million")
        ax.yaxis.set_major_locator(MaxNLocator(4))
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        ax.tick_params(labelbottom=True)
    return figure


@for_phones
def older_decisions(rows: pd.DataFrame, labels: dict[str, str]) -> Figure | None:
    """What of an era's loan draws is older than the era, its own, or may be either (f22).

    `rows` is a result of `oda_eras.decisions.older_decisions`, of which the sum is drawn, or the
    only recipient; `labels` names eras. None where no share is known.
    """
    known = rows.dropna(subset="share_low")
    known = known[known.recipient == known.recipient.iloc[-1]] if len(known) else known
    if known.empty:
        return None
    figure, ax = new_figure("double", 22 + 7 * len(known))
    place, low, high = range(len(known)), known.share_low, known.share_high
    parts = {
        "signed before the era": (0 * low, low, SERIES[0], ""),
        "cannot be told": (low, high - low, "#9a9a9a", "////"),
        "signed in the era": (high, 100 - high, SERIES[1], ""),
    }
    for label, (start, width, colour, hatch) in parts.items():
        ax.barh(
            place, width, left=start, height=0.66, color=colour, hatch=hatch, edgecolor="white",
            lw=0, label=label,
        )  # fmt: skip
    for at, row in zip(place, known.itertuples(), strict=True):
        amounts = dict.fromkeys(f"{v / 1000:,.0f}" for v in (row.drawn_low, row.drawn_high))
        ax.annotate(
            f"{' to '.join(amounts)} billion yen", (100, at), xytext=(4, 0), va="center",
            textcoords="offset points", fontsize=6, annotation_clip=False,
        )  # fmt: skip
    ax.annotate(
        "loans drawn", (100, -0.75), xytext=(4, 0), va="center", textcoords="offset points",
        fontsize=6, color=QUIET, annotation_clip=False,
    )  # fmt: skip
    ax.set_yticks(place, [labels.get(era, era) for era in known.era])
    ax.set_ylim(len(known) - 0.5, -0.9)
    ax.set_xlim(0, 100)
    ax.set_xlabel("share of the loans drawn in the era, %")
    ax.tick_params(left=False)
    legend_above(figure, [ax])
    return figure


@for_phones
def break_evidence(path: pd.Series, lines: dict[str, float], posterior: pd.Series) -> Figure:
    """F of a mean shift with finite-sample critical lines, above a posterior by year (f07).

    `path` and `posterior` are indexed by the last year of the old level; `lines` maps labels to
    critical values.
    """
    figure, (above, below) = new_figure("single", 104, rows=2, sharex=True, height_ratios=[3, 2])
    mark_years(above)
    above.plot(path.index, path.values, "-o", color=SERIES[0])
    top = max(path.max(), *lines.values()) * 1.15
    ordered = pd.Series(lines).sort_values()
    # labels a line apart, however close together the thresholds lie
    places = spread(ordered, 0.075 * top)
    for (label, value), dash in zip(lines.items(), ["--", ":", "-."], strict=False):
        above.axhline(value, color=INK, lw=0.8, ls=dash)
        above.annotate(
            label, (0.01, places[label]), xycoords=("axes fraction", "data"), xytext=(0, 2),
            textcoords="offset points", va="bottom", fontsize=5.5,
        )  # fmt: skip
    above.set_ylim(0, top)
    above.set_ylabel("F of a shift in the mean")
    bars(below, posterior.index, posterior.values, facecolor=SERIES[3])
    below.set_ylim(0, 1)
    below.set_ylabel("probability of a break")
    below.set_xlabel("last year of the old level")
    return figure


# what the tests of notebook 05 look for
PANELS = {"sup-F": "One shift", "UDmax": "Up to three shifts"}


@for_phones
def p_curves(curves: pd.DataFrame, marks: pd.DataFrame) -> Figure:
    """Simulated p of break tests over the errors' autocorrelation, estimates marked (f08).

    `curves` has columns test (a panel each), series, rho, p; `marks` has these and estimate. p is
    on a logarithmic axis.
    """
    tests = list(dict.fromkeys(curves.test))
    figure, axes = new_figure("single", 26 + 42 * len(tests), rows=len(tests), sharex=True)
    estimates = {
        "null": ("o", "white", "series as it is"), "break": ("s", INK, "break removed"),
        "most": ("^", "white", "three breaks removed"),
    }  # fmt: skip
    for ax, test in zip(axes, tests, strict=True):
        own_curves = curves[curves.test == test].groupby("series", sort=False)
        for (series, curve), colour, dash in zip(
            own_curves, [COLOURS["all"], COLOURS["without UZB"], COLOURS["UZB"]], ["-", "--", ":"],
            strict=False,
        ):  # fmt: skip
            ax.plot(curve.rho, curve.p, dash, color=colour)
            own = marks[(marks.test == test) & (marks.series == series)]
            for estimate, (marker, fill, _) in estimates.items():
                some = own[own.estimate == estimate]
                ax.plot(
                    some.rho, some.p, marker, color=colour, markersize=4, clip_on=False,
                    markerfacecolor=fill if fill == "white" else colour,
                )  # fmt: skip
        name_lines(ax, own_curves.last().p, curves.rho.max(), 0.4, log=True)
        ax.axhline(LEVEL, color=INK, lw=0.6)
        ax.annotate(
            f"{LEVEL}", (0, LEVEL), xycoords=("axes fraction", "data"), xytext=(2, 2),
            textcoords="offset points", va="bottom", fontsize=5.5,
        )  # fmt: skip
        ax.set_yscale("log")
        ax.set_ylim(top=1)
        # simulations give no smaller p than one in their number: the truth may lie below
        least = "≤ 0.0001" if min(curves.p.min(), marks.p.min()) <= 1e-4 else "0.0001"
        ax.set_yticks([1e-4, 1e-3, 1e-2, 0.1, 1], [least, "0.001", "0.01", "0.1", "1"])
        ax.minorticks_off()
        ax.set_title(f"{PANELS[test]} ({test})", loc="left")
        ax.set_ylabel("p, simulated")
    axes[-1].set_xlabel("autocorrelation of the errors")
    handles = [
        mpl.lines.Line2D([], [], marker=marker, ls="", color=INK, markerfacecolor=fill, label=label)
        for marker, fill, label in estimates.values()
    ]
    figure.legend(
        handles=handles, loc="outside upper left", frameon=False,
        ncols=columns_that_fit([label for *_, label in estimates.values()], figure),
        handletextpad=0.1, columnspacing=0.8,
    )  # fmt: skip
    return figure


@for_phones
def method_matrix(found: pd.DataFrame, eras: pd.DataFrame, *, first: int, last: int) -> Figure:
    """Which method puts a break after which year, methods that share a criterion together.

    `found` has columns family, method, year (last of the old level; missing where the method finds
    none); `eras` is one scheme to compare with, or empty; the series runs from `first` to `last`.
    """
    rows = found.drop_duplicates(["family", "method"])[["family", "method"]]
    figure, ax = new_figure("double", 22 + 6 * len(rows), panel_mm=22 + 10 * len(rows))
    mark_years(ax)
    beside_mm = BESIDE_MM + NAMES_MM / 2
    era_bands(ax, eras, first=first, last=last, labels=True, beside_mm=beside_mm)
    families = list(dict.fromkeys(rows.family))
    for position, (family, method) in enumerate(rows.itertuples(index=False)):
        years = found[(found.family == family) & (found.method == method)].year.dropna()
        style = families.index(family)
        ax.plot(
            years + 0.5, [position] * len(years), MARKERS[style], color=SERIES[style], markersize=5
        )
        for year in years:
            beside = -5 if year + 1 in set(years) else 5  # neighbours would cover each other
            ax.annotate(
                f"{int(year)}", (year + 0.5, position), xytext=(beside, -2),
                textcoords="offset points", ha="right" if beside < 0 else "left", fontsize=5.5,
                path_effects=[HALO],
            )  # fmt: skip
        if years.empty:
            ax.text(first, position, "none", va="center", fontsize=5.5, color=QUIET)
    ax.set_yticks(range(len(rows)), rows.method + " (" + rows.family + ")")
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel("end of the last year of the old level")
    return figure


@for_phones
def era_timeline(schemes: dict[str, pd.DataFrame], events: pd.DataFrame) -> Figure:
    """Schemes of eras on one time line, overlaps on a second level, events as thin lines (f18).

    `schemes` maps titles to frames with label, opens, closes; `events` has date, event, and may
    be empty. Time runs to the right, on a phone down.
    """
    if for_phone():
        return _era_columns(schemes, events)
    spells = {title: _spells(eras) for title, eras in schemes.items()}
    # a scheme whose eras overlap takes a row and a half
    taken = [1 + 0.64 * max(level for *_, level in own) for own in spells.values()]
    rows = np.cumsum([0.0, *taken])
    figure, ax = new_figure("double", round(14 + 15 * rows[-1] + 18 * (len(events) > 0)))
    for row, (title, own) in zip(rows, spells.items(), strict=False):
        for number, (label, start, stop, level) in enumerate(own):
            low, wide = row + 0.64 * level, stop - start
            ax.barh(low, wide, left=start, height=0.6, zorder=2, **_spell_look(number))
            narrow = wide < 0.30 * len(label) and len(label) > 3
            beside = narrow and wide < 0.4  # narrower than a letter is high
            ax.text(
                start if beside else (start + stop) / 2, low + (0.34 if beside else 0), label,
                ha="center", va="top" if beside else "center", fontsize=5 if narrow else 5.5,
                rotation=90 if narrow and not beside else 0,
            )  # fmt: skip
        ax.text(1991.2, row, title, ha="right", va="center", fontsize=6.5)
    ax.set_xlim(1991.4, END_OF_TIME)
    ax.set_ylim(rows[-1] - 0.5, -0.5)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xticks(range(1992, 2025, 4))
    label_events(ax, events, shift=0.5)
    return figure


def _era_columns(schemes: dict[str, pd.DataFrame], events: pd.DataFrame) -> Figure:
    """`era_timeline` with time running down, a column for each scheme and one for the events."""
    figure, ax = new_figure("phone", 200)
    apart = 0.56  # years between the middles of two names
    for column, (title, eras) in enumerate(schemes.items()):
        spells = _spells(eras)
        for number, (_, start, stop, level) in enumerate(spells):
            ax.bar(
                column + 0.14 * level, stop - start, bottom=start, width=0.96 - 0.28 * level,
                **_spell_look(number),
            )  # fmt: skip
        middles = pd.Series([(start + stop) / 2 for _, start, stop, _ in spells])
        for at, (label, start, stop, level) in zip(spread(middles, apart), spells, strict=True):
            told = label.replace(" (", "\n(") if stop - start > 3 * apart else label
            ax.text(column + 0.14 * level, at, told, ha="center", va="center", fontsize=7.5)
        ax.text(
            column,
            1991.2,
            title.replace(" ", "\n").replace("-", "-\n"),
            ha="center",
            va="bottom",
            fontsize=7.5,
        )
    dates = date_position(events.date) + 0.5
    for date, at, event in zip(dates, spread(dates, apart), events.event, strict=True):
        ends = [-0.6, len(schemes) - 0.48, len(schemes) - 0.42]
        ax.plot(ends, [date, date, at], color="#b0b0b0", lw=0.6, zorder=0)
        ax.text(
            len(schemes) - 0.4, at, event.replace(" plus ", "\nplus "), fontsize=7.5, va="center",
            path_effects=[HALO],
        )  # fmt: skip
    ax.set_xlim(-0.6, len(schemes) - 0.4 + 2.2 * (len(events) > 0))
    ax.set_ylim(END_OF_TIME, 1991.4)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    ax.set_yticks(range(1992, 2025, 4), [str(year) for year in range(1992, 2025, 4)])
    return figure


def _spells(eras: pd.DataFrame) -> list[tuple[str, float, float, int]]:
    """Each era with its start, its end and the level on which it lies, 1 where another goes on."""
    reached, spells = 0.0, []
    for label, opens, closes in zip(
        eras.label, date_position(eras.opens), date_position(eras.closes), strict=True
    ):
        start = max(opens + 0.5, 1991.5)
        stop = END_OF_TIME if pd.isna(closes) else closes + 0.5
        spells.append((label, start, stop, int(start < reached - 0.01)))
        reached = max(reached, stop)
    return spells


def _spell_look(number: int) -> dict:
    return {"color": "#d6e6f2" if number % 2 else BAND, "edgecolor": "white", "lw": 0.6}


def compared(rows: pd.DataFrame) -> list[str]:
    """Transitions with a specification in which they can be compared, in the order of `rows`."""
    valid = set(rows.transition[rows.in_sd.notna()])
    return [step for step in dict.fromkeys(rows.transition) if step in valid]


@for_phones
def specifications(rows: pd.DataFrame, named: Callable[[str], str]) -> Figure | None:
    """Range and median of a difference over all specifications, a row per series (f10).

    A panel for each transition that can be compared, rows by measure and sum of recipients.
    `rows` has columns transition, measure, recipient, shift, price_basis, in_sd; `named` gives
    transitions and sums their names. None without rows.
    """
    valid, steps = rows.dropna(subset="in_sd"), compared(rows)
    if not steps:
        return None
    cases = list(dict.fromkeys(zip(valid.measure, valid.recipient, strict=True)))
    figure, axes = new_figure(
        "double",
        24 + 10 * len(cases),
        columns=len(steps),
        sharey=True,
        sharex=True,
        squeeze=False,
        panel_mm=18 + 10 * len(cases),
    )
    for ax, step in zip(axes[0], steps, strict=True):
        for position, (measure, recipient) in enumerate(cases):
            of_case = (valid.measure == measure) & (valid.recipient == recipient)
            own = valid[of_case & (valid.transition == step)]
            if own.empty:
                continue
            colour = COLOURS[measure]
            ax.plot([own.in_sd.min(), own.in_sd.max()], [position] * 2, color=colour, lw=0.8)
            ax.plot(
                own.in_sd, [position] * len(own), "|", color=colour, markersize=4,
                markeredgewidth=0.5,
            )  # fmt: skip
            ax.plot(
                own.in_sd.median(), position, "s", color=colour, markersize=5,
                markeredgecolor="white", markeredgewidth=0.8,
            )  # fmt: skip
            main = own[(own["shift"] == 0) & (own.price_basis == "current")]
            ax.plot(
                main.in_sd, [position] * len(main), "D", color=INK, markerfacecolor="white",
                markersize=3.4, label=None if position else "eras as dated, current US$",
            )  # fmt: skip
            ax.annotate(
                f"{(own.in_sd > 0).sum()} of {len(own)} above 0", (0, position),
                xycoords=("axes fraction", "data"), xytext=(2, 10 if for_phone() else 8),
                textcoords="offset points", va="center", fontsize=5.5, color=QUIET,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4}, zorder=1,
            )  # fmt: skip
        ax.axvline(0, color=INK, lw=0.6, zorder=0)
        ax.set_title(named(step), loc="left", fontweight="bold")
        ax.set_xlabel("standard deviations")
    names = [f"{measure}, {within(named(recipient))}" for measure, recipient in cases]
    axes[0, 0].set_yticks(range(len(cases)), names)
    axes[0, 0].set_ylim(len(cases) - 0.5, -0.8)
    axes[0, 0].plot([], [], "|", color=INK, markersize=4, label="one choice of dates and prices")
    axes[0, 0].plot([], [], "s", color=INK, markersize=4, label="median")
    legend_above(figure, axes[0])
    return figure


@for_phones
def specification_curve(rows: pd.DataFrame, named: Callable[[str], str]) -> Figure | None:
    """Differences between neighbouring eras over all specifications, sorted (f31).

    Above, the differences, filled where p is at most `LEVEL`; below, the choices that each rests
    on. `rows` has columns transition, in_sd, p, shift, measure, price_basis, recipient; blank ones
    are left out and counted in the titles. `named` gives transitions their names. None without
    rows that can be compared.
    """
    shown = compared(rows)
    if not shown:
        return None
    strips = not for_phone()  # many strokes side by side need a page's width
    if strips:
        figure, axes = new_figure(
            "double", 108, rows=2, columns=len(shown), sharey="row", sharex="col", squeeze=False,
            height_ratios=[5, 4],
        )  # fmt: skip
    else:
        figure, axes = new_figure(
            "double", 0, rows=len(shown), sharey=True, squeeze=False, panel_mm=42
        )
    curves = axes[0] if strips else axes[:, 0]
    for ax, transition in zip(curves, shown, strict=True):
        some = rows[rows.transition == transition]
        valid = some.dropna(subset="in_sd").sort_values("in_sd", ignore_index=True)
        for measure, marker in MEASURE_MARKERS.items():
            if measure not in set(rows.measure):
                continue
            own, colour = valid[valid.measure == measure], COLOURS[measure]
            ax.plot(
                own.index, own.in_sd, marker, color=colour, markersize=2,
                markerfacecolor="white", markeredgewidth=0.5, label=measure,
            )  # fmt: skip
            small = own[own.p <= LEVEL]
            ax.plot(small.index, small.in_sd, marker, color=colour, markersize=2.4)
        ax.axhline(0, color=INK, lw=0.6)
        ax.set_title(
            f"{named(transition)}\n{len(valid)} valid, {len(some) - len(valid)} blank", loc="left"
        )
        ax.set_ylabel("" if strips and ax is not curves[0] else "standard deviations")
        ax.set_xticks([])
    if rows.p.notna().any():
        filled = f"filled: uncorrected p of {LEVEL} or less"
        curves[0].plot([], [], "o", color=INK, markersize=2.4, label=filled)
    legend_above(figure, curves[:1])
    if strips:
        _choices(axes[1], rows, shown, named)
    return figure


def _choices(axes, rows: pd.DataFrame, shown: list[str], named: Callable[[str], str]) -> None:
    """What each specification of `specification_curve` rests on, in the order of the curve."""
    choices = [
        (column, value)
        for column in ("measure", "price_basis", "recipient")
        for value in dict.fromkeys(rows[column].sort_values())
    ]
    shifts = sorted(rows["shift"].unique())
    for ax, transition in zip(axes, shown, strict=True):
        valid = rows[rows.transition == transition].dropna(subset="in_sd")
        valid = valid.sort_values("in_sd", ignore_index=True)
        for position, (column, value) in enumerate(choices):
            at = valid.index[valid[column] == value]
            ax.plot(at, [position] * len(at), "|", color=INK, markersize=3, markeredgewidth=0.4)
        # the shift of all eras in years, from the smallest at the top of its strip
        strip = len(choices) + 0.6 + 2.4 * (valid["shift"] - shifts[0]) / (shifts[-1] - shifts[0])
        ax.plot(valid.index, strip, ".", color=INK, markersize=1.6)
        ax.set_xticks([])
        ax.spines["left"].set_visible(False)
        ax.tick_params(length=0)
        ax.set_xlabel("specifications, sorted")
    moved = [f"eras moved {shift:+d}".replace("-", "−") for shift in (shifts[0], shifts[-1])]
    axes[0].set_yticks(
        [*range(len(choices)), len(choices) + 0.6, len(choices) + 3.0],
        [*(named(value) for _, value in choices), moved[0], f"{moved[1]} years"],
    )
    axes[0].set_ylim(len(choices) + 3.5, -0.7)
    axes[0].set_ylabel("choices behind\neach point above")


@for_phones
def placebo_changes(
    rows: pd.DataFrame, ranks: pd.DataFrame, donor: str, labels: dict[str, str], names: dict
) -> Figure | None:
    """One donor's era changes among all donors', and its rank by size and in proportion (f09).

    `rows` has columns transition, donor, change (US$ million), `ranks` index transition, columns
    for each way to count, and donors (how many are ranked). `labels` gives order and titles,
    `names` donors their names: the farthest of the others in each row is named. None where there
    are no changes.
    """
    if rows.empty:
        return None
    figure, (left, right) = new_figure(
        "double",
        32 + 8 * len(labels),
        columns=2,
        width_ratios=[3, 2],
        sharey=True,
        panel_mm=16 + 9 * len(labels),
    )
    ways = [(name, marker) for name, marker in zip(ranks, ["D", "o", "s"], strict=False)]
    for position, transition in enumerate(labels):
        some = rows[rows.transition == transition].set_index("donor").change
        others = some.drop(donor)
        left.plot(
            others, [position] * len(others), "|", color=COLOURS["other donors"], markersize=7,
            label=None if position else "another donor",
        )  # fmt: skip
        left.plot(some[donor], position, "D", color=COLOURS["donor"], markersize=4.5)
        far = others.abs().idxmax()
        # at the edge rightwards, and then below, since above it might stand for the donor's mark
        edge = others[far] == rows.change.min()
        left.annotate(
            names[far], (others[far], position), xytext=(0, -3.5 if edge else 3.5),
            textcoords="offset points", ha="left" if edge else "center",
            va="top" if edge else "bottom", fontsize=5.5, color=QUIET, path_effects=[HALO],
        )  # fmt: skip
        of_all = int(ranks.donors[transition])
        right.plot([1, of_all], [position] * 2, color=COLOURS["other donors"], lw=0.6, zorder=0)
        for name, marker in ways:
            right.plot(
                ranks[name][transition], position, marker, color=COLOURS["donor"], markersize=4.5,
                markerfacecolor=COLOURS["donor"] if marker == "D" else "white",
                label=None if position else name,
            )  # fmt: skip
        right.annotate(
            f"of {of_all}", (of_all, position), xytext=(3, 0), textcoords="offset points",
            va="center", fontsize=5.5, color=QUIET,
        )  # fmt: skip
    left.annotate(
        names[donor], (left.lines[1].get_xdata()[0], 0), xytext=(0, 4), textcoords="offset points",
        ha="center", va="bottom", fontsize=6,
    )  # fmt: skip
    left.margins(x=0.1)
    left.axvline(0, color=INK, lw=0.6, zorder=0)
    left.set_yticks(range(len(labels)), labels.values())
    left.set_ylim(len(labels) - 0.5, -0.7)
    left.set_xlabel("change, US$ million a year")
    right.set_xlabel("rank by size of the change (1: largest)")
    right.set_xlim(0, 1.15 * ranks.donors.max())
    right.set_xticks([1, *range(10, ranks.donors.max() + 1, 10)])
    legend_above(figure, [left, right])
    return figure


@for_phones
def relative_changes(
    rows: pd.DataFrame, donor: str, labels: dict[str, str], names: dict[str, str]
) -> Figure | None:
    """Every donor's relative change between eras as a multiple, a panel for each series (f28).

    `rows` has columns series, recipient (a sum of recipients, a row of panels each), transition,
    donor, factor; `labels` gives order and titles of transitions, `names` donors and sums by their
    names. The donor is named, and those that changed by more than `FAR` times. None where there are
    no changes.
    """
    if rows.empty:
        return None
    titles = {"commitments": "Commitments", "gross": "Gross disbursements"}
    series, sums = (list(dict.fromkeys(rows[column])) for column in ("series", "recipient"))
    figure, axes = new_figure(
        "double", 18 + len(sums) * (14 + 8 * len(labels)), rows=len(sums), columns=len(series),
        sharex=True, sharey=True, squeeze=False, panel_mm=16 + 9 * len(labels),
    )  # fmt: skip
    for ax, (code, one) in zip(axes.flat, product(sums, series), strict=True):
        some = rows[(rows.recipient == code) & (rows.series == one)]
        for position, transition in enumerate(labels):
            factors = some[some.transition == transition].set_index("donor").factor
            others = factors.drop(donor, errors="ignore")
            if factors.empty:
                ax.text(
                    1, position, "not known", ha="center", va="center", fontsize=6, color=QUIET,
                    backgroundcolor="white", zorder=1,
                )  # fmt: skip
                continue
            shown = others.clip(1 / FARTHEST, FARTHEST)
            ax.plot(
                shown, [position] * len(shown), "o", color=COLOURS["other donors"], markersize=3,
                alpha=0.7,
            )  # fmt: skip
            ax.plot(factors[donor], position, "D", color=COLOURS["donor"], markersize=4.5, zorder=3)
            size = np.log(factors).abs()
            beside = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points"}
            beside |= {"va": "center", "fontsize": 6, "color": COLOURS["donor"]}
            rank = (size > size[donor]).sum() + 1
            ax.annotate(f"{rank} of {len(size)}", (1, position), xytext=(2, 0), **beside)
            far = [shown.idxmin(), shown.idxmax()]
            for who in [who for who in far if not 1 / FAR <= shown[who] <= FAR]:
                edge = shown[who] != others[who]
                inwards = "left" if shown[who] < 1 else "right"
                far_off = edge and not for_phone()  # where it would reach the middle
                told = names[who] + (f" ({times(others[who])})" if far_off else "")
                if edge and for_phone():
                    ax.annotate(
                        times(others[who]), (shown[who], position), xytext=(0, -3.5), va="top",
                        textcoords="offset points", color=QUIET, ha=inwards,
                    )  # fmt: skip
                ax.annotate(
                    told, (shown[who], position), xytext=(0, 3.5), textcoords="offset points",
                    fontsize=5.5, color=QUIET, ha=inwards if edge else "center",
                )  # fmt: skip
        ax.axvline(1, color=INK, lw=0.6, zorder=0)
        ax.set_title(f"{titles[one]}, {within(names[code])}", loc="left", fontweight="bold")
    axes[0, 0].set_xscale("log", base=2)
    ticks = [4.0**power for power in range(-2, 3)]
    axes[0, 0].set_xticks(ticks, [times(tick) for tick in ticks])
    axes[0, 0].set_xlim(0.8 / FARTHEST, FARTHEST / 0.8)
    axes[0, 0].set_yticks(range(len(labels)), labels.values())
    axes[0, 0].set_ylim(len(labels) - 0.5, -0.7)
    for ax in axes.flat if for_phone() else axes[-1]:
        ax.set_xlabel("times the change of all other donors")
    marks = {
        f"{names[donor]}, with its rank": ("D", COLOURS["donor"]),
        "another donor": ("o", COLOURS["other donors"]),
    }
    for name, (marker, colour) in marks.items():
        axes[0, 0].plot([], [], marker, color=colour, markersize=4, label=name)
    legend_above(figure, axes[0, :1])
    return figure


def times(factor: float) -> str:
    """A multiple as a reader says it: "4" or "1/4"."""
    return f"{factor:.0f}" if factor >= 1 else f"1/{1 / factor:.0f}"


@for_phones
def synthetic_donor(rows: pd.DataFrame, name: str) -> Figure | None:
    """One donor against its synthetic counterpart, above the gaps of all donors (f11).

    `rows` has columns recipient, year, donor, gap, treated (whether it is the donor itself), own,
    synthetic, fitted, US$ million; `name` is the donor's. None where there are none.
    """
    recipients = list(dict.fromkeys(rows.recipient))
    if not recipients:
        return None
    lines = 1 if for_phone() else -(-len(recipients) // MOST_IN_LINE)
    figure, axes = new_figure(
        "double" if len(recipients) > 1 else "single", 88 * lines, rows=2 * lines,
        columns=-(-len(recipients) // lines), sharex=True, squeeze=False, unit="column",
    )  # fmt: skip
    mark_years(axes[0, 0])
    pairs = [pair for line in range(lines) for pair in axes[2 * line : 2 * line + 2].T]
    for ax in [ax for pair in pairs[len(recipients) :] for ax in pair]:
        ax.remove()
    for (above, below), code in zip(pairs, recipients, strict=False):
        some = rows[rows.recipient == code]
        own, others = some[some.treated], some[~some.treated]
        above.plot(own.year, own.own, "-o", color=COLOURS["donor"], markersize=2, label=name)
        above.plot(
            own.year, own.synthetic, "--", color=COLOURS["other donors"], label=f"synthetic {name}"
        )
        title = panel_title(code, min(len(recipients), MOST_IN_LINE))
        above.set_title(title, loc="left", fontweight="bold")
        for number, (_, path) in enumerate(others.groupby("donor")):
            below.plot(
                path.year, path.gap, "-", color=COLOURS["placebo"], lw=0.6,
                label=None if number else "gaps of other donors",
            )  # fmt: skip
        below.plot(own.year, own.gap, "-", color=COLOURS["donor"], lw=1.4)
        for ax in (above, below):
            ax.axvline(own.year[own.fitted].max() + 0.5, color=INK, lw=0.6, ls=":")
            ax.axhline(0, color=INK, lw=0.6, zorder=0)
        if code != recipients[0]:
            continue
        above.annotate(
            f"end of {own.year[own.fitted].max()}", (own.year[own.fitted].max() + 0.5, 1),
            xycoords=above.get_xaxis_transform(), xytext=(-2, 0), textcoords="offset points",
            ha="right", va="top", fontsize=5.5, color=QUIET, path_effects=[HALO],
        )  # fmt: skip
    axes[0, 0].set_ylabel("US$ million,\nown scales")
    axes[1, 0].set_ylabel("gap, US$ million,\nown scales")
    legend_above(figure, axes[:, 0])
    return figure


@for_phones
def power_curves(rates: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """How often each method finds a shift, over its size, a panel for each autocorrelation (f12).

    `rates` has columns method, rho, shift_sd, rejection_rate; at a shift of 0 every find is false.
    """
    rhos = sorted(rates.rho.unique())
    figure, axes = new_figure("double", 66, columns=len(rhos), sharey=True)
    for ax, rho in zip(axes, rhos, strict=True):
        ends = {}
        for (method, label), colour, marker, dash in zip(
            labels.items(), SERIES, MARKERS, ["-", "--", ":", "-.", "-"], strict=False
        ):
            some = rates[(rates.method == method) & (rates.rho == rho)].sort_values("shift_sd")
            ax.plot(
                some.shift_sd, some.rejection_rate, dash, color=colour, marker=marker, label=label
            )
            ends[label] = some.rejection_rate.iloc[-1]
        ax.axhline(LEVEL, color=INK, lw=0.6)
        ax.annotate(
            f"{LEVEL:.0%}", (1, LEVEL), xycoords=ax.get_yaxis_transform(), xytext=(-2, 1),
            textcoords="offset points", ha="right", va="bottom", fontsize=5.5,
        )  # fmt: skip
        ax.set_title(f"Autocorrelation {rho:g}", loc="left", fontweight="bold")
        ax.set_xlabel("shift, standard deviations")
    axes[0].set_ylabel("share of series with a find")
    axes[0].set_ylim(0, 1)
    if for_phone():
        legend_above(figure, axes[:1])
    else:
        name_lines(axes[-1], pd.Series(ends), rates.shift_sd.max(), 0.055)
    return figure


# The verdicts of data/claims.csv from what holds to what fails, then what stays open.
VERDICT_COLOURS = {
    "supported": COLOURS["holds"], "plausible": COLOURS["holds"],
    "imprecise": COLOURS["imprecise"], "inconsistent": COLOURS["fails"],
    "contradicted": COLOURS["fails"], "unverified": "#8c8c8c", "not checkable": "#8c8c8c",
}  # fmt: skip


@for_phones
def verdicts_by_section(counts: pd.DataFrame) -> Figure:
    """How many claims of each section got which verdict, as squares with their count (f14).

    `counts` has columns section, verdict, claims, in the order in which they are shown.
    """
    sections, verdicts = (list(dict.fromkeys(counts[c])) for c in ("section", "verdict"))
    figure, ax = new_figure("double", 26 + 6.5 * len(sections), panel_mm=40 + 7 * len(sections))
    shown = counts[counts.claims > 0]
    x, y = shown.verdict.map(verdicts.index), shown.section.map(sections.index)
    colours = shown.verdict.map(VERDICT_COLOURS)
    ax.scatter(x - 0.12, y, s=9 * shown.claims, marker="s", color=colours, lw=0)
    for number, *place in zip(shown.claims, x, y, strict=True):
        ax.annotate(
            f"{number}", place, xytext=(6, 0), textcoords="offset points", va="center",
            fontsize=6.5,
        )  # fmt: skip
    totals = counts.groupby("verdict", sort=False).claims.sum()
    turned = {"rotation": 90, "va": "bottom"} if for_phone() else {}
    ax.set_xticks(range(len(verdicts)), [f"{v}\n{totals[v]}" for v in verdicts], **turned)
    ax.xaxis.tick_top()
    ax.set_yticks(range(len(sections)), sections)
    ax.tick_params(length=0)
    ax.set_xlim(-0.6, len(verdicts) - 0.4)
    ax.set_ylim(len(sections) - 0.5, -0.5)
    for spine in ax.spines.values():
        spine.set_visible(False)
    for y in range(1, len(sections)):
        ax.axhline(y - 0.5, color=BAND, lw=0.6, zorder=0)
    return figure


def spread(values: pd.Series, least: float) -> pd.Series:
    """Places for labels beside values, in their order and at least so far apart."""
    places = values.sort_values()
    for i in range(1, len(places)):
        places.iloc[i] = max(places.iloc[i], places.iloc[i - 1] + least)
    return places


@for_phones
def alignment(votes: pd.DataFrame, eras: pd.DataFrame) -> Figure:
    """How often Japan, and the five, voted as each of three powers did (f27).

    `votes` has columns who, year, and a power each, in percent; `eras` is one scheme with dates.
    """
    names = list(dict.fromkeys(votes.who))
    powers = [c for c in votes if c not in ("who", "year")]
    figure, axes = new_figure("double", 100, rows=len(names), sharex=True, sharey=True)
    first, last = votes.year.min(), votes.year.max()
    for ax, who in zip(axes, names, strict=True):
        own = votes[votes.who == who]
        era_bands(ax, eras, first=first, last=last, labels=ax is axes[0])
        looks = zip(powers, SERIES, MARKERS, ["-", "--", ":"], strict=False)
        for power, colour, marker, dash in looks:
            ax.plot(own.year, own[power], dash, marker=marker, color=colour, markersize=2, lw=1)
        name_lines(ax, own[powers].iloc[-1], last, 10 if for_phone() else 6)
        ax.set_ylabel(f"{who}: votes cast alike, %")
    axes[0].set_ylim(0, 100)
    axes[-1].xaxis.set_major_locator(MaxNLocator(8, integer=True))
    return figure


@for_phones
def donors_compared(rows: pd.DataFrame) -> Figure:
    """When each donor's level shifted most, on the years that its series covers (f40).

    `rows` has columns name, first, last, last_old, p_null, q, in the order in which they are
    shown; filled: the shift holds at a false discovery rate of `LEVEL`.
    """
    figure, ax = new_figure("single", 24 + 6.5 * len(rows))
    columns: list[tuple[float, str, str]] = [(-0.9, "p", "q")]
    for position, row in enumerate(rows.itertuples()):
        ax.hlines(position, row.first - 0.5, row.last + 0.5, color="#b0b0b0", lw=1.6, zorder=1)
        fill = COLOURS["donor"] if row.q <= LEVEL else "white"
        ax.plot(
            row.last_old + 0.5, position, "D", color=COLOURS["donor"], markerfacecolor=fill,
            markersize=4.5,
        )  # fmt: skip
        columns.append((position, formatted(row.p_null, "p"), formatted(row.q, "p")))
    size = max(6, type_sizes(figure).least)
    beside = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points", "fontsize": size}
    for at, p, q in columns:
        ax.annotate(p, (1, at), xytext=(5 * size, 0), ha="right", va="center", **beside)
        ax.annotate(q, (1, at), xytext=(8.5 * size, 0), ha="right", va="center", **beside)
    ax.set_yticks(range(len(rows)), rows.name)
    ax.set_ylim(len(rows) - 0.5, -1.2)
    ax.set_xlim(rows["first"].min() - 1, rows["last"].max() + 1)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.set_xlabel("largest shift of the mean, on the years covered")
    return figure


@for_phones
def revisions(rows: pd.DataFrame) -> Figure:
    """What the present vintage has changed in older ones, year by year (f32).

    `rows` has the columns of `oda_eras.measures.revisions`; a line to all recipients for each
    vintage that prints them, and one for the largest revision of any recipient's.
    """
    figure, ax = new_figure("single", 52)
    world = rows[rows.recipient == "WLD"]
    for (_, own), colour, marker in zip(
        world.groupby(["last_year", "vintage"]), SERIES[2:], MARKERS, strict=False
    ):
        ax.plot(own.year, own.revision, marker=marker, color=colour)
    five = rows[rows.recipient != "WLD"]
    most = five.loc[five.groupby("year").revision.apply(lambda r: r.abs().idxmax())]
    ax.plot(most.year, most.revision, "--", color=COLOURS["donor"])
    up, down = world.loc[world.revision.idxmax()], world.loc[world.revision.idxmin()]
    last = most.iloc[-1]
    for row, label, colour, place, side in (
        (up, f"to all recipients, {up.year}: {up.revision:+,.0f}", INK, "center", 1),
        (down, f"{down.year}: {down.revision:+,.0f}", INK, "center", -1),
        (last, "to any of the five", COLOURS["donor"], "right", -1),
    ):
        ax.annotate(
            label.replace("-", "−"), (row.year, row.revision), xytext=(0, 4 * side),
            textcoords="offset points", color=colour, fontsize=6, ha=place,
            va="bottom" if side > 0 else "top",
        )  # fmt: skip
    ax.axhline(0, color=INK, lw=0.6, zorder=0)
    ax.set_ylabel("revision, million US$")
    ax.margins(y=0.2)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    return figure


# groups of the atlas: line style and colour
GROUPS = {
    "all": ("-", COLOURS["commitments"]), "reordered": (":", COLOURS["other donors"]),
    "region": ("--", SERIES[0]), "donor": ("-", COLOURS["donor"]),
}  # fmt: skip


@for_phones
def how_common_shifts(
    curves: pd.DataFrame, own: pd.DataFrame, labels: dict[str, str], names: dict[str, str]
) -> Figure:
    """What share of series has a p up to any size, group by group (f41).

    `curves` has columns group (of `GROUPS`), p, share (percent); `own` the study's series, which
    are marked: recipient, p_null, share; `labels` names the groups, `names` the recipients.
    """
    figure, ax = new_figure("single", 84)
    for group, (dash, colour) in GROUPS.items():
        some = curves[curves.group == group]
        ax.step(some.p, some.share, dash, where="post", color=colour, lw=1.2, label=labels[group])
    ax.plot(own.p_null, own.share, "D", color=COLOURS["donor"], markersize=3.5)
    places = spread(own.share + 6, least=9 if for_phone() else 6)
    for row in own.itertuples():
        ax.annotate(
            names[row.recipient], (row.p_null, row.share),
            xytext=(row.p_null / 1.7, places[row.Index]), ha="right", va="center", fontsize=5.5,
            path_effects=[HALO],
            arrowprops={"arrowstyle": "-", "lw": 0.4, "shrinkA": 0, "shrinkB": 2},
        )  # fmt: skip
    ax.axvline(LEVEL, color=INK, lw=0.6)
    ax.set_xscale("log")
    ax.set_xlim(1e-3, 1)
    ticks = [0.001, 0.01, LEVEL, 0.1, 0.5, 1]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_ylim(0, 100)
    ax.set_xlabel("p of sup-F at own autocorrelation")
    ax.set_ylabel("series with at most this p, %")
    legend_above(figure, [ax])
    return figure


@for_phones
def shifts_by_year(rows: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """In which years levels shift, group by group, beside chance (f42).

    `rows` has columns group, year, share and chance (percent of the series that a shift could
    stand in); `labels` names the groups.
    """
    panels = rows.group.unique()
    figure, axes = new_figure("single", 34 * len(panels), rows=len(panels), sharex=True)
    for ax, group in zip(axes, panels, strict=True):
        some = rows[rows.group == group]
        bars(ax, some.year, some.share, width=0.8, facecolor=GROUPS[group][1])
        ax.plot(
            some.year, some.chance, "_", color=INK, markersize=6, markeredgewidth=1.4,
            path_effects=[HALO], label="by chance: reordered, of the same length",
        )  # fmt: skip
        ax.set_title(labels[group], loc="left")
        ax.set_ylabel("share, %")
        ax.set_ylim(bottom=0)
    axes[-1].xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes[-1].set_xlabel("first year of the new level")
    legend_above(figure, axes[:1])
    return figure
