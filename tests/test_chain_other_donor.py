"""A run for another donor speaks of that donor and leaves the default run alone."""

import json
import re

import pandas as pd
from conftest import OUT, make, snapshot


def test_another_donors_run_speaks_of_that_donor(chain):
    before = snapshot(chain)
    result = make(chain, "-j2", "DONOR=KOR")
    assert result.returncode == 0, result.stderr
    assert snapshot(chain) == before  # nothing of it goes into the default run's outputs
    folder = chain / "outputs/KOR"
    texts = {
        p.name: p.read_text() for p in (folder / "figures").iterdir() if p.suffix in {".md", ".txt"}
    }
    # the sources are the same for every run, Japan's own totals among them
    tables = [p for p in (folder / "tables").glob("*.md") if p.stem != "t01_sources"]
    texts |= {path.name: path.read_text() for path in tables}
    for path in sorted((chain / ".build/KOR").glob("0?_*.ipynb")):
        if path.stem.count("."):
            continue  # what the run was made from
        for cell in json.loads(path.read_text())["cells"]:
            said = "".join(
                "".join(output.get("data", {}).get("text/markdown", ""))
                for output in cell.get("outputs", [])
            )
            texts[path.stem] = texts.get(path.stem, "") + said
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
