"""Other donors as controls: placebo contrasts, a Poisson model, a synthetic donor."""

import warnings

import numpy as np
import pandas as pd

# How a blank is read: see `donor_totals`.
READINGS = ("missing", "reported", "zero")
# How the years of a synthetic donor's fit are weighed.
FITS = ("scaled", "unscaled")
# What optimisers find differs between processors in the last digits; settled to these decimals,
# everything that follows from it rounds the same everywhere.
SETTLED = 6


def donor_totals(flows: pd.DataFrame, reading: str, years: list[int], donor: str) -> pd.DataFrame:
    """Each active donor's flow to the recipients in `flows` together, where its sum is known.

    A donor is active if it has a flow other than zero in any of the years. Idle donors can't
    outrank anyone: counted as controls, they would only lower p and its floor.

    Parameters
    ----------
    flows : DataFrame
        Rows donor, recipient, year, usd_million of one measure, for donors inside a closed total
        (their flows and the published total agree with blanks counted as nothing).
    reading : str
        "missing": a blank is not known; a donor needs every cell in every year.
        "reported": a blank beside a reported cell of the same year is nothing; a donor needs one
        cell in every year.
        "zero": every blank is nothing; all active donors stay.
    years : list of int
        Calendar years.
    donor : str
        The donor that the others are compared with; stays even if idle.

    Returns
    -------
    DataFrame
        Index year, a column per donor, US$ million.

    Raises ValueError for an unknown reading.
    """
    if reading not in READINGS:
        raise ValueError(f"reading {reading!r}: expected one of {', '.join(READINGS)}")
    cells = flows.pivot(index="year", columns=["donor", "recipient"], values="usd_million")
    cells = cells.reindex(years)
    by_donor = cells.T.groupby("donor")
    needed = {"missing": flows.recipient.nunique(), "reported": 1, "zero": 0}[reading]
    known = (by_donor.count() >= needed).all(axis=1)
    active = cells.fillna(0).any().groupby("donor").any()
    active[donor] = True
    return by_donor.sum()[known & active].T


def placebo(changes: pd.Series, donor: str) -> dict:
    """Place one donor's change among all donors' changes.

    Returns n_controls, change, rank (1 = largest absolute change), p = rank / (controls + 1) and
    its floor 1 / (controls + 1) (Abadie, Diamond and Hainmueller 2010, Journal of the American
    Statistical Association 105, 493-505, use the same permutation of the treated unit).
    """
    rank = int((changes.abs() >= abs(changes[donor]) * (1 - 1e-12)).sum())
    return {
        "n_controls": len(changes) - 1,
        "change": round(float(changes[donor]), 9),
        "rank": rank,
        "p": rank / len(changes),
        "floor": 1 / len(changes),
    }


def poisson_effects(cells: pd.DataFrame, donor: str, eras: list[str]) -> pd.DataFrame:
    """One donor's era effects on grants, from a Poisson model with two-way fixed effects.

    grants = exp(donor-recipient effect + recipient-year effect + donor x era effects), by
    pseudo maximum likelihood (Santos Silva and Tenreyro 2006, Review of Economics and Statistics
    88, 641-658), standard errors clustered by donor. With one treated donor these are unreliable;
    compare the estimates of every other donor (`placebo`).

    Parameters
    ----------
    cells : DataFrame
        Rows donor, recipient, year, era, usd_million (not negative).
    donor : str
        The donor whose eras get effects.
    eras : list of str
        Eras with an effect; the others are the base.

    Returns
    -------
    DataFrame
        Index era; columns estimate (log points against the base), se; missing where the data
        do not identify the effect, as for a donor without grants in the base.
    """
    import pyfixest

    data = cells.assign(
        pair=cells.donor + cells.recipient, cell=cells.recipient + cells.year.astype(str)
    )
    for era in eras:
        data[f"effect_{era}"] = ((data.donor == donor) & (data.era == era)).astype(int)
    formula = f"usd_million ~ {' + '.join(f'effect_{era}' for era in eras)} | pair + cell"
    with warnings.catch_warnings():
        # cells that their fixed effect explains fully carry no information and are dropped, as
        # are effects that no observation identifies; those come back missing
        warnings.simplefilter("ignore", UserWarning)
        try:
            fit = pyfixest.fepois(formula, data=data, vcov={"CRV1": "donor"})
        except ValueError as error:
            # pyfixest drops effects that are not identified, but stops where none is left
            if "All variables are collinear" not in str(error):
                raise
            return pd.DataFrame(np.nan, pd.Index(eras, name="era"), ["estimate", "se"])
    table = pd.DataFrame({"estimate": fit.coef(), "se": fit.se()})
    table.index = [str(name).removeprefix("effect_") for name in table.index]
    return table.reindex(eras).rename_axis("era").round(SETTLED)


def synthetic(
    flows: pd.DataFrame, donor: str, last_before: int, fit: str
) -> tuple[pd.Series, pd.Series]:
    """A weighted mean of other donors that follows one donor before a date.

    The weights minimise the sum over the years of the fit of (flow less weighted mean)^2, each
    year weighed as `fit` says.

    Parameters
    ----------
    flows : DataFrame
        Index year, a column per donor without gaps, US$ million.
    donor : str
        The donor to be followed.
    last_before : int
        Last year that the weights are fitted on; every such year is a predictor.
    fit : str
        "scaled": as pysyncon does, flows of a year are divided by their standard deviation over
        all donors in `flows`, so that a year counts less the further donors lie apart in it.
        "unscaled": a US$ million counts the same in every year.

    Returns
    -------
    gap : Series
        The donor less its synthetic counterpart, by year, US$ million.
    weights : Series
        Weights of the other donors, from 0 to 1, summing to 1.

    Raises ValueError for an unknown fit.
    """
    from pysyncon import Synth

    if fit not in FITS:
        raise ValueError(f"fit {fit!r}: expected one of {', '.join(FITS)}")
    before = flows.loc[:last_before]
    others = flows.columns.drop(donor)
    # the library always scales; the variance as a year's importance takes that out again
    importance = np.ones(len(before)) if fit == "scaled" else before.var(axis=1).to_numpy()
    model = Synth()
    model.fit(
        X0=before[others],
        X1=before[donor],
        Z0=before[others],
        Z1=before[donor],
        custom_V=importance,
    )
    weights = pd.Series(np.asarray(model.W).ravel(), index=others).round(SETTLED)
    return (flows[donor] - flows[others] @ weights).round(9), weights


def synthetic_gaps(flows: pd.DataFrame, donor: str, last_before: int, fit: str) -> pd.DataFrame:
    """The gap of every donor to its own synthetic counterpart: index year, a column per donor.

    `donor` serves as no other's control: its own change would show in their gaps.
    """
    others = flows.drop(columns=donor)
    return pd.DataFrame(
        {d: synthetic(flows if d == donor else others, d, last_before, fit)[0] for d in flows}
    )


def gap_ratios(gaps: pd.DataFrame, last_before: int) -> pd.DataFrame:
    """How much larger gaps are after a date than before it.

    Returns a frame indexed by donor with columns before, after (root mean squared gaps), ratio
    (after over before) and mean_gap_after, US$ million.
    """
    rows = {}
    for donor, gap in gaps.items():
        before = np.sqrt((gap.loc[:last_before] ** 2).mean())
        after = np.sqrt((gap.loc[last_before + 1 :] ** 2).mean())
        rows[donor] = {
            "before": before,
            "after": after,
            "ratio": after / before if before > 0 else np.inf,
            "mean_gap_after": gap.loc[last_before + 1 :].mean(),
        }
    return pd.DataFrame(rows).T.rename_axis("donor").round(9)
