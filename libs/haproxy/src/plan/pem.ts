/** A PEM bundle as a payload: a blank line would end it early. */
export const pemPayload = (pem: string): string =>
  pem
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .join('\n');

/** HAProxy drops a command with its payload silently when it does not fit into a buffer; a little is kept free. */
export const spareBytes = 256;
