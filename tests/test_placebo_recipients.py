"""Placebo recipients: p by brute force, what can't be tested, and what a test can see."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import glm
from statsmodels.genmod import families

from oda_eras import placebo_recipients as placebo

YEARS = list(range(2001, 2013))
ERAS = {"A": range(2001, 2005), "B": range(2005, 2009), "C": range(2009, 2013)}
WEIGHTS = pd.DataFrame(
    {era: [float(year in years) for year in YEARS] for era, years in ERAS.items()}, index=YEARS
)


def lumpy(recipients=9, seed=1, years=YEARS):
    """A panel of lumpy aid: recipients R0, R1, ... of different size."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(sigma=1, size=recipients)
    cells = size * rng.lognormal(sigma=1, size=(len(years), recipients))
    return pd.DataFrame(cells, index=years, columns=[f"R{i}" for i in range(recipients)])


def by_hand(panel, group, placebos, value):
    """Changes of the group and its placebos, and their p, as the formula reads."""
    total = panel.sum(axis=1)
    changes = []
    for members in [group, *placebos]:
        eras = [value(panel[list(members)].sum(axis=1), total, ERAS[era]) for era in ERAS]
        changes.append([eras[1] - eras[0], eras[2] - eras[1]])
    changes = np.array(changes)
    n = len(changes)
    p = [
        [min(1, 2 * min((own >= d).sum(), (own <= d).sum()) / n) for d in own] for own in changes.T
    ]
    return changes, np.array(p).T


VALUES = {
    "sqrt_share": lambda x, t, years: np.sqrt((x / t)[list(years)]).mean(),
    "log_share": lambda x, t, years: np.log(((x + 0.05) / t)[list(years)]).mean(),
    "log_ratio": lambda x, t, years: np.log(x[list(years)].sum() / (t - x)[list(years)].sum()),
}


def test_groups_with_as_small_a_p_are_counted_as_if_each_were_pooled_anew():
    rng = np.random.default_rng(1)
    for _ in range(60):
        # few values, so that many are ties
        compared = rng.integers(0, rng.integers(2, 40), (rng.integers(1, 40), 3)).astype(float)
        moved = rng.integers(-2, 42, (5, 3)).astype(float)
        p = placebo._against(np.sort(compared, axis=0), moved).min(axis=1)
        for change, least, count in zip(
            moved, p, placebo._as_small(compared, moved, p), strict=True
        ):
            pooled = np.vstack([compared, change])
            own = placebo._two_sided(pooled).min(axis=1)
            assert own[-1] == least and (own[:-1] <= least).sum() == count


@pytest.mark.parametrize("statistic", placebo.STATISTICS)
def test_equals_the_formula_computed_group_by_group(statistic):
    panel, group = lumpy(), ["R0", "R1"]
    test = placebo.placebo_test(panel, group, WEIGHTS, statistic, matched=False)
    others = list(combinations([f"R{i}" for i in range(2, 9)], 2))
    changes, p = by_hand(panel, group, others, VALUES[statistic])
    smallest = p.min(axis=1)
    omnibus = (smallest <= smallest[0]).mean()
    assert test.changes == pytest.approx(changes)
    assert list(test.table.transition) == ["omnibus", "A to B", "B to C"]
    assert list(test.table.p) == pytest.approx([omnibus, *p[0]])
    adjusted = [(smallest <= one).mean() for one in p[0]]
    assert list(test.table.p_adjusted) == pytest.approx([omnibus, *adjusted])
    least = 2 / (len(others) + 1)
    floors = [(smallest <= least).mean(), least, least]
    assert list(test.table.floor) == pytest.approx(floors)
    assert (test.table.placebos == len(others)).all()


def poisson(rows, beside):
    """Poisson estimates of what befalls the studied group from B on, and more from C on."""
    fit = glm(f"aid ~ studied + C({beside}) + from_b + from_c", rows, family=families.Poisson())
    return fit.fit(tol=1e-12).params[["from_b", "from_c"]].tolist()


# the sums are as many as the parameters: they are met, and no degree of freedom is left
@pytest.mark.filterwarnings("ignore:Perfect separation or prediction", "ignore:divide by zero")
def test_the_log_ratio_is_the_poisson_estimate_of_a_group_in_a_period():
    panel, group = lumpy(), ["R0", "R1"]
    panel.loc[2006, group] = 0.0  # a year without aid is no obstacle
    test = placebo.placebo_test(panel, group, WEIGHTS, "log_ratio", matched=False)
    aid = panel[group].sum(axis=1)
    parts = [aid.to_frame("aid").assign(studied=1)]
    parts += [(panel.sum(axis=1) - aid).to_frame("aid").assign(studied=0)]
    years = pd.concat(parts).rename_axis("year").reset_index()
    years["era"] = years.year.map({year: era for era, own in ERAS.items() for year in own})
    years["from_b"] = years.studied * (years.era >= "B")
    years["from_c"] = years.studied * (years.era >= "C")
    sums = years.groupby(["studied", "era", "from_b", "from_c"], as_index=False).aid.sum()
    assert poisson(sums, "era") == pytest.approx(test.changes[0])
    assert poisson(years, "era") == pytest.approx(test.changes[0])
    assert poisson(years, "year") == pytest.approx(test.changes[0])
    four = glm("aid ~ studied * C(era)", sums[sums.era < "C"], family=families.Poisson()).fit()
    assert four.params.iloc[-1] == pytest.approx(test.changes[0, 0])


def test_matched_groups_have_between_half_and_twice_the_share():
    panel, group = lumpy(40), ["R0", "R1"]
    total = panel.sum(axis=1)
    pool = list(combinations([f"R{i}" for i in range(2, 40)], 2))
    share = {g: (panel[list(g)].sum(axis=1) / total).mean() for g in [("R0", "R1"), *pool]}
    own = share["R0", "R1"]
    kept = [g for g in pool if own / 2 <= share[g] <= 2 * own]
    test = placebo.placebo_test(panel, group, WEIGHTS)
    changes, _ = by_hand(panel, group, kept, VALUES["sqrt_share"])
    assert 0 < len(kept) < len(pool)
    assert test.changes == pytest.approx(changes)


def test_recipients_with_few_years_and_non_candidates_are_no_placebos():
    panel = lumpy(12)
    panel.loc[2001:2006, "R3"] = 0.0  # six of twelve years are left
    panel.loc[2001:2005, "R4"] = 0.0  # seven are
    candidates = [f"R{i}" for i in range(11)]
    options = dict(matched=False, candidates=candidates)
    test = placebo.placebo_test(panel, ["R0", "R1"], WEIGHTS, **options)
    assert len(test.changes) - 1 == len(list(combinations(range(8), 2)))
    # aid that is no placebo's is still part of the whole
    assert test.total == pytest.approx(panel.sum(axis=1).to_numpy())


def test_given_groups_take_the_place_of_random_ones():
    panel = lumpy()
    groups = [["R2", "R3", "R0"], ["R4"], ["R1"], ["R5", "R6", "R7", "R8"]]
    test = placebo.placebo_test(panel, ["R0", "R1"], WEIGHTS, matched=False, groups=groups)
    kept = [["R2", "R3"], ["R4"], ["R5", "R6", "R7", "R8"]]
    changes, p = by_hand(panel, ["R0", "R1"], kept, VALUES["sqrt_share"])
    assert test.changes == pytest.approx(changes)
    assert list(test.table.p[1:]) == pytest.approx(p[0])


def test_random_groups_have_distinct_members_and_repeat_with_their_seed():
    drawn = placebo.draw(30, 5, 2_000, seed=3)
    assert drawn.shape == (2_000, 5) and (np.diff(drawn, axis=1) > 0).all()
    placebo.draw.cache_clear()
    assert (drawn == placebo.draw(30, 5, 2_000, seed=3)).all()
    assert (drawn != placebo.draw(30, 5, 2_000, seed=4)).any()
    often = np.bincount(drawn.ravel(), minlength=30)
    assert often.min() > 0.8 * often.mean() and often.max() < 1.2 * often.mean()
    every = placebo.draw(6, 2, 2_000, seed=3)
    assert [tuple(group) for group in every] == list(combinations(range(6), 2))


def test_a_large_lasting_change_is_found():
    changed = lumpy(60)
    changed.loc[2005:, ["R0", "R1", "R2"]] *= 30
    found = placebo.placebo_test(
        changed, ["R0", "R1", "R2"], WEIGHTS, matched=False, n_groups=999
    ).table.set_index("transition")
    assert found.p["omnibus"] <= 0.05 and found.p_adjusted["A to B"] <= 0.05
    assert found.p_adjusted["B to C"] > 0.05


def test_false_finds_are_those_of_the_test_itself():
    panel = lumpy(16)
    for matched in (True, False):
        options = dict(matched=matched, n_groups=91)
        test = placebo.placebo_test(panel, ["R0", "R1"], WEIGHTS, **options)
        found = placebo.detection(test, n_groups=12)
        total = panel.sum(axis=1)
        pool = [f"R{i}" for i in range(2, 16)]
        alike = [
            list(group)
            for group in combinations(pool, 2)
            if test.share / 2 <= (panel[list(group)].sum(axis=1) / total).mean() <= 2 * test.share
        ]
        assert len(found.p) == 12
        for group, p in zip(alike, found.p, strict=False):
            again = placebo.placebo_test(panel, group, WEIGHTS, **options, candidates=pool)
            assert p == pytest.approx(again.table.p[0])


def test_power_multiplies_aid_from_the_later_era_on():
    panel = lumpy(24)
    pool = [f"R{i}" for i in range(2, 24)]
    test = placebo.placebo_test(panel, ["R0", "R1"], WEIGHTS, matched=False, n_groups=231)
    found = placebo.detection(test, [1, 3, 40], n_groups=5)
    assert (found.power.groups == 5).all()
    total, chosen = panel.sum(axis=1), []
    for group in combinations(pool, 2):
        share = (panel[list(group)].sum(axis=1) / total).mean()
        if test.share / 2 <= share <= 2 * test.share and len(chosen) < 5:
            chosen.append(list(group))
    assert found.members == chosen
    power = found.power.set_index(["transition", "factor"]).power
    for factor, (i, step) in product((1, 40), enumerate(("A to B", "B to C"))):
        hits = []
        for group in chosen:
            changed = panel.copy()
            changed.loc[(2005, 2009)[i] :, group] *= factor
            others = [g for g in combinations(pool, 2) if not set(g) & set(group)]
            own, _ = by_hand(changed, group, [], VALUES["sqrt_share"])
            compared, _ = by_hand(panel, others[0], others[1:], VALUES["sqrt_share"])
            pooled = np.vstack([own, compared])
            p = np.array([[min((d >= x).mean(), (d <= x).mean()) for x in d] for d in pooled.T])
            p = np.minimum(1, 2 * p)
            hits.append((p.min(axis=0) <= p[i, 0]).mean() <= 0.05)
        assert power[step, factor] == pytest.approx(np.mean(hits))
    assert (power[:, 40] >= power[:, 1]).all() and power[:, 40].max() > power[:, 1].max()


def test_a_group_is_placed_among_groups_tested_alike():
    found = placebo.Detection(
        pd.DataFrame(),
        np.array([0.01, 0.2, 0.2, 0.9]),
        [["A", "B"], ["A", "C"], ["C", "D"], ["A", "D"]],
    )
    placed = placebo.among_random(0.2, found)
    assert (placed["rank"], placed["groups"], placed["p"]) == (3, 4, 4 / 5)
    assert placed["false_finds"] == 0.25
    assert placed["shared"] in "AC" and placed["shared_by"] == 2
    none = placebo.among_random(0.001, found)
    assert (none["p"], none["shared"], none["shared_by"]) == (1 / 5, "", 0)


# of the ratio, what the others are set against moves a little too
@pytest.mark.parametrize(("statistic", "margin"), [("log_share", 0.1), ("log_ratio", 0.4)])
def test_the_interval_holds_the_factors_that_are_not_rejected(statistic, margin):
    panel = lumpy(40)
    group = ["R0", "R1"]
    options = dict(matched=False, n_groups=703)
    table = placebo.placebo_test(panel, group, WEIGHTS, statistic, **options).table
    step = table.set_index("transition").loc["B to C"]
    assert step.low < step.change < step.high
    inside = []
    ends = (step.low - margin, step.low + margin, step.high - margin, step.high + margin)
    for log_factor in ends:
        undone = panel.copy()
        undone.loc[2009:, group] /= np.exp(log_factor)
        if statistic == "log_share":  # the whole is kept; of the other, aid to others is
            undone["rest"] = panel.sum(axis=1) - undone.sum(axis=1)
        again = placebo.placebo_test(
            undone, group, WEIGHTS, statistic, candidates=panel.columns, **options
        ).table.set_index("transition")
        inside.append(bool(again.p["B to C"] > 0.05))
    assert inside == [False, True, True, False]
    root = placebo.placebo_test(panel, group, WEIGHTS, **options).table
    assert root[["low", "high"]].isna().all(axis=None)


def test_the_one_that_moved_most_is_corrected_for_being_picked():
    panel = lumpy(24)
    picked = placebo.picked(panel, ["R0", "R1", "R2"], WEIGHTS).set_index("transition")
    single = {
        r: placebo.placebo_test(
            panel, [r], WEIGHTS, matched=False,
            candidates=[c for c in panel if c not in {"R0", "R1", "R2"}],
        ).table.set_index("transition").p
        for r in ("R0", "R1", "R2")
    }  # fmt: skip
    others = [f"R{i}" for i in range(3, 24)]
    _, each = by_hand(panel, others[:1], [[o] for o in others[1:]], VALUES["sqrt_share"])
    every = [[r] for r in panel]
    alone = dict(
        zip(panel, by_hand(panel, every[0], every[1:], VALUES["sqrt_share"])[0], strict=True)
    )
    for i, step in enumerate(("A to B", "B to C")):
        best = min(single, key=lambda r, step=step: single[r][step])
        assert picked.recipient[step] == best
        assert picked.p[step] == pytest.approx(single[best][step])
        smaller = [each[list(g), i].min() <= picked.p[step] for g in combinations(range(21), 3)]
        assert picked.p_picked[step] == pytest.approx((sum(smaller) + 1) / (len(smaller) + 1))
        assert picked.p_picked[step] >= picked.floor[step] > 0
        # every group loses the member that rose most
        shares = panel.div(panel.sum(axis=1), axis=0)
        rests = []
        for group in [("R0", "R1", "R2"), *combinations(others, 3)]:
            rest = shares[list(group)].drop(columns=max(group, key=lambda r: alone[r][i]))
            root = np.sqrt(rest.to_numpy().sum(axis=1)).reshape(3, 4).mean(axis=1)
            rests.append(root[i + 1] - root[i])
        assert picked.rest_change[step] == pytest.approx(rests[0])
        assert picked.rest_median[step] == pytest.approx(np.median(rests[1:]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (dict(group=["R0", "XXX"]), "XXX is not in the panel, which has 9 recipients, R0 to R8"),
        (dict(group=[]), "an empty group is not in the panel"),
        (dict(statistic="mean"), "statistic 'mean': expected one of sqrt_share, log_share"),
        (dict(weights=WEIGHTS.assign(D=0.0)), r"no year in era D \(2001-2012\)"),
        (dict(weights=WEIGHTS.rename(index={2012: 2020})), r"\(2001-2012\) lacks 2020, which"),
        (
            dict(candidates=["R2", "R3", "R4"]),
            "3 possible placebos for R0, R1, out of 3 recipients",
        ),
        (dict(candidates=["R2"]), "no group of 2 recipients out of 1 possible"),
    ],
)
def test_what_cannot_be_tested_is_said(change, said):
    given = dict(panel=lumpy(), group=["R0", "R1"], weights=WEIGHTS, matched=False) | change
    with pytest.raises(ValueError, match=said):
        placebo.placebo_test(**given)


def test_missing_cells_and_empty_eras_are_said():
    panel = lumpy()
    panel.loc[2003, "R5"] = np.nan
    with pytest.raises(ValueError, match="no value for R5 in 2003"):
        placebo.placebo_test(panel, ["R0"], WEIGHTS)
    panel = lumpy(30)
    panel.loc[2005:2008, "R0"] = 0.0
    with pytest.raises(ValueError, match="log_ratio: R0 received nothing in B"):
        placebo.placebo_test(panel, ["R0"], WEIGHTS, "log_ratio", matched=False)
    assert placebo.placebo_test(panel, ["R0"], WEIGHTS, matched=False).table.p.notna().all()


WORLD = pd.DataFrame(
    [
        ("JPN", "R0", 2001, "constant 2016", 1.0),
        ("JPN", "R1", 2003, "constant 2016", 2.0),
        ("JPN", "R1", 2001, "constant 2022", 9.0),
        ("JPN", "R0", 2002, "constant 2016", None),
        ("JPN", "IRQ", 2001, "constant 2016", 500.0),
        ("KOR", "R0", 2001, "constant 2016", 7.0),
    ],
    columns=["donor", "recipient", "year", "price_basis", "commitments"],
)


def test_the_panel_of_a_donor_has_every_year_and_no_debt_relief():
    panel = placebo.donor_panel(WORLD, ["JPN"], "commitments", "constant 2016")
    assert list(panel.index) == [2001, 2002, 2003] and list(panel.columns) == ["R0", "R1"]
    assert panel.to_numpy().tolist() == [[1, 0], [0, 0], [0, 2]]
    both = placebo.donor_panel(WORLD, ["JPN", "KOR"], "commitments", "constant 2016")
    assert both.loc[2001, "R0"] == 8
    assert placebo.donor_panel(WORLD, ["DEU"], "commitments", "constant 2016").empty


def test_all_tests_cover_every_statistic_matching_and_variant():
    panel = lumpy(30)
    recipients = pd.DataFrame(
        {
            "recipient": panel.columns,
            "kind": ["country"] * 29 + ["region"],
            "region": [f"region {i % 5}" for i in range(29)] + [None],
        }
    )
    variants = {"declared": WEIGHTS, "without_2002": WEIGHTS.drop(index=2002)}
    groups = {"all": ["R0", "R5"], "one": ["R0"]}
    made = {"all": placebo.placebo_test(panel, groups["all"], WEIGHTS, seed=7, n_groups=100)}
    rows = placebo.all_tests(
        panel, groups, variants, recipients, "commitments", made, lumpy(30, seed=2), n_groups=199
    )
    assert list(rows.columns) == [*placebo.COLUMNS, *placebo.INTERVAL]
    written = placebo.published(rows.assign(group="without UZB"))
    assert list(written.columns) == placebo.COLUMNS and set(written.group) == {"without_UZB"}
    declared = rows[(rows.group == "all") & (rows.variant == "declared")]
    kept = declared[(declared.statistic == "sqrt_share") & (declared.matching == "matched")]
    assert kept.p.tolist() == made["all"].table.p.tolist()
    others = rows[(rows.group == "all") & (rows.variant == "other_donors")]
    assert set(others.statistic) == {"sqrt_share", "log_share"}
    assert not set(others.change.dropna()) & set(declared.change.dropna())
    cases = rows.groupby(["group", "statistic", "matching", "variant"]).size()
    assert (cases == 3).all() and len(cases) == 2 * (6 + 2 + 2 + 2)
    regional = rows[rows.variant == "regions"]
    assert (regional.placebos == 5).all() and regional.p.notna().all()
    # a single recipient has too few of its size
    few = rows[(rows.group == "one") & (rows.matching == "matched") & (rows.placebos < 20)]
    assert len(few) and few[["p", "p_adjusted", "floor"]].isna().all(axis=None)
