"""Vintages of the raw tables: compared, taken over, taken back.

`python -m oda_eras.vintages accept | restore`. A vintage is a folder of data/vintages/, named by
its day, that `oda_eras.refresh` fills:

raw/          the tables that were fetched, in the project's form
fetched.yml   of each its address, time, version and sha256
diff.md       what is different from the tables in use, and what that does to the study; all cells
              in diff.csv
before/       once it is accepted: what it has replaced
.gitignore    until it is accepted
"""

import gzip
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from oda_eras.bench import copy_tree, scratch_environment
from oda_eras.commands import one_line
from oda_eras.complete import MERGED
from oda_eras.paths import BUILD, project_root
from oda_eras.record_raw import record
from oda_eras.rejudge import LEDGER, changes
from oda_eras.schemas import (
    Table,
    check_across,
    kind_of_number,
    raw_tables,
    read_donors,
    read_organisations,
    read_recipients,
    read_table,
    validate,
)
from oda_eras.sources import (
    DataError,
    load_sources,
    raw_file,
    read_raw_text,
    read_text_table,
)
from oda_eras.stamps import read_json, read_stamp, sha256, write_atomically
from oda_eras.study import RECIPIENTS, Study
from oda_eras.words import WordsError

VINTAGES, FETCHED, REPORT, BEFORE = "data/vintages", "fetched.yml", "diff.md", "before"
# what a vintage replaces beside raw tables
RECORDS = ["data/sources.yml", "data/datapackage.json"]
OLDER = "wdi_japan_vintages"
LISTED = 30


class RefreshError(Exception):
    """Why a table can't be fetched, or a vintage not be taken over: one line for a person."""


def new_vintage(root: Path, day: date) -> Path:
    """The folder of a day's vintage; RefreshError where it has been accepted already."""
    folder = root / VINTAGES / day.isoformat()
    if (folder / BEFORE).is_dir():
        raise RefreshError(f"{folder.relative_to(root)} is in use already: nothing to do today")
    write_atomically(folder / ".gitignore", "*\n")
    return folder


def newest(root: Path, *, accepted: bool) -> Path:
    """The newest vintage in use, or the newest that is none and no older; RefreshError without."""
    folders = sorted(file.parent for file in (root / VINTAGES).glob(f"*/{FETCHED}"))
    used = [folder for folder in folders if (folder / BEFORE).is_dir()]
    waiting = [f for f in folders if f not in used and (not used or f > used[-1])]
    found = used if accepted else waiting
    if not found:
        wanted = "was accepted" if accepted else "waits to be accepted: run make refresh"
        raise RefreshError(f"no vintage {wanted}")
    return found[-1]


def read_fetched(folder: Path) -> dict[str, dict]:
    """What is known of a vintage's tables, by table; empty before the first is there."""
    file = folder / FETCHED
    return yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}


def write_table(folder: Path, name: str, table: Table, frame: pd.DataFrame) -> dict:
    """Write a table into a vintage; returns its number of rows and its sha256."""
    rows = frame.reindex(columns=list(table.columns)).sort_values(table.key)
    text = rows.to_csv(index=False).encode()
    path = folder / "raw" / Path(raw_file(name)).name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
    return {"rows": len(rows), "sha256": sha256(path)}


def tables_of(root: Path) -> dict[str, Table]:
    """All raw tables by id."""
    return raw_tables(read_donors(root), read_organisations(root), read_recipients(root))


def fetched_file(folder: Path, name: str) -> Path:
    """Where a vintage has a table."""
    return folder / "raw" / Path(raw_file(name)).name


def changed_cells(before: pd.DataFrame, after: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Cells of a table that were added, dropped or revised; both sides with every cell as text.

    Returns a frame with columns donor and year (empty where the table has none), cell (the key),
    column, before, after, change (after less before, nothing counting as zero) and kind, largest
    change first.
    """
    numbers = [
        column
        for column, about in table.columns.items()
        if column not in table.key and kind_of_number(about)
    ]
    sides = {}
    for side, frame in (("before", before), ("after", after)):
        long = frame.reindex(columns=[*table.key, *numbers]).melt(
            table.key, var_name="column", value_name=side
        )
        long[side] = pd.to_numeric(long[side], errors="coerce")
        sides[side] = long.dropna(subset=side).drop_duplicates([*table.key, "column"])
    both = sides["before"].merge(sides["after"], on=[*table.key, "column"], how="outer")
    same = np.isclose(both.before, both.after, rtol=1e-6, atol=1e-9)
    rows = both[~same].fillna({key: "" for key in table.key})
    giver = next((key for key in ("donor", "donor_name") if key in table.key), None)
    kind = np.select(
        [rows.before.isna(), rows.after.isna()], ["added", "dropped"], default="revised"
    )
    found = pd.DataFrame(
        {
            "donor": rows[giver] if giver else "",
            "year": rows.year if "year" in table.key else "",
            "cell": rows[table.key].agg(" ".join, axis=1) if len(rows) else "",
            "column": rows["column"],
            "before": rows.before,
            "after": rows.after,
            "change": (rows.after.fillna(0) - rows.before.fillna(0)).round(6),
            "kind": kind,
        }
    )
    return found.sort_values("change", key=abs, ascending=False, ignore_index=True)


def compared(root: Path, folder: Path) -> pd.DataFrame:
    """All cells in which a vintage differs from the tables in use: table, then `changed_cells`."""
    tables = tables_of(root)
    parts = {}
    for name in read_fetched(folder):
        after = read_text_table(root, str(fetched_file(folder, name).relative_to(root)))
        parts[name] = changed_cells(read_raw_text(root, name), after, tables[name])
    return pd.concat(parts, names=["table"]).reset_index("table").reset_index(drop=True)


def problems(root: Path, folder: Path) -> list[str]:
    """Why a vintage can't be taken over, by file, row and column: schemas, then identities."""
    fetched, tables, found = read_fetched(folder), {}, []
    for name, table in tables_of(root).items():
        try:
            if name in fetched:
                file = str(fetched_file(folder, name).relative_to(root))
                tables[name] = validate(file, table, read_text_table(root, file))
            else:
                tables[name] = read_table(root, name, table)
        except DataError as error:
            found.append(str(error))
    if not found:
        try:
            check_across(tables)
        except DataError as error:
            found.append(str(error))
    return found


def report(root: Path, folder: Path, faults: dict[str, str]) -> str:
    """Compare a vintage with the tables in use; write diff.md and diff.csv, return the summary.

    `faults` says by table why it could not be fetched. Where the tables pass, the chain is run on
    them in a scratch copy, to see what they do to the study.
    """
    cells, wrong = compared(root, folder), problems(root, folder)
    cells.to_csv(folder / "diff.csv", index=False)
    fetched = read_fetched(folder)
    rest = [name for name in load_sources(root) if name not in fetched and name not in faults]
    effects = ["Not tried: the problems above come first."] if wrong else effect(root, folder)
    by_table = counted(cells, ["table"])
    parts = {
        f"# The vintage of {folder.name} beside the tables in use": [_markdown(by_table)],
        "## Problems": [f"- {line}" for line in wrong] or ["None."],
        "## Not fetched": [f"- {name}: {why}" for name, why in faults.items()] or ["Nothing."],
        "## Left out": [
            f"- {name}: {line}" for name, about in fetched.items() for line in about["left_out"]
        ]
        or ["Nothing."],
        "## Without a live source": [f"{', '.join(rest)} stay as they are."],
        "## What it does to the study": effects,
        f"## Largest revisions, US$ million ({LISTED} at most)": [_markdown(largest(cells))],
        "## By donor": [_markdown(counted(cells[cells.donor != ""], ["table", "donor"]))],
        "## By year": [_markdown(counted(cells[cells.year != ""], ["table", "year"]))],
    }
    text = "\n\n".join(f"{head}\n\n" + "\n".join(lines) for head, lines in parts.items()) + "\n"
    write_atomically(folder / REPORT, text)
    shown = text[: text.index("## By donor")].rstrip()
    where = (folder / REPORT).relative_to(root)
    verdict = "It can't be accepted as it is" if wrong else "make accept-data takes it over"
    return f"\n{shown}\n\n{verdict}; {where} has more, diff.csv beside it every cell."


def counted(cells: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Numbers of cells added, dropped and revised, and the largest revision, most revised first."""
    if cells.empty:
        return pd.DataFrame(columns=[*by, "added", "dropped", "revised", "largest"])
    kinds = pd.crosstab([cells[name] for name in by], cells.kind)
    kinds = kinds.reindex(columns=["added", "dropped", "revised"], fill_value=0)
    revised = cells[cells.kind == "revised"]
    kinds["largest"] = revised.change.abs().groupby([revised[name] for name in by]).max()
    order = [*(["table"] if len(by) > 1 else []), "largest", "revised", "added"]
    ascending = [name == "table" for name in order]
    return kinds.reset_index().sort_values(order, ascending=ascending, ignore_index=True)


def largest(cells: pd.DataFrame) -> pd.DataFrame:
    """The largest revisions of flows."""
    flows = cells[(cells.kind == "revised") & cells["column"].str.endswith("usd_million")]
    columns = ["table", "cell", "column", "before", "after", "change"]
    return flows.sort_values("change", key=abs, ascending=False)[columns].head(LISTED)


def _markdown(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "No cell differs."
    shown = frame.astype(object).where(frame.notna(), None)
    return shown.to_markdown(index=False, floatfmt=".10g", missingval="")


def effect(root: Path, folder: Path) -> list[str]:
    """Run the default study on a vintage in a scratch copy: what it does to it, as Markdown."""
    outputs = f"outputs/{Study().name}"
    with tempfile.TemporaryDirectory() as place:
        copy = copy_tree(Path(place) / "project")
        install(copy, copy / folder.relative_to(root))
        run = subprocess.run(
            ["make", "-j2", f"PYTHON={sys.executable}"],
            cwd=copy,
            env=scratch_environment(copy),
            capture_output=True,
            text=True,
        )
        if run.returncode:
            last = [line for line in (run.stdout + run.stderr).splitlines() if line.strip()]
            return ["The chain stops with these tables:", "", *(f"    {t}" for t in last[-12:])]
        stamps = sorted((copy / BUILD / Study().name).glob("[0-9]*.json"))
        stale = [line for stamp in stamps for line in read_stamp(stamp)["stale"]]
        return differences(root / outputs, copy / outputs, stale)


def differences(old: Path, new: Path, stale: list[str]) -> list[str]:
    """What differs between two outputs folders: verdicts, readings, figures, numbers."""
    moved = changes(*(pd.read_csv(side / LEDGER) for side in (old, new)))
    before, after = (read_json(side / "numbers.json") for side in (old, new))
    rows = [
        (name, before.get(name, {}).get("value"), after.get(name, {}).get("value"),
         (after.get(name) or before[name])["unit"])
        for name in sorted(before.keys() | after.keys())
        if before.get(name, {}).get("value") != after.get(name, {}).get("value")
    ]  # fmt: skip
    files = read_json(new / MERGED[0])
    drawn = sorted({
        Path(name).stem
        for name, about in files.items()
        if name.endswith(".svg") and _plotted(old, about) != _plotted(new, about)
    })  # fmt: skip
    numbers = pd.DataFrame(rows, columns=["number", "before", "after", "unit"])
    return [
        f"### Verdicts that move: {len(moved)}",
        "",
        *(f"- {line}" for line in moved),
        "",
        f"### Readings that no longer hold: {len(stale)}",
        "",
        *(f"- {' '.join(line.split())}" for line in stale),
        "",
        f"### Figures that change: {len(drawn)}",
        "",
        ", ".join(drawn),
        "",
        f"### Numbers that change: {len(rows)} of {len(after)}",
        "",
        _markdown(numbers) if rows else "",
    ]


def _plotted(outputs: Path, about: dict) -> bytes:
    table = outputs / about["data"]
    return table.read_bytes() if table.is_file() else b""


def install(root: Path, folder: Path) -> list[str]:
    """Put a vintage's tables that differ in place and record them; returns their names.

    The flows from Japan that they replace go into the table of older vintages. Raises DataError or
    WordsError where the tables don't pass.
    """
    differing = list(dict.fromkeys(compared(root, folder)["table"]))
    fetched, sources = read_fetched(folder), load_sources(root)
    if {"wdi_net_oda_by_donor", "wdi_japan_totals"} & set(differing):
        keep_older(root, sources)
    for name in differing:
        about = fetched[name]
        shutil.copyfile(fetched_file(folder, name), root / raw_file(name))
        sources[name] |= {
            "vintage": f"{about['version']}, fetched {folder.name}",
            "date": folder.name,
            "url": about["addresses"][0].split("?")[0],
            "note": about["note"],
        }
    text = yaml.safe_dump(sources, sort_keys=False, allow_unicode=True, width=100)
    write_atomically(root / RECORDS[0], text)
    record(root)
    return differing


def keep_older(root: Path, sources: dict[str, dict]) -> None:
    """Add Japan's net flows as they are in use to the table of older vintages."""
    names = []
    for about in (sources["wdi_net_oda_by_donor"], sources["wdi_japan_totals"]):
        commit = re.search(r"commit ([0-9a-f]{8})", about["vintage"])
        names.append(commit[1] if commit else about["date"])
    vintage = ", ".join(dict.fromkeys(names))
    older, net = read_raw_text(root, OLDER), read_raw_text(root, "wdi_net_oda_by_donor")
    totals = read_raw_text(root, "wdi_japan_totals")
    net = net[(net.donor == "JPN") & net.recipient.isin(RECIPIENTS)]
    world = totals[(totals["item"] == "bilateral") & (totals.year >= net.year.min())]
    rows = pd.concat([net, world.assign(recipient="WLD")])
    rows = rows.assign(vintage=vintage, last_year=net.year.max())[list(older.columns)]
    text = pd.concat([older, rows]).to_csv(index=False)
    write_atomically(root / raw_file(OLDER), text)


def accept(root: Path) -> str:
    """Take the newest vintage over; returns what to tell.

    Raises RefreshError, or DataError or WordsError where all is as before; after any other break
    `restore` undoes it.
    """
    folder = newest(root, accepted=False)
    if wrong := problems(root, folder):
        raise RefreshError("\n".join([f"{folder.name} can't be accepted:", *wrong]))
    if compared(root, folder).empty:
        return f"{folder.relative_to(root)} holds what is in use: nothing to accept"
    files = [raw_file(name) for name in [*read_fetched(folder), OLDER]]
    kept = folder / f".{BEFORE}"
    shutil.rmtree(kept, ignore_errors=True)
    for file in [*files, *RECORDS]:
        (kept / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, kept / file)
    kept.rename(folder / BEFORE)  # whole from here on, so that a break can be undone
    try:
        taken = install(root, folder)
    except (DataError, WordsError):
        restore(root)
        raise
    (folder / ".gitignore").unlink(missing_ok=True)
    return (
        f"{', '.join(taken)}: in use from {folder.relative_to(root)}. make restore-data goes back. "
        "The words on vintages in data/README.md and README.md are yours to bring up to date."
    )


def restore(root: Path) -> str:
    """Undo the acceptance of the newest vintage that is in use; returns what to tell."""
    folder = newest(root, accepted=True)
    write_atomically(folder / ".gitignore", "*\n")
    before = folder / BEFORE
    for file in sorted(path for path in before.rglob("*") if path.is_file()):
        shutil.copyfile(file, root / file.relative_to(before))
    shutil.rmtree(before)
    return f"the tables that {folder.relative_to(root)} had replaced are in use again: run make"


if __name__ == "__main__":
    with one_line():
        print({"accept": accept, "restore": restore}[sys.argv[1]](project_root()))
