// The loop over time, forwards and backwards, for a slice of a batch and any cell.
//
// A Cell is generated from the equations. It says how many slots a row needs of each kind, how wide what stands in
// them is (a place in call.widths), which products it takes, and what it computes for one row. Everything is a
// matrix of rows here:
//
//   gates    GATES slots   first the INPUTS values W x + b, then products that are not added to one of those
//   given    GIVEN slots   what is given beside x; read where it stands if it fills its slot
//   before   RESULTS slots the states before the step (a result that is no state has a slot without meaning)
//   after    RESULTS slots the states and the output after it
//   saved    SAVED slots   what later stages or the backward pass need, then the scale of each norm
//   own      OWN slots     the cell's vectors, scalars and norms, the same for all rows
//
// A slot is `width` numbers long: the largest width rounded up to whole vectors. Width 0 is a single number, which
// fills its slot with copies of itself; its gradient is the sum of its slot's. d_… is the gradient of ….
#pragma once

#include "matrix.h"

namespace {

constexpr int64_t FORWARD_ROWS = 64;    // rows whose inputs are multiplied at once
constexpr int64_t BACKWARD_ROWS = 256;  // rows whose weight gradients are taken at once

// One of the things that are given beside x, [B, T, its width], rows and steps anywhere.
struct Given {
    const real* values;
    int64_t row, step;
    real* gradient;                    // [B, T, its width]; null if nobody asks for it
};

// What Python hands over, field by field as in kernel.py; null for nothing. B batch, T steps, I inputs. What is of
// several widths stands end to end: rows of W and b, blocks of U, own parameters, and states.
struct Call {
    int64_t first, rows;               // the slice: rows `first` … of the batch, or those that `order` names
    const int64_t *order, *lengths;    // of the slice's rows, by descending length; null if all have T steps
    real* d_weights;                   // of the slice: W, U, b and own, one after the other
    int64_t batch, steps, inputs;
    const int64_t* widths;             // the first is 1
    int64_t width;                     // of a slot
    const real* x;                     // [B, T, I], rows and steps anywhere
    int64_t x_row, x_step;
    const Given* given;                // GIVEN of them
    const real *W, *U, *b;
    const real *own, *start;           // a start of null is 0
    const real* numbers;               // those in the equations, then the eps of each norm
    real *results, *saved;             // [T + 1, B, RESULTS, width], [T, B, SAVED · width + scales]
    const real* d_outputs;             // [B, T, the output's width], rows and steps anywhere
    int64_t d_row, d_step;
    const real* d_final;               // [B, all states]
    real *d_x, *d_start;               // [B, T, I], [B, all states]
};

enum class Location { before, after, saved };

// U_g v for `count` gates g, whose blocks of U are listed from `blocks` on, into the gate slots from `slot` on.
struct Product {
    Location location;
    int vector, slot, count, blocks;
    Start start;
};

struct Widths {
    const int64_t* sizes;
    int64_t width;
    int64_t wide(int number) const { return round_up(sizes[number], LANES); }
};

struct Row : Widths {
    const real *own, *gates, *before;
    const real* const* given;
    real *after, *saved, *scales;
};

struct RowBackward : Widths {
    const real *own, *before, *after, *saved, *scales;
    const real* const* given;
    real *d_own, *d_gates, *d_given, *d_before, *d_after, *d_saved;
};

template <class Cell> class Slice {
    const Call& call;
    const int64_t width, lanes_saved;
    int64_t* counts;  // [T]: rows of the slice that have a step t
    real *own, *vectors, *gates, *inputs, *copies, *spare;
    const real** given;  // [rows, GIVEN]: where the values of a step stand
    real *d_before, *d_after, *d_saved, *d_given, *sums_W, *sums_U, *sums_b, *sums_own;
    Packed W, U[Cell::PRODUCT_COUNT + 1];

public:
    explicit Slice(const Call& call)
        : call(call), width(call.width),
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
        // Gradients of gates in the lanes past their width are summed with the others: they must be 0.
        void clear_tails() const {
            for (int64_t slot = 0; slot < Cell::GATES; slot++) {
                const int64_t size = slice.filled(Cell::GATE_WIDTHS[slot]);
                for (int64_t i = 0; size < slice.width && i < rows; i++)
                    for (int64_t j = size; j < slice.width; j++)
                        gates[i * slice.gates_row() + slot * slice.width + j] = 0;
            }
        }
        Row row(int64_t i) const {
            Slice& s = slice;
            real* saved = s.saved_row(t, i);
            return {{s.call.widths, s.width}, s.own, gates + i * s.gates_row(), s.result(t, i),
                    s.given + i * Cell::GIVEN, s.result(t + 1, i), saved, saved + Cell::SAVED * s.width};
        }
        RowBackward row_backward(int64_t i) const {
            Slice& s = slice;
            const int64_t results = i * Cell::RESULTS * s.width;
            const real* saved = s.saved_row(t, i);
            return {{s.call.widths, s.width}, s.own, s.result(t, i), s.result(t + 1, i), saved,
                    saved + Cell::SAVED * s.width, s.given + i * Cell::GIVEN, s.sums_own,
                    gates + i * s.gates_row(), s.d_given + i * Cell::GIVEN * s.width, s.d_before + results, s.d_after + results, s.d_saved + i * Cell::SAVED * s.width};
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
            pack_columns(W, slot * width, weights(Cell::INPUT_BLOCKS[slot]), call.inputs, Cell::GATE_WIDTHS[slot]);
        for (int p = 0; p < Cell::PRODUCT_COUNT; p++)
            for (int g = 0; g < Cell::PRODUCTS[p].count; g++)
                pack_columns(U[p], g * width, recurrent(p, g), columns(p), rows_of(p));
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
            pack_rows(W, slot * width, weights(Cell::INPUT_BLOCKS[slot]), call.inputs, Cell::GATE_WIDTHS[slot]);
        for (int p = 0; p < Cell::PRODUCT_COUNT; p++)
            for (int g = 0; g < Cell::PRODUCTS[p].count; g++)
                pack_rows(U[p], g * width, recurrent(p, g), columns(p), rows_of(p));
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
    const real* weights(int64_t block) const { return call.W + input_row(block) * call.inputs; }
    const real* recurrent(int p, int g) const {
        return call.U + recurrent_start(Cell::RECURRENT_BLOCKS[Cell::PRODUCTS[p].blocks + g]);
    }

    // ---- sizes

    int64_t size(int number) const { return call.widths[number]; }
    // How much of its slot a value fills.
    int64_t filled(int number) const { return number ? size(number) : width; }
    int64_t total(const int* widths, int64_t count) const {
        int64_t sum = 0;
        for (int64_t k = 0; k < count; k++) sum += size(widths[k]);
        return sum;
    }
    int64_t input_row(int64_t block) const { return total(Cell::INPUT_WIDTHS, block); }
    int64_t recurrent_start(int64_t block) const {
        int64_t sum = 0;
        for (int64_t k = 0; k < block; k++) sum += size(Cell::BLOCK_ROWS[k]) * size(Cell::BLOCK_COLUMNS[k]);
        return sum;
    }
    int rows_of(int p) const { return Cell::BLOCK_ROWS[Cell::RECURRENT_BLOCKS[Cell::PRODUCTS[p].blocks]]; }
    int64_t columns(int p) const {
        return size(Cell::BLOCK_COLUMNS[Cell::RECURRENT_BLOCKS[Cell::PRODUCTS[p].blocks]]);
    }

    // A slot from numbers that stand closely.
    void spread(real* slot, const real* from, int number) const {
        const int64_t count = number ? size(number) : 0;
        memcpy(slot, from, count * sizeof(real));
        for (int64_t j = count; j < width; j++) slot[j] = number ? 0 : from[0];
    }
    // The gradient of such numbers from their slot's.
    void gather(real* to, const real* slot, int number) const {
        if (number) {
            memcpy(to, slot, size(number) * sizeof(real));
            return;
        }
        to[0] = 0;
        for (int64_t j = 0; j < width; j++) to[0] += slot[j];
    }
    // A gate's matrix [rows, depth] as columns of B, or as rows: those past its own are 0, a number's all the same.
    void pack_columns(Packed to, int64_t n, const real* from, int64_t depth, int number) const {
        pack_transposed(to, n, from, number ? depth : 0, filled(number), width);
    }
    void pack_rows(Packed to, int64_t k, const real* from, int64_t depth, int number) const {
        for (int64_t j = 0; j < width; j++)
            pack_row(to, k + j, from + (number ? j * depth : 0), j < filled(number) ? depth : 0);
    }
    // The gradient of that matrix, += from sums [width, row].
    void add_rows(real* to, const real* sums, int64_t row, int64_t depth, int number) const {
        for (int64_t j = 0; j < filled(number); j++)
            for (int64_t k = 0; k < depth; k++) to[(number ? j * depth : 0) + k] += sums[j * row + k];
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
        d_given = scratch.take<real>(call.rows * Cell::GIVEN * width);
        sums_W = scratch.take<real>(Cell::INPUTS * width * wide);
        sums_U = scratch.take<real>(Cell::RECURRENT * width * width);
        sums_b = scratch.take<real>(Cell::INPUTS * width);
        sums_own = scratch.take<real>(Cell::OWN * width);
    }

    void plan_common(Scratch& scratch, int64_t rows, int64_t W_depth, int64_t W_columns, bool backward) {
        counts = scratch.take<int64_t>(call.steps);
        own = scratch.take<real>(Cell::OWN * width);
        copies = scratch.take<real>(call.rows * Cell::GIVEN * width);
        given = scratch.take<const real*>(call.rows * Cell::GIVEN);
        gates = scratch.take<real>(rows * gates_row());
        W = {scratch.take<real>(W_depth * W_columns), W_depth, W_columns};
        for (int p = 0; p < Cell::PRODUCT_COUNT; p++) {
            const int64_t all_gates = Cell::PRODUCTS[p].count * width;
            const int64_t depth = backward ? all_gates : columns(p), wide = backward ? width : all_gates;
            U[p] = {scratch.take<real>(depth * wide), depth, wide};
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
            spread(own + k * width, call.own + total(Cell::OWN_WIDTHS, k), Cell::OWN_WIDTHS[k]);
    }

    // ---- forwards

    void copy_start() {
        const int64_t all = total(Cell::RESULT_WIDTHS, Cell::STATES);
        for (int64_t k = 0; k < Cell::STATES; k++) {
            const int64_t first = total(Cell::RESULT_WIDTHS, k);
            for (int64_t i = 0; i < call.rows; i++) {
                if (call.start)
                    spread(result(0, i) + k * width, call.start + row_number(i) * all + first, Cell::RESULT_WIDTHS[k]);
                else
                    memset(result(0, i) + k * width, 0, width * sizeof(real));
            }
        }
        for (int slot = 0; slot < Cell::INPUTS; slot++)
            spread(sums_b + slot * width, call.b + input_row(Cell::INPUT_BLOCKS[slot]), Cell::GATE_WIDTHS[slot]);
    }

    void place_given(int64_t t) {
        for (int64_t k = 0; k < Cell::GIVEN; k++) {
            const Given& one = call.given[k];
            const int number = Cell::GIVEN_WIDTHS[k];
            for (int64_t i = 0; i < counts[t]; i++) {
                const real* from = one.values + row_number(i) * one.row + t * one.step;
                real* copy = copies + (i * Cell::GIVEN + k) * width;
                const bool fills = number && size(number) == width;
                if (!fills) spread(copy, from, number);
                given[i * Cell::GIVEN + k] = fills ? from : copy;
            }
        }
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
        for (real* location = gates; t < end; location += counts[t] * gates_row(), t++) {
            place_given(t);
            Cell::forward(Step{*this, t, counts[t], location});
        }
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
            place_given(t);
            const Step step{*this, t, counts[t], gates + rows * gates_row()};
            if (Cell::GIVEN && given_wanted()) {
                Cell::template backward<Cell::GIVEN != 0>(step);
                copy_given_gradient(t);
            } else {
                Cell::template backward<false>(step);
            }
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
        const int64_t all = total(Cell::RESULT_WIDTHS, Cell::STATES);
        for (int64_t k = 0; k < Cell::RESULTS; k++) {
            const int64_t first = total(Cell::RESULT_WIDTHS, k), count = size(Cell::RESULT_WIDTHS[k]);
            const bool is_given = call.d_final && k < Cell::STATES;
            for (int64_t i = running; i < counts[t]; i++)
                for (int64_t j = 0; j < width; j++)
                    d_after[(i * Cell::RESULTS + k) * width + j] =
                        is_given && j < count ? call.d_final[row_number(i) * all + first + j] : 0;
        }
        const int64_t outputs = size(Cell::RESULT_WIDTHS[Cell::OUTPUT]);
        for (int64_t i = 0; call.d_outputs && i < counts[t]; i++) {
            const real* from = call.d_outputs + row_number(i) * call.d_row + t * call.d_step;
            real* to = d_after + (i * Cell::RESULTS + Cell::OUTPUT) * width;
            for (int64_t j = 0; j < outputs; j++) to[j] += from[j];
        }
    }

    bool given_wanted() const {
        for (int64_t k = 0; k < Cell::GIVEN; k++)
            if (call.given[k].gradient) return true;
        return false;
    }

    void copy_given_gradient(int64_t t) {
        for (int64_t k = 0; k < Cell::GIVEN; k++)
            for (int64_t i = 0; call.given[k].gradient && i < counts[t]; i++)
                gather(call.given[k].gradient + (row_number(i) * call.steps + t) * size(Cell::GIVEN_WIDTHS[k]),
                       d_given + (i * Cell::GIVEN + k) * width, Cell::GIVEN_WIDTHS[k]);
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
            for (int64_t i = 0; i < counts[t]; i++, k++) pack_row(packed, k, vector(product, t, i), columns(p));
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
        const int64_t I = call.inputs, wide = round_up(I, LANES), rows = total(Cell::INPUT_WIDTHS, Cell::INPUTS);
        real* to_U = call.d_weights + rows * I;
        real* to_b = to_U + recurrent_start(Cell::BLOCKS);
        real* to_own = to_b + rows;
        memset(call.d_weights, 0, (to_b - call.d_weights) * sizeof(real));
        for (int64_t slot = 0; slot < Cell::INPUTS; slot++) {
            const int64_t row = input_row(Cell::INPUT_BLOCKS[slot]);
            add_rows(call.d_weights + row * I, sums_W + slot * width * wide, wide, I, Cell::GATE_WIDTHS[slot]);
            gather(to_b + row, sums_b + slot * width, Cell::GATE_WIDTHS[slot]);
        }
        for (int p = 0; p < Cell::PRODUCT_COUNT; p++)
            for (int g = 0; g < Cell::PRODUCTS[p].count; g++) {
                const int64_t number = Cell::PRODUCTS[p].blocks + g;
                add_rows(to_U + recurrent_start(Cell::RECURRENT_BLOCKS[number]), sums_U + number * width * width, width,
                         columns(p), rows_of(p));
            }
        for (int64_t k = 0; k < Cell::OWN; k++)
            gather(to_own + total(Cell::OWN_WIDTHS, k), sums_own + k * width, Cell::OWN_WIDTHS[k]);
        const int64_t all = total(Cell::RESULT_WIDTHS, Cell::STATES);
        for (int64_t i = 0; call.d_start && i < call.rows; i++)
            for (int64_t k = 0; k < Cell::STATES; k++)
                gather(call.d_start + row_number(i) * all + total(Cell::RESULT_WIDTHS, k),
                       d_after + (i * Cell::RESULTS + k) * width, Cell::RESULT_WIDTHS[k]);
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
