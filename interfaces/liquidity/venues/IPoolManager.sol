// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @notice The functions of Uniswap V4's PoolManager that are called here. Currencies are token addresses; zero is the
/// chain's own coin.
interface IPoolManager {
    struct PoolKey {
        address currency0;
        address currency1;
        uint24 fee;
        int24 tickSpacing;
        address hooks;
    }

    /// @param amountSpecified Below zero an exact input, above zero an exact output.
    struct SwapParams {
        bool zeroForOne;
        int256 amountSpecified;
        uint160 sqrtPriceLimitX96;
    }

    function unlock(bytes calldata data) external returns (bytes memory);
    /// @return delta Deltas of the caller: currency0 in the upper, currency1 in the lower 128 bits; owed if negative.
    function swap(
        PoolKey calldata key,
        SwapParams calldata params,
        bytes calldata hookData
    )
        external
        returns (int256 delta);
    function sync(address currency) external;
    function settle() external payable returns (uint256 paid);
    function take(address currency, address to, uint256 amount) external;
    function extsload(bytes32 slot) external view returns (bytes32);
}

/// @notice The PoolManager calls this function on the contract that unlocks it.
interface IUnlockCallback {
    function unlockCallback(bytes calldata data) external returns (bytes memory);
}
