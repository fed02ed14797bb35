// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Issues regulated tokens
/// @notice One transaction clones a token and opens its rules. Addresses are known beforehand (CREATE2 of creator-independent salt).
interface ITokenFactory {
    /// @param decimals 0 to 36.
    /// @param countries ISO 3166-1 numeric codes that may hold it.
    /// @param classes Bit i stands for IIdentityRegistry.InvestorClass(i).
    /// @param salt Distinguishes tokens of the same factory.
    struct TokenParams {
        string name;
        string symbol;
        uint8 decimals;
        uint16[] countries;
        uint8 classes;
        bytes32 salt;
    }

    event TokenCreated(address indexed token, string name, string symbol);

    error TokenFactory__UnsupportedDecimals(uint8 decimals);

    /// @notice Creates a token with its rules. Role: ISSUER.
    function createToken(TokenParams calldata params) external returns (address token);

    /// @return Where `createToken` puts the token of this salt.
    function addressOf(bytes32 salt) external view returns (address);

    function isToken(address token) external view returns (bool);
    function implementation() external view returns (address);
}
