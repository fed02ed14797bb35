// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Redemption requests, filled with cash in the order in which they were made
/// @notice One queue serves all portfolios of a factory. Shares do not move: they are bound in their owner's balance
/// until the request is filled, cancelled or returned, so compliance sees one burn, from the owner. Cash of a filled
/// request is set aside in the portfolio for the controller, who takes it with `IPortfolio.claim`.
///
/// The ERC-7540 vault of each portfolio, {IAsyncVault}, makes its requests here. The queue itself follows ERC-7540 in
/// `pendingRedeemRequest`, `setOperator`, `isOperator` and the events `RedeemRequest` and `OperatorSet`. It differs in
/// these points:
/// - `requestRedeem` has the portfolio as first argument; shares are bound instead of taken. The owner or its operator
///   asks; an ERC-20 allowance does not count.
/// - `claimableRedeemRequest` counts assets instead of shares, all requests of a controller together: filling has burnt
///   them.
/// - `redeem` and `withdraw` of the portfolio stay synchronous, for cash beyond what waiting requests are worth. A
///   request that was filled is claimed with `IPortfolio.claim`, by the controller itself.
/// - Request ids are never 0; each is the portfolio's address (upper 160 bits) and a position in its line (lower 96).
///
/// Requests are filled at the price of the moment, with every asset priced by its feed. No request is filled while the
/// portfolio is halted, a price is stale, or a price is frozen: nobody is made to take the discount of frozen exits.
/// They can be cancelled at any time, and exits in kind pass beside any requests: one that needs bound shares ends
/// its owner's requests.
interface IRedemptionQueue {
    /// @param shares Number of shares that are still bound.
    /// @param requestedAt Unix seconds.
    /// @param throughVault True if it was made through the portfolio's {IAsyncVault}, where its controller claims.
    struct Request {
        address owner;
        address controller;
        uint256 shares;
        uint256 requestedAt;
        bool throughVault;
    }

    /// @dev The event of ERC-7540.
    event RedeemRequest(
        address indexed controller, address indexed owner, uint256 indexed requestId, address sender, uint256 shares
    );
    /// @dev The event of ERC-7540.
    event OperatorSet(address indexed controller, address indexed operator, bool approved);
    event RequestCancelled(uint256 indexed requestId, address indexed sender, uint256 shares);
    /// @param shares Number of shares that were burnt.
    /// @param assets Smallest units of the settlement token, set aside for the controller.
    /// @param left Shares that still wait.
    event RequestFilled(
        uint256 indexed requestId, address indexed controller, uint256 shares, uint256 assets, uint256 left
    );
    /// @notice The request ended, its shares are free again.
    /// @param reason Selector of the error with which the portfolio or its compliance rules refused to burn;
    /// `RedemptionQueue__RetiredSince` if an asset that is held was retired after the request.
    event RequestReturned(uint256 indexed requestId, address indexed owner, uint256 shares, bytes4 reason);
    /// @notice An exit in kind took bound shares: all requests that the owner had in this portfolio have ended.
    event RequestsEnded(address indexed portfolio, address indexed owner);

    error RedemptionQueue__NotAPortfolio(address portfolio);
    error RedemptionQueue__NotAllowed(address owner, address caller);
    error RedemptionQueue__ZeroController();
    error RedemptionQueue__NoRequest(uint256 requestId);
    /// @param value WAD USD.
    error RedemptionQueue__TooSmall(uint256 value, uint256 least);
    error RedemptionQueue__Halted(address portfolio);
    /// @dev Shares are not dealt in while their price is out of its band ({IFeeManager}); requests wait.
    error RedemptionQueue__PriceJumped(address portfolio);
    /// @dev It is never raised; it is the reason of a return.
    error RedemptionQueue__RetiredSince();

    /// @notice Binds shares until cash has paid for them, last in line.
    /// @dev Needs a price of every asset, for the minimum: a request is worth at least `LEAST_VALUE`.
    /// @param portfolio Portfolio of this queue's factory.
    /// @param shares Number of shares in the owner's balance that are not yet bound.
    /// @param controller Account that may claim the cash, and cancel.
    /// @param owner The caller, or an account whose operator the caller is; any account where the portfolio's
    /// {IAsyncVault} calls.
    /// @return requestId Identifier of the request from now on.
    function requestRedeem(
        address portfolio,
        uint256 shares,
        address controller,
        address owner
    )
        external
        returns (uint256 requestId);

    /// @notice Ends a request; the shares that still wait are free again. The owner, the controller, or an operator of
    /// either may call it.
    /// @return shares Number of shares that were still bound.
    function cancelRedeemRequest(uint256 requestId) external returns (uint256 shares);

    /// @notice Pays the requests that wait longest, as far as cash goes, the last one in part. Anyone may call it.
    /// @dev A request whose shares may not be burnt now is returned to its owner, and so is one that was made before an
    /// asset was retired that is still held: its owner has to agree to leave without it.
    /// @param most Maximum number of requests to go through, ended ones included.
    /// @return filled Requests that got something.
    /// @return assets Smallest units of the settlement token set aside.
    function fulfil(address portfolio, uint256 most) external returns (uint256 filled, uint256 assets);

    /// @notice Lets an account request and cancel for the caller, in every portfolio. It cannot claim.
    /// @dev An operator can, at worst, make a request with itself as controller and claim the cash, up to the worth of
    /// the shares. ERC-7540 has the same risk.
    /// @return Always true.
    function setOperator(address operator, bool approved) external returns (bool);

    function isOperator(address controller, address operator) external view returns (bool);

    /// @return shares Number of shares that wait; 0 if the request has ended or has another controller.
    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares);

    /// @return assets Smallest units of the settlement token that the controller can claim from the portfolio, from its
    /// requests and from exits in kind.
    function claimableRedeemRequest(address portfolio, address controller) external view returns (uint256 assets);

    /// @return A request; all zero if it has ended.
    function requestOf(uint256 requestId) external view returns (Request memory);

    /// @return first Position of the first request that may still wait.
    /// @return next Position that the next request gets.
    function lineOf(address portfolio) external view returns (uint256 first, uint256 next);

    /// @return requestId Identifier of the request at a position of the line.
    function idOf(address portfolio, uint256 position) external pure returns (uint256 requestId);

    /// @return Minimum value of a request, WAD USD.
    function LEAST_VALUE() external view returns (uint256);

    function factory() external view returns (address);
}
