// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";

/// @title A portfolio as an ERC-7540 vault with asynchronous redemption
/// @notice There is one vault per portfolio, at `IPortfolioFactory.vaultOf`. `share` is the portfolio's token
/// (ERC-7575), `asset` its settlement token. Deposits are synchronous; redemptions are requests in the
/// {IRedemptionQueue}, claimed here. The vault holds neither shares nor, between calls, cash.
///
/// - A request id is the queue's, never 0. Claims of a controller are one sum over all its filled requests: a claim
///   takes the same part of its claimable shares and of its claimable assets, rounded against the claimer. What
///   rounding leaves behind stays the controller's. Requests count as claimed in the order in which they were filled.
/// - Pending shares are bound in their owner's balance, not transferred: compliance rules never see this contract. A
///   request that the queue returns, that is cancelled there, or that an exit in kind ends is pending no more, and its
///   shares are the owner's again.
/// - The owner or its operator requests. ERC-20 allowances over shares do not count, because only the portfolio can
///   spend them.
/// - Operators of this vault are not those of the queue.
interface IAsyncVault is IERC165 {
    /// @dev The event of ERC-4626 and ERC-7575.
    event Deposit(address indexed sender, address indexed owner, uint256 assets, uint256 shares);
    /// @dev The event of ERC-4626 and ERC-7540 for a claim.
    event Withdraw(
        address indexed sender, address indexed receiver, address indexed controller, uint256 assets, uint256 shares
    );
    /// @dev The event of ERC-7540.
    event RedeemRequest(
        address indexed controller, address indexed owner, uint256 indexed requestId, address sender, uint256 shares
    );
    /// @dev The event of ERC-7540.
    event OperatorSet(address indexed controller, address indexed operator, bool approved);

    error AsyncVault__NotAllowed(address account, address caller);
    error AsyncVault__OnlyQueue(address caller);
    /// @param amount Shares, or smallest units of the settlement token, as the claim has it.
    error AsyncVault__ExceedsClaimable(address controller, uint256 amount, uint256 claimable);
    error AsyncVault__ZeroShares();
    error AsyncVault__ZeroAssets();
    /// @dev Redemptions are asynchronous: ERC-7540 has their previews revert.
    error AsyncVault__NoPreview();
    /// @dev The settlement token called back and moved the price between preview and mint.
    error AsyncVault__PriceMoved(uint256 assets, uint256 needed);

    // -- Redemption requests -----------------------------------------------------------------------------------------

    /// @notice Binds shares of the owner and puts them last in line, worth at least the queue's `LEAST_VALUE`.
    /// @param controller Account that may claim, and cancel at the queue.
    /// @param owner The caller, or an account whose operator the caller is.
    function requestRedeem(uint256 shares, address controller, address owner) external returns (uint256 requestId);

    /// @return shares Number of shares that still wait; 0 for an unknown request or another controller.
    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares);

    /// @return shares Number of shares that are filled and not yet claimed; 0 for an unknown request or another
    /// controller.
    function claimableRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares);

    /// @notice Claims by shares. The controller or its operator may call it.
    /// @return assets Smallest units of the settlement token sent to the receiver, rounded down.
    function redeem(uint256 shares, address receiver, address controller) external returns (uint256 assets);

    /// @notice Claims by assets. The controller or its operator may call it.
    /// @return shares Number of shares that count as claimed, rounded up.
    function withdraw(uint256 assets, address receiver, address controller) external returns (uint256 shares);

    /// @notice Lets an account request and claim for the caller, or no longer. At worst, an operator requests all
    /// shares of the account with itself as controller, or claims its cash.
    /// @return Always true.
    function setOperator(address operator, bool approved) external returns (bool);

    /// @notice Books a fill, of the whole request or a part of it. Only the queue may call it.
    function onFilled(uint256 requestId, address controller, uint256 shares, uint256 assets) external;

    // -- Deposits ----------------------------------------------------------------------------------------------------

    /// @notice Deposits into the portfolio for the receiver.
    /// @dev While shares of the receiver's are locked, only it and its depositors ({IFeeManager}) may, as at the
    /// portfolio. The settlement token passes through this contract: one whose rules refuse it is deposited at the
    /// portfolio itself.
    function deposit(uint256 assets, address receiver) external returns (uint256 shares);

    /// @notice Deposits as {deposit} does, for a given number of shares.
    function mint(uint256 shares, address receiver) external returns (uint256 assets);

    // -- Views -------------------------------------------------------------------------------------------------------

    function isOperator(address controller, address operator) external view returns (bool);
    function share() external view returns (address);
    function asset() external view returns (address);
    /// @return The portfolio's own number, as for the views that follow.
    function totalAssets() external view returns (uint256);
    function convertToShares(uint256 assets) external view returns (uint256);
    function convertToAssets(uint256 shares) external view returns (uint256);
    function maxDeposit(address receiver) external view returns (uint256);
    function maxMint(address receiver) external view returns (uint256);
    function previewDeposit(uint256 assets) external view returns (uint256);
    function previewMint(uint256 shares) external view returns (uint256);

    /// @return Smallest units of the settlement token that the controller can claim.
    function maxWithdraw(address controller) external view returns (uint256);

    /// @return Shares that the controller can claim for.
    function maxRedeem(address controller) external view returns (uint256);

    /// @dev Always reverts.
    function previewWithdraw(uint256 assets) external view returns (uint256);

    /// @dev Always reverts.
    function previewRedeem(uint256 shares) external view returns (uint256);
}
