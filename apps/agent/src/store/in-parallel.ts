/** Node runs four file operations at a time; a few more waiting keep them busy, thousands would hold open files. */
const width = 16;

/** Does the work for each item, some at a time. Rejects with the first failure, after those under way have ended. */
export async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  let next = 0;
  let failure: { error: unknown } | undefined;
  const lane = async () => {
    for (let item = items[next++]; item !== undefined && !failure; item = items[next++]) {
      await work(item).catch((error: unknown) => {
        failure ??= { error };
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  if (failure) throw failure.error;
}
