"""Changed verdicts are named with their reason."""

import pandas as pd

from oda_eras.recheck import changes

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
