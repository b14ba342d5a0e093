"""The break engine against reference results, and the table of that comparison that 05 shows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from oda_eras.validation import validation_table

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def validation():
    reference = pd.read_csv(DATA / "break_reference.csv", dtype=str, keep_default_na=False)
    noise = pd.read_csv(DATA / "break_synthetic.csv", index_col="year")["value"]
    return reference, validation_table(reference, noise), noise


def test_every_gated_reference_value_is_met(validation):
    _, table, _ = validation
    gated = table[table["gated"]]
    assert len(gated) >= 200
    failed = gated[~gated["holds"].fillna(False)]
    assert failed.empty, failed[["series", "statistic", "at", "reference", "ours"]].to_string()


def test_values_of_r_are_gated_and_those_of_python_libraries_only_shown(validation):
    _, table, _ = validation
    libraries = table["source"].str.contains("ruptures|statsmodels|scipy|Rbeast")
    assert not table.loc[libraries, "gated"].any()
    r_drifts = table["note"].str.contains("drift")
    assert table.loc[table["source"].str.startswith("R ") & ~r_drifts, "gated"].all()


@pytest.mark.parametrize("statistic", ["rss", "positions", "interval", "sup_f_p", "coefficients"])
def test_a_wrong_reference_value_is_noticed(validation, statistic):
    reference, _, noise = validation
    row = reference[(reference["statistic"] == statistic)].tail(1).copy()
    first, *others = row["value"].item().split(";")
    wrong = float(first) + 2e-3 if statistic.endswith("_p") else float(first) * (1 + 2e-6)
    row["value"] = ";".join([repr(wrong), *others])
    assert not validation_table(row, noise)["holds"].any()


def test_no_notebook_computes_it():
    for notebook in (DATA.parent / "notebooks").glob("*.ipynb"):
        assert "oda_eras.validation" not in notebook.read_text(encoding="utf-8"), notebook.name


def test_the_table_that_04_shows_is_the_engines(validation):
    _, table, _ = validation
    shown = pd.read_csv(DATA / "break_validation.csv", keep_default_na=False, na_values=[""])
    assert list(shown) == list(table)
    computed = ["ours", "difference", "holds"]
    given = table.drop(columns=computed).replace("", np.nan)
    pd.testing.assert_frame_equal(
        shown.drop(columns=computed).fillna("").astype(str), given.fillna("").astype(str)
    )
    pd.testing.assert_series_equal(shown["holds"].astype("boolean"), table["holds"])
    np.testing.assert_allclose(shown["difference"], table["difference"], atol=1e-6)
    for old, new in zip(
        shown["ours"].dropna(), table["ours"].replace("", np.nan).dropna(), strict=True
    ):
        ours = [[float(v) for v in text.split(";")] for text in (old, new)]
        np.testing.assert_allclose(*ours, rtol=1e-7)
