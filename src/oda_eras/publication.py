"""How a notebook reads what earlier ones made and publishes its own outputs, together."""

import os
import shutil
import string
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from oda_eras.datapackage import field_type
from oda_eras.paths import build_folder, outputs_folder, project_root
from oda_eras.records import sha256, write_json
from oda_eras.sources import load_sources, short_source_line, source_line
from oda_eras.study import RECIPIENTS, Study, StudyError, study_of
from oda_eras.tables import to_latex, to_markdown

# names that English gives an article, by their first word or in full
WITH_ARTICLE = ("United", "Netherlands")


@dataclass(frozen=True)
class Words:
    """How text names what a run is about.

    donor "Japan" or "the United States"; whose "Japan's" or "the United States'"; region "the
    five" or the recipients by name; recipients by name; currency "yen"; base_year that of
    the donor's constant prices; constant their label, "constant 2023"; basis the label of the price
    basis that is tested; flow "net ODA" or "ODA grants"; prices the unit, such as "current US$";
    tested the series that is tested, of that flow in these prices.
    """

    donor: str
    whose: str
    region: str
    recipients: str
    currency: str
    base_year: int
    constant: str
    basis: str
    flow: str
    prices: str
    tested: str


def listed(names: Iterable[str]) -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"; none is an empty text."""
    names = list(names)
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def words_of(study: Study, donors: pd.DataFrame) -> Words:
    """The words for a study; `donors` is data/donors.csv."""
    row = donors.set_index("donor").loc[study.donor]
    donor = f"the {row['name']}" if row["name"].startswith(WITH_ARTICLE) else row["name"]
    names = [RECIPIENTS[code] for code in study.recipients]
    region = "the five" if len(names) == len(RECIPIENTS) else listed(names)
    # Japan's own series fixes 2023 as its base; the DAC's deflators have base 2021
    base_year = 2023 if study.donor == "JPN" else 2021
    constant = f"constant {base_year}"
    labels = {"current": "current", "constant": constant, "fixed_rate": "fixed exchange rate"}
    basis = labels[study.price_basis]
    flow = "net ODA" if study.measure == "net" else "ODA grants"
    prices = "US$ at a fixed exchange rate" if study.price_basis == "fixed_rate" else f"{basis} US$"
    return Words(
        donor=donor,
        whose=f"{donor}'" if donor.endswith("s") else f"{donor}'s",
        region=region,
        recipients=listed(names),
        currency="" if pd.isna(row.currency) else row.currency,
        base_year=base_year,
        constant=constant,
        basis=basis,
        flow=flow,
        prices=prices,
        tested=f"{flow} from {donor} to {region}, {prices}",
    )


def sentence_case(text: str) -> str:
    """Text with its first letter as a sentence has it, and all else as it is."""
    return text[:1].upper() + text[1:]


class Publication:
    """The inputs and outputs of one notebook run.

    Everything saved waits in a staging folder until `publish()`, which moves all of it into
    place; a notebook that fails before its end leaves the last good outputs as they were.

    Parameters
    ----------
    notebook : str
        Name of the notebook without its ending, such as "03_patterns".
    outputs : str
        The notebook's `outputs` parameter; a relative path starts at the project's root. Its name
        says which run it belongs to.
    study : Study, optional
        What the run is about, where the folder's name does not tell.
    parameters
        The notebook's other parameters.

    Raises StudyError where a parameter is not the one that the outputs folder's name tells, so
    that no run writes into another's outputs.
    """

    def __init__(self, notebook: str, outputs: str, study: Study | None = None, **parameters):
        self.notebook = notebook
        self.root = project_root()
        self.study = study or study_of(self.root, outputs)
        for name, value in parameters.items():
            expected = self.study.parameters[name]
            if value != expected:
                raise StudyError(
                    f"{name} is {value!r}, but {outputs} is the run with {expected!r}: set outputs "
                    "to a folder of its own, as make does (make help)"
                )
        self.outputs = outputs_folder(outputs)
        self.fragment_file = build_folder(outputs) / "fragments" / f"{notebook}.json"
        self.staging = self.outputs / ".staging" / notebook
        self.sources = load_sources(self.root)
        self._reads = {"data/sources.yml"}
        self._saved: dict[str, dict] = {}
        self._numbers: dict[str, dict] = {}
        shutil.rmtree(self.staging, ignore_errors=True)
        self.words = words_of(self.study, self.read_project("data/donors.csv"))

    def read(self, name: str, folder: str = "data") -> pd.DataFrame:
        """Read a table that an earlier notebook published, such as "panel"."""
        return self._read_csv(self.outputs / folder / f"{name}.csv")

    def read_project(self, name: str) -> pd.DataFrame:
        """Read a table that belongs to the project, such as "data/eras.csv"."""
        return self._read_csv(self.root / name)

    def cite(self, *sources: str) -> str:
        """Short source line with codes and vintages, for a figure's footer."""
        return short_source_line(self.sources, list(sources))

    def note_read(self, *paths: Path) -> None:
        """Record files read by other means, so that make knows what the notebook rests on."""
        self._reads.update(self._name(path) for path in paths)

    def _read_csv(self, path: Path) -> pd.DataFrame:
        if not path.is_file():
            raise FileNotFoundError(
                f"{self._name(path)} is not there: run the notebooks before this one first "
                "(make runs all of them in order)"
            )
        self.note_read(path)
        return pd.read_csv(path, keep_default_na=False, na_values=[""])

    def _name(self, path: Path) -> str:
        path = path.resolve()
        return path.relative_to(self.root).as_posix() if self.root in path.parents else str(path)

    def _stage(self, folder: str, name: str, **about) -> Path:
        staged = self.staging / folder / name
        staged.parent.mkdir(parents=True, exist_ok=True)
        self._saved[f"{folder}/{name}"] = about
        return staged

    def save_data(
        self,
        name: str,
        frame: pd.DataFrame,
        *,
        title: str,
        columns: dict[str, str],
        sources: list[str],
        folder: str = "data",
    ) -> None:
        """Stage a frame as CSV for later notebooks and for readers.

        Parameters
        ----------
        name : str
            File name without its ending.
        frame : DataFrame
            Values as they should be read, rounded by the caller.
        title : str
            What the table holds, in one line.
        columns : dict
            A description with unit for every column, in the frame's order.
        sources : list of str
            Ids in data/sources.yml.

        Raises ValueError where `columns` and the frame's columns differ, or a source is unknown.
        """
        if list(columns) != list(frame.columns):
            raise ValueError(f"{name}: described {list(columns)}, found {list(frame.columns)}")
        unknown = set(sources) - set(self.sources)
        if unknown:
            raise ValueError(f"{name}: no such source in data/sources.yml: {sorted(unknown)}")
        fields = [
            {"name": column, "type": field_type(frame[column]), "description": text}
            for column, text in columns.items()
        ]
        staged = self._stage(folder, f"{name}.csv", title=title, fields=fields, sources=sources)
        frame.to_csv(staged, index=False, lineterminator="\n")

    def save_table(
        self,
        name: str,
        frame: pd.DataFrame,
        *,
        title: str,
        columns: dict[str, str],
        sources: list[str],
        note: str = "",
        printed: pd.DataFrame | None = None,
    ) -> None:
        """Stage a result table for papers: CSV with raw numbers, Markdown and LaTeX to be read.

        `printed` is what Markdown and LaTeX show, with headers as they should read, where the
        frame itself is too wide or too long for a page; the CSV holds all of it either way.
        """
        self.save_data(name, frame, title=title, columns=columns, sources=sources, folder="tables")
        source = source_line(self.sources, sources)
        shown = frame if printed is None else printed
        legend = [f"`{column}`: {columns[column]}" for column in shown if column in columns]
        if printed is not None:
            note = f"{note} All {len(frame)} rows and {len(columns)} columns: {name}.csv.".strip()
        parts = [f"**{title}**", to_markdown(shown), note, "; ".join(legend), source]
        text = "\n\n".join(part for part in parts if part) + "\n"
        self._stage("tables", f"{name}.md").write_text(text, encoding="utf-8")
        notes = " ".join(part for part in (note, source) if part)
        latex = to_latex(shown, label=name, title=title, note=notes)
        self._stage("tables", f"{name}.tex").write_text(latex, encoding="utf-8")

    def save_figure(
        self,
        name: str,
        figure,
        *,
        data: pd.DataFrame,
        columns: dict[str, str],
        caption: str,
        alt: str,
        sources: list[str],
    ):
        """Stage a figure as PDF, SVG and PNG, with its data, caption and alt text beside it.

        Shows the figure with its alt text and returns the caption for display below it.

        Parameters
        ----------
        name : str
            File name without its ending, such as "f01_flows_by_recipient".
        figure : matplotlib Figure
            Drawn at its printed size.
        data : DataFrame
            Exactly what is plotted.
        columns : dict
            A description with unit for every column of `data`, in order.
        caption : str
            What the figure shows, with n, measure, price basis, region and calendar years.
        alt : str
            What there is to see, for a reader who can't.
        sources : list of str
            Ids in data/sources.yml; the source line with vintages is built from them.
        """
        from IPython.display import Markdown, display
        from matplotlib import pyplot as plt

        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # settled now; each format would settle it again
        # No time stamps, so that a rerun gives the same bytes.
        formats = {
            "pdf": {"metadata": {"CreationDate": None}},
            "svg": {"metadata": {"Date": None}},
            "png": {"dpi": 300},
        }
        for ending, options in formats.items():
            figure.savefig(self._stage("figures", f"{name}.{ending}"), **options)
        self.save_data(
            name, data, title=caption, columns=columns, sources=sources, folder="figures"
        )
        source = source_line(self.sources, sources)
        self._stage("figures", f"{name}.md").write_text(f"{caption}\n\n{source}\n", "utf-8")
        self._stage("figures", f"{name}.txt").write_text(f"{alt}\n", "utf-8")
        display(figure, metadata={"image/png": {"alt": alt}})
        plt.close(figure)
        return Markdown(f"**{name.split('_')[0]}** {caption} {source}")

    def save_number(self, name: str, value: float, text: str) -> None:
        """Keep a number that prose outside the notebook quotes, with the text that it prints as.

        Raises ValueError where the name is taken.
        """
        if name in self._numbers:
            raise ValueError(f"number {name!r} is saved twice in {self.notebook}")
        self._numbers[name] = {"value": round(float(value), 6), "text": text}

    def say(self, text: str, **values):
        """A paragraph whose numbers are computed; each is kept under its name for papers.

        Parameters
        ----------
        text : str
            Markdown with fields such as "{peak_total:.0f} million"; fields of `words`, such as
            "{donor}" or "{region}", may be used too.
        values
            Numbers by name, rounded as the field says; text may be passed too and is not kept.

        Returns what a notebook displays. Raises ValueError where a name is taken, KeyError where
        a field has no value.
        """
        from IPython.display import Markdown

        words = vars(self.words)
        parts = list(string.Formatter().parse(text))
        after = [literal for literal, *_ in parts[1:]] + [""]
        for (_, field, form, _), rest in zip(parts, after, strict=True):
            value = values.get(field)
            if isinstance(value, str) or field is None or field in words:
                continue
            # a percent sign that follows belongs to the number
            sign = "%" if rest.startswith("%") else ""
            self.save_number(field, values[field], format(value, form) + sign)
        return Markdown(sentence_case(text.format(**words, **values)))

    def publish(self) -> None:
        """Move everything staged into place and print what the notebook has published.

        A file whose content is as before is left alone, so that nothing later reruns for it.
        """
        outputs = {}
        for name, about in self._saved.items():
            staged, final = self.staging / name, self.outputs / name
            digest = sha256(staged)
            if not final.is_file() or sha256(final) != digest:
                final.parent.mkdir(parents=True, exist_ok=True)
                os.replace(staged, final)
            outputs[self._name(final)] = {"sha256": digest, **about}
        shutil.rmtree(self.staging, ignore_errors=True)
        modules = sorted(
            self._name(Path(module.__file__))
            for name, module in sys.modules.items()
            if name.split(".")[0] == "oda_eras" and getattr(module, "__file__", None)
        )
        fragment = {"notebook": self.notebook, "reads": sorted(self._reads), "modules": modules}
        fragment["numbers"] = self._numbers
        write_json(self.fragment_file, fragment | {"outputs": outputs})
        print("Published:", *sorted(self._saved), sep="\n  ")
