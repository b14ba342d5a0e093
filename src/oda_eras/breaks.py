"""Structural breaks in short annual series, with strucchange's conventions.

The functions answer three questions about one series ``y`` and, where wanted, regressors ``x``:

- *how many breaks and when* (`bai_perron`: exact search, BIC, LWZ, break-date intervals),
- *is there a break at all* (`sup_f`, `ud_max`, `cusum`, `chow`: asymptotic p, or for the first two
  p simulated at the actual sample size and autocorrelation),
- *do given groups of years differ* (`permutation`, `rotation`, corrected with `holm`).

Conventions, the same everywhere:

- A break is named by its *position*: the 1-based number of the last observation of the old
  regime, as in R's strucchange and in ruptures. (Rbeast names the first of the new regime.)
  If ``y`` is a pandas Series, both years are available as labels.
- ``x`` never holds the constant; it is added, and ``k`` counts it.
- A fraction ``h`` or ``trim`` below 1 means floor(fraction * n) observations, from 1 on a count.
- F statistics are scaled as strucchange's ``Fstats``: k times the F ratio.
- Bad input raises a ValueError naming the argument and the observation.

References
----------
Andrews (1993), Econometrica 61, 821-856. Andrews and Ploberger (1994), Econometrica 62,
1383-1414. Bai (1997), Review of Economics and Statistics 79, 551-563. Bai and Perron (1998),
Econometrica 66, 47-78; (2003), Journal of Applied Econometrics 18, 1-22; (2003), Econometrics
Journal 6, 72-78 (critical values). Chow (1960),
Econometrica 28, 591-605. Hansen (1997), Journal of Business & Economic Statistics 15, 60-67.
Holm (1979), Scandinavian Journal of Statistics 6, 65-70. Liu, Wu and Zidek (1997), Statistica
Sinica 7, 497-525. Newey and West (1987), Econometrica 55, 703-708. Phipson and Smyth (2010),
Statistical Applications in Genetics and Molecular Biology 9, article 39. Ploberger and Krämer
(1992), Econometrica 60, 271-285. Yao (1988), Statistics & Probability Letters 6, 181-189.
Zeileis, Leisch, Hornik and Kleiber (2002), Journal of Statistical Software 7(2), 1-38.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from itertools import combinations, pairwise
from numbers import Integral, Real

import numpy as np
import pandas as pd
from scipy import special

__all__ = [
    "BaiPerron",
    "Chow",
    "Cusum",
    "Resampling",
    "SupF",
    "UDMax",
    "ar1",
    "argmax_cdf",
    "bai_perron",
    "chow",
    "criteria",
    "cusum",
    "hansen_critical",
    "hansen_p",
    "holm",
    "lag1",
    "mean_break_bounds",
    "mean_breaks",
    "min_rss",
    "null_paths",
    "p_over_rho",
    "permutation",
    "rotation",
    "simulate_sup_f",
    "simulate_ud_max",
    "sup_f",
    "sup_f_of_m",
    "sup_f_paths",
    "ud_max",
    "ud_max_p_over_rho",
    "ud_max_paths",
]

EXACT_LIMIT = 200_000
"""Largest number of arrangements that `permutation` enumerates (C(20, 10) = 184,756)."""

RHOS = tuple(np.round(np.arange(0, 0.95, 0.05), 2))
"""Autocorrelations at which `p_over_rho` and `ud_max_p_over_rho` draw p unless told otherwise."""

_COLLINEAR = 1e-9
_PERFECT = 1e-20
_CHUNK = 2**22
_CACHED = 2**17  # values of a block that a processor keeps at hand
_KEPT = 64  # simulated nulls that are kept: those of two curves over `RHOS` and some more
_LARGEST = 1e60  # fourth powers, which the intervals take, stay within the range of floats


# Input


@dataclass(frozen=True)
class _Model:
    """Checked input: y less its mean; the constant and x standardised. Neither changes RSS."""

    y: np.ndarray
    mean: float
    design: np.ndarray
    names: tuple[str, ...]
    labels: pd.Index
    centre: np.ndarray
    scale: np.ndarray

    @property
    def n(self) -> int:
        return self.design.shape[0]

    @property
    def k(self) -> int:
        return self.design.shape[1]


def _array(values) -> np.ndarray:
    """Values as an array, masked ones as None.

    A list is taken value by value: numpy would turn numbers beside a text into text, and large
    integers beside a float into floats.
    """
    if np.ma.isMaskedArray(values):
        known = values.data.astype(object)
        known[np.ma.getmaskarray(values)] = None
        return known
    return np.asarray(values, dtype=None if hasattr(values, "dtype") else object)


def _fault(value) -> str | None:
    """What keeps a value from being used as a float."""
    if value is None or value is pd.NA or value is np.ma.masked:
        return "missing (NaN)"
    if isinstance(value, complex | np.complexfloating):
        return f"complex: {value!r}"
    if not isinstance(value, Real | Decimal | np.bool_):
        return f"not numeric: {value!r}"
    if value != value:
        return "missing (NaN)"
    if isinstance(value, Integral):
        value = int(value)  # numpy's own would overflow and compare as floats
    if abs(value) == math.inf:
        return "infinite"
    if abs(value) > _LARGEST:
        return f"beyond {_LARGEST:g} (take a larger unit: powers would leave the range of floats)"
    if isinstance(value, int) and float(value) != value:
        return f"an integer of more digits than floats hold: {value}"
    return None


def _floats(values, name: str, labels: pd.Index | None = None) -> np.ndarray:
    """One column as finite floats, or a ValueError saying which observation is at fault."""
    values = _array(values)
    if values.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, its shape is {values.shape}")
    plain = values.dtype.kind in "biuf" and values.dtype.itemsize <= 8
    limit = _LARGEST if values.dtype.kind == "f" else 2**53
    if not plain or not ((values >= -limit) & (values <= limit)).all():
        for i, value in enumerate(values.astype(object)):
            if fault := _fault(value):
                label = "" if labels is None else f" (label {labels[i]})"
                raise ValueError(f"{name} is {fault} at observation {i + 1}{label}")
    return values.astype(float)


def _refuse_constant(values: np.ndarray, name: str) -> None:
    """Refuse values that are equal, or too close for floats to tell by how much they differ."""
    spread, level = float(np.ptp(values)), float(np.abs(values).max())
    if spread == 0:
        raise ValueError(f"{name} is constant ({values[0]:g} in all {len(values)} observations)")
    if spread <= 1e-12 * level:
        raise ValueError(
            f"{name} varies by {spread:.1g} at a level of {level:g}, which can't be told from "
            "rounding; subtract the level"
        )
    if spread < 1 / _LARGEST:
        raise ValueError(
            f"{name} varies by {spread:.1g} only, and powers of that leave the range of floats; "
            "take a smaller unit"
        )


def _refuse_disorder(index: pd.Index, name: str) -> None:
    """Refuse labels that are missing, repeated or, unless they are text, not increasing."""
    if index.nlevels == 1 and index.hasnans:
        raise ValueError(f"{name} has no label at observation {int(index.isna().argmax()) + 1}")
    if index.has_duplicates:
        i = int(index.duplicated().argmax())
        raise ValueError(f"{name} repeats the label {index[i]} at observation {i + 1}")
    text = index.inferred_type in ("string", "mixed", "mixed-integer", "categorical")
    if not text and not index.is_monotonic_increasing:
        i = next(i for i in range(1, len(index)) if not index[i - 1] < index[i])
        raise ValueError(
            f"{name} is not in the order of its labels: {index[i]} follows {index[i - 1]} at "
            f"observation {i + 1}"
        )


def _regressors(x, n: int) -> tuple[np.ndarray, list[str]]:
    """x as an (n, k - 1) array with its column names."""
    if x is None:
        return np.empty((n, 0)), []
    if isinstance(x, pd.Series):
        x = x.to_frame(x.name if x.name is not None else "x1")
    if isinstance(x, pd.DataFrame):
        names, columns = [str(c) for c in x.columns], [x.iloc[:, i] for i in range(x.shape[1])]
        labels = x.index
        _refuse_disorder(labels, "x")
    else:
        x = _array(x)
        if x.ndim == 1:
            x = x[:, None]
        if x.ndim != 2:
            raise ValueError(f"x must have one or two dimensions, its shape is {x.shape}")
        names, columns = [f"x{i + 1}" for i in range(x.shape[1])], list(x.T)
        labels = None
    if len(x) != n:
        raise ValueError(f"lengths differ: {n} observations expected, x has {len(x)}")
    columns = [
        _floats(c, f"x column {name!r}", labels) for c, name in zip(columns, names, strict=True)
    ]
    return np.column_stack(columns) if columns else np.empty((n, 0)), names


def _design(x, n: int) -> tuple[np.ndarray, list[str], np.ndarray, np.ndarray]:
    """Constant and standardised regressors; refuses collinear columns."""
    x, names = _regressors(x, n)
    for values, name in zip(x.T, names, strict=True):
        _refuse_constant(values, f"x is collinear: column {name!r}")
    centre, scale = x.mean(axis=0), x.std(axis=0)
    design = np.column_stack([np.ones(n), (x - centre) / scale])
    if design.shape[1] > n:
        raise ValueError(f"n too short: {n} observations for {design.shape[1]} regressors")
    pivots = np.abs(np.diag(np.linalg.qr(design, mode="r"))) / math.sqrt(n)
    if (pivots <= _COLLINEAR).any():
        name = names[int((pivots <= _COLLINEAR).argmax()) - 1]
        raise ValueError(
            f"x is collinear: column {name!r} is a linear combination of the constant and the "
            "columns before it"
        )
    return design, names, centre, scale


def _refuse_other_index(index: pd.Index, other, names: str) -> None:
    if isinstance(other, pd.Series | pd.DataFrame) and not index.equals(other.index):
        raise ValueError(f"{names} carry different indexes; align them first")


def _model(y, x) -> _Model:
    labels = y.index if isinstance(y, pd.Series) else None
    values = _floats(y, "y", labels)
    if len(values) < 4:
        raise ValueError(f"y is too short: {len(values)} observations, at least 4 are needed")
    _refuse_constant(values, "y")
    design, names, centre, scale = _design(x, len(values))
    if labels is None:
        labels = pd.RangeIndex(1, len(values) + 1)
    else:
        _refuse_disorder(labels, "y")
        _refuse_other_index(labels, x, "y and x")
    mean = float(values.mean())
    values = values - mean
    residuals = _residuals(values, design)
    if residuals @ residuals <= _PERFECT * (values @ values):
        raise ValueError("x explains y exactly; nothing is left in which to look for a break")
    return _Model(values, mean, design, ("const", *names), labels, centre, scale)


def _residuals(y: np.ndarray, design: np.ndarray) -> np.ndarray:
    return y - design @ np.linalg.lstsq(design, y, rcond=None)[0]


def _segment_length(h: float, n: int, k: int) -> int:
    if not h > 0 or (h >= 1 and h % 1):
        raise ValueError(f"h = {h} is neither a fraction below 1 nor a whole number")
    length = math.floor(n * h) if h < 1 else int(h)
    if length <= k:
        raise ValueError(
            f"n too short for h: h = {h} gives segments of {length} of {n} observations, but "
            f"{k} regressor(s) need at least {k + 1}"
        )
    if length > n // 2:
        raise ValueError(
            f"n too short for h: two segments of {length} do not fit into {n} observations"
        )
    return length


def _most_breaks(max_breaks: int, n: int, length: int) -> int:
    if not (max_breaks >= 1 and max_breaks % 1 == 0):
        raise ValueError(f"max_breaks = {max_breaks} is not a positive whole number")
    return min(int(max_breaks), max(math.ceil(n / length) - 2, 1))


def _first_position(trim: float, n: int, k: int) -> int:
    if not trim > 0 or (trim >= 1 and trim % 1):
        raise ValueError(f"trim = {trim} is neither a fraction below 1 nor a whole number")
    first = max(math.floor(n * trim) if trim < 1 else int(trim), k + 1)
    if first > n - first:
        raise ValueError(
            f"n too short for trim: trim = {trim} leaves no candidate among {n} observations "
            f"with {k} regressor(s)"
        )
    return first


# Residual sums of squares of all segments, and the best segmentation


def _segment_rss(y: np.ndarray, design: np.ndarray, h: int, starts: int) -> np.ndarray:
    """RSS of the segments that begin at the first ``starts`` observations.

    ``y`` is one series, or one per column. Returns an array (n, starts), or (series, n, starts):
    entry [j, i] belongs to observations i..j (0-based, inclusive) and is infinite for segments
    shorter than ``h``. Each start carries the triangular factor of its segment, and one
    observation after the other is rotated into it (Givens); what is left of y is the recursive
    residual, whose square is added. Normal equations or differences of cumulated squares would
    lose half of the digits.
    """
    n, k = design.shape
    rows = np.column_stack([design, y]).T
    series = len(rows) - k
    factor = np.zeros((k, k + series, starts))
    rss = np.zeros((series, starts))
    out = np.full((series, n, starts), np.inf)
    flat = out.reshape(series, -1)
    for length in range(1, n + 1):
        active = min(starts, n - length + 1)
        row = rows[:, length - 1 : length - 1 + active].copy()
        for q in range(k):
            pivot = factor[q, q, :active]
            norm = np.hypot(pivot, row[q])
            nothing = norm == 0  # to rotate, as where x repeats: the row stays as it is
            norm[nothing] = 1
            cosine, sine = pivot / norm, row[q] / norm
            cosine[nothing] = 1
            upper = factor[q, q:, :active]
            rotated = cosine * upper + sine * row[q:]
            row[q:] = cosine * row[q:] - sine * upper
            factor[q, q:, :active] = rotated
        rss[:, :active] += row[k:] ** 2
        if length == h:
            _refuse_collinear(factor[:, :, :active], h)
        if length >= h:
            flat[:, (length - 1) * starts :: starts + 1][:, :active] = rss[:, :active]
    return out.reshape(*y.shape[1:], n, starts)


def _refuse_collinear(factor: np.ndarray, h: int, side: str = "") -> None:
    for q in range(1, factor.shape[0]):
        flawed = np.abs(factor[q, q]) <= _COLLINEAR * np.linalg.norm(factor[: q + 1, q], axis=0)
        if flawed.any():
            start = int(flawed.argmax())
            raise ValueError(
                f"{side}x is collinear within the segment of observations {start + 1} to "
                f"{start + h} (column {q} of x); use a larger minimal segment or drop the column"
            )


def _segmentations(
    y: np.ndarray, design: np.ndarray, h: int, max_breaks: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Smallest RSS and its break positions for 0..max_breaks breaks; of ties the first.

    ``y``, less its mean, is one series, or one per column; both results then have a last axis.
    """
    n = len(y)
    cost = _segment_rss(y, design, h, n - h + 1)
    best = cost[..., 0]
    rss, came_from = [best[..., -1]], []
    positions = [np.empty((0, *y.shape[1:]), dtype=int)]
    for _ in range(max_breaks):
        total = cost[..., 1:] + best[..., None, : n - h]
        choice = total.argmin(axis=-1)[..., None]
        best = np.take_along_axis(total, choice, -1)[..., 0]
        came_from.append(choice[..., 0] + 1)
        ends = [np.full((*y.shape[1:], 1), n)]
        for back in reversed(came_from):
            ends.insert(0, np.take_along_axis(back, ends[0] - 1, -1))
        rss.append(best[..., -1])
        positions.append(np.array(ends[:-1])[..., 0])
    smallest = np.array(rss)
    smallest[smallest <= _PERFECT * smallest[0]] = 0
    return smallest, positions


# Bai-Perron


@dataclass(frozen=True, repr=False)
class BaiPerron:
    """Result of `bai_perron`.

    Attributes
    ----------
    table : DataFrame
        Index ``m`` = 0..max; columns ``rss`` (units of y squared), ``bic``, ``lwz``.
    n, k, h : int
        Observations, regressors with the constant, smallest segment.
    """

    table: pd.DataFrame
    n: int
    k: int
    h: int
    _model: _Model
    _positions: list[list[int]]

    def __repr__(self) -> str:
        picks = ", ".join(f"{c.upper()}: {self.choice(c)}" for c in ("bic", "lwz"))
        return f"BaiPerron(n={self.n}, k={self.k}, h={self.h}; breaks by {picks})"

    def _segments(self, m: int) -> list[slice]:
        ends = [0, *self.positions(m), self.n]
        return [slice(a, b) for a, b in pairwise(ends)]

    def positions(self, m: int) -> list[int]:
        """Positions of the best ``m`` breaks: 1-based last observation of each old regime.

        Raises
        ------
        ValueError
            If ``m`` is not among 0..max of `table`.
        """
        if m not in range(len(self._positions)):
            raise ValueError(f"m = {m} is not between 0 and {len(self._positions) - 1}")
        return list(self._positions[int(m)])

    def labels(self, m: int) -> pd.DataFrame:
        """Breaks as labels of y: a row per break; columns position, last_old, first_new.

        Without an index on y the labels are observation numbers, from 1.
        """
        at = np.array(self.positions(m), dtype=int)
        labels = self._model.labels
        return pd.DataFrame(
            {"position": at, "last_old": labels[at - 1], "first_new": labels[at]},
            index=pd.RangeIndex(1, m + 1, name="break"),
        )

    def choice(self, criterion: str = "bic") -> int:
        """Number of breaks with the smallest ``"bic"`` or ``"lwz"``; of ties the smaller."""
        if criterion not in ("bic", "lwz"):
            raise ValueError(f"criterion must be 'bic' or 'lwz', not {criterion!r}")
        return int(self.table[criterion].to_numpy().argmin())

    def coefficients(self, m: int) -> pd.DataFrame:
        """Least-squares coefficients, a row per segment (1..m+1); columns const, then x."""
        model = self._model
        fits = np.array([self._fit(s) for s in self._segments(m)])
        slopes = fits[:, 1:] / model.scale
        const = model.mean + fits[:, 0] - slopes @ model.centre
        return pd.DataFrame(
            np.column_stack([const, slopes]),
            index=pd.RangeIndex(1, m + 2, name="segment"),
            columns=list(model.names),
        )

    def _fit(self, segment: slice) -> np.ndarray:
        return np.linalg.lstsq(self._model.design[segment], self._model.y[segment], rcond=None)[0]

    def confint(self, m: int, level: float = 0.95, hac: int | None = None) -> pd.DataFrame:
        """Confidence intervals of the ``m`` break dates (Bai 1997), as strucchange's default.

        With delta the change of the coefficients at a break, Q the mean of x x' and Omega the
        (long-run) variance of x u in the segment before (1) and after (2), the error of the
        estimated date times (delta' Q1 delta)^2 / (delta' Omega1 delta) is asymptotically
        distributed as `argmax_cdf` with drift = delta' Q2 delta / delta' Q1 delta and
        variance = delta' Omega2 delta / delta' Omega1 delta (Bai 1997, Proposition 3 and
        Appendix B; numbering not verified). Regressors and errors may differ between segments.
        The quantiles are rounded outwards to whole observations. The theory lets the shift
        shrink and the sample grow: on thirty years read the interval as a lower bound of the
        uncertainty.

        Parameters
        ----------
        m : int
            Number of breaks, at least 1.
        level : float
            Coverage, between 0 and 1.
        hac : int, optional
            Default: uncorrelated errors, Omega = Q times the mean squared residual of the
            segment. Otherwise the lag of a Newey and West (1987) estimate in each segment
            (Bartlett weights 1 - l / (lag + 1), no prewhitening, no small-sample factor).

        Returns
        -------
        DataFrame
            A row per break (1..m); columns ``lower``, ``position``, ``upper`` in observation
            numbers. Bounds are not cut at 1 and n and may lie outside, as in strucchange. Where
            the distribution puts too much weight on one side for an interval to exist, or the
            coefficients do not change, or a segment has no residual variance, both bounds are
            NaN.

        Raises
        ------
        ValueError
            If ``m`` is 0 or above the maximum, ``level`` not in (0, 1), ``hac`` negative.
        """
        at = self.positions(m)
        if not at:
            raise ValueError("m = 0 has no break and no interval")
        if not 0 < level < 1:
            raise ValueError(f"level = {level} is not between 0 and 1")
        if hac is not None and not (hac >= 0 and hac % 1 == 0):
            raise ValueError(f"hac = {hac} is not a whole number of lags")
        tiny = _PERFECT * float(np.mean(self._model.y**2))
        segments = self._segments(m)
        fits = [self._fit(s) for s in segments]
        moments = []
        for i in range(m):
            delta = fits[i + 1] - fits[i]
            sides = (self._moments(segments[j], fits[j], delta, hac) for j in (i, i + 1))
            moments.append(np.concatenate(list(sides)))
        q1, o1, q2, o2 = np.transpose(moments)
        before, after = _argmax_bounds(q1, o1, q2, o2, level, tiny)
        table = pd.DataFrame(
            {"lower": at - before, "position": at, "upper": at + after},
            index=pd.RangeIndex(1, m + 1, name="break"),
        )
        return table if np.isnan(before).any() else table.astype(int)

    def _moments(self, segment: slice, fit, delta, hac) -> tuple[float, float]:
        """delta' Q delta and delta' Omega delta of a segment."""
        shift = self._model.design[segment] @ delta
        residual = self._model.y[segment] - self._model.design[segment] @ fit
        q = float(np.mean(shift**2))
        if hac is None:
            return q, q * float(np.mean(residual**2))
        return q, float(_newey_west(shift * residual, hac))


def bai_perron(y, x=None, h: float = 0.15, max_breaks: int = 5) -> BaiPerron:
    """Least-squares breaks in a linear model whose coefficients all change at each break.

    For every number of breaks the segmentation with the smallest residual sum of squares is
    found exactly by dynamic programming (Bai and Perron 2003, section 3).

    The criteria, with RSS the sum over segments and k regressors including the constant, are

    - BIC = n (ln 2 pi + 1 + ln(RSS / n)) + ln(n) (k + 1)(m + 1), as strucchange counts it (Yao
      1988 has the same idea with fewer terms; only differences over m matter);
    - LWZ = ln(RSS / (n - p)) + 0.299 p (ln n)^2.1 / n with p = (m + 1) k + m (Liu, Wu and
      Zidek 1997; equation number not verified).

    Both presume uncorrelated errors. In autocorrelated series of thirty years BIC often finds
    breaks that are not there (see ``oda_eras.power``).

    Parameters
    ----------
    y : array-like, shape (n,)
        The series in time order, any unit. Labels are taken from a pandas Series.
    x : array-like, shape (n,) or (n, k - 1), optional
        Regressors without the constant. Default: none, so breaks in the mean.
    h : float
        Smallest segment: a fraction below 1 means floor(h n) observations, else a count.
    max_breaks : int
        Largest number of breaks. Capped at ceil(n / h) - 2 (at least 1), as in strucchange.

    Returns
    -------
    BaiPerron

    Raises
    ------
    ValueError
        y missing, masked, infinite, not numeric, constant or outside the range in which fourth
        powers are floats; labels that repeat or, unless they are text, do not increase; x with
        such faults, of another length or index, collinear in the sample or in a segment of h
        observations, or explaining y exactly; h not above k, or above n/2.

    Notes
    -----
    Time is of order n^2 (k^2 + max_breaks); memory two n by n arrays of float64, 16 MB at
    n = 1,000.

    Positions, RSS, criteria, coefficients and intervals are strucchange's, with one exception:
    with persistent regressors its recursive residuals can drift, and the RSS it reports then
    differs (by up to 1e-3 in the cases tried) from R's own ``lm`` on the same segments, which
    the rotations used here reproduce.

    Examples
    --------
    >>> result = bai_perron([1, 2, 1, 2, 1, 8, 9, 8, 9, 8], h=3)
    >>> result.choice("bic"), result.positions(1)
    (1, [5])
    """
    model = _model(y, x)
    n, k = model.n, model.k
    length = _segment_length(h, n, k)
    max_breaks = _most_breaks(max_breaks, n, length)
    rss, positions = _segmentations(model.y, model.design, length, max_breaks)
    bic, lwz = criteria(rss, n, k)
    table = pd.DataFrame({"rss": rss, "bic": bic, "lwz": lwz}).rename_axis("m")
    return BaiPerron(table, n, k, length, model, [at.tolist() for at in positions])


def mean_breaks(
    y: np.ndarray, h: float = 0.15, max_breaks: int = 5
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The search of `bai_perron` for breaks in the mean of many series at once.

    Parameters
    ----------
    y : array, shape (n, series)
        Finite values, none of the series constant.
    h, max_breaks
        As in `bai_perron`.

    Returns
    -------
    rss : array, shape (max_breaks + 1, series)
        Smallest RSS with 0, 1, ... breaks.
    positions : list of array of int, shapes (m, series)
        Positions of the best m = 0, 1, ... breaks.

    Raises
    ------
    ValueError
        If h or max_breaks does not suit n, as `bai_perron`.

    Notes
    -----
    Memory: about 3 n^2 values for each series.
    """
    n = len(y)
    length = _segment_length(h, n, 1)
    most = _most_breaks(max_breaks, n, length)
    return _segmentations(_demeaned(y), np.ones((n, 1)), length, most)


def mean_break_bounds(
    y: np.ndarray, positions: np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """The intervals of `BaiPerron.confint` around breaks in the mean of many series at once.

    Parameters
    ----------
    y : array, shape (n, series)
    positions : array of int, shape (m, series)
        Result of `mean_breaks`.
    level : float

    Returns
    -------
    lower, upper : array, shape (m, series)
        Not cut at 1 and n; NaN where no interval exists.
    """
    y = _demeaned(y)
    segment = (np.arange(len(y))[:, None, None] >= positions).sum(axis=1)
    inside = [segment == i for i in range(len(positions) + 1)]
    means = np.array([y.mean(axis=0, where=own) for own in inside])
    residuals = y - np.take_along_axis(means, segment, 0)
    variance = np.array([(residuals**2).mean(axis=0, where=own) for own in inside])
    q = np.diff(means, axis=0) ** 2
    tiny = _PERFECT * (y**2).mean(axis=0)
    before, after = _argmax_bounds(q, q * variance[:-1], q, q * variance[1:], level, tiny)
    return positions - before, positions + after


def criteria(rss: np.ndarray, n: int, k: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """BIC and LWZ as `bai_perron` counts them.

    Parameters
    ----------
    rss : array, shape (max_breaks + 1, ...)
        Smallest RSS with 0, 1, ... breaks.
    n, k : int
        Observations, regressors with the constant.

    Returns
    -------
    bic, lwz : array, as rss
        Minus infinity where the breaks leave no residual.
    """
    m = np.arange(len(rss)).reshape(-1, *[1] * (rss.ndim - 1))
    p = (m + 1) * k + m
    with np.errstate(divide="ignore"):
        bic = n * (np.log(2 * np.pi) + 1 + np.log(rss / n)) + np.log(n) * (k + 1) * (m + 1)
        lwz = np.log(rss / (n - p)) + 0.299 * p * np.log(n) ** 2.1 / n
    return bic, lwz


def _newey_west(v: np.ndarray, lag: int) -> np.ndarray:
    """Bartlett long-run variance of a mean-zero series along axis 0 (Newey and West 1987)."""
    n = len(v)
    total = (v * v).sum(axis=0)
    for step in range(1, min(lag, n - 1) + 1):
        total = total + 2 * (1 - step / (lag + 1)) * (v[step:] * v[:-step]).sum(axis=0)
    return total / n


def argmax_cdf(x, drift=1.0, variance=1.0):
    """P(argmax V <= x) for the two-sided Brownian motion with drift behind Bai's intervals.

    V(s) = W1(-s) - |s| / 2 for s <= 0 and sqrt(variance) W2(s) - drift s / 2 for s > 0, with W1
    and W2 independent Wiener processes (Bai 1997, Appendix B; equation number not verified).
    With drift = variance = 1 it is symmetric, as in Yao (1987, Annals of Statistics 15).

    Parameters
    ----------
    x : float or array
        Points on the scaled time axis (no unit).
    drift, variance : float or array
        Ratios, positive, of the side after the break to the side before.

    Returns
    -------
    float or array
    """
    # The sides mirror each other once time after the break is counted in its own units.
    after, ratio = np.greater(x, 0), np.divide(drift, variance)
    tail = _argmax_tail(
        np.where(after, x * drift * ratio, np.negative(x)), np.where(after, 1 / ratio, ratio)
    )
    return np.where(after, 1 - tail, tail)[()]


def _argmax_tail(x: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """P(argmax V <= -x), x >= 0, where ratio = drift / variance of the other side."""
    root = np.sqrt(x)
    total = (1 + 2 * ratio) / (1 + ratio) / ratio
    return (
        (total * (1 + 2 * ratio) - 2 + x / 2) * special.ndtr(-root / 2)
        - root * np.exp(-x / 8) / math.sqrt(2 * math.pi)
        - total * np.exp(ratio * (1 + ratio) * x / 2 + special.log_ndtr(-(0.5 + ratio) * root))
    )


def _argmax_bounds(q1, o1, q2, o2, level: float, tiny) -> tuple[np.ndarray, np.ndarray]:
    """By how many observations an interval begins before and ends after the break it is of.

    Arrays of the moments on the sides of each break. The error of a date is the argmax the other
    way round: what is far on one side of zero bounds the interval on the other. NaN where there
    is no interval.
    """
    before, after = np.full((2, *np.shape(q1)), np.nan)
    exists = (np.minimum(q1, q2) > tiny) & (o1 > tiny * q1) & (o2 > tiny * q2)
    q1, o1, q2, o2 = q1[exists], o1[exists], q2[exists], o2[exists]
    drift, variance, step, tail = q2 / q1, o2 / o1, q1**2 / o1, (1 - level) / 2
    centre = argmax_cdf(0 * step, drift, variance)
    fewest_before = _fewest(lambda k: argmax_cdf(k * step, drift, variance) >= 1 - tail, step)
    fewest_after = _fewest(lambda k: argmax_cdf(-k * step, drift, variance) <= tail, step)
    within = (tail <= centre) & (centre <= 1 - tail)
    before[exists] = np.where(within, fewest_before, np.nan)
    after[exists] = np.where(within, fewest_after, np.nan)
    return before, after


def _fewest(suffices: Callable, like: np.ndarray) -> np.ndarray:
    """The smallest whole numbers from 0 on that suffice, where all larger ones do too."""
    below, enough = np.full_like(like, -1), np.ones_like(like)
    while not (found := suffices(enough)).all():
        below, enough = np.where(found, below, enough), np.where(found, enough, 2 * enough)
    # beyond 10^12, where nothing depends on it, to so many digits
    while (enough - below > np.maximum(1, 1e-12 * enough)).any():
        middle = np.floor((below + enough) / 2)
        found = suffices(middle)
        below, enough = np.where(found, below, middle), np.where(found, middle, enough)
    return enough


# sup-F


@dataclass(frozen=True, repr=False)
class SupF:
    """Result of `sup_f`.

    Attributes
    ----------
    path : Series
        F by candidate position (1-based last observation of the old regime), k times the F ratio.
    sup, ave, exp : float
        max F, mean F and ln(mean(exp(F / 2))).
    position : int
        Position of the largest F, with ``last_old`` and ``first_new`` as labels of y.
    p_asymptotic, p_ave, p_exp : float
        Asymptotic p of sup, ave and exp (`hansen_p`).
    rho : float
        AR(1) coefficient of the residuals asked for by ``rho_from``, estimated as in `lag1`.
    p_simulated, mc_error : float
        p of sup at this n, trim and rho, and its Monte Carlo standard error; NaN without
        simulation.
    """

    path: pd.Series
    sup: float
    ave: float
    exp: float
    position: int
    last_old: object
    first_new: object
    p_asymptotic: float
    p_ave: float
    p_exp: float
    rho: float
    p_simulated: float
    mc_error: float

    def __repr__(self) -> str:
        return (
            f"SupF(sup={self.sup:.4g} at {self.position}, p_asymptotic={self.p_asymptotic:.3g}, "
            f"p_simulated={self.p_simulated:.3g}, rho={self.rho:.2f})"
        )


def sup_f(
    y, x=None, trim: float = 0.15, n_sim: int = 0, rho_from: str = "null", seed: int = 0
) -> SupF:
    """Test of no change against one change of all coefficients at an unknown date.

    F(j) = (n - 2k) (RSS0 - RSS(j)) / RSS(j), where RSS(j) fits both sides of position j, for all
    j that leave ``trim`` on either side; sup is due to Andrews (1993), ave and exp to Andrews and
    Ploberger (1994). Both margins hold max(floor(trim n), k + 1) observations.

    The asymptotic p presumes a long series and uncorrelated errors: at n = 30 and a first-order
    autocorrelation of 0.5 the nominal 5% test rejects 43% of true nulls. The simulated p holds x
    fixed and draws Gaussian AR(1) errors with the series' own coefficient (`lag1`); it is
    (b + 1) / (n_sim + 1) with b the number of simulated sups at least as large (Phipson and Smyth
    2010). A break inflates the autocorrelation of the demeaned series, and removing the break
    that fits best understates it, so the two settings of ``rho_from`` bracket the answer: show
    both.

    Parameters
    ----------
    y, x
        As in `bai_perron`.
    trim : float
        Margin, a fraction below 1 (at most 0.5) or a count.
    n_sim : int
        Simulated series; 0 for none.
    rho_from : {"null", "break"}
        Residuals from which rho is estimated: no break, or the break at `SupF.position` removed.
    seed : int
        Seed of the simulation.

    Returns
    -------
    SupF

    Raises
    ------
    ValueError
        As `bai_perron`; also if trim leaves no candidate or ``rho_from`` is unknown.

    Notes
    -----
    The asymptotic p is `hansen_p`'s. With a single candidate the test is `chow`'s and sup and ave
    get its exact F p, as in strucchange.
    """
    if rho_from not in ("null", "break"):
        raise ValueError(f"rho_from must be 'null' or 'break', not {rho_from!r}")
    model = _model(y, x)
    n, k = model.n, model.k
    first = _first_position(trim, n, k)
    positions = np.arange(first, n - first + 1)
    path = _f_path(model, positions)
    sup, ave = float(path.max()), float(path.mean())
    exp = float(special.logsumexp(path / 2) - math.log(len(path)))
    position = int(positions[path.argmax()])
    if len(path) == 1:
        p_sup = p_ave = float(special.fdtrc(k, n - 2 * k, sup / k))
    else:
        p_sup, p_ave = (hansen_p(v, k, first / n, t) for v, t in ((sup, "sup"), (ave, "ave")))
    cuts = [0, n] if rho_from == "null" else [0, position, n]
    residuals = np.concatenate(
        [_residuals(model.y[a:b], model.design[a:b]) for a, b in pairwise(cuts)]
    )
    rho = float(lag1(residuals))
    p_simulated = mc_error = math.nan
    if n_sim:
        null = simulate_sup_f(n, rho, x=x, trim=trim, n_sim=n_sim, seed=seed)
        p_simulated, mc_error = _monte_carlo_p(null >= sup)
    return SupF(
        path=pd.Series(path, index=pd.Index(positions, name="position"), name="F"),
        sup=sup,
        ave=ave,
        exp=exp,
        position=position,
        last_old=model.labels[position - 1],
        first_new=model.labels[position],
        p_asymptotic=p_sup,
        p_ave=p_ave,
        p_exp=hansen_p(exp, k, first / n, "exp"),
        rho=rho,
        p_simulated=p_simulated,
        mc_error=mc_error,
    )


def _f_path(model: _Model, positions: np.ndarray) -> np.ndarray:
    n, k = model.n, model.k
    before = _segment_rss(model.y, model.design, int(positions[0]), 1)[:, 0]
    try:
        last = n - int(positions[-1])
        after = _segment_rss(model.y[::-1], model.design[::-1], last, 1)[:, 0]
    except ValueError as error:
        raise ValueError(f"counted from the end: {error}") from None
    rss = before[positions - 1] + after[n - positions - 1]
    with np.errstate(divide="ignore"):
        return (n - 2 * k) * (before[-1] - rss) / rss


def lag1(residuals: np.ndarray) -> np.ndarray | float:
    """AR(1) coefficient of residuals along axis 0, by least squares forwards and backwards.

    2 sum e(t) e(t-1) / sum (e(t)^2 + e(t-1)^2) over t = 2..n, as statsmodels' ``burg`` of order 1.
    Ordinary least squares, with sum e(t-1)^2 alone below, gives 1 or more where the last year is
    by far the largest, and no stationary null has such errors. This one lies within [-1, 1] and is
    as little biased: of a series less its mean by about -(1 + 3 rho) / n, against -(1 + 4 rho) / n
    of Yule and Walker's estimate, with all n squares below.
    """
    later, earlier = residuals[1:], residuals[:-1]
    return 2 * (later * earlier).sum(axis=0) / (later**2 + earlier**2).sum(axis=0)


def _monte_carlo_p(as_extreme: np.ndarray) -> tuple[float, float]:
    p = (int(as_extreme.sum()) + 1) / (as_extreme.size + 1)
    return p, math.sqrt(p * (1 - p) / as_extreme.size)


@cache
def _hansen_table(kind: str, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trimmings, polynomial coefficients (25, 4) and degrees of freedom."""
    with (files(__package__) / "hansen1997.csv").open() as source:
        table = pd.read_csv(source).fillna(0.0)
    table = table[(table["statistic"] == kind) & (table["k"] == k)].sort_values("pi0")
    return tuple(table[c].to_numpy() for c in ("pi0", ["b0", "b1", "b2", "b3"], "df"))


def hansen_p(statistic: float, k: int, trim: float, kind: str = "sup") -> float:
    """Asymptotic p of the sup, ave or exp F statistic (Hansen 1997, equations not verified).

    For each of 25 trimmings the p is that of a chi-squared variable with fitted degrees of
    freedom at a fitted polynomial of the statistic; between trimmings it is interpolated
    linearly, up to trim = 0.5, where sup, ave and twice exp are chi-squared with k degrees of
    freedom. (strucchange does not double exp there, which matters for trim above 0.49 only.)
    The coefficients are those Hansen published with the article and strucchange uses
    (``hansen1997.csv`` beside this module: statistic, k, pi0 = trim, b0..b3, df), for k up to 10.
    Above 10 the limit law is simulated with a fixed seed: p is (b + 1) / 50,001 with b of 50,000
    draws at least as large (Monte Carlo error 0.001 at p = 0.05), in about half a second for each
    new k and trim. That law is in continuous time. Hansen's p are those of a process of 1,000
    steps and for sup somewhat smaller: 0.043 where the limit gives 0.05 (k = 10, trim = 0.15).
    Where a fitted cubic turns down far in the tail of ave and exp, p stays at its smallest
    (strucchange's returns to 1 there, for statistics whose p is below 0.001).

    Parameters
    ----------
    statistic : float
        Scaled as in `sup_f`.
    k : int
        Number of coefficients that may change.
    trim : float
        Smallest share of the sample on one side; below 0.01 taken as 0.01.
    kind : {"sup", "ave", "exp"}

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If ``kind`` is unknown, the statistic NaN, ``k`` no whole number from 1 on, or ``trim``
        outside (0, 0.5].
    """
    if kind not in ("sup", "ave", "exp"):
        raise ValueError(f"kind must be 'sup', 'ave' or 'exp', not {kind!r}")
    if k < 1 or k % 1 or not 0 < trim <= 0.5:
        raise ValueError(f"k = {k} must be 1, 2, ... and trim = {trim} in (0, 0.5]")
    if math.isnan(statistic):
        raise ValueError(f"statistic = {statistic} is not a number")
    at_half = float(special.chdtrc(k, 2 * statistic if kind == "exp" else statistic))
    if statistic == math.inf or trim == 0.5:
        return at_half
    if k > 10:
        draws = _limit_law(int(k), max(trim, 0.01))[kind]
        return (int((draws >= statistic).sum()) + 1) / (len(draws) + 1)
    trimmings, coefficients, df = _hansen_table(kind, int(k))
    with np.errstate(divide="ignore", invalid="ignore"):
        slope, bend, twist = coefficients.T[1:]
        root = np.sqrt(bend**2 - 3 * slope * twist)
        turns = -slope / (bend + np.array([root, -root]))
    points = np.where((turns > 0) & (turns < statistic), turns, statistic)
    points = np.vstack([points, np.full(len(df), statistic)])
    powers = points[..., None] ** np.arange(4)
    value = (powers * coefficients).sum(axis=-1).max(axis=0).clip(min=0)
    p = special.chdtrc(df, value)
    return float(np.interp(trim, [*trimmings, 0.5], [*p, at_half]))


@lru_cache(maxsize=8)
def _limit_law(k: int, trim: float) -> dict[str, np.ndarray]:
    """50,000 draws of the limits of sup, ave and exp F (Andrews 1993), seeded.

    With B a Brownian bridge of k dimensions F tends to |B(u)|^2 / (u (1 - u)). Over ln(u / (1 - u))
    that is the squared norm of k stationary Ornstein-Uhlenbeck processes, of autocorrelation
    exp(-s / 2) at distance s, whose steps are noncentral chi-squared and are drawn as such, so
    that k costs no time. Between two steps, at most 0.05 apart, the norm is taken as a Brownian
    bridge and its maximum drawn: the largest value on the grid alone would be too small.
    """
    span = 2 * math.log((1 - trim) / trim)
    grid = np.linspace(-span / 2, span / 2, max(math.ceil(span / 0.05), 2) + 1)
    step = grid[1] - grid[0]
    kept, share = math.exp(-step / 2), -math.expm1(-step)
    weights = special.expit(grid) * special.expit(-grid)  # du / ds
    weights[[0, -1]] /= 2
    weights /= weights.sum()
    rng, n_sim = np.random.default_rng(0), 50_000
    square = rng.chisquare(k, n_sim)
    norm = np.sqrt(square)
    sup, ave, exp = norm.copy(), weights[0] * square, weights[0] * np.exp(square / 2)
    for weight in weights[1:]:
        before = norm
        square = (kept * before + math.sqrt(share) * rng.standard_normal(n_sim)) ** 2
        square += share * rng.chisquare(k - 1, n_sim)
        norm = np.sqrt(square)
        bridge = np.hypot(norm - before, np.sqrt(2 * step * rng.standard_exponential(n_sim)))
        np.maximum(sup, (before + norm + bridge) / 2, out=sup)
        ave += weight * square
        exp += weight * np.exp(square / 2)
    return {"sup": sup**2, "ave": ave, "exp": np.log(exp)}


def hansen_critical(level: float, k: int, trim: float) -> float:
    """Asymptotic critical value of sup-F: the F at which `hansen_p` equals ``level``.

    Parameters
    ----------
    level : float
        Within (0, 0.5).
    k, trim
        As in `hansen_p`.

    Raises
    ------
    ValueError
        If the level lies outside (0, 0.5), and as `hansen_p`.
    """
    from scipy.optimize import brentq

    if not 0 < level < 0.5:
        raise ValueError(f"level = {level} must lie between 0 and 0.5")
    return float(brentq(lambda f: hansen_p(f, k, trim) - level, 0, 200 + 2 * k))


def ar1(n: int, rho: float, n_sim: int, rng: np.random.Generator) -> np.ndarray:
    """Gaussian AR(1) paths with unit innovations and a stationary start, shape (n, n_sim).

    Raises
    ------
    ValueError
        If ``rho`` is not within (-1, 1).
    """
    return _autocorrelated(rng.standard_normal((n, n_sim)), rho)


def _autocorrelated(innovations: np.ndarray, rho: float) -> np.ndarray:
    """The AR(1) paths that innovations, shape (n, n_sim), make."""
    if not -1 < rho < 1:
        raise ValueError(f"rho = {rho} is not within (-1, 1): no stationary start exists")
    paths = np.empty_like(innovations)
    np.divide(innovations[0], math.sqrt(1 - rho**2), out=paths[0])
    for t in range(1, len(paths)):
        np.multiply(paths[t - 1], rho, out=paths[t])
        paths[t] += innovations[t]
    return paths


def sup_f_paths(
    paths: np.ndarray, x=None, trim: float = 0.15, dated: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """sup F of many series at once.

    Parameters
    ----------
    paths : array, shape (n, n_sim)
        A series per column.
    x, trim
        As in `sup_f`; the same x for all series.
    dated : bool
        Whether the positions are wanted, which take as long again.

    Returns
    -------
    sup : array, shape (n_sim,)
    position : array of int, shape (n_sim,), or (0,) if not dated

    Raises
    ------
    ValueError
        For bad x or trim, and a path that is constant, explained exactly by x or not finite.

    Notes
    -----
    For each candidate the new regressors, x after the break, are made orthogonal to x once; what
    a break explains is then a squared projection, and one matrix product serves a block of series.
    Memory: a few MB beside ``paths``, and some n^2 k values.
    """
    n, n_sim = paths.shape
    basis, change, positions = _mean_changes(n, trim) if x is None else _changes(x, n, trim)
    k = basis.shape[1]
    sup, position = np.empty(n_sim), np.empty(n_sim if dated else 0, dtype=int)
    width = max(_CACHED // len(change), 1)
    for start in range(0, n_sim, width):
        own = paths[:, start : start + width]
        fitted = basis.T @ own
        total = np.einsum("ij,ij->j", own, own)
        rss = total - (fitted**2).sum(axis=0)
        if not (rss > 1e-3 * total).all():  # digits would be lost to a level
            own = own - basis @ fitted
            rss = np.einsum("ij,ij->j", own, own)
            if not (rss > _PERFECT * total).all():
                raise ValueError("a path is constant, explained exactly by x, or not finite")
        explained = change @ own
        explained *= explained
        if k > 1:
            explained = explained.reshape(len(positions), k, -1).sum(axis=1)
        best = explained.max(axis=0)
        sup[start : start + width] = (n - 2 * k) * best / (rss - best)
        if dated:
            position[start : start + width] = positions[explained.argmax(axis=0)]
    return sup, position


def _changes(x, n: int, trim: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Orthonormal bases of x, (n, k), and of what each candidate adds, (candidates * k, n).

    The candidates' positions come third.
    """
    design = _design(x, n)[0]
    first = _first_position(trim, n, design.shape[1])
    positions = np.arange(first, n - first + 1)
    for side, rows in (("", design), ("counted from the end: ", design[::-1])):
        _refuse_collinear(np.linalg.qr(rows[:first]).R[..., None], first, side)
    basis = np.linalg.qr(design)[0]
    after = np.arange(n)[None, :, None] >= positions[:, None, None]
    change = after * basis
    change = np.linalg.qr(change - basis @ (basis.T @ change))[0]
    return basis, change.transpose(0, 2, 1).reshape(-1, n), positions


@lru_cache(maxsize=4)
def _mean_changes(n: int, trim: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return _changes(None, n, trim)


def simulate_sup_f(
    n: int, rho: float = 0.0, x=None, trim: float = 0.15, n_sim: int = 10_000, seed: int = 0
) -> np.ndarray:
    """sup F of ``n_sim`` series without a break and with Gaussian AR(1) errors.

    The quantiles are the finite-sample critical values. The same seed gives the same innovations
    for every rho.

    Parameters
    ----------
    n : int
        Observations.
    rho : float
        First-order autocorrelation of the errors, within (-1, 1).
    x, trim
        As in `sup_f`.
    n_sim, seed : int

    Returns
    -------
    array, shape (n_sim,)

    Raises
    ------
    ValueError
        For ``n_sim`` below 1, rho outside (-1, 1), and bad x or trim.

    Notes
    -----
    Works in blocks of at most 2^22 values (32 MB) per array, whatever ``n_sim``; 100,000 series
    of 30 observations take well below a second.
    """
    if x is None:  # the same null serves every series of this length
        return _sup_f_null(n, float(rho), trim, n_sim, seed).copy()
    return _simulate(lambda paths: sup_f_paths(paths, x, trim, False)[0], n, rho, n_sim, seed)


@lru_cache(maxsize=_KEPT)
def _sup_f_null(n: int, rho: float, trim: float, n_sim: int, seed: int) -> np.ndarray:
    return _simulate(
        lambda paths: sup_f_paths(paths, trim=trim, dated=False)[0], n, rho, n_sim, seed
    )


def _simulate(statistic: Callable, n: int, rho: float, n_sim: int, seed: int) -> np.ndarray:
    """A statistic of AR(1) paths without a break, in blocks of at most `_CHUNK` values."""
    if n < 1 or n_sim < 1:
        raise ValueError(f"n = {n} and n_sim = {n_sim} must be at least 1")
    block = max(_CHUNK // n, 1)
    if n_sim <= block:
        return statistic(null_paths(n, rho, n_sim, seed))
    rng = np.random.default_rng(seed)
    sizes = [min(block, n_sim - done) for done in range(0, n_sim, block)]
    return np.concatenate([statistic(ar1(n, rho, size, rng)) for size in sizes])


def null_paths(n: int, rho: float, n_sim: int, seed: int) -> np.ndarray:
    """`ar1` with a generator of its own, whose draws are kept for the next rho."""
    return _autocorrelated(_innovations(n, n_sim, seed), rho)


@lru_cache(maxsize=4)
def _innovations(n: int, n_sim: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, n_sim))


def p_over_rho(
    y,
    x=None,
    trim: float = 0.15,
    rhos: Sequence[float] = RHOS,
    n_sim: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Simulated p of sup-F as a curve over the autocorrelation of the errors.

    Where the curve crosses 0.05 is the autocorrelation one has to rule out to call the break
    significant. All points share their innovations, so the curve is smooth.

    Parameters
    ----------
    y, x, trim, n_sim, seed
        As in `sup_f`.
    rhos : sequence of float
        Autocorrelations within (-1, 1).

    Returns
    -------
    DataFrame
        Columns ``rho``, ``p``, ``mc_error``.
    """
    sup, n = sup_f(y, x, trim).sup, len(y)
    return _p_over(rhos, lambda rho: simulate_sup_f(n, rho, x, trim, n_sim, seed) >= sup)


def _p_over(rhos: Sequence[float], as_extreme: Callable) -> pd.DataFrame:
    rows = [(rho, *_monte_carlo_p(as_extreme(rho))) for rho in rhos]
    return pd.DataFrame(rows, columns=["rho", "p", "mc_error"])


# UDmax


@dataclass(frozen=True, repr=False)
class UDMax:
    """Result of `ud_max`.

    Attributes
    ----------
    path : Series
        sup F(m) by number of breaks m = 1..max.
    statistic : float
        The largest of them.
    m : int
        The number of breaks that has it; of ties the smallest.
    rho : float
        AR(1) coefficient of the residuals asked for by ``removed``, estimated as in `lag1`.
    p_simulated, mc_error : float
        p of the statistic at this n, h and rho, and its Monte Carlo standard error; NaN without
        simulation.
    """

    path: pd.Series
    statistic: float
    m: int
    rho: float
    p_simulated: float
    mc_error: float

    def __repr__(self) -> str:
        return (
            f"UDMax(statistic={self.statistic:.4g} at m={self.m}, "
            f"p_simulated={self.p_simulated:.3g}, rho={self.rho:.2f})"
        )


def ud_max(
    y, h: float = 0.15, max_breaks: int = 5, removed: int = 0, n_sim: int = 0, seed: int = 0
) -> UDMax:
    """Test of no break in the mean against up to ``max_breaks`` at unknown dates.

    UDmax is the largest of sup F(m), m = 1..max_breaks, with sup F(m) =
    ((n - (m + 1)) / m) (RSS(0) - RSS(m)) / RSS(m) and RSS(m) the smallest with m breaks (Bai and
    Perron 1998, for errors without autocorrelation and of one variance). It has more power than
    sup-F where a mean moves and comes back. Published critical values (Bai and Perron 2003,
    Econometrics Journal) are asymptotic, for independent errors, and not used: p is simulated as
    that of `sup_f` is.

    Parameters
    ----------
    y, h, max_breaks
        As in `bai_perron`.
    removed : int
        Breaks, the best of their number, that are taken out before rho is estimated, 0 to
        max_breaks. The more are removed the smaller is rho, whether they are breaks or not.
    n_sim : int
        Simulated series; 0 for none.
    seed : int
        Seed of the simulation.

    Returns
    -------
    UDMax

    Raises
    ------
    ValueError
        As `bai_perron`; also if ``removed`` lies outside 0..max_breaks.

    Notes
    -----
    R's mbreaks 1.0.0 has the same formula for errors without autocorrelation and of one variance
    (robust = 0, hetvar = 0), by its source; it was not run. By default it takes errors robust to
    both, and its UDmax is then another.
    """
    fit = bai_perron(y, h=h, max_breaks=max_breaks)
    path = pd.Series(sup_f_of_m(fit.table.rss.to_numpy(), fit.n), fit.table.index[1:], name="F")
    statistic = float(path.max())
    cuts = [0, *fit.positions(removed), fit.n]
    rho = float(lag1(np.concatenate([_demeaned(fit._model.y[a:b]) for a, b in pairwise(cuts)])))
    p_simulated = mc_error = math.nan
    if n_sim:
        null = simulate_ud_max(fit.n, rho, h, max_breaks, n_sim, seed)
        p_simulated, mc_error = _monte_carlo_p(null >= statistic)
    return UDMax(path, statistic, int(path.idxmax()), rho, p_simulated, mc_error)


def _demeaned(values: np.ndarray) -> np.ndarray:
    return values - values.mean(axis=0)


def sup_f_of_m(rss: np.ndarray, n: int) -> np.ndarray:
    """sup F(m) of m = 1, 2, ... breaks in the mean, as `ud_max` scales it.

    Parameters
    ----------
    rss : array, shape (max_breaks + 1, ...)
        Smallest RSS with 0, 1, ... breaks.
    n : int
        Observations.

    Returns
    -------
    array, shape (max_breaks, ...)
        Infinite where the breaks leave no residual.
    """
    m = np.arange(1, len(rss)).reshape(-1, *[1] * (rss.ndim - 1))
    with np.errstate(divide="ignore"):
        return (n - m - 1) / m * (rss[0] - rss[1:]) / rss[1:]


def min_rss(y: np.ndarray, h: int, max_breaks: int) -> np.ndarray:
    """Smallest RSS with 0..max_breaks breaks in the mean, for many series at once.

    Parameters
    ----------
    y : array, shape (n, n_sim)
    h : int
        Smallest segment, in observations.
    max_breaks : int
        At most n / h - 1, so that the segments have room.

    Returns
    -------
    array, shape (max_breaks + 1, n_sim)

    Notes
    -----
    The search of `bai_perron` on differences of cumulated sums, block by block: faster than
    `mean_breaks`, and accurate enough for simulated series, whose residuals are never near zero.
    """
    n, n_sim = y.shape
    width = min(max(_CACHED // n, 1), n_sim)
    of_length = 1 / np.arange(1, n + 1)[:, None]
    # made once and in one piece, which the next call finds again: new memory takes longer than sums
    space = np.empty((max_breaks + 4, n + 1, width))
    space[0, 0] = 0
    rss = np.empty((max_breaks + 1, n_sim))
    for start in range(0, n_sim, width):
        own = _demeaned(y[:, start : start + width])
        best = _explained(own, h, of_length, space[..., : own.shape[1]])
        total = np.einsum("ij,ij->j", own, own)
        np.subtract(total, best, out=rss[:, start : start + width])
    return rss


def _explained(y, h, of_length, space) -> np.ndarray:
    """What segments' means explain of the sum of squares at most, by number of breaks.

    ``space``, (max_breaks + 4, n + 1, n_sim), is written to, but for zeros at its beginning.
    """
    # best: by number of breaks and last year; where the segments have no room it is not looked at
    sums, room, best = space[0], space[1:3], space[3:]
    n, most = len(y), len(best) - 1
    for t in range(n):  # numpy's cumsum along this axis takes three times as long
        np.add(sums[t], y[t], out=sums[t + 1])
    np.multiply(sums[h:], sums[h:], out=best[0, h:])
    best[0, h:] *= of_length[h - 1 :]
    for end in [*range(2 * h, n - h + 1), n]:  # after other ends there is no room for a segment
        explained = room[0, : end - 2 * h + 1]  # by the last segment, which begins from h on
        np.subtract(sums[end], sums[h : end - h + 1], out=explained)
        explained *= explained
        explained *= of_length[h - 1 : end - h][::-1]
        # of all breaks the last is due only at the end
        for m in range(1, most + (end == n)):
            first = m * h  # earlier there is no room for m segments before
            if first <= end - h:
                total = room[1, : end - h + 1 - first]
                np.add(best[m - 1, first : end - h + 1], explained[first - h :], out=total)
                total.max(axis=0, out=best[m, end])
    return best[:, n]


def ud_max_paths(paths: np.ndarray, h: float = 0.15, max_breaks: int = 5) -> np.ndarray:
    """UDmax of many series at once.

    Parameters
    ----------
    paths : array, shape (n, n_sim)
        A series per column.
    h, max_breaks
        As in `ud_max`.

    Returns
    -------
    array, shape (n_sim,)

    Raises
    ------
    ValueError
        If h or max_breaks does not suit n, as `bai_perron`.
    """
    n = len(paths)
    length = _segment_length(h, n, 1)
    rss = min_rss(paths, length, _most_breaks(max_breaks, n, length))
    return sup_f_of_m(rss, n).max(axis=0)


def simulate_ud_max(
    n: int,
    rho: float = 0.0,
    h: float = 0.15,
    max_breaks: int = 5,
    n_sim: int = 10_000,
    seed: int = 0,
) -> np.ndarray:
    """UDmax of ``n_sim`` series without a break and with Gaussian AR(1) errors.

    The quantiles are the finite-sample critical values. Draws the series of `simulate_sup_f`.

    Parameters
    ----------
    n : int
        Observations.
    rho : float
        First-order autocorrelation of the errors, within (-1, 1).
    h, max_breaks
        As in `ud_max`.
    n_sim, seed : int

    Returns
    -------
    array, shape (n_sim,)

    Raises
    ------
    ValueError
        For ``n_sim`` below 1, rho outside (-1, 1), and as `ud_max_paths`.

    Notes
    -----
    Time is of order n^2 max_breaks n_sim: 10,000 series of 30 observations take less than 0.1 s.
    """
    return _ud_max_null(n, float(rho), h, max_breaks, n_sim, seed).copy()


@lru_cache(maxsize=_KEPT)
def _ud_max_null(
    n: int, rho: float, h: float, max_breaks: int, n_sim: int, seed: int
) -> np.ndarray:
    return _simulate(lambda paths: ud_max_paths(paths, h, max_breaks), n, rho, n_sim, seed)


def ud_max_p_over_rho(
    y,
    h: float = 0.15,
    max_breaks: int = 5,
    rhos: Sequence[float] = RHOS,
    n_sim: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Simulated p of UDmax as a curve over the autocorrelation of the errors, as `p_over_rho`.

    Parameters
    ----------
    y, h, max_breaks, n_sim, seed
        As in `ud_max`.
    rhos : sequence of float
        Autocorrelations within (-1, 1).

    Returns
    -------
    DataFrame
        Columns ``rho``, ``p``, ``mc_error``.
    """
    largest, n = ud_max(y, h, max_breaks).statistic, len(y)
    return _p_over(rhos, lambda rho: simulate_ud_max(n, rho, h, max_breaks, n_sim, seed) >= largest)


# CUSUM and Chow


@dataclass(frozen=True)
class Cusum:
    """Result of `cusum`: path (Series by observation 1..n), statistic, position of it, p."""

    path: pd.Series = field(repr=False)
    statistic: float
    position: int
    p: float


def cusum(y, x=None) -> Cusum:
    """OLS-CUSUM test of constant coefficients (Ploberger and Krämer 1992).

    The path is the cumulated residuals of the whole sample over s sqrt(n), with s^2 = RSS /
    (n - k); the statistic is its largest absolute value. p is asymptotic, from the largest
    absolute value of a Brownian bridge (Kolmogorov's distribution), and in short series too
    large; with autocorrelated errors too small.

    Parameters
    ----------
    y, x
        As in `bai_perron`.

    Returns
    -------
    Cusum

    Raises
    ------
    ValueError
        As `bai_perron`.
    """
    model = _model(y, x)
    residuals = _residuals(model.y, model.design)
    spread = math.sqrt(residuals @ residuals / (model.n - model.k))
    path = np.cumsum(residuals) / (spread * math.sqrt(model.n))
    at = int(np.abs(path).argmax())
    statistic = float(abs(path[at]))
    index = pd.RangeIndex(1, model.n + 1, name="position")
    p = float(special.kolmogorov(statistic))
    return Cusum(pd.Series(path, index=index, name="cusum"), statistic, at + 1, p)


@dataclass(frozen=True)
class Chow:
    """Result of `chow`: F ratio, its degrees of freedom and p."""

    f: float
    df: tuple[int, int]
    p: float


def chow(y, position: int, x=None) -> Chow:
    """Test of a change of all coefficients after a date fixed beforehand (Chow 1960).

    F = ((RSS0 - RSS1) / k) / (RSS1 / (n - 2k)) with k and n - 2k degrees of freedom, exact for
    Gaussian uncorrelated errors of one variance. A date chosen by looking at y needs `sup_f`.

    Parameters
    ----------
    y, x
        As in `bai_perron`.
    position : int
        1-based last observation of the old regime; k < position < n - k.

    Returns
    -------
    Chow

    Raises
    ------
    ValueError
        As `bai_perron`, and for a position too close to an end.
    """
    model = _model(y, x)
    n, k = model.n, model.k
    if position % 1 or not k < position < n - k:
        raise ValueError(
            f"position = {position} must leave more than {k} observation(s) on both sides of {n}"
        )
    f = float(_f_path(model, np.array([int(position)]))[0]) / k
    return Chow(f, (k, n - 2 * k), float(special.fdtrc(k, n - 2 * k, f)))


# Permutation, rotation, Holm


@dataclass(frozen=True)
class Resampling:
    """Result of `permutation` and `rotation`.

    Attributes
    ----------
    statistic : float
        Observed value.
    p, floor : float
        p and the smallest p that these group sizes could have given.
    n_arrangements : int
        Arrangements looked at, the observed one included.
    exact : bool
        Whether these were all there are.
    mc_error : float
        Monte Carlo standard error of p; 0 if exact.
    """

    statistic: float
    p: float
    floor: float
    n_arrangements: int
    exact: bool
    mc_error: float


def _rounding(values: np.ndarray) -> float:
    """Bound of the rounding error of a difference of two means of the values.

    It follows their level, not their differences, and covers their own last digit.
    """
    return 2 * len(values) * float(np.finfo(float).eps * np.abs(values).max())


def permutation(
    a, b, statistic: Callable = np.mean, n_sim: int = 99_999, seed: int = 0
) -> Resampling:
    """Permutation test of the difference between two groups of years.

    T = statistic(a) - statistic(b). p is the share of arrangements of the pooled values into
    groups of these sizes with ``|T*| >= |T|``, the observed arrangement included: the
    two-sided convention of the whole project. (scipy's doubles the smaller one-sided p, whose
    floor is twice as high.) Values of T closer than the rounding error of means at the level of
    the data are ties. The floor is the share of arrangements that reach the largest
    ``|T*|``. Neighbouring years are exchangeable only without autocorrelation; see `rotation`.

    Parameters
    ----------
    a, b : array-like, shapes (n_a,) and (n_b,)
        Values of the two groups. For a rank test pass ranks of the pooled values.
    statistic : callable
        Takes an array and ``axis``; ``np.mean`` or ``np.median``, say.
    n_sim : int
        Random arrangements where there are more than `EXACT_LIMIT`; p is then
        (hits + 1) / (n_sim + 1) and the floor 1 / (n_sim + 1).
    seed : int

    Returns
    -------
    Resampling

    Raises
    ------
    ValueError
        NaN, infinite or non-numeric values, an empty group, all values equal, a statistic that is
        not finite, or ``n_sim`` below 1.

    Notes
    -----
    Memory: arrangements times (n_a + n_b) float64, twice; 64 MB at the limit with 20 values.

    Examples
    --------
    >>> permutation([1, 2, 3, 4], [11, 12, 13]).floor  # 1 / 35
    0.02857142857142857
    """
    a, b = _floats(a, "a"), _floats(b, "b")
    if not len(a) or not len(b):
        raise ValueError(f"groups must not be empty; their sizes are {len(a)} and {len(b)}")
    pooled = np.concatenate([a, b])
    rounding, spread = _rounding(pooled), np.ptp(pooled)
    if spread <= rounding:
        almost = " up to rounding" if spread else ""
        raise ValueError(f"all {len(pooled)} values are equal{almost} ({pooled[0]:g})")
    if n_sim < 1:
        raise ValueError(f"n_sim = {n_sim} must be at least 1")
    observed = float(statistic(a, axis=0) - statistic(b, axis=0))
    count = math.comb(len(pooled), len(a))
    exact = count <= EXACT_LIMIT
    in_a = (
        _arrangements(len(pooled), len(a))
        if exact
        else _random_arrangements(len(pooled), len(a), n_sim, np.random.default_rng(seed))
    )
    pooled = np.broadcast_to(pooled, in_a.shape)
    first = pooled[in_a].reshape(len(in_a), len(a))
    second = pooled[~in_a].reshape(len(in_a), len(b))
    values = np.abs(statistic(first, axis=1) - statistic(second, axis=1))
    if not np.isfinite([observed, values.max()]).all():
        raise ValueError("the statistic is not finite in every arrangement of the groups")
    hits = values >= abs(observed) - rounding
    if exact:
        floor = float(np.mean(values >= values.max() - rounding))
        return Resampling(observed, float(hits.mean()), floor, count, True, 0.0)
    p, error = _monte_carlo_p(hits)
    return Resampling(observed, p, 1 / (n_sim + 1), n_sim + 1, False, error)


def _arrangements(n: int, size: int) -> np.ndarray:
    """All choices of ``size`` among n as a boolean array (arrangements, n)."""
    chosen = np.array(list(combinations(range(n), size)))
    mask = np.zeros((len(chosen), n), dtype=bool)
    np.put_along_axis(mask, chosen, True, axis=1)
    return mask


def _random_arrangements(n: int, size: int, n_sim: int, rng: np.random.Generator) -> np.ndarray:
    return rng.permuted(np.broadcast_to(np.arange(n) < size, (n_sim, n)), axis=1)


def rotation(y, labels, groups: tuple | None = None) -> Resampling:
    """Rotation (circular shift) test: do eras differ by more than shifted eras would?

    The labels are shifted along the series by 0..n-1 observations, the end wrapping round to the
    beginning, and the statistic is taken each time. Order within the series, and with it nearly
    all autocorrelation, is kept, which a permutation destroys. p is the share of the n shifts
    with a statistic at least as large as the observed one, so no p below 1/n can occur; the
    floor counts ties of the largest. Exact if the series is stationary on a circle; the seam
    between the last and the first year makes it approximate for an ordinary one.

    Parameters
    ----------
    y : array-like, shape (n,)
    labels : array-like, shape (n,)
        Era of each observation; NaN or None where it belongs to none. The holes rotate too.
    groups : tuple of two labels, optional
        Two eras to compare: the statistic is the difference of their means, first minus second,
        and p two-sided, ``|T*| >= |T|``. Default: the F ratio between all eras (mean square
        between over mean square within), which without holes orders the shifts as the
        between-era sum of squares does.

    Returns
    -------
    Resampling

    Raises
    ------
    ValueError
        As `bai_perron` for y; labels of another length or index; fewer than two eras; unknown
        groups; no more labelled observations than eras.
    """
    model = _model(y, None)
    values = model.y
    if isinstance(y, pd.Series):
        _refuse_other_index(y.index, labels, "y and labels")
    codes, eras = pd.factorize(_array(labels).astype(object))
    if len(codes) != len(values):
        raise ValueError(f"lengths differ: y has {len(values)} observations, labels {len(codes)}")
    if groups is not None:
        if len(groups) != 2 or groups[0] == groups[1] or not set(groups) <= set(eras):
            raise ValueError(f"groups = {groups} must be two of the labels {list(eras)}")
        codes = np.array(
            [groups.index(eras[c]) if c >= 0 and eras[c] in groups else -1 for c in codes]
        )
    statistics = _rotation_statistics(values[:, None], codes, omnibus=groups is None)[:, 0]
    extremes, rounding = np.abs(statistics), _rounding(values + model.mean)
    if groups is None:  # F is a ratio of squares: what it loses is relative
        rounding = extremes * max(1e-9, 4 * rounding / math.sqrt(values @ values))
        rounding[np.isinf(extremes)] = 0
    p, floor = (float(np.mean(extremes >= v - rounding)) for v in (extremes[0], extremes.max()))
    return Resampling(float(statistics[0]), p, floor, len(values), True, 0.0)


def _rotation_statistics(y: np.ndarray, codes: np.ndarray, omnibus: bool = True) -> np.ndarray:
    """F ratio between eras, or difference of two, for every shift of the codes.

    ``y`` has a series per column, (n, n_sim), with mean zero; codes count from 0, -1 being no
    era. Returns (n, n_sim), row s belonging to a shift by s.
    """
    n, n_eras = len(codes), codes.max() + 1
    sizes = np.bincount(codes[codes >= 0], minlength=n_eras)
    total = sizes.sum()
    if n_eras < 2 or (omnibus and total <= n_eras):
        raise ValueError(
            f"{total} labelled observations in {n_eras} era(s): at least two eras and more "
            "observations than eras are needed"
        )
    shifted = codes[(np.arange(n) - np.arange(n)[:, None]) % n]
    members = (shifted[:, None, :] == np.arange(n_eras)[:, None]).astype(float)
    sums = members @ y
    if not omnibus:
        return sums[:, 0] / sizes[0] - sums[:, 1] / sizes[1]
    labelled = (shifted >= 0).astype(float)
    explained = (sums**2 / sizes[:, None]).sum(axis=1)
    within = labelled @ y**2 - explained
    between = explained - sums.sum(axis=1) ** 2 / total
    negligible = 1e-12 * (y**2).sum(axis=0)
    return np.divide(
        between * (total - n_eras),
        within * (n_eras - 1),
        out=np.where(between > negligible, np.inf, 0.0),
        where=within > negligible,
    )


def holm(p, floors=None) -> pd.DataFrame:
    """Holm's (1979) step-down adjustment of a family of p-values, and of their floors.

    The i-th smallest of m p-values becomes the largest of (m - j + 1) p_(j) over j <= i, at most
    1. An adjusted p rises with every p of the family, so the smallest it can attain is found by
    adjusting the floors themselves.

    Parameters
    ----------
    p : array-like or Series, shape (m,)
        p-values; NaN (a contrast that could not be made) stays NaN and does not count.
    floors : array-like, shape (m,), optional
        Smallest attainable p of each test. Default: 0.

    Returns
    -------
    DataFrame
        Indexed like ``p``; columns ``p``, ``p_holm``, ``floor``, ``floor_holm``.

    Raises
    ------
    ValueError
        If a p or floor lies outside [0, 1], a p below its floor, or lengths or indexes differ.
    """
    index = p.index if isinstance(p, pd.Series) else pd.RangeIndex(len(p))
    _refuse_other_index(index, floors, "p and floors")
    p = pd.Series(_array(p), dtype=float).to_numpy()
    floors = np.zeros(len(p)) if floors is None else _array(floors).astype(float)
    if floors.shape != p.shape:
        raise ValueError(f"lengths differ: {len(p)} p-values, floors of shape {floors.shape}")
    floors = np.where(np.isnan(p), np.nan, floors)
    for i in np.flatnonzero(~np.isnan(p)):
        if not 0 <= floors[i] <= 1 or not 0 <= p[i] <= 1:
            raise ValueError(f"p and floors must lie within [0, 1]; they do not at {index[i]!r}")
        if p[i] < floors[i] * (1 - 1e-9):
            raise ValueError(f"p at {index[i]!r} is below its floor: {p[i]} < {floors[i]}")
    return pd.DataFrame(
        {"p": p, "p_holm": _step_down(p), "floor": floors, "floor_holm": _step_down(floors)},
        index=index,
    )


def _step_down(p: np.ndarray) -> np.ndarray:
    order = np.argsort(p)[: np.count_nonzero(~np.isnan(p))]  # missing ones come last
    adjusted = np.full(len(p), np.nan)
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1)
    return adjusted
