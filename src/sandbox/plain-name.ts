/** A name as far as an id of `[a-z0-9-]` may hold it, of at most 24 characters; `otherwise` where nothing is left. */
export function plainName(name: string, otherwise: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 24)
    .replace(/^-+|-+$/g, '');
  return plain || otherwise;
}
