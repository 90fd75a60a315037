/* What a block says of itself: whether it is a table of fluxes, whole and undamaged, and its ions. ionflux_flux_table.h has the layout, and
 * includes this.
 */
#ifndef IONFLUX_FLUX_TABLE_CHECK_H
#define IONFLUX_FLUX_TABLE_CHECK_H

#include "ionflux_flux_table.h"

/* Number of ions of a table. */
static inline int ifx_flux_table_ions(const double *ifx_block) { return ifx_flux_table_is(ifx_block) ? (int)ifx_block[3] : 0; }

/* Where an ion stands, by its name ("K"); -1 if the table has none. */
static inline int ifx_flux_table_find(const double *ifx_block, const char *ifx_name) {
    const int ifx_ions = ifx_flux_table_ions(ifx_block);
    int ifx_i, ifx_k, ifx_same;
    for (ifx_i = 0; ifx_i < ifx_ions; ++ifx_i) {
        const char *ifx_c = ifx_name;
        for (ifx_k = 0, ifx_same = 1; ifx_k < 24 && ifx_same; ++ifx_k) {
            const uint64_t ifx_six = (uint64_t)ifx_block[IFX_FLUX_TABLE_HEAD + IFX_FLUX_TABLE_ION * ifx_i + 3 + ifx_k / 6];
            ifx_same = (unsigned char)*ifx_c == ((ifx_six >> (8 * (5 - ifx_k % 6))) & 255);
            if (*ifx_c) ++ifx_c;
        }
        if (ifx_same) return ifx_i;
    }
    return -1;
}

/* Whether a whole number lies in lo ... hi. */
IFX_NUMBERS_INLINE int ifx_flux_table_whole(double ifx_x, double ifx_lo, double ifx_hi) {
    return ifx_finite(ifx_x) && ifx_x >= ifx_lo && ifx_x <= ifx_hi && ifx_x == (double)(int64_t)ifx_x;
}

/* 0 if the first length doubles are a table that can be evaluated without reading beyond them; else -1: no table (NULL, too short, other
 * bytes, other byte order), -2: another version, -3: not as long as it says, -4: damaged. */
static inline int ifx_flux_table_check(const double *ifx_block, size_t ifx_length) {
    size_t ifx_i, ifx_end;
    int ifx_ions, ifx_axes, ifx_a, ifx_merged;
    const double *ifx_ion, *ifx_axis, *ifx_link;
    if (!ifx_block || ifx_length < IFX_FLUX_TABLE_HEAD || ifx_block[0] != IFX_FLUX_TABLE_MAGIC) return -1;
    if (ifx_block[1] != IFX_FLUX_TABLE_VERSION) return -2;
    if (ifx_block[2] != (double)ifx_length) return -3;
    for (ifx_i = 0; ifx_i < ifx_length; ++ifx_i)
        if (!ifx_finite(ifx_block[ifx_i])) return -4;
    if (!ifx_flux_table_whole(ifx_block[3], 1, 1e4) || !ifx_flux_table_whole(ifx_block[4], 1, IFX_FLUX_TABLE_MOST_AXES)) return -4;
    ifx_ions = (int)ifx_block[3];
    ifx_axes = (int)ifx_block[4];
    ifx_merged = ifx_block[10] != 0.0;
    ifx_end = (size_t)(IFX_FLUX_TABLE_HEAD + IFX_FLUX_TABLE_ION * ifx_ions + IFX_FLUX_TABLE_AXIS * ifx_axes + 2 * ifx_ions * ifx_axes);
    if (ifx_length < ifx_end || !(ifx_block[5] > 0.0) || !(ifx_block[6] > 0.0) || (ifx_merged && ifx_axes != 2)) return -4;
    ifx_ion = ifx_block + IFX_FLUX_TABLE_HEAD;
    ifx_axis = ifx_ion + IFX_FLUX_TABLE_ION * ifx_ions;
    ifx_link = ifx_axis + IFX_FLUX_TABLE_AXIS * ifx_axes;
    for (ifx_a = 0; ifx_a < ifx_ions; ++ifx_a) {
        const double *ifx_own = ifx_ion + IFX_FLUX_TABLE_ION * ifx_a;
        if (!ifx_flux_table_whole(ifx_own[0], -99, 99) || ifx_own[1] < 0.0 || ifx_own[2] < 0.0) return -4;
        for (ifx_i = 3; ifx_i < 7; ++ifx_i)
            if (!ifx_flux_table_whole(ifx_own[ifx_i], 0, 281474976710655.0)) return -4;
    }
    for (ifx_a = 0; ifx_a < ifx_axes; ++ifx_a) {
        const double *ifx_own = ifx_axis + IFX_FLUX_TABLE_AXIS * ifx_a;
        const int ifx_second = ifx_merged && ifx_a == 1; /* its pieces are parts of those of the first */
        const double ifx_room = ifx_second ? ifx_axis[6] : (double)ifx_length - ifx_own[7];
        if (!(ifx_own[0] < ifx_own[1]) || !(ifx_own[4] > 0.0) || (ifx_own[2] != 0.0 && ifx_own[0] < 1e-300)) return -4;
        if (!ifx_flux_table_whole(ifx_own[5], 1, 1e9) || !ifx_flux_table_whole(ifx_own[6], 0, 1e9)) return -4;
        if (!ifx_flux_table_whole(ifx_own[7], ifx_second ? 0 : (double)ifx_end, ifx_second ? 0 : (double)ifx_length)) return -4;
        if (ifx_own[5] * ifx_own[6] > ifx_room) return -4;
        if (ifx_a > 0 && (!ifx_flux_table_whole(ifx_own[8], 0, 1) || !ifx_flux_table_whole(ifx_own[9], 0, ifx_ions - 1))) return -4;
    }
    for (ifx_i = 0; ifx_i < (size_t)ifx_ions; ++ifx_i)
        for (ifx_a = 0; ifx_a < ifx_axes; ++ifx_a) {
            const double *ifx_own = ifx_link + 2 * ((ptrdiff_t)ifx_i * ifx_axes + ifx_a);
            const double ifx_columns = ifx_a + 1 < ifx_axes ? ifx_own[3] : 1.0;
            const double ifx_rows = ifx_own[1], ifx_width = ifx_axis[IFX_FLUX_TABLE_AXIS * (ifx_merged ? 1 : ifx_a) + 6];
            double ifx_needs;
            if (!ifx_flux_table_whole(ifx_rows, 0, ifx_a ? IFX_FLUX_TABLE_MOST_ROWS - 1 : 1)) return -4;
            if (ifx_link[2 * (ptrdiff_t)ifx_i * ifx_axes + 1] == 0.0) continue; /* it does not get through */
            if (!ifx_flux_table_whole(ifx_columns, 1, IFX_FLUX_TABLE_MOST_ROWS) || !ifx_flux_table_whole(ifx_own[0], 0, 1e9)) return -4;
            ifx_needs = ifx_merged ? (ifx_a ? 0.0 : 36.0) : 6.0 * ifx_columns * (ifx_a ? ifx_rows + ((int)ifx_rows & 1) : 1.0);
            if (ifx_own[0] + ifx_needs > ifx_width) return -4;
        }
    return 0;
}

#endif
