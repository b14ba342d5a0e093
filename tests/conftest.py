"""Scratch copies of the project: tests build there, never in the checkout."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from portable import KINDS

from oda_eras.bench import copy_tree, scratch_environment
from oda_eras.sources import raw_file
from oda_eras.stamps import lock, sha256

# Checks of URLs and durations that no test has a use for; importing them takes a second.
for unused in ("rfc3987_syntax", "isoduration"):
    sys.modules.setdefault(unused, None)
pytest_plugins = ["nbval.plugin"]  # not loaded by itself, which would be before this

ROOT = Path(__file__).resolve().parents[1]
OUT = "outputs/JPN"
CODES = ("donors", "organisations", "recipients")  # the lists that raw tables are checked against
KEPT = "drawn"  # the folder beside `rebuilt` that holds its figures
# Files that take longest come first, so that both workers end together (pytest --durations=0).
LONGEST_FIRST = (
    "test_chain_other_donor", "test_chain", "test_chain_damage", "test_report", "test_figures",
    "test_schemas", "test_lab", "test_all_donors", "test_atlas", "test_vintages", "test_notebooks",
    "test_power", "test_placebo_recipients", "test_crate", "test_breaks", "test_notebook",
    "test_rejudge", "test_paper", "test_codebook", "test_damaged_tables", "test_surroundings",
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--portable", action="store_true", help="the tests of tests/portable.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--portable"):
        ids = {item.nodeid.removeprefix("tests/"): item for item in items}
        found = {
            wanted: [test for name, test in ids.items() if wanted in (name, name.split("[")[0])]
            for wanted in KINDS.values()
        }
        if lost := [wanted for wanted, tests in found.items() if not tests]:
            raise pytest.UsageError(f"tests/portable.py names tests that are none: {lost}")
        items[:] = dict.fromkeys(item for tests in found.values() for item in tests)
    rank = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


def readers_environment(root: Path) -> dict[str, str]:
    """Environment variables of a scratch copy as a reader has them: figures are shown inline."""
    return {
        name: value
        for name, value in scratch_environment(root).items()
        if not name.startswith(("PYTEST_", "MPLBACKEND"))
    }


def make(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """Run make in a scratch copy with this environment's Python, and some environment variables."""
    return subprocess.run(
        ["make", f"PYTHON={sys.executable}", *arguments],
        cwd=root,
        env=readers_environment(root) | variables,
        capture_output=True,
        text=True,
    )


def ran(result: subprocess.CompletedProcess) -> list[str]:
    """Notebooks that a make has run, in order."""
    assert result.returncode == 0, result.stdout + result.stderr
    return [line.split()[0] for line in result.stdout.splitlines() if " ran in " in line]


def nbval(root: Path, *notebooks: Path) -> subprocess.CompletedProcess:
    """Rerun notebooks in a scratch copy and compare every output with the stored one."""
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env"]
    plain = ["-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:xdist"]
    names = [str(path.relative_to(root)) for path in notebooks]
    return subprocess.run(
        [*command, *plain, *names],
        cwd=root,
        env=readers_environment(root),
        capture_output=True,
        text=True,
    )


def snapshot(root: Path) -> dict[str, bytes]:
    """Every published file of a checkout by name."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted((root / OUT).rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)
    }


@pytest.fixture
def project(tmp_path) -> Path:
    """A scratch copy without outputs rebuilt: for tests of single steps."""
    return copy_tree(tmp_path / "project")


def take_to_kernels(root: Path, file: str) -> Path:
    """Have the kernels that make starts in a scratch copy run a file of the tests' at their start.

    Returns the file's copy, for the caller to remove.
    """
    startup = root / ".build/ipython/profile_default/startup" / file
    startup.parent.mkdir(parents=True, exist_ok=True)
    return shutil.copy(ROOT / "tests" / file, startup)


READ: dict[tuple, object] = {}  # raw tables by name and content


@pytest.fixture
def read_once(monkeypatch) -> None:
    """Raw tables are read and checked once in a worker, by content: a test spoils one of many."""
    from oda_eras import schemas

    read = schemas.read_table

    def remembered(root: Path, name: str, table: schemas.Table):
        files = [raw_file(name), *(f"data/{codes}.csv" for codes in CODES)]
        if not all((root / file).is_file() for file in files):
            return read(root, name, table)
        key = (name, *(sha256(root / file) for file in files))
        if key not in READ:
            READ[key] = read(root, name, table)
        return READ[key].copy()

    monkeypatch.setattr(schemas, "read_table", remembered)


@pytest.fixture(scope="session")
def rebuilt(tmp_path_factory) -> Path:
    """The one scratch copy in which make has run the whole chain, for all tests: to be read only.

    The first worker that asks has it run, on two jobs; the others wait, and their make finds
    nothing to be done. Beside it, in KEPT, lie the figures as they were drawn.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with lock(shared / "rebuilt.lock"):
        root = shared / "rebuilt"
        if not root.exists():
            shutil.rmtree(copy_tree(root) / OUT)
            (shared / KEPT).mkdir()
            keeping = take_to_kernels(root, "keep_figures.py")
            make(root, "-j2", KEPT=str(shared / KEPT))
            keeping.unlink()
        result = make(root, "-j2")
    assert result.returncode == 0, result.stdout + result.stderr
    return root


@pytest.fixture(scope="module")
def chain(rebuilt, tmp_path_factory) -> Path:
    """A copy of the chain that has run, for a file's tests to edit and damage."""
    return shutil.copytree(rebuilt, tmp_path_factory.mktemp("chain") / "project")


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window, for the tests that look at pages; they skip without it."""
    from playwright.sync_api import sync_playwright  # imported here for those that need it

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
