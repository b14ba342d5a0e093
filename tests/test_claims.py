"""Every check reaches each verdict that it declares, and only the checks that depend on an input
follow it; claimed values are printed as the article has them."""

import json
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
from conftest import OUT, ROOT

from oda_eras.checks_decisions import (
    ECONOMIC,
    INSTRUMENT_NAMES,
    SECTOR_NAMES,
    WORKS,
    loans,
    signed_between,
)
from oda_eras.checks_flows import _cuts, total_net
from oda_eras.checks_world import alignment, alignment_by_era
from oda_eras.claims import (
    FIRMNESS,
    POLLS_AND_RESOURCES,
    PROJECT,
    SOURCES,
    TABLES,
    borne_out,
    by_basis,
    by_firmness,
    by_section,
    computed_text,
    faulted,
    favourable_first,
    firmness,
    instead,
    judge,
    not_made,
    polls_and_resources,
    printed,
    shares_by_section,
)
from oda_eras.findings import (
    CHECKS,
    FAULTS,
    HOLDING,
    VERDICTS,
    Check,
    Finding,
    claimed_text,
)
from oda_eras.run import adapt
from oda_eras.sources import load_sources
from oda_eras.study import FIRST_YEAR, LAST_YEAR, LISTED, RECIPIENTS, Study
from oda_eras.words import read_columns, read_sections

DATA = ROOT / OUT / "data"


def read(path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


@cache
def committed() -> dict[str, pd.DataFrame]:
    tables = {name: read(DATA / f"{name}.csv") for name in TABLES}
    return tables | {name: read(ROOT / path) for name, path in PROJECT.items()}


def load() -> dict[str, pd.DataFrame]:
    return {name: table.copy() for name, table in committed().items()}


CLAIMS = read(ROOT / "data" / "claims.csv")


@cache
def judged() -> pd.DataFrame:
    return judge(CLAIMS, load())


CLAIMED = CLAIMS.dropna(subset="check").drop_duplicates("check").set_index("check").claimed_value


def net(tables, recipient, years):
    panel = tables["panel"]
    return (
        (panel.donor == "JPN")
        & (panel.measure == "net")
        & panel.recipient.isin(np.atleast_1d(recipient))
        & panel.year.isin(years)
    )


def scale_net(recipient, years, factor):
    def change(tables):
        at = net(tables, recipient, years)
        tables["panel"].loc[at, "usd_million"] *= factor

    return change


def add_net(recipient, years, amount):
    def change(tables):
        at = net(tables, recipient, years)
        tables["panel"].loc[at, "usd_million"] += amount

    return change


def put(table, column, value, **where):
    def change(tables):
        frame = tables[table]
        at = pd.Series(True, index=frame.index)
        for key, wanted in where.items():
            at &= frame[key].isin(wanted if isinstance(wanted, list) else [wanted])
        assert at.any(), where
        frame[column] = frame[column].astype("object" if isinstance(value, str) else "float64")
        frame.loc[at, column] = value

    return change


def trend(years_and_flows):
    """Net flows of Japan, the same to each of the five; shares of its ODA follow them."""

    def change(tables):
        for year, flow in years_and_flows.items():
            at = net(tables, list(RECIPIENTS), [year])
            tables["panel"].loc[at, "usd_million"] = flow

    return change


def weight(years_and_shares):
    """Japan's share of all DAC flows, alternating between two."""

    def change(tables):
        shares = tables["donor_shares"]
        shares["usd_million"] = shares.total * shares.year.map(
            lambda year: years_and_shares[year % 2]
        )

    return change


def as_it_is(tables):
    pass


def every(*changes):
    def change(tables):
        for one in changes:
            one(tables)

    return change


def excerpts(*rows):
    """What documents print: (value, named, moves, first_hand) on each reading."""

    def change(tables):
        columns = ["value", "named", "moves", "first_hand"]
        tables["excerpts"] = pd.DataFrame(rows, columns=columns).assign(
            reading="a reading", unit="percent", period="2023"
        )

    return change


def votes(who, years, **parts):
    """The share of votes that some cast as each power did, or their ideal point."""

    def change(tables):
        frame = tables["ideal_points"]
        at = frame.country.isin(np.atleast_1d(who)) & frame.year.isin(years)
        for column, value in parts.items():
            frame.loc[at, column] = value

    return change


def committed_in(years, value):
    return put("flows", "low", value, measure="commitments", year=list(years))


def sign_in(era, day, amount=9e6):
    """One more loan, signed on a day of the era."""

    def change(tables):
        rows = tables["agreements"]
        more = rows.head(1).assign(
            signed_from=day, signed_to=day, amount_yen_million=amount, basis="exact"
        )
        tables["agreements"] = pd.concat([rows, more], ignore_index=True)

    return change


FIVE, YEARS = list(RECIPIENTS), range(FIRST_YEAR, LAST_YEAR + 1)
POPULATION, GDP, PER_HEAD = "SP.POP.TOTL", "NY.GDP.MKTP.CD", "NY.GDP.PCAP.CD"


def opens(day, **where):
    return put("eras", "opens", day, **where)


def took_office(day, label):
    return opens(day, scheme="prime_ministers", label=label)


# check: for each verdict that it declares, a change of the committed tables that leads there
CASES = {
    "oda_total_1993": {
        "supported": as_it_is,
        "imprecise": scale_net(FIVE, [1993], 1.04),
        "contradicted": scale_net(FIVE, [1993], 0.9),
    },
    "oda_total_1997": {
        "supported": as_it_is,
        "imprecise": scale_net(FIVE, [1997], 1.04),
        "contradicted": scale_net(FIVE, [1997], 0.9),
    },
    "oda_total_1998": {
        "supported": as_it_is,
        "imprecise": scale_net(FIVE, [1998], 1.04),
        "contradicted": scale_net(FIVE, [1998], 0.9),
    },
    "share_before_1998": {
        "supported": scale_net(FIVE, range(1993, 1998), 0.9),
        "imprecise": as_it_is,
        "contradicted": scale_net(FIVE, YEARS, 100),
    },
    "share_1998": {
        "supported": scale_net("KAZ", [1998], 1.6),
        "imprecise": as_it_is,
        "contradicted": scale_net(FIVE, [1998], 0.5),
    },
    "table_measure": {
        "supported": as_it_is,
        "plausible": put("flows", "status", "converted", measure="gross", year=[2016, 2017]),
        "contradicted": put("article_oda", "gross_usd_million", 1.0, recipient="UZB", year=2018),
    },
    "table_is_recent": {
        "supported": put("article_oda", "year", 2024, year=2020),
        "imprecise": as_it_is,
        "contradicted": put("article_oda", "year", 2019, year=2020),
    },
    "growth_1990s": {
        "supported": as_it_is,
        "imprecise": scale_net(FIVE, [1998], 0.5),
        "contradicted": trend({1993: 30.0, 1997: 20.0, 1998: 10.0}),
    },
    "distribution_1990s": {
        "plausible": scale_net("KGZ", [1995, 1996], 10),
        "imprecise": as_it_is,
        "contradicted": scale_net("KGZ", [1998, 1999, 2000], 14),
    },
    "rise_after_speech": {
        "plausible": sign_in("E1", "1998-05-01"),
        "imprecise": as_it_is,
        "contradicted": every(add_net("UZB", [1996], 900), committed_in(range(1998, 2001), 1.0)),
    },
    "change_after_2001": {
        "plausible": add_net("KAZ", list(range(2002, 2007)), 400),
        "unverified": as_it_is,
        "contradicted": trend({year: 10.0 + year % 2 for year in YEARS}),
    },
    "arc_not_implemented": {
        "plausible": as_it_is,
        "unverified": sign_in("E2b", "2008-05-01"),
        "contradicted": every(sign_in("E2b", "2008-05-01"), committed_in(range(2007, 2010), 900.0)),
    },
    "alternative_to_neighbours": {
        "plausible": put(
            "china_commitments", "constant_2021_usd_million", 9.0, flow_class=["OOF", "vague"]
        ),
        "imprecise": as_it_is,
        "contradicted": every(
            put("panel", "usd_million", 0.1, donor="JPN", measure="grants"),
            committed_in(range(1992, 2018), 0.1),
        ),
    },
    "oil_reserves": {
        "supported": put("energy", "share_percent", 17.0, item="oil reserves", area="KAZ"),
        "imprecise": put("energy", "share_percent", 15.0, item="oil reserves", area="KAZ"),
        "contradicted": as_it_is,
    },
    "gas_reserves": {
        "supported": put("energy", "share_percent", 5.4, item="gas reserves", area="TKM"),
        "imprecise": as_it_is,
        "contradicted": put("energy", "share_percent", 50.0, item="gas reserves", area="TKM"),
    },
    "coal_rank": {
        "supported": put("energy", "area", "XXX", item="coal production", area="UZB"),
        "imprecise": as_it_is,
        "contradicted": put("energy", "rank", 8.0, item="coal production", area="KAZ"),
        "unverified": put("energy", "rank", 12.0, item="coal production", area="KAZ"),
    },
    "electricity_rank": {
        "supported": every(
            put("energy", "area", "XXX", item="electricity generation", area=["UZB", "TKM"]),
            put("energy", "rank", 19.0, item="electricity generation", area="KAZ"),
        ),
        "imprecise": put("energy", "rank", 19.0, item="electricity generation", area="KAZ"),
        "contradicted": put("energy", "rank", 9.0, item="electricity generation", area="KAZ"),
        "unverified": as_it_is,
    },
    "population_growth": {
        "supported": excerpts((2.3, "no", "no", "yes"), (0.9, "no", "no", "yes")),
        "imprecise": excerpts(*[(v, "no", "no", "yes") for v in (9, 8, 0.1, 0.2, 0.3)]),
        "contradicted": excerpts((2.3, "no", "no", "yes"), (2.9, "no", "no", "yes")),
    },
    "investment_modest": {
        "supported": as_it_is,
        "imprecise": put("direct_investment", "position_usd_million", 9e3, partner="KGZ"),
        "contradicted": put("direct_investment", "position_usd_million", 9e4),
    },
    "oda_main_instrument": {
        "plausible": as_it_is,
        "imprecise": put("direct_investment", "position_usd_million", 9e3, partner="KGZ"),
        "contradicted": put("direct_investment", "position_usd_million", 9e4),
    },
    "ties_with_russia": {
        "plausible": as_it_is,
        "imprecise": votes(FIVE, YEARS, agrees_with_china=0.99),
        "contradicted": votes(FIVE, YEARS, agrees_with_russia=0.01),
    },
    "relations_with_russia": {
        "plausible": as_it_is,
        "imprecise": votes("JPN", [2001], agrees_with_russia=0.01),
        "contradicted": votes("JPN", [2022, 2023], agrees_with_russia=0.99),
    },
    "western_camp": {
        "plausible": votes("JPN", YEARS, ideal_point=2.9),
        "imprecise": as_it_is,
        "contradicted": votes("JPN", YEARS, ideal_point=-1.0),
    },
    "document_figure": {
        "supported": excerpts((3882000, "yes", "no", "yes")),
        "plausible": excerpts((3882000, "yes", "no", "no")),
        "imprecise": excerpts((3882000, "yes", "no", "yes"), (np.nan, "yes", "no", "yes")),
        "contradicted": excerpts((9, "yes", "no", "yes"), (np.nan, "yes", "no", "yes")),
    },
    "major_donor": {
        "supported": as_it_is,
        "imprecise": scale_net(FIVE, range(1992, 2008), 0),
        "contradicted": scale_net(FIVE, YEARS, 0),
    },
    "irregular_donor": {
        "plausible": as_it_is,
        "unverified": weight((0.1, 0.2)),
        "contradicted": weight((0.2, 0.2)),
    },
    "attention_increased": {
        "plausible": as_it_is,
        "imprecise": scale_net(FIVE, [2023], 0.3),
        "contradicted": trend({year: 3000.0 / (year - 1990) ** 3 for year in YEARS}),
    },
    "attention_after_2022": {
        "plausible": scale_net("UZB", [2022, 2023], 9),
        "imprecise": as_it_is,
        "contradicted": scale_net(FIVE, [2022, 2023], 0.1),
    },
    "uzbekistan_key": {
        "supported": scale_net("UZB", [2022, 2023], 9),
        "imprecise": as_it_is,
        "contradicted": put("article_oda", "gross_usd_million", 2.0, recipient="UZB"),
    },
    "uzbekistan_most_developed": {
        "supported": put("context", "value", 9e9, indicator=PER_HEAD, area="UZB"),
        "imprecise": put("context", "value", 9e12, indicator=GDP, area="UZB"),
        "contradicted": as_it_is,
    },
    "population": {
        "supported": as_it_is,
        "imprecise": put("context", "value", 15.5e6, indicator=POPULATION, area=FIVE),
        "contradicted": put("context", "value", 15e6, indicator=POPULATION, area=FIVE),
    },
    "gdp_total": {
        "supported": as_it_is,
        "imprecise": put("context", "value", 80e9, indicator=GDP, area=FIVE),
        "contradicted": put("context", "value", 1e9, indicator=GDP, area=FIVE),
    },
    "aid_infrastructure": {
        "plausible": as_it_is,
        "imprecise": put("agreements", "sector", "budget support"),
        "contradicted": every(
            put("sectors_2012", "gross_usd_million", 0.0, sector="Infrastructure"),
            put("agreements", "sector", "budget support"),
        ),
    },
    "economic_projects": {
        "plausible": as_it_is,
        "imprecise": put(
            "sectors_2012", "gross_usd_million", 99.0, recipient="UZB", sector="Health"
        ),
        "contradicted": every(
            put("sectors_2012", "gross_usd_million", 0.0, sector=ECONOMIC),
            put("agreements", "sector", "budget support"),
        ),
    },
    "war_dates": {
        "supported": opens("2022-12-01", scheme="article", era="E6"),
        "imprecise": as_it_is,
        "inconsistent": opens("2020-02-24", scheme="article", era="E6"),
    },
    "successors": {
        "supported": as_it_is,
        "imprecise": took_office("1998-09-01", "Obuchi"),
        "contradicted": took_office("1996-09-01", "Obuchi"),
    },
    "koizumi_in_period": {
        "supported": took_office("2001-10-01", "Koizumi"),
        "imprecise": as_it_is,
        "contradicted": took_office("1999-04-26", "Koizumi"),
    },
    "abe_returns": {
        "supported": as_it_is,
        "imprecise": took_office("2013-01-01", "Abe (second)"),
        "contradicted": took_office("2014-12-26", "Abe (second)"),
    },
}
HOLDS, FAILS = {"supported", "plausible"}, {"contradicted", "inconsistent"}
DECLARED = [(name, verdict) for name, check in CHECKS.items() for verdict in check.verdicts]


@pytest.mark.parametrize(("name", "verdict"), DECLARED)
def test_every_verdict_that_a_check_declares_is_reached(name, verdict):
    tables = load()
    CASES[name][verdict](tables)
    assert CHECKS[name](tables, CLAIMED[name]).verdict == verdict


@pytest.mark.parametrize("name", CHECKS)
def test_no_check_has_a_fixed_outcome(name):
    declared = set(CHECKS[name].verdicts)
    assert declared & HOLDS and declared & FAILS and declared <= set(VERDICTS)
    assert all(verdict in CHECKS[name].rule.lower() for verdict in declared), CHECKS[name].rule


@pytest.mark.parametrize("name", CHECKS)
def test_the_kind_of_a_claim_says_what_its_check_can_reach(name):
    kinds = set(CLAIMS.kind[CLAIMS.check == name])
    declared = set(CHECKS[name].verdicts)
    # data can't prove a cause; what is a number, a date or a rank is measured or it is not
    assert "cause" not in kinds or "supported" not in declared
    assert not kinds & {"number", "date", "rank"} or {"supported", "imprecise"} <= declared


def test_an_undeclared_verdict_is_refused():
    stray = Check(lambda tables, claimed: Finding("true", 1.0, ""), ("supported",), "")
    with pytest.raises(ValueError, match="true: expected supported"):
        stray({}, 1.0)


def test_attention_is_cut_at_every_year():
    series = total_net(load()).loc[LISTED:]
    assert list(_cuts(series).index) == list(range(LISTED + 1, LAST_YEAR + 1))


@pytest.mark.parametrize("name", ["attention_increased", "attention_after_2022"])
def test_no_year_is_picked_for_a_trend(name):
    tables = load()
    put("japan_totals", "usd_million", 8192.0, measure="net")(tables)
    trend(dict.fromkeys(YEARS, 10.0))(tables)
    assert CHECKS[name](tables, np.nan).verdict == "contradicted"  # flat is no rise, in no choice
    trend({2022: 10.1, 2023: 10.1})(tables)
    assert CHECKS[name](tables, np.nan).verdict == "plausible"
    trend({2021: 10.5, 2023: 10.0})(tables)  # for some choices only
    assert CHECKS[name](tables, np.nan).verdict == "imprecise"


def test_every_window_before_1998_is_counted():
    found = CHECKS["share_before_1998"](load(), 0.5)
    counts = [tuple(map(int, pair)) for pair in re.findall(r", (\d+) of (\d+)", found.readings)]
    assert [n for _, n in counts] == [6, 15, 6, 15]
    total = re.search(r"in (\d+) of (\d+) windows", found.arithmetic)
    assert tuple(map(int, total.groups())) == tuple(map(sum, zip(*counts, strict=True)))
    assert "without 1992" in found.arithmetic


def test_the_row_names_the_flow_that_a_year_of_sectors_rests_on():
    tables = load()
    found = CHECKS["aid_infrastructure"](tables, np.nan)
    rows = tables["sectors_2012"]
    rest = rows[rows.recipient != "KAZ"].groupby("sector").gross_usd_million.sum()
    assert f"without Kazakhstan {100 * rest.Infrastructure / rest.sum():.0f}%" in found.readings
    put("sectors_2012", "gross_usd_million", 99.0, recipient="UZB", sector="Health")(tables)
    assert "without Uzbekistan" in CHECKS["aid_infrastructure"](tables, np.nan).readings


def test_one_cell_changes_the_verdicts_that_depend_on_it_and_no_others():
    tables = load()
    before = judged().set_index("id").verdict
    scale_net("UZB", [1993], 1.5)(tables)
    after = judge(CLAIMS, tables).set_index("id").verdict
    moved = set(before.index[before != after])
    depends = set(CLAIMS[CLAIMS.check == "oda_total_1993"].id)
    assert moved == depends and moved


def test_a_check_that_fails_leaves_the_claim_open_with_the_reason():
    tables = load()
    del tables["ranks"]
    ledger = judge(CLAIMS, tables)
    row = ledger[ledger.id.isin(CLAIMS[CLAIMS.check == "major_donor"].id)].iloc[0]
    assert row.verdict == "unverified" and "KeyError: 'ranks'" in row.arithmetic


def test_unknown_checks_and_verdicts_are_refused():
    with pytest.raises(ValueError, match="no check 'hearsay'"):
        judge(CLAIMS.head(1).assign(check="hearsay"), {})
    row = CLAIMS[CLAIMS.check.isna()].head(1)
    with pytest.raises(ValueError, match="no verdict 'true'"):
        judge(row.assign(document_verdict="true"), {})


class TestDecisions:
    def test_a_loan_whose_day_is_open_may_lie_in_two_eras_and_surely_in_neither(self):
        rows = pd.DataFrame(
            {"signed_from": ["2000-01-01", "2000-05-01"], "signed_to": ["2002-12-31", "2000-05-01"]}
        ).apply(pd.to_datetime)
        days = pd.Timestamp("1997-07-24"), pd.Timestamp("2001-09-11")
        surely, perhaps = signed_between(rows, *days)
        assert list(surely.index) == [1] and list(perhaps.index) == [0, 1]
        surely, perhaps = signed_between(rows, days[1], pd.Timestamp("2006-09-26"))
        assert surely.empty and list(perhaps.index) == [0]

    def test_commitments_stand_for_no_announced_loan(self):
        rows = loans(load())
        assert "CRS commitments" not in set(rows.basis) and set(WORKS) <= set(rows.sector)


class TestVotes:
    def test_a_year_has_each_of_two_once_and_eras_count_their_years(self):
        tables = load()
        shares = alignment(tables)
        assert not shares.duplicated(["who", "year"]).any()
        by_era = alignment_by_era(shares, tables["eras"].query("scheme == 'filled'"))
        assert by_era.n.sum() < len(shares)  # 1991-92 precede the first era
        own = tables["ideal_points"].query("country == 'JPN' and year == 2023").iloc[0]
        row = shares.query("who == 'Japan' and year == 2023").iloc[0]
        assert row.Russia == pytest.approx(100 * own.agrees_with_russia, abs=0.05)


class TestExcerpts:
    ROWS = read(ROOT / PROJECT["excerpts"])

    def test_every_excerpt_serves_a_check_and_every_such_check_has_one(self):
        uses = CLAIMS[CLAIMS.check.isin(["document_figure", "population_growth"])].id
        assert set(uses) == set(self.ROWS.claim)

    def test_a_figure_names_its_document_and_what_was_not_seen_says_so(self):
        seen = self.ROWS.value.notna()
        assert self.ROWS.document[seen].str.contains("http").all()
        assert set(self.ROWS.named) | set(self.ROWS.moves) | set(self.ROWS.first_hand) == {
            "yes", "no"
        }  # fmt: skip

    def test_one_document_changes_its_claim_and_no_other(self):
        tables = load()
        before = judged().set_index("id").verdict
        put("excerpts", "value", 99.0, claim="C77")(tables)
        after = judge(CLAIMS, tables).set_index("id").verdict
        assert list(before.index[before != after]) == ["C77"]

    def test_a_year_is_near_within_one(self):
        tables = {"excerpts": pd.DataFrame(
            [("signed", 2003.0, "year", "yes", "no", "yes")],
            columns=["reading", "value", "unit", "named", "moves", "first_hand"],
        )}  # fmt: skip
        found = [CHECKS["document_figure"](tables, year).verdict for year in (2003, 2004, 2005)]
        assert found == ["supported", "imprecise", "contradicted"]


class TestFirmness:
    SOURCES_YML = load_sources(ROOT)

    def ledger(self, **columns):
        return pd.DataFrame({"basis": ["computed"], "source": [""]} | columns)

    def test_the_least_firm_table_decides_and_the_article_alone_counts(self):
        def of(source, basis="computed"):
            ledger = self.ledger(source=[source], basis=[basis])
            return firmness(ledger, self.SOURCES_YML).iloc[0]

        assert of("data/energy.csv") == "primary table"
        assert of("data/energy.csv; data/panel.csv") == "copy of a table"
        assert of("data/panel.csv; data/eras.csv") == "document"
        assert of("data/article_oda.csv") == "article"
        assert of("data/article_oda.csv; data/panel.csv") == "copy of a table"
        assert of("a page", "document") == "document" and of("", "none") == "nothing"

    def test_counts_add_up_and_every_verdict_has_a_firmness(self):
        ledger = judged().copy()
        ledger["firmness"] = firmness(ledger, self.SOURCES_YML)
        assert set(ledger.firmness) <= set(FIRMNESS)
        counts = by_firmness(ledger)
        assert counts["all"].sum() == len(ledger) == len(CLAIMS)
        open_or_none = ledger.basis == "none"
        assert (ledger.firmness[open_or_none] == "nothing").all()

    def test_sources_of_every_table_are_cited_under_the_ledger(self):
        text = (ROOT / "notebooks/words/08_claims.md").read_text(encoding="utf-8")
        cited = {source for sources in SOURCES.values() for source in sources}
        for section in ("figure f14_verdicts", "table t06_claims"):
            body = text.split(f"# {section}\n")[1].split("\n# ")[0]
            line = re.search(r"^sources: (.+)$", body, re.M)[1]
            assert cited | set(PROJECT.values()) | {"data/claims.csv"} == set(line.split(", "))


class TestFairness:
    def test_every_claim_that_does_not_hold_has_a_sentence_that_does(self):
        ledger = judged()
        fails = ledger.verdict.isin(FAULTS)
        assert (ledger.instead[fails] != "").all(), ledger.id[fails & (ledger.instead == "")]
        assert (ledger.instead[~fails] == "").all()
        assert not ledger.instead.str.contains(r"[{}]|\bnan\b").any()

    def test_a_sentence_is_filled_from_the_finding(self):
        claim = {"instead": "It is {computed:.1f} and {a:g}.", "claimed_value": 3.0}
        found = Finding("imprecise", 2.04, "", facts={"a": 5.0})
        assert instead(claim, found) == "It is 2.0 and 5."
        assert instead(claim, Finding("supported", 2.04, "")) == ""
        with pytest.raises(KeyError):
            instead(claim, Finding("contradicted", 2.04, ""))

    def test_the_most_favourable_reading_stands_first(self):
        assert favourable_first("a: fails; b: near; c: holds") == "c: holds; b: near; a: fails"
        ledger = pd.DataFrame(
            {"verdict": ["imprecise", "supported"], "claimed_value": np.nan, "computed": np.nan,
             "unit": "", "computed_unit": "", "arithmetic": "how, -5", "readings": "c: holds"}
        )  # fmt: skip
        assert printed(ledger).why.tolist() == ["C: holds. How, −5", "How, −5. C: holds"]


class TestLedger:
    def test_every_figure_of_the_article_has_a_row(self):
        figures = set(read(ROOT / "data/raw/article_figures.csv").figure)
        assert figures == set(CLAIMS.figure.dropna())

    def test_claimed_values_are_the_articles(self):
        value = read(ROOT / "data/raw/article_figures.csv").set_index("figure").value
        rows = CLAIMS.dropna(subset="figure")
        wrong = rows[rows.claimed_value != rows.figure.map(value)]
        assert wrong.empty, wrong[["id", "figure", "claimed_value"]]

    def test_no_verdict_is_typed_where_a_check_decides(self):
        checked = CLAIMS.dropna(subset="check")
        assert checked.document_verdict.isna().all() and set(checked.check) <= set(CHECKS)

    def test_a_typed_verdict_names_its_document_or_rests_on_the_text(self):
        typed = CLAIMS.dropna(subset="document_verdict")
        assert set(typed.document_verdict) <= set(VERDICTS)
        settled = typed[~typed.document_verdict.isin(["not checkable", "unverified"])]
        assert (settled.document.notna() | (settled.evidence == "article")).all()

    def test_what_is_open_says_what_would_settle_it(self):
        still = CLAIMS[CLAIMS.check.isna() & CLAIMS.document_verdict.isna()]
        assert still.needs.notna().all(), still[still.needs.isna()].id.tolist()


def number(text: str) -> float:
    return float(re.search(r"[\d,.]*\d", text)[0].replace(",", ""))


class TestPrint:
    """No claimed value is rounded on its way to a page."""

    ROWS = CLAIMS.dropna(subset="claimed_value")

    @pytest.mark.parametrize("row", list(ROWS.itertuples()), ids=list(ROWS.id))
    def test_a_claimed_value_is_printed_as_the_article_has_it(self, row):
        text = claimed_text(row.claimed_value, row.unit)
        assert number(text) == row.claimed_value
        assert ("," in text) == (row.claimed_value >= 1000 and row.unit != "year")
        spelled = {"percent": "%", "percent of respondents": "% of respondents"}
        unit = spelled.get(row.unit, row.unit)
        assert (unit in text) == (row.unit not in ("year", "count")), text

    def test_a_computed_value_is_printed_as_finely_as_the_claimed_one(self):
        assert computed_text(145.39, 145.38, "US$ million") == "145.39 US$ million"
        assert computed_text(0.50411, 0.5, "percent") == "0.5041%"
        assert computed_text(-138, np.nan, "days") == "−138 days"
        assert computed_text(2012, 2012, "year") == "2012"
        assert computed_text(np.nan, 1, "count") == "" == claimed_text(np.nan, np.nan)

    def test_the_printed_ledger_has_every_claimed_value(self):
        ledger = judged()
        shown = printed(ledger).set_index("id").claimed_value
        assert shown[self.ROWS.id].map(number).tolist() == self.ROWS.claimed_value.tolist()
        assert (shown[CLAIMS.id[CLAIMS.claimed_value.isna()]] == "").all()

    def test_a_computed_value_has_its_unit(self):
        ledger = judged().dropna(subset="computed")
        assert (ledger.computed_unit != "").all(), ledger[ledger.computed_unit == ""].id.tolist()

    def test_no_code_of_a_sector_is_printed(self):
        rows = committed()["sectors_2012"]
        assert set(rows.sector) == set(SECTOR_NAMES)
        codes = {c for c in SECTOR_NAMES if "&" in c} | set(INSTRUMENT_NAMES)
        why = " ".join(printed(judged()).why)
        assert not [code for code in codes if code in why]

    def test_why_names_arithmetic_and_readings(self):
        ledger = pd.DataFrame(
            {"claimed_value": [2.5, np.nan], "computed": [2.94, np.nan], "unit": ["years", np.nan],
             "computed_unit": ["years", ""], "verdict": ["supported", "not checkable"],
             "arithmetic": ["years to May", "A motive."], "readings": ["to March: holds", ""]}
        )  # fmt: skip
        assert printed(ledger).why.tolist() == ["Years to May. To March: holds", "A motive."]

    def test_the_paper_prints_claimed_values_in_full(self):
        source = (ROOT / "paper/paper.md").read_text(encoding="utf-8")
        cells = re.findall(
            r'cell\("tables/t06_claims", "claimed_value", "([^"]+)", id="(\w+)"\)', source
        )
        value = CLAIMS.set_index("id").claimed_value
        assert cells
        for form, name in cells:
            assert float(re.sub("[^0-9.]", "", form.format(value[name]))) == value[name], name

    @pytest.mark.parametrize("table", ["borne_out", "t12_polls_and_resources"])
    def test_the_notebook_formats_no_claimed_value_itself(self, table):
        columns = read_columns(read_sections(ROOT, "08_claims")[table])
        given = [column for column in columns if column.name in ("claimed_value", "value")]
        assert given and all(column.head and not column.form for column in given)


LEDGER = pd.DataFrame(
    [
        ("C1", "Title", "imprecise", "computed", "a"),
        ("C2", "Body", "supported", "computed", "b"),
        ("C3", "Body", "contradicted", "document", "c"),
        ("C4", "Body", "unverified", "computed", "the check could not be made (KeyError: 1998)"),
        ("C5", "Body", "plausible", "document", "d"),
        ("C6", "Body", "imprecise", "article", "e"),
    ],
    columns=["id", "section", "verdict", "basis", "arithmetic"],
).assign(source="")


class TestCounts:
    def test_counts_by_basis_add_up(self):
        counts = by_basis(LEDGER).set_index("verdict")
        assert list(counts.index) == [*VERDICTS, "all verdicts"]
        assert counts.loc["imprecise"].tolist() == [1, 0, 1, 0, 2]
        assert counts.loc["inconsistent"].tolist() == [0] * 5
        assert counts.loc["all verdicts"].tolist() == [3, 2, 1, 0, 6]

    def test_sections_stand_as_the_article_has_them_and_no_claim_is_lost(self):
        counts = by_section(LEDGER)
        assert counts.section.unique().tolist() == ["Title", "Body"]
        assert counts.verdict.unique().tolist() == [v for v in VERDICTS if v in set(LEDGER.verdict)]
        assert counts.claims.sum() == len(LEDGER)

    def test_a_section_of_few_claims_has_no_share(self):
        shares = shares_by_section(by_section(LEDGER))
        assert shares.index.tolist() == ["Body"]
        assert shares.loc["Body"].tolist() == [0.4, 0.2]

    def test_shares_are_zero_where_no_claim_holds_or_stays_open(self):
        fails = LEDGER.assign(verdict="contradicted")
        assert shares_by_section(by_section(fails)).loc["Body"].tolist() == [0, 0]

    def test_what_fails_comes_worst_first_and_what_holds_by_a_check_apart(self):
        assert faulted(LEDGER).id.tolist() == ["C3", "C1", "C6"]
        assert borne_out(LEDGER).id.tolist() == ["C2"]
        assert not set(FAULTS) & set(HOLDING) and set(FAULTS + HOLDING) < set(VERDICTS)

    def test_a_check_that_could_not_be_made_is_named(self):
        assert not_made(LEDGER) == ["C4: the check could not be made (KeyError: 1998)"]
        tables = load()
        del tables["ranks"]
        assert [line[:4] for line in not_made(judge(CLAIMS, tables))] == ["C84:"]
        assert not_made(judged()) == []

    def test_polls_keep_figures_without_a_claim_and_refuse_two_claims_for_one(self):
        given = read(DATA / "article_figures.csv")
        told = pd.DataFrame({"id": ["C1"], "figure": ["oil"]})
        shown = LEDGER.assign(why=LEDGER.arithmetic)
        polls = polls_and_resources(given, told, shown).set_index("figure")
        assert polls.verdict["oil"] == "imprecise" and pd.isna(polls.verdict["gas"])
        assert all(any(f.startswith(k) for f in polls.index) for k in POLLS_AND_RESOURCES)
        twice = pd.DataFrame({"id": ["C1", "C2"], "figure": ["oil", "oil"]})
        with pytest.raises(pd.errors.MergeError):
            polls_and_resources(given, twice, shown)


def test_a_run_for_another_donor_judges_nothing_and_says_so():
    notebook = json.loads((ROOT / "notebooks/08_claims.ipynb").read_text(encoding="utf-8"))
    cells = adapt(notebook, Study(donor="DEU"), ROOT)[0]["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert len(code) == 4 and not any("ledger" in source for source in code)
    assert any('nb.in_short("scope")' in source for source in code)
