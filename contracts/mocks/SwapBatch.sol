// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PaperToken} from "contracts/mocks/PaperToken.sol";

interface IPairToTry {
    function token0() external view returns (PaperToken);
    function token1() external view returns (PaperToken);
    function sync() external;
    function swap(uint256 out0, uint256 out1, address to, bytes calldata data) external;
}

interface IFactoryToTry {
    function createPool(address tokenA, address tokenB, uint24 fee) external returns (IPoolToTry);
}

interface IPoolToTry {
    function token0() external view returns (PaperToken);
    function token1() external view returns (PaperToken);
    function initialize(uint160 price) external;
    function liquidity() external view returns (uint128);
    function mint(
        address recipient,
        int24 lower,
        int24 upper,
        uint128 amount,
        bytes calldata data
    )
        external
        returns (uint256, uint256);
    function swap(
        address recipient,
        bool zeroForOne,
        int256 amount,
        uint160 limit,
        bytes calldata data
    )
        external
        returns (int256, int256);
}

interface IManagerToTry {
    struct Key {
        address currency0;
        address currency1;
        uint24 fee;
        int24 tickSpacing;
        address hooks;
    }

    struct Position {
        int24 lower;
        int24 upper;
        int256 liquidity;
        bytes32 salt;
    }

    struct Params {
        bool zeroForOne;
        int256 amount;
        uint160 limit;
    }

    function unlock(bytes calldata data) external returns (bytes memory);
    function initialize(Key calldata key, uint160 price) external returns (int24);
    function modifyLiquidity(
        Key calldata key,
        Position calldata position,
        bytes calldata data
    )
        external
        returns (int256, int256);
    function swap(Key calldata key, Params calldata params, bytes calldata data) external returns (int256 delta);
}

/// @title Thousands of swaps in one call, on pools in any state
/// @notice Helper for tests, for `eth_call`: pools are made or written within the call, and every swap is undone, so
///         that all of them begin at the same state.
/// @dev An amount is the input in smallest units, times two, plus one if token0 goes in.
contract SwapBatch {
    struct Range {
        int24 lower;
        int24 upper;
        uint128 liquidity;
    }

    /// @notice State of a pool of concentrated liquidity, and how far its swaps go.
    struct Made {
        uint24 fee;
        int24 spacing;
        uint160 price;
        uint160 lowest;
        uint160 highest;
        Range[] ranges;
    }

    /// @notice The result of a swap of an exact input; zeros say that the pool refused it.
    struct Done {
        uint256 taken;
        uint256 given;
        uint256 price;
        int256 tick;
        uint256 liquidity;
    }

    error SwapBatch__Undone(Done done);
    error SwapBatch__AllUndone(Done[] done);

    // --------------------------------------------------------------------------------------------------------------
    // Any pool that quotes or takes the balances as arguments
    // --------------------------------------------------------------------------------------------------------------

    /// @notice First word of the answer to every call; the largest number where it reverts.
    function answers(address target, bytes[] calldata calls) external returns (uint256[] memory words) {
        words = new uint256[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            (bool answered, bytes memory data) = target.call(calls[i]);
            words[i] = answered && data.length >= 32 ? abi.decode(data, (uint256)) : type(uint256).max;
        }
    }

    // --------------------------------------------------------------------------------------------------------------
    // Constant product
    // --------------------------------------------------------------------------------------------------------------

    /// @notice Trades each (reserve0, reserve1, amount, output) with the pair.
    /// @return wrong Number of them whose output the pair refuses, or that could have one unit more.
    function pairs(IPairToTry pair, uint256[4][] calldata trades) external returns (uint256 wrong) {
        (PaperToken token0, PaperToken token1) = (pair.token0(), pair.token1());
        for (uint256 i; i < trades.length; ++i) {
            (uint256 amount, uint256 out) = (trades[i][2] >> 1, trades[i][3]);
            bool down = trades[i][2] & 1 == 1;
            token0.write(address(pair), trades[i][0]);
            token1.write(address(pair), trades[i][1]);
            pair.sync();
            PaperToken sold = down ? token0 : token1;
            sold.write(address(pair), trades[i][down ? 0 : 1] + amount);
            if (_pays(pair, down, out + 1) || (out != 0 && !_pays(pair, down, out))) ++wrong;
        }
    }

    function _pays(IPairToTry pair, bool down, uint256 out) private returns (bool) {
        try pair.swap(down ? 0 : out, down ? out : 0, address(this), "") {
            return true;
        } catch {
            return false;
        }
    }

    // --------------------------------------------------------------------------------------------------------------
    // Uniswap V3
    // --------------------------------------------------------------------------------------------------------------

    /// @notice Makes a pool and swaps each amount in it.
    function concentrated(
        IFactoryToTry factory,
        address tokenA,
        address tokenB,
        Made calldata made,
        uint256[] calldata amounts
    )
        external
        returns (Done[] memory done)
    {
        IPoolToTry pool = factory.createPool(tokenA, tokenB, made.fee);
        pool.initialize(made.price);
        for (uint256 i; i < made.ranges.length; ++i) {
            Range calldata range = made.ranges[i];
            pool.mint(address(this), range.lower, range.upper, range.liquidity, "");
        }
        done = new Done[](amounts.length);
        for (uint256 i; i < amounts.length; ++i) {
            bool down = amounts[i] & 1 == 1;
            uint160 limit = down ? made.lowest : made.highest;
            try pool.swap(address(this), down, int256(amounts[i] >> 1), limit, "") {}
            catch (bytes memory data) {
                done[i] = _undone(data);
            }
        }
    }

    function uniswapV3MintCallback(uint256 amount0, uint256 amount1, bytes calldata) external {
        _add(IPoolToTry(msg.sender).token0(), amount0);
        _add(IPoolToTry(msg.sender).token1(), amount1);
    }

    /// @dev The pool has its new state by now, and has paid.
    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata) external view {
        (uint256 price, int256 tick) = _place(msg.sender);
        uint128 liquidity = IPoolToTry(msg.sender).liquidity();
        bool down = amount0 > 0;
        revert SwapBatch__Undone(Done(
                uint256(down ? amount0 : amount1), uint256(-(down ? amount1 : amount0)), price, tick, liquidity
            ));
    }

    function _add(PaperToken token, uint256 amount) private {
        token.write(msg.sender, token.balanceOf(msg.sender) + amount);
    }

    function _place(address pool) private view returns (uint256, int256) {
        (, bytes memory data) = pool.staticcall(abi.encodeWithSignature("slot0()"));
        return abi.decode(data, (uint256, int256));
    }

    // --------------------------------------------------------------------------------------------------------------
    // Uniswap V4
    // --------------------------------------------------------------------------------------------------------------

    /// @notice Makes a pool without hooks in the manager and swaps each amount in it; states are left out.
    function managed(
        IManagerToTry manager,
        address currency0,
        address currency1,
        Made calldata made,
        uint256[] calldata amounts
    )
        external
        returns (Done[] memory)
    {
        IManagerToTry.Key memory key = IManagerToTry.Key(currency0, currency1, made.fee, made.spacing, address(0));
        manager.initialize(key, made.price);
        try manager.unlock(abi.encode(manager, key, made, amounts)) {
            return new Done[](0);
        } catch (bytes memory data) {
            return abi.decode(_arguments(data), (Done[]));
        }
    }

    function unlockCallback(bytes calldata data) external returns (bytes memory) {
        (IManagerToTry manager, IManagerToTry.Key memory key, Made memory made, uint256[] memory amounts) =
            abi.decode(data, (IManagerToTry, IManagerToTry.Key, Made, uint256[]));
        for (uint256 i; i < made.ranges.length; ++i) {
            Range memory range = made.ranges[i];
            IManagerToTry.Position memory position =
                IManagerToTry.Position(range.lower, range.upper, int256(uint256(range.liquidity)), 0);
            manager.modifyLiquidity(key, position, "");
        }
        Done[] memory done = new Done[](amounts.length);
        for (uint256 i; i < amounts.length; ++i) {
            bool down = amounts[i] & 1 == 1;
            IManagerToTry.Params memory params =
                IManagerToTry.Params(down, -int256(amounts[i] >> 1), down ? made.lowest : made.highest);
            try this.swapManaged(manager, key, params) {}
            catch (bytes memory undone) {
                done[i] = _undone(undone);
            }
        }
        revert SwapBatch__AllUndone(done);
    }

    /// @dev A delta has token0's amount in its upper and token1's in its lower half; below zero is owed to the pool.
    function swapManaged(
        IManagerToTry manager,
        IManagerToTry.Key calldata key,
        IManagerToTry.Params calldata params
    )
        external
    {
        int256 delta = manager.swap(key, params, "");
        (int256 amount0, int256 amount1) = (delta >> 128, int256(int128(delta)));
        (int256 paid, int256 got) = params.zeroForOne ? (amount0, amount1) : (amount1, amount0);
        revert SwapBatch__Undone(Done(uint256(-paid), uint256(got), 0, 0, 0));
    }

    // --------------------------------------------------------------------------------------------------------------

    function _undone(bytes memory data) private pure returns (Done memory done) {
        if (bytes4(data) == SwapBatch__Undone.selector) done = abi.decode(_arguments(data), (Done));
    }

    function _arguments(bytes memory data) private pure returns (bytes memory rest) {
        rest = new bytes(data.length - 4);
        for (uint256 i; i < rest.length; i += 32) {
            assembly ("memory-safe") {
                mstore(add(add(rest, 32), i), mload(add(add(data, 36), i)))
            }
        }
    }
}
