"""What a notebook does in one line: say, show tables and figures, publish."""

import io
import json

import nbformat
import pandas as pd
import pytest
from matplotlib import image as mpimg
from nbclient import NotebookClient
from PIL import Image, ImageChops
from pypdf import PdfReader

from oda_eras import figures, notebook
from oda_eras.notebook import Notebook
from oda_eras.study import LEVEL, StudyError
from oda_eras.words import WordsError

WORDS = """# peak
The flow peaks at {{ top | number("peak", ".0f", "million", "largest flow") }} million.

# grows
holds: top > 1
It grows, up to {{ top | form(".1f") }}.

# data t
title: Flows of {{ donor }}
sources: wdi_net_oda_by_donor
columns:
- year
- usd_million: US$ million
- name: a name

# table means
title: Means of {{ donor }}
unit: US$ million
columns:
- recipient [Recipient]
- mean [Mean; .1f]
empty: Nothing was given.

# table t01_x
title: Flows
unit: US$ million
columns:
- recipient [Recipient]: recipient
- mean [Mean; .1f]: mean flow
- low: lower end
note: A note.
sources: wdi_net_oda_by_donor

# figure f05_x
question: Who has it?
caption: Net ODA from {{ donor }}, {{ top | form(".0f") }} at most.
alt: A line that rises to {{ top | form(".0f") }}.
sources: wdi_net_oda_by_donor, dac2a_grants_by_donor, wdi_net_oda_by_donor
columns:
- year
- with_uzbekistan: all
- without_uzbekistan: the others
empty: there is no other recipient.

# figure f06_y
question: And then?
caption: The same.
alt: The same line.
sources: wdi_net_oda_by_donor
"""
FRAME = pd.DataFrame({"year": [2019, 2020], "usd_million": [1.25, None], "name": ["a", "b"]})
MEANS = pd.DataFrame({"recipient": ["KAZ", "all"], "mean": [-0.04, 2.55], "low": [-1.0, None]})
TOTALS = pd.DataFrame(
    {"year": [2019, 2020], "with_uzbekistan": [1.0, 2.0], "without_uzbekistan": [0.5, -0.5]}
)


@pytest.fixture
def root(project, monkeypatch):
    (project / "notebooks/words/03_patterns.md").write_text(WORDS)
    monkeypatch.chdir(project / "notebooks")
    return project


@pytest.fixture
def shown(monkeypatch) -> list[dict]:
    """Everything that is displayed, in order: thing, text where it is Markdown, options."""
    found: list[dict] = []

    def keep(thing, **options):
        found.append({"thing": thing, "text": getattr(thing, "data", ""), **options})

    monkeypatch.setattr(notebook, "show", keep)
    return found


@pytest.fixture
def nb(root, shown) -> Notebook:
    return Notebook("03_patterns", "outputs/DEU")


def everything(nb: Notebook) -> None:
    """Show all that the words have."""
    nb.in_short("peak", "grows", top=2.0)
    nb.save("t", FRAME)
    nb.table("means", MEANS)
    nb.table("t01_x", MEANS)
    nb.figure("f05_x", figures.total_with_and_without(TOTALS), TOTALS, top=2.0)
    nb.figure("f06_y", figures.total_with_and_without(TOTALS), "t")


def test_nothing_appears_before_the_end(nb, shown):
    nb.save("t", FRAME)
    folder = nb.root / "outputs/DEU"
    assert not (folder / "data/t.csv").exists()
    nb.publish()
    assert (folder / "data/t.csv").read_text() == "year,usd_million,name\n2019,1.25,a\n2020,,b\n"
    assert shown[-1]["text"] == (
        "Reads `data/donors.csv`, `data/sources.yml`.\n\nWrites, in `outputs/DEU/`: `data/t`."
    )


def test_a_run_that_leaves_everything_out_says_that_it_writes_nothing(nb, shown):
    nb.publish()
    assert shown[-1]["text"].endswith("Writes, in `outputs/DEU/`: nothing.")


def test_the_fragment_tells_reads_numbers_and_outputs(nb):
    nb.read_project("data/eras.csv")
    everything(nb)
    nb.publish()
    fragment = json.loads(nb.staging.fragment_file.read_text())
    words = ["notebooks/words/03_patterns.md", "notebooks/words/shared.md"]
    assert fragment["reads"] == [
        "data/donors.csv", "data/eras.csv", "data/sources.yml", *words
    ]  # fmt: skip
    assert fragment["outputs"]["outputs/DEU/data/t.csv"]["fields"][1] == {
        "name": "usd_million", "type": "number", "description": "US$ million"
    }  # fmt: skip
    assert fragment["numbers"] == {
        "peak": {
            "value": 2, "text": "2", "unit": "million", "meaning": "largest flow", "in_short": True
        }
    }  # fmt: skip
    assert fragment["stale"] == []
    figure = fragment["outputs"]["outputs/DEU/figures/f06_y.pdf"]
    assert figure["data"] == "data/t.csv"


def test_a_parameter_of_another_run_is_refused(root):
    with pytest.raises(StudyError, match="donor is 'DEU', but outputs/JPN is the run with 'JPN'"):
        Notebook("03_patterns", "outputs/JPN", donor="DEU")


def test_missing_inputs_say_what_to_do(nb):
    with pytest.raises(FileNotFoundError, match=r"outputs/DEU/data/panel\.csv is not there: run"):
        nb.read("panel")


def test_undescribed_columns_and_unknown_sources_are_refused(root):
    nb = Notebook("03_patterns", "outputs/DEU")
    with pytest.raises(WordsError, match=r"line 8: t lists .* found"):
        nb.save("t", FRAME.assign(extra=1))
    path = root / "notebooks/words/03_patterns.md"
    path.write_text(WORDS.replace("sources: wdi_net_oda_by_donor\ncol", "sources: hearsay\ncol", 1))
    with pytest.raises(ValueError, match=r"no such source in data/sources\.yml: .'hearsay'"):
        Notebook("03_patterns", "outputs/DEU").save("t", FRAME)


def test_a_section_that_the_default_run_does_not_show_is_refused(root, shown):
    nb = Notebook("03_patterns", "outputs/JPN")
    everything(nb)
    nb.publish()
    nb = Notebook("03_patterns", "outputs/JPN")
    nb.save("t", FRAME)
    with pytest.raises(ValueError, match=r"03_patterns\.md, line 1: peak is not shown; .*line 4"):
        nb.publish()


def test_the_answer_has_a_bullet_for_each_section_that_holds(root, shown):
    Notebook("03_patterns", "outputs/JPN").in_short("peak", "grows", top=2.0)
    assert shown[-1]["text"] == (
        "**In short**\n\n- The flow peaks at 2 million.\n- It grows, up to 2.0."
    )
    assert shown[-1]["display_id"] == notebook.ANSWER and shown[-1]["update"]
    Notebook("03_patterns", "outputs/DEU").in_short("peak", "grows", top=2.0)
    assert shown[-1]["text"] == "**In short**\n\n- The flow peaks at 2 million."
    with pytest.raises(ValueError, match="in_short is given low, used by no section"):
        Notebook("03_patterns", "outputs/DEU").in_short("peak", top=2.0, low=1)


def test_a_stale_reading_does_not_stop_the_notebook(root, shown):
    nb = Notebook("03_patterns", "outputs/JPN")
    nb.say("grows", top=0.5)
    assert shown[-1]["text"].startswith("*A reading of these results no longer holds (grows): ")
    for name in nb.words.sections:
        nb.words.used.add(name)
    nb.publish()
    (line,) = json.loads(nb.staging.fragment_file.read_text())["stale"]
    assert line.endswith("03_patterns.md, line 5: expected top > 1, but top is 0.5")


def test_a_table_is_shown_with_number_title_and_names(nb, shown):
    nb.table("means", MEANS)
    title, table = shown[-1]["text"].split("\n\n")
    assert title == "**Table 3.1. Means of Germany (US$ million)**"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert rows[0] == ["Recipient", "Mean"]
    assert rows[2:] == [["Kazakhstan", "0.0"], ["All five", "2.5"]]
    nb.table("means", MEANS[:0])
    assert shown[-1]["text"].endswith("**\n\nNothing was given.")
    assert not nb.staging.staged


def test_a_published_table_comes_with_title_note_and_source(nb, shown):
    nb.table("t01_x", MEANS, shown=MEANS[:1])
    folder = nb.staging.folder / "tables"
    assert (folder / "t01_x.csv").read_text() == "recipient,mean,low\nKAZ,-0.04,-1.0\nall,2.55,\n"
    title, table, note, source, keys = (folder / "t01_x.md").read_text().split("\n\n")
    assert title == "**Table 1. Flows (US$ million)**" and "All five" not in table
    assert note == "Note: A note."
    assert source.startswith("Source: World Bank") and "01a34e8b" in source
    assert keys == "Keys: wdi_net_oda_by_donor.\n"
    latex = (folder / "t01_x.tex").read_text()
    assert latex.startswith("% needs") and "\\label{tab:t01-x}" in latex and "A note." in latex


def test_codes_can_be_given_names(nb, shown):
    nb.call(pd.Series(["KAZ"]), pd.Series(["The Kazakhs"]))
    nb.table("means", MEANS)
    assert "The Kazakhs" in shown[-1]["text"]
    assert nb.named("KAZ to UZB") == "The Kazakhs to Uzbekistan"
    assert nb.named("grants, gross_loans, loans_net") == "grants, gross loans, net loans"


@pytest.mark.parametrize(("outputs", "given"), [("outputs/JPN", True), ("outputs/DEU", False)])
def test_words_know_whose_eras_are_given_and_the_level(root, shown, outputs, given):
    known = Notebook("03_patterns", outputs).words.known
    assert known["given_eras"] is given and known["level"] == LEVEL
    assert known["era_dates"] == ("data/eras.csv" if given else "")


def test_an_opening_without_a_figure_holds_no_place_for_one(shown):
    notebook.opening(figure=False)
    assert [place["display_id"] for place in shown] == [notebook.ANSWER]


def test_a_figure_comes_at_its_size_with_all_that_belongs_to_it(nb):
    drawn = figures.total_with_and_without(TOTALS)
    nb.figure("f05_x", drawn, TOTALS, top=2.0)
    folder = nb.staging.folder / "figures"
    kinds = {p.suffix for p in folder.iterdir() if p.is_file()}
    assert kinds == {".pdf", ".svg", ".png", ".csv", ".md", ".txt"}
    # two pixels for each of the 360 that a narrow screen counts
    assert mpimg.imread(folder / "phone/f05_x.webp").shape[1] == 2 * 360
    height, width, _ = mpimg.imread(folder / "f05_x.png").shape
    assert abs(width - 85 / 25.4 * 300) <= 1 and abs(height - 65 / 25.4 * 300) <= 1
    assert b"/FontFile2" in (folder / "f05_x.pdf").read_bytes()  # TrueType, embedded
    assert "<text" in (folder / "f05_x.svg").read_text()
    assert (folder / "f05_x.txt").read_text() == "A line that rises to 2.\n"


HEADED = WORDS.replace(
    "question: And then?",
    "question: And then?\nheadline: Aid peaked at {{ top }}\nsubtitle: Net ODA, US$ million",
)


def test_a_figure_with_a_headline_has_a_print_variant_without(root, shown):
    (root / "notebooks/words/03_patterns.md").write_text(HEADED)
    kept = []
    for _ in range(2):
        nb = Notebook("03_patterns", "outputs/DEU")
        drawn = figures.total_with_and_without(TOTALS)
        nb.figure("f05_x", figures.total_with_and_without(TOTALS), TOTALS, top=2.0)
        nb.save("t", FRAME)
        nb.figure("f06_y", drawn, "t", top=2)
        folder = nb.staging.folder / "figures"
        names = ["f06_y.pdf", "f06_y.svg", "f06_y.png", "print/f06_y.pdf", "phone/f06_y.webp"]
        kept.append({name: (folder / name).read_bytes() for name in names})
    assert kept[0] == kept[1]
    assert not (folder / "print/f05_x.pdf").exists()
    said, page = {}, {}
    for name in ("f06_y.pdf", "print/f06_y.pdf"):
        [sheet] = PdfReader(folder / name).pages
        said[name], page[name] = sheet.extract_text(), [float(edge) for edge in sheet.mediabox]
    assert "Aid peaked at 2" in said["f06_y.pdf"] and "Net ODA, US$" in said["f06_y.pdf"]
    assert "Aid" not in said["print/f06_y.pdf"] and "Source" in said["print/f06_y.pdf"]
    assert page["print/f06_y.pdf"][2] == page["f06_y.pdf"][2]
    assert page["print/f06_y.pdf"][3] == pytest.approx(65 / 25.4 * 72, abs=0.1)
    assert page["f06_y.pdf"][3] > page["print/f06_y.pdf"][3]
    assert nb.staging.staged["figures/print/f06_y.pdf"] == {"data": "data/t.csv"}
    about = (folder / "f06_y.md").read_text()
    assert about.startswith("Aid peaked at 2\n\nNet ODA, US$ million\n\n**Figure 6. And then?**")
    assert 'id="headline"' in (folder / "f06_y.svg").read_text()


def test_a_headline_needs_a_subtitle(root, shown):
    path = root / "notebooks/words/03_patterns.md"
    path.write_text(HEADED.replace("subtitle: Net ODA, US$ million\n", ""))
    nb = Notebook("03_patterns", "outputs/DEU")
    nb.save("t", FRAME)
    with pytest.raises(WordsError, match="f06_y has one of headline and subtitle"):
        nb.figure("f06_y", figures.total_with_and_without(TOTALS), "t", top=2)


def test_footer_and_caption_cite_the_same_sources(nb, shown):
    drawn = figures.total_with_and_without(TOTALS)
    nb.figure("f05_x", drawn, TOTALS, top=2.0)
    footer = drawn.texts[-1].get_text().replace("\n", " ")
    about = (nb.staging.folder / "figures/f05_x.md").read_text()
    title, caption, source, keys, data = about.strip().split("\n\n")
    assert title == "**Figure 5. Who has it?**" and data == "Data: figures/f05_x.csv."
    assert keys == "Keys: wdi_net_oda_by_donor, dac2a_grants_by_donor."
    assert caption == "Net ODA from Germany, 2 at most."
    for text in (footer, source, shown[-1]["text"]):
        assert [text.count(code) for code in ("DC.DAC", "DAC2a")] == [1, 1]
    short = "World Bank: DC.DAC.*L.CD (series to 2023); OECD DAC: DAC2a (2024-12)"
    assert shown[-1]["text"] == f"**Figure 5.** {caption} Source: {short}."
    assert "01a34e8b" in source


def test_a_figure_is_displayed_with_its_alt_text_and_name(nb, shown):
    drawn = figures.total_with_and_without(TOTALS)
    nb.figure("f05_x", drawn, TOTALS, top=2.0)
    assert shown[-2]["thing"].alt == "A line that rises to 2."
    assert shown[-2]["metadata"] == {"figure": "f05_x"}
    saved = Image.open(nb.staging.folder / "figures/f05_x.png")
    picture = Image.open(io.BytesIO(shown[-2]["thing"].data))
    assert picture.size == tuple(round(pixels * 110 / 300) for pixels in saved.size)
    small = saved.convert("RGB").resize(picture.size, Image.Resampling.HAMMING)
    assert ImageChops.difference(picture, small).getbbox() is None


def test_the_data_of_a_figure_by_name_must_be_published_here(nb):
    drawn = figures.total_with_and_without(TOTALS)
    with pytest.raises(WordsError, match=r"f06_y plots data/t\.csv, which this notebook does not"):
        nb.figure("f06_y", drawn, "t")
    nb.save("t", FRAME)
    nb.figure("f06_y", drawn, "t")
    assert "figures/f06_y.csv" not in nb.staging.staged
    assert (nb.staging.folder / "figures/f06_y.md").read_text().endswith("Data: data/t.csv.\n")


def test_a_figure_that_a_run_lacks_says_why(nb, shown):
    nb.figure("f05_x", None, TOTALS, top=2.0)
    assert shown[-1]["text"] == "No Figure 5: There is no other recipient."
    assert not nb.staging.staged


def test_outside_a_notebook_nothing_is_printed(root, capsys):
    notebook.opening()
    nb = Notebook("03_patterns", "outputs/DEU")
    everything(nb)
    nb.say("grows", top=2.0)
    nb.publish()
    assert capsys.readouterr().out == ""
    assert (root / "outputs/DEU/figures/f05_x.pdf").is_file()


def test_the_opening_is_filled_in_at_the_end(root, monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)  # as in a notebook, where figures are shown
    cells = [
        "from oda_eras.notebook import Notebook, opening\nopening()",
        "import pandas as pd\nfrom oda_eras import figures\n"
        "nb = Notebook('03_patterns', 'outputs/DEU')\n"
        f"totals = pd.DataFrame({TOTALS.to_dict('list')})\n"
        "drawn = figures.total_with_and_without(totals)\n"
        "nb.figure('f05_x', drawn, totals, opening=True, top=2.0)",
        "nb.in_short('peak', top=2.0)\nnb.publish()",
    ]
    executed = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    NotebookClient(executed, resources={"metadata": {"path": str(root / "notebooks")}}).execute()
    short, figure, caption = executed.cells[0].outputs
    assert short.data["text/markdown"] == "**In short**\n\n- The flow peaks at 2 million."
    assert figure.data["image/png"]
    assert figure.metadata["image/png"]["alt"] == "A line that rises to 2."
    assert figure.metadata["figure"] == "f05_x"
    assert caption.data["text/markdown"].startswith("**Figure 5.** Net ODA from Germany")
    assert executed.cells[1].outputs == []
