export { type Difference, type IncrementalResult, compareWithFull } from './full-render.ts';
export { type RenderProcessOptions, RenderProcess } from './render-process.ts';
export { mainTemplate } from './rendered-files.ts';
export { type RenderLimits, type TemplateSettings, defaultLimits, templateEnv } from './settings.ts';
export { usesStats } from './stats-use.ts';
export { type TemplatePlace, TemplateError, TemplateLimitError } from './template-error.ts';
