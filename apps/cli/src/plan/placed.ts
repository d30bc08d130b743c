/** The folder a bundle is thought to lie in: the default of a node. */
export const nodeFolder = '/var/lib/flotilla/current';
