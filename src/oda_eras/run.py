"""Run one notebook of the chain: `python -m oda_eras.run NOTEBOOK OUTPUTS PREREQUISITE...`.

What the run is about (donor, years, measure and so on) follows from the outputs folder's name.
Make calls this when a time stamp suggests that a notebook is stale; whether it runs is decided
by content. The notebook is executed by papermill into the build folder and publishes its own
outputs at its end; the stamp is written last, so a kill at any moment leaves a state that the
next make sees through.
"""

import ast
import json
import os
import re
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from oda_eras.commands import cause, one_line
from oda_eras.paths import BUILD, build_folder, project_root
from oda_eras.stamps import (
    content_hash,
    damaged_outputs,
    lock,
    read_json,
    read_stamp,
    sha256,
    write_json,
)
from oda_eras.study import Study, study_of

# A cell that takes longer hangs; the slowest of the chain takes a few seconds.
CELL_SECONDS = 600
# Files that may have to be open at once; a kernel with all libraries opens some ninety.
FILES = 128
KERNEL = [
    # else each kernel warns that it talks to this process without encryption
    "--IPKernelApp.log_level=ERROR",
    # a kernel ends before its garbage weighs: looking for it took a fifteenth of a notebook's time
    "--IPKernelApp.exec_lines=__import__('gc').set_threshold(10_000)",
]
KEPT = "the outputs of {} and of the notebooks after it are as they were"
# Cells tagged `only-...` are left out of runs for which the condition does not hold. All of them
# hold for the default run, whose notebooks are the ones that are committed.
CONDITIONS = {
    # what speaks of the article or of Japan's own totals, and what reads the default run's results
    "only-article": lambda root, study: study == Study(),
    "only-default": lambda root, study: study == Study(),
    "only-given-eras": lambda root, study: not study.has_data_driven_eras(root),
    "only-net": lambda root, study: not study.from_world,
    "only-several-recipients": lambda root, study: len(study.recipients) > 1,
    "only-with-and-without-uzbekistan": lambda root, study: (
        "UZB" in study.recipients and len(study.recipients) > 1
    ),
}
NAMES_DONOR = "names-donor"  # Markdown in which Japan and the five give way to the run's own
# The conditions whose cells leave a line in their place.
LEFT_OUT = {
    "only-article": (
        "*Left out in this run: what belongs here is about the article, or about Japan's own "
        "totals and yen. The run with the default parameters, outputs/JPN, has it.*"
    ),
    "only-net": (
        "*Left out in this run: what belongs here rests on net flows from 1992 on or on other "
        "tables that are at hand for the five states of Central Asia only.*"
    ),
}


class ChainError(Exception):
    """The chain can't go on; the message says where, why and what to do."""


def is_current(stamp: dict, prerequisites: dict[str, str], root: Path) -> bool:
    """Whether a notebook has run on exactly these prerequisites and its outputs are whole."""
    return (
        bool(stamp) and stamp["prerequisites"] == prerequisites and not damaged_outputs(stamp, root)
    )


def is_whole(executed: Path, stamp: dict) -> bool:
    """Whether the executed notebook, which report and accept read, is there as it was made."""
    return executed.is_file() and sha256(executed) == stamp.get("executed")


def execute(notebook: Path, executed: Path, parameters: dict, folder: Path, log: Path) -> None:
    """Execute a notebook with papermill, in a folder.

    What its kernel writes to stderr, such as a library's word on its caches, goes into the log: the
    executed notebook goes without. The kernel is reached through sockets in a folder, which no
    other process can take and no network is needed for. Raises papermill's PapermillExecutionError
    where a cell fails.
    """
    # Checks of URLs and durations that notebooks have no use for; importing them takes 0.8 s.
    for unused in ("rfc3987_syntax", "isoduration"):
        sys.modules.setdefault(unused, None)  # type: ignore[arg-type]
    import papermill
    from traitlets.config import Config

    # short, since a socket's path has some hundred characters at most
    scratch = tempfile.TemporaryDirectory(prefix="oda-", ignore_cleanup_errors=True)
    with log.open("w", encoding="utf-8") as words, stderr_to(words), scratch as sockets:
        connection = {"transport": "ipc", "connection_file": f"{sockets}/kernel.json"}
        try:
            papermill.execute_notebook(
                str(notebook),
                str(executed),
                parameters=parameters,
                cwd=str(folder),
                # an editor may have put a kernel of its own into the notebook
                kernel_name="python3",
                language="python",
                progress_bar=False,
                request_save_on_cell_execute=False,
                autosave_cell_every=0,
                shutdown_kernel="immediate",
                execution_timeout=CELL_SECONDS,
                config=Config(KernelManager=connection),
                extra_arguments=KERNEL,
            )
        finally:
            words.write(take_stderr(executed))


@contextmanager
def stderr_to(file):
    """Have this process, and those that it starts, write their stderr to an open file."""
    sys.stderr.flush()
    own = os.dup(2)
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(own, 2)
        os.close(own)


def take_stderr(executed: Path) -> str:
    """Take what was written to stderr out of an executed notebook's outputs and return it."""
    if not executed.exists() or b'"stderr"' not in executed.read_bytes():
        return ""
    notebook, told = read_json(executed), []
    if not notebook:  # cut short, as on a full disk, which is told by itself
        return ""
    for cell in notebook["cells"]:
        if "outputs" in cell:
            said = [output for output in cell["outputs"] if output.get("name") == "stderr"]
            told += ["".join(output["text"]) for output in said]
            cell["outputs"] = [output for output in cell["outputs"] if output not in said]
    write_json(executed, notebook)
    return "".join(told)


def renamed(cell: dict, names: dict[str, str]) -> dict:
    """A Markdown cell in which a run's own names stand for those of the default run."""
    from oda_eras.naming import sentence

    text = "".join(cell["source"])

    def name(found: re.Match) -> str:
        opens = re.search(r"(^|[#.?!] |\n)$", text[: found.start()])
        return sentence(names[found[0]]) if opens else names[found[0]]

    either = "|".join(rf"\b{text}\b" for text in names)
    return cell | {"source": re.sub(either, name, text)}


def without_spans(cell: dict, study: Study, root: Path) -> dict:
    """A Markdown cell without what stands between `<!-- only-x -->` and `<!-- /only-x -->`, where
    that condition does not hold.
    """
    text = re.sub(
        r"<!-- (only-[\w-]+) -->(.*?)<!-- /\1 -->",
        lambda found: found[2] if CONDITIONS[found[1]](root, study) else "",
        "".join(cell["source"]),
        flags=re.DOTALL,
    )
    return cell | {"source": text.strip("\n")}


def adapt(notebook: dict, study: Study, root: Path) -> tuple[dict, dict]:
    """Fit a notebook to a run.

    Returns the notebook without the cells whose conditions do not hold, with one line in place of
    each stretch of cells about the article and its own names in Markdown tagged "names-donor", and
    the parameters that it declares with the study's values.

    Raises ChainError where no cell is tagged "parameters", and for a condition that is none.
    """
    # pandas takes half a second to import: a notebook that is up to date does without
    from oda_eras.naming import read_naming, sentence

    naming = read_naming(root, study)
    names = {"synthetic Japan": f"synthetic {naming.donor.removeprefix('the ')}"}
    names |= {"Japan's": naming.whose, "Japan": naming.donor, "the five": naming.region}
    names |= {"net ODA": naming.oda, "Net ODA": sentence(naming.oda)}
    names |= {"net flows": f"{study.described} flows", "Net flows": f"{study.described} flows"}
    cells: list[dict] = []
    declared = None
    for number, cell in enumerate(notebook["cells"], start=1):
        tags = cell["metadata"].get("tags", [])
        if "parameters" in tags:
            declared = {
                target.id
                for statement in ast.parse("".join(cell["source"])).body
                if isinstance(statement, ast.Assign)
                for target in statement.targets
                if isinstance(target, ast.Name)
            }
        conditions = [tag for tag in tags if tag.startswith("only-")]
        unknown = sorted(set(conditions) - set(CONDITIONS))
        if unknown:
            known = ", ".join(CONDITIONS)
            raise ChainError(
                f"cell {number} is tagged {unknown[0]}, no condition; there are: {known}"
            )
        failed = [tag for tag in conditions if not CONDITIONS[tag](root, study)]
        told = next((LEFT_OUT[tag] for tag in failed if tag in LEFT_OUT), None)
        if told and not (cells and cells[-1]["source"] == told):
            cells.append(
                {"cell_type": "markdown", "id": cell["id"], "metadata": {}, "source": told}
            )
        elif not failed:
            if cell["cell_type"] == "markdown":
                cell = without_spans(cell, study, root)
            cells.append(renamed(cell, names) if NAMES_DONOR in tags else cell)
    if declared is None:
        raise ChainError("no cell is tagged parameters: tag the one that sets donor and outputs")
    values = {name: value for name, value in study.parameters.items() if name in declared}
    return notebook | {"cells": cells}, values


def describe(error: Exception, name: str, log: Path) -> str:
    """Say in a few lines which cell failed and how; of a kernel that ended, its last words."""
    cell = getattr(error, "cell_index", None)
    kind, value = (getattr(error, part, "") for part in ("ename", "evalue"))
    place = "" if cell is None else f" in cell {cell + 1}"
    if cell is not None and value:
        return f"{name} stopped{place}: {kind}: {value}"
    # jupyter_client raises a bare RuntimeError for a kernel that does not start
    if cell is None and type(error) is not RuntimeError:
        return f"{name} stopped: {cause(error)}"
    said = log.read_text(encoding="utf-8").split("\n") if log.is_file() else []
    words = [line for line in said if re.match(r"\w*(Error|Exception): ", line)]
    last = words[-1] if words else "it said nothing; too little memory ends kernels so"
    return f"{name} stopped{place}, its kernel ended: {last}"


def check_declared(fragment: dict, prerequisites: dict[str, str], name: str) -> None:
    """Hold the Makefile to the truth: all that a notebook read must be a prerequisite.

    A stamp stands for all outputs of its notebook.

    Raises ChainError that names the files.
    """
    stamps = [read_stamp(project_root() / path) for path in prerequisites if BUILD in path]
    declared = set(prerequisites).union(*(stamp.get("outputs", ()) for stamp in stamps))
    missing = sorted(set(fragment["reads"] + fragment["modules"]) - declared)
    if missing and Path(missing[0]).is_absolute():
        raise ChainError(
            f"{name} used {missing[0]}, which is outside the project: run it by make, which has "
            "the checkout's own modules found first"
        )
    if missing:
        raise ChainError(
            f"{name} used {', '.join(missing)}, which the Makefile does not list "
            f"under {name}: add it there"
        )


def run(notebook: Path, outputs: str, listed: list[str]) -> str:
    """Bring one notebook's outputs up to date; returns what was done, in one line."""
    root, build, name = project_root(), build_folder(outputs), notebook.stem
    study = study_of(root, outputs)
    stamp_file, fragment_file = build / f"{name}.json", build / "fragments" / f"{name}.json"
    executed, log = build / f"{name}.ipynb", build / f"{name}.log"
    running, failed = build / f"{name}.running.ipynb", build / f"{name}.failed.ipynb"
    with lock(build / f"{name}.lock"):
        started = time.monotonic()
        stamp = read_stamp(stamp_file)
        prerequisites = {path: content_hash(root / path) for path in sorted(set(listed))}
        if is_current(stamp, prerequisites, root) and is_whole(executed, stamp):
            os.utime(stamp_file)
            return f"{name} is up to date"
        fragment_file.unlink(missing_ok=True)
        print(f"{name} starts", flush=True)
        source, parameters = notebook, dict[str, object]()
        if study != Study():
            fitted, parameters = adapt(
                json.loads(notebook.read_text(encoding="utf-8")), study, root
            )
            source = build / f"{name}.source.ipynb"
            write_json(source, fitted)
            parameters["outputs"] = outputs
        try:
            execute(source, running, parameters, notebook.parent, log)
        except Exception as error:
            message = describe(error, name, log)
            if running.exists():
                os.replace(running, failed)
                message += f"\n  the notebook as it failed: {failed.relative_to(root)}"
            raise ChainError(f"{message}\n  {KEPT.format(name)}") from error
        fragment = read_json(fragment_file)
        if not fragment:
            raise ChainError(
                f"{name} ended without publishing: its last cell must publish()\n"
                f"  {KEPT.format(name)}"
            )
        check_declared(fragment, prerequisites, name)
        for orphan in sorted(set(stamp.get("outputs", {})) - set(fragment["outputs"])):
            print(f"{orphan} is no longer made by {name} and is removed")
            (root / orphan).unlink(missing_ok=True)
        failed.unlink(missing_ok=True)
        os.replace(running, executed)
        seconds = round(time.monotonic() - started, 1)
        about = {"prerequisites": prerequisites, "seconds": seconds, "executed": sha256(executed)}
        write_json(stamp_file, fragment | about)
        os.utime(stamp_file)  # a stamp that says the same as before is new all the same
    return f"{name} ran in {seconds} s"


def allow_files() -> None:
    """Let this process and its kernel open as many files at once as they need.

    Raises ChainError where the machine allows fewer, over which libraries fail in many ways.
    """
    import resource  # Windows has none, where no notebook is run

    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < FILES:
        raise ChainError(f"too few files may be open at once, {most} of {FILES} (ulimit -n)")
    if now != resource.RLIM_INFINITY and now < FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, most))


def main() -> None:
    notebook, outputs, *prerequisites = sys.argv[1:]
    allow_files()
    try:
        print(run(project_root() / notebook, outputs, prerequisites), flush=True)
    except KeyboardInterrupt:
        sys.exit(f"{Path(notebook).stem} was interrupted")


if __name__ == "__main__":
    with one_line():
        main()
