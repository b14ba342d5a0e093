"""Changed verdicts are named with their reason; the chain gets as far as judging them."""

import subprocess
import sys

import pandas as pd
from conftest import make

from oda_eras.bench import scratch_environment
from oda_eras.rejudge import changes

OLD = pd.DataFrame(
    {"id": ["C01", "C02"], "verdict": ["supported", "unverified"], "arithmetic": ["a", "b"]}
)


def test_equal_ledgers_have_no_changes():
    assert changes(OLD, OLD) == []


def test_changes_name_claim_verdicts_and_reason():
    new = OLD.assign(verdict=["contradicted", "unverified"], arithmetic=["sum of five", "b"])
    assert changes(OLD, new) == ["C01: supported -> contradicted (sum of five)"]


def test_claims_that_came_or_went_are_named():
    new = OLD.iloc[1:].copy()
    assert changes(OLD, new) == ["C01: supported -> no row (the claim is gone)"]
    assert changes(new, OLD) == ["C01: no row -> supported (a)"]


def test_a_changed_cell_of_the_articles_table_changes_a_verdict(project):
    """The readings of the old table go stale on the way, which stops nothing."""
    table = project / "data/raw/article_oda_2016_2020.csv"
    cells = table.read_text(encoding="utf-8")
    changed = cells.replace("KGZ,2016,12.81", "KGZ,2016,212.81")
    assert changed != cells
    table.write_text(changed, encoding="utf-8")
    record = [sys.executable, "-m", "oda_eras.record_raw"]
    subprocess.run(record, cwd=project, env=scratch_environment(project), check=True)
    result = make(project, "claims")
    assert result.returncode != 0
    assert "C106: imprecise -> supported (" in result.stdout, result.stdout + result.stderr
