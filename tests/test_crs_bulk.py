"""The bulk file of the CRS: whole in spite of breaks, read in parts, in every dialect."""

import io
import shutil
import struct
import zipfile
import zlib

import inflate64
import numpy as np
import pandas as pd
import pytest
from answers import BULK, Answers, send, send_file
from conftest import ROOT

from oda_eras import crs_bulk, refresh
from oda_eras.crs_bulk import AMOUNTS, FIVE, KEY, summed
from oda_eras.refresh import LIVE, Oecd, Sources, WorldBank, fetch
from oda_eras.sources import read_raw_text
from oda_eras.vintages import RefreshError, changed_cells, fetched_file, tables_of

# composed: the columns that public users of the file name, in one of its two ways of writing them
NAMES = {
    "donor": "DonorCode",
    "recipient": "RecipientCode",
    "year": "Year",
    "sector": "SectorName",
    "flow": "FlowName",
    "commitments_usd_million": "USD_Commitment",
    "gross_usd_million": "USD_Disbursement",
}


def activities(count: int) -> pd.DataFrame:
    """Activities of some donors to the five and others, as in the CRS."""
    draw = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "donor": draw.choice([701, 5, 302], count),
            "recipient": draw.choice([*FIVE, 238, 366], count),
            "year": draw.integers(2012, 2025, count),
            "sector": draw.choice(["Énergie", "Health, general", ""], count),
            "flow": draw.choice(["ODA Grants", "ODA Loans", "Other Official Flows"], count),
            "commitments_usd_million": draw.random(count).round(6),
            "gross_usd_million": np.where(draw.random(count) < 0.2, np.nan, draw.random(count)),
        }
    )


def expected(rows: pd.DataFrame) -> pd.DataFrame:
    own = rows[(rows.donor == 701) & rows.recipient.isin(FIVE)]
    own = own.replace({"sector": {"": "not stated"}}).fillna(0)
    own = own.assign(recipient=own.recipient.map(FIVE))
    return own.groupby(KEY, as_index=False)[AMOUNTS].sum().round(6)


def as_text(rows: pd.DataFrame, separator: str = ",", encoding: str = "utf-8") -> bytes:
    return rows.rename(columns=NAMES).to_csv(index=False, sep=separator).encode(encoding, "replace")


def zipped(content: bytes, method: int) -> bytes:
    """A zip archive; Deflate64, which Python can't write, is put into a stored member."""
    packed = io.BytesIO()
    if method != crs_bulk.DEFLATE64:
        with zipfile.ZipFile(packed, "w", method) as archive:
            archive.writestr("CRS data.txt", content)
        return packed.getvalue()
    deflater = inflate64.Deflater()
    deflated = deflater.deflate(content) + deflater.flush()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("CRS data.txt", deflated)
    entry = struct.pack("<LLL", zlib.crc32(deflated), len(deflated), len(deflated))
    real = struct.pack("<LLL", zlib.crc32(content), len(deflated), len(content))
    raw = bytearray(packed.getvalue().replace(entry, real))
    raw[8:10] = struct.pack("<H", method)  # the member's own header, then the archive's directory
    directory = raw.index(b"PK\x01\x02")
    raw[directory + 10 : directory + 12] = struct.pack("<H", method)
    return bytes(raw)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "crs_bulk"


FEW = activities(6000)


def damaged(content: bytes) -> bytes:
    half = len(content) // 2
    return content[:half] + bytes([content[half] ^ 8]) + content[half + 1 :]


@pytest.mark.parametrize("separator", [",", "|", "\t", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_dialect_of_text_reads_alike(file, separator, encoding):
    file.write_bytes(as_text(FEW, separator, encoding))
    pd.testing.assert_frame_equal(summed(file), expected(FEW), check_dtype=False)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, crs_bulk.DEFLATE64])
def test_archives_are_unpacked_and_left_as_they_are(file, method):
    packed = zipped(as_text(FEW, "|"), method)
    assert zipfile.ZipFile(io.BytesIO(packed)).infolist()[0].compress_type == method
    file.write_bytes(packed)
    pd.testing.assert_frame_equal(summed(file), expected(FEW), check_dtype=False)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_parquet_is_read_in_parts(file, monkeypatch):
    pl = pytest.importorskip("polars", reason="polars is an optional extra: make .venv/.refresh")
    many = activities(300_000)
    snake = {name: was.replace("Code", "_code").lower() for name, was in NAMES.items()}
    snake |= {"sector": "sector_name", "flow": "flow_name"}
    columns = {snake[name]: values.tolist() for name, values in many.items()}
    frame = pl.DataFrame(columns, strict=False)
    frame = frame.with_columns(pl.col("sector_name").replace({"": None}))
    frame.write_parquet(file, row_group_size=40_000)
    monkeypatch.setattr(crs_bulk, "ROWS_AT_ONCE", 70_000)
    pd.testing.assert_frame_equal(summed(file), expected(many), check_dtype=False)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(RefreshError, match="no sound Parquet"):
        summed(file)


BAD = {
    "a page": (b"<!DOCTYPE html><title>Just a moment</title>", "a web page came"),
    "no table": (b"Service unavailable\n", "it begins with 'Service unavailable'"),
    "a column gone": (
        as_text(FEW).replace(b"USD_Disbursement", b"Disbursed"), "lacks a column usddisbursement"
    ),
    "Japan gone": (as_text(FEW[FEW.donor != 701]), "no row of donor 701"),
    "a word for a number": (
        as_text(FEW[(FEW.donor == 701) & (FEW.recipient == 613)].head(1)).replace(b",0.", b",x."),
        "can't be read: could not convert string to float",
    ),
    "an archive cut": (zipped(as_text(FEW), zipfile.ZIP_DEFLATED)[:5000], "not a zip file"),
    "a member damaged": (
        zipped(as_text(FEW), zipfile.ZIP_STORED).replace(b"Health", b"Wealth", 1), "Bad CRC-32"
    ),
    "a Deflate64 member damaged": (
        damaged(zipped(as_text(FEW), crs_bulk.DEFLATE64)), "in the CRS archive is damaged"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_told_in_one_line(file, case):
    content, words = BAD[case]
    file.write_bytes(content)
    with pytest.raises(RefreshError) as caught:
        summed(file)
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("bulk")
    shutil.copytree(ROOT / "data", root / "data")
    return root


@pytest.fixture
def answers(root):
    server = Answers(root)
    server.files[BULK] = as_text(FEW)
    yield server
    server.close()


@pytest.fixture
def sources(root, answers, tmp_path, monkeypatch):
    monkeypatch.setattr(refresh, "PAUSE", 0.001)
    monkeypatch.setattr(refresh, "LIVE", {name: LIVE[name] for name in ["crs_gross_current"]})
    bank = WorldBank(f"{answers.address}/v2", 2027)
    oecd = Oecd(answers.address, tmp_path / "asked.json")
    return Sources(root, tmp_path / "2027-03-01", bank, oecd)


def test_japans_rows_are_new_and_others_as_they_were(sources):
    assert fetch(sources) == {}
    name = "crs_gross_current"
    after = pd.read_csv(fetched_file(sources.folder, name), dtype=str)
    found = changed_cells(read_raw_text(sources.root, name), after, tables_of(sources.root)[name])
    assert set(found.donor) == {"JPN"} and set(found.kind) == {"added", "revised"}
    oda = FEW[(FEW.donor == 701) & FEW.flow.str.startswith("ODA")]
    kazakhstan = oda[(oda.recipient == 613) & (oda.year == 2024)].gross_usd_million.sum()
    assert found.set_index("cell").after["KAZ JPN 2024"] == pytest.approx(kazakhstan, abs=1e-5)
    # the large file is gone, what was made of it stays
    assert sorted(path.name for path in sources.folder.iterdir()) == [
        "crs_japan.csv", "fetched.yml", "raw"
    ]  # fmt: skip


@pytest.mark.parametrize("changed", [False, True])
def test_a_broken_download_goes_on_where_it_broke(sources, answers, changed):
    content, asked = as_text(FEW), []

    def breaks(handler, _):
        asked.append(handler.headers.get("Range"))
        tag = '"b"' if changed and len(asked) > 1 else '"a"'
        send_file(handler, content, None if len(asked) > 1 else 70_000, tag)

    answers.faults = {BULK: breaks}
    assert fetch(sources) == {}
    assert asked == [None, "bytes=65536-"]
    made = pd.read_csv(sources.folder / "crs_japan.csv")
    pd.testing.assert_frame_equal(made, expected(FEW), check_dtype=False)


def test_a_break_that_stays_keeps_what_came_for_the_next_run(sources, answers):
    content = as_text(FEW)

    def breaks(handler, _):
        if handler.headers.get("Range"):
            send(handler, "", 503)
        else:
            send_file(handler, content, 70_000)

    answers.faults = {BULK: breaks}
    assert "status 503, 4 times" in fetch(sources)["crs_gross_current"]
    assert (sources.folder / "crs_bulk.part").stat().st_size == 65_536
    answers.faults = {}
    assert fetch(sources) == {}
    made = pd.read_csv(sources.folder / "crs_japan.csv")
    pd.testing.assert_frame_equal(made, expected(FEW), check_dtype=False)


def test_the_file_is_found_by_its_label(sources, answers):
    assert crs_bulk.bulk_address(sources.oecd) == answers.address + BULK
    assert sources.oecd.versions == {"DSD_CRS@DF_CRS 1.6", "CRS-Parquet-v20270110"}
    sound = answers.sound
    answers.sound = lambda path: sound(path).replace(f"|{answers.address}{BULK}", "|4aa7-11")
    assert crs_bulk.bulk_address(sources.oecd).endswith("fileview2.aspx?IDFile=4aa7-11")
    answers.sound = lambda path: sound(path).replace("CRS-Parquet", "CRS-2027")
    with pytest.raises(RefreshError, match="names no file CRS-Parquet"):
        crs_bulk.bulk_address(sources.oecd)
