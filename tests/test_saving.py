"""A figure is saved to the byte as matplotlib would, is as it was afterwards, and fits a screen."""

import io

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from oda_eras.page import STYLE
from oda_eras.saving import PACKED, for_screen, save

FORMATS = {
    "pdf": {"metadata": {"CreationDate": None}},
    "svg": {"metadata": {"Date": None}},
    "png": {"dpi": 300, "pil_kwargs": PACKED["png"]},
    "webp": {"dpi": 288, "pil_kwargs": PACKED["webp"]},
}


@pytest.mark.parametrize("ending", FORMATS)
def test_the_bytes_are_those_of_savefig(tmp_path, ending):
    with mpl.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, layout="constrained")
        left.bar([1, 2, 3], [1, 4, 2], hatch="//")
        right.plot([1992, 2023], [0, 384])
        right.legend(["a label"])
        figure.get_layout_engine().execute(figure)
        figure.set_layout_engine("none")
        dpi, canvas = figure.dpi, figure.canvas
        ours, theirs = (tmp_path / f"{who}.{ending}" for who in ("ours", "theirs"))
        save(figure, ours, **FORMATS[ending])
        assert (figure.dpi, figure.canvas) == (dpi, canvas)
        figure.savefig(theirs, **FORMATS[ending])
        plt.close(figure)
    assert ours.read_bytes() == theirs.read_bytes()


def test_for_a_screen_the_same_picture_is_smaller(tmp_path):
    figure = plt.figure(figsize=(3, 2), facecolor="#009E73")
    figure.add_axes((0, 0, 0.5, 1), facecolor="black")
    drawn = save(figure, tmp_path / "f.png", dpi=300)
    plt.close(figure)
    shown = Image.open(io.BytesIO(for_screen(drawn, 110 / 300)))
    assert shown.size == (330, 220)
    assert [shown.getpixel(place) for place in ((80, 110), (250, 110))] == [
        (0, 0, 0), (0, 0x9E, 0x73)
    ]  # fmt: skip
