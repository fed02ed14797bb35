// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title Grades of risk
/// @notice 0 to 6 are AAA, AA, A, BBB, BB, B, D. A portfolio has the worst of four rows of the table; an unknown
/// liquidity counts as BB, so that leaving depth out improves nothing beyond that.
///
/// | up to        | AAA |  AA |   A |  BBB |   BB |    B |
/// | VaR 99%      |  1% |  2% |  3% |   5% |   8% |  12% |
/// | drawdown     |  5% | 10% | 15% |  20% |  30% |  45% |
/// | Herfindahl   | .10 | .15 | .20 |  .30 |  .45 |  .65 |
/// | days to sell | 0.5 |   1 |   2 |    5 |   10 |   20 |
library RiskGrades {
    uint256 internal constant WORST = 6;
    uint256 internal constant UNKNOWN_LIQUIDITY = 4;

    // Six 16-bit thresholds a row, the best lowest: basis points, and tenths of days.
    uint256 private constant _VAR99 = 100 | 200 << 16 | 300 << 32 | 500 << 48 | 800 << 64 | 1200 << 80;
    uint256 private constant _DRAWDOWN = 500 | 1000 << 16 | 1500 << 32 | 2000 << 48 | 3000 << 64 | 4500 << 80;
    uint256 private constant _HERFINDAHL = 1000 | 1500 << 16 | 2000 << 32 | 3000 << 48 | 4500 << 64 | 6500 << 80;
    uint256 private constant _DAYS = 5 | 10 << 16 | 20 << 32 | 50 << 48 | 100 << 64 | 200 << 80;

    function grade(IRiskEngine.Metrics memory m) internal pure returns (uint256 worst) {
        worst = _row(m.var99, _VAR99, 1e14);
        worst = _worse(worst, _row(m.drawdown, _DRAWDOWN, 1e14));
        worst = _worse(worst, _row(m.herfindahl, _HERFINDAHL, 1e14));
        bool known = m.daysToLiquidate != type(uint256).max;
        worst = _worse(worst, known ? _row(m.daysToLiquidate, _DAYS, 1e17) : UNKNOWN_LIQUIDITY);
    }

    function _row(uint256 value, uint256 thresholds, uint256 unit) private pure returns (uint256 letter) {
        while (letter < WORST && value > (thresholds >> (16 * letter) & 0xffff) * unit) ++letter;
    }

    function _worse(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a : b;
    }
}
