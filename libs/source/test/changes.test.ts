import { describe, expect, it } from 'vitest';
import { type Scope, concerns, toChange } from '../src/etcd2/changes.ts';
import { type EtcdEvent, parseEvent } from '../src/etcd2/wire.ts';

const scope: Scope = { prefix: '/registry', subtree: 'pods', wants: (path) => !path.endsWith('/unwanted') };

function event(
  action: string,
  key: string,
  more: Partial<EtcdEvent['node']> & { replacedObject?: boolean } = {},
): EtcdEvent {
  const { replacedObject = false, ...node } = more;
  return { action, replacedObject, node: { key, dir: false, value: undefined, modifiedIndex: 7, ...node } };
}

describe('an event as a change', () => {
  it.each(['set', 'create', 'update', 'compareAndSwap'])('%s puts the object', (action) => {
    expect(toChange(event(action, '/registry/pods/web/a', { value: '{}' }), scope)).toEqual({
      kind: 'put',
      path: 'pods/web/a',
      text: '{}',
      index: 7,
    });
  });

  it.each(['delete', 'compareAndDelete', 'expire'])('%s deletes the object or the directory', (action) => {
    const deleted = (path: string) => ({ kind: 'delete-below', path, index: 7 });
    const one = { kind: 'delete', path: 'pods/web/a', index: 7 };
    expect(toChange(event(action, '/registry/pods/web/a'), scope)).toEqual(one);
    expect(toChange(event(action, '/registry/pods/web', { dir: true }), scope)).toEqual(deleted('pods/web'));
    expect(toChange(event(action, '/registry/pods', { dir: true }), scope)).toEqual(deleted('pods'));
    for (const above of ['/registry', '/']) {
      expect(toChange(event(action, above, { dir: true }), scope)).toEqual(deleted('pods'));
    }
  });

  it('is nothing for a new directory, unless an object stood there', () => {
    const made = event('set', '/registry/pods/web/a', { dir: true });
    expect(toChange(made, scope)).toBeUndefined();
    expect(toChange({ ...made, replacedObject: true }, scope)).toEqual({
      kind: 'delete',
      path: 'pods/web/a',
      index: 7,
    });
  });

  it.each([
    ['an object that is not wanted', event('set', '/registry/pods/web/unwanted', { value: '' })],
    ['the end of one that is not wanted', event('delete', '/registry/pods/web/unwanted')],
    ['a value above the objects', event('set', '/registry/pods/web', { value: '' })],
    ['a value below an object', event('set', '/registry/pods/web/a/b', { value: '' })],
    ['a hidden node', event('set', '/registry/pods/_hidden/a', { value: '' })],
    ['another subtree', event('set', '/registry/podsecurity/web/a', { value: '' })],
    ['the end of a directory with a similar name', event('delete', '/registry/pod', { dir: true })],
    ['a node without value', event('set', '/registry/pods/web/a')],
    ['an action that is not known', event('rename', '/registry/pods/web/a', { value: '' })],
  ])('is nothing for %s', (_, other) => {
    expect(toChange(other, scope)).toBeUndefined();
  });

  it('works without a prefix and for a narrow subtree', () => {
    const narrow: Scope = { prefix: '', subtree: 'secrets/lb', wants: () => true };
    expect(toChange(event('set', '/secrets/lb/keys', { value: 'x' }), narrow)).toMatchObject({
      path: 'secrets/lb/keys',
    });
    expect(toChange(event('set', '/secrets/lb2/keys', { value: 'x' }), narrow)).toBeUndefined();
    expect(toChange(event('delete', '/secrets', { dir: true }), narrow)).toMatchObject({ path: 'secrets/lb' });
  });
});

describe('what a live stream brings', () => {
  it.each([
    ['/registry/pods/web/a', 'set', true],
    ['/registry/pods', 'delete', true],
    ['/registry', 'delete', true],
    ['/registry', 'set', false],
    ['/registry/pod', 'delete', false],
    ['/registry/pods/_hidden', 'set', false],
  ])('%s, %s: %s', (key, action, expected) => {
    expect(concerns(event(action, key), scope)).toBe(expected);
  });
});

describe('reading an event', () => {
  it('takes what etcd sends', () => {
    const text =
      '{"action":"set","node":{"key":"/a","dir":true,"modifiedIndex":6,"createdIndex":6},"prevNode":{"key":"/a","value":"1","modifiedIndex":4}}';
    expect(parseEvent(text)).toEqual({
      action: 'set',
      node: { key: '/a', dir: true, value: undefined, modifiedIndex: 6 },
      replacedObject: true,
    });
  });

  it.each(['', 'null', '[]', '{}', '{"action":"set"}', '{"action":"set","node":{"key":1}}', '{"secret'])(
    'refuses %j without quoting it',
    (text) => {
      expect(() => parseEvent(text)).toThrow(expect.objectContaining({ code: 'etcd2-answer' }));
      expect(() => parseEvent(text)).not.toThrow(/secret/);
    },
  );
});
