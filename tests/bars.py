"""What `oda_eras.figures.bars` has drawn, for tests of figures."""

import numpy as np
from matplotlib.patches import PathPatch


def bars_of(ax) -> list[tuple[str, np.ndarray]]:
    """Labels of what `oda_eras.figures.bars` drew, and of each bar middle, width and height."""
    found = []
    for shape in ax.patches:
        if isinstance(shape, PathPatch):
            corners = shape.get_path().vertices.reshape(-1, 5, 2)
            size = corners[:, 2] - corners[:, 0]
            bars = np.column_stack([corners[:, 0, 0] + size[:, 0] / 2, size])
            found.append((shape.get_label(), bars))
    return found
