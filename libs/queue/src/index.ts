export { type HistoryLimits } from './ended-jobs.ts';
export { type JobHistory, type RenderJob, createJobHistory } from './history.ts';
export { type RenderWorker, type RenderWorkerOptions, createRenderWorker } from './render-worker.ts';
export { type QueueDepth, type Revival, type Signals, createSignals } from './signals.ts';
