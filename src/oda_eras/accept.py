"""Take executed notebooks over into notebooks/: `python -m oda_eras.accept OUTPUTS NOTEBOOK...`.

The copies are normalised, so that a rerun that finds the same results changes nothing.
"""

import json
import os
import sys

from oda_eras.commands import one_line
from oda_eras.paths import build_folder, project_root
from oda_eras.stamps import read_json, read_stamp, write_atomically
from oda_eras.study import Study, study_of

# tags tell the chain what to leave out, "jupyter" which cells are folded
KEPT_METADATA = ("tags", "jupyter")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def normalise(notebook: dict) -> dict:
    """Drop from an executed notebook what differs between two runs with the same results."""
    cells = []
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", [])
        if "papermill-error-cell-tag" in tags:
            continue
        kept = {"id": cell["id"], "cell_type": cell["cell_type"]}
        kept["metadata"] = {
            key: value for key, value in cell["metadata"].items() if key in KEPT_METADATA and value
        }
        kept["source"] = _lines(cell["source"])
        if cell["cell_type"] == "code":
            kept["execution_count"] = cell["execution_count"]
            kept["outputs"] = [_normalise_output(output) for output in cell["outputs"]]
        cells.append(kept)
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _normalise_output(output: dict) -> dict:
    kept = {key: value for key, value in output.items() if key != "transient"}
    if "text" in kept:
        kept["text"] = _lines(kept["text"])
    if "data" in kept:
        kept["data"] = {
            kind: value if kind == "image/png" else _lines(value)
            for kind, value in sorted(kept["data"].items())
        }
    return kept


def _lines(text: str | list[str]) -> list[str]:
    return "".join(text).splitlines(keepends=True)


def to_text(notebook: dict) -> str:
    """A notebook as it is committed."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def accept(outputs: str, notebooks: list[str]) -> None:
    """Copy each executed notebook over the committed one where they differ.

    One that is made on request, such as the atlas, is taken over where it was made.

    Exits where a sentence that reads the results no longer holds.
    """
    root, build = project_root(), build_folder(outputs)
    stale = [line for name in notebooks for line in read_stamp(build / f"{name}.json")["stale"]]
    executed = {f"{name}.ipynb": build / f"{name}.ipynb" for name in notebooks}
    for committed in sorted((root / "notebooks/on_request").glob("*.ipynb")):
        made = f"outputs/{committed.stem}"
        fragment = read_json(build_folder(made) / "fragments" / f"{committed.stem}.json")
        # after make clean it is not known what an older one was made from
        if fragment and (root / made / committed.name).is_file():
            executed[f"on_request/{committed.name}"] = root / made / committed.name
            stale += fragment["stale"]
    if stale:
        sys.exit("\n".join(["readings no longer hold: rewrite them first", *stale]))
    # all of them or, where one can't be read, none
    taken = {name: to_text(normalise(read_json(path))) for name, path in executed.items()}
    for name, text in taken.items():
        committed = root / "notebooks" / name
        if committed.read_text(encoding="utf-8") == text:
            continue
        write_atomically(committed, text)
        stamp = build / f"{committed.stem}.json"
        if stamp.is_file():  # only outputs differ from what ran: it must not look newer
            ran = stamp.stat().st_mtime_ns
            os.utime(committed, ns=(ran, ran))
        print(f"notebooks/{name} taken over")


if __name__ == "__main__":
    with one_line():
        if study_of(project_root(), sys.argv[1]) != Study():
            sys.exit("only the default run is committed: make accept takes no parameters")
        accept(sys.argv[1], sys.argv[2:])
