"""Check what is on disk against what it should be: `python -m oda_eras.verify OUTPUTS`.

Needs no run: raw tables against data/sources.yml, outputs against their manifest.
"""

import sys
from pathlib import Path

from oda_eras.commands import one_line
from oda_eras.complete import MERGED, strays
from oda_eras.paths import project_root
from oda_eras.sources import DataError, check_checksums, load_sources
from oda_eras.stamps import read_json, sha256


def problems(root: Path, outputs: str) -> list[str]:
    """What is missing, changed or made by no notebook; empty where all is well."""
    found = []
    try:
        check_checksums(root, load_sources(root))
    except (DataError, FileNotFoundError) as error:
        found.append(str(error))
    files = read_json(root / outputs / MERGED[0])
    if not files:
        return [*found, f"{outputs}/{MERGED[0]} is missing or empty: run make"]
    for name, entry in files.items():
        maker = entry.get("notebook") or entry["module"]
        if not (root / name).is_file():
            found.append(f"{name} is missing: {maker} makes it")
        elif sha256(root / name) != entry["sha256"]:
            found.append(f"{name} is not what {maker} published")
    unknown = strays(root, outputs, files)
    return found + [f"{outputs}/{stray} is made by no notebook" for stray in unknown]


if __name__ == "__main__":
    with one_line():
        wrong = problems(project_root(), sys.argv[1])
    print(*wrong or ["outputs and raw tables are as recorded"], sep="\n")
    sys.exit(bool(wrong))
