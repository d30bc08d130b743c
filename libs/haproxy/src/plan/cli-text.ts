/**
 * A word as the socket's command line takes it (management guide, 9.3 "Unix Socket commands"): blanks, backslashes and
 * the `;` between commands are escaped by a backslash.
 */
export const cliWord = (text: string): string => text.replace(/[\\; \t]/g, '\\$&');

/** Characters a command line cannot carry, or that a later version might read otherwise. */
export const fitsCommandLine = (text: string): boolean => /^[\x20-\x7e]*$/.test(text) && !/["'$]|<</.test(text);
