// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

/// @title ERC-4626 over one reserve of an Aave V3 pool
/// @notice Supplies what is deposited; shares are parts of the scaled aTokens that its own supplies minted. aTokens and
/// assets that are sent here count nothing. Nobody governs it; rewards of Aave's incentives programmes are not claimed.
///
/// Aave rounds to the nearest scaled unit up to version 3.4, and in the pool's favour since 3.5. A deposit is credited,
/// and an exit is charged, a margin of that rounding (two units of the asset while the index is below 2), so that
/// nobody's rounding is paid by other holders.
///
/// `maxDeposit` follows the reserve's supply cap and state, `maxWithdraw` the cash that borrowers have left in it:
/// since version 3.1 the pool's own count of it, which a donation to the aToken does not raise.
///
/// Assumed: the pool is Aave V3, any version, behind its own governance, which can do anything with what is supplied.
/// The asset takes no fee on transfer and does not rebase, as Aave requires.
interface IAaveV3Strategy is IERC4626 {
    error AaveV3Strategy__NoReserve(address pool, address asset);
    error AaveV3Strategy__ZeroShares();
    error AaveV3Strategy__ZeroAssets();

    function pool() external view returns (address);
    function aToken() external view returns (address);

    /// @return Scaled aTokens that belong to shareholders; at most the scaled balance.
    function scaledAssets() external view returns (uint256);
}
