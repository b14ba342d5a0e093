"""A run for another donor, or another region, speaks of that and leaves the default run alone."""

import json
import re

import pandas as pd
import pytest
from conftest import OUT, make, snapshot, take_to_kernels

from oda_eras.stamps import content_hash, read_stamp


@pytest.fixture(scope="module", autouse=True)
def outlines(chain):
    """Figures of the runs here are laid out and captioned; their files are blank."""
    take_to_kernels(chain, "outline_figures.py")


def texts_of(chain, run: str) -> dict[str, str]:
    """What a run says: captions, alt texts and tables by file, Markdown by notebook."""
    folder = chain / "outputs" / run
    texts = {
        p.name: p.read_text() for p in (folder / "figures").iterdir() if p.suffix in {".md", ".txt"}
    }
    # the sources are the same for every run, Japan's own totals among them
    tables = [p for p in (folder / "tables").glob("*.md") if p.stem != "t01_sources"]
    texts |= {path.name: path.read_text() for path in tables}
    for path in sorted((chain / ".build" / run).glob("0?_*.ipynb")):
        if path.stem.count("."):
            continue  # what the run was made from
        for cell in json.loads(path.read_text())["cells"]:
            said = "".join(
                "".join(output.get("data", {}).get("text/markdown", ""))
                for output in cell.get("outputs", [])
            )
            texts[path.stem] = texts.get(path.stem, "") + said
    return texts


def test_another_donors_run_speaks_of_that_donor(chain):
    before = snapshot(chain)
    result = make(chain, "-j2", "DONOR=KOR")
    assert result.returncode == 0, result.stderr
    assert snapshot(chain) == before  # nothing of it goes into the default run's outputs
    folder = chain / "outputs/KOR"
    texts = texts_of(chain, "KOR")
    assert len(texts) > 40 and "South Korea" in texts["03_patterns"] + texts["07_donors"]
    texts.pop("01_clean")  # it lists the raw tables, some of them Japan's or the article's
    # Japan is meant there: as another donor, as the article's, and in what was declared of its run
    meant = (
        r"; Japan: largest in \d+, \d+ million|\| +Japan +(?=\|)|claims are about Japan;"
        r"|by rotation, on Japan's net ODA to all five|the CRS lacks a part of Japan's"
    )
    strays = {
        name: re.findall(r"(?i).{30}\b(?:japan|yen|mahmudov)\b.{30}", re.sub(meant, "", text))
        for name, text in texts.items()
    }
    assert not {name: found for name, found in strays.items() if found}
    contrasts = pd.read_csv(folder / "tables/t04_contrasts.csv")
    assert list(contrasts) == list(pd.read_csv(chain / OUT / "tables/t04_contrasts.csv"))
    assert contrasts.p.isna().all()  # its eras are the data's own
    assert "Nothing to be done" in make(chain, "DONOR=KOR").stdout


TURN = """scheme,donor,era,label,name,opens,closes,opening_event,closing_event,source,note
turns,SWE,S1,Before,Before the turn,2003-01-01,2014-10-03,,,own reading,
turns,SWE,S2,After,After the turn,2014-10-03,,,,own reading,
"""


def test_a_run_on_another_region_and_eras_of_ones_own_speaks_of_these(chain):
    before, run = snapshot(chain), "SWE.recipients-MOZ-TZA.eras-turn"
    (chain / "turn.csv").write_text(TURN)
    choices = ["DONOR=SWE", "RECIPIENTS=Mozambique,TZA", "ERAS=turn.csv"]
    goals = [f".build/{run}/{name}.json" for name in ("03_patterns", "06_eras")]
    result = make(chain, "-j2", *choices, *goals)
    assert result.returncode == 0, result.stderr
    assert snapshot(chain) == before
    texts = texts_of(chain, run)
    assert "Mozambique and Tanzania" in texts["03_patterns"] + texts["06_eras"]
    meant = r"by rotation, on Japan's net ODA to all five|CRS lacks a part of Japan's"
    strays = {
        name: re.findall(
            r"(?i).{30}\b(?:japan|japanese|yen|uzbek\w+|kazakh\w+|central asian?|the five)\b.{30}",
            re.sub(meant, "", text),
        )
        for name, text in texts.items()
    }
    strays.pop("01_clean")
    assert not {name: found for name, found in strays.items() if found}
    panel = pd.read_csv(chain / "outputs" / run / "data/panel.csv")
    assert set(panel.recipient) == {"MOZ", "TZA"} and set(panel.status) == {"converted"}
    assert (panel.usd_million > 0).all()  # what is not printed has no row
    contrasts = pd.read_csv(chain / "outputs" / run / "tables/t04_contrasts.csv")
    assert contrasts.p.notna().all() and set(contrasts.measure) == {"gross"}
    sources = (chain / "outputs" / run / "tables/t04_contrasts.md").read_text()
    assert "the run's own eras" in sources and "World Bank" not in sources
    # an edit of the file is seen: notebooks rest on the run's copy, which make renews
    copy = f".build/{run}/eras.csv"
    stamp = read_stamp(chain / f".build/{run}/02_measures.json")
    assert stamp["prerequisites"][copy] == content_hash(chain / copy)
    (chain / "turn.csv").write_text(TURN.replace("2014-10-03", "2013-10-03"))
    assert "oda_eras.run notebooks/02_measures.ipynb" in make(chain, "-n", *choices, *goals).stdout
    assert stamp["prerequisites"][copy] != content_hash(chain / copy)
