"""The report is fit to read: alone, on a phone, in the dark, in print, and by ear."""

import base64
import io
import re
import shutil
import zipfile
from pathlib import Path
from urllib.parse import unquote, urldefrag

import nbformat
import pandas as pd
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from bs4 import BeautifulSoup
from conftest import OUT, ROOT
from PIL import Image, ImageChops

from oda_eras.complete import published_files
from oda_eras.findings import FAULTS, VERDICTS
from oda_eras.page import PHONE_DPI, PHONE_PX, PX_PER_INCH
from oda_eras.report import CARD_PIXELS, STEP, dress, heading_and_question, prose, write_report

NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
PAGES = ["index", *NAMES, "claims"]
PHONE = 360
WIDTHS = [PHONE, 768, 1280]
PRINTED = 672  # CSS pixels between the margins of A4
HEAVIEST = 1_500_000  # bytes of a page with its figures

# leaves one of each kind of element: they look alike, and axe takes long over each
THIN = """() => {
  const kind = element => `${element.tagName}.${element.className}`;
  const seen = new Set();
  const thin = (element, above) => {
    for (const child of [...element.children]) {
      const within = new Set([...child.querySelectorAll("*")].map(kind));
      const path = `${above} ${kind(child)}`, key = [path, ...within].join();
      if (seen.has(key)) child.remove(); else thin(child, path);
      seen.add(key);
    }
  };
  thin(document.querySelector("main"), "");
}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    """The committed notebooks' report, beside a copy of the committed outputs."""
    outputs = tmp_path_factory.mktemp("run") / "JPN"
    shutil.copytree(ROOT / OUT, outputs, ignore=shutil.ignore_patterns("report"))
    return write_report(ROOT / "notebooks", outputs, NAMES)


def read(report: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((report / f"{name}.html").read_text(encoding="utf-8"), "html.parser")


def unresolved(file: Path, links: list[str]) -> list[str]:
    """Links of a page that lead to no file, or to no place in it."""
    found, texts = [], {}
    for link in sorted(set(links)):
        url, anchor = urldefrag(link)
        if not url.startswith("file://"):
            continue
        target = Path(unquote(url.removeprefix("file://")))
        if not target.is_file():
            found.append(f"{link} leads nowhere")
            continue
        if anchor and target not in texts:
            texts[target] = target.read_text(encoding="utf-8")
        if anchor and f'id="{unquote(anchor)}"' not in texts[target]:
            found.append(f"{link} names no place on the page")
    return found


def problems(browser, file: Path) -> list[str]:
    """What a reader of a page would stumble over: at each width, in light and dark, in print."""
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
    weight = file.stat().st_size
    found += [f"weighs {weight:,} bytes"] if weight > HEAVIEST else []
    for media, width in [*(("screen", width) for width in WIDTHS), ("print", PRINTED)]:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(media=media)
        needed = page.evaluate("document.scrollingElement.scrollWidth")
        found += [f"{needed} pixels wide on {width} ({media})"] if needed > width else []
        if width == PHONE:
            scrolls = "all => all.filter(b => b.scrollWidth > b.clientWidth).map(b => b.ariaLabel)"
            tables = page.eval_on_selector_all(".scroll", scrolls)
            found += [f"{table} scrolls sideways on {width}" for table in tables]
    page.emulate_media(media="screen")
    page.evaluate(AXE_SCRIPT)
    all_but_contrast = {"rules": {"color-contrast": {"enabled": False}}}
    found += [f"{fault} in full" for fault in violations(page, all_but_contrast)]
    # axe judges no text on a gradient, such as the one that shades a table's edges
    page.add_style_tag(content=".scroll { background: none !important }")
    page.evaluate(THIN)
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    page.evaluate("document.querySelectorAll('#code').forEach(box => box.click())")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme, rules in {"light": {}, "dark": {"runOnly": ["color-contrast"]}}.items():
            page.emulate_media(color_scheme=scheme)
            found += [f"{fault} on {width} in {scheme}" for fault in violations(page, rules)]
    page.close()
    return found


def violations(page, options: dict) -> list[str]:
    """What axe finds wrong with a page, by rule, with the first element at fault."""
    run = "options => axe.run(options).then(results => results.violations)"
    faults = page.evaluate(run, {"resultTypes": ["violations"]} | options)
    return [f"{fault['id']}: {fault['nodes'][0]['html'][:100]}" for fault in faults]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_fit_to_read(report, browser, name):
    assert problems(browser, report / f"{name}.html") == []


WRONG = {
    '<a href="nowhere.html">there</a>': "nowhere.html leads nowhere",
    '<a href="#nowhere">there</a>': "#nowhere names no place",
    '<img src="data:," alt="">': "1 images without alt text",
    '<img src="http://127.0.0.1:9/x.png" alt="x">': "asks for http://127.0.0.1:9/x.png",
    "<script>console.error('no')</script>": "console: no",
    '<div style="width: 700px">wide</div>': r"7\d\d pixels wide on (360|672)",
    f"<!--{'x' * HEAVIEST}-->": "weighs 1,5",
    '<div class="scroll" aria-label="It"><p style="width: 350px">a</p></div>': "It scrolls",
    '<p style="color: #8a8a8a">pale</p>': "color-contrast: .*pale.* on 768 in light",
    '<i style="color: #6a6a6a">dim</i>': "color-contrast: .*dim.* on 1280 in dark",
    "<h4>Too deep</h4>": "heading-order: .* on 360 in light",
    '<input type="text">': "label: .* in full",
}


def test_what_is_wrong_with_a_page_is_found(outputs, browser):
    page(outputs, [picture(**PUBLISHED)], "## A section")
    file = outputs / "report/03_patterns.html"
    assert problems(browser, file) == []
    intact = file.read_text(encoding="utf-8")
    file.write_text(intact.replace("</main>", f"{''.join(WRONG)}</main>"), encoding="utf-8")
    found = "\n".join(problems(browser, file))
    for problem in WRONG.values():
        assert re.search(problem, found), f"{problem} is not among\n{found}"


def test_a_table_set_as_cards_names_each_value_and_folds_what_is_many(report, browser):
    screen = browser.new_page(viewport={"width": 360, "height": 900})
    screen.goto((report / "04_decisions.html").as_uri())
    box = screen.locator("#table-15 + .scroll")
    rows = box.locator("tbody tr")
    shown = rows.locator("visible=true").count()
    box.get_by_label(f"Show all {rows.count()} rows").check()
    assert shown == 6 and rows.locator("visible=true").count() == rows.count() > 30
    heads = box.locator("thead th").all_text_contents()
    cells = rows.first.locator("td")
    assert cells.evaluate_all("all => all.map(cell => cell.dataset.label)") == heads
    screen.set_viewport_size({"width": 1280, "height": 900})
    assert box.locator("thead").is_visible() and not box.locator(".more").is_visible()
    screen.close()


def test_one_switch_shows_the_code_and_the_section_in_view_is_marked(report, browser):
    screen = browser.new_page(viewport={"width": 1280, "height": 900})
    screen.goto((report / "03_patterns.html").as_uri())
    code, list_ = screen.locator("pre.code"), screen.locator(".beside")
    assert not code.first.is_visible()
    screen.get_by_label("Show code").check()
    assert code.first.is_visible() and code.last.is_visible()
    assert list_.locator("[aria-current]").count() == 0
    list_.get_by_role("link", name="How lumpy").click()
    screen.wait_for_selector(".beside [aria-current]")
    assert list_.locator("[aria-current]").all_text_contents() == ["How lumpy"]
    assert list_.is_visible() and list_.bounding_box()["y"] >= 0
    screen.set_viewport_size({"width": 360, "height": 900})
    screen.evaluate("scrollTo(0, 0)")
    assert not list_.is_visible() and screen.locator(".contents details").is_visible()
    screen.close()


def test_text_leads_to_the_figures_and_tables_that_it_names(report):
    """Within a page, to another notebook's, and from the index and the gallery."""

    def link(name: str, text: str) -> str:
        return read(report, name).main.find("a", string=text)["href"]

    assert link("03_patterns", "Table 3.2") == "#table-3.2"
    assert link("06_eras", "Table 9") == "05_breaks.html#table-9"
    assert link("08_claims", "C134") == "claims.html#C134"
    cards = {
        card.h3.get_text().partition(".")[0]: card.a["href"]
        for card in read(report, "09_figures").select(".cards > div")
    }
    assert cards["Figure 5"] == "03_patterns.html#figure-5"
    assert len(cards) == len(list((ROOT / OUT / "figures").glob("f*.png")))


def test_the_claims_page_filters_and_searches(report, browser):
    ledger = pd.read_csv(ROOT / OUT / "tables/t06_claims.csv", keep_default_na=False)
    screen = browser.new_page(viewport={"width": 1280, "height": 900})
    screen.goto((report / "claims.html").as_uri())
    claims = screen.locator(".claim:visible")
    assert claims.count() == len(ledger)
    screen.get_by_label("Verdict").select_option("imprecise")
    screen.get_by_label("Section").select_option("Prospects")
    chosen = ledger.query("verdict == 'imprecise' and section == 'Prospects'")
    assert claims.count() == len(chosen) > 0
    assert screen.locator("output").inner_text() == f"{len(chosen)} of {len(ledger)} claims"
    assert screen.locator("main h2:visible").count() == 1
    screen.get_by_role("button", name="Show all").click()
    screen.wait_for_function("document.querySelectorAll('.claim[hidden]').length === 0")
    screen.get_by_label("Evidence").select_option("primary table")
    assert claims.count() == (ledger.firmness == "primary table").sum()
    screen.get_by_label("Search").fill("OIL reserves")
    assert claims.first.get_attribute("id") == "C14"
    # a link to a claim that the filters hide
    screen.evaluate("location.hash = 'C19'")
    screen.wait_for_selector("#C19 details[open]")
    screen.close()


def test_without_javascript_the_claims_are_a_plain_list(report, browser):
    context = browser.new_context(java_script_enabled=False)
    screen = context.new_page()
    screen.goto((report / "claims.html").as_uri())
    assert screen.locator(".claim:visible").count() > 100
    assert not screen.locator(".filters").is_visible()
    context.close()


def test_the_claims_page_gives_each_claim_its_evidence_with_units(report):
    soup = read(report, "claims")
    order = [claim["data-verdict"] for claim in soup.select(".claim")]
    assert list(dict.fromkeys(order))[:3] == FAULTS and set(order) <= set(VERDICTS)
    oil = soup.find(id="C14")
    values = [" ".join(v.get_text().split()) for v in oil.select(".values span")]
    assert values[0] == "Article: 17.2%"
    assert values[1].startswith("Computed: 1.801%. World oil reserves at the end of 2020")
    links = {a.get_text(): a["href"] for a in oil.details.select("a")}
    assert links["data/energy.csv"] == "../data/energy.csv"
    # the anchors themselves are followed by test_a_page_is_fit_to_read
    ledger = pd.read_csv(ROOT / OUT / "tables/t06_claims.csv").set_index("id")
    for claim in ledger.index[ledger.basis == "computed"]:
        assert soup.find(id=claim).select('details a[href*=".html#"]'), f"{claim} has no place"
    document = soup.find(id="C153").details
    assert document.find("a", href=re.compile("nhk.or.jp"))
    unitless = [v for v in soup.select(".values b") if re.fullmatch(r"[\d.,−]+", v.get_text())]
    years = [v for v in unitless if re.fullmatch(r"(19|20)\d\d", v.get_text())]
    assert unitless == years


def test_a_script_in_a_claim_does_not_run(tmp_path, browser):
    evil = "<script>console.error('ran')</script><img src=x onerror=console.error(1)>"
    outputs = tmp_path / "JPN"
    shutil.copytree(ROOT / OUT / "tables", outputs / "tables")
    shutil.copy(ROOT / OUT / "numbers.json", outputs)
    ledger = pd.read_csv(outputs / "tables/t06_claims.csv", keep_default_na=False)
    texts = ["section", "claim", "arithmetic", "readings", "rule", "instead", "firmness"]
    ledger.loc[0, texts] = evil
    ledger.to_csv(outputs / "tables/t06_claims.csv", index=False)
    told = nbformat.read(ROOT / "notebooks/08_claims.ipynb", as_version=4)
    for cell in told.cells:
        if "outputs" in cell:
            cell.outputs = [markdown(f"| a |\n|---|\n| {evil} |")]
    nbformat.write(told, tmp_path / "08_claims.ipynb")
    folder = write_report(tmp_path, outputs, ["08_claims"])
    heard = []
    screen = browser.new_page()
    screen.on("console", lambda message: heard.append(message.text))
    for name in ("claims", "08_claims"):
        screen.goto((folder / f"{name}.html").as_uri())
        assert evil in screen.locator("main").inner_text()
    assert heard == []
    screen.close()


def test_the_front_page_has_question_answer_figures_citation_and_every_page(report):
    page = read(report, "index")
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
    page = read(report, "index")
    assert page.select(f'.question + .files a[href="{way}"]')
    section = page.select_one(f"section:has({way})")
    found = {a["href"] for a in section.select("a")} | {c.get_text() for c in section.select("pre")}
    for place in [href for href in found if href.startswith("#")]:
        assert page.select(place)
        found |= {a["href"] for a in page.select(f"{place} + * a")}
    # the claims' own page, where there is one, stands for their notebook's
    assert wanted <= found | ({"08_claims.html"} if "claims.html" in found else set())


def test_a_rerun_packs_what_can_be_downloaded_alike_and_removes_the_page_that_went(report):
    links = [a["href"] for a in read(report, "index").select(".downloads a")]
    assert all((report / link).is_file() for link in links)
    packed = {path.name: path.read_bytes() for path in report.glob("*.zip")}
    assert set(packed) == {link for link in links if link.endswith(".zip")}
    for path in (report.parent / "figures").iterdir():  # a copy has another time
        path.touch()
    gone = report / "09_gone.html"
    gone.write_text("")
    write_report(ROOT / "notebooks", report.parent, NAMES)
    assert not gone.exists()
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
    assert sum(page.count("<source") + page.count("<img") for page in pages) == sum(
        page.count("base64,") for page in pages
    )


def test_a_page_opens_with_the_answer(report):
    for name in NAMES:
        page = (report / f"{name}.html").read_text(encoding="utf-8")
        first = page.index("<h2")
        assert page.index("<h1") < page.index("<strong>In short</strong>") < first, name


def test_another_donors_report_opens_with_its_own_answer(tmp_path):
    notebook = nbformat.read(ROOT / "notebooks" / "01_clean.ipynb", as_version=4)
    nbformat.write(notebook, tmp_path / "05_breaks.ipynb")
    (tmp_path / "DEU").mkdir()
    folder = write_report(tmp_path, tmp_path / "DEU", ["05_breaks"])
    front = BeautifulSoup((folder / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert front.h1.get_text() == "ODA from Germany to Central Asia"
    (answer,) = front.select(".answer li")
    assert answer.get_text().startswith("Breaks. The 22 raw tables pass")
    assert answer.a["href"] == "05_breaks.html"
    assert front.select_one(".ways pre").get_text().startswith("make DONOR=DEU\n")


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


def looks_like(image, png: bytes, scale: float = 300 / 110) -> bool:
    """Whether a page's image is this PNG, colours rounded, at its size on the page."""
    shown = Image.open(io.BytesIO(base64.b64decode(image["src"].partition(",")[2])))
    saved = Image.open(io.BytesIO(png)).convert("RGB")
    difference = ImageChops.difference(shown.convert("RGB"), saved)
    size = tuple(round(pixels / scale) for pixels in saved.size)
    most = max(high for _, high in difference.getextrema())
    return most <= STEP / 2 and (int(image["width"]), int(image["height"])) == size


def test_a_published_figure_is_shown_from_its_files_with_its_caption_once(outputs):
    caption = "**Figure 5.** Net ODA. Source: a table."
    shown = [picture(**PUBLISHED), markdown(caption), markdown("It rises.")]
    soup = page(outputs, [markdown("**In short**\n\n- Up."), *shown], "## Flows")
    (figure,) = soup.select("figure")
    image = figure.img
    assert image["alt"] == ALT and looks_like(image, PNG) and figure["id"] == "figure-5"
    assert image["loading"] == "lazy" and not figure.source
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
    assert image["alt"] == "Two bars." and looks_like(image, PNG, scale=1)
    assert not soup.select("figcaption") and "They differ." in soup.main.get_text()


@pytest.mark.parametrize("metadata", [{}, {"image/png": {"alt": " "}}, {"figure": "f05_x"}])
def test_a_figure_without_alt_text_is_refused(outputs, metadata):
    with pytest.raises(ValueError, match="03_patterns, cell 2: a figure without alt text"):
        page(outputs, [picture(**metadata)])


def test_a_phone_gets_the_narrow_rendering_from_edge_to_edge(outputs, browser):
    pixels = PHONE_PX * PHONE_DPI // PX_PER_INCH
    for saved in (ROOT / OUT / "figures/phone").glob("*.webp"):
        assert Image.open(saved).width == pixels
    narrow = Image.new("RGB", (pixels, pixels * 300 // 360), "white")
    (outputs / "figures/phone").mkdir()
    narrow.save(outputs / "figures/phone/f05_x.webp", lossless=True)
    page(outputs, [picture(**PUBLISHED)])
    screen = browser.new_page(viewport={"width": 360, "height": 900})
    screen.goto((outputs / "report/03_patterns.html").as_uri())
    image = screen.locator("img")
    box = image.bounding_box()
    assert (box["x"], box["width"], box["height"]) == (0, 360, 300)
    assert image.evaluate("i => i.currentSrc === i.previousElementSibling.srcset")
    screen.set_viewport_size({"width": 768, "height": 900})
    screen.wait_for_function("document.images[0].currentSrc === document.images[0].src")
    assert image.bounding_box()["width"] == 368
    screen.close()


@pytest.mark.parametrize("shown", [str, lambda text: [markdown(text)]], ids=["cell", "output"])
def test_the_gallerys_figures_are_cards(outputs, shown):
    name = "f05_with_without_uzbekistan"
    card = f'### Figure 5. Who?\n\n![Two lines, "all"](../{OUT}/figures/{name}.png)\n\nNet.'
    soup = page(outputs, shown(f"{card}\n\n{card.replace('5. Who', '6. When')}"))
    assert [h3.get_text() for h3 in soup.select(".cards > div > h3")] == [
        "Figure 5. Who?",
        "Figure 6. When?",
    ]
    for image in soup.select(".cards > div > img"):
        assert image["alt"] == 'Two lines, "all"' and image["loading"] == "lazy"
        card = base64.b64decode(image["src"].removeprefix("data:image/webp;base64,"))
        assert Image.open(io.BytesIO(card)).width == CARD_PIXELS
    assert [p.get_text() for p in soup.select(".cards details p")] == ["Net."] * 2


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

Note: a mean."""


def test_a_table_scrolls_under_its_title_and_its_numbers_stand_to_the_right():
    soup = BeautifulSoup(dress(prose(TABLE), ROOT, ROOT, ROOT / OUT), "html.parser")
    (box,) = soup.select(".scroll")
    assert box["aria-label"] == "Table 3.1. Means of net ODA (US$ million)"
    assert box["tabindex"] == "0" and box["role"] == "region"
    title = box.find_previous_sibling()
    assert title["class"] == ["title"] and title.get_text() == box["aria-label"]
    assert box.find_next_sibling()["class"] == ["note"]
    assert [th.get_text() for th in box.select("th.number")] == ["Japan"]
    assert [td.get_text() for td in box.select("td.number")] == ["−1.5", "111.0"]
    assert [td.get_text() for td in box.select("td.short")] == ["1993-1996", "1997-2001"]
    assert not box.select("[style]")
    assert title["id"] == "table-3.1"


def test_a_table_without_title_takes_no_other_paragraph_for_one():
    html = dress("<p>Said before.</p><table><tr><td>1</td></tr></table>", ROOT, ROOT, ROOT / OUT)
    assert html.startswith('<p>Said before.</p><div aria-label="Table" class="scroll"')


def test_dollars_open_no_formula():
    assert "<em>a</em>" in prose("US$ *a* and US$*b*")
