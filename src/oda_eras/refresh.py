"""Ask the World Bank and the OECD for today's figures: `python -m oda_eras.refresh`.

What they answer lands as raw tables in data/vintages/<date>/, with address, time, version and
hash; nothing else in data/ is touched. A table that could not be fetched is named with the reason,
and those fetched before are kept: a second run on the same day asks for the missing ones only.
Then `oda_eras.vintages` compares them with the tables in use.

The World Bank is asked through wbgapi. The OECD is asked here: oda-reader can be pointed at no
other address, so that no fault of its can be tested, waits for an answer without end, hands out
what it has stored for a week as today's, and in its current version needs Python 3.12; pydeflate
rests on it.
"""

import csv
import io
import shutil
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import requests
import wbgapi
import yaml
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from oda_eras import crs_bulk, vintages
from oda_eras.commands import one_line
from oda_eras.flows import CENT, DAC2A_BASE
from oda_eras.paths import BUILD, project_root
from oda_eras.schemas import raw_tables, read_donors, read_organisations, read_recipients
from oda_eras.sources import read_raw_text
from oda_eras.stamps import read_json, write_atomically, write_json
from oda_eras.study import RECIPIENTS
from oda_eras.vintages import FETCHED, RefreshError, write_table

OECD, WORLD_BANK = "https://sdmx.oecd.org", "https://api.worldbank.org/v2"
# Seconds to connect and to wait for the next bytes; the OECD takes its time over a large answer.
TIMEOUT = (10, 180)
ATTEMPTS, PAUSE, LONGEST_PAUSE = 4, 2.0, 60.0
DOWNLOADS_AN_HOUR = 60
PASSING_STATUS = (500, 502, 503, 504)
RANGE_USED_UP = 416  # asked for what follows the end of a file
NOT_FOUND = ("Could not find Dataflow", "Could not find DSD", "Dataflow not found")
NO_RECORDS = "NoRecordsFound"
TOO_MANY = "exceeded the number of requests"

# the base years that the project's constant prices and deflators stand in
WDI_BASE, DEFLATOR_BASE = 2023, 2021
# in its base year a series equals the one in current prices, up to this share
SAME_BASE = 1e-3
# where the sources' codes are not ISO3
WDI_DONORS = {"EUI": "CEC", "TOTAL": "TOT"}
OECD_DONORS = {"4EU001": "EUI"}
CONTEXT = {
    "BX.KLT.DINV.CD.WD": "current US$",
    "DT.ODA.ODAT.CD": "current US$",
    "DT.ODA.ODAT.GN.ZS": "% of GNI",
    "NY.GDP.DEFL.KD.ZG": "annual %",
    "NY.GDP.MKTP.CD": "current US$",
    "NY.GDP.MKTP.KD.ZG": "annual %",
    "NY.GDP.PCAP.CD": "current US$",
    "PA.NUS.FCRF": "LCU per US$",
    "SP.POP.TOTL": "persons",
}
DAC2A_TYPES = {
    "206": "net",
    "240": "gross",
    "201": "grants",
    "204": "gross_loans",
    "218": "loans_net",
    "207": "technical_cooperation",
}
# unverified against a live answer: a code that the OECD does not know ends in one line
DAC1_FLOWS = {
    "1120": "gross",
    "1121": "grants",
    "1122": "non_grants",
    "1130": "received",
    "1140": "net",
    "1150": "commitments",
    "1151": "commitments_grants",
    "1152": "commitments_non_grants",
    "1160": "grant_equivalent",
}
DAC1_ITEMS = ["1010", "1015", "2000", "11010"]


class PassingError(Exception):
    """A fault that may be gone in a moment."""


class UnreachableError(RefreshError):
    """A source that can't be reached: asking it for more would only take time."""


def patiently(ask: Callable, host: str):
    """Call `ask`, again after growing pauses where a fault may pass; RefreshError where none does.

    UnreachableError where there is no way to the host at all.
    """
    passing = (
        PassingError,
        requests.Timeout,
        requests.ConnectionError,
        requests.exceptions.ChunkedEncodingError,
        wbgapi.APIResponseError,
    )
    attempts = Retrying(
        retry=retry_if_exception_type(passing),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(PAUSE, max=LONGEST_PAUSE),
        reraise=True,
    )
    try:
        return attempts(ask)
    except requests.Timeout:
        raise UnreachableError(f"{host} gave no answer in time, {ATTEMPTS} times") from None
    except requests.exceptions.ChunkedEncodingError:
        raise RefreshError(f"the answer of {host} was cut short, {ATTEMPTS} times") from None
    except requests.ConnectionError:
        raise UnreachableError(f"{host} can't be reached: check the network") from None
    except wbgapi.APIResponseError:
        raise RefreshError(
            f"{host} sent no JSON: a web page, or an answer cut short, {ATTEMPTS} times"
        ) from None
    except PassingError as error:
        raise RefreshError(f"{error}, {ATTEMPTS} times") from None


@dataclass(frozen=True)
class Dataflow:
    """A table of the OECD's: its name, the version asked for first, and the order of its key."""

    name: str
    version: str
    key: tuple[str, ...]


DAC1 = Dataflow(
    "DSD_DAC1@DF_DAC1",
    "1.8",
    ("DONOR", "SECTOR", "MEASURE", "TYING_STATUS", "FLOW_TYPE", "UNIT_MEASURE", "PRICE_BASE"),
)
DAC2A = Dataflow(
    "DSD_DAC2@DF_DAC2A",
    "1.4",
    ("DONOR", "RECIPIENT", "MEASURE", "UNIT_MEASURE", "PRICE_BASE"),
)


class Oecd:
    """The OECD's SDMX interface. `asked` keeps the times of downloads, since 60 an hour are free.

    `addresses` and `versions` say what has been asked since they were last emptied.
    """

    def __init__(self, address: str, asked: Path):
        self.address, self.asked = address, asked
        self.http = requests.Session()
        self.newest: dict[str, str] = {}
        self.addresses: list[str] = []
        self.versions: set[str] = set()

    def text(self, address: str) -> str:
        """The text at an address, whatever its status says: a "not found" can come with any."""

        def ask() -> str:
            answer = self.http.get(address, timeout=TIMEOUT)
            text = answer.content.decode("utf-8-sig", errors="replace")
            if answer.status_code == 429 or TOO_MANY in text:
                raise RefreshError("the OECD allows no more downloads for now: try in an hour")
            if any(words in text for words in (*NOT_FOUND, NO_RECORDS)):
                return text
            if answer.status_code in PASSING_STATUS:
                raise PassingError(f"the OECD answered with status {answer.status_code}")
            if not answer.ok:
                raise RefreshError(f"status {answer.status_code} at {address}: {_start(text)}")
            return text

        return patiently(ask, "the OECD")

    @contextmanager
    def stream(self, address: str, headers: dict[str, str]) -> Iterator[requests.Response]:
        """An answer to be read a block at a time."""
        with self.http.get(address, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code in PASSING_STATUS:
                raise PassingError(f"the OECD answered with status {answer.status_code}")
            if not answer.ok and answer.status_code != RANGE_USED_UP:
                raise RefreshError(f"status {answer.status_code} at {address}")
            yield answer

    def patiently(self, ask: Callable):
        """`patiently` for what another module asks of the OECD."""
        return patiently(ask, "the OECD")

    def count_download(self) -> None:
        """Note a download; RefreshError where the hour's are used up."""
        now = time.time()
        times = read_json(self.asked).get("times", [])
        times = [then for then in times if now - 3600 < then <= now]
        if len(times) >= DOWNLOADS_AN_HOUR:
            again = datetime.fromtimestamp(times[0] + 3600).strftime("%H:%M")
            raise RefreshError(
                f"{DOWNLOADS_AN_HOUR} downloads in the last hour, all that the OECD allows: run "
                f"make refresh again after {again}"
            )
        write_json(self.asked, {"times": [*times, now]})

    def newest_version(self, flow: Dataflow) -> str:
        """The version in force, checked to have the key that is known here."""
        xml = self.structure(flow.name)
        version = next(e.get("version", "") for e in xml.iter() if _local(e) == "Dataflow")
        parts = f"{flow.name.split('@')[0]}/{version}"
        address = f"{self.address}/public/rest/datastructure/OECD.DCD.FSD/{parts}"
        structure = _xml(self.text(address), address)
        key = tuple(e.get("id", "") for e in structure.iter() if _local(e) == "Dimension")
        if key != flow.key:
            raise RefreshError(
                f"{flow.name} {version} has the key {'.'.join(key)} where this project knows "
                f"{'.'.join(flow.key)}: adapt src/oda_eras/refresh.py"
            )
        return version

    def structure(self, name: str) -> ET.Element:
        """What the OECD says of a dataflow: its version, its annotations."""
        address = f"{self.address}/public/rest/dataflow/OECD.DCD.FSD/{name}/latest"
        xml = _xml(self.text(address), address)
        if not any(_local(e) == "Dataflow" and e.get("version") for e in xml.iter()):
            raise RefreshError(f"{name} is no dataflow of the OECD's any more")
        return xml

    def rows(self, flow: Dataflow, first: int, **codes: list[str]) -> pd.DataFrame:
        """Rows of a dataflow from year `first` on, with the given codes, all others where none.

        Returns the key's columns, TIME_PERIOD and BASE_PER as text and OBS_VALUE in million.
        """
        version = self.newest.get(flow.name, flow.version)
        text = self._data(flow, version, first, codes)
        if any(words in text for words in (*NOT_FOUND, NO_RECORDS)):
            newest = self.newest_version(flow)
            if newest == version:
                raise RefreshError(f"{flow.name} {version} has no records for {_asked(codes)}")
            version = self.newest[flow.name] = newest
            text = self._data(flow, version, first, codes)
            if any(words in text for words in (*NOT_FOUND, NO_RECORDS)):
                raise RefreshError(f"{flow.name} {version} has no records for {_asked(codes)}")
        self.versions.add(f"{flow.name} {version}")
        return _rows_of(text, flow, codes)

    def _data(self, flow: Dataflow, version: str, first: int, codes: dict) -> str:
        key = ".".join("+".join(codes.get(dimension, [])) for dimension in flow.key)
        address = (
            f"{self.address}/public/rest/data/OECD.DCD.FSD,{flow.name},{version}/{key}"
            f"?startPeriod={first}&format=csvfilewithlabels"
        )
        self.count_download()
        self.addresses.append(address)
        return self.text(address)


def _asked(codes: dict[str, list[str]]) -> str:
    return ", ".join(f"{dimension} {'+'.join(values)}" for dimension, values in codes.items())


def _start(text: str) -> str:
    return " ".join(text.split())[:80]


def _local(element: ET.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def _xml(text: str, address: str) -> ET.Element:
    try:
        return ET.fromstring(text)
    except ET.ParseError:
        raise RefreshError(f"no XML at {address}: {_start(text)}") from None


def _rows_of(text: str, flow: Dataflow, codes: dict[str, list[str]]) -> pd.DataFrame:
    """Read an answer of the OECD's; RefreshError where it is not what was asked for."""
    if text.lstrip().startswith("<"):
        raise RefreshError(f"the OECD sent a web page instead of CSV: {_start(text)}")
    lines = text.rstrip().splitlines()
    header = next(csv.reader(lines[:1]), [])
    wanted = [*flow.key, "TIME_PERIOD", "OBS_VALUE", "UNIT_MULT", "BASE_PER"]
    for column in wanted:
        if column not in header:
            raise RefreshError(f"{flow.name}, row 1: no column {column} in the OECD's answer")
    try:
        frame = pd.read_csv(io.StringIO(text), dtype=str, usecols=wanted, keep_default_na=False)
    except pd.errors.ParserError as error:
        raise RefreshError(
            f"{flow.name}: the OECD's answer is damaged or cut short: {error}"
        ) from None
    if len(next(csv.reader(lines[-1:]))) != len(header):
        raise RefreshError(f"{flow.name}: the OECD's answer is cut short in row {len(lines)}")
    odd = frame.index[frame.UNIT_MULT != "6"]
    if len(odd):
        raise RefreshError(
            f"{flow.name}, row {odd[0] + 2}, column UNIT_MULT: found {frame.UNIT_MULT[odd[0]]!r}, "
            "expected '6', millions"
        )
    for dimension, values in codes.items():
        if missing := sorted(set(values) - set(frame[dimension])):
            others = sorted(set(frame[dimension]) - set(values))
            raise RefreshError(
                f"{flow.name}, column {dimension}: no row with {', '.join(missing)}"
                + (f", but {', '.join(others[:5])}: has a code been renamed?" if others else "")
            )
    frame["OBS_VALUE"] = pd.to_numeric(frame.OBS_VALUE, errors="coerce")
    return frame.dropna(subset="OBS_VALUE").drop(columns="UNIT_MULT")


class WorldBank:
    """The World Bank's interface, by wbgapi. `addresses` as in `Oecd`."""

    def __init__(self, address: str, last: int):
        wbgapi.endpoint, wbgapi.get_options, wbgapi.per_page = address, {"timeout": TIMEOUT}, 20000
        self.last = last
        self.addresses: list[str] = []
        self.versions: set[str] = set()

    def cells(self, indicator: str, areas: list[str], first: int) -> pd.DataFrame:
        """An indicator's values from year `first` on: area, year, value."""
        self.addresses.append(f"{wbgapi.endpoint}/country/{';'.join(areas)}/indicator/{indicator}")
        path = f"country/{';'.join(areas)}/indicator/{indicator}"
        rows = self._ask(lambda: list(wbgapi.fetch(path, {"date": f"{first}:{self.last}"})))
        for column in ("countryiso3code", "date", "value"):
            if any(column not in row for row in rows):
                raise RefreshError(f"{indicator}: the World Bank's answer lacks {column}")
        frame = pd.DataFrame(rows, columns=["countryiso3code", "date", "value"])
        frame = frame.set_axis(["area", "year", "value"], axis=1).dropna()
        if frame.empty:
            raise RefreshError(f"{indicator}: the World Bank's answer has no values")
        if others := sorted(set(frame.area) - set(areas)):
            raise RefreshError(
                f"{indicator}: the World Bank answers for {others[0]}, asked for "
                f"{', '.join(areas)}: has a code been renamed?"
            )
        if not self.versions:
            about = self._ask(lambda: wbgapi.source.get(wbgapi.db)["lastupdated"])
            self.versions.add(f"data of {about}")
        return frame.astype({"year": int, "value": float})

    def _ask(self, ask: Callable):
        def once():
            try:
                return ask()
            except wbgapi.APIResponseError:
                raise
            except wbgapi.APIError as error:
                # 400 and 502 come and go
                if error.code in (400, 429, *PASSING_STATUS):
                    raise PassingError(
                        f"the World Bank answered with status {error.code}"
                    ) from None
                raise RefreshError(f"the World Bank refuses {error.url}: {error.msg}") from None
            except (KeyError, TypeError, ValueError) as error:
                raise RefreshError(f"the World Bank's answer has another form: {error!r}") from None

        return patiently(once, "the World Bank")


@dataclass
class Sources:
    """What tables are made of: the two interfaces, the tables in use, a folder for large files.

    `notes` takes what a person should know of the table in the making.
    """

    root: Path
    folder: Path
    bank: WorldBank
    oecd: Oecd
    notes: list[str] = field(default_factory=list)

    def in_use(self, name: str) -> pd.DataFrame:
        """A table in use, as text."""
        return read_raw_text(self.root, name)

    def with_others(self, frame: pd.DataFrame, name: str) -> pd.DataFrame:
        """A table made anew, and of donors that are not in it the rows in use, with a note."""
        in_use = self.in_use(name)
        kept = in_use[~in_use.donor.isin(frame.donor)]
        if len(kept):
            self.notes.append(f"donors as they were in use: {', '.join(sorted(set(kept.donor)))}")
        return pd.concat([frame, kept.astype({c: frame[c].dtype for c in frame})])

    def known_donors(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of donors in data/donors.csv, by its codes; others are noted and left out."""
        donors = read_donors(self.root)
        rows = rows.assign(donor=rows.DONOR.replace(OECD_DONORS))
        if "JPN" not in set(rows.donor):
            raise RefreshError("no row of donor JPN in the answer: has a code been renamed?")
        known = rows.donor.isin(donors.donor[donors.group != "aggregate"])
        if others := sorted(set(rows.donor[~known])):
            self.notes.append(f"donors not in data/donors.csv, left out: {', '.join(others)}")
        return rows[known]


def _million(values: pd.Series) -> pd.Series:
    return (values / 1e6).round(2)


def net_by_donor(sources: Sources) -> pd.DataFrame:
    """Net ODA by recipient and donor, for the donors of the table in use.

    A donor that is new to the World Bank stays out: the closing identity allows for Latvia's.
    """
    parts = {
        donor: sources.bank.cells(f"DC.DAC.{WDI_DONORS.get(donor, donor)}L.CD", [*RECIPIENTS], 1992)
        for donor in sorted(set(sources.in_use("wdi_net_oda_by_donor").donor))
    }
    rows = pd.concat(parts, names=["donor"]).reset_index("donor")
    rows["net_usd_million"] = _million(rows.value)
    return rows.rename(columns={"area": "recipient"})


def japan_totals(sources: Sources) -> pd.DataFrame:
    """Japan's net ODA to all recipients, bilateral and total."""
    rows = pd.concat(
        {
            "bilateral": sources.bank.cells("DC.DAC.JPNL.CD", ["WLD"], 1960),
            "total": sources.bank.cells("DC.ODA.TOTL.CD", ["JPN"], 1978),
        },
        names=["item"],
    ).reset_index("item")
    return rows.assign(net_usd_million=_million(rows.value))


def constant_prices(sources: Sources) -> pd.DataFrame:
    """Net ODA in constant prices of WDI_BASE, whatever base the World Bank has by now.

    An area's series is multiplied by what makes it equal the one in current prices in that year.
    That is exact for one donor; what several give together moves a little with their weights.
    """
    parts = []
    for measure, areas in (("ODAT", [*RECIPIENTS, "WLD"]), ("TOTL", ["JPN"])):
        prefix = "DT" if measure == "ODAT" else "DC"
        code = f"{prefix}.ODA.{measure}.KD"
        constant = sources.bank.cells(code, areas, 1990)
        current = sources.bank.cells(f"{prefix}.ODA.{measure}.CD", areas, WDI_BASE)
        at = [c[c.year == WDI_BASE].set_index("area").value for c in (current, constant)]
        factor = constant.area.map(at[0] / at[1])
        if factor.isna().any():
            raise RefreshError(f"{code}: no value of {WDI_BASE}, the base year")
        if (factor - 1).abs().max() > SAME_BASE:
            sources.notes.append(f"{code} has another base year by now: put on {WDI_BASE}")
        else:
            factor = 1.0
        value = _million(constant.value * factor)
        parts.append(constant.assign(indicator=code, constant_usd_million=value))
    return pd.concat(parts)


def context(sources: Sources) -> pd.DataFrame:
    """Population, GDP and what else CONTEXT names, for the five and Japan."""
    parts = [
        sources.bank.cells(code, [*RECIPIENTS, "JPN"], 1985).assign(indicator=code, unit=unit)
        for code, unit in CONTEXT.items()
    ]
    return pd.concat(parts)


def grants_by_donor(sources: Sources) -> pd.DataFrame:
    """DAC2a grants to the five; zeros are left out, as in the table in use."""
    rows = sources.oecd.rows(
        DAC2A, 2000, RECIPIENT=[*RECIPIENTS], MEASURE=["201"], UNIT_MEASURE=["USD"],
        PRICE_BASE=["V"],
    )  # fmt: skip
    rows = sources.known_donors(rows)
    names = read_donors(sources.root).set_index("donor").name
    rows = rows.assign(
        recipient=rows.RECIPIENT,
        donor_name=rows.donor.map(names),
        year=rows.TIME_PERIOD.astype(int),
        grants_usd_million=rows.OBS_VALUE.round(2),
    )
    return rows[rows.grants_usd_million != 0]


def dac2a_by_type(sources: Sources) -> pd.DataFrame:
    """DAC2a by aid type, all donors to all countries, in constant prices of DAC2A_BASE.

    A donor's flows are put on that base by what its gross flows of that year are in current prices;
    donors without any stay as they are in use.
    Values that are not positive are left out, as in the table in use: an empty cell there is zero,
    negative or not reported.
    """
    first, dollars = 2009, {"UNIT_MEASURE": ["USD"]}
    parts = [
        sources.oecd.rows(DAC2A, first, MEASURE=[code], PRICE_BASE=["Q"], **dollars)
        for code in DAC2A_TYPES
    ]
    rows = sources.known_donors(pd.concat(parts, ignore_index=True))
    current = sources.oecd.rows(DAC2A, DAC2A_BASE, MEASURE=["240"], PRICE_BASE=["V"], **dollars)
    current = sources.known_donors(current)
    cells = [
        r[r.TIME_PERIOD.eq(str(DAC2A_BASE)) & r.MEASURE.eq("240")]
        .set_index(["donor", "RECIPIENT"])
        .OBS_VALUE
        for r in (current, rows)
    ]
    sums = pd.concat(cells, axis=1, keys=["current", "constant"]).dropna().groupby("donor").sum()
    factor = rows.donor.map(sums.current / sums.constant)
    listed = read_recipients(sources.root)
    countries = listed.recipient[listed.kind == "country"]
    rows = rows.assign(
        recipient=rows.RECIPIENT,
        year=rows.TIME_PERIOD.astype(int),
        measure=rows.MEASURE.map(DAC2A_TYPES) + f"_constant_{DAC2A_BASE}_usd_million",
        value=(rows.OBS_VALUE * factor).round(2),
    )
    rows = rows[rows.recipient.isin(countries) & (rows.value >= CENT)]
    key = ["donor", "recipient", "year"]
    wide = rows.pivot(index=key, columns="measure", values="value").reset_index()
    return sources.with_others(wide, "dac2a_world")


def dac1_japan(sources: Sources) -> pd.DataFrame:
    """Japan's totals by item and measure."""
    rows = sources.oecd.rows(
        DAC1, 2010, DONOR=["JPN"], MEASURE=DAC1_ITEMS, FLOW_TYPE=[*DAC1_FLOWS],
        UNIT_MEASURE=["USD"], PRICE_BASE=["V"],
    )  # fmt: skip
    return rows.assign(
        item=rows.MEASURE,
        measure=rows.FLOW_TYPE.map(DAC1_FLOWS),
        year=rows.TIME_PERIOD.astype(int),
        usd_million=rows.OBS_VALUE.round(2),
    )


def deflators(sources: Sources) -> pd.DataFrame:
    """DAC exchange rates and deflators, from a donor's ODA in three units.

    Net ODA before 2018 and grant equivalents from then on, the official measure of each year, in
    dollars, in constant dollars and in national currency (XDC): the deflator is the first over the
    second, the exchange rate the third over the first, 1 where a donor does not report it. The
    averages of donors, and donors without a flow in the base year, stay as they are in use.
    """
    rows = sources.oecd.rows(
        DAC1, 1990, MEASURE=["1010", "11010"], FLOW_TYPE=["1140", "1160"],
        UNIT_MEASURE=["USD", "XDC"], PRICE_BASE=["V", "Q"],
    )  # fmt: skip
    rows = sources.known_donors(rows).assign(year=rows.TIME_PERIOD.astype(int))
    old, new = rows[rows.year < 2018], rows[rows.year >= 2018]
    rows = pd.concat(
        [
            old[(old.MEASURE == "1010") & (old.FLOW_TYPE == "1140")],
            new[(new.MEASURE == "11010") & (new.FLOW_TYPE == "1160")],
        ]
    )
    unit = rows.UNIT_MEASURE + rows.PRICE_BASE
    wide = rows.assign(unit=unit).pivot(index=["donor", "year"], columns="unit", values="OBS_VALUE")
    ratio = (wide.USDV / wide.USDQ).replace([np.inf, -np.inf], np.nan)
    base = ratio.xs(DEFLATOR_BASE, level="year")
    donor = wide.index.get_level_values("donor")
    frame = pd.DataFrame(
        {
            "lcu_per_usd": (wide.XDCV / wide.USDV).fillna(1).round(6),
            "deflator_2021": (100 * ratio / base.reindex(donor).to_numpy()).round(6),
        }
    )
    frame = frame[frame.deflator_2021 > 0].reset_index()
    return sources.with_others(frame, "dac_deflators")


def gross_current(sources: Sources) -> pd.DataFrame:
    """CRS gross flows in current prices: Japan's anew from the bulk file, others' as in use.

    Writes Japan's flows by sector, too, into the vintage (crs_japan.csv).
    """
    japan = crs_bulk.japan(sources.oecd, sources.folder)
    in_use = sources.in_use("crs_gross_current")
    oda = japan[japan.flow.isin(crs_bulk.ODA) & (japan.year >= in_use.year.astype(int).min())]
    own = oda.groupby(["recipient", "year"], as_index=False).gross_usd_million.sum()
    own = own.assign(donor="JPN", gross_usd_million=own.gross_usd_million.round(6))
    others = in_use[in_use.donor != "JPN"].astype({"year": int, "gross_usd_million": float})
    return pd.concat([own, others])


@dataclass(frozen=True)
class Live:
    """A raw table with a live source: how it is made, who is asked, what to know of it."""

    make: Callable[[Sources], pd.DataFrame]
    source: str
    note: str


DAC2A_NOTE = "Donors that data/donors.csv lists; those without flows in a base year as before."
LIVE = {
    "wdi_net_oda_by_donor": Live(
        net_by_donor, "World Bank",
        "OECD DAC data underneath. Rounded to 0.01. Donor TOTAL is all DAC members and EU "
        "Institutions.",
    ),
    "wdi_japan_totals": Live(
        japan_totals, "World Bank",
        "Item bilateral is net bilateral ODA to all recipients, from 1960; item total is bilateral "
        "and multilateral, from 1978.",
    ),
    "wdi_constant_prices": Live(
        constant_prices, "World Bank",
        f"Put on base {WDI_BASE}, area by area, so that a series equals the one in current prices "
        "in that year.",
    ),
    "wdi_context": Live(context, "World Bank", "As the interface gives it, not rounded."),
    "dac2a_grants_by_donor": Live(
        grants_by_donor, "OECD",
        "Grants include technical cooperation. Holds no zeros; an absent row is not reported. "
        + DAC2A_NOTE,
    ),
    "dac2a_world": Live(
        dac2a_by_type, "OECD",
        f"Put on base {DAC2A_BASE} by what a donor's gross flows of that year are in current "
        "prices. Values that are not positive are left out, so that an empty net flow beside a "
        "gross one is zero or negative. Rounded to 0.01. " + DAC2A_NOTE,
    ),
    "dac1_japan_totals": Live(
        dac1_japan, "OECD",
        "1010 is ODA, 1015 bilateral, 2000 multilateral, 11010 the grant equivalent of ODA.",
    ),
    "dac_deflators": Live(
        deflators, "OECD",
        f"From donors' ODA in dollars, constant dollars and national currency; base "
        f"{DEFLATOR_BASE}. The deflator includes the effect of the exchange rate. Codes DAC, G7C, "
        "MUL and NDA are averages; they and donors without ODA in the base year are of the vintage "
        "before the first refresh.",
    ),
    "crs_gross_current": Live(
        gross_current, "OECD",
        "Japan's rows are summed from the bulk file of the CRS: ODA grants, ODA loans and equity. "
        "Other donors' are those of D-Portal's copy at commit 4ac3861, years 2012-2019, which may "
        "hold more than ODA.",
    ),
}  # fmt: skip


def fetch(sources: Sources) -> dict[str, str]:
    """Fetch the live tables that the vintage does not hold yet; returns faults by table."""
    root, folder = sources.root, sources.folder
    schemas = raw_tables(read_donors(root), read_organisations(root), read_recipients(root))
    about = vintages.read_fetched(folder)
    faults: dict[str, str] = {}
    down: dict[str, str] = {}
    for name, live in LIVE.items():
        if name in about:
            print(f"{name} was fetched before", flush=True)
            continue
        interface = sources.bank if live.source == "World Bank" else sources.oecd
        interface.addresses, interface.versions, sources.notes = [], set(), []
        try:
            if live.source in down:
                raise RefreshError(f"not asked: {down[live.source]}")
            frame = live.make(sources)
            about[name] = write_table(folder, name, schemas[name], frame) | {
                "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
                "producer": live.source,
                "version": ", ".join(sorted(interface.versions)),
                "addresses": interface.addresses,
                "note": live.note,
                "left_out": sources.notes,
            }
        except RefreshError as error:
            if isinstance(error, UnreachableError):
                down[live.source] = str(error)
            faults[name] = str(error)
            print(f"{name}: {error}", flush=True)
            continue
        text = yaml.safe_dump(about, sort_keys=False, allow_unicode=True, width=100)
        write_atomically(folder / FETCHED, text)
        print(f"{name}: {about[name]['rows']} rows", flush=True)
    return faults


def main() -> None:
    root, today = project_root(), date.today()
    folder = vintages.new_vintage(root, today)
    oecd = Oecd(OECD, root / BUILD / "oecd_downloads.json")
    sources = Sources(root, folder, WorldBank(WORLD_BANK, today.year), oecd)
    faults = fetch(sources)
    if not vintages.read_fetched(folder):
        if {path.name for path in folder.iterdir()} == {".gitignore"}:  # no part of a file either
            shutil.rmtree(folder)
        sys.exit("nothing was fetched; data/ is as it was")
    print(vintages.report(root, folder, faults))


if __name__ == "__main__":
    with one_line():
        main()
