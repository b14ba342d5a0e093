"""Tests on agreements: p by brute force, ranges of dates in every era that they can have."""

from datetime import date, timedelta
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oda_eras import decisions, signing_tests
from oda_eras.study import Study

# A and B meet, C and D overlap by a year, E is open; 2006 belongs to no era
ERAS = pd.DataFrame(
    {
        "era": ["A", "B", "C", "D", "E"],
        "opens": ["2000-01-01", "2002-01-01", "2007-01-01", "2009-01-01", "2020-01-01"],
        "closes": ["2002-01-01", "2006-01-01", "2010-01-01", "2012-01-01", None],
    }
)
DAYS = {"A": 731, "B": 1461, "C": 1096, "D": 1095}
TWO = ERAS.iloc[:2]


def agreement(first, last=None, amount=1000.0, recipient="UZB", basis="exact", project="A road"):
    return dict(
        recipient=recipient, project=project, signed_from=first, signed_to=last or first,
        amount_yen_million=amount, basis=basis,
    )  # fmt: skip


def kyrgyz(year, amount=1000.0):
    basis = decisions.UPPER_BOUND
    return agreement(f"{year}-01-01", f"{year}-12-31", amount, "KGZ", basis)


def agreements(*rows) -> pd.DataFrame:
    return decisions.of_study(pd.DataFrame(list(rows)), Study())


def outcomes(n, eras):
    return [c for c in product(range(n + 1), repeat=eras) if sum(c) == n]


def brute_force(counts, days):
    """Probability of all outcomes no likelier than the counts."""
    chance = stats.multinomial(sum(counts), np.array(days) / sum(days))
    each = chance.pmf(outcomes(sum(counts), len(days)))
    return each[each <= chance.pmf(counts) * (1 + 1e-7)].sum()


@pytest.mark.parametrize(
    ("n", "days"), [(5, [100, 300, 250]), (4, [10, 10, 10, 10]), (0, [3, 5]), (6, [1, 2000])]
)
def test_the_multinomial_p_is_that_of_every_outcome_enumerated(n, days):
    every = outcomes(n, len(days))
    found = signing_tests.multinomial_p(every, np.array(days))
    assert found == pytest.approx([brute_force(counts, days) for counts in every])
    assert max(found) <= 1


def test_for_two_eras_it_is_the_binomial_test():
    found = signing_tests.multinomial_p([(9, 2)], np.array([700, 500]))
    assert found == pytest.approx([stats.binomtest(9, 11, 700 / 1200).pvalue])


def test_outcomes_as_likely_as_the_observed_one_count_in_full():
    # (3, 0) and (0, 3) are as likely, (2, 1) and (1, 2) likelier
    assert signing_tests.multinomial_p([(3, 0)], np.array([7, 7])) == pytest.approx([2 / 8])
    assert signing_tests.multinomial_p([(2, 1)], np.array([7, 7])) == pytest.approx([1])


def test_more_eras_are_simulated_close_to_the_exact_p(monkeypatch):
    days, counts = np.array([300, 200, 500, 400]), [(6, 0, 1, 1), (2, 2, 2, 2), (0, 8, 0, 0)]
    exact = signing_tests.multinomial_p(counts, days)
    monkeypatch.setattr(signing_tests, "MOST_ENUMERATED", 3)
    drawn = signing_tests.multinomial_p(counts, days)
    error = np.sqrt(np.array(exact) / signing_tests.N_DRAWN)
    assert (np.abs(np.subtract(drawn, exact)) < 4 * error + 1e-4).all() and drawn != exact
    assert drawn == signing_tests.multinomial_p(counts, days)
    assert drawn != signing_tests.multinomial_p(counts, days, seed=1)
    # the observed outcome is one of the drawn ones: p is never 0
    assert drawn[2] >= 1 / (signing_tests.N_DRAWN + 1)


def test_sixteen_eras_equal_the_exact_p_of_one_event():
    # of one event only the era counts: p is the share of days in eras no longer than its own
    days = np.arange(1, 17)
    one = [tuple(row) for row in np.eye(16, dtype=int)]
    exact = [days[days <= d].sum() / days.sum() for d in days]
    assert signing_tests.multinomial_p(one, days) == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize(
    ("counts", "days"),
    [([(1, 2), (2, 2)], [5, 5]), ([(1, 2, 0)], [5, 5]), ([(1, 2)], [5, 0])],
    ids=["two sums", "more counts than eras", "an era without a day"],
)
def test_counts_and_days_that_do_not_fit_are_refused(counts, days):
    with pytest.raises(ValueError, match="as many counts as eras, one sum, and a day"):
        signing_tests.multinomial_p(counts, np.array(days))


def test_eras_still_open_when_the_list_of_agreements_has_gaps_are_left_out():
    late = ERAS.assign(closes=ERAS.closes.mask(ERAS.era == "D", "2022-01-01"))
    assert list(signing_tests.complete(late).era) == ["A", "B", "C"]
    assert signing_tests.days_of(signing_tests.complete(ERAS)).to_dict() == DAYS


@pytest.mark.parametrize(
    ("first", "last", "eras"),
    [
        ("2001-12-31", None, ["A"]),
        ("2002-01-01", None, ["B"]),  # closes is the day after the last
        ("2001-12-31", "2002-01-01", ["A", "B"]),
        ("2005-12-31", "2006-01-01", ["B", None]),
        ("2006-06-01", None, [None]),
        ("2006-12-31", "2007-01-01", ["C", None]),
        ("2009-06-01", None, ["C", "D"]),
        ("2008-01-01", "2010-01-01", ["C", "D"]),
        ("1999-12-31", "2000-01-01", ["A", None]),
        ("2001-06-01", "2011-12-31", ["A", "B", "C", "D", None]),
        ("2011-12-31", "2012-01-01", ["D", None]),
        ("2021-01-01", None, [None]),  # in an era that is not complete
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_an_agreement_can_lie_in_every_era_that_its_range_meets(first, last, eras, order):
    own = signing_tests.complete(ERAS).iloc[::order]
    rows = agreements(agreement(first, last))
    assert signing_tests.possible_eras(rows, own) == [eras]
    expected = {tuple(int(era == place) for era in own.era) for place in eras}
    assert signing_tests.possible_counts(rows, own) == expected


def test_possible_counts_are_those_of_all_combinations():
    rows = agreements(
        agreement("2001-01-01", "2003-01-01"),  # A or B
        agreement("2001-01-01", "2003-01-01"),
        agreement("2005-01-01", "2006-01-01"),  # B or none
        agreement("2003-05-05"),
    )
    found = signing_tests.possible_counts(rows, TWO)
    assert found == {(a, 2 - a + 1 + b) for a in range(3) for b in range(2)}
    assert signing_tests.possible_counts(rows.iloc[:0], TWO) == {(0, 0)}


SIGNED = agreements(
    agreement("2000-05-05"),
    agreement("2000-05-05"),  # the same occasion
    agreement("2000-05-05", recipient="KAZ"),
    agreement("2001-06-01", "2002-05-31"),  # A or B
    agreement("2005-07-01", "2006-06-30"),  # B or none
    kyrgyz(2001),
    kyrgyz(2003),
)


def test_hazard_tests_by_agreement_and_occasion_with_and_without_kyrgyz_rows():
    table = signing_tests.hazard_tests(SIGNED, {"two": TWO, "one": ERAS.iloc[[0, 4]]})
    assert (table.scheme == ["two"] * 6 + ["one"] * 6).all()
    assert (table.eras == [2] * 6 + [1] * 6).all()  # E is not complete
    cases = {  # first counts of A, B; then one event in A or B, and one in B or none
        ("out", "agreements"): (3, 0),
        ("out", "loans"): (3, 0),
        ("out", "occasions"): (2, 0),
        ("in", "agreements"): (4, 1),
        ("in", "loans"): (4, 1),
        ("in", "occasions"): (3, 1),
    }
    rows = table[table.scheme == "two"].set_index(["kyrgyz", "unit"])
    assert list(rows.index) == list(cases)
    for case, (a, b) in cases.items():
        p = [
            brute_force((a + first, b + 1 - first + last), [DAYS["A"], DAYS["B"]])
            for first, last in product(range(2), repeat=2)
        ]
        row = rows.loc[case]
        assert (row.events_low, row.events_high) == (a + b + 1, a + b + 2)
        assert (row.p_low, row.p_high) == pytest.approx((min(p), max(p))), case
    # a single era holds all events or none: nothing is tested
    assert (table[table.scheme == "one"][["p_low", "p_high"]] == 1).all(axis=None)


def test_rates_give_ranges_where_dates_are_uncertain():
    rows = pd.concat(
        [
            SIGNED,
            agreements(
                agreement("2001-01-01", "2008-12-31", 500.0),  # A, B, C or none
                agreement("2009-06-01", amount=3000.0),  # C or D
                agreement("2010-06-01", amount=np.nan, basis="in US dollars"),
                agreement("2010-06-01", amount=7000.0),
                agreement("2010-06-01", amount=8000.0, recipient="KAZ"),
            ),
        ]
    )
    table = signing_tests.rates(rows, ERAS).set_index("era")
    assert list(table.index) == ["A", "B", "C", "D"]
    assert table.years.to_dict() == pytest.approx({e: d / 365.25 for e, d in DAYS.items()})
    numbers = table[["agreements_low", "agreements_high", "occasions_low", "occasions_high"]]
    assert numbers.T.to_dict("list") == {
        "A": [3, 5, 2, 4], "B": [0, 3, 0, 3], "C": [0, 2, 0, 2], "D": [3, 4, 2, 3],
    }  # fmt: skip
    low = {"A": 3.0, "B": 0.0, "C": 0.0, "D": 15.0}
    high = {"A": 4.5, "B": 2.5, "C": 3.5, "D": 18.0}
    assert (table.yen_low * table.years).to_dict() == pytest.approx(low)
    assert (table.yen_high * table.years).to_dict() == pytest.approx(high)
    medians = {"A": 1.0, "B": np.nan, "C": np.nan, "D": 7.5}
    assert table["median"].to_dict() == pytest.approx(medians, nan_ok=True)


def sized(*amounts, year):
    return [agreement(f"{year}-03-{i + 1:02d}", amount=float(a)) for i, a in enumerate(amounts)]


def test_sizes_are_those_of_mann_and_whitney():
    before, after = [5, 9, 14, 2], [8, 20, 30, 11, 41]
    rows = agreements(
        *sized(*before, year=2001),
        *sized(*after, year=2011),
        agreement("2001-06-01", "2002-06-01", 900.0),  # A or B: no era is certain
        agreement("2011-06-01", "2012-06-01", 900.0),  # D or none
        agreement("2011-06-01", amount=np.nan, basis="in US dollars"),
        kyrgyz(2001, 50.0),
    )
    table = signing_tests.size_tests(rows, ERAS).set_index("kyrgyz")
    # B and C have none and are passed over
    assert (table.transition == "A to D").all() and list(table.index) == ["in", "out"]
    for case, first in {"in": [*before, 50], "out": before}.items():
        row = table.loc[case]
        exact = stats.mannwhitneyu(after, first, method="exact")
        n = len(first) + len(after)
        ranks = np.arange(n)
        sums = np.array([ranks[list(some)].sum() for some in combinations(range(n), len(after))])
        distance = np.abs(sums - sums.mean())
        assert (row.n_before, row.n_after) == (len(first), len(after))
        assert row.ratio == pytest.approx(np.median(after) / np.median(first))
        assert row.p == pytest.approx(exact.pvalue)
        assert row.floor == pytest.approx((distance == distance.max()).mean())


def test_ties_raise_the_p_and_floor_of_sizes():
    rows = agreements(*sized(1, 1, 1, year=2001), *sized(1, 2, 2, year=2003))
    row = signing_tests.size_tests(rows, TWO).iloc[0]
    # mid-ranks 2.5 four times, 5.5 twice: of 20 arrangements 8 have both twos on one side
    assert (row.p, row.floor) == pytest.approx((8 / 20, 8 / 20))
    equal = agreements(*sized(4, year=2001), *sized(4, 4, year=2003))
    assert (signing_tests.size_tests(equal, TWO)[["p", "floor"]] == 1).all(axis=None)


def turned(rows, eras, part):
    """The statistic when agreements move by 0, 1, ... days through the span of the eras."""
    spans = [
        (date.fromisoformat(o), date.fromisoformat(c))
        for o, c in zip(eras.opens, eras.closes, strict=True)
    ]
    start = min(opens for opens, _ in spans)
    length = (max(closes for _, closes in spans) - start).days
    signed = [
        (date.fromisoformat(row.signed_from), date.fromisoformat(row.signed_to), row.amount_high)
        for row in rows.itertuples()
    ]
    found = []
    for turn in range(length):
        days = [(f - start).days + int(part * (last - f).days) + turn for f, last, _ in signed]
        days = [start + timedelta(days=day % length) for day in days]
        statistic = 0.0
        for opens, closes in spans:
            inside = [s[2] for s, day in zip(signed, days, strict=True) if opens <= day < closes]
            exposed = (closes - opens).days / length
            share = sum(inside) / sum(s[2] for s in signed)
            statistic += (share - exposed) ** 2 / exposed
        found.append(statistic)
    return np.array(found)


@pytest.mark.parametrize("second", ["2000-02-01", "2000-03-01", "2000-01-20"])
def test_amounts_by_rotation_equal_a_loop_over_all_turns(second):
    eras = pd.DataFrame(
        {  # they meet, leave a hole, or overlap
            "era": ["A", "B"],
            "opens": ["2000-01-01", second],
            "closes": ["2000-02-01", "2000-05-01"],
        }
    )
    inside = agreements(
        agreement("2000-01-10", amount=300.0),
        agreement("2000-01-01", "2000-01-31", amount=100.0),
        agreement("2000-04-30", amount=50.0),
        kyrgyz(2000, amount=70.0) | {"signed_to": "2000-04-30"},
    )
    outside = agreements(
        agreement("1999-12-31", amount=5000.0),
        agreement("2000-05-01", amount=5000.0),
        agreement("2000-02-15", amount=np.nan, basis="in US dollars"),
    )
    table = signing_tests.amounts_by_rotation(pd.concat([inside, outside]), {"scheme": eras})
    for case, rows in {"in": inside, "out": inside.iloc[:3]}.items():
        expected = turned(rows, eras, 0.5)
        row = table.set_index("kyrgyz").loc[case]
        assert row.statistic == pytest.approx(expected[0])
        every = [turned(rows, eras, part) for part in (0, 0.5, 1)]
        p = [(found >= found[0] - 1e-9).mean() for found in every]
        assert (row.p_low, row.p_high) == pytest.approx((min(p), max(p)))
        # neighbouring turns share the largest statistic
        assert row.floor == pytest.approx(
            max((found >= found.max() - 1e-9).mean() for found in every)
        )
        assert row.p_high >= row.floor > 1 / len(expected)


def test_a_row_that_holds_two_loans_is_two_of_them():
    rows = agreements(
        agreement("2000-06-01", project="A bridge and a railway, two loans"),
        agreement("2003-06-01", project="A power plant and one earlier loan"),
        agreement("2003-07-01"),
    )
    table = signing_tests.hazard_tests(rows, {"two": TWO}).query("kyrgyz == 'out'")
    row = table.set_index("unit").loc["loans"]
    assert row.events_low == row.events_high == 5
    assert row.p_low == pytest.approx(brute_force((2, 3), [DAYS["A"], DAYS["B"]]))


def test_eras_are_exposed_from_the_listing_on():
    eras = TWO.assign(opens=["1990-01-01", "1995-01-01"], closes=["1995-01-01", "1996-01-01"])
    assert signing_tests.days_of(signing_tests.complete(eras)).tolist() == [730, 365]
    before = TWO.assign(opens=["1990-01-01", "1992-01-01"], closes=["1992-01-01", "1996-01-01"])
    assert list(signing_tests.complete(before).era) == ["B"]


def test_hazard_power_is_the_chance_of_the_rejected_outcomes():
    rows = agreements(*[agreement(f"200{i}-03-01") for i in range(6)], kyrgyz(2003))
    power = signing_tests.hazard_power(rows, TWO)
    days = np.array([DAYS["A"], DAYS["B"]])
    for factor in signing_tests.FACTORS:
        for i, era in enumerate("AB"):
            rate = days * np.where(np.arange(2) == i, factor, 1)
            found = sum(
                stats.multinomial(6, rate / rate.sum()).pmf(c)
                for c in outcomes(6, 2)
                if brute_force(c, days) <= 0.05
            )
            assert power.loc[era, factor] == pytest.approx(found)
    assert power.loc["A", 5.0] > power.loc["A", 2.0] > 0
