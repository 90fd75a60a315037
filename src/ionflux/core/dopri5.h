/* The explicit pair of Dormand and Prince: order 5 with an embedded solution of order 4 and dense output of order 4.
 * Sources: J. R. Dormand & P. J. Prince, J. Comput. Appl. Math. 6, 19 (1980); dense output E. Hairer, S. P. Norsett & G. Wanner,
 * Solving Ordinary Differential Equations I, 2nd ed. (1993), II.6.
 *
 *   k_i = h f(t + c_i h, y + sum_j A_ij k_j),   y_1 = y + sum_j L_j k_j + e,   e = sum_j E_j k_j the error estimate
 *   y(theta) = (1 - theta) y_0 + theta (y_1 + (1 - theta) (p_2 + theta (p_3 + theta p_4))),   p_m = sum_j H_mj k_j
 *
 * The same form of dense output as in rodas5p.h, so that records and samples do not know which method made them.
 */
#ifndef IONFLUX_DOPRI5_H
#define IONFLUX_DOPRI5_H
static const double DOPRI_A[7][6] = {
    {0},
    {0.2},
    {0.075, 0.225},
    {0.9777777777777777, -3.7333333333333334, 3.5555555555555554},
    {2.9525986892242035, -11.595793324188385, 9.822892851699436, -0.2908093278463649},
    {2.8462752525252526, -10.757575757575758, 8.906422717743473, 0.2784090909090909, -0.2735313036020583},
    {0.09114583333333333, 0.0, 0.44923629829290207, 0.6510416666666666, -0.322376179245283, 0.13095238095238096},
};
static const double DOPRI_C[7] = {0.0, 0.2, 0.3, 0.8, 0.8888888888888888, 1.0, 1.0};
static const double DOPRI_L[7] = {
    0.08991319444444444, 0.0, 0.4534890685834082, 0.6140625, -0.2715123820754717, 0.08904761904761904, 0.025};
static const double DOPRI_E[7] = {
    0.0012326388888888888, 0.0, -0.0042527702905061394, 0.03697916666666667, -0.05086379716981132, 0.0419047619047619, -0.025};
static const double DOPRI_H[3][7] = {
    {0.9088541666666666, 0.0, -0.44923629829290207, -0.6510416666666666, 0.322376179245283, -0.13095238095238096, 0.0},
    {-1.9447258987196168, 0.0, 3.573897080937402, -4.38344362825517, 2.8771800094302256, -1.5053764951709836, 1.3824689317781436},
    {1.1270175653862835, 0.0, -2.675424484351598, 5.685526961588504, -3.5219323679207912, 1.7672812570757455, -2.382468931778144},
};
#endif
