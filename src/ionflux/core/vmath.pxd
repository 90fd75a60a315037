# cython: language_level=3, cdivision=True
from ionflux.core.lanes cimport *
cdef extern from *:
    """
    static inline __attribute__((always_inline)) vd stub(vd x){
      vm i = v_addi(v_bits(x), v_seti(0x3ff0000000000000LL-0x3fe6a09e667f3bcdLL));
      vd e = v_double(v_shr(i,52) | v_seti(0x4330000000000000LL)) - v_set(4503599627370496.0+1023.0);
      vd m = v_double(v_addi(i & v_seti(0xfffffffffffffLL), v_seti(0x3fe6a09e667f3bcdLL)));
      vd f = m - v_set(1.0);
      vd s = f/(f+v_set(2.0));
      vd z=s*s, w=z*z;
      vd t1=w*v_fma(w,v_fma(w,v_set(1.531383769920937332e-01),v_set(2.222219843214978396e-01)),v_set(3.999999999940941908e-01));
      vd t2=z*v_fma(w,v_fma(w,v_fma(w,v_set(1.479819860511658591e-01),v_set(1.818357216161805012e-01)),v_set(2.857142874366239149e-01)),v_set(6.666666666666735130e-01));
      vd R=t1+t2; vd hf=v_set(0.5)*f*f;
      return v_fma(e,v_set(6.93147180369123816490e-01), f-(hf-v_fma(s,hf+R,e*v_set(1.90821492927058770002e-10))));
    }
    static inline vd stub2(vd x){ vd r; IFX_EACH(l) { r[l]=expm1(x[l]); } return r; }
    """
    vd stub(vd) noexcept nogil
    vd stub2(vd) noexcept nogil
cdef inline vd v_log(vd x) noexcept nogil:
    return stub(x)
cdef inline vd v_expm1(vd x) noexcept nogil:
    return stub2(x)
cdef inline vd v_exp(vd x) noexcept nogil:
    return stub2(x) + v_set(1.0)
cdef inline void v_bernoulli(vd x, vd *a, vd *b) noexcept nogil:
    a[0] = x / stub2(x)
    b[0] = a[0] + x
cdef inline void v_bernoulli_slope(vd x, vd *a, vd *b) noexcept nogil:
    cdef vd e = stub2(x)
    a[0] = (e - x * (e + v_set(1.0))) / (e * e)
    b[0] = v_set(-1.0) - a[0]
