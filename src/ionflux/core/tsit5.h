/* The explicit pair of Tsitouras: order 5 with an embedded solution of order 4 and dense output of order 4; its last stage is the first
 * one of the next step. Source: Ch. Tsitouras, Comput. Math. Appl. 62, 770 (2011), doi 10.1016/j.camwa.2011.06.002.
 *
 *   f_i = f(t + c_i h, y + h sum_j A_ij f_j),   y_1 = the argument of f_7,   error estimate h sum_j E_j f_j
 *   y(theta) = (1 - theta) y_0 + theta (y_1 + (1 - theta) (p_2 + theta (p_3 + theta p_4))),   p_m = h sum_j H_mj f_j
 *
 * The same form of dense output as in rodas5p.h, so that records and samples do not know which method made them.
 */
#ifndef IONFLUX_TSIT5_H
#define IONFLUX_TSIT5_H
static const double TSIT_A[7][6] = {
    {0},
    {0.161},
    {-0.008480655492356989, 0.335480655492357},
    {2.8971530571054935, -6.359448489975075, 4.3622954328695815},
    {5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525},
    {5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383},
    {0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774},
};
static const double TSIT_C[7] = {0.0, 0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0};
static const double TSIT_E[7] = {-0.00178001105222577714, -0.0008164344596567469, 0.007880878010261995, -0.1447110071732629,
                                 0.5823571654525552,      -0.45808210592918697,   0.015151515151515152};
static const double TSIT_H[3][7] = {
    {0.9035392331819347, -0.01, -0.4798896504144996, -1.379008574103742, 3.290069515436081, -2.324710524099774, 0.0},
    {-1.860166964092891, 0.1217, 3.450406586480252, -13.79008574103742, 40.79938293194712, -30.221236813297068, 1.5},
    {1.0530884977290216, -0.1017, -2.490627285651253, 16.548102889244902, -47.37952196281928, 34.87065786149661, -2.5},
};
#endif
