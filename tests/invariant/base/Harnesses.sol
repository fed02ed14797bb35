// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Float128} from "contracts/math/Float128.sol";
import {FeeManager} from "contracts/portfolio/FeeManager.sol";
import {YieldOptimizer} from "contracts/yield/YieldOptimizer.sol";

/// @title The fee manager's own accounts, of one portfolio, dealt in at quotes that are given
contract BookHarness is FeeManager {
    constructor() FeeManager(address(1)) {}

    /// @param highWaterMark Mark as {Fees-quote} takes it.
    function begin(uint256 highWaterMark, uint256 bps) external {
        Account storage a = _accounts[address(this)];
        (a.owed, a.highWaterMark, a.performanceBps) = (0, Float128.packUp(highWaterMark), uint16(bps));
        a.crystallisedAt = 0;
    }

    function crystallised(Quote memory q) external returns (uint256 mark, uint256 owed) {
        _crystallise(address(this), q);
        return _state();
    }

    function entered(Quote memory q, uint256 assets, uint256 shares) external returns (uint256 mark, uint256 owed) {
        _entered(_accounts[address(this)], q, assets, shares);
        return _state();
    }

    function left(Quote memory q, uint256 shares) external returns (uint256 mark, uint256 owed) {
        _left(_accounts[address(this)], q, shares);
        return _state();
    }

    function _state() private view returns (uint256 mark, uint256 owed) {
        Account storage a = _accounts[address(this)];
        return (Float128.unpack(a.highWaterMark), a.owed);
    }
}

/// @title The optimizer in any state of its books, without strategies
contract OptimizerHarness is YieldOptimizer {
    constructor() YieldOptimizer(address(1)) {}

    function put(uint256 idle_, uint256 shares) external {
        _idle = idle_;
        _burn(address(this), balanceOf(address(this)));
        _mint(address(this), shares);
    }
}
