"""Distribution of the sum: how much will a set of deals bring in? Worked out without sampling.

A deal brings its whole amount or nothing. Good and bad times touch all deals alike: one common
shock z, normal with standard deviation `shock`, shifts the log-odds of every deal, and given z
the deals are independent. The probability of each deal by itself stays what was said about it.

Given z the sum is worked out without an approximation: deal by deal over all outcomes of a few
deals, or over a lattice of whole minor units. Of more than `_EXACTLY` deals the small ones enter
the lattice by their mean, variance and skewness, which at that size looks the same
(tests/insight compares with enumeration and with a far finer lattice). Floats are probabilities
and places on the lattice; what comes out as an amount is a whole number of minor units.

This is the only module that needs numpy, and it is imported when a forecast is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, gcd, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.kernel.rounding import divide

Floats: TypeAlias = NDArray[np.float64]
Amounts: TypeAlias = NDArray[np.int64]
Complexes: TypeAlias = NDArray[np.complex128]

_OUTCOMES = 12  # so many deals are enumerated: 2 ** 12 sums
_CELLS = 3_890  # places on the lattice: with 200 deals to round, 4,096
_EXACTLY = 400  # so many deals are always put on the lattice one by one
_SMALL = 0.01  # of the whole's standard deviation: a deal below it may be taken in bulk
_FARTHEST = 4.5  # standard deviations of the shock that are looked at; beyond lie 7 in a million
_SILENT = 1e-12  # a frequency below it adds nothing to any probability that is asked for
_DEAR = 6  # a transform, or a frequency by itself, costs so many times what a place filled does
_AT_ONCE = 1 << 15  # numbers worked on together: so many stay near the processor
_RARE = 12  # what is rarer than e^-12 is left out of the lattice
_TIE = 1e-9  # a sum whose probability is a level up to the last digits reaches that level
_FINE = 0.0025  # of the same: finer steps are for few deals only
_SPACING = 1.8  # between shocks; see `_shocks`
_PER_CENT = np.arange(1, 100) / 100


@dataclass(frozen=True, slots=True)
class Chance:
    """A deal as the forecast sees it: an amount in minor units and a probability in per cent."""

    amount_minor: int
    pct: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """Amounts in ascending order, and how probable it is that no more than each comes in.

    With a `step`, the amounts are the middles of cells that wide and what lies between is spread
    evenly; without one they are the very amounts that can come in.
    """

    amounts: Amounts
    cumulative: Floats
    step: int = 0

    def quantile(self, level: float) -> int:
        """The least amount that is not exceeded with this probability, in whole minor units.

        Between two units the even one is taken (half to even). Never falls as the level rises.
        """
        place = min(int(np.searchsorted(self.cumulative, level - _TIE)), len(self.amounts) - 1)
        amount = int(self.amounts[place])
        below = self.cumulative[place - 1] if place else 0.0
        inside = self.cumulative[place] - below
        if not self.step or inside <= 0:
            return amount
        share = min(max((level - below) / inside, 0.0), 1.0)
        between = round((share - 0.5) * self.step)
        return max(0, amount + int(between))

    def at_most(self, amount_minor: int) -> float:
        """The probability that no more than this comes in."""
        place = int(np.searchsorted(self.amounts, amount_minor, side="right"))
        return self.cumulative[place - 1].item() if place else 0.0


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and spread of the sum in minor units, as whole numbers.

    `common` is what the mean moves when all log-odds move by one, `own` the standard deviation
    there would be without a common shock. Past errors divided by them tell the shock's size.
    """

    expected: int
    common: int
    own: int


def moments(chances: Sequence[Chance]) -> Moments:
    """The moments of the sum, rounded half to even."""
    amounts = np.array([one.amount_minor for one in chances], dtype=np.float64)
    p = np.array([one.pct for one in chances], dtype=np.float64) / 100
    spread = p * (1 - p)
    hundredfold = sum(one.amount_minor * one.pct for one in chances)
    return Moments(
        divide(hundredfold, 100),
        round((amounts * spread).sum().item()),
        round(np.sqrt((amounts**2 * spread).sum()).item()),
    )


def distribution(chances: Sequence[Chance], shock: float) -> Distribution:
    """What the deals add up to. The sum of all amounts has to stay below 2^63 minor units."""
    certain = sum(one.amount_minor for one in chances if one.pct == 100)
    open_ones = sorted(
        (one.amount_minor, one.pct) for one in chances if one.amount_minor and 0 < one.pct < 100
    )
    if not open_ones:
        return Distribution(np.array([certain]), np.array([1.0]))
    amounts = np.array([amount for amount, _ in open_ones], dtype=np.int64)
    pcts = np.array([pct for _, pct in open_ones], dtype=np.intp)
    weights, table = _shocks(shock, pcts)
    if len(amounts) <= _OUTCOMES:
        return _enumerated(amounts, table[:, pcts], weights, certain)
    return _on_a_lattice(amounts, pcts, weights, table, certain)


def _shocks(shock: float, pcts: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Weights of shocks on an even grid, and each per cent's probability under each of them.

    The trapezoidal rule is exact here but for an error that falls with exp(-(2 pi / h)^2 / 2v),
    v = 1 + shock^2 * sum of p(1-p), h the spacing: so h = 1.8 / sqrt(v) leaves some 2e-3 of it.
    """
    if shock == 0:
        return np.ones(1), np.arange(101)[None, :] / 100
    p = pcts / 100
    spacing = _SPACING / np.sqrt(1 + shock**2 * (p * (1 - p)).sum())
    aside = ceil(_FARTHEST / spacing)
    z = np.arange(-aside, aside + 1) * (_FARTHEST / aside)
    weights = np.exp(-(z**2) / 2)
    weights /= weights.sum()
    table = np.zeros((len(z), 101))
    table[:, 1:100] = _logistic(_step(_places(shock), shock, z, weights) + shock * z[:, None])
    table[:, 100] = 1
    return weights, table


@lru_cache(maxsize=64)
def _places(shock: float) -> Floats:
    """The log-odds around which 1 to 99 per cent move, so that their means stay 1 to 99 per cent.

    Without them a shock would pull every probability towards one half.
    """
    z = np.arange(-24, 25) / 4
    weights = np.exp(-(z**2) / 2)
    weights /= weights.sum()
    places: Floats = np.log(_PER_CENT / (1 - _PER_CENT)) * np.sqrt(1 + 0.346 * shock**2)
    for _ in range(8):
        places = _step(places, shock, z, weights)
    return places


def _step(places: Floats, shock: float, z: Floats, weights: Floats) -> Floats:
    """A step of Newton's method towards the places that keep the means under these shocks."""
    p = _logistic(places + shock * z[:, None])
    nearer: Floats = places - (weights @ p - _PER_CENT) / (weights @ (p * (1 - p)))
    return nearer


def _logistic(log_odds: Floats) -> Floats:
    p: Floats = 1 / (1 + np.exp(-log_odds))
    return p


def _enumerated(amounts: Amounts, p: Floats, weights: Floats, certain: int) -> Distribution:
    """Every outcome of a few deals."""
    sums = np.array([certain], dtype=np.int64)
    mass = np.ones((len(weights), 1))
    for deal, amount in enumerate(amounts):
        won = p[:, deal : deal + 1]
        sums = np.concatenate((sums, sums + amount))
        mass = np.concatenate((mass * (1 - won), mass * won), axis=1)
    order = np.argsort(sums, kind="stable")
    return Distribution(sums[order], np.cumsum((weights @ mass)[order]))


def _on_a_lattice(
    amounts: Amounts, pcts: NDArray[np.intp], weights: Floats, table: Floats, certain: int
) -> Distribution:
    """Many deals, ascending: the large ones one by one, the small ones of very many in bulk."""
    means, variances = _means(amounts, pcts, table), _variances(amounts, pcts, table)
    whole = np.sqrt(weights @ variances + weights @ (means - weights @ means) ** 2)
    lowest, highest = _window(amounts, means, variances)
    divisor = gcd(*amounts.tolist())
    step = max(divisor, -(-(highest - lowest) // _CELLS))
    small = 0
    if len(amounts) > _EXACTLY:
        below = int(np.searchsorted(amounts, _SMALL * whole))
        small = max(below, len(amounts) - _EXACTLY)
        step = max(step, int(_FINE * whole))
    if step == divisor and len(amounts) <= 2 * _EXACTLY:
        small = 0  # amounts of one price list fit the lattice exactly
    spare = 0 if step == divisor else len(amounts) - small  # each may have been rounded up
    places = lowest // step + np.arange((highest - lowest) // step + 2 + spare)
    size = _quick_size(len(places))
    large = slice(small, None)
    cells = np.array(_cells(amounts[large], pcts[large], step), dtype=np.int64)
    bulk = np.zeros((3, len(weights)))
    if small:
        bulk = _cumulants(amounts[:small] / step, pcts[:small], table)
    spectrum = _one_by_one(cells, table[:, pcts[large]], weights, size, bulk[1])
    if small:
        heard = np.flatnonzero(spectrum.any(axis=0))
        spectrum[:, heard] *= _in_bulk(bulk, heard / size)
    # No `@`: its threads cost more than they do.
    mixed = (weights[:, None] * spectrum).sum(axis=0)
    # What cannot be is not quite zero after the way there and back.
    mass = np.maximum(np.fft.irfft(mixed, size), 0)[places % size]
    return Distribution(certain + places * step, np.cumsum(mass), step if small else 0)


def _window(amounts: Amounts, means: Floats, variances: Floats) -> tuple[int, int]:
    """Between which sums all but a few millionths of the probability lie, under every shock.

    Bernstein's inequality: farther than this from its mean a sum comes with less than e^-12.
    """
    third = _RARE * amounts[-1] / 3
    far = third + np.sqrt(third**2 + 2 * _RARE * variances)
    lowest, highest = (means - far).min(), (means + far).max()
    return max(0, floor(lowest)), min(int(amounts.sum()), ceil(highest))


def _cells(amounts: Amounts, pcts: NDArray[np.intp], step: int) -> list[int]:
    """Each amount in whole steps, rounded so that the mean of the sum stays where it is."""
    cells, off = [], 0
    for amount, pct in zip(amounts.tolist(), pcts.tolist(), strict=True):
        down, rest = divmod(amount, step)
        up = abs(off + pct * (step - rest)) < abs(off - pct * rest)
        off += pct * (step - rest) if up else -pct * rest
        cells.append(down + up)
    return cells


def _one_by_one(cells: Amounts, p: Floats, weights: Floats, size: int, bulk: Floats) -> Complexes:
    """The characteristic function of the sum under every shock, at `size` frequencies.

    Two ways to the same numbers. Under shocks where few frequencies are heard these are worked
    out each by itself; under the others the lattice itself is filled and transformed.
    """
    middle = slice(len(p) // 2, len(p) // 2 + 1)  # the likeliest shock hears as little as any
    hands, reach = _hands(cells, size)
    enough = reach // _DEAR + hands * size // max(len(cells), 1)
    if _heard(cells, p[middle], weights[middle], size, bulk[middle]).sum() > enough:
        return _cell_by_cell(cells.tolist(), p, size, hands)
    heard = _heard(cells, p, weights, size, bulk)
    few = heard.sum(axis=1) <= enough
    places = np.flatnonzero(heard[few].any(axis=0))
    spectrum = np.zeros((len(p), size // 2 + 1), dtype=np.complex128)
    spectrum[np.ix_(few, places)] = _by_frequency(cells, p[few], places, size)
    if not few.all():
        spectrum[~few] = _cell_by_cell(cells.tolist(), p[~few], size, hands)
    return spectrum


def _heard(
    cells: Amounts, p: Floats, weights: Floats, size: int, bulk: Floats
) -> NDArray[np.bool_]:
    """At which frequencies the characteristic function can matter, shock by shock.

    Its square is a product of 1 - 2 p (1 - p) (1 - cos), and 1 - x <= exp(-x): so one transform of
    all p (1 - p) bounds it everywhere. The variance of the `bulk` silences high ones besides. Of
    200 deals of which none rules, some fifty of 2,049 remain.
    """
    spread = [np.bincount(cells % size, weights=one, minlength=size) for one in p * (1 - p)]
    echo = np.fft.rfft(spread, axis=1).real
    t = 2 * np.pi * np.arange(size // 2 + 1) / size
    echo -= echo[:, :1] + bulk[:, None] * t**2 / 2
    heard: NDArray[np.bool_] = echo > np.log(_SILENT / weights)[:, None]
    return heard


def _by_frequency(cells: Amounts, p: Floats, places: Amounts, size: int) -> Complexes:
    """The same, at some frequencies, as the product of what each deal has there."""
    roots = np.exp(-2j * np.pi / size * np.arange(size)) - 1
    spectrum = np.ones((len(p), len(places)), dtype=np.complex128)
    deals = max(1, _AT_ONCE // spectrum.size)
    for first in range(0, len(cells), deals):
        some = slice(first, first + deals)
        factors = p[:, some, None] * roots[np.outer(cells[some], places) % size]
        factors += 1
        spectrum *= factors.prod(axis=1)
    return spectrum


def _hands(cells: Amounts, size: int) -> tuple[int, int]:
    """Over how many lattices deals are best dealt out, and how long each then is."""
    total = int(cells.sum())
    hands = max(1, round(sqrt(len(cells) * min(total, size) / (_DEAR * size))))
    return hands, min(total // hands, size)


def _cell_by_cell(cells: list[int], p: Floats, size: int, hands: int) -> Complexes:
    """The characteristic function of the sum under every shock, at the `size` roots of unity.

    Deals are dealt out like cards to a few lattices, which stay short that way, and the lattices'
    transforms are multiplied. Sums that differ by `size` steps share a place: the window is such
    that one of them practically never comes in.
    """
    spectrum = np.ones((len(p), size // 2 + 1), dtype=np.complex128)
    buffer = np.empty((len(p), size))
    for hand in range(hands):
        longest = min(sum(cells[hand::hands]) + 1, size)
        mass = np.zeros((len(p), longest))
        mass[:, 0] = 1
        used = 1
        for deal in range(hand, len(cells), hands):
            cell, won = cells[deal] % size, p[:, deal : deal + 1]
            moved = np.multiply(mass[:, :used], won, out=buffer[:, :used])
            mass[:, :used] *= 1 - won
            fits = min(used, longest - cell)
            mass[:, cell : cell + fits] += moved[:, :fits]
            mass[:, : used - fits] += moved[:, fits:]  # the lattice is cyclic
            used = min(used + cell, longest)
        spectrum *= np.fft.rfft(mass, size, axis=1)
    return spectrum


def _cumulants(amounts: Floats, pcts: NDArray[np.intp], table: Floats) -> Floats:
    """The first three cumulants of the sum of many small deals under each shock.

    A spread of at least one step keeps it smooth.
    """
    first, second = _means(amounts, pcts, table), _variances(amounts, pcts, table)
    third = _by_pct(amounts**3, pcts, table * (1 - table) * (1 - 2 * table))
    return np.stack((first, np.maximum(second, 1), third))


def _in_bulk(cumulants: Floats, places: Floats) -> Complexes:
    """The characteristic function of what has these cumulants, at these parts of a turn."""
    first, second, third = cumulants[:, :, None]
    t = 2 * np.pi * places
    function: Complexes = np.exp(-second * t**2 / 2 + 1j * (third * t**3 / 6 - first * t))
    return function


def _quick_size(places: int) -> int:
    """The next length whose transform is quick: a power of two, or one and a half of it."""
    power = 1 << (places - 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= places else power


def _means(amounts: NDArray[np.generic], pcts: NDArray[np.intp], table: Floats) -> Floats:
    return _by_pct(amounts, pcts, table)


def _variances(amounts: NDArray[np.generic], pcts: NDArray[np.intp], table: Floats) -> Floats:
    return _by_pct(amounts.astype(np.float64) ** 2, pcts, table * (1 - table))


def _by_pct(values: NDArray[np.generic], pcts: NDArray[np.intp], table: Floats) -> Floats:
    """The sum of values times what the table says about their per cent, under every shock."""
    return table @ np.bincount(pcts, weights=values, minlength=101)
