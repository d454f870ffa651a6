"""How long until an answer, with the unanswered counted as 'not yet' instead of left out."""

from __future__ import annotations

from collections.abc import Mapping


def quantile(answered: Mapping[float, int], waiting: Mapping[float, int], share: float) -> float | None:
    """The time by which ``share`` (0 < share < 1) of all were answered, by the Kaplan-Meier estimate.

    ``answered`` says how many waited how long for their answer, ``waiting`` how many of the unanswered have waited how
    long so far (censored there); times in any one unit, in which the result is. The result is the smallest time t with
    S(t) <= 1 - share, S(t) being the product over the times up to t of (1 - answered then / at risk then); None when
    S never falls that far, that is, when too many are unanswered to know.

    Source: E. L. Kaplan, P. Meier, Nonparametric estimation from incomplete observations, JASA 53 (1958).
    """
    at_risk = sum(answered.values()) + sum(waiting.values())
    censored = sorted(waiting.items())
    surviving, gone = 1.0, 0
    for time, number in sorted(answered.items()):
        while gone < len(censored) and censored[gone][0] < time:
            at_risk -= censored[gone][1]
            gone += 1
        surviving *= 1 - number / at_risk
        at_risk -= number
        if surviving <= 1 - share + 1e-12:
            return time
    return None
