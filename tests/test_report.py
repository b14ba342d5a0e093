"""The report is fit to read: alone, on a phone, in the dark, in print, and by ear."""

import base64
import re
import shutil
import zipfile
from pathlib import Path
from urllib.parse import unquote, urldefrag

import nbformat
import pytest
from bs4 import BeautifulSoup
from conftest import OUT, ROOT

from oda_eras.complete import published_files
from oda_eras.report import dress, heading_and_question, png_width, prose, write_report

NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
WIDTHS = [1280, 390]
PRINTED = 672  # CSS pixels between the margins of A4
READABLE = 4.5  # WCAG's least contrast of text

# every element that holds text of its own, with the contrast to what lies behind it
CONTRASTS = """() => {
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(c => c / 255).map(
      c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parts(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const holds = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  return [...document.body.querySelectorAll("*")].filter(holds).map(e => {
    const [a, b] = [parts(getComputedStyle(e).color), behind(e)].map(light);
    return [e.textContent.trim().slice(0, 40), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
  });
}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    """The committed notebooks' report, beside a copy of the committed outputs."""
    outputs = tmp_path_factory.mktemp("run") / "JPN"
    shutil.copytree(ROOT / OUT, outputs, ignore=shutil.ignore_patterns("report"))
    return write_report(ROOT / "notebooks", outputs, NAMES)


def unresolved(file: Path, links: list[str]) -> list[str]:
    """Links of a page that lead to no file, or to no place in it."""
    found = []
    for link in links:
        url, anchor = urldefrag(link)
        if not url.startswith("file://"):
            continue
        target = Path(unquote(url.removeprefix("file://")))
        if not target.is_file():
            found.append(f"{link} leads nowhere")
        elif anchor and f'id="{unquote(anchor)}"' not in target.read_text(encoding="utf-8"):
            found.append(f"{link} names no place on the page")
    return found


def problems(browser, file: Path) -> list[str]:
    """What a reader of a page would stumble over, on either screen, in light and dark and print."""
    found = []
    page = browser.new_page()
    page.on("console", lambda m: found.append(f"console: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda error: found.append(f"console: {error}"))
    page.on(
        "request",
        lambda request: (
            found.append(f"asks for {request.url}")
            if request.url != file.as_uri() and not request.url.startswith(("data:", "about:"))
            else None
        ),
    )
    page.goto(file.as_uri())
    found += unresolved(
        file, page.eval_on_selector_all("a[href]", "links => links.map(a => a.href)")
    )
    blank = page.eval_on_selector_all("img", "all => all.filter(i => !i.alt.trim()).length")
    found += [f"{blank} images without alt text"] if blank else []
    for media, width in [*(("screen", width) for width in WIDTHS), ("print", PRINTED)]:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(media=media)
        needed = page.evaluate("document.scrollingElement.scrollWidth")
        found += [f"{needed} pixels wide on {width} ({media})"] if needed > width else []
    for scheme in ("light", "dark"):
        page.emulate_media(media="screen", color_scheme=scheme)
        for text, contrast in page.evaluate(CONTRASTS):
            if contrast < READABLE:
                found.append(f"hard to read in {scheme}, {contrast:.1f}: {text}")
    page.close()
    return found


@pytest.mark.parametrize("name", ["index", *NAMES])
def test_a_page_is_fit_to_read(report, browser, name):
    assert problems(browser, report / f"{name}.html") == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('href="04_decisions.html"', 'href="04_cracks.html"', "leads nowhere"),
        ("</main>", '<a href="#nowhere">there</a></main>', "names no place"),
        (r'alt="[^"]+"', 'alt=""', "without alt text"),
        ("</main>", '<img src="http://127.0.0.1:9/x.png" alt="x"></main>', "asks for"),
        ("</main>", "<script>console.error('no')</script></main>", "console: no"),
        ("</main>", '<div style="width: 700px">wide</div></main>', "700 pixels wide on 390|print"),
        ("</main>", '<p style="color: #8a8a8a">pale</p></main>', "hard to read in light"),
        ("</main>", '<p style="color: #6a6a6a">dim</p></main>', "hard to read in dark"),
    ],
)
def test_what_is_wrong_with_a_page_is_found(report, browser, old, new, problem):
    intact = (report / "03_patterns.html").read_text(encoding="utf-8")
    wrong, count = re.subn(old, new, intact)
    assert count
    broken = report / "broken.html"
    broken.write_text(wrong, encoding="utf-8")
    try:
        assert re.search(problem, "\n".join(problems(browser, broken)))
    finally:
        broken.unlink()


def test_a_tap_shows_a_figure_at_full_size_on_a_phone(report, browser):
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto((report / "03_patterns.html").as_uri())
    image = page.locator("img").first
    before = image.bounding_box()["width"]
    image.click()
    assert image.bounding_box()["width"] > 700 > 390 > before
    assert page.evaluate("document.scrollingElement.scrollWidth") == 390
    page.close()


def front(report: Path) -> BeautifulSoup:
    return BeautifulSoup((report / "index.html").read_text(encoding="utf-8"), "html.parser")


def test_the_front_page_has_question_answer_figures_citation_and_every_page(report):
    page = front(report)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (peak,) = re.findall(r"peaked at (\d+)<!-- peak_total -->", readme)
    assert page.select_one(".question").get_text().endswith("shift with Japan's policy eras?")
    answer = [item.get_text(" ", strip=True) for item in page.select(".answer li")]
    assert len(answer) == 5 and f"peaked at {peak} million" in answer[1]
    assert "<!--" not in str(page) and len(page.select("figure")) == 3
    assert "@misc{oda-eras," in page.select_one("#cite ~ pre").get_text()
    assert {f"{name}.html" for name in NAMES} <= {a["href"] for a in page.select(".pages a")}
    assert page.select('a[href="../tables/t10_definitions.md"]')


@pytest.mark.parametrize(
    ("way", "wanted"),
    [
        ("#read", {"06_eras.html", "02_measures.html", "08_claims.html"}),
        ("#rerun", {"make\nmake test"}),
        ("#take", {"oda-eras-JPN-figures.zip", "oda-eras-JPN-tables.zip", "../numbers.tex"}),
    ],
)
def test_each_reader_gets_there_in_two_taps(report, way, wanted):
    """One tap leads to a way on, or to a place that it names; the next is on what is wanted."""
    page = front(report)
    assert page.select(f'.question + .files a[href="{way}"]')
    section = page.select_one(f"section:has({way})")
    found = {a["href"] for a in section.select("a")} | {c.get_text() for c in section.select("pre")}
    for place in [href for href in found if href.startswith("#")]:
        assert page.select(place)
        found |= {a["href"] for a in page.select(f"{place} + * a")}
    # the claims' own page, where there is one, stands for their notebook's
    assert wanted <= found | ({"08_claims.html"} if "claims.html" in found else set())


def test_what_can_be_downloaded_is_there_and_packed_alike_each_time(report):
    links = [a["href"] for a in front(report).select(".downloads a")]
    assert all((report / link).is_file() for link in links)
    packed = {path.name: path.read_bytes() for path in report.glob("*.zip")}
    assert set(packed) == {link for link in links if link.endswith(".zip")}
    for path in (report.parent / "figures").iterdir():  # a copy has another time
        path.touch()
    write_report(ROOT / "notebooks", report.parent, NAMES)
    assert packed == {path.name: path.read_bytes() for path in report.glob("*.zip")}
    with zipfile.ZipFile(report / "oda-eras-JPN-figures.zip") as archive:
        names = set(archive.namelist())
    assert {"figures/print/f01_flows_by_recipient.pdf", "data/totals.csv"} <= names
    assert {"sources.bib", "CITATION.cff"} <= names


def test_every_figure_is_in_the_report(report):
    """Those that cells show, and those that the gallery's Markdown links to."""
    images = 0
    for name in NAMES:
        for cell in nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells:
            data = [output.get("data", {}) for output in cell.get("outputs", [])]
            told = [cell.source] if cell.cell_type == "markdown" else []
            told += [some.get("text/markdown", "") for some in data]
            images += sum("image/png" in some for some in data)
            images += sum(text.count("![") for text in told)
    pages = [(report / f"{name}.html").read_text(encoding="utf-8") for name in NAMES]
    assert sum(page.count("<img") for page in pages) == images > 0
    assert sum(page.count("<img") for page in pages) == sum(page.count("base64,") for page in pages)


def test_a_page_opens_with_the_answer(report):
    for name in NAMES:
        page = (report / f"{name}.html").read_text(encoding="utf-8")
        first = page.index("<h2")
        assert page.index("<h1") < page.index("<strong>In short</strong>") < first, name


def test_another_donors_report_leaves_the_findings_out(tmp_path):
    notebook = nbformat.read(ROOT / "notebooks" / "01_clean.ipynb", as_version=4)
    nbformat.write(notebook, tmp_path / "01_clean.ipynb")
    (tmp_path / "DEU").mkdir()
    folder = write_report(tmp_path, tmp_path / "DEU", ["01_clean"])
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert "<h1>ODA from Germany to Central Asia</h1>" in text
    assert "is about Japan" in text and "peaked at" not in text


def test_a_rerun_removes_the_page_of_a_notebook_that_went(report):
    gone = report / "09_gone.html"
    gone.write_text("")
    write_report(ROOT / "notebooks", report.parent, NAMES)
    assert not gone.exists()


def test_the_report_is_no_part_of_the_record(report):
    assert report.is_dir()
    assert published_files(report.parent) == published_files(ROOT / OUT)


PNG = (ROOT / OUT / "figures/f05_with_without_uzbekistan.png").read_bytes()
ALT = 'A line that "rises".'


@pytest.fixture
def outputs(tmp_path) -> Path:
    """Outputs that hold one figure, drawn from a table of data/."""
    folder = tmp_path / "JPN"
    (folder / "figures").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "data/totals.csv").write_text("year\n2019\n")
    shutil.copy(ROOT / OUT / "numbers.json", folder)  # the front page quotes them
    about = "**Figure 5. One country?**\n\nNet ODA.\n\nSource: a table.\n\nData: data/totals.csv.\n"
    for ending, text in {"md": about, "txt": ALT, "pdf": "", "svg": ""}.items():
        (folder / f"figures/f05_x.{ending}").write_text(text)
    (folder / "figures/f05_x.png").write_bytes(PNG)
    return folder


def markdown(text: str):
    return nbformat.v4.new_output("display_data", {"text/markdown": text})


def picture(**metadata):
    data = {"image/png": base64.b64encode(PNG).decode()}
    return nbformat.v4.new_output("display_data", data, metadata=metadata)


def notebook(*cells):
    """Cells of a notebook: text is Markdown, a list the outputs of a code cell."""
    return nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell(cell)
            if isinstance(cell, str)
            else nbformat.v4.new_code_cell("show()", outputs=cell)
            for cell in cells
        ]
    )


def page(outputs: Path, *cells) -> BeautifulSoup:
    """The page of a notebook whose title these cells follow."""
    nbformat.write(
        notebook("# 03 Patterns: who?\n\nWho received *how much*?", *cells),
        outputs.parent / "03_patterns.ipynb",
    )
    folder = write_report(outputs.parent, outputs, ["03_patterns"])
    return BeautifulSoup((folder / "03_patterns.html").read_text(encoding="utf-8"), "html.parser")


PUBLISHED = {"image/png": {"alt": ALT}, "figure": "f05_x"}


def test_a_published_figure_is_shown_from_its_files_with_its_caption_once(outputs):
    caption = "**Figure 5.** Net ODA. Source: a table."
    shown = [picture(**PUBLISHED), markdown(caption), markdown("It rises.")]
    soup = page(outputs, [markdown("**In short**\n\n- Up."), *shown], "## Flows")
    (figure,) = soup.select("figure")
    image = figure.img
    assert image["alt"] == ALT and base64.b64decode(image["src"].partition(",")[2]) == PNG
    assert int(image["width"]) == png_width(PNG, 300)
    texts = [p.get_text() for p in figure.select("figcaption p:not(.files)")]
    assert texts == ["Figure 5. One country?", "Net ODA.", "Source: a table."]
    links = {a.get_text(): a["href"] for a in figure.select(".files a")}
    assert links == {kind: f"../figures/f05_x.{kind.lower()}" for kind in ("PDF", "SVG", "PNG")} | {
        "CSV": "../data/totals.csv"
    }
    assert all((outputs / "report" / href).is_file() for href in links.values())
    text = soup.main.get_text()
    assert text.count("Source: a table.") == 1
    places = [text.index(said) for said in ("In short", "One country?", "It rises.", "Flows")]
    assert places == sorted(places)


def test_a_figure_that_is_not_published_is_shown_as_it_is(outputs):
    soup = page(outputs, [picture(**{"image/png": {"alt": "Two bars."}}), markdown("They differ.")])
    (image,) = soup.select("img")
    assert image["alt"] == "Two bars." and int(image["width"]) == png_width(PNG)
    assert not soup.select("figcaption") and "They differ." in soup.main.get_text()


@pytest.mark.parametrize("metadata", [{}, {"image/png": {"alt": " "}}, {"figure": "f05_x"}])
def test_a_figure_without_alt_text_is_refused(outputs, metadata):
    with pytest.raises(ValueError, match="03_patterns, cell 2: a figure without alt text"):
        page(outputs, [picture(**metadata)])


@pytest.mark.parametrize("shown", [str, lambda text: [markdown(text)]], ids=["cell", "output"])
def test_the_gallerys_figures_are_put_into_the_page(outputs, shown):
    name = "f05_with_without_uzbekistan"
    soup = page(outputs, shown(f'![Two lines, "all"](../{OUT}/figures/{name}.png)'))
    (image,) = soup.select("img")
    assert image["alt"] == 'Two lines, "all"' and int(image["width"]) == png_width(PNG, 300)
    assert base64.b64decode(image["src"].removeprefix("data:image/png;base64,")) == PNG
    assert image.parent.name == "label" and image.parent.input["aria-label"] == "Full size"


@pytest.mark.parametrize("link", ["![A](../nowhere.png)", f"![](../{OUT}/figures/f05_x.png)"])
def test_an_image_that_is_not_there_or_has_no_alt_text_is_refused(outputs, link):
    with pytest.raises(ValueError, match="there is no such image, or no alt text"):
        page(outputs, link.replace("f05_x", "f05_with_without_uzbekistan"))


def test_title_and_question_come_from_the_first_cell():
    cells = notebook("# 03 Patterns: who *got* it?\n\nWhich of the five received `aid`?", "More?")
    assert heading_and_question(cells) == (
        "03 Patterns: who got it?", "Which of the five received aid?"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("link", "dressed"),
    [
        ("02_measures.ipynb#Prices", '<a href="02_measures.html#Prices">x</a>'),
        (f"../{OUT}/data/panel.csv", '<a href="../data/panel.csv">x</a>'),
        ("../data/README.md", "x"),
        ("https://example.org/", '<a href="https://example.org/">x</a>'),
    ],
)
def test_links_lead_to_pages_and_outputs_or_become_text(link, dressed):
    html = dress(f'<a href="{link}">x</a>', ROOT / "notebooks", ROOT, ROOT / OUT)
    assert html == dressed


TABLE = """**Table 3.1. Means of *net* ODA (US$ million)**

| Years     |   Japan | Range      |
|:----------|--------:|:-----------|
| 1993-1996 |    −1.5 | −5 to 2    |
| 1997-2001 |   111.0 | +44 to +90 |

A note."""


def test_a_table_scrolls_under_its_title_and_its_numbers_stand_to_the_right():
    soup = BeautifulSoup(dress(prose(TABLE), ROOT, ROOT, ROOT / OUT), "html.parser")
    (box,) = soup.select(".scroll")
    assert box["aria-label"] == "Table 3.1. Means of net ODA (US$ million)"
    assert box["tabindex"] == "0" and box["role"] == "region"
    title = box.find_previous_sibling()
    assert title["class"] == ["title"] and title.get_text() == box["aria-label"]
    assert box.find_next_sibling().get_text() == "A note."
    assert [th.get_text() for th in box.select("th.number")] == ["Japan"]
    assert [td.get_text() for td in box.select("td.number")] == ["−1.5", "111.0"]
    assert [td.get_text() for td in box.select("td.short")] == ["1993-1996", "1997-2001"]
    assert not box.select("[style]")


def test_a_table_without_title_takes_no_other_paragraph_for_one():
    html = dress("<p>Said before.</p><table><tr><td>1</td></tr></table>", ROOT, ROOT, ROOT / OUT)
    assert html.startswith('<p>Said before.</p><div aria-label="Table" class="scroll"')


def test_dollars_open_no_formula():
    assert "<em>a</em>" in prose("US$ *a* and US$*b*")
