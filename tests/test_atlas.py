"""The atlas: which series are tested, that their p are simulated as said, and what is counted."""

from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from comparison import pinned_platform, stale_cells
from conftest import OUT, ROOT
from papermill.exceptions import PapermillExecutionError
from scipy.interpolate import lagrange

from oda_eras import atlas, breaks, page, run
from oda_eras.break_evidence import N_SIM, SEVERAL, TRIM, break_tests, dated, several_breaks
from oda_eras.chunks import Workers
from oda_eras.study import LEVEL, Study

RECIPIENTS = pd.DataFrame(
    {"recipient": ["KAZ", "UZB", "MOZ", "Asia"], "kind": ["country"] * 3 + ["region"]}
)


def rows(donor: str, recipient: str, years, status: str = "known", **more) -> pd.DataFrame:
    years = list(years)
    about = {"donor": donor, "recipient": recipient, "price_basis": "constant 2016"}
    flows = {"commitments": np.arange(len(years)) % 7 + 1.0, "gross": np.nan}
    return pd.DataFrame({"year": years} | about | flows | {"status": status} | more)


def spans(world: pd.DataFrame) -> dict:
    """First and last year of each series by kind, donor and recipient."""
    found = atlas.series_of(world, RECIPIENTS)
    return {
        key: (own.year.min(), own.year.max()) for key, own in found.groupby(atlas.SERIES).__iter__()
    }


def test_a_series_is_the_longest_run_of_reported_years():
    gap = [*range(1990, 2000), *range(2001, 2016)]
    world = pd.concat(
        [
            rows("SWE", "MOZ", gap),
            rows("SWE", "KAZ", range(2004, 2018)),  # 14 years
            rows("SWE", "Asia", range(1993, 2018)),
            rows("SWE", "UZB", range(1993, 2018), commitments=3.0),  # never changes
            rows("NOR", "UZB", range(1993, 2018), price_basis="constant 2022"),
        ]
    )
    assert spans(world) == {("commitments", "SWE", "MOZ"): (2001, 2015)}


def test_years_in_which_a_donors_flows_lack_a_part_are_left_out():
    lacking = [y for y in range(1990, 2018) if y < 2003 or y == 2007]
    gross = dict(gross=np.arange(28) % 5 + 1.0)
    japan = rows("JPN", "UZB", range(1990, 2018), **gross)
    japan.loc[japan.year.isin(lacking), "status"] = "bounded"
    world = pd.concat([japan, rows("DEU", "UZB", range(1990, 2018), **gross)])
    same, whole = (2003, 2017), (1993, 2017)
    assert spans(world) == {
        (atlas.ALL_YEARS, "DEU", "UZB"): whole,
        (atlas.ALL_YEARS, "JPN", "UZB"): same,
        (atlas.SAME_YEARS, "DEU", "UZB"): same,
        (atlas.SAME_YEARS, "JPN", "UZB"): same,
        (atlas.GROSS, "DEU", "UZB"): same,
    }


@pytest.fixture(scope="module")
def made_up() -> pd.DataFrame:
    """Thirty series of 15 to 19 years without a shift but in the first donor's."""
    rng, parts = np.random.default_rng(0), []
    for number in range(30):
        n = 15 + number % 3 * 2
        flow = rng.lognormal(size=n)
        if number < 10:
            flow[7:] += 12
        about = {"kind": atlas.ALL_YEARS, "donor": f"D{number // 10}", "recipient": f"R{number}"}
        parts.append(pd.DataFrame(about | {"year": range(2000, 2000 + n), "usd_million": flow}))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def found(made_up, tmp_path_factory) -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(atlas, "PER_CHUNK", 8)  # ten of each length, in two chunks
        folder = tmp_path_factory.mktemp("chunks")
        with Workers(2) as pool:
            two = atlas.tested(made_up, folder, pool)
        kept = list(folder.glob("tests-*"))
        assert len(kept) == 6
        for path in kept[::2]:
            path.unlink()
        with Workers(1) as pool:
            one = atlas.tested(made_up, folder, pool)
        assert set(folder.glob("tests-*")) == set(kept)
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    return two


def test_statistics_and_dates_are_those_of_notebook_05(made_up, found):
    series = [
        (key[0], key[2], own.set_index("year").usd_million)
        for key, own in made_up.groupby(atlas.SERIES, sort=False)
    ]
    theirs = break_tests(series, n_sim=1)
    assert list(found.recipient) == list(theirs.recipient)
    same = ["n", "sup_f", "last_old", "first_new", "ud_max", "ud_breaks", "rho_null", "rho_break"]
    pd.testing.assert_frame_equal(found[same], theirs[same], check_dtype=False)
    several = several_breaks(series)
    for criterion in ("BIC", "LWZ"):
        own = several[several.criterion == criterion].drop_duplicates("recipient")
        assert list(found[criterion.lower()]) == list(own.breaks)
    # but for the cut at the ends of the series
    bic = dated(several[several.criterion == "BIC"]).set_index("recipient").dates
    ours = found.set_index("recipient").bic_dates
    assert [d[:4] for d in ours] == [d[:4] for d in bic[ours.index]]
    assert ours["R0"].startswith("2006 (200")


def test_p_is_simulated_around_the_autocorrelation_and_no_finer(found):
    row = found.iloc[12]
    above = int(np.searchsorted(atlas.RHOS, row.rho_null))
    near = atlas.RHOS[above - 2 : above + 2]
    assert near[1] < row.rho_null < near[2]
    for p, statistic, simulate, how in (
        ("p_null", "sup_f", breaks.simulate_sup_f, {"trim": TRIM}),
        ("ud_p_null", "ud_max", breaks.simulate_ud_max, SEVERAL),
    ):
        sizes = [(simulate(row.n, rho, **how, n_sim=N_SIM) >= row[statistic]).sum() for rho in near]
        expected = lagrange(near, [(1 + b) / (N_SIM + 1) for b in sizes])(row.rho_null)
        assert row[p] == pytest.approx(expected, abs=1e-6)
        own = (simulate(row.n, row.rho_null, **how, n_sim=N_SIM) >= row[statistic]).mean()
        assert abs(row[p] - own) < 0.003
    assert found[atlas.P_VALUES].min(axis=None) >= 1 / (N_SIM + 1)


def test_an_autocorrelation_near_one_is_taken_at_the_last():
    about = dict(kind="a", donor="b", recipient=["c", "d"], n=15, sup_f=30.0, ud_max=30.0)
    given = pd.DataFrame(about | {"rho_null": [0.995, 0.99], "rho_break": [-0.999, -0.95]})
    p = atlas.p_values(given)
    assert p.p_null[0] == p.p_null[1] > p.p_break[0] == p.p_break[1]


def test_what_is_interpolated_is_exact_for_cubics_and_at_its_own_points():
    def cubic(rho):
        return 0.3 + rho - 2 * rho**2 + 0.5 * rho**3

    rho = np.array([-0.95, -0.9, -0.2, 0, 0.33, 0.7, 0.98, 0.99, *atlas.RHOS])
    near, share = atlas.shares(rho)
    np.testing.assert_allclose((share * cubic(atlas.RHOS[near])).sum(axis=1), cubic(rho))
    assert (np.sort(np.abs(share[8:]), axis=1)[:, :3] < 1e-12).all()
    assert (np.diff(near, axis=1) == 1).all() and near.min() == 0
    assert near.max() == len(atlas.RHOS) - 1


def test_interpolated_p_is_as_near_as_one_simulated_at_the_autocorrelation_itself():
    n, sizes = 20, np.array([0.01, 0.05, 0.2])
    away: dict[str, list] = {"between": [], "itself": []}
    for rho in (-0.42, 0.13, 0.57, 0.93):
        many = breaks.simulate_ud_max(n, rho, **SEVERAL, n_sim=150_000, seed=1)
        largest = np.quantile(many, 1 - sizes)
        about = dict(n=n, sup_f=1.0, ud_max=largest, rho_null=rho, rho_break=rho)
        away["between"].append(atlas.p_values(pd.DataFrame(about)).ud_p_null - sizes)
        null = np.sort(breaks.simulate_ud_max(n, rho, **SEVERAL, n_sim=N_SIM))
        away["itself"].append(atlas.at_least(null, largest) - sizes)
    between, itself = (np.sqrt(np.mean(np.square(a), axis=0)) for a in away.values())
    assert (between < 1.5 * itself + 1e-4).all(), (between, itself)


def test_the_false_discovery_rate_is_over_all_series_of_a_kind(found):
    # Benjamini and Hochberg by hand: the smallest m p(i) / i from i on
    p = found.p_break.sort_values()
    by_hand = (30 * p / np.arange(1, 31))[::-1].cummin()[::-1].clip(upper=1)
    np.testing.assert_allclose(found.q_break[p.index], by_hand)
    shifted = found.donor == "D0"
    assert (found.q_break[shifted] <= LEVEL).all() and (found.p_null >= found.p_break)[
        shifted
    ].all()


def test_reordered_series_have_the_same_amounts_and_seldom_a_shift(made_up, found):
    other = atlas.reordered(made_up)
    assert (other.kind == atlas.ALL_YEARS + atlas.REORDERED).all()
    keys = ["donor", "recipient"]
    amounts = [f.groupby(keys).usd_million.apply(sorted) for f in (made_up, other)]
    assert amounts[0].tolist() == amounts[1].tolist()
    assert not (made_up.usd_million == other.usd_million).all()
    tests = pd.concat(map(atlas.statistics, atlas.by_length(other)))
    shifted = tests.donor == "D0"
    assert tests.sup_f[shifted].median() < found.sup_f[found.donor == "D0"].median() / 4
    # and they are about as autocorrelated
    assert abs(tests.rho_null.mean() - found.rho_null.mean()) < 0.15


COUNTED = pd.DataFrame(
    {
        "kind": atlas.ALL_YEARS, "donor": ["A", "A", "A", "B"], "recipient": ["x", "y", "z", "x"],
        "first": 2000, "last": 2014, "n": 15, "first_new": [2005, 2006, 2011, 2005],
        "change": [1.0, -1, 1, 1], "p_null": [0.01, 0.05, 0.2, 0.04],
    }
)  # fmt: skip


def test_shifts_are_counted_by_donor_and_year(monkeypatch):
    monkeypatch.setattr(atlas, "FEWEST_SERIES", 2)
    (row,) = atlas.by_donor(COUNTED).to_dict("records")
    assert row == {
        "donor": "A", "series": 3, "shifts": 2, "share": pytest.approx(200 / 3), "up": 1,
        "year": 2005, "in_year": 1,
    }  # fmt: skip
    twins = COUNTED.assign(p_null=[0.01, 1, 1, 1])
    years = atlas.by_year(COUNTED, twins).set_index("year")
    # two years at either end hold no shift
    assert (years.index.min(), years.index.max()) == (2002, 2013)
    assert years.loc[2005].to_dict() == dict(series=4, shifts=2, share=50, chance=25, donors=2)
    assert years.loc[2006].shifts == 1 and years.loc[2006].chance == 0
    assert years.shifts.sum() == 3


def test_couples_that_shift_within_a_year_are_told_by_what_they_share():
    near = atlas.together(COUNTED)
    assert near.to_dict() == {"one donor": 100, "one recipient": 100, "neither": 100}
    apart = COUNTED.assign(first_new=[2005, 2007, 2011, 2005])
    assert atlas.together(apart).to_dict() == {"one donor": 0, "one recipient": 100, "neither": 0}


def test_own_series_have_their_place_among_all():
    study = Study()
    given = COUNTED.assign(donor=["A", "JPN", "JPN", "B"], recipient=["UZB", "MOZ", "UZB", "KAZ"])
    (row,) = atlas.own_places(given, study).to_dict("records")
    assert (row["place"], row["place_of_donor"], row["share"]) == (4, 2, 100)
    sizes = {group: len(own) for group, own in atlas.groups(given, study).items()}
    assert sizes == {"all": 4, "region": 3, "donor": 2}
    lines = atlas.curves(given, given, study)
    assert lines[lines.group == "donor"].share.tolist() == [50, 100]


def test_the_worlds_series_are_those_that_the_study_may_use():
    world = pd.read_csv(ROOT / OUT / "data/world.csv.gz", usecols=atlas.WORLD_COLUMNS)
    recipients = pd.read_csv(ROOT / "data/recipients.csv", keep_default_na=False)
    series = atlas.series_of(world, recipients)
    japan = series[series.donor == "JPN"]
    assert not (japan.kind == atlas.GROSS).any() and japan.year.min() == 2003
    sizes = series.groupby(atlas.SERIES).year.agg(["min", "max", "size"])
    assert (sizes["size"] == sizes["max"] - sizes["min"] + 1).all() and len(sizes) > 5000


def test_the_committed_notebook_is_what_make_atlas_finds(request, project, monkeypatch, capfd):
    monkeypatch.chdir(project)
    atlas.main()
    assert "tests: 100%" in capfd.readouterr().err
    folder = project / atlas.ATLAS
    committed, executed = ROOT / atlas.NOTEBOOK, folder / "atlas.ipynb"
    stale = stale_cells(request.session, committed, executed, exact_figures=pinned_platform())
    assert not stale, "\n".join(["make atlas, then make accept, takes it over", *stale])
    # nothing is simulated again, and nothing changes
    table = (folder / "data/atlas.csv").read_bytes()
    assert table.count(b"\n") > 5000 and b"JPN,UZB" in table
    atlas.main()
    assert "chunk" not in capfd.readouterr().err
    assert (folder / "data/atlas.csv").read_bytes() == table
    for name in ("f41_how_common_shifts", "f42_when_shifts"):
        caption = page.read_caption(folder / f"figures/{name}.md").caption
        assert len(caption.split()) <= 60, caption
    fault = PapermillExecutionError(2, 2, "", "KeyError", "'donor'", [])
    monkeypatch.setattr(run, "execute", Mock(side_effect=fault))
    with pytest.raises(SystemExit, match="atlas stopped in cell 3: KeyError: 'donor'\n"):
        atlas.main()
