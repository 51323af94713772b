import { expect, it } from 'vitest';
import { pageHtml } from '../../../src/ui/networks/page.ts';

const html = pageHtml({
  script: 'https://x/wiring.js',
  style: 'https://x/wiring.css',
  source: 'https://x',
  nonce: 'abc',
});

it('the page runs one script, that with its nonce, and loads nothing from elsewhere', () => {
  expect(html).toContain(`default-src 'none'; script-src 'nonce-abc'; style-src https://x;`);
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html).not.toMatch(/unsafe|\son\w+=|style="|http:/);
});
