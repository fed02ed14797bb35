// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";

/// @title ERC-1404's texts
library ReasonText {
    /// @return Meaning of the code, for a wallet to show.
    function textOf(uint8 code) internal pure returns (string memory) {
        string[32] memory texts = [
            "No restriction",
            "The token's rules are not open",
            "The account is frozen",
            "The account is not registered",
            "The KYC has lapsed",
            "The country is not allowed",
            "The investor class is not allowed",
            "A venue deals only with eligible holders",
            "The AML check has lapsed",
            "The account is sanctioned",
            "The identity's claims are not verified",
            "The accreditation has lapsed",
            "A claim that the token requires is missing",
            "A document is missing",
            "The country lets nothing out",
            "The country lets nothing in",
            "Residents deal only with residents",
            "The tokens are locked up",
            "The period's volume is exceeded",
            "The holding would be below the minimum",
            "The holding would be above the maximum",
            "The token would have too many holders",
            "The country would have too many holders",
            "The token is paused",
            "The wallet is frozen for this token",
            "The balance is too small",
            "The tokens are frozen",
            "The token does not admit the venue's ledger",
            "The supply would exceed its cap",
            "The period's issuance is exceeded",
            "The way between the two countries is closed",
            "A blackout period stops the sender"
        ];
        assert(texts.length == uint256(type(IAutomatedComplianceEngine.Reason).max) + 1);
        return code < texts.length ? texts[code] : "Unknown code";
    }
}
