// TypeScript types from schemas/recipe.schema.json. `--check` writes nothing and fails when they are not current.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "json-schema-to-typescript";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(root, "src/protocol/generated/recipe.ts");

/** The generated file's text. */
export async function recipeTypes() {
  const schema = JSON.parse(readFileSync(join(root, "schemas/recipe.schema.json"), "utf8"));
  return compile(schema, "Recipe", {
    bannerComment:
      "/** Generated from schemas/recipe.schema.json by scripts/generate-types.mjs: do not edit. */",
    additionalProperties: false,
    style: { printWidth: 110, singleQuote: false },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await recipeTypes();
  if (process.argv.includes("--check")) {
    if (readFileSync(target, "utf8") !== text) {
      console.error("src/protocol/generated/recipe.ts is not current: run node scripts/generate-types.mjs");
      process.exitCode = 1;
    }
  } else {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}
