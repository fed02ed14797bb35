// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Locked amounts by the time at which each of them is free
/// @notice A list of words in ascending order of their ends: the amount in bits 0-119 and the end, in unix seconds, in
/// bits 120-159. Amounts that end on the same day (UTC) share a word and the later end. A list that would exceed
/// `MAXIMUM` words joins the two neighbours that lie closest together, at the later end: a lock is then prolonged, and
/// never shortened.
library Tranches {
    uint256 internal constant MAXIMUM = 64;
    uint256 private constant _AMOUNT = type(uint120).max;
    uint256 private constant _SHIFT = 120;
    uint256 private constant _DAY = 1 days;

    /// @return sum Amount whose end lies after `time`.
    function locked(uint256[] storage list, uint256 time) internal view returns (uint256 sum) {
        for (uint256 i = list.length; i != 0; --i) {
            uint256 tranche = list[i - 1];
            if (end(tranche) <= time) break;
            sum += amount(tranche);
        }
    }

    /// @return The latest end, also of a list whose tranches have all ended; 0 if the list is empty.
    function lastEnd(uint256[] storage list) internal view returns (uint256) {
        uint256 length = list.length;
        return length == 0 ? 0 : end(list[length - 1]);
    }

    /// @return tranches Tranches that end after `time`, with room for one more at the end.
    /// @return count Number of these tranches.
    function active(
        uint256[] storage list,
        uint256 time
    )
        internal
        view
        returns (uint256[] memory tranches, uint256 count)
    {
        uint256 length = list.length;
        uint256 first = length;
        while (first != 0 && end(list[first - 1]) > time) --first;
        count = length - first;
        tranches = new uint256[](count + 1);
        for (uint256 i; i < count; ++i) {
            tranches[i] = list[first + i];
        }
    }

    /// @notice Locks `amount_` until `end_`; forgets the tranches that ended by `time`.
    function add(uint256[] storage list, uint256 amount_, uint256 end_, uint256 time) internal {
        (uint256[] memory tranches, uint256 count) = active(list, time);
        uint256 place = count;
        while (place != 0 && end(tranches[place - 1]) > end_) --place;
        if (place != 0 && _sameDay(end(tranches[place - 1]), end_)) {
            tranches[place - 1] = _joined(tranches[place - 1], tranche_(amount_, end_));
        } else if (place < count && _sameDay(end(tranches[place]), end_)) {
            tranches[place] = _joined(tranche_(amount_, end_), tranches[place]);
        } else {
            for (uint256 i = count; i > place; --i) {
                tranches[i] = tranches[i - 1];
            }
            tranches[place] = tranche_(amount_, end_);
            ++count;
        }
        if (count > MAXIMUM) count = _joinClosest(tranches, count);
        _write(list, tranches, count);
    }

    /// @notice Reduces the locked amount to `kept`; the tranches that end first go first.
    /// @return gone Tranches that were taken away, in ascending order of their ends.
    /// @return moved Number of words in `gone`.
    function reduce(
        uint256[] storage list,
        uint256 kept,
        uint256 time
    )
        internal
        returns (uint256[] memory gone, uint256 moved)
    {
        (uint256[] memory tranches, uint256 count) = active(list, time);
        uint256 excess;
        for (uint256 i; i < count; ++i) {
            excess += amount(tranches[i]);
        }
        if (excess <= kept) return (gone, 0);
        excess -= kept;
        gone = new uint256[](count);
        while (excess != 0) {
            uint256 taken = amount(tranches[moved]);
            if (taken > excess) taken = excess;
            gone[moved] = tranche_(taken, end(tranches[moved]));
            tranches[moved] -= taken;
            excess -= taken;
            ++moved;
        }
        // The last one that was touched may have something left.
        uint256 first = amount(tranches[moved - 1]) == 0 ? moved : moved - 1;
        for (uint256 i = first; i < count; ++i) {
            tranches[i - first] = tranches[i];
        }
        _write(list, tranches, count - first);
    }

    function amount(uint256 tranche) internal pure returns (uint256) {
        return tranche & _AMOUNT;
    }

    function end(uint256 tranche) internal pure returns (uint256) {
        return tranche >> _SHIFT;
    }

    function tranche_(uint256 amount_, uint256 end_) internal pure returns (uint256) {
        return amount_ | (end_ << _SHIFT);
    }

    function _joined(uint256 earlier, uint256 later) private pure returns (uint256) {
        // A supply has at most 120 bits, so has every sum of what is locked of it.
        return later + amount(earlier);
    }

    function _sameDay(uint256 one, uint256 other) private pure returns (bool) {
        return one / _DAY == other / _DAY;
    }

    function _joinClosest(uint256[] memory tranches, uint256 count) private pure returns (uint256) {
        uint256 closest;
        uint256 shortest = type(uint256).max;
        for (uint256 i; i + 1 < count; ++i) {
            uint256 gap = end(tranches[i + 1]) - end(tranches[i]);
            if (gap < shortest) (closest, shortest) = (i, gap);
        }
        tranches[closest] = _joined(tranches[closest], tranches[closest + 1]);
        for (uint256 i = closest + 1; i + 1 < count; ++i) {
            tranches[i] = tranches[i + 1];
        }
        return count - 1;
    }

    function _write(uint256[] storage list, uint256[] memory tranches, uint256 count) private {
        uint256 length = list.length;
        for (uint256 i; i < count; ++i) {
            if (i == length) {
                list.push(tranches[i]);
                ++length;
            } else if (list[i] != tranches[i]) {
                list[i] = tranches[i];
            }
        }
        for (; length > count; --length) {
            list.pop();
        }
    }
}
