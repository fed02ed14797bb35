// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A token that counts in shares
/// @notice It stands in, in tests, for tokens whose balances move by themselves, such as Lido's stETH. Balances are
/// shares of a total, rounded down; a transfer moves the shares of its amount, rounded down, so that up to two units
/// less arrive.
contract RebasingToken {
    string public constant name = "Rebasing";
    string public constant symbol = "REB";
    uint8 public constant decimals = 18;

    uint256 public totalSupply;
    uint256 private _totalShares;
    mapping(address account => uint256) private _shares;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    function mint(address to, uint256 amount) external {
        uint256 shares = _totalShares == 0 ? amount : _sharesOf(amount);
        (_totalShares, totalSupply) = (_totalShares + shares, totalSupply + amount);
        _shares[to] += shares;
        emit Transfer(address(0), to, amount);
    }

    /// @notice Moves all balances by this part at once.
    function rebase(uint256 numerator, uint256 denominator) external {
        totalSupply = totalSupply * numerator / denominator;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        emit Approval(msg.sender, spender, amount);
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - amount;
        _move(from, to, amount);
        return true;
    }

    function balanceOf(address account) external view returns (uint256) {
        return _totalShares == 0 ? 0 : _shares[account] * totalSupply / _totalShares;
    }

    function _move(address from, address to, uint256 amount) private {
        uint256 shares = _sharesOf(amount);
        (_shares[from], _shares[to]) = (_shares[from] - shares, _shares[to] + shares);
        emit Transfer(from, to, amount);
    }

    function _sharesOf(uint256 amount) private view returns (uint256) {
        return amount * _totalShares / totalSupply;
    }
}
