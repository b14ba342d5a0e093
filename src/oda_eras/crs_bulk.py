"""Japan's flows out of the OECD's bulk file of the CRS, five million rows, read a part at a time.

The file is Parquet, or text in one of several dialects, often in a zip archive; its address stands
among the annotations of the dataflow. polars reads Parquet, and not pyarrow: where pyarrow is
installed, pandas keeps its text columns in it, and the chain would run on another engine.
"""

import csv
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from oda_eras.vintages import RefreshError

LABEL = "CRS-Parquet"
BY_ID = "https://stats.oecd.org/wbos/fileview2.aspx?IDFile="
JAPAN = 701
FIVE = {613: "KAZ", 614: "KGZ", 615: "TJK", 616: "TKM", 617: "UZB"}
ODA = ["ODA Grants", "ODA Loans", "Equity Investment"]
# as the file names them, without capitals and underscores, which vary
COLUMNS = {
    "donorcode": "donor",
    "recipientcode": "recipient",
    "year": "year",
    "sectorname": "sector",
    "flowname": "flow",
    "usdcommitment": "commitments_usd_million",
    "usddisbursement": "gross_usd_million",
}
KEY = ["recipient", "year", "sector", "flow"]
AMOUNTS = ["commitments_usd_million", "gross_usd_million"]
NOT_STATED = "not stated"
ROWS_AT_ONCE = 250_000
BLOCK = 1 << 16
DEFLATE64 = 9


def japan(oecd, folder: Path) -> pd.DataFrame:
    """Japan's commitments and gross disbursements to the five by year, sector and flow.

    Downloads the file where the vintage's `folder` does not hold what is made of it yet. Returns
    columns KEY and AMOUNTS, current US$ million. Raises RefreshError.
    """
    made, file = folder / "crs_japan.csv", folder / "crs_bulk"
    if made.is_file():
        return pd.read_csv(made)
    if not file.is_file():
        download(oecd, bulk_address(oecd), file)
    rows = summed(file)
    rows.to_csv(made, index=False)
    file.unlink()
    return rows


def bulk_address(oecd) -> str:
    """The bulk file's address: an annotation says "LABEL|address", or "LABEL|id" as of old."""
    xml = oecd.structure("DSD_CRS@DF_CRS")
    flow = next(e for e in xml.iter() if e.tag.endswith("Dataflow"))
    oecd.versions.add(f"DSD_CRS@DF_CRS {flow.get('version')}")
    for element in xml.iter():
        label, bar, address = (element.text or "").strip().partition("|")
        if bar and re.fullmatch(rf"{LABEL}(-v[\d-]+)?", label.strip()):
            oecd.versions.add(label.strip())
            return address if "://" in address else BY_ID + address
    raise RefreshError(f"the OECD names no file {LABEL} among the annotations of DSD_CRS@DF_CRS")


def download(oecd, address: str, target: Path) -> None:
    """Download a large file; a break is made good by asking for the rest, now or in a later run.

    The rest is asked for only while the server says that the file is the same.
    """
    part, tag = target.with_suffix(".part"), target.with_suffix(".tag")

    def ask() -> None:
        have = part.stat().st_size if part.is_file() and tag.is_file() else 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": tag.read_text()}
        with oecd.stream(address, headers) as answer:
            if answer.status_code == 416:  # nothing follows: the file is whole
                return
            goes_on = answer.status_code == 206
            have = have if goes_on else 0
            same = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
            tag.unlink(missing_ok=True)
            if same:
                tag.write_text(same)
            size = int(answer.headers.get("Content-Length", 0)) + have
            bar = tqdm(total=size or None, initial=have, unit="B", unit_scale=True, desc="CRS")
            with bar, part.open("ab" if goes_on else "wb") as handle:
                for block in answer.iter_content(BLOCK):
                    handle.write(block)
                    bar.update(len(block))

    target.parent.mkdir(parents=True, exist_ok=True)
    oecd.count_download()
    oecd.addresses.append(address)
    oecd.patiently(ask)
    part.rename(target)
    tag.unlink(missing_ok=True)


def summed(file: Path) -> pd.DataFrame:
    """Sum the file's rows of Japan and the five; see `japan`."""
    with file.open("rb") as handle:
        start = handle.read(4)
    if start.startswith(b"PK"):
        member = file.with_suffix(".member")
        try:
            unpack(file, member)
            return summed(member)
        finally:
            member.unlink(missing_ok=True)
    found = parquet_parts(file) if start == b"PAR1" else text_parts(file)
    parts = [part for part in found if len(part)]
    if not parts:
        raise RefreshError(f"the CRS file has no row of donor {JAPAN} to the five: renamed codes?")
    rows = pd.concat(parts).groupby(KEY, as_index=False)[AMOUNTS].sum()
    rows["recipient"] = rows.recipient.map(FIVE)
    return rows.round(6).sort_values(KEY, ignore_index=True)


def named(columns: list[str]) -> dict[str, str]:
    """The file's name of each column that is needed, by the name here."""
    plain = {c.lower().replace("_", "").replace("\ufeff", ""): c for c in columns}
    if missing := [c for c in COLUMNS if c not in plain]:
        raise RefreshError(
            f"the CRS file lacks a column {missing[0]} (capitals and underscores aside); it has "
            f"{', '.join(columns[:8])} ..."
        )
    return {name: plain[c] for c, name in COLUMNS.items()}


def parquet_parts(file: Path) -> Iterator[pd.DataFrame]:
    """Sums of parts of a Parquet file, read with the columns that are needed."""
    try:
        import polars as pl
    except ModuleNotFoundError:
        raise RefreshError("polars reads the CRS file: pip install '.[refresh]'") from None
    try:
        table = pl.scan_parquet(file)
        columns = named(table.collect_schema().names())
        count = table.select(pl.len()).collect().item()
        for start in tqdm(range(0, count, ROWS_AT_ONCE), unit="part", desc="CRS rows"):
            own = (
                table.slice(start, ROWS_AT_ONCE)
                .select(pl.col(was).alias(name) for name, was in columns.items())
                .with_columns(
                    pl.col("donor", "recipient", "year").cast(pl.Int64, strict=False),
                    pl.col("sector", "flow").fill_null(NOT_STATED),
                    pl.col(AMOUNTS).cast(pl.Float64).fill_nan(None),
                )
                .filter((pl.col("donor") == JAPAN) & pl.col("recipient").is_in(list(FIVE)))
                .group_by(KEY)
                .agg(pl.col(AMOUNTS).sum())
            )
            yield pd.DataFrame(own.collect(engine="streaming").to_dict(as_series=False))
    except pl.exceptions.PolarsError as error:
        raise RefreshError(f"the CRS file is no sound Parquet: {str(error)[:80]}") from None


def text_parts(file: Path) -> Iterator[pd.DataFrame]:
    """Sums of parts of a text file, whatever its separator and encoding."""
    with file.open("rb") as handle:
        start = handle.read(BLOCK)
    if start.lstrip().startswith(b"<"):
        raise RefreshError("a web page came instead of the CRS file")
    encoding = encoding_of(start)
    header = start.decode(encoding, errors="replace").splitlines()[0]
    try:
        separator = csv.Sniffer().sniff(header, delimiters=",;|\t").delimiter
    except csv.Error:
        raise RefreshError(f"the CRS file is no table: it begins with {header[:40]!r}") from None
    names = next(csv.reader([header], delimiter=separator))
    columns = named(names)
    try:
        parts = pd.read_csv(
            file, sep=separator, encoding=encoding, encoding_errors="replace",
            usecols=list(columns.values()), dtype=str, chunksize=ROWS_AT_ONCE,
        )  # fmt: skip
        for part in tqdm(parts, unit="part", desc="CRS rows"):
            frame = part.rename(columns={was: name for name, was in columns.items()})
            for column in ("donor", "recipient", "year"):
                frame[column] = pd.to_numeric(frame[column], errors="coerce")
            own = frame[(frame.donor == JAPAN) & frame.recipient.isin(FIVE)]
            own = own.fillna({"sector": NOT_STATED, "flow": NOT_STATED})
            own = own.astype({"recipient": int, "year": int} | dict.fromkeys(AMOUNTS, float))
            yield own.groupby(KEY, as_index=False)[AMOUNTS].sum()
    except ValueError as error:  # pandas' errors of parsing are ValueErrors too
        raise RefreshError(f"the CRS file can't be read: {str(error)[:80]}") from None


def encoding_of(start: bytes) -> str:
    """Encoding of a text by its first bytes: UTF-16 and UTF-8 say so, the rest is Windows'."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        start[: start.rfind(b"\n") + 1].decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def unpack(archive: Path, target: Path) -> None:
    """Unpack the largest member of a zip archive, Deflate64 included."""
    try:
        with zipfile.ZipFile(archive) as zipped:
            member = max(zipped.infolist(), key=lambda info: info.file_size)
            blocks = inflated(archive, member) if member.compress_type == DEFLATE64 else None
            if blocks is None:
                with zipped.open(member) as source:
                    _write(target, iter(lambda: source.read(BLOCK), b""), member)
            else:
                _write(target, blocks, member)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise RefreshError(f"the CRS archive can't be unpacked: {str(error)[:80]}") from None


def inflated(archive: Path, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Blocks of a member packed with Deflate64, which Python's zipfile can't read."""
    import inflate64  # not needed before

    inflater = inflate64.Inflater()
    with archive.open("rb") as handle:
        handle.seek(member.header_offset)
        # the member's name and extra field, of the lengths given there, precede its bytes
        lengths = struct.unpack("<HH", handle.read(30)[26:])
        handle.seek(sum(lengths), 1)
        left = member.compress_size
        while left and (block := handle.read(min(BLOCK, left))):
            left -= len(block)
            yield inflater.inflate(block)


def _write(target: Path, blocks: Iterator[bytes], member: zipfile.ZipInfo) -> None:
    check, size = 0, 0
    with target.open("wb") as handle:
        for block in blocks:
            handle.write(block)
            check, size = zlib.crc32(block, check), size + len(block)
    if (check, size) != (member.CRC, member.file_size):
        raise RefreshError(f"{member.filename} in the CRS archive is damaged or cut short")
