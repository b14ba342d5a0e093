"""What notebook 04 computes and draws: ranges of dates and amounts, order of draws, bounds."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from oda_eras import decisions, figures
from oda_eras.measures import ALL, WITHOUT_UZB
from oda_eras.study import Study

ERAS = pd.DataFrame(
    {
        "era": ["A", "B"],
        "label": ["first", "second"],
        "opens": ["2000-01-01", "2004-07-01"],
        "closes": ["2004-07-01", None],
    }
)
YEARS = pd.Series(["A"] * 4 + ["B"] * 5, index=range(2000, 2009))


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def agreement(signed_from, amount, signed_to=None, recipient="UZB", basis="exact", terms=""):
    return {
        "recipient": recipient, "project": f"{recipient} {signed_from}", "signed_from": signed_from,
        "signed_to": signed_to or signed_from, "amount_yen_million": amount, "sector": "energy",
        "terms": terms, "basis": basis, "source": "",
    }  # fmt: skip


def agreements(*rows, study=None) -> pd.DataFrame:
    return decisions.of_study(pd.DataFrame(list(rows)), study or Study())


def drawn(by_year: dict, recipient="UZB", spread: float = 0.0) -> pd.DataFrame:
    rows = [
        {"recipient": recipient, "year": y, "low": v, "high": v + spread}
        for y, v in by_year.items()
    ]
    return pd.DataFrame(rows)


def test_an_upper_bound_and_a_loan_in_dollars_are_no_amounts():
    rows = agreements(
        agreement("2001-01-01", 10.0),
        agreement("2001-01-01", 20.0, "2001-12-31", "KGZ", decisions.UPPER_BOUND),
        agreement("2002-01-01", np.nan, basis="in US dollars"),
    )
    assert list(rows.amount_low) == [10, 0, 0]
    assert list(rows.amount_high) == [10, 20, np.inf]


def test_agreements_are_japans_only():
    assert agreements(agreement("2001-01-01", 1.0), study=Study(donor="DEU")).empty


def test_an_era_is_that_of_every_day_that_the_signing_can_have():
    rows = agreements(
        agreement("2004-06-30", 1.0),
        agreement("2004-07-01", 1.0),
        agreement("2004-01-01", 1.0, "2004-12-31"),
        agreement("1999-12-31", 1.0),
    )
    assert list(decisions.era_of(rows, ERAS)) == ["A", "B", "A to B", ""]


def test_what_was_signed_by_era_counts_dates_and_keeps_bounds():
    rows = agreements(
        agreement("2001-01-01", 1000.0),
        agreement("2001-01-01", 2000.0),
        agreement("2003-01-01", 1000.0),
        agreement("2003-01-01", 4000.0, "2003-12-31", "KGZ", decisions.UPPER_BOUND),
        agreement("2006-01-01", np.nan, basis="in US dollars"),
    )
    table = decisions.signed_by_era(rows, ERAS)
    assert list(table.loc["A", ["agreements", "occasions"]]) == [4, 3]
    assert list(table.loc["A", ["amount_low", "amount_high", "largest"]]) == [4, 8, 75]
    assert table.loc["A", "KGZ"] == 4
    assert np.isnan(table.loc["B", "amount_high"])  # a loan in dollars is not zero yen


def test_terms_are_read_as_printed():
    terms = [
        "2.2% (consulting 1.8%), 30/10 y, general untied",
        "0.40%, 40/10 y, STEP (Japan tied)",
        "0.1%, 40/10 y, STEP",
        "LIBOR+110 bp (floor 0.1%), 25/7 y, untied",
        "30/10 y",
        "",
    ]
    rows = decisions.with_terms(agreements(*(agreement("2001-01-01", 1.0, terms=t) for t in terms)))
    assert list(rows.tied) == ["untied", "tied", "tied", "untied", "not printed", "not printed"]
    assert list(rows.rate[:3]) == [2.2, 0.4, 0.1] and rows.rate[3:].isna().all()
    assert list(rows.maturity[:5]) == [30, 40, 40, 25, 30] and list(rows.grace[:2]) == [10, 10]


def test_first_in_first_out():
    rows = agreements(agreement("2001-01-01", 10.0), agreement("2002-01-01", 20.0))
    draws = drawn({2000: 0.0, 2001: 4.0, 2002: 6.0, 2003: 10.0, 2004: 5.0})
    queue = decisions.first_in_first_out(rows, draws)
    assert list(queue.half_from) == [2002, 2003] and list(queue.half_to) == [2002, 2003]
    assert queue.last_from[0] == 2002 and np.isnan(queue.last_from[1])
    assert queue.lag_from[0] == 1 and queue.lag_to[0] == 2  # the day of a draw is not known
    lags = decisions.lags_by_recipient(queue).iloc[0]
    assert lags.half_drawn == 2 and lags.lag_from == pytest.approx(1)


def test_what_was_drawn_before_a_signing_is_not_of_it():
    rows = agreements(
        agreement("2000-01-01", 50.0, "2000-12-31", "KGZ", decisions.UPPER_BOUND),
        agreement("2004-01-01", 10.0, recipient="KGZ"),
    )
    draws = drawn({2000: 30.0, 2004: 0.0, 2005: 4.0, 2006: 2.0}, "KGZ")
    queue = decisions.first_in_first_out(rows, draws)
    assert list(queue.project) == ["KGZ 2004-01-01"]
    assert queue.half_from[0] == 2006  # 5 of its 10, drawn since 2004
    assert np.isnan(queue.half_to[0])  # the older ones may still be in the way


def test_signed_and_drawn_add_up():
    rows = agreements(
        agreement("2001-01-01", 10.0),
        agreement("2002-01-01", 20.0, "2003-12-31"),
        agreement("2004-05-01", np.nan, basis="in US dollars"),
    )
    draws = drawn({2001: 1.0, 2002: 2.0, 2003: 0.0, 2004: 3.0}, spread=1.0)
    table = decisions.signed_and_drawn(rows, draws).set_index("year")
    assert list(table.signed_low) == [10, 10, 30, 30] and list(table.signed_high) == [
        10,
        30,
        30,
        30,
    ]
    assert list(table.drawn_low) == [1, 3, 3, 6] and list(table.drawn_high) == [2, 5, 6, 10]
    assert table.undrawn_low[2004] == 20
    assert table.undrawn_high[2004] == 27  # the draw of 2004 may be of the loan in dollars


def bounds(rows, draws, era, recipient="UZB"):
    table = decisions.older_decisions(rows, draws, ERAS, YEARS).set_index(["era", "recipient"])
    found = table.loc[(era, recipient)]
    return found.older_low, found.older_high, found.share_low, found.share_high


def test_draws_beyond_what_an_era_signed_are_older():
    rows = agreements(agreement("2001-01-01", 100.0), agreement("2005-01-01", 10.0))
    draws = drawn({2001: 60.0, 2005: 25.0})
    # 40 are left of the older one, 10 were signed, 25 are drawn
    assert bounds(rows, draws, "B") == (15, 25, 60, 100)


def test_no_more_is_older_than_was_left():
    rows = agreements(agreement("2001-01-01", 100.0), agreement("2005-01-01", 50.0))
    assert bounds(rows, drawn({2001: 95.0, 2005: 20.0}), "B") == (0, 5, 0, 25)


def test_a_date_that_reaches_over_the_boundary_is_held_against_both():
    inside = agreements(agreement("2001-01-01", 20.0), agreement("2005-01-01", 20.0))
    across = agreements(agreement("2001-01-01", 20.0), agreement("2004-01-01", 20.0, "2004-12-31"))
    draws = drawn({2001: 20.0, 2006: 20.0})
    assert bounds(inside, draws, "B")[2:] == (0, 0)
    assert bounds(across, draws, "B")[2:] == (0, 100)


def test_a_loan_without_an_amount_may_explain_every_draw():
    rows = agreements(
        agreement("2001-01-01", 100.0), agreement("2005-01-01", np.nan, basis="in US dollars")
    )
    assert bounds(rows, drawn({2001: 0.0, 2006: 30.0}), "B")[2:] == (0, 100)


def test_the_sum_of_recipients_is_bounded_by_their_bounds():
    rows = agreements(
        agreement("2001-01-01", 100.0), agreement("2005-01-01", 100.0, recipient="KAZ")
    )
    draws = pd.concat([drawn({2001: 0.0, 2005: 30.0}), drawn({2001: 0.0, 2005: 10.0}, "KAZ")])
    assert bounds(rows, draws, "B", ALL) == (30, 30, 75, 75)
    assert bounds(rows, draws, "B", "KAZ") == (0, 0, 0, 0)


def test_loans_drawn_end_with_the_last_year_known_of_all():
    rows = [
        {"recipient": r, "year": y, "measure": "gross_loans", "price_basis": "yen", "value": v,
         "low": -1.0, "high": 5.0}
        for r, v, y in [
            ("KAZ", 2.0, 2020), ("KAZ", np.nan, 2021), ("UZB", 1.0, 2020), ("UZB", 1.0, 2021)
        ]
    ]  # fmt: skip
    found = decisions.loans_drawn(pd.DataFrame(rows))
    assert list(found.year) == [2020, 2020] and list(found.low) == [0, 0]


def test_a_draw_without_bounds_is_not_zero():
    row = {"recipient": "UZB", "measure": "gross_loans", "price_basis": "yen", "low": np.nan}
    rows = [row | {"year": 2001, "value": np.nan, "high": np.nan}]
    rows += [row | {"year": 2002, "value": 1.0, "low": 1.0, "high": 1.0}]
    found = decisions.loans_drawn(pd.DataFrame(rows))
    assert list(found.low) == [0, 1] and list(found.high) == [np.inf, 1]


def world(*rows) -> pd.DataFrame:
    columns = ["donor", "recipient", "year", "price_basis", "commitments"]
    return pd.DataFrame(list(rows), columns=columns)


def test_shares_leave_debt_relief_out_and_regional_aid_in():
    base = "constant 2016"
    committed = decisions.commitments(
        world(
            ("JPN", "UZB", 2000, base, 10.0),
            ("JPN", "KAZ", 2000, base, 5.0),
            ("JPN", "IRQ", 2000, base, 900.0),
            ("JPN", "Asia, regional", 2000, base, 35.0),
            ("JPN", "KAZ", 2005, base, 5.0),
            ("JPN", "UZB", 2005, "constant 2022", 7.0),
            ("DEU", "UZB", 2000, base, 7.0),
        ),
        Study(),
    )
    assert list(committed.world) == [50, 5] and np.isnan(committed.UZB[2005])
    shares = decisions.commitment_shares(committed, "JPN").set_index(["recipient", "year"])
    assert shares.share_percent[ALL, 2000] == 30 and shares.share_percent[WITHOUT_UZB, 2000] == 10
    assert shares.status[ALL, 2000] == "bounded" and shares.status[ALL, 2005] == "known"
    assert ("UZB", 2005) not in shares.index  # nothing recorded is no zero
    by_era = decisions.committed_by_era(committed, YEARS).set_index("era")
    assert by_era.share["A"] == 30 and by_era.share_rest["B"] == 100


def test_one_recipient_has_no_sum_and_no_rest():
    study = Study(recipients=("UZB",))
    rows = world(("JPN", "UZB", 2005, "constant 2016", 10.0))
    committed = decisions.commitments(rows, study)
    assert set(decisions.commitment_shares(committed, "JPN").recipient) == {"UZB"}
    assert np.isnan(decisions.committed_by_era(committed, YEARS).share_rest[0])


def test_china_keeps_its_own_prices_beside_others():
    china = pd.DataFrame(
        {"recipient": "UZB", "flow_class": ["ODA", "OOF"], "year": 2005,
         "constant_2021_usd_million": [3.0, 99.0]}
    )  # fmt: skip
    rows = decisions.beside_others(
        world(("KOR", "UZB", 2005, "constant 2016", 2.0)), china, Study()
    )
    assert list(rows.provider) == ["KOR", "China"] and list(rows.usd_million) == [2, 3]
    assert list(rows.price_basis) == ["constant 2016", "constant 2021"]
    others = decisions.others_by_era(rows, YEARS)
    assert list(others.columns) == ["KOR"]
    figure = figures.commitments_beside(rows, {})
    assert len({ax.get_ylabel() for ax in figure.axes}) == 2


def test_marked_energy_is_a_part_of_known_draws():
    marked = pd.DataFrame(
        {"recipient": "UZB", "flow": ["loans", "loans", "grants"], "sector": "Energy",
         "year": [2005, 2007, 2005], "gross_usd_million": [3.0, 0.0, 9.0]}
    )  # fmt: skip
    draws = pd.DataFrame(
        {"recipient": "UZB", "year": [2005, 2006, 2007], "measure": "gross_loans",
         "price_basis": "current", "value": [4.0, 2.0, np.nan]}
    )  # fmt: skip
    found = decisions.marked_energy(marked, draws, YEARS)
    assert found.loans.tolist() == [6] and found.share.tolist() == [50]


def test_without_agreements_nothing_is_drawn_or_fails():
    none = agreements(agreement("2001-01-01", 1.0), study=Study(donor="DEU"))
    draws = drawn({2001: 1.0})
    assert decisions.signed_by_era(none, ERAS).empty
    assert decisions.first_in_first_out(none, draws).empty
    assert figures.signed_and_drawn(decisions.signed_and_drawn(none, draws)) is None
    assert figures.older_decisions(decisions.older_decisions(none, draws, ERAS, YEARS), {}) is None
    occasions = decisions.occasions(none)
    assert figures.agreements(occasions, ERAS, occasions, first=2000, last=2008) is None
