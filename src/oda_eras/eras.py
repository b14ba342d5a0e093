"""Policy eras as data: which era a calendar year belongs to."""

import pandas as pd


def majority_era(eras: pd.DataFrame, years: list[int]) -> pd.Series:
    """Give each year to the era that holds the most of its days.

    Parameters
    ----------
    eras : DataFrame
        One scheme of data/eras.csv: columns era, opens, closes (ISO dates; `closes` is the day
        after the last one, empty where the era is still open).
    years : list of int
        Calendar years.

    Returns
    -------
    Series
        Era by year; missing where days that belong to no era outnumber those of every era.
        A day that two eras claim counts for both; of two eras with as many days, the earlier
        one gets the year.

    Raises ValueError where an era has no opening date.
    """
    if eras.opens.isna().any():
        raise ValueError(f"no opening date for {', '.join(eras.era[eras.opens.isna()])}")
    opens = pd.to_datetime(eras.opens)
    closes = pd.to_datetime(eras.closes).fillna(pd.Timestamp.max.normalize())
    chosen = {}
    for year in years:
        days = pd.date_range(f"{year}-01-01", f"{year}-12-31")
        held = [((days >= o) & (days < c)) for o, c in zip(opens, closes, strict=True)]
        counts = pd.Series([h.sum() for h in held], index=eras.era)
        unnamed = (~pd.DataFrame(held).any()).sum()
        chosen[year] = counts.idxmax() if counts.max() > unnamed else None
    return pd.Series(chosen, name="era", dtype="object").rename_axis("year")
