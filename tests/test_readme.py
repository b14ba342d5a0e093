"""The README is true: its numbers come from the run, its files exist, its commands too."""

import json
import re

import pytest
from conftest import OUT, ROOT

from oda_eras.words import minus

README = (ROOT / "README.md").read_text(encoding="utf-8")
FINDINGS = README.split("## What it finds")[1].split("\n## ")[0].split("![")[0]
KEYED = re.compile(r"(\S+?)<!--\s+(\w+) -->")


def test_every_number_in_the_findings_is_the_runs():
    numbers = json.loads((ROOT / OUT / "numbers.json").read_text(encoding="utf-8"))
    keyed = [(text.lstrip("("), key) for text, key in KEYED.findall(FINDINGS)]
    assert len(keyed) >= 12
    for text, key in keyed:
        if key != "claim":  # the article's own words
            printed = minus(numbers[key]["text"])
            assert text == printed, f"README says {text}, the run {numbers[key]}"


def test_no_line_of_the_findings_is_long_and_no_hyphen_stands_for_a_minus():
    for line in FINDINGS.splitlines():
        assert len(line) <= 145 and not re.search(r"(?<![\w−])-\d", line), line


def test_no_number_in_the_findings_is_without_a_key():
    left = KEYED.sub("", FINDINGS)
    left = re.sub(r"^\d\.", "", left, flags=re.MULTILINE)  # the list's own numbering
    left = re.sub(r"\b(19|20)\d\ds?\b", "", left)  # years
    assert not re.findall(r"\d+", left.replace('"about 0.5%"', "")), left


def test_files_and_outputs_that_the_readme_names_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    for line in re.findall(r"^\| \[\d\d_.*$", README, flags=re.MULTILINE):
        *_, made, _ = line.split("|")
        for folder, names in re.findall(r"`(\w+)/`: ((?:`\w+`(?:, )?)+)", made):
            for name in re.findall(r"`(\w+)`", names):
                assert list((ROOT / OUT / folder).glob(f"{name}.*")), f"{folder}/{name}"


def test_the_readme_names_every_output():
    made = {path.stem for path in (ROOT / OUT).rglob("*.csv")}
    missing = {name for name in made if f"`{name}`" not in README}
    assert not missing


# A number that depends on a choice, and those of the other choices, which stand beside it.
BESIDE = {
    "net_change": {
        f"net_change{start}{price}"
        for start in ("", "_1998_2000")
        for price in ("", "_yen", "_constant")
    },
    "share_1992_1997_total": {"share_1993_1997_total", "bilateral_holds_without_1997"},
    "difference_e0_e1": {"difference_e0_e1_2001_later"},
    "difference_e1_e2": {"difference_e1_e2_2001_later"},
    "p_holm_e0_e1_without_uzbekistan": {
        "p_holm_e0_e1_without_uzbekistan_2001_later_most",
        "p_holm_e3_e4_without_uzbekistan",
    },
    "rotation_p_e0_e1_without_uzbekistan": {"rotation_p_e0_e1_without_uzbekistan_2001_later"},
}


@pytest.mark.parametrize("text", ["README.md", "paper/paper.md"])
def test_what_depends_on_a_choice_stands_beside_its_alternatives(text):
    words = set(re.findall(r"\w+", (ROOT / text).read_text(encoding="utf-8")))
    named = [number for number in BESIDE if number in words]
    assert {"net_change", "share_1992_1997_total", "p_holm_e0_e1_without_uzbekistan"} <= set(named)
    assert not set().union(*(BESIDE[number] for number in named)) - words
