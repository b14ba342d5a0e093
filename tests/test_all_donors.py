"""Every donor: who is run, who is left out, and what is made of those that fail."""

import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from conftest import OUT, ROOT

from oda_eras import all_donors
from oda_eras.all_donors import compare, donors_with_data, jobs
from oda_eras.bench import outside_make
from oda_eras.study import Study, study_of


def test_donors_are_chosen_by_their_years():
    chosen, left_out = donors_with_data(ROOT)
    names = {donor: study.name for donor, study in chosen.items()}
    assert {"JPN", "USA", "DEU", "EUI", "KOR"} <= {d for d, name in names.items() if d == name}
    # net flows of Canada's are known to three, Italy's to none, but its gross ones to Uzbekistan
    assert names["CAN"] == "CAN.recipients-KAZ-KGZ-TJK"
    assert names["ITA"] == "ITA.recipients-UZB.measure-gross"
    assert "BEL" in left_out and not set(chosen) & set(left_out)
    for study in chosen.values():
        assert study_of(ROOT, study.name) == study


def test_free_jobs_are_taken_from_makes_pipe_and_given_back():
    with jobs("") as alone, jobs(" -- A=j9") as told_nothing:
        assert alone == told_nothing == 1
    taken, given = os.pipe()
    os.write(given, b"+-")
    # as make 3.81 has it: no number
    for makeflags in (
        f"s --jobserver-fds={taken},{given} -j",
        f" -j3 --jobserver-auth={taken},{given}",
    ):
        with jobs(makeflags) as found, jobs(makeflags) as left:
            assert (found, left) == (3, 1)
    assert os.read(taken, 9) == b"+-"


def test_make_hands_its_jobs_on(project):
    code = "import os; from oda_eras.all_donors import jobs\n"
    code += "with jobs(os.environ['MAKEFLAGS']) as count: print(count)"
    (project / "python").write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}"\n')
    (project / "python").chmod(0o755)
    command = ["make", f"PYTHON3={sys.executable}", "PYTHON=./python", "donors"]
    for options, said in (["-j3"], "3\n"), ([], "1\n"), (["-n", "-j3"], '"./python" -m'):
        run = subprocess.run(
            [*command, *options], cwd=project, env=outside_make(), capture_output=True, text=True
        )
        assert run.stdout.startswith(said), run.stdout + run.stderr


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
    table = compare(two_runs, [Study(), Study("DEU")])
    assert list(table.donor) == ["DEU", "JPN"]
    assert table.q[0] == pytest.approx(2 * 0.0002) and table.q[1] == table.p_null[1].round(4)


def test_a_failing_donor_is_listed_and_stops_no_other(two_runs, monkeypatch, capsys):
    monkeypatch.chdir(two_runs)
    monkeypatch.setattr(sys, "argv", ["all_donors", "JPN", "DEU", "USA"])
    monkeypatch.setattr(
        all_donors, "run_donor", lambda root, study: "cell 3 failed" if study.donor == "USA" else ""
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
