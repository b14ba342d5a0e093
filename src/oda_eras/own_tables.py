"""The project's own tables in data/, checked before a notebook reads them.

`python -m oda_eras.own_tables STAMP` checks each against its schema, then what holds between them,
then their hashes in data/datapackage.json, and writes the stamp. A hash that is not the recorded
one stops, but for tables that people write: it is told. Make calls this.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa

from oda_eras.commands import one_line
from oda_eras.paths import project_root
from oda_eras.schemas import (
    Table,
    code,
    day,
    number,
    read_donors,
    read_eras,
    read_organisations,
    read_recipients,
    text,
    validate,
    year,
)
from oda_eras.sources import (
    DataError,
    check_recorded,
    load_sources,
    raw_file,
    read_raw_text,
    read_text_table,
)
from oda_eras.stamps import write_text

NUMBER = r"-?\d+(\.\d+)?([eE][+-]?\d+)?"


def pattern(form: str, expected: str, *, nullable: bool = False) -> pa.Column:
    """A text column whose cells have a form, a regular expression, told in words."""
    check = pa.Check(lambda cells: cells.str.fullmatch(form).astype(bool), error=expected)
    return pa.Column(str, check, nullable=nullable)


CLAIM = pattern(r"C\d{2,3}", "an id such as C01")
YES_NO, TRUE_FALSE = code(["yes", "no"]), code(["True", "False"])
VERDICTS = ["supported", "plausible", "imprecise", "inconsistent", "contradicted", "not checkable"]
RESULT = {name: text() for name in ("series", "statistic")} | {"at": text(nullable=True)}
TABLES = {
    "claims": Table(
        {
            "id": CLAIM,
            "section": text(),
            "claim": text(),
            "kind": code(["trend", "description", "number", "date", "cause", "rank"]),
            "claimed_value": number(-1e9, 1e9, nullable=True),
            "unit": text(nullable=True),
            "figure": text(nullable=True),
            "check": pattern(r"[a-z]\w*", "the name of a check", nullable=True),
            "evidence": code(["data", "document", "article", "none"]),
            "document": text(nullable=True),
            "document_verdict": pa.Column(
                str, pa.Check.isin(VERDICTS, error=f"one of {', '.join(VERDICTS)}"), nullable=True
            ),
            "needs": text(nullable=True),
            "note": text(),
            "instead": text(nullable=True),
        },
        ["id"],
    ),
    "citations": Table(
        {"id": pattern(r"F\d{2}", "an id such as F01"), "where": text(), "fault": text()}, ["id"]
    ),
    "events": Table({"date": day(), "event": text(), "source": text()}, ["event"]),
    "excerpts": Table(
        {
            "claim": CLAIM,
            "reading": text(),
            "period": pattern(r"\d{4}(-\d{4})?|undated", "a year, a span or undated"),
            "value": number(-1e9, 1e9, nullable=True),
            "unit": text(),
            "named": YES_NO,
            "moves": YES_NO,
            "first_hand": YES_NO,
            "document": text(),
        },
        ["claim", "reading", "period"],
    ),
    "power": Table(
        {
            "scenario": code(["size", "power", "power_eras"]),
            "n": number(10, 100),
            "rho": number(0, 0.99),
            "shift_sd": number(0, 10),
            "break_after": number(1, 99),
            "method": text(),
            "rejection_rate": number(0, 1),
            "n_sim": number(100, 1e6),
            "mc_error": number(0, 0.05),
            "seed": number(0, 1e9),
        },
        ["scenario", "n", "rho", "shift_sd", "break_after", "method"],
    ),
    "break_reference": Table(
        {
            **RESULT,
            "value": pattern(f"{NUMBER}(;{NUMBER})*", "a number, or several with semicolons"),
            "settings": text(nullable=True),
            "computed_by": text(),
            "gated": TRUE_FALSE,
            "note": text(nullable=True),
        },
        ["series", "statistic", "at", "settings", "computed_by"],
    ),
    "break_synthetic": Table(
        {"year": year(1993, 2022), "value": number(-1e4, 1e4)}, ["year"], [({}, 1993, 2022)]
    ),
    "break_validation": Table(
        {
            **RESULT,
            "settings": text(nullable=True),
            "reference": pattern(f"{NUMBER}(;{NUMBER})*", "a number, or several with semicolons"),
            "ours": pattern(f"{NUMBER}(;{NUMBER})*", "a number, or several", nullable=True),
            "difference": number(0, 1e9, nullable=True),
            "tolerance": pattern(f"{NUMBER} (relative|absolute|Monte Carlo errors)", "a tolerance"),
            "holds": pa.Column(str, TRUE_FALSE.checks, nullable=True),
            "gated": TRUE_FALSE,
            "source": text(),
            "note": text(nullable=True),
        },
        ["series", "statistic", "at", "settings", "source"],
    ),
}


# What people write: an edit that passes the schemas is run, and make says that it is not recorded.
BY_HAND = ["claims", "citations", "events", "excerpts", "eras"]


def own_file(name: str) -> str:
    """Path of one of these tables from the project's root."""
    return f"data/{name}.csv"


def read_own_tables(root: Path) -> dict[str, pd.DataFrame]:
    """Read all of the project's own tables by name, each checked, and what holds between them.

    Raises DataError for the first fault, with file, row and column.
    """
    tables = {
        "donors": read_donors(root),
        "organisations": read_organisations(root),
        "recipients": read_recipients(root),
        "eras": read_eras(root),
    }
    for name, table in TABLES.items():
        tables[name] = validate(own_file(name), table, read_text_table(root, own_file(name)))
    _check_numbered(tables["claims"], "claims", "C")
    _check_numbered(tables["citations"], "citations", "F")
    _check_claims(tables["claims"], read_raw_text(root, "article_figures"))
    _check_excerpts(tables["excerpts"], tables["claims"])
    _check_labels(tables["eras"])
    dates = tables["events"].date
    for row in dates.index[dates < dates.shift()]:
        raise _fault("events", row, "date", dates[row], f"no day before {dates[row - 1]}")
    _check_power(tables["power"])
    _check_validated(tables["break_validation"], tables["break_reference"])
    return tables


def _fault(name: str, row, column: str, found, expected: str) -> DataError:
    found = "an empty cell" if pd.isna(found) else f"'{found}'"
    return DataError(own_file(name), int(row) + 2, column, found, expected)


def _check_numbered(table: pd.DataFrame, name: str, letter: str) -> None:
    """Refuse a table of numbered ids in which one between the first and the last is gone."""
    numbers = {int(key.removeprefix(letter)) for key in table.id}
    gone = sorted(set(range(1, max(numbers) + 1)) - numbers)
    if gone:
        found = f"no row {letter}{gone[0]:02d}"
        expected = f"all from {letter}01 to {letter}{max(numbers):02d}"
        raise DataError(own_file(name), "any row", "id", found, expected)


def _check_claims(claims: pd.DataFrame, figures: pd.DataFrame) -> None:
    """Hold claims to themselves and to the article's figures that they name (as text)."""
    given = figures.set_index("figure")
    for row, claim in claims.iterrows():
        if pd.isna(claim.claimed_value) != pd.isna(claim.unit):
            raise _fault("claims", row, "unit", claim.unit, "a unit where a value is claimed")
        if pd.notna(claim.check) and pd.notna(claim.document_verdict):
            expected = f"no verdict by hand, since {claim.check} judges"
            raise _fault("claims", row, "document_verdict", claim.document_verdict, expected)
        if claim.evidence == "data" and pd.isna(claim.check):
            raise _fault("claims", row, "check", claim.check, "what judges from the data")
        if pd.notna(claim.figure):
            if claim.figure not in given.index:
                expected = f"a figure of {raw_file('article_figures')}"
                raise _fault("claims", row, "figure", claim.figure, expected)
            figure = given.loc[claim.figure]
            if claim.claimed_value != float(figure.value) or claim.unit != figure.unit:
                found = f"{claim.claimed_value:.10g} {claim.unit}"
                expected = f"{figure.value} {figure.unit}, the article's {claim.figure}"
                raise _fault("claims", row, "claimed_value", found, expected)


def _check_excerpts(excerpts: pd.DataFrame, claims: pd.DataFrame) -> None:
    strange = excerpts[~excerpts.claim.isin(claims.id)]
    for row, excerpt in strange.iterrows():
        raise _fault("excerpts", row, "claim", excerpt.claim, "an id of data/claims.csv")


def _check_labels(eras: pd.DataFrame) -> None:
    """An era has one label and one name, in whichever scheme it stands."""
    first = eras.groupby(["donor", "era"])[["label", "name"]].transform("first")
    for column in first:
        for row in eras.index[eras[column] != first[column]]:
            expected = f"{first[column][row]}, as {eras.era[row]} is called above"
            raise _fault("eras", row, column, eras[column][row], expected)


def _check_power(power: pd.DataFrame) -> None:
    rate = power.rejection_rate
    error = np.sqrt(rate * (1 - rate) / power.n_sim)
    for row in power.index[(power.mc_error - error).abs() > 1e-4]:
        expected = f"{error[row]:.4f}, the standard error of {rate[row]:.4f}"
        raise _fault("power", row, "mc_error", power.mc_error[row], expected)


def _check_validated(validated: pd.DataFrame, reference: pd.DataFrame) -> None:
    """The engine's results stand row by row beside the reference's."""
    pairs = {name: name for name in ("series", "statistic", "at", "settings", "gated")}
    for ours, theirs in (pairs | {"reference": "value", "source": "computed_by"}).items():
        expected = reference[theirs].reindex(validated.index)
        for row in validated.index[validated[ours].fillna("") != expected.fillna("")]:
            told = f"'{expected[row]}', as in {own_file('break_reference')}: run make power"
            raise _fault("break_validation", row, ours, validated[ours][row], told)
    if len(validated) < len(reference):
        raise DataError(
            own_file("break_validation"), len(validated) + 2, "", "no row",
            f"{len(reference)} rows as in {own_file('break_reference')}: run make power",
        )  # fmt: skip


def main() -> None:
    root = project_root()
    own = {own_file(name).removeprefix("data/") for name in read_own_tables(root)}
    by_hand = {own_file(name).removeprefix("data/") for name in BY_HAND}
    raw = {raw_file(name).removeprefix("data/") for name in load_sources(root)}
    check_recorded(root, own - by_hand | raw)
    for name in sorted(by_hand):
        try:
            check_recorded(root, {name})
        except DataError as error:
            print(error, flush=True)
    for path in sorted(root.glob("data/*.csv")):
        if path.name not in own:
            raise DataError(f"data/{path.name}", "no row", "", "a table", "one that has a schema")
    stamp = root / sys.argv[1]
    write_text(stamp, "the tables of data/ are sound\n")
    stamp.touch()


if __name__ == "__main__":
    with one_line():
        main()
