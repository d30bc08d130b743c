export type Labels = Readonly<Record<string, string>>;

/** Every pair of the selector must be among the labels; the empty selector matches everything. */
export function matches(selector: Labels, labels: Labels): boolean {
  for (const name in selector) {
    if (!Object.hasOwn(labels, name) || labels[name] !== selector[name]) return false;
  }
  return true;
}
