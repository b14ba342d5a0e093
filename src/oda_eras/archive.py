"""Files packed into one zip whose bytes depend on nothing but the files."""

import os
import zipfile
from pathlib import Path

import pandas as pd


def pack(target: Path, files: dict[str, Path], date: str) -> None:
    """Write a zip; the one made before stays until the new one is whole.

    Parameters
    ----------
    target : Path
        The zip, in a folder that is there.
    files : dict of str to Path
        Files by their name in the zip.
    date : str
        The date that every entry gets, such as 2026-11-24: the time of packing would differ.
    """
    stamped = pd.Timestamp(date).timetuple()[:6]
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    with zipfile.ZipFile(partial, "w") as archive:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, stamped)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    os.replace(partial, target)
