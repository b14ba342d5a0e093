"""Who received how much: sums, periods and parts of the flows that notebook 03 shows.

Wide frames have calendar years as index and recipients (ISO3) as columns, in US$ million unless
said otherwise. A missing cell is "not reported" and stays missing.
"""

import pandas as pd

from oda_eras import measures
from oda_eras.eras import study_eras
from oda_eras.flows import CELL, STATUSES
from oda_eras.measures import ALL, long, sum_of, tested_total
from oda_eras.study import FIRST_YEAR, LAST_YEAR, Study

# first years of the periods that means are taken over; the last goes on to the end
PERIODS = [FIRST_YEAR, 1997, 2002, 2007, 2012, 2017]
# years at each end of the grants that are compared
END_YEARS = 6
CHINA = {"ODA": "ODA-like", "OOF": "other official flows", "vague": "of unclear kind"}
SECTORS = {"WASH": "Water and sanitation", "Agri & food": "Agriculture and food"}


def add_sum(flows: pd.DataFrame) -> pd.DataFrame:
    """A wide frame with the sum of several recipients as its last column; of one, as it is."""
    return flows.assign(**{ALL: sum_of(flows)}) if flows.shape[1] > 1 else flows


def sources_of(panel: pd.DataFrame, donor: str) -> str:
    """Sources of one donor's net, grants and gross flows, in this order, as a list in text."""
    rows = panel[panel.donor == donor].set_index("measure")
    found = [source for m in ("net", "grants", "gross") for source in rows.source.get([m], [])]
    return ", ".join(dict.fromkeys(found))


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
        if len(part):
            rows[years_of(part)] = part.agg(how)
    return pd.DataFrame(rows).T.rename_axis("period")


def years_of(frame: pd.DataFrame | pd.Series) -> str:
    """First and last year of a frame, or the only one."""
    first, last = frame.index.min(), frame.index.max()
    return f"{first}-{last}" if first < last else f"{first}"


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


def made_of(
    grants: pd.DataFrame,
    loans: pd.DataFrame,
    gross: pd.DataFrame,
    repaid: pd.DataFrame,
    rate: pd.Series,
) -> pd.DataFrame:
    """What flows are made of, in the donor's currency (f02).

    Parameters
    ----------
    grants, loans, gross : DataFrame
        Wide frames; `loans` are net.
    repaid : DataFrame
        Rows recipient, year, lcu_million, label (a status of `oda_eras.flows`).
    rate : Series
        National currency per US$ by year.

    Returns
    -------
    DataFrame
        Columns recipient, year, grants, loans_net, repayments, label; million units of national
        currency, recipients and their sum. Repayments are missing where gross is unknown, in the
        sum where it is for one recipient.
    """
    parts = [
        long(add_sum(frame).mul(rate, axis=0), name)
        for name, frame in {"grants": grants, "loans_net": loans}.items()
    ]
    by_cell = repaid.rename(columns={"lcu_million": "repayments"}).astype({"year": int})
    in_all = by_cell[by_cell.year.isin(gross.dropna().index)].groupby("year", as_index=False)
    # a sum is as sure as its least sure part
    least = {"label": lambda labels: max(labels, key=STATUSES.index)}
    in_sum = in_all.agg({"repayments": "sum"} | least).assign(recipient=ALL)
    repayments = pd.concat([by_cell, in_sum])[[*CELL, "repayments", "label"]]
    return parts[0].merge(parts[1], on=CELL).merge(repayments, on=CELL, how="left").round(2)


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


def repaying(loans: pd.DataFrame, net: pd.DataFrame) -> pd.DataFrame:
    """Where and since when repayments exceed new drawings, by more than rounding.

    Returns a frame indexed by recipient with columns negative_years, first, since (first year of
    the run that lasts to the end of the series; missing where there is none), net_loans (their
    sum over the negative years) and negative_net (years with a negative net flow).
    """
    rows = {}
    for recipient, flow in loans.items():
        flow = flow.dropna()
        negative = flow < -measures.ROUNDING
        to_the_end = negative[::-1].cummin()[::-1]
        rows[recipient] = {
            "negative_years": negative.sum(),
            "first": flow.index[negative].min(),
            "since": flow.index[to_the_end].min(),
            "net_loans": flow[negative].sum(),
            "negative_net": (net[recipient] < 0).sum(),
        }
    whole = {name: "Int64" for name in ("negative_years", "first", "since", "negative_net")}
    return pd.DataFrame(rows).T.rename_axis("recipient").astype(whole | {"net_loans": float})


def three_measures(
    net: pd.DataFrame, gross: pd.DataFrame, grants: pd.DataFrame, labels: pd.DataFrame
) -> pd.DataFrame:
    """Net, gross and grants as far as known (f03).

    `labels` is a wide frame of statuses of `oda_eras.flows` for `gross`. Returns columns recipient
    (and their sum), year, measure, usd_million, label ("reported" for net and grants; gross in the
    sum is as sure as its least sure part).
    """
    rank = labels.map(STATUSES.index)
    ranks = long(rank.assign(**{ALL: rank.max(axis=1)}), "rank")
    rows = [
        long(add_sum(frame)).assign(measure=measure, label="reported")
        for measure, frame in {"net": net, "gross": gross, "grants": grants}.items()
    ]
    of_gross = rows[1].merge(ranks, on=CELL, how="left")
    rows[1] = of_gross.assign(label=of_gross["rank"].map(dict(enumerate(STATUSES))))
    order = ["recipient", "measure", "year"]
    columns = [*CELL, "measure", "usd_million", "label"]
    return pd.concat(rows)[columns].round(2).sort_values(order, ignore_index=True)


def means_in_same_years(net: pd.DataFrame, grants: pd.DataFrame) -> pd.DataFrame:
    """Mean net flow and grants over the years in which both are known for every recipient.

    Returns a frame indexed by recipient (and their sum) with columns net, grants and n (years),
    without rows where there is no such year.
    """
    both = pd.concat({"net": add_sum(net), "grants": add_sum(grants)}, axis=1).dropna()
    return both.mean().unstack(0).assign(n=len(both)).dropna().rename_axis("recipient")


def gross_above_net(gross: pd.DataFrame, net: pd.DataFrame) -> pd.DataFrame:
    """By how much gross exceeds net, which is what was repaid.

    Returns a frame indexed by recipient, widest gap first, with columns years (compared), above
    (years in which gross is above net by more than rounding), gap (the widest) and gap_year.
    """
    apart = (gross - net).round(2).dropna(axis=1, how="all")
    found = {
        "years": apart.count(),
        "above": (apart > measures.ROUNDING).sum(),
        "gap": apart.max(),
        "gap_year": apart.idxmax(),
    }
    return pd.DataFrame(found).rename_axis("recipient").sort_values("gap", ascending=False)


def mixed_years(net: pd.DataFrame) -> pd.DataFrame:
    """What shares of a sum come to where a recipient is negative, every recipient being known.

    Returns a frame indexed by year with columns largest_share and hhi (sum of squared shares).
    """
    mixed = net[(net < 0).any(axis=1) & net.notna().all(axis=1)]
    shares = mixed.div(mixed.sum(axis=1), axis=0)
    return pd.DataFrame({"largest_share": shares.max(axis=1), "hhi": (shares**2).sum(axis=1)})


def concentration(**frames: pd.DataFrame) -> pd.DataFrame:
    """`oda_eras.measures.concentration` of several measures, named as they are given.

    Returns columns measure, year, hhi, effective_number.
    """
    parts = [measures.concentration(f).assign(measure=name) for name, f in frames.items()]
    return pd.concat(parts, ignore_index=True)[["measure", "year", "hhi", "effective_number"]]


def spread(rows: pd.DataFrame) -> pd.DataFrame:
    """Effective number of recipients by measure: years with one, their ends, and its range.

    `rows` is a result of `concentration`.
    """
    known = rows.dropna().groupby("measure")
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


def volatility(net: pd.DataFrame, grants: pd.DataFrame) -> pd.DataFrame:
    """`oda_eras.measures.volatility` of all net flows, and of both measures in the same years.

    Returns its columns after recipient, and measure, such as "net, 1992-2023", last. Where both
    measures cover the same years, net stands once.
    """
    same = net.loc[net.index.intersection(grants.index)]
    frames = {f"net, {years_of(frame)}": frame for frame in (net, same)}
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
    members = donors.donor[donors.group.isin(["DAC", "EU institutions"])]
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
