import { UnknownAnswerError } from '../process/processes.ts';
import type { RuntimeSocket } from './socket.ts';

export interface ProcessInfo {
  readonly version: string;
  readonly pid: number;
  readonly uptimeSec: number;
}

/** Which HAProxy answers: another pid than before means that it started anew and knows only its files. */
export async function readProcessInfo(socket: RuntimeSocket): Promise<ProcessInfo> {
  const answer = await socket.ask('show info');
  const value = (name: string): string => {
    const match = new RegExp(`^${name}: (.*)$`, 'm').exec(answer);
    if (!match) throw new UnknownAnswerError('show info', answer);
    return match[1] ?? '';
  };
  return { version: value('Version'), pid: Number(value('Pid')), uptimeSec: Number(value('Uptime_sec')) };
}
