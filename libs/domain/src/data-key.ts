/**
 * A key of a configmap's or secret's data as the API server allows it: at most 253 of `-._a-zA-Z0-9`,
 * not `.` and not beginning with `..`. Such a name is safe as a file name.
 */
export const isDataKey = (name: string): boolean =>
  /^[-._a-zA-Z0-9]{1,253}$/.test(name) && name !== '.' && !name.startsWith('..');
