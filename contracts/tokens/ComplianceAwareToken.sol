// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {BatchLegs} from "./BatchLegs.sol";
import {PackedHoldings} from "./PackedHoldings.sol";
import {TokenDocuments} from "./TokenDocuments.sol";
import {TokenMovements} from "./TokenMovements.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {ITokenCompliance} from "interfaces/compliance/ITokenCompliance.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";
import {IOnchainId} from "interfaces/identity/IOnchainId.sol";
import {IComplianceAwareToken} from "interfaces/tokens/IComplianceAwareToken.sol";
import {IERC7943Fungible} from "interfaces/tokens/IERC7943Fungible.sol";

/// @title Regulated token
/// @notice See {IComplianceAwareToken}. Each token is a {TokenEntry}, which hands it calls.
contract ComplianceAwareToken is TokenMovements, TokenDocuments {
    uint256 private constant _MANAGEMENT = 1;

    /// @inheritdoc IComplianceAwareToken
    address public immutable factory;
    /// @inheritdoc IComplianceAwareToken
    address public immutable authority;

    /// @inheritdoc IComplianceAwareToken
    address public compliance;
    /// @inheritdoc IComplianceAwareToken
    address public onchainID;
    /// @inheritdoc IComplianceAwareToken
    mapping(address agent => bool) public isAgent;

    /// @dev A token acts under the role mapping of its factory.
    modifier restricted() {
        _requireRole();
        _;
    }

    modifier orAgent() {
        if (!isAgent[msg.sender]) _requireRole();
        _;
    }

    /// @dev The factory speaks for roles that wait out a delay.
    modifier governed() {
        if (msg.sender != factory) _requireRole();
        _;
    }

    constructor(address authority_, address factory_) {
        (authority, factory) = (authority_, factory_);
        _disableInitializers();
    }

    /// @inheritdoc IComplianceAwareToken
    function initialize(
        string calldata name_,
        string calldata symbol_,
        uint8 decimals_,
        address compliance_,
        address onchainID_,
        TokenInfo calldata info_,
        address[] calldata agents
    )
        external
        initializer
    {
        if (msg.sender != factory) revert ComplianceAwareToken__Unauthorized(msg.sender, msg.sig);
        __ERC20Permit_init("");
        _config.decimals = decimals_;
        onchainID = onchainID_;
        _setNames(name_, symbol_);
        _putInfo(info_, decimals_);
        for (uint256 i; i < agents.length; ++i) {
            _addAgent(agents[i]);
        }
        _emitInformation();
        _takeCompliance(compliance_);
        emit IdentityRegistryAdded(identityRegistry());
    }

    // -- Holders -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IComplianceAwareToken
    function batchTransfer(address[] calldata toList, uint256[] calldata amounts) external {
        address engine_ = _running();
        (address[] memory receivers, uint256[] memory sums) = BatchLegs.summed(toList, amounts);
        uint256[] memory balances = new uint256[](receivers.length);
        uint256 fromBalance = balanceOf(msg.sender);
        for (uint256 i; i < receivers.length; ++i) {
            if (receivers[i] == address(0)) revert ERC20InvalidReceiver(address(0));
            (fromBalance, balances[i]) = _moveFree(msg.sender, receivers[i], sums[i]);
        }
        _emitLegs(msg.sender, toList, amounts);
        for (uint256 i; i < receivers.length; ++i) {
            if (receivers[i] == msg.sender) balances[i] = fromBalance;
        }
        IAutomatedComplianceEngine(engine_).admitBatch(msg.sender, msg.sender, receivers, sums, fromBalance, balances);
    }

    /// @inheritdoc IComplianceAwareToken
    function tryTransfer(address to, uint256 amount) external returns (uint8) {
        return _try(msg.sender, to, amount);
    }

    /// @inheritdoc IComplianceAwareToken
    function tryTransferFrom(address from, address to, uint256 amount) external returns (uint8) {
        uint256 allowed = allowance(from, msg.sender);
        // Nobody writes refusals in the name of a holder that allowed nothing.
        if (allowed < amount || allowed == 0) revert ERC20InsufficientAllowance(msg.sender, allowed, amount);
        return _try(from, to, amount);
    }

    /// @inheritdoc IComplianceAwareToken
    function increaseAllowance(address spender, uint256 amount) external returns (bool) {
        _approve(msg.sender, spender, allowance(msg.sender, spender) + amount);
        return true;
    }

    /// @inheritdoc IComplianceAwareToken
    function decreaseAllowance(address spender, uint256 amount) external returns (bool) {
        uint256 allowed = allowance(msg.sender, spender);
        if (amount > allowed) revert ERC20InsufficientAllowance(spender, allowed, amount);
        _approve(msg.sender, spender, allowed - amount);
        return true;
    }

    // -- Agents ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IComplianceAwareToken
    function mint(address to, uint256 amount) external orAgent {
        if (to == address(0)) revert ERC20InvalidReceiver(address(0));
        _increaseSupply(amount);
        uint256 balance = _issue(to, amount);
        emit Transfer(address(0), to, amount);
        IAutomatedComplianceEngine(_config.engine).admitTransfer(msg.sender, address(0), to, amount, 0, balance);
    }

    /// @inheritdoc IComplianceAwareToken
    function burn(address from, uint256 amount) external orAgent {
        _redeem(from, amount);
    }

    /// @inheritdoc IERC7943Fungible
    function forcedTransfer(address from, address to, uint256 amount) external orAgent returns (bool) {
        _force(from, to, amount);
        return true;
    }

    /// @inheritdoc IComplianceAwareToken
    function recoveryAddress(
        address lostWallet,
        address newWallet,
        address investorOnchainID
    )
        external
        orAgent
        returns (bool)
    {
        // Checks
        uint256 amount = balanceOf(lostWallet);
        if (amount == 0) revert ComplianceAwareToken__NothingToRecover(lostWallet);
        IIdentityRegistry registry = IIdentityRegistry(identityRegistry());
        if (
            lostWallet == newWallet || address(registry.identity(lostWallet)) != investorOnchainID
                || !IOnchainId(investorOnchainID).keyHasPurpose(keccak256(abi.encode(newWallet)), _MANAGEMENT)
        ) revert ComplianceAwareToken__NotTheSameInvestor(lostWallet, newWallet, investorOnchainID);

        // Effects
        uint256 frozen = _frozenOf(lostWallet);
        if (frozen != 0) _setFrozen(lostWallet, 0);
        _take(lostWallet, amount);
        uint256 balance = _give(newWallet, amount);
        emit Transfer(lostWallet, newWallet, amount);
        if (frozen != 0) _setFrozen(newWallet, _frozenOf(newWallet) + frozen);
        if (_isWalletFrozen(lostWallet)) _setWalletFrozen(newWallet, true);
        emit RecoverySuccess(lostWallet, newWallet, investorOnchainID);

        // Interactions
        if (registry.servesOnly(address(this))) {
            registry.replaceWallet(lostWallet, newWallet);
        } else if (address(registry.identity(newWallet)) != investorOnchainID) {
            // An agent of this token admits nobody to the registry's other tokens, and leaves the lost wallet to them.
            revert ComplianceAwareToken__NotRegistered(newWallet);
        }
        IAutomatedComplianceEngine(_config.engine)
            .admitForcedTransfer(msg.sender, lostWallet, newWallet, amount, 0, balance);
        return true;
    }

    /// @inheritdoc IComplianceAwareToken
    function setAddressFrozen(address account, bool freeze) external orAgent {
        _setWalletFrozen(account, freeze);
    }

    /// @inheritdoc IERC7943Fungible
    function setFrozenTokens(address account, uint256 amount) external orAgent returns (bool) {
        _setFrozen(account, amount);
        return true;
    }

    /// @inheritdoc IComplianceAwareToken
    function freezePartialTokens(address account, uint256 amount) external orAgent {
        _freeze(account, amount);
    }

    /// @inheritdoc IComplianceAwareToken
    function unfreezePartialTokens(address account, uint256 amount) external orAgent {
        _unfreeze(account, amount);
    }

    /// @inheritdoc IComplianceAwareToken
    function batchMint(address[] calldata toList, uint256[] calldata amounts) external orAgent {
        (address[] memory receivers, uint256[] memory sums) = BatchLegs.summed(toList, amounts);
        uint256[] memory balances = new uint256[](receivers.length);
        for (uint256 i; i < receivers.length; ++i) {
            if (receivers[i] == address(0)) revert ERC20InvalidReceiver(address(0));
            _increaseSupply(sums[i]);
            balances[i] = _issue(receivers[i], sums[i]);
        }
        _emitLegs(address(0), toList, amounts);
        IAutomatedComplianceEngine(_config.engine).admitBatch(msg.sender, address(0), receivers, sums, 0, balances);
    }

    /// @inheritdoc IComplianceAwareToken
    function batchBurn(address[] calldata accounts, uint256[] calldata amounts) external orAgent {
        BatchLegs.requireSame(accounts.length, amounts.length);
        for (uint256 i; i < accounts.length; ++i) {
            _redeem(accounts[i], amounts[i]);
        }
    }

    /// @inheritdoc IComplianceAwareToken
    function batchForcedTransfer(
        address[] calldata fromList,
        address[] calldata toList,
        uint256[] calldata amounts
    )
        external
        orAgent
    {
        BatchLegs.requireSame(fromList.length, toList.length);
        BatchLegs.requireSame(fromList.length, amounts.length);
        for (uint256 i; i < fromList.length; ++i) {
            uint256 sum;
            bool done;
            for (uint256 k; k < fromList.length; ++k) {
                if (fromList[k] != fromList[i] || toList[k] != toList[i]) continue;
                done = done || k < i;
                sum += amounts[k];
            }
            if (!done) _force(fromList[i], toList[i], sum);
        }
    }

    /// @inheritdoc IComplianceAwareToken
    function batchSetAddressFrozen(address[] calldata accounts, bool[] calldata freeze) external orAgent {
        BatchLegs.requireSame(accounts.length, freeze.length);
        for (uint256 i; i < accounts.length; ++i) {
            _setWalletFrozen(accounts[i], freeze[i]);
        }
    }

    /// @inheritdoc IComplianceAwareToken
    function batchFreezePartialTokens(address[] calldata accounts, uint256[] calldata amounts) external orAgent {
        BatchLegs.requireSame(accounts.length, amounts.length);
        for (uint256 i; i < accounts.length; ++i) {
            _freeze(accounts[i], amounts[i]);
        }
    }

    /// @inheritdoc IComplianceAwareToken
    function batchUnfreezePartialTokens(address[] calldata accounts, uint256[] calldata amounts) external orAgent {
        BatchLegs.requireSame(accounts.length, amounts.length);
        for (uint256 i; i < accounts.length; ++i) {
            _unfreeze(accounts[i], amounts[i]);
        }
    }

    /// @inheritdoc IComplianceAwareToken
    function pause() external orAgent {
        if (_config.paused) revert ComplianceAwareToken__Paused();
        _config.paused = true;
        emit Paused(msg.sender);
    }

    /// @inheritdoc IComplianceAwareToken
    function unpause() external orAgent {
        if (!_config.paused) revert ComplianceAwareToken__NotPaused();
        _config.paused = false;
        emit Unpaused(msg.sender);
    }

    // -- Governance --------------------------------------------------------------------------------------------------

    /// @inheritdoc IComplianceAwareToken
    function setName(string calldata name_) external restricted {
        _setNames(name_, symbol());
        _emitInformation();
    }

    /// @inheritdoc IComplianceAwareToken
    function setSymbol(string calldata symbol_) external restricted {
        _setNames(name(), symbol_);
        _emitInformation();
    }

    /// @inheritdoc IComplianceAwareToken
    function setOnchainID(address onchainID_) external restricted {
        onchainID = onchainID_;
        _emitInformation();
    }

    /// @inheritdoc IComplianceAwareToken
    function setTokenInfo(TokenInfo calldata info_) external restricted {
        _putInfo(info_, _config.decimals);
    }

    /// @inheritdoc IComplianceAwareToken
    function setDocument(bytes32 name_, string calldata uri, bytes32 documentHash) external restricted {
        _putDocument(name_, uri, documentHash);
    }

    /// @inheritdoc IComplianceAwareToken
    function removeDocument(bytes32 name_) external restricted {
        _dropDocument(name_);
    }

    /// @inheritdoc IComplianceAwareToken
    function setIdentityRegistry(address registry) external governed {
        emit IdentityRegistryAdded(registry);
        IAutomatedComplianceEngine(_config.engine).setRegistry(registry);
    }

    /// @inheritdoc IComplianceAwareToken
    function setCompliance(address compliance_) external governed {
        ITokenCompliance(compliance).unbindToken(address(this));
        address engine_ = _config.engine;
        _takeCompliance(compliance_);
        // Another engine knows neither holders nor locks nor volumes.
        if (_config.engine != engine_ && totalSupply() != 0) revert ComplianceAwareToken__EngineInUse(engine_);
    }

    /// @inheritdoc IComplianceAwareToken
    function addAgent(address agent) external governed {
        if (isAgent[agent]) revert ComplianceAwareToken__IsAgent(agent);
        _addAgent(agent);
    }

    /// @inheritdoc IComplianceAwareToken
    function removeAgent(address agent) external governed {
        if (!isAgent[agent]) revert ComplianceAwareToken__NotAnAgent(agent);
        isAgent[agent] = false;
        emit AgentRemoved(agent);
    }

    // -- Reading -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IComplianceAwareToken
    function detectTransferRestriction(address from, address to, uint256 amount) external view returns (uint8) {
        (, IAutomatedComplianceEngine.Reason reason) = _restriction(from, from, to, amount);
        return uint8(reason);
    }

    /// @inheritdoc IComplianceAwareToken
    function messageForTransferRestriction(uint8 code) external view returns (string memory) {
        return ITokenCompliance(compliance).messageOf(code);
    }

    /// @inheritdoc IComplianceAwareToken
    function identityRegistry() public view returns (address) {
        return IAutomatedComplianceEngine(_config.engine).registryOf(address(this));
    }

    /// @inheritdoc IComplianceAwareToken
    function engine() external view returns (address) {
        return _config.engine;
    }

    /// @inheritdoc IComplianceAwareToken
    function paused() external view returns (bool) {
        return _config.paused;
    }

    /// @inheritdoc IComplianceAwareToken
    function owner() external view returns (address) {
        return factory;
    }

    /// @inheritdoc IComplianceAwareToken
    function version() external pure returns (string memory) {
        return "4.1.6";
    }

    /// @inheritdoc IComplianceAwareToken
    function isFrozen(address account) external view returns (bool) {
        return _isWalletFrozen(account);
    }

    /// @inheritdoc IERC7943Fungible
    function canSend(address account) external view returns (bool allowed) {
        if (_isWalletFrozen(account)) return false;
        (allowed,) = IAutomatedComplianceEngine(_config.engine).directionsOf(address(this), account);
    }

    /// @inheritdoc IERC7943Fungible
    function canReceive(address account) external view returns (bool allowed) {
        if (account == address(0) || _isWalletFrozen(account)) return false;
        (, allowed) = IAutomatedComplianceEngine(_config.engine).directionsOf(address(this), account);
    }

    /// @inheritdoc IERC7943Fungible
    function canTransfer(address from, address to, uint256 amount) external view returns (bool) {
        // No balance is larger, and sums of two such amounts do not overflow.
        uint256 judged = amount > type(uint120).max ? type(uint120).max : amount;
        if (_frozenOf(from) != 0 && judged > _free(from)) return false;
        (, IAutomatedComplianceEngine.Reason reason) = _tokenRuling(from, from, to);
        if (reason != IAutomatedComplianceEngine.Reason.None) return false;
        (, reason) = IAutomatedComplianceEngine(_config.engine).checkTransfer(address(this), from, from, to, judged);
        return reason == IAutomatedComplianceEngine.Reason.None;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == type(IERC165).interfaceId || id == type(IERC7943Fungible).interfaceId;
    }

    /// @inheritdoc IERC7943Fungible
    function getFrozenTokens(address account) external view returns (uint256) {
        return _frozenOf(account);
    }

    /// @notice Returns the smallest units that exist; at most 2^120 - 1.
    function totalSupply() public view override(PackedHoldings, IERC20) returns (uint256) {
        return super.totalSupply();
    }

    /// @notice Returns the smallest units of `account`, frozen ones included.
    function balanceOf(address account) public view override(PackedHoldings, IERC20) returns (uint256) {
        return super.balanceOf(account);
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    function _try(address from, address to, uint256 amount) private returns (uint8) {
        (address account, IAutomatedComplianceEngine.Reason reason) = _restriction(msg.sender, from, to, amount);
        if (reason != IAutomatedComplianceEngine.Reason.None) {
            IAutomatedComplianceEngine(_config.engine).recordRefusal(msg.sender, from, to, amount, account, reason);
            return uint8(reason);
        }
        if (msg.sender != from) _spendAllowance(from, msg.sender, amount);
        _transfer(from, to, amount);
        return 0;
    }

    /// @dev Returns the reason with which `_update` would revert, looked for in the same order.
    function _restriction(
        address operator,
        address from,
        address to,
        uint256 amount
    )
        private
        view
        returns (address, IAutomatedComplianceEngine.Reason)
    {
        (address account, IAutomatedComplianceEngine.Reason reason) = _tokenRuling(operator, from, to);
        if (reason != IAutomatedComplianceEngine.Reason.None) return (account, reason);
        if (amount > balanceOf(from)) return (from, IAutomatedComplianceEngine.Reason.InsufficientBalance);
        if (amount > _free(from)) return (from, IAutomatedComplianceEngine.Reason.AmountFrozen);
        return IAutomatedComplianceEngine(_config.engine).checkTransfer(address(this), operator, from, to, amount);
    }

    /// @dev Judges by the token's own rules: the pause and frozen wallets.
    function _tokenRuling(
        address operator,
        address from,
        address to
    )
        private
        view
        returns (address, IAutomatedComplianceEngine.Reason)
    {
        if (to == address(0)) return (to, IAutomatedComplianceEngine.Reason.NotRegistered);
        if (_config.paused) return (address(this), IAutomatedComplianceEngine.Reason.TokenPaused);
        if (_isWalletFrozen(operator)) return (operator, IAutomatedComplianceEngine.Reason.WalletFrozen);
        if (_isWalletFrozen(from)) return (from, IAutomatedComplianceEngine.Reason.WalletFrozen);
        if (_isWalletFrozen(to)) return (to, IAutomatedComplianceEngine.Reason.WalletFrozen);
        return (address(0), IAutomatedComplianceEngine.Reason.None);
    }

    function _issue(address to, uint256 amount) private returns (uint256 balance) {
        balance = _give(to, amount);
        uint256 minimum = _minimumInvestment();
        if (balance < minimum) revert ComplianceAwareToken__BelowMinimumInvestment(balance, minimum);
    }

    /// @dev Rules see sums; an indexer sees each leg, as ERC-3643 has it.
    function _emitLegs(address from, address[] calldata toList, uint256[] calldata amounts) private {
        for (uint256 i; i < toList.length; ++i) {
            emit Transfer(from, toList[i], amounts[i]);
        }
    }

    function _redeem(address from, uint256 amount) private {
        if (from == address(0)) revert ERC20InvalidSender(address(0));
        uint256 balance = _take(from, amount);
        _decreaseSupply(amount);
        emit Transfer(from, address(0), amount);
        IAutomatedComplianceEngine(_config.engine).admitTransfer(msg.sender, from, address(0), amount, balance, 0);
    }

    /// @dev A forced transfer of an account to itself moves nothing, so nothing is unfrozen.
    function _force(address from, address to, uint256 amount) private {
        if (from == address(0)) revert ERC20InvalidSender(address(0));
        if (to == address(0)) revert ERC20InvalidReceiver(address(0));
        uint256 fromBalance;
        uint256 toBalance;
        if (from != to) {
            fromBalance = _take(from, amount);
            toBalance = _give(to, amount);
        } else {
            (fromBalance, toBalance) = (balanceOf(from), balanceOf(from));
            if (amount > fromBalance) revert ERC20InsufficientBalance(from, fromBalance, amount);
        }
        emit Transfer(from, to, amount);
        emit ForcedTransfer(from, to, amount);
        IAutomatedComplianceEngine(_config.engine)
            .admitForcedTransfer(msg.sender, from, to, amount, fromBalance, toBalance);
    }

    function _takeCompliance(address compliance_) private {
        address engine_ = ITokenCompliance(compliance_).engine();
        if (IAutomatedComplianceEngine(engine_).registryOf(address(this)) == address(0)) {
            revert ComplianceAwareToken__InvalidCompliance(compliance_);
        }
        (compliance, _config.engine) = (compliance_, engine_);
        emit ComplianceAdded(compliance_);
        ITokenCompliance(compliance_).bindToken(address(this));
        if (!ITokenCompliance(compliance_).isTokenBound(address(this))) {
            revert ComplianceAwareToken__InvalidCompliance(compliance_);
        }
    }

    function _addAgent(address agent) private {
        if (agent == address(0)) revert ComplianceAwareToken__NotAnAgent(agent);
        isAgent[agent] = true;
        emit AgentAdded(agent);
    }

    function _emitInformation() private {
        emit UpdatedTokenInformation(name(), symbol(), _config.decimals, "4.1.6", onchainID);
    }

    function _requireRole() private view {
        (bool immediate,) = IAccessManager(authority).canCall(msg.sender, factory, msg.sig);
        if (!immediate) revert ComplianceAwareToken__Unauthorized(msg.sender, msg.sig);
    }
}
