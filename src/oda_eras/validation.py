"""The break engine against reference results computed with R and other libraries.

`make power` (``python -m oda_eras.validation``) writes data/break_validation.csv, which 05 shows.
"""

import math
from functools import cache

import numpy as np
import pandas as pd

from oda_eras.breaks import (
    bai_perron,
    chow,
    cusum,
    hansen_p,
    min_rss,
    simulate_sup_f,
    simulate_ud_max,
    sup_f,
    sup_f_of_m,
    sup_f_paths,
)
from oda_eras.paths import project_root

SEED = 20250520
N_SIM = 40_000
# a sample that stands for a long one, and how many of them
LONG, N_LONG = 200, 10_000

_PUBLISHED = ("sup_f_m_critical", "ud_max_critical")
_EXACT = ("positions", "last_old", "argmax_f", "chosen_breaks", "interval", "mann_whitney")


def validation_table(reference: pd.DataFrame, noise: pd.Series) -> pd.DataFrame:
    """Recompute every reference value that has a counterpart here and compare.

    Parameters
    ----------
    reference : DataFrame
        data/break_reference.csv: series, statistic, at, value (a number, or several joined by
        ";"), settings, computed_by, gated, note.
    noise : Series, shape (30,)
        data/break_synthetic.csv: values indexed by year.

    Returns
    -------
    DataFrame
        A row per reference value; columns series, statistic, at, settings, reference and ours
        (text, ours to 9 digits), difference (the largest of the row, in the unit of the
        tolerance), tolerance, holds, gated, source, note. ``ours`` is empty and ``holds`` missing
        where the value belongs to a library only.

    Notes
    -----
    The Nile and US macro series are statsmodels' (both public domain). Tolerances: 1e-6 relative;
    positions, dates and intervals exact; p-values and levels 1e-3 absolute; simulated quantiles 4
    Monte Carlo standard errors of their difference. Published critical values of sup F(m) and
    UDmax are simulated themselves (how often is not known here, and `N_LONG` times supposed): 4
    Monte Carlo standard errors between their level and the share of `N_LONG` independent series of
    `LONG` observations that reach them.
    """
    series = _series(noise)
    reference = reference.fillna("").astype(str)
    rows = []
    for row in reference.to_dict("records"):
        at, settings = _pairs(row["at"]), _pairs(row["settings"])
        expected = np.array([float(v) for v in row["value"].split(";")])
        compute = _COMPUTE.get(row["statistic"])
        kind, tolerance = _tolerance(row)
        if compute is None:
            ours, difference, holds = "", math.nan, pd.NA
        else:
            y, x = series.get(row["series"], (None, None))
            found = np.atleast_1d(np.asarray(compute(y, x, at, settings), dtype=float)).ravel()
            if row["statistic"] == "sup_f_critical":
                found, difference = _critical_difference(found, expected, at, settings)
            elif row["statistic"] in _PUBLISHED:
                alpha = float(at["alpha"])
                error = math.sqrt(alpha * (1 - alpha) * 2 / N_LONG)
                difference = abs((found >= expected[0]).mean() - alpha) / error
                found = np.quantile(found, [1 - alpha])
            else:
                difference = _difference(found, expected, kind)
            ours = ";".join(f"{v:.9g}" for v in found)
            holds = bool(difference <= tolerance)
        rows.append(
            {
                "series": row["series"],
                "statistic": row["statistic"],
                "at": row["at"],
                "settings": row["settings"],
                "reference": row["value"],
                "ours": ours,
                "difference": round(difference, 9),
                "tolerance": f"{tolerance:g} {kind}",
                "holds": holds,
                "gated": row["gated"] == "True",
                "source": row["computed_by"],
                "note": row["note"],
            }
        )
    return pd.DataFrame(rows).astype({"holds": "boolean"})


def _series(noise: pd.Series) -> dict[str, tuple[pd.Series, pd.DataFrame | None]]:
    from statsmodels.datasets import macrodata, nile

    flow = nile.load_pandas().data
    macro = macrodata.load_pandas().data
    macro.index = macro["year"] + (macro["quarter"] - 1) / 4
    macro["lag1"] = macro["infl"].shift(1)
    macro = macro.iloc[1:]
    return {
        "nile": (pd.Series(flow["volume"].to_numpy(), index=flow["year"].astype(int)), None),
        "real_interest": (macro["realint"], None),
        "inflation": (macro["infl"], macro[["lag1", "unemp"]]),
        "noise_30": (noise, None),
    }


def _pairs(text: str) -> dict[str, str]:
    """ "m=1, trim=0.15" as a dict; text without "=" under the empty key."""
    parts = [part.partition("=") for part in text.split(", ")]
    return {key if sign else "": value if sign else key for key, sign, value in parts}


def _tolerance(row: dict) -> tuple[str, float]:
    if row["series"] == "simulation" or row["statistic"] in _PUBLISHED:
        return "Monte Carlo errors", 4
    if row["statistic"].endswith("_p") or row["series"] == "theory":
        return "absolute", 1e-3
    if row["statistic"] in _EXACT:
        return "absolute", 0
    return "relative", 1e-6


def _difference(found: np.ndarray, expected: np.ndarray, kind: str) -> float:
    if found.shape != expected.shape:
        return math.inf
    gap = np.abs(found - expected)
    return float((gap / np.abs(expected) if kind == "relative" else gap).max())


def _critical_difference(found, expected, at, settings) -> tuple[np.ndarray, float]:
    """Asymptotic: the level of the reference value. Simulated: distance in standard errors."""
    if "alpha" in at:
        level = hansen_p(expected[0], 1, float(at["trim"]))
        return expected, abs(level - float(at["alpha"]))
    below, quantile, above = np.quantile(found, [0.94, 0.95, 0.96])
    density = 0.02 / (above - below)
    spread = math.sqrt(0.05 * 0.95) / density
    error = spread * math.sqrt(1 / N_SIM + 1 / float(settings["n_sim"]))
    return np.array([quantile]), abs(quantile - expected[0]) / error


def _critical(y, x, at, settings):
    if "alpha" in at:
        return math.nan
    n, trim, rho = int(at["n"]), float(at["trim"]), float(at["rho"])
    if at["errors"] == "exponential":
        paths = np.random.default_rng(SEED).exponential(size=(n, N_SIM))
        return sup_f_paths(paths, trim=trim)[0]
    return simulate_sup_f(n, rho, trim=trim, n_sim=N_SIM, seed=SEED)


@cache
def _long_ud_max(trim: float, max_breaks: int) -> np.ndarray:
    return simulate_ud_max(LONG, h=trim, max_breaks=max_breaks, n_sim=N_LONG, seed=SEED)


@cache
def _long_sup_f(trim: float) -> np.ndarray:
    paths = np.random.default_rng(SEED).standard_normal((LONG, N_LONG))
    return sup_f_of_m(min_rss(paths, math.floor(trim * LONG), 3), LONG)


def _fit(y, x, settings):
    return bai_perron(y, x, h=float(settings["h"]))


def _interval(y, x, at, settings):
    hac = int(settings["hac"]) if "hac" in settings else None
    return _fit(y, x, settings).confint(int(at["m"]), hac=hac)


def _table(column):
    return lambda y, x, at, settings: _fit(y, x, settings).table[column][int(at["m"])]


def _f(attribute):
    return lambda y, x, at, settings: getattr(sup_f(y, x, float(settings["trim"])), attribute)


def _rec_cusum(y, x, at, settings):
    earlier = np.arange(1, len(y))
    means = np.cumsum(y.to_numpy())[:-1] / earlier
    residuals = (y.to_numpy()[1:] - means) * np.sqrt(earlier / (earlier + 1))
    path = np.cumsum(residuals) / (residuals.std(ddof=1) * math.sqrt(len(residuals)))
    return np.max(np.abs(path) / (1 + 2 * earlier / len(residuals)))


def _mosum(y, x, at, settings):
    path = np.concatenate([[0.0], cusum(y).path])
    window = math.floor(float(settings["window"]) * len(y))
    return np.abs(path[window:] - path[:-window]).max()


def _nyblom(y, x, at, settings):
    n = len(y)
    return (cusum(y).path ** 2).mean() * n / (n - 1)


def _its(attribute, **fit):
    """Interrupted time series: trend, level and slope change after observation 12."""

    def compute(y, x, at, settings):
        from statsmodels.regression.linear_model import OLS

        t = np.arange(1, len(y) + 1)
        after = (t > 12).astype(float)
        design = np.column_stack([np.ones(len(y)), t, after, after * (t - 13)])
        result = OLS(y.to_numpy(), design).fit(**fit)
        names = ["const", "trend", "level", "slope"]
        return getattr(result, attribute)[names.index(at[""])]

    return compute


def _hac(correction):
    return {"cov_type": "HAC", "cov_kwds": {"maxlags": 2, "use_correction": correction}}


def _mann_whitney(attribute):
    def compute(y, x, at, settings):
        from scipy.stats import mannwhitneyu

        return getattr(mannwhitneyu(y[:12], y[12:], method="exact"), attribute)

    return compute


def _kruskal(attribute):
    def compute(y, x, at, settings):
        from scipy.stats import kruskal

        return getattr(kruskal(y[:4], y[4:8], y[8:20], y[20:]), attribute)

    return compute


_COMPUTE = {
    "rss": _table("rss"),
    "bic": _table("bic"),
    "positions": lambda y, x, at, s: _fit(y, x, s).positions(int(at["m"])),
    "last_old": lambda y, x, at, s: _fit(y, x, s).labels(int(at["m"]))["last_old"],
    "chosen_breaks": lambda y, x, at, s: _fit(y, x, s).choice(at[""]),
    "coefficients": lambda y, x, at, s: _fit(y, x, s).coefficients(int(at["m"])),
    "interval": _interval,
    "sup_f": _f("sup"),
    "ave_f": _f("ave"),
    "exp_f": _f("exp"),
    "sup_f_p": _f("p_asymptotic"),
    "ave_f_p": _f("p_ave"),
    "exp_f_p": _f("p_exp"),
    "argmax_f": _f("position"),
    "chow_f": lambda y, x, at, s: chow(y, int(at["position"]), x).f,
    "chow_p": lambda y, x, at, s: chow(y, int(at["position"]), x).p,
    "ols_cusum": lambda y, x, at, s: cusum(y, x).statistic,
    "ols_cusum_p": lambda y, x, at, s: cusum(y, x).p,
    "rec_cusum": _rec_cusum,
    "ols_mosum": _mosum,
    "nyblom_hansen": _nyblom,
    "its_coefficient": _its("params"),
    "its_se_newey_west": _its("bse", **_hac(False)),
    "its_se_newey_west_adjusted": _its("bse", **_hac(True)),
    "its_se_hc3": _its("bse", cov_type="HC3"),
    "mann_whitney": _mann_whitney("statistic"),
    "mann_whitney_p": _mann_whitney("pvalue"),
    "kruskal": _kruskal("statistic"),
    "kruskal_p": _kruskal("pvalue"),
    "sup_f_critical": _critical,
    "sup_f_m_critical": lambda y, x, at, s: _long_sup_f(float(at["trim"]))[int(at["m"]) - 1],
    "ud_max_critical": lambda y, x, at, s: _long_ud_max(float(at["trim"]), int(at["max_breaks"])),
}


if __name__ == "__main__":
    from oda_eras.commands import one_line

    with one_line():
        data = project_root() / "data"
        noise = pd.read_csv(data / "break_synthetic.csv").set_index("year").value
        table = validation_table(pd.read_csv(data / "break_reference.csv"), noise)
        table.to_csv(data / "break_validation.csv", index=False, lineterminator="\n")
