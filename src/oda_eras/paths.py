"""Where things are: the project's root, the outputs of a run, and its build folder."""

import os
from pathlib import Path

BUILD = ".build"


def project_root(start: Path | None = None) -> Path:
    """Find the project's root.

    Walks up from `start` (default: the working folder) to the folder that holds
    data/sources.yml and notebooks/; from anywhere else, falls back on the checkout that this
    package is installed from.

    Raises FileNotFoundError where neither is a checkout of the project.
    """
    here = Path(start or Path.cwd()).resolve()
    for folder in [here, *here.parents, *Path(__file__).resolve().parents]:
        if (folder / "data" / "sources.yml").is_file() and (folder / "notebooks").is_dir():
            return folder
    raise FileNotFoundError(
        f"no project found above {here}: work inside a checkout (it holds data/sources.yml)"
    )


def outputs_folder(outputs: str | Path) -> Path:
    """Resolve the notebooks' `outputs` parameter: relative paths start at the root."""
    return project_root() / outputs


def build_folder(outputs: str | Path) -> Path:
    """Where the stamps and executed notebooks of a run live (never committed)."""
    return project_root() / BUILD / Path(outputs).name


def name_in_project(path: Path) -> str:
    """A file's path from the project's root; outside the project its full path."""
    root = project_root()
    # data or outputs may lie elsewhere, behind a link in the project
    for named in (Path(os.path.abspath(path)), path.resolve()):
        if root in named.parents:
            return named.relative_to(root).as_posix()
    return str(path.resolve())
