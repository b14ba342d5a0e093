"""Schemas of the raw tables and the identities that hold between them."""

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa

from oda_eras.codebook import Described
from oda_eras.naming import years_in
from oda_eras.sources import DataError, load_sources, raw_file, read_raw_text, read_text_table
from oda_eras.study import DATA_DRIVEN, MEMBER_GROUPS, RECIPIENTS

# Largest gap between the DAC members' sum and TOTAL for one recipient and year, US$ million.
# Up to 2022 Latvia's grants are known and added, so only rounding is left. For 2023 nothing
# says what Latvia gave; it has never reported more than 0.30 to one recipient.
CLOSING_ROUNDING = 0.05
CLOSING_LATVIA = 0.50
FIRST_GRANTS_YEAR, LAST_GRANTS_YEAR = 2000, 2022


def code(values: list[str]) -> pa.Column:
    """A text column with a closed list of codes."""
    allowed = f"one of {', '.join(values)}" if len(values) < 12 else "an entry of data/donors.csv"
    return pa.Column(str, pa.Check.isin(values, error=allowed))


def text(*, nullable: bool = False) -> pa.Column:
    """A free text column."""
    return pa.Column(str, nullable=nullable)


def number(low: float, high: float) -> pa.Column:
    """A numeric column within bounds that no true value passes."""
    check = pa.Check.in_range(low, high, error=f"a number from {low:,g} to {high:,g}")
    return pa.Column(float, check, coerce=True)


def year(first: int, last: int) -> pa.Column:
    """A calendar year within the table's span."""
    check = pa.Check.in_range(first, last, error=f"a year from {first} to {last}")
    return pa.Column(int, check, coerce=True)


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


def raw_tables(donors: pd.DataFrame) -> dict[str, Table]:
    """All raw tables by id; `donors` is data/donors.csv (columns donor, name, group)."""
    recipient = code(list(RECIPIENTS))
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
                "year": year(1992, 2023),
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
                "year": year(1960, 2024),
                "net_usd_million": number(0, 30_000),
            },
            ["item", "year"],
            [({"item": "bilateral"}, 1960, 2023), ({"item": "total"}, 1978, 2024)],
        ),
        "dac2a_grants_by_donor": Table(
            {
                "recipient": recipient,
                "donor_name": code(list(donors.name)),
                "year": year(2000, 2022),
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
                "year": year(2010, 2023),
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
                "year": year(1990, 2022),
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
                "year": year(1990, 2024),
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
                "year": year(1985, 2025),
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
                "sector": text(),
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
    try:
        frame = table.schema.validate(raw, lazy=True)
    except pa.errors.SchemaErrors as errors:
        raise _first_fault(file, table, raw, errors.failure_cases) from None
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
    return frame


def _refuse_odd_numbers(file: str, table: Table, raw: pd.DataFrame) -> None:
    """Refuse what Python reads as a number though nobody writes one so: ' 5', 1_0, inf."""
    for column, about in table.columns.items():
        kind = {"i": "a whole number", "f": "a number"}.get(getattr(about.dtype.type, "kind", None))
        if kind is None:
            continue
        cells = raw[column].dropna()
        odd = cells[~cells.str.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")]
        if len(odd):
            raise DataError(file, int(odd.index[0]) + 2, column, f"'{odd.iloc[0]}'", kind)


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
        kind = table.columns[case["column"]].dtype.type.kind
        expected = "a whole number" if kind == "i" else "a number"
    found = raw[case["column"]][row]
    found = "an empty cell" if pd.isna(found) else f"'{found}'"
    return DataError(file, row + 2, case["column"], found, expected)


def check_across(tables: dict[str, pd.DataFrame]) -> None:
    """Check what must hold between tables.

    Raises DataError for the first of these that fails: sizes and rates are positive; the DAC
    members sum to TOTAL; Japan's
    DAC1 items and measures add up; a gross flow is no smaller than the net flow and the grants
    in it; the sector table less its loans equals the grants of 2012; Japan's total in constant
    prices of 2023 equals the current one in 2023.
    """
    _check_positive(tables["wdi_context"])
    _check_closing(tables["wdi_net_oda_by_donor"], tables["dac2a_grants_by_donor"])
    _check_dac1(tables["dac1_japan_totals"], tables["wdi_japan_totals"])
    _check_gross(tables)
    _check_sectors(tables["crs_japan_sectors_2012"], tables["dac2a_grants_by_donor"])
    _check_price_base(tables["wdi_constant_prices"], tables["wdi_japan_totals"])


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
    expected = raw_tables(read_donors(root))
    if set(load_sources(root)) != set(expected):
        odd = sorted(set(load_sources(root)) ^ set(expected))
        raise DataError(
            "data/sources.yml", f"entry {odd[0]}", "", "one side only", "table and entry"
        )
    return {
        name: validate(raw_file(name), table, read_raw_text(root, name))
        for name, table in expected.items()
    }


def overview(
    tables: dict[str, pd.DataFrame], donors: pd.DataFrame, codebook: dict[str, Described]
) -> pd.DataFrame:
    """What each raw table holds and by what its rows are told apart.

    Returns a frame with columns table, title, rows, key, complete (number of series that must
    have every year). Raises WordsError where the codebook describes other columns than there are.
    """
    rows = []
    for name, schema in raw_tables(donors).items():
        described = codebook[f"raw/{name}.csv"]
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
