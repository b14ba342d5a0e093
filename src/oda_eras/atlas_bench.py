"""Time the atlas on made-up series: `python -m oda_eras.atlas_bench NUMBER WORKERS`, one case.

`make bench` compares one and two processes, two workers of a Dask cluster where Dask is installed,
and R's strucchange on the same series where it is; each case in a process of its own, so that its
memory is its own. Series a second include the simulated p, which R does without. Libraries are
loaded, and workers started, before the clock starts, as strucchange is; what that takes is said.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from oda_eras import atlas
from oda_eras.break_evidence import SEVERAL, TRIM
from oda_eras.chunks import ADDRESS, QUICK_WORKERS, Workers

FEW, MANY = 500, 5000
RUNS = 5  # of each case, of which the middle one counts: a second is soon disturbed
CLUSTER = "dask"
WHO = {"1": "one process", "2": "two processes", CLUSTER: "two Dask workers"}
# What a worker may hold, resident.
MOST_MEBIBYTES = 600
R = """
given <- commandArgs(TRUE)
if (!requireNamespace("strucchange", quietly = TRUE)) quit(status = 3)
suppressPackageStartupMessages(library(strucchange))
rows <- read.csv(given[1])
n <- as.numeric(given[-1])
one <- function(y) {
  found <- breakpoints(y ~ 1, h = n[1], breaks = n[2])
  at <- breakpoints(found)$breakpoints
  if (!is.na(at[1])) try(confint(found, breaks = length(at)), silent = TRUE)
  c(if (is.na(at[1])) 0 else length(at), max(Fstats(y ~ 1, from = n[3])$Fstats))
}
seconds <- system.time(found <- sapply(split(rows$usd_million, rows$recipient), one))
cat(sprintf('{"seconds": %f, "bic": [%s], "sup_f": [%s]}', sum(seconds[1:2]),
  paste(found[1, ], collapse = ","), paste(sprintf("%.12g", found[2, ]), collapse = ",")))
"""


def made_up(number: int, seed: int = 0) -> pd.DataFrame:
    """Series of 15 to 25 years as `oda_eras.atlas.tested` takes them, a third with a shift."""
    rng, parts = np.random.default_rng(seed), []
    for i in range(number):
        flow = rng.lognormal(size=rng.integers(15, 26))
        flow[7:] += 3 * (i % 3 == 0)
        about = {"kind": "made up", "donor": "D", "recipient": f"R{i:05d}"}
        years = range(1993, 1993 + len(flow))
        parts.append(pd.DataFrame(about | {"year": years, "usd_million": flow}))
    return pd.concat(parts, ignore_index=True)


def arrived(chunk: pd.DataFrame) -> pd.DataFrame:
    """Wait, for a minute at most, until as many workers have come as the chunk says."""
    place, expected = Path(chunk.place[0]), chunk.workers[0]
    (place / str(os.getpid())).touch()
    until = time.monotonic() + 60
    while len(list(place.iterdir())) < expected and time.monotonic() < until:
        time.sleep(0.01)
    return chunk


def one_case(number: int, workers: str) -> dict[str, float]:
    """What the atlas of so many made-up series takes.

    Returns
    -------
    dict
        seconds (on the clock), before (the same, until all workers have loaded what they need),
        processor (seconds, of workers from their start on), mebibytes (of the largest process
        that worked).
    """
    import resource  # Windows has none

    import scipy.stats  # noqa: F401 - the atlas loads it at its end

    from oda_eras.bench import mebibytes

    series, several = made_up(number), 1 if workers == "1" else 2
    cluster: Any = nullcontext()
    opening = time.perf_counter()
    if workers == CLUSTER:
        import dask
        from distributed import LocalCluster

        dask.config.set(QUICK_WORKERS)
        cluster = LocalCluster(several, threads_per_worker=1, dashboard_address=":0")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as place, cluster:
        if workers == CLUSTER:
            os.environ[ADDRESS] = cluster.scheduler_address
        with Workers(several) as pool:
            calls = {name: pd.DataFrame({"place": [place], "workers": several}) for name in "ab"}
            assert len(dict(pool.done(arrived, calls))) == len(calls)
            start, before = time.perf_counter(), time.process_time()
            atlas.tested(series, Path(folder), pool)
            seconds, processor = time.perf_counter() - start, time.process_time() - before
    below = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor += below.ru_utime + below.ru_stime
    used = resource.getrusage(resource.RUSAGE_SELF) if workers == "1" else below
    return {
        "seconds": seconds, "before": start - opening, "processor": processor,
        "mebibytes": mebibytes(used.ru_maxrss),
    }  # fmt: skip


def cases(*wanted: tuple[int, str]) -> dict[tuple[int, str], dict[str, float]]:
    """`one_case` of each in processes of their own, printed: of `RUNS` the one in the middle.

    They take turns, so that a slow minute of the machine slows none alone.
    """
    environment = {name: value for name, value in os.environ.items() if name != ADDRESS}
    runs: dict[tuple[int, str], list[dict]] = {one: [] for one in wanted}
    for number, workers in RUNS * wanted:
        command = [sys.executable, "-m", "oda_eras.atlas_bench", str(number), workers]
        run = subprocess.run(command, env=environment, capture_output=True, text=True)
        if run.returncode:
            sys.exit(f"the atlas failed:\n{run.stderr[-2000:]}")
        runs[number, workers].append(json.loads(run.stdout.splitlines()[-1]))
    found = {}
    for (number, workers), several in runs.items():
        one = sorted(several, key=lambda run: run["seconds"])[RUNS // 2]
        started = "" if workers == "1" else f"started in {one['before']:.1f} s before, "
        print(
            f"{f'{number:,} series, {WHO[workers]}':36} {one['seconds']:8.3f} s  "
            f"{number / one['seconds']:.0f} a second, {started}"
            f"{one['processor']:.1f} s of processor, {one['mebibytes']:.0f} MiB a worker",
            flush=True,
        )
        if one["mebibytes"] > MOST_MEBIBYTES:
            sys.exit(f"a worker holds more than {MOST_MEBIBYTES} MiB")
        found[number, workers] = one
    return found


def by_r(number: int) -> dict | None:
    """What strucchange finds in as many series and takes; None where it is not there."""
    rscript = shutil.which("Rscript")
    if not rscript:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "series.csv"
        made_up(number).to_csv(path, index=False)
        given = [str(path), *map(str, (SEVERAL["h"], SEVERAL["max_breaks"], TRIM))]
        run = subprocess.run([rscript, "-e", R, *given], capture_output=True, text=True)
    if run.returncode == 3:
        return None
    run.check_returncode()
    return json.loads(run.stdout)


def compare_atlas() -> None:
    """Print what the atlas takes here and elsewhere."""
    print(f"\nthe atlas, on the clock, libraries loaded, medians of {RUNS}; simulated p included:")
    several = [who for who in WHO if who != CLUSTER or find_spec("distributed")]
    found = cases((FEW, "1"), *((MANY, workers) for workers in several))
    for workers in several[1:]:
        faster = found[MANY, "1"]["seconds"] / found[MANY, workers]["seconds"]
        print(f"{WHO[workers]} are {faster:.2f} times as fast as one")
    theirs = by_r(FEW)
    if not theirs:
        print("nothing is compared with R: it is not there, or lacks strucchange")
        return
    with tempfile.TemporaryDirectory() as folder, Workers(1) as alone_here:
        ours = atlas.tested(made_up(FEW), Path(folder), alone_here)
    same = ours.bic.tolist() == theirs["bic"] and np.allclose(ours.sup_f, theirs["sup_f"])
    rate = theirs["seconds"] / FEW
    times = {n: rate / (found[n, "1"]["processor"] / n) for n in (FEW, MANY)}
    longer = " and ".join(f"{times[n]:.1f} times as long as one process for {n:,}" for n in times)
    print(
        f"strucchange, {FEW} of them: {1 / rate:.0f} a second of processor time without p, "
        f"{longer}; {'the same results' if same else 'OTHER RESULTS'}"
    )


if __name__ == "__main__":
    print(json.dumps(one_case(int(sys.argv[1]), sys.argv[2])))
