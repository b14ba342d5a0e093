"""What a run is about: donor, recipients, years, measure, prices, eras.

Make calls `python3 src/oda_eras/study.py DONOR=DEU LAG=1 ...` before anything runs: it prints the
name of the run, or says what is wrong and what is allowed. The name holds every choice that
differs from the defaults, so that a run can be told from its folder and none writes into
another's. Only the standard library is used here: the environment may not be there yet.
"""

import csv
import gzip
import io
import re
import sys
import zlib
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 (any Python may call this)
    found = ".".join(str(part) for part in sys.version_info[:2])
    sys.exit(f"make: Python {found} found, 3.11 or newer needed: try make PYTHON3=python3.12")

# Central Asia, whose net flows, grants and context stand in tables of their own: "the five"
RECIPIENTS = {
    "KAZ": "Kazakhstan",
    "KGZ": "Kyrgyzstan",
    "TJK": "Tajikistan",
    "TKM": "Turkmenistan",
    "UZB": "Uzbekistan",
}
FIRST_YEAR = 1992
# From here on flows to the five count as ODA; 1992 is shown, and tests start after it.
LISTED = 1993
# The groups of data/donors.csv that make up the DAC's total.
MEMBER_GROUPS = ("DAC", "EU institutions")
# what tables of the five hold, and what those of all recipients do
MEASURES, WORLD_MEASURES = ("net", "grants"), ("gross", "commitments")
# The CRS takes in Japan's technical cooperation, and most donors' draws, from 2003 on, and lacks
# Japan's loans of 2007.
FIRST_WHOLE, LACKING = 2003, {"JPN": [2007]}
PRICE_BASES = ("current", "constant", "fixed_rate")
BOUNDARIES = ("majority", "dropped", "weighted")
# Nominal level of every test.
LEVEL = 0.05
LARGEST_LAG = 5
# Fewer years can't hold two segments of five with anything between them to choose from.
FEWEST_YEARS = 15
# What fits a figure, and a folder's name.
MOST_RECIPIENTS = 12
DATA_DRIVEN = "data_driven"
# schemes of data/eras.csv that begin with the listing of the five
OF_THE_FIVE = ("article", "filled")
# tables that choices are checked against, with the columns that this takes
DONORS = ("data/donors.csv", "donor", "name", "group", "currency")
ERAS = ("scheme", "donor", "era", "label", "name", "opens", "closes", "opening_event",
        "closing_event", "source", "note")  # fmt: skip
RECIPIENT_LIST = ("data/recipients.csv", "recipient", "name", "kind", "region", "group")
CRS_TABLE, DAC2A_TABLE = "data/raw/crs_world.csv.gz", "data/raw/dac2a_world.csv.gz"
DEFLATOR_TABLE = "data/raw/dac_deflators.csv"
NET_TABLE, GRANTS_TABLE = "data/raw/wdi_net_oda_by_donor.csv", "data/raw/dac2a_grants_by_donor.csv"


class TableError(ValueError):
    """A table that choices are checked against is damaged; the message says where and how."""


def _rows(
    root: Path, file: str, *columns: str, whole: str = "", donor: str = ""
) -> list[dict[str, str]]:
    """Read a table before anything is installed that could check it further (01 does that).

    With `donor` only the rows that begin with it are read: tables of all donors are long, and 01
    names what is wrong in them.

    Raises TableError with file, row and column where the file is missing or no UTF-8 table with
    these columns, a row has a field too many or too few, or a cell of the column `whole` is no
    whole number.
    """

    def fault(row: int, column: str, found: str, expected: str) -> TableError:
        place = f"row {row} (the header is row 1)" + (f", column {column}" if column else "")
        return TableError(f"{file}, {place}: found {found}, expected {expected}")

    try:
        content = (root / file).read_bytes()
        content = gzip.decompress(content) if file.endswith(".gz") else content
    except FileNotFoundError:
        raise TableError(f"{file} is missing: take it from the project's repository") from None
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"{file} can't be read: {error}") from None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        at = content.count(b"\n", 0, error.start) + 1
        raise fault(at, "", f"byte {content[error.start]:#x}", "UTF-8") from None
    # blank lines at the end are no rows
    text = text.rstrip("\r\n")
    if donor:
        first, *others = text.split("\n")
        text = "\n".join([first, *(line for line in others if line.startswith(f"{donor},"))])
    header, *lines = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    for column in columns:
        if column not in header:
            raise fault(1, column, f"columns {header}", f"a column {column}")
    rows = []
    for number, line in enumerate(lines, start=2):
        if len(line) != len(header):
            expected = f"{len(header)}, as in the header"
            raise fault(number, "", f"{len(line)} fields ({','.join(line)[:40]})", expected)
        row = dict(zip(header, line, strict=True))
        if whole and not row[whole].isdecimal():
            raise fault(number, whole, f"'{row[whole]}'", "a whole number")
        rows.append(row)
    return rows


def last_year(root: Path) -> int:
    """The last year in which Japan's net flow to each of the five is known.

    A table that can't be read is for the first notebook to name; until then 2023 stands.
    """
    try:
        rows = _rows(root, NET_TABLE, "recipient", "donor", "year", "net_usd_million", whole="year")
    except TableError:
        rows = []
    years: dict[str, set[int]] = {recipient: set() for recipient in RECIPIENTS}
    for row in rows:
        if row["donor"] == "JPN" and row["net_usd_million"] and row["recipient"] in years:
            years[row["recipient"]].add(int(row["year"]))
    known = set.intersection(*years.values())
    return max(known, default=2023)


LAST_YEAR = last_year(Path(__file__).resolve().parents[2])


class StudyError(ValueError):
    """A choice that can't be run; the message says what is allowed."""


@dataclass(frozen=True)
class Study:
    """The choices of a run, in the order in which they name it.

    `measure` and `price_basis` choose the series that is tested (notebooks 05 to 07), `boundary`
    and `lag` the main specification of the contrasts. `scheme` is empty for the default: the
    filled eras of data/eras.csv where the donor has them for these recipients, the first scheme
    of a file of one's own, else the data-driven breaks. `eras` is that file's name, without .csv.
    """

    donor: str = "JPN"
    recipients: tuple[str, ...] = tuple(RECIPIENTS)
    first_year: int = FIRST_YEAR
    last_year: int = LAST_YEAR
    measure: str = "net"
    price_basis: str = "current"
    scheme: str = ""
    boundary: str = "majority"
    lag: int = 0
    eras: str = ""

    @property
    def name(self) -> str:
        """Name of the run: the donor, then every choice other than the default."""
        parts = (f"{key.replace('_', '-')}-{text}" for key, text in self._choices.items())
        return ".".join([self.donor, *parts])

    @property
    def command(self) -> str:
        """What makes the run."""
        given = [f"DONOR={self.donor}"] if self.donor != Study.donor else []
        for key, text in self._choices.items():
            text = {"recipients": ",".join(self.recipients), "eras": f"{text}.csv"}.get(key, text)
            given.append(f"{key.upper()}={text}")
        return " ".join(["make", *given])

    @property
    def _choices(self) -> dict[str, str]:
        """Every choice but the donor that is not the default, as text."""
        found = {}
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            default = self.default_measure if field.name == "measure" else field.default
            if value != default:
                found[field.name] = "-".join(value) if isinstance(value, tuple) else str(value)
        return found

    @property
    def in_central_asia(self) -> bool:
        """Whether all recipients are of the five, of which more is known than of others."""
        return set(self.recipients) <= set(RECIPIENTS)

    @property
    def default_measure(self) -> str:
        """What a run tests unless told otherwise: net ODA, where it is known for long enough."""
        return MEASURES[0] if self.in_central_asia else WORLD_MEASURES[0]

    @property
    def from_world(self) -> bool:
        """Whether the flows come from the tables of all recipients."""
        return self.measure in WORLD_MEASURES

    @property
    def described(self) -> str:
        """The measure that a run describes; another may be tested."""
        return WORLD_MEASURES[0] if self.from_world else MEASURES[0]

    @property
    def of_the_world(self) -> tuple[str, ...]:
        """What a run has from the tables of all recipients beside what it has from others."""
        return WORLD_MEASURES if self.from_world else ()

    @property
    def series(self) -> tuple[str, ...]:
        """The measures that breaks and eras are looked for in, and set side by side."""
        return tuple(dict.fromkeys([self.described, "grants", *self.of_the_world[1:]]))

    @property
    def eras_file(self) -> str:
        """Where the run's eras stand, from the project's root; of a file of one's own, its copy."""
        return f".build/{self.name}/eras.csv" if self.eras else "data/eras.csv"

    def has_data_driven_eras(self, root: Path) -> bool:
        """Whether the run's eras are cut from its own data, for want of a scheme or by choice."""
        return (self.scheme or schemes_of(root, self)[0]) == DATA_DRIVEN

    @property
    def parameters(self) -> dict:
        """The choices as papermill takes them; of eras of one's own the run has a copy."""
        choices = asdict(self) | {"recipients": list(self.recipients)}
        del choices["eras"]
        return choices


def read_study(root: Path, given: dict[str, str]) -> Study:
    """Build a study from text, as a command line or a run's name gives it.

    Parameters
    ----------
    root : Path
        The project's root, for its lists of donors, recipients, eras and flows.
    given : dict of str
        Parameter names, in any case, with their values; recipients as codes, names or groups,
        separated by commas or, codes, by hyphens; eras as a file, or as the name of one that a run
        has a copy of.

    Raises StudyError for an unknown name or value, and for choices that can't go together,
    TableError where one of those lists is damaged.
    """
    allowed = [field.name for field in fields(Study)]
    choices: dict = {}
    for name, text in given.items():
        key = name.lower()
        if key not in allowed:
            raise StudyError(f"{name} is no parameter: expected {', '.join(allowed).upper()}")
        if key == "recipients":
            choices[key] = chosen_recipients(root, text)
        elif key in ("first_year", "last_year", "lag"):
            if not text.isdecimal():
                raise StudyError(f"{key.upper()}={text}: expected a whole number")
            choices[key] = int(text)
        else:
            choices[key] = text
    eras_file = choices.get("eras", "")
    if eras_file:
        choices["eras"] = Path(eras_file).name.removesuffix(".csv")
        if not re.fullmatch(r"[\w-]+", choices["eras"], re.ASCII):
            raise StudyError(f"ERAS={eras_file}: name the file by letters, digits, _ and -")
    study = Study(**choices)
    if "measure" not in choices:
        study = replace(study, measure=study.default_measure)
    given_measures = (*MEASURES, *WORLD_MEASURES) if study.in_central_asia else WORLD_MEASURES
    _one_of("measure", [study.measure], given_measures)
    _one_of("price_basis", [study.price_basis], PRICE_BASES)
    _one_of("boundary", [study.boundary], BOUNDARIES)
    _one_of("lag", [study.lag], range(LARGEST_LAG + 1))
    _one_of("first_year", [study.first_year], range(FIRST_YEAR, LAST_YEAR + 1))
    _one_of("last_year", [study.last_year], range(FIRST_YEAR, LAST_YEAR + 1))
    donors = {row["donor"]: row for row in _rows(root, *DONORS)}
    # donors outside the DAC report no net flows to these tables, and others for too few years
    members = [code for code, row in donors.items() if row["group"] in MEMBER_GROUPS]
    _one_of("donor", [study.donor], members)
    if study.eras:
        copied = eras_file == study.eras
        _check_eras(root, study, study.eras_file if copied else eras_file)
    schemes = schemes_of(root, study, "" if not study.eras or copied else eras_file)
    _one_of("scheme", [study.scheme], ["", *schemes])
    if study.scheme == schemes[0]:  # the default by its name is the default
        study = replace(study, scheme="")
    _check_together(root, study, donors[study.donor])
    return study


def study_of(root: Path, outputs: str | Path) -> Study:
    """The study that an outputs folder holds, from its name, such as "outputs/DEU.lag-1".

    Raises StudyError where the name is none that `read_study` would give.
    """
    donor, *parts = Path(outputs).name.split(".")
    given = {"donor": donor}
    names = {field.name.replace("_", "-"): field.name for field in fields(Study)}
    for part in parts:
        match = [name for name in names if part.startswith(f"{name}-")]
        if not match:
            raise StudyError(f"{outputs} names no run: {part} is no parameter with a value")
        given[names[match[0]]] = part.removeprefix(f"{match[0]}-")
    study = read_study(root, given)
    if study.name != Path(outputs).name:
        raise StudyError(f"{outputs}: this run belongs in outputs/{study.name}")
    return study


def chosen_recipients(root: Path, text: str) -> tuple[str, ...]:
    """Codes of the recipients that a text names, in the order of their list.

    Each part, between commas, is a code, a name, or a group: a region of data/recipients.csv or a
    group there, such as CAUCASUS; case, spaces and underscores do not matter. Codes may be
    separated by hyphens or spaces.

    Raises StudyError where a part names none, and for none at all or too many.
    """
    rows = [row for row in _rows(root, *RECIPIENT_LIST) if row["kind"] == "country"]
    codes: dict[str, set[str]] = {}
    for row in rows:
        for column in ("recipient", "name", "region", "group"):
            if row[column]:
                codes.setdefault(_plain(row[column]), set()).add(row["recipient"])
    wanted: set[str] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        several = [part] if _plain(part) in codes else re.split(r"[\s-]+", part)
        for one in several:
            if _plain(one) not in codes:
                groups = sorted({row[c] for row in rows for c in ("region", "group")} - {""})
                raise StudyError(
                    f"RECIPIENTS={part}: {one} is no recipient: expected codes such as MOZ or "
                    f"names such as Mozambique, as in {RECIPIENT_LIST[0]}, or "
                    + ", ".join(group.upper().replace(" ", "_") for group in groups)
                )
            wanted |= codes[_plain(one)]
    if not wanted:
        raise StudyError("RECIPIENTS is empty: expected some, such as MOZ,TZA or CAUCASUS")
    if len(wanted) > MOST_RECIPIENTS:
        raise StudyError(
            f"RECIPIENTS={text}: {len(wanted)} recipients, and {MOST_RECIPIENTS} are the most that "
            f"figures can show: expected some of {', '.join(sorted(wanted))}"
        )
    return tuple(row["recipient"] for row in rows if row["recipient"] in wanted)


def _plain(text: str) -> str:
    return text.casefold().replace("_", " ")


def schemes_of(root: Path, study: Study, eras_file: str = "") -> list[str]:
    """Schemes of eras that a study can be run with, its default first.

    `eras_file` is where they stand, where the run has no copy of it yet.
    """
    rows = _rows(root, eras_file or study.eras_file, *ERAS)
    own = dict.fromkeys(row["scheme"] for row in rows if row["donor"] == study.donor)
    own.pop(DATA_DRIVEN, None)
    if study.eras:
        return [*own, DATA_DRIVEN]
    if not study.in_central_asia:
        return [DATA_DRIVEN, *(scheme for scheme in own if scheme not in OF_THE_FIVE)]
    return [*sorted(own, key=lambda scheme: scheme != "filled"), DATA_DRIVEN]


def _check_eras(root: Path, study: Study, file: str) -> None:
    """Raise TableError for a fault in a file of eras, StudyError where it has none of the donor.

    Every era opens on a day, closes on a later one or, the last, on none, and no two of a scheme
    share a name or a day.
    """
    if not (root / file).is_file():
        raise TableError(f"ERAS={file}: there is no such file")
    rows = _rows(root, file, *ERAS)

    def refuse(number: int, column: str, expected: str) -> None:
        found = f"'{rows[number - 2][column]}'"
        raise TableError(
            f"{file}, row {number} (the header is row 1), column {column}: found {found}, "
            f"expected {expected}"
        )

    if rows and list(rows[0]) != list(ERAS):
        raise TableError(
            f"{file}, row 1: found columns {', '.join(rows[0])}, expected {', '.join(ERAS)}"
        )
    held: dict[str, list[tuple[date, date, str]]] = {}
    for number, row in enumerate(rows, start=2):
        if row["donor"] != study.donor or row["scheme"] == DATA_DRIVEN:
            continue
        for column in ("scheme", "era", "label", "name"):
            if not row[column].strip():
                refuse(number, column, "some text")
        if not re.fullmatch(r"(?!article$)[a-z0-9_]+", row["scheme"]):
            refuse(number, "scheme", "small letters, digits and _, and not the article's eras")
        days = {"opens": date.min, "closes": date.max}
        for column in days:
            if row[column] or column == "opens":
                try:
                    days[column] = date.fromisoformat(row[column])
                except ValueError:
                    refuse(number, column, "a date such as 1997-07-24")
        if days["closes"] <= days["opens"]:
            refuse(number, "closes", f"a day after {row['opens']}, or an empty cell")
        eras = held.setdefault(row["scheme"], [])
        if any(row["era"] == era for *_, era in eras):
            refuse(number, "era", "one row for each era of a scheme")
        if eras and days["opens"] < eras[-1][1]:
            before = "closes" if eras[-1][1] < date.max else "is still open"
            refuse(number, "opens", f"a day when the era before it, {eras[-1][2]}, {before}")
        eras.append((days["opens"], days["closes"], row["era"]))
    if not held:
        raise StudyError(f"ERAS={file}: its column donor names {study.donor} in no row with an era")


def known_years(root: Path, study: Study) -> dict[str, set[int]]:
    """The years in which each recipient's flow is known. A blank is not known."""
    years: dict[str, set[int]] = {recipient: set() for recipient in study.recipients}

    window = set(range(study.first_year, study.last_year + 1))

    def add(table: str, column: str, donor: str, value: str = "", of=window) -> None:
        packed = donor if table.endswith(".gz") else ""
        columns = ("recipient", column, "year", *filter(None, [value]))
        for row in _rows(root, table, *columns, whole="year", donor=packed):
            if row["recipient"] in years and row[column] == donor and row.get(value, "known"):
                years[row["recipient"]].update({int(row["year"])} & window & of)

    if study.measure == "net":
        add(NET_TABLE, "donor", study.donor)
    elif study.measure == "grants":
        names = {row["donor"]: row["name"] for row in _rows(root, *DONORS)}
        add(GRANTS_TABLE, "donor_name", names[study.donor])
    else:
        rows = _rows(root, DEFLATOR_TABLE, "donor", "year", whole="year")
        # constant prices are turned into current ones by the deflator
        priced = {int(row["year"]) for row in rows if row["donor"] == study.donor}
        whole = {year for year in priced if whole_in_crs(study.donor, study.measure, year)}
        column = f"{study.measure}_constant_2016_usd_million"
        add(CRS_TABLE, "donor", study.donor, column, whole)
        if study.measure == "gross":
            column = "gross_constant_2022_usd_million"
            add(DAC2A_TABLE, "donor", study.donor, column, priced)
    return years


def whole_in_crs(donor: str, measure: str, year: int) -> bool:
    """Whether the CRS has a donor's flows of a year, or only a part of them."""
    if measure == "commitments" and donor not in LACKING:
        return True
    return year >= FIRST_WHOLE and (measure == "commitments" or year not in LACKING.get(donor, []))


def longest_stretch(years: set[int]) -> list[int]:
    """The longest stretch of neighbouring years, the latest of equals."""
    best: list[int] = []
    run: list[int] = []
    for year in sorted(years):
        run = [*run, year] if run and run[-1] == year - 1 else [year]
        best = run if len(run) >= len(best) else best
    return best


def complete_years(root: Path, study: Study) -> list[int]:
    """The longest run of years in which every recipient's flow is known, the latest of equals."""
    return longest_stretch(set.intersection(*known_years(root, study).values()))


def _check_together(root: Path, study: Study, donor: dict[str, str]) -> None:
    """Raise StudyError where single choices are allowed and their combination is not."""
    if study.first_year > study.last_year:
        raise StudyError(f"FIRST_YEAR={study.first_year} is after LAST_YEAR={study.last_year}")
    if study.price_basis == "fixed_rate" and donor["currency"] == "US dollar":
        raise StudyError(
            f"{study.donor} gives in US dollars, which no exchange rate moves: PRICE_BASIS=current "
            "or constant"
        )
    years = complete_years(root, study)
    if len(years) < FEWEST_YEARS:
        raise StudyError(
            f"{study.donor}: {study.measure} flows to {', '.join(study.recipients)} are all known "
            f"in {_told(years)} of {study.first_year}-{study.last_year}; {FEWEST_YEARS} are "
            f"needed: take fewer RECIPIENTS or more years{_other_ways(root, study)}"
        )


def _told(years: list[int]) -> str:
    """How long a stretch of years is, and which."""
    span = f" ({years[0]}-{years[-1]})" if years else ""
    return f"{len(years)} consecutive years{span}"


def _other_ways(root: Path, study: Study) -> str:
    """What there is beside a choice that has too few years: by recipient, and by measure."""
    each = {code: longest_stretch(own) for code, own in known_years(root, study).items()}
    lines = ["", f"  one by one, {study.measure}: " + ", ".join(
        f"{code} {_told(years)}" for code, years in each.items()
    )]  # fmt: skip
    for measure in WORLD_MEASURES:
        if measure != study.measure:
            years = complete_years(root, replace(study, measure=measure))
            lines.append(f"  MEASURE={measure}: all in {_told(years)}")
    return "\n".join(lines)


def _one_of(name: str, values: list, allowed) -> None:
    for value in values:
        if value not in allowed:
            listed = [str(a) for a in allowed if a != ""]
            if isinstance(allowed, range):
                listed = [f"{allowed[0]} to {allowed[-1]}"]
            raise StudyError(f"{name.upper()}={value}: expected {', '.join(listed)}")


def main() -> None:
    root = Path(__file__).resolve().parents[2]
    try:
        given = dict(argument.split("=", 1) for argument in sys.argv[1:])
        study = read_study(root, given)
        if study.eras:  # the run keeps a copy, so that a later edit makes it stale
            keep(root / study.eras_file, Path(given["ERAS"]).read_bytes())
        print(study.name)
    except (StudyError, TableError) as error:
        sys.exit(str(error))


def keep(path: Path, content: bytes) -> None:
    """Write a file; one that holds just that is left alone."""
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
