declare const FLOTILLA_VERSION: string | undefined;

/** Flotilla's version; it is written in when a program is built. */
export const programVersion = typeof FLOTILLA_VERSION === 'string' ? FLOTILLA_VERSION : '0.0.0';
