"""A server on the loopback address that answers as the World Bank and the OECD do.

Nothing here is a recorded answer: all are composed from what the interfaces are known to send, with
values out of the raw tables in use. The World Bank's envelope and the order of its fields, its
message for an unknown indicator and the texts "NoRecordsFound" and "Could not find Dataflow" are
as public clients have met them; the codes that the project does not use are left out.

A test puts `faults` by a part of the address: a function of the handler and the sound answer.
"""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pandas as pd

from oda_eras.refresh import (
    CONTEXT,
    DAC1,
    DAC1_FLOWS,
    DAC2A,
    DAC2A_TYPES,
    OECD_DONORS,
    WDI_DONORS,
)
from oda_eras.schemas import read_donors
from oda_eras.sources import read_raw_text

LABELS = {"STRUCTURE": "DATAFLOW", "UNIT_MULT": "6", "DECIMALS": "2"}
BULK = "/bulk/crs"


class Answers:
    """The server. `versions` are those in force, `faults` and `files` what a test puts there."""

    def __init__(self, root):
        self.root = root
        self.versions = {flow.name: flow.version for flow in (DAC1, DAC2A)} | {
            "DSD_CRS@DF_CRS": "1.6"
        }
        self.keys = {flow.name: flow.key for flow in (DAC1, DAC2A)}
        self.faults, self.files, self.asked = {}, {}, []
        self.revised: dict[str, pd.DataFrame] = {}
        answers = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                answers.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def table(self, name: str) -> pd.DataFrame:
        """A raw table in use, or what a test has made of it."""
        if name not in self.revised:
            self.revised[name] = read_raw_text(self.root, name)
        return self.revised[name]

    def answer(self, handler) -> None:
        path = unquote(handler.path)
        self.asked.append(path)
        for part, fault in self.faults.items():
            if part in path:
                fault(handler, lambda: self.sound(path))
                return
        if path.startswith(BULK):
            send_file(handler, self.files[path])
        else:
            send(handler, self.sound(path))

    def sound(self, path: str) -> str:
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        if "/indicator/" in path:
            return self.indicator(parts.path, query)
        if "/sources/" in path:
            about = {"id": "2", "lastupdated": "2027-01-15", "name": "WDI"}
            return json.dumps([{"page": 1, "pages": 1, "per_page": "1", "total": 1}, [about]])
        name = re.search(r"DSD_\w+(@DF_\w+)?", path)[0]
        if "/datastructure/" in path:
            flow = next(flow for flow in self.keys if flow.startswith(name))
            dimensions = "".join(f'<s:Dimension id="{d}"/>' for d in self.keys[flow])
            return f'<m:Structure xmlns:m="m" xmlns:s="s">{dimensions}</m:Structure>'
        if "/dataflow/" in path:
            return (
                '<m:Structure xmlns:m="m" xmlns:s="s" xmlns:c="c">'
                f'<s:Dataflow id="{name}" version="{self.versions[name]}"><c:Annotation>'
                f'<c:AnnotationText xml:lang="en">CRS-Parquet-v20270110|{self.address}{BULK}'
                "</c:AnnotationText></c:Annotation></s:Dataflow></m:Structure>"
            )
        return self.observations(name, parts.path, int(query["startPeriod"][0]))

    def indicator(self, path: str, query: dict) -> str:
        """A World Bank answer: values in US$, years newest first, null where there is none."""
        areas, code = re.search(r"country/([^/]+)/indicator/(.+)", path).groups()
        areas = areas.split(";")
        first, last = map(int, query["date"][0].split(":"))
        frame = self.values(code)
        frame = frame[frame.area.isin(areas) & frame.year.astype(int).between(first, last)]
        if frame.empty:
            unknown = {
                "id": "175",
                "key": "Invalid format",
                "value": "The indicator was not found. It may have been deleted or archived.",
            }
            return json.dumps([{"message": [unknown]}])
        rows = [
            {
                "indicator": {"id": code, "value": code},
                "country": {"id": row.area[:2], "value": row.area},
                "countryiso3code": row.area,
                "date": row.year,
                "value": float(row.value),
                "unit": "",
                "obs_status": "",
                "decimal": 0,
            }
            for row in frame[::-1].itertuples()
        ]
        rows.append(rows[0] | {"date": str(last), "value": None})
        head = {"page": 1, "pages": 1, "per_page": 20000, "total": len(rows), "sourceid": "2"}
        return json.dumps([head | {"lastupdated": "2027-01-15"}, rows])

    def values(self, code: str) -> pd.DataFrame:
        """Columns area, year, value of an indicator, in its own unit."""
        totals, constant = self.table("wdi_japan_totals"), self.table("wdi_constant_prices")
        if code in CONTEXT and code != "DT.ODA.ODAT.CD":
            frame = self.table("wdi_context")
            return frame[frame.indicator == code]
        if code.endswith(".KD"):
            frame = constant[constant.indicator == code]
            return frame.assign(value=million(frame.constant_usd_million))
        if code == "DC.ODA.TOTL.CD":
            frame = totals[totals["item"] == "total"].assign(area="JPN")
            return frame.assign(value=million(frame.net_usd_million))
        if code == "DT.ODA.ODAT.CD":
            frame = self.table("wdi_context")
            frame = frame[frame.indicator == code]
            base = constant[(constant.area == "WLD") & (constant.year == "2023")]
            world = base.assign(value=million(base.constant_usd_million))
            return pd.concat([frame, world])[["area", "year", "value"]]
        giver = {f"DC.DAC.{WDI_DONORS.get(d, d)}L.CD": d for d in [*WDI_DONORS]}
        donor = giver.get(code, code[7:10])
        net = self.table("wdi_net_oda_by_donor")
        frame = net[net.donor == donor].rename(columns={"recipient": "area"})
        if donor == "JPN":
            bilateral = totals[totals["item"] == "bilateral"].assign(area="WLD")
            frame = pd.concat([frame, bilateral])
        return frame.assign(value=million(frame.net_usd_million))

    def observations(self, name: str, path: str, first: int) -> str:
        """An OECD answer, as CSV with labels."""
        version, key = re.search(r",([^,/]*)/(.*)$", path).groups()
        if version != self.versions[name]:
            return f"Could not find Dataflow OECD.DCD.FSD:{name}({version})"
        codes = dict(zip(self.keys[name], key.split("."), strict=True))
        frame = self.dac1(codes) if name == DAC1.name else self.dac2a(codes)
        for dimension, wanted in codes.items():
            if wanted:
                frame = frame[frame[dimension].isin(wanted.split("+"))]
        frame = frame[frame.TIME_PERIOD.astype(int) >= first]
        if frame.empty:
            return "NoRecordsFound"
        columns = [*self.keys[name], "TIME_PERIOD", "OBS_VALUE", "BASE_PER"]
        frame = frame[columns].assign(**LABELS, Donor="a name, with a comma")
        return frame.to_csv(index=False)

    def dac2a(self, codes: dict) -> pd.DataFrame:
        donors = read_donors(self.root).set_index("name").donor
        grants = self.table("dac2a_grants_by_donor")
        grants = grants.assign(
            DONOR=grants.donor_name.map(donors), MEASURE="201", PRICE_BASE="V", BASE_PER="",
            OBS_VALUE=grants.grants_usd_million,
        )  # fmt: skip
        parts = [grants]
        if codes["MEASURE"] != "201" or codes["PRICE_BASE"] == "Q":
            wide = self.table("dac2a_world").rename(columns={"donor": "DONOR"})
            for code, name in DAC2A_TYPES.items():
                value = wide[f"{name}_constant_2022_usd_million"]
                rows = wide[["DONOR", "recipient", "year"]].assign(MEASURE=code, OBS_VALUE=value)
                rows = rows.dropna()
                parts += [
                    rows.assign(PRICE_BASE="Q", BASE_PER="2024"),
                    rows.assign(PRICE_BASE="V", BASE_PER=""),
                ]
        frame = pd.concat(parts).rename(columns={"recipient": "RECIPIENT", "year": "TIME_PERIOD"})
        back = {iso: code for code, iso in OECD_DONORS.items()}
        return frame.assign(UNIT_MEASURE="USD", DONOR=frame.DONOR.replace(back))

    def dac1(self, codes: dict) -> pd.DataFrame:
        """Japan's totals where Japan is asked for; else an ODA of 1,000 in the deflators' units."""
        if codes["DONOR"]:
            totals = self.table("dac1_japan_totals")
            back = {name: code for code, name in DAC1_FLOWS.items()}
            frame = totals.assign(
                DONOR="JPN", MEASURE=totals["item"], FLOW_TYPE=totals.measure.map(back),
                UNIT_MEASURE="USD", PRICE_BASE="V", OBS_VALUE=totals.usd_million,
            )  # fmt: skip
        else:
            rates = self.table("dac_deflators").rename(columns={"donor": "DONOR"})
            rates = rates[~rates.DONOR.isin(["DAC", "G7C", "MUL", "NDA"])]
            new = rates.year.astype(int) >= 2018
            rates = rates.assign(
                MEASURE=new.map({True: "11010", False: "1010"}),
                FLOW_TYPE=new.map({True: "1160", False: "1140"}),
            )
            units = {
                ("USD", "V"): pd.Series(1e3, rates.index),
                ("USD", "Q"): 1e5 / rates.deflator_2021.astype(float),
                ("XDC", "V"): 1e3 * rates.lcu_per_usd.astype(float),
            }
            frame = pd.concat(
                rates.assign(UNIT_MEASURE=unit, PRICE_BASE=prices, OBS_VALUE=value)
                for (unit, prices), value in units.items()
            )
        frame = frame.rename(columns={"year": "TIME_PERIOD"})
        return frame.assign(SECTOR="_T", TYING_STATUS="_T", BASE_PER="2021")


def million(values: pd.Series) -> pd.Series:
    """US$, in the 32-bit floats of the World Bank's."""
    return (values.astype(float) * 1e6).astype("float32").astype(float)


def send(handler, text: str | bytes, status: int = 200, kind: str = "text/csv") -> None:
    body = text.encode() if isinstance(text, str) else text
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def send_file(handler, content: bytes, stop: int | None = None, tag: str = '"a"') -> None:
    """A file, or the rest of it that is asked for; broken off after `stop` bytes."""
    asked = re.match(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    start = int(asked[1]) if asked and handler.headers.get("If-Range") == tag else 0
    handler.send_response(206 if start else 200)
    handler.send_header("ETag", tag)
    handler.send_header("Content-Length", str(len(content) - start))
    handler.end_headers()
    handler.wfile.write(content[start:stop])


def text_for(numbers: str, name: str, field: str, value) -> str:
    """A numbers.json with one field of one number changed."""
    content = json.loads(numbers)
    content[name][field] = value
    return json.dumps(content)
