"""The README is true: its numbers come from the run, its files exist, its commands too."""

import json
import re

import pytest
import yaml
from conftest import OUT, ROOT

from oda_eras.words import minus

README = (ROOT / "README.md").read_text(encoding="utf-8")
ANSWER = next(part for part in README.split("\n\n") if part.startswith("1. "))
FINDINGS = ANSWER + README.split("## What it finds")[1].split("\n## ")[0].split("![")[0]
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
    left = re.sub(r"\]\([^)]*\)", "]", KEYED.sub("", FINDINGS))  # and without addresses
    left = re.sub(r"^\d\.", "", left, flags=re.MULTILINE)  # the list's own numbering
    left = re.sub(r"\b(19|20)\d\ds?\b", "", left)  # years
    assert not re.findall(r"\d+", left.replace('"about 0.5%"', "")), left


def test_files_and_outputs_that_the_readme_names_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        host = target.startswith(("../../actions/workflows/", "../../deployments/", "https://"))
        assert host or (ROOT / target).exists(), target
    for workflow in re.findall(r"\.\./actions/workflows/([\w.]+)", README):
        assert (ROOT / ".github/workflows" / workflow).exists(), workflow
    for line in re.findall(r"^\| \[\d\d_.*$", README, flags=re.MULTILINE):
        *_, made, _ = line.split("|")
        for folder, names in re.findall(r"`(\w+)/`: ((?:`\w+`(?:, )?)+)", made):
            for name in re.findall(r"`(\w+)`", names):
                assert list((ROOT / OUT / folder).glob(f"{name}.*")), f"{folder}/{name}"


def test_the_first_screen_has_question_picture_and_the_answer_in_five_sentences():
    head = README.split("\n## ")[0]
    assert len(re.findall(r"^\d\. \*\*\[", head, flags=re.MULTILINE)) == 5
    assert "?\n\n1. " in head and "](.github/report.png)" in head
    for sentence in re.split(r"\n(?=\d\. )", re.sub(r"<!--.*?-->", "", ANSWER, flags=re.DOTALL)):
        said = sentence.split(".** ")[1]
        assert len(re.findall(r"[.?!](?:\s|$)", said)) - said.count("U. ") == 1, said
        assert len(said.split()) <= 50, said


def test_the_readmes_contents_lead_to_its_sections():
    contents = README.split("**Contents.**")[1].split("\n\n")[0]
    named = [
        name.replace("\n", " ") for name, _ in re.findall(r"\[([^]]+)\]\(#([^)]+)\)", contents)
    ]
    assert named == re.findall(r"^## (.+)$", README, flags=re.MULTILINE)
    for name, anchor in re.findall(r"\[([^]]+)\]\(#([^)]+)\)", contents):
        assert anchor == re.sub(r"\s", "-", name.lower())


def test_every_target_that_is_named_is_one_of_make():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, flags=re.MULTILINE))
    hosts = [*ROOT.glob(".github/workflows/*.yml"), ROOT / ".devcontainer/devcontainer.json"]
    texts = [README, *(path.read_text(encoding="utf-8") for path in hosts)]
    said = re.findall(r"(?:`|: |^)make (?:-j\d )?([a-z-]+)\b", "\n".join(texts), flags=re.MULTILINE)
    assert {"test", "report", "lab"} <= set(said) <= targets


def test_the_workflows_run_what_a_machine_of_ones_own_runs():
    check, report = (
        yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())
        for name in ("check", "report")
    )
    assert ".ci/run" in [step.get("run") for step in check["jobs"]["check"]["steps"]]
    assert set(check[True]) == {"push", "pull_request"}  # YAML 1.1 reads "on" as true
    assert report[True]["workflow_run"]["workflows"] == [check["name"]]
    upload = next(s for s in report["jobs"]["report"]["steps"] if "upload" in s.get("uses", ""))
    assert upload["with"]["path"] == OUT


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
