"""Check what is on disk against what it should be: `python -m oda_eras.verify OUTPUTS`.

Needs no run: tables against data/sources.yml and data/datapackage.json, outputs against their
manifest, and figures against the width of a page.
"""

import re
import sys
from pathlib import Path

from oda_eras.commands import one_line
from oda_eras.complete import MERGED, strays
from oda_eras.page import MM, PRINT_DPI, WIDTHS_MM
from oda_eras.paths import project_root
from oda_eras.sources import DataError, check_checksums, check_recorded, load_sources
from oda_eras.stamps import read_json, sha256


def problems(root: Path, outputs: str) -> list[str]:
    """What is missing, changed or made by no notebook; empty where all is well."""
    found = []
    try:
        check_checksums(root, load_sources(root))
        check_recorded(root)
    except (DataError, FileNotFoundError) as error:
        found.append(str(error))
    files = read_json(root / outputs / MERGED[0])
    if not files:
        return [*found, f"{outputs}/{MERGED[0]} is missing or empty: run make"]
    merged = [f"{outputs}/{name}" for name in MERGED[1:]]
    found += [f"{outputs}/{MERGED[0]} does not list {name}" for name in merged if name not in files]
    for name, entry in files.items():
        maker = entry.get("notebook") or entry["module"]
        if not (root / name).is_file():
            found.append(f"{name} is missing: {maker} makes it")
        elif sha256(root / name) != entry["sha256"]:
            found.append(f"{name} is not what {maker} published")
        elif "/figures/" in name:
            found += odd_widths(root / name, name)
    unknown = strays(root, outputs, files)
    return found + [f"{outputs}/{stray} is made by no notebook" for stray in unknown]


def odd_widths(path: Path, name: str) -> list[str]:
    """What is wrong with a saved figure, whatever its hash: it must be as wide as a page.

    One cut to what is drawn on it, as some settings of matplotlib have it, is not.
    """
    inches = INCHES.get(path.suffix)
    if inches is None:
        return []
    found = inches(path.read_bytes())
    if found is None:
        return [f"{name} is no {path.suffix[1:].upper()} file"]
    widths = {width for kind, width in WIDTHS_MM.items() if kind != "phone"}
    if any(abs(found / MM - width) < 0.5 for width in widths):
        return []
    pages = " or ".join(map(str, sorted(widths)))
    return [f"{name} is {found / MM:.0f} mm wide, not {pages} as pages are"]


def _points(form: bytes):
    """A reader of widths that a file gives in points."""

    def inches(content: bytes) -> float | None:
        found = re.search(form, content)
        return float(found[1]) / 72 if found else None

    return inches


def _png_inches(content: bytes) -> float | None:
    width = int.from_bytes(content[16:20], "big")
    return width / PRINT_DPI if content.startswith(b"\x89PNG") else None


INCHES = {
    ".pdf": _points(rb"/MediaBox \[ ?0 0 ([\d.]+)"),
    ".svg": _points(rb'<svg [^>]*?\bwidth="([\d.]+)pt"'),
    ".png": _png_inches,
}


if __name__ == "__main__":
    with one_line():
        wrong = problems(project_root(), sys.argv[1])
    print(*wrong or ["outputs and raw tables are as recorded"], sep="\n")
    sys.exit(bool(wrong))
