import { describe, expect, it } from 'vitest';
import { Environment, TemplateError, UndefinedError, type EnvironmentOptions } from '../src/index.ts';

function failure(
  templates: Readonly<Record<string, string>>,
  context: object = {},
  options: EnvironmentOptions = {},
): TemplateError {
  try {
    new Environment({ templates, ...options }).render('main.cfg', context);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error('the template rendered');
}

const shown = ({ name, templateName, line, expression }: TemplateError): object => ({
  name,
  templateName,
  line,
  expression,
});

describe('an error names its place', () => {
  it('in the template that was asked for', () => {
    const error = failure({ 'main.cfg': 'a\n{% for x in [1] %}\n  {{ 1 / 0 }}\n{% endfor %}' });
    expect(shown(error)).toEqual({
      name: 'ZeroDivisionError',
      templateName: 'main.cfg',
      line: 3,
      expression: '{{ 1 / 0 }}',
    });
    expect(error.located).toBe('main.cfg:3: division by zero');
  });

  it('in an included template', () => {
    const error = failure({
      'main.cfg': "\n{% include 'part.cfg' %}",
      'part.cfg': 'b\n\n{% if 1 + x.y.z %}{% endif %}',
    });
    expect(shown(error)).toEqual({
      name: 'UndefinedError',
      templateName: 'part.cfg',
      line: 3,
      expression: '{% if 1 + x.y.z %}',
    });
  });

  it('in a macro of an imported template', () => {
    const error = failure({
      'main.cfg': "{% import 'lib.cfg' as lib %}\n{{ lib.m() }}",
      'lib.cfg': '{% macro m() %}\n{{ [] + 1 }}\n{% endmacro %}',
    });
    expect(shown(error)).toMatchObject({ templateName: 'lib.cfg', line: 2, expression: '{{ [] + 1 }}' });
  });

  it('in a block of a parent', () => {
    const error = failure({
      'main.cfg': "{% extends 'base.cfg' %}",
      'base.cfg': '\n{% block b %}{{ none.x.y }}{% endblock %}',
    });
    expect(shown(error)).toMatchObject({ name: 'UndefinedError', templateName: 'base.cfg', line: 2 });
  });

  it('of syntax', () => {
    expect(shown(failure({ 'main.cfg': 'a\n{% if x %}\n{{ y ' }))).toMatchObject({
      name: 'TemplateSyntaxError',
      templateName: 'main.cfg',
      line: 3,
    });
    expect(failure({ 'main.cfg': '\n{{ x|nope }}' }).message).toBe("No filter named 'nope'.");
  });

  it('of a template that is not there', () => {
    expect(shown(failure({ 'main.cfg': "\n\n{% include 'gone.cfg' %}" }))).toMatchObject({
      name: 'TemplateNotFound',
      templateName: 'main.cfg',
      line: 3,
    });
  });
});

describe('an undefined value names the nearest known names', () => {
  const nearest = (source: string, context: object): readonly string[] => {
    const error = failure({ 'main.cfg': source }, context, { undefined: 'StrictUndefined' });
    return error instanceof UndefinedError ? error.nearest : [];
  };

  it('of variables', () => {
    expect(nearest('{{ servces }}', { services: {}, service: {}, other: 1 })).toEqual(['services', 'service']);
    expect(nearest('{% set backend = 1 %}{{ bakcend }}', {})).toEqual(['backend']);
  });

  it('of keys', () => {
    expect(nearest('{{ pod.satus }}', { pod: { status: 1, metadata: 2 } })).toEqual(['status']);
    expect(nearest("{{ pod['podIp'] }}", { pod: { podIP: 1 } })).toEqual(['podIP']);
  });

  it('of none, when nothing is near', () => {
    expect(nearest('{{ x }}', { services: 1 })).toEqual([]);
  });
});
