// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClaimVerifier} from "./ClaimVerifier.sol";
import {ISanctionsList} from "interfaces/compliance/ISanctionsList.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";
import {IOnchainId} from "interfaces/identity/IOnchainId.sol";

/// @title Records of the registry: accounts, and the persons behind them
/// @notice {IdentityRegistry} decides what is recorded; this file keeps the records consistent.
///
/// ACCOUNTS
/// - An account has one slot, {IIdentityRegistry.Identity}. Whoever judges a transfer reads nothing else.
///
/// PERSONS
/// - An ONCHAINID with its wallets is a person. A freeze or a sanction of one wallet is the person's, and is written into
///   the slot of every wallet at once, so that no reader has to know the person.
/// - A wallet that is unlinked remembers its person, and stays bound by what binds it.
abstract contract IdentityRecords is ClaimVerifier {
    uint256 private constant _USUAL_MAX_WALLETS = 8;

    ISanctionsList internal immutable _sanctionsList;

    constructor(ISanctionsList sanctionsList_) {
        _sanctionsList = sanctionsList_;
    }

    // -- Accounts ----------------------------------------------------------------------------------------------------

    function _keep(address account, Identity memory next) internal {
        _storage().identities[account] = next;
        emit IdentityVerified(
            account,
            next.country,
            next.investorClass,
            next.kycExpiry,
            next.amlExpiry,
            next.accreditationExpiry,
            next.topics
        );
    }

    /// @dev Returns the present identity, for an investor's new one to be written over it, with the present sanctions.
    function _written(address account) internal returns (Identity memory next) {
        if (account == address(0)) revert IdentityRegistry__ZeroAccount();
        _syncSanction(account);
        next = _storage().identities[account];
        if (next.venue) revert IdentityRegistry__IsVenue(account);
    }

    function _packed(address account) internal view returns (uint256 word) {
        Identity storage identity_ = _storage().identities[account];
        assembly ("memory-safe") {
            word := sload(identity_.slot)
        }
    }

    // -- Persons -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IIdentityRegistry
    function walletsOf(IOnchainId identity_) public view returns (address[] memory wallets) {
        Person storage person = _storage().persons[identity_];
        if (person.first == address(0)) return wallets;
        address[] memory others = person.others;
        wallets = new address[](others.length + 1);
        wallets[0] = person.first;
        for (uint256 i; i < others.length; ++i) {
            wallets[i + 1] = others[i];
        }
    }

    /// @inheritdoc IIdentityRegistry
    function maxWallets() public view returns (uint256 most) {
        most = _storage().maxWallets;
        if (most == 0) most = _USUAL_MAX_WALLETS;
    }

    /// @return Person whose wallet the account is, or was when it was forgotten; zero if it never had an ONCHAINID.
    function _personOf(address account) internal view returns (IOnchainId) {
        Storage storage $ = _storage();
        Identity storage identity_ = $.identities[account];
        if (identity_.former) return $.formerIds[account];
        return identity_.country == 0 ? IOnchainId(address(0)) : $.onchainIds[account];
    }

    function _syncSanction(address account) internal {
        _setListed(account, _sanctionsList.isSanctioned(account));
    }

    /// @dev Counts the account under its person, and marks it and every wallet of the person with the present result.
    function _setListed(address account, bool listed) internal {
        Storage storage $ = _storage();
        Identity storage identity_ = $.identities[account];
        IOnchainId onchainId = _personOf(account);
        bool changes = identity_.listed != listed;
        if (changes) identity_.listed = listed;
        if (address(onchainId) == address(0)) {
            _mark(account, identity_.frozen, listed);
            return;
        }
        Person storage person = $.persons[onchainId];
        if (changes) person.listed = listed ? person.listed + 1 : person.listed - 1;
        if (identity_.former) _mark(account, identity_.frozen || person.frozen, person.listed != 0);
        if (changes) _spread(onchainId);
    }

    /// @dev Every wallet of a person carries the person's freeze and sanction.
    function _spread(IOnchainId identity_) internal {
        Person storage person = _storage().persons[identity_];
        if (person.first == address(0)) return;
        (bool frozen, bool sanctioned) = (person.frozen, person.listed != 0);
        _mark(person.first, frozen, sanctioned);
        for (uint256 i; i < person.others.length; ++i) {
            _mark(person.others[i], frozen, sanctioned);
        }
    }

    function _mark(address account, bool frozen, bool sanctioned) private {
        Identity storage identity_ = _storage().identities[account];
        if (identity_.frozen != frozen) {
            identity_.frozen = frozen;
            emit AccountFrozen(account, frozen);
        }
        if (identity_.sanctioned != sanctioned) {
            identity_.sanctioned = sanctioned;
            emit AccountSanctioned(account, sanctioned);
        }
    }

    /// @dev A freeze and a sanction stay, and later ones of the person still reach the account.
    function _forget(address account) internal {
        Storage storage $ = _storage();
        Identity memory old = $.identities[account];
        if (old.country == 0) revert IdentityRegistry__NotRegistered(account);
        IOnchainId identity_ = $.onchainIds[account];
        if (address(identity_) != address(0)) _unlink(account, identity_);
        Identity memory next;
        (next.frozen, next.sanctioned, next.listed) = (old.frozen, old.sanctioned, old.listed);
        next.former = $.identities[account].former;
        $.identities[account] = next;
        emit IdentityRemoved(account, identity_);
    }

    function _link(address account, IOnchainId identity_) internal {
        Storage storage $ = _storage();
        Person storage person = $.persons[identity_];
        _join(account, identity_, person);
        $.onchainIds[account] = identity_;
        if (person.first == address(0)) {
            person.first = account;
        } else {
            uint256 most = maxWallets();
            if (person.others.length + 1 >= most) revert IdentityRegistry__TooManyWallets(identity_, most);
            person.others.push(account);
            ($.identities[account].linked, $.identities[person.first].linked) = (true, true);
        }
        if (person.frozen || person.listed != 0) _spread(identity_);
    }

    /// @dev A freeze or sanction of the wallet binds its person. A wallet that is frozen or sanctioned is not given to
    /// another person: that would free it, or bind somebody else.
    function _join(address account, IOnchainId identity_, Person storage person) private {
        Storage storage $ = _storage();
        Identity storage wallet = $.identities[account];
        bool comesBack;
        if (wallet.former) {
            comesBack = $.formerIds[account] == identity_;
            if (!comesBack && (wallet.frozen || wallet.sanctioned)) revert IdentityRegistry__Restricted(account);
            wallet.former = false;
            delete $.formerIds[account];
        }
        if (wallet.listed && !comesBack) ++person.listed;
        if (wallet.frozen) person.frozen = true;
    }

    function _unlink(address account, IOnchainId identity_) internal {
        Storage storage $ = _storage();
        delete $.onchainIds[account];
        $.formerIds[account] = identity_;
        ($.identities[account].linked, $.identities[account].former) = (false, true);
        Person storage person = $.persons[identity_];
        uint256 others = person.others.length;
        if (person.first != account) {
            _remove(person.others, account);
        } else if (others == 0) {
            delete person.first;
        } else {
            person.first = person.others[others - 1];
            person.others.pop();
        }
        if (others == 1) $.identities[person.first].linked = false;
    }
}
