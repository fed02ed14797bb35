// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @notice The functions of Balancer V2's Vault that are called here.
interface IBalancerVault {
    enum SwapKind {
        GivenIn,
        GivenOut
    }

    struct SingleSwap {
        bytes32 poolId;
        SwapKind kind;
        address assetIn;
        address assetOut;
        uint256 amount;
        bytes userData;
    }

    struct BatchSwapStep {
        bytes32 poolId;
        uint256 assetInIndex;
        uint256 assetOutIndex;
        uint256 amount;
        bytes userData;
    }

    struct FundManagement {
        address sender;
        bool fromInternalBalance;
        address payable recipient;
        bool toInternalBalance;
    }

    /// @return The other amount: the output of a given input, or the input of a given output.
    function swap(
        SingleSwap calldata singleSwap,
        FundManagement calldata funds,
        uint256 limit,
        uint256 deadline
    )
        external
        payable
        returns (uint256);
    /// @return Deltas of the assets, owed to the Vault if positive. Not a view, but leaves nothing.
    function queryBatchSwap(
        SwapKind kind,
        BatchSwapStep[] calldata swaps,
        address[] calldata assets,
        FundManagement calldata funds
    )
        external
        returns (int256[] memory);
    /// @dev Reverts if the token is not the pool's.
    function getPoolTokenInfo(
        bytes32 poolId,
        address token
    )
        external
        view
        returns (uint256 cash, uint256 managed, uint256 lastChangeBlock, address assetManager);
}
