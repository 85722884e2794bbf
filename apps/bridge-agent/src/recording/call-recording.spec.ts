import { describe, expect, it } from '@jest/globals';
import { recordingFolder } from './call-recording.js';

describe('the folder of the recordings', () => {
  it.each([
    '/var/lib/trunkmesh-recordings',
    '/home/admin/trunkmesh/.local/bridge-1/state/recordings',
    '/.hidden',
    '/a..b/..c',
  ])('%s can be used', (folder) => {
    expect(recordingFolder(folder)).toBe(folder);
  });

  it.each(['relative', '/with a blank', '/a/../b', '/a/./b', '/..', '/a//b', '/a/', '/a,b', '/${x}', '/a\nb', ''])(
    '%j cannot',
    (folder) => {
      expect(() => recordingFolder(folder)).toThrow(TypeError);
    },
  );
});
