// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Terms of a token that depend on both sides, on dates, and on marked persons
/// @notice The engine answers these functions itself: an account of an {IAutomatedComplianceEngine} is one of this
/// interface too, with the same tokens, roles and storage. Terms are judged after every other rule, and only for tokens
/// that ever had one.
///
/// PAIRS
/// - A {PairRule} closes the way from holders in one country to holders in another one, from a date to a date.
///   Regulation S is such a rule: every other country to the United States, until the distribution compliance period
///   ends. Everybody else, and Americans among themselves, go on.
/// - It judges transfers and forced transfers, not issues: what is issued to a country is that country's rule.
/// - A person stands in every country of its wallets. The way is closed if it is closed from any country of the sender
///   to any country of the receiver. Wallets of one person are not two sides.
/// - A venue account has no country. What it sends may come from anybody, so that a rule into the receiver's country
///   closes the way; what it is sent goes to every other country.
/// - American Samoa (16), Guam (316), the Northern Mariana Islands (580), the Minor Outlying Islands (581), Puerto Rico
///   (630) and the Virgin Islands (850) stand for the United States (840), as Regulation S counts them
///   (17 CFR 230.902(l)).
///
/// BLACKOUTS
/// - A {Blackout} is a period in which affiliates, or all holders, send nothing: not to a holder and not to a venue. They
///   still receive, are still redeemed (burned), and still move tokens between wallets of their own. A forced transfer
///   asks nothing of the sender, and a venue account is no holder.
/// - An affiliate is a person, with all wallets that its ONCHAINID has or will have. An officer marks it: a claim that
///   binds its subject would be gone when the subject takes it off its ONCHAINID.
///
/// VOLUMES
/// - A {VolumeLimit} bounds what a person sends to others in any period, from all wallets together, beside the one limit of
///   {IAutomatedComplianceEngine-Rule}: several periods for one country, one limit for every country together, or one for
///   affiliates alone (17 CFR 230.144(e)). A limit of a country binds whoever has a wallet in it.
/// - What was sent counts for at least one period and at most 4/3 periods, from when the limit was added. Issues,
///   redemptions, forced transfers, and moves between wallets of one person, do not count; what goes to a venue does.
///
/// CLASSES
/// - A {ClassRule} binds persons of some classes of investors, in one country or in all of them, unless they have certain
///   claims: a country's {IAutomatedComplianceEngine-Rule} binds all of its holders alike. Persons whom it binds receive
///   nothing, or need documents, hold a limited sum in all wallets, or have what is issued to them locked up. So a fund of
///   Investment Company Act section 3(c)(7) closes the United States to everybody but qualified purchasers, and takes
///   everybody elsewhere.
/// - A person is what the strictest of its wallets shows, and stands in every country of its wallets. A wallet whose
///   accreditation has lapsed shows a retail investor, and none of the exempting claims. Give the topic of such a claim the
///   term {IIdentityRegistry-Term}.Accreditation, so that its date ends the exemption without a refresh; the registry reads
///   other claims anew in a refresh only. An officer's word without an ONCHAINID has every claim.
/// - It judges what a person receives from others: issues, transfers and forced transfers. What a person held before
///   stays, and moves between its own wallets. Documents are those of the receiving wallet's identity.
/// - A lock-up is that of the class rules which bind the person when the tokens are issued to it, or sold by a treasury, if
///   it is longer than those of the person's countries. A tranche keeps its end, whatever becomes of person or rules.
///
/// HOLDERS PER CLASS
/// - A class rule may limit how many persons whom it binds hold the token: 499 who are not accredited (Securities Exchange
///   Act section 12(g)(1)(A)(ii)) is a rule that binds retail investors in every country. It refuses whoever would be one too many,
///   as `TooManyHolders`; a sender that leaves with the same movement makes room.
/// - A person is counted once, with all of its wallets, by what they show when one of them moves tokens. Claims lapse while
///   nobody transacts: anyone may count a person anew by {recountHolders}. A maximum stops whoever comes, never a fact:
///   a person that becomes retail while it holds is counted above the maximum, and until it is counted receives nothing
///   more while there is no room.
/// - A rule that counts other persons than the rules before it begins the counts anew, and none of these rules lets anybody
///   in whom it binds until every holder was counted.
///
/// Adding acts at once and can only stop movements; removing waits out the officer's delay. At most {mostTerms} rules
/// and as many blackouts stand at once, of which those that have ended make room, {mostVolumeLimits} limits, and
/// {mostClassRules} class rules.
interface ITransferTerms {
    /// @notice Period in which holders in one country send nothing to holders in another one.
    /// @param sender ISO 3166-1 number; 65,535 for every country but the receiver's; 0 for one that is not stated.
    /// @param receiver ISO 3166-1 number; 65,535 for every country but the sender's; 0 for one that is not stated.
    /// @param start Unix seconds from which the way is closed.
    /// @param end Unix seconds from which it is open again; 2^40 - 1 for never.
    struct PairRule {
        uint16 sender;
        uint16 receiver;
        uint40 start;
        uint40 end;
    }

    /// @notice Period in which holders send nothing.
    /// @param start Unix seconds at which it begins.
    /// @param end Unix seconds at which it is over; 2^40 - 1 for never.
    /// @param affiliatesOnly True if it stops affiliates alone.
    struct Blackout {
        uint40 start;
        uint40 end;
        bool affiliatesOnly;
    }

    /// @notice Maximum that a person sends in any period.
    /// @param country ISO 3166-1 number; 65,535 for persons of every country; 0 for one that is not stated.
    /// @param affiliatesOnly True if it binds affiliates alone.
    /// @param period Seconds, at least 3.
    /// @param limit Smallest units, from 1 to 2^112 - 1.
    struct VolumeLimit {
        uint16 country;
        bool affiliatesOnly;
        uint32 period;
        uint256 limit;
    }

    /// @notice Duties of persons of some classes.
    /// @param country ISO 3166-1 number; 65,535 for persons of every country; 0 for one that is not stated.
    /// @param classes Bit i: it binds class i of {IIdentityRegistry-InvestorClass}; at least one of bits 1 to 3.
    /// @param exemptTopics Bits of claim topics; who has all of them is not bound. 0 if no claim exempts.
    /// @param closed True if they receive nothing; then the rest is 0.
    /// @param documents Bits of the documents that they need on file to receive.
    /// @param lockup Seconds for which tokens that are issued to them are locked.
    /// @param maxHolding Smallest units that a person may hold in all wallets after it receives; 0 for no limit.
    /// @param maxHolders Maximum number of persons whom it binds and who hold; 0 for no limit.
    struct ClassRule {
        uint16 country;
        uint8 classes;
        uint16 exemptTopics;
        bool closed;
        uint16 documents;
        uint32 lockup;
        uint128 maxHolding;
        uint32 maxHolders;
    }

    /// @param rules All that stand now.
    event ClassRulesSet(address indexed token, ClassRule[] rules);
    /// @param rules All that stand now.
    event PairRulesSet(address indexed token, PairRule[] rules);
    /// @param blackouts All that stand now.
    event BlackoutsSet(address indexed token, Blackout[] blackouts);
    /// @param limits All that stand now.
    event VolumeLimitsSet(address indexed token, VolumeLimit[] limits);
    /// @param person ONCHAINID of the account, or the account itself if it has none.
    event AffiliateSet(address indexed token, address indexed account, address indexed person, bool affiliate);

    /// @dev The period does not end after it starts.
    error TransferTerms__InvalidPeriod(uint40 start, uint40 end);
    /// @dev The code belongs to another country: name that one.
    error TransferTerms__InvalidCountry(uint16 country);
    error TransferTerms__InvalidLimit(uint256 limit, uint32 period);
    /// @dev It binds nobody, or a class that does not exist, or asks nothing, or closes and asks more.
    error TransferTerms__InvalidClassRule(uint16 country, uint8 classes);
    error TransferTerms__TooManyTerms(address token, uint256 most);

    // -- Pairs -------------------------------------------------------------------------------------------------------

    /// @notice Closes ways between countries, at once. Role: COMPLIANCE_OFFICER. At worst: stops every transfer between
    /// persons until the delay has passed.
    function addPairRules(address token, PairRule[] calldata rules) external;

    /// @notice Opens ways between countries again: rules that equal one of `rules` no longer stand. Rules that do not
    /// stand are passed over. Role: COMPLIANCE_OFFICER_DELAYED. At worst, after the delay: tokens flow back into the
    /// country that the law keeps them from.
    function removePairRules(address token, PairRule[] calldata rules) external;

    /// @return Every rule that stands, ended ones included until another one is added.
    function pairRulesOf(address token) external view returns (PairRule[] memory);

    // -- Blackouts ---------------------------------------------------------------------------------------------------

    /// @notice Adds periods in which affiliates, or all holders, send nothing. Role: COMPLIANCE_OFFICER. At worst: stops
    /// every transfer between persons until the delay has passed.
    function addBlackouts(address token, Blackout[] calldata blackouts) external;

    /// @notice Removes the periods that equal one of `blackouts`; others are passed over. Role:
    /// COMPLIANCE_OFFICER_DELAYED. At worst, after the delay: insiders sell on what the public does not know.
    function removeBlackouts(address token, Blackout[] calldata blackouts) external;

    /// @return Every period that stands, ended ones included until another one is added.
    function blackoutsOf(address token) external view returns (Blackout[] memory);

    /// @return True unless a blackout stops what the account sends now.
    function maySell(address token, address account) external view returns (bool);

    // -- Volumes -----------------------------------------------------------------------------------------------------

    /// @notice Adds limits on what persons send. Of two with the same country, period and persons, the lower one stands.
    /// Role: COMPLIANCE_OFFICER. At worst: stops every transfer between persons until the delay has passed.
    function addVolumeLimits(address token, VolumeLimit[] calldata limits) external;

    /// @notice Removes the limits that equal one of `limits`; others are passed over. What was sent stays counted, for
    /// when a limit of the same country, period and persons is added again. Role: COMPLIANCE_OFFICER_DELAYED. At worst,
    /// after the delay: holders sell as much as they like.
    function removeVolumeLimits(address token, VolumeLimit[] calldata limits) external;

    /// @return Every limit that stands.
    function volumeLimitsOf(address token) external view returns (VolumeLimit[] memory);

    /// @return Sum that the person behind an account has sent and that counts against a limit, smallest units.
    function sentUnder(address token, address account, VolumeLimit calldata limit) external view returns (uint256);

    // -- Classes -----------------------------------------------------------------------------------------------------

    /// @notice Adds rules for persons of some classes, at once. Role: COMPLIANCE_OFFICER. At worst: stops every transfer
    /// between persons until the delay has passed, and locks up what is issued meanwhile for as long as it says.
    function addClassRules(address token, ClassRule[] calldata rules) external;

    /// @notice Removes the rules that equal one of `rules`; others are passed over. Tokens that are locked stay locked.
    /// Role: COMPLIANCE_OFFICER_DELAYED. At worst, after the delay: persons whom the law keeps out buy.
    function removeClassRules(address token, ClassRule[] calldata rules) external;

    /// @return Every rule that stands.
    function classRulesOf(address token) external view returns (ClassRule[] memory);

    /// @notice Counts accounts as holders where they are now, and their persons under the class rules that bind them
    /// now; anyone may. A rule with a maximum of holders lets nobody in until every holder was counted: see {censusOf}.
    function recountHolders(address token, address[] calldata accounts) external;

    /// @return persons Persons who are counted under whom the rule binds, whatever it asks; 0 if nobody counts them.
    function classHoldersOf(address token, ClassRule calldata rule) external view returns (uint256 persons);

    /// @return True if the person behind an account is counted under whom the rule binds.
    function isCountedUnder(address token, address account, ClassRule calldata rule) external view returns (bool);

    /// @return True if a person who is counted under whom the rule binds no longer is, once the account holds nothing.
    function leavesUnder(address token, address account, ClassRule calldata rule) external view returns (bool);

    /// @return counted Wallets of holders that are counted under class rules with a maximum of holders.
    /// @return holders Wallets of holders. If there are more of them, {recountHolders} counts the others.
    function censusOf(address token) external view returns (uint256 counted, uint256 holders);

    /// @return True unless a class rule closes the token to the account now, or asks for documents that it lacks.
    function mayBuy(address token, address account) external view returns (bool);

    /// @return The rules that bind the person behind an account now; none for a venue account.
    function classRulesOn(address token, address account) external view returns (ClassRule[] memory);

    // -- Affiliates --------------------------------------------------------------------------------------------------

    /// @notice Marks the persons behind accounts as affiliates of the issuer, and the accounts themselves. Role:
    /// COMPLIANCE_OFFICER. At worst: stops these persons from selling during blackouts, and beyond the limits of affiliates.
    function addAffiliates(address token, address[] calldata accounts) external;

    /// @notice Ends the mark of accounts and of the persons behind them. A wallet that was named when the person was marked
    /// keeps the person marked until it is named here. Role: COMPLIANCE_OFFICER_DELAYED. At worst, after the delay: affiliates sell during
    /// blackouts.
    function removeAffiliates(address token, address[] calldata accounts) external;

    /// @return True if the account, the person behind it, or another wallet of the person is marked.
    function isAffiliate(address token, address account) external view returns (bool);

    /// @return True if the token ever had a pair rule, a blackout, a volume limit or a class rule: then its movements are judged by them.
    function hasTerms(address token) external view returns (bool);

    /// @return Maximum number of pair rules, and of blackouts, of a token.
    function mostTerms() external view returns (uint256);

    /// @return Maximum number of volume limits of a token.
    function mostVolumeLimits() external view returns (uint256);

    /// @return Maximum number of class rules of a token.
    function mostClassRules() external view returns (uint256);
}
