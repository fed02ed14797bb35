// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title The functions of an Aave V3 pool that a strategy calls
/// @notice Written from Aave's ABI, versions 3.0 to 3.6, which answer `getReserveData` alike; amounts in the asset's
/// smallest units, indices in ray (1e27).
interface IAavePool {
    /// @param configuration Bit map: 48-55 decimals, 56 active, 57 frozen, 60 paused, 116-151 supply cap in whole
    /// tokens.
    struct ReserveData {
        uint256 configuration;
        uint128 liquidityIndex;
        uint128 currentLiquidityRate;
        uint128 variableBorrowIndex;
        uint128 currentVariableBorrowRate;
        uint128 currentStableBorrowRate;
        uint40 lastUpdateTimestamp;
        uint16 id;
        address aTokenAddress;
        address stableDebtTokenAddress;
        address variableDebtTokenAddress;
        address interestRateStrategyAddress;
        uint128 accruedToTreasury;
        uint128 unbacked;
        uint128 isolationModeTotalDebt;
    }

    function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode) external;
    function withdraw(address asset, uint256 amount, address to) external returns (uint256);
    function getReserveData(address asset) external view returns (ReserveData memory);
    /// @return Assets that supplies, withdrawals, borrowers and payments have left, without amounts that were sent to
    /// the aToken. Pools before version 3.1 do not have this function.
    function getVirtualUnderlyingBalance(address asset) external view returns (uint128);
    /// @return Index of the reserve now, ray.
    function getReserveNormalizedIncome(address asset) external view returns (uint256);
}

/// @title The functions of an Aave V3 aToken that a strategy calls
interface IAaveToken {
    /// @return Balance in units of the index: balance = scaled balance * index.
    function scaledBalanceOf(address account) external view returns (uint256);
    function scaledTotalSupply() external view returns (uint256);
}
