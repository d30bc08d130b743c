import { redactConfigSecrets } from '@flotilla/haproxy';

/** A short value of `env` is no secret, and replacing it everywhere would make messages unreadable. */
const shortestSecret = 6;

/** Takes this process's secrets, and the passwords of the configuration a message is about, out of the message. */
export type Redact = (message: string, configText?: string) => string;

export function createRedact(statisticsPassword: string, env: Readonly<Record<string, string>>): Redact {
  const secrets = [statisticsPassword, ...Object.values(env).filter(({ length }) => length >= shortestSecret)];
  return (message, configText = '') => redactConfigSecrets(message, configText, secrets);
}
