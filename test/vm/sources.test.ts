import { describe, expect, it } from 'vitest';
import { parseDeb822, parseOneLine } from './sources.mjs';

describe('the sources of apt', () => {
  it('are read as paragraphs', () => {
    const text = [
      '# comment',
      'Types: deb deb-src',
      'URIs: http://one.example/debian',
      'Suites: bookworm bookworm-updates',
      'Components: main',
      ' contrib',
      'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
      '',
      'Types: deb',
      'URIs: http://two.example/',
      'Suites: bookworm',
      'Components: main',
      'Enabled: no',
    ].join('\n');
    expect(parseDeb822(text)).toEqual([
      {
        types: ['deb', 'deb-src'],
        uris: ['http://one.example/debian'],
        suites: ['bookworm', 'bookworm-updates'],
        components: ['main', 'contrib'],
        signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg',
      },
    ]);
  });

  it('are read as lines', () => {
    const text = [
      '# deb http://zero.example stable main',
      'deb http://one.example/debian bookworm main contrib # comment',
      'deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] https://two.example stable main',
    ].join('\n');
    expect(parseOneLine(text)).toEqual([
      {
        types: ['deb'],
        uris: ['http://one.example/debian'],
        suites: ['bookworm'],
        components: ['main', 'contrib'],
        signedBy: undefined,
      },
      {
        types: ['deb'],
        uris: ['https://two.example'],
        suites: ['stable'],
        components: ['main'],
        signedBy: '/usr/share/keyrings/x.gpg',
      },
    ]);
  });
});
