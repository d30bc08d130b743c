/** Flotilla's own settings that hold or lead to secrets. */
const own = /^(FLOTILLA_|REDIS_URL$|STATISTICS_PASSWORD$)/;

/**
 * The environment HAProxy runs with. A configuration may read it (`"${NAME}"`), and a template's author must not be
 * able to print Flotilla's key that way, so Flotilla's own settings are left out.
 */
export function haproxyEnvironment(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !own.test(name)));
}
