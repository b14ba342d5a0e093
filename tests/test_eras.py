"""Calendar years go to the era that holds most of their days."""

import pandas as pd
import pytest
from conftest import ROOT

from oda_eras.eras import (
    all_schemes,
    data_driven_eras,
    dated_schemes,
    day_shares,
    describe_schemes,
    events_of,
    majority_era,
    moved_boundary,
    time_line,
)

ERAS = pd.read_csv(ROOT / "data" / "eras.csv")


def scheme(name):
    return ERAS[ERAS.scheme == name]


def test_filled_scheme_leaves_no_year_after_1992_without_an_era():
    years = majority_era(scheme("filled"), list(range(1992, 2024)))
    assert years.isna().sum() == 1 and years.isna()[1992]
    counts = years.value_counts()
    assert counts.to_dict() == {
        "E0": 5, "E1": 4, "E2": 5, "E2b": 3, "E3": 3, "E4": 8, "E5": 1, "E6": 2,
    }  # fmt: skip


def test_2001_has_no_winner_in_the_articles_words():
    # Mori to 26 April holds 115 days, 11 September on 112, and 138 days have no heading
    years = majority_era(scheme("article"), [2000, 2001, 2002])
    assert years[2000] == "E1" and years[2002] == "E2" and pd.isna(years[2001])


def test_the_138_days_can_be_given_to_either_era():
    filled = scheme("filled")
    moved = moved_boundary(filled, "E2", "2001-04-26")
    assert majority_era(filled, [2001])[2001] == "E1" and majority_era(moved, [2001])[2001] == "E2"
    days = 365 * (day_shares(moved, [2001]) - day_shares(filled, [2001])).loc[2001]
    assert (
        round(days.E2) == -round(days.E1) == 138
        and moved.closes.tolist()[:-1] == (moved.opens.tolist()[1:])
    )
    assert majority_era(moved, [2000, 2002]).tolist() == ["E1", "E2"]


def test_filled_eras_follow_each_other_without_gap():
    filled = scheme("filled")
    assert filled.closes.tolist()[:-1] == filled.opens.tolist()[1:]
    assert pd.isna(filled.closes.iloc[-1])


def test_prime_ministers_follow_each_other_without_gap():
    ministers = scheme("prime_ministers")
    assert ministers.closes.tolist()[:-1] == ministers.opens.tolist()[1:]


def test_a_tie_goes_to_the_earlier_era():
    eras = pd.DataFrame(
        {
            "era": ["A", "B"],
            "opens": ["1999-01-01", "2000-07-02"],
            "closes": ["2000-07-02", "2002-01-01"],
        }
    )
    assert majority_era(eras, [2000])[2000] == "A"


def test_an_era_without_dates_is_refused():
    with pytest.raises(ValueError, match="no opening date for D"):
        majority_era(scheme("data_driven"), [2000])


def test_four_schemes():
    assert set(ERAS.scheme) == {"article", "filled", "prime_ministers", "data_driven"}
    assert not ERAS.duplicated(["scheme", "donor", "era"]).any()


SHIFTED = pd.Series([1.0, 2, 1, 2, 1, 20, 21, 20, 21, 20], index=range(2000, 2010))
EVENTS = pd.DataFrame({"date": ["2001-09-11"], "event": ["attacks"]})


@pytest.mark.parametrize(("donor", "events"), [("JPN", 1), ("DEU", 0)])
def test_a_time_line_has_the_donors_schemes_and_events(donor, events):
    schemes = dated_schemes(ERAS, donor, data_driven_eras(SHIFTED, donor))
    titles = ["article", "filled", "prime ministers"] if donor == "JPN" else []
    assert list(schemes) == [*titles, "data-driven"]
    every = all_schemes(schemes)
    lines = time_line(every, events_of(EVENTS, schemes))
    assert len(lines) == len(every) + events
    assert lines[lines.scheme == "event"].closes.tolist() == ["2001-09-11"] * events
    assert every[every.scheme == "data-driven"].opens.tolist() == ["2000-01-01", "2005-01-01"]


def test_flows_are_described_in_every_scheme_and_measure():
    flows = pd.concat({("net", "all"): SHIFTED, ("grants", "all"): SHIFTED / 2}, axis=1)
    described = describe_schemes(
        flows, {"data-driven": data_driven_eras(SHIFTED, "DEU")}, ["net", "grants"]
    )
    assert list(described)[:4] == ["scheme", "measure", "era", "recipient"]
    means = described.set_index(["measure", "era"])["mean"]
    assert means["net", "D2"] == 20.4 and means["grants", "D1"] == 0.7
