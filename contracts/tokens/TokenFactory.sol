// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {ComplianceAwareToken} from "./ComplianceAwareToken.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IComplianceAwareToken} from "interfaces/tokens/IComplianceAwareToken.sol";
import {ITokenFactory} from "interfaces/tokens/ITokenFactory.sol";

/// @title Issues regulated tokens
/// @notice See {ITokenFactory}.
contract TokenFactory is ITokenFactory, AccessManaged {
    uint8 private constant _MAX_DECIMALS = 36;

    /// @inheritdoc ITokenFactory
    address public immutable implementation;
    IAutomatedComplianceEngine private immutable _compliance;

    /// @inheritdoc ITokenFactory
    mapping(address token => bool) public isToken;

    constructor(address authority_, address compliance) AccessManaged(authority_) {
        _compliance = IAutomatedComplianceEngine(compliance);
        implementation = address(new ComplianceAwareToken(authority_, compliance));
    }

    /// @inheritdoc ITokenFactory
    function createToken(TokenParams calldata params) external restricted returns (address token) {
        // Checks
        if (params.decimals > _MAX_DECIMALS) revert TokenFactory__UnsupportedDecimals(params.decimals);

        // Effects
        token = Clones.cloneDeterministic(implementation, params.salt);
        isToken[token] = true;
        emit TokenCreated(token, params.name, params.symbol);

        // Interactions
        _compliance.openRules(token, params.countries, params.classes);
        IComplianceAwareToken(token).initialize(params.name, params.symbol, params.decimals);
    }

    /// @inheritdoc ITokenFactory
    function addressOf(bytes32 salt) external view returns (address) {
        return Clones.predictDeterministicAddress(implementation, salt);
    }
}
