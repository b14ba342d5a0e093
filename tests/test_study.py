"""A run's name and its choices: each tells the other, and wrong ones stop with what is allowed."""

import ast
import json
import re
import subprocess
import sys
import time

import pytest
from conftest import ROOT, make

from oda_eras.study import (
    LAST_YEAR,
    RECIPIENTS,
    Study,
    StudyError,
    TableError,
    chosen_recipients,
    complete_years,
    last_year,
    read_study,
    study_of,
)

CHOICES = [
    {},
    {"DONOR": "DEU"},
    {"DONOR": "KOR", "RECIPIENTS": "UZB,KAZ", "LAG": "1"},
    {"MEASURE": "grants", "PRICE_BASIS": "constant", "BOUNDARY": "dropped"},
    {"FIRST_YEAR": "1995", "LAST_YEAR": "2020", "SCHEME": "prime_ministers"},
    {"DONOR": "SWE", "RECIPIENTS": "Mozambique, tza", "MEASURE": "commitments"},
]


@pytest.mark.parametrize("given", CHOICES, ids=str)
def test_a_name_tells_the_choices(given):
    study = read_study(ROOT, given)
    assert study_of(ROOT, f"outputs/{study.name}") == study
    _, *parts = study.command.split(" ")
    assert read_study(ROOT, dict(part.split("=") for part in parts)) == study


def test_the_default_run_is_japans_and_a_default_by_its_name_too():
    assert read_study(ROOT, {}).name == "JPN"
    assert read_study(ROOT, {"SCHEME": "filled", "LAG": "0"}) == Study()


WRONG = [
    ("DONER=DEU", "expected DONOR, RECIPIENTS, FIRST_YEAR"),
    ("DONOR=XXX", "expected AUS, AUT"),
    ("DONOR=TUR", "expected AUS, AUT"),
    ("RECIPIENTS=UZB,ATL", "ATL is no recipient: expected codes such as MOZ .*, CAUCASUS,"),
    ("RECIPIENTS=EASTERN_AFRICA", "19 recipients, and 12 are the most"),
    ("RECIPIENTS=MOZ MEASURE=net", "expected gross, commitments"),
    ("DONOR=SWE RECIPIENTS=MOZ,TUV", r"0 consecutive years .*\n.* MOZ 20 .*\(2003-2022\), TUV 0"),
    ("DONOR=BEL", "MEASURE=gross: all in 0 consecutive years"),
    ("RECIPIENTS=CAUCASUS SCHEME=filled", "expected data_driven, prime_ministers"),
    ("RECIPIENTS=,", "RECIPIENTS is empty"),
    ("LAG=9", "expected 0 to 5"),
    ("LAG=one", "expected a whole number"),
    ("MEASURE=gros", "expected net, grants, gross, commitments"),
    ("PRICE_BASIS=real", "expected current, constant, fixed_rate"),
    ("BOUNDARY=soft", "expected majority, dropped, weighted"),
    ("SCHEME=none", "expected filled, article, prime_ministers, data_driven"),
    ("FIRST_YEAR=1980", "expected 1992 to 2023"),
    ("FIRST_YEAR=2010 LAST_YEAR=2000", "is after LAST_YEAR=2000"),
    ("DONOR=DEU SCHEME=filled", "expected data_driven"),
    ("DONOR=USA PRICE_BASIS=fixed_rate", "no exchange rate moves"),
    ("DONOR=BEL", "in 0 consecutive years of 1992-2023; 15 are needed"),
    ("MEASURE=grants LAST_YEAR=2010", r"11 consecutive years \(2000-2010\)"),
]


@pytest.mark.parametrize(("choices", "message"), WRONG)
def test_what_cant_be_run_is_said_with_what_can(choices, message):
    with pytest.raises(StudyError, match=message):
        read_study(ROOT, dict(choice.split("=") for choice in choices.split()))


def test_recipients_are_codes_names_or_groups():
    caucasus = read_study(ROOT, {"RECIPIENTS": "Caucasus"})
    assert caucasus.recipients == ("ARM", "AZE", "GEO") and caucasus.measure == "gross"
    assert caucasus.name == "JPN.recipients-ARM-AZE-GEO"
    assert read_study(ROOT, {"RECIPIENTS": "central_asia"}) == Study()
    codes = chosen_recipients(ROOT, "Guinea-Bissau, GIN-TLS, South Africa")
    assert codes == ("GIN", "GNB", "TLS", "ZAF")


ERAS = """scheme,donor,era,label,name,opens,closes,opening_event,closing_event,source,note
turns,SWE,S1,Before,Before the turn,2003-01-01,2014-10-03,,,own reading,
turns,SWE,S2,After,After the turn,2014-10-03,,,,own reading,
"""
WITH_ERAS = {"DONOR": "SWE", "RECIPIENTS": "MOZ"}


def test_eras_of_ones_own_make_a_run_that_keeps_a_copy(project):
    (project / "turns.csv").write_text(ERAS)
    plan = make(project, "-n", "DONOR=SWE", "RECIPIENTS=MOZ", "ERAS=turns.csv").stdout
    copy = project / ".build/SWE.recipients-MOZ.eras-turns/eras.csv"
    assert ".build/SWE.recipients-MOZ.eras-turns/eras.csv" in plan and copy.read_text() == ERAS
    study = study_of(project, "outputs/SWE.recipients-MOZ.eras-turns")
    assert study.eras == "turns" and not study.has_data_driven_eras(project)
    (project / "turns.csv").write_text(ERAS.replace("After", "Later"))
    make(project, "-n", "DONOR=SWE", "RECIPIENTS=MOZ", "ERAS=turns.csv")
    assert "Later" in copy.read_text()


FAULTS = [
    ("2003-01-01", "1 Jan 2003", "row 2 .*, column opens: found '1 Jan 2003', expected a date"),
    ("2014-10-03,,,,", "2013-01-01,,,,", "row 3 .*, column opens: .* a day when the era before it"),
    (",2014-10-03,,", ",2002-01-01,,", "row 2 .*, column closes: .* expected a day after"),
    ("S2", "S1", "row 3 .*, column era: .*one row for each era"),
    ("After,", ",", "row 3 .*, column label: found '', expected some text"),
    ("turns,", "article,", "row 2 .*, column scheme: .* not the article's eras"),
    ("SWE", "DNK", "its column donor names SWE in no row"),
    ("label,", "", "column label: found columns"),
    ("note\n", "note,more\n", "row 2 .*: found 11 fields"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS)
def test_faults_in_eras_of_ones_own_are_named(project, old, new, message):
    (project / "turns.csv").write_text(ERAS.replace(old, new))
    with pytest.raises((StudyError, TableError), match=message):
        read_study(project, WITH_ERAS | {"ERAS": str(project / "turns.csv")})


@pytest.mark.parametrize(
    ("file", "message"), [("none.csv", "there is no such file"), ("my eras.csv", "name the file")]
)
def test_a_file_of_eras_must_be_there_and_fit_a_folders_name(file, message):
    with pytest.raises((StudyError, TableError), match=message):
        read_study(ROOT, WITH_ERAS | {"ERAS": file})


def test_make_stops_before_anything_runs_and_at_once(project):
    start = time.monotonic()
    result = make(project, "DONER=DEU")
    assert time.monotonic() - start < 2
    assert result.returncode != 0 and "DONER is no parameter: expected DONOR" in result.stderr
    assert not (project / ".build").exists()


def test_make_names_the_run_and_leaves_japans_outputs_alone(project):
    plan = make(project, "-n", "DONOR=DEU", "LAG=1").stdout
    assert "outputs/DEU.lag-1 " in plan and "outputs/JPN" not in plan


def test_the_check_needs_no_environment():
    code = "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]; "
    code += "import runpy; sys.argv = ['study', 'DONOR=DEU']; "
    code += "runpy.run_path('src/oda_eras/study.py', run_name='__main__')"
    run = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True)
    assert run.stdout == b"DEU\n", run.stderr


def test_an_old_python_is_told_in_one_line_with_parameters_too():
    source = (ROOT / "src/oda_eras/study.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))
    code = "import runpy, sys; sys.version_info = (3, 9, 2, 'final', 0); "
    code += "runpy.run_path('src/oda_eras/study.py', run_name='__main__')"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    told = "make: Python 3.9 found, 3.11 or newer needed: try make PYTHON3=python3.12\n"
    assert run.stderr == told


@pytest.mark.parametrize("name", ["NEW", "JPN.colour-blue", "DEU.lag-0", "DEU.recipients-UZB-KAZ"])
def test_a_folder_that_names_no_run_is_refused(name):
    with pytest.raises(StudyError):
        study_of(ROOT, f"outputs/{name}")


def test_a_blank_ends_a_run_of_years(project):
    table = project / "data/raw/wdi_net_oda_by_donor.csv"
    lines = [line for line in table.read_text().splitlines() if not line.startswith("KAZ,JPN,2000")]
    table.write_text("\n".join(lines) + "\n")
    assert complete_years(project, Study()) == list(range(2001, 2024))


NET = "data/raw/wdi_net_oda_by_donor.csv"
DAMAGED = [
    ("data/donors.csv", "", "\ufeff", "row 1 (the header is row 1), column donor: found columns"),
    ("data/eras.csv", ",", ";", "row 1 (the header is row 1), column scheme: found columns"),
    (
        NET,
        "KAZ,JPN,2000,",
        "KAZ,JPN,2000 [YR2000],",
        "column year: found '2000 [YR2000]', expected",
    ),
    (
        NET,
        "KAZ,JPN,2000,",
        "<<<<<<< HEAD\nKAZ,JPN,2000,",
        "found 1 fields (<<<<<<< HEAD), expected 4",
    ),
    (NET, "KAZ,JPN,2000,", "KAZ,JPN,2000,1,", "found 5 fields (KAZ,JPN,2000,1,"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), DAMAGED)
def test_damaged_tables_are_named_before_anything_runs(project, file, old, new, message):
    path = project / file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new, -1 if new == ";" else 1), encoding="utf-8")
    result = make(project, "DONOR=DEU")
    assert result.returncode != 0 and "Traceback" not in result.stderr
    first = result.stderr.splitlines()[0]
    assert first.startswith(f"{file}, row ") and message in first


def test_other_encodings_and_missing_tables_are_named(project):
    path = project / "data/eras.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[4] = lines[4].replace("article", "articl\u00e9")
    path.write_bytes("\n".join(lines).encode("cp1252"))
    with pytest.raises(
        TableError, match=r"data/eras\.csv, row 5 .*found byte 0xe9, expected UTF-8"
    ):
        read_study(project, {})
    path.unlink()
    with pytest.raises(TableError, match=r"data/eras\.csv is missing"):
        read_study(project, {})


def test_eras_come_from_the_data_where_there_is_no_scheme():
    assert Study(donor="DEU").has_data_driven_eras(ROOT)
    assert Study(scheme="data_driven").has_data_driven_eras(ROOT)
    assert not Study().has_data_driven_eras(ROOT)


# What may be said in one file only, so that two places can't come to differ.
SAID_ONCE = {
    "study.py": r'^(LEVEL|BOUNDARIES|RECIPIENTS|MEMBER_GROUPS) = |"DAC", "EU institutions"',
    "naming.py": r"def _?listed\(|\[(0|:1)\]\.upper\(\)|\.constant\[",
}


@pytest.mark.parametrize("home", SAID_ONCE)
def test_what_modules_and_notebooks_share_is_said_in_one_place(home):
    code = {path.name: path.read_text() for path in (ROOT / "src/oda_eras").glob("*.py")}
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code[path.name] = "\n".join("".join(cell["source"]) for cell in cells)
    said = [name for name, text in code.items() if re.search(SAID_ONCE[home], text, re.MULTILINE)]
    assert said == [home]


def test_the_study_ends_with_the_last_year_that_is_whole(project):
    table = project / "data/raw/wdi_net_oda_by_donor.csv"
    assert last_year(project) == LAST_YEAR
    rows = [f"{code},JPN,{LAST_YEAR + 1},1.0\n" for code in RECIPIENTS]
    text = table.read_text()
    table.write_text(text + "".join(rows[:4]))
    assert last_year(project) == LAST_YEAR
    table.write_text(text + "".join(rows))
    assert last_year(project) == LAST_YEAR + 1
    table.write_text("recipient;donor\n")
    assert last_year(project) == 2023  # 01 says what is wrong with it
