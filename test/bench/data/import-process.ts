/** Imports a file (or previews it, or imports it again) in a process of its own, whose memory is the figure. */
import { importFile, previewImport } from "../../../src/exchange/import/index.js";
import { createGrader } from "../../../src/grading/index.js";
import { openPool } from "../../../src/pool/pool.js";

async function main([what = "", file = "", folder = ""]: string[]): Promise<void> {
  const pool = await openPool(folder);
  const grader = createGrader();
  const begun = performance.now();
  const { attempts } =
    what === "preview" ? await previewImport(file, { pool }) : await importFile(pool, file, { grader });
  const seconds = (performance.now() - begun) / 1000;
  await grader.dispose();
  await pool.close();
  // In kB on Linux.
  const peakMb = process.resourceUsage().maxRSS / 1024;
  console.log(JSON.stringify({ attempts, seconds, peakMb }));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
