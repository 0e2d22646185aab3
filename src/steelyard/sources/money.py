"""Amounts as systems write them, as integer nano-dollars, exactly.

No binary fraction is ever computed with. What is finer than a nano-dollar is rounded half to even.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from steelyard.errors import BadValue

PER_DOLLAR = 10**9
PER_CENT = 10**7


def from_cents(amount: Decimal) -> int:
    """Nano-dollars of an amount in cents, such as `Decimal("123.45")` for 1.2345 USD."""
    return _nanos(amount, PER_CENT)


def from_dollars(amount: Decimal) -> int:
    """Nano-dollars of an amount in dollars."""
    return _nanos(amount, PER_DOLLAR)


def _nanos(amount: Decimal, nanos: int) -> int:
    if not amount.is_finite():
        raise BadValue(f"{amount} is not an amount of money.", "Amounts are plain numbers.")
    with localcontext(prec=60):
        return int((amount * nanos).to_integral_value(ROUND_HALF_EVEN))
