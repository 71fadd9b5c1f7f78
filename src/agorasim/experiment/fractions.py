"""Regular two-level fractional factorials: their generators, resolution and aliases.

A column is a bit mask of the basic factors whose product it is; products of columns are exclusive-ors of masks. Words
of the defining relation are masks over all factors (Box, Hunter & Hunter, Statistics for Experimenters, chapter 6).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from agorasim.errors import InputError

RESOLUTIONS: Final = {3: "III", 4: "IV", 5: "V"}
#: Beyond, a screening design of another kind is wanted (Morris), and the search for generators would take long.
MOST_FACTORS: Final = 16


@dataclass(frozen=True)
class Fraction:
    """A fraction of a two-level factorial of `n` factors."""

    n: int
    columns: tuple[int, ...]
    """Per factor the free factors whose product its level is: bit k stands for the k-th free one."""
    generated: tuple[int, ...] = ()
    """Factors whose levels follow from the others'."""

    @property
    def basic(self) -> int:
        """How many factors are varied freely; the design has 2**basic points."""
        return self.n - len(self.generated)

    @property
    def words(self) -> list[int]:
        """The defining relation without the identity: products of factors that are always +1."""
        free = [factor for factor in range(self.n) if factor not in self.generated]
        made = [0]
        for factor in self.generated:
            word = (1 << factor) | sum(1 << other for k, other in enumerate(free) if self.columns[factor] >> k & 1)
            made += [other ^ word for other in made]
        return sorted(made[1:], key=lambda word: (word.bit_count(), word))

    @property
    def resolution(self) -> int:
        """Length of the shortest word; one more than the number of factors when nothing is confounded."""
        return min((word.bit_count() for word in self.words), default=self.n + 1)

    def signs(self) -> list[tuple[int, ...]]:
        """Points in standard order (the first factor changes fastest), each a level 0 or 1 per factor."""
        # A generated column takes the product of signs -1 and +1: it is +1 when an even number of them is -1.
        return [
            tuple(1 - (column & ~point).bit_count() % 2 for column in self.columns) for point in range(2**self.basic)
        ]

    def aliases(self, order: int = 2) -> list[list[int]]:
        """Effects of up to `order` factors that cannot be told apart, grouped; singletons are left out."""
        groups: dict[int, list[int]] = {}
        for size in range(1, order + 1):
            for chosen in combinations(range(self.n), size):
                product = 0
                for factor in chosen:
                    product ^= self.columns[factor]
                groups.setdefault(product, []).append(sum(1 << factor for factor in chosen))
        return [group for product, group in sorted(groups.items()) if len(group) > 1 or product == 0]


def fraction_of_resolution(n: int, resolution: int) -> Fraction:
    """The smallest regular fraction of `n` factors with at least this resolution, the fewest shortest words first.

    Raises:
        InputError: a resolution other than 3, 4, 5, or too many or too few factors.
    """
    if resolution not in RESOLUTIONS:
        raise InputError(f"resolution must be 3, 4 or 5, got {resolution!r}")
    _check_number(n)
    for basic in range(1, n):
        masks = sorted(
            (m for m in range(1, 2**basic) if m.bit_count() >= resolution - 1), key=lambda m: (-m.bit_count(), m)
        )
        best: Fraction | None = None
        for k, columns in enumerate(_choices(masks, n - basic, basic, resolution)):
            found = Fraction(n, tuple(1 << factor for factor in range(basic)) + columns, tuple(range(basic, n)))
            if best is None or _aberration(found) < _aberration(best):
                best = found
            if k >= 200:
                break
        if best is not None:
            return best
    return Fraction(n, tuple(1 << factor for factor in range(n)))


def fraction_of_generators(n: int, generators: Sequence[str]) -> Fraction:
    """A fraction from generators such as "D=ABC", letters standing for the factors in order (without I).

    InputError when a generator cannot be read, uses a generated factor, or names none.
    """
    _check_number(n)
    letters = names(n)
    made: dict[int, int] = {}
    for text in generators:
        left, equals, right = text.replace(" ", "").upper().partition("=")
        if not equals or len(left) != 1 or len(right) < 2 or any(c not in letters for c in left + right):
            raise InputError(
                f"generator {text!r}: expected such as {letters[-1]}={letters[:2]}, of {', '.join(letters)}"
            )
        if len(set(right)) < len(right) or left in right or letters.index(left) in made:
            raise InputError(f"generator {text!r}: each factor may stand once, and be generated once")
        made[letters.index(left)] = sum(1 << letters.index(c) for c in right)
    if not made:
        raise InputError(f"a fraction needs at least one generator, such as {letters[-1]}={letters[:2]}")
    free = [factor for factor in range(n) if factor not in made]
    position = {factor: 1 << k for k, factor in enumerate(free)}
    columns = []
    for factor in range(n):
        parts = [p for p in range(n) if made.get(factor, 1 << factor) >> p & 1]
        if factor in made and any(p in made for p in parts):
            raise InputError(f"generator of {letters[factor]}: it may only use factors that are not generated")
        columns.append(sum(position[p] for p in parts))
    return Fraction(n, tuple(columns), tuple(made))


def names(n: int) -> str:
    """Letters for `n` factors; I is the identity of the defining relation and no factor."""
    return "ABCDEFGHJKLMNOPQRSTUVWXYZ"[:n]


def letters_of(word: int) -> str:
    """A word as letters, "I" for the identity."""
    return "".join(letter for k, letter in enumerate(names(25)) if word >> k & 1) or "I"


def _choices(masks: Sequence[int], wanted: int, basic: int, resolution: int) -> Iterator[tuple[int, ...]]:
    """Sets of generated columns all of whose words are long enough, by depth-first search."""

    def extend(start: int, chosen: tuple[int, ...], words: list[int]) -> Iterator[tuple[int, ...]]:
        if len(chosen) == wanted:
            yield chosen
            return
        for k in range(start, len(masks) - (wanted - len(chosen)) + 1):
            word = masks[k] | 1 << (basic + len(chosen))
            fresh = [other ^ word for other in words]
            if all(new.bit_count() >= resolution for new in fresh):
                yield from extend(k + 1, (*chosen, masks[k]), words + fresh)

    yield from extend(0, (), [0])


def _aberration(fraction: Fraction) -> tuple[int, ...]:
    """Numbers of words by length, shortest first: fewer is better (Fries & Hunter 1980)."""
    lengths = [word.bit_count() for word in fraction.words]
    return tuple(lengths.count(length) for length in range(1, fraction.n + 1))


def _check_number(n: int) -> None:
    if not 3 <= n <= MOST_FACTORS:
        raise InputError(f"a fractional factorial takes 3 to {MOST_FACTORS} factors, got {n}")
