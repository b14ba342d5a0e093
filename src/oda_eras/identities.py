"""What must hold between the tables of agreements, commitments and disbursements.

Each identity compares cells of one raw table with what other tables say of them. The tables differ
in vintage and rounding; an identity says how far the two sides may lie apart, and where that figure
comes from stands in data/README.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oda_eras.flows import (
    CELL,
    CENT,
    CRS_BASE,
    CRS_TOLERANCE,
    DAC2A_TOLERANCE,
    FIRST_WHOLE,
    LACKING,
    at_year,
    crs_current,
    dac2a_current,
    exchange_rate,
    implied_factor,
    printed_cells,
    rebased,
)  # fmt: skip
from oda_eras.sources import DataError, raw_file

JAPAN = pd.DataFrame({"donor": ["JPN"], "name": ["Japan"]})
# The deflator of the CRS of 2018 and the one at hand, where years can be compared cell by cell
DEFLATOR_TOLERANCE = 0.002
# both sides of a sum are rounded to 0.01, three or four terms of them
ROUNDED_SUM = 0.03


@dataclass
class Identity:
    """Cells of one column and the bounds that the other tables set them.

    `cells` has columns row (position in the table, from 0), found, low and high, and an index that
    says which cell it is; `count` is how many there are at least, so that none drops out unseen.
    What the article prints is a claim: that it meets a source is a finding, not `arithmetic`; and
    so is it that a source did not revise its figures.
    """

    name: str
    table: str
    column: str
    cells: pd.DataFrame
    expected: str
    count: int
    arithmetic: bool = True

    @property
    def broken(self) -> pd.DataFrame:
        cells = self.cells
        return cells[~cells.found.between(cells.low - 1e-9, cells.high + 1e-9)]


def check(tables: dict[str, pd.DataFrame]) -> None:
    """Raise DataError for the first cell that breaks an identity, or where cells are missing.

    What only the article or a revision breaks stops nothing.
    """
    _check_agreements(tables["yen_loans"])
    for identity in identities(tables):
        found = len(identity.cells)
        if found < identity.count:
            raise DataError(
                raw_file(identity.table), "any row", identity.column, f"{found} cells",
                f"{identity.count} to compare with {identity.expected}",
            )  # fmt: skip
        if identity.arithmetic and len(identity.broken):
            case = identity.broken.sort_values("row").iloc[0]
            label = case.name if isinstance(case.name, tuple) else (case.name,)
            low, high = _printed(case.low), _printed(case.high)
            between = f"at least {low}" if np.isinf(case.high) else f"{low} to {high}"
            if np.isinf(case.low):
                between = f"at most {high}"
            raise DataError(
                raw_file(identity.table),
                int(case.row) + 2,
                identity.column,
                f"{_printed(case.found)} for {' '.join(map(str, label))}",
                f"{between}, {identity.expected}",
            )


def unit_of(column: str) -> str:
    """Unit of a column, from the end of its name: "million constant 2016 US$"."""
    if column.endswith("_yen_million"):
        return "million yen"
    if not column.endswith("_usd_million"):
        return {"share_percent": "percentage points"}.get(column, column.replace("_", " "))
    base = re.search(r"_constant_(\d{4})_", column)
    return f"million {f'constant {base[1]}' if base else 'current'} US$"


def summary(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """How many cells each identity between tables compares, and how far the sides lie apart.

    Returns a frame with columns identity, table, cells, unit, gap and allowed (missing where an
    identity only sets a bound on one side) and broken, a number of cells.
    """
    rows = []
    for identity in (*_agreements(tables), *_gross(tables), *_bounds(tables)):
        cells = identity.cells
        middle, half = (cells.low + cells.high) / 2, (cells.high - cells.low) / 2
        finite = np.isfinite(middle)
        rows.append(
            {
                "identity": identity.name,
                "table": identity.table,
                "cells": len(cells),
                "unit": unit_of(identity.column),
                "gap": (cells.found - middle)[finite].abs().max(),
                "allowed": half[finite].max(),
                "broken": len(identity.broken),
            }
        )
    return pd.DataFrame(rows)


def others_meet(tables: dict[str, pd.DataFrame], donors: pd.DataFrame) -> pd.DataFrame:
    """Where DAC2a, turned into current prices, meets the CRS for donors other than Japan.

    Returns a frame with columns donor (its name), cells (recipient-years that both print), within
    (the tolerance that holds for Japan), above and below (cells in which the CRS lies beyond it).
    """
    crs = tables["crs_gross_current"].set_index(["donor", *CELL]).gross_usd_million
    names = donors.set_index("donor").name
    rows = []
    for donor in sorted(set(tables["dac2a_world"].donor) & set(tables["crs_gross_current"].donor)):
        if donor == "JPN":
            continue
        gap = (crs.loc[donor] - dac2a_current(tables, donors, donor, "gross")).dropna()
        above, below = (gap > DAC2A_TOLERANCE).sum(), (gap < -DAC2A_TOLERANCE).sum()
        rows.append((names[donor], len(gap), len(gap) - above - below, above, below))
    return pd.DataFrame(rows, columns=["donor", "cells", "within", "above", "below"])


def _printed(number: float) -> str:
    return f"{number:.4f}".rstrip("0").rstrip(".")


def _check_agreements(loans: pd.DataFrame) -> None:
    """Raise DataError for dates out of order, and for an amount in yen that must (not) be there."""
    order = [("notes_from", "notes_to"), ("signed_from", "signed_to"), ("notes_from", "signed_to")]
    for first, last in order:
        for row in loans.index[loans[last] < loans[first]]:
            found, least = f"'{loans[last][row]}'", f"no day before {first}, {loans[first][row]}"
            raise DataError(raw_file("yen_loans"), int(row) + 2, last, found, least)
    for row in loans.index[loans.amount_yen_million.isna() != (loans.basis == "in US dollars")]:
        found = f"{loans.amount_yen_million[row]:g} with basis '{loans.basis[row]}'"
        expected = "an amount in yen, and none where the basis is in US dollars"
        raise DataError(raw_file("yen_loans"), int(row) + 2, "amount_yen_million", found, expected)


def _rows(frame: pd.DataFrame, column: str, key: list[str] = CELL) -> pd.DataFrame:
    """A table's column as cells of an identity: key as index, columns row and found."""
    cells = frame.assign(row=np.arange(len(frame)), found=frame[column])
    plain = {name: str for name in key if isinstance(frame[name].dtype, pd.CategoricalDtype)}
    return cells.astype(plain).set_index(key)[["row", "found"]]


def _sums(frame: pd.DataFrame, column: str, key: list[str]) -> pd.DataFrame:
    """Sums of a table's column as cells of an identity, named at their first row."""
    cells = frame.assign(row=frame.index, found=frame[column]).groupby(key)
    return cells.agg({"row": "first", "found": "sum"})


def _near(cells: pd.DataFrame, other: pd.Series, slack) -> pd.DataFrame:
    """Cells that the other side has too, which may lie no further apart than `slack`."""
    low, high = (other - slack).rename("low"), (other + slack).rename("high")
    return cells.join(pd.concat([low, high], axis=1).dropna(), how="inner")


def identities(tables: dict[str, pd.DataFrame]) -> Iterator[Identity]:
    """All identities, the plainest first."""
    yield from _within_tables(tables)
    yield from _slips(tables)
    yield from _agreements(tables)
    yield from _gross(tables)
    yield from _bounds(tables)


def _within_tables(tables) -> Iterator[Identity]:
    dac2a = tables["dac2a_world"]
    flow = {c.removesuffix("_constant_2022_usd_million"): c for c in dac2a.columns}
    # Norway prints some gross flows of 2009-11 below the grants in them
    whole = dac2a[~((dac2a.donor == "NOR") & (dac2a.year <= 2011))].dropna(subset=[flow["gross"]])
    parts = whole[flow["grants"]].fillna(0) + whole[flow["gross_loans"]].fillna(0)
    at = {"row": whole.index, "found": whole[flow["gross"]]}
    cells = pd.DataFrame(at | {"low": parts - ROUNDED_SUM, "high": parts + ROUNDED_SUM})
    keyed = whole[["donor", "recipient", "year"]].astype(str)
    cells.index = pd.MultiIndex.from_frame(keyed)
    yield Identity(
        "DAC2a: gross is grants and loans", "dac2a_world", flow["gross"], cells,
        "grants and gross loans together", 40_000,
    )  # fmt: skip

    points = tables["un_ideal_points"]
    cells = _rows(points, "year", ["country", "session"])
    cells["low"] = cells["high"] = points.session.to_numpy() + 1945
    yield Identity(
        "UN: year is session and 1945",
        "un_ideal_points",
        "year",
        cells,
        "the year of the session",
        300,
    )
    cells = _rows(points, "ideal_point", ["country", "year"])
    cells["low"], cells["high"] = points.low.to_numpy(), points.high.to_numpy()
    yield Identity(
        "UN: the point lies in its interval", "un_ideal_points", "ideal_point", cells,
        "the interval of the row", 300,
    )  # fmt: skip

    energy = tables["ei_energy"]
    world = energy[energy.area == "WLD"].set_index(["item", "year"]).value
    cells = _rows(energy, "share_percent", ["item", "area", "year"])
    share = energy.join(world.rename("world"), on=["item", "year"])
    share = (100 * share.value / share.world).to_numpy()
    cells["low"], cells["high"] = share - 0.01, share + 0.01
    yield Identity(
        "Energy: shares are value over world", "ei_energy", "share_percent", cells,
        "the value as a share of the world's", 40,
    )  # fmt: skip

    for name, key in (
        ("crs_japan_climate_marked", ["recipient", "flow", "sector", "year"]),
        ("crs_gross_by_flow", ["recipient", "flow", "year"]),
    ):
        frame = tables[name]
        cells = _rows(frame, "gross_usd_million", key)
        constant = frame.gross_constant_2023_usd_million.to_numpy()
        cells["low"], cells["high"] = constant / 2.5 - CENT, constant * 2.5 + CENT
        yield Identity(
            f"{name}: current near constant", name, "gross_usd_million", cells,
            "the row's flow in constant prices over or times 2.5", 200,
        )  # fmt: skip


def _slips(tables) -> Iterator[Identity]:
    """What a factor of ten or a sign breaks, within bounds that are wide else."""
    context = tables["wdi_context"].pivot(
        index=["area", "year"], columns="indicator", values="value"
    )
    received, gdp = context["DT.ODA.ODAT.CD"], context["NY.GDP.MKTP.CD"]
    for name, indicator, column, other, expected, most in (
        ("wdi_constant_prices", "DT.ODA.ODAT.KD", "constant_usd_million", received / 1e6,
         "the ODA received in current prices", 2.2),
        ("wdi_context", "DT.ODA.ODAT.GN.ZS", "value", 100 * received / gdp,
         "ODA received over GDP in percent", 1.6),
        ("wdi_context", "NY.GDP.PCAP.CD", "value", gdp / context["SP.POP.TOTL"],
         "GDP over population", 1.001),
    ):  # fmt: skip
        cells = _rows(tables[name], column, ["area", "year"])
        cells = cells[tables[name].indicator.eq(indicator).to_numpy()]
        bounds = pd.DataFrame({"low": other / most, "high": other * most}).dropna()
        yield Identity(
            f"{indicator} is near {expected}", name, column, cells.join(bounds, how="inner"),
            f"{expected}, over or times {most}", 150,
        )  # fmt: skip
    rows = _rows(tables["article_oda_2016_2020"], "gross_usd_million")
    gross = dac2a_current(tables, JAPAN, "JPN", "gross")
    yield Identity(
        "The article is near DAC2a", "article_oda_2016_2020", "gross_usd_million",
        _near(rows, gross, gross + DAC2A_TOLERANCE), "DAC2a in current prices, at most twice", 25,
    )  # fmt: skip


def _agreements(tables) -> Iterator[Identity]:
    loans = tables["yen_loans"]
    # the CRS counts grants too, so that a year's commitments are no less than its agreements
    current = crs_current(tables, "JPN", "commitments")
    yen = current * at_year(current, exchange_rate(tables, "JPN"))
    signed = loans[loans.signed_from.str[:4] == loans.signed_to.str[:4]].assign(
        year=lambda rows: rows.signed_to.str[:4].astype(int)
    )
    least = signed.amount_yen_million - signed.rounded_to.where(signed.rounded_to > 1, 0) / 2
    in_year = _sums(signed.assign(least=least), "least", CELL)
    cells = in_year.join((yen * (1 + CRS_TOLERANCE)).rename("high"), how="inner").assign(
        low=-np.inf
    )
    yield Identity(
        "Agreements: within the CRS commitments of their year", "yen_loans", "amount_yen_million",
        cells, "Japan's commitments to the recipient in that year in the CRS, in yen", 12,
    )  # fmt: skip
    # what the ministry and the banks printed as cumulative sums
    printed = tables["yen_loans_cumulative"]
    cells = _rows(printed, "amount_yen_million", ["recipient", "signed_to"])
    sums = [
        loans[(loans.recipient == r) & (loans.signed_to <= to)]
        for r, to in zip(printed.recipient, printed.signed_to, strict=True)
    ]
    total = np.array([part.amount_yen_million.sum() for part in sums])
    rounding = np.array([(part.rounded_to[part.rounded_to > 1] / 2).sum() for part in sums])
    cells["low"], cells["high"] = total - rounding, total + rounding
    yield Identity(
        "Agreements: sums as printed", "yen_loans_cumulative", "amount_yen_million", cells,
        "the sum of the agreements in yen_loans up to then (one of them has changed)", 5,
    )  # fmt: skip

    single = yen[yen.index.isin([("KAZ", 2000)])]
    yield Identity(
        "Agreements: Kazakhstan 2000 is the CRS commitment", "yen_loans", "amount_yen_million",
        _near(in_year, single, single * DEFLATOR_TOLERANCE),
        "Japan's commitment of that year in the CRS, in yen", 1,
    )  # fmt: skip


def _gross(tables) -> Iterator[Identity]:
    current = tables["crs_gross_current"]
    rows = _rows(current, "gross_usd_million", ["donor", *CELL]).loc["JPN"]
    article = tables["article_oda_2016_2020"]
    article_rows = _rows(article, "gross_usd_million")
    crs = current[current.donor == "JPN"].set_index(CELL).gross_usd_million
    dac2a = dac2a_current(tables, JAPAN, "JPN", "gross")
    yield Identity(
        "The CRS is DAC2a, in current prices", "crs_gross_current", "gross_usd_million",
        _near(rows, dac2a, DAC2A_TOLERANCE), "DAC2a turned into current prices", 40,
    )  # fmt: skip
    yield Identity(
        "The article is the CRS", "article_oda_2016_2020", "gross_usd_million",
        _near(article_rows, crs, CENT / 2), "the CRS in current prices", 20, False,
    )  # fmt: skip
    yield Identity(
        "The article is DAC2a, in current prices", "article_oda_2016_2020", "gross_usd_million",
        _near(article_rows, dac2a, DAC2A_TOLERANCE), "DAC2a turned into current prices", 25, False,
    )  # fmt: skip
    world = tables["crs_world"]
    own = world[world.donor == "JPN"]
    column = "gross_constant_2016_usd_million"
    at = own.assign(row=own.index, found=own[column]).astype({"recipient": str})
    at = at.set_index(CELL)[["row", "found"]]
    expected = (crs / at_year(crs, rebased(tables["dac_deflators"], "JPN", CRS_BASE))).dropna()
    yield Identity(
        "The CRS of 2018 is that in current prices, by the DAC deflator", "crs_world", column,
        _near(at, expected, expected * DEFLATOR_TOLERANCE + CENT),
        "the CRS in current prices, by the DAC deflator", 30,
    )  # fmt: skip
    expected = (crs / at_year(crs, implied_factor(crs, at.found))).dropna()
    yield Identity(
        "The CRS of 2018 is that in current prices, by one ratio a year", "crs_world", column,
        _near(at, expected, CENT), "the CRS in current prices, by one ratio a year", 30,
    )  # fmt: skip
    sectors = tables["crs_japan_sectors_2012"]
    cells = _sums(sectors, "gross_usd_million", ["recipient"])
    yield Identity(
        "The sectors of 2012 are the CRS", "crs_japan_sectors_2012", "gross_usd_million",
        _near(cells, crs.xs(2012, level="year"), CENT), "all flows of 2012 in the CRS", 5,
    )  # fmt: skip
    vintages = tables["wdi_japan_vintages"]
    net = printed_cells(tables, JAPAN, "JPN", "net")
    yield Identity(
        "Older vintages of net ODA are the present one", "wdi_japan_vintages", "net_usd_million",
        _near(_rows(vintages, "net_usd_million"), net, CENT), "the present vintage", 140, False,
    )  # fmt: skip


def _bounds(tables) -> Iterator[Identity]:
    net = printed_cells(tables, JAPAN, "JPN", "net")
    world = tables["crs_world"]
    own = world[world.donor == "JPN"]
    column = "gross_constant_2016_usd_million"
    factor = rebased(tables["dac_deflators"], "JPN", CRS_BASE)
    cells = own.assign(row=own.index, found=own[column]).astype({"recipient": str})
    cells = cells.set_index(CELL)[["row", "found"]].dropna()
    years = cells.index.get_level_values("year")
    net = (net / at_year(net, factor)).dropna()
    slack = net.abs() * CRS_TOLERANCE + CENT
    # with grants only, as in Tajikistan, gross is net, in years without loans in the CRS too
    yield Identity(
        "Tajikistan's gross flow is its net flow", "crs_world", column,
        _near(cells[years >= FIRST_WHOLE], net, slack).loc[["TJK"]],
        "the net flow of that year", 15,
    )  # fmt: skip
    least = (net - slack).rename("low")
    cells = cells[(years >= FIRST_WHOLE) & ~years.isin(LACKING["JPN"])]
    yield Identity(
        "Gross is no less than net in the CRS's sound years", "crs_world", column,
        cells.join(least, how="inner").assign(high=np.inf), "the net flow of that year", 70,
    )  # fmt: skip
    marked = tables["crs_japan_climate_marked"]
    rows = _sums(marked, "gross_usd_million", CELL)
    gross = dac2a_current(tables, JAPAN, "JPN", "gross") + DAC2A_TOLERANCE
    yield Identity(
        "Climate-marked flows are part of the gross flow", "crs_japan_climate_marked",
        "gross_usd_million", rows.join(gross.rename("high"), how="inner").assign(low=-np.inf),
        "the recipient's gross flow of that year", 50,
    )  # fmt: skip
    flows = tables["crs_gross_by_flow"]
    oda = flows[flows.flow.isin(["grants", "loans"])]
    rows = _sums(oda, "gross_usd_million", CELL)
    yield Identity(
        "Japan's gross flow is part of all providers'", "crs_gross_by_flow", "gross_usd_million",
        rows.join((gross - 2 * DAC2A_TOLERANCE).rename("low"), how="inner").assign(high=np.inf),
        "Japan's gross flow of that year", 70,
    )  # fmt: skip
