"""The environment's three descriptions agree, and a setup that can't work says why."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml
from conftest import ROOT
from rattler import MatchSpec, Version, VersionSpec

from oda_eras import environment
from oda_eras.bench import outside_make

# conda-forge's name where it is not PyPI's
CONDA_NAMES = {"matplotlib": "matplotlib-base"}
# what conda brings in its own way: the interpreter, the tools around it
CONDA_ONLY = {"python", "make", "pip"}


def locked_versions() -> dict[str, set[str]]:
    """Every version that the lock pins, by package: one, or one per range of Pythons."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE
    ):
        versions.setdefault(name, set()).add(version)
    return versions


def direct_dependencies() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    specs = project["dependencies"] + project["optional-dependencies"]["test"]
    return {re.match(r"[\w.-]+", spec)[0] for spec in specs}


def conda_specs() -> tuple[list[MatchSpec], list[str]]:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    specs = [MatchSpec(entry, strict=True) for entry in entries if isinstance(entry, str)]
    (pip,) = [entry["pip"] for entry in entries if isinstance(entry, dict)]
    return specs, pip


def test_conda_names_what_pyproject_names():
    specs, pip = conda_specs()
    from_conda = {spec.name.normalized for spec in specs} - CONDA_ONLY
    from_pip = {line.split("==")[0] for line in pip if line != "-e ."}
    assert from_conda | from_pip == {CONDA_NAMES.get(n, n) for n in direct_dependencies()}
    assert not from_conda & from_pip


def test_conda_versions_are_the_locked_ones():
    locked = locked_versions()
    pypi_names = {conda: pypi for pypi, conda in CONDA_NAMES.items()}
    specs, pip = conda_specs()
    for spec in specs:
        name = spec.name.normalized
        if name in CONDA_ONLY or spec.version is None:
            continue
        for version in locked[pypi_names.get(name, name)]:
            assert VersionSpec(str(spec.version)).matches(Version(version)), (name, version)
    for line in pip:
        if "==" in line:
            name, version = line.split("==")
            assert locked[name] == {version}


def test_a_malformed_conda_spec_would_be_caught():
    with pytest.raises(Exception, match="not valid"):
        MatchSpec("jupyterlab=4.6.*.*=", strict=True)


def test_conda_installs_the_project_and_no_default_channel():
    content = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert content["channels"] == ["conda-forge", "nodefaults"]
    assert "-e ." in conda_specs()[1]


def test_the_lock_pins_every_dependency_with_hashes_and_without_urls():
    text = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"https?://|file:|--index|--find-links|@ ", text)
    assert direct_dependencies() <= set(locked_versions())
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_an_old_python_is_told_in_one_line():
    assert environment.too_old((3, 11, 0)) is None
    assert environment.too_old((3, 9, 2)) == (
        "Python 3.9 found, 3.11 or newer needed: try make PYTHON3=python3.12"
    )


def test_the_setup_can_be_read_by_old_pythons():
    source = (ROOT / "src/oda_eras/environment.py").read_text()
    ast.parse(source, feature_version=(3, 5))


@pytest.mark.parametrize(
    ("module", "words"), [("ensurepip", "apt install"), ("ssl", "without ssl")]
)
def test_a_python_with_a_part_missing_is_told_which(monkeypatch, module, words):
    assert environment.incomplete() is None
    monkeypatch.setitem(sys.modules, module, None)
    assert words in environment.incomplete()


PIP_LIST = """\
:env:.index-url='https://here.example/simple'
:env:.target='/elsewhere'
global.index-url='https://mirror.example/simple'
global.trusted-host='mirror.example'
install.user='true'
"""


def test_a_mirror_of_pip_serves_uv_and_folders_elsewhere_do_not():
    settings = environment.index_settings(PIP_LIST.replace("index-url='https://here", "x='", 1))
    assert settings == {
        "index-url": "https://mirror.example/simple", "trusted-host": "mirror.example"
    }  # fmt: skip
    given = {"PIP_TARGET": "/elsewhere", "PIP_USER": "1", "UV_INSECURE_HOST": "mine.example"}
    assert environment.surroundings(given, settings) == {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "https://mirror.example/simple",
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "PIP_TRUSTED_HOST": "mirror.example",
        "UV_INSECURE_HOST": "mine.example",
    }


def test_a_package_may_come_from_any_of_several_places():
    found = environment.surroundings({}, {"extra-index-url": "https://more.example/simple"})
    assert found["UV_INDEX"] == "https://more.example/simple"
    assert found["UV_INDEX_STRATEGY"] == "unsafe-best-match"


def test_reasons_are_readable():
    assert "does" not in environment.reason("hash mismatch for pandas")
    assert "requirements.lock" in environment.reason("Hash mismatch for pandas")
    assert "package index" in environment.reason("error sending request: dns error")
    assert environment.reason("a\nlast words\n") == "last words"


def test_the_lock_gives_up_one_package():
    lines = environment.pinned("uv").splitlines()
    assert lines[0].startswith("uv==") and len(lines) > 1
    assert all("--hash" in line for line in lines[1:])


def test_an_index_out_of_reach_is_told_in_one_line(project):
    nowhere = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PIP_", "UV_")) and "proxy" not in name.lower()
    }
    nowhere |= {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull}
    result = subprocess.run(
        ["make", f"PYTHON3={sys.executable}"],
        cwd=project,
        env=nowhere,
        capture_output=True,
        text=True,
    )
    assert result.returncode != 0
    first, *rest = result.stderr.strip().splitlines()
    assert first.startswith("make: could not install uv: the package index did not answer")
    assert len(rest) == 1 and "Error 1" in rest[0]
    assert not (project / ".venv" / ".complete").exists()


def test_a_moved_or_copied_environment_is_made_anew(project):
    marker = project / ".venv/.complete"
    marker.parent.mkdir()
    for place, anew in ((project, False), ("/elsewhere", True)):
        marker.write_text(str(place))
        run = subprocess.run(
            ["make", "-n", f"PYTHON3={sys.executable}", "verify"],
            cwd=project, env=outside_make(), capture_output=True, text=True,
        )  # fmt: skip
        assert ("environment.py" in run.stdout) is anew, run.stdout + run.stderr


def test_a_marker_of_another_folder_is_not_current(tmp_path):
    marker = tmp_path / ".complete"
    for place, current in ((environment.ROOT, True), (str(tmp_path), False)):
        marker.write_text(place)
        assert environment.is_current(str(marker)) is current


def test_an_environment_that_is_a_link_leaves_the_other_whole(tmp_path, monkeypatch):
    other, own = tmp_path / "other", tmp_path / ".venv"
    other.mkdir()
    (other / "kept").touch()
    own.symlink_to(other)
    # neither pip nor what it brings is looked at here, and takes seconds
    bare = lambda what, command: subprocess.run([*command, "--without-pip"], check=True)  # noqa: E731
    monkeypatch.setattr(environment, "run", bare)
    environment.create(str(own))
    assert (other / "kept").exists() and not own.is_symlink()
    assert (own / "bin/python").exists()


def test_the_package_imports_from_any_folder(tmp_path):
    python = shutil.which(sys.executable)
    command = [python, "-c", "import oda_eras.paths as p; print(p.project_root())"]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True)
    assert result.stdout.strip() == str(ROOT), result.stderr
