import type { ServerAddress } from '../model/server.ts';
import { cliWord } from '../plan/cli-text.ts';
import { parseMapFile, parsePatternFile } from '../plan/map-file.ts';
import type { Operation, Plan } from '../plan/operation.ts';
import { identityOf } from '../plan/certificate-identity.ts';
import type { Release, ReleaseFile } from '../plan/release.ts';
import { certificateDifference, parseCertificate, parseCrtListState } from './certificate-state.ts';
import { parseAclState, parseMapState } from './map-state.ts';
import { parseServersState, type ServerState } from './server-state.ts';
import type { RuntimeSocket } from './socket.ts';

export interface Difference {
  /** `server web/a`, `certificate /x/a.pem`, `map /x/hosts.map`. */
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
}

export type ReadBack =
  { readonly kind: 'proven' } | { readonly kind: 'different'; readonly differences: readonly Difference[] };

/**
 * Reads back what a plan touched and compares it: servers with their address, weight and state, the fingerprint of
 * certificates and the lists they are in, the content of maps. Throws `HaproxySocketError` or `UnknownAnswerError`.
 */
export async function readBack(socket: RuntimeSocket, plan: Plan, wanted: Release): Promise<ReadBack> {
  const operations = plan.kind === 'none' ? [] : plan.operations;
  const proofs = proofsOf(operations, wanted);
  const differences: Difference[] = [];
  const questions = [...new Set(proofs.map(({ question }) => question))];
  const answers = new Map((await socket.askAll(questions)).map((answer, at) => [questions[at], answer]));
  const read = reader();
  for (const { question, compare } of proofs) {
    const difference = compare(answers.get(question) ?? '', read);
    if (difference) differences.push(difference);
  }
  return differences.length === 0 ? { kind: 'proven' } : { kind: 'different', differences };
}

/** One question to HAProxy, and what its answer must say. Several proofs share a question. */
interface Proof {
  readonly question: string;
  compare(answer: string, read: Reader): Difference | undefined;
}

/** A backend's answer is read once for all its servers. */
interface Reader {
  servers(answer: string): ReadonlyMap<string, ServerState>;
}

function reader(): Reader {
  const known = new Map<string, ReadonlyMap<string, ServerState>>();
  return {
    servers(answer) {
      const found = known.get(answer) ?? new Map(parseServersState(answer).map((state) => [state.name, state]));
      known.set(answer, found);
      return found;
    },
  };
}

const proofsOf = (operations: readonly Operation[], wanted: Release): Proof[] =>
  operations.flatMap((operation): Proof[] => {
    switch (operation.kind) {
      case 'add-server':
        return [serverProof(operation, { ...operation, state: operation.disabled ? 'maint' : 'ready' })];
      case 'take-back-server':
        return [serverProof(operation, { ...operation, state: operation.disabled ? 'maint' : 'ready' })];
      case 'set-address':
      case 'set-weight':
      case 'set-state':
        return [serverProof(operation, operation)];
      case 'remove-server':
        return [removalProof(operation)];
      case 'replace-certificate':
        return [certificateProof(operation.name, wanted.files.get(operation.file))];
      case 'add-certificate':
        return [
          ...(operation.create ? [certificateProof(operation.name, wanted.files.get(operation.file))] : []),
          ...operation.lists.map(({ list }) => listProof(list, operation.name, true)),
        ];
      case 'remove-certificate':
        return operation.lists.map((list) => listProof(list, operation.name, false));
      case 'replace-map':
        return [patternProof(operation.family, operation.name, wanted.files.get(operation.file)?.read() ?? '')];
      case 'edit-map':
        return [patternProof('map', operation.name, wanted.files.get(operation.file)?.read() ?? '')];
      case 'set-maxconn':
        // No command shows it; the answer to the command is all there is.
        return [];
    }
  });

interface Place {
  readonly backend: string;
  readonly server: string;
}

export interface WantedServer {
  readonly address?: ServerAddress | undefined;
  readonly weight?: number | undefined;
  readonly state?: 'ready' | 'maint' | undefined;
}

function serverProof(place: Place, wanted: WantedServer): Proof {
  return {
    question: `show servers state ${place.backend}`,
    compare: (answer, read) =>
      compareServer(`${place.backend}/${place.server}`, wanted, read.servers(answer).get(place.server)),
  };
}

/** What differs, of the things that are wanted. An agent sets weight and state by itself (configuration manual, 5.2 "agent-check"). */
export function compareServer(
  name: string,
  wanted: WantedServer,
  state: ServerState | undefined,
): Difference | undefined {
  const what = `server ${name}`;
  if (!state) return { what, wanted: 'present', found: 'absent' };
  const { address, weight } = wanted;
  const sides: (readonly [wanted: string, found: string])[] = [];
  if (address && !(sameIp(address.ip, state.address) && address.port === state.port))
    sides.push([`${address.ip} port ${address.port}`, `${state.address} port ${state.port}`]);
  if (weight !== undefined && !state.agent && weight !== state.weight)
    sides.push([`weight ${weight}`, `weight ${state.weight}`]);
  if (wanted.state !== undefined && !state.agent && wanted.state !== state.admin)
    sides.push([wanted.state, state.admin]);
  if (sides.length === 0) return undefined;
  return { what, wanted: sides.map(([side]) => side).join(', '), found: sides.map(([, side]) => side).join(', ') };
}

/** IPv6 addresses have several spellings; HAProxy prints the shortest. */
const sameIp = (a: string, b: string): boolean => a === b || (a.includes(':') && shortest(a) === shortest(b));

function shortest(ip: string): string {
  try {
    return new URL(`http://[${ip}]`).hostname;
  } catch {
    return ip;
  }
}

function removalProof({ backend, server }: Place): Proof {
  return {
    question: `show servers state ${backend}`,
    compare: (answer, read) => {
      const state = read.servers(answer).get(server);
      return state?.admin === 'ready'
        ? { what: `server ${backend}/${server}`, wanted: 'leaving', found: 'ready' }
        : undefined;
    },
  };
}

function certificateProof(name: string, file: ReleaseFile | undefined): Proof {
  return {
    question: `show ssl cert ${cliWord(name)}`,
    compare: (answer) => {
      const difference = certificateDifference(parseCertificate(answer), file && identityOf(file));
      return difference && { what: `certificate ${name}`, ...difference };
    },
  };
}

function listProof(list: string, name: string, member: boolean): Proof {
  return {
    question: `show ssl crt-list -n ${cliWord(list)}`,
    compare: (answer) => {
      const words = (there: boolean) => (there ? 'a member' : 'no member');
      const found = parseCrtListState(answer).includes(name);
      return found === member
        ? undefined
        : { what: `certificate ${name} of ${list}`, wanted: words(member), found: words(found) };
    },
  };
}

function patternProof(family: 'map' | 'acl', name: string, text: string): Proof {
  return {
    question: `show ${family} ${cliWord(name)}`,
    compare: (answer) => {
      const lines = ({ key, value }: { key: string; value: string }) => `${key} ${value}`;
      const wanted = family === 'map' ? parseMapFile(text).map(lines) : parsePatternFile(text);
      const found = family === 'map' ? parseMapState(answer).map(lines) : parseAclState(answer);
      const at = wanted.findIndex((line, index) => line !== found[index]);
      if (at < 0 && wanted.length === found.length) return undefined;
      const where = at < 0 ? wanted.length : at;
      return {
        what: `${family} ${name}, entry ${where + 1} of ${wanted.length}`,
        wanted: wanted[where] ?? 'none',
        found: found[where] ?? 'none',
      };
    },
  };
}
