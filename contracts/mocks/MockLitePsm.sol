// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

interface IDecimals {
    function decimals() external view returns (uint8);
}

/// @title A peg stability module
/// @notice It stands in, in tests, for Sky's LitePSM (dss-lite-psm), which no package ships. It swaps by the original's
/// arithmetic, fees rounded down, halts a direction at the largest fee, keeps Dai itself and the gem in its pocket, and
/// pays out of what it has been given. Minting of Dai, fee-free callers and governance are left out.
contract MockLitePsm {
    using SafeTransferLib for address;

    uint256 private constant _WAD = 1e18;
    uint256 private constant _HALTED = type(uint256).max;

    address public immutable gem;
    address public immutable dai;
    address public immutable pocket;
    uint256 public immutable to18ConversionFactor;
    uint256 public tin;
    uint256 public tout;

    constructor(address gem_, address dai_, uint256 tin_, uint256 tout_) {
        (gem, dai, tin, tout) = (gem_, dai_, tin_, tout_);
        pocket = address(new LitePsmPocket(gem_));
        to18ConversionFactor = 10 ** (18 - IDecimals(gem_).decimals());
    }

    /// @notice Sets the fees; the maximum of uint256 halts a direction.
    function file(uint256 tin_, uint256 tout_) external {
        (tin, tout) = (tin_, tout_);
    }

    function sellGem(address usr, uint256 gemAmt) external virtual returns (uint256 daiOutWad) {
        require(tin != _HALTED, "DssLitePsm/sell-gem-halted");
        daiOutWad = gemAmt * to18ConversionFactor;
        daiOutWad -= daiOutWad * tin / _WAD;
        gem.safeTransferFrom(msg.sender, pocket, gemAmt);
        dai.safeTransfer(usr, daiOutWad);
    }

    function buyGem(address usr, uint256 gemAmt) external virtual returns (uint256 daiInWad) {
        require(tout != _HALTED, "DssLitePsm/buy-gem-halted");
        daiInWad = gemAmt * to18ConversionFactor;
        daiInWad += daiInWad * tout / _WAD;
        dai.safeTransferFrom(msg.sender, address(this), daiInWad);
        gem.safeTransferFrom(pocket, usr, gemAmt);
    }
}

/// @title Account in which the module keeps the gem
contract LitePsmPocket {
    using SafeTransferLib for address;

    constructor(address gem) {
        gem.safeApprove(msg.sender, type(uint256).max);
    }
}
