"""Every saved figure as it is rendered: what a production desk and a reader would find wrong."""

import itertools
import json
import pickle
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from bars import bars_of
from colorspacious import cspace_convert, deltaE
from comparison import pinned_platform
from conftest import KEPT, OUT, ROOT
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb
from matplotlib.ft2font import FT2Font
from matplotlib.testing.compare import compare_images
from matplotlib.ticker import AutoLocator
from pypdf import PdfReader

from oda_eras import figures, naming, page
from oda_eras.sources import load_sources, short_source_line, source_line
from oda_eras.study import RECIPIENTS

NAMES = sorted(path.stem for path in (ROOT / OUT / "figures").glob("f*.png"))
ON_PHONE = " on a phone"
SMALLEST_TYPE = {False: 5, True: 7.5}  # points, in print and on a phone, where it is 10 pixels
MOST_LINES = {False: 2, True: 3}  # of a headline
TEXT_CONTRAST, MARK_CONTRAST = 4.5, 2.0  # of text, and of lines, bars and markers
APART = 10  # difference in CAM02-UCS that an eye sees at a glance; lightness likewise
DEUTERANOPIA = {"name": "sRGB1+CVD", "cvd_type": "deuteranomaly", "severity": 100}


def plotted(folder: Path, name: str) -> Path:
    """The table that a saved figure names as its data."""
    return folder / page.read_caption(folder / "figures" / f"{name}.md").data


@pytest.fixture(scope="module")
def saved(rebuilt):
    """Every figure that the chain has saved, in print and for a phone, by name: as it was drawn."""
    kept = {
        path.name: pickle.loads(path.read_bytes())
        for path in sorted((rebuilt.parent / KEPT).iterdir())
    }
    with mpl.rc_context():
        for name, figure in kept.items():
            page.use_style(name.endswith(ON_PHONE))
            figure.draw_without_rendering()
        yield kept


@pytest.fixture(params=[name + page for name in NAMES for page in ("", ON_PHONE)])
def drawn(request, saved):
    page.use_style(request.param.endswith(ON_PHONE))  # ticks take it when their places are asked
    return saved[request.param]


@pytest.fixture
def phone(request) -> bool:
    """Whether the figure is drawn for a phone."""
    return request.node.callspec.params["drawn"].endswith(ON_PHONE)


def texts(figure) -> list:
    """Texts that are drawn: labels of ticks beyond an axis' limits exist but are not."""
    hidden = set()
    for ax in figure.axes:
        for axis, (low, high) in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            low, high = sorted((low, high))
            for tick in axis.get_major_ticks() + axis.get_minor_ticks():
                if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    hidden |= {tick.label1, tick.label2}
    found = figure.findobj(mpl.text.Text)
    return [t for t in found if t.get_visible() and t.get_text().strip() and t not in hidden]


def clipped(figure) -> list[str]:
    """Texts that leave the page."""
    edges = figure.bbox
    out = []
    for text in texts(figure):
        box = text.get_window_extent()
        if min(box.x0, box.y0) < -1 or box.x1 > edges.x1 + 1 or box.y1 > edges.y1 + 1:
            out.append(text.get_text())
    return out


def overlapping(figure) -> list[tuple[str, str]]:
    """Pairs of texts that lie on each other, by more than the air around their letters."""
    boxes = []
    for text in texts(figure):
        box = text.get_window_extent()
        if box.width > 0 and box.height > 0:
            upright = text.get_rotation() == 90
            boxes.append((text.get_text(), box.shrunk(*((0.7, 0.94) if upright else (0.94, 0.7)))))
    return [
        (a, b) for (a, one), (b, other) in itertools.combinations(boxes, 2) if one.overlaps(other)
    ]


def covering(figure) -> list[str]:
    """Labels in a panel that lie on a marker or a bar and are not set off from it."""
    found = []
    for ax in figure.axes:
        marked = [line for line in ax.lines if line.get_marker() not in ("None", "", None)]
        points = [line.get_transform().transform(line.get_xydata()) for line in marked]
        points = np.concatenate(points) if points else np.empty((0, 2))
        for text in ax.texts:
            if text.get_path_effects() or text.get_bbox_patch() or not text.get_text():
                continue
            box = text.get_window_extent().shrunk(0.94, 0.7)
            if any(box.contains(*point) for point in points):
                found.append(text.get_text())
    return found


def luminance(colour) -> float:
    """Relative luminance (Web Content Accessibility Guidelines 2)."""
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], channels))


def contrast(colour, background="white") -> float:
    light, dark = sorted((luminance(colour), luminance(background)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def series_of(ax) -> list[dict]:
    """What a reader must tell apart in one panel: labelled lines and bars, with their looks."""
    handles, labels = ax.get_legend_handles_labels()
    looks = []
    for handle, label in zip(handles, labels, strict=True):
        first = handle[0] if isinstance(handle, mpl.container.BarContainer) else handle
        if isinstance(first, mpl.lines.Line2D):
            second = (first.get_marker(), first.get_linestyle(), first.get_fillstyle())
            colour, hollow = first.get_color(), to_rgb(first.get_markerfacecolor()) == (1, 1, 1)
            looks.append({"label": label, "colour": colour, "second": (*second, hollow)})
        else:
            colour = first.get_facecolor()
            colour = colour[0] if np.ndim(colour) == 2 else colour
            looks.append({"label": label, "colour": colour, "second": (first.get_hatch(),)})
    return looks


def indistinct(looks: list[dict]) -> list[tuple[str, str]]:
    """Pairs of series that neither colour (under deuteranopia and in grey) nor form tells apart."""
    pairs = []
    for one, other in itertools.combinations(looks, 2):
        seen = [cspace_convert(to_rgb(s["colour"]), DEUTERANOPIA, "sRGB1") for s in (one, other)]
        seen = [np.clip(colour, 0, 1) for colour in seen]
        grey = [cspace_convert(to_rgb(s["colour"]), "sRGB1", "CIELab")[0] for s in (one, other)]
        by_colour = deltaE(*seen, input_space="sRGB1") >= APART and abs(grey[0] - grey[1]) >= APART
        if not by_colour and one["second"] == other["second"]:
            pairs.append((one["label"], other["label"]))
    return pairs


def drawn_numbers(figure) -> np.ndarray:
    """Every number that lines and bars of the data show, in data coordinates."""
    found = []
    for ax in figure.axes:
        for line in ax.lines:
            if line.get_transform() == ax.transData and len(line.get_xdata()):
                found += [
                    *np.asarray(line.get_xdata(), float),
                    *np.asarray(line.get_ydata(), float),
                ]
        for _, bars in bars_of(ax):
            found += [*bars.ravel()]
    return np.array([number for number in found if np.isfinite(number)])


def missing_from(numbers: np.ndarray, wanted: pd.Series) -> list[float]:
    """Numbers of the saved data that the figure does not show."""
    ordered = np.sort(numbers)
    values = wanted.dropna().unique().astype(float)
    at = np.clip(np.searchsorted(ordered, values), 1, len(ordered) - 1)
    near = np.minimum(abs(ordered[at] - values), abs(ordered[at - 1] - values))
    return list(values[near > 1e-3 * np.maximum(1, abs(values))])


# The columns of each figure's CSV that lines, bars and markers show as they stand.
SHOWN = {
    "f01": ["usd_million"],
    "f02": ["grants", "loans_drawn"],
    "f03": ["year", "usd_million"],
    "f04": ["year", "index"],
    "f05": ["year", "with_uzbekistan", "without_uzbekistan"],
    "f06": ["usd_million"],
    "f07": ["f", "posterior"],
    "f08": ["rho", "p"],
    "f09": ["change"],
    "f10": ["in_sd"],
    "f11": ["year", "gap", "own", "synthetic"],
    "f12": ["shift_sd", "rejection_rate"],
    "f13": ["year", "lcu_million", "low", "high"],
    "f15": ["share_percent"],
    "f16": ["year", "rank"],
    "f20": ["usd_million"],
    "f21": ["year", "share_percent"],
    "f24": ["usd_million"],
    "f26": ["usd_million"],
    "f28": ["factor"],
    "f31": ["in_sd"],
    "f32": ["year"],
}
# rows of a published table that a figure leaves out
DRAWN = {
    "f09": "scale == 'US$ million'",
    "f11": "fit == 'scaled'",
    "f24": "recipient not in ['all', 'without UZB']",
    "f28": f"{1 / figures.FARTHEST} <= factor <= {figures.FARTHEST}",
}


def test_every_figure_of_the_set_is_saved(saved):
    wanted = [f"f{i:02d}" for i in range(1, len(NAMES) + 1)]
    for phone in (False, True):
        names = sorted(name for name in saved if name.endswith(ON_PHONE) == phone)
        assert [name[:3] for name in names] == wanted


def test_caption_and_alt_text_of_f02_name_the_unit_of_its_axes(saved):
    [unit] = {ax.get_ylabel() for ax in saved["f02_what_it_is_made_of"].axes} - {""}
    assert unit == "billion yen"
    for ending in ("md", "txt"):
        path = ROOT / OUT / "figures" / f"f02_what_it_is_made_of.{ending}"
        words = path.read_text(encoding="utf-8").lower()
        assert unit in words and "million" not in words


# What an axis is measured in, and what subtitle or caption must then say.
UNITS = {
    "US\\$ million": r"US\$ million|[Mm]illion [\w ]*US\$",
    "billion yen": "billion yen",
    "million yen": "million yen",
    "%": "%|[Pp]ercent",
    r"\bSD\b|standard deviations": "standard deviations?",
    "index": "index",
    r"\brank\b": "rank",
    "√share": "square root of the share",
    "^p$": r"\bp\b",
}


def unnamed_units(axes: list[str], said: str) -> list[str]:
    """Units on the labels of axes that a text does not name, and money of no price basis."""
    units = {unit for unit in UNITS for label in axes if re.search(unit, label)}
    money = any(re.search("US\\$|yen", label) for label in axes)
    basis = [] if not money or re.search("current|constant", said) else ["price basis"]
    return sorted(unit for unit in units if not re.search(UNITS[unit], said)) + basis


@pytest.mark.parametrize("name", NAMES)
def test_the_units_of_the_axes_are_named(name, saved):
    about = page.read_caption(ROOT / OUT / "figures" / f"{name}.md")
    labels = [axis.get_label_text() for ax in saved[name].axes for axis in (ax.xaxis, ax.yaxis)]
    assert not unnamed_units(labels, f"{about.subtitle} {about.caption}")


def test_a_unit_that_is_not_named_would_be_found():
    money = unnamed_units(["US$ million"], "Net ODA, billion yen")
    assert money == ["US\\$ million", "price basis"]
    assert unnamed_units(["share, %"], "Share in net ODA") == ["%"]
    assert not unnamed_units(["US$ million", "rank"], "million current US$, and rank")


@pytest.mark.parametrize("name", NAMES)
def test_footer_and_caption_cite_the_same_sources(name, saved):
    about = page.read_caption(ROOT / OUT / "figures" / f"{name}.md")
    sources = load_sources(ROOT)
    ids = [key if key in sources else f"data/{key}.csv" for key in about.keys]
    [footer] = [t.get_text() for t in saved[name].texts if t.get_gid() == "footer"]
    assert footer.replace("\n", " ").endswith(short_source_line(sources, ids))
    assert about.source == source_line(sources, ids)


def test_a_caption_read_alone_says_which_states():
    for path in sorted((ROOT / OUT / "figures").glob("*.md")):
        said = page.read_caption(path).caption
        assert re.search("Central Asia|Uzbekistan|simulat|U. Mahmudov's article", said), path.stem


def test_page_width_is_a_preset(drawn, phone):
    width = drawn.get_size_inches()[0] * 25.4
    presets = [mm for name, mm in page.WIDTHS_MM.items() if (name == "phone") == phone]
    assert min(abs(width - preset) for preset in presets) < 0.01


def test_type_can_be_read(drawn, phone):
    assert not [t.get_text() for t in texts(drawn) if t.get_fontsize() < SMALLEST_TYPE[phone]]


def test_no_label_lies_on_data(drawn):
    assert not covering(drawn)


def test_no_text_leaves_the_page(drawn):
    assert not clipped(drawn), "shorten these, or make the figure higher or wider"


def test_no_text_lies_on_another(drawn):
    assert not overlapping(drawn)


def test_text_stands_out(drawn):
    pale = {t.get_text() for t in texts(drawn) if contrast(t.get_color()) < TEXT_CONTRAST}
    assert not pale


def test_the_shipped_fonts_have_every_sign(drawn):
    known = [set(FT2Font(path).get_charmap()) for path in page.FONTS]
    assert len(known) == 2
    signs = {ord(sign) for text in texts(drawn) for sign in text.get_text()} - {ord("\n")}
    assert not [chr(sign) for sign in signs if any(sign not in font for font in known)]


def test_a_headline_is_short(drawn, phone):
    lines = [t.get_text().count("\n") + 1 for t in drawn.texts if t.get_gid() == "headline"]
    assert max(lines, default=1) <= MOST_LINES[phone]


def test_data_stand_out(drawn):
    for look in (look for ax in drawn.axes for look in series_of(ax)):
        assert contrast(look["colour"]) >= MARK_CONTRAST, look


def test_series_are_told_apart_without_colour(drawn):
    assert not [pair for ax in drawn.axes for pair in indistinct(series_of(ax))]


def test_no_grid_and_units_on_axes(drawn):
    for ax in drawn.axes:
        assert not any(line.get_visible() for line in ax.get_xgridlines() + ax.get_ygridlines())
    # the schemes of f18 are named beside their rows
    named = [
        ax.get_ylabel() or ax.get_xlabel() or ax.get_yticklabels() or ax.texts for ax in drawn.axes
    ]
    assert any(named)


def test_footers_do_not_read_dollars_as_mathematics(drawn):
    footer = next(t for t in drawn.texts if "Source: " in t.get_text().replace("\n", " "))
    assert not footer.get_parse_math()


@pytest.mark.parametrize("name", [n for n in NAMES if n[:3] in SHOWN])
def test_the_csv_is_what_is_drawn(name, saved):
    numbers = drawn_numbers(saved[name])
    data = pd.read_csv(plotted(ROOT / OUT, name))
    data = data.query(DRAWN[name[:3]]) if name[:3] in DRAWN else data
    for column in SHOWN[name[:3]]:
        assert not missing_from(numbers, data[column]), column


def test_verdicts_are_drawn_as_counted(saved):
    name = next(n for n in NAMES if n.startswith("f14"))
    data = pd.read_csv(plotted(ROOT / OUT, name)).query("claims > 0")
    counts = [t.get_text() for t in saved[name].axes[0].texts]
    assert sorted(counts) == sorted(data.claims.astype(str))


@pytest.mark.parametrize("name", NAMES)
def test_saved_files_are_complete(name):
    path = ROOT / OUT / "figures" / f"{name}.png"
    caption = path.with_suffix(".md").read_text(encoding="utf-8")
    alt = path.with_suffix(".txt").read_text(encoding="utf-8")
    about = page.read_caption(path.with_suffix(".md"))
    assert about.heading.startswith(f"{naming.label(name)}. ")
    assert caption.startswith(about.headline)
    assert re.search(r"(?i)ODA|simulat|verdicts|votes", caption) and "Source: " in caption
    assert re.search(r"n = \d", caption), "the caption says on how many values it rests: (n = ...)"
    assert re.search(r"\d", alt), "the alt text has a number"
    prices = r"(?i)current|constant|number of claims|a simulation|votes"
    assert re.search(prices, caption), "the caption says in what prices: current or constant"
    assert re.search(r"commit|vintage|computed by this project|undated|simulat", caption)
    svg = path.with_suffix(".svg").read_text(encoding="utf-8")
    assert "<text" in svg and "'Open Sans'" in svg
    variants = [path.parent, path.parent / "print"] if about.headline else [path.parent]
    for folder in variants:
        check_fonts(folder / f"{name}.pdf")


def check_fonts(pdf: Path) -> None:
    """A PDF brings the shipped font's letters, as TrueType, and no other's."""
    fonts = [
        font.get_object()
        for page in PdfReader(pdf).pages
        for font in page["/Resources"]["/Font"].values()
    ]
    described = [
        f["/DescendantFonts"][0].get_object() if "/DescendantFonts" in f else f for f in fonts
    ]
    assert described and all("/FontFile2" in f["/FontDescriptor"] for f in described)
    assert all("OpenSans" in font["/BaseFont"] for font in fonts)


# Images, where this matplotlib is the one that drew the committed ones.
IMAGES = [
    pytest.param(
        name,
        marks=pytest.mark.mpl_image_compare(
            baseline_dir=str(ROOT / OUT / "figures"),
            filename=f"{name}.png",
            style=page.STYLE,  # ticks are placed by it when a figure is rendered
            tolerance=1,
            savefig_kwargs={"dpi": 300},
        ),
        id=name,
    )
    for name in NAMES
]


@pytest.mark.skipif(not pinned_platform(), reason="another matplotlib draws other pixels")
@pytest.mark.parametrize("name", IMAGES)
def test_image(name, saved):
    return saved[name]


@pytest.mark.skipif(not pinned_platform(), reason="another matplotlib draws other pixels")
def test_a_changed_data_point_fails_the_comparison(saved, tmp_path):
    name = next(n for n in NAMES if n.startswith("f05"))
    totals = pd.read_csv(plotted(ROOT / OUT, name))
    changed = totals.copy()
    changed.loc[10, "with_uzbekistan"] += 20
    said = {text.get_gid(): text.get_text().replace("\n", " ") for text in saved[name].texts}
    for png, data in (("same", totals), ("changed", changed)):
        figure = figures.total_with_and_without(data, "All five")
        page.set_footer(figure, said["footer"])
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # as when it is saved
        if "headline" in said:
            page.set_headline(figure, said["headline"], said["subtitle"])
        figure.savefig(tmp_path / f"{png}.png", dpi=300)
        plt.close(figure)
    baseline = str(ROOT / OUT / "figures" / f"{name}.png")
    assert compare_images(baseline, str(tmp_path / "same.png"), tol=1) is None
    assert "RMS" in compare_images(baseline, str(tmp_path / "changed.png"), tol=1)


# The checks themselves, on figures with the fault that they look for.
def faulty(draw):
    figure, ax = plt.subplots(figsize=(3, 2))
    draw(ax)
    figure.draw_without_rendering()
    plt.close(figure)
    return figure


def test_faults_are_found():
    twice = faulty(lambda ax: [ax.text(0.5, 0.5, "one"), ax.text(0.5, 0.5, "two")])
    assert ("one", "two") in overlapping(twice)
    assert clipped(faulty(lambda ax: ax.text(3, 0.5, "outside")))
    two = faulty(lambda ax: [ax.plot([0, 1], color=c, label=c) for c in ("#D55E00", "#009E73")])
    assert indistinct(series_of(two.axes[0]))
    line = faulty(lambda ax: ax.plot([1, 2], [3, 4]))
    assert missing_from(drawn_numbers(line), pd.Series([3.0, 5.0])) == [5.0]
    assert contrast("#b0b0b0") < TEXT_CONTRAST


FLOWS = pd.DataFrame(
    [
        (code, year, None if year == 1999 else 9.0)
        for code in ("KAZ", "all")
        for year in range(1997, 2005)
    ],
    columns=["recipient", "year", "usd_million"],
)
REPORTED = FLOWS[FLOWS.recipient == "KAZ"].dropna().assign(measure="net")
ONE_ERA = pd.DataFrame({"opens": ["1997-01-01"], "closes": [None], "label": ["one"]})


def settled(draw):
    """A figure as it is when it gets its headline."""
    figure = draw()
    page.set_footer(figure, "Source: a table, in US$ million and in US$ billion.")
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    plt.close(figure)
    return figure


def places_mm(figure) -> np.ndarray:
    """Where panels, legends and the footer are, in millimetres from the page's left and foot."""
    figure.draw_without_rendering()
    footer = [text for text in figure.texts if text.get_gid() == "footer"]
    boxes = [part.get_window_extent() for part in [*figure.axes, *figure.legends, *footer]]
    return np.array([box.bounds for box in boxes]) / figure.dpi * 25.4


@pytest.mark.parametrize(
    ("draw", "lines"),
    [
        (lambda: figures.flows_by_recipient(FLOWS, ONE_ERA), 1),
        (lambda: figures.what_is_reported(REPORTED, 1997, 2004), 1),
        (
            lambda: figures.total_with_and_without(
                pd.DataFrame({"year": [1, 2], "with_uzbekistan": 1, "without_uzbekistan": 0})
            ),
            2,
        ),
    ],
    ids=["legend", "no legend", "single"],
)
def test_a_headline_moves_nothing_and_covers_nothing(draw, lines):
    figure = settled(draw)
    before, size = places_mm(figure), figure.get_size_inches()
    headline = "The total of US$ 9 million, in US$ of 1997, is what it was seven years before"
    page.set_headline(figure, headline, "Net ODA, US$ million, current prices, in US$")
    assert abs(places_mm(figure) - before).max() < 0.1
    assert figure.get_size_inches()[0] == size[0]
    assert not clipped(figure) and not overlapping(figure)
    first, second = (t for t in figure.texts if t.get_gid() in ("headline", "subtitle"))
    broken = first.get_text().split("\n")
    assert " ".join(broken) == headline and len(broken) == lines
    widths = [page.text_width_mm(line, page.PRINTED.headline, "bold") for line in broken]
    assert min(widths) > 0.7 * max(widths)
    drawn_mm = first.get_window_extent().width / figure.dpi * 25.4
    assert drawn_mm == pytest.approx(max(widths), abs=0.5)
    assert second.get_window_extent().y1 <= first.get_window_extent().y0 + 1
    assert second.get_fontsize() < first.get_fontsize()
    panels = max(ax.get_tightbbox().y1 for ax in figure.axes)
    assert panels < second.get_window_extent().y0
    assert contrast(second.get_color()) >= TEXT_CONTRAST


def test_text_is_broken_where_it_is_too_wide():
    text = "one two three four five six seven eight nine ten"
    lines = page.broken(text, 20, 7)
    assert " ".join(lines) == text and len(lines) > 2
    assert all(page.text_width_mm(line, 7) <= 20 for line in lines)
    assert page.broken("a-word-that-is-wider-than-its-line", 5, 7) == [
        "a-word-that-is-wider-than-its-line"
    ]


def test_the_shipped_font_is_used_whatever_the_system_has(monkeypatch):
    fonts = mpl.font_manager.fontManager
    system = mpl.font_manager.FontEntry(fname="/nowhere.ttf", name="Open Sans", weight=400)
    monkeypatch.setattr(fonts, "ttflist", [system, *fonts.ttflist])
    page.register_fonts()
    found = [mpl.font_manager.findfont(f"Open Sans:{weight}") for weight in ("regular", "bold")]
    assert sorted(found) == [str(path) for path in page.FONTS]


def test_no_colour_has_two_meanings():
    meanings = page.COLOURS | dict(enumerate(page.SERIES))
    alike = [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(meanings.items(), 2)
        if deltaE(to_rgb(a), to_rgb(b), input_space="sRGB1") < APART
    ]
    assert not alike
    assert not [name for name, one in meanings.items() if contrast(one) < MARK_CONTRAST]


def test_only_preset_widths():
    with pytest.raises(ValueError, match="expected one of single, double"):
        page.new_figure("wide", 50, "note")


@pytest.mark.parametrize(
    "path", sorted((ROOT / OUT / "figures").glob("*.md")), ids=lambda path: path.stem
)
def test_a_caption_has_at_most_60_words(path):
    assert len(page.read_caption(path).caption.split()) <= 60


def test_what_stands_beside_a_figure_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "f05_x.md"
    about = page.Caption("Figure 5. Who? Why?", "Net ODA.", "Source: a table.", "data/t.csv")
    shown = about._replace(headline="They have.", subtitle="Net ODA, US$")
    for written in (about, about._replace(keys=("wdi_net_oda_by_donor", "eras")), shown):
        path.write_text(written.to_markdown())
        assert page.read_caption(path) == written
    assert path.read_text().startswith("They have.\n\nNet ODA, US$\n\n**Figure 5. Who? Why?**")
    path.write_text("Net ODA.\n\nSource: a table.\n")
    with pytest.raises(ValueError, match=r"f05_x\.md: expected heading, caption, source line"):
        page.read_caption(path)


def test_era_bands_follow_dates():
    where = figures.date_position(pd.Series(["1997-07-24", "2001-01-01"]))
    assert where[0] == pytest.approx(1997 + 204 / 365.25 - 0.5) and where[1] == 2000.5


def test_the_manifest_lists_every_file():
    manifest = json.loads((ROOT / OUT / "manifest.json").read_text(encoding="utf-8"))
    for name in NAMES:
        for ending in ("pdf", "svg", "png", "md", "txt"):
            assert f"{OUT}/figures/{name}.{ending}" in manifest
        assert plotted(ROOT / OUT, name).relative_to(ROOT).as_posix() in manifest


def test_without_transitions_there_is_no_specification_curve():
    blank = pd.DataFrame(
        {"transition": ["A to B"], "in_sd": [None], "measure": ["net"], "recipient": ["all"]}
    )
    assert figures.specifications(blank, str) is None
    assert figures.specification_curve(blank, str) is None


def test_labels_at_the_end_of_lines_do_not_lie_on_one_another():
    places = figures.spread(pd.Series({"a": 50.0, "b": 49.4, "c": 35.0}), least=6)
    assert places.to_dict() == {"c": 35.0, "b": 49.4, "a": 55.4}


def test_votes_of_two_are_drawn_in_a_panel_each():
    votes = pd.DataFrame(
        [(who, year, 30.0, 60.0, 61.0) for who in ("Japan", "the five") for year in (2001, 2002)],
        columns=["who", "year", "USA", "Russia", "China"],
    )
    eras = pd.DataFrame({"opens": ["2001-01-01"], "closes": [None], "label": ["one"]})
    drawn = figures.alignment(votes, eras)
    assert [ax.get_ylabel().split(":")[0] for ax in drawn.axes] == ["Japan", "the five"]
    assert [len(ax.lines) for ax in drawn.axes] == [3, 3]


def test_the_farthest_donors_are_named_and_those_beyond_the_edge_with_their_value():
    rows = pd.DataFrame(
        [("JPN", 2.0), ("DEU", 1.0), ("FRA", 7.0), ("ARE", 1 / 400)], columns=["donor", "factor"]
    ).assign(series="gross", recipient="all", transition="E0 to E1")
    names = {"JPN": "Japan", "FRA": "France", "ARE": "Emirates", "all": "All recipients"}
    labels = {"E0 to E1": "One to two", "E1 to E2": "Two to three"}
    [ax] = figures.relative_changes(rows, "JPN", labels, names).axes
    assert [t.get_text() for t in ax.texts] == ["3 of 4", "Emirates (1/400)", "France", "not known"]
    assert [t.get_text() for t in ax.figure.legends[0].texts] == [
        "Japan, with its rank",
        "another donor",
    ]
    assert ax.get_title(loc="left") == "Gross disbursements, all recipients"
    others, own, *_ = (line.get_xdata() for line in ax.lines)
    assert sorted(others) == [1 / figures.FARTHEST, 1.0, 7.0] and list(own) == [2.0]


@pytest.mark.parametrize("count", [1, 7, 12])
def test_other_recipients_have_names_styles_and_room(count):
    names = pd.read_csv(ROOT / "data/recipients.csv").query("kind == 'country'")
    longest = names.iloc[names.name.str.len().argsort()[::-1]].head(count)
    page.show_recipients(dict(zip(longest.recipient, longest.name, strict=True)))
    try:
        codes = [*longest.recipient, *(["all"] if count > 1 else [])]
        years = pd.DataFrame({"year": [2003, 2004, 2005], "usd_million": [1.0, 2.0, 3.0]})
        rows = pd.DataFrame({"recipient": codes}).merge(years, how="cross")
        rows = rows.assign(rank=1, donors=20, share_percent=5.0)
        eras = pd.DataFrame({"label": ["one"], "opens": ["2003-01-01"], "closes": [None]})
        of_each = rows[rows.recipient != "all"]
        for figure, panels in (
            (figures.flows_by_recipient(rows, eras), len(codes)),
            (figures.ranks_among_donors(of_each), count),
            (figures.share_by_recipient(of_each), count),
        ):
            figure.canvas.draw()
            titles = [ax.title.get_window_extent() for ax in figure.axes]
            assert len(titles) == panels
            for one, other in itertools.combinations(titles, 2):
                assert not one.overlaps(other)
            plt.close(figure)
        assert len(set(page.STYLES.values())) == len(set(page.HATCHES)) == count
    finally:
        page.show_recipients(RECIPIENTS)


def test_marked_years_are_whole_however_few_there_are():
    figure, (one, other) = page.new_figure("single", 60, rows=2, sharex=True)
    figures.mark_years(one)
    for last in range(2008, 2041):
        other.set_xlim(2002.4, last + 0.6)
        assert all(tick % 1 == 0 for tick in one.get_xticks()), last
    plt.close(figure)


def test_no_axis_of_years_is_marked_by_chance(drawn):
    """A run of two decades once had 2007.5 below a figure whose three decades here have none."""
    for ax in drawn.axes:
        if 1980 < min(ax.get_xlim()) < 2030:
            assert type(ax.xaxis.get_major_locator()) is not AutoLocator
