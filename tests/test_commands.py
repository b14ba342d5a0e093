"""What stops a command is told in one line with its cause, and a traceback is kept."""

import errno
import os

import pytest

from oda_eras import commands
from oda_eras.sources import DataError
from oda_eras.study import StudyError


def ended(tmp_path, monkeypatch, error: Exception) -> str:
    """What a command says that ends in this error."""
    monkeypatch.setattr(commands, "project_root", lambda: tmp_path)
    with pytest.raises(SystemExit) as end, commands.one_line():
        raise error
    return str(end.value)


OWN = [
    DataError("data/eras.csv", 3, "opens", "'x'", "a date"),
    StudyError("LAG=9: expected 0 to 5"),
]


@pytest.mark.parametrize("error", OWN, ids=["data", "study"])
def test_the_projects_own_errors_stand_for_themselves(tmp_path, monkeypatch, error):
    assert ended(tmp_path, monkeypatch, error) == str(error)
    assert not (tmp_path / ".build").exists()


def test_other_errors_leave_a_traceback_in_the_log(tmp_path, monkeypatch):
    told = ended(tmp_path, monkeypatch, KeyError("net"))
    # the innermost line of the project that the error passed
    assert told.startswith("KeyError: 'net' (commands.py, line ")
    assert told.endswith("\n  the traceback is in .build/error.log")
    assert "Traceback" in (tmp_path / ".build/error.log").read_text()


def test_a_machines_fault_is_told_before_what_a_library_makes_of_it(tmp_path, monkeypatch):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/x/panel.csv")
    error = AttributeError("'Stream' object has no attribute 'pos'")
    error.__context__ = full
    told = ended(tmp_path, monkeypatch, error)
    assert told.startswith("/x/panel.csv: no space is left on the disk")
    assert ended(tmp_path, monkeypatch, MemoryError()).startswith("there is not enough memory")


def test_a_log_that_cannot_be_written_is_not_named(tmp_path, monkeypatch):
    (tmp_path / ".build").write_text("a file where the folder should be")
    assert "error.log" not in ended(tmp_path, monkeypatch, KeyError("net"))
