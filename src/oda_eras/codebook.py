"""The codebook, data/README.md: the one place that says what each table of data/ holds.

A heading such as `## raw/wdi_context.csv` opens a table's section; the line below it is the
table's title, and rows such as "| `year` | calendar year |" describe its columns, one each. All
else in it is for readers only.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from oda_eras.words import WordsError

CODEBOOK = "data/README.md"
HEADING = re.compile(r"## (\S+\.csv(?:\.gz)?)$")
ROW = re.compile(r"\| `(\w+)` \| ([^|]*[^|\s]) \|$")
HEADER = re.compile(r"\| column \| meaning \|$|\|---\|---\|$")


@dataclass
class Described:
    """What the codebook says of one table: its title, its columns, and the lines of these."""

    name: str
    line: int
    title: str
    columns: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def of(self, found: list[str]) -> dict[str, str]:
        """Describe a table's columns, in its order.

        Raises WordsError at the table's heading for a column that the codebook does not describe,
        at its row for one that the table does not have.
        """
        for column in found:
            if column not in self.columns:
                raise WordsError(
                    CODEBOOK, self.line, f"{self.name} has a column {column}, not described here"
                )
        for column in self.columns:
            if column not in found:
                raise WordsError(
                    CODEBOOK, self.lines[column], f"{self.name} has no column {column}"
                )
        return {column: self.columns[column] for column in found}


def read_codebook(root: Path) -> dict[str, Described]:
    """Read data/README.md: tables by their path in data/, such as "raw/wdi_context.csv".

    Raises WordsError for a table or column that comes twice, a table without a title of one line
    or without columns, and a row that is no `| column | meaning |`.
    """
    tables: dict[str, Described] = {}
    table = None
    lines = (root / CODEBOOK).read_text(encoding="utf-8").splitlines()
    for line, text in enumerate(lines, start=1):
        if text.startswith("## "):
            match = HEADING.match(text)
            table = None
            if match:
                if match[1] in tables:
                    first = tables[match[1]].line
                    raise WordsError(CODEBOOK, line, f"{match[1]} stands in line {first} already")
                title, below = [*lines[line : line + 2], "", ""][:2]
                if not title.strip() or title.startswith("|") or below.strip():
                    raise WordsError(CODEBOOK, line, f"{match[1]} has no title of one line")
                table = tables[match[1]] = Described(match[1], line, title.removesuffix("."))
        elif table is not None and text.startswith("|") and not HEADER.match(text):
            row = ROW.match(text)
            if not row:
                raise WordsError(CODEBOOK, line, "expected | `column` | meaning |")
            if row[1] in table.columns:
                raise WordsError(CODEBOOK, line, f"{table.name}: a second row for {row[1]}")
            table.columns[row[1]] = row[2]
            table.lines[row[1]] = line
    for table in tables.values():
        if not table.columns:
            raise WordsError(CODEBOOK, table.line, f"{table.name} has no column described")
    return tables


def check_complete(root: Path, codebook: dict[str, Described]) -> None:
    """Hold the codebook to data/: a section for every table, a table for every section.

    Raises WordsError at the section without a table, or for the table without a section.
    """
    folder = root / "data"
    files = [*folder.glob("*.csv*"), *folder.glob("raw/*.csv*")]  # vintages wait beside them
    there = {path.relative_to(folder).as_posix() for path in files}
    for name, table in codebook.items():
        if name not in there:
            raise WordsError(CODEBOOK, table.line, f"there is no data/{name}")
    for name in sorted(there - set(codebook)):
        raise WordsError(CODEBOOK, 1, f"data/{name} has no section")
