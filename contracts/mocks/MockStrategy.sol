// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

/// @title A strategy that does whatever a test wants: loses, lies, refuses, burns gas, calls back
/// @notice Honest until told otherwise: OpenZeppelin's ERC4626, which counts what is sent to it as its yield.
contract MockStrategy is ERC4626 {
    enum Mood {
        Honest,
        Reverts,
        BurnsGas,
        ReturnsNothing,
        ReturnsMegabytes,
        ReturnsTooMuch
    }

    error MockStrategy__Refused();

    Mood public reads;
    Mood public pays;
    bool public transfersRefused;
    /// @notice Amount by which it overstates the worth of its shares.
    uint256 public lie;
    /// @notice Basis points of deposits and redemptions that it keeps without saying so.
    uint256 public theftBps;
    /// @notice Basis points that it takes from redemptions, and says so.
    uint256 public exitFeeBps;
    /// @notice Maximum that it pays and takes at once.
    uint256 public limit = type(uint256).max;
    uint256 public shortBy;
    address private _calls;
    bytes private _data;
    /// @notice True if the call back was refused; `reason` then holds the error.
    bool public refused;
    bytes public reason;

    constructor(IERC20 asset_) ERC20("Strategy stand-in", "STRAT") ERC4626(asset_) {}

    // -- Moods

    function setReads(Mood mood) external {
        reads = mood;
    }

    function setPays(Mood mood) external {
        pays = mood;
    }

    function refuseTransfers(bool refused_) external {
        transfersRefused = refused_;
    }

    function setLie(uint256 lie_) external {
        lie = lie_;
    }

    function setTheft(uint256 bps) external {
        theftBps = bps;
    }

    function setExitFee(uint256 bps) external {
        exitFeeBps = bps;
    }

    function setLimit(uint256 limit_) external {
        limit = limit_;
    }

    /// @notice Makes it take this much less than it is given.
    function setShortBy(uint256 amount) external {
        shortBy = amount;
    }

    /// @notice Makes it call `target` each time that it gets or pays money.
    function callBack(address target, bytes calldata data) external {
        (_calls, _data) = (target, data);
    }

    /// @notice Loses this much of the asset.
    function lose(uint256 amount) external {
        IERC20(asset()).transfer(address(0xdead), amount);
    }

    // -- ERC-4626

    function previewRedeem(uint256 shares) public view override returns (uint256) {
        if (reads != Mood.Honest) _act(reads);
        uint256 assets = super.previewRedeem(shares);
        return assets - assets * exitFeeBps / 10_000 + lie;
    }

    function maxDeposit(address) public view override returns (uint256) {
        return limit;
    }

    function maxMint(address) public view override returns (uint256) {
        return limit == type(uint256).max ? limit : super.previewDeposit(limit);
    }

    function maxRedeem(address owner) public view override returns (uint256) {
        if (reads != Mood.Honest) _act(reads);
        uint256 most = balanceOf(owner);
        if (limit == type(uint256).max) return most;
        uint256 inShares = super.previewWithdraw(limit);
        return inShares < most ? inShares : most;
    }

    function _deposit(address caller, address receiver, uint256 assets, uint256 shares) internal override {
        _callBack();
        super._deposit(caller, receiver, assets - shortBy, shares);
        IERC20(asset()).transfer(address(0xdead), assets * theftBps / 10_000);
    }

    function _withdraw(
        address caller,
        address receiver,
        address owner,
        uint256 assets,
        uint256 shares
    )
        internal
        override
    {
        if (pays != Mood.Honest) _act(pays);
        _callBack();
        // The strategy cannot pay the amount that `previewRedeem` adds as a lie.
        uint256 real = assets > lie ? assets - lie : 0;
        uint256 stolen = real * theftBps / 10_000;
        super._withdraw(caller, receiver, owner, real - stolen, shares);
        IERC20(asset()).transfer(address(0xdead), stolen);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (transfersRefused && from != address(0) && to != address(0)) revert MockStrategy__Refused();
        super._update(from, to, value);
    }

    function _callBack() private {
        if (_calls == address(0)) return;
        (bool ok, bytes memory data) = _calls.call(_data);
        (refused, reason) = (!ok, data);
    }

    function _act(Mood mood) private pure {
        if (mood == Mood.Reverts) revert MockStrategy__Refused();
        if (mood == Mood.BurnsGas) {
            while (true) {}
        }
        if (mood == Mood.ReturnsNothing) {
            assembly {
                return(0, 0)
            }
        }
        if (mood == Mood.ReturnsMegabytes) {
            assembly {
                return(0, 200000)
            }
        }
        if (mood == Mood.ReturnsTooMuch) {
            assembly {
                mstore(0, not(0))
                return(0, 32)
            }
        }
    }
}
