"""Every source under its key, for a paper that cites them: as BibTeX and as Markdown to read."""

import re
from pathlib import Path

import yaml

from oda_eras.codebook import read_codebook
from oda_eras.sources import citation_key, load_sources
from oda_eras.tables import ESCAPES

PERSON = re.compile(r"(?:[A-Z]\. ?)+\w+")
OWN_LICENCE = "CC BY 4.0"  # of the project's own tables, as data/README.md says


def references(root: Path) -> dict[str, dict]:
    """What can be cited, by key: the raw tables by id, the project's own by their name.

    Each has title, producer, code, vintage, date, licence and url as in data/sources.yml; of a
    table of the project's own the code is its path, vintage and date are those of CITATION.cff.
    """
    found = {citation_key(name): entry for name, entry in load_sources(root).items()}
    project = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    producer = "; ".join(author["name"] for author in project["authors"])
    for name, described in read_codebook(root).items():
        if not name.startswith("raw/"):
            found[citation_key(name)] = {
                "title": described.title, "producer": producer, "code": f"data/{name}",
                "vintage": f"oda-eras {project['version']}", "date": project["date-released"],
                "licence": OWN_LICENCE, "url": "none at hand",
            }  # fmt: skip
    return found


def to_bibtex(found: dict[str, dict]) -> str:
    """References as BibTeX, an @misc entry each.

    A date that starts with a year gives that year; any other stands in the note. Code and vintage
    stand in howpublished, which styles print.
    """
    return "\n".join(_entry(key, source) for key, source in found.items())


def _entry(key: str, source: dict) -> str:
    producers = source["producer"].split("; ")
    authors = [_plain(p) if PERSON.fullmatch(p) else f"{{{_plain(p)}}}" for p in producers]
    dated = re.fullmatch(r"(\d{4})(-\d\d)*", source["date"])
    fields = {
        "author": " and ".join(authors),
        "title": f"{{{_plain(source['title'])}}}",
        "year": dated[1] if dated else "",
        "howpublished": _plain(f"{source['code']}; {source['vintage']}"),
        "note": _plain(f"Licence: {source['licence']}"),
        "url": source["url"],
    }
    if not dated:
        fields["note"] += f". Date: {_plain(source['date'])}"
    if not source["url"].startswith("http"):
        fields["note"] += f". Address: {_plain(fields.pop('url'))}" if source["url"] else ""
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@misc{{{key},\n" + ",\n".join(lines) + "\n}\n"


def _plain(text: str) -> str:
    return "".join(ESCAPES.get(character, character) for character in text)


def to_markdown(found: dict[str, dict]) -> str:
    """References as a list to read, each key with its full line."""
    head = (
        "# Sources by key\n\nCaptions name their sources by these keys; sources.bib has the same "
        "as BibTeX, to cite them in a paper.\n"
    )
    lines = [
        f"- `{key}`: {s['producer']}, {s['title']} (`{s['code']}`), {s['vintage']}. "
        f"Date: {s['date']}. Address: {s['url']}. Licence: {s['licence']}."
        for key, s in found.items()
    ]
    return "\n".join([head, *lines]) + "\n"
