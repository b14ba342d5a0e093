"""Tables as papers print them: Markdown and LaTeX (booktabs, aligned decimals) of one frame."""

import re
import string
import textwrap

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from oda_eras.words import formatted, minus

# A column of longer text is set as a paragraph; a header breaks into lines of so many characters.
LONGEST_LINE, HEADER_LINE = 24, 13
# Characters across 170 mm of text in two sizes of type, and what a gap between columns takes.
ACROSS = {"\\footnotesize": 104, "\\scriptsize": 114}
GAP = 2.6
NARROWEST_PARAGRAPH = 14
# What a page of text holds in footnote size; a longer table is set to run over pages.
ROWS_ON_A_PAGE = 45
MOST_DECIMALS = 4
NUMBER = re.compile(r"(< )?[-+]?[\d,]*\.?\d+%?|")
PACKAGES = "% needs the packages array, booktabs, longtable and siunitx\n"


def decimals(values: pd.Series) -> int:
    """Decimals that a column of numbers needs, at most `MOST_DECIMALS`; all cells show as many."""
    known = values.dropna().astype(float).round(MOST_DECIMALS)
    text = known.map(lambda value: f"{value:.{MOST_DECIMALS}f}".rstrip("0"))
    return int(text.str.split(".").str[1].str.len().max()) if len(known) else 0


class Printed:
    """A frame as it is printed: text under its heads, and which columns hold numbers.

    Parameters
    ----------
    frame : DataFrame
        The rows to print, without an index that matters.
    columns : list of Column
        The columns to print, with their heads and forms; "*" stands for all others of the frame.
    named : callable
        Turns a code such as "KAZ" into a name.

    Raises KeyError for a column that the frame does not have.
    """

    def __init__(self, frame: pd.DataFrame, columns: list, named):
        texts = {}
        for column in columns:
            others = set(frame) - {other.name for other in columns}
            names = [n for n in frame if n in others] if column.name == "*" else [column.name]
            for name in names:
                if "{" in column.form:
                    rows = frame.to_dict("records")
                    text = [named(_from_template(row, column.form)) for row in rows]
                else:
                    text = _from_values(frame[name], column.form, named)
                # a column without a value says nothing; tables without rows keep their heads
                if any(text) or frame.empty:
                    texts[column.head or named(name)] = text
        self.text = pd.DataFrame(texts, index=frame.index)
        self.numbers = {
            head
            for head, column in self.text.items()
            if all(NUMBER.fullmatch(cell) for cell in column) and any(column)
        }


class Template(string.Formatter):
    """Fills in templates of several columns; their forms are those of `formatted`."""

    format_field = staticmethod(formatted)


def _from_template(row: dict, form: str) -> str:
    used = [name for _, name, *_ in Template().parse(form) if name]
    return "" if any(pd.isna(row[name]) for name in used) else Template().format(form, **row)


def _from_values(column: pd.Series, form: str, named) -> list[str]:
    if is_bool_dtype(column):
        return ["yes" if value else "no" for value in column]
    if not form and is_numeric_dtype(column):
        form = f".{decimals(column)}f"
    return [
        "" if pd.isna(value) else formatted(value, form) if form else named(value)
        for value in column
    ]


def to_markdown(printed: Printed) -> str:
    """A Markdown table, numbers to the right."""
    text = printed.text.replace(r"\|", r"\\|", regex=True).map(minus)
    align = ["right" if head in printed.numbers else "left" for head in text]
    return text.to_markdown(index=False, disable_numparse=True, colalign=align)


def to_latex(printed: Printed, *, label: str, title: str, note: str) -> str:
    """A LaTeX table with its title above and its note below.

    Parameters
    ----------
    printed : Printed
        What is printed; its heads are the headers.
    label : str
        For references, such as "t04_contrasts".
    title, note : str
        Plain text.

    Returns
    -------
    str
        A table environment, or a longtable where the rows do not fit on a page. It is meant to
        be \\input and needs the packages that its first line names.
    """
    text = printed.text.apply(
        lambda column: column.str.replace(",", "") if column.name in printed.numbers else column
    )
    long = len(text) > ROWS_ON_A_PAGE
    size, columns = column_format(text, printed.numbers, smallest=long)
    styler = text.style.hide(axis="index").format(escape).format_index(_header, axis="columns")
    options = {"hrules": True, "siunitx": True, "column_format": columns}
    title, note = escape(title), escape(note)
    size += "\\renewcommand{\\arraystretch}{1.15}"
    if not long:
        body = styler.to_latex(**options)
        return (
            f"{PACKAGES}\\begin{{table}}[htbp]\n\\centering\n\\caption{{{title}}}\n"
            f"\\label{{tab:{label}}}\n{size}\n{body}\n"
            f"\\par\\vspace{{2pt}}\\parbox{{\\linewidth}}{{\\scriptsize\\sloppy {note}}}\n"
            "\\end{table}\n"
        )
    body = styler.to_latex(environment="longtable", caption=title, label=f"tab:{label}", **options)
    return f"{PACKAGES}{{{size}\n{body}\\noindent{{\\scriptsize\\sloppy {note}\\par}}\n}}\n"


def _header(name: str) -> str:
    """A column's name, broken into lines where it is long."""
    lines = [escape(line) for line in textwrap.wrap(name, HEADER_LINE)]
    if len(lines) < 2:
        return "".join(lines)
    return r"\begin{tabular}[b]{@{}l@{}}" + r"\\".join(lines) + r"\end{tabular}"


def column_format(text: pd.DataFrame, numbers: set[str], smallest: bool = False) -> tuple[str, str]:
    """Size of type and column types: decimals aligned, long text in paragraphs that fit the page.

    `smallest` asks for the smaller size whether the columns need it or not.
    """
    widths, paragraphs = {}, {}
    for name, column in text.items():
        longest = column.str.len().max() if len(column) else 0
        header = max((len(line) for line in textwrap.wrap(name, HEADER_LINE)), default=0)
        if longest > LONGEST_LINE and name not in numbers:
            paragraphs[name] = column.str.len().mean() ** 0.5
        widths[name] = max(longest, header)
    fixed = sum(widths[name] for name in widths if name not in paragraphs) + GAP * len(widths)
    needed = fixed + NARROWEST_PARAGRAPH * len(paragraphs)
    small, smaller = ACROSS
    size = smaller if smallest or needed > ACROSS[small] else small
    rest = max(ACROSS[size] - fixed, NARROWEST_PARAGRAPH * len(paragraphs))
    kinds = []
    for name in text:
        if name in paragraphs:
            width = rest * paragraphs[name] / sum(paragraphs.values()) / ACROSS[size]
            kinds.append(f">{{\\raggedright\\arraybackslash}}p{{{width:.3f}\\linewidth}}")
        elif name in numbers:
            whole = max(len(cell.lstrip("<+- ").split(".")[0]) for cell in text[name])
            after = max(len(cell.partition(".")[2]) for cell in text[name])
            sign = "-" if text[name].str.startswith(("+", "-")).any() else ""
            kinds.append(f"S[table-format={sign}{whole}.{after},retain-explicit-plus]")
        else:
            kinds.append("l")
    return size, "".join(kinds)


ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def escape(text: str) -> str:
    """Plain text for LaTeX, with room to break in addresses, names of files and codes.

    "< 0.001" is set in braces, which siunitx leaves as they are in a column of decimals.
    """
    if NUMBER.fullmatch(text) and text.startswith("<"):
        return f"{{${text}$}}"
    plain = "".join(ESCAPES.get(character, character) for character in text)
    return re.sub(r"(/|\\_|\.(?=[A-Z]))", r"\1\\allowbreak{}", plain)


def by_notebook(numbers: dict[str, dict]) -> dict[str, dict[str, dict]]:
    """Numbers in groups, by the notebook that publishes them, in its order."""
    groups: dict[str, dict[str, dict]] = {}
    for name, number in numbers.items():
        groups.setdefault(number["notebook"], {})[name] = number
    return groups


def numbers_to_latex(numbers: dict[str, dict]) -> str:
    """Numbers by name as LaTeX: \\oda{name} prints one, an unknown name is an error.

    `numbers` is numbers.json: each entry has the `text` that prose prints, meaning, unit and
    notebook; a comment beside each macro gives its meaning and unit.
    """
    lines = [
        "% \\input this before \\begin{document}; \\oda{peak_total} then prints that number",
        "\\makeatletter",
        "\\newcommand{\\oda}[1]{\\ifcsname oda@#1\\endcsname\\csname oda@#1\\endcsname"
        "\\else\\@latex@error{no number is named #1}{See numbers.json.}\\fi}",
    ]
    for notebook, group in by_notebook(numbers).items():
        lines += ["", f"% {notebook}"]
        for name, number in group.items():
            text = escape(number["text"]).replace("-", "\\ensuremath{-}")
            about = ", ".join(part for part in (number["meaning"], number["unit"]) if part)
            lines.append(f"\\@namedef{{oda@{name}}}{{{text}}}% {about}")
    return "\n".join([*lines, "\\makeatother"]) + "\n"


def numbers_to_markdown(numbers: dict[str, dict]) -> str:
    """An index of numbers.json to read: a table for each notebook."""
    parts = [
        "# Numbers that prose quotes",
        "As printed; numbers.json has the values, numbers.tex the same by `\\oda{name}`.",
    ]
    for notebook, group in by_notebook(numbers).items():
        rows = [
            {"Name": f"`{name}`", "Value": minus(number["text"]), "Unit": number["unit"]}
            | {"Meaning": number["meaning"].replace("|", "\\|")}
            for name, number in group.items()
        ]
        align = ["left", "right", "left", "left"]
        table = pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True, colalign=align)
        parts += [f"## {notebook}", table]
    return "\n\n".join(parts) + "\n"
