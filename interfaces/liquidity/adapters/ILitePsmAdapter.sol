// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IPairAdapter} from "interfaces/liquidity/adapters/IPairAdapter.sol";

/// @title One LitePSM as a venue
/// @notice Swaps at par less the facility's fee, up to what the facility holds. Its market has the id zero.
/// @dev The facility sells whole units of its gem only. Of an exact input of Dai, what does not pay for one more unit
/// goes to the facility as well, as a pool keeps what rounding leaves: less than 10^(18 - gem's decimals) wei of Dai
/// and the fee on them. Fees are those of the moment: governance may change them between a quote and its order, whose
/// minimum bounds that.
interface ILitePsmAdapter is IPairAdapter {
    /// @dev The facility's governance has stopped this direction.
    error LitePsmAdapter__Halted(address tokenIn);
    /// @dev The facility holds less than the order wants.
    error LitePsmAdapter__Drained(address tokenOut, uint256 wanted, uint256 held);
    /// @dev No amount of input pays out anything: the fee takes all of it.
    error LitePsmAdapter__FeeTakesAll(address tokenIn);

    /// @notice The facility.
    function psm() external view returns (address);
}
