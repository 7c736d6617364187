import type { OnnxValue, Tensor } from "onnxruntime-node";
import type { Runtime } from "../backend/runtime.js";

/** A tensor's elements: float32, or float16 as its 16 bits. */
export type CacheArray = Float32Array | Uint16Array;
export type CacheType = "float32" | "float16";

/**
 * A tensor over an array. Where JavaScript has Float16Array (Node 24), onnxruntime-node 1.30 turns the 16 bits into one,
 * and its native side then finds no bytes in it: it is given what it was made for.
 */
export function tensorOf(
  runtime: Runtime,
  type: CacheType,
  data: CacheArray,
  dims: readonly number[],
): Tensor {
  const tensor = new runtime.Tensor(type, data, dims);
  if (tensor.data !== data) Object.defineProperty(tensor, "data", { value: data });
  return tensor;
}

/** float16 arrives as its 16 bits, or as Float16Array where the runtime has one. */
export function elementsOf(value: OnnxValue | undefined): CacheArray {
  const data = (value as Tensor | undefined)?.data;
  if (data instanceof Float32Array || data instanceof Uint16Array) return data;
  if (ArrayBuffer.isView(data) && data.byteLength === 2 * (data as unknown as ArrayLike<number>).length)
    return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  throw new Error("A tensor of the model is neither float32 nor float16");
}

/** The value of each of the 65,536 half-precision numbers. */
let table: Float32Array | undefined;

function makeTable(): Float32Array {
  const values = new Float32Array(1 << 16);
  for (let bits = 0; bits < values.length; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const size =
      exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : exponent === 0
          ? fraction * 2 ** -24
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    values[bits] = bits >> 15 ? -size : size;
  }
  return values;
}

/** The numbers of float32 elements as they are, of float16 ones written to `into`. */
export function floatsFrom(elements: CacheArray, into?: Float32Array): Float32Array {
  if (elements instanceof Float32Array) return elements;
  table ??= makeTable();
  const floats = into ?? new Float32Array(elements.length);
  for (let i = 0; i < elements.length; i++) floats[i] = table[elements[i] as number] as number;
  return floats;
}
