"""The panel holds what is reported and nothing else."""

import pandas as pd
from bars import bars_of
from conftest import ROOT

from oda_eras.figures import what_is_reported
from oda_eras.panel import (
    PANEL_COLUMNS,
    build_constant_prices,
    build_dac_total,
    build_japan_totals,
    build_panel,
    by_source,
    cells,
    in_run,
    reported,
    year_in_each_measure,
)
from oda_eras.schemas import read_raw_tables
from oda_eras.study import Study

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
    assert list(panel.columns) == PANEL_COLUMNS
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


def flow_rows(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["recipient", "year", "measure", "usd_million"]).assign(
        donor="JPN", source="s"
    )


def test_only_recipients_and_years_of_the_run_are_kept():
    study = Study(recipients=("KGZ", "UZB"), first_year=2000, last_year=2001)
    frame = pd.DataFrame(
        {"recipient": ["KGZ", "KGZ", "TJK", "UZB"], "year": [1999, 2000, 2000, 2001]}
    )
    kept = in_run(frame, study)
    assert kept.values.tolist() == [["KGZ", 2000], ["UZB", 2001]] and list(kept.index) == [0, 1]
    assert cells(study) == 4


def test_a_cell_that_two_sources_report_counts_once():
    flows = flow_rows(("UZB", 2012, "gross", 1.0), ("UZB", 2012, "gross", 1.1))
    assert reported(flows).to_dict() == {"net": 0, "grants": 0, "gross": 1, "commitments": 0}


def test_sources_are_counted_with_donors_years_and_negative_flows():
    panel = build_panel(small_tables(), DONORS)
    rows = by_source(panel)
    assert rows.measure.tolist() == ["net", "grants", "gross", "gross"]
    assert rows.iloc[0][["flows", "donors", "years", "negative"]].tolist() == [2, 1, "2019-2021", 1]
    assert rows.years.tolist()[2:] == ["2019", "2012"]


def test_the_year_shown_is_the_latest_with_most_measures():
    flows = flow_rows(
        ("UZB", 2018, "net", 1.0), ("UZB", 2018, "gross", 3.0),
        ("UZB", 2019, "net", 2.0), ("UZB", 2019, "gross", 4.0),
        ("UZB", 2020, "net", 5.0),
    )  # fmt: skip
    shown = year_in_each_measure(flows, "JPN")
    assert list(shown.columns) == ["recipient", "net", "grants", "gross", "year"]
    assert shown.year.tolist() == [2019] and shown.gross.tolist() == [4.0]
    assert shown.grants.isna().all()


def test_the_tiles_are_the_reported_flows_hollow_where_negative():
    flows = flow_rows(
        ("KAZ", 2000, "net", 1.0), ("KAZ", 2001, "net", -1.0), ("UZB", 2001, "grants", 0.0)
    )  # fmt: skip
    net, grants, gross = what_is_reported(flows, 2000, 2001).axes
    (_, filled), (_, hollow) = bars_of(net)
    assert (filled[:, 0].tolist(), hollow[:, 0].tolist()) == ([2000], [2001])
    white = [shape.get_facecolor() == (1, 1, 1, 1) for shape in net.patches]
    assert white == [False, True]
    assert [sum(len(bars) for _, bars in bars_of(ax)) for ax in (net, grants, gross)] == [2, 1, 0]
    assert net.get_title("left") == "Net: 2 of 4 recipient-years, 1 below zero (hollow)"
    assert grants.get_title("left") == "Grants: 1 of 4 recipient-years"


def test_constant_prices_are_those_received():
    constant = build_constant_prices(read_raw_tables(ROOT))
    assert list(constant.columns) == ["area", "year", "constant_usd_million"]
    assert "JPN" not in set(constant.area)
    assert not constant.duplicated(["area", "year"]).any()
