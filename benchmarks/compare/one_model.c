/* The pump-leak workload written for this one model and nothing else: the practical limit that a general engine is measured against.
 * Rodas5P (Steinebach 2023, BIT Numerical Mathematics 63:27) with the exact Jacobian, chloride eliminated by the charge balance, and a
 * lane of a vector per cell, each with its own time and step, refilled from a queue. Constants and inputs as in benchmarks/pump_leak.py.
 * usage: one_model FILE cell|sweep THREADS REPEATS RTOL     prints the seconds of each repeat, writes the answer (cells, times, 5) to FILE
 * build: gcc -O3 -march=native -ffast-math -fopenmp one_model.c -lm */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __AVX512F__
#define VL 8
#elif defined __AVX2__
#define VL 4
#else
#define VL 2
#endif
#define WIDE 4 /* vectors side by side, to hide the latency of one behind the others */
typedef double vd __attribute__((vector_size(8 * VL)));
typedef long vi __attribute__((vector_size(8 * VL)));
#define INLINE static inline __attribute__((always_inline))
#define ALL(v) for (int v = 0; v < wide; v++)

enum { NA, K, W, V, N }; /* amounts per start volume, volume / start volume, voltage */
static const double FARADAY = 96485.33212331002, VT = 8.31446261815324 * 310.15 / 96485.33212331002;
static const double C_M = 0.01, PER_VOLUME = 7e-10 / 1.75e-15;
static const double NA_OUT = 145, K_OUT = 5, CL_OUT = 150, IMPERMEANT = 140, WATER = 7e-10 / 1.75e-15 * 2e-5 * 1.8e-5;
static const double START[N] = {10, 140, 1, -0.07}, JUMPS[] = {10800, 14400, 36000};
#define KAPPA (C_M * PER_VOLUME / FARADAY)               /* mol/m3 of charge per volt */
#define CHLORIDE(na, k, v) (na + k + (10.0 - 150.0 - KAPPA * 0.07) - KAPPA * v)

static const double A[5][5] = {{3.0},
    {2.849394379747939, 0.45842242204463923}, {-6.954028509809101, 2.489845061869568, -10.358996098473584},
    {2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641},
    {-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946}};
static const double C[7][7] = {{-14.155112264123755}, {-17.97296035885952, -2.859693295451294},
    {147.12150275711716, -1.41221402718213, 71.68940251302358},
    {165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306},
    {24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471},
    {30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783, -19.097331116725623, -28.087943162872662},
    {37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047, -40.06618937091002, -54.66780262877968,
     -9.48861652309627}};
static const double H[3][8] = {{25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204, 0.524948541321073,
    1.1241088310450404, 0.4272876194431874, -0.17202221070155493}, {-9.91568850695171, -0.9689944594115154, 3.0438037242978453,
    -24.495224566215796, 20.176138334709044, 15.98066361424651, -6.789040303419874, -6.710236069923372}, {11.419903575922262,
    2.8879645146136994, 72.92137995996029, 80.12511834622643, -52.072871366152654, -59.78993625266729, -0.15582684282751913,
    4.883087185713722}};
static const double GAMMA = 0.21193756319429014;

INLINE vd pick(vi yes, vd a, vd b) { return (vd)(((vi)a & yes) | ((vi)b & ~yes)); }
INLINE vd least(vd a, vd b) { return pick(a < b, a, b); }
INLINE vd most(vd a, vd b) { return pick(a > b, a, b); }
INLINE vd size(vd a) { return (vd)((vi)a & 0x7fffffffffffffffL); }
INLINE vd same(double x) { return (vd){0} + x; }
INLINE int any(vi m) { long r = 0; for (int l = 0; l < VL; l++) r |= m[l]; return r != 0; }

/* ln x for positive normal x: x = 2^e m, m in [sqrt 1/2, sqrt 2), ln m = 2 artanh(f/(2 + f)) with the polynomial of fdlibm's e_log.c */
INLINE vd ln(vd x) {
    vi bits = (vi)x + (0x3ff0000000000000L - 0x3fe6a09e667f3bcdL);
    vd e = (vd)((vi)((bits >> 52) & 0xfff) | 0x4330000000000000L) - (4503599627370496.0 + 1023.0);
    vd f = (vd)((bits & 0xfffffffffffffL) + 0x3fe6a09e667f3bcdL) - 1.0, s = f / (f + 2.0), z = s * s, w = z * z;
    vd even = w * (0.3999999999940941908 + w * (0.2222219843214978396 + w * 0.1531383769920937332));
    vd odd = z * (0.6666666666666735130 + w * (0.2857142874366239149 + w * (0.1818357216161805012 + w * 0.1479819860511658591)));
    vd half = 0.5 * f * f;
    return e * 0.693147180369123816490 - ((half - (s * (half + even + odd) + e * 1.90821492927058770002e-10)) - f);
}
/* x^(-1/10) to about 1e-4, more than a step size needs: a guess from the exponent, then Newton */
INLINE vd tenth_root_inverse(vd x) {
    vd r = (vd)((0x4654ccccL - ((((vi)x >> 32) * 6554) >> 16)) << 32);
    for (int i = 0; i < 2; i++) { vd p = r * r, q = p * p; r *= 1.1 - 0.1 * x * q * q * p; }
    return r;
}

typedef struct { vd na[WIDE], k[WIDE], cl[WIDE], pump[WIDE]; } sizes;
typedef struct { vd cycles, iw, amount; } shared; /* what the Jacobian takes over from the right-hand side */

INLINE shared slopes(const vd *y, vd g_na, vd g_k, vd g_cl, vd strength, vd *f) {
    vd cl = CHLORIDE(y[NA], y[K], y[V]), iw = 1.0 / y[W], c = y[NA] * iw, r = c * (1 / NA_OUT), cycles = strength * r * r * r;
    vd i_na = g_na * (y[V] + VT * ln(r));
    vd i_k = g_k * (y[V] + VT * ln(y[K] * iw * (1 / K_OUT))), i_cl = g_cl * (y[V] - VT * ln(cl * iw * (1 / CL_OUT)));
    vd amount = y[NA] + y[K] + cl + IMPERMEANT;
    f[NA] = -PER_VOLUME * (i_na * (1 / FARADAY) + 3.0 * cycles);
    f[K] = PER_VOLUME * (2.0 * cycles - i_k * (1 / FARADAY));
    f[W] = WATER * (amount * iw - (NA_OUT + K_OUT + CL_OUT));
    f[V] = -(i_na + i_k + i_cl + FARADAY * cycles) * (1 / C_M);
    return (shared){cycles, iw, amount};
}
/* m = 1/(gamma h) - J, then its LU factors in place, reciprocals on the diagonal; the matrix is far from needing a pivot */
INLINE void factors(const vd *y, vd g_na, vd g_k, vd g_cl, shared at, vd d, vd (*m)[WIDE], int v) {
    vd iw = at.iw, na = g_na * VT / y[NA], k = g_k * VT / y[K], cl = -g_cl * VT / CHLORIDE(y[NA], y[K], y[V]);
    vd na_w = -g_na * VT * iw, k_w = -g_k * VT * iw, cl_w = g_cl * VT * iw, pump = 3.0 * at.cycles / y[NA], pump_w = -3.0 * at.cycles * iw;
    const double s = PER_VOLUME / FARADAY;
    vd zero = same(0.0), j[N][N] = {
        {d + s * na + 3.0 * PER_VOLUME * pump, zero, s * na_w + 3.0 * PER_VOLUME * pump_w, s * g_na},
        {-2.0 * PER_VOLUME * pump, d + s * k, s * k_w - 2.0 * PER_VOLUME * pump_w, s * g_k},
        {-2.0 * WATER * iw, -2.0 * WATER * iw, d + WATER * at.amount * iw * iw, KAPPA * WATER * iw},
        {(na + cl + FARADAY * pump) * (1 / C_M), (k + cl) * (1 / C_M), (na_w + k_w + cl_w + FARADAY * pump_w) * (1 / C_M),
         d + (g_na + g_k + g_cl - KAPPA * cl) * (1 / C_M)}};
#pragma GCC unroll 4
    for (int p = 0; p < N; p++) {
        j[p][p] = 1.0 / j[p][p];
#pragma GCC unroll 4
        for (int r = p + 1; r < N; r++) {
            j[r][p] *= j[p][p];
#pragma GCC unroll 4
            for (int c = p + 1; c < N; c++) j[r][c] -= j[r][p] * j[p][c];
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < N * N; i++) m[i][v] = j[i / N][i % N];
}
INLINE void solve(vd (*m)[WIDE], int v, vd *b) {
#pragma GCC unroll 4
    for (int r = 1; r < N; r++)
#pragma GCC unroll 4
        for (int c = 0; c < r; c++) b[r] -= m[r * N + c][v] * b[c];
#pragma GCC unroll 4
    for (int r = N - 1; r >= 0; r--) {
#pragma GCC unroll 4
        for (int c = r + 1; c < N; c++) b[r] -= m[r * N + c][v] * b[c];
        b[r] *= m[r * N + r][v];
    }
}

typedef struct { const double *strengths; double *out, apart, rtol; long cells, samples; } job;

/* take cells from the queue until it is empty; `wide` is a constant wherever this is inlined */
INLINE void work(const job *todo, long *queue, const int wide) {
    union lanes { vd v[WIDE]; double l[WIDE * VL]; } y[N], t, h, end, next, g[3], strength, pump, over, done;
    long cell[WIDE * VL], segment[WIDE * VL] = {0}, sample[WIDE * VL] = {0};
    const int lanes = wide * VL;
    int live = lanes;
    for (int l = 0; l < lanes; l++) over.l[l] = 1.0, cell[l] = -1;
    for (;;) {
        for (int l = 0; l < lanes; l++) { /* lanes at a jump, at their end, or not yet used */
            if (over.l[l] == 0.0) continue;
            if (cell[l] >= 0 && ++segment[l] < 3) {
                end.l[l] = JUMPS[segment[l]], h.l[l] = 1e-2, pump.l[l] = segment[l] != 1;
                continue;
            }
            cell[l] = __atomic_fetch_add(queue, 1, __ATOMIC_RELAXED);
            const double *own = todo->strengths + 4 * (cell[l] < todo->cells ? cell[l] : 0);
            for (int i = 0; i < N; i++) y[i].l[l] = START[i];
            for (int i = 0; i < 3; i++) g[i].l[l] = own[i];
            strength.l[l] = own[3], pump.l[l] = 1.0, segment[l] = sample[l] = 0;
            t.l[l] = 0.0, h.l[l] = 1e-3, end.l[l] = JUMPS[0], next.l[l] = todo->apart;
            if (cell[l] >= todo->cells) cell[l] = -1, live--, end.l[l] = next.l[l] = 1e300; /* parked */
        }
        if (live <= 0) return;
        vi events[WIDE], reached;
        do {
            vd k[8][N][WIDE], m[N * N][WIDE], u[N][WIDE], step[WIDE], per_step[WIDE];
            vi last[WIDE], ok[WIDE];
            ALL(v) {
                vd left = end.v[v] - t.v[v], now[N], f[N], d;
                last[v] = h.v[v] * 1.0000001 >= left;
                step[v] = pick(last[v], left, pick(2.0 * h.v[v] < left, h.v[v], 0.5 * left));
                per_step[v] = 1.0 / step[v], d = per_step[v] / GAMMA;
                for (int i = 0; i < N; i++) u[i][v] = now[i] = y[i].v[v];
                shared at = slopes(now, g[0].v[v], g[1].v[v], g[2].v[v], pump.v[v] * strength.v[v], f);
                factors(now, g[0].v[v], g[1].v[v], g[2].v[v], at, d, m, v);
                solve(m, v, f);
                for (int i = 0; i < N; i++) k[0][i][v] = f[i];
            }
#pragma GCC unroll 8
            for (int s = 1; s < 8; s++)
                ALL(v) {
                    vd now[N], f[N], before[N];
                    for (int i = 0; i < N; i++) {
                        vd sum = s < 6 ? y[i].v[v] : u[i][v] + k[s - 1][i][v], past = k[0][i][v] * C[s - 1][0];
                        if (s < 6)
#pragma GCC unroll 8
                            for (int q = 0; q < s; q++) sum += k[q][i][v] * A[s - 1][q];
#pragma GCC unroll 8
                        for (int q = 1; q < s; q++) past += k[q][i][v] * C[s - 1][q];
                        u[i][v] = now[i] = sum, before[i] = past * per_step[v];
                    }
                    slopes(now, g[0].v[v], g[1].v[v], g[2].v[v], pump.v[v] * strength.v[v], f);
                    for (int i = 0; i < N; i++) f[i] += before[i];
                    solve(m, v, f);
                    for (int i = 0; i < N; i++) k[s][i][v] = f[i];
                }
            vi sampling = {0};
            reached = (vi){0};
            ALL(v) {
                const double rtol = todo->rtol, atol = 1e-3 * rtol;
                vd *e[N], sum, q, new_t;
                for (int i = 0; i < N; i++) e[i] = &k[7][i][v], u[i][v] += *e[i];
                vd cl = CHLORIDE(y[NA].v[v], y[K].v[v], y[V].v[v]), e_cl = *e[NA] + *e[K] - KAPPA * *e[V];
                q = e_cl / (atol + rtol * most(size(cl), size(CHLORIDE(u[NA][v], u[K][v], u[V][v])))), sum = q * q;
                for (int i = 0; i < V; i++) q = *e[i] / (atol + rtol * most(size(y[i].v[v]), size(u[i][v]))), sum += q * q;
                q = *e[V] * (1.0 / rtol), sum += q * q; /* volts: rtol times 1 V */
                sum = most(least(sum * 0.2, same(1e12)), same(1e-12));
                ok[v] = sum <= 1.0;
                vd factor = most(least(0.9 * tenth_root_inverse(sum), same(6.0)), same(0.2));
                factor = pick(ok[v], factor, least(factor, same(0.8)));
                new_t = pick(last[v], end.v[v], t.v[v] + step[v]);
                h.v[v] = pick(ok[v] & last[v], most(h.v[v], step[v] * factor), step[v] * factor);
                done.v[v] = new_t;
                sampling |= ok[v] & (next.v[v] <= new_t);
                events[v] = ok[v] & last[v];
                reached |= events[v];
            }
            if (any(sampling))
                for (int l = 0; l < lanes; l++) {
                    int v = l / VL, i = l % VL;
                    if (!ok[v][i]) continue;
                    while (next.l[l] <= done.l[l] && sample[l] < todo->samples) {
                        double theta = (next.l[l] - t.l[l]) * per_step[v][i], rest = 1.0 - theta, at[N];
                        for (int n = 0; n < N; n++) {
                            double p[3] = {0};
                            for (int d = 0; d < 3; d++)
                                for (int s = 0; s < 8; s++) p[d] += H[d][s] * k[s][n][v][i];
                            at[n] = rest * y[n].l[l] + theta * (u[n][v][i] + rest * (p[0] + theta * (p[1] + theta * p[2])));
                        }
                        double *row = todo->out + 5 * (cell[l] * todo->samples + sample[l]), iw = 1.0 / at[W];
                        row[0] = at[NA] * iw, row[1] = at[K] * iw, row[2] = CHLORIDE(at[NA], at[K], at[V]) * iw;
                        row[3] = at[W], row[4] = at[V];
                        next.l[l] = ++sample[l] < todo->samples ? (sample[l] + 1) * todo->apart : 1e300;
                    }
                }
            ALL(v) {
                for (int i = 0; i < N; i++) y[i].v[v] = pick(ok[v], u[i][v], y[i].v[v]);
                t.v[v] = pick(ok[v], done.v[v], t.v[v]);
            }
        } while (!any(reached));
        for (int l = 0; l < lanes; l++) over.l[l] = events[l / VL][l % VL] != 0;
    }
}
static void narrow(const job *todo, long *queue) { work(todo, queue, 1); }
static void wide(const job *todo, long *queue) { work(todo, queue, WIDE); }

static double scattered(long i, double prime) { double x = ((double)i + 0.5) * sqrt(prime); return x - floor(x); }

int main(int count, char **given) {
    if (count != 6) return fprintf(stderr, "usage: one_model FILE cell|sweep THREADS REPEATS RTOL\n"), 2;
    int sweep = !strcmp(given[2], "sweep"), threads = atoi(given[3]), repeats = atoi(given[4]);
    static const double strengths[4] = {0.1, 1.0, 0.5, 1e-4}, primes[4] = {2, 3, 5, 7};
    job todo = {.apart = sweep ? 3600 : 36, .rtol = atof(given[5]), .cells = sweep ? 10000 : 1, .samples = sweep ? 10 : 1000};
    size_t values = (size_t)(todo.cells * todo.samples * 5);
    double *own = malloc(sizeof(double) * 4 * (size_t)todo.cells);
    todo.strengths = own, todo.out = calloc(values, sizeof(double));
    for (long i = 0; i < 4 * todo.cells; i++) own[i] = strengths[i % 4] * (sweep ? 0.5 + 1.5 * scattered(i / 4, primes[i % 4]) : 1.0);
    for (int r = 0; r < repeats; r++) {
        struct timespec a, b;
        long queue = 0;
        clock_gettime(CLOCK_MONOTONIC, &a);
        if (sweep) {
#pragma omp parallel num_threads(threads)
            wide(&todo, &queue);
        } else
            narrow(&todo, &queue);
        clock_gettime(CLOCK_MONOTONIC, &b);
        printf("%.9e\n", (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec));
    }
    FILE *file = fopen(given[1], "wb");
    return !file || fwrite(todo.out, sizeof(double), values, file) != values || fclose(file);
}
