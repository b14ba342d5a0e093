"""Every check's verdict flips when its input does, and only the checks that depend on it."""

import numpy as np
import pandas as pd
import pytest
from conftest import OUT, ROOT

from oda_eras.claims import CHECKS, VERDICTS, judge

DATA = ROOT / OUT / "data"
NAMES = [
    "panel",
    "japan_totals",
    "article_oda",
    "article_figures",
    "gross_cells",
    "ranks",
    "donor_shares",
    "context",
    "china_commitments",
    "sectors_2012",
]


def read(path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def load() -> dict[str, pd.DataFrame]:
    tables = {name: read(DATA / f"{name}.csv") for name in NAMES}
    return tables | {"eras": read(ROOT / "data" / "eras.csv")}


CLAIMS = read(ROOT / "data" / "claims.csv")
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


def steady(tables):
    tables["donor_shares"]["usd_million"] = 0.2 * tables["donor_shares"].total


# check: verdict on the committed tables, an input to change, verdict after it
FLIPS = {
    "oda_total_1993": ("supported", scale_net("UZB", [1993], 1.5), "contradicted"),
    "oda_total_1997": ("supported", scale_net("UZB", [1997], 1.05), "imprecise"),
    "oda_total_1998": ("supported", scale_net("UZB", [1998], 1.05), "imprecise"),
    "share_before_1998": ("supported", scale_net("KGZ", [1994, 1995], 2), "imprecise"),
    "share_1998": ("imprecise", scale_net("KAZ", [1998], 1.6), "supported"),
    "table_measure": (
        "plausible",
        put("article_oda", "gross_usd_million", 1.0, recipient="UZB", year=2018),
        "contradicted",
    ),
    "table_is_recent": ("imprecise", put("article_oda", "year", 2024, year=2020), "supported"),
    "growth_1990s": ("supported", scale_net("KAZ", [1998], -1), "contradicted"),
    "distribution_1990s": (
        "imprecise",
        scale_net("KGZ", [1998, 1999, 2000], 14),
        "contradicted",
    ),
    "rise_after_speech": ("imprecise", add_net("UZB", [1996], 900), "contradicted"),
    "change_after_2001": (
        "unverified",
        add_net("KAZ", list(range(2002, 2007)), 400),
        "plausible",
    ),
    "arc_not_implemented": (
        "plausible",
        scale_net("UZB", [2007, 2008, 2009], 30),
        "contradicted",
    ),
    "major_donor": (
        "supported",
        scale_net(["KAZ", "KGZ", "TJK", "UZB"], list(range(1992, 2024)), 0),
        "contradicted",
    ),
    "irregular_donor": ("plausible", steady, "unverified"),
    "attention_increased": (
        "supported",
        scale_net("UZB", list(range(2019, 2024)), 0),
        "contradicted",
    ),
    "attention_after_2022": ("unverified", scale_net("UZB", [2022, 2023], 9), "plausible"),
    "uzbekistan_key": (
        "imprecise",
        put("article_oda", "gross_usd_million", 2.0, recipient="UZB"),
        "contradicted",
    ),
    "uzbekistan_most_developed": (
        "contradicted",
        put("context", "value", 9e12, indicator="NY.GDP.MKTP.CD", area="UZB"),
        "supported",
    ),
    "population": (
        "supported",
        put("context", "value", 1e6, indicator="SP.POP.TOTL", area="UZB"),
        "contradicted",
    ),
    "gdp_total": (
        "supported",
        put("context", "value", 1e9, indicator="NY.GDP.MKTP.CD", area="KAZ"),
        "contradicted",
    ),
    "aid_infrastructure": (
        "plausible",
        put("sectors_2012", "gross_usd_million", 0.0, sector="Infrastructure"),
        "unverified",
    ),
    "economic_projects": (
        "plausible",
        put("sectors_2012", "gross_usd_million", 0.0, sector="Infrastructure"),
        "unverified",
    ),
    "war_dates": (
        "imprecise",
        put("eras", "opens", "2022-12-01", scheme="article", era="E6"),
        "supported",
    ),
    "successors": (
        "supported",
        put("eras", "closes", "2002-04-26", scheme="prime_ministers", label="Mori"),
        "contradicted",
    ),
    "koizumi_in_period": (
        "imprecise",
        put("eras", "opens", "2001-10-01", scheme="prime_ministers", label="Koizumi"),
        "supported",
    ),
    "abe_returns": (
        "supported",
        put("eras", "opens", "2013-01-01", scheme="prime_ministers", label="Abe (second)"),
        "contradicted",
    ),
}
# what no table here could decide either way: the number is shown, the verdict stays open
OPEN = {"demographic_growth", "china_alternative", "japanese_investment"}


def test_every_check_is_covered():
    assert set(FLIPS) | OPEN == set(CHECKS)


@pytest.mark.parametrize("name", FLIPS)
def test_verdicts_flip(name):
    before, change, after = FLIPS[name]
    tables = load()
    claimed = CLAIMED.get(name, np.nan)
    assert CHECKS[name](tables, claimed).verdict == before
    change(tables)
    assert CHECKS[name](tables, claimed).verdict == after


@pytest.mark.parametrize("name", sorted(OPEN))
def test_open_checks_show_a_number(name):
    found = CHECKS[name](load(), CLAIMED.get(name, np.nan))
    assert found.verdict == "unverified" and np.isfinite(found.computed)


def test_a_rise_that_follows_the_speech_is_plausibly_its_effect():
    tables = load()
    for recipient in ("KGZ", "UZB"):
        scale_net(recipient, [1994, 1995, 1996], 0.01)(tables)
    assert CHECKS["rise_after_speech"](tables, np.nan).verdict == "plausible"


@pytest.mark.parametrize(
    ("name", "change", "verdict"),
    [
        (
            "war_dates",
            put("eras", "opens", "2020-02-24", scheme="article", era="E6"),
            "inconsistent",
        ),
        (
            "koizumi_in_period",
            put("eras", "opens", "1999-04-26", scheme="prime_ministers", label="Koizumi"),
            "contradicted",
        ),
        (
            "successors",
            put("eras", "opens", "1998-09-01", scheme="prime_ministers", label="Obuchi"),
            "contradicted",
        ),
        (
            "major_donor",
            scale_net(["KAZ", "KGZ", "TJK", "UZB"], list(range(1992, 2008)), 0),
            "imprecise",
        ),
        ("distribution_1990s", scale_net("KGZ", [1995, 1996], 10), "plausible"),
        ("table_is_recent", put("article_oda", "year", 2019, year=2020), "contradicted"),
        ("uzbekistan_key", scale_net("UZB", [2022, 2023], 9), "supported"),
    ],
)
def test_further_verdicts(name, change, verdict):
    tables = load()
    change(tables)
    assert CHECKS[name](tables, CLAIMED.get(name, np.nan)).verdict == verdict


def test_one_cell_changes_the_verdicts_that_depend_on_it_and_no_others():
    tables = load()
    before = judge(CLAIMS, tables).set_index("id").verdict
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
