"""Run the chain for every donor with enough data: `python -m oda_eras.all_donors [DONOR...]`.

`make -j2 donors` calls this; with names, only those donors are run. Each donor's run is make's
own, so what is up to date is skipped. A run that fails does not stop the others. At the end the
donors are compared in one table and one figure in outputs/donors.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from select import select

import pandas as pd
from scipy.stats import false_discovery_control

from oda_eras import figures
from oda_eras.bench import outside_make
from oda_eras.commands import one_line
from oda_eras.measures import ALL
from oda_eras.notebook import Notebook
from oda_eras.paths import project_root
from oda_eras.study import FEWEST_YEARS, LEVEL, MEMBER_GROUPS, Study, StudyError, read_study

COMPARISON = "outputs/donors"


def donors_with_data(root: Path) -> tuple[list[str], dict[str, str]]:
    """Donors that the default parameters can be run for, and why the others can't."""
    table = pd.read_csv(root / "data/donors.csv")
    chosen, left_out = [], {}
    for donor in table.donor[table.group.isin(MEMBER_GROUPS)]:
        try:
            chosen.append(read_study(root, {"donor": donor}).donor)
        except StudyError as error:
            left_out[donor] = str(error)
    return chosen, left_out


@contextmanager
def jobs(makeflags: str) -> Iterator[int]:
    """How many jobs make leaves to this process: its own and those free now, kept until the end.

    `makeflags` is MAKEFLAGS, which names a pipe with a byte for each free job; before 4.2 make
    tells their number nowhere else (GNU make manual, Job Slots, POSIX Jobserver Interaction).
    """
    found = re.search(r"--jobserver-(?:fds|auth)=(?:(\d+),(\d+)|fifo:(\S+))", makeflags)
    free = b""
    if found:
        taken, given = (
            2 * [os.open(found[3], os.O_RDWR)] if found[3] else map(int, found.groups()[:2])
        )
        while select([taken], [], [], 0)[0]:
            free += os.read(taken, 1)
    try:
        yield 1 + len(free)
    finally:
        if free:
            os.write(given, free)


def run_donor(root: Path, donor: str) -> str:
    """Bring one donor's run up to date; returns what went wrong, empty where nothing did."""
    choice = [f"DONOR={donor}"] if donor != Study().donor else []
    run = subprocess.run(
        ["make", f"PYTHON={sys.executable}", *choice],
        cwd=root, env=outside_make(), capture_output=True, text=True,
    )  # fmt: skip
    return (run.stdout + run.stderr).strip()[-1500:] if run.returncode else ""


def compare(root: Path, donors: list[str]) -> pd.DataFrame:
    """Each donor's largest shift of the mean, with a false discovery rate over donors.

    Returns
    -------
    DataFrame
        A row per donor, smallest p first: donor, name, first, last, n (years of the total of
        net ODA to all five, current US$), sup_f, last_old, first_new, rho_null, p_null (simulated
        at the donor's own autocorrelation), p_break (with the best break removed), q (p_null
        adjusted over donors by Benjamini and Hochberg 1995), bic_breaks, lwz_breaks.
    """
    names = pd.read_csv(root / "data/donors.csv").set_index("donor").name
    rows = []
    for donor in donors:
        folder = root / "outputs" / donor
        tests = pd.read_csv(folder / "data/break_tests.csv")
        found = tests[(tests.recipient == ALL) & (tests.price_basis == "current")]
        test = found.sort_values("start").iloc[-1]  # the later start is the main one
        counts = pd.read_csv(folder / "tables/t05_breaks.csv").query(
            "recipient == @ALL and price_basis == 'current' and start == @test.start"
        )
        breaks = counts.drop_duplicates("criterion").set_index("criterion").breaks
        rows.append(
            {
                "donor": donor,
                "name": names[donor],
                "first": int(test.start),
                "last": int(test.start + test.n - 1),
                **test[["n", "sup_f", "last_old", "first_new", "rho_null", "p_null", "p_break"]],
                "bic_breaks": int(breaks["BIC"]),
                "lwz_breaks": int(breaks["LWZ"]),
            }
        )
    table = pd.DataFrame(rows).astype({"n": int, "last_old": int, "first_new": int})
    table.insert(12, "q", false_discovery_control(table.p_null.astype(float)).round(4))
    return table.sort_values(["p_null", "donor"], ignore_index=True)


def publish(table: pd.DataFrame) -> None:
    """Write the comparison's table and figure."""
    nb = Notebook("all_donors", COMPARISON, study=Study())
    nb.table("t40_donors", table)
    plotted = table[["donor", "name", "first", "last", "last_old", "p_null", "q"]]
    nb.figure(
        "f40_who_shifted_when", figures.donors_compared(table), plotted, table=table,
        held=list(table.name[table.q <= LEVEL]), rate=LEVEL,
    )  # fmt: skip
    nb.publish()


def main() -> None:
    from tqdm import tqdm

    root = project_root()
    donors, left_out = donors_with_data(root)
    print(
        f"{len(donors)} donors have flows to all five in {FEWEST_YEARS} consecutive years or more; "
        f"left out: {', '.join(left_out)}",
        flush=True,
    )
    donors = sys.argv[1:] or donors
    failed = {}
    with jobs(os.environ.get("MAKEFLAGS", "")) as count, ThreadPoolExecutor(count) as pool:
        results = pool.map(lambda donor: run_donor(root, donor), donors)
        for donor, message in tqdm(zip(donors, results, strict=True), total=len(donors)):
            if message:
                failed[donor] = message
    whole = [donor for donor in donors if donor not in failed]
    if whole:
        publish(compare(root, whole))
    for donor, message in failed.items():
        print(f"\n{donor} failed:\n{message}", file=sys.stderr)
    sys.exit(f"{len(failed)} of {len(donors)} donors failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    with one_line():
        main()
