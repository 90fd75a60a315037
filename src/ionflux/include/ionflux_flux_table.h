/* Fluxes through a membrane from a table, for programs in C (C99) and C++ (C++11); no library is needed.
 *
 * A table is one block of doubles, made by `FluxTable.packed()` in Python. It can be written to a file, mapped, put into shared memory or
 * handed over as a pointer. `ifx_flux_table_check` says once whether a block is a table; then
 *
 *     status = ifx_flux_table(block, V, c_in, c_out, J, &I, &dI_dV);
 *
 * gives the flux of every ion, mol/(m2 s), the current, A/m2, and its derivative with V, S/m2, all outward, at V = phi(in) - phi(out), V,
 * and at concentrations c_in[ion] and c_out[ion], mol/m3. Nothing is allocated, kept, printed or thrown; errno and the floating-point state
 * stay as they are; any number of threads may use one block.
 *
 * Each flux is J = P [c_in B(-zu) - c_out B(zu)], u = FV/RT, B(x) = x/(e^x - 1), where P > 0 comes from the table. So every ion flows down
 * the difference of its own electrochemical potential, whatever the error of P.
 *
 * The block, version 1. Every entry is a double; those that count are whole numbers.
 *
 *     16       magic number, version, length of the block, ions, axes, F/RT (1/V), F (C/mol), T (K), error asked for, error found,
 *              merged (0 or 1), 5 unused
 *     8 each   ions: z; concentrations inside and outside where none are given; four with the name (UTF-8, six bytes in each, read as a
 *              whole number in base 256, cut after 24 bytes); unused
 *     12 each  axes, V first: lo, hi, logarithmic (0 or 1), y at lo, pieces per unit of y, pieces, numbers per piece, where the first
 *              piece begins, side (0 inside, 1 outside, -1: V), ion, ion that keeps the charge (-1: none), unused; y is x or ln x
 *     2 each   ions x axes: where the ion's coefficients begin within a piece, rows (0: it does not get through)
 *     ...      pieces
 *
 * P is a product of matrices, one for each axis, with rows as said and as many columns as the next has rows (the last: one). Their entries
 * are polynomials of degree five in s = -1/2 ... 1/2 on a piece k, (y - y at lo) * pieces per unit = k + s + 1/2; beyond the table they
 * stay what they are. Coefficients of an ion within a piece: [column][power] on the first axis, which has one row; [column][power][row] on
 * others, rows padded by zeros to an even number. Merged, with two axes, the product of both is one polynomial of two variables for
 * each pair of pieces, [power of the second][power of the first], at what both axes say about where it begins, added.
 *
 * Every name begins with ifx_, of parameters and variables too: a mod file of NEURON makes macros of nai, v or celsius.
 */
#ifndef IONFLUX_FLUX_TABLE_H
#define IONFLUX_FLUX_TABLE_H

#include "ionflux_numbers.h"

#define IFX_FLUX_TABLE_MAGIC 1229346900.0 /* "IFXT" */
#define IFX_FLUX_TABLE_VERSION 1.0

/* What comes back from ifx_flux_table: a sum of these. */
#define IFX_FLUX_TABLE_OK 0
#define IFX_FLUX_TABLE_NOT_FINITE 1 /* an input is NaN or infinite: NaN in what depends on it */
#define IFX_FLUX_TABLE_OUTSIDE 2    /* beyond the table: NaN in everything */
#define IFX_FLUX_TABLE_NEGATIVE 4   /* a negative concentration: NaN in what depends on it */
#define IFX_FLUX_TABLE_NO_TABLE 8   /* the block does not begin like a table: nothing is written */

enum {
    IFX_FLUX_TABLE_HEAD = 16,
    IFX_FLUX_TABLE_ION = 8,
    IFX_FLUX_TABLE_AXIS = 12,
    IFX_FLUX_TABLE_MOST_AXES = 8,
    IFX_FLUX_TABLE_MOST_ROWS = 640,
    IFX_FLUX_TABLE_TILE = 16 /* states at a time */
};

/* ---- permeabilities -------------------------------------------------------------------------------------------------------------- */

/* P of an ion and, unless NULL, dP/dV in pieces of the first axis, from the pieces that the axes are on: ifx_of[axis * tile], ifx_s too. */
IFX_NUMBERS_INLINE double ifx_flux_table_product(const double *ifx_link, int ifx_axes, int ifx_merged, const double *const *ifx_of,
                                                    const double *ifx_s, double *ifx_slope) {
    const double *ifx_f = ifx_of[0] + (int)ifx_link[0];
    const double ifx_t = ifx_s[0];
    double ifx_q[6]; /* a polynomial of V is what remains when everything else is known */
    int ifx_p;
    if (ifx_axes == 1) {
        for (ifx_p = 0; ifx_p < 6; ++ifx_p) ifx_q[ifx_p] = ifx_f[ifx_p];
    } else if (ifx_merged) {
        const double ifx_x = ifx_s[IFX_FLUX_TABLE_TILE];
        int ifx_k;
        for (ifx_p = 0; ifx_p < 6; ++ifx_p) ifx_q[ifx_p] = ifx_f[30 + ifx_p];
        for (ifx_k = 4; ifx_k >= 0; --ifx_k)
            for (ifx_p = 0; ifx_p < 6; ++ifx_p) ifx_q[ifx_p] = ifx_q[ifx_p] * ifx_x + ifx_f[6 * ifx_k + ifx_p];
    } else {
        /* the product from the right, a column at a time, two rows at once; the last one is added up as polynomials of V */
        double ifx_one[IFX_FLUX_TABLE_MOST_ROWS], ifx_other[IFX_FLUX_TABLE_MOST_ROWS];
        double *ifx_column = ifx_one, *ifx_next = ifx_other;
        int ifx_j, ifx_a, ifx_b, ifx_columns = 1;
        ifx_column[0] = 1.0;
        for (ifx_p = 0; ifx_p < 6; ++ifx_p) ifx_q[ifx_p] = 0.0;
        for (ifx_j = ifx_axes - 1; ifx_j > 0; --ifx_j) {
            const double *ifx_c = ifx_of[ifx_j * IFX_FLUX_TABLE_TILE] + (int)ifx_link[2 * ifx_j];
            const double ifx_x = ifx_s[ifx_j * IFX_FLUX_TABLE_TILE];
            const int ifx_rows = (int)ifx_link[2 * ifx_j + 1], ifx_d = ifx_rows + (ifx_rows & 1);
            double *ifx_swap = ifx_column;
            for (ifx_a = 0; ifx_a < ifx_d; ifx_a += 2) {
                const double *ifx_h = ifx_c + ifx_a;
                double ifx_y0 = 0.0, ifx_y1 = 0.0;
                for (ifx_b = 0; ifx_b < ifx_columns; ++ifx_b, ifx_h += 6 * ifx_d) {
                    double ifx_z0 = ifx_h[5 * ifx_d], ifx_z1 = ifx_h[5 * ifx_d + 1];
                    ifx_z0 = ifx_z0 * ifx_x + ifx_h[4 * ifx_d], ifx_z1 = ifx_z1 * ifx_x + ifx_h[4 * ifx_d + 1];
                    ifx_z0 = ifx_z0 * ifx_x + ifx_h[3 * ifx_d], ifx_z1 = ifx_z1 * ifx_x + ifx_h[3 * ifx_d + 1];
                    ifx_z0 = ifx_z0 * ifx_x + ifx_h[2 * ifx_d], ifx_z1 = ifx_z1 * ifx_x + ifx_h[2 * ifx_d + 1];
                    ifx_z0 = ifx_z0 * ifx_x + ifx_h[ifx_d], ifx_z1 = ifx_z1 * ifx_x + ifx_h[ifx_d + 1];
                    ifx_z0 = ifx_z0 * ifx_x + ifx_h[0], ifx_z1 = ifx_z1 * ifx_x + ifx_h[1];
                    ifx_y0 += ifx_z0 * ifx_column[ifx_b];
                    ifx_y1 += ifx_z1 * ifx_column[ifx_b];
                }
                if (ifx_j > 1) {
                    ifx_next[ifx_a] = ifx_y0;
                    ifx_next[ifx_a + 1] = ifx_y1;
                } else {
                    for (ifx_p = 0; ifx_p < 6; ++ifx_p) ifx_q[ifx_p] += ifx_y0 * ifx_f[ifx_p];
                    if (ifx_a + 1 < ifx_rows)
                        for (ifx_p = 0; ifx_p < 6; ++ifx_p) ifx_q[ifx_p] += ifx_y1 * ifx_f[6 + ifx_p];
                    ifx_f += 12;
                }
            }
            ifx_columns = ifx_rows;
            ifx_column = ifx_next;
            ifx_next = ifx_swap;
        }
    }
    if (ifx_slope)
        *ifx_slope = (((5.0 * ifx_q[5] * ifx_t + 4.0 * ifx_q[4]) * ifx_t + 3.0 * ifx_q[3]) * ifx_t + 2.0 * ifx_q[2]) * ifx_t + ifx_q[1];
    return ((((ifx_q[5] * ifx_t + ifx_q[4]) * ifx_t + ifx_q[3]) * ifx_t + ifx_q[2]) * ifx_t + ifx_q[1]) * ifx_t + ifx_q[0];
}

/* Where states stand on an axis: the piece of each, as where its coefficients begin, added to what is there, and s on it. Returns whether
 * any state is beyond the axis or no number: these are put to its ends. */
IFX_NUMBERS_INLINE int ifx_flux_table_place(const double *ifx_axis, const double *ifx_x, double ifx_own, int ifx_n, const double **ifx_of,
                                            double *ifx_s) {
    const double ifx_lo = ifx_axis[0], ifx_hi = ifx_axis[1], ifx_start = ifx_axis[3], ifx_scale = ifx_axis[4];
    const ptrdiff_t ifx_width = (ptrdiff_t)ifx_axis[6], ifx_first = (ptrdiff_t)ifx_axis[7];
    const int ifx_last = (int)ifx_axis[5] - 1;
    double ifx_y[IFX_FLUX_TABLE_TILE];
    int ifx_w, ifx_any = 0;
    for (ifx_w = 0; ifx_w < ifx_n; ++ifx_w) {
        const double ifx_given = ifx_x ? ifx_x[ifx_w] : ifx_own, ifx_high = ifx_given > ifx_lo ? ifx_given : ifx_lo;
        ifx_any |= !((ifx_given >= ifx_lo) & (ifx_given <= ifx_hi));
        ifx_y[ifx_w] = ifx_high < ifx_hi ? ifx_high : ifx_hi;
    }
    if (ifx_axis[2] != 0.0)
        for (ifx_w = 0; ifx_w < ifx_n; ++ifx_w) ifx_y[ifx_w] = ifx_log(ifx_y[ifx_w]);
    for (ifx_w = 0; ifx_w < ifx_n; ++ifx_w) {
        const double ifx_u = (ifx_y[ifx_w] - ifx_start) * ifx_scale;
        int ifx_k = (int)ifx_u; /* whatever this makes of what is no number, it does not leave the table */
        ifx_k = ifx_k > 0 ? ifx_k : 0;
        ifx_k = ifx_k < ifx_last ? ifx_k : ifx_last;
        ifx_s[ifx_w] = ifx_u - ifx_k - 0.5;
        ifx_of[ifx_w] += ifx_first + ifx_k * ifx_width;
    }
    return ifx_any;
}

/* What is wrong with values of a variable, added to the status of each state. */
static inline void ifx_flux_table_blame(const double *ifx_axis, const double *ifx_x, double ifx_own, int ifx_n, int *ifx_status) {
    const double ifx_slack = 1e-9 * (ifx_axis[1] - ifx_axis[0]);
    int ifx_w;
    for (ifx_w = 0; ifx_w < ifx_n; ++ifx_w) {
        const double ifx_given = ifx_x ? ifx_x[ifx_w] : ifx_own;
        if (!ifx_finite(ifx_given)) ifx_status[ifx_w] |= IFX_FLUX_TABLE_NOT_FINITE;
        else if (ifx_given < ifx_axis[0] - ifx_slack || ifx_given > ifx_axis[1] + ifx_slack) ifx_status[ifx_w] |= IFX_FLUX_TABLE_OUTSIDE;
    }
}

/* ---- fluxes ---------------------------------------------------------------------------------------------------------------------- */

/* Concentrations of one ion, NaN where they are none, which goes into the status. */
IFX_NUMBERS_INLINE void ifx_flux_table_take(const double *ifx_c, double ifx_own, int ifx_n, double *ifx_taken, int *ifx_status) {
    uint64_t ifx_any = 0;
    int ifx_w;
    for (ifx_w = 0; ifx_w < ifx_n; ++ifx_w) {
        const double ifx_given = ifx_c ? ifx_c[ifx_w] : ifx_own;
        const uint64_t ifx_i = ifx_bits(ifx_given);
        ifx_any |= ifx_i | (ifx_i + UINT64_C(0x0010000000000000)); /* the highest bit: a sign, or the exponent of infinity and NaN */
        ifx_taken[ifx_w] = ifx_given;
    }
    for (ifx_w = 0; (ifx_any >> 63) && ifx_w < ifx_n; ++ifx_w) {
        if (!ifx_finite(ifx_taken[ifx_w])) ifx_status[ifx_w] |= IFX_FLUX_TABLE_NOT_FINITE;
        else if (ifx_taken[ifx_w] < 0.0) ifx_status[ifx_w] |= IFX_FLUX_TABLE_NEGATIVE;
        else continue;
        ifx_taken[ifx_w] = ifx_nan();
    }
}

/* Up to a tile of states; ion i of state w is at i * ld + w. With hold P is that of the edge beyond the table. */
IFX_NUMBERS_INLINE void ifx_flux_table_tile(const double *ifx_block, int ifx_n, size_t ifx_ld, const double *ifx_V, const double *ifx_in,
                                               const double *ifx_out, int ifx_hold, double *ifx_J, double *ifx_P, double *ifx_I,
                                               double *ifx_G, int *ifx_status) {
    const int ifx_ions = (int)ifx_block[3], ifx_axes = (int)ifx_block[4], ifx_merged = ifx_block[10] != 0.0;
    const double ifx_per_volt = ifx_block[5], ifx_F = ifx_block[6];
    const double *ifx_ion = ifx_block + IFX_FLUX_TABLE_HEAD, *ifx_axis = ifx_ion + IFX_FLUX_TABLE_ION * ifx_ions;
    const double *ifx_link = ifx_axis + IFX_FLUX_TABLE_AXIS * ifx_axes;
    const double *ifx_of[IFX_FLUX_TABLE_MOST_AXES][IFX_FLUX_TABLE_TILE];
    double ifx_s[IFX_FLUX_TABLE_MOST_AXES][IFX_FLUX_TABLE_TILE], ifx_known = -1.0;
    double ifx_ahead[IFX_FLUX_TABLE_TILE], ifx_back[IFX_FLUX_TABLE_TILE], ifx_dahead[IFX_FLUX_TABLE_TILE], ifx_dback[IFX_FLUX_TABLE_TILE];
    double ifx_p[IFX_FLUX_TABLE_TILE], ifx_dp[IFX_FLUX_TABLE_TILE], ifx_l[IFX_FLUX_TABLE_TILE], ifx_r[IFX_FLUX_TABLE_TILE];
    double ifx_j[IFX_FLUX_TABLE_TILE], ifx_u[IFX_FLUX_TABLE_TILE];
    double ifx_sum[IFX_FLUX_TABLE_TILE], ifx_steep[IFX_FLUX_TABLE_TILE], ifx_per[IFX_FLUX_TABLE_TILE];
    int ifx_lost[IFX_FLUX_TABLE_TILE], ifx_a, ifx_i, ifx_w, ifx_any = 0;
    for (ifx_w = 0; ifx_w < ifx_n; ++ifx_w) {
        ifx_status[ifx_w] = IFX_FLUX_TABLE_OK;
        ifx_sum[ifx_w] = ifx_steep[ifx_w] = ifx_ahead[ifx_w] = ifx_back[ifx_w] = 0.0;
        ifx_dahead[ifx_w] = ifx_dback[ifx_w] = ifx_dp[ifx_w] = 0.0;
    }
    for (ifx_a = 0; ifx_a < ifx_axes; ++ifx_a) {
        const double *ifx_own = ifx_axis + IFX_FLUX_TABLE_AXIS * ifx_a, *ifx_x = ifx_V;
        const int ifx_to = ifx_merged ? 0 : ifx_a;
        double ifx_else = 0.0;
        if (ifx_a > 0) {
            const ptrdiff_t ifx_k = (ptrdiff_t)ifx_own[9];
            ifx_x = ifx_own[8] == 0.0 ? ifx_in : ifx_out;
            if (ifx_x) ifx_x += ifx_k * (ptrdiff_t)ifx_ld;
            ifx_else = ifx_ion[IFX_FLUX_TABLE_ION * ifx_k + (ifx_own[8] == 0.0 ? 1 : 2)];
        }
        if (ifx_to == ifx_a)
            for (ifx_w = 0; ifx_w < ifx_n; ++ifx_w) ifx_of[ifx_a][ifx_w] = ifx_block;
        if (ifx_flux_table_place(ifx_own, ifx_x, ifx_else, ifx_n, ifx_of[ifx_to], ifx_s[ifx_a])) {
            ifx_flux_table_blame(ifx_own, ifx_x, ifx_else, ifx_n, ifx_status);
            ifx_any = 1;
        }
    }
    for (ifx_w = 0; ifx_w < ifx_n; ++ifx_w) {
        ifx_lost[ifx_w] = ifx_status[ifx_w];
        /* beyond the table P does not change */
        ifx_per[ifx_w] = ifx_V[ifx_w] < ifx_axis[0] || ifx_V[ifx_w] > ifx_axis[1] ? 0.0 : ifx_axis[4];
    }
    for (ifx_i = 0; ifx_i < ifx_ions; ++ifx_i, ifx_ion += IFX_FLUX_TABLE_ION, ifx_link += 2 * ifx_axes) {
        const double ifx_z = ifx_ion[0], ifx_size = ifx_z < 0.0 ? -ifx_z : ifx_z;
        const size_t ifx_at = (size_t)ifx_i * ifx_ld;
        if (ifx_size != ifx_known) {
            for (ifx_w = 0; ifx_w < ifx_n; ++ifx_w) {
                const double ifx_x = ifx_size * (ifx_V[ifx_w] * ifx_per_volt), ifx_least = ifx_x > -1e6 ? ifx_x : -1e6;
                ifx_u[ifx_w] = ifx_least < 1e6 ? ifx_least : 1e6;
            }
            for (ifx_w = 0; ifx_w < ifx_n; ++ifx_w) ifx_bernoulli(ifx_u[ifx_w], ifx_ahead + ifx_w, ifx_back + ifx_w);
            for (ifx_w = 0; ifx_G && ifx_w < ifx_n; ++ifx_w)
                ifx_bernoulli_slopes(ifx_u[ifx_w], ifx_ahead[ifx_w], ifx_back[ifx_w], ifx_dahead + ifx_w, ifx_dback + ifx_w);
        }
        ifx_known = ifx_size;
        ifx_flux_table_take(ifx_in ? ifx_in + ifx_at : NULL, ifx_ion[1], ifx_n, ifx_l, ifx_status);
        ifx_flux_table_take(ifx_out ? ifx_out + ifx_at : NULL, ifx_ion[2], ifx_n, ifx_r, ifx_status);
        if (ifx_link[1] != 0.0)
            for (ifx_w = 0; ifx_w < ifx_n; ++ifx_w)
                ifx_p[ifx_w] = ifx_flux_table_product(ifx_link, ifx_axes, ifx_merged, &ifx_of[0][ifx_w], &ifx_s[0][ifx_w],
                                                      ifx_G ? ifx_dp + ifx_w : NULL);
        else
            for (ifx_w = 0; ifx_w < ifx_n; ++ifx_w) ifx_p[ifx_w] = ifx_dp[ifx_w] = 0.0;
        for (ifx_w = 0; ifx_w < ifx_n; ++ifx_w) {
            const double ifx_drive = ifx_z < 0.0 ? ifx_l[ifx_w] * ifx_ahead[ifx_w] - ifx_r[ifx_w] * ifx_back[ifx_w]
                                                 : ifx_l[ifx_w] * ifx_back[ifx_w] - ifx_r[ifx_w] * ifx_ahead[ifx_w];
            ifx_j[ifx_w] = ifx_p[ifx_w] * ifx_drive;
            ifx_sum[ifx_w] += ifx_z * ifx_j[ifx_w];
            if (ifx_G) {
                const double ifx_bend = ifx_z < 0.0 ? ifx_l[ifx_w] * ifx_dahead[ifx_w] + ifx_r[ifx_w] * ifx_dback[ifx_w]
                                                    : ifx_l[ifx_w] * ifx_dback[ifx_w] + ifx_r[ifx_w] * ifx_dahead[ifx_w];
                ifx_steep[ifx_w] += ifx_z * (ifx_per[ifx_w] * ifx_dp[ifx_w] * ifx_drive - ifx_z * ifx_per_volt * (ifx_p[ifx_w] * ifx_bend));
            }
        }
        if (ifx_J) memcpy(ifx_J + ifx_at, ifx_j, (size_t)ifx_n * sizeof *ifx_j);
        if (ifx_P) memcpy(ifx_P + ifx_at, ifx_p, (size_t)ifx_n * sizeof *ifx_p);
    }
    for (ifx_w = 0; ifx_w < ifx_n; ++ifx_w) {
        ifx_sum[ifx_w] *= ifx_F;
        ifx_steep[ifx_w] *= ifx_F;
    }
    if (ifx_I) memcpy(ifx_I, ifx_sum, (size_t)ifx_n * sizeof *ifx_I);
    if (ifx_G) memcpy(ifx_G, ifx_steep, (size_t)ifx_n * sizeof *ifx_G);
    for (ifx_w = 0; ifx_any && ifx_w < ifx_n; ++ifx_w) {
        if (!(ifx_lost[ifx_w] & (ifx_hold ? IFX_FLUX_TABLE_NOT_FINITE : ~0))) continue;
        for (ifx_i = 0; ifx_i < ifx_ions; ++ifx_i) {
            if (ifx_J) ifx_J[(size_t)ifx_i * ifx_ld + (size_t)ifx_w] = ifx_nan();
            if (ifx_P) ifx_P[(size_t)ifx_i * ifx_ld + (size_t)ifx_w] = ifx_nan();
        }
        if (ifx_I) ifx_I[ifx_w] = ifx_nan();
        if (ifx_G) ifx_G[ifx_w] = ifx_nan();
    }
}

IFX_NUMBERS_INLINE int ifx_flux_table_is(const double *ifx_block) {
    return ifx_block && ifx_block[0] == IFX_FLUX_TABLE_MAGIC && ifx_block[1] == IFX_FLUX_TABLE_VERSION;
}

/* ---- for everybody --------------------------------------------------------------------------------------------------------------- */

IFX_NUMBERS_INLINE int ifx_flux_table_one(const double *ifx_block, double ifx_V, const double *ifx_c_in, const double *ifx_c_out,
                                          int ifx_hold, double *ifx_J, double *ifx_I, double *ifx_dI_dV) {
    int ifx_status;
    if (!ifx_flux_table_is(ifx_block)) return IFX_FLUX_TABLE_NO_TABLE;
    ifx_flux_table_tile(ifx_block, 1, 1, &ifx_V, ifx_c_in, ifx_c_out, ifx_hold, ifx_J, NULL, ifx_I, ifx_dI_dV, &ifx_status);
    return ifx_status;
}

/* Fluxes of all ions, mol/(m2 s), at V, V, and concentrations of all ions, mol/m3, in the order of the table. NULL for c_in or c_out: the
 * concentrations of the table; NULL for J, I, A/m2, or dI_dV, S/m2: not wanted. Returns a status; what it names is NaN. */
static inline int ifx_flux_table(const double *ifx_block, double ifx_V, const double *ifx_c_in, const double *ifx_c_out, double *ifx_J,
                                 double *ifx_I, double *ifx_dI_dV) {
    return ifx_flux_table_one(ifx_block, ifx_V, ifx_c_in, ifx_c_out, 0, ifx_J, ifx_I, ifx_dI_dV);
}

/* The same, but beyond the table the permeabilities are those at its edge, as in a cell of ionflux; the status still says so. */
static inline int ifx_flux_table_held(const double *ifx_block, double ifx_V, const double *ifx_c_in, const double *ifx_c_out, double *ifx_J,
                                      double *ifx_I, double *ifx_dI_dV) {
    return ifx_flux_table_one(ifx_block, ifx_V, ifx_c_in, ifx_c_out, 1, ifx_J, ifx_I, ifx_dI_dV);
}

/* The same for n states, in half the time: ion i of state k is at i * ld + k in c_in, c_out, J and P (permeabilities, m/s), ld >= n. NULL
 * as above, also for P and status. Returns how many states have a status other than zero, -1 if the block is no table. */
static inline ptrdiff_t ifx_flux_table_array(const double *ifx_block, size_t ifx_n, size_t ifx_ld, const double *ifx_V,
                                             const double *ifx_c_in, const double *ifx_c_out, double *ifx_J, double *ifx_P, double *ifx_I,
                                             double *ifx_dI_dV, unsigned char *ifx_status) {
    int ifx_of_tile[IFX_FLUX_TABLE_TILE];
    size_t ifx_k;
    ptrdiff_t ifx_count = 0;
    if (!ifx_flux_table_is(ifx_block)) return -1;
    for (ifx_k = 0; ifx_k < ifx_n; ifx_k += IFX_FLUX_TABLE_TILE) {
        const int ifx_many = ifx_n - ifx_k < IFX_FLUX_TABLE_TILE ? (int)(ifx_n - ifx_k) : IFX_FLUX_TABLE_TILE;
        const double *ifx_in = ifx_c_in ? ifx_c_in + ifx_k : NULL, *ifx_out = ifx_c_out ? ifx_c_out + ifx_k : NULL;
        double *ifx_to = ifx_J ? ifx_J + ifx_k : NULL, *ifx_p = ifx_P ? ifx_P + ifx_k : NULL;
        double *ifx_i = ifx_I ? ifx_I + ifx_k : NULL, *ifx_g = ifx_dI_dV ? ifx_dI_dV + ifx_k : NULL;
        if (ifx_many == IFX_FLUX_TABLE_TILE) /* loops of a length that the compiler knows */
            ifx_flux_table_tile(ifx_block, IFX_FLUX_TABLE_TILE, ifx_ld, ifx_V + ifx_k, ifx_in, ifx_out, 0, ifx_to, ifx_p, ifx_i, ifx_g,
                                ifx_of_tile);
        else
            ifx_flux_table_tile(ifx_block, ifx_many, ifx_ld, ifx_V + ifx_k, ifx_in, ifx_out, 0, ifx_to, ifx_p, ifx_i, ifx_g, ifx_of_tile);
        int ifx_w;
        for (ifx_w = 0; ifx_w < ifx_many; ++ifx_w) {
            ifx_count += ifx_of_tile[ifx_w] != IFX_FLUX_TABLE_OK;
            if (ifx_status) ifx_status[ifx_k + (size_t)ifx_w] = (unsigned char)ifx_of_tile[ifx_w];
        }
    }
    return ifx_count;
}

#include "ionflux_flux_table_check.h"

#endif
