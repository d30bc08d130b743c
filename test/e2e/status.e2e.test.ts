import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type Stack, cleanUp, repositoryRoot, startPodServer, startStack, waitFor } from '@flotilla/testkit';
import { afterEach, expect, it } from 'vitest';
import { World, exampleTemplate, service } from './world.ts';

afterEach(cleanUp);

/** `flotilla status`, as an operator runs it. */
function status({ env }: Stack): Promise<{ code: number; text: string }> {
  const bin = join(repositoryRoot(), 'apps/cli/bin/flotilla.mjs');
  return new Promise((resolve) => {
    const given = { PATH: process.env['PATH'], REDIS_URL: env['REDIS_URL'] };
    execFile(process.execPath, [bin, 'status'], { env: given }, (error, text) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, text });
    });
  });
}

const becomes = (stack: Stack, what: string, look: (text: string) => boolean, code = 1) =>
  waitFor(
    async () => {
      const seen = await status(stack);
      return seen.code === code && look(seen.text) ? seen.text : Promise.reject(new Error(seen.text));
    },
    { what, deadlineMs: 40_000, everyMs: 200 },
  );

it('status says well, and not while a part is dead, cut off or asked to wait, and well again', async () => {
  const server = await startPodServer({ name: 'shop-1' });
  let world: World | undefined;
  const stack = await startStack({ nodes: 1, renderers: 1 }, async (store) => {
    world = new World(store);
    await world.template(exampleTemplate('http'));
    await world.services({ shop: service('shop', server.port) });
    await world.pod('shop-1', 'shop', server);
  });
  const well = await becomes(stack, 'all to be well', (text) => text.includes('all is well'), 0);
  expect(well).toMatch(/watcher +\S+ leads/);
  expect(well).toMatch(/renderer +\S+ renders/);

  await stack.etcd.kill();
  await becomes(stack, 'the loss of etcd to be told', (text) => /- watcher \S+: source: /.test(text));
  await stack.etcd.restart();
  await becomes(stack, 'etcd to be back', (text) => text.includes('all is well'), 0);

  await stack.renderers[0]!.kill();
  await becomes(stack, 'the loss of the renderer to be told', (text) => text.includes('- no renderer is there'));
  await stack.startRenderer();
  const standby = await stack.startWatcher();
  await becomes(stack, 'a standby to be listed', (text) => /\S+ stands by/.test(text), 0);

  await standby.stop();
  await world!.services({ broken: '{' });
  const aside = await becomes(stack, 'the entry set aside', (text) => text.includes('1 entry set aside'));
  expect(aside).toMatch(/key "broken": .*; nothing serves in its place/);
  await world!.services({ broken: undefined });
  await becomes(stack, 'the entry to be mended', (text) => text.includes('all is well'), 0);

  await stack.nodes[0]!.agent.kill();
  await becomes(stack, 'the silence of the node', (text) => text.includes('- silent: node-1'));
});
