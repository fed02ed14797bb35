"""The yield optimizer in Python's integers: what the chain has to say, to the unit."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.fixtures.protocol import WAD

BPS = 10_000
VIRTUAL = 10**6
DUST = 10
EVERYTHING = 2**256 - 1


def up(numerator: int, denominator: int) -> int:
    """Quotient, rounded up."""
    return -(-numerator // denominator)


@dataclass
class Lock:
    """ProfitLock."""

    amount: int = 0
    since: int = 0
    end: int = 0

    def at(self, now: int) -> int:
        return 0 if now >= self.end else up(self.amount * (self.end - now), self.end - self.since)

    def gained(self, gain: int, period: int, now: int) -> None:
        left = self.at(now)
        if left + gain == 0:
            return
        mean = up(left * max(0, self.end - now) + gain * period, left + gain)
        self.amount, self.since, self.end = left + gain, now, now + mean

    def lost(self, loss: int, now: int) -> None:
        self.amount, self.since = max(0, self.at(now) - loss), now


@dataclass
class Vault:
    """OpenZeppelin's ERC4626 without an offset, in which the optimizer is the one holder."""

    assets: int = 0
    supply: int = 0

    def preview_redeem(self, shares: int) -> int:
        return shares * (self.assets + 1) // (self.supply + 1)

    def deposit(self, assets: int) -> int:
        shares = assets * (self.supply + 1) // (self.assets + 1)
        self.assets, self.supply = self.assets + assets, self.supply + shares
        return shares

    def redeem(self, shares: int) -> int:
        assets = self.preview_redeem(shares)
        self.assets, self.supply = self.assets - assets, self.supply - shares
        return assets


@dataclass
class Strategy:
    """The optimizer's record of one strategy."""

    vault: Vault
    cap: int
    reported_at: int
    shares: int = 0
    debt: int = 0
    cut: bool = False
    losses: int = 0
    lost_at: int = 0

    def worth(self) -> int:
        return self.vault.preview_redeem(self.shares) if self.shares else 0


@dataclass
class Model:
    """The optimizer; every method takes the block's time and leaves what the chain should have."""

    terms: tuple[int, ...]
    strategies: list[Strategy]
    idle: int = 0
    supply: int = 0
    lock: Lock = field(default_factory=Lock)
    level: int = 0
    level_at: int = 0

    # -- Views

    def losses(self) -> int:
        return sum(s.debt - min(s.debt, s.worth()) for s in self.strategies)

    def gross(self) -> int:
        return self.idle + sum(min(s.debt, s.worth()) for s in self.strategies)

    def locked(self, now: int) -> int:
        return max(0, self.lock.at(now) - self.losses())

    def total(self, now: int) -> int:
        return max(0, self.gross() - self.locked(now))

    def live(self) -> int:
        return self.idle + sum(s.worth() for s in self.strategies)

    def shares_for(self, assets: int, now: int, rounded_up: bool = False) -> int:
        numerator, denominator = assets * (self.supply + VIRTUAL), self.total(now) + 1
        return up(numerator, denominator) if rounded_up else numerator // denominator

    def assets_for(self, shares: int, now: int, rounded_up: bool = False) -> int:
        numerator, denominator = shares * (self.total(now) + 1), self.supply + VIRTUAL
        return up(numerator, denominator) if rounded_up else numerator // denominator

    # -- Books

    def _book(self, s: Strategy, now: int) -> int:
        counts = min(s.debt, s.worth())
        loss = s.debt - counts
        if loss > DUST:
            capacity = self.terms[3] * WAD // BPS
            s.losses = max(0, s.losses - capacity * (now - s.lost_at) // self.terms[4]) + up(loss * WAD, s.debt)
            s.lost_at = now
            s.cut |= s.losses > capacity
        s.debt = counts
        return loss

    def sync(self, now: int) -> None:
        losses = [self._book(s, now) for s in self.strategies]
        if any(losses):
            self.lock.lost(sum(losses), now)

    def _pull(self, s: Strategy, worth: int | None, assets: int, now: int) -> None:
        shares = s.shares
        if worth is not None and assets < worth:
            shares = up(shares * assets, worth)
        if shares == 0:
            return
        received = s.vault.redeem(shares)
        paid = min(received, s.debt)
        s.shares, s.debt, self.idle = s.shares - shares, s.debt - paid, self.idle + received
        if received > paid:
            self.lock.gained(received - paid, self.terms[7], now)
        if loss := self._book(s, now):
            self.lock.lost(loss, now)

    # -- What people do

    def deposit(self, assets: int, now: int) -> int:
        self.sync(now)
        shares = self.shares_for(assets, now)
        self.idle, self.supply = self.idle + assets, self.supply + shares
        return shares

    def mint(self, shares: int, now: int) -> int:
        self.sync(now)
        assets = self.assets_for(shares, now, rounded_up=True)
        self.idle, self.supply = self.idle + assets, self.supply + shares
        return assets

    def withdraw(self, assets: int, now: int) -> int:
        self.sync(now)
        shares = self.shares_for(assets, now, rounded_up=True)
        self._leave(assets, shares, now)
        return shares

    def redeem(self, shares: int, now: int) -> int:
        self.sync(now)
        assets = self.assets_for(shares, now)
        self._leave(assets, shares, now)
        return assets

    def _leave(self, assets: int, shares: int, now: int) -> None:
        self.supply -= shares
        for s in self.strategies:
            if self.idle >= assets:
                break
            if worth := s.worth():
                self._pull(s, worth, assets - self.idle + DUST, now)
        self.idle -= assets

    def redeem_in_kind(self, shares: int, now: int) -> tuple[int, list[int]]:
        self.sync(now)
        gross, supply = self.gross(), self.supply + VIRTUAL
        due = shares * self.total(now) // supply
        self.supply -= shares
        cash = self.idle * due // gross if gross else 0
        legs = []
        for s in self.strategies:
            worth, leg = s.worth(), 0
            if worth and gross:
                leg = s.shares * (s.debt * due // gross) // worth
                less = min(s.debt, up(worth * leg, s.shares))
                s.shares, s.debt = s.shares - leg, s.debt - less
            legs.append(leg)
        self.idle -= cash
        return cash, legs

    def report(self, k: int, now: int) -> bool:
        """False if the chain refuses: too soon."""
        s = self.strategies[k]
        worth = s.worth()
        if not s.cut and worth > s.debt and now < s.reported_at + self.terms[6]:
            return False
        self.sync(now)
        if s.cut:
            self._pull(s, None, EVERYTHING, now)
        elif gain := min(worth - s.debt, s.debt * self.terms[2] // BPS):
            s.debt, s.reported_at = s.debt + gain, now
            self.lock.gained(gain, self.terms[7], now)
        return True

    def move(self, weights: list[int], now: int) -> str:
        """ "" if it is carried out, or why not; the caller restores the model then."""
        self.sync(now)
        before, gross = self.live(), self.gross()
        worths = [s.worth() for s in self.strategies]
        for s, weight, worth in zip(self.strategies, weights, worths, strict=True):
            wanted = gross * weight // BPS
            if s.debt > wanted:
                self._pull(s, worth, EVERYTHING if wanted == 0 else s.debt - wanted, now)
        for s, weight in zip(self.strategies, weights, strict=True):
            wanted = gross * weight // BPS
            if wanted <= s.debt:
                continue
            if s.cut or weight > s.cap:
                return "cap"
            amount = min(wanted - s.debt, self.idle)
            if amount:
                s.shares, s.debt, self.idle = s.shares + s.vault.deposit(amount), s.debt + amount, self.idle - amount
        after = self.live()
        capacity = self.terms[1] * WAD // BPS // 2
        loss = up((before - after) * WAD, before) if after < before else 0
        level = max(0, self.level - capacity * (now - self.level_at) // self.terms[4]) + loss
        if loss and level > capacity:
            return "budget"
        self.level, self.level_at = level, now
        self.sync(now)
        liquid = self.idle + sum(s.worth() for s in self.strategies)
        return "" if liquid >= up(self.gross() * self.terms[0], BPS) else "liquid"
