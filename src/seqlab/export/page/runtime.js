// The operators of ONNX that a network is written in, on tensors { shape, data } whose data are a typed array:
// Float32Array for float, Float64Array for double and whole numbers, Uint8Array for true and false.
// Sums are taken in double precision.

const count = (shape) => shape.reduce((product, size) => product * size, 1);
const tensor = (shape, data) => ({ shape, data });
const whole = (numbers) => tensor([numbers.length], Float64Array.from(numbers));
const listed = (values) => (values ? Array.from(values.data) : null);
const axisOf = (axis, shape) => (axis < 0 ? axis + shape.length : axis);

/** Sizes before, at and behind an axis. */
function around(shape, axis) {
  const at = axisOf(axis, shape);
  return [count(shape.slice(0, at)), shape[at], count(shape.slice(at + 1))];
}

function broadcastShape(shapes) {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1).filter((size) => size !== 1);
    if (sizes.some((size) => size !== sizes[0])) throw new Error("shapes do not match");
    return sizes[0] ?? 1;
  });
}

/** A function from a place in a broadcast result to the place in what is broadcast. */
function placeIn(shape, result) {
  const size = count(shape);
  if (size === 1) return () => 0;
  const own = shape.slice(shape.findIndex((one) => one !== 1));
  if (own.every((one, axis) => one === result[result.length - own.length + axis])) return (place) => place % size;
  const steps = [];
  for (let axis = result.length - 1, step = 1; axis >= 0; axis--) {
    const one = shape[axis - result.length + shape.length] ?? 1;
    steps[axis] = one === 1 ? 0 : step;
    step *= one;
  }
  return (place) => {
    let found = 0;
    for (let axis = result.length - 1; axis >= 0; axis--) {
      found += (place % result[axis]) * steps[axis];
      place = Math.floor(place / result[axis]);
    }
    return found;
  };
}

function elementwise(Numbers, f, ...inputs) {
  const shape = broadcastShape(inputs.map((one) => one.shape));
  const data = new (Numbers ?? inputs.at(-1).data.constructor)(count(shape));
  const [x, y, z] = inputs.map((one) => one.data);
  if (inputs.every((one) => one.data.length === data.length)) {
    for (let i = 0; i < data.length; i++) data[i] = f(x[i], y && y[i], z && z[i]);
    return tensor(shape, data);
  }
  const [a, b, c] = inputs.map((one) => placeIn(one.shape, shape));
  for (let i = 0; i < data.length; i++) data[i] = f(x[a(i)], y && y[b(i)], z && z[c(i)]);
  return tensor(shape, data);
}

const of = (f) => (...inputs) => elementwise(null, f, ...inputs);
const test = (f) => (...inputs) => elementwise(Uint8Array, f, ...inputs);

/** The error function as a series of positive terms. */
function erf(x) {
  const size = Math.abs(x);
  if (!(size < 6)) return Number.isNaN(x) ? x : Math.sign(x);
  let [sum, term] = [size, size];
  for (let n = 1; term > 1e-17 * sum; n++) sum += term *= (2 * size * size) / (2 * n + 1);
  return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-size * size) * sum;
}

/** Apply a function to each row along an axis; it returns a row, or one number. */
function rows(x, axis, f, width) {
  const [outer, size, inner] = around(x.shape, axis);
  const data = new x.data.constructor(outer * inner * (width ?? size));
  const row = new Float64Array(size);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      for (let k = 0; k < size; k++) row[k] = x.data[(o * size + k) * inner + i];
      f(row).forEach((value, k) => (data[(o * (width ?? size) + k) * inner + i] = value));
    }
  return data;
}

/** Reduce axes, the last first, with a function from a row to a number. */
function reduce(x, rest, f) {
  const { keepdims = 1 } = rest.pop();
  const [axes] = rest;
  const all = (listed(axes) ?? [...x.shape.keys()]).map((axis) => axisOf(axis, x.shape));
  for (const axis of all.sort((a, b) => b - a)) {
    const data = rows(x, axis, (row) => [f(row)], 1);
    x = tensor(x.shape.toSpliced(axis, 1, ...(keepdims ? [1] : [])), data);
  }
  return x;
}

/** Build a tensor by telling for every place in it, as coordinates, a place in x or a value. */
function gathered(shape, Numbers, value) {
  const data = new Numbers(count(shape));
  const at = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = value(at);
    for (let axis = shape.length - 1; axis >= 0 && ++at[axis] === shape[axis]; axis--) at[axis] = 0;
  }
  return tensor(shape, data);
}

const flat = (at, shape) => at.reduce((place, one, axis) => place * shape[axis] + one, 0);
const alike = (x, shape, from) => gathered(shape, x.data.constructor, (at) => x.data[flat(from(at), x.shape)]);

/** The part of a tensor between two places of an axis. */
function cut(x, axis, from, to) {
  const [outer, size, inner] = around(x.shape, axis);
  const run = (to - from) * inner;
  const data = new x.data.constructor(outer * run);
  for (let o = 0; o < outer; o++) {
    const first = (o * size + from) * inner;
    data.set(x.data.subarray(first, first + run), o * run);
  }
  return tensor(x.shape.with(axisOf(axis, x.shape), to - from), data);
}

const sum = (row) => row.reduce((total, value) => total + value, 0);
/** Tensors of their types, shapes and base64. */
function unpacked(constants) {
  const kinds = { "<f4": Float32Array, "<f8": Float64Array, u1: Uint8Array };
  const tensorOf = ([kind, shape, text]) => tensor(shape, new kinds[kind](Uint8Array.from(atob(text), (one) => one.charCodeAt(0)).buffer));
  return Object.fromEntries(Object.entries(constants).map(([name, one]) => [name, tensorOf(one)]));
}

const TYPES = { 1: Float32Array, 7: Float64Array, 9: Uint8Array, 11: Float64Array };

const op = {
  Add: of((x, y) => x + y),
  Sub: of((x, y) => x - y),
  Mul: of((x, y) => x * y),
  Div: of((x, y) => x / y),
  Pow: of((x, y) => x ** y),
  Max: of((x, y) => (y === undefined ? x : Math.max(x, y))),
  Min: of((x, y) => (y === undefined ? x : Math.min(x, y))),
  Mod: (x, y) => elementwise(null, (one, other) => one % other, x, y), // with fmod=1, the sign of x
  Neg: of((x) => -x),
  Abs: of(Math.abs),
  Sign: of(Math.sign),
  Floor: of(Math.floor),
  Exp: of(Math.exp),
  Log: of(Math.log),
  Sqrt: of(Math.sqrt),
  Reciprocal: of((x) => 1 / x),
  Sin: of(Math.sin),
  Cos: of(Math.cos),
  Atan: of(Math.atan),
  Erf: of(erf),
  Tanh: of(Math.tanh),
  Sigmoid: of((x) => 1 / (1 + Math.exp(-x))),
  Softplus: of((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  Relu: of((x) => (x < 0 ? 0 : x)),
  Identity: (x) => x,
  Where: (mask, x, y) => elementwise(null, (is, one, other) => (is ? one : other), mask, x, y),

  Equal: test((x, y) => x === y),
  Greater: test((x, y) => x > y),
  GreaterOrEqual: test((x, y) => x >= y),
  Less: test((x, y) => x < y),
  LessOrEqual: test((x, y) => x <= y),
  And: test((x, y) => x & y),
  Or: test((x, y) => x | y),
  Xor: test((x, y) => x ^ y),
  Not: test((x) => !x),

  Cast: (x, { to }) => tensor(x.shape, to === 9 ? Uint8Array.from(x.data, Boolean) : TYPES[to].from(x.data)),
  Shape: (x, { start = 0, end } = {}) => whole(x.shape.slice(start, end)),
  Reshape(x, to) {
    const shape = listed(to).map((size, axis) => (size === 0 ? x.shape[axis] : size));
    const known = shape.reduce((product, size) => (size < 0 ? product : product * size), 1);
    return tensor(shape.map((size) => (size < 0 ? x.data.length / known : size)), x.data);
  },
  Squeeze(x, axes) {
    const gone = listed(axes)?.map((axis) => axisOf(axis, x.shape));
    return tensor(x.shape.filter((size, axis) => (gone ? !gone.includes(axis) : size !== 1)), x.data);
  },
  Unsqueeze(x, axes) {
    const rank = x.shape.length + axes.data.length;
    const shape = x.shape.slice();
    for (const axis of listed(axes).map((one) => (one < 0 ? one + rank : one)).sort((a, b) => a - b))
      shape.splice(axis, 0, 1);
    return tensor(shape, x.data);
  },
  Expand: (x, to) => elementwise(null, (value) => value, x, tensor(listed(to), x.data)),
  Transpose(x, { perm = x.shape.map((_, axis) => axis).reverse() } = {}) {
    const back = perm.map((_, axis) => perm.indexOf(axis));
    return alike(x, perm.map((axis) => x.shape[axis]), (at) => back.map((axis) => at[axis]));
  },
  Concat(...inputs) {
    const { axis } = inputs.pop();
    const [outer] = around(inputs[0].shape, axis);
    const runs = inputs.map((one) => one.data.length / outer);
    const data = new inputs[0].data.constructor(outer * sum(runs));
    for (let o = 0, place = 0; o < outer; o++)
      inputs.forEach((one, k) => {
        data.set(one.data.subarray(o * runs[k], (o + 1) * runs[k]), place);
        place += runs[k];
      });
    const sizes = inputs.map((one) => one.shape.at(axis));
    return tensor(inputs[0].shape.with(axis, sum(sizes)), data);
  },
  Split(x, ...rest) {
    const { axis = 0, num_outputs: parts } = rest.pop();
    const size = x.shape.at(axis);
    const sizes = listed(rest[0]) ?? Array(parts).fill(size / parts);
    let first = 0;
    return sizes.map((one) => cut(x, axis, first, (first += one)));
  },
  Slice(x, starts, ends, axes, steps) {
    if (listed(steps)?.some((step) => step !== 1)) throw new Error("Slice takes every element");
    (listed(axes) ?? [...starts.data.keys()]).forEach((axis, k) => {
      const size = x.shape.at(axis);
      const inside = (place) => Math.min(Math.max(place < 0 ? place + size : place, 0), size);
      const [from, to] = [inside(starts.data[k]), inside(ends.data[k])];
      x = cut(x, axis, from, Math.max(to, from));
    });
    return x;
  },
  Pad(x, pads, value) {
    const rank = x.shape.length;
    const shape = x.shape.map((size, axis) => size + pads.data[axis] + pads.data[axis + rank]);
    return gathered(shape, x.data.constructor, (at) => {
      const from = at.map((place, axis) => place - pads.data[axis]);
      const inside = from.every((place, axis) => place >= 0 && place < x.shape[axis]);
      return inside ? x.data[flat(from, x.shape)] : value?.data[0] ?? 0;
    });
  },
  Range(from, to, step) {
    const [a, b, c] = [from, to, step].map((one) => one.data[0]);
    return whole(Array.from({ length: Math.max(Math.ceil((b - a) / c), 0) }, (_, k) => a + k * c));
  },
  Gather(x, places, { axis = 0 } = {}) {
    const at = axisOf(axis, x.shape);
    const [outer, size, inner] = around(x.shape, at);
    const data = new x.data.constructor(outer * places.data.length * inner);
    for (let o = 0, put = 0; o < outer; o++)
      for (const place of places.data) {
        const first = (o * size + (place < 0 ? place + size : place)) * inner;
        data.set(x.data.subarray(first, first + inner), put);
        put += inner;
      }
    return tensor(x.shape.toSpliced(at, 1, ...places.shape), data);
  },
  GatherND(x, places, { batch_dims: batch = 0 } = {}) {
    const depth = places.shape.at(-1);
    const shape = [...places.shape.slice(0, -1), ...x.shape.slice(batch + depth)];
    const held = places.shape.length - 1;
    return alike(x, shape, (at) => {
      const first = flat(at.slice(0, held), places.shape) * depth;
      return [...at.slice(0, batch), ...places.data.subarray(first, first + depth), ...at.slice(held)];
    });
  },
  OneHot(x, depth, values, { axis = -1 } = {}) {
    if (axis !== -1) throw new Error("OneHot adds the last axis");
    const size = depth.data[0];
    const data = new values.data.constructor(x.data.length * size).fill(values.data[0]);
    x.data.forEach((place, k) => (data[k * size + place] = values.data[1]));
    return tensor([...x.shape, size], data);
  },
  LabelEncoder(x, { keys_int64s: keys, values_int64s: values, default_int64: unknown }) {
    const known = new Map(keys.map((key, k) => [key, values[k]]));
    return tensor(x.shape, x.data.map((key) => known.get(key) ?? unknown));
  },
  ReverseSequence(x, lengths, { batch_axis, time_axis }) {
    return alike(x, x.shape, (at) => {
      const [length, time] = [lengths.data[at[batch_axis]], at[time_axis]];
      return at.with(time_axis, time < length ? length - 1 - time : time);
    });
  },

  MatMul(a, b) {
    const [k, n] = b.shape.slice(-2);
    const each = a.shape.at(-2);
    const matrices = count(b.shape.slice(0, -2));
    const data = new a.data.constructor((a.data.length / k) * n);
    const total = new Float64Array(n);
    const [left, right] = [a.data, b.data];
    for (let row = 0; row * k < left.length; row++) {
      let place = matrices === 1 ? 0 : Math.floor(row / each) * k * n;
      total.fill(0);
      for (let i = 0; i < k; i++, place += n) {
        const x = left[row * k + i];
        if (x !== 0) for (let j = 0; j < n; j++) total[j] += x * right[place + j]; // most of a one-hot vector are 0
      }
      data.set(total, row * n);
    }
    return tensor([...a.shape.slice(0, -1), n], data);
  },
  Gemm(a, b, ...rest) {
    const { alpha = 1, beta = 1, transA = 0, transB = 0 } = rest.pop();
    const made = op.MatMul(transA ? op.Transpose(a, {}) : a, transB ? op.Transpose(b, {}) : b);
    return rest[0] ? elementwise(null, (x, y) => alpha * x + beta * y, made, rest[0]) : elementwise(null, (x) => alpha * x, made);
  },
  Softmax: (x, { axis = -1 } = {}) =>
    tensor(x.shape, rows(x, axis, (row) => {
      const largest = row.reduce((one, other) => Math.max(one, other), -Infinity);
      const powers = row.map((value) => Math.exp(value - largest));
      const total = sum(powers);
      return powers.map((power) => power / total);
    })),
  LayerNormalization(x, weight, ...rest) {
    const { epsilon = 1e-5 } = rest.pop();
    const standardized = tensor(x.shape, rows(x, -1, (row) => {
      const mean = sum(row) / row.length;
      const variance = sum(row.map((value) => (value - mean) ** 2)) / row.length;
      return row.map((value) => (value - mean) / Math.sqrt(variance + epsilon));
    }));
    const scaled = op.Mul(standardized, weight);
    return rest[0] ? op.Add(scaled, rest[0]) : scaled;
  },
  ReduceSum: (x, ...rest) => reduce(x, rest, sum),
  ReduceMean: (x, ...rest) => reduce(x, rest, (row) => sum(row) / row.length),
  ReduceMax: (x, ...rest) => reduce(x, rest, (row) => row.reduce((one, other) => Math.max(one, other))),

  /** One step after the other: states, then sequences [B, T, …]; `states` says how many come first. */
  Scan(...inputs) {
    const { body, states } = inputs.pop();
    const sequences = inputs.slice(states);
    const [batch, steps] = sequences[0].shape;
    const made = [];
    for (let time = 0, state = inputs.slice(0, states); time < steps; time++) {
      const now = sequences.map((one) => tensor(one.shape.toSpliced(1, 1), cut(one, 1, time, time + 1).data));
      made.push(body(...state, ...now));
      state = made[time].slice(0, states);
    }
    return made[0].map((one, k) => {
      if (k < states) return made[steps - 1][k];
      const shape = [batch, ...one.shape.slice(1)]; // of a value that is the same for all sequences too
      const each = made.map((step) => tensor(shape.toSpliced(1, 0, 1), op.Expand(step[k], whole(shape)).data));
      return op.Concat(...each, { axis: 1 });
    });
  },
};
