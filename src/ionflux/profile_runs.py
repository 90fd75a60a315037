"""What membranes in profile return when they are followed in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ._broadcast import Array, ByIon
from .errors import InputError
from .frozen import Solved
from .profiles import Profile, ProfileAudit
from .species import IonSpecies

if TYPE_CHECKING:
    from ._draw import Axes


class RunAudit(NamedTuple):
    """How well a run keeps what must be kept; each the worst of all times, of the finite volumes on the finest mesh.

    mass : change of the amount of each ion against what has passed the ends, over the amount
    charge : charges at the ends against those within, over the sum of their sizes
    current : spread over the membrane of the charge that ions and displacement carry from one time to the next, over the largest charge
        that ions carry anywhere
    """

    mass: Any
    charge: Any
    current: Any


class TimeScales(NamedTuple):
    """Times in which a layer answers, s; (..., layers). λ: its Debye length, L: its thickness, D: diffusivity by share of conductance.

    relaxation : λ²/D, of charge in the bulk
    charging : λL/D, of double layers through the layer
    diffusion : L²/D, of concentrations across the layer
    """

    relaxation: Array
    charging: Array
    diffusion: Array


class ProfileRun(Solved):
    """Concentrations and potential through a membrane in time, or through a batch of them. Time comes after the batch, x last.

    A run is also the sequence of its profiles: ``run[i]`` is ``run.profile(i)``.

    Attributes
    ----------
    shape : tuple of int
        Of the batch; ``()`` for one membrane.
    t : array (nt,)
        Times, s. At 0 the state is that just after, with V as it then is; at a jump of V that just before.
    x : array
        Places, m, every inner interface twice; (n,), or (..., n) where they differ.
    phi : array (..., nt, n)
        Potential, V, zero at the right end.
    c : mapping from ion to array (..., nt, n)
        Concentrations, mol/m³.
    J_left, J_right : mapping from ion to array (..., nt)
        Fluxes through the ends, mol m⁻² s⁻¹, positive from left to right; zero between blocking electrodes.
    I : array (..., nt)
        Current with that of displacement, A/m², the same at every place. What a jump of V displaces at once is not in it, but in `Q`.
    V : array (..., nt)
        φ(left) − φ(right), V.
    Q : array (..., nt)
        Charge on the left end, C/m²: of an electrode, or of what is left of the membrane.
    error : array (..., nt)
        Estimated relative error, in space and time, of concentrations, potential, charge and currents against how far they have
        moved; NaN with `nodes`.
    status : int or array
        `Status`.
    audit : RunAudit
        What is conserved, checked on the run itself.
    stats : mapping
        Steps, rejected steps and cells of the finest mesh.
    time_scales : TimeScales
        In which the layers answer.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        ions: tuple[IonSpecies, ...],
        t: Array,
        x: Array,
        found: Mapping[str, Any],
        profiles: Callable[[slice], tuple[Array, Array]],
        audit: Callable[[], RunAudit],
        scales: Callable[[], TimeScales],
        again: Callable[..., ProfileRun],
        label: Mapping[str, Any],
    ) -> None:
        self.shape, self.ions, self.t, self.x = shape, ions, t, x if x.ndim == 1 else x.reshape(*shape, -1)
        self._found, self._profiles, self._audit, self._scales, self._again = dict(found), profiles, audit, scales, again
        self._label = dict(label)

    def _told(self) -> tuple[Any, ...]:
        return self.shape, self.ions, self.t, self.x, *(self._found[name] for name in sorted(self._found))

    def __getstate__(self) -> dict[str, Any]:
        """With everything that is computed when somebody asks, in place of how."""
        kept = {name: vars(self)[name] for name in ("shape", "ions", "t", "x", "_found", "_again", "_label", "_made")}
        return kept | {name: getattr(self, name) for name in ("_every", "audit", "time_scales")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        phi, c = state["_every"]
        vars(self).update(state, _profiles=lambda which: (phi[:, which], c[:, :, which]))

    def _whole(self, name: str) -> Array:
        values: Array = self._found[name]
        return values.reshape(*self.shape, *values.shape[1:])

    def _by_ion(self, name: str) -> Mapping[IonSpecies, Array]:
        """Of (rows, ions, ...)."""
        values = self._found[name]
        return ByIon({ion: values[:, i].reshape(*self.shape, *values.shape[2:]) for i, ion in enumerate(self.ions)})

    @cached_property
    def _every(self) -> tuple[Array, Array]:
        """Profiles of all times: made when they are asked for, they may be large."""
        return self._profiles(slice(0, len(self.t)))

    @cached_property
    def phi(self) -> Array:
        """Potential, V; (..., nt, n)."""
        phi = self._every[0]
        return phi.reshape(*self.shape, *phi.shape[1:])

    @cached_property
    def c(self) -> Mapping[IonSpecies, Array]:
        """Concentrations by ion, mol/m³; (..., nt, n)."""
        c = self._every[1]
        return ByIon({ion: c[:, i].reshape(*self.shape, *c.shape[2:]) for i, ion in enumerate(self.ions)})

    @cached_property
    def J_left(self) -> Mapping[IonSpecies, Array]:
        """Fluxes through the left end, mol m⁻² s⁻¹; (..., nt)."""
        return self._by_ion("J_left")

    @cached_property
    def J_right(self) -> Mapping[IonSpecies, Array]:
        """Fluxes through the right end, mol m⁻² s⁻¹; (..., nt)."""
        return self._by_ion("J_right")

    @property
    def I(self) -> Array:  # noqa: E743  the current's name
        """Current with that of displacement, A/m²; (..., nt)."""
        return self._whole("I")

    @property
    def V(self) -> Array:
        """φ(left) − φ(right), V; (..., nt)."""
        return self._whole("V")

    @property
    def Q(self) -> Array:
        """Charge on the left end, C/m²; (..., nt)."""
        return self._whole("Q")

    @property
    def error(self) -> Array:
        """Estimated relative error; (..., nt)."""
        return self._whole("error")

    @property
    def status(self) -> Any:
        """`Status` of each run."""
        status = self._found["status"]
        return int(status[0]) if self.shape == () else status.reshape(self.shape)

    @property
    def stats(self) -> Mapping[str, Any]:
        """Steps, rejected steps and cells of the finest mesh."""
        names = ("steps", "rejected", "cells")
        counts = self._found["stats"]
        return {name: int(counts[0, i]) if self.shape == () else counts[:, i].reshape(self.shape) for i, name in enumerate(names)}

    @cached_property
    def audit(self) -> RunAudit:
        """What is conserved, checked on the run itself."""
        return self._audit()

    @cached_property
    def time_scales(self) -> TimeScales:
        """In which the layers answer, s."""
        return self._scales()

    def profile(self, i: int) -> Profile:
        """Return the profiles at the i-th time; their fluxes are those through the left end."""
        if not isinstance(i, (int, np.integer)) or not -len(self.t) <= i < len(self.t):
            raise InputError(f"there is no profile {i!r}: there are {len(self.t)} times")
        i = int(i) % len(self.t)
        f, nan = self._found, np.full(len(self._found["V"]), np.nan)
        phi, c = self._profiles(slice(i, i + 1))
        audit = lambda: ProfileAudit(np.nan, self.audit.charge)  # noqa: E731
        return Profile(
            self.shape, self.ions, self.x, phi[:, 0], c[:, :, 0], np.ascontiguousarray(f["J_left"][:, :, i]), f["V"][:, i],
            f["error"][:, i], f["status"], lambda: nan, audit, {**self._label, "t": f"{self.t[i]:g} s"},
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.t)

    def __getitem__(self, i: int) -> Profile:
        return self.profile(i)

    def __iter__(self) -> Iterator[Profile]:
        return (self.profile(i) for i in range(len(self.t)))

    def at(self, t: float) -> Profile:
        """Return the profiles at another time, s: solved for, not interpolated."""
        return self._again(t=np.array([float(t)])).profile(0)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the current against time, A/m² and s (logarithmic); returns the axes. Of one run, not of a batch."""
        from .run_plots import plot_run

        return plot_run(self, ax)

    def __repr__(self) -> str:
        said = ", ".join(f"{name} = {value}" for name, value in self._label.items())
        which = f"batch of shape {self.shape}, " if self.shape else ""
        return f"<ProfileRun {said}: {which}{len(self.t)} times, {self.t[0]:g} … {self.t[-1]:g} s, {self.x.shape[-1]} places>"
