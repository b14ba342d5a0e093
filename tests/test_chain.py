"""What make does: reruns what an edit affects, stops where one fails, accepts, verifies."""

import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest
from conftest import OUT, ROOT, make, ran, readers_environment, snapshot

from oda_eras.bench import edit, outside_make
from oda_eras.complete import MERGED
from oda_eras.stamps import sha256


def test_nothing_to_do(chain):
    start = time.perf_counter()
    result = make(chain)
    assert "Nothing to be done" in result.stdout
    assert time.perf_counter() - start < 1  # bench times it; here only that no Python starts


def test_a_touched_input_reruns_nothing(chain):
    (chain / "data" / "eras.csv").touch()
    assert ran(make(chain)) == []
    assert "Nothing to be done" in make(chain).stdout


def test_a_failing_notebook_stops_the_chain_and_keeps_the_outputs(chain):
    before = snapshot(chain)
    notebook = chain / "notebooks" / "08_claims.ipynb"
    intact = notebook.read_text()
    content = json.loads(intact)
    code = [i for i, cell in enumerate(content["cells"]) if cell["cell_type"] == "code"]
    content["cells"][code[3]]["source"] = ["table = tables.no_such_method()\n"]
    notebook.write_text(json.dumps(content))
    result = make(chain)
    assert result.returncode != 0
    assert f"08_claims stopped in cell {code[3] + 1}: " in result.stderr
    assert ".build/JPN/08_claims.failed.ipynb" in result.stderr
    assert "Traceback" not in result.stderr and len(result.stderr.splitlines()) <= 6
    assert (chain / ".build/JPN/08_claims.failed.ipynb").is_file()
    assert snapshot(chain) == before
    notebook.write_text(intact)
    assert ran(make(chain)) == []


def test_bad_input_stops_01_and_leaves_the_outputs(chain):
    before = snapshot(chain)
    raw = chain / "data" / "raw" / "article_oda_2016_2020.csv"
    intact = raw.read_text()
    raw.write_text(intact.replace("KGZ,2018,26.34", "KGZ,2018,many"))
    result = make(chain)
    assert result.returncode != 0
    message = (
        "data/raw/article_oda_2016_2020.csv, row 9 (the header is row 1), "
        "column gross_usd_million: found 'many', expected a number"
    )
    assert message in result.stderr
    assert snapshot(chain) == before
    raw.write_text(intact)
    assert ran(make(chain)) == []


def test_two_makes_at_once_run_each_notebook_once(chain):
    for name in ("08_claims", "09_figures"):
        edit(chain / "notebooks" / f"{name}.ipynb")
    both = [
        subprocess.Popen(
            ["make", f"PYTHON={sys.executable}"],
            cwd=chain,
            env=readers_environment(chain),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    texts = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], texts
    lines = [line for text in texts for line in text.splitlines() if " ran in " in line]
    assert sorted(line.split()[0] for line in lines) == ["08_claims", "09_figures"]


def test_accept_takes_over_and_triggers_no_rebuild(chain):
    committed = chain / "notebooks" / "03_patterns.ipynb"
    intact = committed.read_text()
    committed.write_text(intact.replace("**In short**", "**Briefly**"))
    assert "notebooks/03_patterns.ipynb taken over" in make(chain, "accept").stdout
    assert committed.read_text() == intact
    assert "Nothing to be done" in make(chain).stdout
    accepted = make(chain, "accept")
    assert accepted.returncode == 0 and "taken over" not in accepted.stdout


def test_a_stale_reading_stops_nothing_but_accept(chain):
    words = chain / "notebooks" / "words" / "02_measures.md"
    intact = words.read_text()
    words.write_text(intact.replace("\nholds: ", "\nholds: 1 > 2\nholds: ", 1))
    assert words.read_text() != intact
    result = make(chain)
    # its tables come out as before, so the notebooks after it stay as they are
    assert ran(result) == ["02_measures"]
    assert "no longer say what the data show; rewrite them" in result.stdout
    assert re.search(r"words/02_measures\.md, line \d+: expected 1 > 2", result.stdout)
    committed = (chain / "notebooks/02_measures.ipynb").read_text()
    result = make(chain, "accept")
    assert result.returncode != 0 and "readings no longer hold" in result.stderr
    assert (chain / "notebooks/02_measures.ipynb").read_text() == committed
    words.write_text(intact)
    edit(chain / "notebooks" / "02_measures.ipynb")
    result = make(chain)
    assert ran(result) == ["02_measures"] and "rewrite them" not in result.stdout


def test_verify_passes_and_names_what_is_wrong(chain):
    assert make(chain, "verify").returncode == 0
    table = chain / OUT / "data" / "totals.csv"
    intact = table.read_text()
    table.write_text(intact + "\n")
    stray = chain / OUT / "notes.txt"
    stray.write_text("mine")
    result = make(chain, "verify")
    table.write_text(intact)
    stray.unlink()
    assert result.returncode != 0
    assert "outputs/JPN/data/totals.csv is not what notebooks/03_patterns.ipynb" in result.stdout
    assert "outputs/JPN/notes.txt is made by no notebook" in result.stdout


def test_verify_looks_at_figures_and_at_what_the_manifest_lists(chain):
    figure = chain / OUT / "figures" / "f17_what_is_reported.svg"
    manifest = chain / OUT / "manifest.json"
    intact, listed = figure.read_text(), manifest.read_text()
    figure.write_text(re.sub('width="[0-9.]+pt"', 'width="400pt"', intact, count=1))
    files = json.loads(listed)
    del files[f"{OUT}/numbers.json"]
    files[f"{OUT}/figures/f17_what_is_reported.svg"]["sha256"] = sha256(figure)
    manifest.write_text(json.dumps(files))
    result = make(chain, "verify")
    figure.write_text(intact)
    manifest.write_text(listed)
    assert result.stdout.splitlines() == [
        f"{OUT}/manifest.json does not list {OUT}/numbers.json",
        f"{OUT}/figures/f17_what_is_reported.svg is 141 mm wide, not 85 or 180 as pages are",
    ]


@pytest.mark.parametrize("name", MERGED)
def test_verify_names_damage_in_what_the_last_rule_makes(chain, name):
    file = chain / OUT / name
    intact = file.read_bytes()
    file.write_bytes(intact[: len(intact) // 2])
    result = make(chain, "verify")
    file.write_bytes(intact)
    assert result.returncode != 0 and f"{OUT}/{name} is " in result.stdout
    assert "Traceback" not in result.stderr


def test_an_orphaned_output_goes(chain):
    notebook = chain / "notebooks" / "02_measures.ipynb"
    words = chain / "notebooks" / "words" / "02_measures.md"
    intact, said = notebook.read_text(), words.read_text()
    notebook.write_text(intact.replace('save(\\"derived\\"', 'save(\\"places\\"'))
    words.write_text(said.replace("# data derived\n", "# data places\n"))
    assert notebook.read_text() != intact and words.read_text() != said
    result = make(chain)
    assert (chain / OUT / "data" / "places.csv").is_file()
    assert not (chain / OUT / "data" / "derived.csv").exists()
    assert result.returncode != 0  # what needs derived.csv says that it is not there
    notebook.write_text(intact)
    words.write_text(said)
    assert "02_measures" in ran(make(chain))
    assert not (chain / OUT / "data" / "places.csv").exists()


@pytest.mark.parametrize("awk", ["mawk", "gawk", "busybox awk", "original-awk"])
def test_help_is_the_same_with_every_awk(awk, tmp_path):
    program = shutil.which(awk.split()[0])
    if not program:
        pytest.skip(f"no {awk} on this machine")
    (tmp_path / "awk").write_text(f'#!/bin/sh\nexec {awk.replace(awk.split()[0], program)} "$@"\n')
    (tmp_path / "awk").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    run = subprocess.run(["make", "help"], cwd=ROOT, env=outside_make() | {"PATH": path},
                         capture_output=True, text=True)  # fmt: skip
    assert run.stdout == make(ROOT, "help").stdout


def test_help_explains_every_target():
    *listed, choices = make(ROOT, "help").stdout.splitlines()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()
    assert "test-portable" in targets
    assert {line.split("\t")[0] for line in listed} == set(targets)
    parameters = re.search(r"^PARAMETERS = (.*)$", makefile, re.MULTILINE)[1]
    assert choices.startswith(f"{parameters}: ")
