// Matrix products for a few hundred rows at a time. The right-hand matrix is packed into panels two vectors wide.
#pragma once

#include <stdlib.h>

#include "maths.h"

namespace {

constexpr int64_t PANEL = 2 * LANES;
constexpr int64_t DEPTH = 256;  // of a panel that is kept in the first-level cache

INLINE int64_t round_up(int64_t count, int64_t step) { return (count + step - 1) / step * step; }
INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// Memory that a thread keeps from call to call. What is needed is asked for twice: once to measure, once to use.
class Scratch {
    char* memory = nullptr;
    int64_t size = 0, used = 0;

public:
    ~Scratch() { free(memory); }

    template <class T> T* take(int64_t count) {
        used = round_up(used, 64);
        T* piece = reinterpret_cast<T*>(memory + used);
        used += count * int64_t(sizeof(T));
        return piece;
    }
    bool allocate() {
        if (used > size) {
            free(memory);
            const bool failed = posix_memalign(reinterpret_cast<void**>(&memory), 64, used) != 0;
            size = failed ? 0 : used;
            if (failed) memory = nullptr;
        }
        used = 0;
        return size > 0;
    }
};

// A matrix [depth, columns], columns a multiple of LANES: panel after panel, each [depth, PANEL]; the last one may
// be [depth, LANES].
struct Packed {
    real* data;
    int64_t depth, columns;
};

enum class Start { zero, sum };

// sums[i, n] += Σ_k A[i, k] B[k, n] for ROWS rows, VECTORS vectors of columns and STEPS values of k.
template <int STEPS, int ROWS, int VECTORS>
INLINE void add_products(
    Vec (&sums)[STEPS][ROWS][VECTORS], const real* A, int64_t a_row, int64_t a_step, const real* B) {
#pragma GCC unroll 4
    for (int k = 0; k < STEPS; k++) {
        Vec b[VECTORS];
#pragma GCC unroll 2
        for (int v = 0; v < VECTORS; v++) b[v] = load(B + (k * VECTORS + v) * LANES);
#pragma GCC unroll 16
        for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 2
            for (int v = 0; v < VECTORS; v++) sums[k][i][v] += A[i * a_row + k * a_step] * b[v];
    }
}

// C[i, n] (+)= Σ_k A[i, k] B[k, n], the sums in registers. A few rows alone would wait for each sum in turn, so
// they are summed in STEPS parts.
template <int ROWS, int VECTORS>
INLINE void tile(
    const real* A, int64_t a_row, int64_t a_step, const real* B, int64_t depth, real* C, int64_t c_row, Start start) {
    constexpr int STEPS = ROWS < 4 ? 4 : 1;
    Vec sums[STEPS][ROWS][VECTORS] = {};
    int64_t k = 0;
    for (; k + STEPS <= depth; k += STEPS, A += STEPS * a_step, B += STEPS * VECTORS * LANES)
        add_products<STEPS, ROWS, VECTORS>(sums, A, a_row, a_step, B);
    for (; k < depth; k++, A += a_step, B += VECTORS * LANES)
        add_products<1, ROWS, VECTORS>(reinterpret_cast<Vec(&)[1][ROWS][VECTORS]>(sums), A, a_row, a_step, B);
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 2
        for (int v = 0; v < VECTORS; v++) {
            real* location = C + i * c_row + v * LANES;
            Vec total = start == Start::sum ? load(location) + sums[0][i][v] : sums[0][i][v];
#pragma GCC unroll 4
            for (int part = 1; part < STEPS; part++) total += sums[part][i][v];
            store(location, total);
        }
}

template <int VECTORS>
INLINE void rows_of_tiles(
    int64_t rows, const real* A, int64_t a_row, int64_t a_step, const real* B, int64_t depth, real* C, int64_t c_row,
    Start start) {
    int64_t i = 0;
    for (; i + TILE <= rows; i += TILE)
        tile<TILE, VECTORS>(A + i * a_row, a_row, a_step, B, depth, C + i * c_row, c_row, start);
    for (; i + TILE * 2 / 3 <= rows; i += TILE * 2 / 3)
        tile<TILE * 2 / 3, VECTORS>(A + i * a_row, a_row, a_step, B, depth, C + i * c_row, c_row, start);
    for (; i + 4 <= rows; i += 4)
        tile<4, VECTORS>(A + i * a_row, a_row, a_step, B, depth, C + i * c_row, c_row, start);
    for (; i < rows; i++)
        tile<1, VECTORS>(A + i * a_row, a_row, a_step, B, depth, C + i * c_row, c_row, start);
}

// C (+)= A B. A[i, k] stands at A + i · a_row + k · a_step; C's rows are c_row apart and B.columns wide.
static __attribute__((noinline)) void multiply(
    int64_t rows, const real* A, int64_t a_row, int64_t a_step, Packed B, real* C, int64_t c_row, Start start) {
    for (int64_t i = 0; B.depth == 0 && start == Start::zero && i < rows; i++) clear(C + i * c_row, B.columns);
    for (int64_t k = 0; k < B.depth; k += DEPTH, start = Start::sum) {
        const int64_t depth = least(DEPTH, B.depth - k);
        const real* a = A + k * a_step;
        for (int64_t n = 0; n < B.columns; n += PANEL) {
            const real* panel = B.data + n * B.depth;
            if (n + PANEL <= B.columns)
                rows_of_tiles<2>(rows, a, a_row, a_step, panel + k * PANEL, depth, C + n, c_row, start);
            else
                rows_of_tiles<1>(rows, a, a_row, a_step, panel + k * LANES, depth, C + n, c_row, start);
        }
    }
}

// The locations [k, n … n + LANES) of a packed matrix, as a pointer for k = 0 and the step from one k to the next.
struct Column {
    real* start;
    int64_t step;

    Column(Packed to, int64_t n) {
        const int64_t panel = n / PANEL * PANEL;
        start = to.data + panel * to.depth + n - panel;
        step = least(PANEL, to.columns - panel);
    }
};

// B[k, n + j] = from[j · stride + k] for all k and j < width; columns from `count` on are 0.
static void pack_transposed(Packed to, int64_t n, const real* from, int64_t stride, int64_t count, int64_t width) {
    for (int64_t first = 0; first < width; first += LANES) {
        const Column column(to, n + first);
        const real* source = from + first * stride;
        const int64_t filled = first < count ? least(LANES, count - first) : 0;
        for (int64_t k = 0; k < to.depth; k++) {
            real* location = column.start + k * column.step;
            for (int64_t j = 0; j < filled; j++) location[j] = source[j * stride + k];
            for (int64_t j = filled; j < LANES; j++) location[j] = 0;
        }
    }
}

// B[k, j] = from[j]; columns from `count` on are 0.
static void pack_row(Packed to, int64_t k, const real* from, int64_t count) {
    for (int64_t n = 0; n < to.columns; n += LANES) {
        const Column column(to, n);
        real* location = column.start + k * column.step;
        if (n + LANES <= count) {
            store(location, load(from + n));
        } else {
            for (int64_t j = 0; j < LANES; j++) location[j] = n + j < count ? from[n + j] : 0;
        }
    }
}

}  // namespace
