// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {IUniswapV2Pair} from "interfaces/liquidity/venues/IUniswapV2Pair.sol";

/// @title A listed pair that a thief controls
/// @notice Stands in for a Uniswap V2 pair whose price somebody moves at will: it reports any reserves it is told to
/// and pays whatever it is asked for.
contract ThiefPool is IUniswapV2Pair {
    address public immutable token0;
    address public immutable token1;
    uint112 private _reserve0;
    uint112 private _reserve1;

    constructor(address a, address b) {
        (token0, token1) = a < b ? (a, b) : (b, a);
    }

    /// @dev Balances are the reserves: what comes in on top is a trade's input.
    function setReserves(uint256 reserve0, uint256 reserve1) external {
        _hold(token0, reserve0);
        _hold(token1, reserve1);
        (_reserve0, _reserve1) = (uint112(reserve0), uint112(reserve1));
    }

    function getReserves() external view returns (uint112, uint112, uint32) {
        return (_reserve0, _reserve1, 0);
    }

    function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes calldata) external {
        if (amount0Out != 0) SettlementToken(token0).transfer(to, amount0Out);
        if (amount1Out != 0) SettlementToken(token1).transfer(to, amount1Out);
        _reserve0 = uint112(SettlementToken(token0).balanceOf(address(this)));
        _reserve1 = uint112(SettlementToken(token1).balanceOf(address(this)));
    }

    function _hold(address token, uint256 amount) private {
        uint256 held = SettlementToken(token).balanceOf(address(this));
        if (held < amount) SettlementToken(token).mint(address(this), amount - held);
        if (held > amount) SettlementToken(token).transfer(address(0xdead), held - amount);
    }
}
