"""Tables as papers print them: Markdown and LaTeX (booktabs, aligned decimals) of one frame."""

import functools
import math
import re
import string
import textwrap

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from oda_eras.words import formatted, minus

# What every table fits, in points: A4 with margins of 25 mm, the narrower of A4 and letter, and the
# height of letter with margins of an inch, the lower, less the lines of a caption.
LINE, HEIGHT = 455, 600
# Sizes of type: widths in parts of those at 10 pt (small sizes are drawn wider), height of a line.
SIZES = {"\\footnotesize": (0.85, 9.5), "\\scriptsize": (0.80, 8.0)}
STRETCH = 1.15
# What siunitx and borders may take beside the text.
SLACK = 5
# Half the gap between columns, in points, and after how many characters heads break: the first
# for which there is room.
SPACING = (5, 13), (3, 13), (3, 9)
# Text up to so many points at 10 pt stays on one line.
SHORT_TEXT = 60
# Points between rows that hold paragraphs.
BETWEEN_ROWS = 2
# What ragged lines in a paragraph leave empty.
RAGGED = 1.2
MOST_DECIMALS = 4
NUMBER = re.compile(r"(< )?[-+]?[\d,]*\.?\d+%?|")
# A range whose ends are equal, "4 to 4" or "< 0.001 to < 0.001".
NO_RANGE = re.compile(r"(?<![^\s(\[])((?:< )?\S+) to \1(?![^\s)\],;])")
# Where a line may break inside a word: an address, a name of a file, a code.
BREAK = r"/|_|\.(?=[A-Z])"
PACKAGES = "% needs the packages array, booktabs, longtable and siunitx\n"
# a longtable breaks over pages in one column only
ONE_COLUMN = (
    "\\csname if@twocolumn\\endcsname\\let\\odacolumns\\twocolumn\\onecolumn"
    "\\else\\let\\odacolumns\\relax\\fi\n"
)
AS_BEFORE = "\\odacolumns\\relax\n"


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

    def format_field(self, value: object, format_spec: str) -> str:
        return formatted(value, format_spec)


def _from_template(row: dict, form: str) -> str:
    used = [name for _, name, *_ in Template().parse(form) if name]
    if any(pd.isna(row[name]) for name in used):
        return ""
    return NO_RANGE.sub(r"\1", Template().format(form, **row))


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
    """A Markdown table, numbers to the right.

    The dashes under a head are as many as its column is wide when the table fills a page: pandoc
    divides the line by them where a table is wider than its text.
    """
    text = printed.text.replace(r"\|", r"\\|", regex=True).map(minus)
    align = ["right" if head in printed.numbers else "left" for head in text]
    head, _, *rows = text.to_markdown(
        index=False, disable_numparse=True, colalign=align
    ).splitlines()
    dashes = ["-" * max(round(width / 5), 3) for width in Layout(printed).widths.values()]
    rule = [f"{d}:" if a == "right" else f":{d}" for d, a in zip(dashes, align, strict=True)]
    return "\n".join([head, f"|{'|'.join(rule)}|", *rows])


def to_latex(printed: Printed, *, label: str, title: str, note: str) -> str:
    """A LaTeX table with its title above and its note below.

    Parameters
    ----------
    printed : Printed
        What is printed; its heads are the headers.
    label : str
        For references, such as "t04_contrasts": \\ref{tab:t04-contrasts}.
    title, note : str
        Plain text.

    Returns
    -------
    str
        A table as wide as the page, or a longtable where the rows do not fit on one; in a document
        of two columns this starts a page of its own. It is meant to be \\input and needs the
        packages that its first line names.
    """
    # no _, which some packages have stand for other things
    layout, name = Layout(printed), f"tab:{label.replace('_', '-')}"
    heads = {head: layout.header(head) for head in printed.text}
    cells = {head: _decimal if head in layout.decimals else escape for head in heads}
    styler = printed.text.style.hide(axis="index").format(cells)
    styler = styler.format_index(heads.get, axis="columns")
    options = {"hrules": True, "siunitx": True, "column_format": layout.columns()}
    title, note_height = escape(title), _lines(note, LINE / SIZES["\\scriptsize"][0]) * 8
    size = (
        f"{layout.size}\\renewcommand{{\\arraystretch}}{{{STRETCH}}}"
        f"\\setlength{{\\tabcolsep}}{{{layout.gap}pt}}"
    )
    if layout.paragraphs:
        size += f"\\setlength{{\\extrarowheight}}{{{BETWEEN_ROWS}pt}}"
    note = f"\\scriptsize\\sloppy {escape(note)}"
    if layout.height() + note_height < HEIGHT:
        body = styler.to_latex(**options)
        return (
            f"{PACKAGES}\\begin{{table*}}[htbp]\n\\centering\n"
            f"\\setlength{{\\belowcaptionskip}}{{4pt}}\\caption{{{title}}}\n"
            f"\\label{{{name}}}\n{size}\n{body}\n"
            f"\\par\\vspace{{2pt}}\\parbox{{\\linewidth}}{{{note}}}\n"
            "\\end{table*}\n"
        )
    body = styler.to_latex(environment="longtable", caption=title, label=name, **options)
    size += "\\setlength{\\LTcapwidth}{\\linewidth}"
    return f"{PACKAGES}{ONE_COLUMN}{{{size}\n{body}\\noindent{{{note}\\par}}\n}}\n{AS_BEFORE}"


class Layout:
    """How a table is set so that it fits `LINE`: size of type, columns that are paragraphs.

    Columns are as wide as their text where the line holds them all. Else longer texts are set as
    paragraphs, none narrower than its longest word, in the larger size that has room for them.
    `widths` are in points at 10 pt, by head; `decimals` are the columns for siunitx.
    """

    def __init__(self, printed: Printed):
        self.text, self.numbers = printed.text, printed.numbers
        self.decimals = {h for h in self.numbers if not self.text[h].str.endswith("%").any()}
        whole = {head: max([0.0, *map(width, cells)]) for head, cells in self.text.items()}
        longest = {
            head: max(width(word) for text in [head, *cells] for word in _words(text))
            for head, cells in self.text.items()
        }
        self.size, self.paragraphs = next(iter(SIZES)), []
        for self.gap, self.head_line in SPACING:
            natural = {h: max([whole[h], *map(width, self._broken(h))]) for h in whole}
            self.widths = natural
            if sum(natural.values()) <= self._room(len(natural)):
                return
        self.paragraphs = [
            head for head in natural if head not in self.numbers and whole[head] > SHORT_TEXT
        ]
        least = {head: longest[head] + 2 for head in self.paragraphs}
        fixed = sum(natural[head] for head in natural if head not in least)
        for self.size in SIZES:
            rest = self._room(len(natural)) - fixed - sum(least.values())
            if rest >= 0:
                break
        self.widths = natural | self._shared(least, rest, natural)

    def _room(self, columns: int) -> float:
        """What the line has for text, in points at 10 pt."""
        return (LINE - SLACK - 2 * self.gap * (columns - 1)) / SIZES[self.size][0]

    def _shared(self, least: dict, rest: float, natural: dict) -> dict[str, float]:
        """Widths of paragraphs: what is left goes to long texts, to none more than it needs.

        Widths in proportion to the cube root of the sum of squared lengths make the sum of the
        squared numbers of lines least.
        """
        given, open_ = dict(least), set(least)
        long = {h: sum(width(cell) ** 2 for cell in self.text[h]) ** (1 / 3) for h in least}
        while open_ and rest > 1:
            total = sum(long[head] for head in open_)
            more = {
                head: min(rest * long[head] / total, max(natural[head] + 2 - given[head], 0))
                for head in open_
            }
            given |= {head: given[head] + extra for head, extra in more.items()}
            rest -= sum(more.values())
            open_ = {head for head in open_ if given[head] < natural[head]}
        return given

    def height(self) -> float:
        """Points that the rows take, heads included."""
        lines = max((len(self._broken(head)) for head in self.text), default=1)
        for row in self.text.to_dict("records"):
            lines += max((_lines(row[h], self.widths[h]) for h in self.paragraphs), default=1)
        between = BETWEEN_ROWS * len(self.text) if self.paragraphs else 0
        return lines * SIZES[self.size][1] * STRETCH + between

    def columns(self) -> str:
        """LaTeX column types: decimals aligned, paragraphs in parts of the line."""
        kinds = []
        for head, cells in self.text.items():
            if head in self.paragraphs:
                part = self.widths[head] * SIZES[self.size][0] / LINE
                kinds.append(f">{{\\raggedright\\arraybackslash}}p{{{part:.3f}\\linewidth}}")
            elif head in self.decimals:
                whole = max(len(cell.lstrip("<+- ").split(".")[0]) for cell in cells)
                after = max(len(cell.partition(".")[2]) for cell in cells)
                sign = "-" if cells.str.startswith(("+", "-")).any() else ""
                kinds.append(f"S[table-format={sign}{whole}.{after},retain-explicit-plus]")
            else:
                kinds.append("r" if head in self.numbers else "l")
        return f"@{{}}{''.join(kinds)}@{{}}"

    def header(self, head: str) -> str:
        """A head in LaTeX, in lines where it is longer than its column; a paragraph breaks it."""
        lines = [escape(line) for line in self._broken(head)]
        if len(lines) < 2 or head in self.paragraphs:
            return escape(head)
        side = "c" if head in self.numbers else "l"
        return f"\\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}" + r"\\".join(lines) + r"\end{tabular}"

    def _broken(self, head: str) -> list[str]:
        longest = max([self.head_line, *map(len, self.text[head])])
        return textwrap.wrap(head, longest, break_long_words=False)


@functools.cache
def _font():
    # imported where LaTeX is set only: the end of every chain does without
    from matplotlib import get_data_path
    from matplotlib.ft2font import FT2Font

    font = FT2Font(f"{get_data_path()}/fonts/ttf/cmr10.ttf")
    font.set_size(10, 72)
    return font


@functools.cache
def _advance(character: str) -> float:
    """Points that a character takes in Computer Modern at 10 pt; those it lacks as wide as +."""
    known = character.isascii() and (character.isalnum() or character in " .,:;()[]/+-%&'!?=")
    code = ord("n" if character.isalpha() and not known else character if known else "+")
    return _font().load_char(code).linearHoriAdvance / 65536


def width(text: str) -> float:
    """Points that a text takes on one line at 10 pt in Computer Modern, LaTeX's wide default."""
    return sum(map(_advance, text))


def _words(text: str) -> list[str]:
    return re.sub(rf"({BREAK})", r"\1 ", text).split() or [""]


def _lines(text: str, room: float) -> int:
    return max(math.ceil(width(text) * RAGGED / room), 1)


ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\ensuremath{<}", ">": r"\ensuremath{>}", "−": r"\ensuremath{-}", "–": "--",
}  # fmt: skip


def escape(text: str) -> str:
    """Plain text for LaTeX, minus signs set as such, with room to break in long names and codes."""
    plain = "".join(ESCAPES.get(character, character) for character in minus(text))
    return re.sub(r"(/|\\_|\.(?=[A-Z]))", r"\1\\allowbreak{}", plain)


def _decimal(text: str) -> str:
    """A cell for a column of decimals; siunitx leaves alone what stands in braces."""
    return f"{{{escape(text)}}}" if text.startswith("<") else text.replace(",", "")


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
        # names are spelt, whatever a package has _ stand for
        "\\newcommand{\\oda}[1]{\\ifcsname oda@\\detokenize{#1}\\endcsname"
        "\\csname oda@\\detokenize{#1}\\endcsname"
        "\\else\\@latex@error{no number is named \\detokenize{#1}}{See numbers.json.}\\fi}",
        "\\newcommand{\\oda@is}[2]{\\@namedef{oda@\\detokenize{#1}}{#2}}",
    ]
    for notebook, group in by_notebook(numbers).items():
        lines += ["", f"% {notebook}"]
        for name, number in group.items():
            text = escape(number["text"])
            about = ", ".join(part for part in (number["meaning"], number["unit"]) if part)
            lines.append(f"\\oda@is{{{name}}}{{{text}}}% {about}")
    return "\n".join([*lines, "\\makeatother"]) + "\n"


def numbers_to_markdown(numbers: dict[str, dict]) -> str:
    """The numbers of numbers.json to read: an index of those in short, then all by notebook."""
    in_short = {name: number for name, number in numbers.items() if number["in_short"]}
    parts = [
        "# Numbers that prose quotes",
        "As printed; numbers.json has the values, numbers.tex the same by `\\oda{name}`, and "
        "sources.md the vintages of the tables behind them. First the main ones, from the top of "
        "each notebook; below, all by notebook.",
        "## In short",
        _number_table(in_short),
    ]
    for notebook, group in by_notebook(numbers).items():
        parts += [f"## {notebook}", _number_table(group)]
    return "\n\n".join(parts) + "\n"


def _number_table(numbers: dict[str, dict]) -> str:
    rows = [
        [f"`{name}`", minus(number["text"]), number["unit"], number["meaning"].replace("|", "\\|")]
        for name, number in numbers.items()
    ]
    frame = pd.DataFrame(rows, columns=["Name", "Value", "Unit", "Meaning"])
    align = ["left", "right", "left", "left"]
    return frame.to_markdown(index=False, disable_numparse=True, colalign=align)
