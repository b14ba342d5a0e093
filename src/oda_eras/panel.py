"""From the raw tables to tidy frames: one panel of what is reported, and its companions."""

import pandas as pd

from oda_eras import flows
from oda_eras.naming import years_in
from oda_eras.study import MEMBER_GROUPS, Study

PANEL_COLUMNS = [
    "donor", "recipient", "year", "measure", "price_basis", "usd_million", "status", "source"
]  # fmt: skip
# raw tables that later notebooks read as they are, by the name they are published under
COPIES = {
    "prices": "dac_deflators",
    "context": "wdi_context",
    "article_oda": "article_oda_2016_2020",
    "article_figures": "article_figures",
    "sectors_2012": "crs_japan_sectors_2012",
    "china_commitments": "gcdf_china_commitments",
    "climate_marked": "crs_japan_climate_marked",
    "energy": "ei_energy",
    "direct_investment": "imf_direct_investment",
    "ideal_points": "un_ideal_points",
    "vintages": "wdi_japan_vintages",
}
MEASURES = ["net", "grants", "gross"]
WORLD_MEASURES = [*MEASURES, "commitments"]


def run_panel(tables: dict[str, pd.DataFrame], donors: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The panel of a run: what is reported in current prices, or the world's flows turned into
    them.

    Takes what `build_panel` takes, and returns its columns, for the study's recipients and years.
    """
    panel = world_panel(tables, donors, study) if study.from_world else build_panel(tables, donors)
    return in_run(panel, study)


def world_panel(
    tables: dict[str, pd.DataFrame], donors: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """All donors' flows to a study's recipients, as far as one figure is known in current prices.

    Returns PANEL_COLUMNS; measures net, grants, gross and commitments, status converted.
    """
    rows = [
        flows.world_flows(tables, donors, donor, study.recipients)
        for donor in donors.donor[donors.group != "aggregate"]
    ]
    panel = pd.concat(rows).query("status in @flows.SURE and measure in @WORLD_MEASURES")
    panel = panel.rename(columns={"value": "usd_million"}).round({"usd_million": 4})
    order = ["donor", "recipient", "measure", "source", "year"]
    return panel[PANEL_COLUMNS].sort_values(order, ignore_index=True)


def build_panel(tables: dict[str, pd.DataFrame], donors: pd.DataFrame) -> pd.DataFrame:
    """Stack every reported flow from one donor to one recipient in one year.

    Parameters
    ----------
    tables : dict of DataFrame
        The checked raw tables by id.
    donors : DataFrame
        data/donors.csv (columns donor, name, group).

    Returns
    -------
    DataFrame
        PANEL_COLUMNS, in current US$ million, sorted by all columns but the value. Nothing is
        filled in: a flow that a source does not print has no row. TOTAL is no donor and stays
        out. Where two sources print the same flow, both rows are kept under their own source.
    """
    codes = donors.set_index("name").donor
    net = tables["wdi_net_oda_by_donor"]
    grants = tables["dac2a_grants_by_donor"]
    sectors = tables["crs_japan_sectors_2012"].groupby("recipient", as_index=False)
    parts = [
        net[net.donor != "TOTAL"]
        .rename(columns={"net_usd_million": "usd_million"})
        .assign(measure="net", source="wdi_net_oda_by_donor"),
        grants.rename(columns={"grants_usd_million": "usd_million"}).assign(
            donor=grants.donor_name.map(codes), measure="grants", source="dac2a_grants_by_donor"
        ),
        tables["article_oda_2016_2020"]
        .rename(columns={"gross_usd_million": "usd_million"})
        .assign(donor="JPN", measure="gross", source="article_oda_2016_2020"),
        sectors.gross_usd_million.sum()
        .round(4)
        .rename(columns={"gross_usd_million": "usd_million"})
        .assign(donor="JPN", year=2012, measure="gross", source="crs_japan_sectors_2012"),
    ]
    panel = pd.concat(parts).assign(price_basis="current", status="reported")
    order = ["donor", "recipient", "measure", "source", "year"]
    return panel[PANEL_COLUMNS].sort_values(order, ignore_index=True)


def dac_total(
    tables: dict[str, pd.DataFrame], donors: pd.DataFrame, panel: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """ODA of all DAC members and EU Institutions: recipient, year, usd_million.

    Net ODA as it is published, or what gross flows of a run's `panel` add up to: there the donors
    that report nothing give nothing.
    """
    if not study.from_world:
        return in_run(build_dac_total(tables), study)
    members = donors.donor[donors.group.isin(MEMBER_GROUPS)]
    own = panel[panel.donor.isin(members) & (panel.measure == study.described)]
    total = own.groupby(["recipient", "year"]).usd_million.sum().round(4)
    return total.reset_index()


def build_dac_total(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Net ODA of all DAC members and EU Institutions: recipient, year, usd_million."""
    net = tables["wdi_net_oda_by_donor"]
    total = net[net.donor == "TOTAL"].drop(columns="donor")
    return total.rename(columns={"net_usd_million": "usd_million"}).reset_index(drop=True)


def build_constant_prices(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Net ODA received in constant prices of 2023: area, year, constant_usd_million."""
    constant = tables["wdi_constant_prices"]
    received = constant[constant.indicator == "DT.ODA.ODAT.KD"]
    return received.drop(columns="indicator").reset_index(drop=True)


def build_japan_totals(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Japan's ODA to all recipients: item, measure, price_basis, year, usd_million, source."""
    wdi = tables["wdi_japan_totals"].rename(columns={"net_usd_million": "usd_million"})
    constant = tables["wdi_constant_prices"]
    constant = constant[constant.indicator == "DC.ODA.TOTL.KD"]
    dac1 = tables["dac1_japan_totals"]
    names = {
        "1010": "total",
        "1015": "bilateral",
        "2000": "multilateral",
        "11010": "total, grant equivalent series",
    }
    parts = [
        wdi.assign(measure="net", price_basis="current", source="wdi_japan_totals"),
        constant.rename(columns={"constant_usd_million": "usd_million"}).assign(
            item="total", measure="net", price_basis="constant 2023", source="wdi_constant_prices"
        ),
        dac1.assign(
            item=dac1["item"].map(names), price_basis="current", source="dac1_japan_totals"
        ),
    ]
    columns = ["item", "measure", "price_basis", "year", "usd_million", "source"]
    order = ["source", "item", "measure", "year"]
    return pd.concat(parts)[columns].sort_values(order, ignore_index=True)


def in_run(frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The rows of a study's recipients and years (columns recipient, year)."""
    years = frame.year.between(study.first_year, study.last_year)
    return frame[frame.recipient.isin(study.recipients) & years].reset_index(drop=True)


def by_source(panel: pd.DataFrame) -> pd.DataFrame:
    """What each source reports of a panel's flows, in which measure.

    Returns a frame with columns measure, source, flows, donors, years, negative (flows below
    zero).
    """
    found = panel.groupby(["measure", "source"]).agg(
        flows=("usd_million", "size"),
        donors=("donor", "nunique"),
        years=("year", years_in),
        negative=("usd_million", lambda values: (values < 0).sum()),
    )
    return found.reindex(WORLD_MEASURES, level="measure").reset_index()


def cells(study: Study) -> int:
    """How many recipient-years a study has."""
    return len(study.recipients) * (study.last_year - study.first_year + 1)


def reported(flows: pd.DataFrame) -> pd.Series:
    """In how many recipient-years one donor's flows are reported, by measure."""
    once = flows.drop_duplicates(["recipient", "year", "measure"])
    return once.measure.value_counts().reindex(WORLD_MEASURES, fill_value=0)


def year_in_each_measure(panel: pd.DataFrame, donor: str) -> pd.DataFrame:
    """One donor's flows of one year in each measure, side by side.

    The year is the latest of those with most recipient-measures reported. Returns a frame with
    columns recipient, year, net, grants, gross (US$ million), blank where not reported.
    """
    own = panel[(panel.donor == donor) & panel.measure.isin(MEASURES)]
    own = own.drop_duplicates(["recipient", "year", "measure"])
    reported = own.year.value_counts()
    year = reported.index[reported == reported.max()].max()
    wide = own[own.year == year].pivot(index="recipient", columns="measure", values="usd_million")
    return wide.reindex(columns=MEASURES).reset_index().assign(year=year)
