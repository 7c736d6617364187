import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/e2e/**/*.test.ts"],
    // The steps of a story: each stands on the one before, so the first failure ends it.
    fileParallelism: false,
    sequence: { concurrent: false },
    bail: 1,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
