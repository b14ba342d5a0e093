"""Verdicts on an article's claims, from the project's tables and from documents.

The checks stand in the modules checks_*. A claim without a check takes its verdict from a named
document, or has none.
"""

import re

import numpy as np
import pandas as pd

from oda_eras import checks_decisions, checks_flows, checks_world  # noqa: F401 (they fill CHECKS)
from oda_eras.findings import (
    BASES,
    CHECKS,
    FAULTS,
    HOLDING,
    VERDICTS,
    WITH_UNIT,
    Finding,
    claimed_text,
)
from oda_eras.naming import sentence

# Tables of the outputs that the checks read, with the sources that each rests on.
SOURCES = {
    "panel": ["wdi_net_oda_by_donor", "dac2a_grants_by_donor"],
    "japan_totals": ["wdi_japan_totals"],
    "article_oda": ["article_oda_2016_2020"],
    "article_figures": ["article_figures"],
    "context": ["wdi_context"],
    "sectors_2012": ["crs_japan_sectors_2012"],
    "ranks": ["wdi_net_oda_by_donor"],
    "donor_shares": ["wdi_net_oda_by_donor"],
    "flows": ["crs_world", "crs_gross_current", "dac2a_world", "dac_deflators"],
    "agreements": ["yen_loans"],
    "china_commitments": ["gcdf_china_commitments"],
    "energy": ["ei_energy"],
    "direct_investment": ["imf_direct_investment"],
    "ideal_points": ["un_ideal_points"],
}
TABLES = tuple(SOURCES)
# Tables of the project that name a source for each row.
PROJECT = {"eras": "data/eras.csv", "excerpts": "data/excerpts.csv"}
# What a verdict rests on, from the firmest on.
FIRMNESS = ["primary table", "copy of a table", "document", "article", "nothing"]
# A hyphen before a number that is no span of years and no part of a date.
MINUS = re.compile(r"(?<![\w-])-(?=\d)")
NOT_MADE = "the check could not be made"
# The article's polls and resource shares, by how their ids in article_figures begin.
POLLS_AND_RESOURCES = (
    "poll_", "uranium", "oil", "gas", "coal_rank", "electricity_rank", "manganese", "chromium",
    "lead", "zinc", "titanium", "rare_earths",
)  # fmt: skip


def computed_text(value: float, claimed: float, unit: str) -> str:
    """A computed number to four digits, or to as many as the claimed one needs, with its unit."""
    if pd.isna(value):
        return ""
    decimals = 0 if pd.isna(claimed) else len(f"{claimed:.15g}".partition(".")[2])
    digits = max(4, len(f"{abs(value):.0f}") + decimals)
    number = f"{value:.{digits}g}" if unit == "year" else f"{value:,.{digits}g}"
    return WITH_UNIT.get(unit, f"{{}} {unit}").format(number.replace("-", "−"))


def favourable_first(readings: str) -> str:
    """Readings, separated by semicolons: first those on which the claim holds, then near ones."""

    def order(reading: str) -> tuple[bool, bool]:
        return "holds" not in reading, not reading.endswith(": near")

    return "; ".join(sorted(readings.split("; "), key=order))


def instead(claim: dict, found: Finding) -> str:
    """What the author could have written that the data support, for a claim that does not hold.

    The sentence of data/claims.csv may print {computed}, {claimed} and the finding's facts. Empty
    where the claim holds or stays open. Raises KeyError for a fact that the finding lacks.
    """
    text = claim.get("instead")
    if found.verdict not in FAULTS or not isinstance(text, str):
        return ""
    given = {"computed": found.computed, "claimed": claim["claimed_value"]} | found.facts
    return text.format(**given)


def needed(claim: dict, verdict: str) -> str:
    """What would settle a claim that stays open, in words that follow others; else empty."""
    needs = claim["needs"]
    return f"; needs: {needs}" if verdict == "unverified" and isinstance(needs, str) else ""


def firmness(ledger: pd.DataFrame, sources: dict[str, dict]) -> pd.Series:
    """What each verdict rests on, one of `FIRMNESS`: the least firm of the tables that it needs.

    A source that was read in another project's copy has its address there, on github.com. The
    article's own tables count only where nothing else is held against them.

    Parameters
    ----------
    ledger : DataFrame
        What `judge` returns.
    sources : dict
        data/sources.yml.
    """

    def of_source(name: str) -> str:
        if name.startswith("article_"):
            return "article"
        address = sources[name]["url"]
        document = "document" if address == "per row" else "primary table"
        return "copy of a table" if "github.com" in address else document

    def of_row(row) -> str:
        if row.basis != "computed":
            return {"none": "nothing"}.get(row.basis, row.basis)
        names = [path.removeprefix("data/").removesuffix(".csv") for path in row.source.split("; ")]
        found = {
            of_source(source) if name not in PROJECT else "document"
            for name in names
            for source in SOURCES.get(name, [name])
            if name
        }
        against = found - {"article"} or found
        return max(against, key=FIRMNESS.index, default="nothing")

    return pd.Series([of_row(row) for row in ledger.itertuples()], index=ledger.index)


def by_firmness(ledger: pd.DataFrame) -> pd.DataFrame:
    """Count claims by what their verdicts rest on (column firmness) and whether they were computed.

    Returns columns firmness, computed, typed and all, in the order of `FIRMNESS`.
    """
    typed = (ledger.basis != "computed").map({True: "typed", False: "computed"})
    counts = pd.crosstab(ledger.firmness, typed).reindex(
        index=FIRMNESS, columns=["computed", "typed"], fill_value=0
    )
    return counts.assign(all=counts.sum(axis=1)).reset_index()


def judge(claims: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give every claim its verdict.

    Parameters
    ----------
    claims : DataFrame
        data/claims.csv.
    tables : dict of DataFrame
        Tables by name, as the checks read them.

    Returns
    -------
    DataFrame
        Columns id, section, claim, kind, claimed_value, unit, computed, computed_unit,
        difference, verdict, basis ("computed", "document", "none"), arithmetic, readings, rule (of
        the check), source, instead (see `instead`), evidence. A check that raises, or whose
        input is missing, gives "unverified" with the reason.

    Raises ValueError for a check or verdict that does not exist.
    """
    rows = []
    for claim in claims.to_dict("records"):
        check, told = claim["check"], claim["document_verdict"]
        row = {k: claim[k] for k in ("id", "section", "claim", "kind", "claimed_value", "unit")}
        if isinstance(check, str):
            if check not in CHECKS:
                raise ValueError(f"claim {claim['id']}: no check {check!r}")
            own = dict(tables)
            if "excerpts" in tables:
                own["excerpts"] = tables["excerpts"].query("claim == @claim['id']")
            try:
                found = CHECKS[check](own, claim["claimed_value"])
            except Exception as error:  # whatever it is, the claim stays open and says why
                reason = f"{type(error).__name__}: {error}"
                found = Finding("unverified", np.nan, f"{NOT_MADE} ({reason})", rests="")
            row |= {
                "computed": found.computed,
                "computed_unit": claim["unit"] if found.like else found.unit,
                "difference": found.computed - claim["claimed_value"] if found.like else np.nan,
                "verdict": found.verdict,
                "basis": "computed",
                "arithmetic": found.arithmetic + needed(claim, found.verdict),
                "readings": favourable_first(found.readings),
                "rule": CHECKS[check].rule,
                "source": "; ".join(f"data/{name}.csv" for name in found.rests.split(", ") if name),
                "instead": instead(claim, found),
            }
        else:
            verdict = told if isinstance(told, str) else "unverified"
            if verdict not in VERDICTS:
                raise ValueError(f"claim {claim['id']}: no verdict {verdict!r}")
            document, note = (
                claim[k] if isinstance(claim[k], str) else "" for k in ("document", "note")
            )
            row |= {
                "computed": np.nan,
                "computed_unit": "",
                "difference": np.nan,
                "verdict": verdict,
                "basis": claim["evidence"],
                "arithmetic": needed(claim, verdict).removeprefix("; ") or note,
                "readings": "",
                "rule": "",
                "source": document,
                "instead": instead(claim, Finding(verdict, np.nan, "")),
            }
        rows.append(row | {"evidence": claim["evidence"]})
    return pd.DataFrame(rows)


def not_made(ledger: pd.DataFrame) -> list[str]:
    """The checks that could not be made, as "id: reason"; `ledger` is what `judge` returns."""
    rows = ledger[ledger.arithmetic.str.startswith(NOT_MADE)]
    return [f"{row.id}: {row.arithmetic}" for row in rows.itertuples()]


def by_basis(ledger: pd.DataFrame) -> pd.DataFrame:
    """Count claims by verdict and by what it rests on.

    Returns columns verdict, one for each of `BASES`, and all; the last row is all verdicts.
    """
    counts = pd.crosstab(ledger.verdict, ledger.basis).reindex(
        index=VERDICTS, columns=BASES, fill_value=0
    )
    counts.loc["all verdicts"] = counts.sum()
    return counts.assign(all=counts.sum(axis=1)).reset_index()


def by_section(ledger: pd.DataFrame) -> pd.DataFrame:
    """Count claims by section and verdict, zeros included, for the verdicts that occur.

    Returns columns section, verdict, claims: sections as the article has them within verdicts in
    the order of `VERDICTS`.
    """
    counts = pd.crosstab(ledger.section, ledger.verdict).reindex(
        index=ledger.section.unique(), columns=[v for v in VERDICTS if v in set(ledger.verdict)]
    )
    return counts.reset_index().melt("section", var_name="verdict", value_name="claims")


def shares_by_section(counts: pd.DataFrame, least: int = 5) -> pd.DataFrame:
    """The parts of each section's claims that hold and that stay open, from 0 to 1.

    Parameters
    ----------
    counts : DataFrame
        What `by_section` returns.
    least : int
        Sections with fewer claims are left out: a share of one or two says nothing.

    Returns
    -------
    DataFrame
        Index section; columns holding (supported or plausible) and unverified.
    """
    wide_counts = counts.pivot(index="section", columns="verdict", values="claims")
    wide_counts = wide_counts.reindex(columns=VERDICTS, fill_value=0)
    parts = wide_counts.div(wide_counts.sum(axis=1), axis=0)
    shares = pd.DataFrame({"holding": parts[HOLDING].sum(axis=1), "unverified": parts.unverified})
    return shares[wide_counts.sum(axis=1) >= least]


def faulted(ledger: pd.DataFrame) -> pd.DataFrame:
    """The claims that do not hold or hold only nearly, the worst first."""
    rows = ledger[ledger.verdict.isin(FAULTS)]
    return rows.sort_values("verdict", key=lambda v: v.map(FAULTS.index), kind="stable")


def borne_out(ledger: pd.DataFrame) -> pd.DataFrame:
    """The claims that hold, or do not fail, by a check of this run."""
    return ledger[(ledger.basis == "computed") & ledger.verdict.isin(HOLDING)]


def printed(ledger: pd.DataFrame) -> pd.DataFrame:
    """Rows of a ledger as tables print them: claimed and computed numbers as text, and a column
    why, of the arithmetic and the readings that a check tried. Where a claim does not hold the
    readings come first, the most favourable of them at the head."""
    numbers = ledger[["claimed_value", "computed", "unit", "computed_unit"]].to_dict("records")
    arithmetic, readings = (
        ledger[column].map(sentence).map(lambda text: MINUS.sub("−", text))
        for column in ("arithmetic", "readings")
    )
    faulted = ledger.verdict.isin(FAULTS)
    first, second = readings.where(faulted, arithmetic), arithmetic.where(faulted, readings)
    return ledger.assign(
        claimed_value=[claimed_text(row["claimed_value"], row["unit"]) for row in numbers],
        computed=[
            computed_text(row["computed"], row["claimed_value"], row["computed_unit"])
            for row in numbers
        ],
        arithmetic=arithmetic,
        why=[". ".join(part for part in pair if part) for pair in zip(first, second, strict=True)],
    )


def polls_and_resources(
    figures: pd.DataFrame, claims: pd.DataFrame, ledger: pd.DataFrame
) -> pd.DataFrame:
    """The article's polls and resource shares with the verdicts on them.

    Parameters
    ----------
    figures, claims, ledger : DataFrame
        article_figures, data/claims.csv, and what `printed` returns.

    Returns
    -------
    DataFrame
        A row for each figure: figure, subject, quantity, period, value, unit, and id, verdict,
        arithmetic (with the readings) and source of the claim that gives it, missing where none
        does.

    Raises pandas' MergeError where two claims give one figure.
    """
    given = figures[figures.figure.str.startswith(POLLS_AND_RESOURCES)]
    judged = (
        claims[["id", "figure"]]
        .dropna()
        .merge(ledger[["id", "verdict", "why", "source"]], on="id")
        .rename(columns={"why": "arithmetic"})
    )
    columns = ["figure", "subject", "quantity", "period", "value", "unit"]
    return given[columns].merge(judged, on="figure", how="left", validate="one_to_one")
