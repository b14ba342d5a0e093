"""Work in chunks: on a pool of local processes, or on a Dask cluster; what is done is kept.

The cluster is the one whose scheduler's address DASK_SCHEDULER_ADDRESS holds; its workers must
have the same packages and this one. A chunk is a file, written here once its result is back and
named for what it was made from: a run that was interrupted goes on where it stood, a chunk that
is deleted is made again, and one made from other data or by other code is never taken for it.
"""

import hashlib
import io
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pandas as pd
from tqdm import tqdm

ADDRESS = "DASK_SCHEDULER_ADDRESS"
# Settings of Dask under which a cluster's workers take two thirds of the time: by default they give
# memory back at once, to ask for it again in the next step, and look at themselves at work.
QUICK_WORKERS = {
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1},
    "distributed.worker.profile.enabled": False,
}
# how many workers may die over a chunk before it is the chunk's fault
TRIES = 3

Work = Callable[[pd.DataFrame], pd.DataFrame]


class WorkersError(Exception):
    """Workers can't go on; the message says why and what to do."""


class Workers:
    """Who works: processes of a pool, this process alone, or the workers of a Dask cluster.

    Parameters
    ----------
    number : int, optional
        Local processes; default: one for each core; 1 is this process. On a cluster all work.
    """

    def __init__(self, number: int | None = None):
        self.number, self.address = number, os.environ.get(ADDRESS)
        self.opened = ExitStack()
        self.pool = self.client = None

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *error) -> None:
        self.opened.close()

    def done(self, work: Work, chunks: dict[str, pd.DataFrame]) -> Iterator[tuple[str, str]]:
        """Names of chunks and what `work` makes of them, as CSV, in the order they are done in."""
        if self.address:
            return self._on_cluster(work, chunks)
        if self.number == 1:
            return ((name, as_csv(work, chunk)) for name, chunk in chunks.items())
        return self._on_pool(work, chunks)

    def _on_pool(self, work, chunks):
        """A process that dies takes its pool along, and a new one goes on."""
        left, deaths = dict(chunks), 0
        while left:
            if self.pool is None:  # a worker starts from nothing, not from a copy of this process
                start = multiprocessing.get_context("spawn")
                self.pool = ProcessPoolExecutor(self.number, mp_context=start)
                self.opened.callback(self.pool.shutdown, cancel_futures=True)
            try:
                submit = partial(self.pool.submit, as_csv, work)
                running = {submit(chunk): name for name, chunk in left.items()}
                for future in as_completed(running):
                    result = future.result()
                    del left[running[future]]
                    yield running[future], result
            except BrokenProcessPool:
                self.pool, deaths = None, deaths + 1
                if deaths > TRIES:
                    raise WorkersError(
                        f"{work.__name__}: workers died {deaths} times, chunks left: {len(left)}; "
                        "what is done is kept: run it again with more memory"
                    ) from None

    def _on_cluster(self, work, chunks):
        """Dask gives a lost worker's chunks to the others."""
        try:
            import distributed
        except ImportError:
            raise WorkersError(
                f"{ADDRESS} is set, and Dask is not installed: install the extra (pip install -e "
                "'.[atlas]'), or unset it to use this machine's cores"
            ) from None
        if self.client is None:
            self.client = self.opened.enter_context(distributed.Client(self.address))
        futures = self.client.map(partial(as_csv, work), list(chunks.values()), pure=False)
        names = dict(zip(futures, chunks, strict=True))
        for future in distributed.as_completed(futures):
            yield names[future], future.result()


def made(
    work: Work, chunks: Sequence[pd.DataFrame], folder: Path, made_by: str, workers: Workers
) -> pd.DataFrame:
    """What `work` makes of each chunk, one below the other in the order of the chunks.

    Parameters
    ----------
    work : callable
        A function of a module: from a chunk to a frame of numbers and text, of the same columns
        for every chunk, with as many rows as it likes. Its result must not depend on where it
        runs.
    chunks : sequence of DataFrame
    folder : Path
        Where the files of chunks are kept; those of other chunks of `work` are removed.
    made_by : str
        What the result rests on besides the chunk: code, settings, libraries.
    workers : Workers

    Returns
    -------
    DataFrame
        Read from the files, so that it is the same whether a chunk was made now or before.

    Raises WorkersError where workers keep dying, or a cluster is asked for without Dask, and
    whatever `work` raises.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{work.__name__}-{digest(chunk, made_by)}.csv" for chunk in chunks]
    for path in {*folder.glob(f"{work.__name__}-*")} - {folder / name for name in names}:
        path.unlink()
    missing = {n: c for n, c in zip(names, chunks, strict=True) if not (folder / n).is_file()}
    before = len(names) - len(missing)
    bar = dict(total=len(names), initial=before, desc=work.__name__, unit="chunk")
    with tqdm(**bar, disable=not missing) as progress:
        for name, result in workers.done(work, missing):
            part = folder / f"{name}.part"
            part.write_bytes(result.encode())
            os.replace(part, folder / name)
            progress.update()
    first, *others = [(folder / name).read_text(encoding="utf-8") for name in names]
    whole = "".join([first, *(text.partition("\n")[2] for text in others)])  # under one heading
    return pd.read_csv(io.StringIO(whole), keep_default_na=False, na_values=[""])


def as_csv(work: Work, chunk: pd.DataFrame) -> str:
    """What becomes the chunk's file, made where the work is: writing numbers takes its time."""
    return work(chunk).to_csv(index=False)


def digest(chunk: pd.DataFrame, made_by: str) -> str:
    """A name for a chunk and what makes something of it."""
    name = hashlib.sha256(f"{made_by} {list(chunk.columns)}".encode())
    name.update(pd.util.hash_pandas_object(chunk, index=False, categorize=False).to_numpy())
    return name.hexdigest()[:16]
