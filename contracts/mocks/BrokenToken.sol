// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token that turned on its holders
/// @notice Stands in for any listed token that stops working: upgraded, bricked, or hostile from the start.
contract BrokenToken is ERC20("Broken", "BRK") {
    enum Mode {
        Works,
        TransferReverts,
        TransferReturnsFalse,
        TransferBurnsGas,
        TransferReturnsMegabytes,
        BalanceReverts,
        BalanceBurnsGas,
        BalanceIsHuge
    }

    Mode public mode;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (mode == Mode.TransferReverts) revert("broken");
        if (mode == Mode.TransferReturnsFalse) return false;
        if (mode == Mode.TransferBurnsGas) _burnGas();
        if (mode == Mode.TransferReturnsMegabytes) {
            assembly {
                revert(0, 300000)
            }
        }
        return super.transfer(to, amount);
    }

    function balanceOf(address account) public view override returns (uint256) {
        if (mode == Mode.BalanceReverts) revert("broken");
        if (mode == Mode.BalanceBurnsGas) _burnGas();
        if (mode == Mode.BalanceIsHuge) return type(uint256).max;
        return super.balanceOf(account);
    }

    function _burnGas() private pure {
        while (true) {}
    }
}
