"""Executed notebooks are normalised to what repeats."""

from oda_eras.accept import normalise, to_text

CELL = {
    "id": "a",
    "cell_type": "code",
    "metadata": {
        "tags": ["parameters"],
        "papermill": {"duration": 0.1},
        "execution": {"iopub.status.busy": "2026-01-01"},
    },
    "execution_count": 3,
    "source": ["x = 1\n", "x"],
    "outputs": [
        {
            "output_type": "execute_result",
            "execution_count": 3,
            "metadata": {},
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
    for word in ("papermill", "start_time", "iopub", "3.11.7"):
        assert word not in text


def test_what_a_reader_needs_stays():
    code, markdown = normalise(NOTEBOOK)["cells"]
    assert code["metadata"] == {"tags": ["parameters"]}
    assert code["source"] == ["x = 1\n", "x"] and code["execution_count"] == 3
    assert code["outputs"][0]["data"] == {"image/png": "iVBOR", "text/plain": ["1"]}
    assert markdown["source"] == ["# Title"]


def test_normalising_twice_changes_nothing():
    once = normalise(NOTEBOOK)
    assert normalise(once) == once
