"""The report's page of the article's claims: what does not hold first, evidence under each."""

import re
from pathlib import Path

import pandas as pd
from bs4 import BeautifulSoup

from oda_eras.claims import FIRMNESS, printed
from oda_eras.findings import FAULTS, HOLDING, VERDICTS, claimed_text
from oda_eras.naming import sentence
from oda_eras.panel import COPIES

NOTEBOOK = "08_claims"
PAGE = "claims.html"
# what a reader comes for first, then what holds, then what is open
ORDER = [*FAULTS, *HOLDING, *(v for v in VERDICTS if v not in [*FAULTS, *HOLDING])]
READING = re.compile(r"(.+?)(?:: (holds|fails|near))?$")
HOW = "How-a-verdict-comes-about"  # the section that judges, as the page's anchor


def page(
    templates, root: Path, outputs: Path, bodies: dict[str, BeautifulSoup]
) -> tuple[dict, BeautifulSoup]:
    """The claims of the default run as a page.

    Parameters
    ----------
    templates : jinja2.Environment
        The report's templates.
    root, outputs : Path
        The project, and the run's outputs with tables/t06_claims.csv.
    bodies : dict of BeautifulSoup
        Pages of the notebooks up to `NOTEBOOK`, by file: where the evidence is computed.

    Returns
    -------
    dict
        page, title, question, label and made (nothing), as the report's list of pages has them.
    BeautifulSoup
        The page; what comes from data is escaped.
    """
    ledger = pd.read_csv(outputs / "tables/t06_claims.csv")
    texts = [name for name in ledger if ledger[name].dtype.kind not in "fi"]
    ledger = printed(ledger.fillna(dict.fromkeys(texts, "")))
    told = pd.read_csv(root / "data/claims.csv", keep_default_na=False).set_index("id")
    excerpts = pd.read_csv(root / "data/excerpts.csv")
    made = places_of_data(bodies)
    meanings = verdicts_explained(bodies[f"{NOTEBOOK}.html"])
    claims = [
        {
            **row,
            "claimed_value": counted(row["claimed_value"], row["unit"]),
            "computed": counted(row["computed"], row["computed_unit"]),
            "of": row["arithmetic"].partition("; ")[0],
            "readings": readings(row["readings"]),
            "sources": sources(row, made, outputs),
            "documents": documents(row, told.loc[row["id"]], excerpts),
        }
        for row in ledger.to_dict("records")
    ]
    groups = [(v, [c for c in claims if c["verdict"] == v]) for v in ORDER]
    title = "Claims: which hold, and on what evidence?"
    question = (
        f"The {len(claims)} claims of the article, what does not hold first, each with its evidence"
    )
    body = templates.get_template("claims.html.j2").render(
        title=title,
        question=question,
        groups=[(verdict, meanings[verdict], found) for verdict, found in groups if found],
        sections=list(ledger.section.unique()),
        evidence=[kind for kind in FIRMNESS if kind in set(ledger.firmness)],
        how=f"{NOTEBOOK}.html#{HOW}",
    )
    entry = {"page": PAGE, "title": title, "question": question, "label": "Claims", "made": {}}
    return entry, BeautifulSoup(body, "html.parser")


def places_of_data(bodies: dict[str, BeautifulSoup]) -> dict[str, str]:
    """Where tables of data/ are made or read: page and section by name, from the pages' code."""
    places = {"excerpts": f"{NOTEBOOK}.html#{HOW}", "eras": "06_eras.html#table-2"}
    for file, body in bodies.items():
        for cell in body.select("pre.code"):
            names = re.findall(r'\bnb\.save\("(\w+)"', cell.get_text())
            names += COPIES if "nb.save_raw(" in cell.get_text() else []
            if names:
                heading = cell.find_previous("h2")
                places |= dict.fromkeys(names, f"{file}#{heading['id']}")
    return {name: place for name, place in places.items() if place.partition("#")[0] in bodies}


def verdicts_explained(body: BeautifulSoup) -> dict[str, str]:
    """What each verdict means, from the list in which the notebook says so."""
    items = [item for item in body.select("li") if item.em]
    said = {item.em.get_text().lower(): item.get_text() for item in items}
    return {v: sentence(said[v].partition(": ")[2]) for v in VERDICTS}


def readings(text: str) -> list[tuple[str, str]]:
    """The readings that a check tried, as text and result, "" where it has none of its own."""
    return [READING.findall(part)[0] for part in text.split("; ") if part]


def counted(text: str, unit: str) -> str:
    """A printed number with its unit, where it is a count and bears none."""
    return f"{text} (count)" if text and unit == "count" else text


def sources(row: dict, made: dict[str, str], outputs: Path) -> list[dict[str, str]]:
    """Tables that a verdict was computed from: name, file beside the report, and place.

    A table of the project that the run does not publish has no file there.
    """
    names = row["source"].split("; ") if row["basis"] == "computed" and row["source"] else []
    return [
        {
            "name": name,
            "file": f"../{name}" if (outputs / name).is_file() else "",
            "place": made.get(Path(name).stem, ""),
        }
        for name in names
    ]


def documents(row: dict, told: pd.Series, excerpts: pd.DataFrame) -> list[str]:
    """Documents on a claim, a line each, after the figures with their units that they print."""
    printed_in: dict[str, list[str]] = {}
    for e in excerpts[excerpts.claim == row["id"]].itertuples():
        figure = claimed_text(e.value, e.unit) or "no figure"
        printed_in.setdefault(e.document, []).append(f"{e.reading}, {e.period}: {figure}")
    lines = [f"{'; '.join(figures)}. {document}" for document, figures in printed_in.items()]
    own = told.document if row["basis"] == "computed" else row["source"]
    return [*lines, *(part for part in re.split(r"(?<=\S); ", own) if part)]


def fold(body: BeautifulSoup) -> None:
    """Shorten the notebook's page: lists of claims are folded, and it leads to their page."""
    for box in body.select(".scroll"):
        first = box.select_one("tbody td")
        if first and re.fullmatch(r"C\d{2,3}", first.get_text()):
            details = box.wrap(body.new_tag("details", attrs={"class": "fold"}))
            rows = len(box.select("tbody tr"))
            details.insert(0, body.new_tag("summary", string=f"Show the {rows} claims"))
    link = body.new_tag("a", href=PAGE, string="Claims")
    lead = body.new_tag("p")
    lead.extend([link, ": each of them with its evidence, to filter and to search."])
    body.find("h2").insert_before(lead)
