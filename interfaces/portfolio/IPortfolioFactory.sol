// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title Creates and governs portfolios
/// @notice The one place through which a portfolio's settings change, so that one role mapping and one timelock serve
/// all clones.
interface IPortfolioFactory {
    /// @param init Parameters of the portfolio; its `compliance` is ignored and set from `restricted`.
    /// @param fees Fee terms that holders pay under.
    /// @param policy Rules for dealing in the shares.
    /// @param universe Covariance universe that holds every asset but the settlement token.
    /// @param limits Risk limits.
    /// @param restricted True if shares move under compliance rules.
    /// @param countries Countries of the share rules, if restricted.
    /// @param classes Investor classes of the share rules, if restricted.
    struct PortfolioParams {
        IPortfolio.InitParams init;
        IFeeManager.FeeTerms fees;
        IFeeManager.Policy policy;
        bytes32 universe;
        IRiskEngine.Limits limits;
        bool restricted;
        uint16[] countries;
        uint8 classes;
        bytes32 salt;
    }

    event PortfolioCreated(address indexed portfolio, address indexed settlement, bytes32 indexed universe);

    error PortfolioFactory__NotAPortfolio(address portfolio);
    /// @param balance Smallest units, without the amount that is set aside.
    error PortfolioFactory__AssetHeld(address asset, uint256 balance);
    error PortfolioFactory__NotTighter(
        uint16 currentBps, uint40 currentWindow, uint16 proposedBps, uint40 proposedWindow
    );

    /// @notice The shares would be open to anyone, but the asset's holders are under rules (ERC-7943, ERC-3643 or
    /// ERC-1404). Create the portfolio with restricted shares.
    error PortfolioFactory__RegulatedAsset(address asset);

    /// @notice Creates a portfolio, its ERC-7540 vault, its share rules and its risk limits. A regulated asset, the
    /// settlement token included, needs restricted shares. A token that hides its rules is not recognised. Role:
    /// MANAGER.
    function createPortfolio(PortfolioParams calldata params) external returns (address portfolio);

    /// @notice Adds an asset that has a live price and is in the universe, or lists a retired one again. A regulated
    /// asset needs restricted shares. Role: MANAGER_DELAYED. At worst: an asset with a bad feed, up to the weight limit in trades; a retired one, up to what
    /// is held of it.
    function listAsset(address portfolio, address asset) external;

    /// @notice Drops an asset, listed or retired, that is no longer held. Role: MANAGER. At worst: an asset is dropped
    /// that can be listed again.
    function unlistAsset(address portfolio, address asset) external;

    /// @notice Takes an asset that cannot be priced or sold out of NAV, trading and risk. The portfolio keeps its
    /// balance of it, and exits in kind share it out; entry is closed, and requests made before are returned, while the
    /// balance is worth more than a basis point of NAV at the last look, or has no price. Role: MANAGER_DELAYED. At
    /// worst, after the delay: a holder who then leaves in cash forgoes its part of the asset to the holders who stay.
    /// Leaving in kind costs nothing.
    function retireAsset(address portfolio, address asset) external;

    /// @notice Sets a loss budget. Role: MANAGER_DELAYED.
    function setLossBudget(address portfolio, uint16 lossBudgetBps, uint40 lossWindow) external;

    /// @notice Lowers a loss budget or lengthens its window at once; neither may loosen. Role: MANAGER.
    function tightenLossBudget(address portfolio, uint16 lossBudgetBps, uint40 lossWindow) external;

    /// @return Address at which `createPortfolio` puts the portfolio of this salt.
    function addressOf(bytes32 salt) external view returns (address);

    /// @return Address at which `createPortfolio` puts the {IAsyncVault} of a portfolio; for any other account, an
    /// address without code.
    function vaultOf(address portfolio) external view returns (address);

    function isPortfolio(address portfolio) external view returns (bool);
    function implementation() external view returns (address);

    /// @return The {IRedemptionQueue} of all portfolios.
    function queue() external view returns (address);

    /// @return True if a portfolio holds more than dust of a retired asset; then nobody may enter it.
    function holdsRetired(address portfolio) external view returns (bool);

    /// @return Smallest units of a retired asset that count as nothing: the amount that a basis point of NAV bought
    /// when it was retired, and at least the amount that 100 USD buy at the highest price of its feed's bounds; only
    /// the latter if it had no price.
    function dustOf(address portfolio, address asset) external view returns (uint256);

    /// @return Unix seconds of the last retirement of an asset that was held, or whose balance could not be read; 0 for
    /// never.
    function heldRetiredAt(address portfolio) external view returns (uint256);
}
