"""Decisions by content, kernels that stay by themselves, errors in a few lines."""

import errno
import json
from pathlib import Path

import pytest
from conftest import ROOT
from papermill.exceptions import PapermillExecutionError

from oda_eras import run
from oda_eras.paths import build_folder, outputs_folder, project_root
from oda_eras.run import CONDITIONS, LEFT_OUT, ChainError, adapt
from oda_eras.stamps import NotebookError, content_hash, lock, read_json, sha256, write_json
from oda_eras.study import Study


def test_what_a_kernel_writes_to_stderr_is_taken_out_of_the_notebook(tmp_path):
    path = tmp_path / "executed.ipynb"
    stream = {"output_type": "stream", "name": "stdout", "text": ["shown\n"]}
    warned = stream | {"name": "stderr", "text": ["mkdir -p failed\n", "for path\n"]}
    notebook = {"cells": [{"outputs": [warned, stream]}, {"source": "# no output"}]}
    write_json(path, notebook)
    assert run.take_stderr(path) == "mkdir -p failed\nfor path\n"
    assert read_json(path) == {"cells": [{"outputs": [stream]}, {"source": "# no output"}]}
    assert run.take_stderr(path) == run.take_stderr(tmp_path / "none.ipynb") == ""


def test_errors_name_notebook_and_cell():
    error = PapermillExecutionError(6, 4, "", "DataError", "data/raw/x.csv, row 3", [])
    assert run.describe(error, "01_clean", Path("no log")) == (
        "01_clean stopped in cell 7: DataError: data/raw/x.csv, row 3"
    )


def test_of_a_kernel_that_did_not_start_the_last_words_are_told(tmp_path):
    log = tmp_path / "01_clean.log"
    log.write_text("Traceback ...\nRuntimeError: can't start new thread\nError occurred\n")
    error = RuntimeError("Kernel died before replying to kernel_info")
    assert run.describe(error, "01_clean", log) == (
        "01_clean stopped, its kernel ended: RuntimeError: can't start new thread"
    )
    log.unlink()
    assert "too little memory" in run.describe(error, "01_clean", log)
    full = OSError(errno.ENOSPC, "no space", "x.csv")
    assert run.describe(full, "01_clean", log).endswith(": x.csv: no space is left on the disk")


def test_an_undeclared_prerequisite_is_refused():
    fragment = {"reads": ["data/eras.csv"], "modules": ["src/oda_eras/eras.py"]}
    with pytest.raises(run.ChainError, match=r"06_eras used data/eras.csv, src/oda_eras/eras.py"):
        run.check_declared(fragment, {"notebooks/06_eras.ipynb": "hash"}, "06_eras")
    run.check_declared(fragment, {"data/eras.csv": "", "src/oda_eras/eras.py": ""}, "06_eras")


def test_a_stamp_is_current_only_for_the_same_content(tmp_path):
    output = tmp_path / "table.csv"
    output.write_text("a\n1\n")
    stamp = {
        "prerequisites": {"x": "1"},
        "outputs": {"table.csv": {"sha256": sha256(output)}},
    }
    assert run.is_current(stamp, {"x": "1"}, tmp_path)
    assert not run.is_current(stamp, {"x": "2"}, tmp_path)
    assert not run.is_current({}, {"x": "1"}, tmp_path)
    output.write_text("a\n2\n")
    assert not run.is_current(stamp, {"x": "1"}, tmp_path)
    output.unlink()
    assert not run.is_current(stamp, {"x": "1"}, tmp_path)


def test_a_notebooks_hash_follows_its_sources_not_its_outputs(tmp_path):
    notebook = json.loads((ROOT / "notebooks/02_measures.ipynb").read_text())
    path = tmp_path / "a.ipynb"

    def hashed() -> str:
        path.write_text(json.dumps(notebook))
        return content_hash(path)

    first = hashed()
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    assert hashed() == first
    notebook["cells"][0]["source"] = "# another title"
    assert hashed() != first
    titled = hashed()
    notebook["cells"][0]["metadata"]["jupyter"] = {"source_hidden": True}
    folded = hashed()
    notebook["cells"][0]["metadata"]["tags"] = ["only-article"]
    assert len({titled, folded, hashed()}) == 3


def test_a_merge_conflict_in_a_notebook_is_named_with_its_line(tmp_path):
    path = tmp_path / "02_measures.ipynb"
    path.write_text('{\n "cells": [\n<<<<<<< HEAD\n ]\n}\n')
    with pytest.raises(NotebookError, match=r"^notebooks/02_measures\.ipynb, line 3: "):
        content_hash(path)


def test_broken_json_reads_as_absent(tmp_path):
    path = tmp_path / "stamp.json"
    assert read_json(path) == {}
    write_json(path, {"a": 1})
    assert read_json(path) == {"a": 1}
    path.write_text('{"a":')
    assert read_json(path) == {}


def test_a_lock_is_free_again_after_use(tmp_path):
    with lock(tmp_path / "x" / "a.lock"):
        pass
    with lock(tmp_path / "x" / "a.lock"):
        pass


def test_the_root_is_found_from_inside_and_from_elsewhere(project, tmp_path, monkeypatch):
    assert project_root(project / "notebooks") == project
    assert project_root(tmp_path) == ROOT  # outside any checkout: where the package lives
    monkeypatch.chdir(project / "data")
    assert outputs_folder("outputs/JPN") == project / "outputs/JPN"
    assert build_folder("outputs/JPN") == project / ".build/JPN"


def cell(source, *tags, kind="code"):
    return {"cell_type": kind, "id": source[:8], "metadata": {"tags": list(tags)}, "source": source}


PARAMETERS = cell('donor = "JPN"\nlag = 0\noutputs = "outputs/JPN"', "parameters")


def kept(study: Study, *cells) -> list[str]:
    """What is left of cells that follow the parameters in a run."""
    fitted, _ = adapt({"cells": [PARAMETERS, *cells]}, study, ROOT)
    return [c["source"] for c in fitted["cells"][1:]]


def test_another_run_leaves_the_article_and_japans_readings_out():
    cells = [
        cell("a", "only-article"),
        cell("b", "only-article", kind="markdown"),
        cell("c"),
        cell("d", "only-default"),
        cell("e", "only-article"),
    ]
    told = LEFT_OUT["only-article"]
    assert kept(Study(donor="DEU", lag=2), *cells) == [told, "c", told]
    _, parameters = adapt({"cells": [PARAMETERS, *cells]}, Study(donor="DEU", lag=2), ROOT)
    assert parameters == {"donor": "DEU", "lag": 2}


UZBEKISTAN, OTHERS = ("UZB",), ("KAZ", "KGZ")
HOLDS = [
    ("only-article", Study(), Study(lag=1)),
    ("only-default", Study(), Study(donor="KOR")),
    ("only-net", Study(measure="grants"), Study(measure="gross")),
    ("only-given-eras", Study(lag=1), Study(donor="KOR")),
    ("only-given-eras", Study(scheme="article"), Study(scheme="data_driven")),
    ("only-several-recipients", Study(recipients=OTHERS), Study(recipients=UZBEKISTAN)),
    (
        "only-with-and-without-uzbekistan",
        Study(recipients=("KAZ", "UZB")),
        Study(recipients=UZBEKISTAN),
    ),
    ("only-with-and-without-uzbekistan", Study(), Study(recipients=OTHERS)),
]


@pytest.mark.parametrize(("condition", "held", "failed"), HOLDS)
def test_a_tagged_cell_stays_only_where_its_condition_holds(condition, held, failed):
    tagged = [cell("a", condition), cell("b")]
    assert kept(held, *tagged) == ["a", "b"]
    told = [LEFT_OUT[condition]] if condition in LEFT_OUT else []
    assert kept(failed, *tagged) == [*told, "b"]


def test_every_condition_is_tried_and_holds_for_the_default_run():
    assert {condition for condition, *_ in HOLDS} == set(CONDITIONS)
    cells = [cell(condition, condition) for condition in CONDITIONS]
    assert kept(Study(), *cells) == list(CONDITIONS)


def test_all_conditions_of_a_cell_must_hold():
    both = cell("a", "only-several-recipients", "only-given-eras")
    assert kept(Study(), both) == ["a"]
    assert kept(Study(recipients=UZBEKISTAN), both) == kept(Study(donor="KOR"), both) == []


def test_a_condition_that_is_none_is_named():
    with pytest.raises(ChainError, match="cell 2 is tagged only-sundays, no condition; there are:"):
        kept(Study(donor="DEU"), cell("a", "only-sundays"))


def test_markdown_that_names_japan_names_the_donor_of_the_run():
    text = "Did Japan's flows to the five move, or did Japan's and others'? Japan's name stays."
    named = cell("a", "names-donor") | {"cell_type": "markdown", "source": text}
    plain = named | {"metadata": {}}
    usa = Study(donor="USA", recipients=("KAZ", "UZB"))
    fitted, _ = adapt({"cells": [PARAMETERS, named, plain]}, usa, ROOT)
    assert fitted["cells"][1]["source"] == (
        "Did the United States' flows to Kazakhstan and Uzbekistan move, or did the United States' "
        "and others'? The United States' name stays."
    )
    assert fitted["cells"][2]["source"] == text


def test_markdown_leaves_out_what_a_run_lacks_and_names_its_flow():
    text = "## Net flows<!-- only-net -->\n\nNet ODA is known.<!-- /only-net --> The Japanese part."
    named = cell("a", "names-donor") | {"cell_type": "markdown", "source": text}
    fitted, _ = adapt({"cells": [PARAMETERS, named]}, Study(measure="gross"), ROOT)
    assert fitted["cells"][1]["source"] == "## Gross flows The Japanese part."
    fitted, _ = adapt({"cells": [PARAMETERS, named]}, Study(lag=1), ROOT)
    assert fitted["cells"][1]["source"] == "## Net flows\n\nNet ODA is known. The Japanese part."


def test_a_notebook_without_parameters_is_named_a_mistake():
    with pytest.raises(ChainError, match="no cell is tagged parameters"):
        adapt({"cells": [cell("a")]}, Study(donor="DEU"), ROOT)


def test_every_parameter_reaches_a_notebook():
    declared = set()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        declared |= set(adapt(notebook, Study(donor="DEU"), ROOT)[1])
    assert declared == set(Study().parameters)


def test_the_committed_notebooks_name_only_conditions():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        adapt(json.loads(path.read_text(encoding="utf-8")), Study(), ROOT)
