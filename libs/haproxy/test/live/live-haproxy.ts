import { execFileSync } from 'node:child_process';
import { startHaproxy, type Haproxy } from '@flotilla/testkit';
import { masterSocket } from '../../src/process/master-socket.ts';
import { reload } from '../../src/process/reload.ts';
import { capabilities } from '../../src/plan/capabilities.ts';
import { diff } from '../../src/plan/diff.ts';
import type { Plan } from '../../src/plan/operation.ts';
import type { Release } from '../../src/plan/release.ts';
import { applyPlan, type ApplyResult } from '../../src/runtime/apply-plan.ts';
import { PendingRemovals } from '../../src/runtime/pending-removals.ts';
import { readBack } from '../../src/runtime/read-back.ts';
import { runtimeSocket, type RuntimeSocket } from '../../src/runtime/socket.ts';
import { release, writeRelease } from './release-folder.ts';

/** Of the HAProxy that the tests find, which may be another than Debian's. */
export const can = capabilities(execFileSync('haproxy', ['-v'], { encoding: 'utf8' }).split(' ')[2] ?? '');

/** A real HAProxy that follows releases as an agent would: disk first, then the plan, else a reload. */
export interface LiveHaproxy {
  readonly haproxy: Haproxy;
  readonly socket: RuntimeSocket;
  readonly removals: PendingRemovals;
  running(): Release;
  /** The release that `config` and `files` make in this HAProxy's folder. */
  release(config: string, files?: Record<string, string>): Release;
  plan(wanted: Release): Plan;
  /** Brings HAProxy to a release and proves it; a failed plan throws unless `reloads` allows to reload instead. */
  follow(wanted: Release): Promise<Followed>;
  reload(): Promise<void>;
}

export interface Followed {
  readonly plan: Plan;
  readonly result: ApplyResult | undefined;
}

export async function liveHaproxy(
  first: (dir: string) => { config: string; files?: Record<string, string> },
): Promise<LiveHaproxy> {
  let running: Release | undefined;
  const haproxy = await startHaproxy({
    config: ({ dir }) => {
      const { config, files } = first(dir);
      running = release(dir, config, files);
      writeRelease(running);
      return config;
    },
  });
  if (!running) throw new Error('haproxy did not ask for its configuration');
  let current: Release = running;
  const removals = new PendingRemovals({ deadlineMs: 60_000 });
  const socket = runtimeSocket({ path: haproxy.statsSocket });
  const reloadNow = async () => {
    const outcome = await reload(masterSocket(haproxy.masterSocket), { timeoutMs: 20_000 });
    if (outcome.kind !== 'reloaded') throw new Error(`reload failed: ${haproxy.logs().slice(-10).join('\n')}`);
    removals.clear();
  };
  return {
    haproxy,
    socket,
    removals,
    running: () => current,
    release: (config, files = {}) => release(haproxy.dir, config, files, current),
    plan: (wanted) => diff(current, wanted, can, removals),
    reload: reloadNow,
    async follow(wanted) {
      const plan = diff(current, wanted, can, removals);
      writeRelease(wanted, current);
      current = wanted;
      if (plan.kind === 'none') return { plan, result: undefined };
      const result = await applyPlan(socket, plan, { wanted, removals });
      if (result.kind === 'failed')
        throw new Error(`${result.command}: ${result.reply} (${JSON.stringify(result.operation)})`);
      const proof = await readBack(socket, plan, wanted);
      if (proof.kind === 'different') throw new Error(`not proven: ${JSON.stringify(proof.differences)}`);
      if (plan.kind === 'reload') await reloadNow();
      return { plan, result };
    },
  };
}
