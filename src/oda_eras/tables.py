"""Tables as papers print them: Markdown and LaTeX (booktabs, aligned decimals) of one frame."""

import re
import textwrap

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

# A column of longer text is set as a paragraph; a header breaks into lines of so many characters.
LONGEST_LINE, HEADER_LINE = 24, 13
# Characters across 170 mm of text in two sizes of type, and what a gap between columns takes.
ACROSS = {"\\footnotesize": 104, "\\scriptsize": 114}
GAP = 2.6
NARROWEST_PARAGRAPH = 14
# What a page of text holds in footnote size; a longer table is set to run over pages.
ROWS_ON_A_PAGE = 45
MOST_DECIMALS = 4
PACKAGES = "% needs the packages array, booktabs, longtable and siunitx\n"


def decimals(values: pd.Series) -> int:
    """Decimals that a column of numbers needs, at most `MOST_DECIMALS`; all cells show as many."""
    known = values.dropna().astype(float).round(MOST_DECIMALS)
    text = known.map(lambda value: f"{value:.{MOST_DECIMALS}f}".rstrip("0"))
    return int(text.str.split(".").str[1].str.len().max()) if len(known) else 0


def cells_as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Every cell as it is printed: decimals equal down a column, missing cells empty."""
    printed = {}
    for name, column in frame.items():
        if is_bool_dtype(column):
            text = column.map({True: "yes", False: "no"})
        elif is_numeric_dtype(column):
            form = f"{{:.{decimals(column)}f}}"
            text = column.astype(object).map(form.format, na_action="ignore")
        else:
            text = column.astype(object).map(str, na_action="ignore")
        printed[name] = text.where(column.notna(), "")
    return pd.DataFrame(printed, index=frame.index)


def _is_number(column: pd.Series) -> bool:
    return is_numeric_dtype(column) and not is_bool_dtype(column)


def to_markdown(frame: pd.DataFrame) -> str:
    """A frame as a Markdown table, numbers to the right."""
    align = ["right" if _is_number(column) else "left" for _, column in frame.items()]
    text = cells_as_text(frame).replace(r"\|", r"\\|", regex=True)
    return text.to_markdown(index=False, disable_numparse=True, colalign=align)


def to_latex(frame: pd.DataFrame, *, label: str, title: str, note: str) -> str:
    """A frame as a LaTeX table with its title above and its note below.

    Parameters
    ----------
    frame : DataFrame
        As it should be printed; column names are the headers.
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
    text = cells_as_text(frame)
    long = len(frame) > ROWS_ON_A_PAGE
    size, columns = column_format(frame, smallest=long)
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


def column_format(frame: pd.DataFrame, smallest: bool = False) -> tuple[str, str]:
    """Size of type and column types: decimals aligned, long text in paragraphs that fit the page.

    `smallest` asks for the smaller size whether the columns need it or not.
    """
    text = cells_as_text(frame)
    widths, paragraphs = {}, {}
    for name, column in text.items():
        longest = column.str.len().max() if len(column) else 0
        header = max((len(line) for line in textwrap.wrap(name, HEADER_LINE)), default=0)
        if longest > LONGEST_LINE and not _is_number(frame[name]):
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
        elif _is_number(frame[name]):
            known = frame[name].dropna().astype(float)
            whole = max((len(f"{abs(value):.0f}") for value in known), default=1)
            sign = "-" if (known < 0).any() else ""
            kinds.append(f"S[table-format={sign}{whole}.{decimals(frame[name])}]")
        else:
            kinds.append("l")
    return size, "".join(kinds)


ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def escape(text: str) -> str:
    """Plain text for LaTeX, with room to break in addresses, names of files and codes."""
    plain = "".join(ESCAPES.get(character, character) for character in text)
    return re.sub(r"(/|\\_|\.(?=[A-Z]))", r"\1\\allowbreak{}", plain)


def numbers_to_latex(numbers: dict[str, dict]) -> str:
    """Numbers by name as LaTeX: \\oda{name} prints one, an unknown name is an error.

    `numbers` is numbers.json: each entry has the `text` that prose prints.
    """
    lines = [
        "% \\input this before \\begin{document}; \\oda{peak_total} then prints that number",
        "\\makeatletter",
        "\\newcommand{\\oda}[1]{\\ifcsname oda@#1\\endcsname\\csname oda@#1\\endcsname"
        "\\else\\@latex@error{no number is named #1}{See numbers.json.}\\fi}",
    ]
    for name, number in numbers.items():
        text = escape(number["text"]).replace("-", "\\ensuremath{-}")
        lines.append(f"\\@namedef{{oda@{name}}}{{{text}}}")
    return "\n".join([*lines, "\\makeatother"]) + "\n"
