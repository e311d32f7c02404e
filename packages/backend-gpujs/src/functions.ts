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

/** GL gives numbers for NaN here, and for what lies outside of a function's domain. NaN and ∞ are handed in: compilers fold 0 / 0 to 0. */
const fexp = `function fexp(x) {
  if (!(x === x)) { return x; }
  return Math.exp(x);
}`

const flog = `function flog(x, nan, infinity) {
  if (!(x === x)) { return x; }
  if (x < 0.0) { return nan; }
  if (x === 0.0) { return -infinity; }
  return Math.log(x);
}`

const fsqrt = `function fsqrt(x, nan) {
  if (!(x === x)) { return x; }
  if (x < 0.0) { return nan; }
  return Math.sqrt(x);
}`

/**
 * sin(x + quarters · π/2): GL's own are off by up to 2e-4. x = k · π/2 + r, with π/2 in three parts so that k times each is exact, and then
 * the polynomials of Cephes' sinf.c for |r| ≤ π/4.
 */
const fsin = `function fsin(x, quarters) {
  const k = Math.floor(x * 0.6366197723675814 + 0.5);
  const r = ((x - k * 1.5703125) - k * 0.0004837512969970703) - k * 0.00000007549789948768648;
  const z = r * r;
  const q = k + quarters;
  const quadrant = q - 4.0 * Math.floor(q / 4.0);
  const s = r + r * z * (-0.16666654611 + z * (0.0083321608736 - z * 0.00019515295891));
  const c = 1.0 - 0.5 * z + z * z * (0.04166664568298827 + z * (-0.001388731625493765 + z * 0.00002443315711809948));
  if (quadrant < 0.5) { return s; }
  if (quadrant < 1.5) { return c; }
  if (quadrant < 2.5) { return -s; }
  return -c;
}`

/** eˣ − 1 = (u − 1) · x / log u with u = eˣ: the errors of u − 1 and log u cancel (Kahan). */
const fexpm1 = `function fexpm1(x) {
  if (!(x === x)) { return x; }
  if (x > 20.0 || x < -20.0) { return Math.exp(x) - 1.0; }
  if (Math.abs(x) < 0.02) { return x * (1.0 + x * (0.5 + x * (0.16666667 + x * 0.041666668))); }
  const u = Math.exp(x);
  if (u === 1.0) { return x; }
  return (u - 1.0) * x / Math.log(u);
}`

/** log(1 + x) = log(u) · x / (u − 1) with u = 1 + x (Kahan). */
const flog1p = `function flog1p(x, nan, infinity) {
  const u = 1.0 + x;
  if (u === 1.0) { return x; }
  if (!(x === x)) { return x; }
  if (u < 0.0) { return nan; }
  if (u === 0.0) { return -infinity; }
  if (x > 1000.0) { return Math.log(u); }
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
const fpow = `function fpow(x, y, nan) {
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
    if (!(whole === y) && x > -3.4e38) { return nan; }
    const p = Math.pow(-x, y);
    if (!(whole === y)) { return p; }
    return whole - 2.0 * Math.floor(whole / 2.0) === 0.0 ? p : -p;
  }
  return Math.pow(x, y);
}`

// biome-ignore format: a list
export type FunctionName =
  | 'idiv' | 'imod' | 'fmax' | 'fmin' | 'fsign' | 'halfToEven' | 'fexp' | 'flog' | 'fsqrt' | 'fsin' | 'fexpm1' | 'flog1p' | 'ftanh' | 'ferf'
  | 'fpow'

export const functions: Readonly<Record<FunctionName, string>> = {
  idiv,
  imod,
  fmax,
  fmin,
  fsign,
  halfToEven,
  fexp,
  flog,
  fsqrt,
  fsin,
  fexpm1,
  flog1p,
  ftanh,
  ferf,
  fpow,
}
