"""Provenance: data/sources.yml, the raw tables it describes, and their checksums."""

import csv
import gzip
import io
import zlib
from collections import Counter
from pathlib import Path

import pandas as pd
import yaml

from oda_eras.stamps import read_json, sha256

DESCRIBED = "data/datapackage.json"
FIELDS = [
    "title",
    "producer",
    "code",
    "vintage",
    "date",
    "licence",
    "url",
    "unit",
    "measure",
    "price_basis",
    "note",
    "sha256",
]
# what unit and measure may say
WORDS = {
    "unit": [
        "US$ million", "million yen", "national currency per US$; index, 2021 = 100",
        "ideal points and shares of votes", "per row",
    ],
    "measure": [
        "net", "gross", "grants", "commitments", "commitments and gross",
        "net, gross, grants, gross_loans, loans_net, technical_cooperation",
        "gross, activities marked for climate only", "loan agreements",
        "net for the three ODA totals; the rest are no flows",
        "net for DT.ODA.ODAT; the rest are no flows", "positions at the end of the year",
        "not a flow", "per row",
    ],
}  # fmt: skip

# tables of many rows, kept as csv.gz: smaller in git, and no slower to read
COMPRESSED = ["crs_world", "dac2a_world"]


class DataError(Exception):
    """A raw table is not what it should be; the message names file, row and column."""

    def __init__(self, file: str, row: int | str, column: str, found, expected: str):
        where = f"row {row} (the header is row 1)" if isinstance(row, int) else row
        place = f"{where}, column {column}" if column else where
        super().__init__(f"{file}, {place}: found {found}, expected {expected}")


class EachOnce(yaml.CSafeLoader):
    """Reads YAML as safe_load does, but refuses a key that comes twice."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                mark = node.value[number][0].start_mark
                raise yaml.MarkedYAMLError(problem=f"a second {key}", problem_mark=mark)
        return super().construct_mapping(node, deep)


def load_sources(root: Path) -> dict[str, dict]:
    """Read data/sources.yml: one entry per raw table, by id (the file's name without endings).

    Raises DataError where the file is no such list, or an entry lacks a field, has one too many,
    leaves one empty or has a unit or measure that is none of `WORDS`.
    """
    file = "data/sources.yml"
    try:
        sources = yaml.load((root / file).read_text(encoding="utf-8"), Loader=EachOnce)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "any line"
        raise DataError(file, where, "", getattr(error, "problem", error), "YAML") from None
    if not isinstance(sources, dict):
        raise DataError(file, "any line", "", type(sources).__name__, "entries by table")
    for name, entry in sources.items():
        fields = list(entry) if isinstance(entry, dict) else entry
        if fields != FIELDS:
            raise DataError(file, f"entry {name}", "", f"fields {fields}", f"{FIELDS}")
        for field, value in entry.items():
            if not isinstance(value, str) or not value.strip():
                raise DataError(file, f"entry {name}", field, repr(value), "text")
            if value not in WORDS.get(field, [value]):
                raise DataError(
                    file, f"entry {name}", field, f"'{value}'", f"one of {WORDS[field]}"
                )
    return sources


def source_line(sources: dict[str, dict], ids: list[str]) -> str:
    """Cite sources with codes and vintages, in one line; without sources, say so.

    A table of the project's own, such as data/eras.csv, is cited by its name: it gives a source
    for each of its rows.
    """
    if not ids:
        return "Source: computed by this project."
    cited = [
        f"{sources[name]['producer']}, {sources[name]['title']} ({sources[name]['code']}), "
        f"{sources[name]['vintage']}"
        if name in sources
        else f"{owner(name)} {citation_key(name)} (sources row by row)"
        for name in ids
    ]
    return "Source: " + "; ".join(cited) + "."


def short_source_line(sources: dict[str, dict], ids: list[str]) -> str:
    """Cite sources by producer, code and vintage date, short enough for a figure's footer."""
    if not ids:
        return source_line(sources, ids)
    by_producer: dict[str, list[str]] = {}
    for name in ids:
        if name in sources:
            entry = sources[name]
            producer, cited = entry["producer"], f"{entry['code']} ({entry['date']})"
        else:
            producer, cited = owner(name).rstrip(","), citation_key(name)
        by_producer.setdefault(producer, []).append(cited)
    parts = [f"{producer}: {', '.join(cited)}" for producer, cited in by_producer.items()]
    return f"Source: {'; '.join(parts)}."


def owner(name: str) -> str:
    """Whose a table without an entry in sources.yml is, as said before its name."""
    return "this project," if name.startswith("data/") else "the run's own"


def citation_key(name: str) -> str:
    """Key by which sources.bib has a source: its id; a table of the project's own by its name."""
    return Path(name).stem


def raw_file(name: str) -> str:
    """Path of a raw table from the project's root."""
    return f"data/raw/{name}.csv.gz" if name in COMPRESSED else f"data/raw/{name}.csv"


def read_raw_text(root: Path, name: str) -> pd.DataFrame:
    """Read a raw table with every cell as text, so that a wrong cell can be shown as it stands.

    Raises DataError where the file is missing or is no CSV table.
    """
    return read_text_table(root, raw_file(name))


def read_text_table(root: Path, file: str) -> pd.DataFrame:
    """Read any CSV of the project with every cell as text.

    Raises DataError where the file is missing, is no UTF-8, or has rows of other lengths or none.
    """
    try:
        content = (root / file).read_bytes()
        content = gzip.decompress(content) if file.endswith(".gz") else content
    except FileNotFoundError:
        raise DataError(file, "no row", "", "no file", "the table") from None
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(
            file, "any row", "", str(error).strip(), "a file that can be read"
        ) from None
    if b"\r\n" in content:
        expected = "LF: git config core.autocrlf false, then check the file out again"
        raise DataError(file, "any row", "", "lines that end in CR LF", expected)
    if content.startswith(b"\xef\xbb\xbf"):
        raise DataError(file, 1, "", "a byte order mark", "UTF-8 without one")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise DataError(file, row, "", f"byte {content[error.start]:#x}", "UTF-8") from None
    lines: list[list[str]] = []
    try:
        lines.extend(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:  # a quotation mark that nothing closes, as a rule
        raise DataError(file, len(lines) + 1, "", str(error), "a row of a CSV table") from None
    header, *rows = lines or [[]]
    lengths = Counter(map(len, rows)).most_common(1)
    if lengths and lengths[0][0] != len(header):
        found = f"{len(header)} columns ({','.join(header)[:40]})"
        raise DataError(file, 1, "", found, f"{lengths[0][0]}, as in most rows")
    for row, cells in enumerate(rows, start=2):
        if len(cells) != len(header):
            found = f"{len(cells)} fields ({','.join(cells)[:40]})"
            raise DataError(file, row, "", found, f"{len(header)}, as in the header")
    if not rows:
        raise DataError(file, 1, "", f"a header alone ({','.join(header)[:40]})", "rows below it")
    return pd.read_csv(
        io.StringIO(text), dtype=str, keep_default_na=False, na_values=[""], skip_blank_lines=False
    )


def check_checksums(root: Path, sources: dict[str, dict]) -> None:
    """Compare every raw table with its hash in data/sources.yml.

    Raises DataError that names the file; a hash can't tell which row has changed.
    """
    for name, entry in sources.items():
        found = sha256(root / raw_file(name))
        if found != entry["sha256"]:
            recorded = f"{entry['sha256']} as data/sources.yml records it"
            raise DataError(raw_file(name), *unlike(found, recorded))


def check_recorded(root: Path, names: set[str] | None = None) -> None:
    """Compare the tables of data/ with their hashes in data/datapackage.json.

    `names` are tables by their path in data/, all by default. Raises DataError that names the file.
    """
    recorded = {
        entry["path"]: entry["hash"].removeprefix("sha256:")
        for entry in read_json(root / DESCRIBED).get("resources", [])
    }
    if not recorded:
        raise DataError(DESCRIBED, "any line", "", "no tables", "what record_raw writes")
    for path in sorted(names if names is not None else recorded):
        file, expected = root / "data" / path, recorded.get(path)
        if not file.is_file():
            raise DataError(f"data/{path}", "no row", "", "no file", f"the table of {DESCRIBED}")
        if sha256(file) != expected:
            raise DataError(
                f"data/{path}", *unlike(sha256(file), f"{expected} as {DESCRIBED} records it")
            )


def unlike(found: str, recorded: str) -> tuple[str, str, str, str]:
    """What to tell of a table whose hash is not the recorded one, for a DataError."""
    what_to_do = "undo the edit, or, if it is meant, run python -m oda_eras.record_raw"
    return "no row can be named from a hash", "", f"sha256 {found}", f"{recorded}; {what_to_do}"
