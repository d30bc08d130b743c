import type { RuntimeSocket } from '../../src/runtime/socket.ts';
import { startHaproxy } from '@flotilla/testkit';
import { runtimeSocket } from '../../src/runtime/socket.ts';

/**
 * How the real HAProxy reads lines: each is put behind `acl … --`, whose words become patterns that `show acl` lists one
 * by one, their last newlines dropped. HAProxy takes the words up to the first empty one. `before` is what stands in `global`.
 */
export async function readLines(lines: readonly string[], before = ''): Promise<(readonly string[])[]> {
  const acls = lines.map((line, at) => `  acl line${at} str(x) -m str -- first ${line}`);
  const haproxy = await startHaproxy({
    config: ['global', before, 'defaults', '  timeout client 1s', 'frontend f', ...acls, ''].join('\n'),
  });
  const socket = runtimeSocket({ path: haproxy.statsSocket });
  const ids = [...(await socket.ask('show acl')).matchAll(/^(\d+) \(\) acl 'str' /gm)].map(([, id]) => id ?? '');
  if (ids.length !== lines.length) throw new Error(`${ids.length} acls for ${lines.length} lines`);
  const answers = await askInSteps(
    socket,
    ids.map((id) => `show acl #${id}`),
  );
  await haproxy.stop();
  return answers.map((answer) =>
    answer
      .split(/^0x[0-9a-f]+ /m)
      .slice(2)
      .map((word) => word.replace(/\n+$/, '')),
  );
}

async function askInSteps(socket: RuntimeSocket, commands: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  for (let at = 0; at < commands.length; at += 50) answers.push(...(await socket.askAll(commands.slice(at, at + 50))));
  return answers;
}
