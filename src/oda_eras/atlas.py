"""Did the level of aid shift, for every donor and recipient? `python -m oda_eras.atlas`.

`make atlas` calls this. Every series of the world's flows with enough years is tested as notebook
05 tests Japan's: one shift of the mean (sup-F), several (UDmax), and their dates (Bai and Perron's
search by BIC and LWZ, Bai's intervals). p is simulated without shifts at the series' own length
and autocorrelation: series share simulations at `RHOS`, between which p is interpolated, which
moves it by less than the simulation does (by up to 0.002). The false discovery rate is over all
series of a kind (Benjamini and Hochberg 1995, Journal of the Royal Statistical Society B 57,
289-300).

A shift inflates the autocorrelation, and removing the best break understates it, so that the two p
bracket the answer and a false discovery rate over either is off. Beside every series stands
therefore its `reordered` one, which has the same amounts and no shift.

The table is outputs/atlas/data/atlas.csv, and Parquet beside it where polars is installed; the
notebook notebooks/on_request/atlas.ipynb makes it of the chunks and is executed into outputs/atlas.
"""

import inspect
import math
import sys
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from oda_eras import breaks, chunks
from oda_eras.break_evidence import N_SIM, SEVERAL, TRIM
from oda_eras.flows import CRS_BASE, FIRST_WHOLE
from oda_eras.paths import BUILD, name_in_project, project_root
from oda_eras.stamps import sha256
from oda_eras.study import FEWEST_YEARS, LEVEL, LISTED, Study

ATLAS, WORLD = "outputs/atlas", "outputs/JPN/data/world.csv.gz"
NOTEBOOK = "notebooks/on_request/atlas.ipynb"
# autocorrelations at which series without a shift are simulated
RHOS = np.array([*np.round(np.arange(-0.95, 0.96, 0.05), 2), 0.99])
PER_CHUNK = 200  # series
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
# what a p is one of, in tables that count series
TESTS = ["sup_f", "sup_f_removed", "ud_max", "ud_max_removed"]
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
    rng, parts = np.random.default_rng(seed), []
    for _, own in series.groupby(SERIES, sort=False):
        amounts = own.usd_million.to_numpy()
        rho = breaks.lag1(amounts - amounts.mean())
        rho = min(rho + (1 + 3 * rho) / len(amounts), RHOS[-1])
        rank = breaks.ar1(len(amounts), rho, 1, rng)[:, 0].argsort().argsort()
        parts.append(own.assign(usd_million=np.sort(amounts)[rank]))
    found = pd.concat(parts, ignore_index=True)
    return found.assign(kind=found.kind + REORDERED)


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


def statistics(rows: pd.DataFrame) -> pd.DataFrame:
    """What the tests and searches find in each series of `series_of`, without p.

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
    n = rows.groupby(SERIES, sort=False).year.transform("size")
    parts = [_of_length(own, int(length)) for length, own in rows.groupby(n)]
    order = pd.MultiIndex.from_frame(rows[SERIES].drop_duplicates())
    return pd.concat(parts).set_index(SERIES).loc[order].reset_index()


def _of_length(rows: pd.DataFrame, n: int) -> pd.DataFrame:
    """`statistics` of series of n years, all at once but for the dates of those with breaks."""
    y = rows.usd_million.to_numpy().reshape(-1, n).T
    years = rows.year.to_numpy().reshape(-1, n).T
    each = np.arange(y.shape[1])
    sup, cut = breaks.sup_f_paths(y, trim=TRIM)
    old = np.arange(n)[:, None] < cut
    before, after = (np.mean(y, axis=0, where=side) for side in (old, ~old))
    level, shortest = y.mean(axis=0), SEVERAL["h"]
    most = min(SEVERAL["max_breaks"], max(math.ceil(n / shortest) - 2, 1))  # as breaks.bai_perron
    rss = breaks.min_rss(y - level, shortest, most)
    of_m = breaks.sup_f_of_m(rss, n)
    found = rows.iloc[::n][SERIES].reset_index(drop=True)
    found = found.assign(first=years[0], last=years[-1], n=n, sup_f=sup)
    found = found.assign(last_old=years[cut - 1, each], first_new=years[cut, each])
    found = found.assign(change=after - before)
    found = found.assign(ud_max=of_m.max(axis=0), ud_breaks=of_m.argmax(axis=0) + 1)
    found["rho_null"] = breaks.lag1(y - level)
    found["rho_break"] = breaks.lag1(y - np.where(old, before, after))
    for criterion, values in zip(("bic", "lwz"), breaks.criteria(rss, n), strict=True):
        found[criterion] = values.argmin(axis=0)
    dated = [_dates(*one) for one in zip(y.T, years[0], found.bic, found.lwz, strict=True)]
    found["bic_dates"], found["lwz_dates"] = zip(*dated, strict=True)
    return found


def _dates(y: np.ndarray, first: int, *numbers: int) -> list[str]:
    """`dates` of each number of breaks in a series."""
    if not any(numbers):
        return ["none"] * len(numbers)
    fit = breaks.bai_perron(y, **SEVERAL)
    texts = {m: dates(fit, m, first) if m else "none" for m in set(numbers)}
    return [texts[m] for m in numbers]


def dates(fit: breaks.BaiPerron, m: int, first: int) -> str:
    """The last old years of `m` breaks with their 95% intervals, such as "2000 (1998-2017)"."""
    before, texts = first - 1, []
    for low, at, high in fit.confint(m).to_numpy():
        ends = (before + max(low, 1), before + min(high, fit.n))
        interval = "" if math.isnan(low) else " ({:.0f}-{:.0f})".format(*ends)
        texts.append(f"{before + at:.0f}{interval}")
    return "; ".join(texts)


def p_values(rows: pd.DataFrame) -> pd.DataFrame:
    """Simulated p of the statistics of series that are equally long.

    `rows` has columns `SERIES`, n, sup_f, ud_max, rho_null, rho_break. Returns `SERIES` and
    `P_VALUES`: (b + 1) / (`N_SIM` + 1) with b the number of simulated statistics at least as large,
    interpolated between the autocorrelations of `RHOS` on either side; beyond them, at the last.
    """
    (n,) = rows.n.unique()
    found = rows[SERIES].copy()
    sup_f, ud_max = rows.sup_f.to_numpy(), rows.ud_max.to_numpy()
    for source in ("null", "break"):
        rho = rows[f"rho_{source}"].clip(RHOS[0], RHOS[-1]).to_numpy()
        above = np.searchsorted(RHOS, rho).clip(min=1)
        weight = (rho - RHOS[above - 1]) / (RHOS[above] - RHOS[above - 1])
        p, ud_p = np.zeros((2, len(rows)))
        for at, part in ((above - 1, 1 - weight), (above, weight)):
            for number in np.unique(at):
                own, (sups, uds) = at == number, nulls(int(n), number)
                p[own] += part[own] * at_least(sups, sup_f[own])
                ud_p[own] += part[own] * at_least(uds, ud_max[own])
        found[f"p_{source}"], found[f"ud_p_{source}"] = p, ud_p
    return found.round(6)


@lru_cache(maxsize=2 * len(RHOS))
def nulls(n: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Simulated sup-F and UDmax of n years at an autocorrelation of `RHOS`, each in order."""
    sups = breaks.simulate_sup_f(n, RHOS[number], trim=TRIM, n_sim=N_SIM)
    uds = breaks.simulate_ud_max(n, RHOS[number], **SEVERAL, n_sim=N_SIM)
    return np.sort(sups), np.sort(uds)


def at_least(null: np.ndarray, statistic: np.ndarray) -> np.ndarray:
    """p of statistics beside simulated ones in order (Phipson and Smyth 2010)."""
    below = np.searchsorted(null, statistic)
    return (len(null) - below + 1) / (len(null) + 1)


def tested(series: pd.DataFrame, folder: Path, workers: int | None = None) -> pd.DataFrame:
    """Test every series, on a local pool or on the cluster of DASK_SCHEDULER_ADDRESS.

    Parameters
    ----------
    series : DataFrame
        Result of `series_of`.
    folder : Path
        Where chunks are kept (`oda_eras.chunks`).
    workers : int, optional
        Local processes; default: one for each core.

    Returns
    -------
    DataFrame
        The columns of `statistics`, `P_VALUES`, and `Q_VALUES`: these p adjusted over
        all series of the kind. The same whatever the number of workers.
    """
    from scipy.stats import false_discovery_control  # workers do without: it takes long to load

    keys = series.groupby(SERIES, sort=False).ngroup()
    parts = [part for _, part in series.groupby(keys // PER_CHUNK)]
    given = [*SERIES, "n", "sup_f", "ud_max", "rho_null", "rho_break"]
    with chunks.Workers(workers) as pool:
        found = chunks.made(statistics, parts, folder, rules(), pool)
        # the longest take longest, and come first
        by_length = [part for _, part in sorted(found[given].groupby("n"), reverse=True)]
        found = found.merge(chunks.made(p_values, by_length, folder, rules(), pool), on=SERIES)
    for p, q in zip(P_VALUES, Q_VALUES, strict=True):
        found[q] = found.groupby("kind")[p].transform(false_discovery_control)
    return found


# what chunks are made by
PARTS = (statistics, _of_length, _dates, dates, p_values, nulls, at_least)


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
    return tested(pd.concat([series, reordered(series)], ignore_index=True), chunk_folder(root))


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
