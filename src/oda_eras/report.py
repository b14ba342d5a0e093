"""A run as web pages: `python -m oda_eras.report OUTPUTS NOTEBOOK...`.

Writes OUTPUTS/report: one self-contained page for each executed notebook, and an index.
"""

import base64
import re
import sys
from importlib.metadata import version
from pathlib import Path

import nbformat
import pandas as pd
from bs4 import BeautifulSoup, Comment, Tag
from nbconvert import HTMLExporter
from nbconvert.filters import markdown2html

from oda_eras.commands import one_line
from oda_eras.complete import MERGED, folder_by_request
from oda_eras.front import citation, downloads, question_and_answer
from oda_eras.naming import label, naming_of
from oda_eras.page import read_caption
from oda_eras.paths import build_folder, outputs_folder, project_root
from oda_eras.stamps import read_json, write_atomically
from oda_eras.study import Study, study_of

REPORT = "report"  # folder within the outputs, one of `oda_eras.complete.BY_REQUEST`
HEADLINES = ["f24", "f01", "f29", "f09"]  # of these the first three that the run has
SCREEN_DPI, SAVED_DPI = 110, 300  # of figures that a notebook shows, and of saved PNGs
NUMBER = re.compile(r"(< )?[-+−]?[\d,]*\.?\d+(e[-+]?\d+)?\s?%?|NaN|<NA>|None|inf|")
TABLE_TITLE = re.compile(r"Table [\d.]+\. ")  # what stands above each table
DOLLAR = "\ue000"  # stands in for a dollar while Markdown is rendered
LONG_CELL, LONG_NAME = 40, 16  # characters: what has more wraps, but not to one word a line
SHORT_CELL = 12  # what has no more, such as 2016-2020, does not wrap at its hyphens
WIDE_TABLE = 9  # columns: a table with more is printed smaller


def write_report(executed: Path, outputs: Path, notebooks: list[str]) -> Path:
    """Write the report of a run and return its folder.

    Parameters
    ----------
    executed : Path
        Folder of the executed notebooks.
    outputs : Path
        Outputs folder of the run, such as outputs/JPN; the report goes into it.
    notebooks : list of str
        Names without ending, in reading order.
    """
    root, folder = project_root(), folder_by_request(outputs, REPORT)
    read = {name: nbformat.read(executed / f"{name}.ipynb", as_version=4) for name in notebooks}
    run = study_of(root, outputs)
    donor = naming_of(run, pd.read_csv(root / "data/donors.csv")).donor
    study = f"ODA from {donor} to Central Asia"
    exporter = HTMLExporter(
        extra_template_basedirs=[str(Path(__file__).parent)],
        template_name="templates",
        template_file="notebook.html.j2",
        filters={"prose": prose},
    )
    templates = exporter.environment

    pages, bodies = [], []
    for name, notebook in read.items():
        set_figures(name, notebook, outputs)
        body = dress(exporter.from_notebook_node(notebook)[0], root / "notebooks", root, outputs)
        title, question = heading_and_question(notebook)
        about = {"title": title, "question": question, "label": title.split(":")[0]}
        pages.append({"page": f"{name}.html", **about, "made": made_by(name, outputs)})
        bodies.append(body)

    html = {"index.html": (study, index(templates, study, run, pages, root, outputs), [])}
    home = {"page": "index.html", "rel": "up", "label": "Index"}
    for number, (page, body) in enumerate(zip(pages, bodies, strict=True)):
        before = [pages[number - 1] | {"rel": "prev"}] if number else []
        after = [page | {"rel": "next"} for page in pages[number + 1 : number + 2]]
        html[page["page"]] = (f"{page['title']} · {study}", body, [*before, home, *after])

    for left in {path.name for path in folder.glob("*.html")} - set(html):
        (folder / left).unlink()
    footer = f"{study}. oda-eras {version('oda-eras')}; tables and figures CC BY 4.0, code MIT."
    for name, (title, body, steps) in html.items():
        page = templates.get_template("page.html.j2").render(
            title=title, body=body, steps=steps, footer=footer
        )
        write_atomically(folder / name, page + "\n")
    return folder


def prose(markdown: str) -> str:
    """Markdown as HTML. A dollar is money here and opens no formula."""
    return markdown2html(markdown.replace("$", DOLLAR)).replace(DOLLAR, "$")


def plain(markdown: str) -> str:
    """Markdown without its marks, on one line."""
    soup = BeautifulSoup(prose(markdown), "html.parser")
    for mark in soup.select("a.anchor-link"):
        mark.decompose()
    return " ".join(soup.get_text().split())


def heading_and_question(notebook: nbformat.NotebookNode) -> tuple[str, str]:
    """Title and question of a notebook, from its first cell."""
    title, question = notebook.cells[0].source.strip().split("\n\n")[:2]
    return plain(title), plain(question)


def made_by(name: str, outputs: Path) -> dict[str, list[tuple[str, str]]]:
    """What a notebook made, by folder: each file's name and the link to it.

    A figure is linked as PDF for print, a table as Markdown for reading, data as CSV.
    """
    endings = {"figures": ".pdf", "tables": ".md", "data": ".csv"}
    made: dict[str, list[tuple[str, str]]] = {}
    for file, entry in read_json(outputs / MERGED[0]).items():
        *_, folder, base = Path(file).parts
        path = outputs / folder / base
        if Path(entry.get("notebook", "")).stem == name and path.suffix == endings.get(folder):
            made.setdefault(folder, []).append((path.stem, f"../{folder}/{base}"))
    return made


def set_figures(name: str, notebook: nbformat.NotebookNode, outputs: Path) -> None:
    """Give every image of a notebook what the template needs: width, alt text, caption, files.

    A figure that the notebook has published is shown from its saved files, at print resolution.
    Raises ValueError for an image without alt text.
    """
    for number, cell in enumerate(notebook.cells, start=1):
        kept: list[nbformat.NotebookNode] = []
        for output in cell.get("outputs", []):
            shown = kept[-1].metadata.get("figure") if kept else None
            text = output.get("data", {}).get("text/markdown", "")
            if shown and text.startswith(f"**{label(shown)}.**"):
                continue  # the page's own caption says the same
            if "image/png" in output.get("data", {}):
                set_figure(output, f"{name}, cell {number}", outputs)
            kept.append(output)
        if "outputs" in cell:
            cell.outputs = kept


def set_figure(output: nbformat.NotebookNode, where: str, outputs: Path) -> None:
    """Give an image what the template needs. Raises ValueError where it has no alt text."""
    alt, name = output.metadata.get("image/png", {}).get("alt", ""), output.metadata.get("figure")
    if not alt.strip():
        raise ValueError(f"{where}: a figure without alt text; show figures by nb.figure")
    if name and (outputs / "figures" / f"{name}.png").is_file():
        about = saved_figure(outputs, name)
        output.data["image/png"] = about.pop("png")
    else:
        about = {"width": png_width(base64.b64decode(output.data["image/png"]))}
    output.metadata["report"] = about | {"alt": alt}


def png_width(png: bytes, dpi: int = SCREEN_DPI) -> int:
    """Width of a PNG in pixels at the screen's resolution, from its header."""
    return round(int.from_bytes(png[16:20], "big") * SCREEN_DPI / dpi)


def saved_figure(outputs: Path, name: str) -> dict:
    """A saved figure with its alt text, its caption and links to the files for print."""
    path = outputs / "figures" / name
    png = path.with_suffix(".png").read_bytes()
    about = read_caption(path.with_suffix(".md"))
    files = {e.upper(): f"figures/{name}.{e}" for e in ("pdf", "svg", "png")} | {"CSV": about.data}
    return {
        "png": base64.b64encode(png).decode(),
        "width": png_width(png, SAVED_DPI),
        "alt": path.with_suffix(".txt").read_text(encoding="utf-8").strip(),
        "title": about.heading,
        "caption": [about.caption, about.source],
        "files": [(kind, f"../{file}") for kind, file in files.items()],
    }


def index(templates, title: str, run: Study, pages: list[dict], root: Path, outputs: Path) -> str:
    """The front page: question, answer, three ways on, figures, downloads and all pages.

    Packs what can be downloaded into the report's folder.
    """
    if run == Study():
        readme = (root / "README.md").read_text(encoding="utf-8")
        question, answer = question_and_answer(readme, read_json(outputs / "numbers.json"))
    else:
        question = f"The same notebooks, with other parameters: {run.name}."
        answer = "The answer in the project's README is about Japan and left out here."
    names = [f"{p.stem}" for h in HEADLINES for p in (outputs / "figures").glob(f"{h}_*.png")]
    return templates.get_template("index.html.j2").render(
        title=title,
        question=plain(question),
        answer=dress(prose(answer), root, root, outputs),
        pages={page["page"].removesuffix(".html"): page for page in pages},
        figures=[saved_figure(outputs, name) for name in names[:3]],
        downloads=downloads(root, outputs, outputs / REPORT),
        citation=citation(root),
    )


def dress(html: str, base: Path, root: Path, outputs: Path) -> str:
    """Adapt rendered Markdown and pandas' tables to a page that stands alone.

    Links are taken from `base`: to a notebook they lead to its page, to an output to the file
    beside the report, and to anything else in the project they become plain text, since a
    reader of the report need not have it. Images are put into the page.

    Raises ValueError for an image that is not there or has no alt text.
    """
    soup = BeautifulSoup(html, "html.parser")
    for left in [*soup.select("style, a.anchor-link"), *soup.find_all(string=_is_comment)]:
        left.extract()
    for link in soup.select("a[href]:not(.files a)"):  # the template's own lead somewhere
        target, hash_, anchor = link["href"].partition("#")
        if not target or "://" in target:
            continue
        path = (base / target).resolve()
        if path.parent == root / "notebooks" and path.suffix == ".ipynb":
            link["href"] = f"{path.stem}.html{hash_}{anchor}"
        elif path.is_relative_to(outputs.resolve()) and path.exists():
            link["href"] = f"../{path.relative_to(outputs.resolve()).as_posix()}"
        else:
            link.unwrap()
    for image in soup.select("img:not([src^='data:'])"):
        embed(soup, image, base)
    for table in soup.select("table"):
        dress_table(soup, table)
    return str(soup)


def embed(soup: BeautifulSoup, image: Tag, base: Path) -> None:
    """Put a saved figure that Markdown links to into the page, as large as it is printed."""
    path = base / image["src"]
    if not path.is_file() or not image.get("alt", "").strip():
        raise ValueError(f"{image['src']}: there is no such image, or no alt text for it")
    png = path.read_bytes()
    image["src"] = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    image["width"] = png_width(png, SAVED_DPI)
    picture = image.wrap(soup.new_tag("label", attrs={"class": "picture zoom"}))
    picture.insert(0, soup.new_tag("input", type="checkbox", attrs={"aria-label": "Full size"}))


def _is_comment(text) -> bool:
    return isinstance(text, Comment)


def dress_table(soup: BeautifulSoup, table: Tag) -> None:
    """Put a table into a box that scrolls, its title above and its numbers to the right."""
    for tag in [table, *table.select("[style], [border]")]:
        tag.attrs.pop("style", None)
        tag.attrs.pop("border", None)
    for head in table.select("thead"):
        if not head.get_text(strip=True):
            head.decompose()
    rows = [row.find_all("td", recursive=False) for row in table.select("tbody tr")]
    for cell in (cell for row in rows for cell in row):
        text = cell.get_text(strip=True)
        if NUMBER.fullmatch(text):
            cell["class"] = ["number"]
        elif len(text) > LONG_CELL:
            cell["class"] = ["long"]
        elif len(text) <= SHORT_CELL and " " not in text:
            cell["class"] = ["short"]
    # counted from the right, where no row header stands in the way
    for column in range(1, max(map(len, rows), default=0) + 1):
        cells = [row[-column] for row in rows if len(row) >= column]
        if all("number" in cell.get("class", []) for cell in cells):
            for row in table.select("thead tr"):
                heads = row.find_all("th", recursive=False)
                if len(heads) >= column and not any(h.has_attr("colspan") for h in heads):
                    heads[-column]["class"] = ["number"]
    for head in table.select("thead th"):
        if len(head.get_text()) > LONG_NAME:
            head["class"] = [*head.get("class", []), "name"]
    for head in table.find_all("th", string=re.compile("_")):
        # a long column name may break where its words do
        first, *rest = re.split(r"(?<=_)(?=.)", head.string)
        head.string = first
        for part in rest:
            head.extend([soup.new_tag("wbr"), part])
    if max(map(len, rows), default=0) > WIDE_TABLE:
        table["class"] = [*table.get("class", []), "wide"]
    title = table.find_previous_sibling()
    titled = title is not None and TABLE_TITLE.match(title.get_text())
    if titled:
        title["class"] = ["title"]
    # the keyboard scrolls only what it can reach
    box = soup.new_tag("div", attrs={"class": "scroll", "tabindex": "0", "role": "region"})
    box["aria-label"] = title.get_text(" ", strip=True) if titled else "Table"
    table.wrap(box)


def main() -> None:
    outputs, *notebooks = sys.argv[1:]
    write_report(build_folder(outputs), outputs_folder(outputs), notebooks)
    print(f"{outputs}/{REPORT}/index.html and {len(notebooks)} pages: open it in a browser")


if __name__ == "__main__":
    with one_line():
        main()
