"""What bench tells beside times: the path that waits longest, and whether engines agree."""

import json
import subprocess
import sys

import numpy as np
import pytest

from oda_eras import atlas
from oda_eras.atlas_bench import MOST_MEBIBYTES, by_r, made_up
from oda_eras.bench import critical_path
from oda_eras.chunks import Workers
from oda_eras.engines import tell


def stamp(seconds: float, reads: list[str], makes: list[str]) -> dict:
    return {
        "seconds": seconds,
        "prerequisites": dict.fromkeys(reads),
        "outputs": dict.fromkeys(makes),
    }


def test_the_critical_path_is_the_slowest_chain_and_not_the_longest():
    stamps = {
        "01": stamp(2, ["raw"], ["a"]),
        "02": stamp(1, ["a"], ["b"]),
        "03": stamp(5, ["a"], ["c"]),
        "04": stamp(1, ["b"], ["d"]),
        # a notebook may wait for another's stamp, as the gallery does
        "05": stamp(1, ["d", ".build/JPN/03.json"], []),
    }
    assert critical_path(stamps) == ["01", "03", "05"]
    stamps["02"]["seconds"] = 5
    assert critical_path(stamps) == ["01", "02", "04", "05"]


def test_an_engine_that_finds_something_else_is_named(capsys):
    tell("a case", 0.1, "strucchange", 0.5, same=True)
    tell("a case", 0.1, "strucchange", 0.5, same=False)
    right, wrong = capsys.readouterr().out.splitlines()
    assert "5.0 times as long; the same results" in right and "OTHER RESULTS" in wrong


def test_a_case_of_the_atlas_is_timed_in_a_process_of_its_own():
    # a process counts the memory of the one that started it, here this large one: a shell between
    for workers in (1, 2):
        command = f'"{sys.executable}" -m oda_eras.atlas_bench 20 {workers}; exit $?'
        run = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
        found = json.loads(run.stdout.splitlines()[-1])
        assert found["seconds"] > 0 and found["processor"] > 0
        assert 50 < found["mebibytes"] < MOST_MEBIBYTES
        # workers that all are up before the clock starts have had to load their libraries
        assert (found["before"] > 0.3) == (workers == 2)


def test_the_atlas_finds_what_strucchange_finds(tmp_path):
    theirs = by_r(40)
    if theirs is None:
        pytest.skip("R with strucchange is not installed")
    with Workers(1) as pool:
        ours = atlas.tested(made_up(40), tmp_path, pool)
    assert ours.bic.tolist() == theirs["bic"]
    np.testing.assert_allclose(ours.sup_f, theirs["sup_f"], rtol=1e-9)
