// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";

/// @title Opening hours of a market
/// @notice Hours are the same in every week of UTC. An exchange whose clock changes in summer gets the hours that it is
/// open all year, and a holiday shows in the age of its prices.
library TradingHours {
    uint256 private constant _MINUTES_PER_DAY = 1440;
    uint256 private constant _EVERY_DAY = 0x7f;

    /// @notice Returns true if the window has no hours, or has hours that are well formed.
    function valid(IPriceOracle.TradingWindow memory window) internal pure returns (bool) {
        if (window.closes == 0) return window.opens == 0 && window.weekdays == 0;
        return window.opens < window.closes && window.closes <= _MINUTES_PER_DAY && window.weekdays != 0
            && window.weekdays <= _EVERY_DAY;
    }

    /// @param timestamp Unix seconds; 1 January 1970 was a Thursday.
    function isOpen(IPriceOracle.TradingWindow memory window, uint256 timestamp) internal pure returns (bool) {
        if (window.closes == 0) return true;
        uint256 weekday = (timestamp / 1 days + 3) % 7;
        uint256 minute = timestamp / 1 minutes % _MINUTES_PER_DAY;
        return window.weekdays >> weekday & 1 == 1 && minute >= window.opens && minute < window.closes;
    }
}
