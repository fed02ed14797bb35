// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RollingVolume} from "contracts/math/RollingVolume.sol";
import {Test} from "forge-std/Test.sol";

/// @title The window beside a plain list of what was moved
contract RollingVolumeTest is Test {
    using RollingVolume for RollingVolume.Window;

    /// @dev The window counts, at any time, at least the sum that was moved in the last period, and at most that of 4/3
    /// of it (and the seconds that thirds are rounded up by).
    function testFuzz_total__anyMoves__betweenOnePeriodAndFourThirds(
        uint32 period,
        uint64[24] memory waits,
        uint96[24] memory amounts
    )
        public
        pure
    {
        period = uint32(bound(period, RollingVolume.LEAST_PERIOD, 3650 days));
        RollingVolume.Window memory window;
        uint256[24] memory times;
        uint256 time = 1_700_000_000;
        for (uint256 i; i < 24; ++i) {
            time += waits[i] % (uint256(period) * 2 / (1 + i % 8) + 1);
            times[i] = time;
            window = window.added(amounts[i], period, time);
            uint256 least;
            uint256 most;
            for (uint256 k; k <= i; ++k) {
                if (times[k] + period >= time) least += amounts[k];
                if (times[k] + uint256(period) * 4 / 3 + 4 >= time) most += amounts[k];
            }
            uint256 total = window.total(period, time);
            assertGe(total, least);
            assertLe(total, most);
        }
    }

    /// @dev A change of period frees nothing that still counted.
    function testFuzz_total__anotherPeriod__nothingIsForgotten(uint32 before, uint32 next, uint96 amount) public pure {
        before = uint32(bound(before, RollingVolume.LEAST_PERIOD, 3650 days));
        next = uint32(bound(next, RollingVolume.LEAST_PERIOD, 3650 days));
        RollingVolume.Window memory window;
        window = window.added(amount, before, 1_700_000_000);
        assertEq(window.total(next, 1_700_000_000), amount);
    }

    /// @dev A full bucket leaves no room under any limit.
    function testFuzz_added__huge__saturates(uint256 first, uint256 second) public pure {
        RollingVolume.Window memory window;
        window = window.added(first, 30, 1_700_000_000).added(second, 30, 1_700_000_000);
        uint256 total = window.total(30, 1_700_000_000);
        uint256 most = RollingVolume.MOST;
        if (first >= most || second >= most - first) assertEq(total, most);
        else assertEq(total, first + second);
    }
}
