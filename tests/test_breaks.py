"""The break engine against R, brute force, ruptures, statsmodels and scipy."""

import itertools
import math
from decimal import Decimal
from fractions import Fraction
from time import perf_counter

import numpy as np
import pandas as pd
import pytest
import ruptures
import statsmodels.api as sm
from scipy import optimize, stats

from oda_eras.breaks import (
    _limit_law,
    ar1,
    argmax_cdf,
    bai_perron,
    chow,
    cusum,
    hansen_critical,
    hansen_p,
    holm,
    lag1,
    mean_break_bounds,
    mean_breaks,
    min_rss,
    p_over_rho,
    permutation,
    rotation,
    simulate_sup_f,
    simulate_ud_max,
    sup_f,
    sup_f_paths,
    ud_max,
    ud_max_p_over_rho,
    ud_max_paths,
)


@pytest.fixture
def nile():
    data = sm.datasets.nile.load_pandas().data
    return pd.Series(data["volume"].to_numpy(), index=data["year"].astype(int))


@pytest.fixture
def regression():
    rng = np.random.default_rng(3)
    x = pd.DataFrame({"a": rng.normal(size=60).cumsum(), "b": np.arange(60) + 1990.0})
    y = x["a"] + 0.1 * x["b"] + np.where(np.arange(60) < 25, 0, 3) + rng.normal(size=60)
    return y, x


# -- Bai-Perron -------------------------------------------------------------------------------


def _brute_force(y, design, h, m):
    """Smallest RSS over all segmentations, each segment fitted by itself."""
    best = (math.inf, None)
    for cuts in itertools.combinations(range(1, len(y)), m):
        ends = [0, *cuts, len(y)]
        if min(np.diff(ends)) >= h:
            rss = 0.0
            for a, b in itertools.pairwise(ends):
                fit = np.linalg.lstsq(design[a:b], y[a:b], rcond=None)[0]
                rss += ((y[a:b] - design[a:b] @ fit) ** 2).sum()
            best = min(best, (rss, list(cuts)))
    return best


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("k", [1, 2, 3])
def test_search_equals_enumeration_of_all_segmentations(seed, k):
    rng = np.random.default_rng([seed, k])
    n, h = 18, k + 1 + seed % 2
    x = rng.normal(size=(n, k - 1)).cumsum(axis=0)
    y = rng.normal(size=n) + 3 * (np.arange(n) > 9) + 500
    result = bai_perron(y, x if k > 1 else None, h=h, max_breaks=3)
    design = np.column_stack([np.ones(n), x])
    for m in result.table.index:
        rss, cuts = _brute_force(y - 500, design, h, m)
        assert result.positions(m) == cuts
        assert result.table["rss"][m] == pytest.approx(rss, rel=1e-9)


N = 24
DESIGNS = {
    "none": lambda rng: np.empty((N, 0)),
    "pairs": lambda rng: np.repeat(rng.normal(size=N // 2), 2),
    "trend in threes": lambda rng: np.repeat(np.arange(N // 3), 3),
    "dummy": lambda rng: rng.integers(0, 2, size=N),
    "two dummies": lambda rng: rng.integers(0, 2, size=(N, 2)),
    "few values": lambda rng: rng.integers(0, 3, size=(N, 2)),
    "long runs": lambda rng: np.repeat(rng.normal(size=N), rng.integers(1, 5, size=N))[:N],
    "first two values repeat": lambda rng: np.array([0, 0, *rng.normal(size=N - 2)]),
    "near collinear": lambda rng: np.arange(N)[:, None] + rng.normal(size=(N, 2)) * [0, 1e-6],
    "walks": lambda rng: rng.normal(size=(N, 3)).cumsum(axis=0),
}
UNITS = {"as it is": (0, 1), "large level": (1e8, 1), "small": (0, 1e-30), "large": (0, 1e30)}


def _least_squares(y, x, start, end):
    """Residuals of numpy's least squares on one segment, and the condition of its design."""
    part = x[start:end] - x[start:end].mean(axis=0)
    spread = np.abs(part).max(axis=0)
    design = np.column_stack([np.ones(end - start), part / np.where(spread > 0, spread, 1)])
    y = y[start:end] - y[start:end].mean()
    return y - design @ np.linalg.lstsq(design, y, rcond=None)[0], np.linalg.cond(design)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("design", DESIGNS)
def test_every_statistic_is_that_of_least_squares_on_each_segment(design, unit):
    level, scale = UNITS[unit]
    accepted = 0
    for seed in range(4):
        rng = np.random.default_rng([seed, *design.encode()])
        x = DESIGNS[design](rng).reshape(N, -1) * scale + level
        y = (rng.normal(size=N) + 2 * (np.arange(N) >= 9)) * scale + level
        h = 6
        fits = {
            (a, b): _least_squares(y, x, a, b)
            for a, b in itertools.combinations(range(N + 1), 2)
            if b - a >= h
        }
        rss = {cut: (residuals**2).sum() for cut, (residuals, _) in fits.items()}
        try:
            result = bai_perron(y, x, h=h, max_breaks=2)
        except ValueError as error:
            assert "collinear" in str(error)
            assert max(condition for _, condition in fits.values()) > 1e8
            continue
        accepted += 1
        k = result.k
        for m, row in result.table.iterrows():
            cuts = [
                [0, *inner, N]
                for inner in itertools.combinations(range(h, N - h + 1), m)
                if min(np.diff([0, *inner, N])) >= h
            ]
            least = min(sum(rss[c] for c in itertools.pairwise(ends)) for ends in cuts)
            found = list(itertools.pairwise([0, *result.positions(m), N]))
            assert sum(rss[c] for c in found) == pytest.approx(least, rel=1e-8, abs=0)
            assert row["rss"] == pytest.approx(least, rel=1e-8, abs=0)
            p = (m + 1) * k + m
            bic = N * (math.log(2 * math.pi) + 1 + math.log(least / N))
            assert row["bic"] == pytest.approx(bic + math.log(N) * (k + 1) * (m + 1), abs=1e-6)
            lwz = math.log(least / (N - p)) + 0.299 * p * math.log(N) ** 2.1 / N
            assert row["lwz"] == pytest.approx(lwz, abs=1e-6)
            for (a, b), fit in zip(found, result.coefficients(m).to_numpy(), strict=True):
                x_mean, y_mean = x[a:b].mean(axis=0), y[a:b].mean()
                cancelled = 1e-12 * (np.abs(x_mean) @ np.abs(fit[1:]) + scale)
                assert fit[0] == pytest.approx(y_mean - x_mean @ fit[1:], rel=1e-9, abs=cancelled)
                ours = y[a:b] - y_mean - (x[a:b] - x_mean) @ fit[1:]
                ours -= ours.mean()  # the means above are rounded
                assert (ours**2).sum() == pytest.approx(rss[a, b], rel=1e-8, abs=0)
        test = sup_f(y, x, trim=h)
        parts = np.array([rss[0, j] + rss[j, N] for j in test.path.index])
        f = (N - 2 * k) * (rss[0, N] - parts) / parts
        assert test.path.index.tolist() == list(range(h, N - h + 1))
        np.testing.assert_allclose(test.path, f, rtol=1e-6, atol=1e-6)
        assert f[test.position - h] == pytest.approx(f.max(), rel=1e-6)
        sup, (position,) = sup_f_paths(y[:, None], x, trim=h)
        assert sup == pytest.approx(f.max(), rel=1e-6)
        assert f[position - h] == pytest.approx(f.max(), rel=1e-6)
        assert chow(y, 9, x).f == pytest.approx(f[9 - h] / k, rel=1e-6, abs=1e-6)
        path = np.cumsum(fits[0, N][0]) / math.sqrt(rss[0, N] / (N - k) * N)
        np.testing.assert_allclose(cusum(y, x).path, path, atol=1e-6)
    assert accepted


def test_repeated_values_of_x_lose_no_residual():
    y, x = [2, 5, 1, 4, 6, 3, 8, 7], [1, 1, 2, 3, 4, 5, 6, 7]
    assert bai_perron(y, x, h=3).table["rss"][0] == pytest.approx(
        sm.OLS(y, sm.add_constant(x)).fit().ssr
    )


@pytest.mark.parametrize("seed", range(4))
def test_mean_model_equals_ruptures(seed):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=90) + np.repeat(rng.normal(size=3), 30)
    result = bai_perron(y, h=9, max_breaks=4)
    search = ruptures.Dynp(model="l2", min_size=9, jump=1).fit(y)
    for m in range(1, 5):
        assert result.positions(m) == search.predict(n_bkps=m)[:-1]


def test_criteria_follow_their_formulas(regression):
    y, x = regression
    table = bai_perron(y, x, h=8, max_breaks=3).table
    n, k = 60, 3
    for m, row in table.iterrows():
        p = (m + 1) * k + m
        bic = n * (math.log(2 * math.pi) + 1 + math.log(row["rss"] / n))
        assert row["bic"] == pytest.approx(bic + math.log(n) * (k + 1) * (m + 1))
        lwz = math.log(row["rss"] / (n - p)) + 0.299 * p * math.log(n) ** 2.1 / n
        assert row["lwz"] == pytest.approx(lwz)


def test_coefficients_are_those_of_each_segment_by_ols(regression):
    y, x = regression
    result = bai_perron(y, x, h=8)
    (cut,) = result.positions(1)
    table = result.coefficients(1)
    assert list(table.columns) == ["const", "a", "b"]
    for segment, part in ((1, slice(0, cut)), (2, slice(cut, None))):
        fit = sm.OLS(y[part], sm.add_constant(x[part], has_constant="add")).fit()
        np.testing.assert_allclose(table.loc[segment], fit.params, rtol=1e-7)


def test_h_as_fraction_is_floored_and_as_count_is_kept():
    y = np.random.default_rng(0).normal(size=39)
    assert bai_perron(y, h=0.15).h == 5
    assert bai_perron(y, h=7).h == 7
    assert list(bai_perron(y, h=0.25, max_breaks=5).table.index) == [0, 1, 2, 3]
    assert list(bai_perron(y[:30], h=5).table.index) == [0, 1, 2, 3, 4]


def test_labels_give_both_years(nile):
    result = bai_perron(nile)
    assert result.positions(1) == [28] and all(type(p) is int for p in result.positions(1))
    assert result.labels(1).iloc[0].tolist() == [28, 1898, 1899]
    assert result.labels(0).empty
    assert bai_perron(nile.to_numpy()).labels(1).iloc[0].tolist() == [28, 28, 29]


def test_large_level_and_clear_steps_cost_no_precision():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=50)
    y = noise + 1e8 + 1e7 * (np.arange(50) >= 20)
    within = noise[:20].var() * 20 + noise[20:].var() * 30
    result = bai_perron(y, h=5)
    assert result.positions(1) == [20]
    assert result.table["rss"][1] == pytest.approx(within, rel=1e-6)


def test_exact_steps_choose_the_smallest_number_that_fits():
    result = bai_perron(np.repeat([0.0, 5.0], 10), h=3)
    assert result.choice("bic") == result.choice("lwz") == 1
    assert result.positions(1) == [10]
    assert result.confint(1).isna().any(axis=None)


def test_noise_is_mostly_left_whole_by_lwz():
    rng = np.random.default_rng(5)
    picks = [bai_perron(rng.normal(size=32), h=5, max_breaks=3).choice("lwz") for _ in range(60)]
    assert np.mean(np.array(picks) > 0) < 0.15


def test_bai_perron_is_faster_than_ruptures_on_a_thousand_observations():
    y = np.random.default_rng(2).normal(size=1000)
    start = perf_counter()
    ours = bai_perron(y, h=150, max_breaks=5)
    seconds = perf_counter() - start
    start = perf_counter()
    theirs = ruptures.Dynp(model="l2", min_size=150, jump=1).fit(y).predict(n_bkps=5)
    assert seconds < perf_counter() - start
    assert ours.positions(5) == theirs[:-1]


# what makes several segmentations, or none, equally good
TIES = {
    "drawn": lambda y: y,
    "whole numbers": np.round,
    "two values": lambda y: np.where(y > 1, 3.0, 1.0),
    "a level above the last digits": lambda y: y + 1e8,
}


@pytest.mark.parametrize("n", [15, 20, 26])
@pytest.mark.parametrize("kind", TIES)
def test_many_series_have_the_breaks_and_intervals_that_each_has(kind, n):
    y = np.random.default_rng(n).lognormal(size=(200, n))
    y[::3, 7:] += 3
    y = TIES[kind](y)
    y = y[np.ptp(y, axis=1) > 0]
    fits = [bai_perron(own, h=5, max_breaks=3) for own in y]
    rss, positions = mean_breaks(y.T, h=5, max_breaks=3)
    assert len(rss) == len(positions) == len(fits[0].table)
    for m in fits[0].table.index:
        assert rss[m].tolist() == [fit.table.rss[m] for fit in fits]
        assert positions[m].T.tolist() == [fit.positions(m) for fit in fits]
        if m:
            lower, upper = mean_break_bounds(y.T, positions[m])
            for i, fit in enumerate(fits):
                own = np.column_stack([lower[:, i], positions[m][:, i], upper[:, i]])
                np.testing.assert_array_equal(own, fit.confint(m))


# -- intervals --------------------------------------------------------------------------------


def test_bounds_are_quantiles_rounded_outwards():
    rng = np.random.default_rng(4)
    for n in range(10, 60):
        y = rng.normal(size=n) * np.where(np.arange(n) < 5, 1, 2) + (np.arange(n) < 5)
        ((lower, position, upper),) = bai_perron(y, h=5).confint(1).to_numpy()
        old, new = y[:position], y[position:]
        variance, scale = new.var() / old.var(), old.var() / (new.mean() - old.mean()) ** 2

        def quantile(p, variance=variance, scale=scale):
            return scale * optimize.brentq(lambda x: argmax_cdf(x, 1, variance) - p, -1e6, 1e6)

        if argmax_cdf(0, 1, variance) > 0.975:
            assert np.isnan([lower, upper]).all()
        else:
            assert lower == position - math.ceil(quantile(0.975))
            assert upper == position - math.floor(quantile(0.025))


def test_argmax_distribution_is_a_distribution_and_mirrors():
    grid = np.linspace(-200, 200, 401)
    values = np.array([argmax_cdf(x, 1.7, 0.6) for x in grid])
    assert values[0] < 1e-6 and values[-1] > 1 - 1e-6 and (np.diff(values) >= 0).all()
    assert argmax_cdf(0) == pytest.approx(0.5)
    assert argmax_cdf(-4) == pytest.approx(1 - argmax_cdf(4))
    assert argmax_cdf(1e-9, 1.7, 0.6) == pytest.approx(argmax_cdf(-1e-9, 1.7, 0.6), abs=1e-4)


def test_argmax_distribution_agrees_with_simulated_walks():
    drift, variance, step = 1.5, 0.7, 0.02
    rng = np.random.default_rng(0)
    size, length = 4000, 1500
    time = step * np.arange(1, length + 1)
    walks = rng.standard_normal((2, size, length)).cumsum(axis=2) * math.sqrt(step)
    left = walks[0] - time / 2
    right = math.sqrt(variance) * walks[1] - drift * time / 2
    best_left, best_right = left.max(axis=1), right.max(axis=1)
    at = np.where(best_right > best_left, time[right.argmax(axis=1)], -time[left.argmax(axis=1)])
    for x in (-6.0, -2.0, 0.0, 1.0, 3.0):
        assert argmax_cdf(x, drift, variance) == pytest.approx(np.mean(at <= x), abs=0.035)


def test_interval_widens_with_level_and_takes_autocorrelation(nile):
    result = bai_perron(nile)
    assert result.confint(1).iloc[0].tolist() == [25, 28, 32]
    assert list(result.confint(1).columns) == ["lower", "position", "upper"]
    narrow, wide = result.confint(1, 0.5).iloc[0], result.confint(1, 0.99).iloc[0]
    assert wide["lower"] < narrow["lower"] <= 28 <= narrow["upper"] < wide["upper"]
    assert result.confint(1, hac=2).iloc[0].tolist() == [24, 28, 32]
    assert result.confint(1, hac=0).equals(result.confint(1))


def test_interval_covers_a_large_shift():
    rng = np.random.default_rng(8)
    hits = 0
    for _ in range(150):
        y = rng.normal(size=40) + 1.5 * (np.arange(40) >= 15)
        low, _, high = bai_perron(y, h=5, max_breaks=1).confint(1, 0.9).iloc[0]
        hits += low <= 15 <= high
    assert hits / 150 > 0.8


# -- sup-F, CUSUM, Chow -----------------------------------------------------------------------


def _chow_by_hand(y, design, position):
    whole = sm.OLS(y, design).fit().ssr
    parts = sum(
        sm.OLS(y[s], design[s]).fit().ssr for s in (slice(0, position), slice(position, None))
    )
    n, k = design.shape
    return (whole - parts) / k / (parts / (n - 2 * k))


def test_path_is_k_times_chows_f(regression):
    y, x = regression
    result = sup_f(y, x, trim=0.2)
    design = sm.add_constant(x).to_numpy()
    assert result.path.index.tolist() == list(range(12, 49))
    for position in (12, 25, 48):
        expected = _chow_by_hand(y.to_numpy(), design, position)
        assert result.path[position] == pytest.approx(3 * expected, rel=1e-6)
        test = chow(y, position, x)
        assert test.f == pytest.approx(expected, rel=1e-6)
        assert test.p == pytest.approx(stats.f.sf(expected, 3, 54), rel=1e-6)
    assert result.sup == result.path.max() and result.position == result.path.idxmax()
    assert result.ave == pytest.approx(result.path.mean())
    assert result.exp == pytest.approx(math.log(np.exp(result.path / 2).mean()))


def test_chow_does_not_ask_for_more_than_its_two_segments():
    rng = np.random.default_rng(0)
    y, dummy = rng.normal(size=40), (np.arange(40) >= 10).astype(float)
    dummy[35:] = 0
    assert 0 < chow(y, 20, dummy).p < 1


def test_trim_leaves_k_plus_one_observations_and_one_candidate_means_chow():
    y = np.random.default_rng(1).normal(size=20)
    assert sup_f(y, trim=0.01).path.index[0] == 2
    single = sup_f(y, trim=0.5)
    assert single.p_asymptotic == pytest.approx(chow(y, 10).p)
    assert len(single.path) == 1


def test_labels_of_the_largest_f(nile):
    result = sup_f(nile)
    assert (result.position, result.last_old, result.first_new) == (28, 1898, 1899)


def test_many_paths_equal_one_by_one(regression):
    _, x = regression
    paths = ar1(60, 0.4, 5, np.random.default_rng(0))
    for regressors, trim in ((None, 0.15), (x, 0.2)):
        sup, position = sup_f_paths(paths, regressors, trim)
        single = [sup_f(column, regressors, trim) for column in paths.T]
        np.testing.assert_allclose(sup, [s.sup for s in single], rtol=1e-8)
        assert position.tolist() == [s.position for s in single]


def test_ar1_starts_stationary():
    paths = ar1(30, 0.6, 40_000, np.random.default_rng(0))
    assert paths[0].var() == pytest.approx(1 / (1 - 0.36), rel=0.03)
    assert paths[-1].var() == pytest.approx(1 / (1 - 0.36), rel=0.03)
    assert np.corrcoef(paths[10], paths[11])[0, 1] == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize(("k", "trim"), [(1, 0.15), (3, 0.25)])
def test_hansen_agrees_with_long_simulated_series(k, trim):
    rng = np.random.default_rng(4)
    x = rng.normal(size=(400, k - 1)) if k > 1 else None
    sup = simulate_sup_f(400, x=x, trim=trim, n_sim=4000, seed=1)
    for level in (0.2, 0.1, 0.05, 0.01):
        statistic = np.quantile(sup, 1 - level)
        assert hansen_p(statistic, k, trim) == pytest.approx(level, abs=0.02)


def test_hansen_p_falls_in_the_statistic_for_every_table_row():
    grid = np.concatenate([np.linspace(0.05, 60, 60), [1e3, 1e6]])
    for kind, k in itertools.product(("sup", "ave", "exp"), (1, 2, 3, 10)):
        for trim in (0.05, 0.15, 0.3, 0.45, 0.495):
            p = np.array([hansen_p(f, k, trim, kind) for f in grid])
            assert ((p >= 0) & (p <= 1)).all() and (np.diff(p) <= 1e-12).all()
            assert p[-1] < 2e-3
            assert hansen_p(math.inf, k, trim, kind) == 0
    assert hansen_p(5, 2, 0.5) == pytest.approx(stats.chi2.sf(5, 2))


@pytest.mark.parametrize("trim", [0.05, 0.2])
def test_limit_law_of_more_than_ten_regressors_joins_hansens_table(trim):
    law = _limit_law(10, trim)
    for level in (0.2, 0.1, 0.05, 0.01):
        for kind in ("ave", "exp"):
            statistic = np.quantile(law[kind], 1 - level)
            assert hansen_p(statistic, 10, trim, kind) == pytest.approx(level, abs=0.005)
        on_a_grid = hansen_p(np.quantile(law["sup"], 1 - level), 10, trim)
        assert 0.75 * level < on_a_grid < 0.96 * level  # its largest value misses what lies between
    for kind in ("sup", "ave", "exp"):
        statistic = np.quantile(law[kind], 0.95)
        p = [hansen_p(statistic, k, trim, kind) for k in (11, 12, 15)]
        assert 0.05 < p[0] < p[1] < p[2] < 0.7


def test_sup_of_the_limit_law_is_that_of_fine_brownian_bridges():
    k, n, trim = 11, 2000, 0.2
    rng, sup = np.random.default_rng(0), []
    time = np.arange(1, n + 1)[:, None] / n
    inside = slice(int(trim * n) - 1, int((1 - trim) * n))
    for _ in range(1500):
        walk = rng.standard_normal((n, k)).cumsum(axis=0) / math.sqrt(n)
        bridge = ((walk - time * walk[-1]) ** 2).sum(axis=1) / (time * (1 - time)).ravel().clip(
            1e-9
        )
        sup.append(bridge[inside].max())
    for share in (0.5, 0.25, 0.1):
        p = hansen_p(np.quantile(sup, 1 - share), k, trim)
        assert p == pytest.approx(share, abs=0.035)


def test_more_than_ten_regressors_have_an_asymptotic_p_and_critical_value():
    rng = np.random.default_rng(0)
    y, x = rng.normal(size=120), rng.normal(size=(120, 11))
    result = sup_f(y, x)
    assert 0 < result.p_asymptotic < 1 and 0 < result.p_ave < 1 and 0 < result.p_exp < 1
    assert result.p_asymptotic == hansen_p(result.sup, 12, 18 / 120)
    assert hansen_p(hansen_critical(0.05, 12, 0.15), 12, 0.15) == pytest.approx(0.05, abs=1e-4)


def test_simulated_p_has_the_size_it_promises_and_is_seeded():
    null = simulate_sup_f(30, 0.5, n_sim=4000, seed=0)
    fresh = simulate_sup_f(30, 0.5, n_sim=4000, seed=1)
    assert np.mean(fresh >= np.quantile(null, 0.95)) == pytest.approx(0.05, abs=0.015)
    y = np.random.default_rng(2).normal(size=30)
    once, again = (sup_f(y, n_sim=500, seed=7) for _ in range(2))
    assert once.p_simulated == again.p_simulated
    assert once.mc_error == pytest.approx(
        math.sqrt(once.p_simulated * (1 - once.p_simulated) / 500)
    )
    assert math.isnan(sup_f(y).p_simulated)


def test_simulation_does_not_depend_on_being_cut_into_blocks(monkeypatch):
    whole = simulate_sup_f(20, n_sim=300, seed=3)
    monkeypatch.setattr("oda_eras.breaks._CHUNK", 20 * 300)
    assert (simulate_sup_f(20, n_sim=300, seed=3) == whole).all()
    monkeypatch.setattr("oda_eras.breaks._CHUNK", 20 * 70)
    assert len(simulate_sup_f(20, n_sim=300, seed=3)) == 300


def test_rho_is_smaller_with_the_break_removed():
    y = np.random.default_rng(0).normal(size=40) + 3 * (np.arange(40) >= 20)
    null, removed = (sup_f(y, n_sim=999, rho_from=r) for r in ("null", "break"))
    assert removed.rho < 0.3 < null.rho
    assert removed.p_simulated < null.p_simulated
    assert null.rho == pytest.approx(sm.regression.linear_model.burg(y, 1)[0].item())


def test_rho_stays_below_one_where_ordinary_least_squares_does_not():
    y = np.array([1.0, 2, 1, 3, 2, 3, 4, 5, 4, 6, 8, 40])
    e = y - y.mean()
    assert e[1:] @ e[:-1] / (e[:-1] @ e[:-1]) > 1
    result = sup_f(y, n_sim=99)
    assert 0 < result.rho < 1 and 0 < result.p_simulated <= 1


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6])
def test_rho_is_as_little_biased_as_least_squares(rho):
    paths = ar1(30, rho, 40_000, np.random.default_rng(0))
    bias = lag1(paths - paths.mean(axis=0)).mean() - rho
    assert bias == pytest.approx(-(1 + 3 * rho) / 30, abs=0.01)


def test_p_rises_with_the_autocorrelation_assumed():
    y = np.random.default_rng(0).normal(size=30) + 1.5 * (np.arange(30) >= 12)
    curve = p_over_rho(y, rhos=[0, 0.3, 0.6, 0.9], n_sim=2000)
    assert list(curve.columns) == ["rho", "p", "mc_error"]
    assert curve["p"].is_monotonic_increasing and curve["p"].iloc[-1] > 5 * curve["p"].iloc[0]


def test_a_hundred_thousand_paths_within_two_seconds():
    start = perf_counter()
    assert simulate_sup_f(30, 0.3, n_sim=100_000).shape == (100_000,)
    assert perf_counter() - start < 2


# -- UDmax ------------------------------------------------------------------------------------


def _wald(y, cuts):
    """F of the restriction that all segment means are equal, by its quadratic form.

    As R's mbreaks writes it for errors of one variance: (n - (m + 1)) / (n m) times
    (R d)' (R V R')^-1 R d, with d the segment means, V their variance and R their differences.
    """
    n, m = len(y), len(cuts)
    segment = np.searchsorted(cuts, np.arange(n), side="right")
    z = (segment[:, None] == np.arange(m + 1)).astype(float)
    means = np.linalg.lstsq(z, y, rcond=None)[0]
    variance = ((y - z @ means) ** 2).mean() * np.linalg.inv(z.T @ z)
    r = np.eye(m, m + 1, 1) - np.eye(m, m + 1)
    change = r @ means
    return (n - m - 1) / (n * m) * (change @ np.linalg.solve(r @ variance @ r.T, change))


@pytest.mark.parametrize("seed", range(4))
def test_ud_max_is_the_largest_wald_statistic_over_all_segmentations(seed):
    n, h = 16, 3
    y = np.random.default_rng(seed).normal(size=n) + 2 * (np.arange(n) // 5 % 2) + 300
    largest = {}
    for m in (1, 2, 3):
        for cuts in itertools.combinations(range(1, n), m):
            if min(np.diff([0, *cuts, n])) >= h:
                largest[m] = max(largest.get(m, 0), _wald(y, np.array(cuts)))
    found = ud_max(y, h=h, max_breaks=3)
    np.testing.assert_allclose(found.path, list(largest.values()), rtol=1e-9)
    assert found.statistic == found.path.max() == found.path[found.m]
    assert ud_max_paths(y[:, None], h, 3)[0] == pytest.approx(found.statistic, rel=1e-9)


def test_one_break_of_ud_max_is_sup_f_with_the_same_margin(nile):
    assert ud_max(nile, h=0.15, max_breaks=1).statistic == pytest.approx(sup_f(nile).sup)


@pytest.mark.parametrize(("n", "h"), [(31, 5), (20, 5), (12, 3), (15, 5)])
def test_smallest_rss_of_many_series_equals_bai_perron(n, h):
    y = np.random.default_rng(n).normal(size=(n, 5)) + 7
    m = len(bai_perron(y[:, 0], h=h, max_breaks=3).table) - 1
    rss = min_rss(y, h, m)
    for i in range(5):
        np.testing.assert_allclose(rss[:, i], bai_perron(y[:, i], h=h, max_breaks=m).table["rss"])


def test_more_breaks_than_fit_are_not_looked_for():
    y = np.random.default_rng(0).normal(size=15)
    assert list(ud_max(y, h=5, max_breaks=3).path.index) == [1]
    null = simulate_ud_max(15, h=5, max_breaks=3, n_sim=50)
    assert (null == simulate_ud_max(15, h=5, max_breaks=1, n_sim=50)).all()


def test_rho_falls_with_every_break_that_is_removed(nile):
    rho = [ud_max(nile, max_breaks=3, removed=m).rho for m in range(4)]
    assert rho == sorted(rho, reverse=True)
    assert rho[:2] == pytest.approx([sup_f(nile, rho_from=s).rho for s in ("null", "break")])


def test_simulated_p_of_ud_max_is_seeded_and_rises_with_the_autocorrelation():
    y = np.random.default_rng(8).normal(size=30) + 1.2 * (np.abs(np.arange(30) - 14) < 6)
    curve = ud_max_p_over_rho(y, 5, 3, rhos=[0.0, 0.4, 0.8], n_sim=1000, seed=1)
    assert curve.p.is_monotonic_increasing
    own = ud_max(y, 5, 3, n_sim=1000, seed=1)
    again = ud_max_p_over_rho(y, 5, 3, rhos=[own.rho], n_sim=1000, seed=1)
    assert (own.p_simulated, own.mc_error) == tuple(again.loc[0, ["p", "mc_error"]])


def test_ud_max_sees_a_mean_that_comes_back_better_than_sup_f():
    bump = 1.5 * (np.abs(np.arange(30) - 14.5) < 5)[:, None]
    paths = np.random.default_rng(2).normal(size=(30, 2000)) + bump
    found = [
        (statistic >= np.quantile(null, 0.95)).mean()
        for statistic, null in (
            (ud_max_paths(paths, 5, 3), simulate_ud_max(30, 0, 5, 3)),
            (sup_f_paths(paths, trim=5)[0], simulate_sup_f(30, trim=5)),
        )
    ]
    assert found[0] > found[1] + 0.2


def test_cusum_equals_statsmodels(regression):
    y, x = regression
    design = sm.add_constant(x)
    theirs = sm.stats.diagnostic.breaks_cusumolsresid(sm.OLS(y, design).fit().resid, ddof=3)
    ours = cusum(y, x)
    assert ours.statistic == pytest.approx(theirs[0], rel=1e-6)
    assert ours.p == pytest.approx(theirs[1], rel=1e-4)
    assert abs(ours.path[ours.position]) == ours.statistic
    assert ours.path.iloc[-1] == pytest.approx(0, abs=1e-9)


# -- permutation, rotation, Holm --------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("statistic", [np.mean, np.median])
def test_permutation_equals_itertools(seed, statistic):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 6, size=4), rng.integers(2, 8, size=3)
    pooled = np.concatenate([a, b])
    values = []
    for chosen in itertools.combinations(range(7), 4):
        others = [i for i in range(7) if i not in chosen]
        values.append(abs(statistic(pooled[list(chosen)]) - statistic(pooled[others])))
    observed = abs(statistic(a) - statistic(b))
    result = permutation(a, b, statistic)
    assert result.p == pytest.approx(np.mean(np.array(values) >= observed - 1e-12))
    assert result.floor == pytest.approx(np.mean(np.array(values) >= max(values) - 1e-12))
    assert result.n_arrangements == 35 and result.exact and result.mc_error == 0


def test_permutation_equals_scipys_with_the_absolute_difference():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=6), rng.normal(size=5) + 1

    def gap(u, v, axis):
        return np.abs(u.mean(axis=axis) - v.mean(axis=axis))

    theirs = stats.permutation_test((a, b), gap, alternative="greater", n_resamples=np.inf)
    assert permutation(a, b).p == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize("level", [0.0, 1e3, 1e6, 1e9])
def test_permutation_ties_follow_the_level_of_the_data(level):
    tenths = np.array([1, 4, 2, 7, 3, 3, 8, 5])
    exact = permutation(tenths[:4], tenths[4:])
    assert 0 < exact.floor < exact.p < 1
    shifted = permutation(tenths[:4] / 10 + level, tenths[4:] / 10 + level)
    assert (shifted.p, shifted.floor) == (exact.p, exact.floor)


@pytest.mark.parametrize(("apart", "p"), [(0.0, 4 / 6), (1e-7, 2 / 6)])
def test_permutation_tells_apart_what_floats_tell_apart(apart, p):
    values = 1e6 + np.array([0, 2, 2 + apart, 5])
    assert permutation(values[:2], values[2:]).p == pytest.approx(p)


def test_permutation_floor_of_the_headline_transition():
    assert permutation([1, 2, 3, 4], [10, 11, 12]).floor == pytest.approx(1 / 35)
    assert permutation([1, 2, 3], [10, 11, 12]).floor == pytest.approx(2 / 20)


def test_permutation_of_large_groups_is_sampled_and_seeded():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=15), rng.normal(size=17) + 0.8
    one, two = (permutation(a, b, n_sim=4000, seed=5) for _ in range(2))
    assert one == two and not one.exact
    assert one.floor == pytest.approx(1 / 4001) and one.p >= one.floor
    assert one.p == pytest.approx(stats.ttest_ind(a, b).pvalue, abs=0.02)


def _f_by_hand(y, labels):
    groups = [y[labels == g] for g in pd.unique(labels[~pd.isna(labels)])]
    return stats.f_oneway(*groups).statistic


def test_rotation_equals_rolling_by_hand_with_holes():
    rng = np.random.default_rng(2)
    y = rng.normal(size=15) + np.repeat([0, 1, 3], 5)
    labels = np.array(["a"] * 4 + [None] * 2 + ["b"] * 5 + ["c"] * 3 + [None], dtype=object)
    rolled = np.array([_f_by_hand(y, np.roll(labels, s)) for s in range(15)])
    result = rotation(y, labels)
    assert result.statistic == pytest.approx(rolled[0])
    assert result.p == pytest.approx(np.mean(rolled >= rolled[0] - 1e-9))
    assert result.floor == pytest.approx(1 / 15)
    pair = rotation(pd.Series(y), labels, groups=("a", "c"))
    gaps = [
        y[np.roll(labels, s) == "a"].mean() - y[np.roll(labels, s) == "c"].mean() for s in range(15)
    ]
    assert pair.statistic == pytest.approx(gaps[0])
    assert pair.p == pytest.approx(np.mean(np.abs(gaps) >= abs(gaps[0]) - 1e-9))


def test_rotation_takes_nan_and_numbers_as_labels():
    y = np.random.default_rng(0).normal(size=12)
    labels = [0, 0, 0, np.nan, 1, 1, 1, 1, np.nan, 2, 2, 2]
    named = [None if v != v else f"era {v}" for v in labels]
    assert rotation(y, labels) == rotation(y, named)


@pytest.mark.parametrize("groups", [None, ("a", "b")])
@pytest.mark.parametrize("level", [0.0, 1e7, 1e9])
def test_rotation_ties_follow_the_level_of_the_data(level, groups):
    tenths, labels = np.array([7, 6, 3, 4, 3, 4, 2, 7, 0, 3]), list("aaaaabbbbb")
    exact, shifted = (rotation(y, labels, groups) for y in (tenths, tenths / 10 + level))
    assert (shifted.p, shifted.floor) == (exact.p, exact.floor)
    assert exact.p > 1 / 10


def test_rotation_of_pure_steps_is_infinite_and_ties_count():
    result = rotation(np.tile([0.0, 0.0, 1.0, 1.0], 2), np.tile(["a", "a", "b", "b"], 2))
    assert result.statistic == math.inf
    assert result.p == result.floor == 0.5


def test_holm_equals_the_textbook_and_adjusts_floors():
    table = holm(pd.Series([0.01, 0.04, 0.03, np.nan], index=list("abcd")), [0.01, 0.02, 0.03, 0.5])
    assert table["p_holm"][:3].tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert table["floor_holm"][:3].tolist() == pytest.approx([0.03, 0.04, 0.04])
    assert table.loc["d"].isna().all()
    ours = holm([0.2, 0.5, 0.001, 0.04])["p_holm"]
    theirs = sm.stats.multipletests([0.2, 0.5, 0.001, 0.04], method="holm")[1]
    np.testing.assert_allclose(ours, theirs)


def test_no_attainable_family_gets_below_holms_floor():
    floors = np.array([0.02, 0.03, 0.1])
    lowest = holm(floors, floors)["floor_holm"]
    rng = np.random.default_rng(0)
    for _ in range(200):
        p = floors + rng.random(3) * (1 - floors) * rng.integers(0, 2, size=3)
        assert (holm(p, floors)["p_holm"] >= lowest - 1e-12).all()


# -- bad input --------------------------------------------------------------------------------

GOOD = np.random.default_rng(0).normal(size=20)
YEARS = pd.Series(GOOD, index=range(1993, 2013))
HOLE = YEARS.where(YEARS.index != 1997)


@pytest.mark.parametrize("engine", [bai_perron, sup_f, cusum, lambda y, x=None: chow(y, 9, x)])
@pytest.mark.parametrize(
    ("y", "x", "message"),
    [
        (HOLE, None, r"y is missing \(NaN\) at observation 5 \(label 1997\)"),
        (np.where(np.arange(20) == 3, np.inf, GOOD), None, "y is infinite at observation 4"),
        (np.ones(20), None, r"y is constant \(1 in all 20 observations\)"),
        ([*GOOD[:10], "n/a", *GOOD[11:]], None, "y is not numeric: .* at observation 11"),
        (list("abcdefghij"), None, "y is not numeric: .*'a'.* at observation 1"),
        ([*GOOD[:10], None, *GOOD[11:]], None, "y is missing .* observation 11"),
        (GOOD.reshape(4, 5), None, "y must be one-dimensional"),
        (GOOD[:3], None, "y is too short: 3"),
        (GOOD, GOOD[:19], "lengths differ: 20 .* x has 19"),
        (GOOD, np.full(20, 3.0), "x is collinear: column 'x1' is constant"),
        (GOOD, np.column_stack([np.arange(20), 2 - 3 * np.arange(20)]), "collinear: column 'x2'"),
        (GOOD, pd.DataFrame({"gdp": [np.nan, *GOOD[1:]]}), "x column 'gdp' is missing"),
        (2 * np.arange(20) + 1, np.arange(20), "x explains y exactly"),
        (HOLE.fillna(0.5), pd.Series(np.arange(20.0) ** 2, range(20, 40)), "different indexes"),
        (YEARS, pd.Series(GOOD**2), "different indexes"),
        (YEARS[::-1], None, "not in the order of its labels: 2011 follows 2012 at observation 2"),
        (GOOD, pd.Series(GOOD**2, YEARS.index[::-1]), "x is not in the order of its labels"),
        (
            pd.Series(GOOD, pd.date_range("2000", periods=20)[::-1]),
            None,
            "not in the order of its labels",
        ),
        (YEARS.rename({1999: 1998}), None, "repeats the label 1998 at observation 7"),
        (YEARS.rename({1999: np.nan}), None, "y has no label at observation 7"),
        (np.ma.masked_greater(GOOD, 1.2), None, r"y is missing \(NaN\) at observation 7"),
        ([*GOOD[:10], np.ma.masked, *GOOD[11:]], None, "y is missing .* observation 11"),
        (GOOD, np.ma.masked_less(GOOD, -2), "x column 'x1' is missing .* observation 13"),
        (GOOD, [[v] for v in [*GOOD[:10], "n/a", *GOOD[11:]]], "not numeric: 'n/a' at obs.* 11"),
        (GOOD * 1e200, None, r"y is beyond 1e\+60 .* at observation 1$"),
        ([10**400, *range(19)], None, r"y is beyond 1e\+60"),
        (GOOD, GOOD**2 * 1e200, r"x column 'x1' is beyond 1e\+60"),
        (GOOD * 1e-200, None, "y varies by 4e-200 only"),
        (GOOD * 1e-5 + 1e9, None, "y varies by 4e-05 at a level of 1e.09, which can't be told"),
        (2**62 + np.arange(20) ** 2, None, "more digits than floats hold: .*905 at observation 2"),
        ([2**62 + i for i in range(20)], None, "more digits than floats hold"),
        (GOOD + 1j, None, "y is complex"),
    ],
)
def test_bad_series_are_refused_with_a_reason(engine, y, x, message):
    with pytest.raises(ValueError, match=message):
        engine(y, x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bai_perron(GOOD, h=0.05), "n too short for h.*segments of 1 of 20"),
        (lambda: bai_perron(GOOD, h=11), "two segments of 11 do not fit into 20"),
        (lambda: bai_perron(GOOD, h=3.5), "h = 3.5"),
        (lambda: bai_perron(GOOD, h=-1), "h = -1"),
        (lambda: bai_perron(GOOD, h=math.inf), "h = inf"),
        (lambda: bai_perron(GOOD, max_breaks=math.nan), "max_breaks = nan"),
        (lambda: bai_perron(GOOD, max_breaks=0), "max_breaks = 0"),
        (
            lambda: bai_perron(GOOD, (np.arange(20) > 9).astype(float), h=5),
            "collinear within the segment of observations 1 to 5",
        ),
        (lambda: bai_perron(GOOD).positions(9), "m = 9"),
        (lambda: bai_perron(GOOD).choice("aic"), "criterion"),
        (lambda: bai_perron(GOOD).confint(0), "no break"),
        (lambda: bai_perron(GOOD).confint(1, level=1.5), "level = 1.5"),
        (lambda: bai_perron(GOOD).confint(1, hac=-1), "hac = -1"),
        (lambda: sup_f(GOOD, trim=0.6), "trim = 0.6 leaves no candidate"),
        (lambda: sup_f(GOOD, trim=0), "trim = 0"),
        (lambda: sup_f(GOOD, rho_from="data"), "rho_from"),
        (lambda: sup_f(GOOD, (np.arange(20) > 12).astype(float)), "observations 1 to 3"),
        (lambda: sup_f(GOOD, np.where(np.arange(20) < 9, GOOD, 0.0)), "counted from the end"),
        (lambda: simulate_sup_f(30, rho=1.0, n_sim=5), "rho = 1.0"),
        (lambda: simulate_sup_f(30, n_sim=0), "n_sim = 0"),
        (lambda: simulate_ud_max(30, n_sim=0), "n_sim = 0"),
        (lambda: ud_max(np.arange(30) % 7, max_breaks=2, removed=3), "m = 3"),
        (lambda: ud_max(np.arange(30) % 7, max_breaks=0), "max_breaks = 0"),
        (lambda: ud_max_paths(np.ones((9, 2)), h=5), "two segments of 5"),
        (lambda: simulate_sup_f(0), "n = 0"),
        (lambda: simulate_sup_f(30, x=np.arange(30) > 14, n_sim=9), "observations 1 to 4"),
        (lambda: sup_f_paths(np.ones((20, 3))), "a path is constant"),
        (lambda: sup_f_paths(np.full((20, 3), np.nan)), "not finite"),
        (lambda: hansen_p(3, 1, 0.15, "max"), "kind"),
        (lambda: hansen_p(3, 1, 0.7), "trim = 0.7"),
        (lambda: hansen_p(3, 2.5, 0.15), "k = 2.5"),
        (lambda: hansen_p(math.nan, 1, 0.15), "statistic = nan"),
        (lambda: chow(GOOD, 19), "position = 19"),
        (lambda: permutation([1, 2], []), "sizes are 2 and 0"),
        (lambda: permutation([1, 1], [1, 1]), "all 4 values are equal"),
        (lambda: permutation([1, np.nan], [1, 3]), "a is missing .* observation 2"),
        (lambda: permutation([1e16, 1e16 + 2], [1e16 + 2]), "equal up to rounding"),
        (lambda: permutation([1, 2], np.ma.array([3, 4], mask=[0, 1])), "b is missing"),
        (lambda: permutation([1, 2], [3, 4], n_sim=0), "n_sim = 0"),
        (lambda: permutation([1, 2], [3, 4], lambda v, axis: v.mean(axis) * np.nan), "not finite"),
        (lambda: rotation(YEARS, pd.Series(["a", "b"] * 10)), "y and labels carry different"),
        (lambda: rotation(GOOD, ["a"] * 19), "labels 19"),
        (lambda: rotation(GOOD, ["a"] * 20), "at least two eras"),
        (lambda: rotation(GOOD, ["a", "b"] * 10, groups=("a", "z")), "must be two of the labels"),
        (lambda: holm([0.1, 1.2]), r"\[0, 1\]"),
        (lambda: holm([0.01], [0.05]), "below its floor"),
        (lambda: holm([0.01], [0.05, 0.1]), "lengths differ"),
        (lambda: holm(pd.Series([0.1, 0.2], [1, 2]), pd.Series([0, 0], [2, 1])), "indexes"),
    ],
)
def test_bad_settings_are_refused_with_a_reason(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_numbers_of_every_kind_are_taken_as_they_are():
    plain = np.arange(12) % 5
    expected = bai_perron(plain, h=3).table
    kinds = (
        plain.astype(np.uint8),
        plain.astype(np.int8) - 3,
        np.ma.array(plain),
        pd.Series(plain, dtype="Int64"),
        [Decimal(int(v)) for v in plain],
        [Fraction(int(v)) for v in plain],
        plain + 2**30,
    )
    for values in kinds:
        pd.testing.assert_frame_equal(bai_perron(values, h=3).table, expected)
    small = bai_perron(plain * 1e-50, h=3).table["rss"]
    np.testing.assert_allclose(small, expected["rss"] * 1e-100, rtol=1e-12)


def test_text_labels_need_not_be_in_alphabetical_order():
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug"]
    assert sup_f(pd.Series([1, 2, 1, 2, 8, 9, 8, 9], months)).last_old == "Apr"


def test_holm_takes_repeated_labels_and_masked_values():
    table = holm(pd.Series([0.01, 0.04], index=["a", "a"]))
    assert table.index.tolist() == ["a", "a"] and table["p_holm"].tolist() == [0.02, 0.04]
    assert holm(np.ma.array([0.01, 0.04], mask=[0, 1]))["p_holm"].tolist()[:1] == [0.01]


def test_masked_labels_belong_to_no_era():
    labels = ["a"] * 10 + ["b"] * 10
    masked = np.ma.array(labels, mask=[0] * 19 + [1])
    assert rotation(GOOD, masked) == rotation(GOOD, [*labels[:19], None])
