// Vectors of reals, and the elementwise functions that a cell's equations may use.
#pragma once

#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

namespace {

using real = SEQLAB_REAL;  // float or double

// BYTES is the width of the processor's registers, TILE the rows of sums a matrix product keeps in them.
#if defined(__AVX512F__)
constexpr int BYTES = 64, TILE = 12;
#elif defined(__AVX__)
constexpr int BYTES = 32, TILE = 6;
#elif defined(__aarch64__)
constexpr int BYTES = 16, TILE = 12;
#else
constexpr int BYTES = 16, TILE = 6;
#endif

constexpr int64_t LANES = BYTES / sizeof(real);

typedef real Vec __attribute__((vector_size(BYTES)));
typedef decltype(Vec{} < Vec{}) Mask;  // lanes of all ones or all zeros
typedef real Anywhere __attribute__((vector_size(BYTES), aligned(sizeof(real)), may_alias));

INLINE Vec load(const real* from) { return *reinterpret_cast<const Anywhere*>(from); }
INLINE void store(real* to, Vec value) { *reinterpret_cast<Anywhere*>(to) = value; }
INLINE Vec all(real value) { return Vec{} + value; }
INLINE Vec first(Vec value, int64_t count) {  // its first lanes, the others 0
    for (int64_t lane = count < 0 ? 0 : count; lane < LANES; lane++) value[lane] = 0;
    return value;
}
INLINE Vec where(Mask mask, Vec a, Vec b) { return mask ? a : b; }
INLINE Vec where(Mask mask, real a, Vec b) { return mask ? all(a) : b; }
INLINE Vec where(Mask mask, Vec a, real b) { return mask ? a : all(b); }

template <class To, class From> INLINE To bits(From from) {
    static_assert(sizeof(To) == sizeof(From));
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}

// Functions that are applied lane by lane, by the C library.
#define LANEWISE(NAME, FLOAT, DOUBLE)                                                       \
    INLINE Vec NAME(Vec x) {                                                                \
        for (int lane = 0; lane < LANES; lane++)                                            \
            x[lane] = sizeof(real) == sizeof(float) ? real(FLOAT(x[lane])) : real(DOUBLE(x[lane])); \
        return x;                                                                           \
    }
LANEWISE(sqrt, __builtin_sqrtf, __builtin_sqrt)
LANEWISE(log, __builtin_logf, __builtin_log)
LANEWISE(log1p, __builtin_log1pf, __builtin_log1p)
LANEWISE(expm1, __builtin_expm1f, __builtin_expm1)
LANEWISE(sin, __builtin_sinf, __builtin_sin)
LANEWISE(cos, __builtin_cosf, __builtin_cos)
LANEWISE(floor, __builtin_floorf, __builtin_floor)
LANEWISE(atan, __builtin_atanf, __builtin_atan)
LANEWISE(erf, __builtin_erff, __builtin_erf)
LANEWISE(exact_exp, __builtin_expf, __builtin_exp)
LANEWISE(exact_tanh, __builtin_tanhf, __builtin_tanh)

INLINE Vec pow(Vec base, Vec exponent) {
    for (int lane = 0; lane < LANES; lane++)
        base[lane] = sizeof(real) == sizeof(float) ? real(__builtin_powf(base[lane], exponent[lane]))
                                                   : real(__builtin_pow(base[lane], exponent[lane]));
    return base;
}

// As in torch: with the sign of y, and the quotient of what is left, rounded down.
INLINE Vec remainder(Vec x, Vec y) {
    for (int lane = 0; lane < LANES; lane++) {
        const real rest = sizeof(real) == sizeof(float) ? real(__builtin_fmodf(x[lane], y[lane]))
                                                        : real(__builtin_fmod(x[lane], y[lane]));
        x[lane] = rest != 0 && (y[lane] < 0) != (rest < 0) ? rest + y[lane] : rest;
    }
    return x;
}
INLINE Vec floor_divide(Vec x, Vec y) {
    const Vec exact = x / y;
    const Vec down = (x - remainder(x, y)) / y;
    const Vec near = floor(down);
    const Vec rounded = down - near > real(0.5) ? near + 1 : near;
    return y == 0 ? exact : down == 0 ? exact * 0 : rounded;
}

// As in torch a NaN stays one, but for sign: comparisons with it are false, and then x itself is taken.
INLINE Vec abs(Vec x) { return x < 0 ? -x : x; }
INLINE Vec relu(Vec x) { return x < 0 ? all(0) : x; }
INLINE Vec sign(Vec x) { return x > 0 ? all(1) : x < 0 ? all(-1) : all(0); }
INLINE Vec at_least(Vec x, Vec low) { return x < low ? low : x; }
INLINE Vec at_most(Vec x, Vec high) { return x > high ? high : x; }
INLINE Vec maximum(Vec a, Vec b) { return (a < b) | (b != b) ? b : a; }
INLINE Vec minimum(Vec a, Vec b) { return (a > b) | (b != b) ? b : a; }
INLINE Vec rsqrt(Vec x) { return 1 / sqrt(x); }
INLINE Vec reciprocal(Vec x) { return 1 / x; }

// e^x for |x| ≤ 87 in float: x = n ln 2 + r, a polynomial for e^r (Cephes' expf), times 2^n.
INLINE Vec moderate_exp(Vec x) {
    if constexpr (sizeof(real) == sizeof(double)) {
        return exact_exp(x);
    } else {
        const Vec shifted = x * real(1.44269504f) + real(12582912.f);  // 1.5 · 2^23 rounds to an integer
        const Vec n = shifted - real(12582912.f);
        const Vec r = x - n * real(0.693359375f) + n * real(2.12194440e-4f);
        Vec p = all(real(1.9875691500e-4f));
        p = p * r + real(1.3981999507e-3f);
        p = p * r + real(8.3334519073e-3f);
        p = p * r + real(4.1665795894e-2f);
        p = p * r + real(1.6666665459e-1f);
        p = p * r + real(5.0000001201e-1f);
        p = p * r * r + r + 1;
        return p * bits<Vec>((bits<Mask>(shifted) + 127) << 23);
    }
}

INLINE Vec exp(Vec x) {
    if constexpr (sizeof(real) == sizeof(double)) return exact_exp(x);
    const Vec half = moderate_exp(at_most(at_least(x / 2, all(-60)), all(60)));
    return half * half;
}

INLINE Vec sigmoid(Vec x) {
    if constexpr (sizeof(real) == sizeof(double)) return 1 / (1 + exact_exp(-x));
    return 1 / (1 + moderate_exp(at_most(at_least(-x, all(-87)), all(87))));
}

// Away from 0 by e^(−2|x|), near it by an odd polynomial (Cephes' tanhf).
INLINE Vec tanh(Vec x) {
    if constexpr (sizeof(real) == sizeof(double)) return exact_tanh(x);
    const Vec size = abs(x), e = moderate_exp(at_least(-2 * size, all(-87)));
    const Vec far = (1 - e) / (1 + e), square = x * x;
    Vec near = all(real(-5.70498872745e-3f));
    near = near * square + real(2.06390887954e-2f);
    near = near * square - real(5.37397155531e-2f);
    near = near * square + real(1.33314422036e-1f);
    near = near * square - real(3.33332819422e-1f);
    near = near * square * x + x;
    return size < real(0.625) ? near : x < 0 ? -far : far;
}

INLINE Vec gelu(Vec x) { return x * real(0.5) * (1 + erf(x * real(0.7071067811865476))); }
INLINE Vec gelu_tanh(Vec x) {
    return x * real(0.5) * (1 + tanh(real(0.7978845608028654) * (x + real(0.044715) * x * x * x)));
}

// The lanes of a vector at j whose location is below count, the others 0.
INLINE Vec within(int64_t j, int64_t count, Vec value) {
    if (j + LANES <= count) return value;
    for (int lane = 0; lane < LANES; lane++) value[lane] = j + lane < count ? value[lane] : 0;
    return value;
}

INLINE void clear(real* row, int64_t width) { memset(row, 0, width * sizeof(real)); }

INLINE real sum(Vec value) {
    real total = 0;
    for (int lane = 0; lane < LANES; lane++) total += value[lane];
    return total;
}

// (x − mean) / √(variance + eps) over the first `count` numbers of a row; returns the factor 1 / √….
static __attribute__((noinline)) real standardize(const real* row, real* result, int64_t count, int64_t width, double eps) {
    Vec total = all(0), squares = all(0);
    for (int64_t j = 0; j < width; j += LANES) total += within(j, count, load(row + j));
    const Vec mean = all(sum(total) / count);
    for (int64_t j = 0; j < width; j += LANES) {
        const Vec centred = within(j, count, load(row + j) - mean);
        squares += centred * centred;
    }
    const real scale = real(1 / __builtin_sqrt(sum(squares) / count + eps));
    for (int64_t j = 0; j < width; j += LANES)
        store(result + j, within(j, count, (load(row + j) - mean) * scale));
    return scale;
}

// Adds the gradient of a standardized row: scale (g − mean(g) − result · mean(g · result)), g the result's own.
static __attribute__((noinline)) void standardize_backward(
    const real* gradient, const real* result, real scale, real* sums, int64_t count, int64_t width) {
    Vec total = all(0), along = all(0);
    for (int64_t j = 0; j < width; j += LANES) {
        const Vec g = within(j, count, load(gradient + j));
        total += g;
        along += g * load(result + j);
    }
    const Vec mean = all(sum(total) / count), slope = all(sum(along) / count);
    for (int64_t j = 0; j < width; j += LANES) {
        const Vec g = within(j, count, load(gradient + j) - mean - load(result + j) * slope);
        store(sums + j, load(sums + j) + scale * g);
    }
}

}  // namespace
