"""The words of the notebooks: Markdown with Jinja2 expressions, one file each in notebooks/words/.

A heading of the first level opens a section; its first word may be a kind (`# figure f01_...`,
`# table t05_...`, `# data totals`), without one it is a paragraph. Fields such as `caption:` stand
at the start of a line and end at a blank one (`holds:` where a line is not indented); what belongs
to no field is the paragraph's text.
"""

import ast
import builtins
import functools
import math
import re
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd

from oda_eras.naming import label, listed, sentence

FOLDER = "notebooks/words"
SHARED = "shared"
# fields of each kind of section: the required ones, then the others
KINDS: dict[str, tuple[set[str], set[str]]] = {
    "say": ({"text"}, {"holds"}),
    "figure": (
        {"question", "caption", "alt", "sources"},
        {"headline", "subtitle", "columns", "note", "empty"},
    ),
    "table": ({"title", "unit", "columns"}, {"note", "sources", "empty"}),
    "data": ({"title", "columns", "sources"}, set()),
    "columns": ({"columns"}, set()),
}
FIELDS = sorted({name for some in KINDS.values() for names in some for name in names} - {"text"})
FIELD = re.compile(rf"({'|'.join(FIELDS)}):(?: (.*))?$")
COLUMN = re.compile(r"- (?P<name>[\w*]+)? ?(?:\[(?P<head>[^\];]*)(?:; (?P<form>[^\]]+))?\])?"
                    r"(?:: (?P<text>.+))?$")  # fmt: skip
# below this a p-value is printed as less than it
SMALLEST_P = 0.001
# what a block of Markdown keeps on lines of its own
LIST_ITEM = re.compile(r"\s*(-|\d+\.) ")


class WordsError(ValueError):
    """A word file says something that can't be shown; the message names file and line."""

    def __init__(self, file: str, line: int, message: str):
        super().__init__(f"{file}, line {line}: {message}")


@dataclass
class Field:
    """Text of a field with the line on which it starts."""

    text: str
    line: int


@dataclass
class Section:
    """One section: where it stands, and its fields in the order of the file."""

    kind: str
    name: str
    file: str
    line: int
    fields: dict[str, list[Field]] = field(default_factory=dict)

    def error(self, message: str) -> WordsError:
        """An error at the section's heading."""
        return WordsError(self.file, self.line, message)


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, what it is called where it is printed, how its values are.

    `head` is None where the column is not printed; `form` is a format such as ".1f", "p" for
    p-values, or a template of several columns such as "{low:+.0f} to {high:+.0f}"; `text`
    describes it, with its unit.
    """

    name: str
    head: str | None
    form: str
    text: str


def read_sections(root: Path, name: str) -> dict[str, Section]:
    """Read a word file by its name, such as "03_patterns"; sections by name, in their order.

    Raises WordsError for a heading that comes twice, a field that its kind does not have, and
    one that is missing; FileNotFoundError where there is no such file.
    """
    file = f"{FOLDER}/{name}.md"
    sections: dict[str, Section] = {}
    section = current = None
    for line, text in enumerate((root / file).read_text(encoding="utf-8").splitlines(), start=1):
        if text.startswith("# "):
            kind, *rest = text[2:].split()
            if not rest:
                kind, rest = "say", [kind]
            if kind not in KINDS or len(rest) > 1:
                raise WordsError(file, line, f"expected a name, after one of {', '.join(KINDS)}")
            if rest[0] in sections:
                first = sections[rest[0]].line
                raise WordsError(file, line, f"{rest[0]} stands in line {first} already")
            section = sections[rest[0]] = Section(kind, rest[0], file, line)
            current = None
        elif section is None:
            if text.strip():
                raise WordsError(file, line, "text before the first heading")
        elif match := FIELD.match(text):
            current = Field(match[2] or "", line)
            section.fields.setdefault(match[1], []).append(current)
        elif current is not None and continues(section, current, text):
            current.text += f"\n{text}"
        elif text.strip():
            current = Field(text, line)
            section.fields.setdefault("text", []).append(current)
        else:
            current = None
    for found in sections.values():
        required, others = KINDS[found.kind]
        for missing in sorted(required - set(found.fields)):
            raise found.error(f"{found.kind} {found.name} has no {missing}")
        for extra in [name for name in found.fields if name not in required | others]:
            line = found.fields[extra][0].line
            raise WordsError(file, line, f"a {found.kind} has no field {extra}")
    return sections


def continues(section: Section, current: Field, text: str) -> bool:
    """Whether a line goes on with the field before it."""
    if current in section.fields.get("text", []):
        return True
    if current in section.fields.get("holds", []):
        return text.startswith(" ")
    return bool(text.strip())


def read_columns(section: Section) -> list[Column]:
    """The columns of a table, of data or of a figure, as its section lists them."""
    columns = []
    for part in section.fields.get("columns", []):
        for offset, text in enumerate(part.text.splitlines()):
            if not text.strip():
                continue
            match = COLUMN.match(text)
            if not match:
                form = "- name [Head; form]: description"
                raise WordsError(section.file, part.line + offset, f"expected {form}")
            head = match["head"]
            columns.append(
                Column(match["name"] or "", head, match["form"] or "", match["text"] or "")
            )
    return columns


class Numbers:
    """Numbers that prose quotes, by name: value, the text that it prints as, unit and meaning.

    `told` has the names of those printed, again or for the first time, in that order.
    """

    def __init__(self) -> None:
        self.kept: dict[str, dict] = {}
        self.told: list[str] = []

    def keep(self, value, name: str, form: str, unit: str, meaning: str) -> str:
        """Keep a number under a name and return it as it is printed.

        `form` is one of `formatted`; the unit "%" is printed with the number, any other stands in
        the sentence. A form such as ".0%" takes a share of one, which is kept in percent. Raises
        ValueError where the name is taken, the number is missing, or a p or a share of one is not
        printed as such.
        """
        of_one = form.endswith("%")
        if (form == "p") != (unit == "p") or (of_one and unit != "%"):
            raise ValueError(f"number {name!r} has the form {form!r} and the unit {unit!r}")
        if name in self.kept:
            raise ValueError(f"number {name!r} is kept twice")
        if pd.isna(value):
            raise ValueError(f"number {name!r} is missing")
        text = formatted(value, form) + ("%" if unit == "%" and not of_one else "")
        kept = round(float(value) * (100 if of_one else 1), 6)
        self.kept[name] = {
            "value": kept, "text": text, "unit": unit, "meaning": meaning, "in_short": False,
        }  # fmt: skip
        self.told.append(name)
        return minus(text)

    def form(self, value, form: str, name: str = "") -> str:
        """Format a value, such as a number that is kept under a name already and printed alike.

        A reading that no longer holds keeps no numbers, so that the name may be unknown.
        """
        text = formatted(value, form)
        if self.kept.get(name, {}).get("text", "").removesuffix("%") == text.removesuffix("%"):
            self.told.append(name)
        return minus(text)

    def mark(self, names: list[str]) -> None:
        """Note that the answer at a notebook's top says these numbers."""
        for name in names:
            self.kept[name]["in_short"] = True


def formatted(value, form: str) -> str:
    """Format a value; what rounds to zero has no sign.

    The form "p" is for p-values: three decimals, and no zero, since none is.
    """
    if form == "p":
        return format(value, ".3f") if value >= SMALLEST_P else f"< {SMALLEST_P}"
    return unsigned_zero(format(value, form))


def equation(p: float) -> str:
    """A p as a label: "p = 0.333" or "p < 0.001"."""
    return no_equals(f"p = {formatted(p, 'p')}")


def no_equals(text: str) -> str:
    """Drop the sign before a p that is less than the smallest printed: p < 0.001."""
    return text.replace("= < ", "< ")


def unsigned_zero(text: str) -> str:
    """Take the sign from every number that is zero as it is printed."""
    return re.sub(r"(?<![\w-])[-+](?=0(\.0+)?(?!\.?\d))", "", text)


def minus(text: str) -> str:
    """Set the hyphen before a number as a minus sign."""
    return re.sub(r"(?<![\w-])-(?=[\d.])", "−", text)


def unwrapped(text: str) -> str:
    """Markdown without the line breaks that only the file's width made."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines: list[str] = []
        for line in block.splitlines():
            if lines and not LIST_ITEM.match(line):
                lines[-1] += f" {line.strip()}"
            else:
                lines.append(line.rstrip())
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _printable(value):
    """A bare decimal has no business in a sentence: how it is rounded must be said."""
    if isinstance(value, (float, np.floating)):
        raise TypeError(f"{value} is printed as it is: give it a name and a form with number()")
    return "" if value is None else value


class Words:
    """The words of one notebook, filled in with values.

    Parameters
    ----------
    root : Path
        The project's root.
    notebook : str
        Name of the notebook, such as "03_patterns".
    known : dict
        What every section may use without being given it, such as donor and region.
    names : callable
        Turns a code into a name; the filter `named`.
    default : bool
        Whether the run has the default parameters: only then are readings shown.
    """

    def __init__(self, root: Path, notebook: str, known: dict, names, *, default: bool):
        self.sections = read_sections(root, notebook)
        shared = read_sections(root, SHARED)
        self.columns = {c.name: c.text for c in read_columns(shared.pop(SHARED))}
        self.numbers = Numbers()
        self.used: set[str] = set()
        self.stale: list[str] = []
        self.default = default
        self.environment = jinja2.Environment(
            undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
            keep_trailing_newline=True, finalize=_printable,
        )  # fmt: skip
        self.environment.filters |= {
            "number": self.numbers.keep,
            "form": self.numbers.form,
            "named": names,
            "listed": lambda values: listed([str(value) for value in values]),
            "sentence": sentence,
            "exp": math.exp,
            "or_none": lambda count: str(count) if int(count) else "none",
            "agree": lambda count, one, many: many if int(count) > 1 else one,
        }
        self.known = known | {"ref": self.ref, "len": len, "zip": zip, "round": round}
        for phrase in shared.values():
            self.known[phrase.name] = unwrapped(self._fill(phrase, phrase.fields["text"][0], {}))

    def section(self, name: str, kind: str) -> Section:
        """A section by name, marked as used. Raises KeyError where there is none of this kind."""
        found = self.sections.get(name)
        if found is None or found.kind != kind:
            there = ", ".join(n for n, s in self.sections.items() if s.kind == kind) or "none"
            file = next(iter(self.sections.values())).file
            raise KeyError(f"{file} has no section for {kind} {name!r}; there are: {there}")
        self.used.add(name)
        return found

    def ref(self, name: str) -> str:
        """Name a figure or a table as text refers to it, such as "Figure 5" or "Table 3.1"."""
        if numbered := label(name):
            return numbered
        tables = [s for s in self.sections.values() if s.kind == "table"]
        own = [s.name for s in tables if not re.match(r"t\d\d_", s.name)]
        if name not in own:
            raise KeyError(f"no figure or table is named {name!r}")
        number = int(tables[0].file.removeprefix(f"{FOLDER}/")[:2])
        return f"Table {number}.{own.index(name) + 1}"

    def text(self, section: Section, name: str, given: dict, default: str = "") -> str:
        """A field filled in, on one line for each block; `default` where the section lacks it."""
        if name not in section.fields:
            return default
        text = unwrapped(self._fill(section, section.fields[name][0], given))
        return text if name in ("sources", "unit") else sentence(text)

    def unused_names(self, section: Section, given: dict) -> set[str]:
        """Names of values that no field of a section uses."""
        unused = set(given)
        for name, fields in section.fields.items():
            for part in fields:
                if not any(given_name in part.text for given_name in unused):
                    continue  # parsing takes long
                if name == "holds":
                    nodes = ast.walk(self._condition(section, part))
                    unused -= {node.id for node in nodes if isinstance(node, ast.Name)}
                else:
                    unused -= self._names(section, part)
        return unused

    def _names(self, section: Section, part: Field) -> set[str]:
        """Names that a template's text has, but for attributes and filters."""
        try:  # parsing it, which comes when it is filled, takes six times as long
            words = [w for w in self.environment.lex(part.text) if w[1] != "whitespace"]
        except jinja2.TemplateSyntaxError as error:
            line = part.line - 1 + error.lineno
            raise WordsError(section.file, line, str(error.message)) from None
        before = [("", ""), *((kind, value) for _, kind, value in words)]
        return {
            value
            for (_, kind, value), last in zip(words, before, strict=False)
            if kind == "name" and last not in (("operator", "."), ("operator", "|"))
        }

    def check_given(self, section: Section, given: dict) -> None:
        """Hold a cell to what its section uses. Raises WordsError that names what it does not."""
        unused = self.unused_names(section, given)
        if unused:
            raise section.error(f"{section.name} is given {', '.join(sorted(unused))}, unused")

    def say(self, name: str, given: dict) -> str:
        """A paragraph; of a reading, whether it holds. "" in runs that readings are not about.

        A reading that no longer holds is replaced by a line that says so, and remembered.
        """
        section = self.section(name, "say")
        self.check_given(section, given)
        for condition in section.fields.get("holds", []):
            if not self.default:
                return ""
            fault = self._fault(section, condition, given)
            if fault:
                self.stale.append(f"{section.file}, line {condition.line}: {fault}")
                return f"*A reading of these results no longer holds ({section.name}): {fault}.*"
        return self.text(section, "text", given)

    def printed_columns(self, section: Section, given: dict) -> list[Column]:
        """The columns of a table as it is printed, heads filled in."""
        return [
            replace(column, head=self._fill(section, Field(column.head, section.line), given))
            for column in read_columns(section)
            if column.head is not None
        ]

    def described(self, section: Section, found: list[str], given: dict) -> dict[str, str]:
        """Describe a frame's columns, in order, from the section or the shared descriptions.

        Raises WordsError where the section lists other columns than were found, or a column has no
        description.
        """
        columns = [c for c in read_columns(section) if c.name and c.name != "*"]
        listed_names = [column.name for column in columns]
        if listed_names != found:
            raise section.error(f"{section.name} lists {listed_names}, found {found}")
        texts = {}
        for column in columns:
            text = column.text or self.columns.get(column.name, "")
            if not text:
                raise section.error(f"{section.name} does not describe {column.name}")
            texts[column.name] = self._fill(section, Field(text, section.line), given)
        return texts

    def unused(self) -> list[str]:
        """Sections that nothing has shown, with their place."""
        return [
            f"{section.file}, line {section.line}: {section.name} is not shown"
            for section in self.sections.values()
            if section.name not in self.used
        ]

    def _fill(self, section: Section, part: Field, given: dict) -> str:
        if "{" not in part.text:  # nothing to fill in
            return no_equals(part.text)
        above = "\n" * (part.line - 1)  # so that Jinja counts lines as the file does
        try:
            template = self.environment.from_string(above + part.text)
            return no_equals(template.render(self.known | given).removeprefix(above))
        except jinja2.TemplateSyntaxError as error:
            raise WordsError(section.file, error.lineno, str(error.message)) from None
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            lines = [f.lineno for f in frames if f.filename == "<template>" and f.lineno]
            why = error if isinstance(error, jinja2.UndefinedError) else f"{error!r}"
            raise WordsError(section.file, (lines or [part.line])[-1], str(why)) from error

    @staticmethod
    def _condition(section: Section, condition: Field) -> ast.expr:
        try:
            return ast.parse(" ".join(condition.text.split()), mode="eval").body
        except SyntaxError as error:
            raise WordsError(section.file, condition.line, f"no condition: {error.msg}") from None

    def _fault(self, section: Section, condition: Field, given: dict) -> str:
        """What is wrong with a condition of a reading, with the values found; "" if it holds."""
        tree = self._condition(section, condition)
        find = functools.partial(_evaluate, names=self.known | given)
        parts = [tree]
        if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
            parts = tree.values
        for part in parts:
            operands = [part.left, *part.comparators] if isinstance(part, ast.Compare) else [part]
            try:
                if find(part):
                    continue
                found = [
                    f"{ast.unparse(o)} is {find(o)}"
                    for o in operands
                    if not isinstance(o, ast.Constant)
                ]
            except NameError as error:
                raise WordsError(section.file, condition.line, str(error)) from None
            except Exception as error:  # the data lack what the reading is about
                found = [f"{error!r}"]
            return f"expected {ast.unparse(part)}, but {', '.join(found)}"
        return ""


def _evaluate(node: ast.expr, names: dict):
    return eval(compile(ast.Expression(node), "<condition>", "eval"), vars(builtins) | names)
