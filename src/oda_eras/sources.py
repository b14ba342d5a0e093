"""Provenance: data/sources.yml, the raw tables it describes, and their checksums."""

from pathlib import Path

import pandas as pd
import yaml

from oda_eras.records import sha256

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


class DataError(Exception):
    """A raw table is not what it should be; the message names file, row and column."""

    def __init__(self, file: str, row: int | str, column: str, found, expected: str):
        where = f"row {row}" if isinstance(row, int) else row
        super().__init__(
            f"{file}, {where} (the header is row 1), column {column}: "
            f"found {found}, expected {expected}"
        )


def load_sources(root: Path) -> dict[str, dict]:
    """Read data/sources.yml: one entry per raw table, by id (the file's name without .csv).

    Raises ValueError where an entry lacks a field or has one too many.
    """
    sources = yaml.safe_load((root / "data" / "sources.yml").read_text(encoding="utf-8"))
    for name, entry in sources.items():
        if list(entry) != FIELDS:
            raise ValueError(f"data/sources.yml, {name}: fields {list(entry)}, expected {FIELDS}")
    return sources


def source_line(sources: dict[str, dict], ids: list[str]) -> str:
    """Cite sources with codes and vintages, in one line; without sources, say so."""
    if not ids:
        return "Source: computed by this project."
    cited = [
        f"{sources[name]['producer']}, {sources[name]['title']} ({sources[name]['code']}), "
        f"{sources[name]['vintage']}"
        for name in ids
    ]
    return "Source: " + "; ".join(cited) + "."


def short_source_line(sources: dict[str, dict], ids: list[str]) -> str:
    """Cite sources by producer, code and vintage date, short enough for a figure's footer."""
    cited = [f"{sources[i]['producer']}, {sources[i]['code']} ({sources[i]['date']})" for i in ids]
    return "Source: " + "; ".join(cited) + "."


def raw_file(name: str) -> str:
    """Path of a raw table from the project's root."""
    return f"data/raw/{name}.csv"


def read_raw_text(root: Path, name: str) -> pd.DataFrame:
    """Read a raw table with every cell as text, so that a wrong cell can be shown as it stands.

    Raises DataError where the file is missing or is no CSV table.
    """
    path = root / raw_file(name)
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    except FileNotFoundError:
        raise DataError(raw_file(name), "any row", "any", "no file", "the table") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(raw_file(name), "any row", "any", error, "a UTF-8 CSV table") from None


def check_checksums(root: Path, sources: dict[str, dict]) -> None:
    """Compare every raw table with the hash pinned in data/sources.yml.

    Raises DataError that names the file; a hash can't tell which row has changed.
    """
    for name, entry in sources.items():
        found = sha256(root / raw_file(name))
        if found != entry["sha256"]:
            raise DataError(
                raw_file(name),
                "no row can be named from a hash",
                "any",
                f"sha256 {found}",
                f"{entry['sha256']} as data/sources.yml pins it; undo the edit, or, if it is "
                "meant, run python -m oda_eras.pin",
            )
