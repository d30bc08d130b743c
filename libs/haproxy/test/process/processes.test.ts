import { describe, expect, it } from 'vitest';
import { parseProcesses } from '../../src/process/processes.ts';

const current = `#<PID>          <type>          <reloads>       <uptime>        <version>
100             master          5 [failed: 1]   0d00h02m07s     2.6.12-1+deb12u4
# workers
110             worker          1               0d00h00m03s     2.6.12-1+deb12u4
# old workers
101             worker          5               0d00h02m07s     2.6.12-1+deb12u4
102             worker          4               0d00h01m07s     2.6.12-1+deb12u4
# programs
103             foo             -               0d00h00m00s     -
`;

const older = `#<PID>          <type>          <relative PID>  <reloads>       <uptime>        <version>
1               master          0               2               0d00h01m28s     2.4.3-0e58a34
# workers
3               worker          1               0               0d00h00m00s     2.4.3-0e58a34
# old workers
2               worker          [was: 1]        1               0d00h00m28s     2.4.3-0e58a34
# programs
`;

describe('parseProcesses', () => {
  it('reads master, worker and old workers of 2.5 and later', () => {
    const withoutProgram = current.replace(/^103.*\n/m, '');
    expect(parseProcesses(withoutProgram)).toEqual({
      master: { pid: 100, reloads: 5, failed: 1, version: '2.6.12-1+deb12u4' },
      worker: { pid: 110, reloads: 1 },
      oldWorkers: [
        { pid: 101, reloads: 5 },
        { pid: 102, reloads: 4 },
      ],
    });
  });

  it('passes over programs', () => {
    expect(parseProcesses(current).worker?.pid).toBe(110);
  });

  it('reads the layout with relative pids, which does not tell failures', () => {
    expect(parseProcesses(older)).toEqual({
      master: { pid: 1, reloads: 2, failed: null, version: '2.4.3-0e58a34' },
      worker: { pid: 3, reloads: 0 },
      oldWorkers: [{ pid: 2, reloads: 1 }],
    });
  });

  it('finds the worker that serves on after a failed reload of 3.1 and later, among the old ones', () => {
    const failed = `#<PID>          <type>          <reloads>       <uptime>        <version>
100             master          3 [failed: 1]   0d00h00m02s     3.2.26-1
# workers
# old workers
109             worker          3               0d00h00m09s     3.2.26-1
110             worker          1               0d00h00m01s     3.2.26-1
`;
    expect(parseProcesses(failed)).toMatchObject({
      worker: { pid: 110 },
      oldWorkers: [{ pid: 109, reloads: 3 }],
    });
    expect(parseProcesses(failed.replace('[failed: 1]', '[failed: 0]')).worker).toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['an error', 'Unknown command: show proc'],
    ['other columns', current.replace('<reloads>', '<restarts>')],
    ['a row it cannot read', current.replace('0d00h00m03s', 'a while')],
    ['no master', current.replace(/^100 .*\n/m, '')],
    ['two current workers', current.replace('# old workers\n', '')],
  ])('refuses %s', (_, answer) => {
    expect(() => parseProcesses(answer)).toThrow(expect.objectContaining({ code: 'haproxy-answer' }));
  });
});
