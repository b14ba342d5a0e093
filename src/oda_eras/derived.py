"""Flows that no source prints: net loans, gross flows where they can be told, other prices."""

import pandas as pd

from oda_eras.flows import CELL
from oda_eras.measures import loans_net, long
from oda_eras.panel import PANEL_COLUMNS
from oda_eras.prices import FIXED_RATE, Prices

NET, GRANTS = "wdi_net_oda_by_donor", "dac2a_grants_by_donor"
WORLD = "dac2a_world; crs_world"


def derived_flows(
    net: pd.DataFrame,
    grants: pd.DataFrame,
    gross: pd.DataFrame,
    cells: pd.DataFrame,
    prices: Prices,
    donor: str,
    others: dict[str, pd.DataFrame],
) -> pd.DataFrame:
    """Flows of one donor that the panel lacks, as rows like the panel's.

    Parameters
    ----------
    net, grants, gross : DataFrame
        Wide frames of what the panel has, current US$ million.
    cells : DataFrame
        Result of `oda_eras.measures.gross_cells`.
    prices : Prices
        The donor's; one that gives in US$ has no flows at a fixed exchange rate.
    donor : str
        ISO3.
    others : dict of DataFrame
        What a run has from the tables of all recipients, wide frames by measure; empty for one
        that has net flows and grants from tables of their own.

    Returns
    -------
    DataFrame
        PANEL_COLUMNS and rule: net loans and gross in current prices, net ODA, grants, net loans
        and the others in constant prices and at a fixed exchange rate; rounded to 0.0001 million.
        The status of a gross flow is that of its cell.
    """
    of_net, of_grants = (WORLD, WORLD) if others else (NET, GRANTS)
    loans, both = loans_net(net, grants), "; ".join(dict.fromkeys([of_net, of_grants]))
    naming = prices.naming
    parts = [
        _part(long(loans), "loans_net", "current", "derived", "net less grants", both),
        _gross(cells, gross),
    ]
    in_constant = f"current US$ over the deflator with base {naming.base_year}"
    at_rate = f"{naming.currency} at {prices.fixed:.2f} per US$"
    for measure, flows, source in (
        ("net", net, of_net),
        ("grants", grants, of_grants),
        ("loans_net", loans, both),
        *((measure, frame, WORLD) for measure, frame in others.items()),
    ):
        rows, sources = long(prices.constant(flows)), f"{source}; {prices.deflator_source}"
        parts.append(_part(rows, measure, naming.constant, "derived", in_constant, sources))
        if naming.currency != "US dollar":
            rows, sources = (
                long(prices.at_fixed_rate(flows)),
                f"{source}; dac_deflators; wdi_context",
            )
            parts.append(_part(rows, measure, FIXED_RATE, "derived", at_rate, sources))
    rows = pd.concat(parts).assign(donor=donor)
    rows["usd_million"] = rows.usd_million.round(4)
    order = ["measure", "price_basis", "recipient", "year"]
    return rows[[*PANEL_COLUMNS, "rule"]].sort_values(order, ignore_index=True)


def _gross(cells: pd.DataFrame, gross: pd.DataFrame) -> pd.DataFrame:
    in_panel = cells.set_index(CELL).index.isin(long(gross).set_index(CELL).index)
    own = cells[~in_panel].dropna(subset="usd_million")
    return _part(own[[*CELL, "usd_million"]], "gross", "current", own.label, own.rule, own.source)


def _part(rows: pd.DataFrame, measure, price_basis, status, rule, source) -> pd.DataFrame:
    return rows.assign(
        measure=measure, price_basis=price_basis, status=status, rule=rule, source=source
    )
