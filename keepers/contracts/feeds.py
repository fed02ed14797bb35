"""Rounds of price feeds, read from the chain as Chainlink's proxies give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keepers.abi import Fragment
from keepers.market.prices import PriceError
from keepers.market.rounds import Round
from keepers.rpc.answers import Question
from keepers.rpc.errors import NodeRefused, Reverted
from keepers.rpc.node import Call, Node, must

_ROUND_TYPES = ("uint80", "int256", "uint256", "uint256", "uint80")
_LATEST = Fragment("latestRoundData", (), outputs=_ROUND_TYPES)
_ROUND_DATA = Fragment("getRoundData", ("uint80",), outputs=_ROUND_TYPES)
_DECIMALS = Fragment("decimals", (), outputs=("uint8",))


class FeedReader:
    """A `keepers.market.rounds.RoundReader` on a node.

    Args:
        node: Node to read from; rounds of the past are in the newest state.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._decimals: dict[str, int] = {}

    def latest(self, feeds: Sequence[str]) -> list[Round]:
        """Returns the newest round of each feed.

        Raises:
            PriceError: If a feed has none.
            ChainError: If a feed does not answer.
        """
        found = []
        for feed, answer in zip(feeds, self._node.calls([Call(feed, _LATEST) for feed in feeds]), strict=True):
            newest = _round(must(answer))
            if newest is None:
                raise PriceError(f"feed {feed}", "has no round yet", "wait for its first answer")
            found.append(newest)
        return found

    def rounds(self, wanted: Sequence[tuple[str, int]]) -> list[Round | None]:
        """Returns rounds by feed and id; None where the feed reverts, or says that it has no data of one.

        Raises:
            NodeUnreachable: If the node does not answer.
        """
        questions: list[Question] = [Call(feed, _ROUND_DATA, (number,)).request("latest") for feed, number in wanted]
        return [
            None if isinstance(answer, Reverted | NodeRefused) else _round(must(answer))
            for answer in self._node.batch(questions)
        ]

    def decimals(self, feeds: Sequence[str]) -> list[int]:
        """Returns the decimals of each feed; each is asked for once.

        Raises:
            ChainError: If a feed does not answer.
        """
        unknown = [feed for feed in feeds if feed not in self._decimals]
        answers = self._node.calls([Call(feed, _DECIMALS) for feed in unknown])
        self._decimals.update((feed, int(must(answer))) for feed, answer in zip(unknown, answers, strict=True))
        return [self._decimals[feed] for feed in feeds]


def _round(answer: Any) -> Round | None:
    """A round; None for one that has not been answered."""
    number, price, _, updated, _ = answer
    return Round(int(number), int(price), int(updated)) if updated else None
