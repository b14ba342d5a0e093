"""What make remembers of a notebook, where it is damaged."""

import pytest

from oda_eras.stamps import read_stamp


@pytest.mark.parametrize("stamp", ["", "[1]", '{"a": 1}', "\x00\xff"])
def test_a_broken_stamp_reads_as_none(tmp_path, stamp):
    (tmp_path / "09_figures.json").write_text(stamp, encoding="latin-1")
    assert read_stamp(tmp_path / "09_figures.json") == {}
