// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Fees of portfolios, and the rules for dealing in their shares
/// @notice One contract serves all portfolios of a factory; it is not upgradeable, because every exit passes through it.
///
/// Fees are shares that are owed: they count in every price from the second at which they arise, and exist as tokens
/// only once somebody collects them. So no rule about their recipient stands in the way of anybody's exit (I5).
///
/// Prices of shares are settlement tokens per whole share, scaled by 1e27. A portfolio is counted with one virtual unit
/// of its settlement token and 10^6 virtual shares, ERC-4626's defence of the first depositor. They are added here, and
/// nowhere else.
interface IFeeManager {
    /// @notice Terms of the fees that holders pay.
    /// @param managementBps Basis points of the assets per year of 365 days, compounded continuously, so that a year takes
    /// 1 - e^(-rate) of it. At most 500.
    /// @param performanceBps Basis points of the rise of the share price above the high-water mark. At most 3,000.
    /// @param period Seconds from one crystallisation to the next, 1 to 366 days.
    /// @param recipient Account that gets the fee shares; address zero only where both rates are zero.
    struct FeeTerms {
        uint16 managementBps;
        uint16 performanceBps;
        uint32 period;
        address recipient;
    }

    /// @notice Rules for dealing in shares.
    /// @param shareLock Seconds for which bought shares stay where they are, up to 7 days; 0 for none. An owner who
    /// goes on depositing, or lets somebody do so, keeps a share for at most twice as long.
    /// @param maxJumpBps Basis points that the share price may move at once, and as much again per day; 100 to 10,000.
    /// @param depositCap Maximum of `totalAssets` after a deposit, smallest units; 0 for no cap.
    struct Policy {
        uint32 shareLock;
        uint16 maxJumpBps;
        uint104 depositCap;
    }

    /// @notice The numbers that shares are priced by: `grossAssets / (base + pending)`.
    /// @param grossAssets 1e-33 of the settlement token's smallest unit, one virtual unit included, before fees.
    /// @param base Shares: issued, virtual and owed ones. Never zero.
    /// @param owed Shares among them that are owed for fees until now.
    /// @param gain Part of the gross assets above the high-water mark, counted as they are.
    /// @param pending Shares that the performance fee would amount to now.
    struct Quote {
        uint256 grossAssets;
        uint256 base;
        uint256 owed;
        uint256 gain;
        uint256 pending;
    }

    event FeesChanged(address indexed portfolio, FeeTerms terms);
    /// @param shares Number of shares that are owed from now on.
    /// @param highWaterMark Settlement tokens per whole share, scaled by 1e27.
    event FeesCrystallised(address indexed portfolio, uint256 shares, uint256 highWaterMark);
    event FeesCollected(address indexed portfolio, address indexed recipient, uint256 shares);
    event PolicyChanged(address indexed portfolio, Policy policy);
    event PriceAccepted(address indexed portfolio, uint256 price);
    event DepositorSet(address indexed portfolio, address indexed account, address indexed depositor, bool allowed);

    error FeeManager__Exists(address portfolio);
    error FeeManager__NotAPortfolio(address portfolio);
    error FeeManager__InvalidFees(uint16 managementBps, uint16 performanceBps, uint32 period, address recipient);
    error FeeManager__InvalidPolicy(uint32 shareLock, uint16 maxJumpBps);
    error FeeManager__NotLower(FeeTerms current, FeeTerms proposed);
    error FeeManager__NotTighter(Policy current, Policy proposed);
    error FeeManager__CrystallisedTooSoon(uint256 readyAt, uint256 time);
    /// @dev There is no pending fee to crystallise, or no owed fee to collect.
    error FeeManager__NoFee(address portfolio);
    /// @dev The share price left its band.
    error FeeManager__PriceJumped(uint256 price, uint256 low, uint256 high);
    /// @param shares Number of the account's shares that are locked.
    error FeeManager__SharesLocked(address account, uint256 shares, uint256 until);
    /// @dev Somebody else's deposit would prolong the receiver's lock.
    error FeeManager__ReceiverLocked(address receiver, address caller, uint256 until);

    /// @dev The selector is none of the ten that `answer` knows.
    error FeeManager__UnknownQuestion(bytes4 question);

    // -- For anyone --------------------------------------------------------------------------------------------------

    /// @notice Turns the pending performance fee into owed shares and lifts the mark to the price. Anyone may call it,
    /// once per period. The period goes on while nothing is pending, and does not while the price is out of its band.
    function crystallise(address portfolio) external;

    /// @notice Mints the owed shares to the recipient, in any state; under compliance rules only to an eligible one.
    function collectFees(address portfolio) external returns (uint256 shares);

    /// @notice Lets somebody deposit for the caller while shares of the caller's are locked, which renews their lock.
    /// At worst: each share stays for twice the lock.
    function setDepositor(address portfolio, address depositor, bool allowed) external;

    // -- Governance --------------------------------------------------------------------------------------------------

    /// @notice Starts a portfolio's accounts. Role: FACTORY.
    function open(address portfolio, FeeTerms calldata terms, Policy calldata policy_) external;

    /// @notice Sets terms. Management fees until now are settled under the old ones; no pending performance fee grows,
    /// and to raise its rate a price is needed. Role: MANAGER_DELAYED. At worst: the protocol's caps, from the end of
    /// the delay, and another recipient.
    function setFees(address portfolio, FeeTerms calldata terms) external;

    /// @notice Lowers rates or lengthens the period at once; a pending performance fee falls with its rate. Role:
    /// MANAGER. At worst it costs the recipient its fees.
    function lowerFees(address portfolio, FeeTerms calldata terms) external;

    /// @notice Sets a policy; shares that are locked stay so until their time. Role: MANAGER_DELAYED. At worst: no lock
    /// and a band of 100% per day, so that holders are diluted by an account that sandwiches a price.
    function setPolicy(address portfolio, Policy calldata policy_) external;

    /// @notice Lengthens the lock, narrows the band or lowers the cap at once; none may loosen. Role: MANAGER. At
    /// worst: no deposits, seven days of lock for later depositors, cash exits and trades paused by any move beyond 1%
    /// and 1% per day. Exits in kind go on.
    function tightenPolicy(address portfolio, Policy calldata policy_) external;

    /// @notice Lowers the deposit cap at once, or sets one where there is none; it never raises it nor takes it away,
    /// and touches neither lock nor band. Role: GUARDIAN. At worst: no deposits until MANAGER_DELAYED sets another cap.
    /// Nobody is kept in: no exit asks for the cap.
    /// @param depositCap Smallest units of the settlement token, above zero; below what is held, nobody enters.
    function lowerDepositCap(address portfolio, uint104 depositCap) external;

    /// @notice Takes the present share price as the last one if it is in these bounds. Role: MANAGER_DELAYED. At worst
    /// shares are dealt in at a wrong price inside them: an account that trades on it gains at the expense of the other
    /// holders.
    function acceptPrice(address portfolio, uint256 low, uint256 high) external;

    // -- For portfolios, each about itself ---------------------------------------------------------------------------

    // Each takes `totalAssets` and `totalSupply` as they are before the action, without virtual amounts. Those with a price
    // revert if the share price left its band, else they remember it; all settle the fees until now.

    /// @notice Deals in a deposit, whose shares round down, and locks them.
    /// @return shares Shares to mint.
    /// @return most Smallest units that the cap leaves beside `totalAssets`; if `assets` is more, nothing is settled.
    function recordDeposit(
        uint256 totalAssets,
        uint256 totalSupply,
        uint256 assets,
        address caller,
        address receiver
    )
        external
        returns (uint256 shares, uint256 most);

    /// @notice Deals in a deposit of a number of shares, whose assets round up, and locks them.
    /// @return assets Smallest units of the settlement token to pay.
    /// @return most Shares that the cap leaves room for; if `shares` is more, nothing is settled.
    function recordMint(
        uint256 totalAssets,
        uint256 totalSupply,
        uint256 shares,
        address caller,
        address receiver
    )
        external
        returns (uint256 assets, uint256 most);

    /// @notice Deals in an exit for an amount of cash, whose shares round up. The leaver's part of the pending fee
    /// becomes owed.
    /// @param totalAssets `exitAssets` of the portfolio.
    /// @return shares Shares to burn.
    /// @return supply Shares that share `totalAssets`: issued, virtual, owed and pending ones, the last rounded up.
    function recordWithdrawal(
        uint256 totalAssets,
        uint256 totalSupply,
        uint256 assets
    )
        external
        returns (uint256 shares, uint256 supply);

    /// @notice Deals in an exit of a number of shares, whose cash rounds down.
    /// @param totalAssets `exitAssets` of the portfolio.
    /// @return assets Smallest units of the settlement token to pay.
    /// @return supply Supply, as {recordWithdrawal} defines it.
    function recordRedemption(
        uint256 totalAssets,
        uint256 totalSupply,
        uint256 shares
    )
        external
        returns (uint256 assets, uint256 supply);

    /// @notice Deals in a redemption that waited in the queue, as far as cash reaches. The queue has asked {isFair}; no
    /// price is remembered.
    /// @param shares Maximum number of shares to burn.
    /// @param cash Smallest units of the settlement token.
    /// @return burnt Shares to burn.
    /// @return assets Smallest units to pay; if zero, nothing is settled.
    function recordSettlement(
        uint256 totalAssets,
        uint256 totalSupply,
        uint256 shares,
        uint256 cash
    )
        external
        returns (uint256 burnt, uint256 assets);

    /// @notice Deals in an exit in kind, with or without a price; it does not revert.
    /// @param known True if `totalAssets` is known. If not, the fee that is pending at the last price counts. A price
    /// outside its band counts only if it makes less pending.
    /// @return supply Supply, as {recordWithdrawal} defines it.
    function recordExitInKind(
        bool known,
        uint256 totalAssets,
        uint256 totalSupply,
        uint256 shares
    )
        external
        returns (uint256 supply);

    /// @notice Checks the price once trades are done, and remembers the one before them; no fee is settled.
    /// @param totalBefore `totalAssets` before the trades, at the prices at which `totalAfter` is counted.
    /// @return supplyBefore Supply for `totalBefore`, with the pending fee rounded down.
    /// @return supplyAfter Supply for `totalAfter`, with the pending fee rounded down.
    function recordTrade(
        uint256 totalBefore,
        uint256 totalAfter,
        uint256 totalSupply
    )
        external
        returns (uint256 supplyBefore, uint256 supplyAfter);

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @notice Returns the quote that a portfolio's shares would be priced by.
    /// @return q The quote.
    /// @return price_ Price of a share, net of fees, settlement tokens per whole share scaled by 1e27.
    /// @return low Price below which deposits, exits in cash and trades pause.
    /// @return high Price above which they pause; it is wide open while the shares are worth less than 1,000 settlement
    /// tokens.
    function quote(
        address portfolio,
        uint256 totalAssets,
        uint256 totalSupply
    )
        external
        view
        returns (Quote memory q, uint256 price_, uint256 low, uint256 high);

    /// @return supply Supply for a deposit: issued, virtual, owed and pending shares, the last rounded down.
    /// @return fair True if the price is in its band.
    function supplyOf(
        address portfolio,
        uint256 totalAssets,
        uint256 totalSupply
    )
        external
        view
        returns (uint256 supply, bool fair);

    /// @notice Reverts if an account has less than the shares of it that are locked and those that wait in the
    /// redemption queue, together.
    /// @param balance Shares of the account afterwards.
    /// @param bound Shares of the account that wait in the redemption queue.
    function requireFree(address portfolio, address account, uint256 balance, uint256 bound) external view;

    /// @param totalAssets Smallest units of the settlement token.
    /// @return True if the share price is in its band, so that shares may be dealt in.
    function isFair(address portfolio, uint256 totalAssets) external view returns (bool);

    /// @return shares Number of the account's shares that stay where they are.
    /// @return until Unix seconds at which the last of them is free; an older lot of them may be free earlier.
    function lockedShares(address portfolio, address account) external view returns (uint256 shares, uint40 until);

    function isDepositor(address portfolio, address account, address depositor) external view returns (bool);
    function feesOf(address portfolio) external view returns (FeeTerms memory);
    function policyOf(address portfolio) external view returns (Policy memory);

    /// @return Smallest units of the settlement token that the cap leaves beside `totalAssets`.
    function roomOf(address portfolio, uint256 totalAssets) external view returns (uint256);

    /// @notice Answers, in a portfolio's name, one of ERC-4626's ten questions: conversions, previews and maximums.
    /// @dev Conversions and previews revert while a price is stale or the portfolio is in the middle of a call; the
    /// band does not count. Maximums are zero while their call would be refused: also while the price is out of its
    /// band, a token does not answer, or the portfolio is halted.
    /// @param question Selector of a function of IERC4626.
    /// @param about Its argument: an amount, or an account as a number.
    /// @return Shares, or smallest units of the settlement token.
    function answer(address portfolio, bytes4 question, uint256 about) external view returns (uint256);

    /// @return owed Shares that `collectFees` would mint now.
    /// @return crystallisedAt Unix seconds of the last crystallisation.
    /// @return highWaterMark Price above which a performance fee is due, scaled as all prices here.
    /// @return lastPrice Price of the last deposit, exit in cash or trade, net of fees.
    function feeState(address portfolio)
        external
        view
        returns (uint256 owed, uint40 crystallisedAt, uint256 highWaterMark, uint256 lastPrice);
}
