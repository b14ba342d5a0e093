"""How text names what a run is about: the donor, the recipients, the series that is tested."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from oda_eras.study import DATA_DRIVEN, RECIPIENTS, Study

# names that English gives an article, by their first word or by their last
WITH_ARTICLE = re.compile(
    r"(United|Netherlands|Democratic|Dominican|Central African|Lao|Syrian|Bahamas|British|"
    r"Caribbean|Caucasus|Comoros|Gambia|Maldives|Philippines|West Bank)\b|.*(Islands)$"
)
# So many recipients are named in a sentence; more are counted.
NAMED_ONE_BY_ONE = 4
COUNTS = ("five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@dataclass(frozen=True)
class Naming:
    """How text names what a run is about.

    donor "Japan" or "the United States"; whose "Japan's" or "the United States'"; region "the
    five", "the Caucasus" or the recipients by name; recipients by name; currency "yen"; constant
    the label of the donor's constant prices, "constant 2023" or "constant 2021"; base_year theirs;
    basis the label of the price basis that is tested; oda the flow that is described, "net ODA" or
    "gross ODA"; flow the one that is tested, also "ODA grants" or "ODA commitments"; prices the
    unit, such as "current US$"; tested the series that is tested, of that flow in these prices;
    default whether all parameters are the defaults.
    """

    donor: str
    whose: str
    region: str
    recipients: str
    currency: str
    constant: str
    base_year: int
    basis: str
    oda: str
    flow: str
    prices: str
    tested: str
    default: bool


def listed(names: Iterable[str]) -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"; none is an empty text."""
    names = list(names)
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def years_in(years: pd.Series | pd.Index) -> str:
    """First and last of some years, "2000-2022", or the only one."""
    first, last = years.min(), years.max()
    return f"{first}-{last}" if first < last else f"{first}"


def year_spans(years: Iterable[int]) -> str:
    """Years in a sentence, neighbours joined: "1994, 1996-1998"."""
    year = pd.Series(sorted(years))
    runs = year.groupby(year - year.index).agg(["min", "max"])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs.itertuples(index=False))


def eras_in_full(scheme: pd.DataFrame, shown: list[str]) -> str:
    """A line that explains the short names of eras in some texts; empty where there are none.

    `scheme` has columns of data/eras.csv, or is empty. Eras cut from the data are named by their
    years and need no line.
    """
    named = []
    for era in scheme.itertuples():
        printed = any(re.search(rf"\b{re.escape(era.label)}(?!\w)", text) for text in shown)
        if printed and era.scheme != DATA_DRIVEN:
            name = era.name if era.label in era.name else f"{era.label} ({era.name})"
            open_ended = pd.isna(era.closes)
            years = f"since {era.opens[:4]}" if open_ended else f"{era.opens[:4]}-{era.closes[2:4]}"
            named.append(f"{name} {years}")
    return f"Eras: {'; '.join(named)}." if named else ""


def sentence(text: str) -> str:
    """Text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def label(name: str) -> str:
    """Number of a figure or table that is published: "Figure 5" for f05_...; "" for others."""
    match = re.match(r"([ft])(\d\d)_", name)
    return f"{'Figure' if match[1] == 'f' else 'Table'} {int(match[2])}" if match else ""


def with_article(name: str) -> str:
    """A country's or a region's name in a sentence: "Chile", "the Maldives"."""
    return f"the {name}" if WITH_ARTICLE.match(name) else name


def region_of(study: Study, recipients: pd.DataFrame | None, names: list[str]) -> str:
    """The name of a study's recipients together: a region that they make up, each, or how many."""
    if recipients is not None and len(names) > 1:
        for column in ("group", "region"):
            for name, members in recipients.groupby(column).recipient:
                if set(members) == set(study.recipients):
                    return with_article(name)
    if len(names) <= NAMED_ONE_BY_ONE:
        return listed(names)
    return f"the {COUNTS[len(names) - NAMED_ONE_BY_ONE - 1]}"


def read_naming(root: Path, study: Study) -> Naming:
    """How a study is named, from the project's lists."""
    lists = (root / f"data/{name}.csv" for name in ("donors", "recipients"))
    donors, recipients = map(pd.read_csv, lists)
    return naming_of(study, donors, None if study.in_central_asia else recipients)


def naming_of(study: Study, donors: pd.DataFrame, recipients: pd.DataFrame | None = None) -> Naming:
    """How a study is named; `donors` and `recipients` are the tables of data/.

    Of recipients in Central Asia no table is needed.
    """
    row = donors.set_index("donor").loc[study.donor]
    donor = with_article(row["name"])
    named = RECIPIENTS if recipients is None else dict(recipients[["recipient", "name"]].to_numpy())
    names = [with_article(named[code]) for code in study.recipients]
    # Japan's own series fixes 2023 as its base; the DAC's deflators have base 2021
    base_year = 2023 if study.donor == "JPN" else 2021
    constant = f"constant {base_year}"
    labels = {"current": "current", "constant": constant, "fixed_rate": "fixed exchange rate"}
    basis = labels[study.price_basis]
    flows = {"grants": "ODA grants", "commitments": "ODA commitments"}
    flow = flows.get(study.measure, f"{study.measure} ODA")
    region = region_of(study, recipients, names)
    prices = "US$ at a fixed exchange rate" if study.price_basis == "fixed_rate" else f"{basis} US$"
    return Naming(
        donor=donor,
        whose=f"{donor}'" if donor.endswith("s") else f"{donor}'s",
        region=region,
        recipients=listed(names),
        currency="" if pd.isna(row.currency) else row.currency,
        constant=constant,
        base_year=base_year,
        basis=basis,
        oda=f"{study.described} ODA",
        flow=flow,
        prices=prices,
        tested=f"{flow} from {donor} to {region}, {prices}",
        default=study == Study(),
    )
