// The loop over time, forwards and backwards, for a slice of a batch and any cell.
//
// A Cell is generated from the equations. It says how many slots of H numbers a row needs of each kind, which
// products it takes, and what it computes for one row. Everything is a matrix of rows here:
//
//   gates    GATES slots   first the INPUTS values W x + b, then products that are not added to one of those
//   before   RESULTS slots the states before the step (a result that is no state has a slot without meaning)
//   after    RESULTS slots the states and the output after it
//   saved    SAVED slots   what later stages or the backward pass need, then the scale of each norm
//   own      OWN slots     the cell's vectors, scalars and norms, the same for all rows
//
// A slot is `width` numbers long: the hidden size rounded up to whole vectors. d_… is the gradient of ….
#pragma once

#include "matrix.h"

namespace {

constexpr int64_t FORWARD_ROWS = 64;    // rows whose inputs are multiplied at once
constexpr int64_t BACKWARD_ROWS = 256;  // rows whose weight gradients are taken at once

// What Python hands over, field by field as in kernel.py; null for nothing. B batch, T steps, I inputs, H hidden,
// X gates with inputs, U gates with products.
struct Call {
    int64_t first, rows;               // the slice: rows `first` … of the batch, or those that `order` names
    const int64_t *order, *lengths;    // of the slice's rows, by descending length; null if all have T steps
    real* d_weights;                   // of the slice: W, U, b and own, one after the other
    int64_t batch, steps, inputs, hidden;
    const real* x;                     // [B, T, I], rows and steps anywhere
    int64_t x_row, x_step;
    const real *W, *U, *b;             // [X·H, I], [U·H, H], [X·H]
    const real *own, *start;           // [OWN, H], [B, STATES, H]; a start of null is 0
    const real* numbers;               // those in the equations, then the eps of each norm
    real *results, *saved;             // [T + 1, B, RESULTS, width], [T, B, SAVED · width + scales]
    const real* d_outputs;             // [B, T, H], rows and steps anywhere
    int64_t d_row, d_step;
    const real* d_final;               // [B, STATES, H]
    real *d_x, *d_start;               // [B, T, I], [B, STATES, H]
};

enum class Location { before, after, saved };

// U_g v for `count` gates g, whose blocks of U are listed from `blocks` on, into the gate slots from `slot` on.
struct Product {
    Location location;
    int vector, slot, count, blocks;
    Start start;
};

struct Row {
    int64_t hidden, width;
    const real *own, *gates, *before;
    real *after, *saved, *scales;
};

struct RowBackward {
    int64_t hidden, width;
    const real *own, *before, *after, *saved, *scales;
    real *d_own, *d_gates, *d_before, *d_after, *d_saved;
};

template <class Cell> class Slice {
    const Call& call;
    const int64_t width, lanes_saved;
    int64_t* counts;  // [T]: rows of the slice that have a step t
    real *own, *vectors, *gates, *inputs, *spare;
    real *d_before, *d_after, *d_saved, *sums_W, *sums_U, *sums_b, *sums_own;
    Packed W, U[Cell::PRODUCT_COUNT + 1];

public:
    explicit Slice(const Call& call)
        : call(call), width(round_up(call.hidden, LANES)),
          lanes_saved(Cell::SAVED * width + round_up(Cell::NORMS, LANES)) {}

    // One time step of the rows that have it, as a Cell sees it.
    struct Step {
        Slice& slice;
        int64_t t, rows;
        real* gates;

        real number(int slot) const { return slice.call.numbers[slot]; }
        void product(int number) const { slice.product(*this, Cell::PRODUCTS[number], slice.U[number]); }
        void product_backward(int number, Start start) const {
            slice.product_backward(*this, Cell::PRODUCTS[number], slice.U[number], start);
        }
        // Gradients of gates in the lanes past the hidden size are summed with the others: they must be 0.
        void clear_tails() const {
            for (int64_t i = 0; slice.width > slice.call.hidden && i < rows; i++)
                for (int64_t slot = 0; slot < Cell::GATES; slot++)
                    for (int64_t j = slice.call.hidden; j < slice.width; j++)
                        gates[i * slice.gates_row() + slot * slice.width + j] = 0;
        }
        Row row(int64_t i) const {
            Slice& s = slice;
            real* saved = s.saved_row(t, i);
            return {s.call.hidden, s.width, s.own, gates + i * s.gates_row(), s.result(t, i), s.result(t + 1, i),
                    saved, saved + Cell::SAVED * s.width};
        }
        RowBackward row_backward(int64_t i) const {
            Slice& s = slice;
            const int64_t results = i * Cell::RESULTS * s.width;
            const real* saved = s.saved_row(t, i);
            return {s.call.hidden, s.width, s.own, s.result(t, i), s.result(t + 1, i), saved,
                    saved + Cell::SAVED * s.width, s.sums_own, gates + i * s.gates_row(), s.d_before + results,
                    s.d_after + results, s.d_saved + i * Cell::SAVED * s.width};
        }
    };

    bool forward(Scratch& scratch) {
        plan_forward(scratch);
        if (!scratch.allocate()) return false;
        plan_forward(scratch);
        count_rows();
        pack_own();
        copy_start();
        for (int slot = 0; slot < Cell::INPUTS; slot++)
            pack_transposed(W, slot * width, weights(Cell::INPUT_BLOCKS[slot]), call.inputs, call.hidden);
        for (int p = 0; p < Cell::PRODUCT_COUNT; p++)
            for (int g = 0; g < Cell::PRODUCTS[p].count; g++)
                pack_transposed(U[p], g * width, recurrent(p, g), call.hidden, call.hidden);
        for (int64_t t = 0; t < call.steps && counts[t] > 0;) t = forward_block(t);
        clear_padding();
        return true;
    }

    bool backward(Scratch& scratch) {
        plan_backward(scratch);
        if (!scratch.allocate()) return false;
        plan_backward(scratch);
        count_rows();
        pack_own();
        for (int slot = 0; slot < Cell::INPUTS; slot++)
            for (int64_t j = 0; j < width; j++)
                pack_row(W, slot * width + j, weights(Cell::INPUT_BLOCKS[slot]) + j * call.inputs,
                         j < call.hidden ? call.inputs : 0);
        for (int p = 0; p < Cell::PRODUCT_COUNT; p++)
            for (int g = 0; g < Cell::PRODUCTS[p].count; g++)
                for (int64_t j = 0; j < width; j++)
                    pack_row(U[p], g * width + j, recurrent(p, g) + j * call.hidden,
                             j < call.hidden ? call.hidden : 0);
        memset(sums_W, 0, (sums_own - sums_W + Cell::OWN * width) * sizeof(real));
        for (int64_t t = call.steps - 1; t >= 0;) t = backward_block(t);
        copy_gradients();
        return true;
    }

private:
    // ---- memory layout

    // Rows of matrices that products read are a vector apart: with distances that are powers of two they would
    // share a few sets of the first-level cache.
    int64_t gates_row() const { return Cell::GATES * width + LANES; }
    int64_t inputs_row() const { return round_up(call.inputs, LANES) + LANES; }
    int64_t vector_row() const { return width + LANES; }
    int64_t row_number(int64_t i) const { return call.order ? call.order[i] : call.first + i; }
    real* result(int64_t t, int64_t i) const {
        return call.results + (t * call.batch + row_number(i)) * Cell::RESULTS * width;
    }
    real* saved_row(int64_t t, int64_t i) const {
        return call.saved ? call.saved + (t * call.batch + row_number(i)) * lanes_saved : spare + i * lanes_saved;
    }
    const real* input(int64_t t, int64_t i) const { return call.x + row_number(i) * call.x_row + t * call.x_step; }
    const real* weights(int64_t block) const { return call.W + block * call.hidden * call.inputs; }
    const real* recurrent(int p, int g) const {
        return call.U + Cell::RECURRENT_BLOCKS[Cell::PRODUCTS[p].blocks + g] * call.hidden * call.hidden;
    }
    real* vector(const Product& product, int64_t t, int64_t i) const {
        const int64_t slot = product.vector * width;
        if (product.location == Location::before) return result(t, i) + slot;
        return (product.location == Location::after ? result(t + 1, i) : saved_row(t, i)) + slot;
    }

    // ---- scratch

    void plan_forward(Scratch& scratch) {
        const int64_t rows = FORWARD_ROWS + call.rows;
        plan_common(scratch, rows, call.inputs, round_up(Cell::INPUTS * width, LANES), false);
        vectors = scratch.take<real>(call.rows * vector_row());
        inputs = scratch.take<real>(rows * inputs_row());
        spare = scratch.take<real>(call.saved ? 0 : call.rows * lanes_saved);
        sums_b = scratch.take<real>(Cell::INPUTS * width);
    }

    void plan_backward(Scratch& scratch) {
        const int64_t rows = BACKWARD_ROWS + call.rows, wide = round_up(call.inputs, LANES);
        plan_common(scratch, rows, Cell::INPUTS * width, wide, true);
        vectors = scratch.take<real>(rows * (width > wide ? width : wide));
        inputs = scratch.take<real>(rows * wide);
        d_before = scratch.take<real>(call.rows * Cell::RESULTS * width);
        d_after = scratch.take<real>(call.rows * Cell::RESULTS * width);
        d_saved = scratch.take<real>(call.rows * Cell::SAVED * width);
        sums_W = scratch.take<real>(Cell::INPUTS * width * wide);
        sums_U = scratch.take<real>(Cell::RECURRENT * width * width);
        sums_b = scratch.take<real>(Cell::INPUTS * width);
        sums_own = scratch.take<real>(Cell::OWN * width);
    }

    void plan_common(Scratch& scratch, int64_t rows, int64_t W_depth, int64_t W_columns, bool backward) {
        counts = scratch.take<int64_t>(call.steps);
        own = scratch.take<real>(Cell::OWN * width);
        gates = scratch.take<real>(rows * gates_row());
        W = {scratch.take<real>(W_depth * W_columns), W_depth, W_columns};
        for (int p = 0; p < Cell::PRODUCT_COUNT; p++) {
            const int64_t all_gates = Cell::PRODUCTS[p].count * width;
            const int64_t depth = backward ? all_gates : call.hidden, columns = backward ? width : all_gates;
            U[p] = {scratch.take<real>(depth * columns), depth, columns};
        }
    }

    void count_rows() {
        int64_t rows = call.rows;
        for (int64_t t = 0; t < call.steps; t++) {
            while (call.lengths && rows > 0 && call.lengths[rows - 1] <= t) rows--;
            counts[t] = rows;
        }
    }

    void pack_own() {
        for (int64_t k = 0; k < Cell::OWN; k++)
            for (int64_t j = 0; j < width; j++)
                own[k * width + j] = j < call.hidden ? call.own[k * call.hidden + j] : 0;
    }

    // ---- forwards

    void copy_start() {
        for (int64_t i = 0; i < call.rows; i++)
            for (int64_t k = 0; k < Cell::STATES; k++)
                for (int64_t j = 0; j < width; j++)
                    result(0, i)[k * width + j] =
                        call.start && j < call.hidden
                            ? call.start[(row_number(i) * Cell::STATES + k) * call.hidden + j]
                            : 0;
        for (int slot = 0; slot < Cell::INPUTS; slot++)
            for (int64_t j = 0; j < width; j++)
                sums_b[slot * width + j] =
                    j < call.hidden ? call.b[Cell::INPUT_BLOCKS[slot] * call.hidden + j] : 0;
    }

    // All steps from t on whose rows fill a block; returns the step after them.
    int64_t forward_block(int64_t t) {
        int64_t rows = 0, end = t;
        for (; end < call.steps && counts[end] > 0 && rows < FORWARD_ROWS; end++)
            for (int64_t i = 0; i < counts[end]; i++, rows++) {
                memcpy(inputs + rows * inputs_row(), input(end, i), call.inputs * sizeof(real));
                memcpy(gates + rows * gates_row(), sums_b, Cell::INPUTS * width * sizeof(real));
            }
        multiply(rows, inputs, inputs_row(), 1, W, gates, gates_row(), Start::sum);
        for (real* location = gates; t < end; location += counts[t] * gates_row(), t++)
            Cell::forward(Step{*this, t, counts[t], location});
        return end;
    }

    void product(const Step& at, const Product& product, Packed matrix) {
        for (int64_t i = 0; i < at.rows; i++)
            memcpy(vectors + i * vector_row(), vector(product, at.t, i), width * sizeof(real));
        multiply(at.rows, vectors, vector_row(), 1, matrix, at.gates + product.slot * width, gates_row(),
                 product.start);
    }

    // Outputs past a sequence's end are 0: a mask that multiplies must not meet uninitialised memory.
    void clear_padding() {
        if (!call.lengths) return;
        for (int64_t i = 0; i < call.rows; i++)
            for (int64_t t = call.lengths[i]; t < call.steps; t++)
                memset(result(t + 1, i), 0, Cell::RESULTS * width * sizeof(real));
    }

    // ---- backwards

    // All steps from t down whose rows fill a block; returns the step before them.
    int64_t backward_block(int64_t t) {
        const int64_t last = t;
        int64_t rows = 0;
        for (; t >= 0 && rows < BACKWARD_ROWS; rows += counts[t], t--) {
            start_gradients(t);
            const Step step{*this, t, counts[t], gates + rows * gates_row()};
            Cell::backward(step);
            real* next = d_after;
            d_after = d_before, d_before = next;
        }
        for (int p = 0; p < Cell::PRODUCT_COUNT; p++) add_recurrent_gradient(p, t, last, rows);
        add_input_gradient(t, last, rows);
        return t;
    }

    // The gradient that reaches step t from outside: of its output, and of the final state where it is the last.
    void start_gradients(int64_t t) {
        const int64_t running = t + 1 < call.steps ? counts[t + 1] : 0;
        for (int64_t i = running; i < counts[t]; i++)
            for (int64_t k = 0; k < Cell::RESULTS; k++)
                for (int64_t j = 0; j < width; j++)
                    d_after[(i * Cell::RESULTS + k) * width + j] =
                        call.d_final && k < Cell::STATES && j < call.hidden
                            ? call.d_final[(row_number(i) * Cell::STATES + k) * call.hidden + j]
                            : 0;
        for (int64_t i = 0; call.d_outputs && i < counts[t]; i++) {
            const real* from = call.d_outputs + row_number(i) * call.d_row + t * call.d_step;
            real* to = d_after + (i * Cell::RESULTS + Cell::OUTPUT) * width;
            for (int64_t j = 0; j < call.hidden; j++) to[j] += from[j];
        }
    }

    void product_backward(const Step& at, const Product& product, Packed matrix, Start start) {
        real* to = product.location == Location::before ? d_before : product.location == Location::after ? d_after : d_saved;
        const int64_t row = (product.location == Location::saved ? Cell::SAVED : Cell::RESULTS) * width;
        multiply(at.rows, at.gates + product.slot * width, gates_row(), 1, matrix, to + product.vector * width, row,
                 start);
    }

    void add_recurrent_gradient(int p, int64_t before, int64_t last, int64_t rows) {
        const Product& product = Cell::PRODUCTS[p];
        const Packed packed = {vectors, rows, width};
        for (int64_t t = last, k = 0; t > before; t--)
            for (int64_t i = 0; i < counts[t]; i++, k++) pack_row(packed, k, vector(product, t, i), call.hidden);
        multiply(product.count * width, gates + product.slot * width, 1, gates_row(), packed,
                 sums_U + product.blocks * width * width, width, Start::sum);
    }

    void add_input_gradient(int64_t before, int64_t last, int64_t rows) {
        const int64_t wide = round_up(call.inputs, LANES);
        const Packed packed = {vectors, rows, wide};
        for (int64_t t = last, k = 0; t > before; t--)
            for (int64_t i = 0; i < counts[t]; i++, k++) pack_row(packed, k, input(t, i), call.inputs);
        multiply(Cell::INPUTS * width, gates, 1, gates_row(), packed, sums_W, wide, Start::sum);
        for (int64_t k = 0; k < rows; k++)
            for (int64_t j = 0; j < Cell::INPUTS * width; j++) sums_b[j] += gates[k * gates_row() + j];
        if (!call.d_x) return;
        multiply(rows, gates, gates_row(), 1, W, inputs, wide, Start::zero);
        for (int64_t t = last, k = 0; t > before; t--)
            for (int64_t i = 0; i < counts[t]; i++, k++)
                memcpy(call.d_x + (row_number(i) * call.steps + t) * call.inputs, inputs + k * wide,
                       call.inputs * sizeof(real));
    }

    void copy_gradients() {
        const int64_t H = call.hidden, I = call.inputs, wide = round_up(I, LANES);
        real* to_U = call.d_weights + Cell::INPUTS * H * I;
        real* to_b = to_U + Cell::BLOCKS * H * H;
        real* to_own = to_b + Cell::INPUTS * H;
        if (Cell::BLOCKS > Cell::RECURRENT) memset(to_U, 0, Cell::BLOCKS * H * H * sizeof(real));
        for (int64_t slot = 0; slot < Cell::INPUTS; slot++) {
            const int64_t block = Cell::INPUT_BLOCKS[slot];
            for (int64_t j = 0; j < H; j++)
                memcpy(call.d_weights + (block * H + j) * I, sums_W + (slot * width + j) * wide, I * sizeof(real));
            memcpy(to_b + block * H, sums_b + slot * width, H * sizeof(real));
        }
        for (int64_t g = 0; g < Cell::RECURRENT; g++)
            for (int64_t j = 0; j < H; j++)
                memcpy(to_U + (Cell::RECURRENT_BLOCKS[g] * H + j) * H, sums_U + (g * width + j) * width,
                       H * sizeof(real));
        for (int64_t k = 0; k < Cell::OWN; k++) memcpy(to_own + k * H, sums_own + k * width, H * sizeof(real));
        for (int64_t i = 0; call.d_start && i < call.rows; i++)
            for (int64_t k = 0; k < Cell::STATES; k++)
                memcpy(call.d_start + (row_number(i) * Cell::STATES + k) * H,
                       d_after + (i * Cell::RESULTS + k) * width, H * sizeof(real));
    }
};

// Runs a function in several threads and waits for them: GOMP_parallel of the OpenMP that torch brings. Its threads
// are torch's own, so that the two never compete for a core.
using Parallel = void (*)(void (*)(void*), void*, unsigned, unsigned);

// The slices of a batch, taken by whichever thread is free.
template <class Cell, bool is_backward> struct Team {
    const Call* calls;
    int64_t count, next = 0, failures = 0;

    static void work(void* team) {
        static thread_local Scratch scratch;
        Team& shared = *static_cast<Team*>(team);
        for (;;) {
            const int64_t mine = __atomic_fetch_add(&shared.next, 1, __ATOMIC_RELAXED);
            if (mine >= shared.count) return;
            Slice<Cell> slice(shared.calls[mine]);
            const bool done = is_backward ? slice.backward(scratch) : slice.forward(scratch);
            if (!done) __atomic_fetch_add(&shared.failures, 1, __ATOMIC_RELAXED);
        }
    }
};

// Returns how many slices were out of memory; a `parallel` of null runs them one after the other.
template <class Cell, bool is_backward> int64_t run(const Call* calls, int64_t count, Parallel parallel) {
    Team<Cell, is_backward> team{calls, count};
    if (parallel && count > 1)
        parallel(&team.work, &team, unsigned(count), 0);
    else
        team.work(&team);
    return team.failures;
}

}  // namespace
