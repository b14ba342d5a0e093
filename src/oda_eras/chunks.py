"""Work in chunks: on a pool of local processes, or on a Dask cluster; what is done is kept.

The cluster is the one whose scheduler's address DASK_SCHEDULER_ADDRESS holds; its workers must
have the same packages and this one. A chunk is a file, written here once its result is back and
named for what it was made from: a run that was interrupted goes on where it stood, a chunk that
is deleted is made again, and one made from other data or by other code is never taken for it.
"""

import hashlib
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pandas as pd
from tqdm import tqdm

ADDRESS = "DASK_SCHEDULER_ADDRESS"
# how many workers may die over a chunk before it is the chunk's fault
TRIES = 3

Work = Callable[[pd.DataFrame], pd.DataFrame]


def made(
    work: Work, chunks: Sequence[pd.DataFrame], folder: Path, made_by: str, workers: int | None
) -> pd.DataFrame:
    """What `work` makes of each chunk, one below the other in the order of the chunks.

    Parameters
    ----------
    work : callable
        A function of a module: from a chunk to a frame of numbers and text with as many rows as
        it likes. Its result must not depend on where it runs.
    chunks : sequence of DataFrame
    folder : Path
        Where the files of chunks are kept; those of other chunks in it are removed.
    made_by : str
        What the result rests on besides the chunk: the code's hash and settings.
    workers : int or None
        Local processes, one for each core if None; 1 is this process. On a cluster all work.

    Returns
    -------
    DataFrame
        Read from the files, so that it is the same whether a chunk was made now or before.

    Raises RuntimeError where workers keep dying, or a cluster is asked for without Dask, and
    whatever `work` raises.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{work.__name__}-{digest(chunk, made_by)}.csv" for chunk in chunks]
    for path in {*folder.glob(f"{work.__name__}-*")} - {folder / name for name in names}:
        path.unlink()
    missing = {n: c for n, c in zip(names, chunks, strict=True) if not (folder / n).is_file()}
    done_before = len(names) - len(missing)
    bar = dict(total=len(names), initial=done_before, desc=work.__name__, unit="chunk")
    with tqdm(**bar, disable=not missing) as progress:
        for name, result in done(work, missing, workers):
            part = folder / f"{name}.part"
            result.to_csv(part, index=False)
            os.replace(part, folder / name)
            progress.update()
    read = dict(keep_default_na=False, na_values=[""])
    return pd.concat([pd.read_csv(folder / name, **read) for name in names], ignore_index=True)


def digest(chunk: pd.DataFrame, made_by: str) -> str:
    """A name for a chunk and what makes something of it."""
    text = made_by + chunk.to_csv(index=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def done(
    work: Work, chunks: dict[str, pd.DataFrame], workers: int | None
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Names of chunks and what `work` makes of them, in the order in which they are done."""
    if not chunks:
        return iter(())
    if address := os.environ.get(ADDRESS):
        return done_on_cluster(work, chunks, address)
    if workers == 1:
        return ((name, work(chunk)) for name, chunk in chunks.items())
    return done_on_pool(work, chunks, workers)


def done_on_pool(
    work: Work, chunks: dict[str, pd.DataFrame], workers: int | None
) -> Iterator[tuple[str, pd.DataFrame]]:
    """`done` on a pool of processes; one that dies takes the pool along, and a new one goes on."""
    left, deaths = dict(chunks), 0
    # a worker starts from nothing on every system, not from a copy of this process
    start = multiprocessing.get_context("spawn")
    while left:
        with ProcessPoolExecutor(workers, mp_context=start) as pool:
            try:
                running = {pool.submit(work, chunk): name for name, chunk in left.items()}
                for future in as_completed(running):
                    result = future.result()
                    del left[running[future]]
                    yield running[future], result
            except BrokenProcessPool:
                deaths += 1
                if deaths > TRIES:
                    raise RuntimeError(
                        f"{work.__name__}: workers died {deaths} times, {len(left)} chunks are "
                        "left; what is done is kept: run it again with more memory"
                    ) from None
            finally:
                pool.shutdown(cancel_futures=True)


def done_on_cluster(
    work: Work, chunks: dict[str, pd.DataFrame], address: str
) -> Iterator[tuple[str, pd.DataFrame]]:
    """`done` on a Dask cluster, which gives a lost worker's chunks to the others."""
    try:
        import distributed
    except ImportError:
        raise RuntimeError(
            f"{ADDRESS} is set, and Dask is not installed: install the extra (pip install -e "
            "'.[atlas]'), or unset it to use this machine's cores"
        ) from None
    with distributed.Client(address) as client:
        names = {client.submit(work, chunk, pure=False): name for name, chunk in chunks.items()}
        for future in distributed.as_completed(list(names)):
            yield names[future], future.result()
