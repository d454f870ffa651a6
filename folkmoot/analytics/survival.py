"""How long until an answer, with the unanswered counted as 'not yet' instead of left out."""

from __future__ import annotations

from collections.abc import Sequence


def quantile(answered: Sequence[float], waiting: Sequence[float], share: float) -> float | None:
    """The time by which ``share`` (0 < share < 1) of all were answered, by the Kaplan-Meier estimate.

    ``answered`` are the times until the answer, ``waiting`` the times for which the unanswered have waited so far
    (censored there); both in any one unit, in which the result is. The result is the smallest time t with
    S(t) <= 1 - share, S(t) being the product over the times up to t of (1 - answered then / at risk then); None when
    S never falls that far, that is, when too many are unanswered to know.

    Source: E. L. Kaplan, P. Meier, Nonparametric estimation from incomplete observations, JASA 53 (1958).
    """
    times, censored = sorted(answered), sorted(waiting)
    at_risk = len(times) + len(censored)
    surviving, gone, index = 1.0, 0, 0
    while index < len(times):
        now = times[index]
        while gone < len(censored) and censored[gone] < now:
            gone += 1
        ends = index
        while ends < len(times) and times[ends] == now:
            ends += 1
        surviving *= 1 - (ends - index) / (at_risk - index - gone)
        index = ends
        if surviving <= 1 - share + 1e-12:
            return now
    return None
