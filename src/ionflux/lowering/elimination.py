"""The order of elimination of a small matrix, made once per model: where each entry is stored and what LU visits when."""

from __future__ import annotations

import numpy as np

DENSE_SIZES = (3, 4, 5, 6)  # stored whole; the kernels know these sizes at compile time


def sums(name: str, rows: list[dict[int, float]]) -> dict[str, object]:
    """Rows of {register: weight} as start, index and weight arrays."""
    start = np.cumsum([0, *(len(r) for r in rows)])
    return {
        f"{name}_start": start.astype(np.intc),
        f"{name}_index": np.array([i for r in rows for i in r], dtype=np.intc),
        f"{name}_weight": np.array([w for r in rows for w in r.values()], dtype=float),
    }


def elimination(n: int, counters: int, entries: dict[tuple[int, int], dict[int, float]]) -> dict[str, object]:
    """Where each entry of the Jacobian is stored, and the order in which LU and its solves visit them (no pivoting).

    The matrix is that of the first n rows and columns; rows from n on (counters) are stored behind it, as they are.
    """
    dense = n if n in DENSE_SIZES else 0
    stored = {(i, j) for i, j in entries if i < n} | {(i, i) for i in range(n)}
    pattern = {(i, j) for i in range(n) for j in range(n)} if dense else stored
    for k in range(n):
        below = [i for i in range(k + 1, n) if (i, k) in pattern]
        right = [j for j in range(k + 1, n) if (k, j) in pattern]
        pattern |= {(i, j) for i in below for j in right}
    listed = sorted(pattern)
    at = {rc: i for i, rc in enumerate(listed)}
    pivot, factor, update, target, source = [0], [], [0], [], []
    for k in range(n):
        for i in range(k + 1, n):
            if (i, k) in pattern:
                factor.append(at[i, k])
                for j in range(k + 1, n):
                    if (k, j) in pattern:
                        target.append(at[i, j])
                        source.append(at[k, j])
                update.append(len(target))
        pivot.append(len(factor))
    counted = sorted((i, j) for i, j in entries if i >= n)
    out: dict[str, object] = {"dense": dense, "n_matrix": len(listed), "n_entry": len(listed) + len(counted)}
    out["pattern"] = listed + counted
    named = {"pivot_start": pivot, "lu_factor": factor, "lu_update_start": update, "lu_target": target, "lu_source": source}
    named["diagonal"] = [at[i, i] for i in range(n)]
    named["entry_row"] = [i for i, _ in listed]
    named["counter_start"] = [0, *np.cumsum([sum(i == n + c for i, _ in counted) for c in range(counters)])]
    named["counter_entry"] = list(range(len(listed), len(listed) + len(counted)))
    named["counter_column"] = [j for _, j in counted]
    for name, sign in (("lower", -1), ("upper", 1)):
        start, entry, column = [0], [], []
        for i in range(n):
            columns = [j for j in range(n) if (i, j) in pattern and sign * (j - i) > 0]
            entry += [at[i, j] for j in columns]
            column += columns
            start.append(len(entry))
        named |= {f"{name}_start": start, f"{name}_entry": entry, f"{name}_column": column}
    out.update({k: np.array(v, dtype=np.intc) for k, v in named.items()})
    out.update(sums("entries", [entries.get(rc, {}) for rc in listed + counted]))
    return out
