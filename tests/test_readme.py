"""The README is true: its numbers come from the run, its files exist, its commands too."""

import json
import re

from conftest import OUT, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
FINDINGS = README.split("## What it finds")[1].split("\n## ")[0].split("![")[0]
KEYED = re.compile(r"(\S+?)<!--\s+(\w+) -->")


def test_every_number_in_the_findings_is_the_runs():
    numbers = json.loads((ROOT / OUT / "numbers.json").read_text(encoding="utf-8"))
    keyed = [(text.lstrip("("), key) for text, key in KEYED.findall(FINDINGS)]
    assert len(keyed) >= 12
    for text, key in keyed:
        if key != "claim":  # the article's own words
            assert text == numbers[key]["text"], f"README says {text}, the run {numbers[key]}"


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
