"""The diffuse layer by geometry: field against potential at the wall, and the profile; in Debye lengths and RT/F, one row per surface.

Every geometry has `at_potential(u)` and `at_field(g)`, which return a `Wall`, and `profile(wall, x, out)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ionflux._broadcast import Array
from ionflux._dispatch import layers
from ionflux.sharing import share
from .screening import Screen
from .strong_walls import near_a_strong_wall, with_strong_walls

#: what is smaller is taken as zero, and linear response for the slope there
_NOTHING = 1e-150
_SMALL = 1e-12
#: from a curved surface, Debye lengths: the linear solution starts here; what it neglects has decayed by e^{-3·13} at the wall
_FAR = 13.0
#: half-widths from which on two plates do not feel each other (e^{-36} < rounding)
_WIDE = 36.0
#: beyond this many Debye lengths from a plane the profile is an exponential
_TAIL = 40.0


@dataclass
class Wall:
    """u where the diffuse layer starts, the field g = −du/dx there, and dg/du; `start`: ln|u| at the far end or in the middle."""

    u: Array
    g: Array
    slope: Array
    start: Array
    failed: np.ndarray

    def put(self, rows: np.ndarray, other: Wall) -> None:
        """Take over the rows of another."""
        for name in ("u", "g", "slope", "start", "failed"):
            getattr(self, name)[rows] = getattr(other, name)


class Plane:
    """One wall, the solution without end: the Grahame equation and its inverse."""

    def __init__(self, screen: Screen, threads: int | None = None) -> None:
        self.screen, self.threads = screen, threads
        self.salt = (screen.z, screen.w, screen.size)

    def with_threads(self, threads: int | None) -> Plane:
        """Return the same, worked on by so many threads."""
        return Plane(self.screen, threads)

    def at_potential(self, u: Array) -> Wall:
        """g(u)."""
        g, slope = np.empty_like(u), np.empty_like(u)
        share(len(u), self.threads, lambda first, last: layers.field(*self.salt, u, g, slope, first, last))
        return Wall(u, g, slope, u, np.zeros(len(u), dtype=np.intc))

    def potential(self, g: Array, slope: Array | None = None) -> Array:
        """u(g); dg/du goes into slope."""
        u = np.empty_like(g)
        share(len(g), self.threads, lambda first, last: layers.potential(*self.salt, g, u, slope, first, last))
        return u

    def at_field(self, g: Array) -> Wall:
        """u(g)."""
        slope = np.empty_like(g)
        u = self.potential(g, slope)
        return Wall(u, g, slope, u, np.zeros(len(g), dtype=np.intc))

    def profile(self, wall: Wall, x: Array, factor: Array, out: Array) -> np.ndarray:
        """Write factor u at distances x (ascending, m) into out (rows, len(x)); return which rows failed."""
        s, u = self.screen, np.where(np.abs(wall.u) < _NOTHING, _SMALL, wall.u)
        failed = np.zeros(len(u), dtype=np.intc)
        if len(u) and len(x):
            sign = closed_form_of(s)
            if sign:
                fraction = 1.0 / (1.0 + self._share(-sign) / self._share(2 * sign)) if 2 * sign in s.z else np.zeros(len(u))
                v, f = np.ascontiguousarray(sign * u), np.ascontiguousarray(sign * factor)
                share(len(u), self.threads, lambda a, b: layers.closed(fraction, v, s.kappa, f, x, out, a, b))
            else:
                self._panels(u, x, factor, out, failed)
            out[np.abs(wall.u) < _NOTHING] = 0.0
        return failed

    def _share(self, z: float) -> Array:
        """c of one valence over Σz²c."""
        return self.screen.w[:, int(np.flatnonzero(self.screen.z == z)[0])] / z

    def _panels(self, u: Array, x: Array, factor: Array, out: Array, failed: np.ndarray) -> None:
        s, ones = self.screen, np.ones(len(u))
        given = np.array([np.minimum(s.kappa * x[-1], _TAIL), np.inf * ones, u, np.sign(u), s.kappa, factor])
        start, decay, offset = near_a_strong_wall(s, u)
        strong = np.abs(u) > start
        given[2, strong] = 0.0  # nothing to march there
        given[0, strong] = 0.0
        share(len(u), self.threads, lambda a, b: layers.profile(*self.salt, 0, True, given, x, out, failed, a, b))
        for i in np.flatnonzero(strong):
            # e^{-z|u|/2} grows linearly with the distance until the marching is good enough
            inside = x * s.kappa[i] < offset[i]
            near = np.exp(-0.5 * decay[i] * np.abs(u[i])) + (
                np.exp(-0.5 * decay[i] * start[i]) - np.exp(-0.5 * decay[i] * np.abs(u[i]))
            ) * (x[inside] * s.kappa[i] / offset[i])
            out[i, inside] = factor[i] * np.sign(u[i]) * -2.0 / decay[i] * np.log(near)
            rest = np.ascontiguousarray(x[~inside] - offset[i] / s.kappa[i])
            if len(rest):
                one, part = s.take([i]), np.empty((1, len(rest)))
                row = np.array(
                    [[min(one.kappa[0] * rest[-1], _TAIL)], [np.inf], [np.sign(u[i]) * start[i]], [np.sign(u[i])], one.kappa, [factor[i]]]
                )
                layers.profile(one.z, one.w, one.size, 0, True, row, rest, part, failed[i : i + 1], 0, 1)
                out[i, ~inside] = part[0]


def closed_form_of(s: Screen) -> int:
    """Sign of the ions of valence ±1 and ±2 whose only partner is ∓1, point ions and neutral: there is a closed form; else 0."""
    if s.size is None and s.neutral:
        for sign in (1, -1):
            if {sign, 2 * sign, -sign} >= set(s.z.tolist()) and -sign in s.z:
                return sign
    return 0


class Curved:
    """Outside a sphere (bend = 2) or a cylinder (1), by marching from where the linear solution holds."""

    def __init__(self, screen: Screen, radius: Array, bend: int, threads: int | None = None) -> None:
        self.plane, self.bend, self.threads = Plane(screen, threads), bend, threads
        self.screen, self.radius, self.a = screen, radius, screen.kappa * radius

    def with_threads(self, threads: int | None) -> Curved:
        """Return the same, worked on by so many threads."""
        return Curved(self.screen, self.radius, self.bend, threads)

    def at_potential(self, u: Array) -> Wall:
        """g(u)."""
        wall: Wall = with_strong_walls(self.plane, u, lambda v: self._find(np.sign(v), np.abs(v), np.abs(v), goal=1))
        return wall

    def at_field(self, g: Array) -> Wall:
        """u(g)."""
        size = np.abs(g)
        most = size / (1.0 + 0.5 * self.bend / self.a)  # by linear theory, nearly
        u = np.minimum(np.abs(self.plane.potential(g)), most)
        # the field of a plane that has this potential: first order in 1/a (H. Ohshima, T. W. Healy, L. R. White, J. Colloid Interface
        # Sci. 90, 17, 1982); a guess only
        plane = size - 2.0 * self.bend / self.a * np.tanh(0.25 * u)
        better = plane > 0.3 * size
        u = np.where(better, np.abs(self.plane.potential(np.where(better, plane, 1.0) * np.sign(g))), u)
        return self._find(np.sign(g), size, u, goal=2)

    def _find(self, sign: Array, target: Array, u: Array, goal: int) -> Wall:
        length, r = np.full(len(sign), _FAR), self.a + _FAR
        guess = np.log(4.0 * np.tanh(0.25 * np.maximum(u, _SMALL))) - length + 0.5 * self.bend * np.log(self.a / r)
        return _find(self.plane, self.bend, goal, length, r, target, sign, guess, np.full(len(sign), 5.0))

    def profile(self, wall: Wall, x: Array, factor: Array, out: Array) -> np.ndarray:
        """Write factor u at distances x into out; return which rows failed."""
        given = np.array([np.full(len(wall.u), _FAR), self.a + _FAR, wall.start, np.sign(wall.u), self.screen.kappa, factor])
        return _march(self.plane, self.bend, given, wall, x, out)


class Slit:
    """Two equal walls with the solution between them, in exchange with the bath; marched from the middle."""

    def __init__(self, screen: Screen, separation: Array, threads: int | None = None) -> None:
        self.plane, self.screen, self.separation = Plane(screen, threads), screen, separation
        self.half = 0.5 * screen.kappa * separation
        self.wide = self.half > _WIDE

    def with_threads(self, threads: int | None) -> Slit:
        """Return the same, worked on by so many threads."""
        return Slit(self.screen, self.separation, threads)

    def at_potential(self, u: Array) -> Wall:
        """g(u)."""

        def find(v: Array) -> Wall:
            size = np.maximum(np.abs(v), _SMALL)
            guess = np.log(4.0 * np.tanh(0.25 * size) / np.cosh(np.minimum(self.half, _WIDE)))
            return self._find(self.plane.at_potential, v, np.abs(v), guess, np.log(size), goal=1)

        wall: Wall = with_strong_walls(self.plane, u, find)
        return wall

    def at_field(self, g: Array) -> Wall:
        """u(g)."""
        size, half = np.maximum(np.abs(g), _SMALL), np.minimum(self.half, _WIDE)
        single = np.tanh(0.25 * np.maximum(np.abs(self.plane.potential(g)), _SMALL))
        guess = np.log(np.minimum(4.0 * single / np.sinh(half), np.arcsinh(size / half)))
        return self._find(self.plane.at_field, g, np.abs(g), guess, np.full(len(g), 7.0), goal=2)

    def _find(self, single, given: Array, target: Array, guess: Array, highest: Array, goal: int) -> Wall:  # type: ignore[no-untyped-def]
        none = np.full(len(given), np.inf)
        length = np.minimum(self.half, _WIDE)
        wall = _find(self.plane, 0, goal, length, none, target, np.sign(given), guess, highest)
        if np.any(self.wide):
            alone, rows = single(given), self.wide
            for name in ("u", "g", "slope", "failed"):
                getattr(wall, name)[rows] = getattr(alone, name)[rows]
            middle = np.empty(len(given))
            for i in np.flatnonzero(rows):
                one = Plane(self.screen.take([i]))
                value = np.empty((1, 1))
                one.profile(one.at_potential(alone.u[i : i + 1].copy()), 0.5 * self.separation[i : i + 1], np.ones(1), value)
                middle[i] = 2.0 * abs(value[0, 0])  # two tails
            with np.errstate(divide="ignore"):
                wall.start[rows] = np.log(middle[rows])
        return wall

    def middle(self, wall: Wall) -> Array:
        """u in the middle."""
        return np.sign(wall.u) * np.exp(wall.start)

    def profile(self, wall: Wall, x: Array, factor: Array, out: Array) -> np.ndarray:
        """Write factor u at distances x from the nearer wall, at most half the separation, into out; return which rows failed."""
        failed = np.zeros(len(wall.u), dtype=np.intc)
        for rows, alone in ((np.flatnonzero(~self.wide), False), (np.flatnonzero(self.wide), True)):
            if not len(rows):
                continue
            part = Wall(wall.u[rows], wall.g[rows], wall.slope[rows], wall.start[rows], wall.failed[rows])
            plane, values = Plane(self.screen.take(rows), self.plane.threads), np.empty((len(rows), len(x)))
            if alone:
                failed[rows] = plane.profile(part, x, factor[rows], values)
                for i, row in enumerate(rows):  # the other wall's tail
                    mirrored = np.ascontiguousarray(np.maximum(self.separation[row] - x, 0.0)[::-1])
                    one, tail = Plane(plane.screen.take([i])), np.empty((1, len(x)))
                    one.profile(Wall(part.u[i : i + 1], *(part.g[i : i + 1],) * 3, failed[:1]), mirrored, factor[row : row + 1], tail)
                    values[i] += tail[0, ::-1]
            else:
                given = np.array(
                    [self.half[rows], np.full(len(rows), np.inf), part.start, np.sign(part.u), self.screen.kappa[rows], factor[rows]]
                )
                failed[rows] = _march(plane, 0, given, part, x, values)
            out[rows] = values
        return failed


def _find(plane: Plane, bend: int, goal: int, length: Array, r: Array, target: Array, sign: Array, guess: Array, highest: Array) -> Wall:
    n, nothing = len(target), target < _NOTHING
    given = np.array([length, r, np.where(nothing, _SMALL, target), np.where(sign == 0, 1.0, sign), guess, highest])
    found, failed = np.empty((4, n)), np.zeros(n, dtype=np.intc)
    share(n, plane.threads, lambda a, b: layers.find(*plane.salt, bend, goal, given, found, failed, a, b))
    start, u, g, slope = found
    if goal == 1:
        u = sign * target
    else:
        g = sign * target
    return Wall(np.where(nothing, 0.0, u), np.where(nothing, 0.0, g), slope, np.where(nothing, -np.inf, start), failed)


def _march(plane: Plane, bend: int, given: Array, wall: Wall, x: Array, out: Array) -> np.ndarray:
    nothing = np.abs(wall.u) < _NOTHING
    given[2, nothing], given[3, nothing] = -40.0, 1.0
    failed = np.zeros(len(wall.u), dtype=np.intc)
    if len(x) and len(wall.u):
        share(len(wall.u), plane.threads, lambda a, b: layers.profile(*plane.salt, bend, False, given, x, out, failed, a, b))
        out[nothing] = 0.0
        out[:, x == 0.0] = (given[5] * wall.u)[:, None]  # to the last bit, however thin the layer next to the wall
    return failed
