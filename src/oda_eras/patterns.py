"""Who received how much: sums, periods and parts of the flows that notebook 03 shows.

Wide frames have calendar years as index and recipients (ISO3) as columns.
"""

import pandas as pd

from oda_eras.eras import study_eras
from oda_eras.measures import ALL, long, sum_of, tested_total
from oda_eras.study import Study

PERIODS = [(1992, 1996), (1997, 2001), (2002, 2006), (2007, 2011), (2012, 2016), (2017, 2023)]


def with_sum(flows: pd.DataFrame) -> pd.DataFrame:
    """Flows as rows (recipient, year, usd_million), with the sum of several recipients."""
    return long(flows.assign(**{ALL: sum_of(flows)}) if flows.shape[1] > 1 else flows)


def bands(all_eras: pd.DataFrame, study: Study, panel: pd.DataFrame) -> pd.DataFrame:
    """Eras to shade in a figure: the article's own where the donor has them, else the run's."""
    own = all_eras[(all_eras.donor == study.donor) & (all_eras.scheme == "article")]
    return own if len(own) else study_eras(all_eras, study, tested_total(panel, study))


def by_period(frame: pd.DataFrame, how: str = "mean") -> pd.DataFrame:
    """Aggregate the known years of a wide frame over periods; the first and last may be cut.

    Returns a frame with a column period, such as "1992-1996", and the columns of `frame`.
    """
    rows = {}
    for first, last in PERIODS:
        part = frame.loc[first:last]
        if len(part):
            rows[years_of(part)] = part.agg(how)
    return pd.DataFrame(rows).T.rename_axis("period").reset_index()


def years_of(frame: pd.DataFrame | pd.Series) -> str:
    """First and last year of a frame, or the only one."""
    first, last = frame.index.min(), frame.index.max()
    return f"{first}-{last}" if first < last else f"{first}"


def with_and_without(net: pd.DataFrame) -> pd.DataFrame:
    """The sum over recipients with and without Uzbekistan (year, two columns, US$ million)."""
    others = net.drop(columns="UZB")
    sums = {"with_uzbekistan": sum_of(net), "without_uzbekistan": sum_of(others)}
    return pd.DataFrame(sums).round(2).reset_index()
