"""What runs here: which build of the kernels, made by which compiler, on how many CPUs, and where its headers are."""

from __future__ import annotations

import dataclasses
import html
import importlib.util
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from ._dispatch import kernels
from ._version import __version__
from .errors import InputError


def usable_threads() -> int:
    """CPUs that this process may use, capped by the environment variable ``IONFLUX_NUM_THREADS``.

    Raises
    ------
    InputError
        ``IONFLUX_NUM_THREADS`` is not a positive whole number.
    """
    affinity = getattr(os, "sched_getaffinity", None)  # Linux; elsewhere a process cannot be asked
    cpus = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    cap = os.environ.get("IONFLUX_NUM_THREADS", "").strip()
    if not cap:
        return cpus
    if not cap.isdecimal() or int(cap) < 1:
        raise InputError(f"IONFLUX_NUM_THREADS = {cap!r} is not a positive whole number; unset it to use all {cpus} CPUs")
    return min(cpus, int(cap))


def get_include() -> str:
    """The folder of the C headers, for the include path of a compiler.

    ``ionflux_flux_table.h`` evaluates packed tables of fluxes (`FluxTable.packed`) in C99 and C++11; from Cython,
    ``from ionflux.core.flux_table cimport ifx_flux_table`` needs the same folder.

    Examples
    --------
    >>> from pathlib import Path
    >>> (Path(get_include()) / "ionflux_flux_table.h").is_file()
    True
    """
    return str(Path(__file__).parent / "include")


@dataclass(frozen=True, kw_only=True, repr=False)
class Config:
    """What runs here, as returned by `show_config`.

    Attributes
    ----------
    ionflux, python, numpy, scipy : str
        Versions.
    platform : str
        Operating system and machine.
    cpu_level : int
        x86-64 level of this CPU: 2 (SSE2), 3 (AVX2 and FMA), 4 (AVX-512); 1 on other processors.
    builds : tuple of str
        The builds of the kernels that this installation has.
    kernels : str
        The one in use.
    isa : str
        Its instruction set: "avx512", "avx2", "sse2", "neon" or "scalar".
    vector_length : int
        Cells per vector register.
    compiler, flags : str
        What compiled the kernels in use.
    threads : int
        Threads that a sweep uses by default.
    """

    ionflux: str
    python: str
    numpy: str
    scipy: str
    platform: str
    cpu_level: int
    builds: tuple[str, ...]
    kernels: str
    isa: str
    vector_length: int
    compiler: str
    flags: str
    threads: int

    def _rows(self) -> list[tuple[str, object]]:
        return [(field.name, getattr(self, field.name)) for field in dataclasses.fields(self)]

    def __repr__(self) -> str:  # evaluable, and one line per fact: this is read at a prompt and pasted into reports
        return "Config(\n" + "".join(f"    {name}={value!r},\n" for name, value in self._rows()) + ")"

    def _repr_html_(self) -> str:
        rows = (f"<tr><th>{name}</th><td>{html.escape(str(value))}</td></tr>" for name, value in self._rows())
        return f"<table>{''.join(rows)}</table>"


def show_config() -> Config:
    """Return what runs here: the build of the kernels in use, compiler, flags, versions and threads.

    Returns
    -------
    Config
        Its repr has one line per fact; paste it into a report of a problem.

    Examples
    --------
    >>> import ionflux as ifx
    >>> config = ifx.show_config()
    >>> config.isa in ("avx512", "avx2", "sse2", "neon", "scalar")
    True
    """
    from importlib.metadata import version

    modules = ("_kernels", "_kernels_v3", "_kernels_v4")
    return Config(
        ionflux=__version__,
        python=platform.python_version(),
        numpy=version("numpy"),
        scipy=version("scipy"),
        platform=platform.platform(),
        cpu_level=kernels.cpu_level(),
        builds=tuple(name for name in modules if importlib.util.find_spec(f"{__package__}.{name}") is not None),
        kernels=kernels.__name__.rpartition(".")[2],
        isa=kernels.isa(),
        vector_length=kernels.vector_length(),
        compiler=kernels.compiler(),
        flags=kernels.build_flags(),
        threads=usable_threads(),
    )
