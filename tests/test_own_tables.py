"""A damaged table of the project's own is named by file, row and column; those committed pass."""

import json
import re
import shutil
from contextlib import nullcontext

import pytest
from conftest import ROOT

from oda_eras import own_tables
from oda_eras.own_tables import read_own_tables
from oda_eras.sources import DataError, check_recorded


@pytest.fixture
def project(tmp_path):
    """A scratch copy of data/."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    return tmp_path


def test_the_committed_tables_pass_and_all_have_a_schema():
    own = {f"{name}.csv" for name in read_own_tables(ROOT)}
    assert own == {path.name for path in (ROOT / "data").glob("*.csv")}
    check_recorded(ROOT)


# table: (text, what stands in its place, column, words of the message)
CASES = {
    "a kind that is none": ("claims", ",trend,", ",trends,", "kind", "expected one of trend"),
    "a claimed value without end": ("claims", ",80,", ",inf,", "claimed_value", "'inf'"),
    "a claimed value changed": ("claims", ",3882000,", ",3882001,", "claimed_value", "3882000"),
    "a unit swapped": ("claims", ",square km,area,", ",percent,area,", "claimed_value", "square"),
    "a figure that is none": ("claims", ",area,", ",areas,", "figure", "article_figures.csv"),
    "a doubled claim": ("claims", "\nC02,", "\nC01,", "id", "a second row"),
    "a claim renumbered": ("claims", "\nC02,", "\nC160,", "id", "no row C02"),
    "an id of another form": ("claims", "\nC02,", "\nK2,", "id", "an id such as C01"),
    "a citation renumbered": ("citations", "\nF02,", "\nF99,", "id", "no row F02"),
    "a date that is none": ("events", "\n1997-07-24,", "\n1997-07-42,", "date", "a date such as"),
    "dates out of order": ("events", "\n2001-09-11,", "\n1991-09-11,", "date", "no day before"),
    "an event doubled": ("events", "Hashimoto's speech", "11 September", "event", "a second row"),
    "a claim of no ledger": ("excerpts", "\nC10,", "\nC990,", "claim", "an id of data/claims"),
    "neither yes nor no": ("excerpts", ",yes,no,no,", ",yes,nein,no,", "moves", "one of yes, no"),
    "a period in words": ("excerpts", ",undated,", ",lately,", "period", "a year, a span"),
    "a label swapped": ("eras", ",E2,US ally,", ",E2,Values,", "label", "is called above"),
    "a rate over one": ("power", ",0.0595,", ",1.0595,", "rejection_rate", "a number from 0 to 1"),
    "a rate changed": ("power", ",0.0595,", ",0.5595,", "mc_error", "the standard error"),
    "a result in words": ("break_reference", ",1318.24180688,", ",many,", "value", "a number"),
    "a reference changed": ("break_reference", ",1318.24180688,", ",1318.3,", "reference", "as in"),
    "neither true nor false": ("break_reference", ",True,\n", ",1,\n", "gated", "True, False"),
    "a made-up year gone": ("break_synthetic", "\n1994,23.87", "", "year", "no row for"),
    "a group that is none": ("donors", ",DAC,", ",OECD,", "group", "expected one of"),
    "a control character": ("organisations", "\nAfrican", "\n\x07African", "donor", "control"),
    "a blank at the end": ("recipients", ",Aruba,", ",Aruba ,", "name", "blanks at its ends"),
    "a mark without width": ("recipients", ",Aruba,", ",Aru\u200bba,", "name", "control"),
}


@pytest.mark.parametrize("case", CASES)
def test_damage_is_named_by_file_row_and_column(project, case):
    name, old, new, column, words = CASES[case]
    path = project / f"data/{name}.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_own_tables(project)
    message = str(caught.value)
    assert re.match(
        rf"data/{name if case != 'a reference changed' else 'break_validation'}\.csv, ", message
    )
    assert f"column {column}" in message and words in message, message


def test_a_missing_table_is_named(project):
    (project / "data/events.csv").unlink()
    with pytest.raises(DataError, match=r"data/events\.csv, no row: found no file"):
        read_own_tables(project)


def test_what_a_schema_lets_pass_is_seen_by_its_hash(project):
    path = project / "data/citations.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    read_own_tables(project)
    with pytest.raises(DataError, match=r"data/citations\.csv, .* python -m oda_eras\.record_raw"):
        check_recorded(project, {"citations.csv"})


@pytest.mark.parametrize(
    ("name", "stops"), [("events", False), ("organisations", True), ("raw/ei_energy", True)]
)
def test_an_edit_by_hand_is_told_and_another_stops(project, monkeypatch, capsys, name, stops):
    monkeypatch.setattr(own_tables, "project_root", lambda: project)
    monkeypatch.setattr("sys.argv", ["own_tables", ".build/tables"])
    path = project / f"data/{name}.csv"
    path.write_text("\n".join(path.read_text(encoding="utf-8").splitlines()[:-1]) + "\n", "utf-8")
    with pytest.raises(DataError) if stops else nullcontext():
        own_tables.main()
    assert (project / ".build/tables").exists() is not stops
    assert ("data/events.csv, no row can be" in capsys.readouterr().out) is not stops


def test_other_line_ends_are_told_and_their_hash_is_not_recorded(project):
    path = project / "data/events.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    with pytest.raises(DataError, match=r"data/events\.csv, .*CR LF, expected LF: git config"):
        read_own_tables(project)  # which record_raw calls before it records anything


def test_a_damaged_list_of_hashes_is_named(project):
    (project / "data/datapackage.json").write_text(json.dumps({"resources": []}))
    with pytest.raises(DataError, match=r"^data/datapackage\.json"):
        check_recorded(project)
