"""A vintage is compared, taken over and taken back, and every byte is as it was."""

import shutil
from datetime import date

import pandas as pd
import pytest
from answers import Answers, text_for
from conftest import ROOT, make, ran, snapshot

from oda_eras import refresh, vintages
from oda_eras.refresh import LIVE, Oecd, Sources, WorldBank, fetch
from oda_eras.schemas import read_raw_tables
from oda_eras.sources import DataError, check_checksums, load_sources, read_raw_text
from oda_eras.vintages import (
    RefreshError,
    accept,
    changed_cells,
    differences,
    fetched_file,
    new_vintage,
    newest,
    report,
    restore,
    tables_of,
)

DAY = date(2027, 3, 1)
TOTALS = "wdi_japan_totals"


def content(root) -> dict:
    """Every file of data/ but what vintages not accepted hold."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in (root / "data").rglob("*")
        if path.is_file() and "vintages" not in path.parts
    }


@pytest.fixture
def root(tmp_path, read_once):
    shutil.copytree(ROOT / "data", tmp_path / "data")
    return tmp_path


def fetched(root, monkeypatch, *names: str, day: date = DAY, **revised):
    """A vintage of the named tables, from answers that `revised` has changed, and its faults."""
    monkeypatch.setattr(refresh, "LIVE", {name: LIVE[name] for name in names})
    answers = Answers(root)
    for name, change in revised.items():
        answers.revised[name] = change(answers.table(name))
    bank = WorldBank(f"{answers.address}/v2", 2027)
    oecd = Oecd(answers.address, root / "asked.json")
    folder = new_vintage(root, day)
    faults = fetch(Sources(root, folder, bank, oecd))
    answers.close()
    return folder, faults


def revise(**cells):
    """Change bilateral net ODA of some years, US$ million; a year that is new is added."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        for name, value in cells.items():
            year = name.removeprefix("y")
            frame = frame[~((frame["item"] == "bilateral") & (frame.year == year))]
            row = {"item": "bilateral", "year": year, "net_usd_million": str(value)}
            frame = pd.concat([frame, pd.DataFrame([row])])
        return frame.sort_values(["item", "year"], ignore_index=True)

    return change


def test_cells_are_added_dropped_and_revised(root):
    table = tables_of(root)[TOTALS]
    before = read_raw_text(root, TOTALS)
    after = revise(y1997=6609.8, y2022=1, y2024=7000)(before)
    after = after[~((after["item"] == "total") & (after.year == "1978"))]
    found = changed_cells(before, after, table).set_index("cell")
    assert found.kind.to_dict() == {
        "bilateral 2022": "revised",
        "bilateral 2024": "added",
        "total 1978": "dropped",
        "bilateral 1997": "revised",
    }
    assert found.change["bilateral 1997"] == pytest.approx(6609.80 - 6455.14)
    assert found.index[0] == "bilateral 2022" and found.change.abs().is_monotonic_decreasing


def test_the_report_shows_what_changes_and_what_could_not_be_had(root, monkeypatch):
    monkeypatch.setattr(vintages, "effect", lambda *_: ["Two verdicts move."])
    before = content(root)
    folder, faults = fetched(
        root, monkeypatch, TOTALS, **{TOTALS: revise(y1997=6609.8, y2024=7000)}
    )
    shown = report(root, folder, faults | {"dac2a_world": "the OECD can't be reached"})
    written = (folder / "diff.md").read_text(encoding="utf-8")
    for line in (
        "| wdi_japan_totals |       1 |         0 |         1 |    154.66 |",
        "- dac2a_world: the OECD can't be reached",
        "Two verdicts move.",
        "| bilateral 1997 | net_usd_million |  6455.14 |  6609.8 |   154.66 |",
    ):
        assert line in shown and line in written
    stay = next(line for line in written.splitlines() if line.endswith("stay as they are."))
    assert "yen_loans" in stay and "dac2a_world" not in stay and TOTALS not in stay
    assert len(pd.read_csv(folder / "diff.csv")) == 2
    assert "make accept-data takes it over" in shown
    assert content(root) == before
    assert (folder / ".gitignore").read_text() == "*\n"


def test_what_does_not_pass_is_named_and_refused(root, monkeypatch):
    before = content(root)
    folder, faults = fetched(root, monkeypatch, TOTALS, **{TOTALS: revise(y1997=-3, y2060=5)})
    shown = report(root, folder, faults)
    row = 2 + 1997 - 1960
    assert f"data/vintages/2027-03-01/raw/{TOTALS}.csv, row {row} (the header is row 1), " in shown
    assert "column net_usd_million: found '-3.0', expected a number from 0 to 30,000" in shown
    assert "Not tried: the problems above come first." in shown and "can't be accepted" in shown
    with pytest.raises(RefreshError, match=f"row {row} .*column net_usd_million"):
        accept(root)
    assert content(root) == before


def test_a_broken_identity_is_named_and_refused(root, monkeypatch):
    name = "dac1_japan_totals"

    def change(frame):
        at = (frame["item"] == "1010") & (frame.measure == "net") & (frame.year == "2015")
        return frame.assign(usd_million=frame.usd_million.where(~at, "1.0"))

    folder, faults = fetched(root, monkeypatch, name, **{name: change})
    assert "gross" in report(root, folder, faults)
    with pytest.raises(RefreshError, match=r"found gross .* for item 1010 in 2015"):
        accept(root)


def test_accepting_and_going_back_leave_every_byte(root, monkeypatch):
    before = content(root)
    fetched(root, monkeypatch, TOTALS, "dac_deflators", **{TOTALS: revise(y1997=6609.8)})
    assert accept(root).startswith("wdi_japan_totals: in use from data/vintages/2027-03-01.")
    entry = load_sources(root)[TOTALS]
    assert entry["vintage"] == "data of 2027-01-15, fetched 2027-03-01"
    assert entry["date"] == "2027-03-01" and entry["url"].startswith("http://127.0.0.1:")
    # what did not change keeps its vintage
    assert "fetched" not in load_sources(root)["dac_deflators"]["vintage"]
    check_checksums(root, load_sources(root))
    older = read_raw_tables(root)["wdi_japan_vintages"]
    kept = older[older.vintage == "01a34e8b"].set_index(["recipient", "year"]).net_usd_million
    assert kept["WLD", 1997] == 6455.14 and set(older.last_year[older.vintage == "01a34e8b"]) == {
        2023
    }
    folder = newest(root, accepted=True)
    assert not (folder / ".gitignore").exists()
    with pytest.raises(RefreshError, match="waits to be accepted: run make refresh"):
        accept(root)
    with pytest.raises(RefreshError, match="in use already"):
        new_vintage(root, DAY)
    restore(root)
    assert content(root) == before
    assert (folder / ".gitignore").exists() and newest(root, accepted=False) == folder
    with pytest.raises(RefreshError, match="no vintage was accepted"):
        restore(root)


def test_a_break_while_accepting_can_be_undone(root, monkeypatch):
    before = content(root)
    fetched(root, monkeypatch, TOTALS, **{TOTALS: revise(y1997=6609.8)})

    def breaks(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(vintages, "record", breaks)
    with pytest.raises(KeyboardInterrupt):
        accept(root)
    assert content(root) != before
    restore(root)
    assert content(root) == before


def test_what_turns_out_not_to_pass_is_undone_at_once(root, monkeypatch):
    before = content(root)
    folder, _ = fetched(root, monkeypatch, TOTALS, **{TOTALS: revise(y1997=6609.8)})

    def refuses(_):
        raise DataError("data/README.md", 1, "", "a fault", "none")

    monkeypatch.setattr(vintages, "record", refuses)
    with pytest.raises(DataError, match="found a fault"):
        accept(root)
    assert content(root) == before and newest(root, accepted=False) == folder


def test_vintages_follow_one_another(root, monkeypatch):
    fetched(root, monkeypatch, TOTALS, **{TOTALS: revise(y1997=6609.8)})
    accept(root)
    fetched(root, monkeypatch, TOTALS, day=date(2027, 2, 1))
    with pytest.raises(RefreshError, match="waits to be accepted"):  # older than what is in use
        accept(root)
    between = content(root)
    fetched(root, monkeypatch, TOTALS, day=date(2027, 4, 1), **{TOTALS: revise(y1998=8000)})
    accept(root)
    older = read_raw_tables(root)["wdi_japan_vintages"]
    assert list(dict.fromkeys(older.vintage))[-2:] == ["01a34e8b", "01a34e8b, 2027-03-01"]
    restore(root)
    assert content(root) == between


def test_a_vintage_of_what_is_in_use_changes_nothing(root, monkeypatch):
    before = content(root)
    folder, _ = fetched(root, monkeypatch, TOTALS)
    assert fetched_file(folder, TOTALS).is_file()
    assert "nothing to accept" in accept(root)
    assert content(root) == before


def test_differences_name_verdicts_readings_figures_and_numbers(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    shutil.copytree(ROOT / "outputs/JPN", old)
    shutil.copytree(old, new)
    same = "\n".join(differences(old, new, []))
    for words in ("Verdicts that move: 0", "no longer hold: 0", "change: 0", "change: 0 of "):
        assert words in same
    ledger = new / "tables/t06_claims.csv"
    rows = pd.read_csv(ledger)
    rows.loc[0, "verdict"] = "contradicted"
    rows.to_csv(ledger, index=False)
    plotted = new / "data/price_bases.csv"
    plotted.write_text(plotted.read_text().replace("1993", "1894"))
    numbers = (new / "numbers.json").read_text()
    (new / "numbers.json").write_text(text_for(numbers, "peak_total", "value", 1.5))
    found = "\n".join(differences(old, new, ["02_measures, late: it failed"]))
    assert "Verdicts that move: 1" in found and f"- {rows['id'][0]}: " in found
    assert "- 02_measures, late: it failed" in found
    assert "### Figures that change: 1\n\nf04_price_bases\n" in found
    assert "Numbers that change: 1 of" in found and "| peak_total |" in found


def test_a_whole_refresh_ends_where_it_began(chain, monkeypatch):
    """Fetched, compared, accepted, run, taken back, run: of the chain 01, which reads the tables.

    What the new tables do to all notebooks was looked at by hand; it takes minutes.
    """
    monkeypatch.setattr(vintages, "effect", lambda *_: [])
    data, outputs = content(chain), snapshot(chain)
    first = ".build/JPN/01_clean.json"
    folder, faults = fetched(
        chain, monkeypatch, TOTALS, "wdi_constant_prices", **{TOTALS: revise(y1997=6609.8)}
    )
    assert "154.66" in report(chain, folder, faults)
    accept(chain)
    assert ran(make(chain, first)) == ["01_clean"]
    changed = {name for name, was in outputs.items() if snapshot(chain)[name] != was}
    assert "outputs/JPN/data/japan_totals.csv" in changed
    assert "fetched 2027-03-01" in (chain / "outputs/JPN/tables/t01_sources.csv").read_text()
    restore(chain)
    assert ran(make(chain, first)) == ["01_clean"]
    assert content(chain) == data and snapshot(chain) == outputs
