// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @notice The functions that every Curve pool has.
interface ICurvePool {
    function coins(uint256 index) external view returns (address);
    function balances(uint256 index) external view returns (uint256);
}

/// @notice StableSwap pools: coin indices are int128. What `exchange` returns is not relied on: the oldest return
/// nothing. `get_dx` is StableSwap-NG's.
interface ICurveInt128 {
    // forge-lint: disable-start(mixed-case-function)
    function get_dy(int128 i, int128 j, uint256 dx) external view returns (uint256);
    function get_dx(int128 i, int128 j, uint256 dy) external view returns (uint256);
    // forge-lint: disable-end(mixed-case-function)
    function exchange(int128 i, int128 j, uint256 dx, uint256 minDy) external;
}

/// @notice Pools that swap what was sent to them before: StableSwap-NG, unless it has a coin that rebases. All that is
/// there beyond the pool's own accounts counts, which has to be `dx` at least.
interface ICurveInt128NG {
    function exchange_received(
        int128 i,
        int128 j,
        uint256 dx,
        uint256 minDy,
        address receiver
    )
        external
        returns (uint256 dy);
}

/// @notice Twocrypto-NG, like {ICurveInt128NG}.
interface ICurveUint256NG {
    function exchange_received(
        uint256 i,
        uint256 j,
        uint256 dx,
        uint256 minDy,
        address receiver
    )
        external
        returns (uint256 dy);
}

/// @notice The factory of StableSwap-NG.
interface ICurveStableFactoryNG {
    /// @return assetTypes One entry per coin of a plain pool: 0 an ordinary token, 1 one with a rate oracle, 2 one that
    /// rebases, 3 an ERC-4626 share. The list is empty for a pool that the factory did not make.
    function get_pool_asset_types(address pool) external view returns (uint8[] memory assetTypes);
}

/// @notice CryptoSwap pools: coin indices are uint256. `get_dx` is Twocrypto-NG's and Tricrypto-NG's.
interface ICurveUint256 {
    // forge-lint: disable-start(mixed-case-function)
    function get_dy(uint256 i, uint256 j, uint256 dx) external view returns (uint256);
    function get_dx(uint256 i, uint256 j, uint256 dy) external view returns (uint256);
    // forge-lint: disable-end(mixed-case-function)
    function exchange(uint256 i, uint256 j, uint256 dx, uint256 minDy) external;
}
