// `npm run experiments [-- E1 E6 …] [--seeds N] [--workers N] [--report]`: see experiments/__main__.py.
import { delimiter, join } from "node:path";
import { ensureBuild, ensureNodePackages, ensurePython, PYTHON, root, run } from "./setup.mjs";

await ensureNodePackages();
await ensureBuild();
await ensurePython();
const env = {
  ...process.env,
  PYTHONPATH: [join(root, "trainer"), root].join(delimiter),
  OMP_NUM_THREADS: "1",
  HF_HUB_OFFLINE: "1",
  TRL_EXPERIMENTAL_SILENCE: "1",
};
await run(PYTHON, ["-m", "experiments", ...process.argv.slice(2)], { env });
