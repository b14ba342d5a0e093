"""What a notebook of the chain does in one line: read, say, show a table or a figure, publish."""

import re
from pathlib import Path

import pandas as pd
from IPython import InteractiveShell
from IPython.display import Image, Markdown, display
from matplotlib import pyplot as plt
from matplotlib.text import Text

from oda_eras import measures, page
from oda_eras.codebook import CODEBOOK, Described, read_codebook
from oda_eras.datapackage import field_type
from oda_eras.naming import eras_in_full, naming_of
from oda_eras.paths import name_in_project, project_root
from oda_eras.saving import PACKED, for_screen, save
from oda_eras.sources import citation_key, load_sources, short_source_line, source_line
from oda_eras.staging import Staging
from oda_eras.study import LEVEL, OF_THE_FIVE, RECIPIENTS, Study, StudyError, study_of
from oda_eras.tables import Printed, to_latex, to_markdown
from oda_eras.words import FOLDER, SHARED, Words

# The outputs of a notebook's first cell, filled in at its end.
ANSWER, KEY_FIGURE, KEY_CAPTION = "in-short", "key-figure", "key-caption"
WAITING = "*In short: shown here once the notebook has run.*"
# codes of measures that are not the word for them
MEASURES = {
    "gross_loans": "gross loans", "loans_net": "net loans",
    "technical_cooperation": "technical cooperation",
}  # fmt: skip
# tables of the five, and what a run on any recipients has its flows from
OF_FIVE = {
    "wdi_net_oda_by_donor", "dac2a_grants_by_donor", "crs_gross_current", "crs_japan_sectors_2012",
    "article_oda_2016_2020",
}  # fmt: skip
FOR_ALL = ["dac2a_world", "crs_world", "dac_deflators"]
SUMS = {measures.ALL: "All recipients", measures.WITHOUT_UZB: "Without Uzbekistan"}


def show(thing, **options) -> None:
    """Display something; a plain Python process, such as `oda_eras.all_donors`, has no place."""
    if InteractiveShell.initialized():
        display(thing, **options)


def fill(place: str, thing, **options) -> None:
    """Display something in a place that `opening` holds."""
    show(thing, display_id=place, update=True, **options)


def opening(figure: bool = True) -> None:
    """Hold the place of the answer and the key figure, if any, which the end fills in."""
    show(Markdown(WAITING), display_id=ANSWER)
    if figure:
        for place in (KEY_FIGURE, KEY_CAPTION):
            show(Markdown(""), display_id=place)


class Notebook:
    """One notebook of a run: its inputs, its words, and the outputs that it publishes together.

    Parameters
    ----------
    name : str
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

    def __init__(self, name: str, outputs: str, study: Study | None = None, **parameters):
        self.root = project_root()
        self.study = study or study_of(self.root, outputs)
        for parameter, value in parameters.items():
            expected = self.study.parameters[parameter]
            if value not in (None, expected):
                raise StudyError(
                    f"{parameter} is {value!r}, but {outputs} is the run with {expected!r}: set "
                    "outputs to a folder of its own, as make does (make help)"
                )
        self.staging = Staging(name, outputs)
        self.sources = load_sources(self.root)
        self.reads = {"data/sources.yml", *(f"{FOLDER}/{file}.md" for file in (SHARED, name))}
        donors = self.read_project("data/donors.csv")
        self.recipients = RECIPIENTS
        listed = None
        if not self.study.in_central_asia:
            listed = self.read_project("data/recipients.csv")
            names = listed.set_index("recipient").name
            self.recipients = {code: names[code] for code in self.study.recipients}
            page.show_recipients(self.recipients)
        self.naming = naming_of(self.study, donors, listed)
        self.names = dict(zip(donors.donor, donors.name, strict=True)) | self.recipients | SUMS
        self.names |= MEASURES
        if self.naming.region == "the five":
            self.names[measures.ALL] = "All five"
        given_eras = not self.study.has_data_driven_eras(self.root)
        known = vars(self.naming) | {"study": self.study, "given_eras": given_eras, "level": LEVEL}
        self.eras = pd.DataFrame()
        self.words = Words(self.root, name, known, self.named, default=self.naming.default)

    # Reading

    def read(
        self, name: str, folder: str = "data", columns: list[str] | None = None
    ) -> pd.DataFrame:
        """Read a table that an earlier notebook published, such as "panel"; of a long one some
        columns.
        """
        path = self.staging.outputs / folder / f"{name}.csv"
        packed = path.with_suffix(".csv.gz")
        return self._read_csv(packed if packed.is_file() else path, columns)

    def read_project(self, name: str) -> pd.DataFrame:
        """Read a table that belongs to the project, such as "data/eras.csv"."""
        return self._read_csv(self.root / name)

    def read_eras(self) -> pd.DataFrame:
        """The schemes of eras that the run can be set against, in the form of data/eras.csv."""
        eras = self.read_project(self.study.eras_file)
        about_others = eras.scheme.isin(OF_THE_FIVE) & (not self.study.in_central_asia)
        return eras if self.study.eras else eras[~about_others]

    def codebook(self) -> dict[str, Described]:
        """What data/README.md says of the tables of data/, by path in it."""
        self.reads.add(CODEBOOK)
        return read_codebook(self.root)

    def note_read(self, *paths: Path) -> None:
        """Record files read by other means, so that make knows what the notebook rests on."""
        self.reads.update(name_in_project(path) for path in paths)

    def _read_csv(self, path: Path, columns: list[str] | None = None) -> pd.DataFrame:
        if not path.is_file():
            raise FileNotFoundError(
                f"{name_in_project(path)} is not there: run the notebooks before this one first "
                "(make runs all of them in order)"
            )
        self.note_read(path)
        return pd.read_csv(path, keep_default_na=False, na_values=[""], usecols=columns)

    # Showing

    def call(self, codes: pd.Series, names: pd.Series) -> None:
        """Give codes a name, such as eras their labels, in the tables that are shown."""
        self.names |= dict(zip(codes, names, strict=True))

    def call_eras(self, scheme: pd.DataFrame) -> None:
        """Give eras their short names, which figures that show them explain below."""
        self.call(scheme.era, scheme.label)
        self.eras = scheme

    def named(self, code) -> str:
        """A code by its name; of "E0 to E1" or a list, each part; other text as it is."""
        parts = re.split("( to |, )", str(code))
        return "".join(str(self.names.get(part, part)) for part in parts)

    def say(self, section: str, **given) -> None:
        """Show a paragraph of the words, with the values that it uses."""
        text = self.words.say(section, given)
        if text:
            show(Markdown(text))

    def in_short(self, *sections: str, **given) -> None:
        """Fill in the answer at the top: a bullet for each section, with the values of all."""
        used = {section: self._only_used(section, given) for section in sections}
        unused = set(given) - {name for some in used.values() for name in some}
        if unused:
            raise ValueError(f"in_short is given {', '.join(sorted(unused))}, used by no section")
        before = len(self.words.numbers.told)
        told = [self.words.say(section, some) for section, some in used.items()]
        self.words.numbers.mark(self.words.numbers.told[before:])
        bullets = "\n".join(f"- {text}" for text in told if text)
        fill(ANSWER, Markdown(f"**In short**\n\n{bullets}"))

    def _only_used(self, section: str, given: dict) -> dict:
        unused = self.words.unused_names(self.words.section(section, "say"), given)
        return {name: value for name, value in given.items() if name not in unused}

    def table(self, name: str, frame: pd.DataFrame, shown=None, **given) -> None:
        """Show a table under its number and title; one named t.. is published as well.

        Parameters
        ----------
        name : str
            Section of the words: title, unit, note, and the columns with how they are printed.
        frame : DataFrame
            All rows, values as they should be read; a named index counts as columns.
        shown : DataFrame, optional
            The rows to print, where they are not all.
        """
        section = self.words.section(name, "table")
        self.words.check_given(section, given)
        frame = flat(frame)
        shown = frame if shown is None else flat(shown)
        text = {
            field: self.words.text(section, field, given)
            for field in ("title", "unit", "note", "sources", "empty")
        }
        title = f"{text['title']} ({text['unit']})"
        note = f"Note: {text['note']}" if text["note"] else ""
        printed = Printed(shown, self.words.printed_columns(section, given), self.named)
        number, sources = self.words.ref(name), self._ids(text["sources"])
        if re.match(r"t\d\d_", name):
            described = self.words.described(section, list(frame.columns), given)
            self._save(f"tables/{name}.csv", frame, title, described, sources)
            parts = [f"**{number}. {title}**", to_markdown(printed), note]
            parts.append(source_line(self.sources, sources))
            parts.append(f"Keys: {', '.join(map(citation_key, sources))}." if sources else "")
            body = "\n\n".join(part for part in parts if part)
            self.staging.stage(f"tables/{name}.md").write_text(f"{body}\n", encoding="utf-8")
            below = f"{note} {short_source_line(self.sources, sources)}".strip()
            latex = to_latex(printed, label=name, title=title, note=below)
            self.staging.stage(f"tables/{name}.tex").write_text(latex, encoding="utf-8")
        body = text["empty"] or "No rows in this run." if shown.empty else to_markdown(printed)
        parts = [f"**{number}. {title}**", body, note]
        show(Markdown("\n\n".join(part for part in parts if part)))

    def figure(
        self, name: str, figure, data: pd.DataFrame | str, opening: bool = False, **given
    ) -> None:
        """Show a figure, numbered, and stage it with its data, caption, source line and alt text.

        Parameters
        ----------
        name : str
            Section of the words: question, caption, alt, sources; headline and subtitle, which
            are printed above the panels but for the PDF in figures/print/.
        figure : matplotlib Figure or None
            Drawn at its printed size by a function that can draw it for a phone too; None where
            there is nothing to draw.
        data : DataFrame or str
            Exactly what is plotted; by name where this notebook publishes it.
        opening : bool
            Whether it stands at the notebook's top instead of here.
        """
        section = self.words.section(name, "figure")
        self.words.check_given(section, given)
        if figure is None:
            why = self.words.text(section, "empty", given)
            show(Markdown(f"No {self.words.ref(name)}: {why}"))
            return
        table = f"data/{data}.csv" if isinstance(data, str) else f"figures/{name}.csv"
        if isinstance(data, str) and table not in self.staging.staged:
            raise section.error(f"{name} plots {table}, which this notebook does not publish")
        fields = ("question", "headline", "subtitle", "caption", "alt", "sources", "note")
        text = {field: self.words.text(section, field, given) for field in fields}
        if bool(text["headline"]) != bool(text["subtitle"]):
            raise section.error(f"{name} has one of headline and subtitle: it needs both or none")
        sources = self._ids(text["sources"])
        short = short_source_line(self.sources, sources)
        explained = eras_in_full(self.eras, [words.get_text() for words in figure.findobj(Text)])
        footer = " ".join(part for part in (text["note"], explained, short) if part)
        page.settle(figure, footer)
        # No time stamps, so that a rerun gives the same bytes. PNG first, since a figure keeps what
        # it was drawn on last, and pixels take memory.
        formats: dict[str, dict] = {
            "png": {"dpi": page.PRINT_DPI, "pil_kwargs": PACKED["png"]},
            "pdf": {"metadata": {"CreationDate": None}},
            "svg": {"metadata": {"Date": None}},
        }
        if text["headline"]:  # journals set it as the caption's first words
            path = self.staging.stage(f"figures/print/{name}.pdf", data=table)
            save(figure, path, **formats["pdf"])
            page.set_headline(figure, text["headline"], text["subtitle"])
        for ending, options in formats.items():
            path = self.staging.stage(f"figures/{name}.{ending}", data=table)
            drawn = save(figure, path, **options)
            if ending == "png":
                picture = Image(for_screen(drawn, figure.dpi / page.PRINT_DPI), alt=text["alt"])
        if not isinstance(data, str):
            described = self.words.described(section, list(data.columns), given)
            self._save(table, data, text["caption"], described, sources)
        number, line = self.words.ref(name), source_line(self.sources, sources)
        keys = tuple(citation_key(source) for source in sources)
        about = page.Caption(
            f"{number}. {text['question']}", text["caption"], line, table, text["headline"],
            text["subtitle"], keys,
        )  # fmt: skip
        for ending, body in {"md": about.to_markdown(), "txt": f"{text['alt']}\n"}.items():
            self.staging.stage(f"figures/{name}.{ending}").write_text(body, encoding="utf-8")
        # the report looks for the saved files by the figure's name
        metadata = {"figure": name}
        caption = Markdown(f"**{number}.** {text['caption']} {short}")
        if opening:
            fill(KEY_FIGURE, picture, metadata=metadata)
            fill(KEY_CAPTION, caption)
        else:
            show(picture, metadata=metadata)
            show(caption)
        plt.close(figure)
        narrow = figure.on_phone()
        page.settle(narrow, footer)
        if text["headline"]:
            page.set_headline(narrow, text["headline"], text["subtitle"])
        path = self.staging.stage(f"figures/phone/{name}.webp", data=table)
        save(narrow, path, dpi=page.PHONE_DPI, pil_kwargs=PACKED["webp"])
        plt.close(narrow)

    # Publishing

    def save(self, name: str, frame: pd.DataFrame, packed: bool = False, **given) -> None:
        """Stage a frame as CSV in data/, for later notebooks and for readers; a long one packed.

        The words describe its columns in order, values are rounded by the caller.
        """
        section = self.words.section(name, "data")
        self.words.check_given(section, given)
        title = self.words.text(section, "title", given)
        sources = self._ids(self.words.text(section, "sources", given))
        described = self.words.described(section, list(frame.columns), given)
        ending = "csv.gz" if packed else "csv"
        self._save(f"data/{name}.{ending}", frame, title, described, sources)

    def save_raw(self, names: dict[str, str], tables: dict[str, pd.DataFrame]) -> None:
        """Stage raw tables as they are, in the codebook's words.

        `names` gives the id of a raw table by the name under which it is published, `tables` the
        tables by id.
        """
        codebook = self.codebook()
        for name, source in names.items():
            about, frame = codebook[f"raw/{source}.csv"], tables[source]
            described = about.of(list(frame.columns))
            self._save(f"data/{name}.csv", frame, about.title, described, [source])

    def _ids(self, text: str) -> list[str]:
        return of_the_world(ids(text)) if self.study.from_world else ids(text)

    def _save(self, name, frame, title, described, sources) -> None:
        # the project's own tables that were read may be sources too
        unknown = set(sources) - set(self.sources) - self.reads
        if unknown:
            raise ValueError(f"{name}: no such source in data/sources.yml: {sorted(unknown)}")
        fields = [
            {"name": column, "type": field_type(frame[column]), "description": text}
            for column, text in described.items()
        ]
        path = self.staging.stage(name, title=title, fields=fields, sources=sources)
        # no time stamp in what is packed, so that a rerun gives the same bytes; to pack it as well
        # as can be takes five times as long and saves a twentieth
        packed = {"method": "gzip", "mtime": 0, "compresslevel": 6}
        how = packed if name.endswith(".gz") else None
        frame.to_csv(path, index=False, lineterminator="\n", compression=how)

    def publish(self) -> None:
        """Move everything staged into place; says what the notebook read and made.

        Raises ValueError where the words have sections that the default run does not show.
        """
        unused = self.words.unused()
        if unused and self.naming.default:
            raise ValueError("; ".join(unused))
        self.staging.publish(
            reads=sorted(self.reads), numbers=self.words.numbers.kept, stale=self.words.stale
        )
        made = {name.partition(".")[0] for name in self.staging.staged}
        read = [name for name in sorted(self.reads) if not name.startswith(FOLDER)]
        outputs = f"{name_in_project(self.staging.outputs)}/"
        inputs = f"Reads {ticked(read, outputs)}."
        show(Markdown(f"{inputs}\n\nWrites, in `{outputs}`: {ticked(sorted(made), outputs)}."))


def ticked(names: list[str], prefix: str) -> str:
    """Names in code type, without what they share; "nothing" where there are none."""
    return ", ".join(f"`{name.removeprefix(prefix)}`" for name in names) or "nothing"


def of_the_world(sources: list[str]) -> list[str]:
    """Sources of a run on the tables of all recipients, which stand for those of the five."""
    if not OF_FIVE.intersection(sources):
        return sources
    return list(dict.fromkeys([*FOR_ALL, *(name for name in sources if name not in OF_FIVE)]))


def ids(text: str) -> list[str]:
    """Sources named in a field, separated by commas, each once."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame whose named index has become columns."""
    named = [name for name in frame.index.names if name is not None]
    return frame.reset_index() if named else frame
