"""The chain's last rule: `python -m oda_eras.complete OUTPUTS NOTEBOOK...`.

Checks that every published file is still what its notebook made, then writes what all notebooks
contribute to: datapackage.json, the numbers that prose quotes (numbers.json, .tex, .md), the
sources by key (sources.md, .bib) and manifest.json beside the outputs, and the run log in the
build folder.
"""

import os
import platform
import sys
from importlib.metadata import distributions
from pathlib import Path

from oda_eras.commands import one_line
from oda_eras.datapackage import describe_outputs
from oda_eras.paths import build_folder, outputs_folder, project_root
from oda_eras.references import references, to_bibtex, to_markdown
from oda_eras.stamps import damaged_outputs, lock, read_stamp, sha256, write_json, write_text
from oda_eras.tables import numbers_to_latex, numbers_to_markdown

# what this module makes, the manifest first
MERGED = [
    "manifest.json", "datapackage.json", "numbers.json", "numbers.tex", "numbers.md", "sources.md",
    "sources.bib",
]  # fmt: skip
MODULE = "src/oda_eras/complete.py"
BY_REQUEST = ("report", "paper", "crate")  # folders that other targets of make fill, unpublished


def published_files(outputs: Path) -> set[str]:
    """Files in an outputs folder, relative to it; not what is hidden, staged or by request."""
    names = {p.relative_to(outputs).as_posix() for p in outputs.rglob("*") if p.is_file()}
    recorded = {n for n in names if n.split("/")[0] not in BY_REQUEST}
    return {n for n in recorded if not any(part.startswith(".") for part in n.split("/"))}


def folder_by_request(outputs: Path, name: str) -> Path:
    """Make one of the folders by request in an outputs folder.

    The outputs folder keeps its time: make takes one that is newer than the run for edited.
    """
    folder, time = outputs / name, outputs.stat().st_mtime_ns
    folder.mkdir(exist_ok=True)
    os.utime(outputs, ns=(time, time))
    return folder


def strays(root: Path, outputs: str, files: dict) -> list[str]:
    """Published files that neither a notebook (`files`, a manifest) nor the last rule makes."""
    made = {Path(name).relative_to(outputs).as_posix() for name in files} | set(MERGED)
    return sorted(published_files(root / outputs) - made)


def manifest(stamps: list[dict]) -> dict:
    """List every output of notebooks with its hash, its notebook and what that notebook read.

    A figure has the table that it shows, too, by its place in the outputs.
    """
    return {
        name: {
            "sha256": output["sha256"],
            "notebook": f"notebooks/{stamp['notebook']}.ipynb",
            "inputs": stamp["reads"],
        }
        | ({"data": output["data"]} if "data" in output else {})
        for stamp in stamps
        for name, output in sorted(stamp["outputs"].items())
    }


def complete(outputs: str, notebooks: list[str]) -> None:
    """Merge what the notebooks' stamps say; stops where an output changed under the chain."""
    root, build = project_root(), build_folder(outputs)
    with lock(build / "complete.lock"):
        stamps = [read_stamp(build / f"{name}.json") for name in notebooks]
        for name, stamp in zip(notebooks, stamps, strict=True):
            if not stamp:
                sys.exit(f"what make remembers of {name} is broken: run make again")
            for output in damaged_outputs(stamp, root):
                sys.exit(f"{output} changed while the chain ran: run make again to rebuild it")
        for left in outputs_folder(outputs).glob(".*.[0-9]*"):  # of a run killed as it wrote
            left.unlink()
        files = manifest(stamps)
        published = {name: about for s in stamps for name, about in s["outputs"].items()}
        write_json(root / outputs / "datapackage.json", describe_outputs(root, outputs, published))
        numbers = [
            (name, number | {"notebook": stamp["notebook"]})
            for stamp in stamps
            for name, number in stamp["numbers"].items()
        ]
        names = [name for name, _ in numbers]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            sys.exit(f"two notebooks save a number as {', '.join(twice)}: rename one of them")
        write_json(root / outputs / "numbers.json", dict(numbers))
        cited = references(root)
        texts = {
            "numbers.tex": numbers_to_latex(dict(numbers)),
            "numbers.md": numbers_to_markdown(dict(numbers)),
            "sources.md": to_markdown(cited),
            "sources.bib": to_bibtex(cited),
        }
        for name, text in texts.items():
            write_text(root / outputs / name, text)
        merged = {
            f"{outputs}/{name}": {"sha256": sha256(root / outputs / name), "module": MODULE}
            for name in MERGED[1:]
        }
        write_json(root / outputs / MERGED[0], files | merged)
        for stray in strays(root, outputs, files):
            print(f"{outputs}/{stray} is made by no notebook: remove it or add what makes it")
        found = [distribution.metadata for distribution in distributions()]  # each parsed once
        log = {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "seconds": {stamp["notebook"]: stamp["seconds"] for stamp in stamps},
            "packages": dict(sorted((m["Name"], m["Version"]) for m in found)),
        }
        write_json(build / "run_log.json", log)
        (build / "done").touch()
    stale = [line for stamp in stamps for line in stamp["stale"]]
    if stale:
        print(
            "\nThese sentences no longer say what the data show; rewrite them:", *stale, sep="\n  "
        )
    print(f"{outputs} is complete: {len(files)} files by {len(stamps)} notebooks")


if __name__ == "__main__":
    with one_line():
        complete(sys.argv[1], sys.argv[2:])
