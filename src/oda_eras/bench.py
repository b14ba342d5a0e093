"""Time the chain: `python -m oda_eras.bench NOTEBOOK...`, in a scratch copy of the tree.

Against it stand a shell loop over papermill's own command and the floor: the same cells run in
one plain Python process. Then four donors on one job and on two. Medians of three, donors once; the
chain's ratios are to the floor. Then the notebooks that each wait for the one before, and what the
engines take beside others' (`oda_eras.engines`), and the atlas of all donors and recipients
(`oda_eras.atlas_bench`).
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from oda_eras.paths import BUILD, project_root
from oda_eras.stamps import read_stamp
from oda_eras.study import Study

# The most that a process may hold, resident.
MOST_MEBIBYTES = 400
DONORS = ["DEU", "EUI", "KOR", "USA"]
UNCOPIED = shutil.ignore_patterns(
    ".git", ".venv", ".build", "__pycache__", "*.egg-info", ".*_cache", ".staging"
)


def left_out(folder: str, names: list[str]) -> set[str]:
    """What a copy of the project goes without: what it can make, and other runs' outputs."""
    others = set(names) - {Study().name} if Path(folder).name == "outputs" else set()
    return set(UNCOPIED(folder, names)) | others


def copy_tree(target: Path) -> Path:
    """Copy the project without its environment and build folder."""
    return shutil.copytree(project_root(), target, ignore=left_out)


def outside_make() -> dict[str, str]:
    """Environment variables without make's own and without parameters of a run: a make started
    with them stands on its own."""
    own = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", *map(str.upper, Study().parameters)}
    return {name: value for name, value in os.environ.items() if name not in own}


def scratch_environment(root: Path) -> dict[str, str]:
    """Environment variables under which a scratch copy imports its own package."""
    return outside_make() | {"PYTHONPATH": str(root / "src"), "MPLBACKEND": "agg"}


def run_cells(notebooks: list[str]) -> None:
    """Run the code cells of the notebooks in this process: no kernel, nothing recorded."""
    os.chdir(project_root() / "notebooks")
    for name in notebooks:
        namespace: dict = {"__name__": "__main__"}
        for cell in json.loads(Path(f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), name, "exec"), namespace)


def timed(command: list[str], root: Path) -> tuple[float, float]:
    """Seconds and processor time of a command; stops with its last words where it fails."""
    start, before = time.perf_counter(), os.times()
    run = subprocess.run(command, cwd=root, env=scratch_environment(root), capture_output=True)
    seconds, after = time.perf_counter() - start, os.times()
    processor = sum(after[2:4]) - sum(before[2:4])  # of children, in user's and system's mode
    if run.returncode:
        sys.exit(f"{command[0]} failed:\n{run.stderr.decode()[-2000:]}")
    return seconds, processor


def tell(case: str, seconds: float, processor: float) -> None:
    """Print a case; processor time tells more where other work shares the machine."""
    print(f"{case:32} {seconds:8.3f} s {processor:8.3f} s of processor", flush=True)


def edit(notebook: Path) -> None:
    """Change the source of a notebook's last code cell without changing what it does."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    code[-1]["source"] = ["# edited\n", *code[-1]["source"]]
    notebook.write_text(json.dumps(content), encoding="utf-8")


def bench(notebooks: list[str]) -> None:
    """Print the table of timings."""
    import resource  # Windows has none

    with tempfile.TemporaryDirectory() as folder:
        root = copy_tree(Path(folder) / "project")
        make = ["make", f"PYTHON={sys.executable}"]
        loop = " && ".join(
            f"{sys.executable} -m papermill --no-progress-bar --log-level ERROR --cwd notebooks "
            f"notebooks/{name}.ipynb {folder}/{name}.ipynb"
            for name in notebooks
        )

        seconds = {}

        def measure(case: str, prepare: Callable[[], None], command: list[str]) -> None:
            runs = []
            for _ in range(3):
                prepare()
                runs.append(timed(command, root))
            seconds[case], processor = map(statistics.median, zip(*runs, strict=True))
            tell(case, seconds[case], processor)

        def forget() -> None:
            shutil.rmtree(root / ".build", ignore_errors=True)

        def nothing() -> None:
            pass

        measure("chain, cold", forget, make)
        # each notebook alone on the machine
        stamps = {n: read_stamp(root / BUILD / Study().name / f"{n}.json") for n in notebooks}
        measure("chain, cold, -j2", forget, [*make, "-j2"])
        edited = root / "notebooks/03_patterns.ipynb"
        measure("chain, one notebook edited", lambda: edit(edited), make)
        measure("chain, nothing to do", nothing, make)
        measure("papermill commands in a loop", nothing, ["sh", "-c", loop])
        # once each: a run takes minutes
        rule = f"donors: ; +@{sys.executable} -m oda_eras.all_donors {' '.join(DONORS)}"
        some_donors = ["make", "-f", "/dev/null", "--eval", rule]
        for number in (1, 2):
            for donor in DONORS:
                shutil.rmtree(root / ".build" / donor, ignore_errors=True)
            case = f"{len(DONORS)} donors, {number} job{'s' if number > 1 else ''}"
            seconds[case], processor = timed([*some_donors, f"-j{number}"], root)
            tell(case, seconds[case], processor)
        # before the floor, whose one process holds what all notebooks leave behind
        peak = mebibytes(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
        plain = [sys.executable, "-m", "oda_eras.bench", "--plain", *notebooks]
        measure("floor", nothing, plain)
    floor, count = seconds["floor"], len(notebooks)
    print()
    for case, value in seconds.items():
        print(f"{case:32} {value / floor:8.2f} x floor")
    overhead = (seconds["chain, cold, -j2"] - floor) / count
    print(f"\noverhead with -j2: {overhead:.2f} s for each of {count} notebooks over the floor")
    path = critical_path(stamps)
    waited = sum(stamps[name]["seconds"] for name in path)
    print(f"critical path, {waited:.1f} s: {' -> '.join(path)}")
    print(f"largest process: {peak:.0f} MiB resident, of {MOST_MEBIBYTES} that it may hold")
    if peak > MOST_MEBIBYTES:
        sys.exit("a process holds more than it may")


def critical_path(stamps: dict[str, dict]) -> list[str]:
    """The notebooks that take longest one after the other, each waiting for the one before.

    `stamps` has the notebooks' stamps by name, in the order of the chain.
    """

    def seconds(path: list[str]) -> float:
        return sum(stamps[name]["seconds"] for name in path)

    made_by: dict[str, str] = {}
    longest: dict[str, list[str]] = {}
    for name, stamp in stamps.items():
        before = {made_by[file] for file in stamp["prerequisites"] if file in made_by}
        longest[name] = [*max((longest[b] for b in before), key=seconds, default=[]), name]
        made_by |= dict.fromkeys([*stamp["outputs"], f"{BUILD}/{Study().name}/{name}.json"], name)
    return max(longest.values(), key=seconds, default=[])


def mebibytes(peak: int) -> float:
    """A peak of `resource.getrusage`, whose unit depends on the platform."""
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    if sys.argv[1] == "--plain":
        run_cells(sys.argv[2:])
    else:
        from oda_eras.atlas_bench import compare_atlas
        from oda_eras.engines import compare_engines

        bench(sys.argv[1:])
        compare_engines()
        compare_atlas()
