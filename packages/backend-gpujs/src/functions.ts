/**
 * Functions that kernels call, as text for gpu.js: what JavaScript's Math lacks, and what gpu.js or GL get wrong. A kernel is
 * given the ones that it uses. In them NaN is what differs from itself, since gpu.js knows no isNaN.
 */

/** Whole-number division towards −∞, 0 for a divisor of 0; put right afterwards, because GL's division may be an ulp off. */
const idiv = `function idiv(a, b) {
  if (b === 0.0) { return 0.0; }
  const q = Math.floor(a / b);
  const r = a - q * b;
  if (r * b < 0.0) { return q - 1.0; }
  if (Math.abs(r) >= Math.abs(b)) { return q + 1.0; }
  return q;
}`

const imod = `function imod(a, b) {
  if (b === 0.0) { return 0.0; }
  const q = Math.floor(a / b);
  const r = a - q * b;
  if (r * b < 0.0) { return r + b; }
  if (Math.abs(r) >= Math.abs(b)) { return r - b; }
  return r;
}`

const fmax = `function fmax(a, b) {
  if (!(a === a)) { return a; }
  if (!(b === b)) { return b; }
  return a > b ? a : b;
}`

const fmin = `function fmin(a, b) {
  if (!(a === a)) { return a; }
  if (!(b === b)) { return b; }
  return a < b ? a : b;
}`

const fsign = `function fsign(x) {
  if (x > 0.0) { return 1.0; }
  if (x < 0.0) { return -1.0; }
  return x;
}`

/** Halves to the even neighbour. */
const halfToEven = `function halfToEven(x) {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest < 0.5) { return down; }
  if (rest > 0.5) { return down + 1.0; }
  return down - 2.0 * Math.floor(down / 2.0) === 0.0 ? down : down + 1.0;
}`

/** eˣ − 1 = (u − 1) · x / log u with u = eˣ: the errors of u − 1 and log u cancel (Kahan). */
const fexpm1 = `function fexpm1(x) {
  if (x > 20.0 || x < -20.0) { return Math.exp(x) - 1.0; }
  if (Math.abs(x) < 0.02) { return x * (1.0 + x * (0.5 + x * (0.16666667 + x * 0.041666668))); }
  const u = Math.exp(x);
  if (u === 1.0) { return x; }
  return (u - 1.0) * x / Math.log(u);
}`

/** log(1 + x) = log(u) · x / (u − 1) with u = 1 + x (Kahan). */
const flog1p = `function flog1p(x) {
  const u = 1.0 + x;
  if (u === 1.0) { return x; }
  if (Math.abs(x) > 1000.0) { return Math.log(u); }
  if (u === 0.0) { return Math.log(u); }
  return Math.log(u) * x / (u - 1.0);
}`

/** GL computes tanh from e^2x, which overflows. */
const ftanh = `function ftanh(x) {
  if (!(x === x)) { return x; }
  if (x > 15.0) { return 1.0; }
  if (x < -15.0) { return -1.0; }
  return Math.tanh(x);
}`

/**
 * Near 0 the series of all-positive terms x · 2/√π · e^(−x²) · Σ (2x²)ⁿ / (2n+1)!! (Abramowitz & Stegun 7.1.6), further out the rational
 * approximation 7.1.26, which is off by at most 1.5e-7.
 */
const ferf = `function ferf(x) {
  if (!(x === x)) { return x; }
  const size = Math.abs(x);
  if (size > 4.0) { return x > 0.0 ? 1.0 : -1.0; }
  if (size < 1.0) {
    const y = 2.0 * x * x;
    let term = 1.0;
    let sum = 1.0;
    for (let n = 1; n < 14; n++) {
      term = term * y / (2.0 * n + 1.0);
      sum = sum + term;
    }
    return 1.1283791670955126 * x * Math.exp(-x * x) * sum;
  }
  const t = 1.0 / (1.0 + 0.3275911 * size);
  const p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const y1 = 1.0 - p * Math.exp(-x * x);
  return x > 0.0 ? y1 : -y1;
}`

/** C's pow: 1 to any power is 1, and so is (−1)^±∞. GL knows no negative base. */
const fpow = `function fpow(x, y) {
  if (y === 0.0) { return 1.0; }
  if (x === 1.0) { return 1.0; }
  if (!(x === x)) { return x; }
  if (!(y === y)) { return y; }
  if (y === 1.0) { return x; }
  if (y === 2.0) { return x * x; }
  if (x < 0.0) {
    if (Math.abs(y) > 16777216.0) {
      if (x === -1.0) { return 1.0; }
      return Math.pow(-x, y);
    }
    const whole = Math.floor(y);
    if (!(whole === y) && x > -3.4e38) { return (x - x) / (x - x); }
    const p = Math.pow(-x, y);
    if (!(whole === y)) { return p; }
    return whole - 2.0 * Math.floor(whole / 2.0) === 0.0 ? p : -p;
  }
  return Math.pow(x, y);
}`

// biome-ignore format: a list
export type FunctionName =
  | 'idiv' | 'imod' | 'fmax' | 'fmin' | 'fsign' | 'halfToEven' | 'fexpm1' | 'flog1p' | 'ftanh' | 'ferf' | 'fpow'

export const functions: Readonly<Record<FunctionName, string>> = {
  idiv,
  imod,
  fmax,
  fmin,
  fsign,
  halfToEven,
  fexpm1,
  flog1p,
  ftanh,
  ferf,
  fpow,
}
