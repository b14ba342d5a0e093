"""Changed verdicts are named with their reason; the chain gets as far as judging them."""

import pandas as pd
from conftest import make

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


def test_a_changed_figure_of_a_document_changes_a_verdict(chain):
    table = chain / "data/excerpts.csv"
    rows = table.read_text(encoding="utf-8")
    changed = rows.replace("C77,poll of 2016,2016,75,", "C77,poll of 2016,2016,65,")
    assert changed != rows
    table.write_text(changed, encoding="utf-8")
    result = make(chain, "claims")
    assert result.returncode != 0
    assert "C77: supported -> imprecise (" in result.stdout, result.stdout + result.stderr
