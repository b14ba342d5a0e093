"""Describe the tables shipped as Data Packages (the Frictionless standard, version 1)."""

from pathlib import Path

import pandas as pd

from oda_eras.codebook import check_complete, read_codebook
from oda_eras.sources import load_sources, raw_file
from oda_eras.stamps import sha256

CC_BY = {"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}


def field_type(column: pd.Series) -> str:
    """Name a column's type in the words of Table Schema."""
    if pd.api.types.is_bool_dtype(column):
        return "boolean"
    if pd.api.types.is_integer_dtype(column):
        return "integer"
    return "number" if pd.api.types.is_numeric_dtype(column) else "string"


def resource(root: Path, path: str, base: str, title: str, fields: list, sources: list) -> dict:
    """Describe one CSV file, packed or not; `base` is the folder its package lives in."""
    file = root / path
    packed = {"compression": "gz"} if file.suffix == ".gz" else {}
    return {
        "name": file.name.split(".")[0],
        "path": Path(path).relative_to(base).as_posix(),
        "title": title,
        "format": "csv",
        "mediatype": "text/csv",
        **packed,
        "encoding": "utf-8",
        "bytes": file.stat().st_size,
        "hash": f"sha256:{sha256(file)}",
        "schema": {"fields": fields, "missingValues": [""]},
        "sources": sources,
    }


def cite(sources: dict[str, dict], ids: list[str]) -> list[dict]:
    """Sources in the standard's form; a table of the project's own by its path."""
    return [
        {"title": f"{sources[i]['producer']}, {sources[i]['title']}, {sources[i]['vintage']}"}
        | ({"path": sources[i]["url"]} if sources[i]["url"].startswith("http") else {})
        if i in sources
        else {"title": i}
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
        if path.endswith((".csv", ".csv.gz"))
    ]
    donor = Path(outputs).name
    title = f"ODA to Central Asia: tables and figure data of the run {donor}"
    return package(f"oda-eras-{donor.lower()}", title, resources)


def describe_project_tables(root: Path) -> dict:
    """Describe the raw tables and the project's own tables in data/, as the codebook does.

    Raises WordsError where the codebook and the tables do not agree.
    """
    from oda_eras.schemas import read_raw_tables  # pandera takes a second to import

    sources, codebook = load_sources(root), read_codebook(root)
    check_complete(root, codebook)
    tables = read_raw_tables(root)
    ids = {raw_file(name).removeprefix("data/"): name for name in tables}
    resources = []
    for name, described in codebook.items():
        frame = tables[ids[name]] if name in ids else pd.read_csv(root / "data" / name)
        fields = [
            {"name": column, "type": field_type(frame[column]), "description": text}
            for column, text in described.of(list(frame.columns)).items()
        ]
        cited = cite(sources, [ids[name]] if name in ids else [])
        resources.append(resource(root, f"data/{name}", "data", described.title, fields, cited))
    return package("oda-eras-data", "Raw tables and the project's own", resources)
