export { type RenderedFile, type RenderThreadOptions, RenderThread } from './render-thread.ts';
export { isFileTemplate, mainTemplate } from './rendered-files.ts';
export { type RenderLimits, type TemplateSettings, defaultLimits } from './settings.ts';
export { usesStats } from './stats-use.ts';
export { type TemplatePlace, TemplateError, TemplateLimitError } from './template-error.ts';
