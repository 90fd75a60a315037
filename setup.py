"""Builds the compiled kernels; everything else about the package is in pyproject.toml.

Each source, `src/ionflux/_kernels.pyx` (cells), `_fields.pyx` (formulas), `_layers.pyx` (double layers), `_films.pyx` (profiles) and
`_transients.pyx` (profiles in time),
becomes one extension module per x86-64 instruction set, because a vector type is fast only when it is exactly as wide as the register (see
`core/lanes.h`). `ionflux._dispatch` picks one at import. What the compiler at hand cannot build is left out; the baseline
modules are always there. Somebody at work on a kernel can have the build wait for one of them only: IONFLUX_BUILD_ONLY=_v4 make build.

Generated C goes to the build directory (`build/temp.*`), never into the source tree.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext as setuptools_build_ext
from setuptools.errors import CompileError

PACKAGE = Path("src/ionflux")  # relative: setuptools wants relative paths, and an sdist lists them

# Never -ffast-math: it changes the floating-point state of the whole host process (crtfastmath) and breaks the branch-free
# exp and log. Without contraction a*b + c rounds the same way on every instruction set. -O3 is needed (a distribution's
# -O2 does not unroll the loops over unknowns); these flags come after CFLAGS on the command line, so they win.
UNIX_FLAGS = ["-fno-fast-math", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-Wno-psabi", "-g0", "-O3"]
MSVC_FLAGS = ["/O2", "/fp:precise"]
# Cython's `inline` is a hint, and a compiler that declines it leaves the lanes in memory between two calls
ALWAYS_INLINE = ("CYTHON_INLINE", "inline __attribute__((always_inline, unused))")

MODULES = ("_kernels", "_fields", "_layers", "_films", "_transients")
#: ending of a module's name -> flags
INSTRUCTION_SETS = {
    "": [],
    "_v3": ["-march=x86-64-v3"],
    "_v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
}
PROBE = """
#if !defined(__x86_64__)
#error not x86-64
#endif
typedef double vd __attribute__((vector_size(64)));
vd f(vd a, vd b) { return a * b; }
"""

NO_COMPILER = """ionflux needs a C compiler, and {command!r} does not work ({reason}).
  Debian, Ubuntu   apt-get install build-essential
  Fedora           dnf install gcc
  Arch             pacman -S base-devel
  macOS            xcode-select --install
Another compiler is chosen with the environment variable CC."""

NO_HEADERS = """ionflux needs the C headers of Python {version}, and Python.h was not found ({reason}).
  Debian, Ubuntu   apt-get install python{version}-dev
  Fedora           dnf install python3-devel
Pythons from python.org, pyenv, conda and uv bring them along."""


class build_ext(setuptools_build_ext):  # the name is the command's
    """Translate with Cython into the build directory, compile for every instruction set that the compiler knows."""

    def initialize_options(self) -> None:
        super().initialize_options()
        self.translating = threading.Lock()  # extensions are built by threads; Cython's compiler is not thread-safe

    def finalize_options(self) -> None:
        super().finalize_options()
        if self.parallel is None:
            self.parallel = 2

    def build_extensions(self) -> None:
        unix = self.compiler.compiler_type == "unix"  # GCC and Clang; MSVC has no vector types and explains a missing compiler itself
        if unix:
            self._require_a_compiler()
        wider = {tuple(e.extra_compile_args) for e in self.extensions if e.extra_compile_args}
        known = {flags for flags in wider if unix and self._compiles(PROBE, flags) is None}
        self.extensions = [e for e in self.extensions if not e.extra_compile_args or tuple(e.extra_compile_args) in known]
        for extension in self.extensions:
            extension.extra_compile_args.extend(UNIX_FLAGS if unix else MSVC_FLAGS)
            extension.define_macros.append(("IFX_BUILD_FLAGS", '"' + " ".join(extension.extra_compile_args) + '"'))
            if unix:
                extension.define_macros.append(ALWAYS_INLINE)
        super().build_extensions()

    def build_extension(self, ext: Extension) -> None:
        from Cython.Build import cythonize
        from Cython.Compiler.Errors import CompileError as TranslationError

        with self.translating:
            try:
                [translated] = cythonize([ext], build_dir=self.build_temp, force=self.force, quiet=self.verbose == 0)
            except TranslationError as error:  # Cython has already printed what is wrong and where
                raise CompileError(f"Cython could not translate {ext.sources[0]}") from error
        ext.sources = translated.sources
        super().build_extension(ext)

    def _compiles(self, code: str, flags: Sequence[str] = ()) -> str | None:
        """None when the compiler takes the code, else the first line of what it said."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text(code)
            include = [f"-I{path}" for path in self.compiler.include_dirs]
            command = [*self.compiler.compiler_so, *flags, *include, "-c", str(source), "-o", str(source.with_suffix(".o"))]
            try:
                run = subprocess.run(command, capture_output=True, text=True, check=False)
            except OSError as error:
                return str(error)
        complaint = run.stderr.strip() or f"exit status {run.returncode}"
        return None if run.returncode == 0 else complaint.splitlines()[0]

    def _require_a_compiler(self) -> None:
        reason = self._compiles("int f(void) { return 0; }\n")
        if reason is not None:
            raise CompileError(NO_COMPILER.format(command=self.compiler.compiler_so[0], reason=reason))
        reason = self._compiles("#include <Python.h>\n")
        if reason is not None:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise CompileError(NO_HEADERS.format(version=version, reason=reason))


def read_by(source: Path, found: set[Path]) -> set[Path]:
    """What a source includes and cimports, down to the last of them: the rest can change without building it again."""
    text = source.read_text(encoding="utf-8")
    named = [*re.findall(r'^include "(.+?)"', text, re.M)]
    named += [f"core/{name}.pxd" for name in re.findall(r"^from ionflux\.core\.(\w+) cimport", text, re.M)]
    headers = re.findall(r'^ *(?:#include|cdef extern from) "(.+?)"', text, re.M)
    named += [f"{folder}/{name}" for folder in ("core", "include") for name in headers]
    for path in map(PACKAGE.joinpath, named):
        if path not in found and path.exists():
            found.add(path)
            read_by(path, found)
    return found


def extension(module: str, ending: str) -> Extension:
    return Extension(
        f"ionflux.{module}{ending}",
        [str(PACKAGE / f"{module}{ending}.pyx")],
        include_dirs=[str(PACKAGE / "core"), str(PACKAGE / "include")],
        depends=sorted(map(str, read_by(PACKAGE / f"{module}.pyx", set()) | set(PACKAGE.glob(f"{module}*.p*")))),
        extra_compile_args=list(INSTRUCTION_SETS[ending]),
    )


ONLY = os.environ.get("IONFLUX_BUILD_ONLY", "").split()

setup(
    ext_modules=[extension(module, ending) for module in MODULES for ending in ONLY or INSTRUCTION_SETS],
    cmdclass={"build_ext": build_ext},
)
