"""Every table of data/, damaged in every way that its columns allow: file and row are named."""

import csv
import gzip
import io
import re

import pytest
from conftest import ROOT

from oda_eras import schemas
from oda_eras.own_tables import TABLES, own_file
from oda_eras.schemas import Table, kind_of_number, raw_tables, validate
from oda_eras.sources import DataError, raw_file, read_text_table

LISTS = ("donors", "organisations", "recipients", "eras")  # each has a reader of its own
SCHEMAS: dict[str, Table] = {own_file(name): table for name, table in TABLES.items()} | {
    raw_file(name): table
    for name, table in raw_tables(
        *(getattr(schemas, f"read_{name}")(ROOT) for name in LISTS[:3])
    ).items()
}
FILES = [*SCHEMAS, *map(own_file, LISTS)]


def text_of(file: str) -> str:
    """A table as it is committed; of a large one the first rows, since it is read in parts."""
    content = (ROOT / file).read_bytes()
    if not file.endswith(".gz"):
        return content.decode("utf-8")
    return "".join(gzip.decompress(content).decode("utf-8").splitlines(keepends=True)[:50])


def said_of(folder, file: str, content: bytes) -> str:
    """What reading a table with this content stops with; nothing where it passes."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, 1) if file.endswith(".gz") else content)
    try:
        if file in SCHEMAS:
            validate(file, SCHEMAS[file], read_text_table(folder, file))
        else:
            getattr(schemas, f"read_{path.stem}")(folder)
    except DataError as error:
        return str(error)
    return ""


def at_row_4(change):
    """Damage of the fourth row, the header being the first."""

    def changed(text: str) -> str:
        lines = text.split("\n")
        lines[3] = change(lines[3])
        return "\n".join(lines)

    return changed


# what is done to a file, and the row that is named
FILE_DAMAGE = {
    "a byte order mark": (lambda text: "\ufeff" + text, "row 1"),
    "semicolons": (lambda text: text.replace(",", ";"), "row "),
    "tabs": (lambda text: text.replace(",", "\t"), "row "),
    "a header without a column": (lambda text: re.sub(r",\w+\n", "\n", text, count=1), "row 1"),
    "a header in capitals": (lambda text: text.replace(text.split("\n")[0], "A,B"), "row 1"),
    "no rows": (lambda text: text.split("\n")[0] + "\n", "row 1"),
    "no header": (lambda text: text.split("\n", 1)[1], "row 1"),
    "nothing": (lambda text: "", "row 1"),
    "UTF-16": (lambda text: text.encode("utf-16"), "row 1"),
    "lines that end in CR LF": (lambda text: text.replace("\n", "\r\n"), "any row"),
    "Windows-1252": (at_row_4(lambda line: f"{line[0]}\udce9{line[1:]}"), "row 4"),
    "a field too many": (at_row_4(lambda line: f"{line},x"), "row 4"),
    "a field too few": (at_row_4(lambda line: line.rsplit(",", 1)[0]), "row 4"),
    "a blank line": (at_row_4(lambda line: f"\n{line}"), "row 4"),
    "a conflict's marker": (at_row_4(lambda line: f"<<<<<<< HEAD\n{line}"), "row 4"),
    "a quotation mark left open": (at_row_4(lambda line: f'"{line}'), "row 4"),
    "a row twice": (at_row_4(lambda line: f"{line}\n{line}"), "row 5"),
    "an end cut off": (lambda text: text[: text.rindex(",")], "row {last}"),
}


@pytest.mark.parametrize("damage", FILE_DAMAGE)
def test_a_damaged_file_is_named_with_its_row(tmp_path, damage):
    change, row = FILE_DAMAGE[damage]
    for file in FILES:
        text = text_of(file)
        spoilt = change(text)
        content = spoilt if isinstance(spoilt, bytes) else spoilt.encode("utf-8", "surrogateescape")
        said = said_of(tmp_path, file, content)
        last = len(list(csv.reader(io.StringIO(text))))
        assert said.startswith(f"{file}, {row.format(last=last)}"), said


# what is put in a cell's place, or after it, by the kind of its column
NUMBER, WHOLE, TEXT, CODE, DAY = "a number", "a whole number", "text", "a code", "a day"
CELL_DAMAGE = {
    "words": (NUMBER, "n.a."),
    "a decimal comma": (NUMBER, "1,5"),
    "a space between thousands": (NUMBER, "1 000"),
    "no number": (NUMBER, "nan"),
    "no end": (NUMBER, "-inf"),
    "a blank before a number": (NUMBER, " 5"),
    "beyond all bounds": (NUMBER, "1e99"),
    "a year as the World Bank labels it": (WHOLE, "2017 [YR2017]"),
    "half a year": (WHOLE, "2015.5"),
    "a year of three digits": (WHOLE, "205"),
    "a year of another century": (WHOLE, "2107"),
    "an unknown code": (CODE, "???"),
    "a code in small letters": (CODE, "jpn"),
    "a day that is none": (DAY, "2001-02-30"),
    "a day in another order": (DAY, "30/01/2001"),
    "a control character": (TEXT, "{}\x07"),
    "a mark without width": (TEXT, "{}\u200b"),
    "a blank at the end": (TEXT, "{} "),
    "a replaced letter": (TEXT, "{}\ufffd"),
}


def kinds_of(about) -> set[str]:
    """What a column holds, in the terms of `CELL_DAMAGE`."""
    number = kind_of_number(about)
    checks = {check.name for check in about.checks}
    return (
        ({NUMBER, number} if number else {TEXT})
        | ({CODE} if "isin" in checks else set())
        | ({DAY} if "is_day" in checks else set())
    )


@pytest.mark.parametrize("damage", CELL_DAMAGE)
def test_a_damaged_cell_is_named_with_row_and_column(tmp_path, damage):
    kind, put = CELL_DAMAGE[damage]
    tried = 0
    for file, table in SCHEMAS.items():
        column = next((c for c, about in table.columns.items() if kind in kinds_of(about)), None)
        if column is None:
            continue
        rows = list(csv.reader(io.StringIO(text_of(file))))
        at = rows[0].index(column)
        row = next(number for number, cells in enumerate(rows) if number and cells[at])
        rows[row][at] = put.format(rows[row][at])
        spoilt = io.StringIO()
        csv.writer(spoilt, lineterminator="\n").writerows(rows)
        said = said_of(tmp_path, file, spoilt.getvalue().encode("utf-8"))
        assert said.startswith(f"{file}, row {row + 1} (the header is row 1), column {column}"), (
            said
        )
        tried += 1
    assert tried > 1
