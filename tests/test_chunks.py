"""Work in chunks: what is kept, what is made again, and workers that die."""

import os
import sys
from pathlib import Path

import pandas as pd
import pytest

from oda_eras import chunks
from oda_eras.chunks import Workers, WorkersError


def doubled(chunk: pd.DataFrame) -> pd.DataFrame:
    return chunk.assign(twice=2 * chunk.x / 3, name=chunk.name)


def dies_once(chunk: pd.DataFrame) -> pd.DataFrame:
    """Kill the worker the first time that the second chunk is worked on."""
    here = Path(chunk.folder.iloc[0]) / "died"
    if chunk.x.iloc[0] == 2 and not here.exists():
        here.touch()
        os._exit(1)
    return chunk[["x"]]


def always_dies(chunk: pd.DataFrame) -> pd.DataFrame:
    os._exit(1)


def made(work, given, folder, made_by="a", workers=1) -> pd.DataFrame:
    with Workers(workers) as pool:
        return chunks.made(work, given, folder, made_by, pool)


def parts(number: int = 4, **others) -> list[pd.DataFrame]:
    return [pd.DataFrame({"x": [x, x + 0.1], "name": ["NA", "b"]} | others) for x in range(number)]


@pytest.fixture
def in_this_process(monkeypatch) -> list[str]:
    """Names of the chunks that were made, without a pool."""
    names = []

    def done(self, work, left):
        for name, chunk in reversed(left.items()):  # order of completion is no order of rows
            names.append(name)
            yield name, chunks.as_csv(work, chunk)

    monkeypatch.setattr(Workers, "done", done)
    return names


def test_only_what_is_missing_is_made_and_the_result_is_the_same(in_this_process, tmp_path):
    first = made(doubled, parts(), tmp_path)
    pd.testing.assert_frame_equal(first, doubled(pd.concat(parts(), ignore_index=True)))
    assert len(in_this_process) == 4
    lost = sorted(tmp_path.glob("doubled-*"))[1]
    lost.unlink()
    again = made(doubled, parts(), tmp_path)
    pd.testing.assert_frame_equal(again, first)
    assert in_this_process[4:] == [lost.name]


def test_other_data_and_other_rules_make_other_chunks(in_this_process, tmp_path):
    made(doubled, parts(), tmp_path)
    (tmp_path / "other-1.csv").touch()
    changed = parts()
    changed[2].loc[0, "x"] = 9
    assert made(doubled, changed, tmp_path).x.tolist()[4] == 9
    assert len(in_this_process) == 5
    made(doubled, changed, tmp_path, "b")
    assert len(in_this_process) == 9
    assert len(list(tmp_path.glob("doubled-*"))) == 4 and (tmp_path / "other-1.csv").exists()


def test_a_chunk_cut_short_is_not_taken_for_one(in_this_process, tmp_path):
    def stops(chunk):
        if chunk.x.iloc[0] == 0:
            raise KeyboardInterrupt
        return chunk

    stops.__name__ = "doubled"
    with pytest.raises(KeyboardInterrupt):
        made(stops, parts(), tmp_path)
    assert len(list(tmp_path.glob("doubled-*.csv"))) == 3
    made(doubled, parts(), tmp_path)
    assert len(in_this_process) == 5


def test_a_dead_workers_chunks_are_given_to_others(tmp_path):
    found = made(dies_once, parts(folder=str(tmp_path)), tmp_path / "kept", "a", 2)
    assert (tmp_path / "died").exists()
    assert found.x.tolist() == [0, 0.1, 1, 1.1, 2, 2.1, 3, 3.1]


def test_a_chunk_that_kills_every_worker_ends_with_a_word_to_a_person(monkeypatch, tmp_path):
    monkeypatch.setattr(chunks, "TRIES", 1)
    with pytest.raises(WorkersError, match="always_dies: workers died 2 times, chunks left: 1"):
        made(always_dies, parts(1), tmp_path, "a", 2)


def test_a_cluster_without_dask_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv(chunks.ADDRESS, "tcp://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(WorkersError, match=r"install the extra .*\[atlas\]"):
        made(doubled, parts(1), tmp_path)


def test_a_cluster_gives_the_same_and_survives_a_lost_worker(monkeypatch, tmp_path):
    distributed = pytest.importorskip("distributed", reason="the extra atlas is not installed")
    alone = made(dies_once, parts(2, folder=str(tmp_path)), tmp_path / "alone")
    with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=":0") as cluster:
        monkeypatch.setenv(chunks.ADDRESS, cluster.scheduler_address)
        given = parts(4, folder=str(tmp_path))
        found = made(dies_once, given, tmp_path / "kept")
    assert (tmp_path / "died").exists()
    pd.testing.assert_frame_equal(found.iloc[:4], alone)
    assert len(found) == 8
