"""Compare two outputs folders: tables to the byte, figures to the byte or to the eye."""

import platform
import sys
from importlib.metadata import version
from pathlib import Path

from matplotlib.testing.compare import compare_images
from matplotlib.testing.exceptions import ImageComparisonFailure

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

    # what make's last rule merges is not made here
    old, new = (published_files(folder) - set(MERGED) for folder in (committed, rebuilt))
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
