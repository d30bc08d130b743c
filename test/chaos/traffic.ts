import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Cluster } from './cluster.ts';
import { hostOf } from './fleet-template.ts';
import { type Node, type World } from './world.ts';

interface Asked {
  readonly node: Node;
  readonly host: string;
  readonly startedAt: number;
}

/** Why a node may fail for a while: from when, and until the first good answer to a request sent after `notBefore`. */
interface Excuse {
  readonly node: Node;
  /** Only requests for this host; all when it is undefined. */
  readonly host?: string | undefined;
  readonly from: number;
  notBefore: number;
  until: number;
  /** It lasts until all is well again, not until the first good answer. */
  readonly lasts: boolean;
}

/**
 * Requests to every node, all the time. A failed one is a finding unless the fault itself explains it: only what stops
 * HAProxy or takes its servers away by hand does, only on that node, and only until it answers again.
 */
export class Traffic {
  requests = 0;
  readonly findings: string[] = [];
  #roundStart = performance.now();
  #excuses: Excuse[] = [];
  #running = true;
  #loops: Promise<void>[] = [];
  #agents: Agent[] = [];
  readonly #cluster: Cluster;
  readonly #nodes: readonly Node[];

  constructor({ cluster, nodes }: World) {
    this.#cluster = cluster;
    this.#nodes = nodes;
  }

  start(): void {
    for (const node of this.#nodes) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      this.#agents.push(agent);
      this.#loops.push(
        this.#loop(node, 20, (host) => ask(node, host)),
        this.#loop(node, 20, (host) => ask(node, host, agent)),
        this.#loop(node, 150, (host) => askTls(node, host)),
      );
    }
  }

  /** Opens a window; the returned function says that the fault itself is over, so that the next good answer closes it. */
  excuse(node: Node, { host, lasts = false }: { host?: string; lasts?: boolean } = {}): () => void {
    const excuse: Excuse = { node, host, from: performance.now(), notBefore: Infinity, until: Infinity, lasts };
    this.#excuses.push(excuse);
    return () => {
      excuse.notBefore = performance.now();
    };
  }

  /** All is well: a new round begins without excuses. */
  settled(): void {
    const now = performance.now();
    for (const excuse of this.#excuses) if (excuse.lasts) excuse.until = Math.min(excuse.until, now);
    this.#excuses = this.#excuses.filter(({ until }) => until > now - 60_000);
    this.#roundStart = now;
  }

  /** Nodes that have not answered since a fault stopped them. */
  down(): string[] {
    return this.#excuses.filter(({ until, lasts }) => until === Infinity && !lasts).map(({ node }) => node.name);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
    this.#agents.forEach((agent) => {
      agent.destroy();
    });
  }

  async #loop(node: Node, pauseMs: number, send: (host: string) => Promise<string>): Promise<void> {
    for (let at = 0; this.#running; at++) {
      const hosts = this.#cluster.hosts(node.fleet);
      const host = hosts[at % hosts.length] ?? hostOf('shop');
      const asked: Asked = { node, host, startedAt: performance.now() };
      const outcome = await send(host).catch((error: unknown) => errorOf(error));
      this.requests++;
      this.#judge(asked, outcome);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  #judge(asked: Asked, outcome: string): void {
    const { node, host, startedAt } = asked;
    const inRound = startedAt >= this.#roundStart;
    const excused = this.#excuses.some(
      (excuse) =>
        excuse.node === node &&
        (excuse.host === undefined || excuse.host === host) &&
        startedAt <= excuse.until &&
        performance.now() >= excuse.from,
    );
    const allowed = this.#cluster.mayAnswer(node.fleet, host, inRound);
    if (outcome.startsWith('pod-')) {
      for (const excuse of this.#excuses) {
        if (excuse.node === node && !excuse.lasts && startedAt > excuse.notBefore) {
          excuse.until = Math.min(excuse.until, startedAt);
        }
      }
      if (allowed.has(outcome) || excused) return;
      this.#find(`${node.name} answered ${host} from ${outcome}, which should not serve it (${[...allowed].join()})`);
    } else if (this.#cluster.isSure(node.fleet, host) && inRound && !excused) {
      this.#find(`${node.name} failed for ${host}: ${outcome}`);
    }
  }

  #find(text: string): void {
    if (this.findings.length < 500) this.findings.push(`${new Date().toISOString().slice(11, 23)} ${text}`);
  }
}

const errorOf = (error: unknown): string =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);

/** The pod that answered, or the status. */
const ask = ({ httpPort }: Node, host: string, agent: Agent | false = false): Promise<string> =>
  answer((reply) => request({ host: '127.0.0.1', port: httpPort, headers: { host }, agent, timeout: 10_000 }, reply));

const askTls = ({ httpsPort }: Node, host: string): Promise<string> =>
  answer((reply) =>
    requestTls(
      {
        ...{ host: '127.0.0.1', port: httpsPort, headers: { host }, agent: false, timeout: 10_000 },
        ...{ servername: host, rejectUnauthorized: false },
      },
      reply,
    ),
  );

type Reply = (response: IncomingMessage) => void;

const answer = (send: (reply: Reply) => ClientRequest): Promise<string> =>
  new Promise((resolve, reject) => {
    const call = send((response) => {
      response.resume();
      response.once('end', () => {
        const pod = String(response.headers['x-pod'] ?? '');
        resolve(response.statusCode === 200 && pod ? pod : `HTTP ${response.statusCode}`);
      });
      response.once('error', reject);
    });
    call.once('timeout', () => call.destroy(new Error('no answer in 10 s')));
    call.once('error', (error: NodeJS.ErrnoException) => {
      // The server closed an idle connection at that moment: HTTP wants the client to send again.
      reject(call.reusedSocket ? new Error(`${error.code} on a reused connection`, { cause: error }) : error);
    });
    call.end();
  });
