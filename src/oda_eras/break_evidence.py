"""Did the level of a flow shift, and when: the tests, searches and rates that notebook 05 shows.

A sample is one series that is tested: its price basis, its recipient (ISO3 or a sum of
`oda_eras.measures`) and its flow in millions, indexed by years without gaps.
"""

import math

import numpy as np
import pandas as pd

from oda_eras import breaks
from oda_eras.eras import MAX_BREAKS, MIN_SEGMENT, majority_era
from oda_eras.flows import SURE
from oda_eras.measures import ALL, WITHOUT_UZB, longest_run
from oda_eras.study import DATA_DRIVEN, FEWEST_YEARS, FIRST_YEAR, LEVEL, LISTED
from oda_eras.words import formatted

Sample = tuple[str, str, pd.Series]

N_SIM = 10_000
TRIM = 0.15
# several breaks: the one setting of the search, of UDmax and of the posterior
SEVERAL = {"h": MIN_SEGMENT, "max_breaks": MAX_BREAKS}
# the series whose p is drawn over the autocorrelation
CURVES = (ALL, WITHOUT_UZB, "UZB")
# of one shift, and of several breaks
TESTS = ("sup-F", "UDmax")
# the smallest probability that counts as a peak of the posterior
PEAK = 0.1
# penalties that PELT is run with, in variances of the series
PENALTIES = (0.5, 1, 2, 3, 4, 6, 8, 12, 16)
# series as a sentence names them
SUMS = {ALL: "the total", WITHOUT_UZB: "the total without Uzbekistan"}
# the methods of data/power.csv as figures and tables name them, and those that a figure shows
METHODS = pd.Series(
    {
        "sup_f_simulated_null": "sup-F, own rho",
        "sup_f_simulated_break": "sup-F, break removed",
        "ud_max_simulated_null": "UDmax, own rho",
        "ud_max_simulated_break": "UDmax, break removed",
        "sup_f_asymptotic": "sup-F, asymptotic",
        "bic": "BIC",
        "lwz": "LWZ",
        "rotation": "rotation",
        "era_f_ar1": "era F, own rho",
        "permutation": "permutation",
        "ols_cusum": "OLS-CUSUM",
        "newey_west_step": "Newey-West, step",
        "newey_west_level": "Newey-West, step beside trends",
    }
)
DRAWN = ["sup_f_simulated_null", "sup_f_simulated_break", "bic", "lwz", "rotation"]
SCENARIOS = {"size": "no break", "power": "one step", "power_eras": "era means"}

# One shift


def spoken(recipients: dict[str, str]) -> pd.Series:
    """How a sentence names each series: recipients, by their names, and their sums."""
    return pd.Series(recipients | SUMS)


def samples(series: pd.DataFrame) -> tuple[list[Sample], list[str]]:
    """Every series over its longest run of known years, and over that with 1992 before it.

    Parameters
    ----------
    series : DataFrame
        One measure of `oda_eras.measures.study_series`: index year, columns (price_basis,
        recipient).

    Returns
    -------
    samples : list of (price_basis, recipient, Series)
        From the listing on; where 1992 is known and the next year begins the run, once more from
        1992. A single recipient is its own sum and counts once, as the sum.
    unchanging : list of str
        Recipients left out because a series of theirs never changes.
    """
    recipients = list(series.columns.unique("recipient"))
    found = []
    for basis in series.columns.unique("price_basis"):
        for recipient in recipients if len(recipients) > 2 else [ALL]:
            run = longest_run(series[basis, recipient])
            found.append((basis, recipient, run))
            with_1992 = longest_run(series[basis, recipient], first=FIRST_YEAR)
            if with_1992.index[1] == run.index[0]:
                found.append((basis, recipient, with_1992))
    unchanging = {recipient for _, recipient, y in found if y.nunique() == 1}
    return [sample for sample in found if sample[1] not in unchanging], sorted(unchanging)


def flows_in(samples: list[Sample], basis: str) -> dict[str, pd.Series]:
    """The samples of one price basis that begin after 1992, by recipient."""
    return {r: y for price_basis, r, y in samples if price_basis == basis and y.index[0] >= LISTED}


def after_1992(rows: pd.DataFrame, basis: str) -> pd.DataFrame:
    """Rows of one price basis whose series begins after 1992, indexed by recipient."""
    chosen = rows[(rows.price_basis == basis) & (rows.start >= LISTED)]
    return chosen.set_index("recipient")


def break_tests(samples: list[Sample], n_sim: int = N_SIM) -> pd.DataFrame:
    """Test each sample for breaks of its mean at unknown dates: sup-F for one, UDmax for several.

    Returns
    -------
    DataFrame
        A row per sample: recipient, price_basis, start, n; sup_f, last_old, first_new; ud_max and
        ud_breaks, the number of breaks that has it (`oda_eras.breaks.ud_max`); rho of the series
        as it is (rho_null), with the best break removed (rho_break) and with as many as `SEVERAL`
        allows (rho_most); simulated p of sup-F at the first two (p_null, p_break) and of UDmax at
        the same (ud_p_null, ud_p_break); p_asymptotic of sup-F; mc_error (the largest of the p).
    """
    rows = []
    for basis, recipient, y in samples:
        null, broken = (
            breaks.sup_f(y, trim=TRIM, n_sim=n_sim, rho_from=source) for source in ("null", "break")
        )
        several = breaks.ud_max(y, **SEVERAL)
        most = breaks.ud_max(y, **SEVERAL, removed=len(several.path))
        ud = breaks.ud_max_p_over_rho(y, **SEVERAL, rhos=[null.rho, broken.rho], n_sim=n_sim)
        rows.append(
            {
                "recipient": recipient,
                "price_basis": basis,
                "start": int(y.index[0]),
                "n": len(y),
                "sup_f": null.sup,
                "last_old": null.last_old,
                "first_new": null.first_new,
                "ud_max": several.statistic,
                "ud_breaks": several.m,
                "rho_null": null.rho,
                "rho_break": broken.rho,
                "rho_most": most.rho,
                "p_null": null.p_simulated,
                "p_break": broken.p_simulated,
                "ud_p_null": ud.p[0],
                "ud_p_break": ud.p[1],
                "p_asymptotic": null.p_asymptotic,
                "mc_error": max(null.mc_error, broken.mc_error, *ud.mc_error),
            }
        )
    return pd.DataFrame(rows)


def at_corrected_rho(
    flows: dict[str, pd.Series], tests: pd.DataFrame, n_sim: int = N_SIM
) -> pd.DataFrame:
    """p_null of each series at a rho corrected for its bias in short series.

    rho is estimated too low by about (1 + 3 rho) / n (Kendall 1954, Biometrika 41, 403-404;
    formula not verified).

    Parameters
    ----------
    flows : dict of Series
        By recipient.
    tests : DataFrame
        Rows of `break_tests`, indexed by recipient.
    n_sim : int

    Returns
    -------
    DataFrame
        Index recipient; columns rho_null, p_null, rho_corrected, p_corrected, the last two
        missing where the corrected rho is 1 or more and no stationary series has it.
    """
    rho = tests.rho_null + (1 + 3 * tests.rho_null) / tests.n
    rho = rho.where(rho < 1)
    p = {
        recipient: breaks.p_over_rho(flows[recipient], trim=TRIM, rhos=[at], n_sim=n_sim).p[0]
        for recipient, at in rho.dropna().items()
    }
    return tests[["rho_null", "p_null"]].assign(
        rho_corrected=rho, p_corrected=pd.Series(p, dtype=float)
    )


def case(rows: pd.DataFrame) -> pd.Series:
    """Price basis of each row, and whether its series begins in 1992: "current, from 1992"."""
    return rows.price_basis + np.where(rows.start < LISTED, ", from 1992", "")


def in_every_basis(tests: pd.DataFrame, column: str) -> pd.DataFrame:
    """A column of `break_tests` by recipient, a column for each `case`."""
    wide = tests.assign(case=case(tests)).pivot(index="recipient", columns="case", values=column)
    return wide.loc[tests.recipient.unique()].rename_axis(columns=None)


def small_p(tests: pd.DataFrame, of: str = "") -> pd.Series:
    """How many of the two simulated p, p_null and p_break, are at most the level: 0, 1 or 2.

    They are those of sup-F, or of UDmax where `of` is "ud_".
    """
    return (tests[[f"{of}p_null", f"{of}p_break"]] <= LEVEL).sum(axis=1)


def share_small(tests: pd.DataFrame) -> pd.DataFrame:
    """Share of each recipient's samples in which p_null and p_break are at most the level."""
    small = tests.set_index("recipient")[["p_null", "p_break"]] <= LEVEL
    return small.groupby("recipient", sort=False).mean()


def critical_values(test: pd.Series, n_sim: int = N_SIM) -> dict[str, float]:
    """5% critical values of sup-F by what they suppose, for one row of `break_tests`.

    At its length, simulated at rho of the series as it is and at rho with the best break removed;
    then the asymptotic one, which supposes a long series of independent years.
    """
    rhos = {"series as it is": test.rho_null, "break removed": test.rho_break}
    simulated = {
        f"5%, autocorrelation {rho:.2f} ({label})": float(
            np.quantile(breaks.simulate_sup_f(int(test.n), rho, trim=TRIM, n_sim=n_sim), 1 - LEVEL)
        )
        for label, rho in rhos.items()
    }
    return simulated | {
        "5%, no autocorrelation, many years": breaks.hansen_critical(LEVEL, 1, TRIM)
    }


def f_by_year(flow: pd.Series) -> pd.Series:
    """F of one shift of the mean by the last year of the old level."""
    path = breaks.sup_f(flow, trim=TRIM).path
    return path.set_axis(flow.index[path.index - 1])


def evidence_by_year(
    path: pd.Series, posterior: pd.Series, critical: dict[str, float]
) -> pd.DataFrame:
    """What speaks for a break after each year, as one table.

    Parameters
    ----------
    path : Series
        Result of `f_by_year`.
    posterior : Series
        Probability of a break by last old year, for every year but the last
        (`oda_eras.posterior.change_points`).
    critical : dict of float
        Result of `critical_values`.

    Returns
    -------
    DataFrame
        Columns last_old, f (missing too close to an end), posterior, critical_null,
        critical_break, critical_asymptotic.
    """
    frame = pd.DataFrame({"f": path.reindex(posterior.index), "posterior": posterior})
    names = ("critical_null", "critical_break", "critical_asymptotic")
    return (
        frame.assign(**dict(zip(names, critical.values(), strict=True)))
        .rename_axis("last_old")
        .reset_index()
    )


def likeliest_years(posterior: pd.Series) -> pd.Series:
    """Probability of a break in the three neighbouring years that have most of it, by year."""
    last = posterior.rolling(3).sum().idxmax()
    return posterior.loc[last - 2 : last]


def peaks(posterior: pd.Series) -> list[int]:
    """Years at which the posterior of a break is a peak of at least `PEAK`."""
    highest = posterior.rolling(3, center=True, min_periods=1).max()
    return [int(y) for y in posterior.index[(posterior >= PEAK) & (posterior == highest)]]


def p_curves(flows: dict[str, pd.Series], tests: pd.DataFrame, n_sim: int = N_SIM) -> pd.DataFrame:
    """Simulated p of both tests over the autocorrelation of the errors, for the series of `CURVES`.

    Takes what `at_corrected_rho` takes. Returns columns test ("sup-F", "UDmax"), series (recipient
    or sum), estimate, rho, p: the curves, with an empty estimate, then the points at all three
    estimates of rho (null, break, most).
    """
    chosen = [code for code in CURVES if code in tests.index]
    columns = ["test", "series", "estimate", "rho", "p"]
    curves, marks = [], []
    for code in chosen:
        estimates = tests.loc[code, ["rho_null", "rho_break", "rho_most"]].astype(float)
        names = estimates.index.str.removeprefix("rho_")
        for test in TESTS:
            about = dict(test=test, series=code)
            curve, points = (
                _p_over_rho(test, flows[code], n_sim, rhos) for rhos in (breaks.RHOS, estimates)
            )
            curves.append(curve.assign(**about, estimate=""))
            marks.append(points.assign(**about, estimate=names))
    return pd.concat([*curves, *marks], ignore_index=True)[columns]


def _p_over_rho(test: str, flow: pd.Series, n_sim: int, rhos) -> pd.DataFrame:
    if test == "UDmax":
        return breaks.ud_max_p_over_rho(flow, **SEVERAL, rhos=rhos, n_sim=n_sim)
    return breaks.p_over_rho(flow, trim=TRIM, rhos=rhos, n_sim=n_sim)


def rho_at_level(curves: pd.DataFrame, tests: pd.DataFrame) -> pd.DataFrame:
    """The autocorrelation at which each curve of `p_curves` reaches the level.

    Returns a frame indexed by series with columns rho_null, rho_break, rho_most, limit (of sup-F)
    and ud_limit. A limit is missing where p is above the level at every rho from 0 on, and
    infinite where it is never that large.
    """
    limits = {
        of: np.interp(LEVEL, curve.p, curve.rho, left=np.nan, right=np.inf)
        for of, curve in curves[curves.estimate == ""].groupby(["test", "series"], sort=False)
    }
    limit = pd.Series(limits, dtype=float)
    estimates = tests.loc[limit["sup-F"].index, ["rho_null", "rho_break", "rho_most"]]
    return estimates.assign(limit=limit["sup-F"], ud_limit=limit["UDmax"]).rename_axis("series")


def rho_without_breaks(n: int, rho: float, n_sim: int = 500, seed: int = 0) -> float:
    """Mean estimate of rho with the most breaks of `SEVERAL` removed, in series without a break.

    `n_sim` AR(1) series of n years with autocorrelation rho.
    """
    paths = breaks.ar1(n, rho, n_sim, np.random.default_rng(seed))
    most = len(breaks.ud_max(paths[:, 0], **SEVERAL).path)
    return float(np.mean([breaks.ud_max(y, **SEVERAL, removed=most).rho for y in paths.T]))


# Several breaks


def search(flow: pd.Series) -> breaks.BaiPerron:
    """Bai and Perron's search with the one setting that is used everywhere."""
    return breaks.bai_perron(flow, **SEVERAL)


def several_breaks(samples: list[Sample]) -> pd.DataFrame:
    """Breaks in the mean of each sample by `search`, their number by BIC and by LWZ.

    Returns
    -------
    DataFrame
        A row per break, or one where there is none: recipient, price_basis, start, criterion,
        breaks (how many), last_old, first_new, lower and upper (95% interval of last_old, which
        may lie outside the sample; missing where none exists).
    """
    rows = []
    for basis, recipient, y in samples:
        start, fit = int(y.index[0]), search(y)
        for criterion in ("bic", "lwz"):
            m = fit.choice(criterion)
            about = (recipient, basis, start, criterion.upper(), m)
            if not m:
                rows.append((*about, None, None, None, None))
                continue
            at, interval = fit.labels(m), fit.confint(m) + start - 1
            dates = [at.last_old, at.first_new, interval.lower, interval.upper]
            rows += [(*about, *date) for date in zip(*dates, strict=True)]
    dates = ["last_old", "first_new", "lower", "upper"]
    columns = ["recipient", "price_basis", "start", "criterion", "breaks", *dates]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(dates, "Int64"))


def dated(found: pd.DataFrame) -> pd.DataFrame:
    """Rows of `several_breaks` with a row per series and criterion.

    Returns columns recipient, price_basis, start, criterion, breaks, dates: the last old years with
    their intervals, such as "2000 (1998-2017)", or "none".
    """
    interval = " (" + found.lower.astype(str) + "-" + found.upper.astype(str) + ")"
    text = found.last_old.astype(str) + interval.where(found.lower.notna(), "")
    keys = ["recipient", "price_basis", "start", "criterion", "breaks"]
    named = found.assign(dates=text.where(found.last_old.notna(), "none"))
    return named.groupby(keys, sort=False).dates.agg(", ".join).reset_index()


def last_years(found: pd.DataFrame) -> pd.DataFrame:
    """Last old years of one recipient's rows of `several_breaks`, as text.

    Returns a column case and one for each criterion, such as "1997, 2005" or "none".
    """
    years = found.groupby([case(found).rename("case"), "criterion"]).last_old
    text = years.agg(lambda y: ", ".join(map(str, y.dropna())) or "none")
    return text.unstack("criterion").rename_axis(columns=None).reset_index()


def numbers_of_breaks(found: pd.DataFrame) -> pd.DataFrame:
    """How many different numbers of breaks a recipient has over its cases, a column a criterion."""
    return found.groupby(["recipient", "criterion"], sort=False).breaks.nunique().unstack()


def pelt(flow: pd.Series, penalty: float) -> list[int]:
    """Last old years by PELT with a penalty for each break, in squared units of the flow."""
    import ruptures  # it loads all of scipy.stats, which workers of the atlas do without

    # it looks at every fifth year unless told otherwise
    found = ruptures.Pelt(model="l2", min_size=MIN_SEGMENT, jump=1).fit(flow.to_numpy())
    return [int(flow.index[end - 1]) for end in found.predict(pen=penalty)[:-1]]


def penalty_path(flow: pd.Series) -> pd.DataFrame:
    """PELT over `PENALTIES`: columns penalty (variances of the flow), breaks, last_old (text)."""
    found = {factor: pelt(flow, factor * flow.var()) for factor in PENALTIES}
    rows = [(factor, len(years), ", ".join(map(str, years))) for factor, years in found.items()]
    return pd.DataFrame(rows, columns=["penalty", "breaks", "last_old"])


def by_method(flow: pd.Series, posterior: pd.Series) -> pd.DataFrame:
    """Where each method puts a break, methods that share a criterion together.

    Parameters
    ----------
    flow : Series
        By year, without gaps.
    posterior : Series
        Its probability of a break by last old year.

    Returns
    -------
    DataFrame
        Columns family, method, year (last of the old level): a row per break; a method that
        finds none has one row without a year.
    """
    fit = search(flow)
    noise = fit.table.rss[fit.choice("bic")] / len(flow)
    years = {
        ("least squares", "sup-F, its maximum"): [f_by_year(flow).idxmax()],
        ("least squares", "Bai-Perron, BIC"): fit.labels(fit.choice("bic")).last_old,
        ("least squares", "Bai-Perron, LWZ"): fit.labels(fit.choice("lwz")).last_old,
        ("least squares", "PELT, penalty of 2 ln n variances"): pelt(
            flow, 2 * noise * math.log(len(flow))
        ),
        ("cumulated residuals", "OLS-CUSUM, its peak"): [
            flow.index[breaks.cusum(flow).position - 1]
        ],
        ("posterior", f"posterior of {PEAK} or more"): peaks(posterior),
    }
    rows = [(*about, year) for about, found in years.items() for year in list(found) or [None]]
    return pd.DataFrame(rows, columns=["family", "method", "year"]).astype({"year": "Int64"})


# Draws and commitments beside net flows


def samples_of_flows(flows: pd.DataFrame) -> dict[str, list[Sample]]:
    """Net flows, gross disbursements and commitments as series, one status or bound at a time.

    Parameters
    ----------
    flows : DataFrame
        flows.csv of a run (FLOW_COLUMNS of `oda_eras.flows`).

    Returns
    -------
    dict of list of (price_basis, recipient, Series)
        By what is tested. Known: what sources print, in current prices or in constant ones. Bounds
        of gross flows: all years at the lower ends, and all at the upper ends. Floor of
        commitments: what the CRS records of them. From the listing on: the sum over the
        recipients, that without Uzbekistan, and Uzbekistan, each over its longest run of years.
        What is shorter than `FEWEST_YEARS` or never changes is left out.
    """
    sure = flows.assign(value=flows.value.where(flows.status.isin(SURE)))
    kinds = {
        "net": ("net", sure, "value"),
        "gross, lower bounds": ("gross", flows, "low"),
        "gross, upper bounds": ("gross", flows, "high"),
        "gross, known": ("gross", sure, "value"),
        "commitments, floor": ("commitments", flows, "low"),
        "commitments, known": ("commitments", sure, "value"),
    }
    found = {}
    for kind, (measure, rows, column) in kinds.items():
        # what is not recorded adds nothing to a floor, and makes any other sum unknown
        fewest = 1 if kind == "commitments, floor" else None
        of_measure = rows[rows.measure == measure]
        found[kind] = [
            (basis, recipient, y)
            for basis, of_basis in of_measure.groupby("price_basis", sort=False)
            for recipient, series in _sums(of_basis, column, fewest).items()
            if len(y := longest_run(series)) >= FEWEST_YEARS and y.nunique() > 1
        ]
    return {kind: some for kind, some in found.items() if some}


def _sums(rows: pd.DataFrame, column: str, fewest: int | None) -> dict[str, pd.Series]:
    """The series of `CURVES` that there are, by year, of which `fewest` parts must be known."""
    cells = rows.pivot(index="year", columns="recipient", values=column)
    without = cells.drop(columns="UZB", errors="ignore")
    parts = {ALL: cells}
    if 0 < without.shape[1] < cells.shape[1]:
        parts |= {WITHOUT_UZB: without, "UZB": cells[["UZB"]]}
    return {
        name: part.sum(axis=1, min_count=fewest or part.shape[1]) for name, part in parts.items()
    }


def flow_tests(flows: dict[str, list[Sample]], n_sim: int = N_SIM) -> pd.DataFrame:
    """The tests and the search of one shift and of several breaks, for `samples_of_flows`.

    Returns the columns of `break_tests` after flow, price_basis, recipient, start, end; then bic
    and lwz, how many breaks either finds, and bic_dates and lwz_dates, as `dated` prints them.
    """
    keys = ["price_basis", "recipient", "start"]
    parts = []
    for kind, some in flows.items():
        picked = dated(several_breaks(some)).pivot(
            index=keys, columns="criterion", values=["breaks", "dates"]
        )
        picked.columns = [
            name.lower() + ("_dates" if what == "dates" else "") for what, name in picked.columns
        ]
        tested = break_tests(some, n_sim).merge(picked.reset_index(), on=keys)
        parts.append(tested.assign(flow=kind, end=tested.start + tested.n - 1))
    rows = pd.concat(parts, ignore_index=True)
    first = ["flow", *keys, "end"]
    return rows[[*first, *rows.columns.difference(first, sort=False)]].astype(
        {"bic": int, "lwz": int}
    )


P_VALUES = ["p_null", "p_break", "ud_p_null", "ud_p_break"]


def small_by_measure(tests: pd.DataFrame) -> pd.DataFrame:
    """How many rows of `flow_tests` have a p of at most the level.

    Returns a frame indexed by net, gross and commitments with columns tests and the four p.
    """
    measure = tests.flow.str.split(",").str[0]
    counted = (tests[P_VALUES] <= LEVEL).assign(tests=1).groupby(measure).sum()
    return counted.reindex(["net", "gross", "commitments"], fill_value=0).astype(int)


def least_p(tests: pd.DataFrame, measure: str) -> float:
    """The smallest p of either test in the rows of `flow_tests` of one measure."""
    return float(tests.loc[tests.flow.str.startswith(measure), P_VALUES].min(axis=None))


def spread(p: pd.Series) -> str:
    """Smallest and largest of some p as text, "0.064 to 0.165", or the only one."""
    least, most = (formatted(value, "p") for value in (p.min(), p.max()))
    return least if least == most else f"{least} to {most}"


# Eras


def boundaries(eras: pd.DataFrame, years: list[int]) -> list[int]:
    """Last years of eras that end within some years; none where the eras come from the data.

    `eras` is one scheme of data/eras.csv; years that no era holds count as one era.
    """
    if (eras.scheme == DATA_DRIVEN).any():
        return []
    era = majority_era(eras, years).fillna("none")
    return [int(year) for year in years[:-1] if era[year] != era[year + 1]]


def admissible(flow: pd.Series) -> list[int]:
    """Years after which a break leaves both segments their smallest length."""
    return [int(year) for year in flow.index[MIN_SEGMENT - 1 : len(flow) - MIN_SEGMENT]]


def near(years: list[int], boundaries: list[int]) -> list[int]:
    """Those of some years that lie within a year of a boundary."""
    return [year for year in years if any(abs(year - b) <= 1 for b in boundaries)]


def with_means(eras: pd.DataFrame, flow: pd.Series) -> pd.DataFrame:
    """A scheme of eras with the mean of a flow over the years of each, in a column mean."""
    means = flow.groupby(majority_era(eras, list(flow.index))).mean()
    return eras.assign(mean=eras.era.map(means))


# The engine, and what so few years can show


def by_program(validation: pd.DataFrame) -> pd.DataFrame:
    """Reference values of data/break_validation.csv by program.

    Returns columns gated (whether they must agree), source, and how many there are (values), have
    a counterpart (compared) and agree (hold).
    """
    counted = validation.assign(holds=validation.holds.astype("boolean").astype("Int64"))
    return counted.groupby(["gated", "source"], as_index=False).agg(
        values=("statistic", "size"), compared=("holds", "count"), hold=("holds", "sum")
    )


def detection_rates(power: pd.DataFrame) -> pd.DataFrame:
    """Share of simulated series in which each method of data/power.csv finds a break.

    Returns a frame indexed by scenario, rho, shift_sd with a column per method: means over the
    boundaries at which the step may stand.
    """
    return power.pivot_table(
        index=["scenario", "rho", "shift_sd"], columns="method", values="rejection_rate"
    ).rename_axis(columns=None)


def largest_error(power: pd.DataFrame) -> float:
    """The largest Monte Carlo standard error of a cell of `detection_rates`."""
    errors = power.groupby(["scenario", "rho", "shift_sd", "method"]).mc_error
    return float(errors.agg(lambda e: math.sqrt((e**2).sum()) / len(e)).max())


def false_finds(rates: pd.DataFrame) -> pd.DataFrame:
    """Rates without a break to find: columns method and, for each rho, "rho 0.0" and so on."""
    size = rates.loc["size"].droplevel("shift_sd")
    return (
        size.set_axis([f"rho {rho}" for rho in size.index])
        .T.rename_axis("method")
        .loc[METHODS.index]
    )


def step_rates(power: pd.DataFrame) -> pd.DataFrame:
    """Rates of the methods in `DRAWN` over the size of one step; 0 is no break.

    Returns columns method, rho, shift_sd, rejection_rate (mean over the boundaries), n_sim.
    """
    some = power[power.scenario.isin(["size", "power"]) & power.method.isin(DRAWN)]
    return (
        some.groupby(["method", "rho", "shift_sd"], sort=False, as_index=False)
        .agg(rejection_rate=("rejection_rate", "mean"), n_sim=("n_sim", "sum"))
        .round(4)
    )


def found_by_rotation(power: pd.DataFrame) -> pd.DataFrame:
    """What rotation finds, by the alternative, rho and size.

    Returns a frame indexed by alternative (a step after a year, or a mean for every era) with a
    column for each rho and shift of 1, 2 and 3, such as "rho 0.3, 2 SD".
    """
    some = power[(power.method == "rotation") & power.shift_sd.isin([1, 2, 3])]
    step = (LISTED - 1 + some.break_after).map("step after {}".format)
    index = step.where(some.scenario == "power", "a mean for every era").rename("alternative")
    case = some.rho.map("rho {}, ".format) + some.shift_sd.map("{:.0f} SD".format)
    return some.pivot_table(index=index, columns=case, values="rejection_rate").rename_axis(
        columns=None
    )


def era_lengths(power: pd.DataFrame) -> list[int]:
    """Years of each era of the simulated series, in time order."""
    edges = [0, *sorted(power.break_after.unique()), power.n.max()]
    return [int(length) for length in np.diff(edges)]


def power_table(rates: pd.DataFrame) -> pd.DataFrame:
    """`detection_rates` as a table prints them: from no break to a mean for every era."""
    ordered = rates.loc[list(SCENARIOS)].reset_index()
    return ordered.assign(scenario=ordered.scenario.map(SCENARIOS))
