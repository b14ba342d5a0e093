"""How text names what a run is about, and figures and tables."""

import pandas as pd
import pytest
from conftest import ROOT

from oda_eras.naming import eras_in_full, label, listed, naming_of, sentence, year_spans
from oda_eras.study import Study


@pytest.fixture(scope="module")
def donors() -> pd.DataFrame:
    return pd.read_csv(ROOT / "data/donors.csv")


def test_names_are_listed_as_in_a_sentence():
    shown = [listed(list(names)) for names in ("", "a", "ab", "abc")]
    assert shown == ["", "a", "a and b", "a, b and c"]
    assert sentence("the US") == "The US" and sentence("") == ""


def test_years_are_told_with_neighbours_joined():
    shown = [year_spans(years) for years in ([], [1994], [1998, 1994, 1997, 1996])]
    assert shown == ["", "1994", "1994, 1996-1998"]


def test_names_follow_the_run(donors):
    usa = naming_of(Study(donor="USA", recipients=("KAZ", "UZB"), measure="grants"), donors)
    assert (usa.donor, usa.whose) == ("the United States", "the United States'")
    assert (
        usa.tested == "ODA grants from the United States to Kazakhstan and Uzbekistan, current US$"
    )
    assert usa.region == usa.recipients == "Kazakhstan and Uzbekistan" and not usa.default
    japan = naming_of(Study(), donors)
    assert japan.tested == "net ODA from Japan to the five, current US$"
    assert japan.default and japan.currency == "yen"


@pytest.mark.parametrize(
    ("codes", "region"),
    [
        (("ARM", "AZE", "GEO"), "the Caucasus"),
        (("GMB", "MOZ"), "the Gambia and Mozambique"),
        (("BEN", "BFA", "GHA", "KEN", "MLI", "UGA"), "the six"),
    ],
)
def test_recipients_are_named_together(donors, codes, region):
    recipients = pd.read_csv(ROOT / "data/recipients.csv")
    study = Study(donor="SWE", recipients=codes, measure="gross")
    naming = naming_of(study, donors, recipients)
    assert naming.region == region
    assert naming.tested == f"gross ODA from Sweden to {region}, current US$"


@pytest.mark.parametrize(
    ("study", "constant", "prices"),
    [
        (Study(price_basis="constant"), "constant 2023", "constant 2023 US$"),
        (Study(donor="DEU", price_basis="constant"), "constant 2021", "constant 2021 US$"),
        (Study(price_basis="fixed_rate"), "constant 2023", "US$ at a fixed exchange rate"),
    ],
    ids=str,
)
def test_prices_name_their_base(donors, study, constant, prices):
    naming = naming_of(study, donors)
    assert (naming.constant, naming.prices) == (constant, prices)
    assert str(naming.base_year) == constant[-4:]


def test_figures_and_tables_are_numbered_by_their_names():
    assert [label(n) for n in ("f05_x", "t12_x", "means", "f5")] == ["Figure 5", "Table 12", "", ""]


def test_short_names_of_eras_are_explained_where_they_are_printed():
    scheme = pd.DataFrame(
        {
            "scheme": "filled",
            "label": ["Values", "DPJ", "War"],
            "name": ["Values diplomacy", "Democratic Party of Japan", "War in Ukraine"],
            "opens": ["2006-09-26", "2009-09-16", "2022-02-24"],
            "closes": ["2009-09-16", "2012-12-26", None],
        }
    )
    told = eras_in_full(scheme, ["Values to DPJ", "Warsaw"])
    assert told == "Eras: Values diplomacy 2006-09; DPJ (Democratic Party of Japan) 2009-12."
    assert eras_in_full(scheme, ["War"]) == "Eras: War in Ukraine since 2022."
    assert not eras_in_full(scheme, ["net ODA"]) and not eras_in_full(pd.DataFrame(), ["War"])
    assert not eras_in_full(scheme.assign(scheme="data_driven"), ["DPJ"])
