"""What the break engine and placebo groups take beside ruptures and R's strucchange.

Each case is put to all that have it, on one core; what they find must agree. R is not needed
otherwise, and where it or strucchange is not installed nothing is compared with it. Placebo groups
have no counterpart in either.
"""

import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

LENGTH, SEGMENT, BREAKS = 1000, 150, 5
YEARS, PATHS, TRIM = 30, 100_000, 0.15
# R takes so long that it is given some of the paths
PATHS_OF_R = 500
R = """
given <- commandArgs(TRUE)
n <- as.numeric(given[-1])
if (!requireNamespace("strucchange", quietly = TRUE)) quit(status = 3)
suppressPackageStartupMessages(library(strucchange))
seconds <- function(work) sum(system.time(work)[c("user.self", "sys.self")])
y <- scan(file.path(given[1], "series.txt"), quiet = TRUE)
paths <- as.matrix(read.table(file.path(given[1], "paths.txt")))
first <- seconds(found <- breakpoints(breakpoints(y ~ 1, h = n[1], breaks = n[2]), breaks = n[2]))
second <- seconds(sups <- apply(paths, 2, function(p) max(Fstats(p ~ 1, from = n[3])$Fstats)))
cat(sprintf('{"breaks": [%s], "sups": [%s], "seconds": [%f, %f]}',
  paste(found$breakpoints, collapse = ","), paste(sprintf("%.12g", sups), collapse = ","),
  first, second))
"""


def seconds(work: Callable) -> float:
    """Median processor time of three runs."""
    runs = []
    for _ in range(3):
        start = time.process_time()
        work()
        runs.append(time.process_time() - start)
    return statistics.median(runs)


def by_r(series: np.ndarray, paths: np.ndarray) -> dict | None:
    """What strucchange finds and takes: breaks, sups and seconds; None where it is not there."""
    rscript = shutil.which("Rscript")
    if not rscript:
        return None
    with tempfile.TemporaryDirectory() as folder:
        np.savetxt(Path(folder) / "series.txt", series, fmt="%.17g")
        np.savetxt(Path(folder) / "paths.txt", paths, fmt="%.17g")
        command = [rscript, "-e", R, folder, *map(str, (SEGMENT, BREAKS, TRIM))]
        run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode == 3:
        return None
    run.check_returncode()
    return json.loads(run.stdout)


def tell(case: str, ours: float, other: str = "", theirs: float = 0.0, same: bool = True) -> None:
    """Print a case: our seconds and, of another program, its seconds, the ratio, the agreement."""
    beside = f"{other} {theirs:.3f} s, {theirs / ours:.1f} times as long" if other else ""
    found = ("; the same results" if same else "; OTHER RESULTS") if other else ""
    print(f"{case:36} {ours:8.3f} s  {beside}{found}", flush=True)


def compare_engines() -> None:
    """Print what each case takes here and elsewhere, processor time on one core."""
    import ruptures

    from oda_eras.breaks import ar1, bai_perron, sup_f_paths
    from oda_eras.placebo_recipients import placebo_test

    rng = np.random.default_rng(0)
    panel = pd.DataFrame(
        rng.lognormal(sigma=2, size=(25, 139)), columns=[f"R{i}" for i in range(139)]
    )
    eras = pd.DataFrame(np.repeat(np.eye(5), 5, axis=0), columns=list("ABCDE"))
    series, paths = rng.normal(size=LENGTH), ar1(YEARS, 0.3, PATHS, rng)

    def dynp() -> list[int]:
        search = ruptures.Dynp(model="l2", min_size=SEGMENT, jump=1).fit(series)
        return search.predict(n_bkps=BREAKS)[:-1]

    def search() -> list[int]:
        return bai_perron(series, h=SEGMENT, max_breaks=BREAKS).positions(BREAKS)

    def groups() -> None:
        placebo_test(panel, list(panel)[:5], eras, matched=False, n_groups=PATHS)

    print("\nprocessor time of the engines, medians of three (R once):")
    case, ours, breaks = f"Bai-Perron, n = {LENGTH}, {BREAKS} breaks", seconds(search), search()
    tell(case, ours, "ruptures' Dynp", seconds(dynp), dynp() == breaks)
    found, some = by_r(series, paths[:, :PATHS_OF_R]), paths[:, :PATHS_OF_R]
    if found:
        tell(case, ours, "strucchange", found["seconds"][0], found["breaks"] == breaks)
        same = np.allclose(found["sups"], sup_f_paths(some, trim=TRIM)[0], rtol=1e-9)
        of_some = seconds(lambda: sup_f_paths(some, trim=TRIM))
        case = f"{PATHS_OF_R} sup-F paths, n = {YEARS}"
        tell(case, of_some, "strucchange", found["seconds"][1], same)
    else:
        print("nothing is compared with R: it is not there, or lacks strucchange")
    print("nothing is compared with R's mbreaks, which Debian does not have")
    tell(f"{PATHS:,} sup-F paths, n = {YEARS}", seconds(lambda: sup_f_paths(paths, trim=TRIM)))
    tell(f"{PATHS:,} placebo groups of 5 of 134", seconds(groups))
