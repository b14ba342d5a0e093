"""Schemas of the raw tables and the identities that hold between them.

Identities of decisions and draws, across the tables of the CRS, DAC2a and the loan agreements,
stand in `oda_eras.identities`.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa

from oda_eras import identities
from oda_eras.codebook import Described
from oda_eras.flows import DAC2A_MEASURES
from oda_eras.naming import years_in
from oda_eras.sources import (
    COMPRESSED,
    DataError,
    load_sources,
    raw_file,
    read_raw_text,
    read_text_table,
)
from oda_eras.study import DATA_DRIVEN, MEMBER_GROUPS, RECIPIENTS

# Largest gap between the DAC members' sum and TOTAL for one recipient and year, US$ million.
# Up to 2022 Latvia's grants are known and added, so only rounding is left. For 2023 nothing
# says what Latvia gave; it has never reported more than 0.30 to one recipient.
CLOSING_ROUNDING = 0.05
CLOSING_LATVIA = 0.50
# control characters but the line feed, marks without width, blanks at the ends
UNSEEN = r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028\u2029\ufeff\ufffd]|^\s|\s$"
FIRST_GRANTS_YEAR, LAST_GRANTS_YEAR = 2000, 2022
# Tables with a live source grow; a year past this one is a slip.
LATER = 2050

SECTORS = {
    "crs_japan_sectors_2012": [
        "Agri & food", "Bank & business", "Education", "Environment", "Gov & sec", "Health",
        "Humanitarian", "Ind & trade", "Infrastructure", "Other", "Other social serv", "WASH",
    ],
    "crs_japan_climate_marked": [
        "Agriculture, Forestry, Fishing", "Communications", "Disaster Prevention & Preparedness",
        "Education", "Emergency Response", "Energy", "General Budget Support",
        "General Environment Protection", "Government & Civil Society", "Health",
        "Industry, Mining, Construction", "Other Multisector",
        "Other Social Infrastructure & Services", "Transport & Storage",
        "Water Supply & Sanitation",
    ],
    "yen_loans": [
        "agriculture", "budget support", "communications", "energy", "energy and other",
        "transport", "water",
    ],
}  # fmt: skip
# Series whose years follow one another: rows of a table, the value and, where it moves slowly, how
# many times its size it may at most become in a year, which no true value has come near.
SLOW = [
    ("wdi_context", "indicator == 'SP.POP.TOTL'", "value", 1.1),
    ("wdi_context", "indicator in ['NY.GDP.MKTP.CD', 'NY.GDP.PCAP.CD']", "value", 2.2),
    ("wdi_context", "indicator == 'PA.NUS.FCRF' and area == 'JPN'", "value", 1.6),
    ("dac_deflators", "donor == 'JPN'", "lcu_per_usd", 1.6),
    (
        "dac_deflators",
        "donor not in ['AZE', 'CYP', 'CZE', 'HUN', 'ISL', 'POL', 'QAT', 'TWN']",
        "deflator_2021",
        1.6,
    ),
    ("wdi_japan_totals", "item == item", "net_usd_million", 2.5),
    ("wdi_constant_prices", "area == 'WLD' or area == 'JPN'", "constant_usd_million", 2.5),
    ("ei_energy", "item == item", "value", 1.5),
    ("imf_direct_investment", "partner == 'KAZ' and direction == 'outward'",
     "position_usd_million", 1.6),
    ("wdi_context", "indicator != 'PA.NUS.FCRF'", "value", None),
    ("wdi_constant_prices", "area == area", "constant_usd_million", None),
    ("wdi_japan_vintages", "vintage == vintage", "net_usd_million", None),
    ("un_ideal_points", "country not in ['KGZ', 'TJK', 'UZB']", "ideal_point", None),
]  # fmt: skip


def code(values: list[str], listed: str = "data/donors.csv") -> pa.Column:
    """A text column with a closed list of codes, kept in the file `listed` where it is long."""
    allowed = f"one of {', '.join(values)}" if len(values) < 12 else f"an entry of {listed}"
    return pa.Column(str, pa.Check.isin(values, error=allowed))


def text(*, nullable: bool = False) -> pa.Column:
    """A free text column."""
    return pa.Column(str, nullable=nullable)


def number(low: float, high: float, *, nullable: bool = False) -> pa.Column:
    """A numeric column within bounds that no true value passes."""
    check = pa.Check.in_range(low, high, error=f"a number from {low:,g} to {high:,g}")
    return pa.Column(float, check, coerce=True, nullable=nullable)


def day(*, nullable: bool = False) -> pa.Column:
    """A calendar day as text, such as 1999-12-15."""

    def is_day(cells: pd.Series) -> pd.Series:
        written = cells.str.fullmatch(r"\d{4}-\d{2}-\d{2}").astype(bool)
        return written & pd.to_datetime(cells, format="%Y-%m-%d", errors="coerce").notna()

    return pa.Column(str, pa.Check(is_day, error="a date such as 1999-12-15"), nullable=nullable)


def year(first: int, last: int) -> pa.Column:
    """A calendar year within the table's span."""
    check = pa.Check.in_range(first, last, error=f"a year from {first} to {last}")
    return pa.Column(int, check, coerce=True)


def sector(table: str) -> pa.Column:
    """A sector by the name that a table gives it."""
    names = SECTORS[table]
    return pa.Column(str, pa.Check.isin(names, error=f"one of {', '.join(names)}"))


@dataclass(frozen=True)
class Table:
    """One raw table: columns in order, its unique key, and the years that must be there.

    `complete` lists (values of key columns, first year, last year): each of those series has a
    row for every year.
    """

    columns: dict[str, pa.Column]
    key: list[str]
    complete: list[tuple[dict, int, int]] = field(default_factory=list)

    @property
    def schema(self) -> pa.DataFrameSchema:
        return pa.DataFrameSchema(
            self.columns,
            unique=self.key,
            strict=True,
            ordered=True,
            report_duplicates="exclude_first",
        )


def raw_tables(
    donors: pd.DataFrame, organisations: pd.DataFrame, recipients: pd.DataFrame
) -> dict[str, Table]:
    """All raw tables by id; the arguments are the lists in data/ of who gives and receives."""
    recipient = code(list(RECIPIENTS))
    giver = code([*donors.donor, *organisations.donor], "data/donors.csv or organisations.csv")
    taker = code(list(recipients.recipient), "data/recipients.csv")
    wdi_donors = [*donors.donor[donors.group.isin(MEMBER_GROUPS)], "TOTAL"]
    areas = [*RECIPIENTS, "JPN"]
    return {
        "article_oda_2016_2020": Table(
            {
                "recipient": recipient,
                "year": year(2016, 2020),
                "gross_usd_million": number(0, 5_000),
            },
            ["recipient", "year"],
            [({"recipient": r}, 2016, 2020) for r in RECIPIENTS],
        ),
        "article_figures": Table(
            {
                "figure": text(),
                "section": text(),
                "subject": text(),
                "quantity": text(),
                "period": text(),
                "qualifier": text(nullable=True),
                "value": number(0, 1e7),
                "unit": text(),
            },
            ["figure"],
        ),
        "wdi_net_oda_by_donor": Table(
            {
                "recipient": recipient,
                "donor": code(wdi_donors),
                "year": year(1992, LATER),
                "net_usd_million": number(-1_000, 5_000),
            },
            ["recipient", "donor", "year"],
            [
                ({"recipient": r, "donor": d}, 1992, 2023)
                for r in RECIPIENTS
                for d in ("JPN", "TOTAL")
            ],
        ),
        "wdi_japan_totals": Table(
            {
                "item": code(["bilateral", "total"]),
                "year": year(1960, LATER),
                "net_usd_million": number(0, 30_000),
            },
            ["item", "year"],
            [({"item": "bilateral"}, 1960, 2023), ({"item": "total"}, 1978, 2024)],
        ),
        "dac2a_grants_by_donor": Table(
            {
                "recipient": recipient,
                "donor_name": code(list(donors.name)),
                "year": year(2000, LATER),
                "grants_usd_million": number(-1, 5_000),
            },
            ["recipient", "donor_name", "year"],
            [({"recipient": r, "donor_name": "Japan"}, 2000, 2022) for r in RECIPIENTS],
        ),
        "dac1_japan_totals": Table(
            {
                "item": code(["1010", "1015", "2000", "11010"]),
                "measure": code(
                    [
                        "commitments",
                        "commitments_grants",
                        "commitments_non_grants",
                        "received",
                        "grants",
                        "non_grants",
                        "gross",
                        "net",
                        "grant_equivalent",
                    ]
                ),
                "year": year(2010, LATER),
                "usd_million": number(-20_000, 50_000),
            },
            ["item", "measure", "year"],
            [
                ({"item": i, "measure": m}, 2010, 2023)
                for i in ("1010", "1015", "2000")
                for m in ("commitments", "commitments_grants", "grants", "gross", "net")
            ]
            + [
                ({"item": i, "measure": m}, 2010, 2023)
                for i in ("1010", "1015")
                for m in ("received", "non_grants", "commitments_non_grants")
            ],
        ),
        "dac_deflators": Table(
            {
                "donor": code(list(donors.donor)),
                "year": year(1990, LATER),
                "lcu_per_usd": number(1e-9, 20_000),
                "deflator_2021": number(1e-9, 1_000),
            },
            ["donor", "year"],
            [({"donor": "JPN"}, 1990, 2022)],
        ),
        "wdi_constant_prices": Table(
            {
                "indicator": code(["DT.ODA.ODAT.KD", "DC.ODA.TOTL.KD"]),
                "area": code([*areas, "WLD"]),
                "year": year(1990, LATER),
                "constant_usd_million": number(-1_000, 400_000),
            },
            ["indicator", "area", "year"],
            [({"indicator": "DC.ODA.TOTL.KD"}, 1990, 2024)]
            + [({"indicator": "DT.ODA.ODAT.KD", "area": r}, 1992, 2023) for r in RECIPIENTS],
        ),
        "wdi_context": Table(
            {
                "indicator": code(
                    [
                        "BX.KLT.DINV.CD.WD",
                        "DT.ODA.ODAT.CD",
                        "DT.ODA.ODAT.GN.ZS",
                        "NY.GDP.DEFL.KD.ZG",
                        "NY.GDP.MKTP.CD",
                        "NY.GDP.MKTP.KD.ZG",
                        "NY.GDP.PCAP.CD",
                        "PA.NUS.FCRF",
                        "SP.POP.TOTL",
                    ]
                ),
                "area": code(areas),
                "year": year(1985, LATER),
                "value": number(-1e13, 1e14),
                "unit": code(["% of GNI", "LCU per US$", "annual %", "current US$", "persons"]),
            },
            ["indicator", "area", "year"],
            [({"indicator": "SP.POP.TOTL", "area": a}, 1985, 2025) for a in areas]
            + [({"indicator": "PA.NUS.FCRF", "area": "JPN"}, 1985, 2025)]
            + [({"indicator": "NY.GDP.MKTP.CD", "area": r}, 1992, 2023) for r in RECIPIENTS],
        ),
        "crs_japan_sectors_2012": Table(
            {
                "recipient": recipient,
                "sector": sector("crs_japan_sectors_2012"),
                "instrument": code(
                    [
                        "cash grant",
                        "cash loan/equity",
                        "commodities & food",
                        "mixed project aid",
                        "non-transfer",
                        "technical cooperation",
                    ]
                ),
                "gross_usd_million": number(0, 5_000),
            },
            ["recipient", "sector", "instrument"],
        ),
        "gcdf_china_commitments": Table(
            {
                "recipient": recipient,
                "flow_class": code(["ODA", "OOF", "vague"]),
                "year": year(2000, 2021),
                "constant_2021_usd_million": number(0, 20_000),
            },
            ["recipient", "flow_class", "year"],
        ),
        "crs_world": Table(
            {
                "donor": giver,
                "recipient": taker,
                "year": year(1973, 2017),
                "commitments_constant_2016_usd_million": number(-300, 20_000, nullable=True),
                "gross_constant_2016_usd_million": number(-300, 20_000, nullable=True),
            },
            ["donor", "recipient", "year"],
            [
                ({"donor": "JPN", "recipient": r}, first, 2017)
                for r, first in zip(RECIPIENTS, (1994, 1992, 1996, 1997, 1994), strict=True)
            ],
        ),
        "dac2a_world": Table(
            {
                "donor": giver,
                "recipient": taker,
                "year": year(2009, LATER),
                **{
                    f"{measure}_constant_2022_usd_million": number(0.01, 20_000, nullable=True)
                    for measure in DAC2A_MEASURES
                },
            },
            ["donor", "recipient", "year"],
            [({"donor": "JPN", "recipient": r}, 2009, 2022) for r in RECIPIENTS],
        ),
        "crs_gross_current": Table(
            {
                "recipient": recipient,
                "donor": giver,
                "year": year(2012, LATER),
                "gross_usd_million": number(-1, 5_000),
            },
            ["recipient", "donor", "year"],
            [({"recipient": r, "donor": "JPN"}, 2012, 2019) for r in RECIPIENTS],
        ),
        "crs_japan_climate_marked": Table(
            {
                "recipient": recipient,
                "flow": code(["grants", "loans"]),
                "sector": sector("crs_japan_climate_marked"),
                "year": year(2003, 2023),
                "gross_usd_million": number(0, 1_000),
                "gross_constant_2023_usd_million": number(0, 1_000),
            },
            ["recipient", "flow", "sector", "year"],
        ),
        "crs_gross_by_flow": Table(
            {
                "recipient": recipient,
                "flow": code(["equity", "grants", "loans", "OOF", "private", "PSI"]),
                "year": year(1992, 2023),
                "gross_usd_million": number(0, 5_000),
                "gross_constant_2023_usd_million": number(0, 5_000),
            },
            ["recipient", "flow", "year"],
            [({"recipient": r, "flow": "grants"}, 1993, 2023) for r in RECIPIENTS],
        ),
        "yen_loans": Table(
            {
                "recipient": recipient,
                "project": text(),
                "notes_from": day(nullable=True),
                "notes_to": day(nullable=True),
                "signed_from": day(),
                "signed_to": day(),
                "amount_yen_million": number(2_000, 200_000, nullable=True),
                "rounded_to": number(1, 1_000, nullable=True),
                "sector": sector("yen_loans"),
                "terms": text(nullable=True),
                "basis": code(["exact", "rounded", "derived", "in US dollars"]),
                "note": text(nullable=True),
                "url": text(),
            },
            ["recipient", "project"],
        ),
        "yen_loans_cumulative": Table(
            {
                "recipient": recipient,
                "signed_to": day(),
                "amount_yen_million": number(1_000, 1_000_000),
                "note": text(),
                "url": text(nullable=True),
            },
            ["recipient", "signed_to"],
        ),
        "wdi_japan_vintages": Table(
            {
                "vintage": text(),
                "last_year": year(2017, LATER),
                "recipient": code([*RECIPIENTS, "WLD"]),
                "year": year(1992, LATER),
                "net_usd_million": number(-1_000, 30_000),
            },
            ["vintage", "recipient", "year"],
            [({"vintage": "2712d471", "recipient": r}, 1992, 2017) for r in ("KAZ", "KGZ", "WLD")],
        ),
        "un_ideal_points": Table(
            {
                "country": code(
                    ["CHN", "JPN", "KAZ", "KGZ", "KOR", "RUS", "TJK", "TKM", "USA", "UZB"]
                ),
                "session": year(46, 78),
                "year": year(1991, 2023),
                "votes": number(1, 200),
                "ideal_point": number(-5, 5),
                "low": number(-5, 5),
                "high": number(-5, 5),
                **{f"agrees_with_{c}": number(0, 1) for c in ("usa", "russia", "china")},
            },
            ["country", "year"],
            [({"country": c}, 1991, 2023) for c in ("JPN", "USA", "RUS", "CHN")],
        ),
        "imf_direct_investment": Table(
            {
                "partner": recipient,
                "direction": code(["inward", "outward"]),
                "year": year(2014, 2024),
                "position_usd_million": number(-100, 20_000),
            },
            ["partner", "direction", "year"],
            [({"partner": p, "direction": "outward"}, 2014, 2024) for p in ("KAZ", "KGZ")],
        ),
        "ei_energy": Table(
            {
                "item": text(),
                "area": code(["KAZ", "TKM", "UZB", "WLD"]),
                "year": year(2020, 2022),
                "value": number(0, 1e7),
                "unit": text(),
                "share_percent": number(0, 100),
                "rank": number(1, 100, nullable=True),
            },
            ["item", "area", "year"],
        ),
    }


def validate(file: str, table: Table, raw: pd.DataFrame) -> pd.DataFrame:
    """Check one table against its schema and return it with typed columns.

    Parameters
    ----------
    file : str
        The table's path, for messages.
    table : Table
        What it should look like.
    raw : DataFrame
        The table with every cell as text.

    Raises DataError for the first fault found: columns, then cells, then keys, then years.
    """
    if list(raw.columns) != list(table.columns):
        missing = [c for c in table.columns if c not in raw.columns]
        column = (missing or [c for c in raw.columns if c not in table.columns] or ["all"])[0]
        raise DataError(file, 1, column, f"columns {list(raw.columns)}", f"{list(table.columns)}")
    _refuse_odd_numbers(file, table, raw)
    _refuse_odd_characters(file, table, raw)
    try:
        frame = table.schema.validate(raw, lazy=True)
    except pa.errors.SchemaErrors as errors:
        raise _first_fault(file, table, raw, errors.failure_cases) from None
    _refuse_gaps(file, table, frame)
    return frame


def _refuse_gaps(file: str, table: Table, frame: pd.DataFrame) -> None:
    """Refuse a table in which a series that must be whole lacks a year."""
    for series, first, last in table.complete:
        rows = frame
        for column, value in series.items():
            rows = rows[rows[column] == value]
        missing = sorted(set(range(first, last + 1)) - set(rows.year))
        if missing:
            before = rows.index[rows.year < missing[0]]
            row = before.max() + 2 if len(before) else 1
            belongs = f"after row {row} (the header is row 1)"
            raise DataError(
                file,
                belongs,
                "year",
                f"no row for {', '.join(series.values())} in {missing[0]}",
                f"every year from {first} to {last}",
            )


def kind_of_number(column: pa.Column) -> str | None:
    """What a column's cells should be in words, None for text."""
    kind = getattr(column.dtype.type, "kind", "")
    return {"i": "a whole number", "f": "a number"}.get(kind)


def _refuse_odd_numbers(file: str, table: Table, raw: pd.DataFrame) -> None:
    """Refuse what Python reads as a number though nobody writes one so: ' 5', 1_0, inf."""
    for column, about in table.columns.items():
        kind = kind_of_number(about)
        if kind is None:
            continue
        cells = raw[column].dropna()
        odd = cells[~cells.str.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")]
        if len(odd):
            raise DataError(file, int(odd.index[0]) + 2, column, f"'{odd.iloc[0]}'", kind)


def _refuse_odd_characters(file: str, table: Table, raw: pd.DataFrame) -> None:
    """Refuse characters that no reader sees: control characters, marks, blanks at the edges."""
    for column in (c for c, about in table.columns.items() if kind_of_number(about) is None):
        cells = raw[column].dropna()
        odd = cells[cells.str.contains(UNSEEN)]
        if len(odd):
            found = ascii(odd.iloc[0])
            expected = "text without control characters or blanks at its ends"
            raise DataError(file, int(odd.index[0]) + 2, column, found, expected)


def _first_fault(file: str, table: Table, raw: pd.DataFrame, cases: pd.DataFrame) -> DataError:
    """Turn pandera's failure cases into one message about the topmost faulty cell."""
    cells = cases[cases["index"].notna()]
    duplicates = cells.check.astype(str).str.contains("unique")
    faults = cells[~duplicates] if (~duplicates).any() else cells
    case = faults.loc[faults["index"].astype(int).sort_values(kind="stable").index[0]]
    row, check = int(case["index"]), str(case["check"])
    if duplicates.all():
        key = {column: raw[column][row] for column in table.key}
        return DataError(file, row + 2, ", ".join(table.key), f"a second row for {key}", "one row")
    expected = {"not_nullable": "a value"}.get(check, check)
    if check.startswith(("coerce_dtype", "dtype")):
        expected = kind_of_number(table.columns[case["column"]]) or "text"
    found = raw[case["column"]][row]
    found = "an empty cell" if pd.isna(found) else f"'{found}'"
    return DataError(file, row + 2, case["column"], found, expected)


def read_sound(root: Path, name: str, table: Table) -> pd.DataFrame | None:
    """Read a large table with types at once and check all columns as wholes.

    Codes come as categories. Returns None where anything is wrong, for `validate` to name it: that
    takes some ten times as long.
    """
    codes = [column for column, about in table.columns.items() if kind_of_number(about) is None]
    try:
        frame = pd.read_csv(
            root / raw_file(name),
            dtype={c: "category" if c in codes else str(a.dtype) for c, a in table.columns.items()},
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=False,
        )
    except (ValueError, OSError, EOFError):
        return None
    if list(frame.columns) != list(table.columns) or frame.duplicated(table.key).any():
        return None
    for column, about in table.columns.items():
        cells, (check,) = frame[column], about.checks
        if column in codes:
            sound = cells.cat.categories.isin(check.statistics["allowed_values"]).all()
        else:
            limits = [check.statistics[f"{side}_value"] for side in ("min", "max")]
            sound = (cells.between(*limits) | cells.isna()).all()
        if not sound or (cells.isna().any() and not about.nullable):
            return None
    _refuse_gaps(raw_file(name), table, frame)
    return frame


def check_across(tables: dict[str, pd.DataFrame]) -> None:
    """Check what must hold between tables.

    Raises DataError for the first of these that fails: sizes and rates are positive; the DAC
    members sum to TOTAL; what moves slowly has no hole, no other sign and no leap; Japan's
    DAC1 items and measures add up; a gross flow is no smaller than the net flow and the grants
    in it; the sector table less its loans equals the grants of 2012; Japan's total in constant
    prices of 2023 equals the current one in 2023; what `oda_eras.identities` holds.
    """
    _check_positive(tables["wdi_context"])
    _check_closing(tables["wdi_net_oda_by_donor"], tables["dac2a_grants_by_donor"])
    _check_slow(tables)
    _check_dac1(tables["dac1_japan_totals"], tables["wdi_japan_totals"])
    _check_gross(tables)
    _check_sectors(tables["crs_japan_sectors_2012"], tables["dac2a_grants_by_donor"])
    _check_price_base(tables["wdi_constant_prices"], tables["wdi_japan_totals"])
    identities.check(tables)


def _check_positive(context: pd.DataFrame) -> None:
    positive = ["NY.GDP.MKTP.CD", "NY.GDP.PCAP.CD", "PA.NUS.FCRF", "SP.POP.TOTL"]
    wrong = context[context.indicator.isin(positive) & (context.value <= 0)]
    for row, case in wrong.iterrows():
        raise DataError(
            raw_file("wdi_context"),
            int(row) + 2,
            "value",
            f"{case.value:g} for {case.indicator} of {case.area} in {case.year}",
            "a number above zero",
        )


def _check_slow(tables: dict[str, pd.DataFrame]) -> None:
    """Refuse a hole in the series of `SLOW`, and in slow ones a change of sign or a leap."""
    for name, which, value, most in SLOW:
        rows = tables[name].query(which)
        keys = ("vintage", "recipient", "indicator", "item", "area", "donor", "partner",
                "direction", "country")  # fmt: skip
        series = [c for c in rows if c in keys]
        rows = rows.sort_values([*series, "year"])
        before = rows.groupby(series, observed=True)[["year", value]].shift()
        times = rows[value] / before[value]
        hole = before.year.notna() & (rows.year - before.year != 1)
        leap = before.year.notna() & ~times.between(1 / most, most) if most else False
        for row in rows.index[hole | leap]:
            of = " ".join(str(rows[column][row]) for column in series)
            year, first = int(rows.year[row]), int(before.year[row])
            found = (
                f"{rows[value][row]:g} for {of} in {year} after {before[value][row]:g} in {first}"
            )
            expected = "the year before"
            expected += f", and less than {most} times or part of it" if most else ""
            raise DataError(raw_file(name), int(row) + 2, value, found, expected)


def closing_gaps(net: pd.DataFrame, grants: pd.DataFrame) -> pd.DataFrame:
    """What TOTAL holds beyond the members' sum, less Latvia's grants where they are known.

    Returns a frame with columns recipient, year, total, members, gap (US$ million). A blank of
    a member counts as nothing, which is how the source adds up.
    """
    cells = net.pivot(index=["recipient", "year"], columns="donor", values="net_usd_million")
    latvia = grants[grants.donor_name == "Latvia"].set_index(["recipient", "year"])
    gaps = pd.DataFrame({"total": cells.TOTAL, "members": cells.drop(columns="TOTAL").sum(axis=1)})
    known = latvia.grants_usd_million.reindex(gaps.index).fillna(0)
    gaps["gap"] = (gaps.total - gaps.members - known).round(2)
    return gaps.reset_index()


def gaps_by_period(gaps: pd.DataFrame) -> pd.DataFrame:
    """The range of closing gaps before, while and after Latvia's grants are known.

    Returns a frame with columns years, n (recipient-years), low, high (US$ million).
    """
    edges = [-np.inf, FIRST_GRANTS_YEAR - 1, LAST_GRANTS_YEAR, np.inf]
    parts = gaps.groupby(pd.cut(gaps.year, edges), observed=True)
    rows = parts.agg(
        years=("year", years_in), n=("gap", "size"), low=("gap", "min"), high=("gap", "max")
    )
    return rows.reset_index(drop=True)


def _check_closing(net: pd.DataFrame, grants: pd.DataFrame) -> None:
    gaps = closing_gaps(net, grants)
    upper = gaps.year.map(lambda y: CLOSING_ROUNDING if y <= LAST_GRANTS_YEAR else CLOSING_LATVIA)
    broken = gaps[(gaps.gap < -CLOSING_ROUNDING) | (gaps.gap > upper)]
    if len(broken):
        case = broken.iloc[0]
        at = (net.recipient == case.recipient) & (net.year == case.year) & (net.donor == "TOTAL")
        raise DataError(
            raw_file("wdi_net_oda_by_donor"),
            int(net.index[at][0]) + 2,
            "net_usd_million",
            f"TOTAL {case.total:.2f} for {case.recipient} in {case.year}",
            f"the sum of its donors, {case.members:.2f}, within {CLOSING_ROUNDING} "
            "(one of these rows has changed)",
        )


def _check_dac1(dac1: pd.DataFrame, wdi: pd.DataFrame) -> None:
    file = raw_file("dac1_japan_totals")
    rows = dac1.reset_index().pivot(index=["item", "year"], columns="measure", values="index")
    cells = dac1.pivot(index=["item", "year"], columns="measure", values="usd_million")

    def fault(item: str, year: int, measure: str, expected: str) -> DataError:
        row = int(rows.loc[(item, year), measure]) + 2
        found = f"{measure} {cells.loc[(item, year), measure]:.2f} for item {item} in {year}"
        return DataError(file, row, "usd_million", found, expected)

    for item in ("1010", "1015"):
        for year, cell in cells.loc[item].iterrows():
            if not abs(cell.gross + cell.received - cell.net) <= CLOSING_ROUNDING:
                expected = f"net {cell.net:.2f} plus repayments {-cell.received:.2f}"
                raise fault(item, year, "gross", expected)
    for (item, year), cell in cells.iterrows():
        for prefix, whole in (("", "gross"), ("commitments_", "commitments")):
            grants, rest = cell[f"{prefix}grants"], cell[f"{prefix}non_grants"]
            if pd.notna(rest) and not abs(grants + rest - cell[whole]) <= CLOSING_ROUNDING:
                expected = f"{whole} {cell[whole]:.2f} less what is no grant, {rest:.2f}"
                raise fault(item, year, f"{prefix}grants", expected)
    for year in cells.loc["1010"].index:
        for measure in ("commitments", "gross", "net"):
            parts = cells.loc[("1015", year), measure] + cells.loc[("2000", year), measure]
            if not abs(parts - cells.loc[("1010", year), measure]) <= CLOSING_ROUNDING:
                raise fault("1010", year, measure, f"items 1015 and 2000 together, {parts:.2f}")
    # The World Bank's column is 0.2-3.8% above item 1015 in this vintage.
    bilateral = wdi[wdi.item == "bilateral"].set_index("year").net_usd_million
    for year, net in cells.loc["1015"].net.items():
        if not 1.0 <= bilateral[year] / net <= 1.05:
            raise fault("1015", year, "net", f"close below WDI's bilateral {bilateral[year]:.2f}")


def _check_gross(tables: dict[str, pd.DataFrame]) -> None:
    net, grants = tables["wdi_net_oda_by_donor"], tables["dac2a_grants_by_donor"]
    least = {
        "net flow": net[net.donor == "JPN"].set_index(["recipient", "year"]).net_usd_million,
        "grants": grants[grants.donor_name == "Japan"]
        .set_index(["recipient", "year"])
        .grants_usd_million,
    }
    article = tables["article_oda_2016_2020"]
    for row, (recipient, year, gross) in enumerate(article.itertuples(index=False), start=2):
        for part, series in least.items():
            if gross < series[recipient, year] - 0.015:  # both sides are rounded to 0.01
                raise DataError(
                    raw_file("article_oda_2016_2020"),
                    row,
                    "gross_usd_million",
                    f"{gross:.2f} for {recipient} in {year}",
                    f"a gross flow, no less than the {part} {series[recipient, year]:.2f} in it",
                )


def _check_sectors(sectors: pd.DataFrame, grants: pd.DataFrame) -> None:
    japan = grants[(grants.donor_name == "Japan") & (grants.year == 2012)]
    expected = japan.set_index("recipient").grants_usd_million
    given = sectors[sectors.instrument != "cash loan/equity"]
    for recipient, total in given.groupby("recipient").gross_usd_million.sum().items():
        if abs(total - expected[recipient]) > 0.01:
            raise DataError(
                raw_file("crs_japan_sectors_2012"),
                int(sectors.index[sectors.recipient == recipient][0]) + 2,
                "gross_usd_million",
                f"{total:.2f} without loans for {recipient}, from this row on",
                f"its DAC2a grants of 2012, {expected[recipient]:.2f}",
            )


def _check_price_base(constant: pd.DataFrame, wdi: pd.DataFrame) -> None:
    at = (constant.indicator == "DC.ODA.TOTL.KD") & (constant.year == 2023)
    current = wdi[(wdi.item == "total") & (wdi.year == 2023)].net_usd_million.iloc[0]
    found = constant[at].constant_usd_million.iloc[0]
    if abs(found - current) > 0.01:
        raise DataError(
            raw_file("wdi_constant_prices"),
            int(constant.index[at][0]) + 2,
            "constant_usd_million",
            f"{found:.2f} in 2023",
            f"the current total {current:.2f}: the base year is 2023",
        )


def read_raw_tables(root: Path) -> dict[str, pd.DataFrame]:
    """Read all raw tables by id, each checked against its schema. Raises DataError."""
    expected = raw_tables(read_donors(root), read_organisations(root), read_recipients(root))
    if set(load_sources(root)) != set(expected):
        odd = sorted(set(load_sources(root)) ^ set(expected))
        raise DataError(
            "data/sources.yml", f"entry {odd[0]}", "", "one side only", "table and entry"
        )
    return {name: read_table(root, name, table) for name, table in expected.items()}


def read_table(root: Path, name: str, table: Table) -> pd.DataFrame:
    """Read one raw table, checked against its schema. Raises DataError."""
    frame = read_sound(root, name, table) if name in COMPRESSED else None
    if frame is None:
        frame = validate(raw_file(name), table, read_raw_text(root, name))
    return frame


def overview(
    tables: dict[str, pd.DataFrame], donors: pd.DataFrame, codebook: dict[str, Described]
) -> pd.DataFrame:
    """What each raw table holds and by what its rows are told apart.

    Returns a frame with columns table, title, rows, key, complete (number of series that must
    have every year). Raises WordsError where the codebook describes other columns than there are.
    """
    rows = []
    nobody = pd.DataFrame({"donor": [], "recipient": []})
    for name, schema in raw_tables(donors, nobody, nobody).items():
        described = codebook[raw_file(name).removeprefix("data/")]
        described.of(list(tables[name].columns))
        rows.append(
            {
                "table": name,
                "title": described.title,
                "rows": len(tables[name]),
                "key": ", ".join(schema.key),
                "complete": len(schema.complete),
            }
        )
    return pd.DataFrame(rows)


def read_donors(root: Path) -> pd.DataFrame:
    """Read data/donors.csv (columns donor, name, group), checked. Raises DataError."""
    table = Table(
        {
            "donor": text(),
            "name": text(),
            "group": code([*MEMBER_GROUPS, "non-DAC", "aggregate"]),
            "currency": text(nullable=True),
        },
        ["donor"],
    )
    donors = validate("data/donors.csv", table, read_text_table(root, "data/donors.csv"))
    doubled = donors[donors.name.duplicated()]
    if len(doubled):
        row, found = int(doubled.index[0]) + 2, f"a second '{doubled.name.iloc[0]}'"
        raise DataError("data/donors.csv", row, "name", found, "one row for each name")
    return donors


def read_organisations(root: Path) -> pd.DataFrame:
    """Read data/organisations.csv (columns donor, group), checked. Raises DataError."""
    file = "data/organisations.csv"
    groups = ["development bank", "United Nations", "private", "other"]
    table = Table({"donor": text(), "group": code(groups)}, ["donor"])
    return validate(file, table, read_text_table(root, file))


def read_recipients(root: Path) -> pd.DataFrame:
    """Read data/recipients.csv (columns recipient, name, kind, region, group), checked.

    Raises DataError.
    """
    file = "data/recipients.csv"
    kinds = code(["country", "region", "unspecified"])
    columns = {"recipient": text(), "name": text(), "kind": kinds}
    columns |= {name: text(nullable=True) for name in ("region", "group")}
    recipients = validate(file, Table(columns, ["recipient"]), read_text_table(root, file))
    wrong = recipients[(recipients.kind == "country") != recipients.region.notna()]
    if len(wrong):
        row, found = int(wrong.index[0]) + 2, f"'{wrong.region.iloc[0]}'"
        raise DataError(file, row, "region", found, "a region for every country, and only there")
    return recipients


def read_eras(root: Path) -> pd.DataFrame:
    """Read data/eras.csv, checked: key, dates, and the filled schemes without hole or overlap.

    Raises DataError for the first fault.
    """
    file = "data/eras.csv"
    schemes = ["article", "filled", "prime_ministers", DATA_DRIVEN]
    columns = {
        "scheme": code(schemes),
        **{name: text() for name in ("donor", "era", "label", "name")},
        **{name: text(nullable=True) for name in ("opens", "closes")},
        **{name: text(nullable=True) for name in ("opening_event", "closing_event")},
        "source": text(),
        "note": text(nullable=True),
    }
    eras = validate(file, Table(columns, ["scheme", "donor", "era"]), read_text_table(root, file))
    dates = {}
    for column in ("opens", "closes"):
        dates[column] = pd.to_datetime(eras[column], format="%Y-%m-%d", errors="coerce")
        wrong = eras[column][dates[column].isna() & eras[column].notna()]
        if len(wrong):
            row, found = int(wrong.index[0]) + 2, f"'{wrong.iloc[0]}'"
            raise DataError(file, row, column, found, "a date such as 1997-07-24")
    opens, closes = dates["opens"], dates["closes"]
    for row, scheme in eras.scheme.items():
        if scheme != DATA_DRIVEN and pd.isna(opens[row]):
            raise DataError(file, row + 2, "opens", "an empty cell", "a date")
        if closes[row] <= opens[row]:
            found = f"'{eras.closes[row]}'"
            raise DataError(file, row + 2, "closes", found, f"a day after {eras.opens[row]}")
    for _, filled in eras[eras.scheme == "filled"].groupby("donor"):
        for earlier, later in pairwise(filled.index):
            if eras.closes[earlier] != eras.opens[later]:
                expected = f"{eras.closes[earlier]}, where the era before it closes"
                raise DataError(file, later + 2, "opens", f"'{eras.opens[later]}'", expected)
    return eras
