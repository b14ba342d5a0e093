"""Compare what is committed with what a run made: cells by nbval's rules, tables to the byte,
figures to the byte or to the eye.
"""

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest
from matplotlib.testing.compare import compare_images
from matplotlib.testing.exceptions import ImageComparisonFailure
from nbval.plugin import IPyNbFile, coalesce_streams

from oda_eras.accept import normalise
from oda_eras.complete import MERGED, published_files
from oda_eras.paths import project_root

PIXEL_TOLERANCE = 5  # root mean square over 255 levels; fonts are hinted differently elsewhere


def pinned_platform() -> bool:
    """Whether figures must match byte for byte: platform and matplotlib they are committed from."""
    lock = (project_root(Path(__file__).parent) / "requirements.lock").read_text(encoding="utf-8")
    locked = f"\nmatplotlib=={version('matplotlib')} " in lock
    return locked and sys.platform == "linux" and platform.machine() == "x86_64"


def differences(committed: Path, rebuilt: Path, exact_figures: bool) -> list[str]:
    """What differs between two outputs folders, naming each file and what is wrong with it."""
    # the manifest holds hashes of the figures
    hashes = set() if exact_figures else {MERGED[0]}
    old, new = (published_files(folder) - hashes for folder in (committed, rebuilt))
    found = [f"{name}: committed, but no notebook makes it" for name in sorted(old - new)]
    found += [f"{name}: made, but not committed" for name in sorted(new - old)]
    for name in sorted(old & new):
        if (committed / name).read_bytes() == (rebuilt / name).read_bytes():
            continue
        if name.endswith((".pdf", ".svg", ".png")) and not exact_figures:
            if name.endswith(".png"):
                found += looks_different(committed / name, rebuilt / name, name)
            continue
        found.append(f"{name}: {first_difference(committed / name, rebuilt / name)}")
    return found


def said(cell: dict) -> str:
    """Prose that a reader sees of a cell, rows of tables left out."""
    if cell["cell_type"] == "markdown":
        return "".join(cell["source"])
    shown = ["".join(o.get("data", {}).get("text/markdown", "")) for o in cell["outputs"]]
    return "\n".join(line for text in shown for line in text.splitlines() if line[:1] != "|")


def unexecuted(notebook: Path) -> list[str]:
    """Code cells that carry no execution count, which nbval passes."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [
        f"{notebook.name}, cell {cell['id']} is not executed: run make accept"
        for cell in cells
        if cell["cell_type"] == "code" and cell["execution_count"] is None
    ]


def stale_cells(
    session: pytest.Session, committed: Path, executed: Path, exact_figures: bool
) -> list[str]:
    """What a notebook stores that a run of it did not show.

    nbval collects the code cells and compares their outputs, as when it runs a notebook itself.
    It passes pictures and can't see what a cell shows after it has ended, as each opening does:
    cells are compared whole where figures are exact, else their prose.
    """
    found = unexecuted(committed)
    stored = json.loads(committed.read_text(encoding="utf-8"))["cells"]
    run = nbformat.read(executed, as_version=4)
    shown = [cell.outputs for cell in run.cells if cell.cell_type == "code"]
    items = IPyNbFile.from_parent(session, path=committed).collect()
    for item, outputs in zip(items, shown, strict=True):
        kept = coalesce_streams(item.cell.outputs)
        if item.options["check"] and not item.compare_outputs(coalesce_streams(outputs), kept):
            difference = "\n".join(item.comparison_traceback)
            found.append(f"{committed.name}, cell {item.cell.id} shows otherwise\n{difference}")
    for kept, made in zip(stored, normalise(run)["cells"], strict=True):
        if said(kept) != said(made) or (exact_figures and kept != made):
            found.append(f"{committed.name}, cell {kept['id']} is not as it ran")
    return found


def looks_different(committed: Path, rebuilt: Path, name: str) -> list[str]:
    """Compare two pictures with a tolerance."""
    try:
        away = compare_images(committed, rebuilt, tol=PIXEL_TOLERANCE, in_decorator=True)
    except ImageComparisonFailure:
        return [f"{name}: the size differs"]
    return [f"{name}: looks different, RMS {away['rms']:.1f}"] if away else []


def first_difference(committed: Path, rebuilt: Path) -> str:
    """Name the first line that differs, or say that the bytes do."""
    try:
        old, new = (p.read_text(encoding="utf-8").splitlines() for p in (committed, rebuilt))
    except UnicodeDecodeError:
        return "the bytes differ"
    for number, (before, after) in enumerate(zip(old, new, strict=False), start=1):
        if before != after:
            return f"row {number} is {before[:80]!r} as committed, {after[:80]!r} as rebuilt"
    return f"{len(old)} rows as committed, {len(new)} as rebuilt"
