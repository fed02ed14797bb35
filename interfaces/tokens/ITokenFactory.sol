// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IComplianceAwareToken} from "./IComplianceAwareToken.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";

/// @title Issues regulated tokens
/// @notice One transaction clones a token with its compliance, opens its rules, takes or makes its registry and names
/// its agents. Addresses are known beforehand (CREATE2 of creator-independent salt).
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

    /// @param ownRegistry True to make a registry for this token; `registry` has to be zero then.
    /// @param registry Registry whose verified accounts may hold the token; zero for the shared one.
    /// @param rules One rule for each of the params' countries; the params' classes have to be 0 then.
    /// @param onchainID ONCHAINID of the token; may be zero.
    /// @param agents Agents of this token, beside the holders of roles.
    struct IssueTerms {
        bool ownRegistry;
        address registry;
        IAutomatedComplianceEngine.TokenRule tokenRule;
        IAutomatedComplianceEngine.Rule[] rules;
        IComplianceAwareToken.TokenInfo info;
        address onchainID;
        address[] agents;
    }

    event TokenCreated(address indexed token, string name, string symbol);
    event RegistryCreated(address indexed registry);

    error TokenFactory__UnsupportedDecimals(uint8 decimals);
    error TokenFactory__BothRegistries(address registry);
    error TokenFactory__BothRules(uint8 classes);
    error TokenFactory__NotOurs(address target);
    error TokenFactory__SaltUsed(bytes32 salt);

    /// @notice Creates a token under the shared registry, open to the same classes in every country. Role: ISSUER.
    function createToken(TokenParams calldata params) external returns (address token);

    /// @notice Creates a token with rules, registry, information and agents of its own. Role: ISSUER.
    function issueToken(TokenParams calldata params, IssueTerms calldata terms) external returns (address token);

    /// @notice Calls a token or registry of this factory as its governor: calls that wait out a delay are scheduled
    /// here (agents, compliance, registry, trusted issuers, claim topics). Role: COMPLIANCE_OFFICER_DELAYED. At worst,
    /// after the delay: a wrong issuer or agent.
    function govern(address target, bytes calldata data) external returns (bytes memory);

    /// @return Address at which `createToken` puts the token of this salt.
    function addressOf(bytes32 salt) external view returns (address);

    function isToken(address token) external view returns (bool);
    function isRegistry(address registry) external view returns (bool);
    /// @return The {ComplianceAwareToken} that every token hands its calls to.
    function implementation() external view returns (address);
    function registryImplementation() external view returns (address);
}
