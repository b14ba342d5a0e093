"""What a notebook read and made, by content: the stamps that make's decisions rest on."""

import hashlib
import json
import os
from contextlib import contextmanager
from pathlib import Path

from oda_eras.paths import BUILD


class NotebookError(Exception):
    """A notebook's file is damaged; the message names file and line."""


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a kill leaves the old one or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def sha256(path: Path) -> str:
    """Hash of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def content_hash(path: Path) -> str:
    """Hash of what a run depends on: of a notebook its cells, of a stamp what was published.

    Raises NotebookError for a notebook that can't be read.
    """
    if BUILD in path.parts and path.suffix == ".json":
        return hashlib.sha256(json.dumps(read_stamp(path).get("outputs")).encode()).hexdigest()
    if path.suffix != ".ipynb":
        return sha256(path)
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except json.JSONDecodeError as error:
        place = f"notebooks/{path.name}, line {error.lineno}"
        raise NotebookError(f"{place}: {error.msg}: is it a merge conflict's?") from None
    kept = [
        [
            cell["cell_type"],
            "".join(cell["source"]),
            *map(cell["metadata"].get, ("tags", "jupyter")),
        ]
        for cell in cells
    ]
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()


def read_json(path: Path) -> dict:
    """Read a JSON object; an absent or broken file reads as an empty one."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # UnicodeDecodeError is a ValueError
        return {}


def write_json(path: Path, value: dict | list) -> None:
    """Write JSON, readable in a diff, as `write_text` does."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write text atomically; a file that holds just that is left alone."""
    if not path.is_file() or path.read_bytes() != text.encode():
        write_atomically(path, text)


def read_stamp(path: Path) -> dict:
    """Read a notebook's stamp; one that is absent, cut or no stamp at all reads as empty."""
    stamp = read_json(path)
    whole = isinstance(stamp, dict) and {"prerequisites", "outputs", "reads", "stale"} <= set(stamp)
    return stamp if whole else {}


def damaged_outputs(stamp: dict, root: Path) -> list[str]:
    """Outputs of a stamp that are gone or no longer what the notebook published."""
    return [
        name
        for name, output in stamp["outputs"].items()
        if not (root / name).is_file() or sha256(root / name) != output["sha256"]
    ]


@contextmanager
def lock(path: Path):
    """Hold an exclusive lock; it ends with the process, however that ends."""
    import fcntl  # Windows has none: there the package can be imported, the chain runs in WSL

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
