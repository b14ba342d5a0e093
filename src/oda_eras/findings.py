"""What a check of a claim finds, the verdicts that it can reach, and the register of all checks.

A check is a function of the tables and of the claimed value; it tests the claim on each reading
that its words allow and returns a `Finding` for the fairest of them. Its docstring is its rule
and is shown beside the verdict.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pandas as pd

from oda_eras.measures import ROUNDING
from oda_eras.study import RECIPIENTS, Study

VERDICTS = [
    "supported",
    "plausible",
    "imprecise",
    "inconsistent",
    "contradicted",
    "unverified",
    "not checkable",
]
# What does not hold, from the worst on; and what does.
FAULTS = ["contradicted", "inconsistent", "imprecise"]
HOLDING = ["supported", "plausible"]
BASES = ["computed", "document", "article", "none"]
# How numbers are printed with units that are not simply put after them.
WITH_UNIT = {
    "year": "{}",
    "count": "{}",
    "rank": "rank {}",
    "percent": "{}%",
    "percent of respondents": "{}% of respondents",
    "ratio": "{} times",
}
DONOR = Study.donor
# The first and the last access date that the article prints for a web page.
FIRST_ACCESS, LATEST_ACCESS = pd.Timestamp("2025-02-01"), pd.Timestamp("2025-05-20")
# The recipients' printed flows and a printed sum of them, each half of the last digit off.
SUM_TOLERANCE = (len(RECIPIENTS) + 1) * ROUNDING / 2
# A moving quantity without a year may miss by this part of the claimed number.
NEAR = 0.05
# What moves by less than a fifth has not changed.
CHANGE = 0.2


@dataclass(frozen=True)
class Finding:
    """What a check finds: verdict, computed value, arithmetic in words, readings, and the tables
    that it rests on, by name and separated by commas.

    `like` says whether the computed value measures the same as the claimed one, so that their
    difference means something; where it does not, `unit` is the computed value's own. `facts`
    are further numbers by name, for the sentence that says what the data support instead.
    """

    verdict: str
    computed: float
    arithmetic: str
    readings: str = ""
    rests: str = "panel"
    like: bool = False
    unit: str = ""
    facts: dict[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A check with the verdicts that it can reach, and its rule in words.

    Calling it raises ValueError where the verdict is none of them.
    """

    find: Callable[[dict[str, pd.DataFrame], float], Finding]
    verdicts: tuple[str, ...]
    rule: str

    def __call__(self, tables: dict[str, pd.DataFrame], claimed: float) -> Finding:
        found = self.find(tables, claimed)
        if found.verdict not in self.verdicts:
            raise ValueError(f"{found.verdict}: expected {', '.join(self.verdicts)}")
        return found


CHECKS: dict[str, Check] = {}
# What a check can come to, by what the tables hold: the claimed thing itself; a sign of it; a sign
# whose test may leave it open.
MEASURED = ("supported", "imprecise", "contradicted")
SIGN = ("plausible", "imprecise", "contradicted")
TESTED = ("plausible", "unverified", "contradicted")


def check(*verdicts: str) -> Callable:
    """Enter a function in `CHECKS` under its name, with its docstring as the rule."""

    def enter(find: Callable) -> Callable:
        CHECKS[find.__name__] = Check(find, verdicts, " ".join((find.__doc__ or "").split()))
        return find

    return enter


def verdict_of(words: Iterable[bool], others: Iterable[bool], full: str = "supported") -> str:
    """The full verdict where the claim holds on a reading that its words name or leave open,
    imprecise where it holds on another only, contradicted where it holds on none."""
    return full if any(words) else "imprecise" if any(others) else "contradicted"


def holds(yes: bool) -> str:
    """The word that a reading carries."""
    return "holds" if yes else "fails"


def claimed_text(value: float, unit: str) -> str:
    """A claimed number with its unit as the article prints it, never rounded; a calendar year
    takes neither separator nor unit. Empty where there is none."""
    if pd.isna(value):
        return ""
    number = f"{value:.15g}" if unit == "year" else f"{value:,.15g}"
    return WITH_UNIT.get(unit, f"{{}} {unit}").format(number)
