"""Executed notebooks are normalised to what repeats."""

import json

import pytest

from oda_eras.accept import accept, normalise, to_text
from oda_eras.stamps import write_json

CELL = {
    "id": "a",
    "cell_type": "code",
    "metadata": {
        "tags": ["parameters"],
        "jupyter": {"source_hidden": True},
        "papermill": {"duration": 0.1},
        "execution": {"iopub.status.busy": "2026-01-01"},
    },
    "execution_count": 3,
    "source": ["x = 1\n", "x"],
    "outputs": [
        {
            "output_type": "execute_result",
            "execution_count": 3,
            "metadata": {"image/png": {"alt": "One."}, "figure": "f05_x"},
            "transient": {"display_id": "key-figure"},
            "data": {"text/plain": "1", "image/png": "iVBOR"},
        }
    ],
}
NOTEBOOK = {
    "cells": [
        {
            "id": "e",
            "cell_type": "markdown",
            "metadata": {"tags": ["papermill-error-cell-tag"]},
            "source": "",
        },
        CELL,
        {"id": "m", "cell_type": "markdown", "metadata": {}, "source": "# Title"},
    ],
    "metadata": {"papermill": {"start_time": "now"}, "language_info": {"version": "3.11.7"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


def test_what_differs_between_runs_goes():
    text = to_text(normalise(NOTEBOOK))
    for word in ("papermill", "start_time", "iopub", "3.11.7", "transient"):
        assert word not in text


def test_what_a_reader_needs_stays():
    code, markdown = normalise(NOTEBOOK)["cells"]
    assert code["metadata"] == {"tags": ["parameters"], "jupyter": {"source_hidden": True}}
    assert code["source"] == ["x = 1\n", "x"] and code["execution_count"] == 3
    assert code["outputs"][0]["data"] == {"image/png": "iVBOR", "text/plain": ["1"]}
    assert code["outputs"][0]["metadata"] == {"image/png": {"alt": "One."}, "figure": "f05_x"}
    assert markdown["source"] == ["# Title"]


def test_normalising_twice_changes_nothing():
    once = normalise(NOTEBOOK)
    assert normalise(once) == once


@pytest.fixture
def executed(project, monkeypatch):
    """A scratch copy in which 03_patterns has run, with the stale readings that are given."""
    monkeypatch.chdir(project)
    stamp = {"prerequisites": {}, "outputs": {}, "reads": []}

    def run(*stale: str):
        build = project / ".build/JPN"
        write_json(build / "03_patterns.ipynb", NOTEBOOK)
        write_json(build / "03_patterns.json", stamp | {"stale": list(stale)})
        return project / "notebooks/03_patterns.ipynb"

    return run


def test_what_has_run_is_taken_over(executed, capsys):
    committed = executed()
    accept("outputs/JPN", ["03_patterns"])
    assert json.loads(committed.read_text()) == normalise(NOTEBOOK)
    assert capsys.readouterr().out == "notebooks/03_patterns.ipynb taken over\n"
    accept("outputs/JPN", ["03_patterns"])
    assert capsys.readouterr().out == ""


def test_what_was_made_on_request_is_taken_over_too(executed, capsys):
    root = executed().parents[1]
    (root / ".build/atlas/fragments").mkdir(parents=True)
    (root / "outputs/atlas").mkdir()
    write_json(root / "outputs/atlas/atlas.ipynb", NOTEBOOK)
    write_json(root / ".build/atlas/fragments/atlas.json", {"stale": []})
    accept("outputs/JPN", ["03_patterns"])
    assert json.loads((root / "notebooks/on_request/atlas.ipynb").read_text()) == normalise(
        NOTEBOOK
    )
    assert "\nnotebooks/on_request/atlas.ipynb taken over\n" in capsys.readouterr().out
    write_json(root / ".build/atlas/fragments/atlas.json", {"stale": ["line 5: expected a > 1"]})
    with pytest.raises(SystemExit, match="line 5: expected"):
        accept("outputs/JPN", ["03_patterns"])
    (root / ".build/atlas/fragments/atlas.json").unlink()  # as make clean does
    accept("outputs/JPN", ["03_patterns"])


def test_all_are_taken_over_or_none(executed):
    committed = executed()
    before = committed.read_text()
    build = committed.parents[1] / ".build/JPN"
    (build / "04_decisions.json").write_text((build / "03_patterns.json").read_text())
    (build / "04_decisions.ipynb").write_text('{"cells": [')
    with pytest.raises(KeyError):
        accept("outputs/JPN", ["03_patterns", "04_decisions"])
    assert committed.read_text() == before


def test_stale_readings_are_not_taken_over(executed):
    committed = executed("notebooks/words/03_patterns.md, line 5: expected a > 1, but a is 0")
    before = committed.read_text()
    with pytest.raises(SystemExit, match=r"readings no longer hold: rewrite .*\n.*line 5: exp"):
        accept("outputs/JPN", ["03_patterns"])
    assert committed.read_text() == before
