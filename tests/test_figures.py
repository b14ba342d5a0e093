"""Figures as they are drawn: size, type, text inside the page and apart from other text."""

import re

import matplotlib as mpl
import pandas as pd
import pytest
from conftest import OUT, ROOT
from matplotlib import image as mpimg
from matplotlib import pyplot as plt

from oda_eras import figures

DATA = ROOT / OUT / "data"
ERAS = pd.read_csv(ROOT / "data" / "eras.csv")
NOTE = "Net ODA from Japan, current US$ and constant US$, calendar years. " * 2


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / f"{name}.csv")


def flows() -> pd.DataFrame:
    panel = read("panel").query("donor == 'JPN' and measure == 'net'")
    rows = panel[["recipient", "year", "usd_million"]]
    totals = read("totals").rename(columns={"with_uzbekistan": "usd_million"})
    return pd.concat([rows, totals[["year", "usd_million"]].assign(recipient="ALL")])


def scheme(name: str) -> pd.DataFrame:
    return ERAS[ERAS.scheme == name]


DRAWINGS = {
    "flows": lambda: figures.flows_by_recipient(flows(), scheme("article"), NOTE),
    "totals": lambda: figures.total_with_and_without(read("totals"), NOTE),
    "bases": lambda: figures.price_bases(read("price_bases"), NOTE),
    "repayments": lambda: figures.implied_repayments(read("repayments"), "yen", NOTE),
    "concentration": lambda: figures.concentration(read("concentration"), NOTE),
    "ranks": lambda: figures.rank_and_share(read("ranks"), NOTE),
    "timeline": lambda: figures.era_timeline(
        {"filled": scheme("filled"), "article": scheme("article")},
        pd.read_csv(ROOT / "data" / "events.csv"),
        NOTE,
    ),
    "shares": lambda: figures.share_by_recipient(read("donor_shares"), NOTE),
}


@pytest.fixture(params=DRAWINGS)
def drawn(request):
    figure = DRAWINGS[request.param]()
    figure.draw_without_rendering()
    yield figure
    plt.close(figure)


def texts(figure) -> list:
    return [t for t in figure.findobj(mpl.text.Text) if t.get_visible() and t.get_text().strip()]


def test_page_width_is_a_preset(drawn):
    width = drawn.get_size_inches()[0] * 25.4
    assert min(abs(width - preset) for preset in figures.WIDTHS_MM.values()) < 0.01


def test_type_is_five_points_or_more(drawn):
    small = [t.get_text() for t in texts(drawn) if t.get_fontsize() < 5]
    assert not small


def test_no_text_leaves_the_page(drawn):
    page = drawn.bbox
    # labels of ticks beyond an axis' limits exist but are not drawn
    ticks = {t for ax in drawn.axes for t in ax.get_xticklabels() + ax.get_yticklabels()}
    for text in set(texts(drawn)) - ticks:
        box = text.get_window_extent()
        assert box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1, text.get_text()
        assert box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1, text.get_text()


def test_footers_do_not_read_dollars_as_mathematics(drawn):
    footer = next(t for t in drawn.texts if "current US$" in t.get_text())
    assert not footer.get_parse_math()


def test_titles_of_panels_do_not_overlap(drawn):
    boxes = [a.title.get_window_extent() for a in drawn.axes if a.title.get_text()]
    boxes += [a._left_title.get_window_extent() for a in drawn.axes if a._left_title.get_text()]
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[i + 1 :])


def test_era_bands_follow_dates():
    where = figures.date_position(pd.Series(["1997-07-24", "2001-01-01"]))
    assert where[0] == pytest.approx(1997 + 204 / 365.25 - 0.5) and where[1] == 2000.5


SAVED = sorted((ROOT / OUT / "figures").glob("f*.png"))


@pytest.mark.parametrize("path", SAVED, ids=lambda p: p.stem)
def test_saved_figures_are_complete(path):
    pixels = mpimg.imread(path).shape[1]
    widths = [mm / 25.4 * 300 for mm in figures.WIDTHS_MM.values()]
    assert min(abs(pixels - width) for width in widths) <= 1
    caption = path.with_suffix(".md").read_text(encoding="utf-8")
    alt = path.with_suffix(".txt").read_text(encoding="utf-8")
    assert re.search(r"(?i)ODA|simulat", caption) and "Source: " in caption
    assert re.search(r"n = \d|simulated", caption) and re.search(r"\d", alt)
    assert re.search(r"current|constant|no price basis", caption, re.IGNORECASE)
    svg = path.with_suffix(".svg").read_text(encoding="utf-8")
    assert "<text" in svg and "DejaVu Sans" in svg
    assert b"/FontFile2" in path.with_suffix(".pdf").read_bytes()
    assert len(pd.read_csv(path.with_suffix(".csv"))) > 5
