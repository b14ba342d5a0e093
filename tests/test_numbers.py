"""The numbers that prose quotes: p in one style, names and meanings that stand alone, an index."""

import ast
import json
import re

import pytest
from conftest import OUT, ROOT

from oda_eras.tables import numbers_to_markdown

NUMBERS = json.loads((ROOT / OUT / "numbers.json").read_text(encoding="utf-8"))
WORDS = sorted((ROOT / "notebooks/words").glob("*.md"))
# a p or the smallest p possible, as a name of a number, a column or an attribute
P = r"(?:p|p_\w+|\w+_p|q|floor\w*)"
DANGLING = r"\b(its|the same|of these|of those|of them|there|then|that year)\b"


def test_every_p_is_printed_to_three_decimals_and_none_as_zero():
    printed = {name: number["text"] for name, number in NUMBERS.items() if number["unit"] == "p"}
    assert len(printed) > 50
    style = re.compile(r"0\.\d\d[1-9]|0\.\d[1-9]\d|0\.[1-9]\d\d|1\.000|< 0\.001")
    assert not {name: text for name, text in printed.items() if not style.fullmatch(text)}


def test_every_number_has_a_unit_and_what_is_a_p_has_that_of_p():
    """By name or by meaning; counts of series or tests with a p are no p."""
    for name, number in NUMBERS.items():
        assert number["unit"], name
        named = {"p", "floor"} & set(name.split("_"))
        told = re.search(r"\bp (of|by|after|among|against|possible)\b", number["meaning"])
        if named or (told and 0 < number["value"] < 1):
            assert number["unit"] in ("p", "difference of p", "series", "p-values"), name


def test_every_meaning_stands_alone():
    meanings = [number["meaning"] for number in NUMBERS.values()]
    assert not [text for text in meanings if re.search(DANGLING, text)]
    assert not [text for text in meanings if re.match(r"(of|with|without|that|whose) ", text)]
    assert not [text for text in meanings if len(text.split()) < 4]
    assert not {text for text in meanings if meanings.count(text) > 1}


def test_the_index_is_a_page_of_what_the_notebooks_say_in_short():
    index = [name for name, number in NUMBERS.items() if number["in_short"]]
    assert 35 <= len(index) <= 45
    text = (ROOT / OUT / "numbers.md").read_text(encoding="utf-8")
    assert text == numbers_to_markdown(NUMBERS)
    assert re.findall(r"^\| `(\w+)`", text.split("\n## ")[1], flags=re.MULTILINE) == index
    # what a bullet says again is printed as where it is kept
    again = re.compile(r'form\("[^"]+", "(\w+)"\)')
    assert not set(again.findall("".join(path.read_text() for path in WORDS))) - set(index)


@pytest.mark.parametrize("path", [*WORDS, ROOT / "paper/paper.md"], ids=lambda path: path.stem)
def test_words_print_every_p_by_its_own_form(path):
    text = path.read_text(encoding="utf-8")
    # {{ row.p | form(".2f") }}, {p_E1:.3f}, - floor [Floor; .3f], cell("..", "p", "{:.2f}")
    value = rf'\{{\{{[^|{{}}*]*?(?<![\w*]){P}\b[^|{{}}*]*\| (?:min |max |\| )*form\("\.[1-9]f'
    kinds = [value, rf"\{{{P}:\.\d", rf"^- {P} \[[^\]]*; \.\d", rf'"{P}", "\{{:\.\d']
    assert not [hit for kind in kinds for hit in re.findall(kind, text, flags=re.MULTILINE)]


def formats_a_p(code: str) -> list[str]:
    """The parts of f-strings that give a p a number of decimals."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FormattedValue) and node.format_spec:
            named = {n.attr if isinstance(n, ast.Attribute) else getattr(n, "id", "")
                     for n in ast.walk(node.value)}  # fmt: skip
            named |= {n.value for n in ast.walk(node.value) if isinstance(n, ast.Constant)}
            if any(re.fullmatch(P, str(name)) for name in named):
                found.append(ast.unparse(node.value))
    return found


def test_no_figure_and_no_check_formats_a_p_by_itself():
    assert formats_a_p('f"p = {own.p_adjusted:.2f}, {row.q:.2f} {step[\'p\']:g} {p:.2f}"') == [
        "own.p_adjusted", "row.q", "step['p']", "p",
    ]  # fmt: skip
    modules = sorted((ROOT / "src/oda_eras").glob("*.py"))
    # the repr of a result is no print, and a bench's floor is one of seconds
    modules = [path for path in modules if path.stem not in ("breaks", "bench")]
    assert not {path.stem: hits for path in modules if (hits := formats_a_p(path.read_text()))}
