/** Names that someone may have meant. */

/** How many single changes (insert, remove, replace, swap of neighbours) lead from one word to the other. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replace);
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** Candidates past this count are not looked at: a mapping may hold thousands of keys. */
const MOST_CANDIDATES = 2_000;

/** Up to three known names close to `wanted`, the closest first. */
export function nearestNames(wanted: string, known: Iterable<string>): readonly string[] {
  const most = Math.max(1, Math.floor(wanted.length / 3));
  const close: { name: string; far: number }[] = [];
  let seen = 0;
  for (const name of new Set(known)) {
    if (++seen > MOST_CANDIDATES) break;
    if (Math.abs(name.length - wanted.length) > most || name === wanted) continue;
    const far = distance(wanted.toLowerCase(), name.toLowerCase());
    if (far <= most) close.push({ name, far });
  }
  close.sort((a, b) => a.far - b.far || (a.name < b.name ? -1 : 1));
  return close.slice(0, 3).map(({ name }) => name);
}
