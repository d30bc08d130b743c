/** How many sequences a property is tried on: few in `npm test`, `FLOTILLA_TEST_RUNS` for a long search. */
export const propertyRuns = (usual: number): number => Number(process.env['FLOTILLA_TEST_RUNS'] ?? usual);

/** Each sequence starts a HAProxy several times. */
export const propertyTimeoutMs = (runs: number): number => 60_000 + runs * 10_000;
