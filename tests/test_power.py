"""The vectorised methods of the power study against the engine, and the cached table."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from oda_eras import power
from oda_eras.breaks import bai_perron, cusum, permutation, rotation, sup_f
from oda_eras.eras import majority_era

CACHED = Path(__file__).parents[1] / "data" / "power.csv"


@pytest.fixture(scope="module")
def series():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(32, 40)) + rng.choice([0, 1.5], size=40) * (np.arange(32) >= 12)[:, None]
    return y - y.mean(axis=0)


@pytest.fixture(scope="module")
def found(series):
    return power._battery(32, power.ERAS, 12, 1)(series)


def test_smallest_rss_equals_bai_perron(series):
    rss = power.min_rss(series, 5, 3)
    for i in range(5):
        expected = bai_perron(series[:, i], h=5, max_breaks=3).table["rss"]
        np.testing.assert_allclose(rss[:, i], expected, rtol=1e-9)


def test_verdicts_equal_those_of_the_engine_one_series_at_a_time(series, found):
    labels = [None, *np.repeat(np.arange(8), power.ERAS)]  # 1992 belongs to no era
    for i, y in enumerate(series.T):
        fit = bai_perron(y, h=5, max_breaks=3)
        assert found["bic"][i] == (fit.choice("bic") > 0)
        assert found["lwz"][i] == (fit.choice("lwz") > 0)
        assert found["sup_f_asymptotic"][i] == (sup_f(y).p_asymptotic <= 0.05)
        assert found["ols_cusum"][i] == (cusum(y).p <= 0.05)
        assert found["rotation"][i] == (rotation(y, labels).p <= 0.05)
        for a, b in ((4, 3), (3, 4), (7, 4)):
            p = permutation(y[12 - a : 12], y[12 : 12 + b]).p
            assert found[f"permutation_{a}v{b}"][i] == (p <= 0.05)


@pytest.mark.parametrize("rho_from", ["null", "break"])
def test_interpolated_critical_values_agree_with_the_simulated_p(series, found, rho_from):
    p = [sup_f(y, n_sim=2000, rho_from=rho_from, seed=9).p_simulated for y in series.T]
    clear = np.abs(np.array(p) - 0.05) > 0.02
    assert clear.sum() > 20
    verdict = np.array(p) <= 0.05
    np.testing.assert_array_equal(found[f"sup_f_simulated_{rho_from}"][clear], verdict[clear])


def test_newey_west_t_equals_statsmodels(series):
    time = np.arange(32)
    design = np.column_stack([np.ones(32), time, time >= 12]).astype(float)
    t = power.newey_west_t(series, design, 2)
    for i in range(4):
        options = {"maxlags": 2, "use_correction": True}
        fit = sm.OLS(series[:, i], design).fit(cov_type="HAC", cov_kwds=options)
        assert t[i] == pytest.approx(fit.tvalues[-1], rel=1e-8)


def test_simulation_repeats_and_follows_its_seed():
    first, again, other = (power.simulate(seed=s, n_sim=200) for s in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first["rejection_rate"].equals(other["rejection_rate"])


def test_cached_table_is_the_simulation():
    cached = pd.read_csv(CACHED)
    pd.testing.assert_frame_equal(power.simulate(), cached)


def test_sizes_are_those_known_for_short_series():
    cached = pd.read_csv(CACHED).query("scenario == 'size'").set_index(["method", "rho"])
    rate = cached["rejection_rate"]
    assert rate["permutation_4v3", 0.0] <= 0.05 and rate["rotation", 0.5] <= 0.05
    assert rate["bic", 0.0] == pytest.approx(0.11, abs=0.02)
    assert rate["lwz", 0.0] == pytest.approx(0.025, abs=0.01)
    assert rate["sup_f_asymptotic", 0.5] > 0.35 and rate["sup_f_simulated_null", 0.5] < 0.07
    assert rate["newey_west_level", 0.0] == pytest.approx(0.145, abs=0.02)
    assert (cached["mc_error"] <= 0.0036).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"eras": (30, 4)}, "eras sum to 34"), ({"break_after": 3}, "break_after = 3")],
)
def test_impossible_designs_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        power.simulate(n_sim=10, **arguments)


def test_the_eras_are_those_of_the_filled_scheme():
    eras = pd.read_csv(CACHED.parent / "eras.csv")
    filled = eras[eras.scheme == "filled"]
    years = majority_era(filled, list(range(1993, 2024)))
    assert tuple(years.value_counts()[filled.era]) == power.ERAS


def test_permutation_power_rises_with_the_shift_and_respects_the_floor():
    assert power.permutation_power(3, 3, 5.0) == 0.0  # no p below 0.1 exists
    sizes = [power.permutation_power(5, 4, shift) for shift in (0.0, 1.0, 2.0)]
    assert sizes[0] < 0.06 and sizes[0] < sizes[1] < sizes[2]
