/** An RFC 1123 label, as the API server checks it. */
export const isLabelName = (name: string): boolean => /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name);

export const isNamespaceName = isLabelName;

/** An RFC 1123 subdomain, as the API server checks it: only the whole of it has a length. */
export const isSubdomainName = (name: string): boolean =>
  name.length <= 253 && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/.test(name);

/** The value of a label: a name of up to 63 characters, or none. */
export const isLabelValue = (value: string): boolean => /^(?:[a-z0-9](?:[-._a-z0-9]{0,61}[a-z0-9])?)?$/i.test(value);

/** `example.com/name` or `name`. */
export function isLabelKey(key: string): boolean {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  return name !== '' && isLabelValue(name) && (slash < 0 || isSubdomainName(key.slice(0, slash)));
}
