// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Fees} from "contracts/portfolio/Fees.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";

/// @title F1: bounds of fee terms
/// @notice The proofs hold for any terms. The amounts that are charged under them divide unknowns, which no solver here
/// decides: `SmallNumbers.t.sol` goes through every small number, and `FeeInvariant.t.sol` through large ones.
contract FeesProof is Test {
    function check_F1_noTermsBeyondTheCaps(IFeeManager.FeeTerms memory terms) public view {
        (bool passed,) = address(this).staticcall(abi.encodeCall(this.requireAllowed, (terms)));
        bool charges = terms.managementBps != 0 || terms.performanceBps != 0;
        bool allowed = terms.managementBps <= 500 && terms.performanceBps <= 3000 && terms.period >= 1 days
            && terms.period <= 366 days && (terms.recipient != address(0) || !charges);
        assert(passed == allowed);
    }

    /// @dev Terms that `isLower` accepts charge no more, to nobody else; and terms that are lower than lower terms are
    /// lower.
    function check_F1_lowerChargesNoMore(
        IFeeManager.FeeTerms memory a,
        IFeeManager.FeeTerms memory b,
        IFeeManager.FeeTerms memory c
    )
        public
        pure
    {
        if (!Fees.isLower(a, b)) return;
        assert(b.managementBps <= a.managementBps && b.performanceBps <= a.performanceBps);
        assert(b.period >= a.period && b.recipient == a.recipient);
        if (Fees.isLower(b, c)) assert(Fees.isLower(a, c));
    }

    function requireAllowed(IFeeManager.FeeTerms memory terms) external pure {
        Fees.requireAllowed(terms);
    }
}
