/**
 * What it looks like when memory ran out: ONNX Runtime's arenas and CUDA (bfc_arena.cc, cudaErrorMemoryAllocation,
 * cuBLAS), the C++ library, V8's buffers and heap, and the kernel's own word.
 */
const SIGNS = [
  /bad_alloc/,
  /Failed to allocate memory/i,
  /Available memory of \d+ is smaller than requested/,
  /out of memory/i,
  /CUBLAS_STATUS_ALLOC_FAILED/,
  /(array buffer|ArrayBuffer) allocation failed/i,
  /Invalid typed array length/,
  /JavaScript heap out of memory|Reached heap limit|Zone Allocation failed/,
  /Cannot allocate memory/,
];

/** Does a message, or a process's last words, say that memory ran out? */
export function outOfMemory(text: string): boolean {
  return SIGNS.some((sign) => sign.test(text));
}
