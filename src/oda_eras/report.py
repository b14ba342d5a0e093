"""A run as web pages: `python -m oda_eras.report OUTPUTS NOTEBOOK...`.

Writes OUTPUTS/report: one self-contained page for each executed notebook, and an index.
"""

import base64
import functools
import io
import re
import sys
from importlib.metadata import version
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup, Comment, NavigableString, Tag
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from PIL import Image

from oda_eras import report_claims
from oda_eras.commands import one_line
from oda_eras.complete import MERGED, folder_by_request
from oda_eras.front import citation, downloads, question_and_answer
from oda_eras.naming import label, read_naming
from oda_eras.page import PHONE_DPI, PRINT_DPI, PX_PER_INCH, read_caption
from oda_eras.paths import build_folder, outputs_folder, project_root
from oda_eras.stamps import read_json, write_atomically
from oda_eras.study import Study, study_of

REPORT = "report"  # folder within the outputs, one of `oda_eras.complete.BY_REQUEST`
# notebooks that answer for a run that README.md is not about
ANSWERING = ["03_patterns", "04_decisions", "05_breaks", "06_eras", "07_donors"]
HEADLINES = ["f24", "f01", "f29", "f09"]  # of these the first three that the run has
SCREEN_DPI = 110  # of figures that a notebook shows
STEP = 16  # of 256 levels of a colour: figures weigh a third, and no eye sees it
EFFORT = 40  # of 100 to make a WebP smaller: more takes a third longer for a hundredth of weight
CARD_PIXELS = 640  # width of a figure in the gallery, twice as wide as its card
NUMBER = re.compile(r"(< )?[-+−]?[\d,]*\.?\d+(e[-+]?\d+)?\s?%?|NaN|<NA>|None|inf|")
TABLE_TITLE = re.compile(r"(Table [\d.]+)\. ")  # what stands above each table
FIGURE_TITLE = re.compile(r"(Figure \d+)\. ")
# what text refers to: a figure or a table, a claim, an address
REFERENCE = re.compile(
    r"\b(?:Figure|Table) \d+(?:\.\d+)?|\bC\d{2,3}\b|https?://[^\s;<>]+[^\s;<>.,)]"
)
NO_REFERENCE = ["a", "h1", "h2", "h3", "h4", "pre", "code", "summary", "script"]
DOLLAR = "\ue000"  # stands in for a dollar while Markdown is rendered
LONG_CELL, LONG_NAME = 40, 16  # characters: what has more wraps, but not to one word a line
SHORT_CELL = 12  # what has no more, such as 2016-2020, does not wrap at its hyphens
WIDE_TABLE = 9  # columns: a table with more is printed smaller
PHONE_CHARACTERS = 44  # of a table's small type, side by side on a phone
FOLDED_ROWS = 9  # of a table set as cards: of more, report.css shows the first six at first


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
    naming = read_naming(root, run)
    study = f"ODA from {naming.donor} to "
    study += "Central Asia" if run.in_central_asia else naming.region
    exporter = HTMLExporter(
        extra_template_basedirs=[str(Path(__file__).parent)],
        template_name="templates",
        template_file="notebook.html.j2",
        filters={"prose": prose},
    )
    templates = exporter.environment

    pages: list[dict] = []
    bodies: dict[str, BeautifulSoup] = {}
    places: dict[str, str] = {}  # of figures, tables and claims, by how text refers to them
    for name, notebook in read.items():
        set_figures(name, notebook, outputs)
        cells = exporter.from_notebook_node(notebook)[0]
        file = f"{name}.html"
        bodies[file] = body = dressed(cells, root / "notebooks", root, outputs)
        for ref, anchor in anchors(body).items():
            places.setdefault(ref, f"{file}#{anchor}")
        title, question = heading_and_question(notebook)
        about = {"title": title, "question": question, "label": title.split(":")[0]}
        pages.append({"page": file, **about, "made": made_by(name, outputs)})
        if name == report_claims.NOTEBOOK and run == Study():
            entry, claims = report_claims.page(templates, root, outputs, bodies)
            pages.append(entry)
            bodies[entry["page"]] = claims
            for claim in claims.select(".claim"):
                places[claim["id"]] = f"{entry['page']}#{claim['id']}"
            report_claims.fold(body)

    told = in_short(read)
    front = BeautifulSoup(index(templates, study, run, pages, told, root, outputs), "html.parser")
    html: dict[str, tuple[str, BeautifulSoup, list[dict]]] = {"index.html": (study, front, [])}
    home = {"page": "index.html", "rel": "up", "label": "Index"}
    for number, page in enumerate(pages):
        before = [pages[number - 1] | {"rel": "prev"}] if number else []
        after = [page | {"rel": "next"} for page in pages[number + 1 : number + 2]]
        steps = [*before, home, *after]
        html[page["page"]] = (f"{page['title']} · {study}", bodies[page["page"]], steps)

    for left in {path.name for path in folder.glob("*.html")} - set(html):
        (folder / left).unlink()
    footer = f"{study}. oda-eras {version('oda-eras')}; tables and figures CC BY 4.0, code MIT."
    for name, (title, body, steps) in html.items():
        refer(body, name, places)
        page = templates.get_template("page.html.j2").render(
            title=title,
            body=body,
            steps=steps,
            footer=footer,
            # the index is a list of contents itself
            contents=[(h["id"], h.get_text()) for h in body.select("h2[id]")] if steps else [],
            code=body.select_one("pre.code"),
        )
        write_atomically(folder / name, page + "\n")
    return folder


def prose(markdown: str) -> str:
    """Markdown as HTML. A dollar is money here and opens no formula, a tag in it is text."""
    markdown = re.sub(r"<!--.*?-->", "", markdown, flags=re.DOTALL).replace("$", DOLLAR)
    html = MarkdownWithMath(renderer=IPythonRenderer(escape=True)).render(markdown)
    return html.replace(DOLLAR, "$")


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
        output.metadata["report"] = saved_figure(outputs, name) | {"alt": alt}
    else:
        png = base64.b64decode(output.data["image/png"])
        output.metadata["report"] = picture(png, 1) | {"alt": alt}


def picture(saved: bytes, scale: float, pixels: int | None = None) -> dict:
    """A saved image as the page holds it: src, and width and height in pixels of the page.

    `scale` is the number of its pixels to one of the page; `pixels` is as in `webp`.
    """
    width, height = Image.open(io.BytesIO(saved)).size
    shown = {"width": round(width / scale), "height": round(height / scale)}
    return {"src": webp(saved, pixels)} | shown


@functools.cache
def webp(saved: bytes, pixels: int | None = None) -> str:
    """An image as the address of a WebP, its colours rounded to `STEP` and nothing else lost.

    `pixels` is its width, where it is smaller than the image's.
    """
    image = Image.open(io.BytesIO(saved)).convert("RGB")
    if pixels and pixels < image.width:
        height = round(image.height * pixels / image.width)
        image = image.resize((pixels, height), Image.Resampling.LANCZOS)
    rounded = [min(255, round(level / STEP) * STEP) for level in range(256)]
    file = io.BytesIO()
    image.point(rounded * 3).save(file, "WEBP", lossless=True, method=2, quality=EFFORT)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"


def saved_figure(outputs: Path, name: str) -> dict:
    """A saved figure with its alt text, its caption and links to the files for print."""
    path = outputs / "figures" / name
    narrow, phone_scale = path.parent / "phone" / f"{name}.webp", PHONE_DPI / PX_PER_INCH
    about = read_caption(path.with_suffix(".md"))
    files = {e.upper(): f"figures/{name}.{e}" for e in ("pdf", "svg", "png")} | {"CSV": about.data}
    return picture(path.with_suffix(".png").read_bytes(), PRINT_DPI / SCREEN_DPI) | {
        "phone": picture(narrow.read_bytes(), phone_scale) if narrow.is_file() else None,
        "alt": path.with_suffix(".txt").read_text(encoding="utf-8").strip(),
        "id": anchor_of(label(name)),
        "title": about.heading,
        "caption": [about.caption, about.source],
        "files": [(kind, f"../{file}") for kind, file in files.items()],
    }


def anchor_of(ref: str) -> str:
    """The anchor of "Figure 5" or "Table 3.1": figure-5, table-3.1."""
    return ref.lower().replace(" ", "-")


def in_short(notebooks: dict[str, nbformat.NotebookNode]) -> str:
    """The first that each of `ANSWERING` says in short, as a list in Markdown."""
    answers = []
    for name in ANSWERING:
        for cell in notebooks[name].cells if name in notebooks else ():
            for output in cell.get("outputs", ()):
                text = output.get("data", {}).get("text/markdown", "")
                bullet = re.match(r"\*\*In short\*\*\n\n- (.+)", text)
                if bullet:
                    title = name.partition("_")[2].capitalize()
                    answers.append(f"**[{title}](notebooks/{name}.ipynb).** {bullet[1]}")
    return "\n".join(f"{number}. {answer}" for number, answer in enumerate(answers, start=1))


def index(
    templates, title: str, run: Study, pages: list[dict], told: str, root: Path, outputs: Path
) -> str:
    """The front page: question, answer, three ways on, figures, downloads and all pages.

    `told` is the answer of a run that README.md is not about. Packs what can be downloaded into
    the report's folder.
    """
    if run == Study():
        readme = (root / "README.md").read_text(encoding="utf-8")
        question, answer = question_and_answer(readme, read_json(outputs / "numbers.json"))
    else:
        question = "How much was given to whom, what was decided, and did the level shift?"
        answer = told
    names = [f"{p.stem}" for h in HEADLINES for p in (outputs / "figures").glob(f"{h}_*.png")]
    return templates.get_template("index.html.j2").render(
        title=title,
        question=plain(question),
        answer=dress(prose(answer), root, root, outputs),
        pages={page["page"].removesuffix(".html"): page for page in pages},
        figures=[saved_figure(outputs, name) for name in names[:3]],
        downloads=downloads(root, outputs, outputs / REPORT),
        citation=citation(root),
        command=run.command,
    )


def dress(html: str, base: Path, root: Path, outputs: Path) -> str:
    """What `dressed` returns, as text."""
    return str(dressed(html, base, root, outputs))


def dressed(html: str, base: Path, root: Path, outputs: Path) -> BeautifulSoup:
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
    return soup


def embed(soup: BeautifulSoup, image: Tag, base: Path) -> None:
    """Put a saved figure that Markdown links to into the page: in the gallery, as a card."""
    path = base / image["src"]
    if not path.is_file() or not image.get("alt", "").strip():
        raise ValueError(f"{image['src']}: there is no such image, or no alt text for it")
    png = path.read_bytes()
    heading, caption = image.parent.find_previous_sibling(), image.parent.find_next_sibling()
    if heading and caption and FIGURE_TITLE.match(heading.get_text()):
        shown = picture(png, PRINT_DPI / SCREEN_DPI, CARD_PIXELS)
        set_card(soup, heading, image, caption)
    else:
        shown = picture(png, PRINT_DPI / SCREEN_DPI)
    image.attrs |= shown | {"loading": "lazy", "decoding": "async"}


def set_card(soup: BeautifulSoup, heading: Tag, image: Tag, caption: Tag) -> None:
    """Put a figure of the gallery into the grid of cards before it, or open the grid."""
    grid = heading.find_previous_sibling()
    if grid is None or grid.get("class") != ["cards"]:
        grid = heading.insert_before(soup.new_tag("div", attrs={"class": "cards"}))[0]
    text = image.parent
    card = grid.append(soup.new_tag("div"))
    details = soup.new_tag("details")
    details.append(soup.new_tag("summary", string="Caption and source"))
    for part in (heading.extract(), image.extract(), details):
        card.append(part)
    details.append(caption.extract())
    text.decompose()


def anchors(body: BeautifulSoup) -> dict[str, str]:
    """The anchors of a page's figures and tables, by how text refers to them."""
    titles = body.select("figure[id] .title, p.title[id]")
    found = [FIGURE_TITLE.match(t.get_text()) or TABLE_TITLE.match(t.get_text()) for t in titles]
    return {match[1]: anchor_of(match[1]) for match in found if match}


def refer(body: BeautifulSoup, page: str, places: dict[str, str]) -> None:
    """Link what the text of a page refers to: figures, tables and claims by their places.

    Cards of the gallery lead to their figures. An address that is text becomes a link as well.
    """
    for text in body.find_all(string=REFERENCE):
        if text.find_parent(NO_REFERENCE) or text.find_parent(class_="title"):
            continue
        parts: list[NavigableString | Tag] = []
        end = 0
        for match in REFERENCE.finditer(text):
            ref = match[0]
            target = ref if "://" in ref else places.get(ref, "").removeprefix(page)
            if target:
                link = body.new_tag("a", href=target, string=ref)
                parts += [NavigableString(text[end : match.start()]), link]
                end = match.end()
        text.replace_with(*parts, NavigableString(text[end:]))
    for card in body.select(".cards > div"):
        place = places.get(FIGURE_TITLE.findall(card.h3.get_text())[0])
        if place:
            card.img.wrap(body.new_tag("a", href=place))


def _is_comment(text) -> bool:
    return isinstance(text, Comment)


def dress_table(soup: BeautifulSoup, table: Tag) -> None:
    """Put a table under its title into a box that scrolls, numbers to the right.

    On a phone it is set in smaller type where that makes it fit, else its rows as cards, of many
    the first few.
    """
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
    set_for_phones(table, rows)
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
        title["id"] = anchor_of(titled[1])
    note = table.find_next_sibling()
    if note is not None and note.get_text().startswith("Note:"):
        note["class"] = ["note"]
    # the keyboard scrolls only what it can reach
    box = soup.new_tag("div", attrs={"class": "scroll", "tabindex": "0", "role": "region"})
    box["aria-label"] = title.get_text(" ", strip=True) if titled else "Table"
    table.wrap(box)
    if "stack" in table.get("class", []) and len(rows) > FOLDED_ROWS:
        more = soup.new_tag("label", attrs={"class": "more"})
        more.extend([soup.new_tag("input", type="checkbox"), f" Show all {len(rows)} rows"])
        box.append(more)


def set_for_phones(table: Tag, rows: list[list[Tag]]) -> None:
    """Mark a table that is too wide for a phone: `tight` if small type helps, else `stack`.

    What a line of it needs is estimated from the characters that do not break.
    """
    heads = [head.get_text(" ", strip=True) for head in table.select("thead th")]
    if not heads or any(len(row) != len(heads) for row in rows):
        return
    needed = 0
    for head, *cells in zip(heads, *rows, strict=True):
        widths = [len(word) for word in head.split()]
        for cell in cells:
            text, kinds = cell.get_text(" ", strip=True), cell.get("class", [])
            if "long" in kinds:
                widths.append(PHONE_CHARACTERS)
            elif "number" in kinds or "short" in kinds:
                widths.append(len(text))
            else:
                widths += map(len, text.split())
        needed += max(widths, default=0) + 1
    if needed <= PHONE_CHARACTERS:
        table["class"] = ["tight"]
        return
    table["class"] = ["stack"]
    for row in rows:
        for head, cell in zip(heads, row, strict=True):
            cell["data-label"] = head


def main() -> None:
    outputs, *notebooks = sys.argv[1:]
    write_report(build_folder(outputs), outputs_folder(outputs), notebooks)
    print(f"{outputs}/{REPORT}/index.html and {len(notebooks)} pages: open it in a browser")


if __name__ == "__main__":
    with one_line():
        main()
