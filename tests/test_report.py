"""The report is fit to read: alone, on a phone, in the dark, in print, and by ear."""

import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urldefrag

import nbformat
import pytest
from conftest import OUT, ROOT

from oda_eras.merge import published_files
from oda_eras.report import described, dress, prose, set_figures, write_report

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
        ('href="04_breaks.html"', 'href="04_cracks.html"', "leads nowhere"),
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


def test_the_index_holds_findings_figures_and_every_page(report):
    text = (report / "index.html").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (peak,) = re.findall(r"peaked at (\d+)<!-- peak_total -->", readme)
    assert f"peaked at {peak} million" in text and "<!--" not in text
    assert text.count("<figure>") == 3
    for name in NAMES:
        assert f'href="{name}.html"' in text
    assert 'href="../tables/t10_definitions.md"' in text


def test_every_cell_output_is_in_the_report(report):
    images = sum(
        "image/png" in output.get("data", {})
        for name in NAMES
        for cell in nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells
        for output in cell.get("outputs", [])
    )
    pages = [(report / f"{name}.html").read_text(encoding="utf-8") for name in NAMES]
    assert sum(page.count("<img") for page in pages) == images > 0


def test_another_donors_report_leaves_the_findings_out(tmp_path):
    notebook = nbformat.read(ROOT / "notebooks" / "01_clean.ipynb", as_version=4)
    nbformat.write(notebook, tmp_path / "01_clean.ipynb")
    (tmp_path / "DEU").mkdir()
    folder = write_report(tmp_path, tmp_path / "DEU", ["01_clean"])
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert "<h1>ODA from Germany to Central Asia</h1>" in text
    assert "are about Japan" in text and "peaked at" not in text


def test_a_rerun_removes_the_page_of_a_notebook_that_went(report):
    gone = report / "09_gone.html"
    gone.write_text("")
    write_report(ROOT / "notebooks", report.parent, NAMES)
    assert not gone.exists()


def test_the_report_is_no_part_of_the_record(report):
    assert report.is_dir()
    assert published_files(report.parent) == published_files(ROOT / OUT)


def cell(source, kind="markdown"):
    new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    return new(source)


@pytest.mark.parametrize(
    ("after", "alt"),
    [
        ("It *falls* in 2003. It rises later.", "Figure: Flows. It falls in 2003."),
        ("## Next", "Figure: Flows. What came in US$."),  # said before, since nothing is after
    ],
)
def test_a_figure_is_described_in_the_notebooks_words(after, alt):
    cells = [cell("# 01 A\n\nWhy?"), cell("## Flows\n\nWhat came in US$."), cell("", "code")]
    assert described([*cells, cell(after)], 2) == alt


def test_alt_text_of_the_output_goes_first(tmp_path):
    notebook = nbformat.read(ROOT / "notebooks" / "08_figures.ipynb", as_version=4)
    outputs = [
        o for c in notebook.cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})
    ]
    outputs[0].metadata["image/png"] = {"alt": "Six charts."}
    set_figures(notebook, ROOT / OUT)
    assert outputs[0].metadata["report"]["alt"] == "Six charts."
    beside = (ROOT / OUT / "figures" / "f02_what_it_is_made_of.txt").read_text(encoding="utf-8")
    assert outputs[1].metadata["report"]["alt"] == beside.strip()


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


def test_numbers_stand_to_the_right_in_a_table_that_scrolls():
    head, body = "<tr><th></th><th>a</th></tr>", "<tr><th>x</th><td>-1.5</td></tr>"
    table = f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"
    html = dress(table, ROOT, ROOT, ROOT / OUT)
    assert html.startswith('<div aria-label="Table" class="scroll"')
    assert '<th class="number">a</th>' in html and '<td class="number">-1.5</td>' in html


def test_dollars_open_no_formula():
    assert "<em>a</em>" in prose("US$ *a* and US$*b*")
