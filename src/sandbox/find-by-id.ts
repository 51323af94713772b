/** The one of this id, or whose id begins so if only one does. */
export function findById<Item>(items: readonly Item[], idOf: (item: Item) => string, id: string): Item | undefined {
  const matches = items.filter((item) => idOf(item).startsWith(id));
  return matches.find((item) => idOf(item) === id) ?? (matches.length === 1 ? matches[0] : undefined);
}
