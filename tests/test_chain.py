"""What make does: reruns what an edit affects, rebuilds what is damaged, survives a kill."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from conftest import OUT, ROOT, make, snapshot

from oda_eras.bench import edit, scratch_environment


def ran(result) -> list[str]:
    """Notebooks that a make has run, in order."""
    assert result.returncode == 0, result.stdout + result.stderr
    return [line.split()[0] for line in result.stdout.splitlines() if " ran in " in line]


def edit_outputless(root, name):
    edit(root / "notebooks" / f"{name}.ipynb")


def test_the_chain_makes_what_is_committed(chain):
    names = set(snapshot(ROOT))
    made = snapshot(chain)
    assert set(made) == names
    assert [n for n in names if n.endswith((".csv", ".md")) and made[n] != snapshot(ROOT)[n]] == []


def test_nothing_to_do(chain):
    start = time.perf_counter()
    result = make(chain)
    assert "Nothing to be done" in result.stdout
    assert time.perf_counter() - start < 1  # bench times it; here only that no Python starts


def test_an_edit_reruns_what_it_affects(chain):
    edit_outputless(chain, "03_patterns")
    # its table comes out as before, so the notebooks after it stay as they are
    assert ran(make(chain)) == ["03_patterns"]


def test_a_touched_input_reruns_nothing(chain):
    (chain / "data" / "eras.csv").touch()
    assert ran(make(chain)) == []
    assert "Nothing to be done" in make(chain).stdout


@pytest.mark.parametrize("damage", ["delete", "truncate", "edit"])
def test_a_damaged_output_is_rebuilt_alone(chain, damage):
    before = snapshot(chain)
    panel = chain / OUT / "data" / "panel.csv"
    if damage == "delete":
        panel.unlink()
    elif damage == "truncate":
        os.truncate(panel, 1000)
    else:
        panel.write_text(panel.read_text().replace("reported", "Reported"))
    assert ran(make(chain)) == ["01_clean"]
    assert snapshot(chain) == before
    assert "Nothing to be done" in make(chain).stdout


def test_a_damaged_manifest_is_rebuilt(chain):
    before = snapshot(chain)
    (chain / OUT / "manifest.json").write_text("{}")
    assert ran(make(chain)) == []
    assert snapshot(chain) == before


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


@pytest.mark.parametrize("seconds", [0.8, 1.6])
def test_a_kill_leaves_nothing_that_make_trusts(chain, seconds):
    before = snapshot(chain)
    edit_outputless(chain, "01_clean")
    edit_outputless(chain, "08_claims")
    process = subprocess.Popen(
        ["make", f"PYTHON={sys.executable}", "-j2"],
        cwd=chain,
        env=scratch_environment(chain),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    result = make(chain)
    assert result.returncode == 0, result.stderr
    assert snapshot(chain) == before
    assert "Nothing to be done" in make(chain).stdout


def test_two_makes_at_once_run_each_notebook_once(chain):
    for name in ("02_measures", "08_claims"):
        edit_outputless(chain, name)
    both = [
        subprocess.Popen(
            ["make", f"PYTHON={sys.executable}"],
            cwd=chain,
            env=scratch_environment(chain),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    texts = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], texts
    lines = [line for text in texts for line in text.splitlines() if " ran in " in line]
    assert sorted(line.split()[0] for line in lines) == ["02_measures", "08_claims"]


def test_accept_takes_over_and_triggers_no_rebuild(chain):
    assert make(chain, "accept").returncode == 0
    assert "Nothing to be done" in make(chain).stdout
    accepted = make(chain, "accept")
    assert "taken over" not in accepted.stdout


def test_a_stale_reading_stops_nothing_but_accept(chain):
    words = chain / "notebooks" / "words" / "03_patterns.md"
    intact = words.read_text()
    words.write_text(intact.replace("\nholds: ", "\nholds: 1 > 2\nholds: ", 1))
    assert words.read_text() != intact
    result = make(chain)
    assert "03_patterns" in ran(result)
    assert "no longer say what the data show; rewrite them" in result.stdout
    assert re.search(r"words/03_patterns\.md, line \d+: expected 1 > 2", result.stdout)
    committed = (chain / "notebooks/03_patterns.ipynb").read_text()
    result = make(chain, "accept")
    assert result.returncode != 0 and "readings no longer hold" in result.stderr
    assert (chain / "notebooks/03_patterns.ipynb").read_text() == committed
    words.write_text(intact)
    assert "rewrite them" not in make(chain).stdout


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


def test_an_orphaned_output_goes(chain):
    notebook = chain / "notebooks" / "03_patterns.ipynb"
    words = chain / "notebooks" / "words" / "03_patterns.md"
    intact, said = notebook.read_text(), words.read_text()
    notebook.write_text(intact.replace('\\"ranks\\"', '\\"places\\"'))
    words.write_text(said.replace("# data ranks\n", "# data places\n"))
    assert notebook.read_text() != intact and words.read_text() != said
    result = make(chain)
    assert (chain / OUT / "data" / "places.csv").is_file()
    assert not (chain / OUT / "data" / "ranks.csv").exists()
    assert result.returncode != 0  # what needs ranks.csv says that it is not there
    notebook.write_text(intact)
    words.write_text(said)
    assert "03_patterns" in ran(make(chain))
    assert not (chain / OUT / "data" / "places.csv").exists()


def test_help_explains_every_target():
    listed = make(ROOT, "help").stdout.splitlines()
    names = {line.split("\t")[0] for line in listed}
    assert names == {
        "all",
        "paper",
        "docx",
        "crate",
        "donors",
        "test",
        "report",
        "lab",
        "accept",
        "verify",
        "claims",
        "power",
        "bench",
        "clean",
        "help",
    }


@pytest.mark.parametrize("stamp", ["", "[1]", '{"a": 1}', "\x00\xff"])
def test_a_broken_stamp_is_seen_through(chain, stamp):
    before = snapshot(chain)
    (chain / ".build/JPN/08_claims.json").write_text(stamp, encoding="latin-1")
    assert ran(make(chain)) == ["08_claims"]
    assert snapshot(chain) == before


def test_a_reformatted_merged_file_is_restored(chain):
    before = snapshot(chain)
    numbers = chain / OUT / "numbers.json"
    numbers.write_text(json.dumps(json.loads(numbers.read_text())))
    assert ran(make(chain)) == []
    assert snapshot(chain) == before


def test_another_donors_run_speaks_of_that_donor(chain):
    before = snapshot(chain)
    result = make(chain, "-j2", "DONOR=KOR")
    assert result.returncode == 0, result.stderr
    assert snapshot(chain) == before  # nothing of it goes into the default run's outputs
    folder = chain / "outputs/KOR"
    texts = {
        p.name: p.read_text() for p in (folder / "figures").iterdir() if p.suffix in {".md", ".txt"}
    }
    # the sources are the same for every run, Japan's own totals among them
    tables = [p for p in (folder / "tables").glob("*.md") if p.stem != "t01_sources"]
    texts |= {path.name: path.read_text() for path in tables}
    for path in sorted((chain / ".build/KOR").glob("0?_*.ipynb")):
        if path.stem.count("."):
            continue  # what the run was made from
        for cell in json.loads(path.read_text())["cells"]:
            said = "".join(
                "".join(output.get("data", {}).get("text/markdown", ""))
                for output in cell.get("outputs", [])
            )
            texts[path.stem] = texts.get(path.stem, "") + said
    assert len(texts) > 40 and "South Korea" in texts["03_patterns"] + texts["07_donors"]
    texts.pop("01_clean")  # it lists the raw tables, some of them Japan's or the article's
    # Japan is meant there: as another donor, as the article's, and in what was declared of its run
    meant = (
        r"; Japan: largest in \d+, \d+ million|\| +Japan +(?=\|)|claims are about Japan;"
        r"|by rotation, on Japan's net ODA to all five"
    )
    strays = {
        name: re.findall(r"(?i).{30}\b(?:japan|yen|mahmudov)\b.{30}", re.sub(meant, "", text))
        for name, text in texts.items()
    }
    assert not {name: found for name, found in strays.items() if found}
    contrasts = pd.read_csv(folder / "tables/t04_contrasts.csv")
    assert list(contrasts) == list(pd.read_csv(chain / OUT / "tables/t04_contrasts.csv"))
    assert contrasts.p.isna().all()  # its eras are the data's own
    assert "Nothing to be done" in make(chain, "DONOR=KOR").stdout
