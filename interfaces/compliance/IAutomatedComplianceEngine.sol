// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Rules of regulated tokens
/// @notice Decides who may hold and move a token (I4). Countries are ISO 3166-1 numbers, or any other number below
/// 65,535; the unstated country of ERC-3643 is named 0, and stored and counted as 65,535. Rules are data, one or two
/// words per (token, jurisdiction); a jurisdiction without a rule is not allowed. The verdict on a movement, in the
/// order in which reasons are found:
///
/// 1. Rules are open for the token.
/// 2. The sender is neither sanctioned nor frozen.
/// 3. The receiver is eligible; or it is a venue account, neither sanctioned nor frozen, admitted if it keeps a ledger
///    that anyone can hold, and the sender is eligible and no venue.
/// 4. A spender is eligible, or a venue account neither sanctioned nor frozen.
/// 5. The sender's jurisdiction lets tokens out; residents deal with residents where it says so; what is sent is not
///    locked up; the period's volume is not exceeded; the sender keeps nothing or at least the minimum.
/// 6. The receiver's jurisdiction lets tokens in; residents deal with residents; its holding is between minimum and
///    maximum, summed over the wallets of one ONCHAINID; it does not make one holder too many, in its jurisdiction or
///    in all.
/// 7. What is issued exceeds neither the supply cap nor the issuance limits of the receiver's jurisdiction and of all.
/// 8. The terms of {ITransferTerms}, where the token has any: no blackout stops the sender, and no rule closes the way
///    from its countries to the receiver's. The engine answers that interface too.
///
/// Rules bind a person. Where the wallets of one ONCHAINID are registered in several jurisdictions, the lowest maximum
/// of them applies to what all the wallets hold, the longest lock-up to what any of them is issued, and the volume of
/// each jurisdiction to what any of them sends. A holder whose identity was deleted still obeys the jurisdiction in
/// which it is counted. A freeze or a sanction in a registry that the token had before still counts.
///
/// Lock-ups are tranches: each issue is free at its own time. A transfer uses free tokens only; a forced transfer takes
/// free tokens first, and then those that would be free first, with their locks; a burn ends locks in the same order.
///
/// An account is eligible if, in this order: it is not sanctioned, not frozen, not a venue account, registered,
/// verified; its KYC and AML have not lapsed; its country is allowed; its class is allowed (an accreditation that has
/// lapsed counts as Retail); it has the claim topics that the token requires and the documents that its jurisdiction
/// requires.
///
/// Minting checks the receiver (3, 6) and 7. Burning checks 2 alone, so that lapsed holders can leave. A forced transfer
/// checks the receiver (3 without venue accounts, 6 without residence and minimum, and the way of 8) and not the sender. Venue accounts
/// have no jurisdiction: 5 and 6 do not apply to them, except that residents-only holders do not deal with venues. In a
/// batch the rules see sums: what the sender sends in all, and what each receiver gets in all.
interface IAutomatedComplianceEngine {
    /// @dev Numbers are ERC-1404 restriction codes and never change their meaning. TokenPaused to AmountFrozen are
    /// found by the token.
    enum Reason {
        None,
        RulesNotSet,
        AccountFrozen,
        NotRegistered,
        KycExpired,
        CountryNotAllowed,
        ClassNotAllowed,
        VenueOnlyOppositeEligible,
        AmlExpired,
        Sanctioned,
        NotVerified,
        AccreditationExpired,
        ClaimMissing,
        DocumentMissing,
        OutboundBlocked,
        InboundBlocked,
        ResidentsOnly,
        LockedUp,
        VolumeExceeded,
        BelowMinimumHolding,
        AboveMaximumHolding,
        TooManyHolders,
        TooManyHoldersInCountry,
        TokenPaused,
        WalletFrozen,
        InsufficientBalance,
        AmountFrozen,
        VenueNotAdmitted,
        SupplyCapExceeded,
        IssuanceExceeded,
        CountryPairClosed,
        BlackoutPeriod
    }

    /// @dev Each value names the subject of an entry in a token's log.
    enum LogKind {
        None,
        TravelRule,
        Reporting,
        Refusal
    }

    /// @notice The rule of one jurisdiction for one token. Amounts are in the token's smallest units, with at most 14
    /// significant decimal digits; 0 means no limit, unless a field says otherwise.
    /// @param classes Bit i stands for IIdentityRegistry.InvestorClass(i); bit 0 (None) is refused. 0: the country is
    /// not allowed; holders that are there still obey the other fields.
    /// @param inboundBlocked Holders here receive nothing, not even issuance.
    /// @param outboundBlocked Holders here send nothing; they can still be redeemed (burned).
    /// @param residentOnly Holders here deal only with holders here; issuance and redemption excepted.
    /// @param documents Bits of IIdentityRegistry.Identity.documents that a holder needs.
    /// @param lockup Seconds for which newly issued tokens do not move, each issue by itself. Issues of one day (UTC)
    /// that end on one day share the later end; so do neighbouring ones where a holder would have more than 64
    /// tranches.
    /// @param maxHolders Maximum number of wallets here that hold at once.
    /// @param minHolding Minimum that a holder keeps, if it holds anything.
    /// @param maxHolding Maximum that a holder has, summed over all wallets of its ONCHAINID.
    /// @param volumeLimit Maximum that a person sends in any `period`, up to 2^112 - 1. Volume is counted in quarters
    /// of 4/3 periods: what was sent counts for at least one period and at most 4/3 periods.
    /// @param period Seconds, at least 3; 0 if and only if `volumeLimit` is.
    /// @param travelThreshold Amount at which a movement is logged as LogKind.TravelRule. The amounts that the person
    /// sent, or received, in the last day count with it: movements of at least one day and at most 4/3 days.
    /// @param reportThreshold Amount at which a movement is logged as LogKind.Reporting.
    struct Rule {
        uint8 classes;
        bool inboundBlocked;
        bool outboundBlocked;
        bool residentOnly;
        uint16 documents;
        uint32 lockup;
        uint32 maxHolders;
        uint256 minHolding;
        uint256 maxHolding;
        uint256 volumeLimit;
        uint32 period;
        uint256 travelThreshold;
        uint256 reportThreshold;
    }

    /// @notice The rule of one token that holds in every jurisdiction.
    /// @param requiredTopics Bits of IIdentityRegistry.Identity.topics that every holder needs.
    /// @param maxHolders Maximum number of wallets that hold at once; 0: no limit.
    struct TokenRule {
        uint16 requiredTopics;
        uint32 maxHolders;
    }

    /// @notice The rule for issuing one token, to holders of one jurisdiction or of all. Amounts are in the token's
    /// smallest units, with at most 14 significant decimal digits; 0 means no limit.
    /// @param supplyCap Maximum that exists at once; only in the rule of all jurisdictions.
    /// @param issuanceLimit Maximum that is issued in any `period`, up to 2^112 - 1: to holders of the jurisdiction, or
    /// to all. What a treasury receives is not counted, and what it transfers is, except to another treasury. An issue
    /// counts for at least one period and at most 4/3 periods; a burn makes no room. Issues before the limit was set do
    /// not count.
    /// @param period Seconds, at least 3; 0 if and only if `issuanceLimit` is.
    struct IssueRule {
        uint256 supplyCap;
        uint256 issuanceLimit;
        uint32 period;
    }

    /// @notice Part of a holding that does not move yet.
    /// @param amount Smallest units.
    /// @param end Unix seconds from which it is free.
    struct Tranche {
        uint256 amount;
        uint40 end;
    }

    event RulesOpened(address indexed token, address indexed registry);
    event RegistrySet(address indexed token, address indexed registry);
    event TokenRuleSet(address indexed token, TokenRule rule);
    event RuleSet(address indexed token, uint16 indexed country, Rule rule);
    event IssueRuleSet(address indexed token, uint16 indexed country, IssueRule rule);
    event SharedLedgerSet(address indexed token, address indexed venue, bool admitted);
    event TreasurySet(address indexed token, address indexed account, bool treasury);
    event HolderCounted(address indexed token, address indexed account, uint16 indexed country, bool holds);

    /// @notice A movement reached a threshold. Every log event carries `head`, the token's running hash after it:
    /// keccak256(abi.encode(head before, token, index, kind, reason, account, operator, from, to, amount,
    /// block.timestamp)), with reason and account 0 here. The chain starts from zero.
    /// @param index Index of the entry in the token's log, from 0.
    event ThresholdCrossed(
        address indexed token,
        uint64 indexed index,
        LogKind indexed kind,
        address operator,
        address from,
        address to,
        uint256 amount,
        bytes32 head
    );

    /// @notice A movement was tried without reverting and refused; kind is LogKind.Refusal.
    /// @param account The refused account.
    event MovementRefused(
        address indexed token,
        uint64 indexed index,
        Reason indexed reason,
        address account,
        address operator,
        address from,
        address to,
        uint256 amount,
        bytes32 head
    );

    /// @param account The account that is refused: sender, receiver or spender.
    error AutomatedComplianceEngine__Refused(address token, address account, Reason reason);
    error AutomatedComplianceEngine__RulesExist(address token);
    error AutomatedComplianceEngine__RulesNotSet(address token);
    error AutomatedComplianceEngine__InvalidCountry(uint16 country);
    error AutomatedComplianceEngine__InvalidClasses(uint8 classes);
    error AutomatedComplianceEngine__InvalidRule(uint16 country);
    error AutomatedComplianceEngine__InvalidRegistry(address registry);
    /// @dev Part of the engine's code was called as a contract of its own.
    error AutomatedComplianceEngine__NotDelegated();
    error AutomatedComplianceEngine__TooManyRegistries(address token, uint256 most);
    error AutomatedComplianceEngine__LengthMismatch();
    /// @dev The amount has more than 14 significant decimal digits.
    error AutomatedComplianceEngine__InexactAmount(uint256 amount);
    /// @dev Some field would be looser than it is; loosening goes through `setRules`.
    error AutomatedComplianceEngine__NotTighter(address token, uint16 country);

    // -- Rules -------------------------------------------------------------------------------------------------------

    /// @notice Opens the rules of a new token under the shared registry: one class mask, no other limit. Role: FACTORY.
    /// @param countries ISO 3166-1 numeric codes that may hold it.
    /// @param classes Bit i stands for IIdentityRegistry.InvestorClass(i).
    function openRules(address token, uint16[] calldata countries, uint8 classes) external;

    /// @notice Opens the rules of a new token. Role: FACTORY.
    /// @param registry Identity registry in which the token's holders are registered.
    /// @param countries ISO 3166-1 numeric codes, beside their `rules`.
    function openRulebook(
        address token,
        address registry,
        TokenRule calldata tokenRule,
        uint16[] calldata countries,
        Rule[] calldata rules
    )
        external;

    /// @notice Sets rules of jurisdictions, looser or tighter. Role: COMPLIANCE_OFFICER_DELAYED. At worst, after the
    /// delay: lets anyone registered in.
    function setRules(address token, uint16[] calldata countries, Rule[] calldata rules) external;

    /// @notice Sets rules that are nowhere looser than those that stand, at once. Role: COMPLIANCE_OFFICER. At worst:
    /// stops every movement but redemption.
    function tightenRules(address token, uint16[] calldata countries, Rule[] calldata rules) external;

    /// @notice Shuts countries out at once. Holders there keep their tokens and may send them to eligible accounts.
    /// Role: COMPLIANCE_OFFICER.
    function blockCountries(address token, uint16[] calldata countries) external;

    /// @notice Sets the rule of all jurisdictions, looser or tighter. Role: COMPLIANCE_OFFICER_DELAYED.
    function setTokenRule(address token, TokenRule calldata rule) external;

    /// @notice Tightens the rule of all jurisdictions at once: it may only add topics and lower the number of holders.
    /// Role: COMPLIANCE_OFFICER.
    function tightenTokenRule(address token, TokenRule calldata rule) external;

    /// @notice Sets the rule for issuing to holders of a jurisdiction, looser or tighter. Role:
    /// COMPLIANCE_OFFICER_DELAYED. At worst, after the delay: an issuer issues without a limit.
    /// @param country 65,535 for the rule of all jurisdictions.
    function setIssueRule(address token, uint16 country, IssueRule calldata rule) external;

    /// @notice Sets a rule for issuing that is nowhere looser than the one that stands, at once. Role:
    /// COMPLIANCE_OFFICER. At worst: nothing is issued.
    function tightenIssueRule(address token, uint16 country, IssueRule calldata rule) external;

    /// @notice Lets a venue account receive `token` although anyone can hold its ledger, for example because a hook or
    /// a wrapper excludes strangers. Role: COMPLIANCE_OFFICER_DELAYED. At worst, after the delay: whoever can hold the
    /// venue's claims, internal balances or shares owns the token's value without being judged.
    function admitSharedLedger(address token, address venue) external;

    /// @notice Ends the admission; what the venue holds can still leave to eligible holders. Role: COMPLIANCE_OFFICER.
    function dropSharedLedger(address token, address venue) external;

    /// @notice Makes `account` a treasury of `token`: an outgoing transfer of it counts as an issue, so that the
    /// buyer's lock-up starts. A treasury is the issuer's own account, an affiliate or an underwriter. Where no treasury
    /// is named, a lock-up still runs from the last issue to the seller: see {freeIssueOf}. Role: COMPLIANCE_OFFICER.
    function addTreasury(address token, address account) external;

    /// @notice Ends that an account is a treasury. Role: COMPLIANCE_OFFICER_DELAYED. At worst, after the delay: tokens
    /// that the account sends are free at once.
    function removeTreasury(address token, address account) external;

    /// @notice Sets another registry for the calling token. Receivers have to be registered there. While there are
    /// holders, a freeze or a sanction in the former registry keeps counting, until it is lifted there; at most four
    /// are kept.
    function setRegistry(address registry) external;

    // -- Movements ---------------------------------------------------------------------------------------------------

    /// @notice Admits a movement. A token calls it after every mint, burn and transfer, in the same call; it reverts
    /// with the account and the reason if the movement is refused, else it counts holders, locks issues up, adds volume
    /// and logs.
    /// @param operator Account that moves the tokens: the sender, a spender, or the caller of a mint or burn.
    /// @param from Address zero when minting.
    /// @param to Address zero when burning.
    /// @param amount Smallest units.
    /// @param fromBalance Balance of the sender after the movement, smallest units.
    /// @param toBalance Balance of the receiver after the movement, smallest units.
    function admitTransfer(
        address operator,
        address from,
        address to,
        uint256 amount,
        uint256 fromBalance,
        uint256 toBalance
    )
        external;

    /// @notice Does what {admitTransfer} does for a transfer that an agent forces: tokens that are locked up move with
    /// their locks.
    function admitForcedTransfer(
        address operator,
        address from,
        address to,
        uint256 amount,
        uint256 fromBalance,
        uint256 toBalance
    )
        external;

    /// @notice Admits movements from one sender (or address zero, minting) to many receivers, none of them twice.
    /// @param amounts Sum that each receiver gets, smallest units.
    /// @param fromBalance Balance of the sender after all movements, smallest units.
    /// @param toBalances Balance of each receiver after all movements, smallest units.
    function admitBatch(
        address operator,
        address from,
        address[] calldata to,
        uint256[] calldata amounts,
        uint256 fromBalance,
        uint256[] calldata toBalances
    )
        external;

    /// @notice Logs a refusal. A token calls it whose holder tried a movement without reverting.
    function recordRefusal(
        address operator,
        address from,
        address to,
        uint256 amount,
        address account,
        Reason reason
    )
        external;

    /// @notice Counts an account anew: as a holder in the country where it is registered, or not at all if it is a
    /// venue account or holds nothing. Anyone may call it. Where the token's number of holders is, or was, limited in
    /// all or in any country, each movement does
    /// the same for both sides, and a receiver that is counted elsewhere, or nowhere, has to fit like a new holder. A
    /// country may be above its maximum after a holder moved there; then nobody enters.
    function recount(address token, address account) external;

    // -- Reading -----------------------------------------------------------------------------------------------------

    /// @notice Returns the verdict that `admitTransfer` would give for any token at its present balances, without
    /// reverting. The token itself judges its own freezes, pauses and balances: see
    /// IComplianceAwareToken.detectTransferRestriction.
    /// @return account The refused account, address zero if allowed.
    /// @return reason None if allowed.
    function checkTransfer(
        address token,
        address operator,
        address from,
        address to,
        uint256 amount
    )
        external
        view
        returns (address account, Reason reason);

    /// @notice Returns None if `account` may hold `token` now, else the first reason against it: of its standing, of its
    /// country's rule, then of the class rules that bind its person. It judges neither amounts nor how many hold.
    function eligibility(address token, address account) external view returns (Reason);

    /// @notice Tells which directions are open to an account at all, for any counterparty and any amount.
    /// @return maySend True if it is neither frozen nor sanctioned, and its jurisdiction lets tokens out.
    /// @return mayReceive True if it is eligible and its jurisdiction lets tokens in, or if it is a venue account that
    /// is not stopped.
    function directionsOf(address token, address account) external view returns (bool maySend, bool mayReceive);

    /// @notice Reverts with `AutomatedComplianceEngine__Refused` if the account is frozen or sanctioned. It is for
    /// accounts that take part in a movement of `token` without holding it, such as a payer or the receiver of a
    /// redemption's payment.
    function requireNotStopped(address token, address account) external view;

    /// @notice Returns how much of `token` may be issued to `account` at once: the amounts that `admitTransfer` lets
    /// pass when minting.
    /// @return least Smallest units that bring it to the minimum holding; 0 if it is there.
    /// @return most Smallest units that bring it to the maximum holding, or that may still be issued; 2^256 - 1 if
    /// there is no limit; 0 if the account may get nothing.
    function issuable(address token, address account) external view returns (uint256 least, uint256 most);

    /// @return The registry of tokens that have none of their own.
    function identityRegistry() external view returns (address);
    /// @return Registry of the token; address zero if the token's rules are not open.
    function registryOf(address token) external view returns (address);
    function tokenRuleOf(address token) external view returns (TokenRule memory);
    /// @return Rule of the token in the country; all zero if the country is not allowed.
    function ruleOf(address token, uint16 country) external view returns (Rule memory);
    /// @param country 65,535 for the rule of all jurisdictions.
    function issueRuleOf(address token, uint16 country) external view returns (IssueRule memory);
    /// @param country 65,535 for all jurisdictions.
    /// @return Smallest units that were issued and count against the issuance limit now; 0 where there is none.
    function issuedIn(address token, uint16 country) external view returns (uint256);
    function isCountryAllowed(address token, uint16 country) external view returns (bool);

    /// @return all Number of wallets that hold the token, venue accounts not counted.
    /// @return inCountry Number of them that were counted in this country.
    function holdersOf(address token, uint16 country) external view returns (uint256 all, uint256 inCountry);

    /// @return country ISO 3166-1 numeric code in which the holder is counted; 0 if it is not counted.
    /// @return locked Smallest units that do not move now.
    /// @return unlocksAt Unix seconds at which the last of them is free; 0 if none is locked.
    function holderOf(
        address token,
        address account
    )
        external
        view
        returns (uint16 country, uint256 locked, uint40 unlocksAt);

    /// @notice Returns the tranches that do not move yet, in ascending order of their ends; there are at most 64.
    function tranchesOf(address token, address account) external view returns (Tranche[] memory);

    /// @return Sum that the person behind `account` has sent and that counts against the volume limit of `country`,
    /// smallest units.
    function volumeOf(address token, address account, uint16 country) external view returns (uint256);

    /// @notice Returns the sums that the person behind `account` moved in the last day, as far as a travel threshold
    /// had them counted.
    /// @return sent Smallest units.
    /// @return received Smallest units.
    function movedInDay(address token, address account) external view returns (uint256 sent, uint256 received);

    /// @return True if the token admits a venue account that keeps a ledger which anyone can hold.
    function isSharedLedgerAdmitted(address token, address venue) external view returns (bool);

    /// @return Unix seconds at which the account was last issued tokens that its own jurisdiction does not lock up,
    /// while another one has a lock-up; 0 for never. What the account sends to a holder with a lock-up is locked for the
    /// rest of that lock-up, counted from then.
    function freeIssueOf(address token, address account) external view returns (uint40);

    /// @return True if outgoing transfers of the account count as issues.
    function isTreasury(address token, address account) external view returns (bool);

    /// @return The registries that the token had before, whose freezes and sanctions still count.
    function formerRegistriesOf(address token) external view returns (address[] memory);

    /// @return head Running hash of the token's log.
    /// @return entries Number of entries.
    function logOf(address token) external view returns (bytes32 head, uint64 entries);
}
