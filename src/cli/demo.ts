import type { Context } from "./context.js";
export async function demo(_args: readonly string[], _context: Context): Promise<void> {}
