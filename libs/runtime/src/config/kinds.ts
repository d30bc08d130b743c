import { isIP } from 'node:net';
import { keyBytes, namespacePattern, fleetName } from '@flotilla/domain';
import { z } from 'zod';

/** How the text of a variable is read. Each says in words what it takes. */
export const text = () => z.string();

export const integer = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  z
    .string()
    .regex(/^-?\d+$/, 'expected a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `expected a whole number from ${min} to ${max}`);

export const oneOf = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  z.string().transform((value, context): Names[number] => {
    if (names.includes(value)) return value;
    context.addIssue({ code: 'custom', message: `expected one of ${names.join(', ')}` });
    return z.NEVER;
  });

export const yesOrNo = () => oneOf(['true', 'false']).transform((value) => value === 'true');

/** Comma-separated; spaces around an item and empty items are dropped. */
export const list = () =>
  z.string().transform((value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

export const url = (...protocols: string[]) =>
  z.string().transform((value, context): URL => {
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    if (parsed && protocols.includes(parsed.protocol)) return parsed;
    context.addIssue({
      code: 'custom',
      message: `expected a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`,
    });
    return z.NEVER;
  });

export const fleet = () =>
  z.string().regex(namespacePattern, 'expected a Kubernetes namespace (a-z, 0-9 and -)').transform(fleetName);

export const fleets = () =>
  list()
    .refine((names) => names.length > 0, 'expected at least one namespace')
    .transform((names, context) =>
      [...new Set(names)].map((name) => {
        if (namespacePattern.test(name)) return fleetName(name);
        context.addIssue({ code: 'custom', message: `"${name}" is not a Kubernetes namespace` });
        return z.NEVER;
      }),
    );

/** `host:port`; IPv6 in brackets. Port 0 takes a free one. */
export const address = () =>
  z.string().transform((value, context): { host: string; port: number } => {
    const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(value) ?? [];
    const host = bracketed ?? plain;
    if (host !== undefined && Number(port) <= 65_535 && (bracketed === undefined || isIP(bracketed) === 6)) {
      return { host, port: Number(port) };
    }
    context.addIssue({ code: 'custom', message: 'expected host:port, for example 127.0.0.1:9101' });
    return z.NEVER;
  });

/** 32 bytes in base64. */
export const key = () =>
  z.string().transform((value, context): Buffer => {
    const bytes = Buffer.from(value.trim(), 'base64');
    if (bytes.length === keyBytes && /^[A-Za-z0-9+/_-]+={0,2}$/.test(value.trim())) return bytes;
    context.addIssue({
      code: 'custom',
      message: `expected ${keyBytes} bytes in base64; make a key with: openssl rand -base64 ${keyBytes}`,
    });
    return z.NEVER;
  });
