// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Country codes as they are stored
/// @notice ERC-3643 takes any 16-bit number for a country, and 0 for one that is not stated. Here a stored 0 says that
/// an account is not registered, so the unstated country is stored as 65,535, which no caller may use itself.
library Country {
    uint16 internal constant UNSTATED = type(uint16).max;

    /// @return The number that is stored for a country that a caller names.
    function stored(uint16 country) internal pure returns (uint16) {
        return country == 0 ? UNSTATED : country;
    }

    /// @return The number that a caller is shown for a stored country.
    function shown(uint16 country) internal pure returns (uint16) {
        return country == UNSTATED ? 0 : country;
    }
}
