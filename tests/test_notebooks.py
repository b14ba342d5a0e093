"""The committed notebooks and outputs are what a rerun gives, and the checks can fail."""

import json
import re
import shutil
from statistics import median

import pytest
from comparison import differences, pinned_platform
from conftest import OUT, ROOT, nbval, unexecuted

from oda_eras.accept import normalise
from oda_eras.stamps import read_json

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# How a notebook reads: lines of a code cell, characters of a line, share of code, code cells.
MEDIAN_LINES, MOST_LINES, WIDEST, LARGEST_SHARE, MOST_CELLS = 5, 25, 100, 0.40, 30


def cells(notebook):
    return json.loads(notebook.read_text(encoding="utf-8"))["cells"]


def said(cell) -> str:
    """Prose that a reader sees of a cell, rows of tables left out."""
    if cell["cell_type"] == "markdown":
        return "".join(cell["source"])
    shown = ["".join(o.get("data", {}).get("text/markdown", "")) for o in cell["outputs"]]
    return "\n".join(line for text in shown for line in text.splitlines() if line[:1] != "|")


def test_stored_outputs_are_what_a_rerun_gives(rebuilt):
    _, result = rebuilt
    assert result.returncode == 0, result.stdout[-4000:]


def test_committed_outputs_are_what_a_rerun_gives(rebuilt):
    root, _ = rebuilt
    found = differences(ROOT / OUT, root / OUT, exact_figures=pinned_platform())
    assert not found, "\n".join(found)


def test_the_chain_gives_what_is_committed(chain):
    """nbval can't see what a cell shows after it has ended, as each opening does."""
    for notebook in NOTEBOOKS:
        executed = normalise(read_json(chain / ".build/JPN" / notebook.name))
        for made, kept in zip(executed["cells"], cells(notebook), strict=True):
            assert said(made) == said(kept), f"{notebook.name}, cell {made['id']}"


def test_every_reading_holds(chain):
    stale = [read_json(chain / f".build/JPN/{path.stem}.json")["stale"] for path in NOTEBOOKS]
    assert not any(stale), [line for lines in stale for line in lines]


def test_a_changed_number_is_caught(rebuilt):
    root, _ = rebuilt
    notebook = root / "notebooks" / "08_claims.ipynb"
    intact = notebook.read_text(encoding="utf-8")
    assert "83.7%" in intact
    notebook.write_text(intact.replace("83.7%", "83.8%"), encoding="utf-8")
    try:
        result = nbval(root, notebook)
    finally:
        notebook.write_text(intact, encoding="utf-8")
    assert result.returncode == 1
    assert re.search(r"08_claims\.ipynb::Cell \d+", result.stdout)


def test_cleared_outputs_are_caught(tmp_path):
    copy = tmp_path / "02_measures.ipynb"
    notebook = json.loads((ROOT / "notebooks" / copy.name).read_text(encoding="utf-8"))
    code = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    for cell in code:
        cell["outputs"], cell["execution_count"] = [], None
    copy.write_text(json.dumps(notebook), encoding="utf-8")
    assert len(unexecuted(copy)) == len(code)


@pytest.mark.parametrize("exact", [True, False])
def test_a_swapped_figure_is_caught(tmp_path, exact):
    swapped = shutil.copytree(ROOT / OUT, tmp_path / "swapped")
    names = [f"figures/{name}.png" for name in ("f06_years_by_era", "f01_flows_by_recipient")]
    shutil.copy(swapped / names[1], swapped / names[0])
    found = differences(ROOT / OUT, swapped, exact_figures=exact)
    assert len(found) == 1 and found[0].startswith(names[0])


def test_an_edited_table_is_caught(tmp_path):
    edited = shutil.copytree(ROOT / OUT, tmp_path / "edited")
    table = edited / "data" / "totals.csv"
    lines = table.read_text().splitlines()
    lines[5] = lines[5].replace(lines[5].split(",")[1], "12345.6")
    table.write_text("\n".join(lines) + "\n")
    found = differences(ROOT / OUT, edited, exact_figures=True)
    assert len(found) == 1 and "data/totals.csv: row 6" in found[0] and "12345.6" in found[0]


def test_a_missing_output_is_caught(tmp_path):
    cut = shutil.copytree(ROOT / OUT, tmp_path / "cut")
    (cut / "data" / "totals.csv").unlink()
    assert differences(ROOT / OUT, cut, exact_figures=True) == [
        "data/totals.csv: committed, but no notebook makes it"
    ]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
class TestManners:
    def test_every_code_cell_is_executed_in_order(self, notebook):
        counts = [c["execution_count"] for c in cells(notebook) if c["cell_type"] == "code"]
        assert counts == list(range(1, len(counts) + 1))

    def test_no_error_and_no_warning_is_stored(self, notebook):
        for number, cell in enumerate(cells(notebook), start=1):
            for output in cell.get("outputs", []):
                bad = output["output_type"] == "error" or output.get("name") == "stderr"
                assert not bad, f"{notebook.name}, cell {number}: {output}"

    def test_opens_with_the_question_and_its_answer(self, notebook):
        title, opening, parameters, *_ = cells(notebook)
        heading, question = "".join(title["source"]).strip().split("\n\n")
        assert heading.startswith(f"# {notebook.stem[:2]} ")
        assert question.endswith("?") and question.count("?") == 1
        answer = said(opening)
        assert answer.startswith("**In short**")
        assert 2 <= answer.count("\n- ") <= 4 and len(re.findall(r"\d", answer)) > 2
        assert parameters["metadata"]["tags"] == ["parameters"]
        source = "".join(parameters["source"])
        assert 'donor = "JPN"' in source and 'outputs = "outputs/JPN"' in source

    def test_closes_with_limits_checks_outputs_and_a_link(self, notebook):
        text = "\n".join("".join(cell["source"]) for cell in cells(notebook))
        limits, checks = text.find("## What this does not show"), text.find("## Checks and outputs")
        assert 0 < limits < checks
        assert re.search(r"assert .*nb\.in_short\(.*nb\.publish\(\)", text[checks:], re.DOTALL)
        assert re.search(r"\]\(\d\d_\w+\.ipynb\)", "".join(cells(notebook)[-1]["source"]))

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

    def test_nbval_compares_all_but_the_opening(self, notebook):
        tagged = [
            "".join(cell["source"])
            for cell in cells(notebook)
            if any(tag.startswith("nbval-") for tag in cell["metadata"].get("tags", []))
        ]
        assert len(tagged) == 1 and "\nopening(" in tagged[0]
