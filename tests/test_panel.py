"""The panel holds what is reported and nothing else."""

import pandas as pd
from conftest import ROOT

from oda_eras.panel import PANEL_COLUMNS, build_dac_total, build_japan_totals, build_panel
from oda_eras.schemas import read_raw_tables

DONORS = pd.DataFrame(
    {"donor": ["JPN", "KAZ", "TOTAL"], "name": ["Japan", "Kazakhstan", "All"], "group": "x"}
)


def small_tables() -> dict[str, pd.DataFrame]:
    return {
        "wdi_net_oda_by_donor": pd.DataFrame(
            {
                "recipient": "KGZ",
                "donor": ["JPN", "JPN", "TOTAL"],
                "year": [2019, 2021, 2019],
                "net_usd_million": [0.0, -1.5, 7.0],
            }
        ),
        "dac2a_grants_by_donor": pd.DataFrame(
            {
                "recipient": "KGZ",
                "donor_name": ["Kazakhstan"],
                "year": [2019],
                "grants_usd_million": [0.3],
            }
        ),
        "article_oda_2016_2020": pd.DataFrame(
            {"recipient": ["KGZ"], "year": [2019], "gross_usd_million": [2.0]}
        ),
        "crs_japan_sectors_2012": pd.DataFrame(
            {
                "recipient": "KGZ",
                "sector": ["a", "b"],
                "instrument": "cash grant",
                "gross_usd_million": [1.0, 0.5],
            }
        ),
    }


def test_reported_rows_only_and_missing_is_not_zero():
    panel = build_panel(small_tables(), DONORS)
    assert list(panel.columns) == list(PANEL_COLUMNS)
    net = panel[panel.measure == "net"].set_index("year").usd_million
    assert net.to_dict() == {2019: 0.0, 2021: -1.5}  # the zero stays, 2020 is not made up
    assert set(panel.status) == {"reported"} and set(panel.price_basis) == {"current"}


def test_total_is_no_donor_and_other_donors_keep_their_grants():
    panel = build_panel(small_tables(), DONORS)
    assert set(panel.donor) == {"JPN", "KAZ"}
    assert panel[panel.donor == "KAZ"].measure.tolist() == ["grants"]


def test_sectors_sum_to_one_gross_flow():
    panel = build_panel(small_tables(), DONORS)
    sectors = panel[panel.source == "crs_japan_sectors_2012"]
    assert sectors[["year", "measure", "usd_million"]].values.tolist() == [[2012, "gross", 1.5]]


def test_one_changed_cell_changes_one_row():
    tables = small_tables()
    before = build_panel(tables, DONORS)
    tables["wdi_net_oda_by_donor"].loc[1, "net_usd_million"] = -9.0
    after = build_panel(tables, DONORS)
    changed = before[before.usd_million != after.usd_million]
    assert changed[["measure", "year"]].values.tolist() == [["net", 2021]]


def test_totals_of_the_committed_tables():
    tables = read_raw_tables(ROOT)
    total = build_dac_total(tables)
    assert len(total) == 5 * 32
    japan = build_japan_totals(tables)
    key = ["item", "measure", "price_basis", "year", "source"]
    assert not japan.duplicated(key).any()
    assert japan["item"].notna().all()
