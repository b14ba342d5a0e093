"""What the sources answer becomes the project's tables; each fault is told in one line."""

import json
import shutil
import time

import pandas as pd
import pytest
from answers import Answers, send
from conftest import ROOT

from oda_eras import refresh
from oda_eras.refresh import DAC1, DAC2A, LIVE, Oecd, Sources, WorldBank, fetch
from oda_eras.sources import read_raw_text
from oda_eras.vintages import changed_cells, fetched_file, read_fetched, tables_of

BANK, OECD = "wdi_japan_totals", "dac1_japan_totals"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A scratch copy of data/, which no test here may change."""
    root = tmp_path_factory.mktemp("refresh")
    shutil.copytree(ROOT / "data", root / "data")
    before = content(root)
    yield root
    assert content(root) == before


def content(root) -> dict:
    return {path: path.read_bytes() for path in (root / "data").rglob("*") if path.is_file()}


@pytest.fixture
def answers(root):
    server = Answers(root)
    yield server
    server.close()


@pytest.fixture
def sources(root, answers, tmp_path, monkeypatch):
    monkeypatch.setattr(refresh, "PAUSE", 0.001)
    monkeypatch.setattr(refresh, "TIMEOUT", (1, 0.2))
    bank = WorldBank(f"{answers.address}/v2", 2027)
    oecd = Oecd(answers.address, tmp_path / "asked.json")
    return Sources(root, tmp_path / "2027-03-01", bank, oecd)


def only(monkeypatch, *names: str) -> None:
    monkeypatch.setattr(refresh, "LIVE", {name: LIVE[name] for name in names})


def difference(sources, name: str) -> pd.DataFrame:
    """How a fetched table differs from the one that the server's answers are made of."""
    path = fetched_file(sources.folder, name)
    after = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    return changed_cells(read_raw_text(sources.root, name), after, tables_of(sources.root)[name])


def test_what_is_in_use_comes_back_as_it_is(sources, answers, monkeypatch):
    names = [name for name in LIVE if name not in ("dac2a_world", "crs_gross_current")]
    only(monkeypatch, *names)
    assert fetch(sources) == {}
    for name in names:
        assert difference(sources, name).empty, name
    about = read_fetched(sources.folder)
    assert list(about) == names
    assert about[BANK]["version"] == "data of 2027-01-15"
    assert about[OECD]["version"] == "DSD_DAC1@DF_DAC1 1.8"
    assert f"{answers.address}/public/rest/data/" in about[OECD]["addresses"][0]
    # nothing is asked for twice
    asked = len(answers.asked)
    assert fetch(sources) == {} and len(answers.asked) == asked


def test_another_base_year_is_put_on_the_projects(sources, answers, monkeypatch):
    frame = answers.table("wdi_constant_prices")
    values = frame.constant_usd_million.astype(float)
    current = answers.table("wdi_context")
    answers.revised["wdi_constant_prices"] = frame.assign(constant_usd_million=values * 1.07)
    base = frame[(frame.area == "WLD") & (frame.year == "2023")]
    sound = answers.values
    answers.values = lambda code: (
        pd.concat(
            [
                current[current.indicator == code],
                base.assign(value=values[base.index] * 1e6),
            ]
        )
        if code == "DT.ODA.ODAT.CD"
        else sound(code)
    )
    only(monkeypatch, "wdi_constant_prices")
    assert fetch(sources) == {}
    found = difference(sources, "wdi_constant_prices")
    assert found.change.abs().max() <= 0.02  # both sides are rounded to 0.01
    assert any("another base year" in line for line in sources.notes)


def test_dac2a_is_put_on_its_base_year_and_keeps_what_is_positive(sources, answers, monkeypatch):
    frame = read_raw_text(sources.root, "dac2a_world")
    few = frame[frame.donor.isin(["JPN", "NOR"])]
    odd = few.iloc[[0]].assign(donor="XYZ")
    less = few.iloc[[0]].assign(year="2023", net_constant_2022_usd_million="-5")
    answers.revised["dac2a_world"] = pd.concat([few, odd, less])
    rows = answers.dac2a
    # the constant prices of the answer stand in a base year in which all is a tenth more
    answers.dac2a = lambda codes: rows(codes).assign(
        OBS_VALUE=lambda r: (
            r.OBS_VALUE.astype(float).mul(1.1).where(r.PRICE_BASE == "Q", r.OBS_VALUE)
        )
    )
    only(monkeypatch, "dac2a_world")
    assert fetch(sources) == {}
    path = fetched_file(sources.folder, "dac2a_world")
    after = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    after = after[after.donor.isin(["JPN", "NOR"])]
    found = changed_cells(few, after, tables_of(sources.root)["dac2a_world"])
    assert found[found.kind != "added"].empty
    assert set(found.year) == {"2023"} and (found.after > 0).all()
    assert "net_constant_2022_usd_million" not in set(found["column"])
    assert sources.notes[0] == "donors not in data/donors.csv, left out: XYZ"
    # donors that the answer lacks stay as they are in use
    assert sources.notes[-1].startswith("donors as they were in use: ARE, AUS, ")


def late(handler, _):
    time.sleep(0.4)


def text(words: str, status: int = 200):
    return lambda handler, _: send(handler, words, status)


def changed(old: str, new: str):
    return lambda handler, sound: send(handler, sound().replace(old, new))


def cut(handler, sound):
    """Less than was announced."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(sound().encode()[:2000])


def shortened(by: int):
    """A row that breaks off, and nothing that says so."""
    return lambda handler, sound: send(handler, sound()[:-by])


PAGE = text("<!DOCTYPE html><title>Just a moment...</title>")
FAULTS = {
    "no answer": (OECD, "/data/", late, "the OECD gave no answer in time, 4 times"),
    "busy": (OECD, "/data/", text("", 503), "the OECD answered with status 503, 4 times"),
    "refused": (OECD, "/data/", text("Bad key", 400), "Bad key"),
    "over the limit": (
        OECD,
        "/data/",
        text("You have exceeded the number of requests for data downloads"),
        "allows no more downloads for now",
    ),
    "cut by the network": (OECD, "/data/", cut, "the answer of the OECD was cut short, 4 times"),
    "cut in silence": (OECD, "/data/", shortened(35), "answer is cut short in row 331"),
    "cut in a name": (OECD, "/data/", shortened(12), "EOF inside string starting at row 330"),
    "a web page": (OECD, "/data/", PAGE, "the OECD sent a web page instead of CSV"),
    "no records": (OECD, "/data/", text("NoRecordsFound", 404), "DF_DAC1 1.8 has no records for"),
    "no version": (OECD, "/", text("Could not find Dataflow", 404), "no XML at"),
    "no column": (OECD, "/data/", changed("OBS_VALUE", "VALUE"), "row 1: no column OBS_VALUE"),
    "a renamed code": (
        OECD,
        "/data/",
        changed(",11010,", ",11011,"),
        "column MEASURE: no row with 11010, but 11011",
    ),
    "another multiplier": (
        OECD,
        "/data/",
        lambda handler, sound: send(handler, sound().replace(",6,2,", ",3,2,", 1)),
        "row 2, column UNIT_MULT: found '3', expected '6'",
    ),
    "the bank is late": (BANK, "/indicator/", late, "the World Bank gave no answer in time"),
    "the bank is busy": (BANK, "/indicator/", text("", 502), "answered with status 502, 4 times"),
    "the bank's page": (BANK, "/indicator/", PAGE, "the World Bank sent no JSON"),
    "the bank's answer cut": (
        BANK,
        "/indicator/",
        lambda handler, sound: send(handler, sound()[:500]),
        "the World Bank sent no JSON: a web page, or an answer cut short",
    ),
    "no such indicator": (
        BANK,
        "/indicator/",
        text(json.dumps([{"message": [{"id": "175", "key": "Invalid format", "value": "gone"}]}])),
        "Invalid format: gone",
    ),
    "a field gone": (BANK, "/indicator/", changed("countryiso3code", "iso3"), "lacks countryiso3"),
    "an area renamed": (
        BANK,
        "/indicator/DC.DAC",
        changed('"countryiso3code": "WLD"', '"countryiso3code": "WORLD"'),
        "DC.DAC.JPNL.CD: the World Bank answers for WORLD, asked for WLD",
    ),
    "no values": (
        BANK,
        "/indicator/",
        text(json.dumps([{"page": 1, "pages": 1, "per_page": 1, "total": 0}, []])),
        "answer has no values",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_one_line_and_leaves_what_was_fetched(sources, answers, monkeypatch, case):
    name, part, fault, words = FAULTS[case]
    other = "dac_deflators" if name == BANK else BANK
    only(monkeypatch, other)
    assert fetch(sources) == {}
    kept = fetched_file(sources.folder, other).read_bytes()
    answers.faults[part] = fault
    only(monkeypatch, other, name)
    faults = fetch(sources)
    assert list(faults) == [name] and words in faults[name] and "\n" not in faults[name]
    assert list(read_fetched(sources.folder)) == [other]
    assert fetched_file(sources.folder, other).read_bytes() == kept
    assert not fetched_file(sources.folder, name).exists()


def test_a_fault_that_passes_is_waited_for(sources, answers, monkeypatch):
    times = iter([503, 502])

    def fault(handler, sound):
        status = next(times, None)
        send(handler, "" if status else sound(), status or 200)

    answers.faults = {"/data/": fault}
    only(monkeypatch, OECD)
    assert fetch(sources) == {} and len(answers.asked) == 3


def test_a_moved_version_is_found_by_name(sources, answers, monkeypatch):
    answers.versions[DAC1.name] = "1.9"
    only(monkeypatch, OECD, "dac_deflators")
    assert fetch(sources) == {}
    about = read_fetched(sources.folder)
    assert about[OECD]["version"] == "DSD_DAC1@DF_DAC1 1.9"
    # the next table is asked for at the newest version at once
    assert len(about["dac_deflators"]["addresses"]) == 1
    assert difference(sources, OECD).empty


def test_a_moved_version_with_another_key_is_refused(sources, answers, monkeypatch):
    answers.versions[DAC2A.name] = "2.0"
    answers.keys[DAC2A.name] = ("DONOR", "RECIPIENT", "SECTOR", "MEASURE", "UNIT_MEASURE")
    only(monkeypatch, "dac2a_grants_by_donor")
    assert "2.0 has the key DONOR.RECIPIENT.SECTOR" in fetch(sources)["dac2a_grants_by_donor"]


def test_downloads_are_counted_from_run_to_run(sources, monkeypatch):
    now = time.time()
    only(monkeypatch, OECD)
    used = {"times": [now - 3500] + [now - 5] * 59}
    sources.oecd.asked.write_text(json.dumps(used), encoding="utf-8")
    again = time.strftime("%H:%M", time.localtime(now + 100))
    assert f"run make refresh again after {again}" in fetch(sources)[OECD]
    used["times"][0] -= 200
    sources.oecd.asked.write_text(json.dumps(used), encoding="utf-8")
    assert fetch(sources) == {}


def test_without_a_network_a_source_is_asked_once(sources, answers, monkeypatch):
    answers.close()
    only(monkeypatch, BANK, "wdi_context", OECD)
    faults = fetch(sources)
    assert faults[BANK] == "the World Bank can't be reached: check the network"
    assert faults["wdi_context"] == f"not asked: {faults[BANK]}"
    assert faults[OECD] == "the OECD can't be reached: check the network"


@pytest.mark.parametrize("part", [True, False])
def test_where_nothing_was_fetched_no_folder_is_left(tmp_path, monkeypatch, part):
    def fetch(sources):
        if part:  # of a file whose download goes on next time
            (sources.folder / "crs.zip.part").write_bytes(b"PK")
        return {"a table": "no network"}

    monkeypatch.setattr(refresh, "project_root", lambda: tmp_path)
    monkeypatch.setattr(refresh, "fetch", fetch)
    with pytest.raises(SystemExit, match="nothing was fetched; data/ is as it was"):
        refresh.main()
    assert [path.name for path in tmp_path.rglob("*.part")] == (["crs.zip.part"] if part else [])
    assert len(list((tmp_path / "data/vintages").iterdir())) == part
