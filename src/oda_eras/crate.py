"""Pack the run for deposit: `python -m oda_eras.crate OUTPUTS NOTEBOOK...`.

An RO-Crate in one zip file: inputs with licences, vintages and hashes, notebooks and the code they
call, outputs, environment, and for every notebook what it read and what it made. Two runs on the
same files give the same bytes.
"""

import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate

from oda_eras.archive import pack
from oda_eras.commands import one_line
from oda_eras.complete import MERGED, MODULE, folder_by_request, published_files
from oda_eras.page import read_caption
from oda_eras.paths import project_root
from oda_eras.sources import load_sources, raw_file
from oda_eras.stamps import read_json, sha256
from oda_eras.verify import problems

# what is packed where git is not there to say
PARTS = [
    "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "CITATION.cff", "Makefile",
    "pyproject.toml", "environment.yml", "requirements.lock", "data", "notebooks",
    "notebooks/.jupyter", "paper", "src/oda_eras", "tests",
]  # fmt: skip
LICENCES = {
    "CC BY 4.0": "https://creativecommons.org/licenses/by/4.0/",
    "MIT": "https://spdx.org/licenses/MIT",
    "ODC-By": "https://opendatacommons.org/licenses/by/",
    "OFL 1.1": "https://spdx.org/licenses/OFL-1.1",
}
FORMATS = {
    ".bib": "application/x-bibtex",
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".gz": "application/gzip",
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".webp": "image/webp",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".tex": "application/x-tex",
    ".ttf": "font/ttf",
    ".yml": "application/yaml",
    ".yaml": "application/yaml",
}


def tracked(root: Path) -> set[str]:
    """What git tracks, by its path from the root; empty where there is no git or no checkout."""
    if not (root / ".git").exists():  # it would answer for a checkout that this folder lies in
        return set()
    command = ["git", "-C", str(root), "ls-files", "-z"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return set()
    return set(listed.decode().split("\0")) - {""}


def own_files(root: Path) -> set[str]:
    """What lies in the project's own files and folders; not caches, not what is hidden."""
    found = set()
    for part in PARTS:
        top = root / part
        for path in [top] if top.is_file() else top.rglob("*"):
            below = path.relative_to(top).parts
            if path.is_file() and not any(name.startswith((".", "__pycache__")) for name in below):
                found.add(path.relative_to(root).as_posix())
    return found


def files(root: Path, outputs: str) -> list[str]:
    """What goes into the crate, by its path from the root: what git tracks, but for other runs'
    outputs and past vintages, and what the chain made."""
    names = tracked(root)
    if not names:
        print("git can't tell what belongs to the project: all that lies in its folders is packed")
        names = own_files(root)
    kept = {n for n in names if not n.startswith(("outputs/", "data/vintages/"))}
    kept = {name for name in kept if (root / name).is_file()}
    return sorted(kept | {f"{outputs}/{name}" for name in published_files(root / outputs)})


def titles(root: Path, outputs: str) -> dict[str, str]:
    """What each output holds, by its path: a table's title, a figure's caption."""
    resources = read_json(root / outputs / "datapackage.json").get("resources", [])
    stems = {resource["path"].removesuffix(".csv"): resource["title"] for resource in resources}
    for path in (root / outputs / "figures").glob("*.md"):
        stems[f"figures/{path.stem}"] = read_caption(path).caption
    return {
        f"{outputs}/{name}": stems[name.rsplit(".", 1)[0]]
        for name in published_files(root / outputs)
        if name.rsplit(".", 1)[0] in stems
    }


class CrateError(ValueError):
    """The outputs can't be packed; the message names each file and what to do."""


class Crate:
    """An RO-Crate being filled; entities that several files share are made once."""

    def __init__(self, root: Path, citation: dict):
        self.root, self.crate = root, ROCrate(version="1.2")
        self.crate.metadata.extra_terms = {"sha256": "http://schema.org/sha256"}
        self.crate.name = citation["title"]
        self.crate.description = citation["abstract"].strip()
        self.crate.datePublished = str(citation["date-released"])
        self.crate.license = [self.licence("CC BY 4.0"), self.licence("MIT")]
        self.crate.root_dataset["author"] = [self.party(a["name"]) for a in citation["authors"]]
        self.crate.root_dataset["version"] = citation["version"]

    def entity(self, identifier: str, kind: str, **properties) -> ContextEntity:
        """A contextual entity, made once for each identifier."""
        made = self.crate.dereference(identifier)
        about = {"@type": kind, **properties}
        return made or self.crate.add(ContextEntity(self.crate, identifier, properties=about))

    def licence(self, name: str) -> ContextEntity:
        """A licence by its name; one without an address is described by its words."""
        address = LICENCES.get(name, f"#licence-{name.replace(' ', '-').replace(',', '')}")
        return self.entity(address, "CreativeWork", name=name, description=f"Licence: {name}")

    def party(self, name: str) -> ContextEntity:
        """Who produced a table, or the authors."""
        identifier = "#" + name.replace(".", "").replace(" ", "-")
        return self.entity(identifier, "Organization", name=name)

    def file(self, place: str, **properties) -> None:
        """Add a file with its hash, size and format."""
        path = self.root / place
        about = {
            "name": place,
            "sha256": sha256(path),
            "contentSize": str(path.stat().st_size),
            "encodingFormat": FORMATS.get(path.suffix, "text/plain"),
        }
        self.crate.add_file(path, dest_path=place, properties=about | properties)

    def raw_table(self, name: str, source: dict) -> None:
        """Add a raw table with its provenance."""
        facts = [source[key] for key in ("code", "measure", "unit", "price_basis")]
        address = {"url": source["url"]} if source["url"].startswith("http") else {}
        self.file(
            raw_file(name),
            name=f"{source['producer']}: {source['title']} ({source['code']})",
            description=f"{source['title']}; {'; '.join(facts)}. {source['note']}",
            creator=self.party(source["producer"]),
            license=self.licence(source["licence"]),
            version=source["vintage"],
            **address,
        )

    def action(self, name: str, instrument: str, inputs: list[str], results: list[str]) -> None:
        """Record that a program made files from files."""
        at = self.crate.dereference
        action = self.crate.add_action(
            at(instrument),
            identifier=f"#run-{name}",
            object=[at(path) for path in inputs],
            result=[at(path) for path in results],
            properties={"name": f"Run of {instrument}"},
        )
        self.crate.root_dataset.append_to("mentions", action)


def describe(root: Path, outputs: str, notebooks: list[str]) -> ROCrate:
    """The crate's entities: every file, then what made what from what."""
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    crate = Crate(root, citation)
    raw = {raw_file(name): (name, source) for name, source in load_sources(root).items()}
    about = titles(root, outputs)
    code = {
        "@type": ["File", "SoftwareSourceCode"],
        "license": crate.licence("MIT"),
        "programmingLanguage": crate.entity(
            "https://www.python.org/",
            "ComputerLanguage",
            name="Python",
            version=platform.python_version(),
        ),
        "runtimePlatform": f"Python {platform.python_version()}",
    }
    for name in files(root, outputs):
        if name in raw:
            crate.raw_table(*raw[name])
        elif name.endswith((".py", ".ipynb")):
            crate.file(name, **code)
        elif name.startswith((outputs, "data/")):
            described = {"description": about[name]} if name in about else {}
            crate.file(name, license=crate.licence("CC BY 4.0"), **described)
        elif name.startswith("src/oda_eras/fonts/"):
            crate.file(name, license=crate.licence("OFL 1.1"))
        else:
            crate.file(name, license=crate.licence("MIT"))
    made = read_json(root / outputs / MERGED[0])
    for notebook in notebooks:
        path = f"notebooks/{notebook}.ipynb"
        results = [name for name, entry in made.items() if entry.get("notebook") == path]
        inputs = sorted({name for result in results for name in made[result]["inputs"]})
        for name in [path, *inputs]:
            if not crate.crate.dereference(name):
                raise CrateError(f"{name} was used and is not tracked by git: git add it, or undo")
        crate.crate.dereference(path)["softwareRequirements"] = crate.crate.dereference(
            "requirements.lock"
        )
        if results:  # the gallery makes none
            crate.action(notebook, path, inputs, results)
    merged = [f"{outputs}/{name}" for name in MERGED]
    read = [name for name in made if name not in merged]
    read += ["data/sources.yml", "data/README.md", "CITATION.cff"]
    crate.action("complete", MODULE, read, merged)
    return crate.crate


def build(root: Path, outputs: str, notebooks: list[str]) -> Path:
    """Write the crate; the one made before stays until the new one is whole.

    Raises CrateError where the outputs are not what the notebooks made, naming each file.
    """
    wrong = problems(root, outputs)
    if wrong:
        raise CrateError("\n".join(["nothing is packed, run make first:", *wrong]))
    crate = describe(root, outputs, notebooks)
    folder = folder_by_request(root / outputs, "crate")
    target = folder / f"oda-eras-{crate.root_dataset['version']}.zip"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as scratch:
        crate.write(Path(scratch) / "crate")
        inside = [path for path in (Path(scratch) / "crate").rglob("*") if path.is_file()]
        named = {path.relative_to(Path(scratch) / "crate").as_posix(): path for path in inside}
        pack(target, named, crate.root_dataset["datePublished"])
    return target


if __name__ == "__main__":
    with one_line():
        made = build(project_root(), sys.argv[1], sys.argv[2:])
    print(f"{made.relative_to(project_root())} is made")
