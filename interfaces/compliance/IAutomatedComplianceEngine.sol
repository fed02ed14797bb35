// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Rules of regulated tokens
/// @notice Decides who may hold and move a token (I4). Countries are ISO 3166-1 numbers, or any other number below 65,535; the
/// unstated country of ERC-3643 is named 0, and stored and counted as 65,535. Rules are data, a word or two per (token, jurisdiction); a
/// jurisdiction without a rule is not allowed. The verdict on a movement, in the order in which reasons are found:
///
/// 1. Rules are open for the token.
/// 2. The sender is neither sanctioned nor frozen.
/// 3. The receiver is eligible; or it is a venue account, neither sanctioned nor frozen, admitted if it keeps a ledger that anyone
///    can hold, and the sender is eligible and no venue.
/// 4. A spender is eligible, or a venue account neither sanctioned nor frozen.
/// 5. The sender's jurisdiction lets tokens out; residents deal with residents where it says so; what is sent is not locked
///    up; the period's volume is not exceeded; the sender keeps nothing or at least the minimum.
/// 6. The receiver's jurisdiction lets tokens in; residents deal with residents; its holding is between minimum and maximum,
///    summed over the wallets of one ONCHAINID; it does not make one holder too many, in its jurisdiction or in all.
///
/// Rules bind a person. Where the wallets of one ONCHAINID are registered in several jurisdictions, the lowest maximum of them
/// applies to what all the wallets hold, the longest lock-up to what any of them is issued, and the volume of each jurisdiction
/// to what any of them sends. A holder whose identity was deleted still obeys the jurisdiction in which it is counted. A freeze
/// or a sanction in a registry that the token had before still counts.
///
/// Lock-ups are tranches: each issue is free at its own time. A transfer uses free tokens only; a forced transfer takes free
/// tokens first, and then those that would be free first, with their locks; a burn ends locks in the same order.
///
/// An account is eligible if, in this order: it is not sanctioned, not frozen, not a venue account, registered, verified; its
/// KYC and AML have not lapsed; its country is allowed; its class is allowed (an accreditation that has lapsed counts as
/// Retail); it has the claim topics that the token requires and the documents that its jurisdiction requires.
///
/// Minting checks the receiver (3, 6). Burning checks 2 alone, so that lapsed holders can leave. A forced transfer checks the
/// receiver (3 without venue accounts, 6 without residence and minimum) and not the sender. Venue accounts have no jurisdiction: 5 and
/// 6 do not apply to them, except that residents-only holders do not deal with venues. In a batch the rules see sums: what the
/// sender sends in all, and what each receiver gets in all.
interface IAutomatedComplianceEngine {
    /// @dev Numbers are ERC-1404 restriction codes and never change their meaning. TokenPaused to AmountFrozen are found by the token.
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
        VenueNotAdmitted
    }

    /// @dev What an entry of a token's log is about.
    enum LogKind {
        None,
        TravelRule,
        Reporting,
        Refusal
    }

    /// @notice One jurisdiction's rule for one token. Amounts in the token's smallest units, with at most 14 significant
    /// decimal digits; 0 means no limit, except where said.
    /// @param classes Bit i stands for IIdentityRegistry.InvestorClass(i); bit 0 (None) is refused. 0: the country is not
    /// allowed; holders that are there still obey the other fields.
    /// @param inboundBlocked Holders here receive nothing, not even issuance.
    /// @param outboundBlocked Holders here send nothing; they can still be redeemed (burned).
    /// @param residentOnly Holders here deal only with holders here; issuance and redemption excepted.
    /// @param documents Bits of IIdentityRegistry.Identity.documents that a holder needs.
    /// @param lockup Seconds for which newly issued tokens do not move, each issue by itself. Issues of one day (UTC) that end on
    /// one day share the later end; so do neighbouring ones where a holder would have more than 64 tranches.
    /// @param maxHolders Wallets here that may hold at once.
    /// @param minHolding Least that a holder has, if anything.
    /// @param maxHolding Most that a holder has, over all wallets of its ONCHAINID.
    /// @param volumeLimit Most that a person sends in any `period`. Counted in quarters of 4/3 periods: what was sent counts
    /// for one period at least and 4/3 at most. At most 2^112 - 1.
    /// @param period Seconds, at least 3; 0 if and only if `volumeLimit` is.
    /// @param travelThreshold From this amount a movement is logged as LogKind.TravelRule. What the person sent, or received,
    /// in the last day counts with it: movements of one day at least and 4/3 days at most.
    /// @param reportThreshold From this amount a movement is logged as LogKind.Reporting.
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

    /// @notice What holds in every jurisdiction.
    /// @param requiredTopics Bits of IIdentityRegistry.Identity.topics that every holder needs.
    /// @param maxHolders Wallets that may hold at once; 0: no limit.
    struct TokenRule {
        uint16 requiredTopics;
        uint32 maxHolders;
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
    event SharedLedgerSet(address indexed token, address indexed venue, bool admitted);
    event TreasurySet(address indexed token, address indexed account, bool treasury);
    event HolderCounted(address indexed token, address indexed account, uint16 indexed country, bool holds);

    /// @notice A movement reached a threshold. Every log event carries `head`, the token's running hash after it:
    /// keccak256(abi.encode(head before, token, index, kind, reason, account, operator, from, to, amount, block.timestamp)),
    /// with reason and account 0 here. The chain starts from zero.
    /// @param index Of the entry in the token's log, from 0.
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
    /// @dev More than 14 significant decimal digits.
    error AutomatedComplianceEngine__InexactAmount(uint256 amount);
    /// @dev Some field would be looser than it is; loosening goes through `setRules`.
    error AutomatedComplianceEngine__NotTighter(address token, uint16 country);

    // -- Rules -------------------------------------------------------------------------------------------------------

    /// @notice Opens the rules of a new token under the shared registry: one class mask, no other limit. Role: FACTORY.
    /// @param countries ISO 3166-1 numeric codes that may hold it.
    /// @param classes Bit i stands for IIdentityRegistry.InvestorClass(i).
    function openRules(address token, uint16[] calldata countries, uint8 classes) external;

    /// @notice Opens the rules of a new token. Role: FACTORY.
    /// @param registry Where its holders are registered.
    /// @param countries ISO 3166-1 numeric codes, beside their `rules`.
    function openRulebook(
        address token,
        address registry,
        TokenRule calldata tokenRule,
        uint16[] calldata countries,
        Rule[] calldata rules
    )
        external;

    /// @notice Sets rules of jurisdictions, looser or tighter. Role: COMPLIANCE_OFFICER_DELAYED. At worst, after the delay:
    /// lets anyone registered in.
    function setRules(address token, uint16[] calldata countries, Rule[] calldata rules) external;

    /// @notice Sets rules that are nowhere looser than those that stand, at once. Role: COMPLIANCE_OFFICER. At worst: stops
    /// every movement but redemption.
    function tightenRules(address token, uint16[] calldata countries, Rule[] calldata rules) external;

    /// @notice Shuts countries out at once. Holders there keep their tokens and may send them to eligible accounts. Role: COMPLIANCE_OFFICER.
    function blockCountries(address token, uint16[] calldata countries) external;

    /// @notice Role: COMPLIANCE_OFFICER_DELAYED.
    function setTokenRule(address token, TokenRule calldata rule) external;

    /// @notice Only more topics and fewer holders, at once. Role: COMPLIANCE_OFFICER.
    function tightenTokenRule(address token, TokenRule calldata rule) external;

    /// @notice Lets a venue account receive `token` although anyone can hold its ledger, for example because a hook or a wrapper
    /// excludes strangers. Role: COMPLIANCE_OFFICER_DELAYED. At worst, after the delay: whoever can hold the venue's claims,
    /// internal balances or shares owns the token's value without being judged.
    function admitSharedLedger(address token, address venue) external;

    /// @notice Ends that; what the venue holds can still leave to eligible holders. Role: COMPLIANCE_OFFICER.
    function dropSharedLedger(address token, address venue) external;

    /// @notice What `account` gives away of `token` counts as an issue, so that the buyer's lock-up starts: the issuer's treasury,
    /// an affiliate or an underwriter. Role: COMPLIANCE_OFFICER.
    function addTreasury(address token, address account) external;

    /// @notice Role: COMPLIANCE_OFFICER_DELAYED. At worst, after the delay: what the account gives away is free at once.
    function removeTreasury(address token, address account) external;

    /// @notice Another registry for the calling token. Receivers have to be registered there. While there are holders, a freeze
    /// or a sanction in the former registry keeps counting, until it is lifted there; at most four are kept.
    function setRegistry(address registry) external;

    // -- Movements ---------------------------------------------------------------------------------------------------

    /// @notice Called by a token after every mint, burn and transfer, in the same call; reverts with the account and the
    /// reason if it is refused, else counts holders, locks issues up, adds volume and logs.
    /// @param operator Who moves: the sender, a spender, or whoever mints and burns.
    /// @param from Address zero when minting.
    /// @param to Address zero when burning.
    /// @param amount Smallest units.
    /// @param fromBalance Of the sender, after the movement.
    /// @param toBalance Of the receiver, after the movement.
    function admitTransfer(
        address operator,
        address from,
        address to,
        uint256 amount,
        uint256 fromBalance,
        uint256 toBalance
    )
        external;

    /// @notice The same for a transfer that an agent forces: what is locked up moves with its lock.
    function admitForcedTransfer(
        address operator,
        address from,
        address to,
        uint256 amount,
        uint256 fromBalance,
        uint256 toBalance
    )
        external;

    /// @notice One sender (or address zero, minting) and many receivers, none of them twice.
    /// @param amounts What each receiver gets in all.
    /// @param fromBalance Of the sender after all of it.
    /// @param toBalances Of each receiver after all of it.
    function admitBatch(
        address operator,
        address from,
        address[] calldata to,
        uint256[] calldata amounts,
        uint256 fromBalance,
        uint256[] calldata toBalances
    )
        external;

    /// @notice Called by a token whose holder tried a movement without reverting: logs the refusal.
    function recordRefusal(
        address operator,
        address from,
        address to,
        uint256 amount,
        address account,
        Reason reason
    )
        external;

    /// @notice Counts an account as what it is now: a holder in the country where it is registered, or none if it is a venue
    /// account or holds nothing. Anyone may. A country may be above its maximum afterwards; then nobody enters.
    function recount(address token, address account) external;

    // -- Reading -----------------------------------------------------------------------------------------------------

    /// @notice The verdict of `admitTransfer` for any token at its present balances, without reverting. Freezes, pauses and
    /// balances of the token itself are the token's: see IComplianceAwareToken.detectTransferRestriction.
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

    /// @notice Whether `account` may hold `token` now, amounts aside.
    function eligibility(address token, address account) external view returns (Reason);

    /// @notice What an account may do at all, whoever is opposite and whatever the amount.
    /// @return maySend It is neither frozen nor sanctioned, and its jurisdiction lets tokens out.
    /// @return mayReceive It is eligible and its jurisdiction lets tokens in, or it is a venue account that is not stopped.
    function directionsOf(address token, address account) external view returns (bool maySend, bool mayReceive);

    /// @notice Reverts with `AutomatedComplianceEngine__Refused` if the account is frozen or sanctioned: for those who take part
    /// in a movement of `token` without holding it, such as a payer or the receiver of what shares are redeemed for.
    function requireNotStopped(address token, address account) external view;

    /// @notice How much of `token` may be issued to `account` at once: what `admitTransfer` lets pass when minting.
    /// @return least Smallest units that bring it to the minimum holding; 0 if it is there.
    /// @return most Smallest units that bring it to the maximum holding, 2^256 - 1 if there is none; 0 if the account may get
    /// nothing.
    function issuable(address token, address account) external view returns (uint256 least, uint256 most);

    /// @return The registry of tokens that have none of their own.
    function identityRegistry() external view returns (address);
    /// @return Address zero if the token's rules are not open.
    function registryOf(address token) external view returns (address);
    function tokenRuleOf(address token) external view returns (TokenRule memory);
    /// @return All zero if the country is not allowed.
    function ruleOf(address token, uint16 country) external view returns (Rule memory);
    function isCountryAllowed(address token, uint16 country) external view returns (bool);

    /// @return all Wallets that hold the token, venue accounts not counted.
    /// @return inCountry Those that were counted in this country.
    function holdersOf(address token, uint16 country) external view returns (uint256 all, uint256 inCountry);

    /// @return country Where the holder is counted; 0 if it is not.
    /// @return locked Smallest units that do not move now.
    /// @return unlocksAt Unix seconds at which the last of them is free; 0 if none is locked.
    function holderOf(
        address token,
        address account
    )
        external
        view
        returns (uint16 country, uint256 locked, uint40 unlocksAt);

    /// @notice What does not move yet, in ascending order of the ends; at most 64 tranches.
    function tranchesOf(address token, address account) external view returns (Tranche[] memory);

    /// @return What the person behind `account` has sent that counts against the volume limit of `country`.
    function volumeOf(address token, address account, uint16 country) external view returns (uint256);

    /// @notice What the person behind `account` moved in the last day, where a travel threshold made it count.
    /// @return sent Smallest units.
    /// @return received Smallest units.
    function movedInDay(address token, address account) external view returns (uint256 sent, uint256 received);

    /// @return Whether the token admits a venue account that keeps a ledger which anyone can hold.
    function isSharedLedgerAdmitted(address token, address venue) external view returns (bool);

    /// @return Whether what the account gives away counts as an issue.
    function isTreasury(address token, address account) external view returns (bool);

    /// @return The registries that the token had before, whose freezes and sanctions still count.
    function formerRegistriesOf(address token) external view returns (address[] memory);

    /// @return head Running hash of the token's log.
    /// @return entries Number of entries.
    function logOf(address token) external view returns (bytes32 head, uint64 entries);
}
