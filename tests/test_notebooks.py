"""The committed notebooks and outputs are what a rerun gives, and the checks can fail."""

import json
import re
import shutil
from pathlib import Path
from statistics import median

import pytest
from comparison import differences, pinned_platform, said, stale_cells
from conftest import OUT, ROOT, nbval

from oda_eras.stamps import read_json

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ON_REQUEST = sorted((ROOT / "notebooks/on_request").glob("*.ipynb"))
# How a notebook reads: lines of a code cell, characters of a line, share of code, code cells.
MEDIAN_LINES, MOST_LINES, WIDEST, LARGEST_SHARE, MOST_CELLS = 5, 25, 100, 0.40, 30


def cells(notebook):
    return json.loads(notebook.read_text(encoding="utf-8"))["cells"]


def faults(session, committed: Path, rebuilt: Path, exact: bool) -> list[str]:
    """Where committed notebooks and outputs are not what a rerun gives."""
    found = differences(committed / OUT, rebuilt / OUT, exact_figures=exact)
    for notebook in sorted((committed / "notebooks").glob("*.ipynb")):
        found += stale_cells(session, notebook, rebuilt / ".build/JPN" / notebook.name, exact)
    return found


def test_what_is_committed_is_what_a_rerun_gives(request, rebuilt):
    found = faults(request.session, ROOT, rebuilt, exact=pinned_platform())
    assert not found, "\n".join(found)


def test_every_reading_holds(rebuilt):
    stale = [read_json(rebuilt / f".build/JPN/{path.stem}.json")["stale"] for path in NOTEBOOKS]
    assert not any(stale), [line for lines in stale for line in lines]


def replace(file: str, old: str, new: str):
    """An edit of the first place where a text stands in a file."""

    def edit(root: Path) -> None:
        path = root / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} no longer holds {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def change(cell: str, **fields):
    """Give a cell of 02_measures other fields."""

    def edit(root: Path) -> None:
        path = root / MEASURES
        notebook = json.loads(path.read_text(encoding="utf-8"))
        (chosen,) = (c for c in notebook["cells"] if c["id"] == cell)
        chosen.update(fields)
        path.write_text(json.dumps(notebook), encoding="utf-8")

    return edit


def swap(old: str, new: str):
    """Put one file of the outputs in the place of another."""
    return lambda root: shutil.copy(root / OUT / new, root / OUT / old)


FIGURES = ("figures/f06_years_by_era.png", "figures/f01_flows_by_recipient.png")
SWAPPED = "a figure for another"
CLAIMS, MEASURES = "notebooks/08_claims.ipynb", "notebooks/02_measures.ipynb"
# what may go wrong with what is committed, and what is found then
CORRUPTIONS = {
    "a number in a cell": (
        replace(CLAIMS, "83.7%", "83.8%"), r"08_claims\.ipynb, cell 08-\d+ (shows|is not as)"
    ),
    "a word in an opening": (
        replace(CLAIMS, "**In short**", "**Briefly**"), r"08_claims\.ipynb, cell 08-02 is not as"
    ),
    "a word in Markdown": (
        replace(CLAIMS, "# 08 ", "# 8 "), r"08_claims\.ipynb, cell 08-01 is not as it ran"
    ),
    "a picture in a cell": (
        replace(MEASURES, '"image/png": "iVBOR', '"image/png": "iVBAR'),
        r"02_measures\.ipynb, cell 02-02 is not as it ran",
    ),
    "a cell not executed": (
        change("02-41", outputs=[], execution_count=None), r"02_measures\.ipynb, cell 02-41 "
    ),
    "a cell cleared": (change("02-41", outputs=[]), r"02_measures\.ipynb, cell 02-41 "),
    "a count cleared": (
        change("02-03", execution_count=None),
        r"02_measures\.ipynb, cell 02-03 is not (executed|as it ran)",
    ),
    SWAPPED: (swap(*FIGURES), f"{FIGURES[0]}: (the bytes|looks|the size)"),
    "a value in a table": (
        replace(f"{OUT}/data/totals.csv", "1992,", "1892,"), r"data/totals\.csv: row 2 is '1892,"
    ),
    "a word in a caption": (
        replace(f"{OUT}/figures/f05_with_without_uzbekistan.md", "Figure 5", "Figure 6"),
        r"figures/f05_\w+\.md: row 5",
    ),
    "a number for the text": (
        replace(f"{OUT}/numbers.json", '"text": "', '"text": "1'), r"numbers\.json: row \d+ is"
    ),
    "a table gone": (
        lambda root: (root / OUT / "data/totals.csv").unlink(),
        r"data/totals\.csv: made, but not committed",
    ),
    "a table that nothing makes": (
        lambda root: (root / OUT / "data/mine.csv").write_text("a\n1\n"),
        r"data/mine\.csv: committed, but no notebook makes it",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("corruption", "exact"), [*((each, True) for each in CORRUPTIONS), (SWAPPED, False)]
)
def test_a_corruption_is_caught(request, rebuilt, tmp_path, corruption, exact):
    """It is found where figures must match to the byte, a figure to the eye too; no other is."""
    corrupt, message = CORRUPTIONS[corruption]
    for folder in ("notebooks", OUT):
        shutil.copytree(rebuilt / folder, tmp_path / folder)
    corrupt(tmp_path)
    found = faults(request.session, tmp_path, rebuilt, exact)
    assert found and all(re.search(message, fault) for fault in found), found


def test_nbval_catches_a_changed_number_and_nothing_else(chain):
    notebook = chain / CLAIMS
    replace(CLAIMS, "83.7%", "83.8%")(chain)
    assert "83.7%" not in notebook.read_text(encoding="utf-8")
    result = nbval(chain, notebook)
    assert result.returncode == 1
    assert len(re.findall(r"^FAILED .*08_claims\.ipynb::Cell \d+", result.stdout, re.M)) == 1


@pytest.mark.parametrize("notebook", [*NOTEBOOKS, *ON_REQUEST], ids=lambda path: path.stem)
class TestResults:
    def test_every_code_cell_is_executed_in_order(self, notebook):
        counts = [c["execution_count"] for c in cells(notebook) if c["cell_type"] == "code"]
        assert counts == list(range(1, len(counts) + 1))

    def test_no_error_and_no_warning_is_stored(self, notebook):
        for number, cell in enumerate(cells(notebook), start=1):
            for output in cell.get("outputs", []):
                bad = output["output_type"] == "error" or output.get("name") == "stderr"
                assert not bad, f"{notebook.name}, cell {number}: {output}"

    def test_the_answer_comes_first(self, notebook):
        answer = said(cells(notebook)[1])
        assert answer.startswith("**In short**")
        assert 2 <= answer.count("\n- ") <= 4 and len(re.findall(r"\d", answer)) > 2

    def test_nbval_compares_all_but_the_opening(self, notebook):
        tagged = [
            "".join(cell["source"])
            for cell in cells(notebook)
            if any(tag.startswith("nbval-") for tag in cell["metadata"].get("tags", []))
        ]
        assert len(tagged) == 1 and "\nopening(" in tagged[0]


@pytest.mark.parametrize("notebook", [*NOTEBOOKS, *ON_REQUEST], ids=lambda path: path.stem)
class TestManners:
    def test_opens_with_the_question(self, notebook):
        title, opening, parameters, *_ = cells(notebook)
        heading, question = "".join(title["source"]).strip().split("\n\n")
        assert re.match(rf"# {notebook.stem.partition('_')[0]}\b", heading, re.IGNORECASE)
        assert question.endswith("?") and question.count("?") == 1
        assert "\nopening(" in "".join(opening["source"])
        assert parameters["metadata"]["tags"] == ["parameters"]
        source = "".join(parameters["source"])
        assert 'donor = "JPN"' in source and 'outputs = "outputs/' in source

    def test_closes_with_limits_checks_outputs_and_a_link(self, notebook):
        text = "\n".join("".join(cell["source"]) for cell in cells(notebook))
        limits, checks = text.find("## What this does not show"), text.find("## Checks and outputs")
        assert 0 < limits < checks
        assert re.search(r"assert .*nb\.in_short\(.*nb\.publish\(\)", text[checks:], re.DOTALL)
        assert re.search(r"\]\((\.\./)?\d\d_\w+\.ipynb\)", "".join(cells(notebook)[-1]["source"]))

    def test_reads_like_an_article(self, notebook):
        code = [c for c in cells(notebook) if c["cell_type"] == "code"]
        sources = ["".join(cell["source"]) for cell in code]
        lines = [sum(bool(line.strip()) for line in source.splitlines()) for source in sources]
        assert len(code) <= MOST_CELLS
        assert median(lines) <= MEDIAN_LINES and max(lines) <= MOST_LINES, lines
        wide = [line for source in sources for line in source.splitlines() if len(line) > WIDEST]
        assert not wide
        typed, prose = sum(map(len, sources)), sum(len(said(cell)) for cell in cells(notebook))
        assert typed / (typed + prose) <= LARGEST_SHARE

    def test_plumbing_is_folded_and_no_cell_branches(self, notebook):
        for cell in cells(notebook):
            source = "".join(cell["source"])
            if cell["cell_type"] != "code":
                continue
            plumbing = re.search(r"^(from|import) |opening\(|\.publish\(\)", source, re.MULTILINE)
            assert bool(plumbing) == bool(cell["metadata"].get("jupyter")), cell["id"]
            assert not re.search(r"\bif\b|^\s*(def|for|while|class) ", source, re.MULTILINE), cell[
                "id"
            ]

    def test_links_lead_somewhere(self, notebook):
        for cell in cells(notebook):
            for target in re.findall(r"\]\(([^)#]+)\)", "".join(cell["source"])):
                if cell["cell_type"] == "markdown" and "://" not in target:
                    assert (notebook.parent / target).exists(), f"{notebook.name}: {target}"
