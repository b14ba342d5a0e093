"""Every donor: who is run, who is left out, and what is made of those that fail."""

import shutil
import sys

import pandas as pd
import pytest
from conftest import OUT, ROOT

from oda_eras import all_donors
from oda_eras.all_donors import compare, donors_with_data, jobs


def test_donors_are_chosen_by_their_years():
    chosen, left_out = donors_with_data(ROOT)
    assert {"JPN", "USA", "DEU", "EUI", "KOR"} <= set(chosen)
    assert "15 are needed" in left_out["BEL"] and not set(chosen) & set(left_out)


@pytest.mark.parametrize(
    ("makeflags", "expected"),
    [("", 1), (" -j2 --jobserver-auth=3,4", 2), ("s -j3 --jobserver-auth=3,4 -- A=j9", 3)],
)
def test_jobs_are_makes(makeflags, expected):
    assert jobs(makeflags) == expected


@pytest.fixture
def two_runs(project):
    """A scratch copy in which a second donor's outputs stand beside Japan's, with a clear break."""
    second = project / "outputs/DEU"
    shutil.copytree(project / OUT, second)
    tests = pd.read_csv(second / "data/break_tests.csv")
    tests.loc[tests.recipient == "all", "p_null"] = 0.0002
    tests.to_csv(second / "data/break_tests.csv", index=False)
    return project


def test_donors_are_compared_under_a_false_discovery_rate(two_runs):
    table = compare(two_runs, ["JPN", "DEU"])
    assert list(table.donor) == ["DEU", "JPN"]
    assert table.q[0] == pytest.approx(2 * 0.0002) and table.q[1] == table.p_null[1].round(4)


def test_a_failing_donor_is_listed_and_stops_no_other(two_runs, monkeypatch, capsys):
    monkeypatch.chdir(two_runs)
    monkeypatch.setattr(sys, "argv", ["all_donors", "JPN", "DEU", "USA"])
    monkeypatch.setattr(
        all_donors, "run_donor", lambda root, donor: "cell 3 failed" if donor == "USA" else ""
    )
    with pytest.raises(SystemExit, match="1 of 3 donors failed: USA"):
        all_donors.main()
    printed = capsys.readouterr()
    assert "USA failed:\ncell 3 failed" in printed.err
    assert "object at" not in printed.out and "Figure" not in printed.out
    table = pd.read_csv(two_runs / "outputs/donors/tables/t40_donors.csv")
    assert list(table.donor) == ["DEU", "JPN"]
    folder = two_runs / "outputs/donors"
    assert (folder / "figures/f40_who_shifted_when.pdf").is_file()
    alt = (folder / "figures/f40_who_shifted_when.txt").read_text()
    assert "1 of 2 hold" in alt and alt.endswith("0.05: Germany.\n")
    assert "| Germany " in (folder / "tables/t40_donors.md").read_text()
