"""Other donors as controls, on small made-up panels."""

import numpy as np
import pandas as pd
import pytest
from conftest import OUT, ROOT

from oda_eras.donors import (
    FITS,
    READINGS,
    donor_totals,
    gap_ratios,
    placebo,
    poisson_effects,
    synthetic,
    synthetic_gaps,
)

YEARS = [2000, 2001]
# Japan reports every cell, the United States one in each year, Germany one in all; France gives
# nothing and says so, Greece is blank.
FLOWS = pd.DataFrame(
    [
        ("JPN", "KAZ", 2000, 1.0),
        ("JPN", "KAZ", 2001, 2.0),
        ("JPN", "UZB", 2000, 3.0),
        ("JPN", "UZB", 2001, 4.0),
        ("USA", "KAZ", 2000, 5.0),
        ("USA", "UZB", 2001, 6.0),
        ("DEU", "KAZ", 2000, -7.0),
        *(("FRA", recipient, year, 0.0) for recipient in ("KAZ", "UZB") for year in YEARS),
        ("GRC", "KAZ", 1999, 8.0),
    ],
    columns=["donor", "recipient", "year", "usd_million"],
)


def test_blanks_are_read_in_three_ways():
    cells = donor_totals(FLOWS, "missing", YEARS, "JPN")
    assert list(cells) == ["JPN"] and cells.JPN.tolist() == [4.0, 6.0]
    sums = donor_totals(FLOWS, "reported", YEARS, "JPN")
    assert list(sums) == ["JPN", "USA"] and sums.USA.tolist() == [5.0, 6.0]
    closed = donor_totals(FLOWS, "zero", YEARS, "JPN")
    assert list(closed) == ["DEU", "JPN", "USA"] and closed.DEU.tolist() == [-7.0, 0.0]
    with pytest.raises(ValueError, match="reading 'guess': expected one of missing, reported, ze"):
        donor_totals(FLOWS, "guess", YEARS, "JPN")


def test_one_recipient_needs_its_own_cells_only():
    kaz = FLOWS[FLOWS.recipient == "KAZ"]
    for reading in ("missing", "reported"):
        assert list(donor_totals(kaz, reading, [2000], "JPN")) == ["DEU", "JPN", "USA"]
        assert list(donor_totals(kaz, reading, YEARS, "JPN")) == ["JPN"]


@pytest.mark.parametrize("reading", READINGS)
def test_idle_donors_are_no_controls(reading):
    assert not {"FRA", "GRC"} & set(donor_totals(FLOWS, reading, YEARS, "JPN"))
    # the donor that is asked about stays
    assert "FRA" in donor_totals(FLOWS, reading, YEARS, "FRA")


def test_flows_that_cancel_are_no_idleness():
    flows = FLOWS.assign(usd_million=[1.0, 1.0, -1.0, -1.0, *FLOWS.usd_million[4:]])
    assert donor_totals(flows, "missing", YEARS, "USA").JPN.tolist() == [0.0, 0.0]


def test_placebo_ranks_by_size_and_states_its_floor():
    place = placebo(pd.Series({"JPN": -5.0, "USA": 4.0, "DEU": 6.0, "FRA": 0.0}), "JPN")
    assert place == {"n_controls": 3, "change": -5.0, "rank": 2, "p": 0.5, "floor": 0.25}


def test_poisson_recovers_an_effect():
    rng = np.random.default_rng(1)
    levels = list(zip(range(2000, 2010), rng.uniform(1, 2, 10), strict=True))
    rows = [
        (donor, recipient, year, era, scale * size * year_level * effect)
        for donor, scale in zip("ABCDEFG", rng.uniform(1, 9, 7), strict=True)
        for recipient, size in zip(["KAZ", "KGZ"], [1.0, 3.0], strict=True)
        for year, year_level in levels
        for era in ["E1" if year < 2005 else "E2"]
        for effect in [2.0 if donor == "A" and era == "E2" else 1.0]
    ]
    cells = pd.DataFrame(rows, columns=["donor", "recipient", "year", "era", "usd_million"])
    found = poisson_effects(cells, "A", ["E2"])
    assert found.estimate["E2"] == pytest.approx(np.log(2), abs=1e-4)
    assert poisson_effects(cells, "B", ["E2"]).estimate["E2"] < 0


def test_poisson_says_missing_where_nothing_is_identified():
    rows = [
        (donor, "KAZ", year, "E1" if year < 2003 else "E2", 1.0 + year % 3)
        for donor in "ABC"
        for year in range(2000, 2006)
        if donor != "A" or year >= 2003  # A has no year in the base
    ]
    cells = pd.DataFrame(rows, columns=["donor", "recipient", "year", "era", "usd_million"])
    found = poisson_effects(cells, "A", ["E2"])
    assert list(found.index) == ["E2"] and found.isna().all(axis=None)


@pytest.mark.parametrize("fit", FITS)
def test_synthetic_follows_a_mixture_and_finds_what_is_added(fit):
    years = pd.Index(range(2000, 2012), name="year")
    rng = np.random.default_rng(2)
    flows = pd.DataFrame(rng.uniform(0, 10, (12, 3)), index=years, columns=["A", "B", "C"])
    flows["JPN"] = 0.25 * flows.A + 0.75 * flows.B
    flows.loc[2008:, "JPN"] += 5
    gap, weights = synthetic(flows, "JPN", 2007, fit)
    assert weights.round(2).to_dict() == {"A": 0.25, "B": 0.75, "C": 0.0}
    assert gap.loc[:2007].abs().max() < 0.01 and gap.loc[2008:].tolist() == pytest.approx(
        [5] * 4, abs=0.01
    )
    gaps = synthetic_gaps(flows, "JPN", 2007, fit)
    assert gaps.JPN.equals(gap)
    table = gap_ratios(gaps, 2007)
    assert table.ratio.idxmax() == "JPN" and table.mean_gap_after["JPN"] == pytest.approx(
        5, abs=0.01
    )


def test_years_are_weighed_as_the_fit_says():
    # Japan is like A in a year in which donors lie far apart, like B where they lie close
    flows = pd.DataFrame(
        {"A": [30.0, 3.0], "B": [0.0, 1.0], "JPN": [24.0, 1.2]}, index=[2000, 2001]
    )
    apart, wanted = flows.A - flows.B, flows.JPN - flows.B
    found = {fit: synthetic(flows, "JPN", 2001, fit)[1]["A"] for fit in FITS}
    # with two donors least squares has a closed form
    assert found["unscaled"] == pytest.approx((apart * wanted).sum() / (apart**2).sum(), abs=1e-3)
    by = flows.var(axis=1)
    scaled = (apart * wanted / by).sum() / (apart**2 / by).sum()
    assert found["scaled"] == pytest.approx(scaled, abs=1e-3)
    assert found["unscaled"] - found["scaled"] > 0.1
    with pytest.raises(ValueError, match="fit 'guess': expected one of scaled, unscaled"):
        synthetic(flows, "JPN", 2001, "guess")


def published(name):
    return pd.read_csv(ROOT / OUT / "data" / f"{name}.csv")


def test_published_placebos_count_the_donors_that_gave():
    panel, placebos, dots = map(published, ("panel", "placebos", "donor_changes"))
    era = published("donor_shares").drop_duplicates("year").set_index("year").era
    net = panel[panel.measure == "net"]
    closed = placebos.query("recipient == 'all' and reading == 'zero'")
    assert closed.n_idle.max() > 0
    for row in closed.itertuples():
        years = era.index[era.isin(row.transition.split(" to "))]
        gave = set(net.donor[net.year.isin(years) & (net.usd_million != 0)])
        shown = dots[(dots.transition == row.transition) & (dots.scale == row.scale)]
        assert set(shown.donor) == gave
        assert row.n_active == row.n_controls == len(gave) - 1
        assert row.n_idle == net.donor.nunique() - len(gave)
        assert row.floor == pytest.approx(1 / len(gave), abs=1e-4)


def test_ranks_among_synthetic_donors_are_given_for_both_fits():
    results = published("synthetic")
    assert all(fits == FITS for fits in results.groupby("recipient").fit.agg(tuple))
    caption = (ROOT / OUT / "figures" / "f11_synthetic_donor.md").read_text(encoding="utf-8")
    for scaled, unscaled in results.pivot(index="recipient", columns="fit", values="rank").values:
        assert f"{scaled} scaled and {unscaled} unscaled" in caption
