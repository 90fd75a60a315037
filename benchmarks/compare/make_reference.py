"""Write the reference answers of the pump-leak workload: `python benchmarks/compare/make_reference.py`.

Method: collocation at the five Radau points (order 9) with full Newton, in ln c, ln w and V, which neither the engine nor a peer uses, on
prescribed steps that grow from each jump; no error control that could fool itself. The answer is computed with two step sizes; the
difference, which bounds the error of the coarser one, is printed and must stay below 1e-10. Takes a few seconds.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from numpy.polynomial import Polynomial
from scipy.special import roots_jacobi

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks import pump_leak as model

STAGES = 5


def radau_matrix(stages: int) -> np.ndarray:
    """Return a[i, j], the integral of the j-th Lagrange polynomial from 0 to the i-th right Radau point."""
    points = np.append(0.5 * (roots_jacobi(stages - 1, 1.0, 0.0)[0] + 1.0), 1.0)
    columns = []
    for j in range(stages):
        others = np.delete(points, j)
        columns.append((Polynomial.fromroots(others) / np.prod(points[j] - others)).integ()(points))
    return np.stack(columns, axis=1)


def slopes(z: np.ndarray, strengths: np.ndarray, pump: float) -> np.ndarray:
    """Return dz/dt for z = (ln Na, ln K, ln Cl, ln w, V) on the last axis."""
    y = np.concatenate([np.exp(z[..., :4]), z[..., 4:]], axis=-1)
    dy = np.stack(model.derivatives(0.0, np.moveaxis(y, -1, 0), *np.moveaxis(strengths, -1, 0), pump), axis=-1)
    return np.concatenate([dy[..., :4] / y[..., :4], dy[..., 4:]], axis=-1)


def jacobian(z: np.ndarray, strengths: np.ndarray, pump: float) -> np.ndarray:
    """Return d slopes / d z by complex steps: exact to rounding."""
    bumped = z[..., None, :] + 1e-40j * np.eye(5)
    return np.swapaxes(slopes(bumped, strengths[..., None, :], pump).imag / 1e-40, -1, -2)


def one_step(z: np.ndarray, h: float, strengths: np.ndarray, pump: float, a: np.ndarray) -> np.ndarray:
    """Advance all cells by h: solve the 25 coupled stage equations of each by Newton's method."""
    n = len(z)
    stages = np.repeat(z[:, None, :], STAGES, axis=1)
    for _ in range(20):
        residual = stages - z[:, None, :] - h * np.einsum("ij,njk->nik", a, slopes(stages, strengths[:, None, :], pump))
        blocks = np.einsum("ij,njab->niajb", a, jacobian(stages, strengths[:, None, :], pump))
        system = np.eye(5 * STAGES) - h * blocks.reshape(n, 5 * STAGES, 5 * STAGES)
        change = np.linalg.solve(system, residual.reshape(n, -1, 1)).reshape(stages.shape)
        stages = stages - change
        if np.max(np.abs(change)) < 3e-14:
            break
    else:
        raise RuntimeError(f"Newton's method did not converge within 20 iterations at a step of {h:g} s")
    return stages[:, -1, :]


def solve(strengths: np.ndarray, times: np.ndarray, growth: float) -> np.ndarray:
    """Return (cells, times, 5); steps are `growth` times the time since the last jump, the latter taken between 1 ms and 3000 s."""
    a = radau_matrix(STAGES)
    z = np.tile(np.append(np.log(model.START[:4]), model.START[4]), (len(strengths), 1))
    samples = []
    for start, stop, pump in model.SEGMENTS:
        t = start
        for target in times[(times > start) & (times <= stop)]:
            while t < target:
                wish = growth * min(max(t - start, 1e-3), 3000.0)
                h = (target - t) / np.ceil((target - t) / wish - 1e-9)
                z = one_step(z, h, strengths, pump, a)
                t = t + h if t + 1.5 * h < target else target
            samples.append(np.concatenate([np.exp(z[:, :4]), z[:, 4:]], axis=1))
    return np.stack(samples, axis=1)


def main() -> None:
    """Compute both answers twice, print how far the two differ, and write the finer ones."""
    strengths = np.array([list(model.STRENGTHS.values())])
    scattered = np.stack(list(model.sweep_values(100).values()), axis=1)
    report = {"components": model.COMPONENTS, "times": "36 s apart (cell); 1 h apart (sweep)", "difference of two step sizes": {}}
    for name, values, times in (("cell", strengths, model.cell_times()), ("sweep", scattered, model.sweep_times())):
        coarse, fine = solve(values, times, 0.12), solve(values, times, 0.06)
        difference = float(np.max(np.abs(coarse / fine - 1.0)))
        print(f"{name}: two step sizes differ by {difference:.1e} at most")
        if difference > 1e-10:
            raise SystemExit("the reference is not accurate enough")
        answer = fine[0] if name == "cell" else fine
        np.save(model.DATA / f"pump_leak_{name}.npy", answer)
        report["difference of two step sizes"][name] = difference
        report[f"{name}, last sample (of cell 0)"] = answer.reshape(-1, len(times), 5)[0, -1].tolist()
    (model.DATA / "pump_leak.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
