// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {AutomatedComplianceEngine} from "contracts/compliance/AutomatedComplianceEngine.sol";
import {SanctionsList} from "contracts/compliance/SanctionsList.sol";
import {IdentityRegistry} from "contracts/identity/IdentityRegistry.sol";
import {LyingIdentity} from "contracts/mocks/LyingIdentity.sol";
import {ComplianceAwareToken} from "contracts/tokens/ComplianceAwareToken.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {ITransferTerms} from "interfaces/compliance/ITransferTerms.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";
import {IOnchainId} from "interfaces/identity/IOnchainId.sol";

/// @title Holders, agents and officers who do anything, in any order
/// @notice Holds every role itself. After each movement it asks of each account that has more than before whether it
/// may have it.
contract HolderHandler is Test {
    ComplianceAwareToken public immutable token;
    AutomatedComplianceEngine private immutable _engine;
    IdentityRegistry private immutable _registry;
    SanctionsList private immutable _sanctions;
    ITransferTerms private immutable _terms;

    uint16[3] private _countries = [756, 276, 840];
    address[] public wallets;
    LyingIdentity[] private _identities;
    mapping(address wallet => uint256) private _before;
    mapping(address person => bool) private _countedBefore;
    ITransferTerms.ClassRule private _limit;

    uint256 public moved;
    uint256 public reachedRefused;
    uint256 public refusedButNotSeen;
    uint256 public enteredAboveLimit;
    uint256 public miscounted;

    constructor(
        ComplianceAwareToken token_,
        AutomatedComplianceEngine engine,
        IdentityRegistry registry,
        SanctionsList sanctions
    ) {
        (token, _engine, _registry, _sanctions) = (token_, engine, registry, sanctions);
        _terms = ITransferTerms(address(engine));
        for (uint256 i; i < 8; ++i) {
            wallets.push(makeAddr(string.concat("wallet ", vm.toString(i))));
            if (i < 4) _identities.push(new LyingIdentity());
        }
    }

    // -- Movements

    function transfer(uint256 a, uint256 b, uint256 amount) external {
        (address from, address to) = (_wallet(a), _wallet(b));
        amount = _some(from, amount);
        uint8 code = token.detectTransferRestriction(from, to, amount);
        _remember();
        vm.prank(from);
        try token.transfer(to, amount) {
            _judge();
            if (code != 0) ++refusedButNotSeen;
        } catch {
            if (code == 0) ++refusedButNotSeen;
        }
    }

    function transferFrom(uint256 a, uint256 b, uint256 c, uint256 amount) external {
        (address from, address to, address spender) = (_wallet(a), _wallet(b), _wallet(c));
        amount = _some(from, amount);
        vm.prank(from);
        token.approve(spender, amount);
        _remember();
        vm.prank(spender);
        try token.transferFrom(from, to, amount) {
            _judge();
            if (spender != from && _isStopped(spender)) ++reachedRefused;
        } catch {}
    }

    function batchTransfer(uint256 a, uint256 b, uint256 c, uint256 amount) external {
        address from = _wallet(a);
        (address[] memory to, uint256[] memory amounts) = _legs(b, c, _some(from, amount));
        _remember();
        vm.prank(from);
        try token.batchTransfer(to, amounts) {
            _judge();
        } catch {}
    }

    function tryTransfer(uint256 a, uint256 b, uint256 amount) external {
        address from = _wallet(a);
        _remember();
        vm.prank(from);
        try token.tryTransfer(_wallet(b), _some(from, amount)) {
            _judge();
        } catch {}
    }

    function mint(uint256 a, uint256 b, uint96 amount, bool batch) external {
        _remember();
        if (batch) {
            (address[] memory to, uint256[] memory amounts) = _legs(a, b, amount);
            try token.batchMint(to, amounts) {
                _judge();
            } catch {}
        } else {
            try token.mint(_wallet(a), amount) {
                _judge();
            } catch {}
        }
    }

    function burn(uint256 a, uint256 amount) external {
        address from = _wallet(a);
        try token.burn(from, _some(from, amount)) {} catch {}
    }

    function force(uint256 a, uint256 b, uint256 c, uint256 amount) external {
        address from = _wallet(a);
        address[] memory list = new address[](2);
        (list[0], list[1]) = (from, from);
        (address[] memory to, uint256[] memory amounts) = _legs(b, c, _some(from, amount) / 2);
        _remember();
        try token.batchForcedTransfer(list, to, amounts) {
            _judge();
        } catch {}
    }

    function recover(uint256 a, uint256 b) external {
        address lost = _wallet(a);
        _remember();
        try token.recoveryAddress(lost, _wallet(b), address(_registry.identity(lost))) {
            _judge();
        } catch {}
    }

    // -- Officers

    function register(uint256 a, uint256 who, uint256 where) external {
        try _registry.registerIdentity(_wallet(a), _identities[who % 4], _countries[where % 3]) {} catch {}
    }

    function vouch(uint256 a, uint256 where, uint8 class, uint32 lifetime) external {
        IIdentityRegistry.InvestorClass given = IIdentityRegistry.InvestorClass(class % 4);
        uint40 expiry = uint40(vm.getBlockTimestamp() + lifetime);
        try _registry.registerIdentity(_wallet(a), _countries[where % 3], given, expiry) {} catch {}
    }

    function forget(uint256 a) external {
        try _registry.deleteIdentity(_wallet(a)) {} catch {}
    }

    function moveAbroad(uint256 a, uint256 where) external {
        try _registry.updateCountry(_wallet(a), _countries[where % 3]) {} catch {}
        _engine.recount(address(token), _wallet(where));
    }

    function freeze(uint256 a, uint256 amount, uint8 how) external {
        address account = _wallet(a);
        if (how % 5 == 0) _registry.setFrozen(account, how % 2 == 0);
        if (how % 5 == 1) token.setAddressFrozen(account, how % 2 == 0);
        if (how % 5 == 2) try token.freezePartialTokens(account, _some(account, amount)) {} catch {}
        if (how % 5 > 2) {
            try token.unfreezePartialTokens(account, amount % (token.getFrozenTokens(account) + 1)) {} catch {}
        }
    }

    function sanction(uint256 a, bool lift) external {
        address[] memory list = new address[](1);
        list[0] = _wallet(a);
        uint64 version = _sanctions.version();
        if (lift) {
            try _sanctions.lift(version, list, 0) {} catch {}
        } else if (a % 3 == 0) {
            try _sanctions.sanction(version, list, 0) {} catch {}
        }
    }

    function setVenue(uint256 a, bool venue) external {
        try _registry.setVenueAccount(_wallet(a), venue) {} catch {}
    }

    function setRule(uint256 where, IAutomatedComplianceEngine.Rule memory rule, uint8 how) external {
        rule.classes = how % 8 == 0 ? uint8(where % 8) << 1 : 14;
        rule.inboundBlocked = rule.inboundBlocked && how % 7 == 0;
        rule.outboundBlocked = rule.outboundBlocked && how % 7 == 1;
        rule.residentOnly = rule.residentOnly && how % 5 == 0;
        rule.documents = 0;
        rule.lockup = how % 3 == 0 ? rule.lockup % 30 days : 0;
        rule.maxHolders = how % 4 == 0 ? 1 + rule.maxHolders % 4 : 0;
        rule.minHolding = how % 5 == 0 ? rule.minHolding % 1e14 : 0;
        rule.maxHolding = how % 3 == 1 ? 1e14 + rule.maxHolding % 1e14 / 10 * 10 : 0;
        rule.volumeLimit = how % 3 == 2 ? 1 + rule.volumeLimit % 1e14 : 0;
        rule.period = rule.volumeLimit == 0 ? 0 : 3 + rule.period % 30 days;
        (rule.travelThreshold, rule.reportThreshold) = (rule.travelThreshold % 1e14, rule.reportThreshold % 1e14);
        uint16[] memory places = new uint16[](1);
        IAutomatedComplianceEngine.Rule[] memory rules = new IAutomatedComplianceEngine.Rule[](1);
        (places[0], rules[0]) = (_countries[where % 3], rule);
        _engine.setRules(address(token), places, rules);
        _engine.setTokenRule(address(token), IAutomatedComplianceEngine.TokenRule(0, how % 6 == 0 ? 3 : 0));
    }

    function limitClass(uint256 who, uint256 most, bool counted) external {
        ITransferTerms.ClassRule[] memory rules = new ITransferTerms.ClassRule[](1);
        rules[0] = _limit;
        if (_limit.maxHolders != 0) _terms.removeClassRules(address(token), rules);
        (rules[0].country, rules[0].classes) = (who % 2 == 0 ? 65_535 : _countries[who % 3], who % 4 < 2 ? 2 : 14);
        rules[0].maxHolders = uint32(1 + most % 5);
        _limit = rules[0];
        _terms.addClassRules(address(token), rules);
        if (counted) recountAll();
    }

    /// @dev Afterwards every holder has a seat, and the count is the number of persons who are counted.
    function recountAll() public {
        _terms.recountHolders(address(token), wallets);
        (uint256 seats, uint256 holders) = _terms.censusOf(address(token));
        if (_limit.maxHolders == 0) return;
        if (seats != holders) ++miscounted;
        uint256 persons;
        for (uint256 i; i < wallets.length; ++i) {
            if (!_isCounted(wallets[i])) continue;
            uint256 k;
            while (k < i && _personOf(wallets[k]) != _personOf(wallets[i])) ++k;
            if (k == i) ++persons;
        }
        if (persons != _terms.classHoldersOf(address(token), _limit)) ++miscounted;
    }

    function wait(uint256 time) external {
        vm.warp(vm.getBlockTimestamp() + time % 20 days);
    }

    // -- What the invariants ask

    function walletCount() external view returns (uint256) {
        return wallets.length;
    }

    function countries() external view returns (uint16[3] memory) {
        return _countries;
    }

    function _remember() private {
        for (uint256 i; i < wallets.length; ++i) {
            _before[wallets[i]] = token.balanceOf(wallets[i]);
            _countedBefore[_personOf(wallets[i])] = _isCounted(wallets[i]);
        }
    }

    /// @dev An account that has more than before is eligible, or a venue account in good standing.
    function _judge() private {
        ++moved;
        for (uint256 i; i < wallets.length; ++i) {
            if (token.balanceOf(wallets[i]) > _before[wallets[i]] && _isStopped(wallets[i])) ++reachedRefused;
        }
        if (_limit.maxHolders != 0 && _entered() && _terms.classHoldersOf(address(token), _limit) > _allowed()) {
            ++enteredAboveLimit;
        }
    }

    function _isStopped(address account) private view returns (bool) {
        IIdentityRegistry.Identity memory found = _registry.identityOf(account);
        if (found.frozen || found.sanctioned) return true;
        return !found.venue && _engine.eligibility(address(token), account) != IAutomatedComplianceEngine.Reason.None;
    }

    /// @dev Somebody who only received is counted now and was not. A recovery gives a counted person's tokens to a wallet
    /// that was nobody's; a person whom the census had not reached may move tokens between wallets of its own.
    function _entered() private view returns (bool) {
        for (uint256 i; i < wallets.length; ++i) {
            bool more = token.balanceOf(wallets[i]) > _before[wallets[i]];
            if (more && _isNewlyCounted(wallets[i]) && !_hasSent(_personOf(wallets[i]))) return true;
        }
        return false;
    }

    function _hasSent(address person) private view returns (bool) {
        for (uint256 i; i < wallets.length; ++i) {
            if (_personOf(wallets[i]) == person && token.balanceOf(wallets[i]) < _before[wallets[i]]) return true;
        }
        return false;
    }

    /// @dev A sender whose claims lapsed is counted anew by its sale, above the maximum if need be.
    function _allowed() private view returns (uint256 most) {
        most = _limit.maxHolders;
        for (uint256 i; i < wallets.length; ++i) {
            if (token.balanceOf(wallets[i]) < _before[wallets[i]] && _isNewlyCounted(wallets[i])) ++most;
        }
    }

    function _isNewlyCounted(address account) private view returns (bool) {
        return !_countedBefore[_personOf(account)] && _isCounted(account);
    }

    function _isCounted(address account) private view returns (bool) {
        return _limit.maxHolders != 0 && _terms.isCountedUnder(address(token), account, _limit);
    }

    function _personOf(address account) private view returns (address) {
        (IOnchainId identity,,) = _registry.personOf(account);
        return address(identity) == address(0) ? account : address(identity);
    }

    function _legs(
        uint256 a,
        uint256 b,
        uint256 amount
    )
        private
        view
        returns (address[] memory to, uint256[] memory sums)
    {
        to = new address[](2);
        sums = new uint256[](2);
        (to[0], to[1]) = (_wallet(a), _wallet(b));
        (sums[0], sums[1]) = (amount / 3, amount - amount / 3);
    }

    /// @dev Returns mostly a part of the balance; sometimes all, sometimes too much.
    function _some(address from, uint256 amount) private view returns (uint256) {
        uint256 balance = token.balanceOf(from);
        if (amount % 8 == 0) return balance;
        return amount % (balance + balance / 16 + 1);
    }

    function _wallet(uint256 seed) private view returns (address) {
        return wallets[seed % wallets.length];
    }
}
