"""The set of figures that a run has saved: what belongs to each, and whether all of it is there."""

from pathlib import Path

import pandas as pd
from PIL import Image

from oda_eras.page import MM, PRINT_DPI, WIDTHS_MM, read_caption

# what every figure is saved as; its data may be one of the published tables
ENDINGS = ("pdf", "svg", "png", "md", "txt")


def read_figures(outputs: Path) -> pd.DataFrame:
    """The figures in an outputs folder, by number.

    Returns a frame with columns name, number, question, caption, source (line), data (the plotted
    table, from the outputs folder), alt, width_mm, height_mm. Raises FileNotFoundError where a
    figure lacks one of its files, ValueError where its caption file is not as `Notebook.figure`
    writes it.
    """
    rows = []
    for path in sorted((outputs / "figures").glob("f*.md")):
        missing = [e for e in ENDINGS if not path.with_suffix(f".{e}").is_file()]
        if missing:
            raise FileNotFoundError(f"{path.stem} lacks {', '.join(missing)}: run make")
        about = read_caption(path)
        number, question = about.heading.removeprefix("Figure ").split(". ", 1)
        with Image.open(path.with_suffix(".png")) as saved:  # its size, without its pixels
            width, height = saved.size
        rows.append(
            {
                "name": path.stem,
                "number": int(number),
                "question": question,
                "caption": about.caption,
                "source": about.source,
                "data": about.data,
                "alt": path.with_suffix(".txt").read_text(encoding="utf-8").strip(),
                "width_mm": round(width / PRINT_DPI / MM),
                "height_mm": round(height / PRINT_DPI / MM),
            }
        )
    columns = ["name", "number", "question", "caption", "source", "data", "alt"]
    return pd.DataFrame(rows, columns=[*columns, "width_mm", "height_mm"])


def faults(pictures: pd.DataFrame, outputs: Path) -> list[str]:
    """What is wrong with the set, a line each: sizes, texts, data that are not there."""
    lines = []
    for picture in pictures.itertuples():
        checks = {
            f"is {picture.width_mm} mm wide": picture.width_mm in WIDTHS_MM.values(),
            f"has the number {picture.number}": picture.name.startswith(f"f{picture.number:02d}_"),
            "asks no question": picture.question.endswith("?"),
            "names no source": picture.source.startswith("Source: "),
            "has no alt text": len(picture.alt) > 0,
            f"plots {picture.data}, which is not there": (outputs / picture.data).is_file(),
        }
        lines += [f"{picture.name} {fault}" for fault, holds in checks.items() if not holds]
    return lines


def markdown(pictures: pd.DataFrame, folder: str) -> str:
    """Every figure with its question above and its caption below, as image links from `folder`."""
    return "\n\n".join(
        f"### Figure {p.number}. {p.question}\n\n![{p.alt}]({folder}/figures/{p.name}.png)\n\n"
        f"{p.caption} {p.source} Data: `{p.data}`."
        for p in pictures.itertuples()
    )
