"""Who received how much: sums, periods and parts of the flows that notebook 03 shows.

Wide frames have calendar years as index and recipients (ISO3) as columns, in US$ million unless
said otherwise. A missing cell is "not reported" and stays missing.
"""

import pandas as pd

from oda_eras import measures
from oda_eras.eras import study_eras
from oda_eras.flows import STATUSES, SURE
from oda_eras.measures import ALL, sum_of, tested_total
from oda_eras.naming import year_spans, years_in
from oda_eras.study import FIRST_YEAR, LAST_YEAR, MEMBER_GROUPS, Study

# first years of the periods that means are taken over; the last goes on to the end
PERIODS = [FIRST_YEAR, 1997, 2002, 2007, 2012, 2017]
CELL = ["recipient", "year"]
# what names a sum over recipients, and what is summed
OF_SUM, BOUNDED = ["measure", "price_basis", "year"], ["value", "low", "high"]
# years at each end of the grants that are compared
END_YEARS = 6
CHINA = {"ODA": "ODA-like", "OOF": "other official flows", "vague": "of unclear kind"}
SECTORS = {"WASH": "Water and sanitation", "Agri & food": "Agriculture and food"}


def add_sum(flows: pd.DataFrame) -> pd.DataFrame:
    """A wide frame with the sum of several recipients as its last column; of one, as it is."""
    return flows.assign(**{ALL: sum_of(flows)}) if flows.shape[1] > 1 else flows


def cells(
    flows: pd.DataFrame, measure: str, column: str = "value", basis: str = "current"
) -> pd.DataFrame:
    """One measure of `oda_eras.flows` as a wide frame, where its status is one of `SURE`.

    `column` is value, low or high, `basis` a price basis. Years without any such cell are left
    out, recipients are not.
    """
    rows = flows[(flows.measure == measure) & (flows.price_basis == basis)]
    sure = rows.assign(sure=rows[column].where(rows.status.isin(SURE)))
    return sure.pivot(index="year", columns="recipient", values="sure").dropna(how="all")


def weakest(flows: pd.DataFrame) -> pd.Series:
    """The weakest status among recipients, by measure, price basis and year."""
    ranks = flows.assign(status=flows.status.map(STATUSES.index)).groupby(OF_SUM).status.max()
    return ranks.map(dict(enumerate(STATUSES)))


def with_sum(flows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `oda_eras.flows` and the sums over several recipients; of one, as they are.

    A sum has the weakest status among its parts, and a value, or a bound, where each part has one.
    """
    n = flows.recipient.nunique()
    if n < 2:
        return flows
    sums = flows.groupby(OF_SUM)[BOUNDED].sum(min_count=n).assign(status=weakest(flows))
    return pd.concat([flows, sums.reset_index().assign(recipient=ALL)], ignore_index=True)


def sources_of(flows: pd.DataFrame) -> str:
    """Sources of net, grants and gross flows, in this order, as a list in text."""
    rows = flows.dropna(subset="source").set_index("measure").source
    found = [text for m in ("net", "grants", "gross") for text in rows.get([m], [])]
    return ", ".join(dict.fromkeys("; ".join(found).split("; ")))


def bands(all_eras: pd.DataFrame, study: Study, panel: pd.DataFrame) -> pd.DataFrame:
    """Eras to shade in a figure: the article's own where the donor has them, else the run's."""
    own = _article_eras(all_eras, study)
    if len(own) and not study.scheme:
        return own
    return study_eras(all_eras, study, tested_total(panel, study))


def events_of(events: pd.DataFrame, all_eras: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Events of data/events.csv in a study's years; none for a donor that the article is not on."""
    inside = pd.to_datetime(events.date).dt.year.between(study.first_year, study.last_year)
    return events[inside & (len(_article_eras(all_eras, study)) > 0)]


def _article_eras(all_eras: pd.DataFrame, study: Study) -> pd.DataFrame:
    return all_eras[(all_eras.donor == study.donor) & (all_eras.scheme == "article")]


def by_period(frame: pd.DataFrame, how: str = "mean") -> pd.DataFrame:
    """Aggregate the known years of a wide frame over periods; the first and last may be cut.

    Returns a frame with index period, such as "1992-1996", and the columns of `frame`.
    """
    rows = {}
    for first, following in zip(PERIODS, [*PERIODS[1:], LAST_YEAR + 1], strict=True):
        part = frame.loc[first : following - 1]
        if part.notna().any(axis=None):
            rows[years_of(part)] = part.agg(how)
    return pd.DataFrame(rows).T.rename_axis("period")


def years_of(frame: pd.DataFrame | pd.Series) -> str:
    """First and last year of a frame, or the only one."""
    return years_in(frame.index)


def with_and_without(net: pd.DataFrame) -> pd.DataFrame:
    """The sum over recipients with and without Uzbekistan (year, two columns, US$ million).

    The second is missing where Uzbekistan is the only recipient, or none.
    """
    rest = net.drop(columns="UZB", errors="ignore")
    without = sum_of(rest) if 0 < rest.shape[1] < net.shape[1] else float("nan")
    sums = {"with_uzbekistan": sum_of(net), "without_uzbekistan": without}
    return pd.DataFrame(sums).round(2).reset_index()


def sums(**frames: pd.DataFrame) -> pd.DataFrame:
    """Sums over recipients by year, a column for each wide frame, named as it is given."""
    return pd.DataFrame({name: sum_of(frame) for name, frame in frames.items()})


def split(flows: pd.DataFrame) -> pd.DataFrame:
    """Net and gross flows and their parts, summed over recipients (year, US$ million).

    Columns net, gross, grants, drawn, repaid, in the years in which every recipient has all of
    them in a status of `SURE`.
    """
    names = {"net": "net", "gross": "gross", "grants": "grants"}
    names |= {"drawn": "gross_loans", "repaid": "repayments"}
    return sums(**{name: cells(flows, measure) for name, measure in names.items()}).dropna()


def made_of(flows: pd.DataFrame) -> pd.DataFrame:
    """What flows are made of, in the donor's currency (f02).

    Returns columns recipient, year, grants, loans_drawn, repayments, loans_net, repayments_low,
    repayments_high, status; million units of national currency, recipients and their sum, in the
    years in which net loans are known. Loans drawn and repayments are missing where `status`,
    which is theirs, is none of `SURE`: there only bounds of the repayments may be known.
    """
    rows = with_sum(flows[flows.price_basis == "yen"]).set_index([*CELL, "measure"])
    values, status = rows.value.unstack(), rows.status.unstack()
    found = values.rename(columns={"gross_loans": "loans_drawn"}).assign(
        repayments_low=rows.low.unstack().repayments,
        repayments_high=rows.high.unstack().repayments,
        status=status.repayments,
    )
    parted = ["loans_drawn", "repayments"]
    found[parted] = found[parted].where(found.status.isin(SURE), axis=0)
    columns = ["grants", *parted, "loans_net", "repayments_low", "repayments_high", "status"]
    return found[status.loans_net.isin(SURE)][columns].round(2).reset_index()


def parts_by_recipient(grants: pd.DataFrame, loans: pd.DataFrame) -> pd.DataFrame:
    """Grants and net loans by recipient: their sums, and mean grants in first and last years.

    Returns a frame indexed by recipient with columns years (with both parts), grants, loans_net,
    grants_first, grants_last (mean of the first and of the last `END_YEARS` years).
    """
    return pd.DataFrame(
        {
            "years": loans.count(),
            "grants": grants.sum(),
            "loans_net": loans.sum(),
            "grants_first": grants.head(END_YEARS).mean(),
            "grants_last": grants.tail(END_YEARS).mean(),
        }
    )


def lending(flows: pd.DataFrame) -> pd.DataFrame:
    """Who drew loans and who repaid them, when and how much.

    Returns a frame indexed by recipient. Over the years in which both are known: years, their
    number; drawn_in and repaid_in, those that are certain to have some, as text; drawn and repaid,
    the sums of these, million units of the donor's currency. Over those in which net loans are:
    negative_years, in which more was repaid than drawn, and since, the first year of the run of
    such years that lasts to the end (missing where there is none). What is not above rounding, or
    may be none once converted, counts as none.
    """
    found = {"years": cells(flows, "repayments").count()}
    for measure, name in {"gross_loans": "drawn", "repayments": "repaid"}.items():
        some = cells(flows, measure, "low") > measures.ROUNDING
        found[name] = cells(flows, measure, basis="yen").where(some).sum()
        found[f"{name}_in"] = pd.Series({r: year_spans(some.index[some[r]]) for r in some})
    negative = {
        r: flow.dropna() < -measures.ROUNDING for r, flow in cells(flows, "loans_net").items()
    }
    found["negative_years"] = pd.Series({r: years.sum() for r, years in negative.items()})
    to_the_end = {r: years.index[years[::-1].cummin()[::-1]] for r, years in negative.items()}
    found["since"] = pd.Series({r: years.min() for r, years in to_the_end.items()}, dtype="Int64")
    return pd.DataFrame(found).rename_axis("recipient")


def three_measures(flows: pd.DataFrame) -> pd.DataFrame:
    """Net, gross and grants (f03).

    Returns columns recipient (and their sum), year, measure, usd_million, low, high, status: net
    and grants where they are known, gross also where it is inferred, extrapolated or bounded
    (without a value then).
    """
    rows = with_sum(flows[flows.price_basis == "current"])
    told = rows.status.isin(SURE) & rows.measure.isin(["net", "grants"])
    told |= (rows.measure == "gross") & rows.high.notna()
    order = ["recipient", "measure", "year"]
    columns = [*CELL, "measure", "usd_million", "low", "high", "status"]
    rows = rows[told].rename(columns={"value": "usd_million"})
    return rows[columns].round(2).sort_values(order, ignore_index=True)


def means_in_same_years(net: pd.DataFrame, grants: pd.DataFrame) -> pd.DataFrame:
    """Mean net flow and grants over the years in which both are known for every recipient.

    Returns a frame indexed by recipient (and their sum) with columns net, grants and n (years),
    without rows where there is no such year.
    """
    both = pd.concat({"net": add_sum(net), "grants": add_sum(grants)}, axis=1).dropna()
    return both.mean().unstack(0).assign(n=len(both)).dropna().rename_axis("recipient")


def gross_above_net(flows: pd.DataFrame) -> pd.DataFrame:
    """By how much gross exceeds net, which is what was repaid.

    Returns a frame indexed by recipient, widest gap first, with columns years (compared), above
    (years in which gross is certain to be above net by more than rounding), gap (the widest) and
    gap_year.
    """
    apart = cells(flows, "repayments").dropna(axis=1, how="all")
    found = {
        "years": apart.count(),
        "above": (cells(flows, "repayments", "low") > measures.ROUNDING).sum(),
        "gap": apart.max(),
        "gap_year": apart.idxmax(),
    }
    rows = pd.DataFrame(found).reindex(apart.columns).rename_axis("recipient")
    return rows.sort_values("gap", ascending=False)


def mixed_years(net: pd.DataFrame) -> pd.DataFrame:
    """What shares of a sum come to where a recipient is negative, every recipient being known.

    Returns a frame indexed by year with columns largest_share and hhi (sum of squared shares).
    """
    mixed = net[(net < 0).any(axis=1) & net.notna().all(axis=1)]
    shares = mixed.div(mixed.sum(axis=1), axis=0)
    return pd.DataFrame({"largest_share": shares.max(axis=1), "hhi": (shares**2).sum(axis=1)})


def concentration(flows: pd.DataFrame) -> pd.DataFrame:
    """`oda_eras.measures.concentration` on gross flows, grants and net flows.

    Returns columns measure, year, status (the weakest among recipients), hhi, effective_number.
    """
    parts = [
        measures.concentration(cells(flows, measure)).assign(measure=measure)
        for measure in ("gross", "grants", "net")
    ]
    current = weakest(flows[flows.price_basis == "current"]).reset_index()
    found = pd.concat(parts).merge(current, on=["measure", "year"])
    return found[["measure", "year", "status", "hhi", "effective_number"]]


def shares_of_sum(flows: pd.DataFrame) -> pd.DataFrame:
    """Each recipient's percent of gross flows and of grants, in years in which all are known.

    Returns measure, recipient, year, share_percent.
    """
    parts = [
        measures.long(shares(cells(flows, measure)).dropna(), "share_percent").assign(measure=name)
        for measure, name in (("gross", "gross disbursements"), ("grants", "grants"))
    ]
    rows = pd.concat(parts, ignore_index=True)
    return rows[["measure", "recipient", "year", "share_percent"]].round(3)


def spread(rows: pd.DataFrame) -> pd.DataFrame:
    """Effective number of recipients by measure: years with one, their ends, and its range.

    `rows` is a result of `concentration`.
    """
    known = rows.dropna().groupby("measure", sort=False)
    return known.agg(
        years=("year", "size"),
        first=("year", "min"),
        last=("year", "max"),
        smallest=("effective_number", "min"),
        median=("effective_number", "median"),
        largest=("effective_number", "max"),
    )


def shares(flows: pd.DataFrame) -> pd.DataFrame:
    """Each recipient's percent of the sum by year, missing where a recipient is not reported."""
    return 100 * flows.div(sum_of(flows), axis=0)


def volatility(aid: pd.DataFrame, grants: pd.DataFrame, measure: str) -> pd.DataFrame:
    """`oda_eras.measures.volatility` of all flows of a measure, and of it and grants in the same
    years.

    Returns its columns after recipient, and measure, such as "net, 1992-2023", last. Where both
    measures cover the same years, the first stands once.
    """
    same = aid.loc[aid.index.intersection(grants.index)]
    frames = {f"{measure}, {years_of(frame)}": frame for frame in (aid, same)}
    frames[f"grants, {years_of(same)}"] = grants.loc[same.index]
    parts = [measures.volatility(f).assign(measure=name) for name, f in frames.items()]
    return pd.concat(parts).rename_axis("recipient").reset_index()


def indicator(context: pd.DataFrame, code: str, like: pd.DataFrame) -> pd.DataFrame:
    """One indicator of context.csv as a wide frame over the years and recipients of `like`."""
    rows = context[context.indicator == code].pivot(index="year", columns="area", values="value")
    return rows.reindex(index=like.index, columns=like.columns)


def years_at_first(ranks: pd.DataFrame) -> pd.DataFrame:
    """Years in which no donor gives more, by recipient.

    `ranks` is a result of `oda_eras.measures.ranks`. Returns a frame indexed by recipient with
    columns ranked (years with a rank), leading, first, last (missing where it never leads).
    """
    leading = ranks.assign(led=ranks.year.where(ranks["rank"] == 1)).groupby("recipient")
    return leading.agg(
        ranked=("year", "size"), leading=("led", "count"), first=("led", "min"), last=("led", "max")
    )


def grant_ranks(panel: pd.DataFrame, donor: str, donors: pd.DataFrame) -> pd.DataFrame:
    """A donor's rank by grants among DAC members and EU Institutions (wide).

    `donors` is data/donors.csv.
    """
    members = donors.donor[donors.group.isin(MEMBER_GROUPS)]
    grants = panel[(panel.measure == "grants") & panel.donor.isin(members)]
    total = grants.groupby(CELL, as_index=False).usd_million.sum()
    ranks = measures.ranks(grants, donor, total)
    return ranks.pivot(index="year", columns="recipient", values="rank")


def ranks_compared(on_grants: pd.DataFrame, on_net: pd.DataFrame) -> pd.DataFrame:
    """Best, median and worst rank by grants, and the median by net flow in the same years."""
    found = on_grants.agg(["min", "median", "max"]).T
    return found.assign(median_on_net=on_net.reindex(on_grants.index).median())


def beside_china(total: pd.Series, committed: pd.DataFrame) -> pd.DataFrame:
    """A donor's net ODA and China's commitments as rows, each in its own prices (f20).

    Parameters
    ----------
    total : Series
        Net ODA by year, current US$ million.
    committed : DataFrame
        china_commitments.csv, rows of the recipients.

    Returns
    -------
    DataFrame
        Columns series (a donor's "net ODA", then China's classes of flows), year, price_basis,
        usd_million, over the years of the run that China's data cover; without rows where either
        has none.
    """
    rows = committed[committed.year.isin(total.index)]
    china = rows.groupby(["flow_class", "year"], as_index=False).constant_2021_usd_million.sum()
    china = china.rename(columns={"constant_2021_usd_million": "usd_million"})
    china = china.assign(series=china.flow_class.map(CHINA), price_basis="constant 2021")
    covered = total.index[(total.index >= china.year.min()) & (total.index <= china.year.max())]
    own = total[covered].dropna().rename("usd_million")
    own = own.rename_axis("year").reset_index().assign(series="net ODA", price_basis="current")
    both = pd.concat([own, china], ignore_index=True) if len(own) else china[:0]
    return both[["series", "year", "price_basis", "usd_million"]].round(3)


def sector_mix(sectors: pd.DataFrame) -> pd.DataFrame:
    """Percent of each recipient's gross flow by sector, largest in the sum first.

    `sectors` has rows recipient, sector, gross_usd_million.
    """
    wide = sectors.pivot_table(
        index="sector", columns="recipient", values="gross_usd_million", aggfunc="sum", fill_value=0
    ).rename(SECTORS)
    wide = add_sum(wide)
    return (100 * wide / wide.sum()).sort_values(wide.columns[-1], ascending=False)
