// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";

/// @dev First word of an order; {IPortfolio.execute} gives its layout.
type OrderHead is uint256;

using OrderWords for OrderHead global;

/// @title Reads orders of a rebalance
/// @notice Orders come as words, because they are hashed, copied and checked as they are: decoding nested arrays costs
/// more than a trade's own checks.
library OrderWords {
    /// @return head Head of the order that begins at `cursor`.
    /// @return route Its words behind the head.
    /// @return next Position at which the next order begins.
    function orderAt(
        uint256[] calldata orders,
        uint256 cursor
    )
        internal
        pure
        returns (OrderHead head, uint256[] calldata route, uint256 next)
    {
        head = OrderHead.wrap(orders[cursor]);
        next = cursor + 1 + head.routeLength();
        if (next > orders.length) revert IPortfolio.Portfolio__BrokenOrder(cursor, next, orders.length);
        route = orders[cursor + 1:next];
    }

    /// @return bitmap Bit k is set if some order sells or buys asset k.
    function traded(uint256[] calldata orders) internal pure returns (uint256 bitmap) {
        for (uint256 cursor; cursor < orders.length;) {
            OrderHead head = OrderHead.wrap(orders[cursor]);
            bitmap |= 1 << head.sold() | 1 << head.bought();
            unchecked {
                cursor += 1 + head.routeLength();
            }
        }
    }

    /// @return Index in `assets()` of the sold asset.
    function sold(OrderHead self) internal pure returns (uint256) {
        return uint8(OrderHead.unwrap(self));
    }

    /// @return Index in `assets()` of the bought asset.
    function bought(OrderHead self) internal pure returns (uint256) {
        return uint8(OrderHead.unwrap(self) >> 8);
    }

    function routeLength(OrderHead self) internal pure returns (uint256) {
        return uint16(OrderHead.unwrap(self) >> 16);
    }

    function amountIn(OrderHead self) internal pure returns (uint256) {
        return uint112(OrderHead.unwrap(self) >> 32);
    }

    /// @return Head of the order as events report it: without its route, and with the amount that came in as its
    /// minimum.
    function told(OrderHead self, uint256 amountOut) internal pure returns (uint256) {
        uint256 order = OrderHead.unwrap(self) & ~(uint256(type(uint16).max) << 16) & ((1 << 144) - 1);
        return order | FixedPointMathLib.min(amountOut, type(uint112).max) << 144;
    }

    function minAmountOut(OrderHead self) internal pure returns (uint256) {
        return OrderHead.unwrap(self) >> 144;
    }
}
