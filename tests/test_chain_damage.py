"""What make does after damage: it rebuilds what is not whole, and survives a kill."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import OUT, make, ran, readers_environment, snapshot

from oda_eras.bench import edit
from oda_eras.stamps import damaged_outputs, read_stamp

# tables of one notebook, and what happens to each
DAMAGE = {
    "derived": lambda table: table.unlink(),
    "repayments": lambda table: os.truncate(table, 1000),
    "price_bases": lambda table: table.write_text(table.read_text().replace("199", "189", 1)),
}


def test_each_damaged_output_is_seen_and_all_are_rebuilt_alone(chain):
    before = snapshot(chain)
    stamp = read_stamp(chain / ".build/JPN/02_measures.json")
    for name, damage in DAMAGE.items():
        table = chain / OUT / "data" / f"{name}.csv"
        intact = table.read_bytes()
        times = {path: path.stat().st_mtime_ns for path in (table, table.parent)}
        damage(table)
        assert "oda_eras.run notebooks/02_measures.ipynb" in make(chain, "-n").stdout
        assert damaged_outputs(stamp, chain) == [f"{OUT}/data/{name}.csv"]
        table.write_bytes(intact)
        for path, nanoseconds in times.items():
            os.utime(path, ns=(nanoseconds, nanoseconds))
        assert "Nothing to be done" in make(chain).stdout
    for name, damage in DAMAGE.items():
        damage(chain / OUT / "data" / f"{name}.csv")
    assert ran(make(chain)) == ["02_measures"]
    assert snapshot(chain) == before
    assert "Nothing to be done" in make(chain).stdout


def test_a_damaged_manifest_is_rebuilt(chain):
    before = snapshot(chain)
    (chain / OUT / "manifest.json").write_text("{}")
    assert ran(make(chain)) == []
    assert snapshot(chain) == before


def test_a_reformatted_merged_file_is_restored(chain):
    before = snapshot(chain)
    numbers = chain / OUT / "numbers.json"
    numbers.write_text(json.dumps(json.loads(numbers.read_text())))
    assert ran(make(chain)) == []
    assert snapshot(chain) == before


def test_what_a_kill_left_goes_and_an_executed_notebook_is_made_again(chain):
    before = snapshot(chain)
    left = chain / OUT / ".manifest.json.123"
    left.write_text("{")
    (chain / ".build/JPN/09_figures.ipynb").unlink()
    assert ran(make(chain)) == ["09_figures"]
    (chain / ".build/JPN/09_figures.ipynb").write_text("{")
    assert ran(make(chain)) == ["09_figures"]
    assert snapshot(chain) == before and not left.exists()


def test_an_edit_is_seen_where_the_clock_was_set_back(chain):
    ahead = time.time() + 10000
    for stamp in (chain / ".build/JPN").glob("*.json"):
        os.utime(stamp, (ahead, ahead))
    os.utime(chain / ".build/JPN/done", (ahead, ahead))
    edit(chain / "notebooks" / "09_figures.ipynb")
    assert ran(make(chain)) == ["09_figures"]
    assert "Nothing to be done" in make(chain).stdout


def test_a_broken_stamp_is_seen_through(chain):
    before = snapshot(chain)
    (chain / ".build/JPN/09_figures.json").write_bytes(b"\x00\xff")  # others: test_stamps
    assert ran(make(chain)) == ["09_figures"]
    assert snapshot(chain) == before


@pytest.mark.parametrize("seconds", [0.3, 2])
def test_a_kill_leaves_nothing_that_make_trusts(chain, seconds):
    before = snapshot(chain)
    edit(chain / "notebooks" / "02_measures.ipynb")
    edit(chain / "notebooks" / "09_figures.ipynb")
    process = subprocess.Popen(
        ["make", f"PYTHON={sys.executable}", "-j2"],
        cwd=chain,
        env=readers_environment(chain),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "02_measures starts\n"
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    result = make(chain)
    assert result.returncode == 0, result.stderr
    assert snapshot(chain) == before
    assert "Nothing to be done" in make(chain).stdout
