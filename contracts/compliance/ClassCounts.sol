// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {PackedIdentity} from "../identity/PackedIdentity.sol";
import {ClassTerms} from "./ClassTerms.sol";
import {PackedClass} from "./PackedClass.sol";
import {PackedToken} from "./PackedToken.sol";

/// @title Persons who are counted under the class rules of {ITransferTerms} that limit how many may hold
/// @notice {TransferTerms} judges by the counts and {HolderRecords} keeps them (decision 236).
///
/// SEATS
/// - A wallet that is counted as a holder has a seat under one person. A person is counted while one of its wallets has
///   a seat, so that a wallet which the registry forgets still counts.
/// - A person has a mark for each key that binds it: a key is whom a rule binds, without what the rule asks. Marks are
///   made anew by each movement of one of its wallets, and by a recount.
///
/// CENSUSES
/// - A rule with a new key begins a census without seats. Nobody enters under such a rule until the census knows as
///   many wallets as the token counts.
abstract contract ClassCounts is ClassTerms {
    using PackedClass for *;
    using PackedIdentity for uint256;
    using PackedToken for uint256;

    function _census(address token) internal view returns (Census storage) {
        Storage storage $ = _storage();
        return $.censuses[token][$.censusNumbers[token]];
    }

    /// @dev Begins another census if a standing rule limits how many may hold under a key that the present one lacks.
    function _requireCensus(address token) internal {
        Storage storage $ = _storage();
        uint256[] memory keys = _countingKeys($.classRules[token]);
        uint256[] memory known = _census(token).keys;
        bool complete = true;
        for (uint256 i; i < keys.length; ++i) {
            complete = complete && _placeOf(known, keys[i]) != known.length;
        }
        if (complete) return;
        ++$.censusNumbers[token];
        _census(token).keys = keys;
        $.tokens[token] = $.tokens[token].withClassCounts();
    }

    /// @dev Counts a wallet and its person as they are now: the wallet has been counted as a holder already, or not.
    /// @param identity Packed identity of the wallet.
    function _seat(address token, address account, uint256 identity) internal {
        Census storage census = _census(token);
        uint256 country = _storage().countedIn[token][account];
        address seat = census.seats[account];
        // A wallet that has left shows nothing: its person keeps its marks while others hold.
        if (country == 0) {
            if (seat != address(0)) _vacate(census, account, seat);
            return;
        }
        if (identity.country() != 0) country = identity.country();
        Person memory person = _personOf(_storage().tokens[token], token, identity, account, country);
        if (seat != person.investor) {
            if (seat != address(0)) _vacate(census, account, seat);
            census.seats[account] = person.investor;
            ++census.wallets;
            ++census.persons[person.investor].wallets;
        }
        _mark(census, person.investor, _boundBy(census.keys, token, identity, person));
    }

    /// @dev Counts an account as a holder where it is now, and under the class rules.
    function _recount(address token, address account) internal {
        Storage storage $ = _storage();
        uint256 word = $.tokens[token];
        uint16 counted = $.countedIn[token][account];
        uint256 identity = _identityOf(word, token, account);
        uint16 country = uint16(identity.country());
        // One that was forgotten stays where it is counted.
        if (country == 0) country = counted;
        if (identity.isVenue() || IERC20(token).balanceOf(account) == 0) country = 0;
        _countAt(token, account, country);
        if (word.countsClasses()) _seat(token, account, identity);
    }

    /// @return True if a person may enter under class rules, or is counted under them already.
    /// @param rules Class rules that bind the receiver's person now.
    function _hasSeat(
        Movement memory m,
        Sides memory sides,
        address person,
        uint256[] memory rules
    )
        internal
        view
        returns (bool)
    {
        Census storage census = _census(m.token);
        uint256 marks = census.persons[person].marks;
        uint256[] memory keys = census.keys;
        address seat = m.from == address(0) ? address(0) : census.seats[m.from];
        // A batch's sender may have left with a first leg of nothing, which leaves no record.
        bool gone = seat != address(0) && _storage().countedIn[m.token][m.from] == 0;
        bool known = census.wallets - (gone ? 1 : 0) == sides.token.tokenHolders();
        uint256 leaving;
        if (seat != address(0) && m.fromBalance == 0 && census.persons[seat].wallets == 1) {
            leaving = census.persons[seat].marks;
        }
        for (uint256 i; i < rules.length; ++i) {
            uint256 most = rules[i].classHolders();
            if (most == 0) continue;
            uint256 place = _placeOf(keys, rules[i].classKey());
            if ((marks >> place) & 1 != 0) continue;
            if (!known || census.counts[place] + 1 > most + ((leaving >> place) & 1)) return false;
        }
        return true;
    }

    function _placeOf(uint256[] memory keys, uint256 key) internal pure returns (uint256 place) {
        while (place < keys.length && keys[place] != key) ++place;
    }

    function _vacate(Census storage census, address account, address seat) private {
        delete census.seats[account];
        --census.wallets;
        if (--census.persons[seat].wallets == 0) _mark(census, seat, 0);
    }

    function _mark(Census storage census, address person, uint256 marks) private {
        uint256 before = census.persons[person].marks;
        if (marks == before) return;
        census.persons[person].marks = uint128(marks);
        for (uint256 place; (marks | before) >> place != 0; ++place) {
            uint256 counted = (marks >> place) & 1;
            if (counted != (before >> place) & 1) census.counts[place] = census.counts[place] + 2 * counted - 1;
        }
    }

    function _countingKeys(uint256[] memory rules) private pure returns (uint256[] memory keys) {
        keys = new uint256[](rules.length);
        uint256 count;
        for (uint256 i; i < rules.length; ++i) {
            if (rules[i].classHolders() == 0) continue;
            uint256 key = rules[i].classKey();
            uint256 place;
            while (place < count && keys[place] != key) ++place;
            if (place == count) keys[count++] = key;
        }
        assembly ("memory-safe") {
            mstore(keys, count)
        }
    }
}
