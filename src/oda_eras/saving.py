"""Save a figure, drawing it once."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

CANVASES = {
    "pdf": FigureCanvasPdf, "svg": FigureCanvasSVG, "png": FigureCanvasAgg, "webp": FigureCanvasAgg
}  # fmt: skip


def save(figure: Figure, path: Path, dpi: float | None = None, **options) -> None:
    """Save a figure whose layout is settled, to the byte as its `savefig` does.

    That draws twice, first to learn what could be cut from the edges: nothing is cut here. `dpi`
    is the figure's own by default; options are those of the format, such as metadata.
    """
    ending, canvas, own = path.suffix[1:], figure.canvas, figure.dpi
    figure.dpi = dpi or own
    try:
        getattr(CANVASES[ending](figure), f"print_{ending}")(path, **options)
    finally:
        figure.set_canvas(canvas)
        figure.dpi = own
