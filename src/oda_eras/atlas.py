"""Did the level of aid shift, for every donor and recipient? `python -m oda_eras.atlas`.

`make atlas` calls this. Every series of the world's flows with enough years is tested as notebook
05 tests Japan's: one shift of the mean (sup-F), several (UDmax), and their dates (Bai and Perron's
search by BIC and LWZ, Bai's intervals). p is simulated without shifts at the series' own length
and autocorrelation: series share simulations at `RHOS`, between which p is interpolated. Beside p
of 160,000 simulated series that is as near as `N_SIM` series at the autocorrelation itself (root
mean square error 0.002 at p = 0.05, 15 to 25 years). The false discovery rate is over all series
of a kind (Benjamini and Hochberg 1995, Journal of the Royal Statistical Society B 57, 289-300).

A shift inflates the autocorrelation, and removing the best break understates it, so that the two p
bracket the answer and a false discovery rate over either is off. Beside every series stands
therefore its `reordered` one, which has the same amounts and no shift.

The table is outputs/atlas/data/atlas.csv, and Parquet beside it where polars is installed; the
notebook notebooks/on_request/atlas.ipynb makes it of the chunks and is executed into outputs/atlas,
from where `make accept` takes it over.
"""

import inspect
import sys
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd

from oda_eras import breaks, chunks
from oda_eras.break_evidence import N_SIM, SEVERAL, TRIM
from oda_eras.flows import CRS_BASE, FIRST_WHOLE
from oda_eras.naming import Naming
from oda_eras.paths import BUILD, name_in_project, project_root
from oda_eras.stamps import sha256
from oda_eras.study import FEWEST_YEARS, LEVEL, LISTED, Study

ATLAS, WORLD = "outputs/atlas", "outputs/JPN/data/world.csv.gz"
NOTEBOOK = "notebooks/on_request/atlas.ipynb"
# autocorrelations at which series without a shift are simulated: the closer together the nearer
# to -1 and 1, where p bends most
RHOS = np.sin(np.linspace(np.arcsin(-0.95), np.arcsin(0.99), 20))
PER_CHUNK = 500  # series
FEWEST_SERIES = 10  # of a donor that is compared
# Kinds of series: measure and first year. Japan's commitments before 2003 lack technical
# cooperation, so that only from then on can it be set beside the others on the same years.
ALL_YEARS, SAME_YEARS, GROSS = "commitments", "commitments since 2003", "gross since 2003"
KINDS = {
    ALL_YEARS: ("commitments", LISTED),
    SAME_YEARS: ("commitments", FIRST_WHOLE),
    GROSS: ("gross", FIRST_WHOLE),
}
REORDERED = ", reordered"  # ends the kind of series that are
SERIES = ["kind", "donor", "recipient"]
# p at rho of the series as it is, and with the best break removed
P_VALUES = ["p_null", "p_break", "ud_p_null", "ud_p_break"]
Q_VALUES = ["q", "q_break", "ud_q", "ud_q_break"]
STATISTICS = ["sup_f", "ud_max"]
# what a p is one of, in tables that count series
TESTS = ["sup_f", "sup_f_removed", "ud_max", "ud_max_removed"]
# what is kept of reordered series, and shown of the study's own
KEPT = [*SERIES, "n", "first_new", "rho_null", "bic", "lwz", *P_VALUES]
OWN = [
    "recipient", "first", "last", "n", "sup_f", "last_old", "first_new", "change", "p_null",
    "p_break", "ud_p_null", "q", "bic_dates", "place", "place_of_donor",
]  # fmt: skip
WORLD_COLUMNS = ["donor", "recipient", "year", "price_basis", "commitments", "gross", "status"]


# Series


def series_of(world: pd.DataFrame, recipients: pd.DataFrame) -> pd.DataFrame:
    """Every series that is tested, a row for each year.

    Parameters
    ----------
    world : DataFrame
        world.csv.gz of a run (`oda_eras.flows.world`).
    recipients : DataFrame
        data/recipients.csv; only countries are taken.

    Returns
    -------
    DataFrame
        kind, donor, recipient, year, usd_million (constant 2016 prices): of each pair and kind the
        longest run of years in which a flow is reported, the latest of equals, where it has
        `FEWEST_YEARS` or more and is not always the same. A year without a row is not known, never
        zero. Years in which a donor's flows lack a part are left out: of Japan's commitments those
        up to 2002, of its gross flows 2007 too, so that none of these has enough years.
    """
    countries = recipients.recipient[recipients.kind == "country"]
    rows = world[(world.price_basis == f"constant {CRS_BASE}") & world.recipient.isin(countries)]
    parts = []
    for kind, (measure, first) in KINDS.items():
        whole = rows.status == "known"
        if measure == "commitments":  # what 2007 lacks are disbursements
            whole |= rows.year >= FIRST_WHOLE
        own = rows[whole & (rows.year >= first) & rows[measure].notna()]
        own = own.rename(columns={measure: "usd_million"}).assign(kind=kind)
        parts.append(longest_runs(own[[*SERIES, "year", "usd_million"]]))
    found = pd.concat(parts, ignore_index=True)
    changes = found.groupby(SERIES).usd_million.transform("nunique") > 1
    return found[changes].reset_index(drop=True)


def reordered(series: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Every series without its shifts: the same amounts in another order.

    The order is that of an AR(1) path with the series' own autocorrelation, corrected for its bias
    in short series as in `oda_eras.break_evidence.at_corrected_rho`; `REORDERED` is added to the
    kind.
    """
    rng, amounts = np.random.default_rng(seed), series.usd_million.to_numpy(copy=True)
    for own in np.split(amounts, starts_of(series)[1:]):
        rho = breaks.lag1(own - own.mean())
        rho = min(rho + (1 + 3 * rho) / len(own), RHOS[-1])
        rank = breaks.ar1(len(own), rho, 1, rng)[:, 0].argsort().argsort()
        own[:] = np.sort(own)[rank]
    return series.assign(usd_million=amounts, kind=series.kind + REORDERED)


def starts_of(series: pd.DataFrame) -> np.ndarray:
    """The rows at which each series of `series_of` starts, whose years stand together."""
    keys = [series[name].to_numpy(object) for name in SERIES]
    others = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return np.flatnonzero(np.append(True, others))


def longest_runs(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each series the longest run of consecutive years, if it has `FEWEST_YEARS` or more.

    `oda_eras.measures.longest_run` for all at once.
    """
    rows = rows.sort_values([*SERIES, "year"], ignore_index=True)
    follows = rows.groupby(SERIES).year.diff() == 1
    rows = rows.assign(run=(~follows).cumsum())
    runs = rows.groupby([*SERIES, "run"]).size().rename("n").reset_index()
    runs = runs[runs.n >= FEWEST_YEARS].sort_values(["n", "run"])
    chosen = runs.drop_duplicates(SERIES, keep="last").run
    return rows[rows.run.isin(chosen)].drop(columns="run")


# Statistics and p, chunk by chunk


def tests(chunk: pd.DataFrame) -> pd.DataFrame:
    """`statistics` and `p_values` of series that are equally long."""
    found = statistics(chunk)
    return found.join(p_values(found))


def statistics(chunk: pd.DataFrame) -> pd.DataFrame:
    """What the tests and searches find in one of the chunks of `by_length`, without p.

    Returns
    -------
    DataFrame
        A row per series: `SERIES`; first, last, n (years); sup_f, last_old, first_new and change
        (mean after less mean before, US$ million) of the largest shift; ud_max and ud_breaks (the
        number of breaks that has it); rho_null and rho_break, the autocorrelation of the series as
        it is and with the largest shift removed; bic and lwz (how many breaks either picks),
        bic_dates and lwz_dates: last years of old levels with their 95% intervals, such as
        "2000 (1998-2017); 2009 (2008-2010)", intervals cut at the series' ends and left out where
        none exists.
    """
    keys, first = chunk[SERIES].reset_index(drop=True), chunk["first"].to_numpy()
    y = chunk.drop(columns=[*SERIES, "first"]).to_numpy().T
    n = len(y)
    sup, cut = breaks.sup_f_paths(y, trim=TRIM)
    old = np.arange(n)[:, None] < cut
    before, after = (np.mean(y, axis=0, where=side) for side in (old, ~old))
    rss, positions = breaks.mean_breaks(y, **SEVERAL)
    of_m = breaks.sup_f_of_m(rss, n)
    found = {
        "first": first, "last": first + n - 1, "n": n,
        "sup_f": sup, "last_old": first + cut - 1, "first_new": first + cut,
        "change": after - before,
        "ud_max": of_m.max(axis=0), "ud_breaks": of_m.argmax(axis=0) + 1,
        "rho_null": breaks.lag1(y - y.mean(axis=0)),
        "rho_break": breaks.lag1(y - np.where(old, before, after)),
    }  # fmt: skip
    picked = [values.argmin(axis=0) for values in breaks.criteria(rss, n)]
    found |= dict(zip(("bic", "lwz"), picked, strict=True))
    texts = dates(y, first, positions, picked)
    found |= dict(zip(("bic_dates", "lwz_dates"), texts, strict=True))
    return keys.join(pd.DataFrame(found))


def dates(
    y: np.ndarray, first: np.ndarray, positions: list[np.ndarray], picked: list[np.ndarray]
) -> list[np.ndarray]:
    """Last old years with their 95% intervals, such as "2000 (1998-2017)", or "none".

    Parameters
    ----------
    y : array, shape (n, series)
    first : array of int, shape (series,)
        The year of the first observation.
    positions : list of array
        Result of `oda_eras.breaks.mean_breaks`.
    picked : list of array of int, shape (series,)
        Numbers of breaks; an array of texts is returned for each.
    """
    texts = [np.full(len(first), "none", dtype=object) for _ in picked]
    for m in range(1, len(positions)):
        (chosen,) = np.nonzero(np.any([numbers == m for numbers in picked], axis=0))
        at, before = positions[m][:, chosen], first[chosen] - 1
        low, high = breaks.mean_break_bounds(y[:, chosen], at)
        ends = at + before, low.clip(min=1) + before, high.clip(max=len(y)) + before
        of_m = np.empty(len(first), dtype=object)
        of_m[chosen] = [
            "; ".join(map(_date, *one)) for one in zip(*(e.T for e in ends), strict=True)
        ]
        texts = [np.where(n == m, of_m, t) for n, t in zip(picked, texts, strict=True)]
    return texts


def _date(at: float, low: float, high: float) -> str:
    return f"{at:.0f}" if np.isnan(low) else f"{at:.0f} ({low:.0f}-{high:.0f})"


def p_values(found: pd.DataFrame) -> pd.DataFrame:
    """Simulated p of the `statistics` of series that are equally long.

    Returns `P_VALUES`: (b + 1) / (`N_SIM` + 1) with b the number of simulated statistics at least
    as large, interpolated between the autocorrelations of `RHOS` (`shares`).
    """
    (n,) = found.n.unique()
    p: dict[str, np.ndarray] = {}
    for source in ("null", "break"):
        near, share = shares(found[f"rho_{source}"].to_numpy())
        both = np.zeros((2, len(found)))
        for number in np.unique(near):
            one, place = np.nonzero(near == number)
            for own, null, name in zip(both, nulls(int(n), number), STATISTICS, strict=True):
                own[one] += share[one, place] * at_least(null, found[name].to_numpy()[one])
        both = both.clip(1 / (N_SIM + 1), 1).round(6)
        p |= {f"p_{source}": both[0], f"ud_p_{source}": both[1]}
    return pd.DataFrame(p)


def shares(rho: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The four of `RHOS` nearest to each rho, and their shares in what is interpolated there.

    The cubic through four points (Lagrange), two on either side where there are as many. Beyond
    the first and the last of `RHOS` it is their own value. Both arrays have a row per rho.
    """
    rho = rho.clip(RHOS[0], RHOS[-1])
    first = (np.searchsorted(RHOS, rho) - 2).clip(0, len(RHOS) - 4)
    near = first[:, None] + np.arange(4)
    at, share = RHOS[near].T, np.ones((4, len(rho)))
    for i, j in permutations(range(4), 2):
        share[i] *= (rho - at[j]) / (at[i] - at[j])
    return near, share.T


@lru_cache(maxsize=2 * len(RHOS))
def nulls(n: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Simulated sup-F and UDmax of n years at an autocorrelation of `RHOS`, each in order."""
    paths = breaks.null_paths(n, RHOS[number], N_SIM, seed=0)
    sups, _ = breaks.sup_f_paths(paths, trim=TRIM, dated=False)
    return np.sort(sups), np.sort(breaks.ud_max_paths(paths, **SEVERAL))


def at_least(null: np.ndarray, statistic: np.ndarray) -> np.ndarray:
    """p of statistics beside simulated ones in order (Phipson and Smyth 2010)."""
    below = np.searchsorted(null, statistic)
    return (len(null) - below + 1) / (len(null) + 1)


def by_length(series: pd.DataFrame) -> list[pd.DataFrame]:
    """The series of `series_of` in chunks of those that are equally long, the longest first.

    A row per series: `SERIES`, first (year), and a column for the amount of each year from then
    on. The index counts the rows of `series` at which they start. The longest take longest: were
    they last, one worker would end long after the others.
    """
    starts = starts_of(series)
    lengths = np.diff(starts, append=len(series))
    amounts = np.full((len(starts), lengths.max()), np.nan)
    amounts[np.arange(lengths.max()) < lengths[:, None]] = series.usd_million
    about = series.iloc[starts].rename(columns={"year": "first"})[[*SERIES, "first"]]
    wide, parts = about.join(pd.DataFrame(amounts, starts)), []
    for n in sorted(np.unique(lengths), reverse=True):
        (own,) = np.nonzero(lengths == n)
        some = np.split(own, range(PER_CHUNK, len(own), PER_CHUNK))
        parts += [wide.iloc[one, : about.shape[1] + n] for one in some]
    return parts


def tested(series: pd.DataFrame, folder: Path, workers: chunks.Workers) -> pd.DataFrame:
    """Test every series, on a local pool or on the cluster of DASK_SCHEDULER_ADDRESS.

    Parameters
    ----------
    series : DataFrame
        Result of `series_of`; its index counts the rows.
    folder : Path
        Where chunks are kept (`oda_eras.chunks`).
    workers : Workers

    Returns
    -------
    DataFrame
        The columns of `statistics`, `P_VALUES`, and `Q_VALUES`: these p adjusted over
        all series of the kind. The same whatever the number of workers.
    """
    from scipy.stats import false_discovery_control  # workers do without: it takes long to load

    parts = by_length(series)
    found = chunks.made(tests, parts, folder, rules(), workers)
    place = np.concatenate([part.index for part in parts])
    found = found.iloc[place.argsort()].reset_index(drop=True)  # in the order of the series
    for p, q in zip(P_VALUES, Q_VALUES, strict=True):
        found[q] = found.groupby("kind")[p].transform(false_discovery_control)
    return found


# what chunks are made by
PARTS = (tests, statistics, dates, _date, p_values, shares, nulls, at_least)


@cache
def rules() -> str:
    """What the result of a chunk rests on besides its series: code, settings and libraries."""
    own = [inspect.getsource(part) for part in PARTS]
    settings = f"{TRIM} {SEVERAL} {N_SIM} {RHOS} {np.__version__} {pd.__version__}"
    return " ".join([*own, sha256(Path(breaks.__file__)), settings])


# What the atlas shows


def split(found: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of `tested` of series as they are, and of reordered ones under the same kinds."""
    other = found.kind.str.endswith(REORDERED)
    twins = found[other].assign(kind=found.kind[other].str.removesuffix(REORDERED))
    return found[~other].reset_index(drop=True), twins.reset_index(drop=True)


def of_kind(kind: str, *frames: pd.DataFrame) -> list[pd.DataFrame]:
    """The rows of one kind in each frame."""
    return [frame[frame.kind == kind] for frame in frames]


def how_common(found: pd.DataFrame, twins: pd.DataFrame) -> pd.DataFrame:
    """How many series shift, by kind, beside reordered ones (`split`).

    Returns kind, first, last, series, donors, recipients, years (the median); in percent, of the
    series and of the reordered ones (`_twins`), those with a p of at most the level (`TESTS`),
    and those in which BIC and LWZ pick a break; `TESTS` after held_, how many have a q of at most
    the level.
    """
    rows = []
    for kind, own in found.groupby("kind", sort=False):
        row = {"kind": kind, "first": own["first"].min(), "last": own["last"].max()}
        row |= {"series": len(own), "donors": own.donor.nunique()}
        row |= {"recipients": own.recipient.nunique(), "years": own.n.median()}
        for some, ending in ((own, ""), (twins[twins.kind == kind], "_twins")):
            small = 100 * (some[P_VALUES] <= LEVEL).mean()
            row |= {f"{test}{ending}": share for test, share in zip(TESTS, small, strict=True)}
            row |= {f"{c}{ending}": 100 * (some[c] > 0).mean() for c in ("bic", "lwz")}
        held = (own[Q_VALUES] <= LEVEL).sum()
        row |= {f"held_{test}": count for test, count in zip(TESTS, held, strict=True)}
        rows.append(row)
    return pd.DataFrame(rows)


def by_donor(found: pd.DataFrame) -> pd.DataFrame:
    """How many series of each donor shift, by share; `found` is of one kind.

    Only donors with `FEWEST_SERIES` or more. Returns donor, series, shifts (with p_null of at most
    the level), share (percent), up (of the shifts, those that rise), year (the commonest first
    year of the new level, the first of equals) and in_year (how many shift then), the last two
    missing where none does.
    """
    rows = []
    for donor, own in found.groupby("donor"):
        if len(own) < FEWEST_SERIES:
            continue
        shifts = own[own.p_null <= LEVEL]
        years = shifts.first_new.value_counts().sort_index()
        row = {"donor": donor, "series": len(own), "shifts": len(shifts)}
        row |= {"share": 100 * len(shifts) / len(own), "up": int((shifts.change > 0).sum())}
        if len(shifts):
            row |= {"year": years.idxmax(), "in_year": years.max()}
        rows.append(row)
    table = pd.DataFrame(rows).astype({"year": "Int64", "in_year": "Int64"})
    return table.sort_values(["share", "donor"], ascending=[False, True], ignore_index=True)


def by_year(found: pd.DataFrame, twins: pd.DataFrame) -> pd.DataFrame:
    """In which years levels shift, beside chance.

    Parameters
    ----------
    found : DataFrame
        Rows of `tested` of one kind.
    twins : DataFrame
        All reordered series: how often those of a length seem to shift at a place is what chance
        does to every series of that length.

    Returns
    -------
    DataFrame
        year (the first of a new level), series (in which the margins let a shift stand there),
        shifts (with p_null of at most the level), share and chance (percent of the series) and
        donors (that have a shift then). Years in which fewer than a fifth of the series could
        shift are left out.
    """
    margin = (TRIM * found.n).astype(int).clip(lower=2)  # as breaks.sup_f
    shifts = found[found.p_null <= LEVEL]
    seeming = twins[twins.p_null <= LEVEL]
    place = (seeming.first_new - seeming["first"]).rename("place")
    rates = seeming.groupby(["n", place]).size() / twins.groupby("n").size()
    rows = []
    for year in range(found["first"].min() + 1, found["last"].max() + 1):
        possible = (year >= found["first"] + margin) & (year <= found["last"] + 1 - margin)
        here, own = shifts[shifts.first_new == year], found[possible]
        if len(own) >= len(found) / 5:
            places = pd.MultiIndex.from_arrays([own.n, year - own["first"]])
            chance = 100 * rates.reindex(places).fillna(0).mean()
            share = 100 * len(here) / len(own)
            rows.append((year, len(own), len(here), share, chance, here.donor.nunique()))
    return pd.DataFrame(rows, columns=["year", "series", "shifts", "share", "chance", "donors"])


TOGETHER = ["one donor", "one recipient", "neither"]


def together(found: pd.DataFrame) -> pd.Series:
    """How often two series that shift do so within a year of each other, in percent.

    Of all couples of series of one kind with p_null of at most the level that have the donor in
    common, or the recipient, or neither (`TOGETHER`).
    """
    shifts = found[found.p_null <= LEVEL]
    year, donor, recipient = (shifts[c].to_numpy() for c in ("first_new", "donor", "recipient"))
    one, other = np.triu_indices(len(shifts), k=1)
    near = np.abs(year[one] - year[other]) <= 1
    same_donor, same_recipient = donor[one] == donor[other], recipient[one] == recipient[other]
    chosen = (same_donor, same_recipient, ~same_donor & ~same_recipient)
    return pd.Series([100 * near[c].mean() for c in chosen], index=TOGETHER)


def groups(found: pd.DataFrame, study: Study) -> dict[str, pd.DataFrame]:
    """All series, those of all donors to a study's recipients, and those of its donor."""
    return {
        "all": found,
        "region": found[found.recipient.isin(study.recipients)],
        "donor": found[found.donor == study.donor],
    }


def labels(naming: Naming) -> dict[str, str]:
    """What `groups`, and reordered series, are called in figures."""
    return {
        "all": "all donors and recipients",
        "reordered": "all, reordered",
        "region": f"all donors to {naming.region}",
        "donor": f"{naming.donor} to all recipients",
    }


def curves(found: pd.DataFrame, twins: pd.DataFrame, study: Study) -> pd.DataFrame:
    """What share of series has a p up to any size; both frames are of one kind.

    Returns group ("all", "reordered", and those of `groups`), p (each p_null once) and share
    (percent of the group's series with at most this p).
    """
    rows = []
    for group, own in (groups(found, study) | {"reordered": twins}).items():
        counts = own.p_null.value_counts().sort_index()
        share = 100 * counts.cumsum() / counts.sum()
        rows.append(pd.DataFrame({"group": group, "p": share.index, "share": share.to_numpy()}))
    return pd.concat(rows, ignore_index=True)


def at_level(curves: pd.DataFrame) -> pd.Series:
    """What share of each group's series, in percent, has a p of at most the level."""
    return curves[curves.p <= LEVEL].groupby("group", sort=False).share.max()


def years_of_groups(found: pd.DataFrame, twins: pd.DataFrame, study: Study) -> pd.DataFrame:
    """`by_year` of each of `groups`, in a column group."""
    parts = [by_year(own, twins).assign(group=g) for g, own in groups(found, study).items()]
    columns = ["group", "year", "series", "shifts", "share", "chance", "donors"]
    return pd.concat(parts, ignore_index=True)[columns]


def own_places(found: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Where a study's series stand; `found` is of one kind.

    Returns the columns of `tested` and place and place_of_donor: the rank of p_null, from the
    smallest on, among all series and among the donor's own; share, percent of the donor's own
    with at most this p.
    """
    of_donor = found.donor == study.donor
    own = found.p_null.where(of_donor)
    ranked = found.assign(
        place=found.p_null.rank(method="min").astype(int),
        place_of_donor=own.rank(method="min").astype("Int64"),
        share=100 * own.rank(method="max", pct=True),
    )
    chosen = of_donor & found.recipient.isin(study.recipients)
    return ranked[chosen].reset_index(drop=True)


def chunk_folder(root: Path) -> Path:
    """Where the atlas keeps its chunks."""
    return root / BUILD / "atlas"


def whole(world: pd.DataFrame, recipients: pd.DataFrame, root: Path) -> pd.DataFrame:
    """`tested` of the world's series and of the reordered ones, from the chunks that there are."""
    series = series_of(world, recipients)
    both = pd.concat([series, reordered(series)], ignore_index=True)
    with chunks.Workers() as workers:
        return tested(both, chunk_folder(root), workers)


def main() -> None:
    # workers import this module, and have no use for these
    from papermill.exceptions import PapermillExecutionError

    from oda_eras import run

    root = project_root()
    read = dict(keep_default_na=False, na_values=[""])
    world = pd.read_csv(root / WORLD, usecols=WORLD_COLUMNS, **read)
    whole(world, pd.read_csv(root / "data/recipients.csv", **read), root)
    notebook, executed = root / NOTEBOOK, root / ATLAS / "atlas.ipynb"
    executed.parent.mkdir(parents=True, exist_ok=True)
    log = chunk_folder(root) / "kernel.log"
    try:
        run.execute(notebook, executed, {}, notebook.parent, log)
    except PapermillExecutionError as error:
        sys.exit(f"{run.describe(error, 'atlas', log)}\n  the notebook as it failed: {executed}")
    table = root / ATLAS / "data/atlas.csv"
    if find_spec("polars"):
        import polars

        typed = polars.read_csv(table, infer_schema_length=None)
        typed.write_parquet(table.with_suffix(".parquet"))
    else:
        print("no Parquet: polars is not installed (pip install -e '.[atlas]')")
    print(f"{name_in_project(table)} and {name_in_project(executed)} are up to date")


if __name__ == "__main__":
    # workers look functions up in the module by its name
    from oda_eras import atlas
    from oda_eras.commands import one_line

    with one_line():
        atlas.main()
