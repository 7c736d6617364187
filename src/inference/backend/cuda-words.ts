/** Why an accelerator does not run, for people, and how to mend it. */
export interface Trouble {
  why: string;
  mend: string;
}

const DRIVER_580 = "CUDA 13 needs NVIDIA's driver 580 or newer, CUDA 12 needs 525 or newer";

/**
 * What the loader, ONNX Runtime and CUDA itself say, and what it means. The texts are those of `cudaGetErrorString`
 * (CUDA runtime API, error handling), of glibc's loader, and of ONNX Runtime 1.30's provider bridge.
 */
const TROUBLES: readonly [pattern: RegExp, why: string, mend: string][] = [
  [
    /libcuda\.so\.1: cannot open|Unable to dlopen libcuda/,
    "there is no NVIDIA driver here (libcuda.so.1 is missing)",
    "Install NVIDIA's driver for the GPU; in a container, start it with the GPU (`--gpus all`). Without an NVIDIA GPU there is nothing to mend: the CPU is used.",
  ],
  [
    /driver version is insufficient|cudaErrorInsufficientDriver|CUDA failure 35\b/i,
    "the NVIDIA driver is too old for this version of CUDA",
    `Install a newer driver: ${DRIVER_580}. \`nvidia-smi\` shows which is there.`,
  ],
  [
    /no CUDA-capable device|cudaErrorNoDevice|CUDA failure 100\b/i,
    "the driver is there, but it sees no NVIDIA GPU",
    "Is the GPU visible to this process? CUDA_VISIBLE_DEVICES may hide it; a container needs `--gpus all`.",
  ],
  [
    /no kernel image is available|cudaErrorNoKernelImageForDevice|CUDA failure 209\b/i,
    "this GPU is too old for the CUDA provider",
    "CUDA 13 runs on Turing (GTX 16, RTX 20, T4) and newer. The CPU is used.",
  ],
  [
    /PTX was compiled with an unsupported toolchain|CUDA failure 222\b/i,
    "the NVIDIA driver is too old for the code in the CUDA provider",
    `Install a newer driver: ${DRIVER_580}.`,
  ],
  [
    /unsupported display driver \/ cuda driver combination|forward compatibility was attempted|CUDA failure 80[34]\b/i,
    "the parts of the NVIDIA driver do not fit together",
    "Restart the machine after the driver was changed; in a container, the host's driver and libcuda.so.1 must be of one version.",
  ],
  [
    /busy or unavailable|CUDA failure 46\b/i,
    "the GPU is taken by another process alone",
    "Wait for it, or set the GPU's compute mode to default (`nvidia-smi -c 0`).",
  ],
  [
    /cuDNN library was not found|libcudnn\S*: cannot open|CUDNN_STATUS_NOT_INITIALIZED/,
    "cuDNN is missing (libcudnn.so.9)",
    "Install it into the Python environment, then run the set-up again: pip install nvidia-cudnn-cu13",
  ],
  [
    /out of memory|CUDA failure 2\b|Failed to allocate memory/i,
    "the GPU has too little free memory for this model",
    "End what else uses it (`nvidia-smi` lists it), or use a smaller or quantised model.",
  ],
];

const MISSING = /(lib[\w+-]+\.so[.\d]*): cannot open shared object file/;
const VERSION = /version [`'](\S+)' not found \(required by (\S+?)\)/;

/** Undefined where the text says nothing that is known. */
export function explainCuda(text: string): Trouble | undefined {
  const known = TROUBLES.find(([pattern]) => pattern.test(text));
  if (known) return { why: known[1], mend: known[2] };
  const missing = MISSING.exec(text)?.[1];
  if (missing?.startsWith("libonnxruntime_providers"))
    return {
      why: "its library is not installed",
      mend: "`errata setup --cuda` (in VS Code: “Errata: Set Up CUDA”) brings it.",
    };
  if (missing === "libvulkan.so.1")
    return {
      why: "there is no Vulkan here (libvulkan.so.1 is missing)",
      mend: "Install the GPU's driver and the Vulkan loader, on Debian and Ubuntu: apt-get install libvulkan1",
    };
  if (missing && !/^lib(cu|nv)/.test(missing))
    return { why: `a library is missing (${missing})`, mend: "Install the system's package that holds it." };
  if (missing)
    return {
      why: `a library of CUDA is missing (${missing})`,
      mend: "`errata setup --cuda` says which package holds it.",
    };
  const version = VERSION.exec(text);
  if (version)
    return {
      why: `this system is too old for the CUDA provider: it has no ${version[1]}`,
      mend: "It needs a Linux with glibc 2.28 and its C++ library, or newer.",
    };
  return undefined;
}
