"""Words beside a notebook: mistakes are named by file and line, numbers kept, readings judged."""

import pandas as pd
import pytest
from conftest import ROOT

from oda_eras.words import (
    FOLDER,
    Words,
    WordsError,
    formatted,
    minus,
    read_columns,
    read_sections,
    unwrapped,
)

SHARED = """# columns shared
columns:
- year: calendar year

# net_oda
net ODA,
current US$

# all_donors
all members
"""
FILE = "notebooks/words/03_patterns.md"
KNOWN = {"donor": "Japan", "whose": "Japan's", "region": "the five"}


@pytest.fixture
def words(tmp_path):
    """Builds the words of a notebook from text; `default` as in the run without parameters."""

    def build(text: str, default: bool = True) -> Words:
        folder = tmp_path / "notebooks/words"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "shared.md").write_text(SHARED)
        (folder / "03_patterns.md").write_text(text)
        names = {"KAZ": "Kazakhstan", "UZB": "Uzbekistan"}
        return Words(tmp_path, "03_patterns", KNOWN, lambda code: names[code], default=default)

    return build


FIGURE = "# figure f01_x\nquestion: Q?\ncaption: C.\nalt: A.\nsources: s\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("lost\n# a\nText.", 1, "text before the first heading"),
        ("# a\nText.\n\n# picture b\nText.", 4, "expected a name, after one of say, figure"),
        ("# figure f01_x extra\n", 1, "expected a name"),
        ("# a\nText.\n\n# a\nMore.", 4, "a stands in line 1 already"),
        (f"\n{FIGURE.replace('alt: A.', '')}", 2, "figure f01_x has no alt"),
        ("# a\nholds: True\n", 1, "say a has no text"),
        (f"{FIGURE}unit: US$\n", 6, "a figure has no field unit"),
        (f"{FIGURE}\nSomething else.\n", 7, "a figure has no field text"),
        ("# a\nText.\n\ncaption: C.\n", 4, "a say has no field caption"),
    ],
)
def test_a_mistake_in_a_file_is_named_by_file_and_line(words, text, line, message):
    with pytest.raises(WordsError, match=f"{FILE}, line {line}: .*{message}"):
        words(text)


@pytest.mark.parametrize(
    ("text", "line", "message", "given"),
    [
        ("# a\nOne\nis {{ peak }}.", 3, "'peak' is undefined", {}),
        ("# a\nOne\nis {{ peak }}.", 3, r"1.5 is printed as it is: give it a name", {"peak": 1.5}),
        ("# a\n\nOne {{ peak is.", 3, "expected token", {"peak": 1}),
        ('# a\n{{ peak | number("peak", "d") }}', 2, "missing 2 required", {"peak": 1}),
        ('# a\n{{ x | number("p", "d", "", "") }}\n{{ y | number("p", "d", "", "") }}', 3,
         "number 'p' is kept twice", {"x": 1, "y": 2}),
        ('# a\n{{ x | number("f_p", ".2f", "p", "") }}', 2, "'f_p' has the form '.2f' and the unit",
         {"x": 0.2}),
        ('# a\n{{ x | number("f_p", "p", "", "") }}', 2, "'f_p' has the form 'p' and the unit ''",
         {"x": 0.2}),
        ('# a\n{{ peak | number("p", ".0f", "", "") }}', 2, "number 'p' is missing",
         {"peak": float("nan")}),
        ("# a\nText.\n\n", 1, "a is given peak, unused", {"peak": 1}),
        ("# a\nholds: peak >\nText.", 2, "no condition", {"peak": 1}),
        ("# a\nholds: peek > 0\nText {{ peak }}.", 2, "name 'peek' is not defined", {"peak": 1}),
        ('# a\n{{ ref("f99") }}', 2, "no figure or table is named 'f99'", {}),
    ],
)  # fmt: skip
def test_what_cant_be_filled_in_is_named_by_file_and_line(words, text, line, message, given):
    with pytest.raises(WordsError, match=f"{FILE}, line {line}: .*{message}"):
        words(text).say("a", given)


def test_an_unknown_section_is_named_with_those_there_are(words):
    with pytest.raises(KeyError, match=r"no section for say 'b'; there are: a"):
        words("# a\nText.").say("b", {})
    with pytest.raises(KeyError, match=r"no section for table 'a'; there are: none"):
        words("# a\nText.").section("a", "table")


def test_a_paragraph_is_filled_in_and_its_numbers_kept(words):
    text = (
        "# a\n{{ whose }} flow ({{ net_oda }}) from {{ all_donors }} to {{ r | named }} is\n"
        '{{ peak | number("peak", ",.1f", "million", "largest") }} in {{ when }},\n'
        '{{ share | number("share", ".0f", "%", "share of it") }} of it, {{ low | form(".1f") }}\n'
        'lower. {{ loss | number("loss", ".0f", "million", "change") }}\n\n- one\n- two\n'
    )
    given = {"peak": 1234.56, "when": 2012, "share": 41.2, "r": "UZB", "low": -2.04, "loss": -0.2}
    found = words(text)
    assert found.say("a", given) == (
        "Japan's flow (net ODA, current US$) from all members to Uzbekistan is 1,234.6 "
        "in 2012, 41% of it, −2.0 lower. 0\n\n- one\n- two"
    )
    assert found.numbers.kept["peak"] == {
        "value": 1234.56, "text": "1,234.6", "unit": "million", "meaning": "largest",
        "in_short": False,
    }  # fmt: skip
    assert found.numbers.kept["share"]["text"] == "41%"
    # a share of one is kept in percent too, so that all percentages have one unit
    assert found.numbers.keep(0.412, "of_one", ".0%", "%", "share of it") == "41%"
    kept = found.numbers.kept
    assert kept["of_one"] | {"in_short": True} == kept["share"] | {"in_short": True}
    with pytest.raises(ValueError, match=r"'other' has the form '\.0%' and the unit 'share'"):
        found.numbers.keep(0.412, "other", ".0%", "share", "share of it")
    assert found.numbers.kept["loss"] == {
        "value": -0.2, "text": "0", "unit": "million", "meaning": "change", "in_short": False,
    }  # fmt: skip
    assert found.unused() == []


def test_a_number_said_again_is_told_by_its_name_where_it_is_printed_alike(words):
    found = words(
        '# a\n{{ x | number("x", ".0f", "%", "share") }} (p = {{ p | form("p") }})\n\n'
        '# b\n{{ x | form(".0f", "x") }}%, {{ x | form(".1f", "x") }}, {{ x | form("d", "y") }}\n'
    )
    assert found.say("a", {"x": 41, "p": 0.0004}) == "41% (p < 0.001)"
    assert found.say("b", {"x": 41}) == "41%, 41.0, 41"
    assert found.numbers.told == ["x", "x"]


def test_a_section_that_is_not_shown_is_named(words):
    found = words("# a\nText.\n\n# b\nText.")
    found.say("a", {})
    assert found.unused() == [f"{FILE}, line 4: b is not shown"]


READING = (
    "# a\nholds: flow.max() > 100\nholds: flow.idxmax() == year and\n  flow.min() >= 0\nIt grows.\n"
)
FLOW = pd.Series({2001: 10, 2002: 120})


def test_a_reading_that_holds_is_said(words):
    found = words(READING)
    assert found.say("a", {"flow": FLOW, "year": 2002}) == "It grows."
    assert found.stale == []


@pytest.mark.parametrize(
    ("flow", "line", "fault"),
    [
        (FLOW - 50, 2, "expected flow.max() > 100, but flow.max() is 70"),
        (FLOW[::-1].set_axis([2001, 2002]), 3,
         "expected flow.idxmax() == year, but flow.idxmax() is 2001, year is 2002"),
        (FLOW - 11, 3, "expected flow.min() >= 0, but flow.min() is -1"),
        (FLOW.iloc[:0], 2, "expected flow.max() > 100, but flow.max() is nan"),
        (None, 2, """expected flow.max() > 100, but AttributeError("'NoneType' object has no"""),
    ],
)  # fmt: skip
def test_a_stale_reading_is_replaced_and_remembered_with_its_values(words, flow, line, fault):
    found = words(READING)
    said = found.say("a", {"flow": flow, "year": 2002})
    assert said.startswith(f"*A reading of these results no longer holds (a): {fault}")
    assert "It grows" not in said
    assert len(found.stale) == 1 and found.stale[0].startswith(f"{FILE}, line {line}: {fault}")


def test_a_reading_is_left_out_of_other_runs(words):
    found = words(READING, default=False)
    assert found.say("a", {"flow": FLOW - 50, "year": 2002}) == "" and found.stale == []


def table(name: str) -> str:
    return f"# table {name}\ntitle: T\nunit: US$\ncolumns:\n- year [Year]\n\n"


def test_figures_and_tables_have_the_numbers_that_their_names_and_places_give(words):
    found = words(FIGURE + "\n" + table("means") + table("t04_contrasts") + table("shares"))
    names = ["f01_x", "f05_of_another", "means", "t04_contrasts", "shares"]
    assert [found.ref(name) for name in names] == [
        "Figure 1", "Figure 5", "Table 3.1", "Table 4", "Table 3.2"
    ]  # fmt: skip


def test_columns_have_heads_forms_and_descriptions(words):
    text = (
        "# table means\ntitle: T\nunit: US$\ncolumns:\n- year [Year]\n- p [p; .3f]: two-sided p\n"
    )
    text += "- [Range; {low:+.0f} to {high:+.0f}]\n- low: lower end\n- * [; .1f]\n"
    found = words(text)
    columns = read_columns(found.section("means", "table"))
    assert [(c.name, c.head, c.form, c.text) for c in columns] == [
        ("year", "Year", "", ""),
        ("p", "p", ".3f", "two-sided p"),
        ("", "Range", "{low:+.0f} to {high:+.0f}", ""),
        ("low", None, "", "lower end"),
        ("*", "", ".1f", ""),
    ]
    section = found.section("means", "table")
    assert found.described(section, ["year", "p", "low"], {}) == {
        "year": "calendar year", "p": "two-sided p", "low": "lower end"
    }  # fmt: skip
    with pytest.raises(WordsError, match=r"line 1: means lists .*'low'\], found \['year'\]"):
        found.described(section, ["year"], {})


def test_a_column_that_nobody_describes_or_can_read_is_named(words):
    found = words("# table means\ntitle: T\nunit: US$\ncolumns:\n- height [H]\n")
    with pytest.raises(WordsError, match="line 1: means does not describe height"):
        found.described(found.section("means", "table"), ["height"], {})
    found = words("# table means\ntitle: T\nunit: US$\ncolumns:\n- year [Year]\nheight [H]\n")
    with pytest.raises(WordsError, match="line 6: expected - name"):
        read_columns(found.section("means", "table"))


def test_signs_of_numbers():
    printed = [formatted(v, f) for v, f in ((-0.3, ".0f"), (-0.04, ".1f"), (-0.05, ".2f"))]
    assert printed == ["0", "0.0", "-0.05"]
    assert formatted(0.2, "+.0f") == "0" and formatted(-10, "+d") == "-10"
    assert minus("-5 to -0.3, 2016-2020, 1997-07-24, sup-F") == (
        "−5 to −0.3, 2016-2020, 1997-07-24, sup-F"
    )


def test_lines_that_only_the_files_width_broke_are_joined():
    assert unwrapped("One\ntwo.\n\n- a\n  b\n- c\n") == "One two.\n\n- a b\n- c"


def test_no_p_is_printed_as_zero():
    assert [formatted(p, "p") for p in (0.0, 0.00099, 0.001, 0.0126, 1.0)] == [
        "< 0.001", "< 0.001", "0.001", "0.013", "1.000"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "said"), [(0, "none is."), (1, "1 is."), (2, "2 are."), ("12", "12 are.")]
)
def test_a_count_agrees_with_its_verb(words, count, said):
    text = '# a\n{{ n | or_none }} {{ n | agree("is", "are") }}.'
    assert words(text).say("a", {"n": count}).lower() == said


# Columns that are cut by the dates of eras.
CUT = {"era", "era_before", "transition"}
FILES = sorted(path.stem for path in (ROOT / FOLDER).glob("0*.md"))


@pytest.mark.parametrize("name", FILES)
def test_what_is_cut_by_eras_cites_where_their_dates_are_from(name):
    for section in read_sections(ROOT, name).values():
        published = section.kind in ("figure", "data") or section.name.startswith("t0")
        made_here = section.name == "data_eras"  # its dates are from the flows themselves
        if published and not made_here and CUT & {c.name for c in read_columns(section)}:
            sources = section.fields["sources"][0].text
            named = ("era_dates", "study.eras_file", "data/eras.csv")
            assert any(name in sources for name in named), section.name


@pytest.mark.parametrize("path", sorted((ROOT / FOLDER).glob("*.md")), ids=lambda path: path.stem)
def test_every_figure_has_a_headline_and_a_subtitle_without_a_full_stop(path):
    for section in read_sections(ROOT, path.stem).values():
        if section.kind == "figure":
            for name in ("headline", "subtitle"):
                (part,) = section.fields[name]
                assert not part.text.endswith("."), f"{section.name}, {name}"
