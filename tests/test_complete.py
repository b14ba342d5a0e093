"""The chain's last rule: what all notebooks contribute to, and what a person has to rewrite."""

import json

import pytest

from oda_eras.complete import MERGED, complete
from oda_eras.page import MM, WIDTHS_MM
from oda_eras.stamps import sha256, write_json
from oda_eras.verify import problems

NUMBER = {"value": 384.0, "text": "384", "unit": "million", "meaning": "largest flow"}
NUMBER |= {"in_short": True}
STALE = "notebooks/words/03_patterns.md, line 5: expected a > 1, but a is 0"


@pytest.fixture
def stamped(project, monkeypatch):
    """A scratch copy whose outputs are one figure, drawn from a table by 03_patterns."""
    monkeypatch.chdir(project)
    out = project / "outputs/DEU"
    (out / "data").mkdir(parents=True)
    (out / "figures").mkdir()
    (out / "data/totals.csv").write_text("year\n2019\n")
    width = WIDTHS_MM["single"] * MM * 72
    (out / "figures/f05_x.pdf").write_text(f"a figure: /MediaBox [ 0 0 {width:.2f} 184 ]")
    fields = [{"name": "year", "type": "integer", "description": "calendar year"}]
    table = {"title": "Totals", "fields": fields, "sources": ["wdi_net_oda_by_donor"]}
    about = {"data/totals.csv": table, "figures/f05_x.pdf": {"data": "data/totals.csv"}}
    outputs = {
        f"outputs/DEU/{name}": {"sha256": sha256(out / name), **described}
        for name, described in about.items()
    }

    def stamp(name: str = "03_patterns", **given) -> None:
        made = {"notebook": name, "reads": [], "prerequisites": {}, "modules": [], "seconds": 1}
        made |= {"outputs": outputs, "numbers": {"peak": NUMBER}, "stale": []} | given
        write_json(project / f".build/DEU/{name}.json", made)

    stamp()
    return project, stamp


def test_numbers_keep_unit_and_meaning_and_gain_their_notebook(stamped):
    root, _ = stamped
    complete("outputs/DEU", ["03_patterns"])
    numbers = json.loads((root / "outputs/DEU/numbers.json").read_text())
    assert numbers == {"peak": NUMBER | {"notebook": "03_patterns"}}
    assert list(numbers["peak"]) == ["value", "text", "unit", "meaning", "in_short", "notebook"]
    assert "oda@is{peak}{384}% largest flow" in (root / "outputs/DEU/numbers.tex").read_text()
    assert (root / "outputs/DEU/numbers.md").read_text().count("| `peak` ") == 2


def test_a_figure_without_a_table_of_its_own_is_recorded(stamped):
    root, _ = stamped
    complete("outputs/DEU", ["03_patterns"])
    manifest = json.loads((root / "outputs/DEU/manifest.json").read_text())
    by_notebooks = [name for name, entry in manifest.items() if "notebook" in entry]
    assert by_notebooks == ["outputs/DEU/data/totals.csv", "outputs/DEU/figures/f05_x.pdf"]
    assert manifest["outputs/DEU/figures/f05_x.pdf"]["data"] == "data/totals.csv"
    assert "data" not in manifest["outputs/DEU/data/totals.csv"]
    package = json.loads((root / "outputs/DEU/datapackage.json").read_text())
    assert [resource["path"] for resource in package["resources"]] == ["data/totals.csv"]


def test_what_the_last_rule_makes_is_in_the_manifest_and_verified(stamped):
    root, _ = stamped
    complete("outputs/DEU", ["03_patterns"])
    manifest = json.loads((root / "outputs/DEU/manifest.json").read_text())
    assert {name for name, entry in manifest.items() if "module" in entry} == {
        f"outputs/DEU/{name}" for name in MERGED[1:]
    }
    assert problems(root, "outputs/DEU") == []
    (root / "outputs/DEU/sources.bib").write_text("cut")
    assert problems(root, "outputs/DEU") == [
        "outputs/DEU/sources.bib is not what src/oda_eras/complete.py published"
    ]


def test_stale_readings_are_listed_and_stop_nothing(stamped, capsys):
    root, stamp = stamped
    stamp(stale=[STALE])
    complete("outputs/DEU", ["03_patterns"])
    said = capsys.readouterr().out
    assert f"These sentences no longer say what the data show; rewrite them:\n  {STALE}\n" in said
    assert said.endswith("outputs/DEU is complete: 2 files by 1 notebooks\n")
    assert (root / ".build/DEU/done").is_file()
    stamp()
    complete("outputs/DEU", ["03_patterns"])
    assert "rewrite them" not in capsys.readouterr().out


def test_a_number_has_one_name(stamped):
    _, stamp = stamped
    stamp("05_breaks", outputs={})
    with pytest.raises(SystemExit, match="two notebooks save a number as "):
        complete("outputs/DEU", ["03_patterns", "05_breaks"])


def test_an_output_that_changed_meanwhile_stops_completion(stamped):
    root, _ = stamped
    (root / "outputs/DEU/data/totals.csv").write_text("year\n2020\n")
    with pytest.raises(SystemExit, match=r"data/totals\.csv changed while the chain ran"):
        complete("outputs/DEU", ["03_patterns"])
