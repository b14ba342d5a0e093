"""What a notebook publishes: all at once, unchanged where nothing changed, recorded for make."""

import json

import pytest

from oda_eras.staging import Staging


@pytest.fixture
def staging(project, monkeypatch) -> Staging:
    monkeypatch.chdir(project / "notebooks")
    return Staging("03_patterns", "outputs/DEU")


def test_nothing_appears_before_the_end(staging):
    staging.stage("data/t.csv").write_text("a\n1\n")
    assert not (staging.outputs / "data/t.csv").exists()
    staging.publish()
    assert (staging.outputs / "data/t.csv").read_text() == "a\n1\n"
    assert not staging.folder.exists()


def test_what_a_run_that_failed_has_staged_is_forgotten(staging):
    staging.stage("data/half.csv").write_text("a\n")
    again = Staging("03_patterns", "outputs/DEU")
    again.publish()
    assert not (again.outputs / "data/half.csv").exists() and not staging.folder.exists()


def test_a_file_that_stays_the_same_is_not_rewritten(staging):
    def publish(text: str) -> tuple[int, int]:
        again = Staging("03_patterns", "outputs/DEU")
        again.stage("data/t.csv").write_text(text)
        again.publish()
        found = (again.outputs / "data/t.csv").stat()
        return found.st_mtime_ns, found.st_ino

    before = publish("a\n1\n")
    assert publish("a\n1\n") == before
    assert publish("a\n2\n") != before


def test_the_fragment_tells_modules_outputs_and_what_it_is_given(staging):
    staging.stage("data/t.csv", title="A table").write_text("a\n1\n")
    staging.publish(reads=["data/eras.csv"], stale=[])
    fragment = json.loads(staging.fragment_file.read_text())
    assert fragment["notebook"] == "03_patterns"
    assert fragment["reads"] == ["data/eras.csv"] and fragment["stale"] == []
    about = fragment["outputs"]["outputs/DEU/data/t.csv"]
    assert about["title"] == "A table" and len(about["sha256"]) == 64
    assert any(name.endswith("src/oda_eras/staging.py") for name in fragment["modules"])
