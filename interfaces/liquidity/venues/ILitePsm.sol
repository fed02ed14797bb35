// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @notice Sky's (MakerDAO's) LitePSM: it swaps a stablecoin, the gem, against Dai at par, less a fee. Dai has 18
/// decimals, the gem at most 18. Fees are WAD parts of the Dai amount, rounded down; the largest number halts a
/// direction.
interface ILitePsm {
    function gem() external view returns (address);
    function dai() external view returns (address);
    /// @notice The account that holds the gem.
    function pocket() external view returns (address);
    /// @notice 10^(18 - the gem's decimals).
    function to18ConversionFactor() external view returns (uint256);
    /// @notice The fee on Dai that is paid out.
    function tin() external view returns (uint256);
    /// @notice The fee on top of Dai that is paid in.
    function tout() external view returns (uint256);
    /// @notice Takes `gemAmt` from the caller and pays Dai to `usr`.
    function sellGem(address usr, uint256 gemAmt) external returns (uint256 daiOutWad);
    /// @notice Takes Dai from the caller and pays `gemAmt` to `usr`.
    function buyGem(address usr, uint256 gemAmt) external returns (uint256 daiInWad);
}
