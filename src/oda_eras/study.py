"""What a run is about: donor, recipients, years, measure, prices, eras.

Make calls `python3 src/oda_eras/study.py DONOR=DEU LAG=1 ...` before anything runs: it prints the
name of the run, or says what is wrong and what is allowed. The name holds every choice that
differs from the defaults, so that a run can be told from its folder and none writes into
another's. Only the standard library is used here: the environment may not be there yet.
"""

import csv
import io
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 (any Python may call this)
    found = ".".join(str(part) for part in sys.version_info[:2])
    sys.exit(f"make: Python {found} found, 3.11 or newer needed: try make PYTHON3=python3.12")

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
MEASURES = ("net", "grants")
PRICE_BASES = ("current", "constant", "fixed_rate")
BOUNDARIES = ("majority", "dropped", "weighted")
# Nominal level of every test.
LEVEL = 0.05
LARGEST_LAG = 5
# Fewer years can't hold two segments of five with anything between them to choose from.
FEWEST_YEARS = 15
DATA_DRIVEN = "data_driven"
# tables that choices are checked against, with the columns that this takes
DONORS = ("data/donors.csv", "donor", "name", "group", "currency")
ERAS = ("data/eras.csv", "scheme", "donor")
NET_TABLE, GRANTS_TABLE = "data/raw/wdi_net_oda_by_donor.csv", "data/raw/dac2a_grants_by_donor.csv"


class TableError(ValueError):
    """A table that choices are checked against is damaged; the message says where and how."""


def _rows(root: Path, file: str, *columns: str, whole: str = "") -> list[dict[str, str]]:
    """Read a table before anything is installed that could check it further (01 does that).

    Raises TableError with file, row and column where the file is missing or no UTF-8 table with
    these columns, a row has a field too many or too few, or a cell of the column `whole` is no
    whole number.
    """

    def fault(row: int, column: str, found: str, expected: str) -> TableError:
        place = f"row {row} (the header is row 1)" + (f", column {column}" if column else "")
        return TableError(f"{file}, {place}: found {found}, expected {expected}")

    try:
        content = (root / file).read_bytes()
    except FileNotFoundError:
        raise TableError(f"{file} is missing: take it from the project's repository") from None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        at = content.count(b"\n", 0, error.start) + 1
        raise fault(at, "", f"byte {content[error.start]:#x}", "UTF-8") from None
    # blank lines at the end are no rows
    header, *lines = list(csv.reader(io.StringIO(text.rstrip("\r\n"), newline=""))) or [[]]
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

    `scheme` is empty for the donor's own default: the filled eras of data/eras.csv where it has
    them, else the data-driven breaks. `measure` and `price_basis` choose the series that is
    tested (notebooks 05 to 07), `boundary` and `lag` the main specification of the contrasts.
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

    @property
    def name(self) -> str:
        """Name of the run: the donor, then every choice other than the default."""
        parts = [self.donor]
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if value != field.default:
                text = "-".join(value) if isinstance(value, tuple) else str(value)
                parts.append(f"{field.name.replace('_', '-')}-{text}")
        return ".".join(parts)

    def has_data_driven_eras(self, root: Path) -> bool:
        """Whether the run's eras are cut from its own data, for want of a scheme or by choice."""
        return (self.scheme or donor_schemes(root, self.donor)[0]) == DATA_DRIVEN

    @property
    def parameters(self) -> dict:
        """The choices as papermill takes them."""
        return asdict(self) | {"recipients": list(self.recipients)}


def read_study(root: Path, given: dict[str, str]) -> Study:
    """Build a study from text, as a command line or a run's name gives it.

    Parameters
    ----------
    root : Path
        The project's root, for its lists of donors, eras and flows.
    given : dict of str
        Parameter names, in any case, with their values; recipients separated by commas or
        hyphens.

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
            wanted = text.replace(",", "-").replace(" ", "-").split("-")
            _one_of(key, [w for w in wanted if w], list(RECIPIENTS))
            choices[key] = tuple(code for code in RECIPIENTS if code in wanted)
            if not choices[key]:
                raise StudyError(f"RECIPIENTS is empty: expected some of {', '.join(RECIPIENTS)}")
        elif key in ("first_year", "last_year", "lag"):
            if not text.isdecimal():
                raise StudyError(f"{key.upper()}={text}: expected a whole number")
            choices[key] = int(text)
        else:
            choices[key] = text
    study = Study(**choices)
    _one_of("measure", [study.measure], MEASURES)
    _one_of("price_basis", [study.price_basis], PRICE_BASES)
    _one_of("boundary", [study.boundary], BOUNDARIES)
    _one_of("lag", [study.lag], range(LARGEST_LAG + 1))
    _one_of("first_year", [study.first_year], range(FIRST_YEAR, LAST_YEAR + 1))
    _one_of("last_year", [study.last_year], range(FIRST_YEAR, LAST_YEAR + 1))
    donors = {row["donor"]: row for row in _rows(root, *DONORS)}
    # other donors have no net flows in these tables
    members = [c for c, row in donors.items() if row["group"] in MEMBER_GROUPS]
    _one_of("donor", [study.donor], members)
    schemes = donor_schemes(root, study.donor)
    _one_of("scheme", [study.scheme], ["", *schemes])
    if study.scheme == schemes[0]:  # the default by its name is the default
        study = Study(**(asdict(study) | {"scheme": ""}))
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


def donor_schemes(root: Path, donor: str) -> list[str]:
    """Schemes of eras that a donor can be run with, its default first."""
    eras = [row for row in _rows(root, *ERAS) if row["donor"] == donor]
    own = dict.fromkeys(row["scheme"] for row in eras if row["scheme"] != DATA_DRIVEN)
    return [*sorted(own, key=lambda scheme: scheme != "filled"), DATA_DRIVEN]


def complete_years(root: Path, study: Study) -> list[int]:
    """The longest run of years in which every recipient's flow is known, the latest of equals.

    A blank is not known, so a year with a blank ends a run.
    """
    names = {row["donor"]: row["name"] for row in _rows(root, *DONORS)}
    if study.measure == "net":
        table, donor, column = NET_TABLE, study.donor, "donor"
    else:
        table, donor, column = GRANTS_TABLE, names[study.donor], "donor_name"
    rows = _rows(root, table, "recipient", column, "year", whole="year")
    known = {(row["recipient"], int(row["year"])) for row in rows if row[column] == donor}
    best: list[int] = []
    run: list[int] = []
    for year in range(study.first_year, study.last_year + 1):
        whole = all((recipient, year) in known for recipient in study.recipients)
        run = [*run, year] if whole else []
        best = run if len(run) >= len(best) else best
    return best


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
        span = f" ({years[0]}-{years[-1]})" if years else ""
        raise StudyError(
            f"{study.donor}: {study.measure} flows to {', '.join(study.recipients)} are all known "
            f"in {len(years)} consecutive years{span} of {study.first_year}-{study.last_year}; "
            f"{FEWEST_YEARS} are needed: take fewer RECIPIENTS or more years"
        )


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
        print(read_study(root, given).name)
    except (StudyError, TableError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
