"""Describe the tables shipped as Data Packages (the Frictionless standard, version 1)."""

from pathlib import Path

import pandas as pd

from oda_eras.records import sha256
from oda_eras.sources import load_sources, raw_file

CC_BY = {"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}

# The project's own tables in data/, which have no schema elsewhere: title, then fields.
PROJECT_TABLES = {
    "donors": (
        "Donor codes, names and groups",
        {
            "donor": "ISO3, or the code of an aggregate",
            "name": "name as DAC2a prints it",
            "group": "DAC, EU institutions, non-DAC or aggregate",
            "currency": "currency of its DAC exchange rate; empty where there is none",
        },
    ),
    "eras": (
        "Policy eras, four schemes",
        {
            "scheme": "article, filled, prime_ministers or data_driven",
            "donor": "donor the scheme belongs to, ISO3",
            "era": "short name, unique within its scheme",
            "label": "short name, for figures",
            "name": "full name, for text",
            "opens": "first day",
            "closes": "day after the last one; empty where open",
            "opening_event": "what opens it",
            "closing_event": "what closes it",
            "source": "where the dates come from",
            "note": "rules and doubts",
        },
    ),
    "claims": (
        "The article's claims, paraphrased",
        {
            "id": "short name",
            "section": "section of the article",
            "claim": "the claim in other words",
            "kind": "number, rank, trend, date, cause or description",
            "claimed_value": "number that the article gives, in `unit`",
            "unit": "its unit",
            "figure": "id in raw/article_figures.csv",
            "check": "function in src/oda_eras/claims.py that decides",
            "evidence": "what decides: data, article, document or none",
            "document": "the document, where one decides",
            "document_verdict": "verdict where no check decides",
            "needs": "what would settle it",
            "note": "arithmetic or caution",
        },
    ),
    "citations": (
        "Faults of citation in the article",
        {"id": "short name", "where": "where it stands", "fault": "what is wrong"},
    ),
    "events": (
        "Events of Japan's policy towards Central Asia",
        {"date": "day", "event": "short name", "source": "where the date comes from"},
    ),
    "break_reference": (
        "Reference results for the break engine, computed with R and other libraries",
        {
            "series": "series the value belongs to",
            "statistic": "what is computed",
            "at": "for which number of breaks, position, sample size or criterion",
            "value": "the value, or several joined by semicolons",
            "settings": "minimal segment, trim and the like",
            "computed_by": "program and version",
            "gated": "True where the engine must give the same",
            "note": "remarks",
        },
    ),
    "break_synthetic": (
        "A lumpy series without a break, made up",
        {"year": "made-up year", "value": "no unit"},
    ),
    "break_validation": (
        "The break engine against the reference results",
        {
            "series": "series the value belongs to",
            "statistic": "what is computed",
            "at": "for which number of breaks, position, sample size or criterion",
            "settings": "minimal segment, trim and the like",
            "reference": "reference value",
            "ours": "value of this project; empty where it has no counterpart",
            "difference": "largest difference, in the unit of the tolerance",
            "tolerance": "tolerance and its unit",
            "holds": "whether the difference is within the tolerance",
            "gated": "whether it must be",
            "source": "program that gave the reference value",
            "note": "remarks",
        },
    ),
    "power": (
        "Size and power of the break methods at n = 31, simulated",
        {
            "scenario": "size, power (one step) or power_eras (every era has its own mean)",
            "n": "observations",
            "rho": "autocorrelation of the errors, Gaussian",
            "shift_sd": "shift, in standard deviations of the errors",
            "break_after": "boundary of the eras: last observation before the step",
            "method": "method, see src/oda_eras/power.py",
            "rejection_rate": "share of series in which the method finds a break",
            "n_sim": "number of series",
            "mc_error": "standard error of the rate",
            "seed": "seed of the simulation",
        },
    ),
}


def field_type(column: pd.Series) -> str:
    """Name a column's type in the words of Table Schema."""
    if pd.api.types.is_bool_dtype(column):
        return "boolean"
    if pd.api.types.is_integer_dtype(column):
        return "integer"
    return "number" if pd.api.types.is_numeric_dtype(column) else "string"


def resource(root: Path, path: str, base: str, title: str, fields: list, sources: list) -> dict:
    """Describe one CSV file; `base` is the folder its package lives in."""
    file = root / path
    return {
        "name": file.stem,
        "path": Path(path).relative_to(base).as_posix(),
        "title": title,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": file.stat().st_size,
        "hash": f"sha256:{sha256(file)}",
        "schema": {"fields": fields, "missingValues": [""]},
        "sources": sources,
    }


def cite(sources: dict[str, dict], ids: list[str]) -> list[dict]:
    """Sources in the standard's form."""
    return [
        {"title": f"{sources[i]['producer']}, {sources[i]['title']}, {sources[i]['vintage']}"}
        | ({"path": sources[i]["url"]} if sources[i]["url"].startswith("http") else {})
        for i in ids
    ]


def package(name: str, title: str, resources: list[dict]) -> dict:
    """Put resources into one package."""
    return {
        "profile": "tabular-data-package",
        "name": name,
        "title": title,
        "licenses": [CC_BY],
        "resources": [{"profile": "tabular-data-resource", **entry} for entry in resources],
    }


def describe_outputs(root: Path, outputs: str, published: dict[str, dict]) -> dict:
    """Describe every CSV of a run; `published` maps paths to what their notebook said of them."""
    sources = load_sources(root)
    resources = [
        resource(
            root, path, outputs, about["title"], about["fields"], cite(sources, about["sources"])
        )
        for path, about in published.items()
        if path.endswith(".csv")
    ]
    donor = Path(outputs).name
    title = f"ODA to Central Asia: tables and figure data of the run {donor}"
    return package(f"oda-eras-{donor.lower()}", title, resources)


def describe_project_tables(root: Path) -> dict:
    """Describe the raw tables and the project's own tables in data/."""
    from oda_eras.schemas import raw_tables, read_donors  # pandera takes a second to import

    sources = load_sources(root)
    kinds = {"f": "number", "i": "integer"}
    resources = []
    for name, table in raw_tables(read_donors(root)).items():
        fields = [
            {
                "name": column,
                "type": kinds.get(getattr(about.dtype.type, "kind", "O"), "string"),
                "description": about.description,
            }
            for column, about in table.columns.items()
        ]
        title = f"{sources[name]['producer']}, {sources[name]['title']}"
        resources.append(
            resource(root, raw_file(name), "data", title, fields, cite(sources, [name]))
        )
    for name, (title, columns) in PROJECT_TABLES.items():
        frame = pd.read_csv(root / "data" / f"{name}.csv")
        fields = [
            {"name": column, "type": field_type(frame[column]), "description": text}
            for column, text in columns.items()
        ]
        resources.append(resource(root, f"data/{name}.csv", "data", title, fields, []))
    return package("oda-eras-data", "Raw tables, donors and policy eras", resources)
