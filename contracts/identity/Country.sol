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

    /// @return The country that a code belongs to: the United States for their territories with codes of their own
    /// (17 CFR 230.902(l)), and otherwise itself.
    function whole(uint256 country) internal pure returns (uint256) {
        bool islands = country == 16 || country == 316 || country == 580 || country == 581;
        return islands || country == 630 || country == 850 ? 840 : country;
    }

    /// @return The number that a caller is shown for a stored country.
    function shown(uint16 country) internal pure returns (uint16) {
        return country == UNSTATED ? 0 : country;
    }
}
