// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A token whose balances are what somebody writes down
/// @notice Helper for tests: pools take the balances that a test wants without a transfer. It asks for no allowance.
contract PaperToken {
    uint8 public immutable decimals;

    mapping(address account => uint256 amount) public balanceOf;

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    /// @param amount Smallest units that the account has from now on.
    function write(address account, uint256 amount) external {
        balanceOf[account] = amount;
    }

    function approve(address, uint256) external pure returns (bool) {
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        return true;
    }
}
