import { readFileSync } from 'node:fs';
import { parse } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import { schemaText, TARGET } from '../../scripts/schema.mjs';
import { loadProfiles, resolveProfile } from '../../src/profile/load.ts';

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
}

describe('the JSON schema', () => {
  const text = readFileSync(TARGET, 'utf8');
  const schema = JSON.parse(text) as JsonSchema;

  it('is the one that src/profile/schema.ts gives (else run: node scripts/schema.mjs)', async () => {
    expect(text).toBe(await schemaText());
  });

  it('describes every key, and knows no other', () => {
    const keys = allKeys(schema);
    expect(keys.length).toBeGreaterThan(25);
    for (const [name, key] of keys) expect([name, key.description]).toEqual([name, expect.stringMatching(/^\S.+\.$/)]);
    for (const object of objects(schema)) expect(object.additionalProperties).not.toBeOneOf([undefined, true]);
  });
});

describe('the snippets', () => {
  const text = readFileSync(new URL('../../snippets/sandboxes.json', import.meta.url), 'utf8');
  const snippets = Object.entries(JSON.parse(text) as Record<string, { body: string[] }>);

  it.each(snippets)('%s: gives profiles without a mistake', (_, { body }) => {
    const inserted = withDefaults(body.join('\n')).replace('"sha256": ""', `"sha256": "${'0'.repeat(64)}"`);
    const file = inserted.startsWith('{') ? inserted : `{ "profiles": { ${inserted} } }`;
    const loaded = loadProfiles([{ file: 'sandboxes.json', text: file, source: 'workspace' }]);
    const names = Object.keys((parse(file) as { profiles: object }).profiles);
    expect(loaded.problems).toEqual([]);
    for (const name of names) resolveProfile(loaded, name, { workspaceFolder: '/ws', env: {}, home: '/home/ada' });
  });
});

/** What VS Code inserts if one only presses Tab. */
function withDefaults(body: string): string {
  return body
    .replace(/\$\{\d+\|([^,|]*)[^}]*\|\}/g, '$1')
    .replace(/\$\{\d+(?::((?:\\.|[^}\\])*))?\}|\$\d+/g, (_, usual: string | undefined) => usual ?? '')
    .replace(/\\([$}\\])/g, '$1');
}

function objects(schema: JsonSchema): readonly JsonSchema[] {
  const { additionalProperties: rest, items, anyOf = [], properties = {} } = schema;
  const below = [
    ...anyOf,
    ...Object.values(properties),
    ...(items ? [items] : []),
    ...(typeof rest === 'object' ? [rest] : []),
  ];
  return [...(schema.type === 'object' ? [schema] : []), ...below.flatMap(objects)];
}

function allKeys(schema: JsonSchema): readonly (readonly [string, JsonSchema])[] {
  return objects(schema).flatMap(({ properties = {} }) => Object.entries(properties));
}
