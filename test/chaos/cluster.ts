import { isIP } from 'node:net';
import { type CertificatePair, type EtcdClient, EtcdError } from '@flotilla/testkit';
import { type Content, type Entry, type ReadyPod, objectsOf } from './content.ts';
import { hostOf } from './fleet-template.ts';
import type { Expected } from './inspect.ts';
import type { Random } from './random.ts';

/** What may stand in for something broken: every good value it had since all nodes were last seen to run everything. */
export interface Candidates {
  readonly services: Map<string, (Entry | undefined)[]>;
  readonly certificates: Map<string, CertificatePair[]>;
}

/** Which pods may answer for a host, and which hosts may have had none, since all nodes were last seen to run everything. */
interface Answers {
  readonly allowed: Map<string, Set<string>>;
  readonly unsure: Set<string>;
}

/** Writes to etcd, and remembers every state that it put there. */
export class Cluster {
  content: Content;
  #candidates = new Map<string, Candidates>();
  #answers = new Map<string, Answers>();
  #before = new Map<string, Answers>();

  constructor(
    readonly store: EtcdClient,
    content: Content,
    /** The pod behind an address. */
    readonly serverAt: (ip: string) => string | undefined,
    readonly isGoodPair: (pair: CertificatePair) => boolean,
  ) {
    this.content = structuredClone(content);
    this.settled();
  }

  /** All nodes run what the store holds: what was before counts no more. */
  settled(): void {
    this.#before = this.#answers;
    this.#answers = new Map();
    this.#candidates = new Map();
    this.remember();
  }

  /** Writes what a change of the content touches, one object after the other. */
  async change(
    change: (content: Content) => void,
    order: (keys: string[]) => string[] = (keys) => keys,
  ): Promise<void> {
    const before = objectsOf(this.content);
    const next = structuredClone(this.content);
    change(next);
    const after = objectsOf(next);
    const differs = (key: string): boolean => JSON.stringify(before.get(key)) !== JSON.stringify(after.get(key));
    const keys = [...new Set([...after.keys(), ...before.keys()])].filter(differs);
    for (const key of order(keys)) await this.#put(key, after.get(key));
    this.content = next;
    this.remember();
  }

  /** Fills an emptied store again, in any order. */
  async refill(random: Random): Promise<void> {
    const objects = objectsOf(this.content);
    for (const key of random.shuffled([...objects.keys()])) await this.#put(key, objects.get(key));
  }

  /** The store was set back to this. Certificates that came since are written anew with the next refill. */
  adopt(content: Content): void {
    const next = structuredClone(content);
    for (const [fleet, of] of Object.entries(next.fleets)) {
      of.certificates = { ...this.content.fleets[fleet]?.certificates, ...of.certificates };
    }
    this.content = next;
    this.remember();
  }

  mayAnswer(fleet: string, host: string, startedInRound: boolean): Set<string> {
    const found = new Set(this.#answers.get(fleet)?.allowed.get(host));
    if (!startedInRound) for (const pod of this.#before.get(fleet)?.allowed.get(host) ?? []) found.add(pod);
    return found;
  }

  /** Whether a host had a pod in every state, so that its requests must not fail. */
  isSure(fleet: string, host: string): boolean {
    return this.#answers.get(fleet)?.allowed.has(host) === true && !this.#answers.get(fleet)?.unsure.has(host);
  }

  hosts(fleet: string): string[] {
    return Object.keys(this.content.fleets[fleet]?.services ?? {}).map(hostOf);
  }

  candidates(fleet: string): Candidates {
    const known = this.#candidates.get(fleet) ?? { services: new Map(), certificates: new Map() };
    this.#candidates.set(fleet, known);
    return known;
  }

  remember(): void {
    for (const fleet of Object.keys(this.content.fleets)) {
      this.#rememberValues(fleet);
      this.#rememberAnswers(fleet);
    }
  }

  #rememberValues(fleet: string): void {
    const of = this.content.fleets[fleet];
    const { services, certificates } = this.candidates(fleet);
    for (const name of new Set([...services.keys(), ...Object.keys(of?.services ?? {})])) {
      const value = of?.services[name];
      const known = services.get(name) ?? [];
      if (typeof value !== 'string' && !known.some((other) => JSON.stringify(other) === JSON.stringify(value))) {
        known.push(value);
      }
      services.set(name, known);
    }
    for (const [name, pair] of Object.entries(of?.certificates ?? {})) {
      const known = certificates.get(name) ?? [];
      if (this.isGoodPair(pair) && !known.some(({ cert, key }) => cert === pair.cert && key === pair.key))
        known.push(pair);
      certificates.set(name, known);
    }
  }

  #rememberAnswers(fleet: string): void {
    const { allowed, unsure } = this.#answers.get(fleet) ?? {
      allowed: new Map<string, Set<string>>(),
      unsure: new Set(),
    };
    // A service that comes later takes a while to get to the nodes.
    const isFirst = !this.#answers.has(fleet);
    this.#answers.set(fleet, { allowed, unsure });
    const of = this.content.fleets[fleet];
    for (const [name, candidates] of this.candidates(fleet).services) {
      const host = hostOf(name);
      const present = typeof of?.services[name] === 'string' ? candidates : [of?.services[name]];
      if (!isFirst && !allowed.has(host)) unsure.add(host);
      const seen = allowed.get(host) ?? new Set<string>();
      allowed.set(host, seen);
      for (const entry of present) {
        const pods = entry === undefined ? [] : readyPods(this.content, entry.selector.app);
        if (pods.length === 0) unsure.add(host);
        for (const { ip } of pods) seen.add(this.serverAt(ip) ?? ip);
      }
    }
  }

  async #put(key: string, object: object | undefined): Promise<void> {
    if (object) await this.store.put(key, object);
    else await this.store.del(key).catch(unlessAbsent);
  }
}

function unlessAbsent(error: unknown): void {
  if (!(error instanceof EtcdError && error.errorCode === 100)) throw error;
}

/** A zone (`fe80::1%eth0`) means something on one machine only. */
export const isAddress = (ip: string): boolean => isIP(ip) !== 0 && !ip.includes('%');

export const readyPods = (content: Content, app: string): ReadyPod[] =>
  Object.entries(content.pods)
    .filter(([, pod]) => pod.app === app && pod.ready && isAddress(pod.ip))
    .map(([name, { ip }]) => ({ name, ip }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** What a node of the fleet may run; where something is broken, each choice of what may stand in for it. */
export function expectations(content: Content, fleet: string, { services, certificates }: Candidates): Expected[] {
  const of = content.fleets[fleet];
  if (!of) return [];
  let choices: Expected[] = [{ round: of.round, services: [], certificates: {} }];
  const branch = <T>(possible: readonly T[], add: (chosen: Expected, value: T) => Expected): void => {
    choices = choices.flatMap((chosen) => possible.map((value) => add(chosen, value)));
  };
  for (const [name, value] of Object.entries(of.services).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const possible = typeof value === 'string' ? (services.get(name) ?? [undefined]) : [value];
    branch(possible, (chosen, entry) =>
      entry === undefined
        ? chosen
        : { ...chosen, services: [...chosen.services, { name, entry, pods: readyPods(content, entry.selector.app) }] },
    );
  }
  for (const [name, pair] of Object.entries(of.certificates)) {
    const known = certificates.get(name) ?? [];
    const isGood = known.some(({ cert, key }) => cert === pair.cert && key === pair.key);
    const possible = isGood ? [pair] : known.length > 0 ? known : [undefined];
    branch(possible, (chosen, value) =>
      value === undefined ? chosen : { ...chosen, certificates: { ...chosen.certificates, [name]: value } },
    );
  }
  return choices;
}
