"""Integer arithmetic of the contracts: rounding, exponentials and packed numbers, to the last digit. No I/O."""

from __future__ import annotations

WAD = 10**18
BPS = 10_000
BPS_TO_WAD = 10**14
EVERYTHING = 2**256 - 1

_MANTISSA_BITS = 120


def divide_up(numerator: int, denominator: int) -> int:
    """Quotient of two numbers of at least zero, rounded up: FixedPointMathLib.divUp and fullMulDivUp."""
    return -(-numerator // denominator)


def divide_signed(numerator: int, denominator: int) -> int:
    """Quotient rounded towards zero, as Solidity divides signed numbers."""
    quotient = abs(numerator) // abs(denominator)
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def exp_wad(x: int) -> int:
    """e^x, WAD, for x of at least zero: the rational approximation of Solady's FixedPointMathLib.expWad."""
    x = (x << 78) // 5**18
    k = ((x << 96) // 54916777467707473351141471128 + 2**95) >> 96
    x -= k * 54916777467707473351141471128
    y = (((x + 1346386616545796478920950773328) * x) >> 96) + 57155421227552351082224309758442
    p = (((y + x - 94201549194550492254356042504812) * y) >> 96) + 28719021644029726153956944680412240
    p = p * x + (4385272521454847904659076985693276 << 96)
    q = x - 2855989394907223263936484059900
    for term in (
        50020603652535783019961831881945,
        -533845033583426703283633433725380,
        3604857256930695427073651918091429,
        -14423608567350463180887372962807573,
        26449188498355588339934803723976023,
    ):
        q = ((q * x) >> 96) + term
    return (p // q * 3822833074963236453042738258902158003155416615667) >> (195 - k)


def packed_down(x: int) -> int:
    """The largest number with a mantissa of 120 bits that is not above x: Float128.packDown, unpacked again."""
    exponent = max(0, x.bit_length() - _MANTISSA_BITS)
    return x >> exponent << exponent


def packed_up(x: int) -> int:
    """The smallest number with a mantissa of 120 bits that is not below x: Float128.packUp, unpacked again.

    It is the largest such number of 256 bits where there is none.
    """
    exponent = max(0, x.bit_length() - _MANTISSA_BITS)
    rounded = divide_up(x, 1 << exponent) << exponent
    return rounded if rounded <= EVERYTHING else packed_down(EVERYTHING)
