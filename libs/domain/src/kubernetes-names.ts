/** An RFC 1123 label, as the API server checks it. */
export const isLabelName = (name: string): boolean => /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name);

export const isNamespaceName = isLabelName;

/** An RFC 1123 subdomain, as the API server checks it: only the whole of it has a length. */
export const isSubdomainName = (name: string): boolean =>
  name.length <= 253 && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/.test(name);
