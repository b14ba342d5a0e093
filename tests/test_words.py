"""The words of the notebooks, filled in."""

from conftest import ROOT

from oda_eras.words import SHARED, Words, read_sections


def test_a_shared_phrase_leaves_no_space_before_what_follows():
    shared = [name for name in read_sections(ROOT, SHARED) if name != SHARED]
    words = Words(ROOT, "03_patterns", {}, str, default=True)
    assert shared and all(words.known[name] == words.known[name].strip() for name in shared)
