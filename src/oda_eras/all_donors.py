"""Run the chain for every donor with enough data: `python -m oda_eras.all_donors [DONOR...]`.

`make -j2 donors` calls this; with names, only those donors are run. A donor is run on as many of
the five as its flows are known to for long enough, on net ODA where that is possible. Each donor's
run is make's own, so what is up to date is skipped. A run that fails does not stop the others. At
the end the donors are compared in one table and one figure in outputs/donors.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from select import select

import pandas as pd
from scipy.stats import false_discovery_control

from oda_eras import figures
from oda_eras.bench import outside_make
from oda_eras.commands import one_line
from oda_eras.measures import ALL
from oda_eras.naming import listed
from oda_eras.notebook import Notebook
from oda_eras.paths import project_root
from oda_eras.study import (
    FEWEST_YEARS,
    LEVEL,
    MEASURES,
    MEMBER_GROUPS,
    RECIPIENTS,
    WORLD_MEASURES,
    Study,
    known_years,
    longest_stretch,
)

COMPARISON = "outputs/donors"


def donors_with_data(root: Path) -> tuple[dict[str, Study], list[str]]:
    """A study of each donor with flows that are known for long enough, and who has none."""
    table = pd.read_csv(root / "data/donors.csv")
    members = table.donor[table.group.isin(MEMBER_GROUPS)]
    found = {donor: study_with_most(root, donor) for donor in members}
    chosen = {donor: study for donor, study in found.items() if study}
    return chosen, [donor for donor in found if donor not in chosen]


def study_with_most(root: Path, donor: str) -> Study | None:
    """The study of a donor with most of the five, then of net ODA, gross or commitments.

    Returns None where no recipient's flows are known in `FEWEST_YEARS` consecutive years.
    """
    best = None
    for measure in (MEASURES[0], *WORLD_MEASURES):
        known = known_years(root, Study(donor, measure=measure))
        for count in range(len(known), len(best.recipients) if best else 0, -1):
            stretches = {
                codes: longest_stretch(set.intersection(*(known[code] for code in codes)))
                for codes in combinations(known, count)
            }
            codes = max(stretches, key=lambda codes: len(stretches[codes]))
            if len(stretches[codes]) >= FEWEST_YEARS:
                best = Study(donor, codes, measure=measure)
                break
    return best


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


def run_donor(root: Path, study: Study) -> str:
    """Bring one donor's run up to date; returns what went wrong, empty where nothing did."""
    codes = ",".join(study.recipients)
    choice = [f"DONOR={study.donor}", f"RECIPIENTS={codes}", f"MEASURE={study.measure}"]
    run = subprocess.run(
        ["make", f"PYTHON={sys.executable}", *choice],
        cwd=root, env=outside_make(), capture_output=True, text=True,
    )  # fmt: skip
    return (run.stdout + run.stderr).strip()[-1500:] if run.returncode else ""


def compare(root: Path, studies: Iterable[Study]) -> pd.DataFrame:
    """Each donor's largest shift of the mean, with a false discovery rate over donors.

    Returns
    -------
    DataFrame
        A row per donor, smallest p first: donor, name, measure, recipients (of the five, by name,
        or "all five"), first, last, n (years of their total, current US$), sup_f, last_old,
        first_new, rho_null, p_null (simulated at the donor's own autocorrelation), p_break (with
        the best break removed), q (p_null adjusted over donors by Benjamini and Hochberg 1995),
        bic_breaks, lwz_breaks.
    """
    names = pd.read_csv(root / "data/donors.csv").set_index("donor").name
    rows = []
    for study in studies:
        folder = root / "outputs" / study.name
        tests = pd.read_csv(folder / "data/break_tests.csv")
        found = tests[(tests.recipient == ALL) & (tests.price_basis == "current")]
        test = found.sort_values("start").iloc[-1]  # the later start is the main one
        counts = pd.read_csv(folder / "tables/t05_breaks.csv").query(
            "recipient == @ALL and price_basis == 'current' and start == @test.start"
        )
        breaks = counts.drop_duplicates("criterion").set_index("criterion").breaks
        rows.append(
            {
                "donor": study.donor,
                "name": names[study.donor],
                "measure": study.measure,
                "recipients": "all five"
                if study.recipients == Study().recipients
                else listed(RECIPIENTS[code] for code in study.recipients),
                "first": int(test.start),
                "last": int(test.start + test.n - 1),
                **test[["n", "sup_f", "last_old", "first_new", "rho_null", "p_null", "p_break"]],
                "bic_breaks": int(breaks["BIC"]),
                "lwz_breaks": int(breaks["LWZ"]),
            }
        )
    table = pd.DataFrame(rows).astype({"n": int, "last_old": int, "first_new": int})
    table.insert(14, "q", false_discovery_control(table.p_null.astype(float)).round(4))
    return table.sort_values(["p_null", "donor"], ignore_index=True)


def publish(table: pd.DataFrame) -> None:
    """Write the comparison's table and figure."""
    nb = Notebook("all_donors", COMPARISON, study=Study())
    nb.table("t40_donors", table)
    plotted = table[
        ["donor", "name", "measure", "recipients", "first", "last", "last_old", "p_null", "q"]
    ]
    nb.figure(
        "f40_who_shifted_when", figures.donors_compared(table), plotted, table=table,
        held=list(table.name[table.q <= LEVEL]), rate=LEVEL,
    )  # fmt: skip
    nb.publish()


def main() -> None:
    from tqdm import tqdm

    root = project_root()
    studies, left_out = donors_with_data(root)
    print(
        f"{len(studies)} donors have flows to some of the five that are known in {FEWEST_YEARS} "
        f"consecutive years or more; left out: {', '.join(left_out)}",
        flush=True,
    )
    donors = sys.argv[1:] or list(studies)
    unknown = [donor for donor in donors if donor not in studies]
    if unknown:
        sys.exit(f"{', '.join(unknown)}: expected some of {', '.join(studies)}")
    failed = {}
    with jobs(os.environ.get("MAKEFLAGS", "")) as count, ThreadPoolExecutor(count) as pool:
        results = pool.map(lambda donor: run_donor(root, studies[donor]), donors)
        for donor, message in tqdm(zip(donors, results, strict=True), total=len(donors)):
            if message:
                failed[donor] = message
    whole = [studies[donor] for donor in donors if donor not in failed]
    if whole:
        publish(compare(root, whole))
    for donor, message in failed.items():
        print(f"\n{donor} failed:\n{message}", file=sys.stderr)
    sys.exit(f"{len(failed)} of {len(donors)} donors failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    with one_line():
        main()
