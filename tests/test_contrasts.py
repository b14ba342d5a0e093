"""Eras on small series: weights, contrasts, families, holes."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oda_eras import contrasts
from oda_eras.breaks import rotation
from oda_eras.eras import (
    contrast,
    day_shares,
    describe,
    era_weights,
    gaps_and_overlaps,
    majority_era,
    specifications,
    transitions,
    welch_interval,
)

ERAS = pd.DataFrame(
    {
        "era": ["A", "B"],
        "opens": ["2000-01-01", "2004-04-01"],
        "closes": ["2004-04-01", None],
    }
)
YEARS = list(range(2000, 2010))
SERIES = pd.DataFrame({("net", "current", "all"): np.arange(10.0)}, index=YEARS)


def test_shares_of_days_sum_to_one_without_overlap():
    shares = day_shares(ERAS, YEARS)
    assert np.allclose(shares.sum(axis=1), 1)
    assert shares.loc[2004, "A"] == pytest.approx(91 / 366)


def test_three_treatments_of_a_boundary_year():
    weights = {
        b: era_weights(ERAS, YEARS, b).loc[2004] for b in ("majority", "dropped", "weighted")
    }
    assert weights["majority"].tolist() == [0, 1]
    assert weights["dropped"].tolist() == [0, 0]
    assert weights["weighted"].tolist() == pytest.approx([91 / 366, 275 / 366])
    with pytest.raises(ValueError, match="boundary 'middle': expected one of majority"):
        era_weights(ERAS, YEARS, "middle")


def test_six_days_make_no_boundary_year():
    eras = ERAS.assign(opens=["2000-01-01", "2004-12-26"], closes=["2004-12-26", None])
    assert era_weights(eras, YEARS, "dropped").loc[2004].tolist() == [1, 0]


def test_a_shift_moves_all_eras():
    weights = era_weights(ERAS, YEARS, shift=2)
    assert weights.B.idxmax() == 2006  # the era of 2004 stands against the flow of 2006


def test_contrast_estimates_and_floors():
    values = pd.Series([1.0, 2, 3, 4, 11, 12, 13], index=range(2000, 2007))
    before = pd.Series([1.0] * 4 + [0] * 3, index=values.index)
    found = contrast(values, before, 1 - before)
    assert found["difference"] == 9.5
    assert found["p"] == found["floor"] == pytest.approx(1 / 35)
    assert found["low"] < 9.5 < found["high"]
    flipped = contrast(-values, before, 1 - before)
    assert flipped["difference"] == -9.5 and flipped["p"] == found["p"]


def test_the_interval_is_welchs():
    rng = np.random.default_rng(0)
    for sizes in ((3, 8), (5, 5), (12, 4)):
        before, after = (rng.normal(size=n) * n for n in sizes)
        theirs = stats.ttest_ind(after, before, equal_var=False).confidence_interval()
        assert welch_interval(before, after) == pytest.approx(tuple(theirs), rel=1e-12)
    assert welch_interval(np.ones(3), np.zeros(4)) == (-1, -1)


def test_no_contrast_with_fewer_than_three_years():
    values = pd.Series([1.0, 2, 3, 4], index=range(2000, 2004))
    before = pd.Series([1.0, 1, 0, 0], index=values.index)
    found = contrast(values, before, 1 - before)
    assert found["n_before"] == 2 and np.isnan(found["difference"]) and np.isnan(found["p"])


def test_weighted_contrast_equals_the_plain_one_for_whole_years():
    values = pd.Series([1.0, 2, 3, 9, 8, 7, 5], index=range(2000, 2007))
    before = pd.Series([1, 1, 1, 0.5, 0, 0, 0], index=values.index)
    after = 1 - before
    found = contrast(values, before, after)
    assert found["difference"] == pytest.approx(24.5 / 3.5 - 10.5 / 3.5)
    assert 0 < found["p"] < 1 and found["floor"] == 1e-4
    assert contrast(values, before, after)["p"] == found["p"]  # seeded


def test_transitions_correct_over_what_can_be_compared():
    values = pd.Series(np.arange(10.0), index=YEARS)
    weights = pd.DataFrame(
        {
            "A": [1.0] * 3 + [0] * 7,
            "B": [0.0] * 3 + [1] * 3 + [0] * 4,
            "C": [0.0] * 6 + [1] * 3 + [0],
            "D": [0.0] * 9 + [1],
        },
        index=YEARS,
    )
    table = transitions(values, weights)
    assert table.difference[:2].tolist() == [3.0, 3.0] and np.isnan(table.difference[2])
    assert table.p_holm[:2].tolist() == pytest.approx([0.2, 0.2])  # two comparisons, not three
    assert (table.loo_low[:2] < 3).all() and (table.loo_high[:2] > 3).all()


def test_holes_and_overlaps():
    eras = pd.DataFrame(
        {
            "era": ["A", "B", "C"],
            "opens": ["2000-01-01", "2001-02-01", "2001-06-01"],
            "closes": ["2001-01-01", "2001-07-01", None],
        }
    )
    assert gaps_and_overlaps(eras).values.tolist() == [
        ["hole", "2001-01-01", "2001-02-01", 31, "A and B"],
        ["overlap", "2001-06-01", "2001-07-01", 30, "B and C"],
    ]


def test_describe_leaves_out_what_has_no_meaning():
    flows = pd.DataFrame({"X": [1.0, 3.0, -2.0, 1.0]}, index=[2000, 2001, 2002, 2003])
    era = pd.Series(["A", "A", "B", "B"], index=flows.index)
    table = describe(flows, era).set_index("era")
    assert table.loc["A", ["n", "median", "largest_year"]].tolist() == [2, 2.0, 2001]
    assert table.largest_share_percent["A"] == 75.0
    assert np.isnan(table.largest_share_percent["B"]) and np.isnan(table.cv["B"])
    assert table.negative_years["B"] == 1


def test_equal_years_give_no_evidence():
    values = pd.Series(0.0, index=YEARS)
    weights = era_weights(ERAS, YEARS)
    found = contrast(values, weights.A, weights.B)
    assert (found["difference"], found["p"], found["floor"]) == (0, 1, 1)


def test_eras_that_the_data_made_are_estimated_and_not_tested():
    values = pd.Series(np.arange(10.0), index=YEARS)
    weights = era_weights(ERAS, YEARS)
    tested, described = (transitions(values, weights, tested=t).iloc[0] for t in (True, False))
    estimates = ["n_before", "n_after", "difference", "g", "loo_low", "loo_high", "family"]
    assert described[estimates].equals(tested[estimates])
    inference = ["low", "high", "p", "floor", "p_holm", "floor_holm"]
    assert tested[inference].notna().all() and described[inference].isna().all()
    assert specifications(SERIES, ERAS, tested=False)[["p", "floor"]].isna().all().all()


def test_one_era_has_no_transition():
    one = ERAS.head(1)
    assert transitions(SERIES.iloc[:, 0], era_weights(one, YEARS)).empty
    assert specifications(SERIES, one).empty


KEY = ("net", "current", "all")
LONG = pd.DataFrame(
    {KEY: [1.0, 2, 3, 2, 11, 12, 13, 12, 14, 13], ("grants", "current", "all"): 1.0},
    index=YEARS,
)
LONG.columns.names = ["measure", "price_basis", "recipient"]


def test_every_treatment_and_lag_is_made_once():
    found = contrasts.all_contrasts(LONG, ERAS, [0, 2])
    assert list(found)[:7] == contrasts.KEYS and not found.duplicated(contrasts.KEYS).any()
    assert len(found) == 2 * 3 * 2  # series, treatments, lags
    one = found[(found.measure == "net") & (found.boundary == "majority") & (found.lag == 2)]
    alone = transitions(LONG[KEY], era_weights(ERAS, YEARS, "majority", 2))
    assert one.difference.tolist() == alone.difference.tolist()


def test_omnibus_tests_every_series_and_none_where_the_data_made_the_eras():
    era = majority_era(ERAS, YEARS)
    tests = contrasts.omnibus(LONG[[KEY]], era)
    test = rotation(LONG[KEY], era)
    assert tests.loc[KEY, ["n", "f", "p"]].tolist() == [10, test.statistic, test.p]
    assert contrasts.omnibus(LONG, era, tested=False).empty


def test_rotation_of_a_pair_leaves_out_eras_without_a_year():
    rows = pd.DataFrame({"era_before": ["A", "B"], "era_after": ["B", "C"]})
    pairs = contrasts.by_rotation(LONG[KEY], majority_era(ERAS, YEARS), rows)
    assert pairs.transition.tolist() == ["A to B"]
    assert pairs.difference[0] == pytest.approx(LONG[KEY][4:].mean() - LONG[KEY][:4].mean())


def test_specifications_are_counted_and_what_is_not_tested_is_missing():
    rows = pd.DataFrame(
        {
            "transition": "A to B", "measure": "net", "recipient": "all",
            "difference": [1.0, 2, -1, np.nan], "p": [0.05, 0.2, 0.01, np.nan],
            "floor": [0.03, 0.02, 0.01, np.nan],
        }
    )  # fmt: skip
    counts = contrasts.over_specifications(rows).iloc[0]
    assert counts[["valid", "positive", "small", "smallest_floor"]].tolist() == [3, 2, 2, 0.01]
    blind = contrasts.over_specifications(rows.assign(p=np.nan, floor=np.nan)).iloc[0]
    assert blind.valid == 3 and blind[["small", "smallest_floor"]].isna().all()


def test_unnamed_days_go_either_way():
    article = ERAS.assign(closes=["2003-05-01", None])
    either = contrasts.either_way(ERAS, {"article": article}, "A", "B")
    assert either["A"] is ERAS
    assert either["B"].opens.tolist() == ["2000-01-01", "2003-05-01"]
    both = contrasts.under_schemes(LONG["net"], either)
    moved = both.loc["all", "current", "B"]
    assert moved.n_before["A to B"] == 3 and both.loc["all", "current", "A"].n_after["A to B"] == 6


@pytest.mark.parametrize("schemes", [{}, {"article": ERAS}], ids=["no article", "no hole"])
def test_no_unnamed_days_no_second_way(schemes):
    either = contrasts.either_way(ERAS, schemes, "A", "B")
    assert either == {} and contrasts.under_schemes(LONG["net"], either).empty
