"""The figures of notebook 03 where a run has fewer recipients, or years that nobody reports."""

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from oda_eras import figures

NOTE = "A note."
YEARS = range(2000, 2016)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def rows(codes: list[str], **columns) -> pd.DataFrame:
    return pd.concat([pd.DataFrame({"recipient": c, "year": YEARS, **columns}) for c in codes])


def titles(figure) -> list[str]:
    return [ax.get_title(loc="left") for ax in figure.axes]


def labels(figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["UZB"], ["Uzbekistan"]),
        (["UZB", "KAZ", "all"], ["Kazakhstan", "Uzbekistan", "Both"]),
        (["KGZ", "TJK", "UZB", "all"], ["Kyrgyzstan", "Tajikistan", "Uzbekistan", "All three"]),
    ],
)
def test_a_panel_for_each_recipient_and_one_for_their_sum(codes, expected):
    flows = rows(codes, usd_million=1.0)
    eras = pd.DataFrame({"label": ["a"], "opens": ["1990-01-01"], "closes": ["2005-01-01"]})
    assert titles(figures.flows_by_recipient(flows, eras, NOTE)) == expected
    parts = rows(codes, grants=1.0, loans_net=-0.5, repayments=0.5, label="known")
    assert titles(figures.made_of(parts, "euro", NOTE)) == expected
    compared = rows(codes, measure="net", usd_million=1.0, label="reported")
    assert titles(figures.three_measures(compared, NOTE)) == expected


def test_a_year_that_is_not_reported_is_marked_not_drawn_as_zero():
    flows = rows(["KAZ", "UZB"], usd_million=1.0)
    gap = flows[(flows.recipient == "KAZ") | (flows.year != 2003)]
    nothing = pd.DataFrame({"label": [], "opens": [], "closes": []})
    assert labels(figures.flows_by_recipient(flows, nothing, NOTE)) == []
    drawn = figures.flows_by_recipient(gap, nothing, NOTE)
    assert labels(drawn) == ["not reported"]
    marks = [line for line in drawn.axes[1].lines if line.get_marker() == "x"]
    assert [list(line.get_xdata()) for line in marks] == [[2003]]


def test_eras_outside_the_years_of_a_run_leave_no_label():
    eras = pd.DataFrame(
        {
            "label": ["early", "late"],
            "opens": ["1992-01-01", "2004-01-01"],
            "closes": ["1999-01-01", None],
        }
    )
    drawn = figures.flows_by_recipient(rows(["UZB"], usd_million=1.0), eras, NOTE)
    assert [text.get_text() for text in drawn.axes[0].texts] == ["late"]


def test_repayments_hang_below_zero_and_show_what_is_inferred():
    parts = rows(["UZB"], grants=2000.0, loans_net=9e3, repayments=500.0, label="known")
    parts.loc[parts.year > 2010, "label"] = "inferred"
    parts.loc[parts.year < 2005, ["repayments", "label"]] = None
    drawn = figures.made_of(parts, "yen", NOTE)
    marks = {line.get_label(): line for line in drawn.axes[0].lines if line.get_marker() == "D"}
    assert list(marks["repayments, gross known"].get_xdata()) == list(range(2005, 2011))
    assert set(marks["repayments, gross inferred"].get_ydata()) == {-500.0}
    assert marks["repayments, gross inferred"].get_markerfacecolor() == "white"
    assert drawn.axes[0].get_ylabel() == "million yen"
    assert figures.made_of(parts.assign(loans_net=9e4), "yen", NOTE).axes[0].get_ylabel() == (
        "billion yen"
    )


def test_a_known_year_between_unknown_ones_is_seen():
    compared = rows(["UZB"], measure="net", usd_million=1.0, label="reported")
    compared = compared[~compared.year.isin([2004, 2006])]
    drawn = figures.three_measures(compared, NOTE)
    dots = [line for line in drawn.axes[0].lines if line.get_marker() == "."]
    assert [2005] in [list(line.get_xdata()) for line in dots]


def test_a_measure_without_any_year_has_no_entry():
    number = pd.DataFrame(
        {"measure": ["grants"] * 2 + ["gross"] * 2, "year": [2000, 2001] * 2,
         "effective_number": [2.0, 2.5, None, None]}
    )  # fmt: skip
    assert labels(figures.concentration(number, NOTE)) == ["grants"]
