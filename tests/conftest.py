"""Scratch copies of the project: tests build there, never in the checkout."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from oda_eras.bench import copy_tree, scratch_environment

ROOT = Path(__file__).resolve().parents[1]
OUT = "outputs/JPN"


def make(root: Path, *arguments: str, **options) -> subprocess.CompletedProcess:
    """Run make in a scratch copy with this environment's Python."""
    return subprocess.run(
        ["make", f"PYTHON={sys.executable}", *arguments],
        cwd=root,
        env=scratch_environment(root),
        capture_output=True,
        text=True,
        **options,
    )


def nbval(root: Path, *notebooks: Path) -> subprocess.CompletedProcess:
    """Rerun notebooks in a scratch copy and compare every output with the stored one."""
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env"]
    plain = ["-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:xdist"]
    names = [str(path.relative_to(root)) for path in notebooks]
    environment = {
        name: value
        for name, value in scratch_environment(root).items()
        if not name.startswith(("PYTEST_", "MPLBACKEND"))
    }
    return subprocess.run(
        [*command, *plain, *names], cwd=root, env=environment, capture_output=True, text=True
    )


def snapshot(root: Path) -> dict[str, bytes]:
    """Every published file of a checkout by name."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted((root / OUT).rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)
    }


def unexecuted(notebook: Path) -> list[int]:
    """Numbers of the code cells that carry no execution count."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [
        number
        for number, cell in enumerate(cells, start=1)
        if cell["cell_type"] == "code" and cell["execution_count"] is None
    ]


@pytest.fixture
def project(tmp_path) -> Path:
    """A scratch copy without outputs rebuilt: for tests of single steps."""
    return copy_tree(tmp_path / "project")


@pytest.fixture(scope="session")
def rebuilt(tmp_path_factory):
    """A scratch copy whose outputs nbval has made anew, in order: (root, nbval's result)."""
    root = copy_tree(tmp_path_factory.mktemp("rebuilt") / "project")
    notebooks = sorted((root / "notebooks").glob("*.ipynb"))
    blank = {path.name: unexecuted(path) for path in notebooks if unexecuted(path)}
    assert not blank, f"cells not executed, which nbval would pass: {blank}; run make accept"
    shutil.rmtree(root / OUT)
    return root, nbval(root, *notebooks)


@pytest.fixture(scope="session")
def chain(tmp_path_factory) -> Path:
    """A scratch copy in which make has run the whole chain on two jobs."""
    root = copy_tree(tmp_path_factory.mktemp("chain") / "project")
    result = make(root, "-j2")
    assert result.returncode == 0, result.stdout + result.stderr
    return root


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window, for the tests that look at pages; they skip without it."""
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    chromium = next((path for path in found if path), None)
    if not chromium:
        pytest.skip("no Chromium on this machine: pages are not looked at (install chromium)")
    with sync_playwright() as playwright:
        # as root its sandbox does not start
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


os.environ.setdefault("MPLBACKEND", "agg")
