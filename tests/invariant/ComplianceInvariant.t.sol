// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HolderHandler} from "./base/HolderHandler.sol";
import {ProtocolTest} from "./base/ProtocolTest.sol";
import {Roles} from "contracts/access/Roles.sol";
import {IdentityRegistry} from "contracts/identity/IdentityRegistry.sol";
import {LyingIdentity} from "contracts/mocks/LyingIdentity.sol";
import {ComplianceAwareToken} from "contracts/tokens/ComplianceAwareToken.sol";
import {TokenFactory} from "contracts/tokens/TokenFactory.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";
import {ITokenFactory} from "interfaces/tokens/ITokenFactory.sol";

/// @title Everybody's acts, against the books of a regulated token
contract ComplianceInvariantTest is ProtocolTest {
    HolderHandler private _handler;
    ComplianceAwareToken private _token;

    function setUp() public {
        setUpProtocol();
        TokenFactory tokens = new TokenFactory(address(manager), engine, address(new IdentityRegistry(sanctions)));
        manager.grantRole(Roles.FACTORY, address(tokens), 0);
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = IIdentityRegistry.bindToken.selector;
        manager.setTargetFunctionRole(address(registry), selectors, Roles.FACTORY);

        ITokenFactory.TokenParams memory params;
        (params.name, params.symbol, params.classes) = ("Regulated", "REG", 14);
        params.countries = new uint16[](3);
        (params.countries[0], params.countries[1], params.countries[2]) = (756, 276, 840);
        _token = ComplianceAwareToken(tokens.createToken(params));

        // One issuer that finds every claim of the topic valid.
        uint256[] memory topics = new uint256[](1);
        topics[0] = 1;
        registry.setTopicTerms(
            1,
            IIdentityRegistry.TopicTerms(
                true, true, IIdentityRegistry.Term.Kyc, IIdentityRegistry.InvestorClass.Accredited, 30 days
            )
        );
        registry.addTrustedIssuer(address(new LyingIdentity()), topics);
        _handler = new HolderHandler(_token, engine, registry, sanctions);
        manager.grantRole(Roles.ADMIN, address(_handler), 0);
        for (uint256 i; i < 8; ++i) {
            _handler.register(i, i, i);
            _handler.mint(i, i, 1e15, false);
        }
        targetContract(address(_handler));
    }

    /// @dev I4: no movement ever left an account with more than before that its rules refuse.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I4_NothingReachesARefusedAccount() public view {
        assertEq(_handler.reachedRefused(), 0);
    }

    /// @dev The ERC-1404 code is the verdict that a transfer then meets.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_CodesForetellTransfers() public view {
        assertEq(_handler.refusedButNotSeen(), 0);
    }

    /// @dev The supply is the sum of balances, and no holder has more frozen than it has.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_SupplyAndFreezes() public view {
        uint256 sum;
        for (uint256 i; i < _handler.walletCount(); ++i) {
            address wallet = _handler.wallets(i);
            sum += _token.balanceOf(wallet);
            assertLe(_token.getFrozenTokens(wallet), _token.balanceOf(wallet));
        }
        assertEq(sum, _token.totalSupply());
    }

    /// @dev Holders are counted where they were when they came, and all of them together; an account that holds nothing
    /// is not counted.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_HoldersAreCounted() public view {
        uint256[1000] memory inCountry;
        uint256 all;
        for (uint256 i; i < _handler.walletCount(); ++i) {
            address wallet = _handler.wallets(i);
            (uint16 country,,) = engine.holderOf(address(_token), wallet);
            if (_token.balanceOf(wallet) == 0) assertEq(country, 0);
            if (country == 0) continue;
            ++all;
            ++inCountry[country];
        }
        uint16[3] memory countries = _handler.countries();
        for (uint256 i; i < 3; ++i) {
            (uint256 counted, uint256 there) = engine.holdersOf(address(_token), countries[i]);
            assertEq(counted, all);
            assertEq(there, inCountry[countries[i]]);
        }
    }

    /// @dev Nobody enters above the maximum of a class, and a recount of everybody counts each person once.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_PersonsOfAClassAreCounted() public view {
        assertEq(_handler.enteredAboveLimit(), 0);
        assertEq(_handler.miscounted(), 0);
    }

    /// @dev Three of four persons stay: the maximum of three keeps the fourth out, that of four does not.
    function test_mint__maximumOfAClass__bindsInTheCampaign() public {
        _handler.burn(0, 0);
        _handler.burn(4, 0);
        _handler.limitClass(2, 2, true);
        uint256 moved = _handler.moved();
        _handler.mint(0, 0, 100, false);
        assertEq(_handler.moved(), moved);
        _handler.limitClass(2, 3, true);
        _handler.mint(0, 0, 100, false);
        assertEq(_handler.moved(), moved + 1);
        assertEq(_handler.miscounted(), 0);
    }

    /// @dev A recovery to a wallet of nobody moves a person who was counted already, whatever the maximum is by then.
    function test_recover__personAboveTheMaximum__entersNobody() public {
        _handler.burn(1, 0);
        _handler.burn(5, 0);
        _handler.forget(5);
        _handler.limitClass(2, 0, true);
        _handler.recover(0, 5);
        assertGt(_token.balanceOf(_handler.wallets(5)), 0);
        assertEq(_handler.enteredAboveLimit(), 0);
    }

    /// @dev Before the census is complete, whoever holds tokens is counted as it moves them, above the maximum if need be.
    function test_force__holderWhoIsNotCountedYet__entersNobody() public {
        _handler.limitClass(2, 0, false);
        _handler.transfer(1, 5, 100);
        _handler.transfer(2, 6, 100);
        _handler.force(0, 4, 6, 96);
        assertEq(_handler.moved(), 11);
        assertEq(_handler.enteredAboveLimit(), 0);
    }

    /// @dev The campaign means something only if tokens move.
    function test_transfer__betweenRegistered__moves() public {
        _handler.transfer(0, 1, 100);
        assertEq(_handler.moved(), 9);
        assertEq(_handler.refusedButNotSeen(), 0);
    }
}
