// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";

import {TokenCompliance} from "../compliance/TokenCompliance.sol";
import {IdentityRegistry} from "../identity/IdentityRegistry.sol";
import {ComplianceAwareToken} from "./ComplianceAwareToken.sol";
import {TokenEntry} from "./TokenEntry.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {ISanctionsList} from "interfaces/compliance/ISanctionsList.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";
import {IComplianceAwareToken} from "interfaces/tokens/IComplianceAwareToken.sol";
import {ITokenFactory} from "interfaces/tokens/ITokenFactory.sol";

/// @title Issues regulated tokens
/// @notice See {ITokenFactory}.
contract TokenFactory is ITokenFactory, AccessManaged {
    uint8 private constant _MAX_DECIMALS = 36;

    /// @inheritdoc ITokenFactory
    address public immutable implementation;
    /// @inheritdoc ITokenFactory
    address public immutable registryImplementation;
    IAutomatedComplianceEngine private immutable _engine;
    address private immutable _sharedRegistry;
    address private immutable _complianceImplementation;
    bytes32 private immutable _entryHash;

    /// @inheritdoc ITokenFactory
    mapping(address token => bool) public isToken;
    /// @inheritdoc ITokenFactory
    mapping(address registry => bool) public isRegistry;

    constructor(
        address authority_,
        IAutomatedComplianceEngine engine,
        address registryImplementation_
    )
        AccessManaged(authority_)
    {
        _engine = engine;
        _sharedRegistry = engine.identityRegistry();
        registryImplementation = registryImplementation_;
        implementation = address(new ComplianceAwareToken(authority_, address(this)));
        _entryHash = keccak256(abi.encodePacked(type(TokenEntry).creationCode, abi.encode(implementation)));
        _complianceImplementation = address(new TokenCompliance());
    }

    /// @inheritdoc ITokenFactory
    function createToken(TokenParams calldata params) external restricted returns (address token) {
        token = _create(params);
        _engine.openRules(token, params.countries, params.classes);
        IComplianceAwareToken.TokenInfo memory info;
        info.fractional = true;
        _initialize(token, _sharedRegistry, params, info, address(0), new address[](0));
    }

    /// @inheritdoc ITokenFactory
    function issueToken(
        TokenParams calldata params,
        IssueTerms calldata terms
    )
        external
        restricted
        returns (address token)
    {
        if (params.classes != 0) revert TokenFactory__BothRules(params.classes);
        token = _create(params);
        address registry = _registryOf(terms, params.salt);
        _engine.openRulebook(token, registry, terms.tokenRule, params.countries, terms.rules);
        _initialize(token, registry, params, terms.info, terms.onchainID, terms.agents);
    }

    /// @inheritdoc ITokenFactory
    function govern(address target, bytes calldata data) external restricted returns (bytes memory) {
        if (!isToken[target] && !isRegistry[target]) revert TokenFactory__NotOurs(target);
        bytes memory answer = Address.functionCall(target, data);
        if (isToken[target] && bytes4(data) == IComplianceAwareToken.setIdentityRegistry.selector) {
            _bind(target, abi.decode(data[4:], (address)));
        }
        return answer;
    }

    /// @inheritdoc ITokenFactory
    function addressOf(bytes32 salt) public view returns (address) {
        return Create2.computeAddress(salt, _entryHash);
    }

    function _create(TokenParams calldata params) private returns (address token) {
        if (params.decimals > _MAX_DECIMALS) revert TokenFactory__UnsupportedDecimals(params.decimals);
        if (isToken[addressOf(params.salt)]) revert TokenFactory__SaltUsed(params.salt);
        token = address(new TokenEntry{salt: params.salt}(implementation));
        isToken[token] = true;
        emit TokenCreated(token, params.name, params.symbol);
    }

    function _registryOf(IssueTerms calldata terms, bytes32 salt) private returns (address registry) {
        if (!terms.ownRegistry) return terms.registry == address(0) ? _sharedRegistry : terms.registry;
        if (terms.registry != address(0)) revert TokenFactory__BothRegistries(terms.registry);
        registry = Clones.cloneDeterministic(registryImplementation, salt);
        isRegistry[registry] = true;
        emit RegistryCreated(registry);
        IdentityRegistry(registry).initializeClone(authority(), _sharedRegistry);
        ISanctionsList(IIdentityRegistry(_sharedRegistry).sanctionsList()).addRegistry(registry);
    }

    /// @dev A registry that is neither shared nor made here has to name the token an agent itself.
    function _bind(address token, address registry) private {
        if (registry == _sharedRegistry || isRegistry[registry]) IIdentityRegistry(registry).bindToken(token);
    }

    function _initialize(
        address token,
        address registry,
        TokenParams calldata params,
        IComplianceAwareToken.TokenInfo memory info,
        address onchainID,
        address[] memory agents
    )
        private
    {
        address compliance = Clones.cloneWithImmutableArgs(_complianceImplementation, abi.encode(_engine, token));
        _bind(token, registry);
        IComplianceAwareToken(token)
            .initialize(params.name, params.symbol, params.decimals, compliance, onchainID, info, agents);
    }
}
