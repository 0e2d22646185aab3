"""The currency in which people are shown amounts. Everything kept, asked and handed on is US
dollars; a rate that somebody set is applied where an amount becomes text, and said with it."""

from __future__ import annotations

from dataclasses import dataclass

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩"}


@dataclass(frozen=True)
class Currency:
    """`code` is ISO 4217's; `rate` how much of it a US dollar buys, and `since` when it did."""

    code: str = "USD"
    rate: float = 1.0
    since: str = ""

    @property
    def sign(self) -> str:
        return _SIGNS.get(self.code, f"{self.code}\u00a0")

    @property
    def name(self) -> str:
        return "US dollars" if self.code == "USD" else self.code

    @property
    def note(self) -> str:
        """What a reader must know of converted amounts; empty for dollars."""
        if self.code == "USD":
            return ""
        since = f" of {self.since}" if self.since else ""
        return f"{self.code} at {self.rate:g} for a US dollar, a rate set here{since}"


_shown = Currency()


def show_in(currency: Currency) -> None:
    """For the whole process: a server shows one currency."""
    global _shown
    _shown = currency


def shown() -> Currency:
    return _shown


def signed(usd: float) -> tuple[str, float]:
    """A dollar amount as what stands before its digits, and its size in the currency shown."""
    return ("−" if usd < 0 else "") + _shown.sign, abs(usd) * _shown.rate
