"""What notebook 05 shows of breaks: samples, tests by case, dates as text, eras, rates."""

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from oda_eras import break_evidence as evidence
from oda_eras import breaks
from oda_eras.measures import ALL
from oda_eras.sources import short_source_line

STEP = np.r_[np.zeros(12), np.full(12, 3.0)] + np.random.default_rng(1).standard_normal(24) / 2


def by_year(values, first=1993) -> pd.Series:
    return pd.Series(values, index=range(first, first + len(values)), dtype=float)


NOISE = by_year(np.random.default_rng(20).standard_normal(24))


def series(**columns) -> pd.DataFrame:
    """A measure of `study_series`, with a sum where there is more than one recipient."""
    frame = pd.DataFrame(columns)
    frame[ALL] = frame.sum(axis=1, min_count=frame.shape[1])
    return pd.concat({"current": frame}, axis=1, names=["price_basis", "recipient"])


@pytest.fixture(scope="module")
def power():
    rates = [("size", 0, 0.05), ("power", 1, 0.2), ("power", 2, 0.4), ("power_eras", 1, 0.6)]
    scenarios = pd.DataFrame(rates, columns=["scenario", "shift_sd", "rejection_rate"])
    others = {"rho": [0.0, 0.6], "break_after": [5, 9], "method": evidence.METHODS.index}
    cells = scenarios.astype({"shift_sd": float})
    for name, values in others.items():
        cells = cells.merge(pd.Series(values, name=name), how="cross")
    return cells.assign(n=31, n_sim=100, mc_error=0.03)


class TestSamples:
    def test_a_series_is_tested_from_1992_too_where_that_year_joins_its_run(self):
        joined = by_year(range(20), 1992)
        late = joined.where(joined.index != 1993)
        found, _ = evidence.samples(series(KAZ=joined, UZB=late))
        starts = {(recipient, int(y.index[0])) for _, recipient, y in found}
        assert starts == {("KAZ", 1993), ("KAZ", 1992), ("UZB", 1994), ("all", 1994)}

    def test_a_single_recipient_is_counted_once_as_the_sum(self):
        found, _ = evidence.samples(series(UZB=by_year(range(20))))
        assert [recipient for _, recipient, _ in found] == [ALL]

    def test_a_series_that_never_changes_is_left_out_and_named(self):
        found, unchanging = evidence.samples(series(KAZ=by_year([2] * 9), UZB=by_year(range(9))))
        assert unchanging == ["KAZ"]
        assert {recipient for _, recipient, _ in found} == {"UZB", ALL}

    def test_the_run_s_price_basis_after_1992_is_taken(self):
        y = by_year(range(9), 1992)
        found = [("current", "UZB", y), ("current", "UZB", y[1:]), ("constant", "UZB", y[1:])]
        flows = evidence.flows_in(found, "current")
        assert list(flows) == ["UZB"] and flows["UZB"].index[0] == 1993
        rows = pd.DataFrame({"recipient": "UZB", "price_basis": ["current", "constant"] * 2,
                             "start": [1992, 1992, 1993, 1993]})  # fmt: skip
        chosen = evidence.after_1992(rows, "current")
        assert chosen.start.tolist() == [1993] and list(chosen.index) == ["UZB"]


class TestOneShift:
    def test_both_estimates_of_rho_give_their_own_p(self):
        y = by_year(STEP)
        row = evidence.break_tests([("current", "UZB", y)], n_sim=500).iloc[0]
        for source in ("null", "break"):
            test = breaks.sup_f(y, n_sim=500, rho_from=source)
            assert (row[f"rho_{source}"], row[f"p_{source}"]) == (test.rho, test.p_simulated)
            null = breaks.simulate_ud_max(24, test.rho, 5, 3, n_sim=500)
            assert row[f"ud_p_{source}"] == (1 + (null >= row.ud_max).sum()) / 501
        assert (row.start, row.n, row.last_old, row.first_new) == (1993, 24, 2004, 2005)
        most = breaks.ud_max(y, 5, 3, removed=3)
        assert (row.ud_max, row.ud_breaks, row.rho_most) == (most.statistic, most.m, most.rho)
        assert row.rho_most < row.rho_break < row.rho_null

    def test_rho_is_corrected_upwards_and_blank_from_1_on(self):
        tests = pd.DataFrame({"rho_null": [0.5, 0.95], "p_null": 0.1, "n": 25}, ["KAZ", "UZB"])
        flows = {"KAZ": by_year(STEP), "UZB": by_year(STEP)}
        found = evidence.at_corrected_rho(flows, tests, n_sim=200)
        np.testing.assert_allclose(found.rho_corrected["KAZ"], 0.6)
        simulated = breaks.p_over_rho(flows["KAZ"], rhos=[0.6], n_sim=200).p[0]
        assert found.p_corrected["KAZ"] == simulated
        assert found.loc["UZB", ["rho_corrected", "p_corrected"]].isna().all()

    def test_cases_stand_side_by_side(self):
        tests = pd.DataFrame(
            {
                "recipient": ["UZB", "UZB", "KAZ"],
                "price_basis": "current",
                "start": [1993, 1992, 1994],
                "p_null": [0.01, 0.2, 0.03],
                "p_break": [0.01, 0.02, 0.3],
                "ud_p_null": [0.2, 0.2, 0.2],
                "ud_p_break": [0.01, 0.2, 0.2],
            }
        )
        wide = evidence.in_every_basis(tests, "p_null")
        assert list(wide.index) == ["UZB", "KAZ"]
        assert wide.loc["UZB"].to_dict() == {"current": 0.01, "current, from 1992": 0.2}
        assert np.isnan(wide.loc["KAZ", "current, from 1992"])
        assert evidence.small_p(tests).tolist() == [2, 1, 1]
        assert evidence.small_p(tests, "ud_").tolist() == [1, 0, 0]
        assert evidence.share_small(tests).loc["UZB"].to_dict() == {"p_null": 0.5, "p_break": 1}

    def test_critical_values_stand_from_the_largest_rho_to_none(self):
        test = pd.Series({"n": 24, "rho_null": 0.6, "rho_break": 0.2})
        found = evidence.critical_values(test, n_sim=2_000)
        assert list(found.values()) == sorted(found.values(), reverse=True)
        assert [label.split(" (")[0] for label in found] == [
            "5%, autocorrelation 0.60", "5%, autocorrelation 0.20",
            "5%, no autocorrelation, many years",
        ]  # fmt: skip

    def test_evidence_is_joined_by_year(self):
        path = evidence.f_by_year(by_year(STEP))
        assert path.idxmax() == 2004
        posterior = pd.Series(0.1, index=range(1993, 2016))
        frame = evidence.evidence_by_year(path, posterior, {"a": 9.0, "b": 8.0, "c": 7.0})
        assert len(frame) == 23 and np.isnan(frame.f[0])
        assert frame.set_index("last_old").f[2004] == path.max()
        assert frame.iloc[0, -3:].tolist() == [9, 8, 7]

    def test_likeliest_years_and_peaks_of_a_posterior(self):
        posterior = by_year([0, 0.5, 0, 0.05, 0, 0.3, 0.3, 0.2, 0])
        assert evidence.likeliest_years(posterior).index.tolist() == [1998, 1999, 2000]
        assert evidence.peaks(posterior) == [1994, 1998, 1999]

    def test_curves_come_before_the_marks_and_lack_no_series_that_there_is(self):
        flows = {ALL: by_year(STEP), "UZB": by_year(STEP)}
        tests = evidence.break_tests([("current", code, y) for code, y in flows.items()], 200)
        tests = tests.set_index("recipient")
        found = evidence.p_curves(flows, tests, n_sim=200)
        marks = found[found.estimate != ""]
        assert marks.index.min() == len(found) - 12 == 4 * len(breaks.RHOS)
        assert set(marks.groupby(["series", "test"]).estimate.agg(",".join)) == {"null,break,most"}
        for test, p in (("sup-F", "p_"), ("UDmax", "ud_p_")):
            own = marks[(marks.test == test) & (marks.series == "UZB")].set_index("estimate")
            for estimate in ("null", "break"):
                assert own.rho[estimate] == tests.loc["UZB", f"rho_{estimate}"]
                assert own.p[estimate] == tests.loc["UZB", p + estimate]

    @pytest.mark.parametrize(
        ("p", "limit"), [([0, 0.1], 0.25), ([0.1, 0.2], np.nan), ([0, 0.01], np.inf)]
    )
    def test_a_curve_crosses_the_level_or_is_said_not_to(self, p, limit):
        curve = pd.DataFrame({"series": ALL, "estimate": "", "rho": [0, 0.5], "p": p})
        other = curve.assign(p=[0.04, 0.06])
        curves = pd.concat([curve.assign(test="sup-F"), other.assign(test="UDmax")])
        tests = pd.DataFrame({"rho_null": 0.4, "rho_break": 0.1, "rho_most": 0}, index=[ALL])
        found = evidence.rho_at_level(curves, tests).loc[ALL]
        np.testing.assert_allclose([found.limit, found.ud_limit], [limit, 0.25])

    def test_rho_is_small_once_breaks_are_removed_that_are_not_there(self):
        assert evidence.rho_without_breaks(31, 0.5, n_sim=100) < 0.2


class TestSeveralBreaks:
    def test_intervals_are_years_and_no_break_keeps_a_row(self):
        found = evidence.several_breaks(
            [("current", "UZB", by_year(STEP)), ("current", "KAZ", NOISE)]
        )
        lwz = found[found.criterion == "LWZ"].set_index("recipient")
        assert (lwz.last_old.UZB, lwz.first_new.UZB) == (2004, 2005)
        assert lwz.lower.UZB <= 2004 <= lwz.upper.UZB and lwz.lower.UZB > 1993
        assert lwz.breaks.KAZ == 0 and lwz.loc["KAZ", "last_old":].isna().all()

    def test_dates_are_printed_with_the_intervals_that_there_are(self):
        columns = ["recipient", "price_basis", "start", "criterion", "breaks"]
        dates = ["last_old", "first_new", "lower", "upper"]
        rows = [
            ("UZB", "current", 1993, "BIC", 2, 1999, 2000, 1989, 2000),
            ("UZB", "current", 1993, "BIC", 2, 2004, 2005, None, None),
            ("UZB", "current", 1993, "LWZ", 0, None, None, None, None),
            ("UZB", "current", 1992, "BIC", 1, 1999, 2000, 1998, 2000),
        ]
        found = pd.DataFrame(rows, columns=columns + dates).astype(dict.fromkeys(dates, "Int64"))
        assert evidence.dated(found).dates.tolist() == [
            "1999 (1989-2000), 2004", "none", "1999 (1998-2000)",
        ]  # fmt: skip
        years = evidence.last_years(found).set_index("case")
        assert years.loc["current"].to_dict() == {"BIC": "1999, 2004", "LWZ": "none"}
        assert years.BIC["current, from 1992"] == "1999"
        assert evidence.numbers_of_breaks(found).loc["UZB"].to_dict() == {"BIC": 2, "LWZ": 1}

    def test_pelt_looks_at_every_year(self):
        assert evidence.pelt(by_year(np.r_[np.zeros(8), np.ones(9)]), 0.5) == [2000]
        path = evidence.penalty_path(NOISE)
        assert path.breaks.is_monotonic_decreasing and path.last_old.iloc[-1] == ""

    def test_a_method_that_finds_nothing_keeps_a_row(self):
        found = evidence.by_method(NOISE, pd.Series(0.01, index=NOISE.index[:-1]))
        assert found[found.family == "posterior"].year.isna().tolist() == [True]
        at_step = evidence.by_method(by_year(STEP), by_year([0.0] * 11 + [0.9] + [0.0] * 11))
        assert set(at_step[at_step.method != "Bai-Perron, BIC"].year) == {2004}


class TestFlows:
    @staticmethod
    def flows(**cells) -> pd.DataFrame:
        """Rows of flows.csv for Uzbekistan and Kazakhstan; columns by year, scalars repeated."""
        years = pd.DataFrame({"year": range(1993, 2013)})
        rows = years.merge(pd.DataFrame({"recipient": ["KAZ", "UZB"]}), how="cross")
        noise = np.random.default_rng(0).normal(size=len(rows)).round(3) + 10
        frame = rows.assign(price_basis="current", measure="gross", status="known", value=noise)
        frame = frame.assign(low=frame.value, high=frame.value)
        return frame.assign(**cells)

    def test_what_is_bounded_is_tested_at_either_bound_and_never_as_known(self):
        rows = self.flows()
        early = rows.year < 1998
        rows = rows.assign(
            status=rows.status.mask(early, "bounded"),
            value=rows.value.mask(early),
            low=rows.low.mask(early, 1.0),
            high=rows.high.mask(early, 5.0),
        )
        found = {
            (kind, recipient): y
            for kind, some in evidence.samples_of_flows(rows).items()
            for _, recipient, y in some
        }
        assert found["gross, lower bounds", ALL][1993] == 2
        assert found["gross, upper bounds", "UZB"][1993] == 5
        assert found["gross, known", "without UZB"].index[0] == 1998
        assert not any(kind.startswith("commitments") for kind, _ in found)

    def test_what_is_not_recorded_adds_nothing_to_a_floor_and_ends_a_known_sum(self):
        rows = self.flows(measure="commitments")
        gap = (rows.recipient == "KAZ") & (rows.year == 1995)
        rows.loc[gap, ["value", "low", "high"]] = np.nan
        found = evidence.samples_of_flows(rows)
        [floor] = [y for _, recipient, y in found["commitments, floor"] if recipient == ALL]
        uzb = rows[(rows.recipient == "UZB") & (rows.year == 1995)].value.item()
        assert floor[1995] == uzb and floor.index[0] == 1993
        [known] = [y for _, recipient, y in found["commitments, known"] if recipient == ALL]
        assert known.index[0] == 1996

    def test_what_is_inferred_or_short_is_not_tested_as_known(self):
        rows = self.flows(measure="net", status="inferred")
        assert not evidence.samples_of_flows(rows)
        assert not evidence.samples_of_flows(self.flows().query("year < 2007"))
        assert evidence.samples_of_flows(self.flows().query("year < 2008"))

    def test_every_series_gets_all_tests_and_both_criteria(self):
        noise, step = by_year(np.random.default_rng(5).normal(size=24)), by_year(STEP)
        samples = {
            "gross, known": [("current", ALL, step), ("yen", ALL, step * 100)],
            "commitments, floor": [("current", ALL, noise)],
        }
        found = evidence.flow_tests(samples, n_sim=200)
        first, *_ = found.itertuples()
        assert (first.flow, first.start, first.end) == ("gross, known", 1993, 2016)
        assert (first.bic, first.last_old) == (1, 2004) and first.bic_dates.startswith("2004 (")
        assert found.p_null[0] == found.p_null[1]  # a unit changes nothing
        assert found.lwz_dates[2] == "none" and found.lwz[2] == 0
        counted = evidence.small_by_measure(found)
        assert counted.tests.to_dict() == {"net": 0, "gross": 2, "commitments": 1}
        assert counted.p_break["gross"] == 2 and counted.p_break["commitments"] == 0
        assert evidence.least_p(found, "gross") == found[evidence.P_VALUES].min(axis=None)
        assert evidence.least_p(found, "commitments") > 0.05

    def test_a_spread_of_p_is_told_once_where_it_is_none(self):
        assert evidence.spread(pd.Series([0.2, 0.0641])) == "0.064 to 0.200"
        assert evidence.spread(pd.Series([0.0001, 0.0002])) == "< 0.001"


class TestEras:
    def test_years_that_no_era_holds_are_no_boundary_to_each_other(self):
        eras = pd.DataFrame(
            {
                "scheme": "article",
                "era": ["E1", "E2"],
                "opens": ["2000-01-01", "2006-01-01"],
                "closes": ["2003-01-01", None],
            }
        )
        years = list(range(2000, 2009))
        assert evidence.boundaries(eras, years) == [2002, 2005]
        assert evidence.boundaries(eras.assign(scheme="data_driven"), years) == []

    def test_admissible_years_leave_room_on_both_sides(self):
        assert evidence.admissible(by_year(range(12))) == [1997, 1998, 1999]
        assert evidence.near([1997, 1999, 2003], [1998, 2009]) == [1997, 1999]
        assert evidence.near([1997], []) == []

    def test_means_are_those_of_each_era_s_years(self):
        eras = pd.DataFrame(
            {
                "era": ["D1", "D2"],
                "opens": ["1993-01-01", "1995-01-01"],
                "closes": ["1995-01-01", None],
            }
        )
        assert evidence.with_means(eras, by_year([1, 3, 10]))["mean"].tolist() == [2, 10]


class TestEngineAndPower:
    def test_values_without_a_counterpart_are_counted_apart(self):
        validation = pd.DataFrame(
            {
                "gated": True,
                "source": "R",
                "statistic": "rss",
                "holds": pd.array([True, False, None], dtype="boolean"),
            }
        )
        row = evidence.by_program(validation).iloc[0]
        assert (row["values"], row.compared, row.hold) == (3, 2, 1)

    def test_rates_are_means_over_the_boundaries(self, power):
        uneven = power.assign(
            rejection_rate=power.rejection_rate.where(power.break_after == 5, 0.8)
        )
        rates = evidence.detection_rates(uneven)
        assert rates.bic["power", 0.0, 1.0] == pytest.approx((0.2 + 0.8) / 2)
        assert evidence.largest_error(power) == pytest.approx(0.03 / 2**0.5)
        steps = evidence.step_rates(uneven).set_index(["method", "rho", "shift_sd"])
        assert steps.rejection_rate["bic", 0.6, 2.0] == pytest.approx(0.6)
        assert set(steps.n_sim) == {200} and (0.6, 3.0) not in steps.index.droplevel("method")

    def test_tables_name_scenarios_methods_and_boundaries(self, power):
        rates = evidence.detection_rates(power)
        false = evidence.false_finds(rates)
        assert list(false.index) == list(evidence.METHODS.index)
        assert false.columns.tolist() == ["rho 0.0", "rho 0.6"] and (false == 0.05).all(axis=None)
        printed = evidence.power_table(rates).scenario
        assert list(dict.fromkeys(printed)) == ["no break", "one step", "era means"]
        rotation = evidence.found_by_rotation(power)
        assert list(rotation.index) == [
            "a mean for every era",
            "step after 1997",
            "step after 2001",
        ]
        assert rotation.loc["step after 1997", "rho 0.6, 2 SD"] == 0.4
        assert evidence.era_lengths(power) == [5, 4, 22]

    def test_every_method_that_is_simulated_has_a_name(self):
        simulated = pd.read_csv(ROOT / "data/power.csv")
        assert set(simulated.method) == set(evidence.METHODS.index)


def test_a_figure_without_sources_says_who_computed_it():
    assert short_source_line({}, []) == "Source: computed by this project."
