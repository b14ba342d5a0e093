"""What a person keeps for other work reaches no output, and a home is not needed."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest
from conftest import OUT, ROOT, make

from oda_eras.bench import copy_tree, outside_make
from oda_eras.stamps import read_json

# what make sets for all that it starts, and what it takes away
OWN = {
    "MPLCONFIGDIR": ".build/matplotlib",
    "IPYTHONDIR": ".build/ipython",
    "JUPYTER_PATH": "notebooks/.jupyter",
    "PYTHONPATH": "src",
}
KEPT_OUT = [
    "MATPLOTLIBRC", "MPLBACKEND", "PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONOPTIMIZE", "LAG",
    "PANDERA_VALIDATION_ENABLED",
]  # fmt: skip


def surroundings(project, **variables: str) -> dict[str, str]:
    """Environment variables of what make starts, where it is started with these."""
    (project / "python").write_text("#!/bin/sh\nexec env\n")
    (project / "python").chmod(0o755)
    run = subprocess.run(
        ["make", "PYTHON=./python", f"PYTHON3={sys.executable}", "verify"],
        cwd=project, env=outside_make() | variables, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return dict(line.split("=", 1) for line in run.stdout.splitlines() if "=" in line)


def test_programs_find_the_checkouts_own_folders(project):
    elsewhere = dict.fromkeys([*OWN, *KEPT_OUT], "/elsewhere") | {"LAG": "1"}
    found = surroundings(project, **elsewhere)
    assert {name: found[name] for name in OWN} == {
        name: str(project / place) for name, place in OWN.items()
    }
    assert not set(KEPT_OUT) & set(found)
    assert found["HOME"] == os.environ["HOME"]


def test_a_home_that_is_not_there_is_replaced(project):
    found = surroundings(project, HOME="/nonexistent", XDG_CACHE_HOME="/nonexistent/cache")
    assert found["HOME"] == str(project / ".build/home")
    assert "XDG_CACHE_HOME" not in found


def test_every_module_is_imported_where_unix_modules_are_missing():
    code = """if True:
        import importlib, pkgutil, sys
        sys.modules |= dict.fromkeys(["fcntl", "grp", "pwd", "resource", "termios"])
        import oda_eras
        names = [module.name for module in pkgutil.iter_modules(oda_eras.__path__)]
        lacking = {"polars", "requests", "tenacity", "inflate64", "wbgapi"}  # of make refresh
        for name in names:
            try:
                importlib.import_module(f"oda_eras.{name}")
            except ModuleNotFoundError as error:
                if error.name not in lacking:
                    raise
        print(len(names))"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == f"{len(list((ROOT / 'src/oda_eras').glob('*.py'))) - 1}\n", run.stderr


def test_figures_ignore_a_readers_matplotlibrc(tmp_path):
    settings = tmp_path / "matplotlibrc"
    settings.write_text("savefig.bbox: tight\ntext.usetex: True\naxes.titlepad: 20\n")
    code = "import matplotlib as m, oda_eras.page as p; d = m.rcParamsDefault; "
    code += "print([k for k in d if m.rcParams[k] != d[k] and k != 'backend'])"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"MATPLOTLIBRC": str(settings)}, capture_output=True, text=True,
    )  # fmt: skip
    assert run.stdout == "[]\n", run.stderr


@pytest.fixture
def foreign_home(tmp_path) -> Path:
    """A home whose settings would each stop or change a run."""
    files = {
        ".config/matplotlib/matplotlibrc": "savefig.bbox: tight\ntext.usetex: True\n",
        ".matplotlib/matplotlibrc": "savefig.bbox: tight\ntext.usetex: True\n",
        ".ipython/profile_default/startup/00.py": "raise SystemExit('a startup file was run')",
        ".ipython/profile_default/ipython_kernel_config.py": (
            "c.InlineBackend.figure_formats = {'svg'}"
        ),
        ".local/share/jupyter/kernels/python3/kernel.json": json.dumps(
            {"argv": ["/bin/false"], "display_name": "Python 3", "language": "python"}
        ),
        "startup.py": "raise SystemExit('a startup file was run')",
        "lib/pandas.py": "raise ImportError('another pandas')",
    }
    for name, text in files.items():
        path = tmp_path / "home" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "home"


def first_notebook(project: Path, **variables: str) -> dict:
    """Run 01 in a scratch copy under these variables; returns it as executed."""
    run = subprocess.run(
        ["make", f"PYTHON={sys.executable}", ".build/JPN/01_clean.json"],
        cwd=project, env=outside_make() | variables, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return read_json(project / ".build/JPN/01_clean.ipynb")


def assert_as_committed(project: Path) -> None:
    from oda_eras.accept import normalise, to_text

    made = list(read_json(project / ".build/JPN/01_clean.json")["outputs"])
    assert f"{OUT}/figures/f17_what_is_reported.pdf" in made
    for name in made:
        assert (project / name).read_bytes() == (ROOT / name).read_bytes(), name
    executed = to_text(normalise(read_json(project / ".build/JPN/01_clean.ipynb")))
    assert executed == (ROOT / "notebooks/01_clean.ipynb").read_text(encoding="utf-8")


@pytest.mark.portable
def test_a_run_with_a_readers_settings_gives_the_committed_outputs(project, foreign_home):
    notebook = project / "notebooks/01_clean.ipynb"
    content = read_json(notebook)
    content["metadata"]["kernelspec"] = {"name": ".venv", "display_name": ".venv (Python 3.12)"}
    notebook.write_text(json.dumps(content))
    first_notebook(
        project, HOME=str(foreign_home), PYTHONSTARTUP=str(foreign_home / "startup.py"),
        PYTHONPATH=str(foreign_home / "lib"), PYTHONWARNINGS="error", MPLBACKEND="svg",
        MATPLOTLIBRC=str(foreign_home / ".matplotlib/matplotlibrc"), PYTHONOPTIMIZE="2",
    )  # fmt: skip
    assert_as_committed(project)


@pytest.mark.portable
def test_a_run_without_a_home_gives_the_committed_outputs(project):
    first_notebook(project, HOME="/nonexistent")
    assert_as_committed(project)


@pytest.mark.portable
def test_a_folder_of_any_name_with_data_and_outputs_behind_links(tmp_path):
    elsewhere = copy_tree(tmp_path / "großer Ordner/a b's")
    project = tmp_path / "mon projet é"
    shutil.copytree(elsewhere, project, ignore=shutil.ignore_patterns("data", "outputs"))
    for folder in ("data", "outputs"):
        (project / folder).symlink_to(elsewhere / folder)
    (tmp_path / "my env").symlink_to(sys.prefix)
    python = tmp_path / "my env/bin/python"
    run = subprocess.run(
        ["make", f"PYTHON={python}", ".build/JPN/01_clean.json", ".build/tables"],
        cwd=project, env=outside_make(), capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert_as_committed(project)


def blocks(section: str) -> list[str]:
    """What a section of CONTRIBUTING.md shows as code, in order."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split(f"## {section}\n")[1]
    found = re.findall(
        r"^   ```\w*\n(.*?)^   ```", text.split("\n## ")[0], re.DOTALL | re.MULTILINE
    )
    return [textwrap.dedent(block) for block in found]


@pytest.mark.portable
def test_the_recipes_for_a_number_and_a_figure_work_as_written(project):
    drawing, declared = blocks("A figure")
    module = project / "src/oda_eras/figures.py"
    module.write_text(f"{module.read_text(encoding='utf-8')}\n\n{drawing}", encoding="utf-8")
    words = project / "notebooks/words/03_patterns.md"
    (said,) = blocks("A number in a sentence")
    words.write_text(f"{words.read_text(encoding='utf-8')}\n{declared}\n{said}", encoding="utf-8")
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    lines = re.findall(r"`((?:rows = |nb\.(?:say|figure)\().*?)`", text)
    assert [line.split("(")[0] for line in lines[:3]] == [
        "nb.say",
        "rows = total.rename",
        "nb.figure",
    ]
    notebook = project / "notebooks/03_patterns.ipynb"
    content = read_json(notebook)
    at = next(c for c in content["cells"] if "f01_flows_by_recipient" in "".join(c["source"]))
    at["source"] = "\n".join(["".join(at["source"]), *lines])
    notebook.write_text(json.dumps(content), encoding="utf-8")
    result = make(project, ".build/JPN/03_patterns.json")
    assert result.returncode == 0, result.stderr
    assert (project / OUT / "figures/phone/f49_received.webp").is_file()
    assert "last_total" in read_json(project / ".build/JPN/03_patterns.json")["numbers"]


LIMITS = {
    "ulimit -n 24": "too few files may be open at once",
    "ulimit -v 300000": "its kernel ended: ",
    "ulimit -f 100": "large",
    "rm outputs/JPN/data/panel.csv; mkdir -p outputs/JPN/data/panel.csv/x": "is a directory",
    "touch .build": ".build/jpn: a file stands where a folder should be",
}


@pytest.mark.portable
@pytest.mark.parametrize(("fault", "words"), LIMITS.items())
def test_what_a_machine_lacks_is_told_in_a_line(project, fault, words):
    command = f"{fault}; exec make PYTHON={sys.executable} .build/JPN/01_clean.json"
    run = subprocess.run(
        ["sh", "-c", command], cwd=project, env=outside_make(), capture_output=True, text=True
    )
    told = [line for line in run.stderr.splitlines() if not line.startswith(("make:", "  "))]
    assert run.returncode != 0 and len(told) == 1 and words in told[0].lower(), run.stderr


def apart(*options: str) -> list[str]:
    """A command that runs others with a network or file systems of their own; skips without."""
    command = ["unshare", *options]
    if not shutil.which("unshare") or subprocess.run([*command, "true"]).returncode:
        pytest.skip("this user may not set a network or a file system apart (unshare)")
    return command


@pytest.mark.portable
def test_a_checkout_that_can_only_be_read_is_told(project):
    mount = f'mount --bind -o ro "{project}" "{project}" && cd "{project}" && exec make'
    run = subprocess.run(
        [*apart("-m"), "sh", "-c", f"{mount} PYTHON={sys.executable} .build/JPN/01_clean.json"],
        env=outside_make(), capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode != 0 and "the file system can only be read" in run.stderr, run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.portable
def test_a_run_with_the_network_cut_off_gives_the_committed_outputs(project):
    run = subprocess.run(
        [*apart("-n"), "make", f"PYTHON={sys.executable}", ".build/JPN/01_clean.json"],
        cwd=project, env=outside_make(), capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert_as_committed(project)


@pytest.mark.portable
def test_outputs_may_lie_on_another_file_system(project):
    elsewhere = Path("/dev/shm")
    if not os.access(elsewhere, os.W_OK) or os.stat(elsewhere).st_dev == os.stat(project).st_dev:
        pytest.skip("there is no second file system to write to")
    with tempfile.TemporaryDirectory(dir=elsewhere) as folder:
        shutil.move(project / "outputs", folder)
        (project / "outputs").symlink_to(Path(folder) / "outputs")
        first_notebook(project)
        assert_as_committed(project)


@pytest.mark.portable
def test_a_kernel_ends_with_the_run_that_started_it(project):
    env = outside_make() | {"PYTHONPATH": str(project / "src")}
    run = subprocess.Popen(
        [sys.executable, "-m", "oda_eras.run", "notebooks/01_clean.ipynb", OUT],
        cwd=project, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
    kernels = []
    while run.poll() is None and not kernels:
        time.sleep(0.1)
        kernels = children.read_text().split() if children.exists() else []
    time.sleep(1)
    run.kill()
    run.wait()
    time.sleep(4)  # kernels look for their parent once a second
    commands = [Path(f"/proc/{pid}/cmdline") for pid in kernels]
    assert kernels and not [c for c in commands if c.exists() and b"ipykernel" in c.read_bytes()]


def test_parameters_from_the_environment_are_checked_as_those_of_the_command_line(project):
    for options in ([], ["-e"]):
        run = subprocess.run(
            ["make", f"PYTHON3={sys.executable}", f"PYTHON={sys.executable}", "-n", *options],
            cwd=project, env=outside_make() | {"DONOR": "DEU"}, capture_output=True, text=True,
        )  # fmt: skip
        assert "outputs/DEU " in run.stdout and "outputs/JPN" not in run.stdout, run.stderr


@pytest.mark.parametrize("value", ["JPN'; touch harm; '", "$(shell touch harm)", "`touch harm`"])
def test_a_value_is_never_run(project, value):
    run = make(project, "-n", f"DONOR={value}")
    assert run.returncode != 0
    assert run.stderr.startswith(f"DONOR={value}: expected AUS, AUT")
    assert not (project / "harm").exists()


def test_a_runs_name_is_no_parameter(project):
    run = make(project, "-n", "RUN=DEU")
    assert run.returncode != 0 and "RUN is no parameter: expected DONOR" in run.stderr
