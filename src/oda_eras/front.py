"""What the report's front page says besides figures: the answer, how to cite, what to download."""

import re
from pathlib import Path

import yaml

from oda_eras.archive import pack
from oda_eras.page import read_caption
from oda_eras.references import to_bibtex
from oda_eras.words import minus

KEYED = re.compile(r"([^\s(]+)<!--\s+(\w+) -->")  # a number in README.md and the name it has
# folders of the outputs that are packed, and what is linked as it is
PACKED = {
    "figures": "PDF, SVG and PNG, with captions and what they plot",
    "tables": "CSV, Markdown and LaTeX",
}
BESIDE = ("sources.bib", "sources.md")  # what their captions cite
LINKED = {
    "numbers": (
        "every number that the texts quote, with its unit and what it means",
        {"to read": "numbers.md", "LaTeX": "numbers.tex", "JSON": "numbers.json"},
    ),
    "paper": (
        "an example, set from these files",
        {"PDF": "paper/paper.pdf", "Word": "paper/paper.docx"},
    ),
}


def question_and_answer(readme: str, numbers: dict[str, dict]) -> tuple[str, str]:
    """The question and the answer in README.md's first screen, as Markdown.

    Numbers of the answer are the run's (numbers.json), whatever README.md has. Raises ValueError
    for a name that the run has no number under.
    """

    def of_the_run(found: re.Match) -> str:
        if found[2] not in numbers:
            raise ValueError(f"README.md: the run has no number {found[2]}; numbers.md lists them")
        return minus(numbers[found[2]]["text"])

    parts = readme.split("\n\n")
    question = next(part for part in parts if part.endswith("?"))
    answer = next(part for part in parts if part.startswith("1. "))
    return question, KEYED.sub(of_the_run, answer)


def citation(root: Path) -> dict[str, str]:
    """How to cite, from CITATION.cff: title, version, as text, as BibTeX and the code's address.

    The address is empty where CITATION.cff has no `repository-code`.
    """
    about = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    authors = [author["name"] for author in about["authors"]]
    date, version, address = str(about["date-released"]), about["version"], "repository-code"
    entry = {
        "title": about["title"],
        "producer": "; ".join(authors),
        "code": "Software",
        "vintage": f"version {version}",
        "date": date,
        "licence": about["license"],
        "url": about.get(address, ""),
    }
    return {
        "version": version,
        "date": date,
        "text": f"{', '.join(authors)} ({date[:4]}). {about['title']}. Version {version}.",
        "bibtex": to_bibtex({"oda-eras": entry}),
        "code": about.get(address, ""),
    }


def downloads(root: Path, outputs: Path, folder: Path) -> list[dict]:
    """Pack figures and tables of a run into the report's folder, and list what can be taken away.

    Each has a name, a word on it and links: pairs of label and address from the folder. What the
    run has not made, such as the paper before `make paper`, is left out.
    """
    found, date = [], citation(root)["date"]
    drawn = [read_caption(path).data for path in (outputs / "figures").glob("*.md")]
    beside = {"CITATION.cff": root / "CITATION.cff"} | {name: outputs / name for name in BESIDE}
    for name, about in PACKED.items():
        files = {
            path.relative_to(outputs).as_posix(): path for path in outputs.glob(f"{name}/**/*")
        }
        if not files:
            continue
        if name == "figures":
            files |= {name: outputs / name for name in drawn}
        target = folder / f"oda-eras-{outputs.name}-{name}.zip"
        pack(target, {n: path for n, path in (files | beside).items() if path.is_file()}, date)
        size = f"ZIP, {target.stat().st_size / 1e6:.1f} MB"
        found.append({"name": name, "about": about, "links": [(size, target.name)]})
    for name, (about, made) in LINKED.items():
        there = {label: file for label, file in made.items() if (outputs / file).is_file()}
        if there:
            links = [(label, f"../{file}") for label, file in there.items()]
            found.append({"name": name, "about": about, "links": links})
    return found
