"""The committed notebooks and outputs are what a rerun gives, and the checks can fail."""

import json
import re
import shutil

import pytest
from comparison import differences, pinned_platform
from conftest import OUT, ROOT, nbval, unexecuted

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# Cells whose output nbval may not compare, each with its reason. None so far.
IGNORED_CELLS: dict[str, str] = {}


def cells(notebook):
    return json.loads(notebook.read_text(encoding="utf-8"))["cells"]


def test_stored_outputs_are_what_a_rerun_gives(rebuilt):
    _, result = rebuilt
    assert result.returncode == 0, result.stdout[-4000:]


def test_committed_outputs_are_what_a_rerun_gives(rebuilt):
    root, _ = rebuilt
    found = differences(ROOT / OUT, root / OUT, exact_figures=pinned_platform())
    assert not found, "\n".join(found)


def test_a_changed_number_is_caught(rebuilt):
    root, _ = rebuilt
    notebook = root / "notebooks" / "07_claims.ipynb"
    intact = notebook.read_text(encoding="utf-8")
    assert "83.7%" in intact
    notebook.write_text(intact.replace("83.7%", "83.8%"), encoding="utf-8")
    try:
        result = nbval(root, notebook)
    finally:
        notebook.write_text(intact, encoding="utf-8")
    assert result.returncode == 1
    assert re.search(r"07_claims\.ipynb::Cell \d+", result.stdout)


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

    def test_opens_with_title_contents_and_parameters(self, notebook):
        first, parameters, *_ = cells(notebook)
        opening = "".join(first["source"])
        assert opening.startswith(f"# {notebook.stem[:2]} ")
        assert all(f"| {word} |" in opening for word in ("Inputs", "Outputs", "Parameters"))
        assert parameters["metadata"]["tags"] == ["parameters"]
        source = "".join(parameters["source"])
        assert 'donor = "JPN"' in source and 'outputs = "outputs/JPN"' in source

    def test_closes_with_checks_publication_and_a_link(self, notebook):
        *before, publish, link = cells(notebook)
        last_code = "".join(publish["source"])
        assert last_code.rstrip().endswith("publication.publish()")
        heads = [
            i for i, cell in enumerate(before) if "## Checks and outputs" in "".join(cell["source"])
        ]
        closing = "".join("".join(cell["source"]) for cell in before[heads[-1] :]) + last_code
        assert "assert " in closing
        assert re.search(r"\]\(\d\d_\w+\.ipynb\)", "".join(link["source"]))

    def test_links_lead_somewhere(self, notebook):
        for cell in cells(notebook):
            for target in re.findall(r"\]\(([^)#]+)\)", "".join(cell["source"])):
                if cell["cell_type"] == "markdown" and "://" not in target:
                    assert (notebook.parent / target).exists(), f"{notebook.name}: {target}"

    def test_ignored_cells_are_justified(self, notebook):
        tagged = {
            cell["id"]
            for cell in cells(notebook)
            if any(tag.startswith("nbval-") for tag in cell["metadata"].get("tags", []))
        }
        assert tagged == {i for i in IGNORED_CELLS if i.startswith(notebook.stem[:2])}
