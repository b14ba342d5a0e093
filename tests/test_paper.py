"""The example paper: from the outputs alone, the same in both formats, the same twice."""

import json
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import jinja2
import pypandoc
import pytest
import yaml
from conftest import OUT, ROOT
from jinja2 import nodes
from pypdf import PdfReader

from oda_eras.bench import copy_tree
from oda_eras.naming import label
from oda_eras.page import read_caption
from oda_eras.paper import (
    CALLS,
    SHOWN,
    TEXT,
    PaperError,
    Shipped,
    build,
    environment,
    render,
    shown,
)
from oda_eras.sources import load_sources
from oda_eras.verify import problems

SOURCE = (ROOT / TEXT).read_text(encoding="utf-8")
FIGURES, TABLES = (
    [name for name in SHOWN.findall(SOURCE) if name.startswith(kind)] for kind in ("f", "t")
)
# A year, a span of years or a day's year; a name that holds a digit.
ALLOWED = re.compile(r"\b(199\d|20[0-2]\d|2030)(-(199\d|20[0-2]\d|2030)|s)?\b|\bDAC[12]a?\b")


def digits(text: str) -> list[str]:
    """Numbers in a text that are neither years nor parts of names."""
    return re.findall(r"\S*\d\S*", ALLOWED.sub("", text))


def words(text: str) -> str:
    """A text as one line, whatever it was broken or spaced with, apostrophes straight."""
    return re.sub(r"\s+", " ", text.replace("\u00ad", "").replace("\u2019", "'"))


def unbroken(text: str) -> str:
    """A text without what a line break may put into it."""
    return re.sub(r"[\s-]", "", text)


def pdf_text(path: Path) -> str:
    return words(" ".join(page.extract_text() for page in PdfReader(path).pages))


def word_text(path: Path) -> str:
    with zipfile.ZipFile(path) as docx:
        document = ElementTree.fromstring(docx.read("word/document.xml"))
    w = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    return words(
        "\n".join("".join(t.text for t in p.iter(f"{w}t")) for p in document.iter(f"{w}p"))
    )


def word_tree(path: Path) -> dict:
    return json.loads(pypandoc.convert_file(path, "json", format="docx"))


def found(tree, kind: str) -> list:
    """Every node of a kind in pandoc's tree, in order."""
    if isinstance(tree, list):
        return [node for part in tree for node in found(part, kind)]
    if not isinstance(tree, dict):
        return []
    own = [tree] if tree.get("t") == kind else []
    return own + found(list(tree.values()), kind)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, Path]:
    """The paper in both formats, built from the committed outputs in a scratch copy."""
    root = copy_tree(tmp_path_factory.mktemp("paper") / "project")
    return {"root": root} | {kind: build(root, OUT, kind) for kind in ("pdf", "docx")}


def test_the_text_types_no_number():
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", SOURCE, flags=re.DOTALL)
    text = re.sub(r"\[@[^\]]*\]|@\w+", "", text)  # keys of the bibliography
    assert digits(text) == []


@pytest.mark.parametrize(
    "typed", ["a peak of 384 million", "a rise of +48%", "p = 0.55", "in 1989", "3,111 million"]
)
def test_a_typed_number_would_be_found(typed):
    assert digits(typed)
    assert not digits("in 2016-2020, the 1990s, after 2014, from DAC2a and DAC1")


def test_what_the_text_computes_is_taken_from_the_outputs():
    tree = environment().parse(SOURCE)
    for output in tree.find_all(nodes.Output):
        for node in output.nodes:
            while isinstance(node, nodes.Filter):
                node = node.node
            plain = isinstance(node, nodes.TemplateData)
            assert plain or (isinstance(node, nodes.Call) and node.node.name in CALLS), node
    for call in tree.find_all(nodes.Call):
        if call.node.name == "table":
            heads = [pair.value.items[0].value for pair in call.args[1].items]
            part = [k.value.value for k in call.kwargs if k.key == "part"]
            assert digits(" ".join(heads + part)) == []


def test_length_fonts_and_references(made):
    reader = PdfReader(made["pdf"])
    assert 4 <= len(reader.pages) <= 6
    text = pdf_text(made["pdf"])
    assert "??" not in text and "[@" not in text and "{{" not in text
    for page in reader.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            for descendant in font.get_object()["/DescendantFonts"]:
                about = descendant.get_object()["/FontDescriptor"]
                assert {"/FontFile2", "/FontFile3"} & set(about), font
    sources = load_sources(ROOT)
    assert set(sources) <= set(re.findall(r"@(\w+)", SOURCE))  # all are in the bibliography
    for entry in yaml.safe_load((ROOT / "paper" / "literature.yaml").read_text())["references"]:
        assert unbroken(entry["title"]) in unbroken(text)
    for entry in sources.values():
        for fact in (entry["vintage"], entry["code"]):
            assert unbroken(fact) in unbroken(text)


def test_the_same_bytes_twice(made):
    for kind in ("pdf", "docx"):
        before = made[kind].read_bytes()
        assert build(made["root"], OUT, kind).read_bytes() == before


def test_what_is_made_on_request_is_no_stray(made):
    assert problems(made["root"], OUT) == []


def test_every_figure_and_table_is_there(made):
    assert 4 <= len(FIGURES) <= 5 and len(TABLES) == 3
    text = pdf_text(made["pdf"])
    tree = word_tree(made["docx"])
    images = found(tree, "Image")
    alts = [words("".join(n.get("c", " ") for n in image["c"][1])) for image in images]
    assert len(images) == len(FIGURES)
    assert len(found(tree, "Table")) == len(TABLES)
    plain = word_text(made["docx"])
    for position, name in enumerate(FIGURES):
        about = read_caption(ROOT / OUT / "figures" / f"{name}.md")
        # the number that it has everywhere; what is printed without a headline gets it here
        title, caption = f"{label(name)}. {about.headline}.", words(f"{about.caption} Sources: [")
        assert unbroken(f"{title} {caption[:60]}") in unbroken(text)
        assert about.heading.startswith(f"{label(name)}. ")
        assert f"{about.heading} {caption}" in plain
        rest = [about.headline, about.subtitle, about.source, about.data, ", ".join(about.keys)]
        assert not [part for part in rest if part in plain]
        alt = words((ROOT / OUT / "figures" / f"{name}.txt").read_text(encoding="utf-8"))
        assert alts[position] == alt.strip()
    for name in TABLES:
        about = (ROOT / OUT / "tables" / f"{name}.md").read_text(encoding="utf-8")
        title, _, note, *_ = about.strip().split("\n\n")
        title = title.strip("*")
        assert title.startswith(f"{label(name)}. ")
        assert unbroken(title[:60]) in unbroken(text) and title in plain
        assert words(note) in plain and "Keys: " not in plain
    links = {
        link["c"][2][0].removeprefix("#"): words("".join(n.get("c", " ") for n in link["c"][1]))
        for link in found(tree, "Link")
        if link["c"][2][0].removeprefix("#") in {*FIGURES, *TABLES}
    }
    assert links == {name: label(name) for name in [*FIGURES, *TABLES]}
    assert "`" not in plain


def test_numbers_in_tables_have_minus_signs_and_zero_has_none():
    assert [shown(value, "{:.0f}") for value in (-25.4, -0.3, 0.3)] == ["−25", "0", "0"]
    assert shown(-0.004, "{:+.2f}") == "0.00" and shown(-0.04, "{:.2f}") == "−0.04"
    assert shown("1997-07-24", "{}") == "1997-07-24" and shown(None, "{}") == "–"


def test_the_pdf_carries_alt_text(made):
    reader = PdfReader(made["pdf"])
    alts = set()
    for number in range(1, len(reader.xref[0]) + 1):
        thing = reader.get_object(number)
        if isinstance(thing, dict) and "/Alt" in thing:
            alts.add(words(str(thing["/Alt"])))
    for name in FIGURES:
        alt = (ROOT / OUT / "figures" / f"{name}.txt").read_text(encoding="utf-8")
        assert words(alt).strip() in alts


def test_both_formats_say_the_same(made):
    """Same headings, and the same text between them but for the names of figures."""
    tree = word_tree(made["docx"])
    heads = ["".join(n.get("c", " ") for n in head["c"][2]) for head in found(tree, "Header")]
    assert heads == re.findall(r"^# (.+)$", SOURCE, flags=re.MULTILINE)
    texts = [render(ROOT, OUT, kind) for kind in ("pdf", "docx")]
    floats = r"```\{=typst\}\n#figure.*?<\w+>\n```|^!\[.*?$|^\|.*?^::: .*?^:::$"
    prose = [re.sub(floats, "", text, flags=re.DOTALL | re.MULTILINE) for text in texts]
    assert words(prose[0]) == words(prose[1])


def test_a_changed_number_changes_both(made):
    root = made["root"]
    path = root / OUT / "numbers.json"
    intact = path.read_text(encoding="utf-8")
    numbers = json.loads(intact)
    assert "987 million" not in pdf_text(made["pdf"])
    numbers["peak_total"]["text"] = "987"
    path.write_text(json.dumps(numbers), encoding="utf-8")
    try:
        assert "987 million" in pdf_text(build(root, OUT, "pdf"))
        assert "987 million" in word_text(build(root, OUT, "docx"))
    finally:
        path.write_text(intact, encoding="utf-8")
        build(root, OUT, "pdf"), build(root, OUT, "docx")


@pytest.fixture
def shipped() -> Shipped:
    return Shipped(ROOT, OUT, SOURCE, "pdf")


@pytest.mark.parametrize(
    ("call", "arguments", "where", "message"),
    [
        ("number", ["peak"], {}, r"no number 'peak' in numbers\.json; there are: .*peak_total"),
        ("figure", ["f99_none"], {}, r"figures holds no f99_none\.md; there are: f01_flows"),
        ("table", ["t99_none", {}], {}, r"no table t99_none in tables/; there are: t01_sources"),
        (
            "cell",
            ["data/none", "p"],
            {},
            r"no table none in data/; there are: agreements, article_figures",
        ),
        ("cell", ["data/totals", "sum"], {"year": 2019}, r"no column 'sum'; there are: year, with"),
        ("cell", ["data/totals", "year"], {"years": 2019}, r"no column 'years'; there are: year"),
        ("cell", ["data/totals", "year"], {"year": 2050}, r"no row with year .*there are: 1992"),
        ("cell", ["data/totals", "year"], {}, r"rows of data/totals fit .*, expected one"),
        ("ref", ["f16_rank"], {}, r"does not show it; it shows: f05_with_without"),
    ],
)
def test_what_is_missing_is_named(shipped, call, arguments, where, message):
    with pytest.raises(PaperError, match=message):
        getattr(shipped, call)(*arguments, **where)


def test_an_empty_cell_is_no_number(shipped):
    where = {"boundary": "majority", "lag": 0, "era_before": "E4"}
    with pytest.raises(PaperError, match="leaves p empty where"):
        shipped.cell("tables/t04_contrasts", "p", **where)


def test_an_unknown_name_stops_the_text():
    with pytest.raises(jinja2.UndefinedError, match="numbr"):
        environment().from_string('{{ numbr("peak_total") }}').render()


def test_literature_has_only_what_the_project_gives():
    given = " ".join(
        path.read_text(encoding="utf-8")
        for pattern in ("src/oda_eras/*.py", "notebooks/*.ipynb", "notebooks/words/*.md")
        for path in ROOT.glob(pattern)
    )
    given = words(given)
    entries = yaml.safe_load((ROOT / "paper" / "literature.yaml").read_text(encoding="utf-8"))
    for entry in entries["references"]:
        place = f"{entry['container-title']} {entry['volume']}, {entry['page']}"
        assert place in given, place
        before = given[: given.index(place)][-120:]
        assert str(entry["issued"]["date-parts"][0][0]) in before
        for author in entry["author"]:
            assert (author.get("family") or author["literal"]) in before
        assert set(entry) == {
            "id", "type", "author", "issued", "title", "container-title", "volume", "page"
        }  # fmt: skip
        assert f"@{entry['id']}" in SOURCE, f"{entry['id']} is not cited"


def test_word_styles_and_no_path_of_this_machine(made):
    with zipfile.ZipFile(made["docx"]) as docx:
        document = docx.read("word/document.xml").decode()
        everything = b"".join(docx.read(name) for name in docx.namelist())
    assert 'w:pStyle w:val="TableNote"' in document and 'w:w="11906"' in document
    for folder in (ROOT, made["root"]):
        assert str(folder).encode() not in everything
        assert str(folder).encode() not in made["pdf"].read_bytes()


def test_no_rounded_number_is_a_bound():
    assert not re.search(r"\}\} (times )?or (less|more)", (ROOT / TEXT).read_text(encoding="utf-8"))
