/** Where the page's own files are, as the page may load them. */
export interface PageFiles {
  readonly script: string;
  readonly style: string;
  /** Source of the content security policy for files of the extension. */
  readonly source: string;
  /** Says which script may run: fresh for each page. */
  readonly nonce: string;
}

/**
 * The page of the picture: nothing of the network, no script but its own, and no text of somebody else. What is shown comes later as a
 * message, and becomes text nodes.
 */
export function pageHtml({ script, style, source, nonce }: PageFiles): string {
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${source}; img-src data:; font-src 'none'; form-action 'none'; base-uri 'none'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<title>Wiring</title>
</head>
<body>
<div id="bar" role="toolbar" aria-label="Wiring">
<input id="filter" type="search" placeholder="Filter by name or address" aria-label="Filter by name or address">
<label><input id="linked" type="checkbox"> With links only</label>
<span class="buttons">
<button id="farther" title="Zoom Out (-)" aria-label="Zoom out">−</button>
<button id="closer" title="Zoom In (+)" aria-label="Zoom in">+</button>
<button id="fit" title="Fit (0)">Fit</button>
</span>
<span class="buttons">
<button id="asTable" aria-pressed="false">Table</button>
<button id="reach">Test Reach…</button>
</span>
<span class="buttons">
<button id="svg">SVG…</button>
<button id="png">PNG…</button>
</span>
</div>
<div id="note" role="status"></div>
<div id="frame" role="region" aria-label="Picture of the networks. Arrow keys move between them, Enter leads to what can be done."></div>
<p id="empty" hidden>No network matches.</p>
<div id="table" class="forReaders"></div>
<section id="actions" aria-label="Selected network" hidden></section>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>
`;
}
