"""From the raw tables to tidy frames: one panel of what is reported, and its companions."""

import pandas as pd

PANEL_COLUMNS = {
    "donor": "donor, ISO3; EUI is EU Institutions",
    "recipient": "recipient, ISO3",
    "year": "calendar year",
    "measure": "net, gross, grants or loans_net (net flow less grants)",
    "price_basis": "price basis of usd_million",
    "usd_million": "US$ million",
    "status": "reported, derived or inferred",
    "source": "id in data/sources.yml",
}


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
    columns = list(PANEL_COLUMNS)
    order = ["donor", "recipient", "measure", "source", "year"]
    return panel[columns].sort_values(order, ignore_index=True)


def build_dac_total(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Net ODA of all DAC members and EU Institutions: recipient, year, usd_million."""
    net = tables["wdi_net_oda_by_donor"]
    total = net[net.donor == "TOTAL"].drop(columns="donor")
    return total.rename(columns={"net_usd_million": "usd_million"}).reset_index(drop=True)


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
