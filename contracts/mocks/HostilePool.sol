// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IUniswapV3SwapCallback} from "interfaces/liquidity/venues/IUniswapV3Pool.sol";

/// @title A listed pool that turned against its callers
/// @notice Stand-in for tests: it takes the place of a Uniswap V2 pair or V3 pool, according to its listing, whose code
/// somebody controls. Its rate as a V3 pool is one to one; as a pair it follows its balances.
contract HostilePool {
    using SafeTransferLib for address;

    enum Act {
        Honest,
        PayNothing,
        PayLess,
        ClaimMore,
        TakeNothing,
        AskMore,
        AskLess,
        AskOnOtherSide,
        CallBackTwice,
        SendAccomplice,
        Reenter,
        DelistItself
    }

    address public token0;
    address public token1;
    uint24 public fee;
    Act public act;
    bytes public errand;
    uint112 private _reserve0;
    uint112 private _reserve1;
    Accomplice private immutable _accomplice = new Accomplice();

    constructor(address token0_, address token1_, uint24 fee_) {
        (token0, token1, fee) = (token0_, token1_, fee_);
    }

    /// @param errand_ Call that Reenter makes to its caller.
    function plan(Act act_, bytes calldata errand_) external {
        (act, errand) = (act_, errand_);
    }

    /// @notice Says from now on that it trades other tokens than it was listed with.
    function pretend(address token0_, address token1_) external {
        (token0, token1) = (token0_, token1_);
    }

    /// @notice Calls back without having been called.
    function callBackUnasked(IUniswapV3SwapCallback target, int256 amount0, int256 amount1) external {
        target.uniswapV3SwapCallback(amount0, amount1, "");
    }

    /// @notice Updates the reserves as a V2 pair does: tokens that arrive after this were sent for a swap.
    function sync() public {
        (_reserve0, _reserve1) = (uint112(token0.balanceOf(address(this))), uint112(token1.balanceOf(address(this))));
    }

    /// @notice Makes the pool report, as a pair, these reserves until it has traded: its owner sets the rate.
    function report(uint112 reserve0, uint112 reserve1) external {
        (_reserve0, _reserve1) = (reserve0, reserve1);
    }

    /// @notice Returns the reserves as a V2 pair does.
    function getReserves() external view returns (uint112, uint112, uint32) {
        return (_reserve0, _reserve1, 0);
    }

    /// @notice Swaps as a V2 pair does.
    function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes calldata) external {
        if (act == Act.Reenter) _run(errand);
        (address token, uint256 amount) = amount0Out != 0 ? (token0, amount0Out) : (token1, amount1Out);
        _pay(token, to, amount);
        sync();
    }

    /// @notice Swaps as a V3 pool does: an amount below zero is an exact output.
    function swap(
        address to,
        bool zeroForOne,
        int256 specified,
        uint160,
        bytes calldata data
    )
        external
        returns (int256 amount0, int256 amount1)
    {
        int256 amount = specified < 0 ? -specified : specified;
        _pay(zeroForOne ? token1 : token0, to, uint256(amount));
        if (act == Act.Reenter) _run(errand);
        if (act == Act.DelistItself) {
            _run(abi.encodeCall(ILiquidityAggregator.delistPool, (address(this))));
        }
        _askFor(zeroForOne, amount, data);
        int256 claimed = act == Act.ClaimMore ? amount + 1 : amount;
        return zeroForOne ? (amount, -claimed) : (-claimed, amount);
    }

    /// @dev The route of an exact output goes back as it came; an exact input has none.
    function _askFor(bool zeroForOne, int256 amount, bytes calldata data) private {
        int256 asked = act == Act.AskMore ? amount + 1 : act == Act.AskLess ? amount - 1 : amount;
        bool onToken0 = zeroForOne != (act == Act.AskOnOtherSide);
        (int256 delta0, int256 delta1) = onToken0 ? (asked, -amount) : (-amount, asked);
        if (act == Act.SendAccomplice) {
            _accomplice.callBack(IUniswapV3SwapCallback(msg.sender), delta0, delta1);
        } else if (act != Act.TakeNothing) {
            IUniswapV3SwapCallback(msg.sender).uniswapV3SwapCallback(delta0, delta1, data);
        }
        if (act == Act.CallBackTwice) IUniswapV3SwapCallback(msg.sender).uniswapV3SwapCallback(delta0, delta1, data);
    }

    function _pay(address token, address to, uint256 amount) private {
        if (act == Act.PayNothing) return;
        token.safeTransfer(to, act == Act.PayLess ? FixedPointMathLib.zeroFloorSub(amount, 1) : amount);
    }

    function _run(bytes memory data) private {
        (bool success, bytes memory reason) = msg.sender.call(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
    }
}

/// @title Somebody else who calls back in a pool's place
contract Accomplice {
    function callBack(IUniswapV3SwapCallback target, int256 amount0, int256 amount1) external {
        target.uniswapV3SwapCallback(amount0, amount1, "");
    }
}
