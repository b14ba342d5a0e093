"""The example paper: `python -m oda_eras.paper pdf|docx OUTPUTS`.

One text, paper/paper.md, in pandoc's Markdown. Every number, figure and table in it is a call of
Jinja that takes it from the outputs, so that none is typed. Pandoc turns the text into Typst,
which sets the PDF, or into a Word document. Nothing is fetched, and two runs give the same bytes.
"""

import calendar
import json
import os
import re
import sys
import tempfile
from functools import cache, partial
from pathlib import Path

import jinja2
import pandas as pd
import pypandoc
import typst
import yaml

from oda_eras.commands import one_line
from oda_eras.complete import folder_by_request
from oda_eras.naming import label
from oda_eras.page import read_caption
from oda_eras.paths import project_root
from oda_eras.references import references
from oda_eras.stamps import read_json, write_json
from oda_eras.study import Study, study_of
from oda_eras.tables import Template
from oda_eras.words import minus, no_equals

TEXT = "paper/paper.md"
# Dollars are money here, not mathematics.
MARKDOWN = "markdown-tex_math_dollars"
# what the text may call
CALLS = ("number", "cell", "smallest", "count", "figure", "table", "ref")
NBSP = "\u00a0"
# Of a page's two columns each is so wide; what is wider goes over both.
COLUMN_MM = 87.5
SHOWN = re.compile(r'\b(?:figure|table)\("(\w+)"')


class PaperError(Exception):
    """The text asks for what the outputs do not hold; the message names it and what is there."""


@cache
def _read_table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in path.parent.glob("*.csv"))) or "nothing"
        raise PaperError(f"no table {path.stem} in {path.parent.name}/; there are: {there}")
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def shown(value, form: str | dict) -> str:
    """A value as a table shows it, by a format or by a name for each value."""
    if pd.isna(value):
        return "–"
    return form[value] if isinstance(form, dict) else printed(form, value)


def printed(form: str, value) -> str:
    """A value by a format such as "{:.1f}" or "{:p}", of those of `formatted`."""
    return minus(Template().format(form, value))


def escape(text: str) -> str:
    """Keep shipped text from being read as Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>~^@|#])", r"\\\1", text)


def cited(source: str, keys: tuple[str, ...]) -> str:
    """A source line that cites by keys; as it stands where the project computed all."""
    return f"Sources: [{'; '.join(f'@{key}' for key in keys)}]." if keys else escape(source)


def literal(text: str) -> str:
    """A quoted string, for Typst and for an attribute in Markdown; the escapes are JSON's."""
    return json.dumps(text, ensure_ascii=False)


class Shipped:
    """What the text may call; every method returns Markdown for one format, pdf or docx.

    Parameters
    ----------
    root : Path
        The project's root.
    outputs : str
        Outputs folder, relative to it.
    text : str
        The source text; figures and tables have the project's numbers in it.
    kind : str
        "pdf" or "docx".
    """

    def __init__(self, root: Path, outputs: str, text: str, kind: str):
        self.folder, self.outputs, self.kind = root / outputs, outputs, kind
        self.labels: dict[str, str] = {}
        for name in SHOWN.findall(text):
            if name in self.labels:
                raise PaperError(f"{TEXT} shows {name} twice")
            self.labels[name] = label(name)

    def number(self, name: str) -> str:
        """A number that a notebook saved, as it prints."""
        numbers = read_json(self.folder / "numbers.json")
        if name not in numbers:
            there = ", ".join(sorted(numbers)) or "nothing"
            raise PaperError(f"no number {name!r} in numbers.json; there are: {there}")
        return minus(numbers[name]["text"])

    def _rows(self, table: str, where: dict) -> pd.DataFrame:
        """Rows of a shipped CSV in which every named column has the given value, or one of them."""
        rows = _read_table(self.folder / f"{table}.csv")
        for column, wanted in where.items():
            self._check_column(rows, table, column)
            wanted = wanted if isinstance(wanted, (list, tuple)) else [wanted]
            left = rows[rows[column].isin(wanted)]
            if left.empty:
                there = ", ".join(map(str, rows[column].drop_duplicates()))
                raise PaperError(f"{table} has no row with {column} {wanted}; there are: {there}")
            rows = left
        return rows

    def _check_column(self, rows: pd.DataFrame, table: str, column: str) -> None:
        if column not in rows:
            raise PaperError(f"{table} has no column {column!r}; there are: {', '.join(rows)}")

    def cell(self, table: str, column: str, form: str = "{}", **where) -> str:
        """One cell of a shipped table such as "data/totals"; exactly one row must fit."""
        rows = self._rows(table, where)
        self._check_column(rows, table, column)
        if len(rows) != 1:
            raise PaperError(f"{len(rows)} rows of {table} fit {where}, expected one")
        value = rows[column].iloc[0]
        if pd.isna(value):
            raise PaperError(f"{table} leaves {column} empty where {where}")
        return printed(form, value)

    def smallest(self, table: str, column: str, form: str = "{}", **where) -> str:
        """The smallest value that a column of a shipped table has in the rows that fit."""
        rows = self._rows(table, where)
        self._check_column(rows, table, column)
        return printed(form, rows[column].min())

    def count(self, table: str, **where) -> str:
        """How many rows of a shipped table fit."""
        return str(len(self._rows(table, where)))

    def ref(self, name: str) -> str:
        """Name a figure or table that the text shows, such as "Figure 1", as a link to it."""
        if name not in self.labels:
            there = ", ".join(self.labels)
            raise PaperError(f"{TEXT} refers to {name!r} and does not show it; it shows: {there}")
        return f"[{self.labels[name].replace(' ', NBSP)}](#{name})"

    def _companion(self, folder: str, name: str, ending: str) -> Path:
        path = self.folder / folder / f"{name}.{ending}"
        if not path.is_file():
            there = ", ".join(sorted(p.stem for p in path.parent.glob(f"*.{ending}"))) or "nothing"
            raise PaperError(f"{self.outputs}/{folder} holds no {path.name}; there are: {there}")
        return path

    def figure(self, name: str) -> str:
        """A shipped figure with its alt text, caption and sources.

        The PDF takes the variant for print; its headline stands first in the caption.
        """
        about = read_caption(self._companion("figures", name, "md"))
        bare = self.kind == "pdf" and about.headline
        title = f"{label(name)}. {about.headline}." if bare else about.heading
        text = f"**{escape(title)}** {escape(about.caption)} {cited(about.source, about.keys)}"
        alt = self._companion("figures", name, "txt").read_text(encoding="utf-8").strip()
        path = f"{self.outputs}/figures/{name}"
        if self.kind == "docx":
            return f"![{text}]({path}.png){{#{name} alt={literal(alt)}}}"
        svg = self._companion("figures", name, "svg").read_text(encoding="utf-8")
        wide = float(re.findall(r'width="([\d.]+)pt"', svg)[0]) / 72 * 25.4 > COLUMN_MM
        path = f"{self.outputs}/figures/print/{name}" if bare else path
        image = f"image({literal(f'/{path}.pdf')}, alt: {literal(alt)})"
        return self._float(name, f"{image}, caption: [", text, "]", wide)

    def table(
        self, name: str, columns: dict[str, list], part: str = "", wide: bool = False, **where
    ) -> str:
        """Rows of a shipped table with its title, note and sources.

        `columns` gives, for each column to show, its heading and how its values are formatted (or
        what each is called); an empty cell shows as a dash. `part` says in the title which rows.
        A `wide` table goes over both columns of the page.
        """
        rows = self._rows(f"tables/{name}", where)
        for column in columns:
            self._check_column(rows, name, column)
        about = self._companion("tables", name, "md").read_text(encoding="utf-8")
        title, _, *below = about.strip().split("\n\n")
        title = title.strip("*") + (f": {part}" if part else "")
        said = {paragraph.split(":")[0]: paragraph for paragraph in below}
        keys = said["Keys"].removeprefix("Keys: ").rstrip(".").split(", ") if "Keys" in said else []
        note = f"{escape(said.get('Note', ''))} {cited(said['Source'], tuple(keys))}".strip()
        lines = [[head for head, _ in columns.values()]]
        for _, row in rows.iterrows():
            lines.append([shown(row[column], form) for column, (_, form) in columns.items()])
        text = [form == "{}" or isinstance(form, dict) for _, form in columns.values()]
        if self.kind == "docx":
            return self._word_table(name, title, note, lines, text)
        head = f"kind: table, caption: strong({literal(title)}), [#{self._grid(lines, text)} #note["
        return self._float(name, head, note, "]]", wide)

    @staticmethod
    def _word_table(name: str, title: str, note: str, lines: list, text: list[bool]) -> str:
        # heads break between words, cells nowhere; the rest is air
        wide = [
            max(map(len, [*head.split(), *cells])) + 3 for head, *cells in zip(*lines, strict=True)
        ]
        rule = [
            ":" + "-" * w if left else "-" * w + ":" for w, left in zip(wide, text, strict=True)
        ]
        head, *body = ([escape(cell) for cell in line] for line in lines)
        grid = "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *body))
        below = f'::: {{custom-style="Table Note"}}\n{note}\n:::'
        return f"{grid}\n\n: **{escape(title)}** {{#{name}}}\n\n{below}"

    @staticmethod
    def _grid(lines: list, text: list[bool]) -> str:
        align = ", ".join("left" if left else "right" for left in text)
        head, *body = (", ".join(literal(cell) for cell in line) for line in lines)
        return (
            f"table(columns: {len(text)}, align: ({align}), table.hline(stroke: rule), "
            f"table.header({head}), table.hline(stroke: rule / 2), {', '.join(body)}, "
            "table.hline(stroke: rule))"
        )

    @staticmethod
    def _float(name: str, opens: str, text: str, closes: str, wide: bool) -> str:
        """A figure of Typst's around a paragraph of Markdown, in which sources are cited."""
        scope = "parent" if wide else "column"
        before, after = f'#figure(scope: "{scope}", {opens}', f"{closes}) <{name}>"
        raw = "```{{=typst}}\n{}\n```".format
        return f"{raw(before)}\n\n{text}\n\n{raw(after)}"


def environment() -> jinja2.Environment:
    """Jinja as the text uses it: an unknown name is an error."""
    return jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )


def render(root: Path, outputs: str, kind: str) -> str:
    """Fill in the text for one format. Raises PaperError where the outputs lack something."""
    _read_table.cache_clear()
    text = (root / TEXT).read_text(encoding="utf-8")
    shipped = Shipped(root, outputs, text, kind)
    calls = {name: getattr(shipped, name) for name in CALLS}
    return no_equals(environment().from_string(text).render(calls))


def author(producer: str) -> dict:
    """A producer as a CSL name; one with initials is a person."""
    person = re.fullmatch(r"((?:[A-Z]\. ?)+)(\w+)", producer)
    return {"given": person[1].strip(), "family": person[2]} if person else {"literal": producer}


def bibliography(root: Path) -> list[dict]:
    """Every source that can be cited as a CSL item, dated where its date begins with a year."""
    items = []
    for key, source in references(root).items():
        dated = re.fullmatch(r"(\d{4})(-\d\d)*", source["date"])
        items.append(
            {
                "id": key,
                "type": "dataset",
                "author": [author(one) for one in source["producer"].split("; ")],
                "title": source["title"],
                "number": source["code"],
                "version": source["vintage"],
            }
            | ({"issued": {"date-parts": [[int(dated[1])]]}} if dated else {})
            | ({"URL": source["url"]} if source["url"].startswith("http") else {})
        )
    return items


def build(root: Path, outputs: str, kind: str) -> Path:
    """Make the PDF or the Word document; the file made before stays until the new one is whole."""
    text = render(root, outputs, kind)
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    # what pandoc takes for the time of writing
    released = calendar.timegm(pd.Timestamp(citation["date-released"]).timetuple())
    os.environ["SOURCE_DATE_EPOCH"] = str(released)
    folder = folder_by_request(root / outputs, "paper")
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as scratch:
        sources, made = Path(scratch) / "sources.json", Path(scratch) / f"paper.{kind}"
        write_json(sources, bibliography(root))
        options = [
            "--citeproc",
            f"--bibliography={sources}",
            "--bibliography=paper/literature.yaml",
            "--csl=paper/references.csl",
            f"--metadata=author:{citation['authors'][0]['name']}",
            f"--metadata=version:{citation['version']}",
            "--fail-if-warnings",
            "--data-dir=paper",  # a reader's own templates are for other papers
        ]
        # from the root, so that no path of this machine gets into the document
        convert = partial(pypandoc.convert_text, format=MARKDOWN, cworkdir=root)
        if kind == "docx":
            options += [
                "--reference-doc=paper/reference.docx",
                "--columns=1",  # a table's columns divide the page by the dashes under their heads
            ]
            convert(text, "docx", outputfile=made, extra_args=options)
        else:
            options.append("--template=paper/template.typ")
            source = convert(text, "typst", extra_args=options)
            typst.compile(source.encode(), made, root=str(root), ignore_system_fonts=True)
        return made.replace(folder / made.name)


def main() -> None:
    kind, outputs = sys.argv[1:]
    if study_of(project_root(), outputs) != Study():
        sys.exit(f"{TEXT} is about the run with the default parameters: make paper takes none")
    try:
        made = build(project_root(), outputs, kind)
    except (PaperError, jinja2.TemplateError, RuntimeError) as error:  # or pandoc's and Typst's
        sys.exit(f"{TEXT}: {error}")
    print(f"{made.relative_to(project_root())} is made")


if __name__ == "__main__":
    with one_line():
        main()
