// Writes media/sandboxes.schema.json from src/profile/schema.ts, the one source of what a profile file may hold.
import { Buffer } from 'node:buffer';
import { writeFileSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import { build } from 'esbuild';
import { format, resolveConfig } from 'prettier';

const SOURCE = fileURLToPath(new URL('../src/profile/schema.ts', import.meta.url));
export const TARGET = fileURLToPath(new URL('../media/sandboxes.schema.json', import.meta.url));

/** The JSON schema as the committed file should have it. */
export async function schemaText() {
  const { profileFileSchema } = await bundled(SOURCE);
  // Only what VS Code cannot check is left out; the extension checks it when the file is read.
  const schema = toJsonSchema(profileFileSchema, { typeMode: 'output', ignoreActions: ['check'] });
  return format(JSON.stringify(schema, withoutRepetition), { ...(await resolveConfig(TARGET)), filepath: TARGET });
}

/**
 * VS Code says of a wrong value what each keyword says: one of two that say the same is enough.
 * @param {string} _
 * @param {unknown} value
 * @returns {unknown}
 */
function withoutRepetition(_, value) {
  if (typeof value !== 'object' || value === null || !('type' in value)) return value;
  const wider = 'enum' in value ? 'type' : 'anyOf';
  return Object.fromEntries(Object.entries(value).filter(([keyword]) => keyword !== wider));
}

/** @param {string} file @returns {Promise<typeof import('../src/profile/schema.ts')>} */
async function bundled(file) {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
  });
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64');
  /** @type {unknown} */
  const module = await import(`data:text/javascript;base64,${code}`);
  return /** @type {typeof import('../src/profile/schema.ts')} */ (module);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(TARGET, await schemaText());
