"""The vectorised methods of the power study against the engine, and the cached table."""

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from oda_eras import power
from oda_eras.breaks import (
    ar1,
    bai_perron,
    cusum,
    lag1,
    permutation,
    rotation,
    simulate_ud_max,
    sup_f,
    ud_max,
)

ROOT = Path(__file__).parents[1]
CACHED = ROOT / "data" / "power.csv"
LENGTHS = (5, 4, 5, 3, 3, 8, 1, 2)
BOUNDARY = 2  # between the third and the fourth era, after 14 years


@pytest.fixture(scope="module")
def series():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(31, 40)) + rng.choice([0, 1.5], size=40) * (np.arange(31) >= 14)[:, None]
    return y - y.mean(axis=0)


@pytest.fixture(scope="module")
def found(series):
    return power._battery(LENGTHS, 1)(series, BOUNDARY)


def test_verdicts_equal_those_of_the_engine_one_series_at_a_time(series, found):
    labels = np.repeat(np.arange(8), LENGTHS)
    rotations = [rotation(y, labels) for y in series.T]
    np.testing.assert_allclose(
        power.era_f(series, LENGTHS), [turned.statistic for turned in rotations], rtol=1e-9
    )
    turned = power.era_f(series, LENGTHS, turned=True)
    for shift in range(31):
        rolled = power.era_f(np.roll(series, shift, axis=0), LENGTHS)
        np.testing.assert_allclose(turned[shift], rolled, rtol=1e-9)
    for i, y in enumerate(series.T):
        fit = bai_perron(y, h=5, max_breaks=3)
        assert found["bic"][i] == (fit.choice("bic") > 0)
        assert found["lwz"][i] == (fit.choice("lwz") > 0)
        assert found["sup_f_asymptotic"][i] == (sup_f(y).p_asymptotic <= 0.05)
        assert found["ols_cusum"][i] == (cusum(y).p <= 0.05)
        assert found["rotation"][i] == (rotations[i].p <= 0.05)
        assert found["permutation"][i] == (permutation(y[9:14], y[14:17]).p <= 0.05)


def test_the_era_f_is_held_against_ar1_series_of_its_own_rho(series, found):
    for i in range(8):
        rng = np.random.default_rng(9)
        null = power.era_f(ar1(31, lag1(series[:, i]), 4000, rng), LENGTHS)
        p = (null >= power.era_f(series[:, [i]], LENGTHS)).mean()
        if abs(p - 0.05) > 0.015:
            assert found["era_f_ar1"][i] == (p <= 0.05)


def test_what_is_told_the_boundary_needs_two_eras_of_three_years(series):
    told = {"newey_west_step", "newey_west_level", "permutation"}
    battery = power._battery(LENGTHS, 1)
    given = [told <= set(battery(series, position)) for position in range(7)]
    assert given == [True] * 5 + [False] * 2


@pytest.mark.parametrize("rho_from", ["null", "break"])
def test_interpolated_critical_values_agree_with_the_simulated_p(series, found, rho_from):
    p = [sup_f(y, n_sim=2000, rho_from=rho_from, seed=9).p_simulated for y in series.T]
    clear = np.abs(np.array(p) - 0.05) > 0.02
    assert clear.sum() > 20
    verdict = np.array(p) <= 0.05
    np.testing.assert_array_equal(found[f"sup_f_simulated_{rho_from}"][clear], verdict[clear])


def test_ud_max_is_held_against_series_of_the_rho_of_sup_f(series, found):
    several, clear = dict(h=5, max_breaks=3), 0
    for i, y in enumerate(series.T):
        largest = ud_max(y, **several).statistic
        for source in ("null", "break"):
            rho = sup_f(y, rho_from=source).rho
            p = (simulate_ud_max(31, rho, **several, n_sim=2000, seed=9) >= largest).mean()
            if abs(p - 0.05) > 0.02:
                assert found[f"ud_max_simulated_{source}"][i] == (p <= 0.05)
                clear += 1
    assert clear > 40


def test_newey_west_t_equals_statsmodels(series):
    time = np.arange(31)
    design = np.column_stack([np.ones(31), time, time >= 14]).astype(float)
    t = power.newey_west_t(series, design, 2)
    for i in range(4):
        options = {"maxlags": 2, "use_correction": True}
        fit = sm.OLS(series[:, i], design).fit(cov_type="HAC", cov_kwds=options)
        assert t[i] == pytest.approx(fit.tvalues[-1], rel=1e-8)


def test_simulation_repeats_and_follows_its_seed():
    first, again, other = (power.simulate(LENGTHS, seed=s, n_sim=50) for s in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first["rejection_rate"].equals(other["rejection_rate"])


def test_cached_table_is_the_simulation_at_the_eras_of_the_filled_scheme():
    eras = pd.read_csv(ROOT / "data" / "eras.csv")
    assert power.era_lengths(eras) == LENGTHS
    pd.testing.assert_frame_equal(power.simulate(power.era_lengths(eras)), pd.read_csv(CACHED))


def test_a_step_comes_where_the_scheme_has_a_boundary():
    eras = pd.read_csv(ROOT / "data" / "eras.csv").query("scheme == 'filled'")
    cached = pd.read_csv(CACHED)
    assert (cached["n"] == 31).all()
    # half a year from the day that the era opened, at most: majority of days
    opened = pd.to_datetime(eras["opens"]).iloc[1:]
    years = 1993 + cached["break_after"].unique()
    for year, day in zip(years, opened, strict=True):
        assert abs((pd.Timestamp(year, 1, 1) - day).days) <= 184, (year, day)


def test_sizes_are_those_known_for_short_series():
    cached = pd.read_csv(CACHED)
    rate = cached.pivot_table(
        index="method", columns=["scenario", "rho", "shift_sd"], values="rejection_rate"
    )
    size = rate["size"].droplevel("shift_sd", axis=1)
    assert (size.loc[["rotation", "era_f_ar1"]] <= 0.05).all(axis=None)
    assert size.loc["bic", 0.0] == pytest.approx(0.11, abs=0.02)
    assert size.loc["lwz", 0.0] == pytest.approx(0.025, abs=0.01)
    assert size.loc["sup_f_asymptotic", 0.6] > 0.45 and size.loc["sup_f_simulated_null", 0.6] < 0.07
    assert (size.loc["ud_max_simulated_null"] < 0.07).all()
    assert size.loc["newey_west_level", 0.0] > 0.14 and size.loc["permutation", 0.0] <= 0.05
    assert (cached["mc_error"] <= 0.0080).all()


def test_a_step_at_a_boundary_is_seen_more_often_than_there_is_none():
    """After a year that is no boundary it was seen less often the larger it was."""
    rotation = pd.read_csv(CACHED).query("method == 'rotation' and scenario == 'power'")
    by_shift = rotation.groupby(["rho", "break_after", "shift_sd"]).rejection_rate.first()
    assert (by_shift.groupby(["rho", "break_after"]).diff().dropna() > 0).all()


def test_no_private_name_of_another_module_is_used():
    tree = ast.parse(Path(power.__file__).read_text(encoding="utf-8"))
    names = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert names and not [name for name in names if name.startswith("_")]
